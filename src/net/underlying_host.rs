//! The machine's other networks: default routes and interfaces. Read without privileges; nothing is changed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use ipnet::Ipv6Net;

/// A port where nothing should listen: the first one that traceroute uses, for the same reason.
const CLOSED: u16 = 33_434;
/// Timeout of each of the two attempts.
const PATIENCE: Duration = Duration::from_millis(300);

#[derive(Debug, Clone, Copy)]
pub struct UnderlyingHost;

impl UnderlyingHost {
    /// Whether there is a route out over IPv4 and over IPv6. No packet is sent: the system only selects a source address
    /// (the destinations are documentation addresses, RFC 5737 and RFC 3849).
    #[expect(clippy::unused_self, reason = "only an underlay of the host has routes to look at")]
    pub fn default_routes(self) -> (bool, bool) {
        let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
        (source_to(v4).is_some(), source_to(v6).is_some())
    }

    /// Whether a datagram to a closed port of `peer`'s host is answered with "port unreachable": then UDP reaches the host
    /// and ICMP comes back.
    pub async fn closed_port_answers(self, peer: SocketAddr) -> bool {
        let port = if peer.port() == CLOSED { CLOSED + 1 } else { CLOSED };
        let any: SocketAddr = if peer.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        } else {
            (Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let Ok(socket) = tokio::net::UdpSocket::bind(any).await else { return false };
        if socket.connect((peer.ip(), port)).await.is_err() {
            return false;
        }
        for _ in 0..2 {
            if socket.send(&[0]).await.is_err_and(|error| is_closed(&error)) {
                return true;
            }
            match tokio::time::timeout(PATIENCE, socket.recv(&mut [0; 16])).await {
                // Something listens there and responds.
                Ok(Ok(_)) => return true,
                Ok(Err(error)) => return is_closed(&error),
                Err(_) => {}
            }
        }
        false
    }
}

fn is_closed(error: &std::io::Error) -> bool {
    // Windows reports "reset" for an ICMP port unreachable.
    matches!(error.kind(), std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::ConnectionReset)
}

/// Source address that the system selects for `to`; `None` without a route. No packet is sent.
pub fn source_to(to: IpAddr) -> Option<IpAddr> {
    let any: SocketAddr = match to {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect((to, 53)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Name and address of an interface with an address in `network`, preferably the one with `own`.
pub fn interface_in(network: Ipv6Net, own: Ipv6Addr) -> Option<(String, Ipv6Addr)> {
    let mut found: Vec<(String, Ipv6Addr)> = if_addrs::get_if_addrs()
        .ok()?
        .into_iter()
        .filter_map(|interface| match interface.ip() {
            IpAddr::V6(address) if network.contains(&address) => {
                Some((crate::text::words(&interface.name), address))
            }
            _ => None,
        })
        .collect();
    found.sort_by_key(|(name, address)| (*address != own, name.clone()));
    found.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_found_by_its_address() {
        let one: Ipv6Net = "::1/128".parse().unwrap();
        if source_to(IpAddr::V6(Ipv6Addr::LOCALHOST)).is_none() {
            return;
        }
        assert_eq!(interface_in(one, Ipv6Addr::LOCALHOST).unwrap().1, Ipv6Addr::LOCALHOST);
        assert_eq!(interface_in("fdaa:ffff:ffff::/48".parse().unwrap(), Ipv6Addr::LOCALHOST), None);
    }

    #[tokio::test]
    async fn a_closed_port_on_this_machine_is_reported() {
        assert!(UnderlyingHost.closed_port_answers("127.0.0.1:51820".parse().unwrap()).await);
    }
}
