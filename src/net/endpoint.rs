//! Resolves the conf's endpoint to addresses, in the order in which they are tried.

use std::net::SocketAddr;

use super::LinkError;
use crate::profile::Endpoint;

/// Resolves an endpoint with the host's own resolver (A and AAAA).
pub async fn resolve(endpoint: Endpoint) -> Result<Vec<SocketAddr>, LinkError> {
    let (name, port) = match endpoint {
        Endpoint::Addr(addr) => return Ok(vec![addr]),
        Endpoint::Host { name, port } => (name, port),
    };
    let found = tokio::net::lookup_host((name.as_str(), port)).await.map(interleave);
    match found {
        Ok(addresses) if addresses.is_empty() => {
            Err(LinkError::Resolve { name, reason: "it has no address".to_owned() })
        }
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(LinkError::Resolve { name, reason: error.to_string() }),
    }
}

/// Alternates IPv6 and IPv4, IPv6 first (RFC 8305 §4), without duplicates.
fn interleave(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv6);
    let longest = v6.len().max(v4.len());
    let mut order = Vec::new();
    for at in 0..longest {
        for addr in [v6.get(at), v4.get(at)].into_iter().flatten() {
            if !order.contains(addr) {
                order.push(*addr);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        let found =
            ["192.0.2.1:1", "192.0.2.2:1", "192.0.2.1:1", "[2001:db8::1]:1"].map(|a| a.parse().unwrap());
        let order: Vec<_> = interleave(found.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[2001:db8::1]:1", "192.0.2.1:1", "192.0.2.2:1"]);
    }

    #[tokio::test]
    async fn an_address_needs_no_lookup() {
        let addr: SocketAddr = "[2001:db8::1]:51820".parse().unwrap();
        assert_eq!(resolve(Endpoint::Addr(addr)).await, Ok(vec![addr]));
    }

    #[tokio::test]
    async fn an_unresolvable_name_is_reported() {
        // RFC 6761 §6.4: no resolver has an answer for `.invalid`.
        let name = "gateway.invalid".to_owned();
        let failed = resolve(Endpoint::Host { name: name.clone(), port: 51_820 }).await;
        assert!(matches!(failed, Err(LinkError::Resolve { name: failed, .. }) if failed == name));
    }
}
