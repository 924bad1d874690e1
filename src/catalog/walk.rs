//! The walk that builds a catalog, as a value: it returns the names to query and takes the responses, without I/O.
//!
//! `_apps`, `_instances` and `_peer` are queried at once. What they leave open is queried per app: `vms.<app>` (its
//! machines, and a check of `_instances`), `<id>.vm.<app>` for a missing address, `<app>.flycast`, and the addresses of
//! peers. The catalog is correct at any moment for the responses so far, so it can be shown while it fills.
//!
//! Three scopes ([`Scope`]):
//!
//! - **Full**: every app is queried. The first walk is one; it skips the checks of `<app>` and `regions.<app>`, since a
//!   user waits for the tree.
//! - **Turn**: a refresh queries the org-wide records, new apps, the apps on the screen, and a few others round robin.
//!   A network of a thousand apps is so checked over several refreshes, at a constant rate of queries.
//! - **Part**: a selection is queried and nothing else; the rest of the catalog stays as it is. See [`Part`].
//!
//! A refresh starts from the previous catalog. An entry is removed only after a successful response that lacks it. If the
//! query failed, the entry stays and becomes stale: a name server that is down never empties the tree.

mod part;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::{HashSet, HashSetExt as _};

use super::agree::disagreements;
use super::{App, Catalog, Conflict, Machine, Method, Record, Records, Source};
use crate::dns::exchange::Exchange;
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::dns::payload;
use crate::text::{Safe, count};
pub use part::Part;

/// Number of org-wide records: `_apps`, `_instances`, `_peer`.
const ORG_WIDE: usize = 3;
/// Default maximum number of apps, machines and peers. A name server can list any number, and each takes memory.
pub const MOST_ENTRIES: usize = 50_000;
/// Maximum size of the TXT records of a walk.
const MOST_BYTES: usize = 64 << 20;
/// Maximum time of a walk: what is open then is left out.
const LONGEST: Duration = Duration::from_mins(5);
/// Maximum number of problems listed one by one.
const LISTED_PROBLEMS: usize = 5;

/// Scope of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Query every app in full.
    Full,
    /// Query the org-wide records, changed apps, and this many other apps starting with this one, so that a large org is
    /// checked over several refreshes.
    Turn {
        /// Index of the first app, in name order; wraps around.
        from: usize,
        apps: usize,
    },
    /// Query a [`Part`] and nothing else.
    Part,
}

/// Response to a walk's query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Outcome of the query. Only a definite one settles what exists.
    pub outcome: Outcome,
    /// Reason why it was not sent, if any.
    pub reason: Option<String>,
    /// TXT records, with the strings of each joined.
    pub texts: Vec<Vec<u8>>,
    pub addresses: Vec<Ipv6Addr>,
    pub rtt: Option<Duration>,
    pub ttl: Option<Duration>,
}

impl From<&Exchange> for Response {
    fn from(exchange: &Exchange) -> Self {
        Self {
            outcome: exchange.settled(),
            reason: None,
            texts: exchange.texts(),
            addresses: exchange.addresses(),
            rtt: exchange.rtt(),
            ttl: exchange.ttl(),
        }
    }
}

/// Responses of `<app>` (addresses) and `regions.<app>` (regions).
type OwnNames = (Option<Vec<Ipv6Addr>>, Option<Vec<Safe>>);

