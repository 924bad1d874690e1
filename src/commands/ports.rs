//! `sixpane ports`: checks TCP ports through the tunnel, optionally with their protocols.

use std::io::Write;
use std::net::SocketAddrV6;

use serde_json::{Value, json};

use super::progress::Progress;
use super::session::Session;
use super::style::{BAD, DIM, OK, WARN, paint};
use super::{Context, conf, plain, target};
use crate::cli::args::Ports;
use crate::clock;
use crate::engine::Settings;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::probe::port::{self, Port, PortCheck, PortResult};
use crate::probe::protocol::{Banner, ProtocolCheck, Protocols};
use crate::text::{count, ms};

/// Maximum connections of one command.
const MOST: usize = 4096;

/// Splits words into targets and ports: numbers, ranges (`8000-8010`) and lists (`80,443`) behind the first word are ports.
///
/// # Errors
/// If there is no target, or a port is invalid (exit 2).
fn split(words: Vec<String>) -> Result<(Vec<String>, Vec<u16>), Error> {
    let numeric = |word: &str| {
        let word = word.split_once('/').map_or(word, |(number, _)| number);
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b','))
    };
    // An app may have a name of digits: where all words are, the first is one.
    let first = words.iter().position(|word| !numeric(word)).unwrap_or(0);
    let (mut targets, mut ports) = (Vec::new(), Vec::new());
    for (n, word) in words.into_iter().enumerate() {
        if n != first && numeric(&word) {
            ports.extend(
                port::read(word.trim_end_matches("/tcp")).map_err(|why| Error::new(Exit::Usage, why))?,
            );
        } else {
            targets.push(word);
        }
    }
    if targets.is_empty() {
        return Err(Error::new(Exit::Usage, "no target").hint("sixpane ports web 8080"));
    }
    Ok((targets, ports))
}

#[derive(Debug, Clone)]
struct Request {
    /// Addresses, names, or `gateway`.
    pub targets: Vec<String>,
    pub ports: Vec<u16>,
    /// Protocols to check on open ports.
    pub protocols: Option<Protocols>,
    pub json: bool,
}

/// Checks the ports of each target. The exit code is 1 if none is open.
///
/// # Errors
/// If the link does not come up in time (exit 4), a name has no address (exit 1 or 5), or there are too many
/// connections (exit 2).
pub async fn run(context: &mut Context<'_>, args: &Ports) -> Result<Exit, Error> {
    let (conf, words) = conf::split(args.words.clone(), args.common.conf()?);
    let (targets, ports) = split(words)?;
    let request = Request { targets, ports, protocols: args.protocols, json: args.common.json };
    let settings = Settings { walk: false, ..Settings::default() };
    let mut session = Session::open(conf.as_deref(), args.common.force, settings)?;
    let timeout = context.timeout(&args.common);
    let (session, out) = (&mut session, &mut context.out);
    session.up(timeout).await?;
    let mut checks = Vec::new();
    let mut ports = request.ports.clone();
    let mut all_found = Vec::new();
    for (n, word) in request.targets.iter().enumerate() {
        match (target::find(session, word).await, port::of_service(word)) {
            // A name of the network comes before the service of that name.
            (Err(_), Some(port)) if n > 0 => ports.push(port),
            (found, _) => all_found.push(found?),
        }
    }
    for found in all_found {
        let own = found.ports.map(|text| port::read(&text)).transpose();
        let own = own.map_err(|why| Error::new(Exit::Usage, why))?;
        let own = own
            .unwrap_or_else(|| found.scheme.and_then(|name| port::of_service(&name)).into_iter().collect());
        let mut wanted: Vec<u16> = own.into_iter().chain(ports.iter().copied()).collect();
        if wanted.is_empty() {
            wanted.extend(&context.settings.ports);
        }
        let host = found.host.as_deref().and_then(port::host);
        for target in found.targets {
            checks.extend(wanted.iter().map(|&port| PortCheck {
                label: target.label.clone(),
                to: SocketAddrV6::new(target.address, port, 0, 0),
                protocols: request.protocols,
                host: host.clone(),
            }));
        }
    }
    let all = checks.len();
    if all > MOST {
        let why = format!("{}; the maximum is {MOST}", count(all, "connection"));
        return Err(Error::new(Exit::Usage, "too many connections").why(why));
    }
    if session.engine.commands.send(Command::Ports(checks)).await.is_err() {
        return Err(Error::new(Exit::Tunnel, "the network was closed"));
    }
    let mut progress = Progress::new(clock::now());
    let (mut checked, mut open, mut refused) = (0, 0, false);
    while checked < all {
        let due = clock::sleep_until(progress.due());
        let report = tokio::select! {
            report = session.engine.reports.recv() => report,
            () = due => {
                progress.show(clock::now(), || bar(checked, all, open));
                continue;
            }
        };
        let Some(report) = report else {
            return Err(Error::new(Exit::Tunnel, "the network was closed"));
        };
        let Report::Ports(results) = report else { continue };
        progress.clear();
        for result in results.iter().skip(checked) {
            open += usize::from(matches!(result.port, Port::Open(_)));
            refused |= result.port == Port::Refused;
            print(result, request.json, out)?;
        }
        checked = results.len();
        out.flush()?;
    }
    drop(progress);
    if refused && open == 0 && !request.json {
        let _ = writeln!(
            plain::stderr(),
            "sixpane: note: the machines respond, but nothing listens on these ports. A service must listen on \
             fly-local-6pn or [::] to be reachable at its private address"
        );
    }
    Ok(if open > 0 { Exit::Ok } else { Exit::Empty })
}

