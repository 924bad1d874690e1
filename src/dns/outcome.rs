//! Outcome of a query, to compare or to show.

use std::fmt;

use hickory_proto::op::ResponseCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Rcode(ResponseCode),
    /// No response before the timeout.
    Timeout,
    /// The server's port is closed.
    PortClosed,
    /// The server cannot be reached.
    Unreachable,
    /// A response, but not the whole one: truncated over TCP, or with records that cannot be decoded.
    Incomplete,
    /// The response is not a valid DNS message.
    Malformed,
    /// The query cannot be encoded.
    Unsendable,
    /// The TCP connection failed.
    Tcp,
    /// The network was detached.
    Closed,
}

impl Outcome {
    pub const NOERROR: Self = Self::Rcode(ResponseCode::NoError);
    /// The name does not exist.
    pub const NXDOMAIN: Self = Self::Rcode(ResponseCode::NXDomain);

    /// Whether it settles the existence of the name: NOERROR or NXDOMAIN.
    pub fn is_definite(self) -> bool {
        matches!(self, Self::NOERROR | Self::NXDOMAIN)
    }

    /// Whether the server refused or failed.
    pub fn is_refusal(self) -> bool {
        use ResponseCode::{FormErr, NotAuth, NotImp, Refused, ServFail};
        matches!(self, Self::Rcode(FormErr | NotAuth | NotImp | Refused | ServFail))
    }
}

/// One or two words: an RCODE as in `dig` (IANA, DNS RCODEs), or `timeout` and the like.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rcode(code) => match u16::from(*code) {
                0 => "NOERROR",
                1 => "FORMERR",
                2 => "SERVFAIL",
                3 => "NXDOMAIN",
                4 => "NOTIMP",
                5 => "REFUSED",
                6 => "YXDOMAIN",
                7 => "YXRRSET",
                8 => "NXRRSET",
                9 => "NOTAUTH",
                10 => "NOTZONE",
                16 => "BADVERS",
                23 => "BADCOOKIE",
                other => return write!(f, "RESERVED{other}"),
            },
            Self::Timeout => "timeout",
            Self::PortClosed => "refused",
            Self::Unreachable => "unreachable",
            Self::Incomplete => "incomplete response",
            Self::Malformed => "malformed",
            Self::Unsendable => "unsendable",
            Self::Tcp => "TCP error",
            Self::Closed => "closed",
        })
    }
}