/// A walk in progress.
#[derive(Debug)]
pub struct Walk {
    catalog: Arc<Catalog>,
    scope: Scope,
    started: Instant,
    queue: VecDeque<Form>,
    /// Low priority, not needed for the tree: queried after everything else.
    later: VecDeque<Form>,
    /// High priority: queried before the other apps, in every turn.
    first: Vec<Safe>,
    /// Maximum number of apps, machines and peers; their number so far; and those left out.
    most_entries: usize,
    /// Size of the TXT records so far.
    bytes: usize,
    entries: usize,
    left_out: usize,
    /// Names queued so far, so that none is queried twice. Names of machines are left out: they follow from their app, which
    /// is queried once.
    queued: HashSet<Form>,
    /// Number of names queued so far.
    queries: usize,
    /// Queries without a response yet.
    open: usize,
    /// Whether `_apps` has been answered or has failed.
    apps_settled: bool,
    /// Contents of `_apps`, if answered.
    apps: Option<BTreeSet<Safe>>,
    /// `_instances`, once settled: whether it was answered, and its apps.
    instances: Option<(bool, BTreeSet<Safe>)>,
    peers: Option<BTreeSet<Safe>>,
    /// Apps whose `vms` was answered, and those whose machines `_instances` lacked.
    vms_answered: BTreeSet<Safe>,
    conflicts: BTreeSet<Conflict>,
    /// Responses of `<app>` and `regions.<app>`, if queried.
    own_names: BTreeMap<Safe, OwnNames>,
    problems: Vec<String>,
    /// Number of problems already in the catalog.
    listed: Option<usize>,
    /// Apps known at the start; new ones are queried in full.
    known: BTreeSet<Safe>,
    wanted: BTreeSet<Safe>,
    /// Shortest TTL of the org-wide records.
    ttl: Option<Duration>,
}

impl Walk {
    /// Starts a walk from `before`. The apps of `first`, those on the screen, are queried before all others and in every
    /// turn.
    pub fn new(before: Arc<Catalog>, scope: Scope, first: &[Safe], now: Instant) -> Self {
        let mut walk = Self::empty(before, scope, first, now);
        for form in [Form::Apps, Form::Instances, Form::Peers] {
            walk.ask(form);
        }
        walk.progress(true);
        walk
    }

    fn empty(before: Arc<Catalog>, scope: Scope, first: &[Safe], now: Instant) -> Self {
        let known = before.apps.keys().cloned().collect();
        let machines: usize = before.apps.values().map(|app| app.machines.len()).sum();
        Self {
            most_entries: MOST_ENTRIES,
            entries: before.apps.len() + machines + before.peers.len(),
            bytes: 0,
            left_out: 0,
            catalog: before,
            scope,
            started: now,
            queue: VecDeque::new(),
            later: VecDeque::new(),
            first: first.to_vec(),
            queued: HashSet::new(),
            queries: 0,
            open: 0,
            apps_settled: false,
            apps: None,
            instances: None,
            peers: None,
            vms_answered: BTreeSet::new(),
            conflicts: BTreeSet::new(),
            own_names: BTreeMap::new(),
            problems: Vec::new(),
            listed: None,
            known,
            wanted: BTreeSet::new(),
            ttl: None,
        }
    }

    /// The same with another maximum number of apps, machines and peers.
    #[must_use]
    pub fn with_most_entries(mut self, most: usize) -> Self {
        self.most_entries = most;
        self
    }

    /// Whether there is room for an entry, which is counted if it is `new`.
    fn has_room(&mut self, new: bool) -> bool {
        if new && self.entries >= self.most_entries {
            self.left_out += 1;
            return false;
        }
        self.entries += usize::from(new);
        true
    }

    /// The catalog so far.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Validity of the org-wide records, by their TTL.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Whether all queries are settled.
    pub fn is_done(&self) -> bool {
        self.queue.is_empty() && self.later.is_empty() && self.open == 0
    }

    /// The next name to query; its response is then expected by [`Self::absorb`].
    pub fn next_question(&mut self) -> Option<Form> {
        let form = self.queue.pop_front().or_else(|| self.later.pop_front())?;
        self.open += 1;
        Some(form)
    }

