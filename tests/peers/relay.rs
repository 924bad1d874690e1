//! A wire that takes its time: what comes in by UDP goes on after a while, both ways. It runs inside a namespace, as
//! this very test binary with one test alone.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use crate::world::{Running, Space, until};

const ORDER: &str = "SIXPANE_RELAY";

/// Starts one in `space`: from `port` on all addresses to `to`, `ms` each way.
pub fn start(space: &Space, port: u16, to: &str, ms: u64) -> Running {
    let program = std::env::current_exe().unwrap();
    let order = format!("{port} {to} {ms}");
    let words = ["--exact", "relay::a_wire_that_takes_its_time", "--ignored"];
    let running = space.start(program.to_str().unwrap(), &words, &[(ORDER, order.as_str())]);
    until("the relay's port", || space.listens(port));
    running
}

#[test]
#[ignore = "a helper of other tests, which runs until it is ended"]
fn a_wire_that_takes_its_time() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let words: Vec<&str> = order.split(' ').collect();
    let delay = Duration::from_millis(words[2].parse().unwrap());
    let to: SocketAddr = words[1].parse().unwrap();
    let front = Arc::new(UdpSocket::bind(("0.0.0.0", words[0].parse().unwrap())).unwrap());
    let mut clients: HashMap<SocketAddr, Sender<(Instant, Vec<u8>)>> = HashMap::new();
    let mut datagram = vec![0; 65_535];
    while let Ok((length, from)) = front.recv_from(&mut datagram) {
        let there = clients.entry(from).or_insert_with(|| {
            let back = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
            back.connect(to).unwrap();
            let (sender, front) = (back.clone(), front.clone());
            let there = later(move |bytes| drop(sender.send(bytes)));
            let here = later(move |bytes| drop(front.send_to(bytes, from)));
            std::thread::spawn(move || {
                let mut datagram = vec![0; 65_535];
                while let Ok(length) = back.recv(&mut datagram) {
                    let _ = here.send((Instant::now() + delay, datagram[..length].to_vec()));
                }
            });
            there
        });
        let _ = there.send((Instant::now() + delay, datagram[..length].to_vec()));
    }
}

/// Does with each datagram what `deliver` does, when its time has come.
pub fn later(deliver: impl Fn(&[u8]) + Send + 'static) -> Sender<(Instant, Vec<u8>)> {
    let (sender, queue) = channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        for (due, bytes) in queue {
            rest(due.saturating_duration_since(Instant::now()));
            deliver(&bytes);
        }
    });
    sender
}

#[expect(clippy::disallowed_methods, reason = "the wire's own delay, in a process of its own")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}
