//! `sixpane ports`: which TCP ports of a host accept connections through the tunnel.

use std::io::Write;
use std::net::SocketAddrV6;
use std::time::Duration;

use serde_json::json;

use super::ping::resolve;
use super::session::Session;
use crate::cli::Failure;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::probe::port::{Knock, Port};
use crate::text::{count, ms};

/// Connections that one command may try.
const MOST: usize = 4096;

/// Splits words into targets and ports; `8000-8010` is a range. `usual` is tried where no port is named.
///
/// # Errors
/// Where there is no target, or a range is none (exit 2).
pub fn split(words: Vec<String>, usual: &[u16]) -> Result<(Vec<String>, Vec<u16>), Error> {
    let (mut targets, mut ports) = (Vec::new(), Vec::new());
    for word in words {
        let number = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
        let looks_like_ports = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match (word.split_once('-'), number(&word)) {
            (_, Some(port)) => ports.push(port),
            (Some((from, to)), None) if looks_like_ports => match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => ports.extend(from..=to),
                _ => return Err(Error::new(Exit::Usage, format!("`{word}` is no range of ports"))),
            },
            _ if looks_like_ports => {
                return Err(Error::new(Exit::Usage, format!("`{word}` is no port: 1 to 65535")));
            }
            _ => targets.push(word),
        }
    }
    if targets.is_empty() {
        return Err(Error::new(Exit::Usage, "say whose ports").hint("sixpane ports web 8080"));
    }
    if ports.is_empty() {
        ports.extend(usual);
    }
    Ok((targets, ports))
}

/// Tries `ports` of each of `targets`. The exit code is 1 where none is open.
///
/// # Errors
/// Where the link does not stand within `timeout` (exit 4), a name does not resolve (exit 1 or 5), or too much is
/// asked for (exit 2).
pub async fn run(
    session: &mut Session,
    targets: &[String],
    ports: &[u16],
    timeout: Duration,
    as_json: bool,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    session.up(timeout).await?;
    let mut knocks = Vec::new();
    for word in targets {
        for target in resolve(session, word).await? {
            knocks.extend(ports.iter().map(|&port| Knock {
                label: target.label.clone(),
                to: SocketAddrV6::new(target.address, port, 0, 0),
            }));
        }
    }
    let all = knocks.len();
    if all > MOST {
        let why = format!("{} are asked for, {MOST} are the most", count(all, "connection"));
        return Err(Error::new(Exit::Usage, "that is too much at once").why(why).into());
    }
    if session.engine.commands.send(Command::Ports(knocks)).await.is_err() {
        return Err(Error::new(Exit::Tunnel, "the network was closed").into());
    }
    let (mut told, mut open, mut refused) = (0, 0, false);
    while told < all {
        let Some(report) = session.engine.reports.recv().await else {
            return Err(Error::new(Exit::Tunnel, "the network was closed").into());
        };
        let Report::Ports(results) = report else { continue };
        for (knock, port) in results.iter().skip(told) {
            open += usize::from(matches!(port, Port::Open(_)));
            refused |= *port == Port::Refused;
            print(knock, port, as_json, out)?;
        }
        told = results.len();
        out.flush()?;
    }
    if refused && open == 0 && !as_json {
        let _ = writeln!(
            std::io::stderr(),
            "sixpane: note: the hosts answer, and nobody listens there: a service must listen on fly-local-6pn or \
             [::] to be reached on its private address"
        );
    }
    Ok(if open > 0 { Exit::Ok } else { Exit::Empty })
}

fn print(knock: &Knock, port: &Port, as_json: bool, out: &mut impl Write) -> std::io::Result<()> {
    let took = match port {
        Port::Open(took) => Some(*took),
        _ => None,
    };
    let error = match port {
        Port::Error(error) => Some(error),
        _ => None,
    };
    if as_json {
        let line = json!({
            "schema": "sixpane.ports/1",
            "target": knock.label,
            "address": knock.to.ip(),
            "port": knock.to.port(),
            "state": port.as_str(),
            "ms": took.map(|took| took.as_secs_f64() * 1e3),
            "error": error,
        });
        return writeln!(out, "{line}");
    }
    let took = took.map(|took| format!("  {} ms", ms(took))).unwrap_or_default();
    let error = error.map(|error| format!("  {error}")).unwrap_or_default();
    writeln!(out, "{:<40} {:>5}  {}{took}{error}", knock.to.ip(), knock.to.port(), port.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_ports_and_ranges() {
        let read = |line: &str| split(line.split(' ').map(str::to_owned).collect(), &[22, 80]);
        assert_eq!(read("web 80 8000-8002"), Ok((vec!["web".into()], vec![80, 8000, 8001, 8002])));
        assert_eq!(read("my-app fdaa::1").map(|(t, p)| (t.len(), p)), Ok((2, vec![22, 80])));
        for wrong in ["80", "web 0", "web 9-8", "web 70000", "web 1-"] {
            assert_eq!(read(wrong).map_err(|error| error.exit), Err(Exit::Usage), "{wrong}");
        }
    }
}