    /// Takes the response for `form`.
    pub fn absorb(&mut self, form: &Form, response: &Response, now: Instant) {
        self.open = self.open.saturating_sub(1);
        self.bytes += response.texts.iter().map(Vec::len).sum::<usize>();
        if now.saturating_duration_since(self.started) > LONGEST {
            self.give_up(&format!("the walk takes longer than {} minutes", LONGEST.as_secs() / 60));
        } else if self.bytes > MOST_BYTES {
            self.give_up(&format!("the name server sent more than {} MB", MOST_BYTES >> 20));
        }
        match form {
            Form::Apps => {
                self.apps_settled = true;
                self.absorb_apps(response, now);
            }
            Form::Instances => self.absorb_instances(response, now),
            Form::Peers => self.absorb_peers(response, now),
            Form::Vms(app) => self.absorb_vms(app, response, now),
            Form::Vm(id, app) => self.absorb_vm(app, id, response, now),
            Form::Flycast(app) => {
                if response.outcome.is_definite()
                    && let Some(app) = self.edit().apps.get_mut(app)
                    && app.flycast != response.addresses
                {
                    Arc::make_mut(app).flycast.clone_from(&response.addresses);
                }
            }
            Form::App(app) if response.outcome == Outcome::NOERROR => {
                self.own_names.entry(app.clone()).or_default().0 = Some(response.addresses.clone());
            }
            Form::Regions(app) if response.outcome == Outcome::NOERROR => {
                let regions = response.texts.iter().flat_map(|text| payload::list(text)).collect();
                self.own_names.entry(app.clone()).or_default().1 = Some(regions);
            }
            Form::Peer(peer) => {
                if response.outcome.is_definite()
                    && let Some(peer) = self.edit().peers.get_mut(peer)
                {
                    peer.address = response.addresses.first().copied();
                }
            }
            _ => {}
        }
        self.record(form, response, now);
        if self.left_out > 0 {
            // There is no room for what is not known yet; what is known is kept up to date.
            let known = std::mem::take(&mut self.known);
            self.drop_queries(|form| form.app().is_some_and(|app| !known.contains(app)));
            self.known = known;
        }
        if self.is_done() {
            self.finish(now);
        } else {
            self.progress(true);
        }
    }

    fn edit(&mut self) -> &mut Catalog {
        Arc::make_mut(&mut self.catalog)
    }

    fn ask(&mut self, form: Form) {
        let new = match form {
            Form::Vm(..) => true,
            _ => self.queued.insert(form.clone()),
        };
        if new {
            self.queries += 1;
            match form {
                Form::Flycast(_) => self.later.push_back(form),
                _ => self.queue.push_back(form),
            }
        }
    }

    /// Whether the org-wide records are settled: for most orgs, the tree is then complete.
    pub fn stands(&self) -> bool {
        self.apps_settled && self.instances.is_some()
    }

    /// Stores the responses of the org-wide records, and failures of the others.
    fn record(&mut self, form: &Form, response: &Response, now: Instant) {
        if self.scope == Scope::Part {
            self.settle(form);
        }
        let org_wide = matches!(form, Form::Apps | Form::Instances | Form::Peers);
        if org_wide {
            self.ttl = [self.ttl, response.ttl].into_iter().flatten().min();
        }
        // Most answers are no failures and follow none: they leave nothing to write down.
        if !org_wide && response.outcome.is_definite() && self.catalog.sources.len() <= ORG_WIDE {
            return;
        }
        let name = format!("{form} {}", form.record_type());
        if !org_wide && response.outcome.is_definite() {
            self.edit().sources.remove(&name);
            return;
        }
        if !response.outcome.is_definite() {
            let why = response.reason.clone().unwrap_or_else(|| response.outcome.to_string());
            self.problems.push(format!("{form} {}: {why}", form.record_type()));
        }
        let entries = match form {
            Form::Instances => response.texts.iter().map(|text| payload::instances(text).0.len()).sum(),
            _ => response.texts.iter().map(|text| payload::list(text).len()).sum(),
        };
        let source = Source { outcome: response.outcome, rtt: response.rtt, at: now, entries };
        self.edit().sources.insert(name, source);
    }

    fn absorb_apps(&mut self, response: &Response, now: Instant) {
        let names: BTreeSet<Safe> = response.texts.iter().flat_map(|text| payload::list(text)).collect();
        for name in &names {
            if self.has_room(!self.catalog.apps.contains_key(name)) {
                self.app(name, Record::Apps, now);
            }
        }
        if response.outcome.is_definite() {
            self.apps = Some(names);
        }
        self.plan();
    }

