//! Recent changes, shown as marks in the tree for [`LINGER`]: new, moved and gone rows.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Instant;

use crate::app::LINGER;
use crate::catalog::diff::{Change, Place, changes};
use crate::catalog::place::Node;
use crate::catalog::{Catalog, Machine};
use crate::text::Safe;

/// Recent change of a row that still exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    New,
    /// It moved from this region.
    Moved(Option<Safe>),
    /// It had this address before.
    Readdressed(Option<Ipv6Addr>),
}

/// Numbers of recent changes below a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub came: usize,
    pub went: usize,
    /// Machines with a new region or address.
    pub changed: usize,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            came: self.came + other.came,
            went: self.went + other.went,
            changed: self.changed + other.changed,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Marks {
    here: HashMap<Node, (Mark, Instant)>,
    /// Gone machines by app, with their last known data.
    gone: BTreeMap<Safe, BTreeMap<Safe, (Machine, Instant)>>,
    /// Gone apps and peers.
    went: BTreeMap<Node, (Option<Ipv6Addr>, Instant)>,
    /// Marked machines by app, and whether they are new.
    touched: HashMap<Safe, HashMap<Safe, bool>>,
    /// Times of marks, oldest first.
    times: VecDeque<Instant>,
}

impl Marks {
    /// The mark of a row.
    pub fn mark(&self, node: &Node, now: Instant) -> Option<&Mark> {
        if self.here.is_empty() {
            return None;
        }
        self.here.get(node).filter(|(_, at)| now < *at + LINGER).map(|(mark, _)| mark)
    }

    /// A gone machine with its last known data.
    pub fn ghost(&self, app: &Safe, id: &Safe) -> Option<&Machine> {
        self.gone.get(app)?.get(id).map(|(machine, _)| machine)
    }

    /// The gone machines of `app`.
    pub fn ghosts(&self, app: &Safe) -> impl Iterator<Item = (&Safe, &Machine)> {
        self.gone.get(app).into_iter().flatten().map(|(id, (machine, _))| (id, machine))
    }

    pub fn gone_apps(&self) -> impl Iterator<Item = &Safe> {
        let went =
            self.went.keys().filter_map(|node| if let Node::App(app) = node { Some(app) } else { None });
        went.chain(self.gone.keys())
    }

    /// Gone peers with their addresses.
    pub fn gone_peers(&self) -> impl Iterator<Item = (&Safe, Option<Ipv6Addr>)> {
        self.went.iter().filter_map(|(node, (address, _))| match node {
            Node::Peer(peer) => Some((peer, *address)),
            _ => None,
        })
    }

    /// The marked machines of an app, and whether they are new.
    pub fn touched(&self, app: &Safe) -> Option<&HashMap<Safe, bool>> {
        if self.touched.is_empty() { None } else { self.touched.get(app) }
    }

    /// When the next mark ends.
    pub fn next_end(&self, now: Instant) -> Option<Instant> {
        self.times.iter().map(|at| *at + LINGER).find(|end| *end > now)
    }

    /// Drops expired marks; returns whether there were any.
    pub fn expire(&mut self, now: Instant) -> bool {
        let old = |at: Instant| at + LINGER <= now;
        if !self.times.front().is_some_and(|at| old(*at)) {
            return false;
        }
        while self.times.front().is_some_and(|at| old(*at)) {
            self.times.pop_front();
        }
        self.here.retain(|_, (_, at)| !old(*at));
        self.went.retain(|_, (_, at)| !old(*at));
        for machines in self.gone.values_mut() {
            machines.retain(|_, (_, at)| !old(*at));
        }
        self.tidy();
        true
    }

    /// Marks the differences between two catalogs.
    pub fn note(&mut self, before: &Catalog, after: &Catalog, now: Instant) {
        // During the first walk every row is new, so none is marked.
        if before.walk.finished.is_none() {
            return;
        }
        let changes = changes(before, after);
        if changes.is_empty() {
            return;
        }
        for change in changes {
            self.note_one(change, before, now);
        }
        if self.times.back() != Some(&now) {
            self.times.push_back(now);
        }
        self.tidy();
    }

    fn note_one(&mut self, change: Change, before: &Catalog, now: Instant) {
        let node = |place: &Place| Node::Machine(place.app.clone(), place.id.clone());
        match change {
            Change::AppCame(app) => {
                let node = Node::App(app);
                self.went.remove(&node);
                self.here.insert(node, (Mark::New, now));
            }
            Change::AppWent(app) => {
                let node = Node::App(app);
                self.here.remove(&node);
                self.went.insert(node, (None, now));
            }
            Change::MachineCame(place) => {
                if let Some(machines) = self.gone.get_mut(&place.app) {
                    machines.remove(&place.id);
                }
                self.here.insert(node(&place), (Mark::New, now));
            }
            Change::MachineWent(place) => {
                self.here.remove(&node(&place));
                if let Some(machine) = before.machine(&place.app, &place.id) {
                    let machines = self.gone.entry(place.app).or_default();
                    machines.insert(place.id, (machine.clone(), now));
                }
            }
            Change::MachineMoved(place, from) => {
                self.here.insert(node(&place), (Mark::Moved(from), now));
            }
            // A machine that moves gets another address too; the region is more informative.
            Change::MachineReaddressed(place, from) => {
                let node = node(&place);
                if !matches!(self.here.get(&node), Some((Mark::Moved(_), at)) if *at == now) {
                    self.here.insert(node, (Mark::Readdressed(from), now));
                }
            }
            Change::PeerCame(peer) => {
                let node = Node::Peer(peer);
                self.went.remove(&node);
                self.here.insert(node, (Mark::New, now));
            }
            Change::PeerWent(peer) => {
                let address = before.peers.get(&peer).and_then(|peer| peer.address);
                let node = Node::Peer(peer);
                self.here.remove(&node);
                self.went.insert(node, (address, now));
            }
            // These do not change the tree.
            Change::Disagree(..)
            | Change::Agree(..)
            | Change::TargetUnreachable(..)
            | Change::TargetReachable(..)
            | Change::RttMoved(..) => {}
        }
    }

    fn tidy(&mut self) {
        self.gone.retain(|_, machines| !machines.is_empty());
        self.touched.clear();
        for (node, (mark, _)) in &self.here {
            if let Node::Machine(app, id) = node {
                let machines = self.touched.entry(app.clone()).or_default();
                machines.insert(id.clone(), *mark == Mark::New);
            }
        }
    }
}
