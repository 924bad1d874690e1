//! The tree: its rows, their order, and the selection. The index of rows is rebuilt when the catalog, the folds, the
//! filter or the order change, not for every frame. The selection is a node instead of a row number, so that it stays on
//! its item when rows are added or removed.

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

/// Sort order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Name,
    /// By number of machines, largest first.
    Count,
    /// By region; an app by the region of most of its machines.
    Region,
    /// By newest RTT, shortest first, unknown last.
    Rtt,
}

impl Sort {
    /// All orders, in the sequence of the sort key.
    pub const ALL: [Self; 4] = [Self::Name, Self::Count, Self::Region, Self::Rtt];

    /// The order as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Count => "count",
            Self::Region => "region",
            Self::Rtt => "RTT",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Tree {
    index: Index,
    selected: Option<Node>,
    /// Last position of the selection, used if its row is gone.
    position: usize,
    folds: Folds,
    filter: Filter,
    sort: Sort,
    reversed: bool,
    marks: Marks,
    /// Whether the tree is wide: alone on the screen, with more columns.
    pub wide: bool,
    /// Rows marked by the user: commands act on these instead of the selected row.
    marked: BTreeSet<Node>,
    /// Whether apps without started machines are hidden, and how many.
    hides_idle: bool,
    hidden: usize,
    /// All machines, with or without a filter.
    machines: usize,
}

impl Tree {
    /// The rows in order. Each row is built on request.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row> {
        (0..self.index.len()).map(|at| self.index.row(at).unwrap_or_else(Row::nothing))
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at an index.
    pub fn row(&self, at: usize) -> Option<Row> {
        self.index.row(at)
    }

    pub fn selected(&self) -> Option<&Node> {
        self.selected.as_ref()
    }

    /// Index of the selected row.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Regions of the selected row's app with their numbers of machines.
    pub fn regions(&self) -> impl Iterator<Item = (Option<&Safe>, usize)> {
        self.regions_at(self.position)
    }

    /// The same for the app of the row at an index.
    pub fn regions_at(&self, at: usize) -> impl Iterator<Item = (Option<&Safe>, usize)> {
        let twigs = self.index.branch(at).map_or(&[][..], |branch| &branch.twigs);
        twigs.iter().filter(|twig| twig.total > 0).map(|twig| (twig.region.as_ref(), twig.total))
    }

    /// The filter, empty for none.
    pub fn filter(&self) -> &str {
        self.filter.as_str()
    }

    /// Number of machines that match the filter.
    pub fn matches(&self) -> usize {
        self.index.machines()
    }

    /// Number of all machines.
    pub fn machines(&self) -> usize {
        self.machines
    }

    pub fn sort(&self) -> Sort {
        self.sort
    }

    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Rows folded (`false`) or unfolded by the user, and whether all others are unfolded.
    pub fn folds(&self) -> (bool, impl Iterator<Item = (Node, bool)>) {
        (self.folds.is_rest_open(), self.folds.by_hand())
    }

    pub fn marked(&self) -> &BTreeSet<Node> {
        &self.marked
    }

    /// Marks or unmarks the selected row and moves to the next.
    pub fn toggle_mark(&mut self) {
        let Some(node) = self.selected.clone() else { return };
        if !self.marked.remove(&node) {
            self.marked.insert(node);
        }
        self.step(1);
    }

    pub fn unmark(&mut self) {
        self.marked.clear();
    }

    /// Whether apps without started machines are hidden.
    pub fn hides_idle(&self) -> bool {
        self.hides_idle
    }

    /// Number of hidden apps.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Hides or shows apps without started machines; returns the number of hidden ones.
    pub fn toggle_idle(&mut self, catalog: &Catalog, pings: &[Series]) -> Option<usize> {
        self.hides_idle = !self.hides_idle;
        self.rebuild(catalog, pings);
        self.hides_idle.then_some(self.hidden)
    }

    /// Restores folds and order of an earlier run; the next [`Self::rebuild`] applies them.
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

    /// Whether the rows depend on ping figures.
    pub fn needs_pings(&self) -> bool {
        self.sort == Sort::Rtt || self.filter.needs_pings()
    }

