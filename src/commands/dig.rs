//! `sixpane dig`: questions put to a name server of the network, as text, as data alone, or as JSON lines.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::ZonedDateTime;

use super::session::Session;
use crate::cli::Failure;
use crate::dns::dig::ask::{self, NoServer};
use crate::dns::dig::line::{Line, LineError};
use crate::dns::dig::{json, line, notes, options, text};
use crate::dns::exchange::{self, Exchange};
use crate::dns::resolver::NoAddress;
use crate::error::{Error, Exit};
use crate::text::Safe;

/// Lines of a batch that are out at once; the client's window is what really leaves.
const AHEAD: usize = 512;

/// What was understood of the command line, and how its answers are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    words: Vec<String>,
    lines: Vec<Line>,
    json: bool,
    batch: bool,
}

impl Request {
    /// Reads the line of `words`.
    ///
    /// # Errors
    /// Where it is no dig line (exit 2).
    pub fn new(words: Vec<String>, json: bool) -> Result<Self, Error> {
        let line = line::parse(&words).map_err(|error| wrong("", &error))?;
        Ok(Self { words, lines: vec![line], json, batch: false })
    }

    /// Reads the lines of a file: each is a dig line, with the options of `words` before its own. Empty lines and
    /// those that begin with `#` or `;` are passed over.
    ///
    /// # Errors
    /// Where it cannot be read (exit 3), or a line is none (exit 2, with its number).
    pub fn batch(path: &Path, words: &[String], json: bool) -> Result<Self, Error> {
        let name = Safe::new(path.as_os_str().as_encoded_bytes());
        let text = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(path)
        };
        let text =
            text.map_err(|error| Error::new(Exit::Config, format!("cannot read {name}")).why(error))?;
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with(['#', ';']) {
                continue;
            }
            let all: Vec<&str> = words.iter().map(String::as_str).chain(text.split_whitespace()).collect();
            lines
                .push(line::parse(&all).map_err(|error| wrong(&format!("{name}:{}: ", number + 1), &error))?);
        }
        Ok(Self { words: Vec::new(), lines, json, batch: true })
    }
}

fn wrong(place: &str, error: &LineError) -> Error {
    let wrong = Error::new(Exit::Usage, format!("{place}{error}"));
    match error {
        LineError::Option(_) => wrong.hint(format!("one of {}", known_options())),
        _ => wrong,
    }
}

fn known_options() -> String {
    let names: Vec<_> = options::KNOWN.iter().map(|known| format!("+{}", known.name)).collect();
    names.join(" ")
}

/// Asks everything at once and prints the answers in the order of the questions. The exit code is that of the
/// worst answer: 5 where one failed, 1 where one says no; of a batch 6 where some failed.
///
/// # Errors
/// Where the link does not stand within `timeout` (exit 4), or a server's name has no address.
pub async fn run(
    session: &mut Session,
    request: &Request,
    timeout: Duration,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let Request { words, lines, json: as_json, batch } = request;
    let (client, all) = (session.engine.client.clone(), lines.clone());
    let (answers, mut inbox) = tokio::sync::mpsc::channel(AHEAD);
    // The questions leave with the handshake's last message.
    tokio::spawn(async move {
        let mut asked = stream::iter(all)
            .map(|line| {
                let client = client.clone();
                async move { ask::put(&client, &line).await }
            })
            .buffered(AHEAD);
        while let Some(exchanges) = asked.next().await {
            if answers.send(exchanges).await.is_err() {
                return;
            }
        }
    });
    session.up(timeout).await?;
    if let ([line], false, false) = (lines.as_slice(), *batch, *as_json) {
        write!(out, "{}", text::banner(words, line))?;
    }
    let mut tally = Tally::default();
    for line in lines {
        let Some(exchanges) = inbox.recv().await else { break };
        let exchanges = exchanges.map_err(|error| no_server(&error))?;
        let servers = line.servers.len().max(1);
        for (at, exchange) in exchanges.iter().enumerate() {
            let Some(ask) = line.asks.get(at / servers) else { break };
            tally.count(exit_of(exchange));
            print(line, ask, exchange, *as_json, *batch, out)?;
        }
    }
    Ok(tally.exit(*batch))
}

/// How the questions ended.
#[derive(Debug, Default)]
struct Tally {
    failed: usize,
    empty: usize,
    all: usize,
}

impl Tally {
    fn count(&mut self, exit: Exit) {
        self.all += 1;
        match exit {
            Exit::Ok => {}
            Exit::Empty => self.empty += 1,
            _ => self.failed += 1,
        }
    }

    fn exit(&self, batch: bool) -> Exit {
        match (self.failed, self.empty) {
            (1.., _) if batch && self.failed < self.all => Exit::Partial,
            (1.., _) => Exit::Dns,
            (0, 1..) => Exit::Empty,
            (0, 0) => Exit::Ok,
        }
    }
}

fn print(
    line: &Line,
    ask: &line::Ask,
    exchange: &Exchange,
    as_json: bool,
    batch: bool,
    out: &mut impl Write,
) -> std::io::Result<()> {
    if as_json {
        return writeln!(out, "{}", json::exchange(ask, exchange));
    }
    match &exchange.outcome {
        Ok(answer) => write!(out, "{}", text::answer(exchange, answer, &line.show, &ZonedDateTime::now()))?,
        Err(failure) => {
            out.flush()?;
            tell_failure(exchange, failure);
        }
    }
    // Thousands of notes are none.
    if !batch {
        for note in notes::of(ask, exchange) {
            out.flush()?;
            let _ = writeln!(std::io::stderr(), "sixpane: note: {note}");
        }
    }
    Ok(())
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
