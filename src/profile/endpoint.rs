//! `Endpoint`: an address or a name, with a port.

use std::net::{Ipv6Addr, SocketAddr};

use super::Endpoint;
use crate::text::Safe;

/// Error in an endpoint, with a correct example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEndpoint {
    pub why: String,
    pub example: String,
}

/// Parses `192.0.2.10:51820`, `[2001:db8::1]:51820` or `gateway.example:51820`.
///
/// # Errors
/// With an example made from the input where possible.
pub fn parse(text: &str) -> Result<Endpoint, BadEndpoint> {
    let shown = Safe::new(text);
    let bad =
        |why: &str, host: &str| BadEndpoint { why: why.into(), example: format!("Endpoint = {host}:51820") };
    if let Ok(addr) = text.parse::<SocketAddr>() {
        return if addr.port() == 0 {
            Err(bad("port 0 is not valid", &host_part(text)))
        } else {
            Ok(Endpoint::Addr(addr))
        };
    }
    if let Ok(addr) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return Err(bad("this endpoint has no port", &format!("[{addr}]")));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(bad("this endpoint has no port", shown.as_str()));
    };
    if let Ok(addr) = host.parse::<Ipv6Addr>() {
        return Err(bad("an IPv6 address needs brackets before its port", &format!("[{addr}]")));
    }
    let Some(port) = port.parse::<u16>().ok().filter(|port| *port != 0) else {
        return Err(bad("its port is not a number from 1 to 65535", &host_part(text)));
    };
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    // Digits and dots only: an invalid address, not a name.
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if name.len() > 253 || !name.split('.').all(label) || numeric {
        return Err(bad("this is neither an address nor a host name", "gateway.example"));
    }
    Ok(Endpoint::Host { name: name.to_owned(), port })
}

/// The text before the last colon, sanitized.
fn host_part(text: &str) -> String {
    Safe::new(text.rsplit_once(':').map_or(text, |(host, _)| host)).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_and_names_are_parsed() {
        assert_eq!(parse("192.0.2.10:51820"), Ok(Endpoint::Addr("192.0.2.10:51820".parse().unwrap())));
        assert_eq!(parse("[2001:db8::1]:51820"), Ok(Endpoint::Addr("[2001:db8::1]:51820".parse().unwrap())));
        assert_eq!(
            parse("iad1.gw.example:51820"),
            Ok(Endpoint::Host { name: "iad1.gw.example".into(), port: 51820 })
        );
        assert_eq!(parse("localhost.:1"), Ok(Endpoint::Host { name: "localhost".into(), port: 1 }));
    }

    #[test]
    fn errors_include_a_corrected_line() {
        for (text, example) in [
            ("gw.example", "Endpoint = gw.example:51820"),
            ("192.0.2.10", "Endpoint = 192.0.2.10:51820"),
            ("gw.example:", "Endpoint = gw.example:51820"),
            ("gw.example:http", "Endpoint = gw.example:51820"),
            ("gw.example:70000", "Endpoint = gw.example:51820"),
            ("192.0.2.10:0", "Endpoint = 192.0.2.10:51820"),
            ("2001:db8::1", "Endpoint = [2001:db8::1]:51820"),
            ("[2001:db8::1]", "Endpoint = [2001:db8::1]:51820"),
            ("2001:db8:0:0:0:0:0:0:1:51820", "Endpoint = gateway.example:51820"),
            ("1.2.3.4.5:1", "Endpoint = gateway.example:51820"),
            ("gw example:1", "Endpoint = gateway.example:51820"),
        ] {
            assert_eq!(parse(text).unwrap_err().example, example, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_endpoint_prints_and_parses_back(text in "\\PC{0,60}") {
            if let Ok(endpoint) = parse(&text) {
                prop_assert_eq!(parse(&endpoint.to_string()), Ok(endpoint));
            }
        }
    }
}