    fn absorb_instances(&mut self, response: &Response, now: Instant) {
        let mut named = BTreeSet::new();
        for text in &response.texts {
            let (instances, bad) = payload::instances(text);
            if bad > 0 {
                self.problems
                    .push(format!("_instances.internal TXT: {} cannot be read", count(bad, "entry")));
            }
            for one in instances {
                let new_app = !self.catalog.apps.contains_key(&one.app);
                let new = self.catalog.machine(&one.app, &one.id).is_none();
                if !self.has_room(new_app) || !self.has_room(new) {
                    continue;
                }
                self.app(&one.app, Record::Instances, now);
                let machine = self.machine(&one.app, &one.id, Record::Instances, now);
                machine.address = one.address;
                machine.region = one.region.or(machine.region.take());
                machine.extra = one.extra;
                named.insert(one.app);
            }
        }
        let answered = response.outcome.is_definite() && !named.is_empty();
        self.edit().walk.method = if answered {
            Method::Instances
        } else {
            Method::PerApp(match response.outcome {
                Outcome::NXDOMAIN => "there is no _instances.internal".into(),
                Outcome::NOERROR => "_instances.internal lists nothing".into(),
                outcome => format!("_instances.internal: {outcome}"),
            })
        };
        self.instances = Some((answered, named));
        self.plan();
    }

    /// Queues per-app queries that the org-wide records leave open. The apps of `_apps` need not wait for `_instances`.
    fn plan(&mut self) {
        let all_apps: Vec<Safe> = self.catalog.apps.keys().cloned().collect();
        let turn: BTreeSet<&Safe> = match self.scope {
            Scope::Full => all_apps.iter().collect(),
            Scope::Part => BTreeSet::new(),
            Scope::Turn { from, apps } => {
                let n = all_apps.len();
                (0..apps.min(n)).map(|i| &all_apps[(from + i) % n]).collect()
            }
        };
        let per_app = self.instances.as_ref().is_some_and(|(answered, _)| !answered);
        let first: Vec<Safe> =
            self.first.iter().filter(|app| self.catalog.apps.contains_key(*app)).cloned().collect();
        for app in first.iter().chain(&all_apps) {
            let unlisted = self.instances.as_ref().is_some_and(|(_, named)| !named.contains(app));
            if turn.contains(app) || first.contains(app) || per_app || unlisted || !self.known.contains(app) {
                self.wanted.insert(app.clone());
                self.ask(Form::Vms(app.clone()));
                self.ask(Form::Flycast(app.clone()));
                // The first walk has a waiting user; later ones can afford the check.
                if matches!(self.scope, Scope::Turn { .. }) {
                    self.ask(Form::App(app.clone()));
                    self.ask(Form::Regions(app.clone()));
                }
            }
        }
    }

    fn absorb_vms(&mut self, app: &Safe, response: &Response, now: Instant) {
        let listed: BTreeMap<_, _> = response.texts.iter().flat_map(|text| payload::vms(text)).collect();
        if response.outcome.is_definite() {
            self.vms_answered.insert(app.clone());
        }
        if !listed.is_empty() {
            self.app(app, Record::Vms, now);
        }
        // Without `_instances`, known addresses are queried again.
        let without_instances = self.instances.as_ref().is_some_and(|(answered, _)| !answered);
        let alone = self.scope == Scope::Part;
        for (id, region) in listed {
            if !self.has_room(self.catalog.machine(app, &id).is_none()) {
                continue;
            }
            let machine = self.machine(app, &id, Record::Vms, now);
            if machine.region.is_none() || alone || !machine.said_by.contains(Record::Instances) {
                machine.region = region.or(machine.region.take());
            }
            if without_instances || machine.address.is_none() {
                self.ask(Form::Vm(id, app.clone()));
            }
        }
    }

    fn absorb_vm(&mut self, app: &Safe, id: &Safe, response: &Response, now: Instant) {
        if let Some(&address) = response.addresses.first() {
            let alone = self.scope == Scope::Part;
            let machine = self.machine(app, id, Record::Vm, now);
            if alone && machine.address != Some(address) {
                // The machine has moved: the entry of `_instances` is outdated.
                machine.said_by = Records::from_iter([Record::Vms, Record::Vm]);
                machine.address = Some(address);
            } else if !machine.said_by.contains(Record::Instances) {
                machine.address = Some(address);
            } else if machine.address != Some(address) {
                let text = format!(
                    "_instances has {}, {} has {address}",
                    machine.address.map_or("no address".into(), |a| a.to_string()),
                    Form::Vm(id.clone(), app.clone()),
                );
                self.conflicts.insert(Conflict {
                    app: app.clone(),
                    machine: Some(id.clone()),
                    text,
                    since: None,
                });
            }
        }
    }

