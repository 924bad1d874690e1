//! The wire below the tunnel: the host's UDP sockets, behind an interface that a simulated wire
//! ([`sim`](super::sim)) implements as well.

use std::future::Future;
use std::io::{self, ErrorKind::WouldBlock};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{Interest, Ready};
use tokio::net::UdpSocket;

use super::delivery::{self, Icmp, IcmpKind, SystemError};
use super::{LinkError, stamp};

/// Requested size of the receive buffer, for bursts, in bytes; the system may grant less.
const RECEIVE_BUFFER: usize = 2 * 1024 * 1024;

/// A transport for datagrams to and from the peer.
pub trait Underlay: Send + 'static {
    /// Sends one datagram, or fails at once.
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) -> Result<(), Failure>;

    /// Waits for the next datagram, or for an error about one that was sent, with the address of the peer. Cancel-safe.
    fn recv(
        &mut self,
        buffer: &mut [u8],
    ) -> impl Future<Output = (SocketAddr, Result<usize, Failure>)> + Send;

    /// Arrival time of the datagram last returned by [`Self::recv`], if the wire provides it.
    fn arrived(&self) -> Option<Instant> {
        None
    }

    /// The last ICMP error about a datagram of ours that is not [`Failure::Refused`], with its sender: the datagram is
    /// lost, and the path may still work.
    fn icmp(&self) -> Option<Icmp> {
        None
    }

    /// Opens new sockets, since the host may have moved to another network.
    fn reopen(&mut self) {}
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    Full,
    /// The datagram is longer than the path MTU.
    TooLong,
    /// ICMP port unreachable: nothing listens on the port.
    Refused,
    /// It cannot be sent.
    Unreachable(SystemError),
    Socket(SystemError),
}

impl Failure {
    /// The link error to report; `None` if only one datagram is lost.
    pub fn link_error(self, to: SocketAddr) -> Option<LinkError> {
        match self {
            Self::Full | Self::TooLong => None,
            Self::Refused => Some(LinkError::Refused(to)),
            Self::Unreachable(reason) => Some(LinkError::Send { to, reason }),
            Self::Socket(reason) => Some(LinkError::Socket(reason)),
        }
    }

    fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            WouldBlock => Self::Full,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            _ if error.raw_os_error() == Some(EMSGSIZE) => Self::TooLong,
            _ => Self::Unreachable(error.into()),
        }
    }
}

/// "Message too long", which has no name in std.
#[cfg(target_os = "linux")]
const EMSGSIZE: i32 = 90;
#[cfg(not(target_os = "linux"))]
const EMSGSIZE: i32 = 40;

/// The host's UDP sockets: one per family, opened on first use.
///
/// They are connected, since only a connected socket reports at once that the peer's port is closed. In exchange, a
/// peer that responds from another address is not received; gateways respond from the address they were reached at.
pub struct Udp {
    listen_port: u16,
    v4: Option<Connected>,
    v6: Option<Connected>,
    clock: stamp::Clock,
    icmp: Option<Icmp>,
}

struct Connected {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Udp {
    /// Sockets bound to `ListenPort`, or to any free port.
    pub fn new(listen_port: Option<u16>) -> Self {
        Self {
            listen_port: listen_port.unwrap_or(0),
            v4: None,
            v6: None,
            clock: stamp::Clock::default(),
            icmp: None,
        }
    }

    fn slot(&mut self, to: SocketAddr) -> &mut Option<Connected> {
        if to.is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }

    /// The socket for `to`, connected to it.
    fn connected(&mut self, to: SocketAddr) -> Result<&Connected, Failure> {
        let port = self.listen_port;
        let slot = self.slot(to);
        let connected = match slot.take() {
            Some(connected) if connected.to == to => connected,
            Some(Connected { socket, .. }) => {
                SockRef::from(&socket).connect(&to.into()).map_err(|error| Failure::from_io(&error))?;
                Connected { socket, to }
            }
            None => Connected { socket: open(to, port)?, to },
        };
        Ok(slot.insert(connected))
    }
}

impl Underlay for Udp {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) -> Result<(), Failure> {
        let connected = self.connected(to)?;
        // Directly to the system: tokio would first wait until the socket is writable.
        let socket = SockRef::from(&connected.socket);
        let mut icmp = None;
        let sent = match socket.send(datagram) {
            // An error about an earlier datagram. This one has not been sent yet.
            Err(error) if Failure::from_io(&error) == Failure::Refused => {
                delivery::icmp(&connected.socket);
                socket.send(datagram).and(Err(io::ErrorKind::ConnectionRefused.into()))
            }
            Err(error) => {
                icmp = delivery::icmp(&connected.socket);
                if icmp.is_some() { socket.send(datagram) } else { Err(error) }
            }
            sent => sent,
        };
        self.icmp = icmp.or(self.icmp);
        sent.map(drop).map_err(|error| {
            let failure = Failure::from_io(&error);
            if matches!(failure, Failure::Unreachable(_)) {
                *self.slot(to) = None;
            }
            failure
        })
    }

