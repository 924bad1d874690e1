//! The event log: changes found by a walk, and changes of ping targets.

use std::mem;
use std::sync::Arc;
use std::task::{self, Poll};

use tokio::sync::watch;

use super::capability::{Capability, Context, Topic};
use super::report::{Command, EVENTS, Event, Report};
use crate::catalog::Catalog;
use crate::catalog::diff::changes;
use crate::net::Network;

#[cfg(test)]
mod tests;

pub struct Events {
    log: Arc<Vec<Event>>,
    walked: watch::Receiver<Arc<Catalog>>,
    /// Catalog of the previous walk.
    known: Option<Arc<Catalog>>,
    topic: Topic,
}

impl Events {
    pub fn new<N: Network>(cx: &Context<N>) -> Self {
        Self { log: Arc::default(), walked: cx.walked.subscribe(), known: None, topic: Topic::default() }
    }
}

impl<N: Network> Capability<N> for Events {
    fn command(&mut self, command: Command, _: &mut Context<N>) -> Option<Command> {
        Some(command)
    }

    fn poll(&mut self, _: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let mut found = mem::take(&mut cx.changes);
        if self.walked.has_changed().unwrap_or(false) {
            let catalog = self.walked.borrow_and_update().clone();
            if let Some(before) = self.known.replace(catalog.clone()) {
                found.extend(changes(&before, &catalog));
            }
        }
        if found.is_empty() {
            return Poll::Pending;
        }
        let log = Arc::make_mut(&mut self.log);
        let mut serial = log.last().map_or(0, |event| event.serial);
        log.extend(found.into_iter().map(|change| {
            serial += 1;
            Event { serial, at: cx.now, change }
        }));
        log.drain(..log.len().saturating_sub(EVENTS));
        self.topic.ended(cx.now);
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        Some(Report::Events(self.log.clone()))
    }
}
