//! The tree: what of the network is shown, in which order, and which row is selected. Its index is built when the
//! catalog, the folds, the filter or the order change, and not for a frame; the selection is a node and not a number,
//! so that nothing jumps.

mod build;
mod filter;
mod folds;
mod index;
mod marks;
mod matches;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::catalog::place::Node;
use crate::catalog::{Catalog, Machine};
use crate::probe::series::Series;
use crate::text::Safe;
use build::Build;
use filter::Filter;
use folds::Folds;
use index::Index;
pub use index::Row;
use marks::Marks;
pub use marks::{Mark, Tally};
pub use matches::Found;

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By machines, most first.
    Count,
    /// By region: apps by the region of most of their machines.
    Region,
    /// By the newest round trip, shortest first; the unknown last.
    Rtt,
}

impl Sort {
    /// All of them, in the order in which `s` goes through them.
    pub const ALL: [Self; 4] = [Self::Name, Self::Count, Self::Region, Self::Rtt];

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Count => "count",
            Self::Region => "region",
            Self::Rtt => "RTT",
        }
    }
}

/// The tree.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    index: Index,
    selected: Option<Node>,
    /// Where the selection stood last, for when its row goes.
    position: usize,
    folds: Folds,
    filter: Filter,
    sort: Sort,
    reversed: bool,
    marks: Marks,
    /// Whether it stands alone, with more columns.
    pub wide: bool,
    /// What the user marked: keys act on these in the place of the selected row.
    marked: BTreeSet<Node>,
    /// Whether apps without started machines are left out, and how many are.
    hides_idle: bool,
    hidden: usize,
    /// Machines in all, filtered or not.
    machines: usize,
}

impl Tree {
    /// The rows, in order. Each is made when it is asked for.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row> {
        (0..self.index.len()).map(|at| self.index.row(at).unwrap_or_else(Row::nothing))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row with a number.
    pub fn row(&self, at: usize) -> Option<Row> {
        self.index.row(at)
    }

    /// The selected node.
    pub fn selected(&self) -> Option<&Node> {
        self.selected.as_ref()
    }

    /// The number of the selected row.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The regions of the selected row's app, and how many machines each has.
    pub fn regions(&self) -> impl Iterator<Item = (Option<&Safe>, usize)> {
        self.regions_at(self.position)
    }

    /// The same for the app of the row with a number.
    pub fn regions_at(&self, at: usize) -> impl Iterator<Item = (Option<&Safe>, usize)> {
        let twigs = self.index.branch(at).map_or(&[][..], |branch| &branch.twigs);
        twigs.iter().filter(|twig| twig.total > 0).map(|twig| (twig.region.as_ref(), twig.total))
    }

    /// The filter, empty for none.
    pub fn filter(&self) -> &str {
        self.filter.as_str()
    }

    /// Machines that match the filter.
    pub fn matches(&self) -> usize {
        self.index.machines()
    }

    /// Machines in all.
    pub fn machines(&self) -> usize {
        self.machines
    }

    /// What it is sorted by.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether the order is reversed.
    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// What was folded (`false`) or unfolded by hand, and whether the rest is unfolded.
    pub fn folds(&self) -> (bool, impl Iterator<Item = (Node, bool)>) {
        (self.folds.is_rest_open(), self.folds.by_hand())
    }

    /// The marked rows.
    pub fn marked(&self) -> &BTreeSet<Node> {
        &self.marked
    }

    /// Marks the selected row, or no longer, and goes on to the next.
    pub fn toggle_mark(&mut self) {
        let Some(node) = self.selected.clone() else { return };
        if !self.marked.remove(&node) {
            self.marked.insert(node);
        }
        self.step(1);
    }

    /// Takes all marks away.
    pub fn unmark(&mut self) {
        self.marked.clear();
    }

    /// Whether apps without started machines are left out.
    pub fn hides_idle(&self) -> bool {
        self.hides_idle
    }

    /// How many are.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Leaves out apps without started machines, or shows them; gives how many are left out, where they are.
    pub fn toggle_idle(&mut self, catalog: &Catalog, pings: &[Series]) -> Option<usize> {
        self.hides_idle = !self.hides_idle;
        self.rebuild(catalog, pings);
        self.hides_idle.then_some(self.hidden)
    }

    /// Takes folds and an order from an earlier run; rows come with the next [`Self::rebuild`].
    pub fn restore(
        &mut self,
        unfold_all: bool,
        folds: impl Iterator<Item = (Node, bool)>,
        (sort, reversed): (Sort, bool),
        hides_idle: bool,
    ) {
        self.folds = Folds::new(unfold_all, folds);
        (self.sort, self.reversed, self.hides_idle) = (sort, reversed, hides_idle);
    }

    /// Whether its rows hang on the pings.
    pub fn needs_pings(&self) -> bool {
        self.sort == Sort::Rtt || self.filter.needs_pings()
    }

    /// What happened to a node in the last seconds.
    pub fn mark(&self, node: &Node, now: Instant) -> Option<&Mark> {
        self.marks.mark(node, now)
    }

    /// A machine that is gone, as it was.
    pub fn ghost(&self, app: &Safe, id: &Safe) -> Option<&Machine> {
        self.marks.ghost(app, id)
    }

