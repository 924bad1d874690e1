//! A WireGuard conf, as written by `fly wireguard create` or edited by users, as a typed [`Profile`].

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
use zeroize::Zeroize as _;

/// A key. It stays at one place in memory when the value is moved, and is zeroized on drop; `Debug` prints `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8; 32]>);

impl Secret {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Box::new(key))
    }

    /// A copy of `bytes`; `None` unless there are 32.
    pub fn copied(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::new([0; 32]);
        (bytes.len() == secret.0.len()).then(|| {
            secret.0.copy_from_slice(bytes);
            secret
        })
    }

    /// The public key of this private key.
    pub fn public_key(&self) -> [u8; 32] {
        on_wiped_stack(|| PublicKey::from(&StaticSecret::from(*self.expose())).to_bytes())
    }

    /// The key itself, only for the handshake. Use it inside [`on_wiped_stack`].
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Runs `f` and overwrites the part of the stack below it: libraries take keys by value, and a copy stays wherever a value
/// was moved from. The result must hold no key itself; on the heap it may.
pub fn on_wiped_stack<T>(f: impl FnOnce() -> T) -> T {
    #[inline(never)]
    #[expect(clippy::large_stack_arrays, reason = "it covers the stack that was in use")]
    fn wipe() {
        let mut area = [0_u8; 64 * 1024];
        area.zeroize();
        std::hint::black_box(&area);
    }
    #[inline(never)]
    fn run<T>(f: impl FnOnce() -> T) -> T {
        f()
    }
    let result = run(f);
    wipe();
    result
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address: `192.0.2.10:51820` or `[2001:db8::1]:51820`.
    Addr(SocketAddr),
    /// A name to resolve with the host's own resolver.
    Host {
        /// The name: printable ASCII.
        name: String,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsServer {
    pub addr: Ipv6Addr,
    /// Whether the address is derived (first 48 bits and `::3`), since the conf has no usable one.
    pub derived: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub public_key: [u8; 32],
    pub preshared_key: Option<Secret>,
    pub endpoint: Endpoint,
    /// The IPv6 part of `AllowedIPs`.
    pub allowed_ips: Vec<Ipv6Net>,
    /// `PersistentKeepalive` in seconds; `None` is off.
    pub keepalive: Option<u16>,
}

/// A remark on the conf that does not prevent its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line in the file, from 1; `None` for the whole file.
    pub line: Option<usize>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// File name without `.conf`, sanitized.
    pub name: String,
    /// Path of the file; `None` for a generated conf.
    pub path: Option<PathBuf>,
    pub private_key: Secret,
    /// The IPv6 part of `Address`, in order; at least one.
    pub addresses: Vec<Ipv6Net>,
    pub dns: DnsServer,
    /// MTU of the tunnel in bytes, 1,280 to 9,000; by default 1,420.
    pub mtu: u16,
    pub listen_port: Option<u16>,
    pub peer: Peer,
    pub notes: Vec<Note>,
}

impl Profile {
    /// Our own public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.private_key.public_key()
    }

    pub fn address(&self) -> Ipv6Addr {
        self.addresses.first().map_or(Ipv6Addr::UNSPECIFIED, Ipv6Net::addr)
    }

    /// The network's prefix: the first 48 bits of our address, `fdaa:0:18::/48` (reference document,
    /// "6PN addresses in detail": 16 bits of ULA prefix, 32 bits of network).
    pub fn network(&self) -> Ipv6Net {
        Ipv6Net::new_assert(self.address(), 48).trunc()
    }
}
