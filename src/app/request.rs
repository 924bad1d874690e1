//! Requests from one view to another. The sender does not know which view handles them.

use crate::catalog::place::Node;
use crate::engine::targets::TargetSpec;

/// A request. The view that handles it comes to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Show a place in the tree.
    Reveal(Node),
    /// Send the queries of a dig line.
    Dig(String),
    /// Trace the route to a target.
    Trace(TargetSpec),
    /// Check TCP ports of targets.
    Ports {
        of: TargetSpec,
        ports: Vec<u16>,
        /// Whether the protocols of open ports are checked too.
        protocols: bool,
    },
    /// Show the matrix of apps and regions.
    Matrix,
    /// Show a previous place again.
    Return(Place),
}

/// A shown place that can be returned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A row of the tree.
    Node(Node),
    /// A line of the Dig view.
    Line(String),
}
