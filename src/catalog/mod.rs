//! What exists: an immutable snapshot of org → app → region → machine, with the records that said each fact.

pub mod agree;
pub mod diff;
pub mod place;
mod stale;
pub mod walk;

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dns::outcome::Outcome;
use crate::text::Safe;

/// A snapshot of the network, as far as the records have told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// The apps by name. A snapshot shares with the one before it every app in which nothing changed.
    pub apps: BTreeMap<Safe, Arc<App>>,
    /// The named WireGuard peers and their addresses, `None` while not known.
    pub peers: BTreeMap<Safe, Peer>,
    /// How the walk that made it went, or goes.
    pub walk: WalkState,
    /// What the records that were asked answered, by name (`_apps.internal TXT`), the org-wide ones always,
    /// of the others those that failed.
    pub sources: BTreeMap<String, Source>,
    /// Where two records contradict each other.
    pub conflicts: Vec<Conflict>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct App {
    /// The machines by ID.
    pub machines: BTreeMap<Safe, Machine>,
    /// Its Flycast addresses; empty where it has none or has not been asked.
    pub flycast: Vec<Ipv6Addr>,
    /// The records that say that it exists.
    pub said_by: Records,
    /// Whether all that should be asked about it has been answered.
    pub complete: bool,
    /// When the last walk that asked about this part of the network alone began.
    pub asked: Option<Instant>,
    /// When a record last named it; older than the walk where a refresh failed.
    pub seen: Option<Instant>,
}

/// A started machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// Three letters as a rule.
    pub region: Option<Safe>,
    /// Its 6PN address.
    pub address: Option<Ipv6Addr>,
    /// Fields of `_instances` that we do not know.
    pub extra: Vec<(Safe, Safe)>,
    /// The records that name it.
    pub said_by: Records,
    /// When a record last named it.
    pub seen: Option<Instant>,
}

/// A named WireGuard peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peer {
    /// Its address, once asked.
    pub address: Option<Ipv6Addr>,
    /// When a record last named it.
    pub seen: Option<Instant>,
}

/// The records that can say a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// `_apps.internal`.
    Apps,
    /// `_instances.internal`.
    Instances,
    /// `vms.<app>.internal`.
    Vms,
    /// `regions.<app>.internal`.
    Regions,
    /// `<app>.internal`.
    App,
    /// `<id>.vm.<app>.internal`.
    Vm,
    /// `<region>.<app>.internal`.
    Region,
    /// `<app>.flycast`.
    Flycast,
}

impl Record {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Apps,
        Self::Instances,
        Self::Vms,
        Self::Regions,
        Self::App,
        Self::Vm,
        Self::Region,
        Self::Flycast,
    ];

    /// As it is written on a screen: `_instances`, `vms.<app>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apps => "_apps",
            Self::Instances => "_instances",
            Self::Vms => "vms.<app>",
            Self::Regions => "regions.<app>",
            Self::App => "<app>",
            Self::Vm => "<id>.vm.<app>",
            Self::Region => "<region>.<app>",
            Self::Flycast => "<app>.flycast",
        }
    }
}

/// A set of records, in one byte: every machine has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Records(u8);

impl Records {
    /// Adds a record.
    pub fn insert(&mut self, record: Record) {
        self.0 |= 1 << record as u8;
    }

    /// Whether it is among them.
    pub fn contains(self, record: Record) -> bool {
        self.0 & (1 << record as u8) != 0
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.0 = 0;
    }

    /// They, in the order of [`Record`].
    pub fn iter(self) -> impl Iterator<Item = Record> {
        Record::ALL.into_iter().filter(move |record| self.contains(*record))
    }
}

impl FromIterator<Record> for Records {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut set = Self::default();
        records.into_iter().for_each(|record| set.insert(record));
        set
    }
}

/// What a record answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How the query ended.
    pub outcome: Outcome,
    /// How long it took, where an answer came.
    pub rtt: Option<Duration>,
    /// When it was answered, or given up.
    pub at: Instant,
    /// How many entries it had.
    pub entries: usize,
}

/// Two records that cannot both be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The app.
    pub app: Safe,
    /// The machine, where it is about one.
    pub machine: Option<Safe>,
    /// A sentence fit to show: who says what.
    pub text: String,
    /// Since when walks have seen it; `None` before one has ended with it.
    pub since: Option<Instant>,
}

/// Twice the TTL of the platform's records (reference document, "Test the VPN tunnel"): a contradiction that lasts for
/// longer is none that is on its way.
pub const LASTING: Duration = Duration::from_secs(10);

/// How a walk stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WalkState {
    /// Whether one is under way.
    pub running: bool,
    /// Which machines' list it stands on.
    pub method: Method,
    /// Questions put so far.
    pub asked: usize,
    /// Questions settled so far.
    pub settled: usize,
    /// Apps that are complete, of all.
    pub apps_done: usize,
    /// When the last whole walk ended.
    pub finished: Option<Instant>,
    /// How long it took.
    pub took: Option<Duration>,
    /// What failed in it, as sentences fit to show; at most a few, the rest counted in the last.
    pub problems: Vec<String>,
}

/// Where the machines came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Method {
    /// Not known yet.
    #[default]
    Unknown,
    /// `_instances.internal`, in one message.
    Instances,
    /// `vms.<app>` and `<id>.vm.<app>`, app by app; with the reason in words.
    PerApp(String),
}

impl Catalog {
    /// The contradictions that have lasted for longer than two TTLs when the last walk ended.
    pub fn lasting(&self) -> impl Iterator<Item = &Conflict> {
        let now = self.walk.finished;
        self.conflicts.iter().filter(move |conflict| {
            now.zip(conflict.since).is_some_and(|(now, since)| now.saturating_duration_since(since) > LASTING)
        })
    }

    /// Machines in all apps.
    pub fn machine_count(&self) -> usize {
        self.apps.values().map(|app| app.machines.len()).sum()
    }

    /// A machine by app and ID.
    pub fn machine(&self, app: &Safe, id: &Safe) -> Option<&Machine> {
        self.apps.get(app)?.machines.get(id)
    }

    /// App and ID of the machine at `address`.
    pub fn at(&self, address: Ipv6Addr) -> Option<(&Safe, &Safe)> {
        self.apps.iter().find_map(|(name, app)| {
            app.machines.iter().find(|(_, m)| m.address == Some(address)).map(|(id, _)| (name, id))
        })
    }
}

impl App {
    /// Whether it is known to have no started machine.
    pub fn is_idle(&self) -> bool {
        self.complete && self.machines.is_empty()
    }

    /// The machines by region; those whose region nobody says come first, under `None`.
    pub fn regions(&self) -> BTreeMap<Option<&Safe>, Vec<(&Safe, &Machine)>> {
        let mut regions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, machine) in &self.machines {
            regions.entry(machine.region.as_ref()).or_default().push((id, machine));
        }
        regions
    }
}
