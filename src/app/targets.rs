//! Who is pinged: by itself, politely, and because the user said so.

use super::State;
use crate::catalog::Catalog;
use crate::engine::report::{Node, Target};
use crate::text::Safe;

/// Machines of the selected region that are pinged without being told to.
const POLITE: usize = 8;
/// Machines that one key may add to the pinged.
const PING_AT_ONCE: usize = 64;

/// Who is to be pinged: the gateway and the machines of the selected region by themselves, and whom the user said.
pub fn wanted_pings(state: &State) -> Vec<Target> {
    if state.paused {
        return Vec::new();
    }
    let mut wanted: Vec<Target> = Vec::new();
    if state.settings.auto_ping {
        wanted.push(Target { label: "gateway".into(), address: state.profile.dns.addr });
        let catalog = &state.view.catalog;
        let region = match state.tree.selected() {
            Some(Node::Machine(app, id)) => {
                catalog.machine(app, id).map(|machine| (app.clone(), machine.region.clone()))
            }
            Some(Node::Region(app, region)) => Some((app.clone(), region.clone())),
            _ => None,
        };
        if let Some((app, region)) = region {
            wanted.extend(machines(catalog, &Node::Region(app, region)).into_iter().take(POLITE));
        }
    }
    for pinned in &state.pinned {
        if !wanted.contains(pinned) {
            wanted.push(pinned.clone());
        }
    }
    wanted
}

/// The machines at or below a node, as targets.
pub fn machines(catalog: &Catalog, node: &Node) -> Vec<Target> {
    let all = |app: &Safe| catalog.apps.get(app).into_iter().flat_map(|app| &app.machines);
    let target = |id: &Safe, address| Target { label: id.clone(), address };
    match node {
        Node::App(app) => all(app).filter_map(|(id, m)| Some(target(id, m.address?))).collect(),
        Node::Region(app, region) => all(app)
            .filter(|(_, m)| m.region == *region)
            .filter_map(|(id, m)| Some(target(id, m.address?)))
            .collect(),
        Node::Machine(app, id) => {
            catalog.machine(app, id).and_then(|m| Some(target(id, m.address?))).into_iter().collect()
        }
        Node::Peers => catalog.peers.iter().filter_map(|(name, p)| Some(target(name, p.address?))).collect(),
        Node::Peer(peer) => {
            catalog.peers.get(peer).and_then(|p| Some(target(peer, p.address?))).into_iter().collect()
        }
    }
}

/// Pings the selected row, or all below it; or no longer, where that is done already.
pub fn toggle_pings(state: &mut State, below: bool) {
    let Some(node) = state.tree.selected().cloned() else { return };
    let mut targets = machines(&state.view.catalog, &node);
    if !below && !matches!(node, Node::Machine(..) | Node::Peer(_)) && targets.len() > POLITE {
        let said = format!("{} machines: P pings all below", targets.len());
        return state.say(said);
    }
    let left_out = targets.len().saturating_sub(PING_AT_ONCE);
    targets.truncate(PING_AT_ONCE);
    if targets.is_empty() {
        return state.say("nothing to ping here: no address is known");
    }
    let n = targets.len();
    if targets.iter().all(|target| state.pinned.contains(target)) {
        for target in &targets {
            state.pinned.remove(target);
        }
        state.say(format!("no longer pinging {}", crate::text::count(n, "target")));
    } else {
        state.pinned.extend(targets);
        let rest = if left_out > 0 { format!(" ({left_out} left out)") } else { String::new() };
        state.say(format!("pinging {}{rest}", crate::text::count(n, "target")));
    }
    state.paused = false;
}
