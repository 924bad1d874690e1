//! The rows of the tree: a flat index over what is unfolded, filtered and sorted, built when one of these changes and
//! not for a frame; the selection is a node, not a number, so nothing jumps.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::LINGER;
use crate::catalog::{Catalog, Machine};
use crate::engine::report::{Node, Series};
use crate::text::Safe;

/// An org with at most so many machines is unfolded from the start.
const SMALL_ORG: usize = 60;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it stands for.
    pub node: Node,
    /// 0 for an app, 1 for a region, 2 for a machine.
    pub depth: u8,
    /// Whether it is unfolded; `None` where there is nothing to unfold.
    pub open: Option<bool>,
    /// A machine that is gone, as it was.
    pub gone: Option<Machine>,
}

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By machines, most first.
    Count,
    /// By the newest round trip, shortest first; the unknown last.
    Rtt,
}

impl Sort {
    /// All of them, in the order in which `s` goes through them.
    pub const ALL: [Self; 3] = [Self::Name, Self::Count, Self::Rtt];

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Count => "count",
            Self::Rtt => "RTT",
        }
    }
}

/// The tree.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    rows: Vec<Row>,
    selected: Option<Node>,
    /// Where the selection stood last, for when its row goes.
    position: usize,
    /// What the user folded or unfolded.
    folds: HashMap<Node, bool>,
    unfold_all: bool,
    filter: String,
    sort: Sort,
    reversed: bool,
    /// Machines that went, as they were, and when.
    gone: BTreeMap<Node, (Machine, Instant)>,
    /// Nodes that came, and when.
    fresh: HashMap<Node, Instant>,
    matches: usize,
}

impl Tree {
    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The selected node.
    pub fn selected(&self) -> Option<&Node> {
        self.selected.as_ref()
    }

    /// The number of the selected row.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The filter, empty for none.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Machines that match the filter.
    pub fn matches(&self) -> usize {
        self.matches
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
    pub fn folds(&self) -> (bool, impl Iterator<Item = (&Node, bool)>) {
        (self.unfold_all, self.folds.iter().map(|(node, open)| (node, *open)))
    }

    /// Takes folds and an order from an earlier run; rows come with the next [`Self::rebuild`].
    pub fn restore(
        &mut self,
        unfold_all: bool,
        folds: impl Iterator<Item = (Node, bool)>,
        sort: Sort,
        reversed: bool,
    ) {
        self.unfold_all = unfold_all;
        self.folds = folds.collect();
        (self.sort, self.reversed) = (sort, reversed);
    }

    /// Whether a node came in the last seconds.
    pub fn is_fresh(&self, node: &Node, now: Instant) -> bool {
        self.fresh.get(node).is_some_and(|at| now < *at + LINGER)
    }

    /// When the next mark ends.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let gone = self.gone.values().map(|(_, at)| *at + LINGER);
        let fresh = self.fresh.values().map(|at| *at + LINGER);
        gone.chain(fresh).filter(|end| *end > now).min()
    }

    /// Drops what has been gone, or new, for long enough.
    pub fn expire(&mut self, catalog: &Catalog, pings: &[Series], now: Instant) {
        let before = self.gone.len();
        self.gone.retain(|_, (_, at)| now < *at + LINGER);
        self.fresh.retain(|_, at| now < *at + LINGER);
        if self.gone.len() != before {
            self.rebuild(catalog, pings);
        }
    }

    /// Takes a new catalog: remembers what came and went since `before`.
    pub fn renew(&mut self, before: &Catalog, catalog: &Catalog, pings: &[Series], now: Instant) {
        // While the first walk fills the tree, everything is new and nothing needs a mark.
        if before.walk.finished.is_some() {
            for (name, app) in &catalog.apps {
                if !before.apps.contains_key(name) {
                    self.fresh.insert(Node::App(name.clone()), now);
                }
                for id in app.machines.keys() {
                    if before.machine(name, id).is_none() {
                        self.fresh.insert(Node::Machine(name.clone(), id.clone()), now);
                    }
                }
            }
            for (name, app) in &before.apps {
                for (id, machine) in &app.machines {
                    if catalog.machine(name, id).is_none() {
                        self.gone.insert(Node::Machine(name.clone(), id.clone()), (machine.clone(), now));
                    }
                }
            }
        }
        self.gone.retain(|node, (_, at)| match node {
            Node::Machine(app, id) => now < *at + LINGER && catalog.machine(app, id).is_none(),
            _ => false,
        });
        self.rebuild(catalog, pings);
    }

    /// Filters by `text`: a part of a name, an ID, a region or an address; `!` before it excludes.
    pub fn set_filter(&mut self, text: &str, catalog: &Catalog, pings: &[Series]) {
        // What was found stays in sight when the filter goes.
        if text.is_empty()
            && !self.filter.is_empty()
            && let Some(Node::Machine(app, id)) = self.selected.clone()
        {
            let region = catalog.machine(&app, &id).and_then(|machine| machine.region.clone());
            self.folds.insert(Node::Region(app.clone(), region), true);
            self.folds.insert(Node::App(app), true);
        }
        text.clone_into(&mut self.filter);
        self.rebuild(catalog, pings);
    }

