//! The only room that sends a packet. Everything above is generic over [`Network`] and never asks which it has.

pub mod endpoint;
#[cfg(test)]
pub(crate) mod fake;
#[doc(hidden)]
pub mod fuzz;
pub mod handles;
pub mod host;
pub mod outside;
pub mod packet;
pub mod sim;
pub mod stack;
mod stamp;
pub mod suspend;
pub mod tcp;
pub mod timers;
pub mod tunnel;
pub mod underlay;
pub mod wireguard;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// A private network we are attached to: datagrams, streams, echo, and the state of the link below them.
///
/// Cloning is cheap and shares the attachment; dropping the last clone ends it.
pub trait Network: Clone + Send + Sync + 'static {
    /// A bound UDP socket.
    type Udp: Datagrams;
    /// A connected TCP stream.
    type Tcp: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static;
    /// A source of ICMPv6 echo requests with an identifier of its own.
    type Echo: Echoes;

    /// Binds a UDP socket on a free random port.
    fn udp(&self) -> io::Result<Self::Udp>;

    /// Connects. `ConnectionRefused` on a reset, `HostUnreachable`/`NetworkUnreachable` on an ICMPv6 error,
    /// `TimedOut` when the stack gives up; callers bound the time themselves.
    fn tcp(&self, to: SocketAddrV6) -> impl Future<Output = io::Result<Self::Tcp>> + Send;

    /// Opens a source of echo requests.
    fn echo(&self) -> io::Result<Self::Echo>;

    /// The link below. It changes on events; counters are refreshed at most once a second.
    fn link(&self) -> watch::Receiver<LinkState>;

    /// Drop what we think of the peer's session and shake hands anew, now.
    fn rehandshake(&self);

    /// Our own address in the network.
    fn local(&self) -> Ipv6Addr;

    /// The host below, where there is a real one: a simulated wire has none.
    fn outside(&self) -> Option<outside::Outside> {
        None
    }
}

/// A UDP socket of a [`Network`].
pub trait Datagrams: Send + Sync + 'static {
    /// Queues one datagram. `WouldBlock` when the queue is full; a payload over the MTU is an `InvalidInput`.
    fn send(&self, to: SocketAddrV6, payload: &[u8]) -> io::Result<()>;

    /// Waits for the next arrival.
    fn recv(&self) -> impl Future<Output = io::Result<Arrival>> + Send;

    /// The port we are bound to.
    fn port(&self) -> u16;
}

/// What comes back to a UDP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A datagram.
    Datagram {
        /// Who sent it.
        from: SocketAddrV6,
        /// Its payload.
        payload: Vec<u8>,
        /// When it left the outer socket.
        at: Instant,
    },
    /// An ICMPv6 error about a datagram we sent.
    Unreachable {
        /// Where our datagram was going.
        to: SocketAddrV6,
        /// Who says so.
        by: Ipv6Addr,
        /// What is said.
        error: IcmpError,
    },
}

/// ICMPv6 errors (RFC 4443 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpError {
    /// Type 1, with its code: 0 no route, 1 prohibited, 3 address, 4 port …
    Unreachable(u8),
    /// Type 2, with the MTU of the next link in bytes.
    PacketTooBig(u32),
    /// Type 3: the hop limit ran out.
    TimeExceeded(u8),
    /// Type 4.
    ParameterProblem(u8),
}

/// What an error says, by its code (RFC 4443 §3).
impl fmt::Display for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable(0) => "no route to destination",
            Self::Unreachable(1) => "administratively prohibited",
            Self::Unreachable(2) => "beyond the scope of the source address",
            Self::Unreachable(3) => "address unreachable",
            Self::Unreachable(4) => "port unreachable",
            Self::Unreachable(5) => "source address failed the ingress or egress policy",
            Self::Unreachable(6) => "route to destination rejected",
            Self::Unreachable(code) => return write!(f, "unreachable, code {code}"),
            Self::PacketTooBig(mtu) => return write!(f, "packet too big, the next link takes {mtu} bytes"),
            Self::TimeExceeded(0) => "hop limit exceeded",
            Self::TimeExceeded(_) => "fragment reassembly time exceeded",
            Self::ParameterProblem(code) => return write!(f, "parameter problem, code {code}"),
        })
    }
}

/// A source of ICMPv6 echo requests (RFC 4443 §4.1) whose replies come back to it alone.
pub trait Echoes: Send + Sync + 'static {
    /// Queues one request and says when.
    fn send(&self, request: EchoRequest) -> io::Result<Instant>;

    /// Waits for the next event about any request sent here: late and duplicate replies come too, and those that
    /// answer nothing.
    fn recv(&self) -> impl Future<Output = io::Result<EchoEvent>> + Send;
}

