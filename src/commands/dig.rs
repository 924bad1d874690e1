//! `sixpane dig`: questions put to a name server of the network, as text, as data alone, or as JSON lines.

use std::io::Write;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use jiff::ZonedDateTime;

use super::session::Session;
use crate::cli::Failure;
use crate::dns::dig::line::{Line, LineError};
use crate::dns::dig::{json, line, name, notes, options, text};
use crate::dns::exchange::{self, Exchange};
use crate::dns::resolver::NoAddress;
use crate::error::{Error, Exit};
use crate::text::Safe;

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
    let mut servers = Vec::new();
    let asked = if line.servers.is_empty() && line.port == crate::dns::client::PORT {
        // The question leaves with the handshake's last message.
        servers.push(session.engine.client.server());
        let client = session.engine.client.clone();
        let (first, line) = (servers.clone(), line.clone());
        let answers = tokio::spawn(async move { ask(&client, &line, &first).await });
        session.up(timeout).await?;
        answers.await.unwrap_or_default()
    } else {
        session.up(timeout).await?;
        for server in &line.servers {
            servers.push(address(session, server, line.port).await?);
        }
        if servers.is_empty() {
            servers.push(SocketAddrV6::new(*session.engine.client.server().ip(), line.port, 0, 0));
        }
        ask(&session.engine.client, line, &servers).await
    };
    let mut exit = Exit::Ok;
    if !as_json {
        write!(out, "{}", text::banner(words, line))?;
    }
    for (at, exchange) in asked.iter().enumerate() {
        let Some(ask) = line.asks.get(at / servers.len()) else { break };
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

/// All questions to all servers at once; the answers in order, those of one question side by side.
async fn ask(client: &crate::dns::client::Client, line: &Line, servers: &[SocketAddrV6]) -> Vec<Exchange> {
    let questions = line.asks.iter().flat_map(|ask| {
        servers.iter().map(|&server| client.ask_at(server, ask.question.clone(), &line.options))
    });
    futures_util::future::join_all(questions).await
}

/// The address of the server that `word` names.
async fn address(session: &Session, word: &str, port: u16) -> Result<SocketAddrV6, Error> {
    let shown = Safe::new(word);
    let bare = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(word);
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return Ok(SocketAddrV6::new(address, port, 0, 0));
    }
    if word.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err(Error::new(Exit::Usage, format!("the server {shown} cannot be asked"))
            .why("it is an IPv4 address, and the tunnel carries IPv6 alone"));
    }
    let name = name::parse(word).map_err(|error| {
        Error::new(Exit::Usage, format!("`{shown}` is neither an address nor a name")).why(error)
    })?;
    let addresses = session.addresses(name).await.map_err(|error| {
        let exit = if matches!(error, NoAddress::NoAnswer(_)) { Exit::Dns } else { Exit::Empty };
        Error::new(exit, format!("the server {shown} has no address")).why(error)
    })?;
    // There is at least one.
    Ok(SocketAddrV6::new(addresses.first().copied().unwrap_or(Ipv6Addr::UNSPECIFIED), port, 0, 0))
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