    /// Selects `node`, with all above it unfolded and no filter before it.
    pub fn reveal(&mut self, node: &Node, catalog: &Catalog, pings: &[Series]) {
        self.filter.clear();
        match node {
            Node::Machine(app, id) => {
                let region = catalog.machine(app, id).and_then(|machine| machine.region.clone());
                self.folds.insert(Node::Region(app.clone(), region), true);
                self.folds.insert(Node::App(app.clone()), true);
            }
            Node::Region(app, _) => {
                self.folds.insert(Node::App(app.clone()), true);
            }
            Node::Peer(_) => {
                self.folds.insert(Node::Peers, true);
            }
            Node::App(_) | Node::Peers => {}
        }
        self.selected = Some(node.clone());
        self.rebuild(catalog, pings);
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.select(self.position.saturating_add_signed(by).min(last));
    }

    fn select(&mut self, position: usize) {
        if let Some(row) = self.rows.get(position) {
            self.position = position;
            self.selected = Some(row.node.clone());
        }
    }

    /// Selects the row above that holds this one.
    pub fn to_parent(&mut self) {
        let Some(depth) = self.rows.get(self.position).map(|row| row.depth) else { return };
        let above = self.rows.iter().take(self.position).rposition(|row| row.depth < depth);
        if let Some(position) = above {
            self.select(position);
        }
    }

    /// Unfolds the row, or steps into it.
    pub fn open(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.rows.get(self.position).and_then(|row| row.open) {
            Some(false) => self.fold(Some(true), catalog, pings),
            Some(true) => self.step(1),
            None => {}
        }
    }

    /// Folds the row, or goes to its parent.
    pub fn close(&mut self, catalog: &Catalog, pings: &[Series]) {
        match self.rows.get(self.position).and_then(|row| row.open) {
            Some(true) => self.fold(Some(false), catalog, pings),
            _ => self.to_parent(),
        }
    }

    /// Folds or unfolds the selected row.
    pub fn fold(&mut self, open: Option<bool>, catalog: &Catalog, pings: &[Series]) {
        let Some(row) = self.rows.get(self.position) else { return };
        if let (Some(was), Some(node)) = (row.open, self.selected.clone()) {
            self.folds.insert(node, open.unwrap_or(!was));
            self.rebuild(catalog, pings);
        }
    }

