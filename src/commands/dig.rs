//! `sixpane dig`: questions put to a name server of the network, as text, as data alone, or as JSON lines.

use std::io::Write;
use std::time::Duration;

use jiff::ZonedDateTime;

use super::session::Session;
use crate::cli::Failure;
use crate::dns::dig::ask::{self, NoServer};
use crate::dns::dig::line::{Line, LineError};
use crate::dns::dig::{json, line, notes, options, text};
use crate::dns::exchange::{self, Exchange};
use crate::dns::resolver::NoAddress;
use crate::error::{Error, Exit};

/// A line that was understood, and how its answers are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    words: Vec<String>,
    line: Line,
    json: bool,
}

impl Request {
    /// Reads the line of `words`.
    ///
    /// # Errors
    /// Where it is no dig line (exit 2).
    pub fn new(words: Vec<String>, json: bool) -> Result<Self, Error> {
        let line = line::parse(&words).map_err(|error| {
            let known = matches!(error, LineError::Option(_));
            let wrong = Error::new(Exit::Usage, error.to_string());
            if known { wrong.hint(format!("one of {}", known_options())) } else { wrong }
        })?;
        Ok(Self { words, line, json })
    }
}

fn known_options() -> String {
    let names: Vec<_> = options::KNOWN.iter().map(|known| format!("+{}", known.name)).collect();
    names.join(" ")
}

/// Asks everything at once and prints the answers in the order of the questions. The exit code is that of the
/// worst answer: 5 where one failed, 1 where one says no.
///
/// # Errors
/// Where the link does not stand within `timeout` (exit 4), or a server's name has no address.
pub async fn run(
    session: &mut Session,
    request: &Request,
    timeout: Duration,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let Request { words, line, json: as_json } = request;
    // The questions leave with the handshake's last message.
    let (client, all) = (session.engine.client.clone(), line.clone());
    let answers = tokio::spawn(async move { ask::put(&client, &all).await });
    session.up(timeout).await?;
    let asked = match answers.await {
        Ok(asked) => asked.map_err(|error| no_server(&error))?,
        Err(_) => Vec::new(),
    };
    let servers = line.servers.len().max(1);
    let mut exit = Exit::Ok;
    if !as_json {
        write!(out, "{}", text::banner(words, line))?;
    }
    for (at, exchange) in asked.iter().enumerate() {
        let Some(ask) = line.asks.get(at / servers) else { break };
        exit = worse(exit, exit_of(exchange));
        if *as_json {
            writeln!(out, "{}", json::exchange(ask, exchange))?;
            continue;
        }
        match &exchange.outcome {
            Ok(answer) => {
                write!(out, "{}", text::answer(exchange, answer, &line.show, &ZonedDateTime::now()))?;
            }
            Err(failure) => {
                out.flush()?;
                tell_failure(exchange, failure);
            }
        }
        for note in notes::of(ask, exchange) {
            out.flush()?;
            let _ = writeln!(std::io::stderr(), "sixpane: note: {note}");
        }
    }
    Ok(exit)
}

fn no_server(error: &NoServer) -> Error {
    let exit = match error {
        NoServer::Ipv4(_) | NoServer::Word(..) => Exit::Usage,
        NoServer::NoAddress(_, NoAddress::NoAnswer(_)) => Exit::Dns,
        NoServer::NoAddress(..) => Exit::Empty,
    };
    Error::new(exit, error.to_string())
}

/// The exit code of one exchange.
fn exit_of(exchange: &Exchange) -> Exit {
    match exchange.word().as_str() {
        "NOERROR" => match &exchange.outcome {
            Ok(answer) if answer.message.answers.is_empty() => Exit::Empty,
            _ => Exit::Ok,
        },
        "NXDOMAIN" => Exit::Empty,
        _ => Exit::Dns,
    }
}

fn worse(a: Exit, b: Exit) -> Exit {
    if b as u8 > a as u8 { b } else { a }
}

/// Why there is no answer, with what each try did.
fn tell_failure(exchange: &Exchange, failure: &exchange::Failure) {
    let name = crate::dns::names::show(&exchange.question.name);
    let mut error =
        Error::new(Exit::Dns, format!("{} did not answer for {name}", exchange.server)).why(failure);
    let tries: Vec<_> = exchange
        .tries
        .iter()
        .map(|attempt| {
            let end = match &attempt.end {
                exchange::TryEnd::Silent => "nothing came".to_owned(),
                exchange::TryEnd::Failed(reason) => reason.clone(),
                exchange::TryEnd::Truncated(_) => "the answer was cut".into(),
                exchange::TryEnd::NoEdns(_) => "FORMERR".into(),
                exchange::TryEnd::Answered(_) => "answered".into(),
            };
            format!("{} after {} ms: {end}", attempt.transport.as_str(), attempt.sent.as_millis())
        })
        .collect();
    if !tries.is_empty() {
        error.why = format!("{} ({})", error.why, tries.join("; "));
    }
    let error = error.hint(format!("sixpane ping {}", exchange.server.ip()));
    let _ = writeln!(std::io::stderr(), "sixpane: {error}");
}
