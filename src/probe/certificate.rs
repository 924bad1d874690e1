//! Subject, issuer and validity of an X.509 certificate (RFC 5280); TLS up to 1.2 sends it unencrypted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use crate::text::{Safe, count};

/// Maximum number of names kept.
const MOST: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Names and addresses of its subjectAltName (RFC 5280 §4.2.1.6), or else its common name.
    pub names: Vec<Safe>,
    /// Common name of the issuer, or else its organization.
    pub issuer: Option<Safe>,
    /// Start and end of its validity, in seconds since 1970.
    pub from: i64,
    pub until: i64,
}

impl Certificate {
    /// Parses DER; `None` if it is not a certificate.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let alternative = certificate.subject_alternative_name().ok().flatten();
        let mut names: Vec<Safe> = alternative
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(Safe::new(name)),
                GeneralName::IPAddress(bytes) => address(bytes).map(|address| Safe::new(address.to_string())),
                _ => None,
            })
            .take(MOST)
            .collect();
        if names.is_empty() {
            names.extend(common(certificate.subject()));
        }
        let organization = || {
            let mut all = certificate.issuer().iter_organization();
            all.next().map(|name| Safe::new(name.attr_value().data))
        };
        let issuer = common(certificate.issuer()).or_else(organization);
        let validity = certificate.validity();
        let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        Some(Self { names, issuer, from, until })
    }

    /// Whether it is valid for `host`: one of its names, or a wildcard for the first label (RFC 9525 §6.3).
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.names.iter().map(Safe::as_str).any(|name| {
            let parent =
                |rest: &str| host.split_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(rest));
            name.eq_ignore_ascii_case(host) || name.strip_prefix("*.").is_some_and(parent)
        })
    }

    /// Last day of its validity: `2026-11-25`.
    pub fn last_day(&self) -> Option<String> {
        let end = jiff::Timestamp::from_second(self.until).ok()?;
        Some(end.strftime("%Y-%m-%d").to_string())
    }

    /// One line: `certificate of web.example and 2 more names, by R11, until 2026-11-25`.
    pub fn words(&self) -> String {
        let first = self.names.first().map_or("without a name".into(), |name| format!("of {name}"));
        let more = match self.names.len() {
            0 | 1 => String::new(),
            n => format!(" and {}", count(n - 1, "more name")),
        };
        let by = self.issuer.as_ref().map(|issuer| format!(", by {issuer}")).unwrap_or_default();
        let until = self.last_day().map(|day| format!(", until {day}")).unwrap_or_default();
        format!("certificate {first}{more}{by}{until}")
    }
}

fn common(name: &X509Name<'_>) -> Option<Safe> {
    name.iter_common_name().next().map(|name| Safe::new(name.attr_value().data))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let v6 = <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    v4.or(v6).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine as _;

    use super::*;

    /// A test certificate for `web.internal`, made with OpenSSL.
    pub(crate) fn der() -> Vec<u8> {
        let text = "MIIB6DCCAY6gAwIBAgIUZqqXUqaAqLnzrIfW68ZQPWjekrMwCgYIKoZIzj0EAwIwKzEUMBIGA1UEAwwLd2ViLmV4YW1wbG\
                    UxEzARBgNVBAoMClRocm93LWF3YXkwHhcNMjYxMTI1MDI1NDQ4WhcNMzYxMTIyMDI1NDQ4WjArMRQwEgYDVQQDDAt3ZWIu\
                    ZXhhbXBsZTETMBEGA1UECgwKVGhyb3ctYXdheTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBqtO0hmgYX1JiNzNOMcuB\
                    K1p4fKF2eI0vLbJbjzx3aA/eS/Du1meqQ8WbH3JbAHJ+boO+AyXjUyeNPyUB9LMyKjgY8wgYwwHQYDVR0OBBYEFAukb60M\
                    DoEB3F4pLO4Hk2H7l/+xMB8GA1UdIwQYMBaAFAukb60MDoEB3F4pLO4Hk2H7l/+xMA8GA1UdEwEB/wQFMAMBAf8wOQYDVR\
                    0RBDIwMIIMd2ViLmludGVybmFsgg4qLndlYi5pbnRlcm5hbIcQ/aoAAAAYAAAAAAAAAAAAAjAKBggqhkjOPQQDAgNIADBF\
                    AiEAsSNR16twSNlGLR/jwrjwjcL3goRvgxjd1dXrgwKJSNoCIDEMqF6Iy2IzWDBkEvrlm/g+P1bv97GFein6HcjMKwfH";
        base64::prelude::BASE64_STANDARD.decode(text).unwrap()
    }

    #[test]
    fn names_issuer_and_validity() {
        let read = Certificate::read(&der()).unwrap();
        let names: Vec<&str> = read.names.iter().map(Safe::as_str).collect();
        assert_eq!(names, ["web.internal", "*.web.internal", "fdaa:0:18::2"]);
        let expected = "certificate of web.internal and 2 more names, by web.example, until 2036-11-22";
        assert_eq!(read.words(), expected);
        assert!(read.from < read.until);
        for (host, fits) in [
            ("web.internal", true),
            ("WEB.internal.", true),
            ("nrt.web.internal", true),
            ("a.nrt.web.internal", false),
            ("api.internal", false),
            ("fdaa:0:18::2", true),
        ] {
            assert_eq!(read.is_for(host), fits, "{host}");
        }
    }

    #[test]
    fn invalid_or_truncated_data_is_rejected() {
        let der = der();
        for length in 0..der.len() {
            assert_eq!(Certificate::read(&der[..length]), None, "{length}");
        }
        // No corrupted byte may cause a panic.
        for at in 0..der.len() {
            let mut broken = der.clone();
            broken[at] ^= 0xff;
            let _ = Certificate::read(&broken);
        }
    }
}
