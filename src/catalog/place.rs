//! A place in the tree: a network's apps, regions, machines and peers.

use crate::text::Safe;

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// An app.
    App(Safe),
    /// A region of an app; `None` collects machines whose region nobody says.
    Region(Safe, Option<Safe>),
    /// A machine: app, ID. The region is not part of it, so that a machine that moves stays itself.
    Machine(Safe, Safe),
    /// All peers.
    Peers,
    /// A peer.
    Peer(Safe),
}
