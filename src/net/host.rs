//! A [`Network`] over the machine's own sockets. A name server with an IPv4 address is reached at its mapped address
//! (RFC 4291 §2.5.5.2).

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;

use super::{Arrival, Datagrams, EchoEvent, EchoRequest, Echoes, LinkState, Network, Phase};

const LONGEST: usize = 65_535;

/// The machine's own network. Its link is always reported as up.
#[derive(Clone)]
pub struct HostNetwork {
    link: Arc<watch::Sender<LinkState>>,
}

pub struct HostUdp {
    socket: UdpSocket,
}

/// No echo source: ping needs privileges that the process may not have.
pub struct NoEcho;

impl HostNetwork {
    /// The network of this machine; its link is up since `now`.
    pub fn new(now: Instant) -> Self {
        let state = LinkState { phase: Phase::Up, ..LinkState::new(now, 1500) };
        Self { link: Arc::new(watch::channel(state).0) }
    }
}

impl Network for HostNetwork {
    type Udp = HostUdp;
    type Tcp = TcpStream;
    type Echo = NoEcho;

    fn udp(&self) -> io::Result<HostUdp> {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_only_v6(false)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(HostUdp { socket })
    }

    async fn tcp(&self, to: SocketAddrV6) -> io::Result<TcpStream> {
        let to = match to.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, to.port())),
            None => to.into(),
        };
        TcpStream::connect(to).await
    }

    fn echo(&self) -> io::Result<NoEcho> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.link.subscribe()
    }

    fn rehandshake(&self) {}
}

impl Datagrams for HostUdp {
    fn send(&self, to: SocketAddrV6, payload: &[u8]) -> io::Result<()> {
        socket2::SockRef::from(&self.socket).send_to(payload, &SocketAddr::from(to).into()).map(drop)
    }

    async fn recv(&self) -> io::Result<Arrival> {
        let mut payload = vec![0; LONGEST];
        loop {
            let (length, from) = self.socket.recv_from(&mut payload).await?;
            if let SocketAddr::V6(from) = from {
                payload.truncate(length);
                let at = tokio::time::Instant::now().into_std();
                return Ok(Arrival::Datagram { from, payload, at });
            }
        }
    }
}

impl Echoes for NoEcho {
    fn send(&self, _: EchoRequest) -> io::Result<Instant> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_recv(&mut self, _: &mut Context<'_>) -> Poll<io::Result<EchoEvent>> {
        Poll::Pending
    }
}
