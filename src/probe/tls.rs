//! The first flight of TLS: a `ClientHello` for a version with an unencrypted certificate, and the server's response. No
//! handshake is completed.

use super::certificate::Certificate;

/// Record types (RFC 5246 §6.2.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// Handshake messages (RFC 5246 §7.4).
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `TLS 1.2`; absent before its hello.
    pub version: Option<&'static str>,
    /// Its certificate, if received and valid.
    pub certificate: Option<Certificate>,
    /// Number of the alert sent instead (RFC 8446 §6).
    pub alert: Option<u8>,
    /// Whether no more relevant data will follow.
    pub done: bool,
}

/// Whether `bytes` start like TLS.
pub fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [ALERT | HANDSHAKE, 3, ..])
}

/// Parses the received part of a response.
pub fn read(bytes: &[u8]) -> Answer {
    let mut answer = Answer { version: None, certificate: None, alert: None, done: false };
    let mut handshake = Vec::new();
    let mut rest = bytes;
    // Records: type, version, length (RFC 5246 §6.2.1).
    while let [kind, 3, _, high, low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(body) = rest.get(5..5 + length) else { break };
        match (kind, body) {
            (HANDSHAKE, body) => handshake.extend_from_slice(body),
            (ALERT, [_, number, ..]) => {
                (answer.alert, answer.done) = (Some(*number), true);
                break;
            }
            _ => break,
        }
        rest = rest.get(5 + length..).unwrap_or_default();
    }
    let mut rest = handshake.as_slice();
    while let [kind, a, b, c, ..] = *rest {
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let Some(body) = rest.get(4..4 + length) else { break };
        match kind {
            SERVER_HELLO => answer.version = body.get(..2).and_then(version),
            CERTIFICATE => {
                (answer.certificate, answer.done) = (first(body).and_then(Certificate::read), true);
            }
            SERVER_HELLO_DONE => answer.done = true,
            _ => {}
        }
        rest = rest.get(4 + length..).unwrap_or_default();
    }
    answer
}

impl Answer {
    /// One line: `TLS 1.2, certificate of web.example`.
    pub fn words(&self) -> String {
        let version = self.version.unwrap_or("TLS");
        match (&self.certificate, self.alert) {
            (Some(certificate), _) => format!("{version}, {}", certificate.words()),
            (None, Some(number)) => format!("{version}, alert {number}{}", alert_words(number)),
            (None, None) => version.into(),
        }
    }
}

/// The server's own certificate: the first of the list (RFC 5246 §7.4.2).
fn first(list: &[u8]) -> Option<&[u8]> {
    let [_, _, _, a, b, c, rest @ ..] = list else { return None };
    rest.get(..u32::from_be_bytes([0, *a, *b, *c]) as usize)
}

fn version(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [3, 0] => Some("SSL 3.0"),
        [3, 1] => Some("TLS 1.0"),
        [3, 2] => Some("TLS 1.1"),
        [3, 3] => Some("TLS 1.2"),
        _ => None,
    }
}

/// Explanation of an alert in response to a hello.
fn alert_words(number: u8) -> &'static str {
    match number {
        40 => ": no common version or cipher suite",
        49 => ": access denied",
        70 => ": TLS 1.3 only, which encrypts the certificate",
        80 => ": internal error",
        112 => ": unknown server name",
        120 => ": no common application protocol (ALPN)",
        _ => "",
    }
}

/// A `ClientHello` of TLS 1.2 (RFC 5246 §7.4.1.2) that every server answers, if only with an alert. `host` is sent as the
/// server name; never an address (RFC 6066 §3).
pub fn client_hello(host: Option<&str>) -> Vec<u8> {
    // Prefixes bytes with their length (two bytes).
    let counted = |bytes: Vec<u8>| {
        let mut out = (bytes.len() as u16).to_be_bytes().to_vec();
        out.extend(bytes);
        out
    };
    let extension = |kind: u16, body: Vec<u8>| [kind.to_be_bytes().to_vec(), counted(body)].concat();
    let name = |host: &str| extension(0, counted([vec![0], counted(host.as_bytes().to_vec())].concat()));
    let extensions = [
        host.map(name).unwrap_or_default(),
        // Supported groups and point formats (RFC 8422 §5.1), signature algorithms (RFC 8446 §4.2.3). Without
        // supported_versions a server answers as TLS 1.2.
        extension(10, counted(vec![0, 29, 0, 23, 0, 24, 0, 25])),
        extension(11, vec![1, 0]),
        extension(13, counted(vec![8, 7, 4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1])),
    ]
    .concat();
    // The last value is not a suite: it signals secure renegotiation (RFC 5746 §3.3).
    let suites = counted(vec![
        0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x09, 0xc0, 0x13, 0,
        0x9c, 0, 0x9d, 0, 0x2f, 0, 0x35, 0, 0xff,
    ]);
    // The random bytes need not be random here.
    let body = [vec![3, 3], vec![0x36; 32], vec![0], suites, vec![1, 0], counted(extensions)].concat();
    let length = (body.len() as u32).to_be_bytes();
    let handshake = [vec![1], length[1..].to_vec(), body].concat();
    [vec![22, 3, 1], counted(handshake)].concat()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::probe::certificate::tests::der;

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat()
    }

    /// A server's first flight, in records of at most `size` bytes.
    pub(crate) fn flight(size: usize) -> Vec<u8> {
        let der = der();
        let length = |n: usize| (n as u32).to_be_bytes()[1..].to_vec();
        let list = [length(der.len() + 3), length(der.len()), der].concat();
        let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0, 0, 0]].concat();
        let all =
            [message(SERVER_HELLO, &hello), message(CERTIFICATE, &list), message(SERVER_HELLO_DONE, &[])];
        all.concat().chunks(size).flat_map(|piece| record(HANDSHAKE, piece)).collect()
    }

    #[test]
    fn a_certificate_is_read_across_any_record_boundaries() {
        for size in [20, 500, 16_000] {
            let flight = flight(size);
            let answer = read(&flight);
            assert_eq!(answer.version, Some("TLS 1.2"), "{size}");
            assert_eq!(answer.certificate.unwrap().names[0], "web.internal".into());
            // Incomplete prefixes wait for more, and none panics.
            let waits = (0..flight.len()).filter(|length| !read(&flight[..*length]).done).count();
            assert!(waits > 400, "{waits}");
        }
    }

    #[test]
    fn an_alert_is_reported() {
        let answer = read(&record(ALERT, &[2, 70]));
        assert_eq!((answer.alert, answer.done), (Some(70), true));
        assert!(answer.words().contains("TLS 1.3 only"), "{}", answer.words());
        assert_eq!(read(&record(ALERT, &[2, 99])).words(), "TLS, alert 99");
    }

    #[test]
    fn the_hello_has_correct_lengths() {
        for hello in [client_hello(Some("web.internal")), client_hello(None)] {
            assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
            assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
        }
    }
}
