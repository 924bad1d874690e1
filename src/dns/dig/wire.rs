//! A raw message, record by record, with positions: the source of all output formats. (The decoded message of
//! [`super::super::exchange::Answer`] has neither unknown types nor positions.)

use std::ops::Range;

use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// The type number of OPT (RFC 6891).
pub const OPT: u16 = 41;

pub const ANSWER: usize = 0;
pub const AUTHORITY: usize = 1;
pub const ADDITIONAL: usize = 2;

#[derive(Debug, Clone)]
pub struct Parts<'m> {
    pub wire: &'m [u8],
    pub id: u16,
    /// Two bytes: flags, opcode and RCODE.
    pub flags: u16,
    /// Numbers of questions, answers, authority and additional records in the header.
    pub counts: [u16; 4],
    pub questions: Vec<QuestionRow>,
    /// Answer, authority and additional section, without OPT.
    pub sections: [Vec<Row>; 3],
    /// The first OPT record.
    pub opt: Option<Row>,
    /// Whether all records announced by the header were readable.
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionRow {
    pub name: Name,
    pub rtype: u16,
    pub class: u16,
    /// Position in the message.
    pub place: Range<usize>,
}

/// A resource record (RFC 1035 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub owner: Name,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    /// Position of the record in the message.
    pub start: usize,
    /// Position of RDATA in the message.
    pub rdata: Range<usize>,
}

/// The flags as named by `dig`, and their bits (RFC 1035 §4.1.1, RFC 4035 §3.2); the reserved bit is `MBZ`.
pub const FLAGS: [(&str, u16); 7] =
    [("qr", 0x8000), ("aa", 0x400), ("tc", 0x200), ("rd", 0x100), ("ra", 0x80), ("ad", 0x20), ("cd", 0x10)];

impl<'m> Parts<'m> {
    /// Splits `wire` as far as it is readable; `None` without a complete header.
    pub fn of(wire: &'m [u8]) -> Option<Self> {
        let mut words = wire.get(..12)?.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let mut word = || words.next().unwrap_or_default();
        let (id, flags, counts) = (word(), word(), [word(), word(), word(), word()]);
        let mut parts = Self {
            wire,
            id,
            flags,
            counts,
            questions: Vec::new(),
            sections: [const { Vec::new() }; 3],
            opt: None,
            whole: false,
        };
        parts.whole = parts.read().is_some();
        Some(parts)
    }

    fn read(&mut self) -> Option<()> {
        let mut decoder = BinDecoder::new(self.wire);
        decoder.read_slice(12).ok()?;
        let [questions, counts @ ..] = self.counts;
        for _ in 0..questions {
            let start = decoder.index();
            let name = Name::read(&mut decoder).ok()?;
            let (rtype, class) = (number(&mut decoder)?, number(&mut decoder)?);
            self.questions.push(QuestionRow { name, rtype, class, place: start..decoder.index() });
        }
        for (at, (section, count)) in self.sections.iter_mut().zip(counts).enumerate() {
            for _ in 0..count {
                let row = Row::read(&mut decoder)?;
                let is_opt = at == ADDITIONAL && row.rtype == OPT && self.opt.is_none();
                if is_opt { self.opt = Some(row) } else { section.push(row) }
            }
        }
        Some(())
    }

    pub fn opcode(&self) -> u8 {
        (self.flags >> 11 & 0xf) as u8
    }

    /// RCODE, with the upper bits from the OPT record (RFC 6891 §6.1.3).
    pub fn rcode(&self) -> u16 {
        let upper = self.opt.as_ref().map_or(0, |opt| opt.ttl >> 24);
        (upper as u16) << 4 | self.flags & 0xf
    }

    /// Whether the flag with this bit is set.
    pub fn flag(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }

    /// Data of a record of this message.
    pub fn rdata(&self, row: &Row) -> &'m [u8] {
        self.wire.get(row.rdata.clone()).unwrap_or_default()
    }
}

impl Row {
    fn read(decoder: &mut BinDecoder<'_>) -> Option<Self> {
        let begin = decoder.index();
        let owner = Name::read(decoder).ok()?;
        let (rtype, class) = (number(decoder)?, number(decoder)?);
        let ttl = decoder.read_u32().ok()?.unverified();
        let length = usize::from(number(decoder)?);
        let start = decoder.index();
        decoder.read_slice(length).ok()?;
        Some(Self { owner, rtype, class, ttl, start: begin, rdata: start..start + length })
    }
}

fn number(decoder: &mut BinDecoder<'_>) -> Option<u16> {
    Some(decoder.read_u16().ok()?.unverified())
}

/// OPCODE as `dig` writes it (IANA, DNS opcodes).
pub fn opcode_word(opcode: u8) -> String {
    match opcode {
        0 => "QUERY",
        1 => "IQUERY",
        2 => "STATUS",
        4 => "NOTIFY",
        5 => "UPDATE",
        other => return format!("RESERVED{other}"),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_readable_part_of_a_truncated_message_is_kept() {
        let wire = b"\0\x07\x81\x83\0\x01\0\x02\0\0\0\0\x01a\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x01\x02\x03\x04\xc0";
        let parts = Parts::of(wire).unwrap();
        assert_eq!((parts.id, parts.rcode(), parts.whole), (7, 3, false));
        assert_eq!(parts.questions[0].name.to_ascii(), "a.");
        assert_eq!(parts.sections[0].len(), 1);
        assert_eq!(parts.rdata(&parts.sections[0][0]), [1, 2, 3, 4]);
        assert!(Parts::of(&wire[..35]).is_some_and(|parts| parts.sections[0].len() == 1));
        assert!(Parts::of(&wire[..11]).is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(wire in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(parts) = Parts::of(&wire) {
                for row in parts.sections.iter().flatten() {
                    prop_assert_eq!(parts.rdata(row).len(), row.rdata.len());
                }
            }
        }
    }
}
