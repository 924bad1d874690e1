//! One query to one server: its tries and its outcome.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

use super::outcome::Outcome;
use crate::text::ms;

/// Question section of a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    pub name: Name,
    pub rtype: RecordType,
    pub class: DNSClass,
}

impl Question {
    pub fn new(name: Name, rtype: RecordType) -> Self {
        Self { name, rtype, class: DNSClass::IN }
    }
}

/// Parameters of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of a dig line, independent of each other")]
pub struct Options {
    /// Timeout of the whole query, including retries.
    pub timeout: Duration,
    /// Whether a slow link makes the timeout longer; not where a user has set it.
    pub patient: bool,
    /// Use TCP from the start.
    pub tcp: bool,
    /// One of many: lower priority than single queries; may share the TCP connection to the default server.
    pub shared: bool,
    pub recurse: bool,
    /// EDNS payload size in bytes; `None` sends no OPT record. 1,232 fits every path (no fragments come through).
    pub edns: Option<u16>,
    /// EDNS version (RFC 6891 §6.1.3); only 0 is defined.
    pub edns_version: u8,
    /// Whether to retry after BADVERS with the server's version.
    pub negotiate_edns: bool,
    pub dnssec: bool,
    /// AD flag: requests the AD flag in the response (RFC 6840 §5.7).
    pub authentic: bool,
    pub unchecked: bool,
    /// Request the server's identifier (RFC 5001).
    pub nsid: bool,
    /// Client subnet (RFC 7871).
    pub subnet: Option<Subnet>,
    /// DNS cookie (RFC 7873).
    pub cookie: Option<Cookie>,
    /// Whether to retry after BADCOOKIE with the server's cookie (RFC 7873 §5.3).
    pub renew_cookie: bool,
    /// Whether to keep each sent message in the result.
    pub keep_query: bool,
    /// Whether to repeat a truncated query over TCP.
    pub follow_truncation: bool,
    /// Maximum number of datagrams, without fallback to TCP; `None`: three datagrams, then TCP.
    pub tries: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            patient: true,
            tcp: false,
            shared: false,
            recurse: true,
            edns: Some(1232),
            edns_version: 0,
            negotiate_edns: true,
            dnssec: false,
            authentic: false,
            unchecked: false,
            nsid: false,
            subnet: None,
            cookie: None,
            renew_cookie: true,
            keep_query: false,
            follow_truncation: true,
            tries: None,
        }
    }
}

/// A client subnet (RFC 7871 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    /// `None`: no address family.
    pub address: Option<IpAddr>,
    /// SOURCE PREFIX-LENGTH, in bits.
    pub prefix: u8,
}

/// A DNS cookie (RFC 7873 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cookie {
    /// Eight random bytes per query.
    Fresh,
    /// 8 to 40 bytes: a client cookie, optionally followed by a server cookie.
    Given(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// RFC 1035 §4.2.1.
    Udp,
    /// RFC 7766.
    Tcp,
}

impl Transport {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// A query, its tries and its outcome.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub question: Question,
    pub server: SocketAddrV6,
    /// All tries in order.
    pub tries: Vec<Try>,
    /// The message of each try, if [`Options::keep_query`] is set.
    pub sent: Vec<Arc<[u8]>>,
    pub result: Result<Answer, Failure>,
}

/// One datagram, or one message on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Time of departure, since the query was submitted.
    pub sent: Duration,
    pub transport: Transport,
    pub end: TryEnd,
}

/// Result of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TryEnd {
    /// Response received, after this time.
    Response(Duration),
    /// Truncated response (TC flag), after this time.
    Truncated(Duration),
    /// FORMERR to a query with EDNS: retried without.
    NoEdns(Duration),
    /// BADCOOKIE: retried with the server's cookie.
    BadCookie(Duration),
    /// BADVERS: retried with this version of EDNS.
    BadVersion(Duration, u8),
    /// No response, so far or at all.
    NoResponse,
    /// Error of the network, as text.
    Failed(String),
}

