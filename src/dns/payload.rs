//! Parsers of the platform's TXT payloads (reference document, the table of `.internal` names).
//!
//! Tolerant: any order, unknown fields are kept, blanks are trimmed, empty entries are dropped; one bad entry never fails
//! a record.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use crate::text::Safe;

/// A comma-separated list of names (`_apps`, `_peer`, `regions.<app>`), in order, without duplicates.
pub fn list(payload: &[u8]) -> Vec<Safe> {
    let mut seen = HashSet::new();
    entries(payload, b',').filter(|entry| seen.insert(*entry)).map(Safe::new).collect()
}

/// `vms.<app>`: `683d314fdd4d68 yyz,568323e9b54dd8 lhr`.
pub fn vms(payload: &[u8]) -> Vec<(Safe, Option<Safe>)> {
    entries(payload, b',')
        .map(|entry| {
            let mut words = entry.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            (Safe::new(words.next().unwrap_or_default()), words.next().map(Safe::new))
        })
        .collect()
}

/// One machine of `_instances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// `instance=`: the machine ID.
    pub id: Safe,
    /// `app=`.
    pub app: Safe,
    /// `ip=`, if it is a valid IPv6 address.
    pub address: Option<Ipv6Addr>,
    /// `region=`.
    pub region: Option<Safe>,
    /// Unknown fields, in order.
    pub extra: Vec<(Safe, Safe)>,
}

/// `_instances`: `instance=ID,app=NAME,ip=ADDRESS,region=CODE;…`. The second value counts entries without ID or app,
/// which are dropped.
pub fn instances(payload: &[u8]) -> (Vec<Instance>, usize) {
    let mut out = Vec::new();
    let mut bad = 0;
    for entry in entries(payload, b';') {
        let (mut id, mut app, mut address, mut region, mut extra) = (None, None, None, None, Vec::new());
        for field in entries(entry, b',') {
            let mut halves = field.splitn(2, |&byte| byte == b'=');
            let key = halves.next().unwrap_or_default().trim_ascii();
            let value = halves.next().unwrap_or_default().trim_ascii();
            match key {
                b"instance" if !value.is_empty() => id = Some(Safe::new(value)),
                b"app" if !value.is_empty() => app = Some(Safe::new(value)),
                b"region" if !value.is_empty() => region = Some(Safe::new(value)),
                b"ip" => match std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()) {
                    Some(parsed) => address = Some(parsed),
                    None => extra.push((Safe::new(key), Safe::new(value))),
                },
                _ => extra.push((Safe::new(key), Safe::new(value))),
            }
        }
        match (id, app) {
            (Some(id), Some(app)) => out.push(Instance { id, app, address, region, extra }),
            _ => bad += 1,
        }
    }
    (out, bad)
}

fn entries(payload: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    payload.split(move |&byte| byte == separator).map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_tolerate_blanks_and_duplicates() {
        for (payload, want) in [
            (&b"my-app,my-app-db"[..], vec!["my-app", "my-app-db"]),
            (b"", vec![]),
            (b",", vec![]),
            (b" a , b ,,a,", vec!["a", "b"]),
            (b"\xff,\x1b[2J", vec!["\\255", "\\027[2J"]),
        ] {
            assert_eq!(list(payload).iter().map(Safe::as_str).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn vms_keep_a_machine_without_a_region() {
        let got = vms(b"683d314fdd4d68 yyz, 568323e9b54dd8  lhr ,17815dd2b06689,");
        let got: Vec<_> = got.iter().map(|(id, r)| (id.as_str(), r.as_ref().map(Safe::as_str))).collect();
        assert_eq!(
            got,
            [("683d314fdd4d68", Some("yyz")), ("568323e9b54dd8", Some("lhr")), ("17815dd2b06689", None)]
        );
    }

    #[test]
    fn instances_tolerate_malformed_entries() {
        let (got, bad) = instances(
            b"instance=3d8d9250a27de8,app=c-docs,ip=fdaa:0:3b99:a7b:1d3:cb60:76c3:2,region=yyz;\
              region=mia, ip=nonsense ,app=c-api,instance=5683d56ea79d28,colour=a=b;;app=alone;",
        );
        assert_eq!(bad, 1);
        assert_eq!(got[0].address, Some("fdaa:0:3b99:a7b:1d3:cb60:76c3:2".parse().unwrap()));
        assert_eq!(got[0].region, Some("yyz".into()));
        assert_eq!(got[1].app, "c-api".into());
        assert_eq!(got[1].address, None);
        assert_eq!(got[1].extra, [("ip".into(), "nonsense".into()), ("colour".into(), "a=b".into())]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (list(&payload), vms(&payload), instances(&payload));
        }
    }
}
