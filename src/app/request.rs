//! What one view asks for and another does. No view knows which one that is.

use crate::catalog::place::Node;
use crate::engine::targets::Wish;

/// A request. The view that takes it comes to the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Show a place in the tree.
    Reveal(Node),
    /// Put a dig line.
    Dig(String),
    /// Trace the route to a target.
    Trace(Wish),
    /// Check TCP ports of targets, and with `speak` the protocols of the open ones.
    Ports {
        /// The targets.
        of: Wish,
        /// The ports.
        ports: Vec<u16>,
        /// Whether protocols are checked too.
        speak: bool,
    },
    /// Show the matrix of apps and regions.
    Matrix,
    /// Show what was shown before.
    Return(Place),
}

/// Something shown that one can return to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A row of the tree.
    Node(Node),
    /// A line of the Dig view.
    Line(String),
}