    async fn recv(&mut self, buffer: &mut [u8]) -> (SocketAddr, Result<usize, Failure>) {
        loop {
            let (to, ready) = tokio::select! {
                ready = ready(self.v6.as_ref()) => ready,
                ready = ready(self.v4.as_ref()) => ready,
            };
            let Self { v4, v6, clock, icmp, .. } = self;
            let slot = if to.is_ipv4() { v4 } else { v6 };
            let Some(Connected { socket, .. }) = slot else { continue };
            let got = ready.and_then(|ready| {
                // An error does not make the socket readable: it would be reported only on the next send.
                if ready.is_error()
                    && let Ok(error) =
                        socket.try_io(Interest::ERROR, || socket.take_error()?.ok_or(WouldBlock.into()))
                {
                    return Err(error);
                }
                socket.try_io(Interest::READABLE, || clock.recv(socket, buffer))
            });
            match got {
                Ok(count) => return (to, Ok(count)),
                Err(error) if error.kind() == WouldBlock => {}
                Err(error) => {
                    let failure = Failure::from_io(&error);
                    if let Some(report) =
                        delivery::icmp(socket).filter(|report| report.kind != IcmpKind::ClosedPort)
                    {
                        *icmp = Some(report);
                        continue;
                    }
                    if failure != Failure::Refused {
                        // Whatever the error, do not read it in a loop.
                        *slot = None;
                    }
                    return (to, Err(failure));
                }
            }
        }
    }

    fn arrived(&self) -> Option<Instant> {
        self.clock.arrived()
    }

    fn icmp(&self) -> Option<Icmp> {
        self.icmp
    }

    fn reopen(&mut self) {
        (self.v4, self.v6) = (None, None);
    }
}

/// Waits until a socket is ready; without a socket, forever.
async fn ready(slot: Option<&Connected>) -> (SocketAddr, io::Result<Ready>) {
    match slot {
        Some(Connected { socket, to }) => (*to, socket.ready(Interest::READABLE | Interest::ERROR).await),
        None => std::future::pending().await,
    }
}

fn open(to: SocketAddr, port: u16) -> Result<UdpSocket, Failure> {
    let bound = || -> io::Result<Socket> {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
        };
        let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
        if to.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // A smaller buffer works too, with more loss.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        stamp::wanted(&socket);
        delivery::keep_icmp(&socket, to);
        socket.bind(&any.into())?;
        Ok(socket)
    };
    let socket = bound().map_err(|error| Failure::Socket((&error).into()))?;
    socket.connect(&to.into()).map_err(|error| Failure::from_io(&error))?;
    UdpSocket::from_std(socket.into()).map_err(|error| Failure::Socket((&error).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn datagrams_go_both_ways_over_both_families() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(far) = UdpSocket::bind(any).await else { continue };
            let to = far.local_addr().unwrap();
            let mut udp = Udp::new(None);
            udp.send(to, b"there").unwrap();
            let mut buffer = [0; 64];
            let (count, from) = far.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..count], b"there");
            far.send_to(b"and back", from).await.unwrap();
            assert_eq!(udp.recv(&mut buffer).await, (to, Ok(8)));
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_delayed_read_reports_the_arrival_time() {
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut udp = Udp::new(None);
        udp.send(far.local_addr().unwrap(), b"there").unwrap();
        let mut buffer = [0; 64];
        let (_, from) = far.recv_from(&mut buffer).await.unwrap();
        // Two clocks are read one after the other: on a busy machine a try may be interrupted between them.
        let slack = std::time::Duration::from_millis(100);
        for _ in 0..20 {
            let before = Instant::now();
            far.send_to(b"and back", from).await.unwrap();
            let sent = Instant::now();
            // The datagram is left unread for a while.
            while sent.elapsed() < std::time::Duration::from_millis(200) {
                tokio::task::yield_now().await;
            }
            assert_eq!(udp.recv(&mut buffer).await.1, Ok(8));
            let arrived = udp.arrived().unwrap();
            if arrived + slack > before && arrived < sent + slack {
                return;
            }
        }
        panic!("the time of arrival was never that of the datagram");
    }

    #[tokio::test]
    async fn a_closed_port_is_reported() {
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = closed.local_addr().unwrap();
        drop(closed);
        let mut udp = Udp::new(None);
        udp.send(to, b"anyone?").unwrap();
        assert_eq!(udp.recv(&mut [0; 64]).await, (to, Err(Failure::Refused)));
    }

    #[tokio::test]
    async fn the_peer_may_move() {
        let first = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let second = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut udp = Udp::new(None);
        let mut buffer = [0; 64];
        udp.send(first.local_addr().unwrap(), b"one").unwrap();
        udp.send(second.local_addr().unwrap(), b"two").unwrap();
        let (_, from) = first.recv_from(&mut buffer).await.unwrap();
        assert_eq!(second.recv_from(&mut buffer).await.unwrap(), (3, from));
        second.send_to(b"three", from).await.unwrap();
        assert_eq!(udp.recv(&mut buffer).await, (second.local_addr().unwrap(), Ok(5)));
    }

    #[tokio::test]
    async fn a_listen_port_in_use_is_a_socket_failure() {
        let taken = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let mut udp = Udp::new(Some(taken.local_addr().unwrap().port()));
        let failure = udp.send("127.0.0.1:9".parse().unwrap(), b"x").unwrap_err();
        assert!(matches!(failure, Failure::Socket(_)), "{failure:?}");
    }

    #[tokio::test]
    async fn an_oversized_datagram_loses_only_itself() {
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = far.local_addr().unwrap();
        let mut udp = Udp::new(None);
        assert_eq!(udp.send(to, &vec![0; 65_508]), Err(Failure::TooLong));
        assert_eq!(udp.send(to, b"fits"), Ok(()));
    }
}
