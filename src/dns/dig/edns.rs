//! Text form of the OPT record (RFC 6891), as in `dig`.

use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::HEXLOWER;

use super::wire::{Parts, Row};

/// Option code of COOKIE (RFC 7873).
const COOKIE: u16 = 10;

/// Lines for `row`, the OPT record of `parts`, without the title; `sent` is the query, if it was kept.
pub fn lines(parts: &Parts<'_>, row: &Row, sent: Option<&[u8]>) -> Vec<String> {
    // CLASS is the payload size; TTL holds the upper bits of RCODE, the version and the flags (RFC 6891 §6.1.3).
    let version = row.ttl >> 16 & 0xff;
    let flags = if row.ttl & 0x8000 == 0 { "" } else { " do" };
    let rest = match row.ttl & 0x7fff {
        0 => String::new(),
        bits => format!("; MBZ: 0x{bits:04x}"),
    };
    let mut lines = vec![format!("; EDNS: version: {version}, flags:{flags}{rest}; udp: {}", row.class)];
    for option in options(parts.rdata(row)) {
        let state = match option.code {
            COOKIE => cookie_state(option.value, sent),
            _ => "",
        };
        lines.push(format!("; {}{state}", words(option.code, option.value)));
    }
    lines
}

/// Whether the received cookie matches the sent one (RFC 7873 §5.3), as reported by `dig`.
fn cookie_state(came: &[u8], sent: Option<&[u8]>) -> &'static str {
    let sent = sent.and_then(Parts::of).and_then(|parts| {
        let opt = parts.opt.as_ref()?;
        options(parts.rdata(opt)).find(|option| option.code == COOKIE).map(|option| option.value)
    });
    match sent {
        None => "",
        Some(sent) if came.len() == 8 && sent.get(..8) == Some(came) => " (echoed)",
        // A cookie equal to the sent one is good if it contains a server cookie.
        Some(sent) if (16..=40).contains(&came.len()) && sent.get(..8) == came.get(..8) => " (good)",
        Some(_) => " (bad)",
    }
}

/// An option of an OPT record (RFC 6891 §6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opt<'m> {
    pub code: u16,
    pub value: &'m [u8],
}

/// Options of an OPT record, up to the first truncated one.
pub fn options(mut data: &[u8]) -> impl Iterator<Item = Opt<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = data.split_at_checked(4)?;
        let [code, length] = [0, 2].map(|at| u16::from_be_bytes([head[at], head[at + 1]]));
        let (value, rest) = rest.split_at_checked(length.into())?;
        data = rest;
        Some(Opt { code, value })
    })
}

/// Text form of an option, as in `dig`.
pub fn words(code: u16, value: &[u8]) -> String {
    match (code, value) {
        (3, []) => "NSID:".to_owned(),
        (3, _) => format!("NSID: {}", bytes(value)),
        (8, _) => subnet(value).map_or_else(
            || format!("CLIENT-SUBNET: {}", bytes(value)),
            |subnet| format!("CLIENT-SUBNET: {subnet}"),
        ),
        (COOKIE, _) => format!("COOKIE: {}", HEXLOWER.encode(value)),
        (15, [high, low, text @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            let name = EXTENDED.get(usize::from(code)).map(|name| format!(" ({name})")).unwrap_or_default();
            let text = if text.is_empty() { String::new() } else { format!(": ({})", plain(text)) };
            format!("EDE: {code}{name}{text}")
        }
        _ => format!("OPT={code}: {}", bytes(value)),
    }
}

/// Client subnet (RFC 7871 §6).
fn subnet(value: &[u8]) -> Option<String> {
    let (&[_, family, source, scope], address) = value.split_first_chunk()?;
    let prefix = match family {
        0 if address.is_empty() => "0".to_owned(),
        1 => Ipv4Addr::from(padded::<4>(address)?).to_string(),
        2 => Ipv6Addr::from(padded::<16>(address)?).to_string(),
        _ => return None,
    };
    Some(format!("{prefix}/{source}/{scope}"))
}

fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut whole = [0; N];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(whole)
}

fn bytes(value: &[u8]) -> String {
    let pairs: Vec<_> = value.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} (\"{}\")", pairs.join(" "), plain(value))
}

fn plain(value: &[u8]) -> String {
    value.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { byte as char } else { '.' }).collect()
}

/// Extended DNS Error codes by number (IANA; RFC 8914 §4).
const EXTENDED: [&str; 25] = [
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ttl: u32, options: &[u8]) -> Vec<String> {
        let mut wire = vec![0; 12];
        wire[11] = 1;
        wire.extend([0, 0, 41, 4, 208]);
        wire.extend(ttl.to_be_bytes());
        wire.extend((options.len() as u16).to_be_bytes());
        wire.extend(options);
        let parts = Parts::of(&wire).unwrap();
        lines(&parts, parts.opt.as_ref().unwrap(), None)
    }

    #[test]
    fn version_flags_and_size() {
        assert_eq!(shown(0, b""), ["; EDNS: version: 0, flags:; udp: 1232"]);
        assert_eq!(shown(0x8000, b""), ["; EDNS: version: 0, flags: do; udp: 1232"]);
        assert_eq!(shown(0x0100_4000, b""), ["; EDNS: version: 0, flags:; MBZ: 0x4000; udp: 1232"]);
    }

    #[test]
    fn a_cookie_is_compared_with_the_sent_one() {
        let mut query = b"\0\x07\x01\0\0\0\0\0\0\0\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\x0a\0\x08".to_vec();
        query.extend(b"ABCDEFGH");
        let state = |came: &[u8]| cookie_state(came, Some(&query));
        assert_eq!(state(b"ABCDEFGH"), " (echoed)");
        assert_eq!(state(b"ABCDEFGH12345678"), " (good)");
        assert_eq!(state(b"ABCDEFGX12345678"), " (bad)");
        assert_eq!(state(b"ABCDEFGH1"), " (bad)");
        assert_eq!(cookie_state(b"ABCDEFGH", None), "");
    }

    #[test]
    fn each_option() {
        for (option, want) in [
            (&b"\0\x03\0\x02n\x1b"[..], "; NSID: 6e 1b (\"n.\")"),
            (b"\0\x08\0\x07\0\x01\x18\0\xc0\0\x02", "; CLIENT-SUBNET: 192.0.2.0/24/0"),
            (b"\0\x08\0\x04\0\x09\x18\0", "; CLIENT-SUBNET: 00 09 18 00 (\"....\")"),
            (b"\0\x0a\0\x02\xab\xcd", "; COOKIE: abcd"),
            (b"\0\x0f\0\x02\0\x12", "; EDE: 18 (Prohibited)"),
            (b"\0\x0f\0\x04\x01\0hi", "; EDE: 256: (hi)"),
            (b"\xff\0\0\x01A", "; OPT=65280: 41 (\"A\")"),
        ] {
            assert_eq!(shown(0, option)[1], want);
        }
        // A truncated option is left out.
        assert_eq!(shown(0, b"\0\x03\0\x09a").len(), 1);
    }
}
