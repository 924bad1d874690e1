//! What a TCP connection to a port came to: values only.

use std::net::SocketAddrV6;
use std::time::Duration;

use super::speech::{Heard, Speak};
use crate::text::Safe;

/// A port that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// How its host is called.
    pub label: Safe,
    /// Where.
    pub to: SocketAddrV6,
    /// How it is spoken to where it is open; `None` closes at once.
    pub speak: Option<Speak>,
    /// The name that a service is asked for; without one, the address is.
    pub host: Option<String>,
}

/// A port that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knocked {
    /// Which.
    pub knock: Knock,
    /// What the connection came to.
    pub port: Port,
    /// What was heard there, where it was spoken to.
    pub heard: Option<Heard>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// Accepted, after this long.
    Open(Duration),
    /// Refused: the host answers, and nobody listens there.
    Refused,
    /// Nothing came back.
    Silent,
    /// An error, in words.
    Error(String),
}

impl Port {
    /// In a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Error(_) => "error",
        }
    }
}

/// A name that may be said to a service: of letters, digits, dots, hyphens and underscores. What is none is not said.
pub fn host(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!name.is_empty() && name.len() < 254 && name.chars().all(fit)).then(|| name.to_owned())
}

/// Reads ports as they are typed: numbers and ranges, `22 8000-8010`, apart by blanks or commas.
///
/// # Errors
/// The word that is neither, and why, in words.
pub fn read(text: &str) -> Result<Vec<u16>, String> {
    let mut ports = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let number = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
        match (word.split_once('-'), number(word)) {
            (_, Some(port)) => ports.push(port),
            (Some((from, to)), None) => match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => ports.extend(from..=to),
                _ => return Err(format!("`{}` is no range of ports", Safe::new(word))),
            },
            (None, None) => return Err(format!("`{}` is no port: 1 to 65535", Safe::new(word))),
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
        for wrong in ["0", "9-8", "70000", "1-", "http"] {
            assert!(read(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_names_are_said_to_a_service() {
        assert_eq!(host("web.internal."), Some("web.internal".into()));
        for hostile in ["", "web\r\nX: y", "a b", "ü", "fdaa::3"] {
            assert_eq!(host(hostile), None, "{hostile:?}");
        }
    }
}
