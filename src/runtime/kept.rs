//! What the screens look like, kept for the next run soon after it was chosen.

use std::time::{Duration, Instant};

use super::Host;
use super::work::{Done, Work};
use crate::app::State;
use crate::app::kept::{Folds, Look};
use crate::clock;

/// How long a choice may wait until it is kept: whoever kills the process loses no more.
const SOON: Duration = Duration::from_secs(1);

/// What was kept last.
#[derive(Debug)]
pub struct Kept {
    last: (Look, Folds),
    due: Option<Instant>,
    /// Why it could not be kept the last time.
    pub problem: Option<String>,
}

impl Kept {
    /// From the last run.
    pub fn new(last: (Look, Folds)) -> Self {
        Self { last, due: None, problem: None }
    }

    /// When it is looked at again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something may have been chosen.
    pub fn soon(&mut self) {
        self.due.get_or_insert(clock::now() + SOON);
    }

    /// What is on the screens came from what was kept.
    pub fn restored(&mut self, state: &State) {
        self.last = state.kept();
    }

    /// Takes the result of [`Done::Kept`].
    pub fn came(&mut self, result: Result<(), String>) {
        self.problem = result.err();
    }

    /// Keeps what has changed, where it is time.
    pub fn keep_if_due(&mut self, state: &State, host: &impl Host, work: &mut Work) {
        if self.due.is_some_and(|due| due <= clock::now()) {
            self.keep(state, host, work);
        }
    }

    /// Keeps what has changed. Behind a write that is stuck it waits for the next time.
    pub fn keep(&mut self, state: &State, host: &impl Host, work: &mut Work) {
        self.due = None;
        let now = state.kept();
        if now == self.last {
            return;
        }
        let (host, network, looks) =
            (host.clone(), state.networks.front().identity.network().to_string(), now.clone());
        match work.keep.push("writing the state folder", move || Done::Kept(host.keep(&network, &looks))) {
            Ok(()) => self.last = now,
            Err(_) => self.soon(),
        }
    }
}
