//! Which apps are on the screen: they are asked about first.

use crate::app::State;
use crate::catalog::place::Node;
use crate::text::Safe;

/// Rows about the selected one that are taken to be on the screen.
const ON_SCREEN: usize = 40;

/// The apps on the screen that are unfolded, top down.
pub fn shown_apps(state: &State) -> Vec<Safe> {
    let from = state.views.explore.tree.position().saturating_sub(ON_SCREEN / 2);
    let rows = (from..from + ON_SCREEN).map_while(|at| state.views.explore.tree.row(at));
    let mut apps: Vec<Safe> = rows
        .filter_map(|row| match row.node {
            Node::App(app) => row.open.is_some_and(|open| open).then_some(app),
            Node::Region(app, _) | Node::Machine(app, _) => Some(app),
            Node::Peers | Node::Peer(_) => None,
        })
        .collect();
    apps.dedup();
    apps
}
