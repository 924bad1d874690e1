//! The answers to one question as they are printed: each as `dig` prints it, and what differs between them.

use std::fmt::Write as _;
use std::io::Write;

use jiff::ZonedDateTime;
use serde_json::{Value, json};

use super::{Org, Request, Tally};
use crate::commands::plain;
use crate::dns::dig::compare::{self, Difference};
use crate::dns::dig::line::{Ask, Line};
use crate::dns::dig::types::{class_word, type_word};
use crate::dns::dig::{json as face, notes, spelling, text};
use crate::dns::exchange::{self, Exchange};
use crate::dns::names;
use crate::dns::outcome::Outcome;
use crate::error::{Error, Exit};
use crate::text::count;

/// An answer, and who gave it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// The place of the network among those that are asked.
    pub org: usize,
    /// Its conf, where there are several.
    pub conf: Option<&'a str>,
    /// Messages that came there and answered nothing of ours.
    pub ignored: u64,
    /// What was answered.
    pub exchange: &'a Exchange,
}

impl Said<'_> {
    /// Who it was, as far as it tells this one from the others of `line`.
    fn who(&self, line: &Line) -> String {
        let server = self.exchange.server.ip();
        match self.conf {
            Some(conf) if line.servers.len() > 1 => format!("{conf} @{server}"),
            Some(conf) => conf.to_owned(),
            None => server.to_string(),
        }
    }

    fn json(&self) -> Value {
        let server = self.exchange.server.to_string();
        match self.conf {
            Some(conf) => json!({ "conf": conf, "server": server }),
            None => json!({ "server": server }),
        }
    }
}

/// Prints answers and counts them.
pub(super) struct Printer<'a, W> {
    pub request: &'a Request,
    pub tally: Tally,
    pub out: &'a mut W,
}

impl<W: Write> Printer<'_, W> {
    /// Everything that was said to one question.
    pub fn question(&mut self, line: &Line, ask: &Ask, said: &[Said<'_>]) -> Result<(), Error> {
        for one in said {
            self.tally.count(exit_of(one.exchange));
            if self.request.json {
                self.json(ask, one)?;
            } else {
                self.text(line, one, said.len() > 1)?;
            }
        }
        let Some((first, others)) = said.split_first() else { return Ok(()) };
        for other in others {
            let found = compare::differences(ask.form.as_ref(), first.exchange, other.exchange);
            self.tally.differ |= !found.is_empty();
            if self.request.json {
                writeln!(self.out, "{}", difference(ask, first, other, &found))?;
            } else if line.show.comments {
                let (first, other) = (first.who(line), other.who(line));
                write!(self.out, "{}", told(&first, &other, &found, line.show.short))?;
            }
        }
        Ok(())
    }

    fn json(&mut self, ask: &Ask, one: &Said<'_>) -> Result<(), Error> {
        let mut object = face::exchange(ask, one.exchange);
        if let (Some(conf), Some(map)) = (one.conf, object.as_object_mut()) {
            map.insert("conf".into(), conf.into());
        }
        Ok(writeln!(self.out, "{object}")?)
    }

    fn text(&mut self, line: &Line, one: &Said<'_>, several: bool) -> Result<(), Error> {
        match &one.exchange.result {
            Ok(answer) => {
                // What stands alone in dig's output tells nobody who said it.
                let bare = line.show.short || !line.show.stats || one.conf.is_some();
                if several && bare && line.show.comments {
                    writeln!(self.out, ";; {}:", one.who(line))?;
                }
                let face = text::answer(one.exchange, answer, &line.show, ZonedDateTime::now);
                write!(self.out, "{face}")?;
            }
            Err(failure) => {
                self.out.flush()?;
                tell_failure(one, failure);
            }
        }
        Ok(())
    }

    /// What the answers mean, and what may have been meant, on standard error.
    pub async fn notes(
        &mut self,
        orgs: &[Org],
        line: &Line,
        ask: &Ask,
        said: &[Said<'_>],
    ) -> Result<(), Error> {
        if self.request.json {
            return Ok(());
        }
        self.out.flush()?;
        for one in said {
            let who = if said.len() > 1 { format!("{}: ", one.who(line)) } else { String::new() };
            for note in notes::of(ask, one.exchange) {
                let _ = writeln!(plain::stderr(), "sixpane: note: {who}{note}");
            }
            let Some(org) = orgs.get(one.org) else { continue };
            let client = &org.session.engine.client;
            let near = spelling::of(client, ask, one.exchange).await;
            if let Some((first, others)) = near.split_first() {
                let others = others.iter().fold(String::new(), |mut text, other| {
                    let _ = write!(text, " or {other}");
                    text
                });
                let _ = writeln!(plain::stderr(), "sixpane: {who}did you mean {first}{others}?");
            }
        }
        Ok(())
    }
}

/// What `other` says otherwise than `first`, as comments.
fn told(first: &str, other: &str, found: &[Difference], short: bool) -> String {
    let mut text = match found {
        [] => format!(";; {other} against {first}: the same\n"),
        _ => format!(";; {other} against {first}: {}\n", count(found.len(), "difference")),
    };
    for difference in found {
        let _ = writeln!(text, ";; {difference}");
    }
    if !short {
        text.push('\n');
    }
    text
}

fn difference(ask: &Ask, first: &Said<'_>, other: &Said<'_>, found: &[Difference]) -> Value {
    let question = &ask.question;
    json!({
        "schema": "sixpane.dig.difference/1",
        "name": names::show(&question.name),
        "type": type_word(question.rtype.into()),
        "class": class_word(question.class.into()),
        "first": first.json(),
        "second": other.json(),
        "same": found.is_empty(),
        "differences": found.iter().map(face::difference).collect::<Vec<_>>(),
    })
}

/// The exit code of one exchange.
pub fn exit_of(exchange: &Exchange) -> Exit {
    match exchange.outcome() {
        // Over UDP only +ignore accepts one.
        _ if exchange.settled() == Outcome::Incomplete && !exchange.ignores_truncation() => Exit::Partial,
        Outcome::NOERROR => match &exchange.result {
            Ok(answer) if answer.message.answers.is_empty() => Exit::Empty,
            _ => Exit::Ok,
        },
        Outcome::NXDOMAIN => Exit::Empty,
        _ => Exit::Dns,
    }
}

/// Why there is no answer, with what each try did.
fn tell_failure(one: &Said<'_>, failure: &exchange::Failure) {
    let exchange = one.exchange;
    let name = names::show(&exchange.question.name);
    let conf = one.conf.map(|conf| format!("{conf}: ")).unwrap_or_default();
    let mut error =
        Error::new(Exit::Dns, format!("{conf}{} did not answer for {name}", exchange.server)).why(failure);
    let tries: Vec<_> = exchange
        .tries
        .iter()
        .map(|attempt| {
            format!("{} after {} ms: {}", attempt.transport.as_str(), attempt.sent.as_millis(), attempt.end)
        })
        .collect();
    if one.ignored > 0 {
        error.why = format!(
            "{}; {} came and answered nothing that was asked",
            error.why,
            count(one.ignored as usize, "message")
        );
    }
    if !tries.is_empty() {
        error.why = format!("{} ({})", error.why, tries.join("; "));
    }
    super::tell(&error.hint(format!("sixpane ping {}", exchange.server.ip())));
}
