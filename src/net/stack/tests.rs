use std::task::{Context, Poll, Waker};
use std::time::Duration;

use smoltcp::iface::SocketHandle;

use super::*;
use crate::net::IcmpError;

const HERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 7, 0, 0, 2);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);

/// Two hosts and a wire of 10 ms with loss, on a clock that the test moves.
struct Net {
    here: Stack,
    there: Stack,
    now: Instant,
    rng: StdRng,
    loss: f64,
}

impl Net {
    fn new(loss: f64) -> Self {
        let now = Instant::now();
        Self {
            here: Stack::new(&[HERE], 1420, 1, now),
            there: Stack::new(&[THERE], 1420, 2, now),
            now,
            rng: StdRng::seed_from_u64(7),
            loss,
        }
    }

    /// Carries packets over the wire once each way. Returns the number delivered.
    fn step(&mut self) -> usize {
        let (mut going, mut coming) = (VecDeque::new(), VecDeque::new());
        self.here.poll(self.now, &mut going);
        self.there.poll(self.now, &mut coming);
        let crossed = going.len() + coming.len();
        self.now += Duration::from_millis(10);
        for packet in going {
            if !self.rng.random_bool(self.loss) {
                self.there.ingress(self.now, &packet);
            }
        }
        for packet in coming {
            if !self.rng.random_bool(self.loss) {
                self.here.ingress(self.now, &packet);
            }
        }
        crossed
    }

