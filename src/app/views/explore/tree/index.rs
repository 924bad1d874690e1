//! The index of the rows of the tree.
//!
//! A network has up to a hundred thousand machines, the screen some fifty rows, and a frame has a few milliseconds. So
//! rows are not a list. The index keeps the structure: a [`Branch`] per app in its order, in it a [`Twig`] per region,
//! in it a [`Leaf`] per machine, with the counts that a collapsed row shows. `starts` has the index of the first row of
//! each branch, so the branch of a row is found by binary search, and the row in it by adding the lengths of its few
//! regions. A [`Row`] is built only when it is drawn, selected or searched.
//!
//! Filter and sort order are applied when the index is built ([`super::build`]), not when it is read: a branch that
//! the filter excludes is absent, and twigs keep only the leaves to show. Opening or closing a row, another filter or
//! order, a new catalog, and new RTTs if they decide the order, build a new index; moving the selection and scrolling build nothing. Positions are therefore valid only for one
//! index: the selection is a [`Node`], and [`Index::find`] gives its row again.
//!
//! Peers are not in an app. Their group is the last branch and has a place of its own (`peers_at`).

use std::time::Duration;

use super::marks::Tally;
use crate::catalog::place::Node;
use crate::text::Safe;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub node: Node,
    /// Depth: 0 for an app, 1 for a region, 2 for a machine.
    pub depth: u8,
    /// Whether it is unfolded; `None` if it has no rows below it.
    pub open: Option<bool>,
    /// Whether it is gone and shown with its last known data.
    pub gone: bool,
    /// Number of machines or peers below it that match the filter.
    pub count: usize,
    /// Number of regions below it with such machines.
    pub regions: usize,
    /// The region of most of its machines.
    pub home: Option<Safe>,
    /// Recent changes below it.
    pub tally: Tally,
    /// Best of the newest RTTs below it, if the rows are sorted by RTT.
    pub rtt: Option<Duration>,
}

/// An app with the rows below it.
#[derive(Debug, Clone)]
pub struct Branch {
    pub app: Safe,
    pub gone: bool,
    pub open: bool,
    pub twigs: Vec<Twig>,
    /// The region of most of its machines.
    pub home: Option<Safe>,
    /// Recent changes in it.
    pub tally: Tally,
    /// Best of the newest RTTs, if the rows are sorted by RTT.
    pub rtt: Option<Duration>,
}

#[derive(Debug, Clone)]
pub struct Twig {
    /// Code of the region, if a record has one.
    pub region: Option<Safe>,
    /// Number of its machines.
    pub total: usize,
    /// Number of its machines that match the filter.
    pub found: usize,
    /// Number of its gone machines that are still shown.
    pub ghosts: usize,
    pub open: bool,
    /// Machines in their order; empty if not shown.
    pub leaves: Vec<Leaf>,
    /// Recent changes in it.
    pub tally: Tally,
    /// Best of the newest RTTs, if the rows are sorted by RTT.
    pub rtt: Option<Duration>,
}

#[derive(Debug, Clone)]
pub struct Leaf {
    pub id: Safe,
    pub gone: bool,
}

impl Twig {
    /// A region without machines yet.
    pub fn new(region: Option<Safe>, open: bool) -> Self {
        let (leaves, tally) = (Vec::new(), Tally::default());
        Self { region, total: 0, found: 0, ghosts: 0, open, leaves, tally, rtt: None }
    }

    /// Whether it has rows to show.
    pub fn is_shown(&self) -> bool {
        self.found + self.ghosts > 0
    }

    fn rows(&self) -> usize {
        match (self.is_shown(), self.open) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 1 + self.leaves.len(),
        }
    }
}

impl Branch {
    /// Number of machines below it that match the filter.
    pub fn found(&self) -> usize {
        self.twigs.iter().map(|twig| twig.found).sum()
    }

    fn has_below(&self) -> bool {
        self.twigs.iter().any(Twig::is_shown)
    }

    fn rows(&self) -> usize {
        1 + if self.open { self.twigs.iter().map(Twig::rows).sum() } else { 0 }
    }

    fn row(&self, at: usize) -> Option<Row> {
        let Some(mut at) = at.checked_sub(1) else {
            return Some(Row {
                node: Node::App(self.app.clone()),
                depth: 0,
                open: self.has_below().then_some(self.open),
                gone: self.gone,
                count: self.found(),
                regions: self.twigs.iter().filter(|twig| twig.found > 0).count(),
                home: self.home.clone(),
                tally: self.tally,
                rtt: self.rtt,
            });
        };
        for twig in &self.twigs {
            let rows = twig.rows();
            if at >= rows {
                at -= rows;
                continue;
            }
            let leaf = at.checked_sub(1).map(|at| twig.leaves.get(at));
            return Some(match leaf {
                None => Row {
                    open: Some(twig.open),
                    count: twig.found,
                    gone: twig.found == 0 && twig.total == 0,
                    tally: twig.tally,
                    rtt: twig.rtt,
                    ..Row::of(Node::Region(self.app.clone(), twig.region.clone()), 1)
                },
                Some(leaf) => {
                    let leaf = leaf?;
                    let node = Node::Machine(self.app.clone(), leaf.id.clone());
                    Row { gone: leaf.gone, ..Row::of(node, 2) }
                }
            });
        }
        None
    }
}

