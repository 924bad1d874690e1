//! All name forms of the platform (reference document, "Fly.io .internal DNS"), as a type that parses and prints.

use std::fmt;

use hickory_proto::rr::{Name, RecordType};

use crate::text::Safe;

/// A name of the private network, by its form. Parts are single labels, as bytes: an app name that contains a dot stays
/// one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `<app>.internal`: all started machines.
    App(Safe),
    /// `top<n>.nearest.of.<app>.internal`: the n closest machines, nearest first.
    Nearest(u32, Safe),
    /// `<id>.vm.<app>.internal`: one machine.
    Vm(Safe, Safe),
    /// `vms.<app>.internal`: machine IDs and their regions.
    Vms(Safe),
    /// `<group>.process.<app>.internal`: the machines of a process group.
    Process(Safe, Safe),
    /// `<region>.<app>.internal`: the machines in a region.
    Region(Safe, Safe),
    /// `global.<app>.internal`: alias of `<app>.internal`.
    Global(Safe),
    /// `regions.<app>.internal`: the regions with machines.
    Regions(Safe),
    /// `<value>.<key>.kv._metadata.<app>.internal`: the machines with that metadata; value first.
    Metadata(Safe, Safe, Safe),
    /// `_apps.internal`: the apps.
    Apps,
    /// `_peer.internal`: the named WireGuard peers.
    Peers,
    /// `<peer>._peer.internal`: one peer.
    Peer(Safe),
    /// `_instances.internal`: every machine with app, address and region.
    Instances,
    /// `<app>.flycast`: the app's Flycast addresses.
    Flycast(Safe),
}

/// A part that is not valid in a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a label has 1 to 63 bytes, but `{0}` has {len}", len = .0.raw().len())]
    Label(Safe),
    #[error("the name is longer than 255 bytes (separators included)")]
    Long,
}

impl Form {
    /// Parses `name`; `None` if it has none of the forms. Reserved words are case-insensitive.
    pub fn parse(name: &Name) -> Option<Self> {
        let labels: Vec<&[u8]> = name.iter().collect();
        let is = |label: &[u8], word: &str| label.eq_ignore_ascii_case(word.as_bytes());
        let (&tld, rest) = labels.split_last()?;
        let part = |label: &[u8]| Safe::new(label);
        if is(tld, "flycast") {
            return match rest {
                [app] => Some(Self::Flycast(part(app))),
                _ => None,
            };
        }
        if !is(tld, "internal") {
            return None;
        }
        Some(match rest {
            [one] if is(one, "_apps") => Self::Apps,
            [one] if is(one, "_peer") => Self::Peers,
            [one] if is(one, "_instances") => Self::Instances,
            [app] => Self::App(part(app)),
            [peer, word] if is(word, "_peer") => Self::Peer(part(peer)),
            [word, app] if is(word, "vms") => Self::Vms(part(app)),
            [word, app] if is(word, "regions") => Self::Regions(part(app)),
            [word, app] if is(word, "global") => Self::Global(part(app)),
            [region, app] => Self::Region(part(region), part(app)),
            [id, word, app] if is(word, "vm") => Self::Vm(part(id), part(app)),
            [group, word, app] if is(word, "process") => Self::Process(part(group), part(app)),
            [top, near, of, app] if is(near, "nearest") && is(of, "of") => {
                Self::Nearest(top_number(top)?, part(app))
            }
            [value, key, kv, meta, app] if is(kv, "kv") && is(meta, "_metadata") => {
                Self::Metadata(part(value), part(key), part(app))
            }
            _ => return None,
        })
    }

