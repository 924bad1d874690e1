//! Annotated bytes of a message: the fields of RFC 1035 §4.1 in order, with their values as text.

use std::ops::Range;

use hickory_proto::rr::Name;

use super::edns;
use super::rdata;
use super::types::{Field, class_word, type_word};
use super::wire::{FLAGS, Parts, Row, opcode_word};
use crate::dns::names;
use crate::dns::outcome::Outcome;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Position in the message; never empty.
    pub place: Range<usize>,
    /// Name of the field: `answer 2 TTL`.
    pub name: String,
    pub value: String,
}

/// Splits `parts` into fields, each byte in exactly one; unreadable bytes are one field at the end.
pub fn spans(parts: &Parts<'_>) -> Vec<Span> {
    let mut out = Writer { spans: Vec::new(), at: 0, wire: parts.wire };
    out.header(parts);
    for (n, question) in parts.questions.iter().enumerate() {
        let of = format!("question {}", n + 1);
        out.name(question.place.end - 4, format!("{of} QNAME"), &question.name);
        out.put(2, format!("{of} QTYPE"), type_word(question.rtype));
        out.put(2, format!("{of} QCLASS"), class_word(question.class));
    }
    // In the order of the message: OPT may be among the additional records.
    let titles = ["answer", "authority", "additional"];
    let mut rows: Vec<(String, &Row, bool)> = Vec::new();
    for (title, section) in titles.iter().zip(&parts.sections) {
        rows.extend(section.iter().enumerate().map(|(n, row)| (format!("{title} {}", n + 1), row, false)));
    }
    rows.extend(parts.opt.iter().map(|opt| ("OPT".to_owned(), opt, true)));
    rows.sort_by_key(|(_, row, _)| row.start);
    for (of, row, is_opt) in rows {
        out.record(parts, &of, row, is_opt);
    }
    if out.at < parts.wire.len() {
        let rest = parts.wire.len() - out.at;
        out.put(
            rest,
            "not parsed".into(),
            format!("{} outside of records", crate::text::count(rest, "byte")),
        );
    }
    out.spans
}

struct Writer<'m> {
    spans: Vec<Span>,
    at: usize,
    wire: &'m [u8],
}

impl Writer<'_> {
    fn put(&mut self, length: usize, name: String, value: String) {
        let end = (self.at + length).min(self.wire.len());
        if end > self.at {
            self.spans.push(Span { place: self.at..end, name, value });
            self.at = end;
        }
    }

    /// A name that ends at `end`.
    fn name(&mut self, end: usize, title: String, name: &Name) {
        let field = self.wire.get(self.at..end).unwrap_or_default();
        // A name that does not end with the root ends with a pointer (RFC 1035 §4.1.4).
        let pointer = match field {
            [.., high, low] if !ends_with_root(field) => {
                format!("  (→ byte {})", usize::from(high & 0x3f) << 8 | usize::from(*low))
            }
            _ => String::new(),
        };
        self.put(end.saturating_sub(self.at), title, names::show(name) + &pointer);
    }

    fn header(&mut self, parts: &Parts<'_>) {
        self.put(2, "header ID".into(), parts.id.to_string());
        let words: Vec<_> = FLAGS.iter().filter(|(_, bit)| parts.flag(*bit)).map(|(word, _)| *word).collect();
        let rcode = Outcome::Rcode((parts.flags & 0xf).into());
        let value = format!("{} · {} · {rcode}", words.join(" "), opcode_word(parts.opcode()));
        self.put(2, "header flags".into(), value);
        for (count, title) in parts.counts.iter().zip(["QDCOUNT", "ANCOUNT", "NSCOUNT", "ARCOUNT"]) {
            self.put(2, format!("header {title}"), count.to_string());
        }
    }

    fn record(&mut self, parts: &Parts<'_>, of: &str, row: &Row, is_opt: bool) {
        // Type, class, TTL and RDLENGTH take ten bytes.
        self.name(row.rdata.start - 10, format!("{of} NAME"), &row.owner);
        self.put(2, format!("{of} TYPE"), type_word(row.rtype));
        if is_opt {
            // RFC 6891 §6.1.3.
            self.put(2, format!("{of} UDP payload size"), row.class.to_string());
            self.put(1, format!("{of} extended RCODE"), (row.ttl >> 24).to_string());
            self.put(1, format!("{of} version"), (row.ttl >> 16 & 0xff).to_string());
            let flags = if row.ttl & 0x8000 == 0 { "none" } else { "DO" };
            self.put(2, format!("{of} flags"), flags.into());
        } else {
            self.put(2, format!("{of} CLASS"), class_word(row.class));
            self.put(4, format!("{of} TTL"), format!("{} s", row.ttl));
        }
        self.put(2, format!("{of} RDLENGTH"), row.rdata.len().to_string());
        if is_opt {
            for option in edns::options(parts.rdata(row)) {
                self.put(2, format!("{of} option code"), option.code.to_string());
                self.put(2, format!("{of} option length"), option.value.len().to_string());
                self.put(option.value.len(), format!("{of} option"), edns::words(option.code, option.value));
            }
        } else if let Some(words) = rdata::words(parts.wire, &row.rdata, row.rtype, row.class) {
            let labels = labels(row.rtype);
            for (n, word) in words.iter().enumerate() {
                let title = format!("{of} {}", labels.get(n).copied().unwrap_or(kind(word.field)));
                match &word.name {
                    Some(name) => self.name(word.place.end, title, name),
                    None if word.field == Field::Texts => self.texts(word.place.end, &title),
                    None => self.put(word.place.len(), title, word.text.clone()),
                }
            }
        }
        let rest = row.rdata.end.saturating_sub(self.at);
        let value = self.wire.get(self.at..row.rdata.end).map(rdata::bytes).unwrap_or_default();
        self.put(rest, format!("{of} RDATA"), value);
    }

    /// Character-strings up to `end`: length and text of each.
    fn texts(&mut self, end: usize, title: &str) {
        let mut n = 0;
        while self.at < end {
            n += 1;
            let length = self.wire.get(self.at).copied().unwrap_or(0);
            self.put(1, format!("{title} {n} length"), length.to_string());
            let text = self.wire.get(self.at..end.min(self.at + usize::from(length))).unwrap_or_default();
            self.put(text.len(), format!("{title} {n}"), rdata::quoted(text));
        }
    }
}

