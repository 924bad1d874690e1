//! A wire with a delay and losses, in user space: the kernel here has no netem. It stands in the client's namespace
//! between sixpane and the gateway.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use crate::gateway::{Gateway, write_private};
use crate::world::{Running, until};

const PORT: u16 = 5180;

/// A relay that runs until it is dropped, and a conf that goes through it.
pub struct Relay {
    pub conf: PathBuf,
    _running: Running,
}

impl Relay {
    /// `delay` is for one direction; `loss` is the share of datagrams that vanish in each.
    pub fn start(gateway: &Gateway, delay: Duration, loss: f64, seed: u64) -> Self {
        let program = std::env::current_exe().unwrap();
        let (delay, loss, seed) = (delay.as_micros().to_string(), loss.to_string(), seed.to_string());
        let words = ["inside", "relay", "10.6.0.2:51820", &delay, &loss, &seed];
        let running = gateway.client.start(program.to_str().unwrap(), &words, &[]);
        until("the relay's port", || gateway.client.listens(PORT));
        let text = std::fs::read_to_string(&gateway.conf).unwrap();
        let conf = gateway.folder.path().join("far.conf");
        write_private(&conf, &text.replace("10.6.0.2:51820", &format!("127.0.0.1:{PORT}")));
        Self { conf, _running: running }
    }
}

/// The relay itself: `TO DELAY LOSS SEED`, the delay in microseconds.
pub async fn run(words: &[&str]) {
    let [to, delay, loss, seed] = words else { panic!("{words:?}") };
    let to: SocketAddr = to.parse().unwrap();
    let delay = Duration::from_micros(delay.parse().unwrap());
    let loss: f64 = loss.parse().unwrap();
    let mut rng = StdRng::seed_from_u64(seed.parse().unwrap());
    let near = socket(&format!("127.0.0.1:{PORT}"));
    let far = socket("0.0.0.0:0");
    let mut client: Option<SocketAddr> = None;
    // What is under way, in the order in which it arrives: to the gateway, or back.
    let mut flying: VecDeque<(Instant, bool, Vec<u8>)> = VecDeque::new();
    let (mut here, mut there) = (vec![0; 65_535], vec![0; 65_535]);
    loop {
        let due = flying.front().map(|(at, ..)| *at);
        let arrival = async {
            match due {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let (out, datagram) = tokio::select! {
            biased;
            () = arrival => {
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
                continue;
            }
            got = near.recv_from(&mut here) => {
                let (count, from) = got.unwrap();
                client = Some(from);
                (true, here[..count].to_vec())
            }
            got = far.recv_from(&mut there) => match got {
                Ok((count, _)) => (false, there[..count].to_vec()),
                Err(_) => continue,
            },
        };
        if rng.random_range(0.0..1.0) >= loss {
            flying.push_back((Instant::now() + delay, out, datagram));
        }
    }
}

fn socket(address: &str) -> UdpSocket {
    let address: SocketAddr = address.parse().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    let _ = socket.set_recv_buffer_size(4 << 20);
    let _ = socket.set_send_buffer_size(4 << 20);
    socket.bind(&address.into()).unwrap();
    UdpSocket::from_std(socket.into()).unwrap()
}
