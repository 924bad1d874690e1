//! Collects what the system, the path and the endpoint said about the link.

use crate::doctor::facts::Facts;
use crate::net::{LinkError, Network};

pub fn below<N: Network>(net: &N, facts: &mut Facts) {
    let states = net.link();
    let state = states.borrow();
    facts.system_error = match &state.error {
        Some(LinkError::Send { reason, .. } | LinkError::Socket(reason)) => Some(reason.kind),
        _ => None,
    };
    facts.icmp = state.icmp;
    facts.endpoint = state.endpoint;
    facts.alien = Some(state.drops.alien);
}
