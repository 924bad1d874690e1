//! What an answer means on this network, where the answer alone would mislead. Each note says only what follows
//! from the answer and from the platform's document; where several causes fit, it names them.

use hickory_proto::rr::RecordType;

use super::line::Ask;
use super::types::type_word;
use crate::dns::exchange::Exchange;
use crate::dns::names::Form;

const NXDOMAIN: u16 = 3;

/// The notes on `exchange`, which asked `ask`; most have none.
pub fn of(ask: &Ask, exchange: &Exchange) -> Vec<String> {
    let Ok(answer) = &exchange.outcome else { return Vec::new() };
    let code = u16::from(answer.message.metadata.response_code);
    let mut notes = Vec::new();
    let Some(form) = &ask.form else { return notes };
    match code {
        NXDOMAIN => notes.extend(no_name(form)),
        0 if answer.message.answers.is_empty() => notes.extend(nothing(form, ask.question.rtype)),
        _ => {}
    }
    notes
}

fn no_name(form: &Form) -> Option<String> {
    Some(match form {
        Form::Peer(peer) => format!(
            "no peer `{peer}` is listed; peers made without a name get one that begins with interactive-, and \
             those are left out of DNS"
        ),
        Form::Vm(id, app) => format!(
            "no Machine `{id}` of `{app}` is listed: it is stopped or gone, or the app is in another org"
        ),
        Form::Apps | Form::Peers | Form::Instances => {
            "this server does not know the network's own records: is it <prefix>::3?".into()
        }
        other => {
            let app = other.app()?;
            format!(
                "this network has no app `{app}` that answers to this: it may be in another org, or misspelt; sixpane tree lists the apps"
            )
        }
    })
}

fn nothing(form: &Form, asked: RecordType) -> Option<String> {
    let kept = form.record_type();
    if asked != kept && asked != RecordType::ANY {
        let (asked, kept) = (type_word(asked.into()), type_word(kept.into()));
        return Some(format!("the name exists and has no {asked}; such names have {kept}"));
    }
    Some(match form {
        Form::Apps => "no app is listed: either none is running, or this conf belongs to another org".into(),
        Form::Instances => "no started Machine is listed; stopped ones are not in DNS".into(),
        Form::Peers => "no named peer is listed".into(),
        Form::Flycast(app) => format!("`{app}` has no Flycast address"),
        Form::Region(region, app) => {
            format!("`{app}` has no started Machine in `{region}`; stopped ones are not in DNS")
        }
        other => {
            let app = other.app()?;
            format!("`{app}` exists and has no started Machine for this; stopped ones are not in DNS")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::line;
    use crate::dns::exchange::{Answer, Transport};
    use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
    use std::sync::Arc;
    use std::time::Duration;

    fn note(name: &str, rcode: ResponseCode) -> String {
        let line = line::parse(&name.split(' ').collect::<Vec<_>>()).unwrap();
        let ask = line.asks[0].clone();
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.metadata.response_code = rcode;
        let wire: Arc<[u8]> = message.to_vec().unwrap().into();
        let outcome =
            Ok(Answer { message: Arc::new(message), wire, rtt: Duration::ZERO, transport: Transport::Udp });
        let exchange = Exchange {
            question: ask.question.clone(),
            server: "[fdaa::3]:53".parse().unwrap(),
            tries: vec![],
            outcome,
        };
        of(&ask, &exchange).join("|")
    }

    #[test]
    fn no_such_name_and_nothing_under_it_are_told_apart() {
        use ResponseCode::{NXDomain, NoError};
        for (name, rcode, want) in [
            ("web", NXDomain, "no app `web`"),
            ("web", NoError, "`web` exists and has no started Machine"),
            ("iad.web.internal", NoError, "`web` has no started Machine in `iad`"),
            ("me._peer.internal", NXDomain, "interactive-"),
            ("1f.vm.web.internal", NXDomain, "stopped or gone"),
            ("web TXT", NoError, "has no TXT; such names have AAAA"),
            ("_apps", NoError, "another org"),
            ("_apps", NXDomain, "<prefix>::3"),
            ("web.flycast", NoError, "no Flycast address"),
        ] {
            let got = note(name, rcode);
            assert!(got.contains(want), "{name}: {got}");
        }
        assert_eq!(note("example.com", NXDomain), "");
        assert_eq!(note("web", ResponseCode::ServFail), "");
    }
}
