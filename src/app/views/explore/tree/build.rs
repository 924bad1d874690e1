//! Builds the index of rows: applies the filter and the sort order.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::time::Duration;

use super::filter::{Bits, Judge};
use super::index::{Branch, Index, Leaf, Twig};
use super::marks::Tally;
use super::{Sort, Tree};
use crate::catalog::{Catalog, Machine};
use crate::probe::series::Series;
use crate::text::Safe;

/// Inputs of an index.
pub struct Build<'a> {
    tree: &'a Tree,
    catalog: &'a Catalog,
    judge: Judge<'a>,
    /// Newest RTTs, if the rows are sorted by them.
    newest: HashMap<Ipv6Addr, Duration>,
}

/// Data of a region while its machines are collected.
struct Filling {
    bits: Bits,
    /// RTTs of its machines.
    rtts: HashMap<Safe, Duration>,
}

impl<'a> Build<'a> {
    /// Starts an index with the settings of `tree`.
    pub fn new(tree: &'a Tree, catalog: &'a Catalog, pings: &[Series]) -> Self {
        let newest = |series: &Series| Some((series.target.address, series.newest()??));
        let by_rtt = if tree.sort == Sort::Rtt { pings } else { &[] };
        Self {
            tree,
            catalog,
            judge: Judge::new(&tree.filter, catalog, pings),
            newest: by_rtt.iter().filter(|series| series.round_robin == 0).filter_map(newest).collect(),
        }
    }

    pub fn index(mut self) -> Index {
        let (tree, catalog) = (self.tree, self.catalog);
        let mut branches = Vec::with_capacity(catalog.apps.len());
        for (name, app) in &catalog.apps {
            branches.extend(self.branch(name, app.machines.iter(), false));
        }
        let gone = tree.marks.gone_apps().filter(|app| !catalog.apps.contains_key(*app));
        for name in gone.collect::<BTreeSet<_>>() {
            branches.extend(self.branch(name, std::iter::empty(), true));
        }
        self.order(&mut branches);
        let peers = self.peers();
        let open = self.is_filtered() || tree.folds.are_peers_open();
        Index::new(branches, peers, open)
    }

    fn is_filtered(&self) -> bool {
        !self.judge.means_all()
    }

    fn peers(&mut self) -> Vec<Leaf> {
        let (tree, catalog) = (self.tree, self.catalog);
        let here = catalog.peers.iter().map(|(name, peer)| (name, peer.address, false));
        let gone = tree.marks.gone_peers().filter(|(name, _)| !catalog.peers.contains_key(*name));
        let gone = gone.map(|(name, address)| (name, address, true));
        let mut peers = Vec::new();
        for (name, address, gone) in here.chain(gone) {
            if self.judge.means_peer(name, address) {
                peers.push(Leaf { id: name.clone(), gone });
            }
        }
        peers.sort_by(|a, b| a.id.cmp(&b.id));
        peers
    }

