//! Hosts that answer pings as no kernel does: twice, late, under another identifier or number, or not at all. They run
//! inside a namespace, as this very test binary with one test alone, on raw sockets (RFC 3542 §3).

use std::io::Read as _;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::relay::later;
use crate::world::{Running, Space, until};

const ORDER: &str = "SIXPANE_ODD";
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
pub fn start(space: &Space, plain: Ipv6Addr, hosts: &[Ipv6Addr], peer: Ipv6Addr) -> Running {
    let ignore = space.output("sysctl", &["-qw", "net.ipv6.icmp.echo_ignore_all=1"]);
    assert!(ignore.status.success(), "{}", String::from_utf8_lossy(&ignore.stderr));
    let all: Vec<String> = [peer, plain].iter().chain(hosts).map(Ipv6Addr::to_string).collect();
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", "odd::hosts_that_answer_oddly", "--ignored"];
    let running = space.start(program.to_str().unwrap(), &words, &[(ORDER, all.join(" ").as_str())]);
    until("the hosts' sockets", || {
        let table = space.output("cat", &["/proc/net/raw6"]);
        String::from_utf8_lossy(&table.stdout).lines().count() > hosts.len() + 1
    });
    running
}

#[test]
#[ignore = "a helper of other tests, which runs until it is ended"]
fn hosts_that_answer_oddly() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let all: Vec<Ipv6Addr> = order.split(' ').map(|word| word.parse().unwrap()).collect();
    let peer = all[0];
    std::thread::scope(|scope| {
        for (n, own) in all[1..].iter().enumerate() {
            scope.spawn(move || host(*own, peer, n.checked_sub(1)));
        }
    });
}

/// One host, for good. `odd` shifts what happens to which of its probes; without it all is as it should be.
fn host(own: Ipv6Addr, peer: Ipv6Addr, odd: Option<usize>) {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap();
    socket.bind(&SocketAddrV6::new(own, 0, 0, 0).into()).unwrap();
    let socket = Arc::new(socket);
    let to: SockAddr = SocketAddrV6::new(peer, 0, 0, 0).into();
    let (sender, target) = (socket.clone(), to.clone());
    // The kernel makes the checksum.
    let late = later(move |bytes| drop(sender.send_to(bytes, &target)));
    let mut probes = 0;
    let mut packet = [0; 2048];
    while let Ok(length) = (&*socket).read(&mut packet) {
        let Some([REQUEST, 0, _, _, _, _, _, _, ..]) = packet.get(..length) else { continue };
        packet[0] = REPLY;
        let reply = &packet[..length];
        let send = |bytes: &[u8]| drop(socket.send_to(bytes, &to));
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
                let _ = late.send((Instant::now() + LATE, reply.to_vec()));
                continue;
            }
            Some(3) => send(&changed(4, 1)),
            Some(4) => send(&changed(6, 20_000)),
            _ => {}
        }
        send(reply);
    }
}