    /// The fully qualified name.
    ///
    /// # Errors
    /// If a part is empty or over 63 bytes, or the whole over 255.
    pub fn name(&self) -> Result<Name, NameError> {
        let top;
        let labels: &[&[u8]] = match self {
            Self::App(app) | Self::Flycast(app) => &[app.raw()],
            Self::Nearest(n, app) => {
                top = format!("top{n}");
                &[top.as_bytes(), b"nearest", b"of", app.raw()]
            }
            Self::Vm(id, app) => &[id.raw(), b"vm", app.raw()],
            Self::Vms(app) => &[b"vms", app.raw()],
            Self::Process(group, app) => &[group.raw(), b"process", app.raw()],
            Self::Region(region, app) => &[region.raw(), app.raw()],
            Self::Global(app) => &[b"global", app.raw()],
            Self::Regions(app) => &[b"regions", app.raw()],
            Self::Metadata(value, key, app) => &[value.raw(), key.raw(), b"kv", b"_metadata", app.raw()],
            Self::Apps => &[b"_apps"],
            Self::Peers => &[b"_peer"],
            Self::Peer(peer) => &[peer.raw(), b"_peer"],
            Self::Instances => &[b"_instances"],
        };
        let tld: &[u8] = if matches!(self, Self::Flycast(_)) { b"flycast" } else { b"internal" };
        if let Some(bad) = labels.iter().find(|label| !(1..=63).contains(&label.len())) {
            return Err(NameError::Label(Safe::new(bad)));
        }
        let mut name = Name::from_labels(labels.iter().copied().chain([tld])).map_err(|_| NameError::Long)?;
        name.set_fqdn(true);
        Ok(name)
    }

    /// The record type of this form; other types have no records.
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::Vms(_) | Self::Regions(_) | Self::Apps | Self::Peers | Self::Instances => RecordType::TXT,
            _ => RecordType::AAAA,
        }
    }

    /// Short description, without the app.
    pub fn explain(&self) -> &'static str {
        match self {
            Self::App(_) => "all started machines",
            Self::Nearest(..) => "the nearest machines",
            Self::Vm(..) => "one machine",
            Self::Vms(_) => "machine IDs and regions",
            Self::Process(..) => "machines of a group",
            Self::Region(..) => "machines in a region",
            Self::Global(_) => "the app by another name",
            Self::Regions(_) => "regions with machines",
            Self::Metadata(..) => "machines with metadata",
            Self::Apps => "the apps of the network",
            Self::Peers => "named WireGuard peers",
            Self::Peer(_) => "one WireGuard peer",
            Self::Instances => "every started machine",
            Self::Flycast(_) => "the Flycast addresses",
        }
    }

    /// The app in the name.
    pub fn app(&self) -> Option<&Safe> {
        match self {
            Self::App(app)
            | Self::Nearest(_, app)
            | Self::Vm(_, app)
            | Self::Vms(app)
            | Self::Process(_, app)
            | Self::Region(_, app)
            | Self::Global(app)
            | Self::Regions(app)
            | Self::Metadata(_, _, app)
            | Self::Flycast(app) => Some(app),
            Self::Apps | Self::Peers | Self::Peer(_) | Self::Instances => None,
        }
    }

    /// The same form for another app; `None` if the form has no app.
    pub fn of_app(&self, app: Safe) -> Option<Self> {
        Some(match self {
            Self::App(_) => Self::App(app),
            Self::Nearest(n, _) => Self::Nearest(*n, app),
            Self::Vm(id, _) => Self::Vm(id.clone(), app),
            Self::Vms(_) => Self::Vms(app),
            Self::Process(group, _) => Self::Process(group.clone(), app),
            Self::Region(region, _) => Self::Region(region.clone(), app),
            Self::Global(_) => Self::Global(app),
            Self::Regions(_) => Self::Regions(app),
            Self::Metadata(value, key, _) => Self::Metadata(value.clone(), key.clone(), app),
            Self::Flycast(_) => Self::Flycast(app),
            Self::Apps | Self::Peers | Self::Peer(_) | Self::Instances => return None,
        })
    }
}

/// Whether `labels` are a name of the table of `.internal` names without that ending, as the screens show them: `vms.web`,
/// `iad.web`, `laptop._peer`. A region has three letters (reference document, "Fly .internal domain names"); what ends like
/// a public name is one.
pub fn is_shorthand(labels: &[Vec<u8>]) -> bool {
    let is =
        |label: &[u8], words: &[&str]| words.iter().any(|word| label.eq_ignore_ascii_case(word.as_bytes()));
    match labels {
        [] => false,
        [one] => !is(one, &ZONES),
        [.., last] if is(last, &ZONES) || is(last, &PUBLIC) => false,
        _ => {
            let whole = labels.iter().map(Vec::as_slice).chain([&b"internal"[..]]);
            match Name::from_labels(whole).ok().as_ref().and_then(Form::parse) {
                Some(Form::Region(region, _)) => {
                    region.raw().len() == 3 && region.raw().iter().all(u8::is_ascii_lowercase)
                }
                form => form.is_some(),
            }
        }
    }
}

