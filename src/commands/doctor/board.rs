//! Progress of the examination of one or several confs: one line on standard error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::clock;
use crate::commands::progress::Progress;
use crate::doctor::{Diagnosis, Status};

pub struct Board {
    all: usize,
    done: usize,
    /// Started examinations, by name.
    open: BTreeMap<String, Arc<Diagnosis>>,
    progress: Progress,
}

impl Board {
    pub fn new(all: usize, now: Instant) -> Self {
        Self { all, done: 0, open: BTreeMap::new(), progress: Progress::new(now) }
    }

    pub fn done(&mut self) {
        self.done += 1;
    }

    /// Shows an intermediate diagnosis.
    pub fn show(&mut self, diagnosis: Arc<Diagnosis>) {
        self.open.insert(diagnosis.conf.clone(), diagnosis);
        let Self { all, done, open, progress } = self;
        progress.show(clock::now(), || words(*all, *done, open));
    }
}

fn words(all: usize, done: usize, open: &BTreeMap<String, Arc<Diagnosis>>) -> String {
    let settled = |diagnosis: &Diagnosis| diagnosis.findings.len() - diagnosis.count(Status::Waiting);
    if let (1, Some(one)) = (all, open.values().next()) {
        let next = one.findings.iter().find(|finding| finding.status == Status::Waiting);
        let next = next.map_or("", |finding| finding.title.as_str());
        return format!("{} of {} checks … {next}", settled(one), one.findings.len());
    }
    let open: Vec<String> = open
        .iter()
        .filter(|(_, diagnosis)| diagnosis.count(Status::Waiting) > 0)
        .map(|(name, diagnosis)| format!("{name} {}/{}", settled(diagnosis), diagnosis.findings.len()))
        .collect();
    format!("{done} of {all} confs done; {}", open.join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Subject;
    use crate::doctor::facts::{Around, Facts};
    use crate::doctor::judge::judge;

    #[test]
    fn one_conf_and_several() {
        let facts = Facts::before(&crate::app::tests::profile().conf, Around::default(), Subject::default());
        let fresh = Arc::new(judge(&facts));
        let (all, waits) = (fresh.findings.len(), fresh.count(Status::Waiting));
        let mut open = BTreeMap::from([("my-peer".to_owned(), fresh.clone())]);
        let line = words(1, 0, &open);
        assert_eq!(line, format!("{} of {all} checks … WireGuard handshake", all - waits));
        open.insert("other".into(), fresh);
        let line = words(3, 1, &open);
        let share = format!("{}/{all}", all - waits);
        assert_eq!(line, format!("1 of 3 confs done; my-peer {share}  other {share}"));
    }
}
