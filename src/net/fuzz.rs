//! Fuzz target: datagrams of every size into a live tunnel.

use std::collections::VecDeque;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use ipnet::Ipv6Net;

use super::packet;
use super::stack::Stack;
use super::wireguard::{Config, Limiter, Outputs, Peer, Transmit};
use crate::profile::Secret;

const HERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 7, 0, 0, 2);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);
/// The largest UDP payload over IPv4, in bytes.
const LARGEST: usize = 65_507;
/// Maximum number of steps per input, so that a run ends soon.
const STEPS: usize = 64;

/// Two peers with a session between them.
struct Live {
    client: Peer,
    gateway: Peer,
    stack: Stack,
    now: Instant,
    out: Outputs,
}

/// Interprets `bytes` as steps and runs them against a tunnel with a session. A valid packet sent afterwards must
/// still be delivered.
///
/// # Panics
/// If that packet is not delivered.
pub fn datagrams(bytes: &[u8]) {
    let mut live = Live::new();
    let mut input = bytes;
    for _ in 0..STEPS {
        let Some((&op, rest)) = input.split_first() else { break };
        input = rest;
        match op % 6 {
            // Arbitrary bytes.
            0 => live.client_takes(&take_counted(&mut input)),
            // A message of a given type and size, with a valid or invalid index and an arbitrary body.
            1 => {
                let [kind, size_high, size_low, index, counter] = take(&mut input);
                let size = usize::from(u16::from_be_bytes([size_high, size_low])).min(LARGEST);
                live.client_takes(&forged(kind, size, session_index(index), counter));
            }
            // An authentic message around an arbitrary inner packet.
            2 => {
                let inner = take_counted(&mut input);
                live.gateway_sends(&inner, None);
            }
            // An authentic message with one bit flipped.
            3 => {
                let [high, low] = take(&mut input);
                live.gateway_sends(&honest(b"bent"), Some(u16::from_be_bytes([high, low])));
            }
            // Arbitrary bytes from the client to the gateway.
            4 => {
                let datagram = take_counted(&mut input);
                live.gateway.feed(live.now, client_addr(), &datagram, &mut live.out);
                live.carry();
            }
            // Time passes: up to 4 minutes.
            _ => {
                let [seconds] = take(&mut input);
                live.now += Duration::from_secs(seconds.into());
                live.client.tick(live.now, &mut live.out);
                live.gateway.tick(live.now, &mut live.out);
                live.carry();
            }
        }
    }
    live.prove_alive();
}

impl Live {
    fn new() -> Self {
        let (ours, theirs) = (Secret::new([0x11; 32]), Secret::new([0x22; 32]));
        let now = Instant::now();
        let client = Config {
            private_key: ours.clone(),
            public_key: theirs.public_key(),
            preshared_key: None,
            allowed_ips: vec![Ipv6Net::new_assert(THERE, 48)],
            keepalive: None,
            mtu: 9000,
        };
        let gateway = Config {
            private_key: theirs.clone(),
            public_key: ours.public_key(),
            allowed_ips: vec![Ipv6Net::from(HERE)],
            ..client.clone()
        };
        let mut live = Self {
            client: Peer::new(&client, 1, now),
            gateway: Peer::responder(&gateway, 2, now, Limiter::new(&theirs, u64::MAX)),
            stack: Stack::new(&[HERE], 1420, 1, now),
            now,
            out: Outputs::default(),
        };
        live.client.set_endpoints(now, &[gateway_addr()], &mut live.out);
        live.carry();
        live
    }

    fn client_takes(&mut self, datagram: &[u8]) {
        self.client.feed(self.now, gateway_addr(), datagram, &mut self.out);
        self.carry();
    }