    /// When the next mark ends.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        self.marks.next_end(now)
    }

    /// Drops what has been gone, or new, for long enough.
    pub fn expire(&mut self, catalog: &Catalog, pings: &[Series], now: Instant) {
        if self.marks.expire(now) {
            self.rebuild(catalog, pings);
        }
    }

    /// Takes a new catalog: marks what came and went since `before`.
    pub fn renew(&mut self, before: &Catalog, catalog: &Catalog, pings: &[Series], now: Instant) {
        self.marks.expire(now);
        self.marks.note(before, catalog, now);
        self.rebuild(catalog, pings);
    }

    /// Filters by `text`, as [`filter`] reads it.
    pub fn set_filter(&mut self, text: &str, catalog: &Catalog, pings: &[Series]) {
        // What was found stays in sight when the filter goes.
        if text.is_empty()
            && !self.filter.is_empty()
            && let Some(node) = self.selected.clone()
        {
            self.unfold_above(&node, catalog);
        }
        self.filter = Filter::new(text);
        self.rebuild(catalog, pings);
    }

    /// Selects `node`, with all above it unfolded and no filter before it.
    pub fn reveal(&mut self, node: &Node, catalog: &Catalog, pings: &[Series]) {
        self.filter = Filter::default();
        self.unfold_above(node, catalog);
        // What is looked for is shown, even where its like are left out.
        let idle = |app: &Safe| catalog.apps.get(app).is_some_and(|app| app.machines.is_empty());
        self.hides_idle &= !matches!(node, Node::App(app) if idle(app));
        self.selected = Some(node.clone());
        self.rebuild(catalog, pings);
    }

    fn unfold_above(&mut self, node: &Node, catalog: &Catalog) {
        for above in self.above(node, catalog) {
            self.folds.set(&above, true);
        }
    }

    /// The places that hold `node`, or did, the nearest first.
    fn above(&self, node: &Node, catalog: &Catalog) -> Vec<Node> {
        let machine = |app: &Safe, id: &Safe| {
            catalog.machine(app, id).or_else(|| self.marks.ghost(app, id)).and_then(|m| m.region.clone())
        };
        node.above(machine)
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        let last = self.len().saturating_sub(1);
        self.select(self.position.saturating_add_signed(by).min(last));
    }

    fn select(&mut self, position: usize) {
        if let Some(row) = self.index.row(position) {
            self.position = position;
            self.selected = Some(row.node);
        }
    }

    /// Selects the row above that holds this one.
    pub fn to_parent(&mut self) {
        let above = match self.index.row(self.position).map(|row| row.node) {
            Some(Node::Region(app, _)) => self.index.find(&Node::App(app)),
            Some(Node::Peer(_)) => self.index.find(&Node::Peers),
            Some(Node::Machine(..)) => {
                (0..self.position).rev().find(|at| self.index.row(*at).is_some_and(|row| row.depth < 2))
            }
            _ => None,
        };
        if let Some(position) = above {
            self.select(position);
        }
    }

    /// Unfolds the row, or steps into it.
    pub fn open(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.index.row(self.position).and_then(|row| row.open) {
            Some(false) => self.fold(Some(true), catalog, pings),
            Some(true) => self.step(1),
            None => {}
        }
    }

    /// Folds the row, or goes to its parent.
    pub fn close(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.index.row(self.position).and_then(|row| row.open) {
            // Under a filter what matches is shown, folded or not.
            Some(true) if self.filter.is_empty() => self.fold(Some(false), catalog, pings),
            _ => self.to_parent(),
        }
    }

    /// Folds or unfolds the selected row.
    pub fn fold(&mut self, open: Option<bool>, catalog: &Catalog, pings: &[Series]) {
        let Some(row) = self.index.row(self.position) else { return };
        if let Some(was) = row.open {
            self.folds.set(&row.node, open.unwrap_or(!was));
            self.rebuild(catalog, pings);
        }
    }

    /// Unfolds everything, or folds everything where all is unfolded.
    pub fn fold_all(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.folds = if self.index.is_all_open() {
            let apps = catalog.apps.keys().map(|app| Node::App(app.clone()));
            Folds::new(false, apps.chain([Node::Peers]).map(|node| (node, false)))
        } else {
            Folds::new(true, std::iter::empty())
        };
        self.rebuild(catalog, pings);
    }

    /// Sorts by `sort`, in its own order.
    pub fn sort_to(&mut self, sort: Sort, catalog: &Catalog, pings: &[Series]) {
        (self.sort, self.reversed) = (sort, false);
        self.rebuild(catalog, pings);
    }

    /// Sorts by the next thing.
    pub fn next_sort(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.sort = match self.sort {
            Sort::Name => Sort::Count,
            Sort::Count => Sort::Region,
            Sort::Region => Sort::Rtt,
            Sort::Rtt => Sort::Name,
        };
        self.rebuild(catalog, pings);
    }

    /// Reverses the order.
    pub fn reverse(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.reversed = !self.reversed;
        self.rebuild(catalog, pings);
    }

    /// Builds the rows anew; the selection stays on its node. Where that has no row it goes to what holds it, or to the
    /// nearest row.
    pub fn rebuild(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.machines = catalog.machine_count();
        self.hidden =
            if self.hides_idle { catalog.apps.values().filter(|app| app.is_idle()).count() } else { 0 };
        self.index = Build::new(self, catalog, pings).index();
        if !self.marked.is_empty() {
            self.marked.retain(|node| node.exists(catalog));
        }
        let found = self.selected.as_ref().and_then(|node| {
            let mut near = std::iter::once(node.clone()).chain(self.above(node, catalog));
            near.find_map(|node| self.index.find(&node))
        });
        match found {
            Some(position) => self.select(position),
            None if self.is_empty() => {
                self.position = 0;
                // What a filter hides may come back with its end.
                self.selected = self.selected.take().filter(|_| !self.filter.is_empty());
            }
            None => self.select(self.position.min(self.len() - 1)),
        }
    }
}

#[cfg(test)]
mod tests;
