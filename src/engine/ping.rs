//! Pings the targets: sends the probes that are due, and records the replies.

use std::io;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::{Duration, Instant};

use super::capability::{Capability, Context, Topic};
use super::report::{Command, Report};
use crate::catalog::diff::{Change, Pinged};
use crate::net::{Echoes, Network};
use crate::probe::alert::Alert;
use crate::probe::ping::{Pinger, Plan, Unsent};
use crate::probe::series::Target;
use crate::text::words;

/// Maximum number of replies handled before any other event.
const BATCH: usize = 64;

pub struct Ping<N: Network> {
    echo: N::Echo,
    pinger: Pinger,
    /// Timeout of a probe on a fast link; `None` if the user has set it.
    timeout: Option<Duration>,
    topic: Topic,
}

impl<N: Network> Ping<N> {
    pub fn new(echo: N::Echo, plan: Plan) -> Self {
        let timeout = plan.patient.then_some(plan.timeout);
        Self { echo, pinger: Pinger::new(plan), timeout, topic: Topic::default() }
    }

    /// Adds events for changes in the replies and for missing replies.
    fn note(&mut self, cx: &mut Context<N>) {
        cx.changes.extend(self.pinger.take_alerts().map(|(Target { label, address }, alert)| {
            let pinged = Pinged { label, address };
            match alert {
                Alert::Unreachable => Change::TargetUnreachable(pinged),
                Alert::Reachable(rtt) => Change::TargetReachable(pinged, rtt),
                Alert::Moved { from, to } => Change::RttMoved(pinged, from, to),
            }
        }));
        self.topic.changed_among(cx.now, self.pinger.targets());
    }
}

impl<N: Network> Capability<N> for Ping<N> {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Ping(targets) => {
                self.pinger.set_targets(targets, cx.now);
                self.topic.ended(cx.now);
            }
            Command::PingEvery(interval) => self.pinger.set_interval(interval, cx.now),
            Command::ClearPings(targets) => {
                self.pinger.clear(targets.as_deref());
                self.topic.ended(cx.now);
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let mut next = Some(ready!(self.echo.poll_recv(task)));
        for _ in 0..BATCH {
            match next {
                Some(Ok(event)) => self.pinger.absorb(&event),
                Some(Err(_)) => {
                    cx.closed = true;
                    break;
                }
                None => break,
            }
            next = match self.echo.poll_recv(task) {
                Poll::Ready(event) => Some(event),
                Poll::Pending => None,
            };
        }
        self.note(cx);
        Poll::Ready(())
    }

    /// On a slow link the timeout is longer.
    fn link_changed(&mut self, _renewed: bool, cx: &mut Context<N>) {
        if let Some(timeout) = self.timeout {
            self.pinger.set_timeout(cx.link.borrow().timeout(timeout, 3));
        }
    }

    /// Without a link, probes wait.
    fn due(&self, cx: &Context<N>) -> Option<Instant> {
        if cx.is_up() { self.pinger.next_due() } else { None }
    }

    fn on_time(&mut self, cx: &mut Context<N>) {
        if self.due(cx).is_none_or(|due| due > cx.now) {
            return;
        }
        while let Some(request) = self.pinger.poll(cx.now) {
            let sent = self.echo.send(request).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => Unsent::Busy,
                _ => Unsent::Refused(words(error)),
            });
            self.pinger.sent(request.seq, sent);
        }
        self.note(cx);
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        Some(Report::Pings(Arc::new(self.pinger.series())))
    }
}
