//! Immutable snapshot of the network: apps, regions, machines and peers, with the records behind each fact.

pub mod agree;
pub mod diff;
pub mod path;
pub mod place;
mod stale;
pub mod walk;

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dns::outcome::Outcome;
use crate::text::Safe;

/// A snapshot of the network, as far as the records show it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// Apps by name. Consecutive snapshots share the apps in which nothing changed.
    pub apps: BTreeMap<Safe, Arc<App>>,
    /// Named WireGuard peers and their addresses; `None` if not known yet.
    pub peers: BTreeMap<Safe, Peer>,
    /// State of the walk that made the snapshot.
    pub walk: WalkState,
    /// Responses by name (`_apps.internal TXT`): always those of the org-wide records, of the others only failures.
    pub sources: BTreeMap<String, Source>,
    pub conflicts: Vec<Conflict>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct App {
    pub machines: BTreeMap<Safe, Machine>,
    /// Flycast addresses; empty if there are none or they have not been queried.
    pub flycast: Vec<Ipv6Addr>,
    /// Records that contain the app.
    pub said_by: Records,
    /// Whether all queries about it have been answered.
    pub complete: bool,
    /// Start of the last partial walk that covered it.
    pub queried: Option<Instant>,
    /// Last time that a record contained it; older than the walk if a refresh failed.
    pub seen: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// Usually three letters.
    pub region: Option<Safe>,
    pub address: Option<Ipv6Addr>,
    /// Unknown fields of `_instances`.
    pub extra: Vec<(Safe, Safe)>,
    /// Records that contain the machine.
    pub said_by: Records,
    /// Last time that a record contained it.
    pub seen: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peer {
    /// Its address, once queried.
    pub address: Option<Ipv6Addr>,
    /// Last time that a record contained it.
    pub seen: Option<Instant>,
}

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

    /// Text on the screen: `_instances`, `vms.<app>`.
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

/// A set of records in one byte, since every machine has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Records(u8);

impl Records {
    pub fn insert(&mut self, record: Record) {
        self.0 |= 1 << record as u8;
    }

    pub fn contains(self, record: Record) -> bool {
        self.0 & (1 << record as u8) != 0
    }

    pub fn clear(&mut self) {
        self.0 = 0;
    }

    /// The records in the order of [`Record`].
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

/// Response to the query of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub outcome: Outcome,
    /// Round-trip time, if there was a response.
    pub rtt: Option<Duration>,
    /// Time of the response or timeout.
    pub at: Instant,
    pub entries: usize,
}

/// A contradiction between two records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    pub app: Safe,
    /// The machine, if it is about one.
    pub machine: Option<Safe>,
    pub text: String,
    /// Time since which walks have found it; `None` before the end of the first such walk.
    pub since: Option<Instant>,
}

/// Twice the TTL of the platform's records (reference document, "Test the VPN tunnel"): a contradiction that lasts longer
/// is not caused by propagation.
pub const LASTING: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WalkState {
    pub running: bool,
    /// Source of the list of machines.
    pub method: Method,
    pub queries: usize,
    /// Queries settled so far.
    pub settled: usize,
    /// Complete apps, out of all.
    pub apps_done: usize,
    /// End of the last full walk.
    pub finished: Option<Instant>,
    /// Duration of the last full walk.
    pub took: Option<Duration>,
    /// Failures as sanitized sentences; limited, with a count of the rest at the end.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Method {
    #[default]
    Unknown,
    /// `_instances.internal`, in one message.
    Instances,
    /// `vms.<app>` and `<id>.vm.<app>`, app by app; with the reason.
    PerApp(String),
}

impl Catalog {
    /// Contradictions older than two TTLs at the end of the last walk.
    pub fn lasting(&self) -> impl Iterator<Item = &Conflict> {
        let now = self.walk.finished;
        self.conflicts.iter().filter(move |conflict| {
            now.zip(conflict.since).is_some_and(|(now, since)| now.saturating_duration_since(since) > LASTING)
        })
    }

    pub fn machine_count(&self) -> usize {
        self.apps.values().map(|app| app.machines.len()).sum()
    }

    pub fn machine(&self, app: &Safe, id: &Safe) -> Option<&Machine> {
        self.apps.get(app)?.machines.get(id)
    }

    /// App and ID of the machine with `address`.
    pub fn at(&self, address: Ipv6Addr) -> Option<(&Safe, &Safe)> {
        self.apps.iter().find_map(|(name, app)| {
            app.machines.iter().find(|(_, m)| m.address == Some(address)).map(|(id, _)| (name, id))
        })
    }
}

impl App {
    /// Whether it certainly has no started machine.
    pub fn is_idle(&self) -> bool {
        self.complete && self.machines.is_empty()
    }

    /// Machines by region; those without a known region come first, under `None`.
    pub fn regions(&self) -> BTreeMap<Option<&Safe>, Vec<(&Safe, &Machine)>> {
        let mut regions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, machine) in &self.machines {
            regions.entry(machine.region.as_ref()).or_default().push((id, machine));
        }
        regions
    }
}
