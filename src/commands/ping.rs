//! `sixpane ping`: replies as they come and the summary, in the words that everybody knows from ping.

use std::collections::HashMap;
use std::future::Future;
use std::io::Write;
use std::net::Ipv6Addr;
use std::time::Duration;

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::Failure;
use crate::dns::dig::name;
use crate::dns::resolver::NoAddress;
use crate::engine::report::{Command, Reply, ReplyKind, Report, Series, Target};
use crate::error::{Error, Exit};
use crate::text::Safe;

/// What to ping and how to print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Addresses, names, or `gateway`.
    pub targets: Vec<String>,
    /// Probes for each; `None` until interrupted.
    pub count: Option<u64>,
    /// JSON lines in place of text.
    pub json: bool,
}

/// Pings until the count is reached or `interrupted` ends, and prints the summary either way.
///
/// # Errors
/// Where the link does not stand within `timeout` (exit 4), or a name does not resolve (exit 1 or 5).
pub async fn run(
    session: &mut Session,
    request: &Request,
    timeout: Duration,
    interrupted: impl Future<Output = ()>,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    session.up(timeout).await?;
    let mut targets = Vec::new();
    for name in &request.targets {
        targets.extend(resolve(session, name).await?);
    }
    let mut printer = Printer::new(request.json, out);
    printer.begin(&targets)?;
    if session.engine.commands.send(Command::Ping(targets)).await.is_err() {
        return Err(Error::new(Exit::Tunnel, "the network was closed").into());
    }
    tokio::pin!(interrupted);
    let mut last: Vec<Series> = Vec::new();
    loop {
        tokio::select! {
            report = session.engine.reports.recv() => match report {
                Some(Report::Pings(series)) => {
                    printer.progress(&series)?;
                    last.clone_from(&series);
                    let settled = |s: &Series| request.count.is_some_and(|n| s.received + s.lost >= n);
                    if !last.is_empty() && last.iter().all(settled) {
                        break;
                    }
                }
                Some(_) => {}
                None => break,
            },
            () = &mut interrupted => break,
        }
    }
    printer.end(&last)?;
    Ok(if last.iter().any(|series| series.received > 0) { Exit::Ok } else { Exit::Empty })
}

/// The addresses that `word` stands for: itself, the name server for `gateway`, or what DNS says.
///
/// # Errors
/// Where it is no name (exit 2), or has no address (exit 1 or 5).
pub async fn resolve(session: &Session, word: &str) -> Result<Vec<Target>, Error> {
    if word == "gateway" {
        return Ok(vec![Target { label: word.into(), address: session.profile.dns.addr }]);
    }
    if let Ok(address) = word.parse::<Ipv6Addr>() {
        return Ok(vec![Target { label: word.into(), address }]);
    }
    let label = Safe::new(word);
    let name = name::parse(word).map_err(|error| {
        Error::new(Exit::Usage, format!("`{label}` is neither an address nor a name")).why(error)
    })?;
    let addresses = session.addresses(name).await.map_err(|error| {
        let exit = if matches!(error, NoAddress::NoAnswer(_)) { Exit::Dns } else { Exit::Empty };
        Error::new(exit, format!("cannot reach {label}"))
            .why(error)
            .hint("only started Machines are in DNS; sixpane tree shows them")
    })?;
    let one = addresses.len() == 1;
    Ok(addresses
        .into_iter()
        .map(|address| Target {
            label: if one { label.clone() } else { Safe::new(format!("{word} {address}")) },
            address,
        })
        .collect())
}

/// Prints each reply once, though the series come again and again.
struct Printer<'a, W: Write> {
    json: bool,
    out: &'a mut W,
    /// The serial of the newest reply that was told, for each target.
    told: HashMap<Target, u64>,
}

impl<'a, W: Write> Printer<'a, W> {
    fn new(json: bool, out: &'a mut W) -> Self {
        Self { json, out, told: HashMap::new() }
    }

    fn begin(&mut self, targets: &[Target]) -> std::io::Result<()> {
        if !self.json {
            for target in targets {
                writeln!(
                    self.out,
                    "PING {} ({}) through the tunnel, 56 data bytes",
                    target.label, target.address
                )?;
            }
        }
        self.out.flush()
    }

