//! Pings for a diagnosis, sent in rounds; each round goes to the targets that have not replied yet.

use std::net::Ipv6Addr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::doctor::facts::Pings;
use crate::net::{EchoKind, EchoRequest, Echoes, Network};

/// Number of rounds, and the delay of the next round for targets without a reply.
const ROUNDS: u32 = 5;
const ROUND: Duration = Duration::from_millis(250);
/// Interval between two pings of a burst, and the timeout of the last one.
const GAP: Duration = Duration::from_millis(10);
const LAST: Duration = Duration::from_millis(500);

/// A ping to send: target and parameters.
pub struct Probe {
    pub to: Ipv6Addr,
    /// Bytes after the ICMPv6 header.
    pub payload: u16,
    /// Number of replies after which no more pings are sent.
    pub wanted: u32,
    /// Usually 64.
    pub hop_limit: u8,
}

/// Result of a probe.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub pings: Pings,
    /// Sender of an ICMPv6 error about the probe.
    pub error_from: Option<Ipv6Addr>,
}

impl Probe {
    /// Default payload of `ping`, in bytes.
    pub const SMALL: u16 = 56;

    /// A ping with the default hop limit.
    pub fn new(to: Ipv6Addr, payload: u16, wanted: u32) -> Self {
        Self { to, payload, wanted, hop_limit: 64 }
    }
}

/// Sends each probe in rounds until it has enough replies, or an error that also counts as a response.
pub async fn ping<N: Network>(net: &N, probes: Vec<Probe>) -> Vec<Seen> {
    let mut seen = vec![Seen::default(); probes.len()];
    let Ok(mut echo) = net.echo() else { return seen };
    // Probe and send time of each ping without a reply yet: a second copy of a reply does not count.
    let mut sent: Vec<Option<(usize, std::time::Instant)>> = Vec::new();
    let last = net.link().borrow().timeout(ROUND, 2);
    for round in 1..=ROUNDS {
        for (index, (probe, seen)) in probes.iter().zip(&mut seen).enumerate() {
            let reported = probe.hop_limit == 1 && seen.error_from.is_some();
            if seen.pings.answered >= probe.wanted || reported {
                continue;
            }
            let request = EchoRequest {
                to: probe.to,
                seq: sent.len() as u16,
                hop_limit: probe.hop_limit,
                payload: probe.payload,
            };
            if let Ok(at) = echo.send(request) {
                seen.pings.sent += 1;
                sent.push(Some((index, at)));
            }
        }
        let round = Instant::now() + if round == ROUNDS { last } else { ROUND };
        let waits = |seen: &[Seen]| {
            seen.iter().any(|seen| seen.pings.answered < seen.pings.sent && seen.error_from.is_none())
        };
        while waits(&seen) {
            let Ok(Ok(event)) = timeout_at(round, echo.recv()).await else { break };
            if matches!(event.kind, EchoKind::Stray { .. }) {
                continue;
            }
            let ours = sent.get_mut(usize::from(event.seq)).and_then(Option::take);
            let Some((index, at)) = ours else { continue };
            let Some(seen) = seen.get_mut(index) else { continue };
            match event.kind {
                EchoKind::Reply { .. } => {
                    let rtt = event.at.saturating_duration_since(at);
                    seen.pings.answered += 1;
                    seen.pings.best = Some(seen.pings.best.map_or(rtt, |best| best.min(rtt)));
                }
                EchoKind::Error(_) => seen.error_from = Some(event.from),
                EchoKind::Stray { .. } => {}
            }
        }
    }
    seen
}

/// Sends `count` pings to one address at short intervals. The round trips are in the order of the requests.
pub async fn burst<N: Network>(net: &N, to: Ipv6Addr, count: u32) -> (Pings, Vec<Duration>) {
    let mut pings = Pings::default();
    let mut round_trips = vec![None; count as usize];
    send_burst(net, to, count, &mut pings, &mut round_trips).await;
    (pings, round_trips.into_iter().flatten().collect())
}

async fn send_burst<N: Network>(
    net: &N,
    to: Ipv6Addr,
    count: u32,
    pings: &mut Pings,
    round_trips: &mut [Option<Duration>],
) {
    let Ok(mut echo) = net.echo() else { return };
    let mut due_at = Instant::now();
    let mut sent = Vec::new();
    let last = net.link().borrow().timeout(LAST, 2);
    let mut end = due_at + last;
    loop {
        let due = if pings.sent < count { due_at } else { end };
        match timeout_at(due, echo.recv()).await {
            Ok(Ok(event)) => {
                let index = usize::from(event.seq);
                // A reply and its duplicate count once.
                if let (EchoKind::Reply { .. }, Some(known @ None), Some(at)) =
                    (event.kind, round_trips.get_mut(index), sent.get(index))
                {
                    let rtt = event.at.saturating_duration_since(*at);
                    *known = Some(rtt);
                    pings.answered += 1;
                    pings.best = Some(pings.best.map_or(rtt, |best| best.min(rtt)));
                }
            }
            Ok(Err(_)) => return,
            Err(_) if pings.sent >= count => return,
            Err(_) => {
                let request =
                    EchoRequest { to, seq: sent.len() as u16, hop_limit: 64, payload: Probe::SMALL };
                let Ok(at) = echo.send(request) else { return };
                sent.push(at);
                pings.sent += 1;
                due_at += GAP;
                end = Instant::now() + last;
            }
        }
        if pings.answered == count {
            return;
        }
    }
}
