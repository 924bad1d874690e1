//! A WireGuard conf, as `fly wireguard create` writes it and as people edit it, made into a typed [`Profile`].

pub mod endpoint;
pub mod file;
pub mod keys;
pub mod parse;
pub mod render;

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use boringtun::x25519::{PublicKey, StaticSecret};
use ipnet::Ipv6Net;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key. Wiped from memory when dropped; `Debug` and every other face of it is `[redacted]`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes 32 bytes of key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key itself, for the handshake only.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where the peer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address: `192.0.2.10:51820` or `[2001:db8::1]:51820`.
    Addr(SocketAddr),
    /// A name that the host's own resolver must look up.
    Host {
        /// The name, already found to be made of printable ASCII.
        name: String,
        /// UDP port.
        port: u16,
    },
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => write!(f, "{addr}"),
            Self::Host { name, port } => write!(f, "{name}:{port}"),
        }
    }
}

/// The name server of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsServer {
    /// Its address inside the tunnel.
    pub addr: Ipv6Addr,
    /// True where the conf had none that serves, and the address was derived as the first 48 bits and `::3`.
    pub derived: bool,
}

/// The chosen `[Peer]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// X25519 public key.
    pub public_key: [u8; 32],
    /// `PresharedKey`, if there is one.
    pub preshared_key: Option<Secret>,
    /// `Endpoint`.
    pub endpoint: Endpoint,
    /// The IPv6 part of `AllowedIPs`.
    pub allowed_ips: Vec<Ipv6Net>,
    /// `PersistentKeepalive` in seconds; `None` is off.
    pub keepalive: Option<u16>,
}

/// Something about the conf that a person should know, and that did not stop us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line in the file, from 1; `None` where it is about the whole file.
    pub line: Option<usize>,
    /// A sentence, fit to show.
    pub text: String,
}

/// A conf that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The conf's name: its file name without `.conf`, fit to show.
    pub name: String,
    /// The file it came from; `None` for a generated conf.
    pub path: Option<PathBuf>,
    /// `PrivateKey`.
    pub private_key: Secret,
    /// The IPv6 part of `Address`, in order, at least one.
    pub addresses: Vec<Ipv6Net>,
    /// The name server to ask.
    pub dns: DnsServer,
    /// `MTU` of the tunnel in bytes, 1,280 to 9,000; 1,420 where the conf has none.
    pub mtu: u16,
    /// `ListenPort`.
    pub listen_port: Option<u16>,
    /// The peer to attach to.
    pub peer: Peer,
    /// What a person should know about the file.
    pub notes: Vec<Note>,
}

impl Profile {
    /// Our own public key, by which the gateway knows us.
    pub fn public_key(&self) -> [u8; 32] {
        let secret = StaticSecret::from(*self.private_key.expose());
        PublicKey::from(&secret).to_bytes()
    }

    /// Our own address in the network.
    pub fn address(&self) -> Ipv6Addr {
        self.addresses.first().map_or(Ipv6Addr::UNSPECIFIED, Ipv6Net::addr)
    }

    /// The network's prefix: the first 48 bits of our address, `fdaa:0:18::/48` (reference document,
    /// "6PN addresses in detail": 16 bits of ULA prefix, 32 bits of network).
    pub fn network(&self) -> Ipv6Net {
        Ipv6Net::new_assert(self.address(), 48).trunc()
    }
}