/// As text: `response after 9.1 ms`.
impl fmt::Display for TryEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoResponse => f.write_str("no response"),
            Self::Failed(reason) => f.write_str(reason),
            Self::Truncated(after) => write!(f, "truncated (TC) after {} ms", ms(*after)),
            Self::NoEdns(after) => write!(f, "FORMERR after {} ms: retried without EDNS", ms(*after)),
            Self::BadCookie(after) => {
                write!(f, "BADCOOKIE after {} ms: retried with the server's cookie", ms(*after))
            }
            Self::BadVersion(after, version) => {
                write!(f, "BADVERS after {} ms: retried with EDNS version {version}", ms(*after))
            }
            Self::Response(after) => write!(f, "response after {} ms", ms(*after)),
        }
    }
}

/// A response to the query.
#[derive(Debug, Clone)]
pub struct Answer {
    pub message: Arc<Message>,
    pub wire: Arc<[u8]>,
    /// Time from the try that the response belongs to.
    pub rtt: Duration,
    pub transport: Transport,
}

impl Answer {
    /// Whether the answer section is whole: not truncated, and each record decoded.
    pub fn is_complete(&self) -> bool {
        let promised = self.wire.get(6..8).map(|count| usize::from(u16::from_be_bytes([count[0], count[1]])));
        !self.message.metadata.truncation && promised == Some(self.message.answers.len())
    }
}

/// Reason for the lack of a response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("no response within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Port closed, by ICMPv6.
    #[error("the server's port is closed")]
    Refused,
    #[error("the server is unreachable ({0})")]
    Unreachable(String),
    /// The TCP connection failed twice.
    #[error("the TCP connection failed: {0}")]
    Tcp(String),
    /// The response is not a valid DNS message.
    #[error("the response is not a DNS message: {0}")]
    Malformed(String),
    /// The query cannot be encoded.
    #[error("the query cannot be sent: {0}")]
    Unsendable(String),
    /// The client has ended with the program.
    #[error("the network was detached")]
    Closed,
}

impl Exchange {
    /// IPv6 addresses in the answer section, in the server's order.
    pub fn addresses(&self) -> Vec<Ipv6Addr> {
        self.answers()
            .filter_map(|data| match data {
                RData::AAAA(aaaa) => Some(aaaa.0),
                _ => None,
            })
            .collect()
    }

    /// TXT records in the answer section. The strings of one record are joined without a separator (a name may cross the
    /// 255-byte boundary); records stay separate.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        self.answers()
            .filter_map(|data| match data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            })
            .collect()
    }

    /// Validity of the response: the shortest TTL of its records, or without records that of the SOA record
    /// (RFC 2308 §5).
    pub fn ttl(&self) -> Option<Duration> {
        let message = &self.result.as_ref().ok()?.message;
        let seconds = message.answers.iter().map(|record| record.ttl).min().or_else(|| {
            message.authorities.iter().find_map(|record| match &record.data {
                RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
                _ => None,
            })
        })?;
        Some(Duration::from_secs(seconds.into()))
    }

    fn answers(&self) -> impl Iterator<Item = &RData> {
        self.result.iter().flat_map(|answer| answer.message.answers.iter().map(|record| &record.data))
    }

    /// Round-trip time of the response, if there is one.
    pub fn rtt(&self) -> Option<Duration> {
        self.result.as_ref().ok().map(|answer| answer.rtt)
    }

    /// The outcome as a statement on what exists: that a record is not in an incomplete response says nothing.
    pub fn settled(&self) -> Outcome {
        match &self.result {
            Ok(answer) if !answer.is_complete() => Outcome::Incomplete,
            _ => self.outcome(),
        }
    }

    /// Whether the records of a truncated response were accepted, as `+ignore` of dig wants.
    pub fn ignores_truncation(&self) -> bool {
        self.result.as_ref().is_ok_and(|answer| {
            let truncated = answer.message.metadata.truncation && answer.transport == Transport::Udp;
            truncated && !answer.message.answers.is_empty()
        })
    }

    /// The response code, or the reason for the lack of a response.
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(answer) => Outcome::Rcode(answer.message.metadata.response_code),
            Err(failure) => failure.into(),
        }
    }
}

impl From<&Failure> for Outcome {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Timeout(_) => Self::Timeout,
            Failure::Refused => Self::PortClosed,
            Failure::Unreachable(_) => Self::Unreachable,
            Failure::Malformed(_) => Self::Malformed,
            Failure::Unsendable(_) => Self::Unsendable,
            Failure::Tcp(_) => Self::Tcp,
            Failure::Closed => Self::Closed,
        }
    }
}
