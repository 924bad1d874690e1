//! Parameters of SVCB and HTTPS records (RFC 9460 §2.1, §7, appendix A).

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{escaped, ip6, quoted};

/// Keys by number (IANA, Service Parameter Keys).
const KEYS: [&str; 8] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"];

/// All parameters in `data`; `None` if they are truncated, out of order, or invalid for their key.
pub fn params(mut data: &[u8]) -> Option<String> {
    let mut words = Vec::new();
    let mut last = None;
    while !data.is_empty() {
        let (head, rest) = data.split_at_checked(4)?;
        let [key, length] = [0, 2].map(|at| u16::from_be_bytes([head[at], head[at + 1]]));
        let (value, rest) = rest.split_at_checked(length.into())?;
        if last.is_some_and(|last| key <= last) {
            return None;
        }
        last = Some(key);
        data = rest;
        words.push(param(key, value)?);
    }
    Some(words.join(" "))
}

fn key_word(key: u16) -> String {
    KEYS.get(usize::from(key)).map_or_else(|| format!("key{key}"), |word| (*word).to_owned())
}

fn param(key: u16, value: &[u8]) -> Option<String> {
    let text = match (key, value) {
        (2, []) => return Some(key_word(key)),
        (2, _) | (0 | 1 | 3..=6, []) => return None,
        (0, _) => list(value, |pair: [u8; 2]| key_word(u16::from_be_bytes(pair)))?,
        (1, _) => alpn(value)?,
        (3, _) => u16::from_be_bytes(value.try_into().ok()?).to_string(),
        (4, _) => list(value, |ip: [u8; 4]| Ipv4Addr::from(ip).to_string())?,
        (5, _) => BASE64_STANDARD.encode(value),
        (6, _) => list(value, |ip: [u8; 16]| ip6(Ipv6Addr::from(ip)))?,
        (_, []) => return Some(key_word(key)),
        _ => quoted(value),
    };
    Some(format!("{}={text}", key_word(key)))
}

/// Values of fixed size, separated by commas.
fn list<const N: usize>(value: &[u8], word: impl Fn([u8; N]) -> String) -> Option<String> {
    let chunks = value.chunks_exact(N);
    if !chunks.remainder().is_empty() {
        return None;
    }
    let words: Vec<_> = chunks.filter_map(|chunk| chunk.try_into().ok().map(&word)).collect();
    Some(words.join(","))
}

/// Protocol IDs; a comma or backslash in one is escaped for the list, and again for the string around it
/// (RFC 9460 appendix A.1).
fn alpn(mut value: &[u8]) -> Option<String> {
    let mut ids = Vec::new();
    while let Some((&length, rest)) = value.split_first().filter(|(length, _)| **length > 0) {
        let (id, rest) = rest.split_at_checked(length.into())?;
        let mut listed = Vec::with_capacity(id.len());
        for &byte in id {
            if matches!(byte, b',' | b'\\') {
                listed.push(b'\\');
            }
            listed.push(byte);
        }
        ids.push(escaped(&listed));
        value = rest;
    }
    value.is_empty().then(|| format!("\"{}\"", ids.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_as_text() {
        for (wire, want) in [
            (&b""[..], Some("")),
            (b"\0\x01\0\x06\x02h2\x02h3", Some("alpn=\"h2,h3\"")),
            (b"\0\x01\0\x06\x05a,b\\c", Some("alpn=\"a\\\\,b\\\\\\\\c\"")),
            (b"\0\0\0\x04\0\x01\0\x03\0\x03\0\x02\x01\xbb", Some("mandatory=alpn,port port=443")),
            (
                b"\0\x02\0\0\0\x04\0\x08\x01\x02\x03\x04\x05\x06\x07\x08",
                Some("no-default-alpn ipv4hint=1.2.3.4,5.6.7.8"),
            ),
            (b"\0\x05\0\x03abc", Some("ech=YWJj")),
            (b"\xff\0\0\x03a\x1b\"", Some("key65280=\"a\\027\\\"\"")),
            (b"\xff\0\0\0", Some("key65280")),
            // Truncated, a duplicate key, an odd length, an empty protocol.
            (b"\0\x01\0\x06\x02h2", None),
            (b"\xff\0\0\0\xff\0\0\0", None),
            (b"\0\x03\0\x01\x01", None),
            (b"\0\x04\0\x05\x01\x02\x03\x04\x05", None),
            (b"\0\x01\0\x01\0", None),
        ] {
            assert_eq!(params(wire).as_deref(), want, "{wire:?}");
        }
    }
}
