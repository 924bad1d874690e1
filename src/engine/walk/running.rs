//! A running walk: its queries go to the name server, and the responses go back to the walk.

use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;

use foldhash::{HashMap, HashMapExt as _};
use tokio::sync::mpsc;

use crate::catalog::walk::{Response, Walk};
use crate::dns::client::Client;
use crate::dns::exchange::{Exchange, Options, Question};
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::text::words;

/// Queries handed to the client at once; the client's window limits how many are in flight.
const AHEAD: usize = 2560;
/// Maximum number of responses handled before any other event.
const BATCH: usize = 256;

/// A walk and its queries in flight.
pub struct Running {
    walk: Walk,
    /// Started before the link was up: its failures may be caused by the missing link.
    pub before_link: bool,
    client: Client,
    options: Arc<Options>,
    in_flight: HashMap<usize, Form>,
    numbers: usize,
    inbox: mpsc::Sender<(usize, Exchange)>,
    answers: mpsc::Receiver<(usize, Exchange)>,
}

impl Running {
    /// Starts a walk, and sends its first queries.
    pub fn begin(walk: Walk, client: Client, options: Options, before_link: bool, now: Instant) -> Self {
        let (inbox, answers) = mpsc::channel(AHEAD);
        let (options, in_flight) = (Arc::new(options), HashMap::new());
        let mut running = Self { walk, before_link, client, options, in_flight, numbers: 0, inbox, answers };
        running.ask(now);
        running
    }

    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Received responses, at least one.
    pub fn poll_answers(&mut self, task: &mut task::Context<'_>) -> Poll<Vec<(usize, Exchange)>> {
        let mut batch = Vec::new();
        self.answers.poll_recv_many(task, &mut batch, BATCH).map(|_| batch)
    }

    /// Passes responses to the walk, and sends its next queries.
    pub fn absorb(&mut self, answers: &[(usize, Exchange)], now: Instant) {
        for (number, exchange) in answers {
            if let Some(form) = self.in_flight.remove(number) {
                self.walk.absorb(&form, &Response::from(exchange), now);
            }
        }
        self.ask(now);
    }

    fn ask(&mut self, now: Instant) {
        while self.in_flight.len() < AHEAD
            && let Some(form) = self.walk.next_question()
        {
            match form.name() {
                Ok(name) => {
                    let question = Question::new(name, form.record_type());
                    self.numbers += 1;
                    self.client.submit(self.numbers, question, &self.options, &self.inbox);
                    self.in_flight.insert(self.numbers, form);
                }
                // An invalid name cannot be queried; the data behind it stays incomplete.
                Err(error) => {
                    let response = Response {
                        outcome: Outcome::Unsendable,
                        reason: Some(words(error)),
                        texts: vec![],
                        addresses: vec![],
                        rtt: None,
                        ttl: None,
                    };
                    self.walk.absorb(&form, &response, now);
                }
            }
        }
    }
}
