//! Record data in presentation format on one line, as in `dig`.

pub mod rare;
mod svcb;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::{BASE32HEX_NOPAD, HEXUPPER};
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::types::{Field, known_type, type_word};
use crate::dns::names;

/// Number of hexadecimal or base64 digits between blanks in `dig`.
const GROUP: usize = 56;
/// Class IN: the formats of A and AAAA apply to it alone.
const IN: u16 = 1;

/// One field of a record's data as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub field: Field,
    /// Text form; may be empty.
    pub text: String,
    /// Position in the message.
    pub place: Range<usize>,
    /// The domain name, if the field is one.
    pub name: Option<Name>,
}

/// Formats the data at `range` of `wire` as `rtype` and `class`. Malformed data and unknown types are shown as bytes
/// (RFC 3597 §5).
pub fn show(wire: &[u8], range: &Range<usize>, rtype: u16, class: u16) -> String {
    let Some(words) = words(wire, range, rtype, class) else {
        return bytes(wire.get(range.clone()).unwrap_or_default());
    };
    let words: Vec<_> = words.iter().map(|word| word.text.as_str()).filter(|text| !text.is_empty()).collect();
    words.join(" ")
}

/// The same, field by field; `None` if it can only be shown as bytes.
pub fn words(wire: &[u8], range: &Range<usize>, rtype: u16, class: u16) -> Option<Vec<Word>> {
    let data = wire.get(range.clone()).unwrap_or_default();
    let fields = known_type(rtype).map_or(&[][..], |known| known.fields);
    let of_internet = fields.iter().any(|field| matches!(field, Field::Ip4 | Field::Ip6 | Field::Params));
    if fields.is_empty() || (of_internet && class != IN) {
        return None;
    }
    let mut cursor = Cursor { wire, at: range.start, end: range.start + data.len() };
    let mut words = Vec::with_capacity(fields.len());
    for &field in fields {
        let start = cursor.at;
        let name = if field == Field::Name { Some(cursor.name()?) } else { None };
        let text = match &name {
            Some(name) => names::show(name),
            None => cursor.word(field)?,
        };
        words.push(Word { field, text, place: start..cursor.at, name });
    }
    (cursor.at == cursor.end).then_some(words)
}

/// Data as bytes: `\# 3 0102AB` (RFC 3597 §5).
pub fn bytes(data: &[u8]) -> String {
    let digits = groups(&hex(data));
    let blank = if data.is_empty() { "" } else { " " };
    format!("\\# {}{blank}{digits}", data.len())
}

pub fn hex(data: &[u8]) -> String {
    HEXUPPER.encode(data)
}

/// A quoted string: `"` and `\` escaped, other than printable ASCII as `\DDD` (RFC 1035 §5.1).
pub fn quoted(data: &[u8]) -> String {
    format!("\"{}\"", escaped(data))
}

/// The inside of a quoted string.
pub fn escaped(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len());
    for &byte in data {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(byte as char);
            }
            0x20..=0x7e => out.push(byte as char),
            _ => {
                let _ = write!(out, "\\{byte:03}");
            }
        }
    }
    out
}

/// An IPv6 address as written by the C library: deprecated IPv4-compatible ones end in a dotted quad.
pub fn ip6(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
            let [.., a, b, c, d] = address.octets();
            format!("::{a}.{b}.{c}.{d}")
        }
        _ => address.to_string(),
    }
}

/// `digits` (ASCII) with a blank after each [`GROUP`] of them.
fn groups(digits: &str) -> String {
    let groups: Vec<_> = digits.as_bytes().chunks(GROUP).map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// A position in the data of one record; names may point into the message around it.
struct Cursor<'m> {
    wire: &'m [u8],
    at: usize,
    end: usize,
}

