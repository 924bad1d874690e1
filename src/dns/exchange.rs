//! One question put to one server, with everything that came of it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

use super::outcome::Outcome;
use crate::text::ms;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Fully qualified.
    pub name: Name,
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: DNSClass,
}

impl Question {
    /// A question of class IN.
    pub fn new(name: Name, rtype: RecordType) -> Self {
        Self { name, rtype, class: DNSClass::IN }
    }
}

/// How it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of dig's line, each free of the others"
)]
pub struct Options {
    /// The whole time allowed, all tries together.
    pub timeout: Duration,
    /// Straight over TCP.
    pub tcp: bool,
    /// One of many: it waits behind what is asked one by one, and may share the packets of the TCP connection to the
    /// default server.
    pub shared: bool,
    /// RD flag.
    pub recurse: bool,
    /// EDNS payload size in bytes; `None` sends no OPT record. 1,232 fits every path (no fragments come through).
    pub edns: Option<u16>,
    /// EDNS version (RFC 6891 §6.1.3); there is only 0.
    pub edns_version: u8,
    /// Whether BADVERS is asked again with the version that the server has.
    pub negotiate_edns: bool,
    /// DO flag.
    pub dnssec: bool,
    /// AD flag: asks for the AD flag of the answer (RFC 6840 §5.7).
    pub authentic: bool,
    /// CD flag.
    pub unchecked: bool,
    /// Asks for the name of the server (RFC 5001).
    pub nsid: bool,
    /// For whom it is asked (RFC 7871).
    pub subnet: Option<Subnet>,
    /// The cookie that is sent (RFC 7873).
    pub cookie: Option<Cookie>,
    /// Whether BADCOOKIE is asked again with the server's cookie (RFC 7873 §5.3).
    pub renew_cookie: bool,
    /// Whether each message that was sent is kept with what comes of it.
    pub keep_query: bool,
    /// Whether a truncated answer is asked again over TCP.
    pub follow_truncation: bool,
    /// Datagrams at most, and then nothing but waiting; `None` is three of them, and then TCP.
    pub tries: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
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
    /// The address; `None` is no family at all.
    pub address: Option<IpAddr>,
    /// SOURCE PREFIX-LENGTH, in bits.
    pub prefix: u8,
}

/// A DNS cookie (RFC 7873 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cookie {
    /// Eight random bytes for each question.
    Fresh,
    /// These: 8 to 40 bytes, a client cookie and maybe a server's behind it.
    Given(Vec<u8>),
}

/// UDP or TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// RFC 1035 §4.2.1.
    Udp,
    /// RFC 7766.
    Tcp,
}

impl Transport {
    /// `UDP` or `TCP`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// A question, all its tries and its end.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was asked.
    pub question: Question,
    /// Whom.
    pub server: SocketAddrV6,
    /// Every try in order.
    pub tries: Vec<Try>,
    /// The message of each try, where [`Options::keep_query`] asks for them.
    pub sent: Vec<Arc<[u8]>>,
    /// What came of it.
    pub result: Result<Answer, Failure>,
}

/// One datagram, or one message on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// When it left, after the question was put.
    pub sent: Duration,
    /// How.
    pub transport: Transport,
    /// What came back.
    pub end: TryEnd,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TryEnd {
    /// With the answer, after this long.
    Answered(Duration),
    /// With an answer that had to be cut (TC flag), after this long.
    Truncated(Duration),
    /// With FORMERR to a query that had EDNS: asked again without.
    NoEdns(Duration),
    /// With BADCOOKIE: asked again with the server's cookie.
    BadCookie(Duration),
    /// With BADVERS: asked again with this version of EDNS.
    BadVersion(Duration, u8),
    /// With nothing, so far or for good.
    Silent,
    /// With an error from below, in words fit to show.
    Failed(String),
}

/// In words: `answered, after 9.1 ms`.
impl fmt::Display for TryEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("nothing came"),
            Self::Failed(reason) => f.write_str(reason),
            Self::Truncated(after) => write!(f, "cut short (TC), after {} ms", ms(*after)),
            Self::NoEdns(after) => write!(f, "FORMERR, after {} ms: asked again without EDNS", ms(*after)),
            Self::BadCookie(after) => {
                write!(f, "BADCOOKIE, after {} ms: asked again with the server's cookie", ms(*after))
            }
            Self::BadVersion(after, version) => {
                write!(f, "BADVERS, after {} ms: asked again with EDNS version {version}", ms(*after))
            }
            Self::Answered(after) => write!(f, "answered, after {} ms", ms(*after)),
        }
    }
}

/// A message that answers the question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The message.
    pub message: Arc<Message>,
    /// The same as it came.
    pub wire: Arc<[u8]>,
    /// From the try that it answers until it came.
    pub rtt: Duration,
    /// How it came.
    pub transport: Transport,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing came in the time allowed.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The server's host says that the port is closed.
    #[error("the server's port is closed")]
    Refused,
    /// Somebody says that the server cannot be reached.
    #[error("the server cannot be reached ({0})")]
    Unreachable(String),
    /// The connection failed, twice.
    #[error("the TCP connection failed: {0}")]
    Tcp(String),
    /// What came is not a DNS message, though it answers ours.
    #[error("the answer is not a DNS message: {0}")]
    Malformed(String),
    /// The question cannot be written as a message.
    #[error("the question cannot be sent: {0}")]
    Unsendable(String),
    /// The asker has gone: the program is ending.
    #[error("the network was closed")]
    Closed,
}

impl Exchange {
    /// The IPv6 addresses in the answer, in the server's order; records of other types are skipped.
    pub fn addresses(&self) -> Vec<Ipv6Addr> {
        self.answers()
            .filter_map(|data| match data {
                RData::AAAA(aaaa) => Some(aaaa.0),
                _ => None,
            })
            .collect()
    }

    /// The TXT records in the answer: the strings of one record joined without a separator (a name may be cut at
    /// the 255-byte border), the records kept apart.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        self.answers()
            .filter_map(|data| match data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            })
            .collect()
    }

    /// How long the answer stays true, as its server says: the shortest TTL of its records or, where it has none, that
    /// of the SOA record that says so (RFC 2308 §5).
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

    /// The time the answer took, where there is one.
    pub fn rtt(&self) -> Option<Duration> {
        self.result.as_ref().ok().map(|answer| answer.rtt)
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(answer) => Outcome::Rcode(answer.message.metadata.response_code),
            Err(failure) => failure.into(),
        }
    }
}
