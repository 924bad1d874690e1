//! What a TCP connection to a port came to: values only.

use std::net::SocketAddrV6;
use std::time::Duration;

use crate::text::Safe;

/// A port that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// How its host is called.
    pub label: Safe,
    /// Where.
    pub to: SocketAddrV6,
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