impl Row {
    /// Placeholder for an index without a row.
    pub fn nothing() -> Self {
        Self::of(Node::Peers, 0)
    }

    fn of(node: Node, depth: u8) -> Self {
        let tally = Tally::default();
        Self { node, depth, open: None, gone: false, count: 0, regions: 0, home: None, tally, rtt: None }
    }
}

/// The rows of all apps, followed by those of the peers.
#[derive(Debug, Clone, Default)]
pub struct Index {
    branches: Vec<Branch>,
    /// Index of the first row of each branch.
    starts: Vec<usize>,
    peers: Vec<Leaf>,
    peers_open: bool,
    /// Index of the first row of the peers.
    peers_at: usize,
    machines: usize,
}

impl Index {
    /// Builds the index of `branches` and `peers`, both sorted.
    pub fn new(branches: Vec<Branch>, peers: Vec<Leaf>, peers_open: bool) -> Self {
        let mut at = 0;
        let mut starts = Vec::with_capacity(branches.len());
        for branch in &branches {
            starts.push(at);
            at += branch.rows();
        }
        let machines = branches.iter().map(Branch::found).sum();
        Self { branches, starts, peers, peers_open, peers_at: at, machines }
    }

    pub fn len(&self) -> usize {
        let peers = match (self.peers.is_empty(), self.peers_open) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 1 + self.peers.len(),
        };
        self.peers_at + peers
    }

    /// Number of machines that match the filter.
    pub fn machines(&self) -> usize {
        self.machines
    }

    /// The row at an index.
    pub fn row(&self, at: usize) -> Option<Row> {
        if at >= self.len() {
            return None;
        }
        match at.checked_sub(self.peers_at) {
            None => {
                let branch = self.branch(at)?;
                branch.row(at - self.starts.get(self.number(at)?)?)
            }
            Some(0) => {
                let count = self.peers.iter().filter(|peer| !peer.gone).count();
                Some(Row { open: Some(self.peers_open), count, ..Row::of(Node::Peers, 0) })
            }
            Some(n) => {
                let peer = self.peers.get(n - 1)?;
                Some(Row { gone: peer.gone, ..Row::of(Node::Peer(peer.id.clone()), 1) })
            }
        }
    }

    /// Number of the branch that contains a row.
    fn number(&self, at: usize) -> Option<usize> {
        if at >= self.peers_at {
            return None;
        }
        self.starts.partition_point(|start| *start <= at).checked_sub(1)
    }

    /// The branch that contains a row.
    pub fn branch(&self, at: usize) -> Option<&Branch> {
        self.branches.get(self.number(at)?)
    }

    /// Index of the row of `node`.
    pub fn find(&self, node: &Node) -> Option<usize> {
        let of_app = |app: &Safe| {
            let number = self.branches.iter().position(|branch| branch.app == *app)?;
            Some((*self.starts.get(number)?, self.branches.get(number)?))
        };
        match node {
            Node::App(app) => of_app(app).map(|(start, _)| start),
            Node::Region(app, _) | Node::Machine(app, _) => {
                let (mut at, branch) = of_app(app).filter(|(_, branch)| branch.open)?;
                at += 1;
                for twig in branch.twigs.iter().filter(|twig| twig.is_shown()) {
                    match node {
                        Node::Region(_, region) if *region == twig.region => return Some(at),
                        Node::Machine(_, id) if twig.open => {
                            // A machine that moved has its row in the new region.
                            if let Some(n) = twig.leaves.iter().position(|leaf| leaf.id == *id) {
                                return Some(at + 1 + n);
                            }
                        }
                        _ => {}
                    }
                    at += twig.rows();
                }
                None
            }
            Node::Peers => (!self.peers.is_empty()).then_some(self.peers_at),
            Node::Peer(peer) => {
                let n = self.peers.iter().position(|leaf| leaf.id == *peer).filter(|_| self.peers_open)?;
                Some(self.peers_at + 1 + n)
            }
        }
    }

    /// Whether all rows are unfolded.
    pub fn is_all_open(&self) -> bool {
        let open = |branch: &Branch| {
            !branch.has_below()
                || branch.open && branch.twigs.iter().all(|twig| twig.open || !twig.is_shown())
        };
        self.branches.iter().all(open) && (self.peers_open || self.peers.is_empty())
    }
}