    /// Steps until `done`, skipping times when nothing is due.
    fn until<T>(&mut self, mut done: impl FnMut(&mut Self) -> Poll<T>) -> T {
        for _ in 0..100_000 {
            if let Poll::Ready(value) = done(self) {
                return value;
            }
            if self.step() == 0 {
                let due = [self.here.deadline(self.now), self.there.deadline(self.now)];
                self.now = due.into_iter().flatten().min().map_or(self.now, |at| at.max(self.now));
            }
        }
        panic!("the condition was never reached");
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn at(ip: Ipv6Addr, port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(ip, port, 0, 0)
}

#[test]
fn a_datagram_reaches_its_port_and_no_other() {
    let mut net = Net::new(0.0);
    let (from, mut here) = net.here.bind().unwrap();
    let (to, mut there) = net.there.bind().unwrap();
    net.here.send(from, at(THERE, to), b"ping").unwrap();
    net.here.send(from, at(THERE, to ^ 1), b"unbound").unwrap();
    net.step();
    let arrived = Arrival::Datagram { from: at(HERE, from), payload: b"ping".to_vec(), at: net.now };
    assert_eq!(there.try_recv(), Ok(arrived));
    assert!(there.try_recv().is_err() && here.try_recv().is_err());
    assert_eq!(net.there.drops().unclaimed, 1);

    net.there.unbind(to);
    net.here.send(from, at(THERE, to), b"late").unwrap();
    net.step();
    assert_eq!(net.there.drops().unclaimed, 2);
}

#[test]
fn ports_are_distinct() {
    let mut net = Net::new(0.0);
    let sockets: Vec<_> = (0..500).map(|_| net.here.bind().unwrap()).collect();
    let ports: std::collections::HashSet<_> = sockets.iter().map(|(port, _)| *port).collect();
    assert_eq!(ports.len(), 500);
    assert!(ports.iter().all(|port| EPHEMERAL.contains(port)));
}

#[test]
fn packets_over_the_mtu_or_the_queue_limit_are_rejected() {
    let mut net = Net::new(0.0);
    let (port, _arrivals) = net.here.bind().unwrap();
    let error = net.here.send(port, at(THERE, 53), &[0; 1373]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    for _ in 0..OUTGOING {
        net.here.send(port, at(THERE, 53), &[0; 1372]).unwrap();
    }
    let error = net.here.send(port, at(THERE, 53), b"one more").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(net.here.drops().overflow, 1);
}

#[test]
fn a_full_socket_drops_new_datagrams() {
    let mut net = Net::new(0.0);
    let (port, mut arrivals) = net.here.bind().unwrap();
    for number in 0..ARRIVALS + 5 {
        let payload = (number as u32).to_be_bytes();
        net.here.ingress(net.now, &packet::udp(at(THERE, 53), at(HERE, port), &payload, 1420).unwrap());
    }
    assert_eq!(net.here.drops().overflow, 5);
    let mut kept = 0;
    while arrivals.try_recv().is_ok() {
        kept += 1;
    }
    assert_eq!(kept, ARRIVALS);
}

#[test]
fn an_icmp_error_is_delivered_to_the_socket_it_quotes() {
    let mut net = Net::new(0.0);
    let (port, mut arrivals) = net.here.bind().unwrap();
    let (_, mut bystander) = net.here.bind().unwrap();
    net.here.send(port, at(THERE, 9), b"?").unwrap();
    let mut sent = VecDeque::new();
    net.here.poll(net.now, &mut sent);
    let router = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 1);
    net.here.ingress(net.now, &packet::icmp_error(router, HERE, IcmpError::Unreachable(4), &sent[0]));
    let expected = Arrival::Unreachable { to: at(THERE, 9), by: router, error: IcmpError::Unreachable(4) };
    assert_eq!(arrivals.try_recv(), Ok(expected));
    assert!(bystander.try_recv().is_err());

    // An error that quotes a packet we never sent is dropped.
    let other = packet::udp(at(THERE, port), at(HERE, 9), b"?", 1420).unwrap();
    net.here.ingress(net.now, &packet::icmp_error(router, HERE, IcmpError::Unreachable(4), &other));
    assert_eq!(net.here.drops().unclaimed, 1);
}

#[test]
fn echo_replies_reach_their_source_with_hop_limit_and_size() {
    let mut net = Net::new(0.0);
    let (ident, mut events) = net.here.echo().unwrap();
    let (other, mut others) = net.here.echo().unwrap();
    assert_ne!(ident, other);
    let request = EchoRequest { to: THERE, seq: 5, hop_limit: 64, payload: 56 };
    net.here.request(ident, request, net.now).unwrap();
    net.step();
    net.step();
    let kind = EchoKind::Reply { hop_limit: 64, bytes: 64 };
    let event = events.try_recv().unwrap();
    assert_eq!((event.seq, event.to, event.from, event.at, event.kind), (5, THERE, THERE, net.now, kind));
    assert!(others.try_recv().is_err());

    // A reply without a request.
    let stray = Echo { ident, seq: 6, data: &[] };
    net.here.ingress(net.now, &packet::echo_reply(THERE, HERE, stray, 1420).unwrap());
    let kind = EchoKind::Stray { ident };
    let event = EchoEvent { seq: 6, to: THERE, from: THERE, sent: net.now, at: net.now, kind };
    assert_eq!(events.try_recv(), Ok(event));
    assert_eq!(others.try_recv(), Ok(event), "delivered to every source");
    assert_eq!(net.here.drops().unclaimed, 1);
}

#[test]
fn the_round_trip_starts_on_departure() {
    let mut net = Net::new(0.0);
    let (ident, mut events) = net.here.echo().unwrap();
    let request = EchoRequest { to: THERE, seq: 5, hop_limit: 64, payload: 56 };
    net.here.request(ident, request, net.now).unwrap();
    // A busy machine delays the packet.
    let leaves = net.now + Duration::from_millis(70);
    let mut out = VecDeque::new();
    net.here.poll(leaves, &mut out);
    let echo = Echo { ident, seq: 5, data: &[] };
    let reply = packet::echo_reply(THERE, HERE, echo, 1420).unwrap();
    net.here.ingress(leaves + Duration::from_millis(9), &reply);
    let event = events.try_recv().unwrap();
    assert_eq!((event.sent, event.at - event.sent), (leaves, Duration::from_millis(9)));
}

#[test]
fn time_exceeded_names_the_hop() {
    let mut net = Net::new(0.0);
    let (ident, mut events) = net.here.echo().unwrap();
    let request = EchoRequest { to: THERE, seq: 1, hop_limit: 1, payload: 8 };
    net.here.request(ident, request, net.now).unwrap();
    let mut sent = VecDeque::new();
    net.here.poll(net.now, &mut sent);
    assert_eq!(sent[0][7], 1);
    let router = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 1);
    net.here.ingress(net.now, &packet::icmp_error(router, HERE, IcmpError::TimeExceeded(0), &sent[0]));
    let kind = EchoKind::Error(IcmpError::TimeExceeded(0));
    let event = EchoEvent { seq: 1, to: THERE, from: router, sent: net.now, at: net.now, kind };
    assert_eq!(events.try_recv(), Ok(event));
}

#[test]
fn foreign_packets_are_dropped_and_counted() {
    let mut net = Net::new(0.0);
    let (port, mut arrivals) = net.here.bind().unwrap();
    let elsewhere = Ipv6Addr::new(0xfdaa, 0, 0x18, 9, 9, 9, 9, 9);
    net.here.ingress(net.now, &packet::udp(at(THERE, 53), at(elsewhere, port), b"x", 1420).unwrap());
    net.here.ingress(net.now, &[0x60; 48]);
    assert!(arrivals.try_recv().is_err());
    assert_eq!((net.here.drops().foreign, net.here.drops().malformed), (1, 1));
}

#[test]
fn closing_a_stack_ends_its_sockets() {
    let mut net = Net::new(0.0);
    let (port, mut arrivals) = net.here.bind().unwrap();
    net.here.close();
    assert_eq!(arrivals.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    assert_eq!(net.here.bind().unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(net.here.send(port, at(THERE, 53), b"x").unwrap_err().kind(), io::ErrorKind::NotConnected);
}

fn connected(net: &mut Net, handle: SocketHandle) -> io::Result<()> {
    let started = net.now;
    net.until(|net| net.here.tcp().poll_connected(handle, started, net.now, &cx()))
}

#[test]
fn a_port_where_nothing_listens_refuses() {
    let mut net = Net::new(0.0);
    let handle = net.here.connect(at(THERE, 81)).unwrap();
    assert_eq!(connected(&mut net, handle).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_host_that_never_answers_times_out() {
    let mut net = Net::new(1.0);
    let handle = net.here.connect(at(THERE, 80)).unwrap();
    assert_eq!(connected(&mut net, handle).unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn an_icmp_error_ends_a_connection_attempt() {
    for (error, kind) in [
        (IcmpError::Unreachable(0), io::ErrorKind::NetworkUnreachable),
        (IcmpError::Unreachable(3), io::ErrorKind::HostUnreachable),
        (IcmpError::Unreachable(4), io::ErrorKind::ConnectionRefused),
        (IcmpError::TimeExceeded(0), io::ErrorKind::HostUnreachable),
    ] {
        let mut net = Net::new(0.0);
        let handle = net.here.connect(at(THERE, 80)).unwrap();
        let mut sent = VecDeque::new();
        net.here.poll(net.now, &mut sent);
        net.here.ingress(net.now, &packet::icmp_error(THERE, HERE, error, &sent[0]));
        assert_eq!(connected(&mut net, handle).unwrap_err().kind(), kind);
    }
}

/// Sends 200 kB from there to here and returns the time it took.
fn transfer(loss: f64) -> Duration {
    let mut net = Net::new(loss);
    let mut accepted = net.there.tcp().listen(80).unwrap();
    let handle = net.here.connect(at(THERE, 80)).unwrap();
    connected(&mut net, handle).unwrap();
    let serving = net.until(|_| accepted.try_recv().map_or(Poll::Pending, Poll::Ready));

    let sent: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
    let (mut rest, mut got) = (sent.as_slice(), Vec::new());
    let start = net.now;
    net.until(|net| {
        if let Poll::Ready(Ok(count)) = net.there.tcp().poll_write(serving, rest, &cx())
            && !rest.is_empty()
        {
            rest = &rest[count..];
            if rest.is_empty() {
                net.there.tcp().finish(serving);
            }
        }
        let mut buffer = [0; 4096];
        match net.here.tcp().poll_read(handle, &mut buffer, &cx()) {
            Poll::Ready(Ok(0)) => Poll::Ready(()),
            Poll::Ready(Ok(count)) => {
                got.extend_from_slice(&buffer[..count]);
                Poll::Pending
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => Poll::Pending,
        }
    });
    assert!(got == sent, "{} of {} bytes, or other ones", got.len(), sent.len());

    // Both sides close, and nothing remains.
    let now = net.now;
    net.here.tcp().release(handle, now);
    net.there.tcp().release(serving, now);
    let quiet = now + Duration::from_secs(30);
    while net.now < quiet {
        net.step();
    }
    assert!(!net.here.tcp().uses_any() && net.here.deadline(net.now).is_none());
    now.saturating_duration_since(start)
}

#[test]
fn a_stream_carries_200_kb() {
    let took = transfer(0.0);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_stream_carries_200_kb_with_5_percent_loss() {
    let took = transfer(0.05);
    assert!(took < Duration::from_mins(1), "{took:?}");
}
