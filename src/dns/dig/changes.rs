//! What changes from one answer to the next, where the same line is put again and again.

use super::compare::{self, Difference};
use super::line::Line;
use crate::dns::exchange::Exchange;
use crate::dns::names;

/// What a line was answered so far.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The last answer to each question of each server.
    last: Vec<Exchange>,
    /// The last one that was an answer at all: silence between two answers hides no change.
    good: Vec<Option<Exchange>>,
}

impl Changes {
    /// Whether nothing was answered yet.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// Takes the next answers to `line`; gives what is otherwise than before, and the place of the exchange that says
    /// so. Of the first ones nothing is.
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

/// What tells `exchange` from the others of `line`; `None` where there are no others.
pub fn about(line: &Line, exchange: &Exchange) -> Option<String> {
    let (name, server) = (names::show(&exchange.question.name), exchange.server.ip());
    match (line.asks.len(), line.servers.len()) {
        (1, 0 | 1) => None,
        (_, 0 | 1) => Some(name),
        (1, _) => Some(server.to_string()),
        _ => Some(format!("{name} @{server}")),
    }
}
