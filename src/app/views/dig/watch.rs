//! A dig line that is sent repeatedly, and the changes of its responses.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::dns::dig::changes::{self, Changes};
use crate::dns::dig::compare::Difference;
use crate::dns::dig::line::Line;
use crate::engine::report::Answered;

const STEPS: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(5),
];
/// Largest number of changes kept.
const KEPT: usize = 500;

/// A watch on one line.
#[derive(Debug, Clone)]
pub struct Watch {
    step: usize,
    answered: Changes,
    /// Time of the next query.
    pub due: Instant,
    /// Start of the watch.
    pub since: Instant,
    /// Number of responses so far.
    pub answers: u64,
    pub log: VecDeque<Change>,
    /// Number of changes that were dropped.
    pub dropped: u64,
}

/// A difference between two successive responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Arrival of the new response.
    pub at: Instant,
    /// The query that changed, if the line has several.
    pub about: Option<String>,
    pub what: Difference,
}

impl Watch {
    /// A watch that starts at `now`. The interval is five seconds, the TTL of the platform's records.
    pub fn new(now: Instant) -> Self {
        let step = 2;
        let due = now + STEPS[step];
        Self {
            step,
            answered: Changes::default(),
            due,
            since: now,
            answers: 0,
            log: VecDeque::new(),
            dropped: 0,
        }
    }

    pub fn every(&self) -> Duration {
        STEPS.get(self.step).copied().unwrap_or(Duration::from_secs(5))
    }

    /// Selects the next longer or shorter interval.
    pub fn pace(&mut self, slower: bool, now: Instant) {
        self.step = if slower { (self.step + 1).min(STEPS.len() - 1) } else { self.step.saturating_sub(1) };
        self.due = now + self.every();
    }

    /// Takes a new response to `line`; `before` is the last response before it.
    pub fn take(&mut self, line: &Line, before: Option<&Answered>, after: &Answered) {
        self.answers += 1;
        self.due = self.due.max(after.at + self.every());
        let Ok(new) = &after.exchanges else { return };
        // The first response is compared with the one from before the watch.
        if let (true, Some(Ok(before))) = (self.answered.is_empty(), before.map(|before| &before.exchanges)) {
            self.answered.take(line, before);
        }
        for (n, what) in self.answered.take(line, new) {
            let about = new.get(n).and_then(|exchange| changes::about(line, exchange));
            self.log.push_back(Change { at: after.at, about, what });
        }
        while self.log.len() > KEPT {
            self.log.pop_front();
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::line;
    use crate::dns::dig::tests::{aaaa, exchange, silent};

    #[test]
    fn only_changes_are_kept_and_a_timeout_removes_nothing() {
        let t0 = Instant::now();
        let line = line::parse(&["web"]).unwrap();
        let mut watch = Watch::new(t0);
        let answered = |seconds, exchange| Answered {
            number: 1,
            at: t0 + Duration::from_secs(seconds),
            exchanges: Ok(vec![exchange]),
        };
        let two = || vec![aaaa("web", "fdaa::a"), aaaa("web", "fdaa::b")];
        let first = answered(0, exchange("web", 0, two()));
        let same = answered(5, exchange("web", 0, two().into_iter().rev().collect()));
        let less = answered(10, exchange("web", 0, vec![aaaa("web", "fdaa::b")]));
        let none = answered(15, silent("web"));
        let back = answered(20, exchange("web", 0, two()));
        watch.take(&line, None, &first);
        watch.take(&line, Some(&first), &same);
        assert!(watch.log.is_empty());
        watch.take(&line, Some(&same), &less);
        watch.take(&line, Some(&less), &none);
        watch.take(&line, Some(&none), &back);
        let log: Vec<_> = watch.log.iter().map(|c| ((c.at - t0).as_secs(), c.what.to_string())).collect();
        let want = [
            (10, "- AAAA fdaa::a"),
            (15, "NOERROR → timeout"),
            (20, "timeout → NOERROR"),
            (20, "+ AAAA fdaa::a"),
        ];
        assert_eq!(log, want.map(|(at, what)| (at, what.to_owned())));
        assert_eq!(watch.due, t0 + Duration::from_secs(25));
    }

    #[test]
    fn the_interval_is_limited() {
        let t0 = Instant::now();
        let mut watch = Watch::new(t0);
        for _ in 0..9 {
            watch.pace(false, t0);
        }
        assert_eq!((watch.every(), watch.due), (Duration::from_secs(1), t0 + Duration::from_secs(1)));
        for _ in 0..9 {
            watch.pace(true, t0);
        }
        assert_eq!(watch.every(), Duration::from_mins(5));
    }
}
