//! Folded and unfolded rows.

use std::collections::BTreeMap;

use crate::catalog::place::Node;
use crate::text::Safe;

/// Largest number of machines of an org that starts unfolded.
const SMALL_ORG: usize = 60;

/// Rows folded or unfolded by the user.
#[derive(Debug, Clone, Default)]
pub struct Folds {
    /// Whether all other rows are unfolded; if not, the size of the org decides.
    rest_open: bool,
    apps: BTreeMap<Safe, Fold>,
    peers: Option<bool>,
}

/// Folds of an app and of its regions.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    app: Option<bool>,
    regions: BTreeMap<Option<Safe>, bool>,
}

impl Folds {
    /// Folds with a default for all rows and a list of exceptions.
    pub fn new(rest_open: bool, said: impl Iterator<Item = (Node, bool)>) -> Self {
        let mut folds = Self { rest_open, ..Self::default() };
        said.for_each(|(node, open)| folds.set(&node, open));
        folds
    }

    pub fn set(&mut self, node: &Node, open: bool) {
        match node {
            Node::App(app) => self.apps.entry(app.clone()).or_default().app = Some(open),
            Node::Region(app, region) => {
                self.apps.entry(app.clone()).or_default().regions.insert(region.clone(), open);
            }
            Node::Peers => self.peers = Some(open),
            Node::Machine(..) | Node::Peer(_) => {}
        }
    }

    /// Whether all rows without a fold of their own are unfolded.
    pub fn is_rest_open(&self) -> bool {
        self.rest_open
    }

    /// All folds set by the user.
    pub fn by_hand(&self) -> impl Iterator<Item = (Node, bool)> {
        let apps = self.apps.iter().flat_map(|(app, fold)| {
            let own = fold.app.map(|open| (Node::App(app.clone()), open));
            let regions = fold.regions.iter();
            own.into_iter()
                .chain(regions.map(|(region, open)| (Node::Region(app.clone(), region.clone()), *open)))
        });
        apps.chain(self.peers.map(|open| (Node::Peers, open)))
    }

    /// The folds of an app.
    pub fn of(&self, app: &Safe) -> Option<&Fold> {
        if self.apps.is_empty() { None } else { self.apps.get(app) }
    }

    /// Whether an app is unfolded, in an org with `machines` machines.
    pub fn is_app_open(&self, fold: Option<&Fold>, machines: usize) -> bool {
        fold.and_then(|fold| fold.app).unwrap_or(self.rest_open || machines <= SMALL_ORG)
    }

    /// Whether a region of an app is unfolded.
    pub fn is_region_open(&self, fold: Option<&Fold>, region: Option<&Safe>, machines: usize) -> bool {
        let said = fold
            .filter(|fold| !fold.regions.is_empty())
            .and_then(|fold| fold.regions.get(&region.cloned()))
            .copied();
        said.unwrap_or(self.rest_open || machines <= SMALL_ORG)
    }

    /// Whether the peers are unfolded.
    pub fn are_peers_open(&self) -> bool {
        self.peers.unwrap_or(self.rest_open)
    }
}
