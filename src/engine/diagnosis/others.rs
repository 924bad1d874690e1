//! Looks for another client on the same key: whether the gateway seals packets for our session while we ask for nothing.

use std::net::Ipv6Addr;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::pings::{Probe, ping};
use crate::net::Network;
use crate::net::diverted::{SETTLE, WINDOW};
use crate::net::tunnel::MISSING;

/// Pings that bound the windows: the first ends the busy one before, the next three end quiet ones.
const PINGS: usize = 4;
/// Time for the state of the link to be published after the last reply.
const PUBLISHED: Duration = Duration::from_millis(50);

/// Number of packets for us that the gateway sent to another address; `None` if nothing suggested a test of it. `gateway`
/// replies to ping.
pub async fn diverted<N: Network>(net: &N, gateway: Ipv6Addr) -> Option<u64> {
    let mut link = net.link();
    let known = || {
        let link = net.link();
        let drops = link.borrow().drops;
        (drops.diverted > 0).then_some(drops.diverted)
    };
    let (missing, rtt) = {
        let link = link.borrow();
        (link.missing, link.handshake_rtt.unwrap_or_default())
    };
    if missing < MISSING || known().is_some() {
        return known();
    }
    sleep(SETTLE + rtt * 2).await;
    for _ in 0..PINGS {
        ping(net, vec![Probe::new(gateway, Probe::SMALL, 1)]).await;
        if known().is_some() {
            break;
        }
        sleep(WINDOW).await;
    }
    let _ = timeout(PUBLISHED, link.wait_for(|link| link.drops.diverted > 0)).await;
    known().or(Some(0))
}
