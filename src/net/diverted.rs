//! Counts packets that the peer sealed for our session and sent to another address.
//!
//! A gateway has one session and one address for each key. When another client uses our key, the gateway accepts both: it
//! replies within the newest session, to the address that sent last. So the replies to the other client are sealed with
//! *our* session and never reach us. We see them by their absence: the counter of the next data message that we receive
//! has advanced by more than we received.
//!
//! Loss leaves the same gaps, but only loss of what we asked for. A window of time is therefore suspicious only where the
//! missing packets are more than all that we sent in it (and shortly before it, for replies under way), and more than all
//! that we received in it. Lost replies are at most as many as requests; lost segments of a download fewer than those
//! received. Two suspicious windows in a row count: a burst that was lost as a whole makes one.
//!
//! The window is short, so that a pause in our own traffic is enough. While we send much, nothing is found, and nothing
//! is claimed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Least length of a window; it ends with the first packet received after it.
pub const WINDOW: Duration = Duration::from_millis(200);
/// Time before a window in which our packets may still be answered in it, besides two round trips.
pub const SETTLE: Duration = Duration::from_millis(300);
/// Missing packets of a window that are never suspicious.
const FEW: u64 = 3;
/// Departures that are remembered.
const REMEMBERED: usize = 512;

/// The counters of the newest session in which data came.
#[derive(Debug, Default)]
pub struct Diverted {
    session: Option<Session>,
    departures: VecDeque<Instant>,
}

#[derive(Debug)]
struct Session {
    index: u32,
    /// Number of packets that the peer has sealed, as far as known.
    sealed: u64,
    received: u64,
    window: Window,
    /// Missing packets of the window before, if it was suspicious.
    suspected: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    sealed: u64,
    received: u64,
}

impl Diverted {
    /// A data message left.
    pub fn sent(&mut self, now: Instant) {
        if self.departures.len() == REMEMBERED {
            self.departures.pop_front();
        }
        self.departures.push_back(now);
    }

    /// An authentic data message for our session `index` arrived. Returns the number of packets found to be diverted.
    pub fn received(&mut self, now: Instant, index: u32, counter: u64, rtt: Duration) -> u64 {
        let sealed = counter.saturating_add(1);
        let Some(session) = self.session.as_mut().filter(|session| session.index == index) else {
            let window = Window { since: now, sealed, received: 1 };
            self.session = Some(Session { index, sealed, received: 1, window, suspected: None });
            return 0;
        };
        session.sealed = session.sealed.max(sealed);
        session.received += 1;
        let window = session.window;
        if now < window.since + WINDOW {
            return 0;
        }
        session.window = Window { since: now, sealed: session.sealed, received: session.received };
        let from = window.since.checked_sub(SETTLE + rtt * 2);
        let asked = |at: &&Instant| from.is_none_or(|from| **at > from);
        let sent = self.departures.iter().rev().take_while(asked).count();
        let received = session.received - window.received;
        let missing = (session.sealed - window.sealed).saturating_sub(received);
        // The oldest departures may have been forgotten.
        let suspicious = sent < REMEMBERED
            && missing >= FEW
            && missing > received
            && missing.saturating_sub(sent as u64) >= FEW;
        let before = session.suspected.take();
        if !suspicious {
            return 0;
        }
        session.suspected = Some(0);
        match before {
            None => {
                session.suspected = Some(missing);
                0
            }
            Some(before) => before + missing,
        }
    }

    /// Packets of the session that have not arrived, for whatever reason.
    pub fn missing(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.sealed.saturating_sub(session.received))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(20);

    /// Receives a packet with each of these times in milliseconds and counters; `sent` are the departures.
    fn found(sent: &[u64], received: &[(u64, u64)]) -> u64 {
        let start = Instant::now() + Duration::from_mins(1);
        let at = |ms: &u64| start + Duration::from_millis(*ms);
        let mut diverted = Diverted::default();
        let mut sent = sent.iter().peekable();
        let mut all = 0;
        for (ms, counter) in received {
            while let Some(departure) = sent.next_if(|departure| *departure <= ms) {
                diverted.sent(at(departure));
            }
            all += diverted.received(at(ms), 7, *counter, RTT);
        }
        all
    }

    #[test]
    fn replies_to_another_client_are_gaps_without_requests() {
        assert_eq!(found(&[0, 1000, 2000], &[(20, 0), (1020, 51), (2020, 102)]), 100);
        assert_eq!(found(&[0, 1000, 2000, 3000], &[(20, 0), (1020, 51), (2020, 102), (3020, 153)]), 150);
    }

    #[test]
    fn one_gap_is_not_enough() {
        assert_eq!(found(&[0, 1000, 2000], &[(20, 0), (1020, 51), (2020, 52)]), 0);
    }

    #[test]
    fn lost_replies_are_no_more_than_requests() {
        // Of a request each 10 ms, every fourth reply arrives.
        let sent: Vec<u64> = (0..1000).map(|n| n * 10).collect();
        let received: Vec<(u64, u64)> = (0..250).map(|n| (n * 40 + 20, n * 4)).collect();
        assert_eq!(found(&sent, &received), 0);
    }

    #[test]
    fn lost_segments_of_a_download_are_fewer_than_those_received() {
        // Ten segments for each acknowledgement; one of five is lost.
        let sent: Vec<u64> = (0..200).map(|n| n * 20).collect();
        let received: Vec<(u64, u64)> = (0..2000).filter(|n| n % 5 > 0).map(|n| (n * 2 + 20, n)).collect();
        assert_eq!(found(&sent, &received), 0);
    }

    #[test]
    fn a_new_session_starts_afresh_and_reordering_is_no_loss() {
        let start = Instant::now();
        let mut diverted = Diverted::default();
        assert_eq!(diverted.received(start, 1, 40, RTT), 0);
        assert_eq!(diverted.missing(), 40);
        for (n, counter) in [3, 1, 0, 2].into_iter().enumerate() {
            let at = start + WINDOW * (n as u32 + 1);
            assert_eq!(diverted.received(at, 2, counter, RTT), 0);
        }
        assert_eq!(diverted.missing(), 0);
    }
}