    fn absorb_peers(&mut self, response: &Response, now: Instant) {
        let names: BTreeSet<Safe> = response.texts.iter().flat_map(|text| payload::list(text)).collect();
        for name in &names {
            if !self.has_room(!self.catalog.peers.contains_key(name)) {
                continue;
            }
            let peer = self.edit().peers.entry(name.clone()).or_default();
            peer.seen = Some(now);
            let whole = matches!(self.scope, Scope::Full | Scope::Part);
            if whole || self.catalog.peers.get(name).is_none_or(|p| p.address.is_none()) {
                self.ask(Form::Peer(name.clone()));
            }
        }
        if response.outcome.is_definite() {
            self.peers = Some(names);
        }
    }

    fn app(&mut self, name: &Safe, record: Record, now: Instant) -> &mut App {
        let (started, alone) = (self.started, self.scope == Scope::Part);
        let app = Arc::make_mut(self.edit().apps.entry(name.clone()).or_default());
        // A partial walk does not query the org-wide records: they stay listed as sources.
        if app.seen.is_none_or(|seen| seen < started) && !alone {
            app.said_by.clear();
        }
        app.said_by.insert(record);
        app.seen = Some(now);
        app
    }

    fn machine(&mut self, app: &Safe, id: &Safe, record: Record, now: Instant) -> &mut Machine {
        let (started, alone) = (self.started, self.scope == Scope::Part);
        let app = Arc::make_mut(self.edit().apps.entry(app.clone()).or_default());
        let machine = app.machines.entry(id.clone()).or_default();
        if machine.seen.is_none_or(|seen| seen < started) && !alone {
            machine.said_by.clear();
        }
        machine.said_by.insert(record);
        machine.seen = Some(now);
        machine
    }

    /// Drops the queries that are not sent yet.
    fn give_up(&mut self, why: &str) {
        let dropped = self.drop_queries(|_| true);
        if dropped > 0 {
            self.problems.push(format!("{why}: {dropped} names are not queried"));
        }
    }

    fn drop_queries(&mut self, useless: impl Fn(&Form) -> bool) -> usize {
        let before = self.queue.len() + self.later.len();
        self.queue.retain(|form| !useless(form));
        self.later.retain(|form| !useless(form));
        let dropped = before - self.queue.len() - self.later.len();
        self.queries -= dropped;
        dropped
    }

    fn finish(&mut self, now: Instant) {
        if self.left_out > 0 {
            self.problems.push(format!(
                "the network lists more than {} apps, machines and peers: {} left out (setting max_entries)",
                self.most_entries, self.left_out
            ));
        }
        if self.scope == Scope::Part {
            return self.finish_part(now);
        }
        self.compare();
        self.forget();
        self.compare_names();
        let started = self.started;
        let conflicts = self.all_conflicts(now);
        let (wanted, answered) = (self.wanted.clone(), self.vms_answered.clone());
        let by_instances = self.instances.as_ref().is_some_and(|(ok, _)| *ok);
        let catalog = self.edit();
        catalog.conflicts = conflicts;
        for (name, app) in &mut catalog.apps {
            let complete = answered.contains(name) || (by_instances && !wanted.contains(name));
            if app.complete != complete {
                Arc::make_mut(app).complete = complete;
            }
        }
        // Remove failures of names that no longer exist.
        let apps: HashSet<String> = catalog.apps.keys().map(|name| name.as_str().to_owned()).collect();
        catalog.sources.retain(|name, source| {
            source.at >= started || name.split(['.', ' ']).any(|part| apps.contains(part))
        });
        self.progress(false);
        let walk = &mut self.edit().walk;
        walk.finished = Some(now);
        walk.took = Some(now.saturating_duration_since(started));
    }

