//! Record types and classes: mnemonics and numbers (IANA, Domain Name System Parameters), and the fields of each type's
//! data.

use Field::{
    Algorithm, Base32, Base64, Certificate, Digest, Eui, Gateway, Groups, Ip4, Ip6, Name, Params, Place,
    Prefixes, Salt, Tag, Text, Texts, Time, TypeCode, Types, U8, U16, U32, Value,
};

/// One field of a record's data, on the wire and in presentation format (RFC 1035 §5.1 and the RFC of each type).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// One byte as a number.
    U8,
    /// Two bytes as a number.
    U16,
    /// Four bytes as a number.
    U32,
    /// Four bytes as `1.2.3.4`.
    Ip4,
    /// Sixteen bytes as an IPv6 address.
    Ip6,
    /// A domain name, which may be compressed.
    Name,
    /// One length-prefixed string, quoted.
    Text,
    /// One or more such strings, to the end.
    Texts,
    /// A length-prefixed word without quotes: the tag of a CAA record.
    Tag,
    /// The rest as one quoted string.
    Value,
    /// The rest in hexadecimal, in groups; at least one byte.
    Digest,
    /// The rest in base64, in groups; may be empty.
    Base64,
    /// A length-prefixed value in hexadecimal, `-` if empty.
    Salt,
    /// A length-prefixed value in base32 with the extended hex alphabet (RFC 4648 §7).
    Base32,
    /// Seconds since 1970 as `YYYYMMDDHHmmSS` (RFC 4034 §3.2); before 2106 only.
    Time,
    /// The number of a record type as its mnemonic.
    TypeCode,
    /// The type bitmap of NSEC to the end (RFC 4034 §4.1.2).
    Types,
    /// The parameters of SVCB to the end (RFC 9460 §2.1).
    Params,
    /// Eight bytes as four groups of hexadecimal digits (RFC 6742 §2.1.2).
    Groups,
    /// The rest as pairs of hexadecimal digits separated by dashes (RFC 7043).
    Eui(usize),
    /// A location (RFC 1876 §2).
    Place,
    /// Zero or more address prefixes to the end (RFC 3123 §4).
    Prefixes,
    /// The gateway of IPSECKEY; its type is the byte before the last (RFC 4025 §2.5).
    Gateway,
    /// Certificate type as a mnemonic (RFC 4398 §2.1).
    Certificate,
    /// DNSSEC algorithm as a mnemonic.
    Algorithm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub mnemonic: &'static str,
    pub code: u16,
    /// Fields of its data; empty if it is shown in hexadecimal (RFC 3597 §5).
    pub fields: &'static [Field],
}

const fn known(mnemonic: &'static str, code: u16, fields: &'static [Field]) -> Known {
    Known { mnemonic, code, fields }
}

const SIGNATURE: &[Field] = &[TypeCode, U8, U8, U32, Time, Time, U16, Name, Base64];
const KEY: &[Field] = &[U16, U8, U8, Base64];
const DS: &[Field] = &[U16, U8, U8, Digest];
const TLSA: &[Field] = &[U8, U8, U8, Digest];