    fn gateway_sends(&mut self, inner: &[u8], flip: Option<u16>) {
        let mut out = Outputs::default();
        self.gateway.send(self.now, inner, &mut out);
        for Transmit { mut datagram, .. } in out.network {
            if let Some(bit) = flip.map(usize::from) {
                let at = bit / 8 % datagram.len().max(1);
                if let Some(byte) = datagram.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            self.client_takes(&datagram);
        }
    }

    /// Carries messages between the peers and inner packets to the stack. Bounded, in case they never stop.
    fn carry(&mut self) {
        for _ in 0..STEPS {
            for inner in std::mem::take(&mut self.out.inner) {
                self.stack.ingress(self.now, &inner);
            }
            let mut leaving = VecDeque::new();
            self.stack.poll(self.now, &mut leaving);
            for packet in leaving {
                self.client.send(self.now, &packet, &mut self.out);
            }
            if self.out.network.is_empty() {
                break;
            }
            for Transmit { to, datagram } in std::mem::take(&mut self.out.network) {
                if to == gateway_addr() {
                    self.gateway.feed(self.now, client_addr(), &datagram, &mut self.out);
                    // Packets decrypted by the gateway are not for our stack.
                    self.out.inner.clear();
                } else {
                    self.client.feed(self.now, gateway_addr(), &datagram, &mut self.out);
                }
            }
        }
    }

    fn prove_alive(&mut self) {
        // A new handshake: the input may have moved an endpoint, or time may have passed.
        self.now += Duration::from_secs(1);
        self.client.set_endpoints(self.now, &[gateway_addr()], &mut self.out);
        self.client.rehandshake(self.now, &mut self.out);
        self.carry();
        let (port, mut arrivals) = self.stack.bind().unwrap_or_else(|error| panic!("no port: {error}"));
        let from = SocketAddrV6::new(THERE, 53, 0, 0);
        let to = SocketAddrV6::new(HERE, port, 0, 0);
        let answer = packet::udp(from, to, b"alive", 1420).unwrap_or_default();
        self.gateway_sends(&answer, None);
        assert!(arrivals.try_recv().is_ok(), "the tunnel is dead: {:?}", self.client.link());
    }
}

fn client_addr() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 40_000))
}

fn gateway_addr() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 2], 51_820))
}

/// The client's index in its first session, or one without a session.
fn session_index(choice: u8) -> u32 {
    (1 << 8) + 1 + u32::from(choice % 4)
}

fn honest(payload: &[u8]) -> Vec<u8> {
    let (from, to) = (SocketAddrV6::new(THERE, 53, 0, 0), SocketAddrV6::new(HERE, 50_000, 0, 0));
    packet::udp(from, to, payload, 1420).unwrap_or_default()
}

fn forged(kind: u8, size: usize, index: u32, counter: u8) -> Vec<u8> {
    let mut datagram = vec![counter; size];
    let head =
        [&[kind % 6, 0, 0, 0], index.to_le_bytes().as_slice(), &u64::from(counter).to_le_bytes()].concat();
    let length = head.len().min(size);
    datagram[..length].copy_from_slice(&head[..length]);
    datagram
}

/// The next `N` bytes, zero where the input ends.
fn take<const N: usize>(input: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    let count = input.len().min(N);
    taken[..count].copy_from_slice(&input[..count]);
    *input = &input[count..];
    taken
}

/// Length-prefixed bytes: two bytes of length, then as many as are left, up to that length.
fn take_counted(input: &mut &[u8]) -> Vec<u8> {
    let count = usize::from(u16::from_be_bytes(take(input))).min(input.len());
    let (taken, rest) = input.split_at(count);
    *input = rest;
    taken.to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_type_in_every_size_class() {
        for kind in 0..6_u8 {
            for size in [0_u16, 1, 4, 16, 31, 32, 64, 92, 148, 1_452, 2_049, 3_000, 65_507] {
                let [high, low] = size.to_be_bytes();
                datagrams(&[1, kind, high, low, 0, 0, 1, kind, high, low, 1, 200]);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_steps_leave_the_tunnel_alive(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            datagrams(&bytes);
        }

        #[test]
        fn any_inner_packet_leaves_the_tunnel_alive(
            next in prop::sample::select(vec![6_u8, 17, 58]),
            body in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let mut inner = honest(&body);
            inner[6] = next;
            let mut bytes = vec![2];
            bytes.extend((inner.len() as u16).to_be_bytes());
            bytes.extend(inner);
            datagrams(&bytes);
        }
    }
}
