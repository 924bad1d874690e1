//! Reader of a host as people type and paste it, for every prompt and command.
//!
//! What other programs print is accepted where its meaning is plain: brackets, a prefix length, a zone, `@server#53` of dig,
//! a URL, a port behind a colon. Nothing of this is queried as a name.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::text::Safe;

/// A host, with what was written around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub host: Host,
    /// Text behind the colon or `#`: ports, a range, a service.
    pub ports: Option<String>,
    /// Scheme of a URL, in lower case.
    pub scheme: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Address(Ipv6Addr),
    /// A name, complete or not, or a place (`web/iad`).
    Name(String),
}

/// Reason why a text is no host of a 6PN network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("a name or an IPv6 address is expected")]
    Empty,
    #[error("{0} is an IPv4 address, and this network has only IPv6")]
    Ipv4(Ipv4Addr),
    #[error("`{0}` is not an IPv6 address")]
    Address(Safe),
}

impl Typed {
    /// Reads `text`.
    ///
    /// # Errors
    /// If it is empty, an IPv4 address, or an invalid IPv6 address.
    pub fn read(text: &str) -> Result<Self, HostError> {
        let text = text.trim().trim_matches(['"', '\'', '`', '<', '>']);
        if let Some((scheme, rest)) = url(text) {
            let mut typed = Self::read_plain(rest)?;
            typed.scheme = Some(scheme.to_ascii_lowercase());
            return Ok(typed);
        }
        // dig's form of a server: `@ADDRESS`, `ADDRESS#53`.
        let text = text.strip_prefix('@').unwrap_or(text);
        match text.split_once('#') {
            Some((host, port)) if port.parse::<u16>().is_ok() => {
                Ok(Self { ports: Some(port.to_owned()), ..Self::read_plain(host)? })
            }
            _ => Self::read_plain(text),
        }
    }

    fn read_plain(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        let of = |host, ports: Option<&str>| Self { host, ports: ports.map(str::to_owned), scheme: None };
        if let Some(rest) = text.strip_prefix('[') {
            let invalid = || HostError::Address(Safe::new(text));
            let (inner, rest) = rest.split_once(']').ok_or_else(invalid)?;
            let address = address(inner).ok_or_else(invalid)?;
            let ports = rest.strip_prefix(':').filter(|ports| !ports.is_empty());
            return if rest.is_empty() || ports.is_some() || prefix_length(rest) {
                Ok(of(Host::Address(address), ports))
            } else {
                Err(invalid())
            };
        }
        if let Some(address) = address(text) {
            return Ok(of(Host::Address(address), None));
        }
        let (name, ports) = match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => return Err(HostError::Address(Safe::new(text))),
            Some((name, ports)) => (name, Some(ports).filter(|ports| !ports.is_empty())),
            None => (text, None),
        };
        let bare = name.split('/').next().unwrap_or_default();
        if let Ok(address) = bare.parse() {
            return Err(HostError::Ipv4(address));
        }
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        Ok(of(Host::Name(name.to_owned()), ports))
    }
}

/// Scheme and authority of a URL, without user, path and query.
fn url(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Some((scheme, authority.rsplit_once('@').map_or(authority, |(_, host)| host)))
}

/// An IPv6 address, with a zone (`%wg0`) or a prefix length (`/120`), which are dropped.
fn address(text: &str) -> Option<Ipv6Addr> {
    let text = match text.split_once('/') {
        Some((address, length)) if prefix_length(&format!("/{length}")) => address,
        Some(_) => return None,
        None => text,
    };
    text.split('%').next()?.parse().ok()
}

fn prefix_length(text: &str) -> bool {
    text.strip_prefix('/').and_then(|length| length.parse::<u8>().ok()).is_some_and(|length| length <= 128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<(String, Option<String>), HostError> {
        Typed::read(text).map(|typed| {
            let host = match typed.host {
                Host::Address(address) => format!("={address}"),
                Host::Name(name) => name,
            };
            (host, typed.ports)
        })
    }

    #[test]
    fn addresses_as_other_programs_print_them() {
        for text in [
            "fdaa:0:18::3",
            "[fdaa:0:18::3]",
            "fdaa:0:18::3/120",
            "[fdaa:0:18::3]/120",
            "fdaa:0:18::3%wg0",
            "[fdaa:0:18::3%wg0]",
            " FDAA:0:18:0::3 ",
            "`fdaa:0:18::3`",
            "@fdaa:0:18::3",
            "http://[fdaa:0:18::3]/",
        ] {
            assert_eq!(read(text), Ok(("=fdaa:0:18::3".into(), None)), "{text}");
        }
        for (text, port) in [
            ("[fdaa:0:18::3]:8080", "8080"),
            ("fdaa:0:18::3#53", "53"),
            ("@fdaa:0:18::3#53", "53"),
            ("https://user:password@[fdaa:0:18::3]:443/path?x=1#y", "443"),
            ("[fdaa:0:18::3]:80,443", "80,443"),
        ] {
            assert_eq!(read(text), Ok(("=fdaa:0:18::3".into(), Some(port.into()))), "{text}");
        }
    }

    #[test]
    fn names_with_and_without_ports() {
        for (text, name, ports) in [
            ("web", "web", None),
            ("web:8080", "web", Some("8080")),
            ("web.internal.:80,443", "web.internal.", Some("80,443")),
            ("http://web.internal:8080/path", "web.internal", Some("8080")),
            ("postgres://user@db.internal:5432/name", "db.internal", Some("5432")),
            ("ssh://web.internal", "web.internal", None),
            ("web:http", "web", Some("http")),
            ("web:", "web", None),
            ("web/iad", "web/iad", None),
            ("@web#53", "web", Some("53")),
        ] {
            assert_eq!(read(text), Ok((name.into(), ports.map(Into::into))), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_of_this_network_is_refused() {
        let ipv4 = || HostError::Ipv4("10.0.0.1".parse().unwrap());
        for text in
            ["10.0.0.1", "10.0.0.1:80", "10.0.0.0/8".replace("0.0/8", "0.1/8").as_str(), "http://10.0.0.1/x"]
        {
            assert_eq!(read(text), Err(ipv4()), "{text}");
        }
        for text in ["", " ", "http://", ":80", "@", "\"\""] {
            assert_eq!(read(text), Err(HostError::Empty), "{text}");
        }
        for text in ["fdaa::1::2", "[fdaa", "[web]:80", "[fdaa::1]x", "fdaa:0:18"] {
            assert!(matches!(read(text), Err(HostError::Address(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_an_address_is_never_a_name(text in "\\PC{0,40}", bytes in any::<u128>()) {
            let _ = read(&text);
            let address = Ipv6Addr::from(bytes);
            for form in [format!("{address}"), format!("[{address}]"), format!("[{address}]:1"), format!("@{address}#53")] {
                prop_assert_eq!(Typed::read(&form).unwrap().host, Host::Address(address));
            }
        }
    }
}
