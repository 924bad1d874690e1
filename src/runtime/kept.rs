//! Stores the layout and folds of the screens soon after a change.

use std::time::{Duration, Instant};

use super::Host;
use super::work::{Done, Work};
use crate::app::State;
use crate::app::kept::{Folds, Look};
use crate::clock;

/// Maximum age of a choice that is not stored: a killed process loses no more.
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Kept {
    last: (Look, Folds),
    due: Option<Instant>,
    /// Reason why the last attempt failed.
    pub problem: Option<String>,
}

impl Kept {
    /// `last` is that of the last run.
    pub fn new(last: (Look, Folds)) -> Self {
        Self { last, due: None, problem: None }
    }

    /// Time of the next check.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    pub fn soon(&mut self) {
        self.due.get_or_insert(clock::now() + SOON);
    }

    /// The screens show stored choices.
    pub fn restored(&mut self, state: &State) {
        self.last = state.kept();
    }

    /// Takes the result of [`Done::Kept`].
    pub fn came(&mut self, result: Result<(), String>) {
        self.problem = result.err();
    }

    /// Stores changes if a check is due.
    pub fn keep_if_due(&mut self, state: &State, host: &impl Host, work: &mut Work) {
        if self.due.is_some_and(|due| due <= clock::now()) {
            self.keep(state, host, work);
        }
    }

    /// Stores changes. While a write is stuck, they wait for the next check.
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
