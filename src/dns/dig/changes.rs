//! Changes between consecutive responses to the same line (watch mode).

use super::compare::{self, Difference};
use super::line::Line;
use crate::dns::exchange::Exchange;
use crate::dns::names;

/// Responses to a line so far.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The last exchange for each question of each server.
    last: Vec<Exchange>,
    /// The last one with a response: a timeout between two responses hides no change.
    good: Vec<Option<Exchange>>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// Adds the next exchanges for `line`; returns the differences to the previous ones, each with the index of its exchange.
    pub fn take(&mut self, line: &Line, new: &[Exchange]) -> Vec<(usize, Difference)> {
        self.good.resize(new.len(), None);
        let servers = line.servers.len().max(1);
        let mut found = Vec::new();
        for (n, (good, new)) in self.good.iter_mut().zip(new).enumerate() {
            let Some(ask) = line.asks.get(n / servers) else { break };
            let status = self.last.get(n).and_then(|last| compare::outcome(last, new));
            let records = good.iter().flat_map(|good| compare::records(ask.form.as_ref(), good, new));
            found.extend(status.into_iter().chain(records).map(|what| (n, what)));
            if new.result.is_ok() {
                *good = Some(new.clone());
            }
        }
        self.last = new.to_vec();
        found
    }
}

/// Label that distinguishes `exchange` from the others of `line`; `None` if it is the only one.
pub fn about(line: &Line, exchange: &Exchange) -> Option<String> {
    let (name, server) = (names::show(&exchange.question.name), exchange.server.ip());
    match (line.asks.len(), line.servers.len()) {
        (1, 0 | 1) => None,
        (_, 0 | 1) => Some(name),
        (1, _) => Some(server.to_string()),
        _ => Some(format!("{name} @{server}")),
    }
}
