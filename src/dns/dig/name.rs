//! Parser of domain names in presentation format (RFC 1035 §5.1).

use std::borrow::Cow;
use std::net::IpAddr;

use hickory_proto::rr::Name;

use crate::dns::names::is_shorthand;
use crate::text::Safe;

/// Reason why a word is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("each label has 1 to 63 bytes, but `{0}` has one of {1}")]
    Label(Safe, usize),
    #[error("`{0}` is longer than 255 bytes (separators included)")]
    Long(Safe),
    /// Invalid escape: `\` needs a character, or three digits up to 255.
    #[error("`\\` in `{0}` must be followed by a character or by three digits from 000 to 255")]
    Escape(Safe),
    /// Not ASCII, and not convertible (RFC 5891 §4).
    #[error("`{0}` cannot be converted to ASCII: write its bytes as \\DDD, or the name in its xn-- form")]
    NotAscii(Safe),
    #[error("-x needs an address, not `{0}`")]
    Address(Safe),
}

/// Parses `word`. A name of the network may lack `.internal`: `web`, `_apps`, `vms.web`, `iad.web` (see [`is_shorthand`]);
/// anything else, and what has a final dot, is fully qualified. Other scripts are converted to ASCII (RFC 5890):
/// `bücher.example` is `xn--bcher-kva.example.`.
///
/// # Errors
/// If it is not a valid name.
pub fn parse(word: &str) -> Result<Name, NameError> {
    let shown = || Safe::new(word);
    if word == "." {
        return Ok(Name::root());
    }
    let ascii = if word.is_ascii() {
        Cow::Borrowed(word)
    } else {
        let ascii = idna::domain_to_ascii(word).ok().filter(|_| !word.contains('\\'));
        Cow::Owned(ascii.ok_or_else(|| NameError::NotAscii(shown()))?)
    };
    let (mut labels, absolute) = labels(&ascii)?;
    if !absolute && is_shorthand(&labels) {
        labels.push(b"internal".to_vec());
    }
    if let Some(bad) = labels.iter().find(|label| !(1..=63).contains(&label.len())) {
        return Err(NameError::Label(shown(), bad.len()));
    }
    let mut name =
        Name::from_labels(labels.iter().map(Vec::as_slice)).map_err(|_| NameError::Long(shown()))?;
    name.set_fqdn(true);
    Ok(name)
}

/// Labels of `word`, and whether it ends with a dot.
fn labels(word: &str) -> Result<(Vec<Vec<u8>>, bool), NameError> {
    let mut labels = vec![Vec::new()];
    let mut bytes = word.bytes();
    while let Some(byte) = bytes.next() {
        let literal = match byte {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => escape(&mut bytes).ok_or_else(|| NameError::Escape(Safe::new(word)))?,
            0x80.. => return Err(NameError::NotAscii(Safe::new(word))),
            _ => byte,
        };
        if let Some(label) = labels.last_mut() {
            label.push(literal);
        }
    }
    let absolute = labels.len() > 1 && labels.last().is_some_and(Vec::is_empty);
    if absolute {
        labels.pop();
    }
    Ok((labels, absolute))
}

/// Decodes an escape after `\`.
fn escape(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let first = bytes.next()?;
    if !first.is_ascii_digit() {
        return first.is_ascii().then_some(first);
    }
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let digit = bytes.next().filter(u8::is_ascii_digit)?;
        value = value * 10 + u32::from(digit - b'0');
    }
    value.try_into().ok()
}

/// The name for a reverse lookup of an address (RFC 3596 §2.5, RFC 1035 §3.5).
///
/// # Errors
/// If `word` is not an address.
pub fn reverse(word: &str) -> Result<Name, NameError> {
    word.parse::<IpAddr>().map(Name::from).map_err(|_| NameError::Address(Safe::new(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::names::show;
    use proptest::prelude::*;

    #[test]
    fn valid_names() {
        for (word, name) in [
            ("web", "web.internal."),
            ("_apps", "_apps.internal."),
            ("web.internal", "web.internal."),
            ("web.flycast", "web.flycast."),
            ("internal", "internal."),
            ("flycast", "flycast."),
            ("vms.web", "vms.web.internal."),
            ("iad.web", "iad.web.internal."),
            ("fly.dev", "fly.dev."),
            ("www.example.com", "www.example.com."),
            ("iad.web.", "iad.web."),
            ("laptop._peer", "laptop._peer.internal."),
            ("148e21b7c93d89.vm.web", "148e21b7c93d89.vm.web.internal."),
            ("app.process.web", "app.process.web.internal."),
            ("top3.nearest.of.web", "top3.nearest.of.web.internal."),
            ("blue.color.kv._metadata.web", "blue.color.kv._metadata.web.internal."),
            ("other.web", "other.web."),
            ("web.", "web."),
            ("bücher", "xn--bcher-kva.internal."),
            ("_x.Bücher.example.", "_x.xn--bcher-kva.example."),
            (".", "."),
            ("example.com.", "example.com."),
            ("WEB.Internal", "WEB.Internal."),
            (r"a\.b", r"a\.b.internal."),
            (r"a\032b\255.c", r"a\032b\255.c."),
            (r"\\\@", r"\\\@.internal."),
            ("a b.c", r"a\032b.c."),
            (r"x\.", r"x\..internal."),
        ] {
            assert_eq!(parse(word).map(|n| show(&n)), Ok(name.to_owned()), "{word}");
        }
    }

    #[test]
    fn invalid_names() {
        let safe = |word: &str| Safe::new(word);
        for (word, error) in [
            ("", NameError::Label(safe(""), 0)),
            ("a..b", NameError::Label(safe("a..b"), 0)),
            ("..", NameError::Label(safe(".."), 0)),
            (r"a\", NameError::Escape(safe(r"a\"))),
            (r"a\25", NameError::Escape(safe(r"a\25"))),
            (r"a\256", NameError::Escape(safe(r"a\256"))),
            (r"a\2x5", NameError::Escape(safe(r"a\2x5"))),
            (r"bü\.cher", NameError::NotAscii(safe(r"bü\.cher"))),
            ("a\u{200d}b\u{300}.\u{fffd}", NameError::NotAscii(safe("a\u{200d}b\u{300}.\u{fffd}"))),
        ] {
            assert_eq!(parse(word), Err(error), "{word}");
        }
        let long = "a".repeat(64);
        assert_eq!(parse(&long), Err(NameError::Label(safe(&long), 64)));
        assert!(parse(&long[1..]).is_ok());
        // 4 × 64 + 1 bytes on the wire.
        let long = [&long[1..]; 4].join(".");
        assert_eq!(parse(&long), Err(NameError::Long(safe(&long))));
    }

    #[test]
    fn reverse_lookups() {
        for (address, name) in [
            ("192.0.2.1", "1.2.0.192.in-addr.arpa."),
            ("fdaa:0:18::3", "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.1.0.0.0.0.0.0.a.a.d.f.ip6.arpa."),
        ] {
            assert_eq!(reverse(address).map(|n| show(&n)), Ok(name.to_owned()));
        }
        assert_eq!(reverse("web"), Err(NameError::Address(safe_web())));
    }

    fn safe_web() -> Safe {
        Safe::new("web")
    }

    proptest! {
        #[test]
        fn an_arbitrary_word_never_panics(word in "\\PC{0,80}") {
            let _ = (parse(&word), reverse(&word));
        }

        #[test]
        fn a_printed_name_parses_back(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..6)) {
            let mut name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            name.set_fqdn(true);
            let again = parse(&show(&name)).unwrap();
            prop_assert!(again.eq_case(&name));
        }
    }
}
