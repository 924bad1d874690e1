//! Hosts that answer pings as no kernel does: twice, late, under another identifier or number, or not at all, on raw
//! sockets (RFC 3542 §3).

use std::collections::VecDeque;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures_util::future::join_all;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::world::{Beside, Space};

/// Of so many probes of a host one is lost, one answered twice, one late, and two have an odd answer beside the right
/// one.
pub const ROUND: usize = 10;
/// How late a late answer is.
const LATE: Duration = Duration::from_millis(1300);

/// ICMPv6 types (RFC 4443 §4).
const REQUEST: u8 = 128;
const REPLY: u8 = 129;

/// Takes the answering of pings in `space` from the kernel; `plain` answers as one should, `hosts` do not. All send to
/// `peer`.
pub fn start(space: &Space, plain: Ipv6Addr, hosts: &[Ipv6Addr], peer: Ipv6Addr) -> Beside {
    let ignore = space.output("sysctl", &["-qw", "net.ipv6.icmp.echo_ignore_all=1"]);
    assert!(ignore.status.success(), "{}", String::from_utf8_lossy(&ignore.stderr));
    let sockets = space.inside(|| [plain].iter().chain(hosts).map(|own| raw(*own)).collect::<Vec<_>>());
    let peer = SocketAddrV6::new(peer, 0, 0, 0).into();
    Beside::run(move || async move {
        let host = |(n, socket): (usize, Socket)| host(socket, peer, n.checked_sub(1));
        join_all(sockets.into_iter().enumerate().map(host)).await;
    })
}

/// The kernel makes the checksum of what leaves by it.
fn raw(own: Ipv6Addr) -> Socket {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&SocketAddrV6::new(own, 0, 0, 0).into()).unwrap();
    socket
}

/// One host, for good. `odd` shifts what happens to which of its probes; without it all is as it should be.
async fn host(socket: Socket, peer: SocketAddr, odd: Option<usize>) {
    // It receives and sends as a UDP socket does.
    let socket = UdpSocket::from_std(socket.into()).unwrap();
    let mut late: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut probes = 0;
    let mut packet = [0; 2048];
    loop {
        let send = |bytes: &[u8]| drop(socket.try_send_to(bytes, peer));
        while late.front().is_some_and(|(at, _)| *at <= Instant::now())
            && let Some((_, reply)) = late.pop_front()
        {
            send(&reply);
        }
        let next = socket.recv_from(&mut packet);
        let length = match late.front() {
            Some((at, _)) => timeout_at(*at, next).await.ok(),
            None => Some(next.await),
        };
        let Some(Ok((length, _))) = length else { continue };
        let Some([REQUEST, 0, _, _, _, _, _, _, ..]) = packet.get(..length) else { continue };
        packet[0] = REPLY;
        let reply = &packet[..length];
        // With the two bytes at `at` another number.
        let changed = |at: usize, by: u16| {
            let mut bytes = reply.to_vec();
            let number = u16::from_be_bytes([bytes[at], bytes[at + 1]]).wrapping_add(by);
            bytes[at..at + 2].copy_from_slice(&number.to_be_bytes());
            bytes
        };
        let fate = odd.filter(|_| probes < ROUND).map(|odd| (probes + odd) % ROUND);
        probes += 1;
        match fate {
            Some(0) => continue,
            Some(1) => send(reply),
            Some(2) => {
                late.push_back((Instant::now() + LATE, reply.to_vec()));
                continue;
            }
            Some(3) => send(&changed(4, 1)),
            Some(4) => send(&changed(6, 20_000)),
            _ => {}
        }
        send(reply);
    }
}
