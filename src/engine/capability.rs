//! What the core knows of a capability, and what all capabilities share.
//!
//! A capability owns its state, the commands it takes, its timers, the events it waits for and its report. The core
//! calls it for each command, whenever one of its events may have come, when its time is due, and when the link
//! changed. Whatever it finds it keeps, and marks its [`Topic`]; the core asks for the report when the topic is due
//! and the reader has room. A report is the whole state, so one that was not sent in time is replaced by the next.
//!
//! Capabilities do not know each other. What one gives to others goes through the [`Context`]: the finished catalog
//! (details, events and diagnosis watch it) and changes for the log of events. [`Capability::poll`] of every
//! capability runs before the engine sleeps, so neither needs a waker.

use std::future::Future;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::report::{Command, Report};
use crate::catalog::Catalog;
use crate::catalog::diff::Change;
use crate::dns::client::Client;
use crate::dns::exchange::Options;
use crate::net::{LinkState, Network};

/// Least time between two reports of one topic.
const REPORT_GAP: Duration = Duration::from_millis(33);
/// Added for each item of a report: a thousand ping targets are reported ten times a second.
const REPORT_PRICE: Duration = Duration::from_micros(100);
/// Upper bound of the two.
const REPORT_SLOWEST: Duration = Duration::from_millis(250);

/// One thing that an engine can do.
pub trait Capability<N: Network>: Send {
    /// Takes a command of its own; gives any other back.
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command>;

    /// Handles events that have come, a bounded number at a time. Ready if there was one; else `task` is woken.
    fn poll(&mut self, _task: &mut task::Context<'_>, _cx: &mut Context<N>) -> Poll<()> {
        Poll::Pending
    }

    /// When [`Self::on_time`] has something to do.
    fn due(&self, _cx: &Context<N>) -> Option<Instant> {
        None
    }

    /// Called when something is due, not necessarily its own.
    fn on_time(&mut self, _cx: &mut Context<N>) {}

    /// The link changed; `renewed` if it came up or went down, not only its counters.
    fn link_changed(&mut self, _renewed: bool, _cx: &mut Context<N>) {}

    fn topic(&mut self) -> &mut Topic;

    /// The state, if there is anything to report.
    fn report(&mut self, cx: &mut Context<N>) -> Option<Report>;
}

/// What capabilities share.
pub struct Context<N: Network> {
    pub net: N,
    pub client: Client,
    pub options: Options,
    pub link: watch::Receiver<LinkState>,
    /// When the core last woke.
    pub now: Instant,
    /// The catalog as last reported.
    pub catalog: Arc<Catalog>,
    /// The catalog of the last finished walk.
    pub walked: watch::Sender<Arc<Catalog>>,
    /// Changes for the log of events.
    pub changes: Vec<Change>,
    /// Set when the network was detached: the engine ends.
    pub closed: bool,
}

impl<N: Network> Context<N> {
    pub fn is_up(&self) -> bool {
        self.link.borrow().is_up()
    }
}

/// When a report is due, and when the last one was sent.
#[derive(Debug, Default)]
pub struct Topic {
    due: Option<Instant>,
    sent: Option<Instant>,
}

impl Topic {
    /// Something changed at `now`: report it, but not sooner than a gap after the last report.
    pub fn changed(&mut self, now: Instant) {
        self.changed_among(now, 0);
    }

    /// The same for one of `many` items, which makes the gap longer.
    pub fn changed_among(&mut self, now: Instant, many: usize) {
        let gap = REPORT_GAP.max(REPORT_PRICE * u32::try_from(many).unwrap_or(u32::MAX)).min(REPORT_SLOWEST);
        let earliest = self.sent.map_or(now, |sent| (sent + gap).max(now));
        self.due.get_or_insert(earliest);
    }

    /// Something ended at `now`: report it without delay.
    pub fn ended(&mut self, now: Instant) {
        self.due = Some(now);
    }

    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is due at `now`; then it counts as sent.
    pub fn take(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.sent = Some(now);
        }
        due
    }
}

/// The next item of `inbox`; an inbox that has ended is dropped.
pub fn poll_inbox<T>(inbox: &mut Option<mpsc::Receiver<T>>, task: &mut task::Context<'_>) -> Poll<T> {
    let Some(open) = inbox else { return Poll::Pending };
    if let Some(item) = ready!(open.poll_recv(task)) {
        return Poll::Ready(item);
    }
    *inbox = None;
    Poll::Pending
}

/// The next result of `set`; an empty one has none.
pub fn poll_set<F: Future>(set: &mut FuturesUnordered<F>, task: &mut task::Context<'_>) -> Poll<F::Output> {
    match ready!(set.poll_next_unpin(task)) {
        Some(result) => Poll::Ready(result),
        None => Poll::Pending,
    }
}
