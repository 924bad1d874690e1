//! `+multiline`: record data over several lines, with comments on its numbers, as in `dig`.

use std::fmt::Write as _;

use super::rdata::rare;
use super::rdata::{self, Word};
use super::types::Field;
use super::wire::{Parts, Row};

/// Indentation of the data, in tabs.
const INDENT: &str = "\n\t\t\t\t";
/// Hexadecimal or base64 digits per line.
const GROUP: usize = 44;

const SOA: u16 = 6;
const KEYS: [u16; 3] = [25, 48, 60];
const IPSECKEY: u16 = 45;
const SIGNATURES: [u16; 2] = [24, 46];
const DHCID: u16 = 49;
const NSEC3: u16 = 50;
const OPENPGPKEY: u16 = 61;

/// The data of `row`, possibly over several lines.
pub fn data(parts: &Parts<'_>, row: &Row) -> String {
    let raw = parts.rdata(row);
    let Some(words) = rdata::words(parts.wire, &row.rdata, row.rtype, row.class) else {
        return unknown(raw);
    };
    let texts: Vec<&str> =
        words.iter().map(|word| word.text.as_str()).filter(|text| !text.is_empty()).collect();
    match row.rtype {
        SOA => soa(&words, parts),
        OPENPGPKEY => format!("( {} )", wrapped(&words)),
        DHCID => match raw {
            // Identifier type, digest type, then the digest (RFC 4701 §3.3).
            [high, low, digest, rest @ ..] => {
                let kind = u16::from_be_bytes([*high, *low]);
                format!("( {} ) ; {kind} {digest} {}", wrapped(&words), rest.len())
            }
            _ => format!("( {} )", wrapped(&words)),
        },
        code if KEYS.contains(&code) => {
            let [flags_high, flags_low, _, algorithm, ..] = raw else { return texts.join(" ") };
            let flags = u16::from_be_bytes([*flags_high, *flags_low]);
            let kind = match (flags & 1, flags & 0x80) {
                (0, _) => "ZSK",
                (_, 0) => "KSK",
                _ => "revoked KSK",
            };
            format!(
                "{} ({INDENT}{}{INDENT}) ; {kind}; alg = {} ; key id = {}",
                head(&words, 3),
                wrapped(&words),
                rare::algorithm(*algorithm),
                key_tag(raw)
            )
        }
        IPSECKEY => format!("( {}{INDENT}{} )", head(&words, 4), wrapped(&words)),
        NSEC3 => {
            let (Some(next), Some(types)) = (words.get(4), words.get(5)) else { return texts.join(" ") };
            let types = if types.text.is_empty() { String::new() } else { format!("{INDENT}{}", types.text) };
            format!("{} ({INDENT}{}{types} )", head(&words, 4), next.text)
        }
        code if SIGNATURES.contains(&code) => {
            let rest: Vec<&str> = words.iter().skip(4).take(4).map(|word| word.text.as_str()).collect();
            format!("{} ({INDENT}{}{INDENT}{} )", head(&words, 4), rest.join(" "), wrapped(&words))
        }
        _ => match words.split_last() {
            Some((last, before))
                if matches!(last.field, Field::Digest | Field::Base64) && !before.is_empty() =>
            {
                format!("{} ({INDENT}{} )", head(&words, before.len()), wrapped(&words))
            }
            _ => texts.join(" "),
        },
    }
}

/// The first `count` fields.
fn head(words: &[Word], count: usize) -> String {
    let words: Vec<&str> = words.iter().take(count).map(|word| word.text.as_str()).collect();
    words.join(" ")
}

/// The last field, split into lines.
fn wrapped(words: &[Word]) -> String {
    lines(&words.last().map(|word| word.text.replace(' ', "")).unwrap_or_default())
}

/// Splits `digits` (ASCII) into lines.
fn lines(digits: &str) -> String {
    let lines: Vec<_> = digits.as_bytes().chunks(GROUP).map(String::from_utf8_lossy).collect();
    lines.join(INDENT)
}

/// Unknown type (RFC 3597 §5).
fn unknown(data: &[u8]) -> String {
    if data.is_empty() {
        return rdata::bytes(data);
    }
    format!("\\# {} ( {} )", data.len(), lines(&rdata::hex(data)))
}

fn soa(words: &[Word], parts: &Parts<'_>) -> String {
    let mut out = format!("{} (", head(words, 2));
    let names = ["serial", "refresh", "retry", "expire", "minimum"];
    for (at, (name, word)) in names.iter().zip(words.iter().skip(2)).enumerate() {
        out.push_str(INDENT);
        let _ = write!(out, "{:<10} ; {name}", word.text);
        let seconds = parts.wire.get(word.place.clone()).and_then(|bytes| bytes.try_into().ok());
        if let (1.., Some(seconds)) = (at, seconds) {
            let _ = write!(out, " ({})", span(u32::from_be_bytes(seconds)));
        }
    }
    out + INDENT + ")"
}

/// Seconds as text: `1 week 2 days`.
fn span(seconds: u32) -> String {
    let units = [("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let mut left = seconds;
    let mut words = Vec::new();
    for (unit, length) in units {
        let n = left / length;
        left %= length;
        if n > 0 || (unit == "second" && words.is_empty()) {
            words.push(format!("{n} {unit}{}", if n == 1 { "" } else { "s" }));
        }
    }
    words.join(" ")
}

/// The key tag (RFC 4034 appendix B).
fn key_tag(data: &[u8]) -> u16 {
    // RSA/MD5 has its own rule (appendix B.1).
    if data.get(3) == Some(&1) {
        return match data {
            [.., high, low, _] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
    }
    let sum: u32 = data
        .iter()
        .enumerate()
        .map(|(at, byte)| if at % 2 == 0 { u32::from(*byte) << 8 } else { u32::from(*byte) })
        .fold(0, u32::wrapping_add);
    (sum.wrapping_add(sum >> 16 & 0xffff) & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_text() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (3600, "1 hour"),
            (694_861, "1 week 1 day 1 hour 1 minute 1 second"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }
}
