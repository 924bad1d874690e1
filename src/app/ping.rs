//! The Ping view: who is pinged, in what order, and how it is shown.

use std::cmp::Ordering;
use std::net::Ipv6Addr;
use std::time::Duration;

use super::keys::Action;
use super::{Effect, State, Tab};
use crate::engine::report::{Node, Series};

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// Most loss first.
    #[default]
    Loss,
    /// The newest round trip, longest first; so for all that follow.
    Last,
    /// Smallest.
    Min,
    /// Mean.
    Avg,
    /// Largest.
    Max,
    /// Deviation.
    Mdev,
    /// By name.
    Target,
}

impl Column {
    const ALL: [Self; 7] =
        [Self::Loss, Self::Last, Self::Min, Self::Avg, Self::Max, Self::Mdev, Self::Target];

    /// As it stands over its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Loss => "LOSS",
            Self::Last => "LAST",
            Self::Min => "MIN",
            Self::Avg => "AVG",
            Self::Max => "MAX",
            Self::Mdev => "MDEV",
            Self::Target => "TARGET",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL.get((at + 1) % Self::ALL.len()).copied().unwrap_or_default()
    }

    fn order(self, a: &Series, b: &Series) -> Ordering {
        let time = |pick: fn(&Series) -> Option<Duration>| pick(b).cmp(&pick(a));
        match self {
            Self::Loss => b.loss().partial_cmp(&a.loss()).unwrap_or(Ordering::Equal),
            Self::Last => time(|series| series.stats.map(|stats| stats.last)),
            Self::Min => time(|series| series.stats.map(|stats| stats.min)),
            Self::Avg => time(|series| series.stats.map(|stats| stats.avg)),
            Self::Max => time(|series| series.stats.map(|stats| stats.max)),
            Self::Mdev => time(|series| series.stats.map(|stats| stats.mdev)),
            Self::Target => a.target.label.raw().cmp(b.target.label.raw()),
        }
    }
}

/// What is kept of the view.
#[derive(Debug, Clone, Default)]
pub struct Pings {
    /// What the rows are sorted by.
    pub sort: Column,
    /// Whether the order is reversed.
    pub reversed: bool,
    /// The selected target; `None` is the first row.
    chosen: Option<Ipv6Addr>,
}

impl State {
    /// The series in the order of the view.
    pub fn ping_rows(&self) -> Vec<&Series> {
        let mut rows: Vec<&Series> = self.view.pings.iter().collect();
        let Pings { sort, reversed, .. } = self.ping;
        rows.sort_by(|a, b| if reversed { sort.order(b, a) } else { sort.order(a, b) });
        rows
    }

    /// The selected row of [`Self::ping_rows`].
    pub fn chosen_ping(&self, rows: &[&Series]) -> usize {
        let chosen = self.ping.chosen;
        rows.iter().position(|series| Some(series.target.address) == chosen).unwrap_or(0)
    }

    /// Moves the selection by rows.
    pub fn step_pings(&mut self, by: isize) {
        let rows = self.ping_rows();
        let last = rows.len().saturating_sub(1);
        let row = self.chosen_ping(&rows).saturating_add_signed(by).min(last);
        self.ping.chosen = rows.get(row).map(|series| series.target.address);
    }

    /// The node of the selected target, where the tree has one.
    pub fn pinged_node(&self) -> Option<Node> {
        let rows = self.ping_rows();
        self.node_at(rows.get(self.chosen_ping(&rows))?.target.address)
    }

    /// The node at `address`, where the tree has one.
    pub fn node_at(&self, address: Ipv6Addr) -> Option<Node> {
        let catalog = &self.view.catalog;
        if let Some((app, id)) = catalog.at(address) {
            return Some(Node::Machine(app.clone(), id.clone()));
        }
        let peer = catalog.peers.iter().find(|(_, peer)| peer.address == Some(address));
        peer.map(|(name, _)| Node::Peer(name.clone()))
    }

    /// What a key does in this view.
    pub fn act_in_ping(&mut self, action: Action, _: &mut Vec<Effect>) {
        match action {
            Action::Sort => {
                self.ping.sort = self.ping.sort.next();
                self.say(format!("sorted by {}", self.ping.sort.title()));
            }
            Action::Reverse => self.ping.reversed = !self.ping.reversed,
            Action::RevealTarget => {
                if let Some(node) = self.pinged_node() {
                    self.tab = Tab::Explore;
                    self.tree.reveal(&node, &self.view.catalog, &self.view.pings);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
