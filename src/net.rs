//! The only room that sends a packet. The rooms above are generic over [`Network`].

pub mod delivery;
pub mod diverted;
pub mod endpoint;
#[cfg(test)]
pub(crate) mod fake;
#[cfg(any(test, feature = "testing"))]
pub mod fuzz;
pub mod handles;
pub mod host;
pub mod packet;
#[cfg(test)]
pub mod sim;
pub mod stack;
mod stamp;
pub mod suspend;
pub mod tcp;
pub mod timers;
pub mod tunnel;
pub mod underlay;
pub mod underlying_host;
pub mod wireguard;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// A private network that we are attached to: datagrams, streams, echo, and the state of the link.
///
/// Cloning is cheap and shares the attachment; dropping the last clone ends it.
pub trait Network: Clone + Send + Sync + 'static {
    /// A bound UDP socket.
    type Udp: Datagrams;
    /// A connected TCP stream.
    type Tcp: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static;
    /// A source of ICMPv6 echo requests with its own identifier.
    type Echo: Echoes;

    /// Binds a UDP socket to a random free port.
    fn udp(&self) -> io::Result<Self::Udp>;

    /// Connects. Errors: `ConnectionRefused` on a reset, `PermissionDenied` where an ICMPv6 error says that it is
    /// prohibited, `HostUnreachable`/`NetworkUnreachable` on another,
    /// `TimedOut` when the stack gives up. Callers set their own, shorter timeout.
    fn tcp(&self, to: SocketAddrV6) -> impl Future<Output = io::Result<Self::Tcp>> + Send;

    fn echo(&self) -> io::Result<Self::Echo>;

    /// State of the link. Updated on events; counters at most once a second.
    fn link(&self) -> watch::Receiver<LinkState>;

    /// Starts a new WireGuard handshake now, whatever the state of the session.
    fn rehandshake(&self);

    /// The host below the tunnel; `None` on a simulated wire.
    fn underlying_host(&self) -> Option<underlying_host::UnderlyingHost> {
        None
    }
}

pub trait Datagrams: Send + Sync + 'static {
    /// Queues one datagram. `WouldBlock` when the queue is full, `InvalidInput` for a payload over the MTU.
    fn send(&self, to: SocketAddrV6, payload: &[u8]) -> io::Result<()>;

    fn recv(&self) -> impl Future<Output = io::Result<Arrival>> + Send;
}