/// One echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoRequest {
    /// The target.
    pub to: Ipv6Addr,
    /// Sequence number.
    pub seq: u16,
    /// Hop limit, 1 to 255.
    pub hop_limit: u8,
    /// Bytes of payload after the 8-byte ICMPv6 header.
    pub payload: u16,
}

/// What an echo request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoEvent {
    /// Which request.
    pub seq: u16,
    /// Whom it was sent to.
    pub to: Ipv6Addr,
    /// Who answered.
    pub from: Ipv6Addr,
    /// When the request left, as near to the outer socket as we know.
    pub sent: Instant,
    /// When it arrived at the outer socket, by the host's kernel where it tells that.
    pub at: Instant,
    /// What came.
    pub kind: EchoKind,
}

/// A reply, or an error in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoKind {
    /// An echo reply.
    Reply {
        /// Hop limit it arrived with.
        hop_limit: u8,
        /// Bytes of ICMPv6: header and payload.
        bytes: u16,
    },
    /// An ICMPv6 error about the request.
    Error(IcmpError),
    /// A reply that answers no request: `seq` was not sent, or not by anybody with this identifier. It is told to
    /// every source, with `to` as whom it came from.
    Stray {
        /// Its identifier.
        ident: u16,
    },
}

/// The state of the link, as one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// Where it stands.
    pub phase: Phase,
    /// Since when it stands there.
    pub since: Instant,
    /// When the last handshake ended well.
    pub last_handshake: Option<Instant>,
    /// When the first one did.
    pub first_handshake: Option<Instant>,
    /// How many did.
    pub handshakes: u64,
    /// How long the last handshake took, initiation to response.
    pub handshake_rtt: Option<Duration>,
    /// When anything authenticated last came.
    pub last_received: Option<Instant>,
    /// Handshake initiations sent since the start.
    pub initiations: u64,
    /// Bytes of outer UDP payload.
    pub sent_bytes: u64,
    /// Bytes of outer UDP payload.
    pub received_bytes: u64,
    /// The peer's address in use.
    pub endpoint: Option<SocketAddr>,
    /// MTU inside the tunnel, bytes.
    pub mtu: u16,
    /// What was thrown away and why.
    pub drops: Drops,
    /// The last thing that went wrong below, until something goes right.
    pub trouble: Option<Trouble>,
}

impl LinkState {
    /// A link that has done nothing yet.
    pub fn new(now: Instant, mtu: u16) -> Self {
        Self {
            phase: Phase::Resolving,
            since: now,
            last_handshake: None,
            first_handshake: None,
            handshakes: 0,
            handshake_rtt: None,
            last_received: None,
            initiations: 0,
            sent_bytes: 0,
            received_bytes: 0,
            endpoint: None,
            mtu,
            drops: Drops::default(),
            trouble: None,
        }
    }

    /// Whether packets flow, as far as anyone can tell.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The endpoint's name is being looked up.
    Resolving,
    /// Initiations leave, no response has come yet.
    Handshaking,
    /// There is a session.
    Up,
    /// There was a session; the peer has fallen silent.
    Down,
}

/// Why a link does not come up or does not stay up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The endpoint's name gave no address.
    #[error("the endpoint name {name} does not resolve: {reason}")]
    Resolve {
        /// The name.
        name: String,
        /// What the host's resolver said.
        reason: String,
    },
    /// The host says that nothing listens on the endpoint's port.
    #[error("{0} answers that the UDP port is closed")]
    Refused(SocketAddr),
    /// The host cannot send there.
    #[error("cannot send to {to}: {reason}")]
    Send {
        /// The endpoint.
        to: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// Nothing comes back.
    #[error("no handshake reply from {0}")]
    Silent(SocketAddr),
    /// The host's own socket could not be made.
    #[error("cannot open a UDP socket: {0}")]
    Socket(String),
}

/// Datagrams and packets thrown away, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drops {
    /// Outer: not WireGuard, wrong key, replayed, forged.
    pub outer: u64,
    /// Outer: sealed for a session that is not ours, as where another client has our key. Part of `outer`.
    pub strays: u64,
    /// Inner: not IPv6, bad length, a fragment, an unknown next header.
    pub malformed: u64,
    /// Inner: the source is outside `AllowedIPs`, or the destination is not us.
    pub foreign: u64,
    /// Inner: nobody waits for it.
    pub unclaimed: u64,
    /// A queue was full.
    pub overflow: u64,
}
