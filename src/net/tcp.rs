//! TCP over smoltcp, without a socket or a clock: packets and times in, packets and wake-ups out.
//!
//! smoltcp offers each packet to each of its sockets, which is fast enough for a few streams. Everything but TCP goes
//! through [`stack`](super::stack).

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{CongestionControl, RecvError, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use tokio::sync::mpsc;

use super::IcmpError;
use super::packet::QuotedKind;

/// Receive window in bytes. The tunnel's own receive buffer must hold it, or it turns into loss.
const RECEIVE_WINDOW: usize = 128 * 1024;
/// Send buffer in bytes.
const SEND_BUFFER: usize = 64 * 1024;
/// Timeout of an unanswered SYN. Callers set shorter ones.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum time to finish a closed stream.
const LINGER: Duration = Duration::from_secs(10);
/// Maximum number of queued outgoing packets.
const QUEUE: usize = 256;
/// Listening sockets kept ready per port. There is no other backlog.
const SPARE: usize = 4;
/// Maximum number of half-open connections per port.
const HALF_OPEN: usize = 64;
/// Maximum number of connections per port that wait to be accepted.
const BACKLOG: usize = 64;
/// Maximum number of streams: each owns its buffers.
const STREAMS: usize = 1024;

/// The TCP part of a stack.
pub struct Tcp {
    interface: Interface,
    device: Device,
    sockets: SocketSet<'static>,
    local: Ipv6Addr,
    /// Released streams that still finish, and their deadline.
    closing: Vec<(SocketHandle, Instant)>,
    listeners: HashMap<u16, Listening>,
    /// Connection errors from ICMPv6.
    failures: HashMap<SocketHandle, io::ErrorKind>,
}

struct Listening {
    sockets: Vec<SocketHandle>,
    accepted: mpsc::Sender<SocketHandle>,
}

impl Tcp {
    /// Creates a stack with one address. `mtu` is in bytes; `seed` makes sequence numbers hard to guess.
    pub fn new(local: Ipv6Addr, mtu: u16, seed: u64, now: Instant) -> Self {
        let mut device = Device { mtu, arrived: VecDeque::new(), leaving: VecDeque::new() };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut device, now.into());
        // There is room for two addresses and two routes; one of each is used.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv6(local), 128));
        });
        let _ = interface.routes_mut().add_default_ipv6_route(local);
        Self {
            interface,
            device,
            sockets: SocketSet::new(Vec::new()),
            local,
            closing: Vec::new(),
            listeners: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    /// Accepts packets for any address, as a gateway does for the machines behind it.
    pub fn answer_for_all(&mut self) {
        self.interface.set_any_ip(true);
    }

    /// Queues a packet for the next [`Self::poll`].
    pub fn ingress(&mut self, packet: Vec<u8>) {
        self.device.arrived.push_back(packet);
    }

    /// Does all due work and appends outgoing packets to `out`.
    pub fn poll(&mut self, now: Instant, out: &mut VecDeque<Vec<u8>>) {
        self.interface.poll(now.into(), &mut self.device, &mut self.sockets);
        self.serve_listeners(now);
        self.bury(now);
        out.append(&mut self.device.leaving);
    }

    /// Latest time for the next [`Self::poll`].
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let delay = self.interface.poll_delay(now.into(), &self.sockets);
        let linger = self.closing.iter().map(|(_, until)| *until).min();
        delay.map(|delay| now + Duration::from(delay)).into_iter().chain(linger).min()
    }

    /// Starts a connection; [`Self::poll_connected`] gives the result.
    pub fn connect(&mut self, to: SocketAddrV6, port: u16) -> io::Result<SocketHandle> {
        self.room()?;
        let mut socket = new_socket();
        socket.set_timeout(Some(CONNECT_TIMEOUT.into()));
        let local = IpEndpoint::new(IpAddress::Ipv6(self.local), port);
        let remote = IpEndpoint::new(IpAddress::Ipv6(*to.ip()), to.port());
        socket
            .connect(self.interface.context(), remote, local)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("cannot connect to {to}")))?;
        Ok(self.sockets.add(socket))
    }

    pub fn uses(&self, port: u16) -> bool {
        self.sockets.iter().any(|(_, socket)| match socket {
            smoltcp::socket::Socket::Tcp(tcp) => tcp.local_endpoint().is_some_and(|local| local.port == port),
        })
    }

    #[cfg(test)]
    pub fn uses_any(&self) -> bool {
        self.sockets.iter().next().is_some()
    }

    /// Waits for a connection attempt to succeed or fail. `started` is its start time.
    pub fn poll_connected(
        &mut self,
        handle: SocketHandle,
        started: Instant,
        now: Instant,
        cx: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        let socket = self.sockets.get_mut::<Socket>(handle);
        match socket.state() {
            State::SynSent | State::SynReceived | State::Listen => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            State::Closed => {
                let silent = now.saturating_duration_since(started) >= CONNECT_TIMEOUT;
                let otherwise =
                    if silent { io::ErrorKind::TimedOut } else { io::ErrorKind::ConnectionRefused };
                Poll::Ready(Err(self.failures.get(&handle).copied().unwrap_or(otherwise).into()))
            }
            _ => {
                // From here on, a stream may be idle without limit.
                socket.set_timeout(None);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Listens on a port. Each established connection is sent to the receiver.
    pub fn listen(&mut self, port: u16) -> io::Result<mpsc::Receiver<SocketHandle>> {
        if port == 0 || self.listeners.contains_key(&port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (accepted, connections) = mpsc::channel(BACKLOG);
        let mut listening = Listening { sockets: Vec::new(), accepted };
        listening.refill(port, &mut self.sockets);
        self.listeners.insert(port, listening);
        Ok(connections)
    }

    /// Reads into `buffer`: `Ok(0)` at the end of the stream.
    pub fn poll_read(
        &mut self,
        handle: SocketHandle,
        buffer: &mut [u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let socket = self.sockets.get_mut::<Socket>(handle);
        match socket.recv_slice(buffer) {
            Ok(0) if !buffer.is_empty() => {
                socket.register_recv_waker(cx.waker());
                Poll::Pending
            }
            Ok(count) => Poll::Ready(Ok(count)),
            Err(RecvError::Finished) => Poll::Ready(Ok(0)),
            Err(RecvError::InvalidState) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }

    /// Writes as much as fits.
    pub fn poll_write(
        &mut self,
        handle: SocketHandle,
        bytes: &[u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let socket = self.sockets.get_mut::<Socket>(handle);
        match socket.send_slice(bytes) {
            Ok(0) if !bytes.is_empty() => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            Ok(count) => Poll::Ready(Ok(count)),
            Err(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Closes our half of a stream: sends pending data, then a FIN.
    pub fn finish(&mut self, handle: SocketHandle) {
        self.sockets.get_mut::<Socket>(handle).close();
    }

    /// Releases a stream. The handle must not be used afterwards.
    pub fn release(&mut self, handle: SocketHandle, now: Instant) {
        self.finish(handle);
        self.closing.push((handle, now + LINGER));
    }

    /// Handles an ICMPv6 error about our segment: fatal for a connection attempt (RFC 5461 §4.1).
    pub fn failed(&mut self, to: Ipv6Addr, about: QuotedKind, error: IcmpError) -> bool {
        let QuotedKind::Tcp { src, dst } = about else { return false };
        let kind = match error {
            IcmpError::PacketTooBig(_) => return false,
            IcmpError::Unreachable(0) => io::ErrorKind::NetworkUnreachable,
            IcmpError::Unreachable(4) => io::ErrorKind::ConnectionRefused,
            IcmpError::Unreachable(1 | 5 | 6) => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::HostUnreachable,
        };
        let remote = IpEndpoint::new(IpAddress::Ipv6(to), dst);
        let found = self.sockets.iter_mut().find_map(|(handle, socket)| match socket {
            smoltcp::socket::Socket::Tcp(tcp)
                if tcp.state() == State::SynSent
                    && tcp.local_endpoint().is_some_and(|local| local.port == src)
                    && tcp.remote_endpoint() == Some(remote) =>
            {
                tcp.abort();
                Some(handle)
            }
            smoltcp::socket::Socket::Tcp(_) => None,
        });
        if let Some(handle) = found {
            self.failures.insert(handle, kind);
        }
        found.is_some()
    }

    /// Resets every stream and stops listening.
    pub fn abort(&mut self) {
        self.listeners.clear();
        for (_, socket) in self.sockets.iter_mut() {
            match socket {
                smoltcp::socket::Socket::Tcp(tcp) => tcp.abort(),
            }
        }
    }

    fn room(&self) -> io::Result<()> {
        if self.sockets.iter().count() < STREAMS {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, "too many TCP streams"))
    }

    /// Delivers established connections and keeps spare listening sockets.
    fn serve_listeners(&mut self, now: Instant) {
        let Self { listeners, sockets, closing, .. } = self;
        listeners.retain(|port, listening| {
            if listening.accepted.is_closed() {
                for handle in listening.sockets.drain(..) {
                    sockets.get_mut::<Socket>(handle).abort();
                    closing.push((handle, now));
                }
                return false;
            }
            let accepted = &listening.accepted;
            listening.sockets.retain(|handle| match sockets.get::<Socket>(*handle).state() {
                State::Listen | State::SynReceived => true,
                State::Closed => {
                    closing.push((*handle, now));
                    false
                }
                _ => {
                    if accepted.try_send(*handle).is_err() {
                        sockets.get_mut::<Socket>(*handle).abort();
                        closing.push((*handle, now + LINGER));
                    }
                    false
                }
            });
            listening.refill(*port, sockets);
            true
        });
    }

    /// Removes finished streams and aborts those past their deadline.
    fn bury(&mut self, now: Instant) {
        let Self { closing, sockets, failures, .. } = self;
        closing.retain_mut(|(handle, until)| {
            let socket = sockets.get_mut::<Socket>(*handle);
            match socket.state() {
                // smoltcp clears the remote endpoint once a pending reset has been sent.
                State::Closed if socket.remote_endpoint().is_some() && *until > now => return true,
                State::Closed | State::TimeWait => {}
                _ if *until <= now => {
                    socket.abort();
                    *until = now + LINGER;
                    return true;
                }
                _ => return true,
            }
            sockets.remove(*handle);
            failures.remove(handle);
            false
        });
    }
}

impl Listening {
    fn refill(&mut self, port: u16, sockets: &mut SocketSet<'static>) {
        let idle = |handle: &&SocketHandle| sockets.get::<Socket>(**handle).state() == State::Listen;
        let free = self.sockets.iter().filter(idle).count();
        for _ in free..SPARE {
            if self.sockets.len() >= HALF_OPEN {
                break;
            }
            let mut socket = new_socket();
            // Only port zero and a socket in use are rejected.
            if socket.listen(IpListenEndpoint { addr: None, port }).is_ok() {
                self.sockets.push(sockets.add(socket));
            }
        }
    }
}

fn new_socket() -> Socket<'static> {
    let mut socket =
        Socket::new(SocketBuffer::new(vec![0; RECEIVE_WINDOW]), SocketBuffer::new(vec![0; SEND_BUFFER]));
    socket.set_ack_delay(None);
    socket.set_nagle_enabled(false);
    socket.set_congestion_control(CongestionControl::Cubic);
    socket
}

/// Device of smoltcp: two queues. The MSS follows from the MTU.
struct Device {
    mtu: u16,
    arrived: VecDeque<Vec<u8>>,
    leaving: VecDeque<Vec<u8>>,
}

impl phy::Device for Device {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Received, Room<'_>)> {
        let packet = self.arrived.pop_front()?;
        Some((Received(packet), Room(&mut self.leaving)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Room<'_>> {
        (self.leaving.len() < QUEUE).then_some(Room(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu.into();
        capabilities
    }
}

struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Room<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}
