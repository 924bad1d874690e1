//! The apps on the screen: their records are queried first.

use crate::app::State;
use crate::catalog::place::Node;
use crate::text::Safe;

/// Number of rows around the selected one that count as visible.
const ON_SCREEN: usize = 40;

/// Unfolded apps on the screen, from top to bottom.
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