    /// Contradictions found by this walk, each with the time of its first discovery, and the earlier ones of apps that were
    /// not queried.
    fn all_conflicts(&mut self, now: Instant) -> Vec<Conflict> {
        let before = self.catalog.conflicts.iter();
        let kept = before.clone().filter(|conflict| {
            !self.vms_answered.contains(&conflict.app) && self.catalog.apps.contains_key(&conflict.app)
        });
        let mut all: Vec<Conflict> = kept.cloned().collect();
        for mut conflict in std::mem::take(&mut self.conflicts) {
            let known = before.clone().find(|known| {
                (&known.app, &known.machine, &known.text)
                    == (&conflict.app, &conflict.machine, &conflict.text)
            });
            conflict.since = Some(known.and_then(|known| known.since).unwrap_or(now));
            all.push(conflict);
        }
        all.sort();
        all
    }

    /// Compares the apps' own names with the lists, at the end of the walk.
    fn compare_names(&mut self) {
        for (name, (addresses, regions)) in std::mem::take(&mut self.own_names) {
            // Only if the list was answered in this walk: otherwise the two have different ages.
            if self.vms_answered.contains(&name)
                && let Some(app) = self.catalog.apps.get(&name)
            {
                self.conflicts.extend(disagreements(&name, app, addresses.as_deref(), regions.as_deref()));
            }
        }
    }

    /// Compares `_instances` with `vms.<app>`, if both were answered.
    fn compare(&mut self) {
        let Some((true, _)) = &self.instances else { return };
        let mut found = Vec::new();
        for app in &self.vms_answered {
            let Some(entry) = self.catalog.apps.get(app) else { continue };
            for (id, machine) in &entry.machines {
                if machine.seen.is_none_or(|seen| seen < self.started) {
                    continue;
                }
                let by = |record| machine.said_by.contains(record);
                let text = match (by(Record::Instances), by(Record::Vms)) {
                    (true, false) => format!("_instances lists it, vms.{app} does not"),
                    (false, true) => format!("vms.{app} lists it, _instances does not"),
                    _ => continue,
                };
                found.push(Conflict { app: app.clone(), machine: Some(id.clone()), text, since: None });
            }
        }
        self.conflicts.extend(found);
    }

    /// Removes entries missing from a successful response.
    fn forget(&mut self) {
        let started = self.started;
        let by_instances = self.instances.as_ref().is_some_and(|(ok, _)| *ok);
        let (apps, peers, vms) = (self.apps.clone(), self.peers.clone(), self.vms_answered.clone());
        let catalog = self.edit();
        let fresh = |seen: Option<Instant>| seen.is_some_and(|at| at >= started);
        for (name, app) in &mut catalog.apps {
            let listed = by_instances || vms.contains(name);
            if listed && !app.machines.values().all(|machine| fresh(machine.seen)) {
                Arc::make_mut(app).machines.retain(|_, machine| fresh(machine.seen));
            }
        }
        if apps.is_some() {
            catalog.apps.retain(|_, app| fresh(app.seen) || !app.machines.is_empty());
        }
        if peers.is_some() {
            catalog.peers.retain(|_, peer| fresh(peer.seen));
        }
    }

    fn progress(&mut self, running: bool) {
        let (queries, open) = (self.queries, self.open);
        let queued = self.queue.len() + self.later.len();
        let apps_done = self.catalog.apps.len().saturating_sub(self.wanted.len() - self.vms_answered.len());
        // Most responses add no problem: rebuild the list only when needed.
        let listed = self.listed != Some(self.problems.len());
        let problems = (listed && self.scope != Scope::Part).then(|| {
            let rest = self.problems.len().saturating_sub(LISTED_PROBLEMS);
            let mut problems: Vec<String> = self.problems.iter().take(LISTED_PROBLEMS).cloned().collect();
            problems.extend((rest > 0).then(|| format!("and {rest} more")));
            problems
        });
        self.listed = Some(self.problems.len());
        let walk = &mut self.edit().walk;
        walk.running = running;
        (walk.queries, walk.settled) = (queries, queries - open - queued);
        walk.apps_done = apps_done;
        if let Some(problems) = problems {
            walk.problems = problems;
        }
    }
}

#[cfg(test)]
mod tests;
