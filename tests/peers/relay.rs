//! A wire with a delay and losses, in user space: the kernel here has no netem.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::world::{Beside, Space};

/// Starts one in `space`, for one client at a time: what comes to `port` goes on to `to`, and back. `delay` is for one
/// direction; `loss` is the share of datagrams that vanish in each, drawn with `seed`.
pub fn start(space: &Space, port: u16, to: &str, delay: Duration, loss: f64, seed: u64) -> Beside {
    let to: SocketAddr = to.parse().unwrap();
    let (near, far) = space.inside(|| (socket(port), socket(0)));
    Beside::run(move || carry(near, far, to, delay, loss, seed))
}

async fn carry(near: Socket, far: Socket, to: SocketAddr, delay: Duration, loss: f64, seed: u64) {
    let near = UdpSocket::from_std(near.into()).unwrap();
    let far = UdpSocket::from_std(far.into()).unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut client: Option<SocketAddr> = None;
    // What is under way, in the order in which it arrives: to the gateway, or back.
    let mut flying: VecDeque<(Instant, bool, Vec<u8>)> = VecDeque::new();
    let (mut here, mut there) = (vec![0; 65_535], vec![0; 65_535]);
    loop {
        while flying.front().is_some_and(|(at, ..)| *at <= Instant::now())
            && let Some((_, out, datagram)) = flying.pop_front()
        {
            // What does not fit a buffer is lost, as on any wire.
            let _ = match (out, client) {
                (true, _) => far.try_send_to(&datagram, to),
                (false, Some(client)) => near.try_send_to(&datagram, client),
                (false, None) => Ok(0),
            };
        }
        let next = async {
            tokio::select! {
                got = near.recv_from(&mut here) => {
                    let (count, from) = got.unwrap();
                    client = Some(from);
                    Some((true, here[..count].to_vec()))
                }
                // An error tells of what was sent before.
                got = far.recv_from(&mut there) => got.ok().map(|(count, _)| (false, there[..count].to_vec())),
            }
        };
        let arrival = match flying.front() {
            Some((at, ..)) => timeout_at(*at, next).await.ok().flatten(),
            None => next.await,
        };
        if let Some((out, datagram)) = arrival
            && rng.random_range(0.0..1.0) >= loss
        {
            flying.push_back((Instant::now() + delay, out, datagram));
        }
    }
}

fn socket(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    let _ = socket.set_recv_buffer_size(4 << 20);
    let _ = socket.set_send_buffer_size(4 << 20);
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    socket
}