    fn progress(&mut self, series: &[Series]) -> std::io::Result<()> {
        for one in series {
            let told = self.told.get(&one.target).copied().unwrap_or(0);
            for reply in one.replies.iter().filter(|reply| reply.serial > told) {
                if self.json {
                    writeln!(self.out, "{}", reply_json(&one.target, reply))?;
                } else {
                    writeln!(self.out, "{}", reply_text(&one.target, reply))?;
                }
            }
            if let Some(newest) = one.replies.last() {
                self.told.insert(one.target.clone(), newest.serial);
            }
        }
        self.out.flush()
    }

    fn end(&mut self, series: &[Series]) -> std::io::Result<()> {
        for one in series {
            if self.json {
                writeln!(self.out, "{}", summary_json(one))?;
            } else {
                summary_text(one, self.out)?;
            }
        }
        self.out.flush()
    }
}

fn reply_text(target: &Target, reply: &Reply) -> String {
    let seq = reply.number;
    let from = target.address;
    match &reply.kind {
        ReplyKind::Answered { rtt, hop_limit, bytes } => {
            format!("{bytes} bytes from {from}: icmp_seq={seq} ttl={hop_limit} time={} ms", precise(*rtt))
        }
        ReplyKind::Lost { after } => {
            format!("no answer from {from}: icmp_seq={seq} within {} ms", after.as_millis())
        }
        ReplyKind::Late { rtt } => {
            format!("late answer from {from}: icmp_seq={seq} time={} ms (counted as lost)", precise(*rtt))
        }
        ReplyKind::Duplicate { rtt } => {
            format!("answer from {from}: icmp_seq={seq} time={} ms (DUP!)", precise(*rtt))
        }
        ReplyKind::Error(words) => format!("From {from} icmp_seq={seq} {words}"),
    }
}

fn precise(rtt: Duration) -> String {
    format!("{:.3}", rtt.as_secs_f64() * 1e3)
}

fn summary_text(series: &Series, out: &mut impl Write) -> std::io::Result<()> {
    let settled = series.received + series.lost;
    writeln!(out, "\n--- {} ping statistics ---", series.target.label)?;
    let flying = series.sent - settled;
    let flying = if flying > 0 { format!(", {flying} still in flight") } else { String::new() };
    writeln!(
        out,
        "{} packets transmitted, {} received, {:.1}% packet loss{flying}",
        series.sent,
        series.received,
        series.loss().unwrap_or(0.0) * 100.0
    )?;
    if let Some(stats) = series.stats {
        writeln!(
            out,
            "rtt min/avg/max/mdev = {}/{}/{}/{} ms",
            precise(stats.min),
            precise(stats.avg),
            precise(stats.max),
            precise(stats.mdev)
        )?;
    }
    Ok(())
}

fn reply_json(target: &Target, reply: &Reply) -> Value {
    let (state, rtt) = match &reply.kind {
        ReplyKind::Answered { rtt, .. } => ("answered", Some(rtt)),
        ReplyKind::Lost { .. } => ("lost", None),
        ReplyKind::Late { rtt } => ("late", Some(rtt)),
        ReplyKind::Duplicate { rtt } => ("duplicate", Some(rtt)),
        ReplyKind::Error(_) => ("error", None),
    };
    let mut object = json!({
        "schema": "sixpane.ping/1",
        "kind": "reply",
        "target": target.label,
        "address": target.address,
        "seq": reply.number,
        "state": state,
        "rtt_ms": rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
    });
    if let (ReplyKind::Error(words), Some(map)) = (&reply.kind, object.as_object_mut()) {
        map.insert("error".into(), words.as_str().into());
    }
    object
}

fn summary_json(series: &Series) -> Value {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "schema": "sixpane.ping/1",
        "kind": "summary",
        "target": series.target.label,
        "address": series.target.address,
        "sent": series.sent,
        "received": series.received,
        "lost": series.lost,
        "loss": series.loss(),
        "min_ms": series.stats.map(|s| millis(s.min)),
        "avg_ms": series.stats.map(|s| millis(s.avg)),
        "max_ms": series.stats.map(|s| millis(s.max)),
        "mdev_ms": series.stats.map(|s| millis(s.mdev)),
    })
}
