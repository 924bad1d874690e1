//! Protocol check: the first bytes sent on a connection, and the protocol recognised from the response.

use std::net::SocketAddrV6;
use std::time::Duration;

use super::certificate::Certificate;
use super::tls;
use crate::text::Safe;

/// Maximum size of a response in bytes: longer than any certificate chain.
pub const LONGEST: usize = 32 * 1024;
/// Timeout of a response.
pub const PATIENCE: Duration = Duration::from_millis(1500);
/// Maximum length of a line in bytes.
const LINE: usize = 512;

/// A protocol that can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http,
    /// TLS (RFC 5246, RFC 8446).
    Tls,
}

/// Protocols to check on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// The likely ones: see [`guesses`].
    Any,
    Only(Protocol),
}

/// Result of a protocol check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Banner {
    /// The expected protocol, with its first line or version.
    Fits(Safe),
    /// TLS with its version and certificate.
    Certified(Safe, Box<Certificate>),
    /// Another protocol, with the first bytes received.
    Other(Safe),
    /// Connection closed without data.
    Closed,
    /// No data before the timeout.
    NoData,
}

/// A protocol check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolCheck {
    pub protocol: Protocol,
    pub banner: Banner,
}

impl ProtocolCheck {
    /// The protocol of the service, if recognised.
    pub fn recognised(&self) -> Option<Protocol> {
        self.banner.fits().then_some(self.protocol)
    }
}

/// Protocols to try on an unknown port, the likelier first. The second is tried if the first result is not
/// [conclusive](Banner::is_conclusive).
pub fn guesses(port: u16) -> [Protocol; 2] {
    /// Ports that start with TLS, from IANA's registry and by custom.
    const TLS: [u16; 12] = [443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 5671, 8883];
    if TLS.contains(&port) || port % 1000 == 443 {
        [Protocol::Tls, Protocol::Http]
    } else {
        [Protocol::Http, Protocol::Tls]
    }
}

impl Banner {
    /// Whether the response has the expected protocol.
    pub fn fits(&self) -> bool {
        matches!(self, Self::Fits(_) | Self::Certified(..))
    }

    /// Whether the response identifies the service, so that no other protocol is tried.
    pub fn is_conclusive(&self) -> bool {
        match self {
            // A TLS server may reject plain HTTP in plain HTTP.
            Self::Fits(text) => !text.as_str().contains(" 400"),
            Self::Certified(..) => true,
            Self::Other(text) => text.as_str() != TLS_REPLY && !text.as_str().starts_with("HTTP/"),
            Self::Closed | Self::NoData => false,
        }
    }

    /// One line: a status line, a certificate, or other data.
    pub fn words(&self) -> String {
        match self {
            Self::Fits(text) => text.to_string(),
            Self::Certified(version, certificate) => format!("{version}, {}", certificate.words()),
            Self::Other(text) => format!("other protocol: {text}"),
            Self::Closed => "closed without data".into(),
            Self::NoData => "no data".into(),
        }
    }
}

/// Shown when TLS responds to plain text.
const TLS_REPLY: &str = "TLS";

impl Protocol {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
        }
    }

    /// Parses `http` or `tls`.
    pub fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "tls" | "https" => Some(Self::Tls),
            _ => None,
        }
    }

    /// First bytes to send to the service at `to`, for the validated name `host` or else for its address.
    pub fn opening(self, host: Option<&str>, to: SocketAddrV6) -> Vec<u8> {
        match self {
            Self::Http => {
                let own = format!("[{}]", to.ip());
                let host = host.unwrap_or(&own);
                let port = if to.port() == 80 { String::new() } else { format!(":{}", to.port()) };
                let line = format!("HEAD / HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: sixpane\r\n");
                (line + "Connection: close\r\n\r\n").into_bytes()
            }
            Self::Tls => tls::client_hello(host),
        }
    }

    /// Whether more data would add nothing to `answer`.
    pub fn is_enough(self, answer: &[u8]) -> bool {
        let line = answer.contains(&b'\n') || answer.len() >= LINE;
        if tls::is_tls(answer) {
            self == Self::Http || tls::read(answer).done || answer.len() >= LONGEST
        } else {
            // The first five bytes show whether it is TLS.
            line && (self == Self::Http || answer.len() >= 5)
        }
    }

    /// Evaluates `answer`; empty means that the connection was closed.
    pub fn judge(self, answer: &[u8]) -> Banner {
        if answer.is_empty() {
            return Banner::Closed;
        }
        let line = answer.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        let shown = |bytes: &[u8]| Safe::new(bytes.get(..60).unwrap_or(bytes));
        match self {
            Self::Http if answer.starts_with(b"HTTP/") => Banner::Fits(shown(line)),
            Self::Tls if tls::is_tls(answer) => {
                let answer = tls::read(answer);
                let version = Safe::new(answer.version.unwrap_or("TLS"));
                match answer.certificate {
                    Some(certificate) => Banner::Certified(version, Box::new(certificate)),
                    None => Banner::Fits(Safe::new(answer.words())),
                }
            }
            Self::Http if tls::is_tls(answer) => Banner::Other(TLS_REPLY.into()),
            Self::Http | Self::Tls => Banner::Other(shown(line)),
        }
    }
}

