//! Data formats that need their own code: LOC (RFC 1876), APL (RFC 3123), the gateway of IPSECKEY (RFC 4025), and the
//! mnemonics of CERT (RFC 4398).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// DNSSEC algorithms (IANA, DNS Security Algorithm Numbers), as in `dig`.
const ALGORITHMS: [(u8, &str); 17] = [
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (4, "ECC"),
    (5, "RSASHA1"),
    (6, "NSEC3DSA"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// Certificate types (RFC 4398 §2.1).
const CERTIFICATES: [(u16, &str); 10] = [
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

fn word<K: PartialEq + ToString>(table: &[(K, &str)], code: &K) -> String {
    let known = table.iter().find(|(known, _)| known == code);
    known.map_or_else(|| code.to_string(), |(_, word)| (*word).to_owned())
}

pub fn algorithm(code: u8) -> String {
    word(&ALGORITHMS, &code)
}

pub fn certificate(code: u16) -> String {
    word(&CERTIFICATES, &code)
}

/// LOC: sixteen bytes (RFC 1876 §2).
pub fn loc(data: [u8; 16]) -> Option<String> {
    let [version, size, across, above, rest @ ..] = data;
    let number = |at: usize| {
        let bytes = rest.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let (latitude, longitude, altitude) = (number(0)?, number(4)?, number(8)?);
    if version != 0 {
        return None;
    }
    // Centimetres above a point 100 km below the reference ellipsoid.
    let height = i64::from(altitude) - 10_000_000;
    let sign = if height < 0 { "-" } else { "" };
    Some(format!(
        "{} {} {sign}{}.{:02}m {} {} {}",
        angle(latitude, 90, ['N', 'S'])?,
        angle(longitude, 180, ['E', 'W'])?,
        height.abs() / 100,
        height.abs() % 100,
        length(size)?,
        length(across)?,
        length(above)?
    ))
}

/// Thousandths of a second of arc from 2^31, as degrees, minutes, seconds and direction.
fn angle(value: u32, most: i64, [plus, minus]: [char; 2]) -> Option<String> {
    let from_zero = i64::from(value) - (1 << 31);
    let (direction, value) = if from_zero < 0 { (minus, -from_zero) } else { (plus, from_zero) };
    let (degrees, rest) = (value / 3_600_000, value % 3_600_000);
    (value <= most * 3_600_000).then(|| {
        let (minutes, millis) = (rest / 60_000, rest % 60_000);
        format!("{degrees} {minutes} {}.{:03} {direction}", millis / 1000, millis % 1000)
    })
}

/// A length in centimetres: a digit and a power of ten.
fn length(packed: u8) -> Option<String> {
    let (base, power) = (u64::from(packed >> 4), u32::from(packed & 0xf));
    if base > 9 || power > 9 || (base == 0 && power > 0) {
        return None;
    }
    Some(match power {
        0 | 1 => format!("0.{:02}m", base * 10_u64.pow(power)),
        _ => format!("{}m", base * 10_u64.pow(power - 2)),
    })
}

/// Address prefixes of APL (RFC 3123 §4).
pub fn prefixes(mut data: &[u8]) -> Option<String> {
    let mut out = String::new();
    while !data.is_empty() {
        let (&[high, low, prefix, length], rest) = data.split_first_chunk()?;
        let (negated, length) = (length & 0x80 != 0, usize::from(length & 0x7f));
        let (address, rest) = rest.split_at_checked(length)?;
        // Only trailing zeroes are omitted.
        if address.last() == Some(&0) {
            return None;
        }
        let family = u16::from_be_bytes([high, low]);
        let (address, most) = match family {
            1 => (Ipv4Addr::from(padded::<4>(address)?).to_string(), 32),
            2 => (super::ip6(Ipv6Addr::from(padded::<16>(address)?)), 128),
            _ => return None,
        };
        if prefix > most {
            return None;
        }
        let (gap, not) = (if out.is_empty() { "" } else { " " }, if negated { "!" } else { "" });
        let _ = write!(out, "{gap}{not}{family}:{address}/{prefix}");
        data = rest;
    }
    Some(out)
}

fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut whole = [0; N];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn locations() {
        let wire = |size: u8, parts: [u32; 3]| {
            let mut data = [0, size, 0x16, 0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            for (at, part) in parts.iter().enumerate() {
                data[4 + at * 4..8 + at * 4].copy_from_slice(&part.to_be_bytes());
            }
            data
        };
        let zero = 1_u32 << 31;
        let place = wire(0x33, [zero + 152_514_000, zero - 255_978_000, 10_000_000 - 2400]);
        assert_eq!(loc(place).unwrap(), "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m");
        assert_eq!(
            loc(wire(0, [zero, zero, 10_000_001])).unwrap(),
            "0 0 0.000 N 0 0 0.000 E 0.01m 0.00m 10000m 10m"
        );
        assert_eq!(loc(wire(0x05, [zero, zero, 0])), None, "no digit before a power");
        assert_eq!(loc(wire(0x10, [0, zero, 0])), None, "beyond the pole");
    }

    #[test]
    fn prefixes_of_addresses() {
        assert_eq!(prefixes(b"\0\x01\x15\x03\xc0\xa8\x20").unwrap(), "1:192.168.32.0/21");
        assert_eq!(
            prefixes(b"\0\x02\x20\x04\x20\x01\x0d\xb8\0\x01\0\x80").unwrap(),
            "2:2001:db8::/32 !1:0.0.0.0/0"
        );
        assert_eq!(prefixes(b"").unwrap(), "");
        for bad in [&b"\0\x01\x15\x03\xc0\xa8"[..], b"\0\x03\x15\0", b"\0\x01\x21\0", b"\0\x01\x08\x02\x0a\0"]
        {
            assert_eq!(prefixes(bad), None);
        }
    }

    #[test]
    fn mnemonics() {
        assert_eq!([algorithm(13), algorithm(99)], ["ECDSAP256SHA256", "99"]);
        assert_eq!([certificate(1), certificate(65280)], ["PKIX", "65280"]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(place in any::<[u8; 16]>(), list in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (loc(place), prefixes(&list));
        }
    }
}
