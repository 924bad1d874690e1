//! Structure of a 6PN address (reference document, "6PN addresses in detail").

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

/// Fields of a 6PN address: 16 bits `fdaa`, 32 of network, 32 of host, 32 of machine, 16 free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anatomy {
    pub address: Ipv6Addr,
    /// Bits 16–47: the network (the org's prefix).
    pub network: [u16; 2],
    /// Bits 48–79: the host server, or `0:1` for a flycast address.
    pub host: [u16; 2],
    /// Bits 80–111: the machine on that host. Unrelated to the 14-digit Machine ID.
    pub machine: [u16; 2],
    /// Bits 112–127: free for the machine.
    pub free: u16,
}

/// Owner of an address, as far as its structure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `fdaa::3`: the name server as used by a machine.
    MachineDns,
    /// `<prefix>::3`: the name server as used through a tunnel.
    TunnelDns,
    /// `<prefix>:0:1:…`: an app's Flycast address.
    Flycast,
    /// A machine or a WireGuard peer, which have the same structure.
    Member,
}

impl Anatomy {
    /// Decodes an address; `None` if it does not start with `fdaa`.
    pub fn of(address: Ipv6Addr) -> Option<Self> {
        let [prefix, n0, n1, h0, h1, m0, m1, free] = address.segments();
        (prefix == 0xfdaa).then_some(Self {
            address,
            network: [n0, n1],
            host: [h0, h1],
            machine: [m0, m1],
            free,
        })
    }

    /// Prefix of the network, a /48.
    pub fn prefix(&self) -> Ipv6Net {
        Ipv6Net::new_assert(self.address, 48).trunc()
    }

    /// Subnet of the machine, a /112.
    pub fn subnet(&self) -> Ipv6Net {
        Ipv6Net::new_assert(self.address, 112).trunc()
    }

    /// Name server for tunnels into this network: the prefix and `::3`.
    pub fn dns(&self) -> Ipv6Addr {
        dns_of(self.address)
    }

    pub fn kind(&self) -> Kind {
        let rest = (self.host, self.machine, self.free);
        match (self.network, rest) {
            ([0, 0], ([0, 0], [0, 0], 3)) => Kind::MachineDns,
            (_, ([0, 0], [0, 0], 3)) => Kind::TunnelDns,
            (_, ([0, 1], _, _)) => Kind::Flycast,
            _ => Kind::Member,
        }
    }
}

/// The first 48 bits of `address` and `::3` (reference document, "Connect to the Fly.io DNS over WireGuard").
pub fn dns_of(address: Ipv6Addr) -> Ipv6Addr {
    let [a, b, c, ..] = address.segments();
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 3)
}

/// Two groups as written in an address: `a7b:7d`.
pub fn pair(groups: [u16; 2]) -> String {
    format!("{:x}:{:x}", groups[0], groups[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anatomy(text: &str) -> Anatomy {
        Anatomy::of(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_documents_example() {
        let a = anatomy("fdaa:0:18:a7b:7d:f066:b83b:2");
        assert_eq!(
            (pair(a.network), pair(a.host), pair(a.machine), a.free),
            ("0:18".into(), "a7b:7d".into(), "f066:b83b".into(), 2)
        );
        assert_eq!(a.dns(), "fdaa:0:18::3".parse::<Ipv6Addr>().unwrap());
        assert_eq!(a.prefix().to_string(), "fdaa:0:18::/48");
        assert_eq!(a.subnet().to_string(), "fdaa:0:18:a7b:7d:f066:b83b:0/112");
    }

    #[test]
    fn kinds_by_shape() {
        for (text, kind) in [
            ("fdaa::3", Kind::MachineDns),
            ("fdaa:0:18::3", Kind::TunnelDns),
            ("fdaa:0:22b7:0:1::3", Kind::Flycast),
            ("fdaa:0:18:a7b:d6b:0:a:2", Kind::Member),
        ] {
            assert_eq!(anatomy(text).kind(), kind, "{text}");
        }
        assert_eq!(Anatomy::of("2001:db8::1".parse().unwrap()), None);
    }
}
