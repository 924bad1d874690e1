//! A partial walk: queries a selection and nothing else. The rest of the catalog stays as it is, with its age and its
//! earlier failures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::{Scope, Walk};
use crate::catalog::Catalog;
use crate::dns::names::Form;
use crate::text::Safe;

/// Selection of a partial walk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The apps: `vms`, their own name, `regions` and Flycast; and the machines whose addresses are queried one by one.
    pub apps: BTreeMap<Safe, BTreeSet<Safe>>,
    /// Whether to query all peers.
    pub peers: bool,
    /// Single peers to query.
    pub of_peers: BTreeSet<Safe>,
}

impl Part {
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty() && !self.peers && self.of_peers.is_empty()
    }

    pub fn join(&mut self, other: Self) {
        for (app, machines) in other.apps {
            self.apps.entry(app).or_default().extend(machines);
        }
        self.peers |= other.peers;
        self.of_peers.extend(other.of_peers);
    }
}

impl Walk {
    /// Starts a walk from `before` that queries only `part`.
    pub fn part(before: Arc<Catalog>, part: &Part, now: Instant) -> Self {
        let mut walk = Self::empty(before, Scope::Part, &[], now);
        walk.problems.clone_from(&walk.catalog.walk.problems);
        for (app, machines) in &part.apps {
            walk.wanted.insert(app.clone());
            for form in [Form::Vms, Form::App, Form::Regions, Form::Flycast] {
                walk.ask(form(app.clone()));
            }
            // A machine without an address is queried if `vms` lists it.
            let known = |id: &&Safe| walk.catalog.machine(app, id).is_some_and(|m| m.address.is_some());
            let known: Vec<&Safe> = machines.iter().filter(known).collect();
            for id in known {
                walk.ask(Form::Vm(id.clone(), app.clone()));
            }
        }
        if part.peers {
            walk.ask(Form::Peers);
        }
        for peer in &part.of_peers {
            walk.ask(Form::Peer(peer.clone()));
        }
        walk.progress(true);
        walk
    }

    pub fn is_part(&self) -> bool {
        self.scope == Scope::Part
    }

    /// Removes earlier problems of a name that now has an answer.
    pub(super) fn settle(&mut self, form: &Form) {
        let about = format!("{form} {}: ", form.record_type());
        self.problems.retain(|problem| !problem.starts_with(&about));
    }

    pub(super) fn finish_part(&mut self, now: Instant) {
        self.forget();
        self.compare_names();
        // `_instances` was not queried: its contradictions remain. The others of the queried apps were checked again.
        let mut conflicts = self.catalog.conflicts.clone();
        conflicts.retain(|known| {
            let gone =
                known.machine.as_ref().is_some_and(|id| self.catalog.machine(&known.app, id).is_none());
            let again = (&known.app, &known.machine, &known.text);
            let found = self.conflicts.iter().any(|new| (&new.app, &new.machine, &new.text) == again);
            let asked = self.vms_answered.contains(&known.app) && !known.text.contains("_instances");
            found || !(gone || asked)
        });
        for mut conflict in std::mem::take(&mut self.conflicts) {
            let same = |known: &&super::Conflict| {
                (&known.app, &known.machine, &known.text)
                    == (&conflict.app, &conflict.machine, &conflict.text)
            };
            if conflicts.iter().find(same).is_none() {
                conflict.since = Some(now);
                conflicts.push(conflict);
            }
        }
        conflicts.sort();
        let (started, wanted, answered) = (self.started, self.wanted.clone(), self.vms_answered.clone());
        let problems = self.problems.clone();
        let catalog = self.edit();
        catalog.conflicts = conflicts;
        for name in wanted {
            if let Some(app) = catalog.apps.get_mut(&name) {
                let app = Arc::make_mut(app);
                (app.complete, app.queried) = (answered.contains(&name), Some(started));
            }
        }
        self.progress(false);
        self.edit().walk.problems = problems;
    }
}