    /// The branch of an app; `None` if the filter excludes all of it.
    fn branch<'m>(
        &mut self,
        name: &Safe,
        machines: impl Iterator<Item = (&'m Safe, &'m Machine)>,
        gone: bool,
    ) -> Option<Branch> {
        let tree = self.tree;
        let fold = tree.folds.of(name);
        let filtered = self.is_filtered();
        let open = filtered || tree.folds.is_app_open(fold, tree.machines);
        let touched = tree.marks.touched(name);
        let bits = self.judge.app(name);
        // Sorted by region while they are collected: an app has few regions.
        let (mut twigs, mut filling): (Vec<Twig>, Vec<Filling>) = (Vec::new(), Vec::new());
        let alive = machines.map(|(id, machine)| (id, machine, false));
        for (id, machine, is_gone) in alive.chain(tree.marks.ghosts(name).map(|(id, was)| (id, was, true))) {
            let place = twigs.binary_search_by(|twig| twig.region.cmp(&machine.region));
            let at = place.unwrap_or_else(|at| {
                let region = machine.region.clone();
                let open =
                    filtered || open && tree.folds.is_region_open(fold, region.as_ref(), tree.machines);
                let bits = self.judge.region(bits, region.as_ref());
                twigs.insert(at, Twig::new(region, open));
                filling.insert(at, Filling { bits, rtts: HashMap::new() });
                at
            });
            let (Some(twig), Some(so_far)) = (twigs.get_mut(at), filling.get_mut(at)) else { continue };
            twig.total += usize::from(!is_gone);
            let region = twig.region.as_ref().map_or("", Safe::as_str);
            if !self.judge.means_machine(so_far.bits, [name.as_str(), region], id, machine) {
                continue;
            }
            if is_gone {
                twig.ghosts += 1;
                twig.tally.went += 1;
            } else {
                twig.found += 1;
            }
            if let (Some(is_new), false) = (touched.and_then(|touched| touched.get(id)), is_gone) {
                twig.tally.came += usize::from(*is_new);
                twig.tally.changed += usize::from(!is_new);
            }
            if twig.open {
                twig.leaves.push(Leaf { id: id.clone(), gone: is_gone });
            }
            if let Some(rtt) = machine.address.and_then(|address| self.newest.get(&address)) {
                twig.rtt = Some(twig.rtt.map_or(*rtt, |best| best.min(*rtt)));
                so_far.rtts.insert(id.clone(), *rtt);
            }
        }
        // Without a filter an app is shown even if it has no machines.
        let shown = twigs.iter().any(Twig::is_shown);
        if tree.hides_idle && !shown && self.catalog.apps.get(name).is_some_and(|app| app.is_idle()) {
            return None;
        }
        if filtered && !shown && (!twigs.is_empty() || !self.judge.means_app(bits)) {
            return None;
        }
        for (twig, filled) in twigs.iter_mut().zip(&filling) {
            self.order_leaves(twig, &filled.rtts);
        }
        let home = twigs.iter().filter(|twig| twig.found > 0).min_by_key(|twig| Reverse(twig.found));
        let home = home.and_then(|twig| twig.region.clone());
        let rtt = twigs.iter().filter_map(|twig| twig.rtt).min();
        let tally = twigs.iter().fold(Tally::default(), |sum, twig| sum + twig.tally);
        self.order(&mut twigs);
        Some(Branch { app: name.clone(), gone, open, twigs, home, tally, rtt })
    }

    /// Sorts machines: gone ones among the others, and by RTT if that is the order.
    fn order_leaves(&self, twig: &mut Twig, rtts: &HashMap<Safe, Duration>) {
        if twig.ghosts > 0 {
            twig.leaves.sort_by(|a, b| a.id.cmp(&b.id));
        }
        let reversed = self.tree.reversed;
        if self.tree.sort == Sort::Name && reversed {
            twig.leaves.reverse();
        } else if !rtts.is_empty() {
            twig.leaves.sort_by(|a, b| {
                let order = by_rtt(rtts.get(&a.id).copied(), rtts.get(&b.id).copied());
                if reversed { order.reverse() } else { order }
            });
        }
    }

    /// Sorts apps or regions. Equal items stay in the order of their names in both directions.
    fn order<T: Sortable>(&self, items: &mut [T]) {
        let (sort, reversed) = (self.tree.sort, self.tree.reversed);
        items.sort_by(|a, b| {
            let order = match sort {
                Sort::Name => a.name().cmp(&b.name()),
                Sort::Count => b.count().cmp(&a.count()),
                Sort::Region => {
                    a.region().is_none().cmp(&b.region().is_none()).then(a.region().cmp(&b.region()))
                }
                Sort::Rtt => by_rtt(a.rtt(), b.rtt()),
            };
            let order = if reversed { order.reverse() } else { order };
            order.then_with(|| a.name().cmp(&b.name()))
        });
    }
}

/// Shortest first, unknown last.
fn by_rtt(a: Option<Duration>, b: Option<Duration>) -> Ordering {
    a.is_none().cmp(&b.is_none()).then(a.cmp(&b))
}

/// Sort keys of an app or a region.
trait Sortable {
    fn name(&self) -> Option<&Safe>;
    fn count(&self) -> usize;
    fn region(&self) -> Option<&Safe>;
    fn rtt(&self) -> Option<Duration>;
}

impl Sortable for Branch {
    fn name(&self) -> Option<&Safe> {
        Some(&self.app)
    }

    fn count(&self) -> usize {
        self.found()
    }

    fn region(&self) -> Option<&Safe> {
        self.home.as_ref()
    }

    fn rtt(&self) -> Option<Duration> {
        self.rtt
    }
}

impl Sortable for Twig {
    fn name(&self) -> Option<&Safe> {
        self.region.as_ref()
    }

    fn count(&self) -> usize {
        self.found
    }

    fn region(&self) -> Option<&Safe> {
        self.region.as_ref()
    }

    fn rtt(&self) -> Option<Duration> {
        self.rtt
    }
}
