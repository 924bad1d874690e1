//! Port checks: targets and results.

use std::net::SocketAddrV6;
use std::time::Duration;

use super::protocol::{ProtocolCheck, Protocols};
use crate::text::Safe;

/// A port to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortCheck {
    /// Name of its host.
    pub label: Safe,
    pub to: SocketAddrV6,
    /// Protocol check of an open port; `None` closes the connection at once.
    pub protocols: Option<Protocols>,
    /// Host name sent to the service; without one, its address is sent.
    pub host: Option<String>,
}

/// A checked port, with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortResult {
    pub check: PortCheck,
    pub port: Port,
    /// Result of the protocol check, if there was one.
    pub protocol: Option<ProtocolCheck>,
}

/// State of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// Connection accepted, after this time.
    Open(Duration),
    /// Connection reset: the host responds, and nothing listens there.
    Refused,
    /// An ICMPv6 error says that a filter prohibits it.
    Prohibited,
    /// No reply before the timeout.
    Filtered,
    /// Another error, as text.
    Error(String),
}

impl Port {
    /// The state in one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Refused => "refused",
            Self::Prohibited => "blocked",
            Self::Filtered => "filtered",
            Self::Error(_) => "error",
        }
    }
}

/// Normalises a host name; `None` unless it consists of letters, digits, dots, hyphens and underscores.
pub fn host(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!name.is_empty() && name.len() < 254 && name.chars().all(fit)).then(|| name.to_owned())
}

/// Services by their usual TCP port (IANA, service names).
const SERVICES: [(&str, u16); 14] = [
    ("ssh", 22),
    ("smtp", 25),
    ("domain", 53),
    ("dns", 53),
    ("http", 80),
    ("https", 443),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("postgres", 5432),
    ("redis", 6379),
    ("ws", 80),
    ("wss", 443),
    ("nats", 4222),
    ("mongodb", 27017),
];

/// The usual port of a service.
pub fn of_service(name: &str) -> Option<u16> {
    SERVICES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, port)| *port)
}

/// Parses ports: numbers, ranges and services, separated by blanks or commas: `22 8000-8010`.
///
/// # Errors
/// The invalid word and the reason, as text.
pub fn read(text: &str) -> Result<Vec<u16>, String> {
    let mut ports = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let number = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
        match (word.split_once('-'), number(word)) {
            (_, Some(port)) => ports.push(port),
            (Some((from, to)), None) => match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => ports.extend(from..=to),
                _ => return Err(format!("`{}` is not a range of ports", Safe::new(word))),
            },
            (None, None) if of_service(word).is_some() => ports.extend(of_service(word)),
            (None, None) => return Err(format!("`{}` is not a port (1 to 65535)", Safe::new(word))),
        }
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_ranges() {
        assert_eq!(read("80, 8000-8002"), Ok(vec![80, 8000, 8001, 8002]));
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("https,ssh"), Ok(vec![443, 22]));
        for wrong in ["0", "9-8", "70000", "1-", "gopher"] {
            assert!(read(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_valid_host_names_are_sent() {
        assert_eq!(host("web.internal."), Some("web.internal".into()));
        for hostile in ["", "web\r\nX: y", "a b", "ü", "fdaa::3"] {
            assert_eq!(host(hostile), None, "{hostile:?}");
        }
    }
}
