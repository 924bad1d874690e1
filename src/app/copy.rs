//! What is copied.

use super::{State, Tab};
use crate::engine::report::Node;

/// What `y` copies: the address where there is one, else the name.
pub fn value(state: &State) -> Option<(&'static str, String)> {
    if state.tab == Tab::Dig {
        let entry = state.dig.entry()?;
        return Some(("command", format!("sixpane dig {}", entry.text)));
    }
    if state.tab == Tab::Doctor {
        let finding = state.view.diagnosis.as_ref()?.findings.get(state.chosen_check()?)?;
        let remedy = finding.remedy.first().unwrap_or(&finding.title);
        return Some(("suggestion:", remedy.clone()));
    }
    if state.tab == Tab::Ping {
        let rows = state.ping_rows();
        let address = rows.get(state.chosen_ping(&rows))?.target.address;
        return Some(("address", address.to_string()));
    }
    if state.tab == Tab::Events {
        let change = &state.chosen_event()?.change;
        return Some(("event:", format!("{} {}", change.subject(), change.clause())));
    }
    let catalog = &state.view.catalog;
    let node = state.tree.selected()?;
    Some(match node {
        Node::Machine(app, id) => match catalog.machine(app, id).and_then(|m| m.address) {
            Some(address) => ("address", address.to_string()),
            None => ("machine ID", id.to_string()),
        },
        Node::Peer(peer) => match catalog.peers.get(peer).and_then(|p| p.address) {
            Some(address) => ("address", address.to_string()),
            None => ("name", peer.to_string()),
        },
        Node::App(app) | Node::Region(app, None) => ("name", format!("{app}.internal")),
        Node::Region(app, Some(region)) => ("name", format!("{region}.{app}.internal")),
        Node::Peers => ("name", "_peer.internal".into()),
    })
}