/// All types with a mnemonic, by number.
pub const KNOWN: &[Known] = &[
    known("A", 1, &[Ip4]),
    known("NS", 2, &[Name]),
    known("MD", 3, &[Name]),
    known("MF", 4, &[Name]),
    known("CNAME", 5, &[Name]),
    known("SOA", 6, &[Name, Name, U32, U32, U32, U32, U32]),
    known("MB", 7, &[Name]),
    known("MG", 8, &[Name]),
    known("MR", 9, &[Name]),
    known("NULL", 10, &[]),
    known("WKS", 11, &[]),
    known("PTR", 12, &[Name]),
    known("HINFO", 13, &[Text, Text]),
    known("MINFO", 14, &[Name, Name]),
    known("MX", 15, &[U16, Name]),
    known("TXT", 16, &[Texts]),
    known("RP", 17, &[Name, Name]),
    known("AFSDB", 18, &[U16, Name]),
    known("X25", 19, &[Text]),
    known("ISDN", 20, &[Texts]),
    known("RT", 21, &[U16, Name]),
    known("NSAP", 22, &[]),
    known("NSAP-PTR", 23, &[Name]),
    known("SIG", 24, SIGNATURE),
    known("KEY", 25, KEY),
    known("PX", 26, &[U16, Name, Name]),
    known("GPOS", 27, &[Text, Text, Text]),
    known("AAAA", 28, &[Ip6]),
    known("LOC", 29, &[Place]),
    known("SRV", 33, &[U16, U16, U16, Name]),
    known("NAPTR", 35, &[U16, U16, Text, Text, Text, Name]),
    known("KX", 36, &[U16, Name]),
    known("CERT", 37, &[Certificate, U16, Algorithm, Base64]),
    known("DNAME", 39, &[Name]),
    known("OPT", 41, &[]),
    known("APL", 42, &[Prefixes]),
    known("DS", 43, DS),
    known("SSHFP", 44, &[U8, U8, Digest]),
    known("IPSECKEY", 45, &[U8, U8, U8, Gateway, Base64]),
    known("RRSIG", 46, SIGNATURE),
    known("NSEC", 47, &[Name, Types]),
    known("DNSKEY", 48, KEY),
    known("DHCID", 49, &[Base64]),
    known("NSEC3", 50, &[U8, U8, U16, Salt, Base32, Types]),
    known("NSEC3PARAM", 51, &[U8, U8, U16, Salt]),
    known("TLSA", 52, TLSA),
    known("SMIMEA", 53, TLSA),
    known("HIP", 55, &[]),
    known("NINFO", 56, &[Texts]),
    known("TALINK", 58, &[Name, Name]),
    known("CDS", 59, DS),
    known("CDNSKEY", 60, KEY),
    known("OPENPGPKEY", 61, &[Base64]),
    known("CSYNC", 62, &[U32, U16, Types]),
    known("ZONEMD", 63, &[U32, U8, U8, Digest]),
    known("SVCB", 64, &[U16, Name, Params]),
    known("HTTPS", 65, &[U16, Name, Params]),
    known("SPF", 99, &[Texts]),
    known("NID", 104, &[U16, Groups]),
    known("L32", 105, &[U16, Ip4]),
    known("L64", 106, &[U16, Groups]),
    known("LP", 107, &[U16, Name]),
    known("EUI48", 108, &[Eui(6)]),
    known("EUI64", 109, &[Eui(8)]),
    known("TKEY", 249, &[]),
    known("TSIG", 250, &[]),
    known("IXFR", 251, &[]),
    known("AXFR", 252, &[]),
    known("MAILB", 253, &[]),
    known("MAILA", 254, &[]),
    known("ANY", 255, &[]),
    known("URI", 256, &[U16, U16, Value]),
    known("CAA", 257, &[U8, Tag, Value]),
    known("AVC", 258, &[Texts]),
    known("DLV", 32769, DS),
];

/// The table's entry for `code`.
pub fn known_type(code: u16) -> Option<&'static Known> {
    KNOWN.binary_search_by_key(&code, |known| known.code).ok().and_then(|at| KNOWN.get(at))
}

/// Text form of a type: its mnemonic, or `TYPE65280` (RFC 3597 §5).
pub fn type_word(code: u16) -> String {
    known_type(code).map_or_else(|| format!("TYPE{code}"), |known| known.mnemonic.to_owned())
}

/// Parses a type, in any case.
pub fn parse_type(word: &str) -> Option<u16> {
    KNOWN
        .iter()
        .find(|known| known.mnemonic.eq_ignore_ascii_case(word))
        .map(|known| known.code)
        .or_else(|| numbered(word, "TYPE"))
}

const CLASSES: [(&str, u16); 5] = [("IN", 1), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", 255)];

/// Text form of a class: its mnemonic, or `CLASS5` (RFC 3597 §5).
pub fn class_word(code: u16) -> String {
    CLASSES
        .iter()
        .find(|(_, known)| *known == code)
        .map_or_else(|| format!("CLASS{code}"), |(word, _)| (*word).to_owned())
}

/// Parses a class, in any case.
pub fn parse_class(word: &str) -> Option<u16> {
    CLASSES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|&(_, code)| code)
        .or_else(|| numbered(word, "CLASS"))
}

fn numbered(word: &str, prefix: &str) -> Option<u16> {
    let (head, digits) = word.split_at_checked(prefix.len())?;
    let plain = head.eq_ignore_ascii_case(prefix) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::RecordType;

    #[test]
    fn the_table_is_sorted_for_binary_search() {
        assert!(KNOWN.is_sorted_by(|a, b| a.code < b.code));
    }

    #[test]
    fn every_number_round_trips() {
        for code in 0..=u16::MAX {
            assert_eq!(parse_type(&type_word(code)), Some(code));
            assert_eq!(parse_class(&class_word(code)), Some(code));
        }
    }

    #[test]
    fn the_numbers_match_hickory() {
        let same = KNOWN.iter().filter(|known| {
            known.mnemonic.parse::<RecordType>().is_ok_and(|rtype| {
                assert_eq!(u16::from(rtype), known.code, "{}", known.mnemonic);
                true
            })
        });
        assert_eq!(same.count(), 35);
    }

    #[test]
    fn invalid_types() {
        for word in ["", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "web", "AA", "TYPEé", "type 1"] {
            assert_eq!(parse_type(word), None, "{word}");
        }
        assert_eq!(parse_type("tYpE007"), Some(7));
        assert_eq!(parse_class("chaos"), None);
    }
}
