//! Reaction of a service to a connection: a greeting, a response to HTTP or TLS, a close, a reset, or silence.

use std::time::Duration;

use super::certificate::Certificate;
use super::protocol::{Banner, Protocol};
use super::tls;
use crate::text::Safe;

/// Result of looking at an open port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub end: End,
    /// Time from the request to the first byte of the response that decided; from the connection, if it spoke first.
    pub first_byte: Option<Duration>,
    /// Whether the certificate is for the host that was asked for, where it shows one.
    pub named: Option<bool>,
    /// Time until the look was given up, where nothing decided.
    pub waited: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It sent this before any request.
    SpeaksFirst(Safe),
    Http(Http),
    /// TLS with its version, and a certificate where it shows one.
    Tls(Safe, Option<Box<Certificate>>),
    /// HTTP, but only after a header of the PROXY protocol.
    WantsProxy(Http),
    /// Another response to a request, with its first bytes.
    Other(Safe),
    /// Closed before any request.
    ClosesAtOnce,
    /// Reset before any request.
    ResetsAtOnce,
    /// Closed after each request, without data.
    Closes,
    /// Reset after each request, without data.
    Resets,
    /// No data at all.
    Silent,
}

/// Status line and redirect of an HTTP response (RFC 9112 §4, RFC 9110 §10.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    pub line: Safe,
    pub status: u16,
    /// `Location` of a redirect.
    pub location: Option<Safe>,
}

impl Http {
    /// Parses the head of a response; `None` if it is not HTTP.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(b"HTTP/") {
            return None;
        }
        let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let line = lines.next()?;
        let status = std::str::from_utf8(line.split(|&byte| byte == b' ').nth(1)?).ok()?.parse().ok()?;
        let location = lines.take_while(|line| !line.is_empty()).find_map(|line| {
            let at = line.iter().position(|&byte| byte == b':')?;
            let (name, value) = line.split_at(at);
            name.eq_ignore_ascii_case(b"location").then(|| Safe::new(shortened(value[1..].trim_ascii(), 200)))
        });
        let location = location.filter(|_| (300..400).contains(&status));
        Some(Self { line: Safe::new(shortened(line, 60)), status, location })
    }
}

fn shortened(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

impl End {
    /// Result of a `request` in `protocol`, from the bytes of the response; `None` where they do not decide.
    pub fn of(protocol: Protocol, response: &[u8]) -> Option<Self> {
        if let Some(http) = Http::read(response) {
            // A TLS server may reject plain HTTP in plain HTTP; plain HTTP rejects a hello of TLS.
            let decides = (protocol == Protocol::Http) == (http.status != 400);
            return (decides || protocol == Protocol::Tls).then_some(Self::Http(http));
        }
        if tls::is_tls(response) {
            // An alert in response to plain text.
            return (protocol == Protocol::Tls).then(|| {
                let read = tls::read(response);
                let words = Safe::new(if read.certificate.is_some() {
                    read.version.unwrap_or("TLS").to_owned()
                } else {
                    read.words()
                });
                Self::Tls(words, read.certificate.map(Box::new))
            });
        }
        let line = response.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        (!response.is_empty()).then(|| Self::Other(Safe::new(shortened(line, 60))))
    }
}

impl Service {
    /// The result as a check of `protocol` alone.
    pub fn banner(&self, protocol: Protocol) -> Banner {
        match &self.end {
            End::Http(http) if protocol == Protocol::Http => Banner::Fits(http.line.clone()),
            End::Tls(version, certificate) if protocol == Protocol::Tls => match certificate {
                Some(certificate) => Banner::Certified(version.clone(), certificate.clone()),
                None => Banner::Fits(version.clone()),
            },
            End::Http(http) => Banner::Other(http.line.clone()),
            End::Tls(version, _) => Banner::Other(version.clone()),
            End::SpeaksFirst(text) | End::Other(text) => Banner::Other(text.clone()),
            End::ClosesAtOnce | End::ResetsAtOnce | End::Closes | End::Resets | End::WantsProxy(_) => {
                Banner::Closed
            }
            End::Silent => Banner::NoData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_a_redirect_are_read() {
        let moved = b"HTTP/1.1 301 Moved\r\nServer: x\r\nlocation: https://web.example/\r\n\r\n";
        let http = Http::read(moved).unwrap();
        assert_eq!((http.status, http.line.as_str()), (301, "HTTP/1.1 301 Moved"));
        assert_eq!(http.location, Some("https://web.example/".into()));
        let body = b"HTTP/1.0 503 Unavailable\r\n\r\nLocation: nowhere";
        assert_eq!(Http::read(body).map(|http| (http.status, http.location)), Some((503, None)));
        for other in [&b""[..], b"SSH-2.0", b"HTTP/1.1", b"HTTP/1.1 abc", b"HTTP/1.1 \xff"] {
            assert_eq!(Http::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_response_decides_unless_it_only_rejects_the_request() {
        let of = |protocol, bytes: &[u8]| End::of(protocol, bytes);
        assert!(matches!(
            of(Protocol::Http, b"HTTP/1.1 502 Bad\r\n\r\n"),
            Some(End::Http(Http { status: 502, .. }))
        ));
        assert_eq!(of(Protocol::Http, b"HTTP/1.0 400 Bad\r\n\r\n"), None, "so does HTTPS");
        assert!(matches!(of(Protocol::Tls, b"HTTP/1.1 400 Bad\r\n\r\n"), Some(End::Http(_))));
        assert_eq!(of(Protocol::Http, &[21, 3, 1, 0, 2, 2, 10]), None);
        let alert = Some(End::Tls("TLS, alert 255".into(), None));
        assert_eq!(of(Protocol::Tls, &[21, 3, 1, 0, 2, 2, 255]), alert);
        assert_eq!(of(Protocol::Http, b"-ERR unknown\r\n"), Some(End::Other("-ERR unknown".into())));
        assert_eq!(of(Protocol::Http, b""), None);
    }
}
