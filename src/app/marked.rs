//! Rows of the tree that the user marked: what is done next is done to all of them.

use std::collections::BTreeSet;

use super::State;
use super::targets::{self, Wish};
use crate::engine::report::Node;
use crate::text::{Safe, count};

/// Rows that can be marked at once.
const MOST: usize = 1000;

/// The marked rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marked(BTreeSet<Node>);

impl Marked {
    /// Whether none is marked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this row is.
    pub fn has(&self, node: &Node) -> bool {
        !self.0.is_empty() && self.0.contains(node)
    }

    /// Whether a machine is, or its region, or its app.
    pub fn has_machine(&self, app: &Safe, region: Option<&Safe>, id: &Safe) -> bool {
        self.has(&Node::Machine(app.clone(), id.clone()))
            || self.has(&Node::Region(app.clone(), region.cloned()))
            || self.has(&Node::App(app.clone()))
    }

    /// Whether a peer is, or all are.
    pub fn has_peer(&self, peer: &Safe) -> bool {
        self.has(&Node::Peer(peer.clone())) || self.has(&Node::Peers)
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Node> {
        self.0.iter()
    }

    /// Takes all marks away; says whether there were any.
    pub fn clear(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}

impl State {
    /// Marks the selected row, or takes its mark away, and goes on to the next.
    pub fn mark(&mut self) {
        let Some(node) = self.tree.selected().cloned() else { return };
        if !self.marked.0.remove(&node) {
            if self.marked.len() == MOST {
                return self.say(format!("{MOST} rows are the most that can be marked"));
            }
            self.marked.0.insert(node);
        }
        self.tree.step(1);
        let n = self.marked.len();
        self.say(if n == 0 { "no row is marked".into() } else { format!("{} marked", count(n, "row")) });
    }

    /// Pings what is marked; or no longer, where all of it is.
    pub fn ping_marked(&mut self) {
        let wishes: Vec<Wish> = self.marked.iter().cloned().map(Wish::Node).collect();
        let n = wishes.len();
        if wishes.iter().all(|wish| self.wishes.has(wish)) {
            for wish in &wishes {
                targets::unwish(self, wish);
            }
            return self.say(format!("no longer pinging {} marked", count(n, "row")));
        }
        for wish in wishes {
            targets::want(self, wish);
        }
        self.say(format!("pinging {} marked", count(n, "row")));
    }
}
