//! The first bytes on a connection: what is said, and what the answer makes of who is there. Bytes in, a word out.

use std::time::Duration;

use crate::text::Safe;

/// The most that is read of an answer.
pub const LONGEST: usize = 512;
/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// A protocol in which a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// HTTP/1.1 (RFC 9112).
    Http,
    /// TLS (RFC 8446).
    Tls,
}

/// What came of speaking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// The protocol that was asked for; its first words: a status line, a record's kind.
    Fits(Safe),
    /// Something else; its first bytes.
    Other(Safe),
    /// The connection was closed without a word.
    Closed,
    /// Nothing was said in time.
    Silent,
}

impl Speech {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
        }
    }

    /// Reads `http` or `tls`.
    pub fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "tls" | "https" => Some(Self::Tls),
            _ => None,
        }
    }

    /// What to say to `host`, a name of letters, digits, dots and hyphens.
    pub fn opening(self, host: &str) -> Vec<u8> {
        match self {
            Self::Http => {
                let line = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sixpane\r\n");
                (line + "Connection: close\r\n\r\n").into_bytes()
            }
            Self::Tls => client_hello(host),
        }
    }

    /// What `answer` says of who is there. Empty is a connection that was closed.
    pub fn judge(self, answer: &[u8]) -> Spoken {
        if answer.is_empty() {
            return Spoken::Closed;
        }
        let line = answer.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
        let shown = |bytes: &[u8]| Safe::new(bytes.get(..60).unwrap_or(bytes));
        match self {
            Self::Http if answer.starts_with(b"HTTP/") => Spoken::Fits(shown(line)),
            Self::Tls => match answer {
                [22, 3, ..] => Spoken::Fits("TLS handshake".into()),
                [21, 3, ..] => Spoken::Fits("TLS alert".into()),
                _ => Spoken::Other(shown(line)),
            },
            Self::Http => Spoken::Other(match answer {
                [21 | 22, 3, ..] => "TLS".into(),
                _ => shown(line),
            }),
        }
    }
}

/// A `ClientHello` (RFC 8446 §4.1.2) that every server of TLS 1.2 or 1.3 answers, be it with an alert.
fn client_hello(host: &str) -> Vec<u8> {
    // A length of two bytes and what it counts.
    let counted = |bytes: Vec<u8>| {
        let mut out = (bytes.len() as u16).to_be_bytes().to_vec();
        out.extend(bytes);
        out
    };
    let extension = |kind: u16, body: Vec<u8>| [kind.to_be_bytes().to_vec(), counted(body)].concat();
    let extensions = [
        // server_name (RFC 6066 §3), supported groups and point formats (RFC 8422 §5.1), signature algorithms
        // (RFC 8446 §4.2.3). Without supported_versions a server answers as TLS 1.2.
        extension(0, counted([vec![0], counted(host.as_bytes().to_vec())].concat())),
        extension(10, counted(vec![0, 29, 0, 23, 0, 24])),
        extension(11, vec![1, 0]),
        extension(13, counted(vec![4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1])),
    ]
    .concat();
    let suites =
        counted(vec![0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0, 0x9c]);
    // The random need not be: nothing is ever agreed upon.
    let body = [vec![3, 3], vec![0x36; 32], vec![0], suites, vec![1, 0], counted(extensions)].concat();
    let length = (body.len() as u32).to_be_bytes();
    let handshake = [vec![1], length[1..].to_vec(), body].concat();
    [vec![22, 3, 1], counted(handshake)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_for_what_it_is() {
        let ssh = Spoken::Other("SSH-2.0-OpenSSH_9.2".into());
        for (speech, answer, told) in [
            (Speech::Http, &b"HTTP/1.1 200 OK\r\nServer: x"[..], Spoken::Fits("HTTP/1.1 200 OK".into())),
            (Speech::Http, b"SSH-2.0-OpenSSH_9.2\r\n", ssh.clone()),
            (Speech::Http, &[21, 3, 1, 0, 2], Spoken::Other("TLS".into())),
            (Speech::Tls, &[22, 3, 3, 0, 9], Spoken::Fits("TLS handshake".into())),
            (Speech::Tls, &[21, 3, 1, 0, 2], Spoken::Fits("TLS alert".into())),
            (Speech::Tls, b"SSH-2.0-OpenSSH_9.2\r\n", ssh),
            (Speech::Tls, b"", Spoken::Closed),
        ] {
            assert_eq!(speech.judge(answer), told, "{speech:?} {answer:?}");
        }
        assert_eq!(Speech::read("HTTPS"), Some(Speech::Tls));
    }

    #[test]
    fn the_hello_counts_itself_right() {
        let hello = Speech::Tls.opening("web.internal");
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
    }
}