impl Protocols {
    /// Parses `any`, `http` or `tls`.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            other => Protocol::read(other).map(Self::Only),
        }
    }

    /// Protocols to try on a port, in order.
    pub fn in_order(self, port: u16) -> Vec<Protocol> {
        match self {
            Self::Any => guesses(port).to_vec(),
            Self::Only(protocol) => vec![protocol],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::tls::tests::flight;

    #[test]
    fn responses_are_recognised() {
        let ssh = Banner::Other("SSH-2.0-OpenSSH_9.2".into());
        for (protocol, answer, expected) in [
            (Protocol::Http, &b"HTTP/1.1 200 OK\r\nServer: x"[..], Banner::Fits("HTTP/1.1 200 OK".into())),
            (Protocol::Http, b"SSH-2.0-OpenSSH_9.2\r\n", ssh.clone()),
            (Protocol::Http, &[21, 3, 1, 0, 2, 2, 10], Banner::Other("TLS".into())),
            (Protocol::Tls, &[22, 3, 3, 0, 9], Banner::Fits("TLS".into())),
            (Protocol::Tls, &[21, 3, 1, 0, 2, 2, 255], Banner::Fits("TLS, alert 255".into())),
            (Protocol::Tls, b"SSH-2.0-OpenSSH_9.2\r\n", ssh),
            (Protocol::Tls, b"", Banner::Closed),
        ] {
            assert_eq!(protocol.judge(answer), expected, "{protocol:?} {answer:?}");
            assert!(protocol.is_enough(answer) || answer.len() < 7, "{protocol:?} {answer:?}");
        }
        assert_eq!(Protocol::read("HTTPS"), Some(Protocol::Tls));
    }

    #[test]
    fn a_certificate_is_shown_by_its_names() {
        let banner = Protocol::Tls.judge(&flight(700));
        assert_eq!(
            banner.words(),
            "TLS 1.2, certificate of web.internal and 2 more names, by web.example, until 2036-11-22"
        );
        assert!(banner.fits() && banner.is_conclusive() && Protocol::Tls.is_enough(&flight(700)));
    }

    #[test]
    fn reading_continues_until_the_response_is_conclusive() {
        for (protocol, cut) in [
            (Protocol::Http, &b"HTTP/1.1 200"[..]),
            (Protocol::Tls, b"HT"),
            (Protocol::Tls, &[22, 3]),
            (Protocol::Tls, &[22, 3, 3, 0, 9, 2]),
        ] {
            assert!(!protocol.is_enough(cut), "{cut:?}");
        }
        // An endless response is cut off.
        assert!(Protocol::Http.is_enough(&[b'x'; LINE]));
        assert!(Protocol::Tls.is_enough(&[[22, 3, 3, 255, 255].repeat(7000)].concat()));
    }

    #[test]
    fn an_inconclusive_response_leads_to_a_second_check() {
        assert_eq!(guesses(443), [Protocol::Tls, Protocol::Http]);
        assert_eq!(guesses(8443), [Protocol::Tls, Protocol::Http]);
        assert_eq!(guesses(8080), [Protocol::Http, Protocol::Tls]);
        let conclusive = |protocol: Protocol, answer: &[u8]| protocol.judge(answer).is_conclusive();
        assert!(
            conclusive(Protocol::Http, b"HTTP/1.1 404 Not Found\r\n")
                && conclusive(Protocol::Tls, b"220 mail\r\n")
        );
        assert!(!conclusive(Protocol::Http, b"HTTP/1.0 400 Bad Request\r\n"), "so does HTTPS");
        assert!(
            !conclusive(Protocol::Http, &[21, 3, 1, 0, 2]) && !conclusive(Protocol::Tls, b"HTTP/1.1 400\r\n")
        );
    }

    #[test]
    fn the_host_is_sent_in_the_form_of_each_protocol() {
        let to: SocketAddrV6 = "[fdaa::2]:8080".parse().unwrap();
        let said = |host| String::from_utf8(Protocol::Http.opening(host, to)).unwrap();
        assert!(said(Some("web.internal")).contains("\r\nHost: web.internal:8080\r\n"));
        assert!(said(None).contains("\r\nHost: [fdaa::2]:8080\r\n"));
        let hello = Protocol::Tls.opening(Some("web.internal"), to);
        assert!(hello.windows(12).any(|bytes| bytes == b"web.internal"));
    }
}