/// An event on a UDP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    Datagram {
        from: SocketAddrV6,
        payload: Vec<u8>,
        /// Time of arrival at the outer socket.
        at: Instant,
    },
    /// An ICMPv6 error about a datagram we sent.
    Unreachable {
        /// Destination of our datagram.
        to: SocketAddrV6,
        /// Sender of the error.
        by: Ipv6Addr,
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

/// The error's meaning, by its code (RFC 4443 §3).
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

/// A source of ICMPv6 echo requests (RFC 4443 §4.1). Replies are delivered only to the source of the request.
pub trait Echoes: Send + 'static {
    /// Queues one request and returns the time.
    fn send(&self, request: EchoRequest) -> io::Result<Instant>;

    /// Polls for the next event about any request sent here, including late, duplicate and stray replies.
    fn poll_recv(&mut self, task: &mut task::Context<'_>) -> Poll<io::Result<EchoEvent>>;

    /// Waits for the next event. None is lost if the future is dropped.
    fn recv(&mut self) -> impl Future<Output = io::Result<EchoEvent>> + Send {
        poll_fn(|task| self.poll_recv(task))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoRequest {
    pub to: Ipv6Addr,
    pub seq: u16,
    /// Hop limit, 1 to 255.
    pub hop_limit: u8,
    /// Payload after the 8-byte ICMPv6 header, in bytes.
    pub payload: u16,
}

/// A reply or an error for an echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoEvent {
    /// Sequence number of the request.
    pub seq: u16,
    /// Destination of the request.
    pub to: Ipv6Addr,
    /// Source of the reply or error.
    pub from: Ipv6Addr,
    /// Time of departure, as close to the outer socket as known.
    pub sent: Instant,
    /// Time of arrival at the outer socket, from the kernel where it provides a timestamp.
    pub at: Instant,
    pub kind: EchoKind,
}

/// A reply, or the ICMPv6 error received in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoKind {
    Reply {
        /// Hop limit on arrival.
        hop_limit: u8,
        /// Size in bytes: ICMPv6 header and payload.
        bytes: u16,
    },
    Error(IcmpError),
    /// A reply without a request: `seq` or the identifier was never sent. It is delivered to every source, with its
    /// sender in `to`.
    Stray {
        ident: u16,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    pub phase: Phase,
    /// Start of the current phase.
    pub since: Instant,
    /// End of the last successful handshake.
    pub last_handshake: Option<Instant>,
    /// End of the first successful handshake.
    pub first_handshake: Option<Instant>,
    /// Number of successful handshakes.
    pub handshakes: u64,
    /// Round-trip time of the last handshake, initiation to response.
    pub handshake_rtt: Option<Duration>,
    /// Time of the last authenticated packet.
    pub last_received: Option<Instant>,
    /// Handshake initiations sent since the start.
    pub initiations: u64,
    /// Sent bytes of outer UDP payload.
    pub sent_bytes: u64,
    /// Received bytes of outer UDP payload.
    pub received_bytes: u64,
    /// Peer address in use.
    pub endpoint: Option<SocketAddr>,
    /// MTU inside the tunnel, in bytes.
    pub mtu: u16,
    /// Packets that the peer sealed for the current session and that have not arrived: lost, late or diverted.
    pub missing: u64,
    /// Time of the last stray, and of the last diverted packet.
    pub other_client: Option<Instant>,
    pub drops: Drops,
    /// The last error below the tunnel, cleared by the next success.
    pub error: Option<LinkError>,
    /// The last ICMP error about a datagram to the endpoint, other than that of a closed port.
    pub icmp: Option<delivery::Icmp>,
}

impl LinkState {
    /// Initial state of a link.
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
            missing: 0,
            other_client: None,
            drops: Drops::default(),
            error: None,
            icmp: None,
        }
    }

    /// A timeout for what takes `round_trips`: `usual`, or longer on a slow link.
    pub fn timeout(&self, usual: Duration, round_trips: u32) -> Duration {
        usual.max(self.handshake_rtt.unwrap_or_default() * round_trips)
    }

    /// Whether packets flow, as far as known.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The endpoint's name is being resolved.
    Resolving,
    /// Initiations are sent; no response yet.
    Handshaking,
    Up,
    /// There was a session; the peer no longer responds.
    Down,
}

/// Reason why a link does not come up or goes down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The endpoint's name has no address.
    #[error("the endpoint name {name} does not resolve: {reason}")]
    Resolve {
        name: String,
        /// Error of the host's resolver.
        reason: String,
    },
    /// ICMP port unreachable: nothing listens on the endpoint's port.
    #[error("{0} reports that the UDP port is closed")]
    Refused(SocketAddr),
    /// The host cannot send to the endpoint.
    #[error("cannot send to {to}: {reason}")]
    Send { to: SocketAddr, reason: delivery::SystemError },
    /// No response from the endpoint.
    #[error("no handshake reply from {0}")]
    Silent(SocketAddr),
    /// The host's UDP socket could not be opened.
    #[error("cannot open a UDP socket: {0}")]
    Socket(delivery::SystemError),
}

/// Dropped datagrams and packets, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drops {
    /// Outer: not WireGuard, wrong key, replayed or forged.
    pub outer: u64,
    /// Outer: not WireGuard. Included in `outer`.
    pub alien: u64,
    /// Outer: data for a session that was never ours: another client uses our key. Included in `outer`.
    pub strays: u64,
    /// Outer: data for a session that was ours before. Included in `outer`.
    pub late: u64,
    /// Data sealed for our session that the peer sent to another address: another client uses our key.
    pub diverted: u64,
    /// Inner: not IPv6, wrong length, a fragment or an unknown next header.
    pub malformed: u64,
    /// Inner: source outside `AllowedIPs`, or another destination than us.
    pub foreign: u64,
    /// Inner: no socket for it.
    pub unclaimed: u64,
    pub overflow: u64,
}