impl<'m> Cursor<'m> {
    /// Text form of the next field; `None` if it is truncated or invalid.
    fn word(&mut self, field: Field) -> Option<String> {
        Some(match field {
            Field::U8 => self.byte()?.to_string(),
            Field::U16 => self.number()?.to_string(),
            Field::U32 => u32::from_be_bytes(self.array()?).to_string(),
            Field::Ip4 => Ipv4Addr::from(self.array::<4>()?).to_string(),
            Field::Ip6 => ip6(Ipv6Addr::from(self.array::<16>()?)),
            Field::Name => names::show(&self.name()?),
            Field::Text => quoted(self.text()?),
            Field::Texts => {
                let mut texts = vec![quoted(self.text()?)];
                while self.at < self.end {
                    texts.push(quoted(self.text()?));
                }
                texts.join(" ")
            }
            Field::Tag => {
                let tag = self.text()?;
                let plain = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
                plain.then(|| String::from_utf8_lossy(tag).into_owned())?
            }
            Field::Value => quoted(self.rest()),
            Field::Digest => match self.rest() {
                [] => return None,
                digest => groups(&hex(digest)),
            },
            Field::Base64 => groups(&BASE64_STANDARD.encode(self.rest())),
            Field::Salt => match self.text()? {
                [] => "-".into(),
                salt => hex(salt),
            },
            Field::Base32 => BASE32HEX_NOPAD.encode(self.text()?),
            Field::Time => time(u32::from_be_bytes(self.array()?)),
            Field::TypeCode => type_word(self.number()?),
            Field::Types => self.types()?,
            Field::Params => svcb::params(self.rest())?,
            Field::Groups => {
                let words: [u8; 8] = self.array()?;
                let words: Vec<_> = words
                    .chunks_exact(2)
                    .map(|pair| format!("{:x}", u16::from_be_bytes([pair[0], pair[1]])))
                    .collect();
                words.join(":")
            }
            Field::Place => rare::loc(self.array()?)?,
            Field::Prefixes => rare::prefixes(self.rest())?,
            Field::Gateway => self.gateway()?,
            Field::Certificate => rare::certificate(self.number()?),
            Field::Algorithm => rare::algorithm(self.byte()?),
            Field::Eui(length) => {
                let pairs: Vec<_> = self.take(length)?.iter().map(|byte| format!("{byte:02x}")).collect();
                pairs.join("-")
            }
        })
    }

    fn take(&mut self, count: usize) -> Option<&'m [u8]> {
        let until = self.at.checked_add(count).filter(|&until| until <= self.end)?;
        let taken = self.wire.get(self.at..until)?;
        self.at = until;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn rest(&mut self) -> &'m [u8] {
        self.take(self.end - self.at).unwrap_or_default()
    }

    fn text(&mut self) -> Option<&'m [u8]> {
        let length = self.byte()?;
        self.take(length.into())
    }

    /// A name; compressed, it may point to any earlier position in the message.
    fn name(&mut self) -> Option<Name> {
        let upto = self.wire.get(..self.end)?;
        let mut decoder = BinDecoder::new(upto);
        decoder.read_slice(self.at).ok()?;
        let name = Name::read(&mut decoder).ok()?;
        self.at = decoder.index();
        Some(name)
    }

    fn gateway(&mut self) -> Option<String> {
        let kind = self.at.checked_sub(2).and_then(|at| self.wire.get(at))?;
        Some(match kind {
            0 => ".".into(),
            1 => Ipv4Addr::from(self.array::<4>()?).to_string(),
            2 => ip6(Ipv6Addr::from(self.array::<16>()?)),
            3 => names::show(&self.name()?),
            _ => return None,
        })
    }

    fn types(&mut self) -> Option<String> {
        let mut words = Vec::new();
        let mut last = None;
        while self.at < self.end {
            let window = self.byte()?;
            let bits = self.text()?;
            if last.is_some_and(|last| window <= last) || !(1..=32).contains(&bits.len()) {
                return None;
            }
            last = Some(window);
            for (place, byte) in (0_u16..).zip(bits) {
                for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                    words.push(type_word(u16::from(window) << 8 | place << 3 | bit));
                }
            }
        }
        Some(words.join(" "))
    }
}

fn time(seconds: u32) -> String {
    jiff::Timestamp::from_second(seconds.into())
        .map_or_else(|_| seconds.to_string(), |at| at.strftime("%Y%m%d%H%M%S").to_string())
}