/// Zones that are complete names.
const ZONES: [&str; 4] = ["internal", "flycast", "arpa", "local"];
/// Last labels of public names.
const PUBLIC: [&str; 16] = [
    "com", "net", "org", "io", "dev", "app", "co", "de", "uk", "eu", "us", "info", "me", "cloud", "ai", "sh",
];

fn top_number(label: &[u8]) -> Option<u32> {
    let (word, digits) = label.split_at_checked(3)?;
    // One spelling per number, so that a parsed name prints unchanged.
    let plain = digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits.first() != Some(&b'0'));
    (word.eq_ignore_ascii_case(b"top") && plain)
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

/// The name without its final dot, sanitized; an invalid name prints its error.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Ok(name) => f.pad(show(&name).trim_end_matches('.')),
            Err(error) => write!(f, "({error})"),
        }
    }
}

/// A name as printed by `dig`: with its final dot, and special characters escaped by `\` (RFC 1035 §5.1). Plain ASCII.
pub fn show(name: &Name) -> String {
    use fmt::Write as _;
    let mut out = String::new();
    for label in name {
        for &byte in label {
            match byte {
                b'"' | b'(' | b')' | b'.' | b';' | b'\\' | b'@' | b'$' => {
                    out.push('\\');
                    out.push(byte as char);
                }
                0x21..=0x7e => out.push(byte as char),
                _ => {
                    let _ = write!(out, "\\{byte:03}");
                }
            }
        }
        out.push('.');
    }
    if out.is_empty() {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn s(text: &str) -> Safe {
        Safe::from(text)
    }

    #[test]
    fn every_form_parses_and_prints() {
        for (text, form, rtype) in [
            ("web.internal.", Form::App(s("web")), "AAAA"),
            ("top3.nearest.of.web.internal.", Form::Nearest(3, s("web")), "AAAA"),
            ("148e21b7c93d89.vm.web.internal.", Form::Vm(s("148e21b7c93d89"), s("web")), "AAAA"),
            ("vms.web.internal.", Form::Vms(s("web")), "TXT"),
            ("app.process.web.internal.", Form::Process(s("app"), s("web")), "AAAA"),
            ("iad.web.internal.", Form::Region(s("iad"), s("web")), "AAAA"),
            ("global.web.internal.", Form::Global(s("web")), "AAAA"),
            ("regions.web.internal.", Form::Regions(s("web")), "TXT"),
            (
                "blue.color.kv._metadata.web.internal.",
                Form::Metadata(s("blue"), s("color"), s("web")),
                "AAAA",
            ),
            ("_apps.internal.", Form::Apps, "TXT"),
            ("_peer.internal.", Form::Peers, "TXT"),
            ("my-peer._peer.internal.", Form::Peer(s("my-peer")), "AAAA"),
            ("_instances.internal.", Form::Instances, "TXT"),
            ("web.flycast.", Form::Flycast(s("web")), "AAAA"),
        ] {
            let name = Name::from_ascii(text).unwrap();
            assert_eq!(Form::parse(&name), Some(form.clone()), "{text}");
            assert_eq!(show(&form.name().unwrap()), text);
            assert_eq!(form.to_string(), text.trim_end_matches('.'));
            assert_eq!(form.record_type().to_string(), rtype);
        }
    }

    #[test]
    fn other_names_have_no_form() {
        for text in [
            "example.com.",
            ".",
            "internal.",
            "a.b.c.web.internal.",
            "top0x.nearest.of.web.internal.",
            "a.b.flycast.",
        ] {
            assert_eq!(Form::parse(&Name::from_ascii(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn labels_of_invalid_length_are_rejected() {
        assert!(matches!(Form::App(Safe::new("a".repeat(64))).name(), Err(NameError::Label(_))));
        assert!(matches!(Form::App(Safe::new("")).name(), Err(NameError::Label(_))));
        let l = || Safe::new("a".repeat(63));
        assert!(Form::Vm(l(), l()).name().is_ok());
    }

    proptest! {
        #[test]
        fn any_label_survives_the_round_trip(app in proptest::collection::vec(any::<u8>(), 1..63), id in "[0-9a-f]{14}") {
            let form = Form::Vm(Safe::new(id), Safe::new(app));
            prop_assert_eq!(Form::parse(&form.name().unwrap()), Some(form));
        }
    }
}
