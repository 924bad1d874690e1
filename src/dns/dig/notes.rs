//! Notes on responses that are easily misread. Each note states only what follows from the response and from the
//! platform's document; if several causes are possible, it lists them.

use std::net::Ipv6Addr;
use std::time::Duration;

use hickory_proto::rr::RecordType;

use super::line::Ask;
use super::types::type_word;
use crate::dns::exchange::Exchange;
use crate::dns::names::Form;
use crate::text::ms;

const NXDOMAIN: u16 = 3;
/// Round trips that differ by less than this, or by a tenth, count as equal.
const SLACK: Duration = Duration::from_millis(1);

/// The notes on `exchange`, the query for `ask`; usually none.
pub fn of(ask: &Ask, exchange: &Exchange) -> Vec<String> {
    let Ok(answer) = &exchange.result else { return Vec::new() };
    let code = u16::from(answer.message.metadata.response_code);
    let mut notes = Vec::new();
    let Some(form) = &ask.form else { return notes };
    match code {
        NXDOMAIN => notes.extend(no_name(form)),
        0 if answer.message.answers.is_empty() => notes.extend(no_records(form, ask.question.rtype)),
        _ => {}
    }
    notes
}

/// Whether the response is negative: no such name, or no records.
pub fn is_negative(exchange: &Exchange) -> bool {
    let Ok(answer) = &exchange.result else { return false };
    match u16::from(answer.message.metadata.response_code) {
        NXDOMAIN => true,
        code => code == 0 && answer.message.answers.is_empty(),
    }
}

/// Compares the server's order of the nearest machines with measured round trips from `rtt`; needs at least two.
pub fn nearest(ask: &Ask, exchange: &Exchange, rtt: &dyn Fn(Ipv6Addr) -> Option<Duration>) -> Option<String> {
    let Some(Form::Nearest(..)) = &ask.form else { return None };
    order(exchange, rtt)
}

/// Whether the addresses of `exchange` are in the order of the measured round trips from `rtt`; `None` with fewer than
/// two.
pub fn in_order(exchange: &Exchange, rtt: &dyn Fn(Ipv6Addr) -> Option<Duration>) -> Option<bool> {
    let measured: Vec<Duration> = exchange.addresses().into_iter().filter_map(rtt).collect();
    // The server knows distances between regions; machines of one region differ by chance.
    (measured.len() > 1).then(|| measured.windows(2).all(|pair| pair[1] + SLACK.max(pair[0] / 10) >= pair[0]))
}

/// The same as text, for any question.
pub fn order(exchange: &Exchange, rtt: &dyn Fn(Ipv6Addr) -> Option<Duration>) -> Option<String> {
    let in_order = in_order(exchange, rtt)?;
    let addresses = exchange.addresses();
    let measured: Vec<Duration> = addresses.iter().filter_map(|address| rtt(*address)).collect();
    let known = if measured.len() == addresses.len() {
        String::new()
    } else {
        format!(" ({} of {} measured)", measured.len(), addresses.len())
    };
    let times: Vec<_> = measured.iter().map(|rtt| ms(*rtt)).collect();
    let times = times.join(", ");
    Some(if in_order {
        format!("the server's order is that of the measured round trips{known}: {times} ms")
    } else {
        format!("the server's order differs from that of the measured round trips{known}: {times} ms")
    })
}

fn no_name(form: &Form) -> Option<String> {
    Some(match form {
        Form::Peer(peer) => {
            format!("no peer `{peer}` is listed; peers created without a name (interactive-…) are not in DNS")
        }
        Form::Vm(id, app) => format!(
            "no machine `{id}` of `{app}` is listed: it is stopped or gone, or the app is in another org"
        ),
        Form::Apps | Form::Peers | Form::Instances => {
            "this server has no records of the network; its name server is <prefix>::3".into()
        }
        other => {
            let app = other.app()?;
            format!(
                "this network has no app `{app}` with a record of this name: it may be in another org, or misspelt; sixpane tree lists the apps"
            )
        }
    })
}

fn no_records(form: &Form, queried: RecordType) -> Option<String> {
    let kept = form.record_type();
    if queried != kept && queried != RecordType::ANY {
        let (queried, kept) = (type_word(queried.into()), type_word(kept.into()));
        return Some(format!("the name exists but has no {queried} record; such names have {kept} records"));
    }
    Some(match form {
        Form::Apps => "no app is listed: either none is running, or this conf belongs to another org".into(),
        Form::Instances => "no started machine is listed; stopped machines are not in DNS".into(),
        Form::Peers => "no named peer is listed".into(),
        Form::Flycast(app) => format!("`{app}` has no Flycast address"),
        Form::Region(region, app) => {
            format!("`{app}` has no started machine in `{region}`; stopped machines are not in DNS")
        }
        other => {
            let app = other.app()?;
            format!(
                "`{app}` exists but has no started machine for this name; stopped machines are not in DNS"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::line;
    use crate::dns::dig::tests::{aaaa, exchange};
    use hickory_proto::op::ResponseCode;

    fn note(name: &str, rcode: ResponseCode) -> String {
        let line = line::parse(&name.split(' ').collect::<Vec<_>>()).unwrap();
        of(&line.asks[0], &exchange(name, rcode.into(), vec![])).join("|")
    }

    #[test]
    fn the_nearest_are_compared_with_measured_round_trips() {
        let name = "top3.nearest.of.web.internal";
        let ask = line::parse(&[name]).unwrap().asks[0].clone();
        let records = ["fdaa::a", "fdaa::b", "fdaa::c"].map(|address| aaaa(name, address));
        let exchange = exchange(name, 0, records.to_vec());
        let note = |times: [Option<u64>; 3]| {
            let rtt =
                |address: Ipv6Addr| times[usize::from(address.octets()[15] - 10)].map(Duration::from_millis);
            nearest(&ask, &exchange, &rtt).unwrap_or_default()
        };
        assert!(note([Some(10), Some(11), Some(90)]).starts_with("the server's order is that"));
        assert!(note([Some(10), Some(106), Some(99)]).starts_with("the server's order is that"));
        assert!(note([Some(10), Some(90), Some(11)]).contains("order differs"));
        assert!(note([Some(90), None, Some(11)]).contains("(2 of 3 measured): 90.0, 11.0 ms"));
        assert_eq!(note([None, None, Some(11)]), "");
    }

    #[test]
    fn no_such_name_and_no_records_are_distinguished() {
        use ResponseCode::{NXDomain, NoError};
        for (name, rcode, want) in [
            ("web", NXDomain, "no app `web`"),
            ("web", NoError, "`web` exists but has no started machine"),
            ("iad.web.internal", NoError, "`web` has no started machine in `iad`"),
            ("me._peer.internal", NXDomain, "interactive-"),
            ("1f.vm.web.internal", NXDomain, "stopped or gone"),
            ("web TXT", NoError, "has no TXT record; such names have AAAA records"),
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
