//! The interface of a capability, and the context that all capabilities share.
//!
//! A capability owns its state, its commands, its timers, its events and its report. The core calls it for each
//! command, whenever one of its events may have arrived, when its timer is due, and when the link changes. The
//! capability stores each result and marks its [`Topic`] as changed; the core requests the report when the topic is due
//! and the reader has room. A report is the whole state, so an unsent report is replaced by the next.
//!
//! Capabilities do not depend on each other. They share data through the [`Context`]: the finished catalog (details,
//! events and diagnosis watch it) and changes for the event log. [`Capability::poll`] of every capability runs before
//! the engine sleeps, so neither needs a waker.

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

/// Minimum interval between two reports of one topic.
const REPORT_GAP: Duration = Duration::from_millis(33);
/// Added to the interval for each item of a report: a thousand ping targets are reported ten times a second.
const REPORT_PRICE: Duration = Duration::from_micros(100);
const REPORT_SLOWEST: Duration = Duration::from_millis(250);

/// One task of an engine, such as ping or trace.
pub trait Capability<N: Network>: Send {
    /// Handles its own commands; returns any other command.
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command>;

    /// Handles received events, a limited number per call. Returns ready if there was one; otherwise registers `task`.
    fn poll(&mut self, _task: &mut task::Context<'_>, _cx: &mut Context<N>) -> Poll<()> {
        Poll::Pending
    }

    /// Time of the next [`Self::on_time`].
    fn due(&self, _cx: &Context<N>) -> Option<Instant> {
        None
    }

    /// Called when a timer is due, not necessarily its own.
    fn on_time(&mut self, _cx: &mut Context<N>) {}

    /// Called when the link changes; `renewed` if it came up or went down, not only its counters changed.
    fn link_changed(&mut self, _renewed: bool, _cx: &mut Context<N>) {}

    fn topic(&mut self) -> &mut Topic;

    /// Returns the whole state, if there is anything to report.
    fn report(&mut self, cx: &mut Context<N>) -> Option<Report>;
}

/// Data that capabilities share.
pub struct Context<N: Network> {
    pub net: N,
    pub client: Client,
    pub options: Options,
    pub link: watch::Receiver<LinkState>,
    /// Time of the last wake-up of the core.
    pub now: Instant,
    pub catalog: Arc<Catalog>,
    /// Catalog of the last finished walk.
    pub walked: watch::Sender<Arc<Catalog>>,
    /// Changes for the event log.
    pub changes: Vec<Change>,
    /// Set when the network is detached; the engine then stops.
    pub closed: bool,
}

impl<N: Network> Context<N> {
    pub fn is_up(&self) -> bool {
        self.link.borrow().is_up()
    }
}

/// Time when a report is due, and time of the last one.
#[derive(Debug, Default)]
pub struct Topic {
    due: Option<Instant>,
    sent: Option<Instant>,
}

impl Topic {
    /// Marks a change at `now`: the report is due after the minimum interval.
    pub fn changed(&mut self, now: Instant) {
        self.changed_among(now, 0);
    }

    /// Marks a change of one of `many` items, which makes the interval longer.
    pub fn changed_among(&mut self, now: Instant, many: usize) {
        let gap = REPORT_GAP.max(REPORT_PRICE * u32::try_from(many).unwrap_or(u32::MAX)).min(REPORT_SLOWEST);
        let earliest = self.sent.map_or(now, |sent| (sent + gap).max(now));
        self.due.get_or_insert(earliest);
    }

    /// Marks the end of a task at `now`: the report is due immediately.
    pub fn ended(&mut self, now: Instant) {
        self.due = Some(now);
    }

    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns whether a report is due at `now`, and counts it as sent.
    pub fn take(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.sent = Some(now);
        }
        due
    }
}

/// Receives the next item of `inbox`; a closed inbox is dropped.
pub fn poll_inbox<T>(inbox: &mut Option<mpsc::Receiver<T>>, task: &mut task::Context<'_>) -> Poll<T> {
    let Some(open) = inbox else { return Poll::Pending };
    if let Some(item) = ready!(open.poll_recv(task)) {
        return Poll::Ready(item);
    }
    *inbox = None;
    Poll::Pending
}

/// Receives the next result of `set`; an empty set is pending.
pub fn poll_set<F: Future>(set: &mut FuturesUnordered<F>, task: &mut task::Context<'_>) -> Poll<F::Output> {
    match ready!(set.poll_next_unpin(task)) {
        Some(result) => Poll::Ready(result),
        None => Poll::Pending,
    }
}