/// Progress: `[█████·····] 12 of 24 ports checked, 3 open`.
fn bar(checked: usize, all: usize, open: usize) -> String {
    const COLUMNS: usize = 24;
    let done = checked * COLUMNS / all.max(1);
    let (done, rest) = ("█".repeat(done), "·".repeat(COLUMNS - done));
    format!("[{done}{rest}] {checked} of {} checked, {open} open", count(all, "port"))
}

fn print(
    PortResult { check, port, protocol }: &PortResult,
    as_json: bool,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let took = match port {
        Port::Open(took) => Some(*took),
        _ => None,
    };
    let error = match port {
        Port::Error(error) => Some(error),
        _ => None,
    };
    if as_json {
        let mut line = json!({
            "schema": "sixpane.ports/2",
            "target": check.label,
            "address": check.to.ip(),
            "port": check.to.port(),
            "state": port.as_str(),
            "ms": took.map(|took| took.as_secs_f64() * 1e3),
            "error": error,
        });
        if let (Some(protocol), Some(map)) = (protocol, line.as_object_mut()) {
            map.insert("protocol".into(), protocol_json(protocol));
        }
        return writeln!(out, "{line}");
    }
    let took = took.map(|took| format!("  {:>8} ms", ms(took))).unwrap_or_default();
    let error = error.map(|error| format!("  {error}")).unwrap_or_default();
    let banner = protocol.as_ref().map(|check| format!("  {}", check.banner.words())).unwrap_or_default();
    let style = match port {
        Port::Open(_) => OK,
        Port::Refused | Port::Prohibited | Port::Filtered => WARN,
        Port::Error(_) => BAD,
    };
    let (word, took) = (paint(style, port.as_str()), paint(DIM, took));
    writeln!(out, "{:<40} {:>5}  {word}{took}{error}{banner}", check.to.ip(), check.to.port())
}

/// The result of a protocol check in JSON.
fn protocol_json(check: &ProtocolCheck) -> Value {
    let certificate = match &check.banner {
        Banner::Certified(_, certificate) => Some(json!({
            "names": certificate.names,
            "issuer": certificate.issuer,
            "until": certificate.last_day(),
        })),
        _ => None,
    };
    json!({
        "name": check.recognised().map(|protocol| protocol.as_str().to_ascii_lowercase()),
        "banner": check.banner.words(),
        "certificate": certificate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_ports_and_ranges() {
        let read = |line: &str| split(line.split(' ').map(str::to_owned).collect());
        assert_eq!(read("web 80 8000-8002"), Ok((vec!["web".into()], vec![80, 8000, 8001, 8002])));
        assert_eq!(read("my-app fdaa::1").map(|(t, p)| (t.len(), p)), Ok((2, vec![])));
        assert_eq!(read("web 80,443 53/tcp"), Ok((vec!["web".into()], vec![80, 443, 53])));
        assert_eq!(read("8080 80"), Ok((vec!["8080".into()], vec![80])), "an app whose name is a number");
        for wrong in ["web 0", "web 9-8", "web 70000", "web 1-"] {
            assert_eq!(read(wrong).map_err(|error| error.exit), Err(Exit::Usage), "{wrong}");
        }
    }

    #[test]
    fn the_bar_shows_the_progress() {
        assert_eq!(bar(0, 3, 0), "[························] 0 of 3 ports checked, 0 open");
        assert_eq!(bar(3, 6, 1), "[████████████············] 3 of 6 ports checked, 1 open");
        assert_eq!(bar(1, 1, 1), "[████████████████████████] 1 of 1 port checked, 1 open");
    }
}