    /// Recent change of a node.
    pub fn mark(&self, node: &Node, now: Instant) -> Option<&Mark> {
        self.marks.mark(node, now)
    }

    /// A gone machine with its last known data.
    pub fn ghost(&self, app: &Safe, id: &Safe) -> Option<&Machine> {
        self.marks.ghost(app, id)
    }

    /// When the next mark ends.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        self.marks.next_end(now)
    }

    /// Drops expired marks and gone rows.
    pub fn expire(&mut self, catalog: &Catalog, pings: &[Series], now: Instant) {
        if self.marks.expire(now) {
            self.rebuild(catalog, pings);
        }
    }

    /// Takes a new catalog and marks the differences from `before`.
    pub fn renew(&mut self, before: &Catalog, catalog: &Catalog, pings: &[Series], now: Instant) {
        self.marks.expire(now);
        self.marks.note(before, catalog, now);
        self.rebuild(catalog, pings);
    }

    /// Filters by `text`, see [`filter`].
    pub fn set_filter(&mut self, text: &str, catalog: &Catalog, pings: &[Series]) {
        // The found row stays visible when the filter ends.
        if text.is_empty()
            && !self.filter.is_empty()
            && let Some(node) = self.selected.clone()
        {
            self.unfold_above(&node, catalog);
        }
        self.filter = Filter::new(text);
        self.rebuild(catalog, pings);
    }

    /// Selects `node`; unfolds all rows above it and clears the filter.
    pub fn reveal(&mut self, node: &Node, catalog: &Catalog, pings: &[Series]) {
        self.filter = Filter::default();
        self.unfold_above(node, catalog);
        // The node is shown even if its kind is hidden.
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

    /// Current or former ancestors of `node`, nearest first.
    fn above(&self, node: &Node, catalog: &Catalog) -> Vec<Node> {
        let machine = |app: &Safe, id: &Safe| {
            catalog.machine(app, id).or_else(|| self.marks.ghost(app, id)).and_then(|m| m.region.clone())
        };
        node.above(machine)
    }

    /// Moves the selection by rows.
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

    /// Selects the parent of the selected row.
    #[expect(clippy::wrong_self_convention, reason = "it goes there")]
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

    /// Unfolds the row, or moves to its first child.
    pub fn open(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.index.row(self.position).and_then(|row| row.open) {
            Some(false) => self.fold(Some(true), catalog, pings),
            Some(true) => self.step(1),
            None => {}
        }
    }

    /// Folds the row, or moves to its parent.
    pub fn close(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.index.row(self.position).and_then(|row| row.open) {
            // Under a filter matches are shown even in folded rows.
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

    /// Unfolds all rows, or folds all if all are unfolded.
    pub fn fold_all(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.folds = if self.index.is_all_open() {
            let apps = catalog.apps.keys().map(|app| Node::App(app.clone()));
            Folds::new(false, apps.chain([Node::Peers]).map(|node| (node, false)))
        } else {
            Folds::new(true, std::iter::empty())
        };
        self.rebuild(catalog, pings);
    }

    /// Sorts by `sort`, not reversed.
    pub fn sort_to(&mut self, sort: Sort, catalog: &Catalog, pings: &[Series]) {
        (self.sort, self.reversed) = (sort, false);
        self.rebuild(catalog, pings);
    }

    /// Changes to the next sort order.
    pub fn next_sort(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.sort = match self.sort {
            Sort::Name => Sort::Count,
            Sort::Count => Sort::Region,
            Sort::Region => Sort::Rtt,
            Sort::Rtt => Sort::Name,
        };
        self.rebuild(catalog, pings);
    }

    pub fn reverse(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.reversed = !self.reversed;
        self.rebuild(catalog, pings);
    }

    /// Rebuilds the rows. The selection stays on its node; if that has no row, it moves to the node's nearest ancestor or to
    /// the nearest row.
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
                // A row hidden by the filter can return when the filter ends.
                self.selected = self.selected.take().filter(|_| !self.filter.is_empty());
            }
            None => self.select(self.position.min(self.len() - 1)),
        }
    }
}

#[cfg(test)]
mod tests;