/// Whether the labels of `name` end with the root, not with a pointer.
fn ends_with_root(name: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&length) = name.get(at) {
        match length {
            0 => return at + 1 == name.len(),
            1..=63 => at += 1 + usize::from(length),
            _ => return false,
        }
    }
    false
}

/// Names of a type's fields, from its RFC.
fn labels(rtype: u16) -> &'static [&'static str] {
    match rtype {
        1 | 28 => &["address"],
        2 => &["name server"],
        5 => &["canonical name"],
        6 => &["MNAME", "RNAME", "serial", "refresh", "retry", "expire", "minimum"],
        12 => &["PTRDNAME"],
        15 | 21 | 36 => &["preference", "exchange"],
        16 | 99 => &["string"],
        33 => &["priority", "weight", "port", "target"],
        37 => &["certificate type", "key tag", "algorithm", "certificate"],
        45 => &["precedence", "gateway type", "algorithm", "gateway", "public key"],
        35 => &["order", "preference", "flags", "services", "regexp", "replacement"],
        39 => &["target"],
        43 | 59 => &["key tag", "algorithm", "digest type", "digest"],
        44 => &["algorithm", "fingerprint type", "fingerprint"],
        46 => &[
            "type covered",
            "algorithm",
            "labels",
            "original TTL",
            "expiration",
            "inception",
            "key tag",
            "signer",
            "signature",
        ],
        47 => &["next name", "type bitmap"],
        48 | 60 => &["flags", "protocol", "algorithm", "public key"],
        50 => &["hash algorithm", "flags", "iterations", "salt", "next hashed owner", "type bitmap"],
        51 => &["hash algorithm", "flags", "iterations", "salt"],
        52 | 53 => &["usage", "selector", "matching type", "certificate data"],
        64 | 65 => &["priority", "target", "parameters"],
        256 => &["priority", "weight", "target"],
        257 => &["flags", "tag", "value"],
        _ => &[],
    }
}

/// Generic name of a field.
fn kind(field: Field) -> &'static str {
    match field {
        Field::U8 | Field::U16 | Field::U32 => "number",
        Field::Ip4 | Field::Ip6 => "address",
        Field::Name => "name",
        Field::Text | Field::Texts | Field::Tag | Field::Value => "string",
        Field::Time => "time",
        Field::TypeCode => "type",
        Field::Types => "type bitmap",
        Field::Params => "parameters",
        _ => "data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::tests::{aaaa, exchange, txt};
    use proptest::prelude::*;

    fn of(wire: &[u8]) -> Vec<String> {
        let parts = Parts::of(wire).unwrap();
        spans(&parts)
            .iter()
            .map(|span| format!("{}..{} {}: {}", span.place.start, span.place.end, span.name, span.value))
            .collect()
    }

    #[test]
    fn each_field_of_a_message() {
        let records = vec![aaaa("web.internal", "fdaa:0:18::a"), txt("web.internal", &[b"one", b"tw\xff"])];
        let exchange = exchange("web", 0, records);
        insta::assert_snapshot!(of(&exchange.result.unwrap().wire).join("\n"));
    }

    #[test]
    fn an_opt_record_and_trailing_bytes() {
        let mut wire = b"\0\x07\x81\x80\0\0\0\0\0\0\0\x01".to_vec();
        wire.extend(b"\0\0\x29\x04\xd0\0\0\x80\0\0\x06\0\x03\0\x02n1!");
        let got = of(&wire);
        assert_eq!(
            got[9..],
            [
                "17..18 OPT extended RCODE: 0",
                "18..19 OPT version: 0",
                "19..21 OPT flags: DO",
                "21..23 OPT RDLENGTH: 6",
                "23..25 OPT option code: 3",
                "25..27 OPT option length: 2",
                "27..29 OPT option: NSID: 6e 31 (\"n1\")",
                "29..30 not parsed: 1 byte outside of records",
            ]
        );
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_field(wire in proptest::collection::vec(any::<u8>(), 12..200)) {
            let parts = Parts::of(&wire).unwrap();
            let mut at = 0;
            for span in spans(&parts) {
                prop_assert_eq!(span.place.start, at);
                prop_assert!(span.place.end > at);
                at = span.place.end;
            }
            prop_assert_eq!(at, wire.len());
        }
    }
}
