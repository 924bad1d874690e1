//! A walk under way: its questions put to the name server, their answers given back to it.

use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;

use foldhash::{HashMap, HashMapExt as _};
use tokio::sync::mpsc;

use crate::catalog::walk::{Said, Walk};
use crate::dns::client::Client;
use crate::dns::exchange::{Exchange, Options, Question};
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::text::words;

/// Questions that the client has at once; its window is what really leaves.
const AHEAD: usize = 2560;
/// Answers that are taken before anything else gets its turn.
const BATCH: usize = 256;

/// A walk and what it waits for.
pub struct Running {
    walk: Walk,
    /// Whether it began before the link stood: its failures may be the link's.
    pub before_link: bool,
    client: Client,
    options: Arc<Options>,
    asked: HashMap<usize, Form>,
    numbers: usize,
    inbox: mpsc::Sender<(usize, Exchange)>,
    answers: mpsc::Receiver<(usize, Exchange)>,
}

impl Running {
    /// Begins a walk, and puts its first questions.
    pub fn begin(walk: Walk, client: Client, options: Options, before_link: bool, now: Instant) -> Self {
        let (inbox, answers) = mpsc::channel(AHEAD);
        let (options, asked) = (Arc::new(options), HashMap::new());
        let mut running = Self { walk, before_link, client, options, asked, numbers: 0, inbox, answers };
        running.ask(now);
        running
    }

    /// The walk.
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Answers that have come, at least one.
    pub fn poll_answers(&mut self, task: &mut task::Context<'_>) -> Poll<Vec<(usize, Exchange)>> {
        let mut batch = Vec::new();
        self.answers.poll_recv_many(task, &mut batch, BATCH).map(|_| batch)
    }

    /// Gives answers to the walk, and puts what it asks next.
    pub fn absorb(&mut self, answers: &[(usize, Exchange)], now: Instant) {
        for (number, exchange) in answers {
            if let Some(form) = self.asked.remove(number) {
                self.walk.absorb(&form, &Said::from(exchange), now);
            }
        }
        self.ask(now);
    }

    fn ask(&mut self, now: Instant) {
        while self.asked.len() < AHEAD
            && let Some(form) = self.walk.next_question()
        {
            match form.name() {
                Ok(name) => {
                    let question = Question::new(name, form.record_type());
                    self.numbers += 1;
                    self.client.put(self.numbers, question, &self.options, &self.inbox);
                    self.asked.insert(self.numbers, form);
                }
                // A name that cannot be asked for says nothing; what it is about stays incomplete.
                Err(error) => {
                    let said = Said {
                        outcome: Outcome::Unsendable,
                        reason: Some(words(error)),
                        texts: vec![],
                        addresses: vec![],
                        rtt: None,
                        ttl: None,
                    };
                    self.walk.absorb(&form, &said, now);
                }
            }
        }
    }
}
