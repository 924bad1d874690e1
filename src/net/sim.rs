//! Simulated wire below a real tunnel: loss, delay, reordering, duplication and corruption from a seed.
//!
//! It runs on tokio's clock, so that an hour passes at once while that clock is paused. The fate of the n-th datagram
//! in a direction depends on the seed alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::underlay::{Failure, Underlay};

/// Maximum number of datagrams in flight per direction.
const CAPACITY: usize = 4096;

/// Behaviour of a wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Share of lost datagrams, 0 to 1.
    pub loss: f64,
    /// Share of duplicated datagrams, 0 to 1.
    pub duplication: f64,
    /// Share of datagrams with one bit flipped, 0 to 1.
    pub corruption: f64,
    /// Delay of each datagram.
    pub delay: Duration,
    /// Maximum additional delay; causes reordering.
    pub jitter: Duration,
}

impl Conditions {
    /// A wire with a delay and no faults.
    pub fn clear(delay: Duration) -> Self {
        Self { loss: 0.0, duplication: 0.0, corruption: 0.0, delay, jitter: Duration::ZERO }
    }
}

/// Handle to change the conditions of a wire and to read its traffic.
#[derive(Clone)]
pub struct Wire {
    ends: [Arc<Lane>; 2],
}

pub struct End {
    peer: SocketAddr,
    out: Arc<Lane>,
    into: Arc<Lane>,
}

struct Lane {
    state: Mutex<State>,
    bell: Notify,
}

struct State {
    conditions: Conditions,
    rng: StdRng,
    /// Ordered by time of arrival, then by number.
    moving: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    count: u64,
    /// Number of datagrams to lose next.
    to_lose: u64,
    /// All datagrams sent, as seen by an eavesdropper.
    seen: Vec<Vec<u8>>,
}

/// Connects two addresses. The first end is at `a` and its peer is `b`.
pub fn wire(a: SocketAddr, b: SocketAddr, conditions: Conditions, seed: u64) -> (Wire, End, End) {
    let there = Arc::new(Lane::new(conditions, seed));
    let back = Arc::new(Lane::new(conditions, seed.wrapping_add(1)));
    let left = End { peer: b, out: Arc::clone(&there), into: Arc::clone(&back) };
    let right = End { peer: a, out: Arc::clone(&back), into: Arc::clone(&there) };
    (Wire { ends: [there, back] }, left, right)
}

impl Wire {
    /// Changes the conditions for datagrams sent from now on.
    pub fn set(&self, conditions: Conditions) {
        for lane in &self.ends {
            lane.state().conditions = conditions;
        }
    }

    /// Loses the next `count` datagrams from the first end.
    pub fn lose_next(&self, count: u64) {
        self.ends[0].state().to_lose = count;
    }

    /// All datagrams sent so far, by the first end and by the second end.
    pub fn seen(&self) -> [Vec<Vec<u8>>; 2] {
        [0, 1].map(|end| self.ends[end].state().seen.clone())
    }
}

impl Lane {
    fn new(conditions: Conditions, seed: u64) -> Self {
        let state = State {
            conditions,
            rng: StdRng::seed_from_u64(seed),
            moving: BinaryHeap::new(),
            count: 0,
            to_lose: 0,
            seen: Vec::new(),
        };
        Self { state: Mutex::new(state), bell: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&mut self, datagram: &[u8]) {
        self.seen.push(datagram.to_vec());
        // Random numbers are always drawn, so that one datagram's fate does not change the next one's.
        let conditions = self.conditions;
        let lost = self.rng.random_bool(conditions.loss);
        let copies = if self.rng.random_bool(conditions.duplication) { 2 } else { 1 };
        let corrupted = self.rng.random_bool(conditions.corruption);
        let bit = self.rng.random_range(0..datagram.len().max(1) * 8);
        let late = [(); 2].map(|()| self.rng.random_range(0.0..1.0));
        if lost || self.to_lose > 0 {
            self.to_lose = self.to_lose.saturating_sub(1);
            return;
        }
        for late in late.into_iter().take(copies) {
            if self.moving.len() >= CAPACITY {
                return;
            }
            let mut datagram = datagram.to_vec();
            if let Some(byte) = datagram.get_mut(bit / 8).filter(|_| corrupted) {
                *byte ^= 1 << (bit % 8);
            }
            let at = Instant::now() + conditions.delay + conditions.jitter.mul_f64(late);
            self.count += 1;
            self.moving.push(Reverse((at, self.count, datagram)));
        }
    }

    /// The next datagram that has arrived, or the arrival time of the next one.
    fn arrived(&mut self) -> Result<Vec<u8>, Option<Instant>> {
        match self.moving.peek() {
            Some(Reverse((at, ..))) if *at > Instant::now() => Err(Some(*at)),
            _ => self.moving.pop().map(|Reverse((_, _, datagram))| datagram).ok_or(None),
        }
    }
}

impl Underlay for End {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) -> Result<(), Failure> {
        if to == self.peer {
            self.out.state().send(datagram);
            self.out.bell.notify_one();
        }
        Ok(())
    }

    async fn recv(&mut self, buffer: &mut [u8]) -> (SocketAddr, Result<usize, Failure>) {
        loop {
            let next = match self.into.state().arrived() {
                Ok(datagram) => {
                    let count = datagram.len().min(buffer.len());
                    buffer[..count].copy_from_slice(&datagram[..count]);
                    return (self.peer, Ok(count));
                }
                Err(next) => next,
            };
            let rung = self.into.bell.notified();
            match next {
                Some(at) => tokio::select! {
                    () = rung => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => rung.await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> (SocketAddr, SocketAddr) {
        ("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap())
    }

    async fn journey(conditions: Conditions, seed: u64) -> Vec<Vec<u8>> {
        let (a, b) = addresses();
        let (_wire, mut left, mut right) = wire(a, b, conditions, seed);
        for number in 0..1_000_u32 {
            left.send(b, &number.to_be_bytes()).unwrap();
        }
        let mut arrived = Vec::new();
        let mut buffer = [0; 16];
        while let Ok((from, Ok(count))) =
            tokio::time::timeout(Duration::from_secs(10), right.recv(&mut buffer)).await
        {
            assert_eq!(from, a);
            arrived.push(buffer[..count].to_vec());
        }
        arrived
    }

    #[tokio::test(start_paused = true)]
    async fn a_clear_wire_keeps_order_and_delay() {
        let start = Instant::now();
        let arrived = journey(Conditions::clear(Duration::from_millis(40)), 1).await;
        let expected: Vec<_> = (0..1_000_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        assert_eq!(arrived, expected);
        assert_eq!(start.elapsed().as_millis() / 10, 1_004);
    }

    #[tokio::test(start_paused = true)]
    async fn the_seed_determines_the_result() {
        let conditions = Conditions {
            loss: 0.1,
            duplication: 0.05,
            corruption: 0.05,
            delay: Duration::from_millis(40),
            jitter: Duration::from_millis(20),
        };
        let arrived = journey(conditions, 7).await;
        assert_eq!(arrived, journey(conditions, 7).await);
        assert_ne!(arrived, journey(conditions, 8).await);
        assert!((880..1_010).contains(&arrived.len()), "{}", arrived.len());
        assert!(!arrived.is_sorted(), "no datagram was reordered");
        let strange = arrived.iter().filter(|bytes| bytes[0] != 0 || bytes[1] != 0).count();
        assert!(strange > 0, "no datagram was corrupted");
    }
}