    /// Unfolds everything, or folds everything where all is unfolded.
    pub fn fold_all(&mut self, catalog: &Catalog, pings: &[Series]) {
        let all = self.rows.iter().all(|row| row.open != Some(false));
        self.folds.clear();
        self.unfold_all = !all;
        if all {
            let apps = catalog.apps.keys().map(|app| (Node::App(app.clone()), false));
            self.folds.extend(apps.chain([(Node::Peers, false)]));
        }
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
            Sort::Count => Sort::Rtt,
            Sort::Rtt => Sort::Name,
        };
        self.rebuild(catalog, pings);
    }

    /// Reverses the order.
    pub fn reverse(&mut self, catalog: &Catalog, pings: &[Series]) {
        self.reversed = !self.reversed;
        self.rebuild(catalog, pings);
    }

    /// Builds the rows anew; the selection stays on its node, or goes to the nearest row where that is gone.
    pub fn rebuild(&mut self, catalog: &Catalog, pings: &[Series]) {
        let small = catalog.machine_count() <= SMALL_ORG;
        let mut rows = Vec::new();
        let mut matches = 0;
        let gone = self.gone_by_app();
        let empty = BTreeMap::new();
        let mut apps: Vec<(&Safe, &BTreeMap<Safe, Machine>)> =
            catalog.apps.iter().map(|(name, app)| (name, &app.machines)).collect();
        // An app that went with its last machine stays as long as that.
        apps.extend(gone.keys().filter(|app| !catalog.apps.contains_key(**app)).map(|app| (*app, &empty)));
        self.sort_by(&mut apps, |(name, machines)| Key {
            name: name.raw(),
            count: machines.len(),
            rtt: best(machines.values(), pings),
        });
        for (app, machines) in apps {
            let ghosts = gone.get(app).map_or(&[][..], Vec::as_slice);
            matches += self.add_app(app, machines, ghosts, small, pings, &mut rows);
        }
        self.add_peers(catalog, &mut rows);
        self.rows = rows;
        self.matches = matches;
        let same = self.selected.as_ref().and_then(|node| self.rows.iter().position(|row| row.node == *node));
        match same {
            Some(position) => self.position = position,
            None if self.rows.is_empty() => self.position = 0,
            None => self.select(self.position.min(self.rows.len() - 1)),
        }
    }

    fn gone_by_app<'a>(&'a self) -> BTreeMap<&'a Safe, Vec<(&'a Safe, &'a Machine)>> {
        let mut by_app: BTreeMap<&'a Safe, Vec<(&'a Safe, &'a Machine)>> = BTreeMap::new();
        for (node, (machine, _)) in &self.gone {
            if let Node::Machine(app, id) = node {
                by_app.entry(app).or_default().push((id, machine));
            }
        }
        by_app
    }

    fn is_open(&self, node: &Node, otherwise: bool) -> bool {
        // What matches a filter is shown, folded or not.
        !self.filter.is_empty() || self.folds.get(node).copied().unwrap_or(self.unfold_all || otherwise)
    }

    fn sort_by<'a, T>(&self, items: &mut [T], key: impl Fn(&T) -> Key<'a>) {
        let sort = self.sort;
        items.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            let order = match sort {
                Sort::Name => a.name.cmp(b.name),
                Sort::Count => Reverse(a.count).cmp(&Reverse(b.count)),
                Sort::Rtt => match (a.rtt, b.rtt) {
                    (Some(a), Some(b)) => a.cmp(&b),
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (None, None) => Ordering::Equal,
                },
            };
            let order = if self.reversed { order.reverse() } else { order };
            order.then_with(|| a.name.cmp(b.name))
        });
    }

    /// Adds the rows of an app, and gives the number of its machines that match.
    fn add_app(
        &self,
        app: &Safe,
        machines: &BTreeMap<Safe, Machine>,
        ghosts: &[(&Safe, &Machine)],
        small: bool,
        pings: &[Series],
        rows: &mut Vec<Row>,
    ) -> usize {
        let shown = |region: Option<&Safe>, id: &Safe, machine: &Machine| {
            self.matches_filter(&[Some(app), region, Some(id)], machine.address)
        };
        let mut regions: BTreeMap<Option<&Safe>, Vec<Member<'_>>> = BTreeMap::new();
        let alive = machines.iter().map(|(id, machine)| (id, machine, false));
        for (id, machine, is_gone) in alive.chain(ghosts.iter().map(|(id, machine)| (*id, *machine, true))) {
            let region = machine.region.as_ref();
            if shown(region, id, machine) {
                regions.entry(region).or_default().push((id, machine, is_gone));
            }
        }
        let found: usize = regions.values().map(Vec::len).sum();
        if found == 0 && !self.matches_filter(&[Some(app)], None) {
            return 0;
        }
        let node = Node::App(app.clone());
        let open = self.is_open(&node, small);
        rows.push(Row { node, depth: 0, open: (found > 0).then_some(open), gone: None });
        let mut regions: Vec<_> = regions.into_iter().collect();
        self.sort_by(&mut regions, |(region, members)| Key {
            name: region.map_or(&[][..], Safe::raw),
            count: members.len(),
            rtt: best(members.iter().map(|(_, machine, _)| *machine), pings),
        });
        for (region, mut members) in regions {
            let node = Node::Region(app.clone(), region.cloned());
            let unfolded = self.is_open(&node, small);
            if open {
                rows.push(Row { node, depth: 1, open: Some(unfolded), gone: None });
            }
            self.sort_by(&mut members, |(id, machine, _)| Key {
                name: id.raw(),
                count: 1,
                rtt: best(std::iter::once(*machine), pings),
            });
            if open && unfolded {
                rows.extend(members.iter().map(|(id, machine, is_gone)| Row {
                    node: Node::Machine(app.clone(), (*id).clone()),
                    depth: 2,
                    open: None,
                    gone: is_gone.then(|| (*machine).clone()),
                }));
            }
        }
        found
    }

    fn add_peers(&self, catalog: &Catalog, rows: &mut Vec<Row>) {
        let peers: Vec<_> = catalog
            .peers
            .iter()
            .filter(|(name, peer)| self.matches_filter(&[Some(name)], peer.address))
            .map(|(name, _)| name)
            .collect();
        if peers.is_empty() {
            return;
        }
        let open = self.is_open(&Node::Peers, false);
        rows.push(Row { node: Node::Peers, depth: 0, open: Some(open), gone: None });
        if open {
            let row =
                |name: &&Safe| Row { node: Node::Peer((*name).clone()), depth: 1, open: None, gone: None };
            rows.extend(peers.iter().map(row));
        }
    }

    fn matches_filter(&self, names: &[Option<&Safe>], address: Option<std::net::Ipv6Addr>) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let (wanted, text) = match self.filter.strip_prefix('!') {
            Some("") => return true,
            Some(rest) => (false, rest),
            None => (true, self.filter.as_str()),
        };
        let text = text.to_lowercase();
        let in_name = names.iter().flatten().any(|name| name.as_str().to_lowercase().contains(&text));
        let hit = in_name || address.is_some_and(|address| address.to_string().contains(&text));
        hit == wanted
    }
}

/// A machine, and whether it is gone.
type Member<'a> = (&'a Safe, &'a Machine, bool);

/// What one thing is sorted by.
struct Key<'a> {
    name: &'a [u8],
    count: usize,
    rtt: Option<Duration>,
}

/// The shortest newest round trip among machines.
fn best<'a>(machines: impl Iterator<Item = &'a Machine>, pings: &[Series]) -> Option<Duration> {
    if pings.is_empty() {
        return None;
    }
    machines
        .filter_map(|machine| {
            let series = pings.iter().find(|series| Some(series.target.address) == machine.address)?;
            series.newest().flatten()
        })
        .min()
}
