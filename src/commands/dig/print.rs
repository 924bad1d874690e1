//! Prints the responses to one query as `dig` does, and the differences between them.

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

/// The response of one server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response<'a> {
    /// Index of the network.
    pub org: usize,
    /// Name of the conf, if there are several.
    pub conf: Option<&'a str>,
    /// Messages received in this network that match no query.
    pub ignored: u64,
    pub exchange: &'a Exchange,
}

impl Response<'_> {
    /// Label that distinguishes it from the other responses to `line`.
    fn label(&self, line: &Line) -> String {
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

/// Prints and counts responses.
pub(super) struct Printer<'a, W> {
    pub request: &'a Request,
    pub tally: Tally,
    pub out: &'a mut W,
}

impl<W: Write> Printer<'_, W> {
    /// Prints all responses to one query.
    pub fn responses(&mut self, line: &Line, ask: &Ask, all: &[Response<'_>]) -> Result<(), Error> {
        for one in all {
            self.tally.count(exit_of(one.exchange));
            if self.request.json {
                self.json(ask, one)?;
            } else {
                self.text(line, one, all.len() > 1)?;
            }
        }
        let Some((first, others)) = all.split_first() else { return Ok(()) };
        for other in others {
            let found = compare::differences(ask.form.as_ref(), first.exchange, other.exchange);
            self.tally.differ |= !found.is_empty();
            if self.request.json {
                writeln!(self.out, "{}", difference(ask, first, other, &found))?;
            } else if line.show.comments {
                let (first, other) = (first.label(line), other.label(line));
                write!(self.out, "{}", comparison(&first, &other, &found, line.show.short))?;
            }
        }
        Ok(())
    }

    fn json(&mut self, ask: &Ask, one: &Response<'_>) -> Result<(), Error> {
        let mut object = face::exchange(ask, one.exchange);
        if let (Some(conf), Some(map)) = (one.conf, object.as_object_mut()) {
            map.insert("conf".into(), conf.into());
        }
        Ok(writeln!(self.out, "{object}")?)
    }

    fn text(&mut self, line: &Line, one: &Response<'_>, several: bool) -> Result<(), Error> {
        match &one.exchange.result {
            Ok(answer) => {
                // Such output does not contain the server.
                let bare = line.show.short || !line.show.stats || one.conf.is_some();
                if several && bare && line.show.comments {
                    writeln!(self.out, ";; {}:", one.label(line))?;
                }
                let face = text::answer(one.exchange, answer, &line.show, ZonedDateTime::now);
                write!(self.out, "{face}")?;
            }
            Err(failure) => {
                self.out.flush()?;
                print_failure(one, failure);
            }
        }
        Ok(())
    }

    /// Prints notes and similar names on standard error.
    pub async fn notes(
        &mut self,
        orgs: &[Org],
        line: &Line,
        ask: &Ask,
        all: &[Response<'_>],
    ) -> Result<(), Error> {
        if self.request.json {
            return Ok(());
        }
        self.out.flush()?;
        for one in all {
            let label = if all.len() > 1 { format!("{}: ", one.label(line)) } else { String::new() };
            for note in notes::of(ask, one.exchange) {
                let _ = writeln!(plain::stderr(), "sixpane: note: {label}{note}");
            }
            let Some(org) = orgs.get(one.org) else { continue };
            let client = &org.session.engine.client;
            let near = spelling::of(client, ask, one.exchange).await;
            if let Some((first, others)) = near.split_first() {
                let others = others.iter().fold(String::new(), |mut text, other| {
                    let _ = write!(text, " or {other}");
                    text
                });
                let _ = writeln!(plain::stderr(), "sixpane: {label}did you mean {first}{others}?");
            }
        }
        Ok(())
    }
}

/// The differences of `other`, as comments.
fn comparison(first: &str, other: &str, found: &[Difference], short: bool) -> String {
    let mut text = match found {
        [] => format!(";; {other} compared to {first}: the same\n"),
        _ => format!(";; {other} compared to {first}: {}\n", count(found.len(), "difference")),
    };
    for difference in found {
        let _ = writeln!(text, ";; {difference}");
    }
    if !short {
        text.push('\n');
    }
    text
}

fn difference(ask: &Ask, first: &Response<'_>, other: &Response<'_>, found: &[Difference]) -> Value {
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

/// Prints why there is no response, with the result of each attempt.
fn print_failure(one: &Response<'_>, failure: &exchange::Failure) {
    let exchange = one.exchange;
    let name = names::show(&exchange.question.name);
    let conf = one.conf.map(|conf| format!("{conf}: ")).unwrap_or_default();
    let mut error =
        Error::new(Exit::Dns, format!("{conf}no response from {} for {name}", exchange.server)).why(failure);
    let tries: Vec<_> = exchange
        .tries
        .iter()
        .map(|attempt| {
            format!("{} after {} ms: {}", attempt.transport.as_str(), attempt.sent.as_millis(), attempt.end)
        })
        .collect();
    if one.ignored > 0 {
        error.why =
            format!("{}; {} received that match no query", error.why, count(one.ignored as usize, "message"));
    }
    if !tries.is_empty() {
        error.why = format!("{} ({})", error.why, tries.join("; "));
    }
    super::warn(&error.hint(format!("sixpane ping {}", exchange.server.ip())));
}
