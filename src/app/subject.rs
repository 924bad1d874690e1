//! What several views do to what is selected in them: ping it, trace it, check its ports.

use super::request::Request;
use super::{Out, State, targets};
use crate::catalog::place::Node;
use crate::engine::targets::{Wish, at};
use crate::probe::port::read as read_ports;
use crate::probe::series::Target;
use crate::text::Safe;

/// Connections that one key may try.
const MOST_CHECKS: usize = 512;
/// Why ports are not checked.
pub const TOO_MANY: &str = "those are too many connections at once: select a region or a machine";

/// The targets of `wish`, with the Flycast addresses of an app.
pub fn targets_of(state: &State, wish: &Wish) -> Vec<Target> {
    match wish {
        Wish::Address(address) => {
            state.series(*address).map(|series| series.target.clone()).into_iter().collect()
        }
        Wish::Node(node) => {
            let mut all: Vec<Target> = at(&state.networks.front().shown.catalog, node)
                .into_iter()
                .map(|member| member.target)
                .collect();
            if let Node::App(name) = node
                && let Some(app) = state.networks.front().shown.catalog.apps.get(name)
            {
                let label: Safe = format!("{name}.flycast").as_str().into();
                all.extend(
                    app.flycast.iter().map(|address| Target { label: label.clone(), address: *address }),
                );
            }
            all
        }
        _ => Vec::new(),
    }
}

/// Whether the route to `wish` can be traced, or why not.
pub fn traceable(state: &State, wish: Option<Wish>) -> Result<(), &'static str> {
    match wish.map_or(0, |wish| targets_of(state, &wish).len()) {
        0 => Err("no address of it is known"),
        1 => Ok(()),
        _ => Err("one machine can be traced at a time: select one"),
    }
}

/// Whether ports of `wish` can be checked, whichever they are, or why not.
pub fn checkable(state: &State, wish: Option<Wish>) -> Result<(), &'static str> {
    let none = wish.is_none_or(|wish| targets_of(state, &wish).is_empty());
    if none { Err("no address of it is known") } else { Ok(()) }
}

/// Requests a check of the ports that were typed, or of the usual ones.
pub fn check_ports(state: &mut State, of: Option<Wish>, told: Option<&str>, speak: bool, out: &mut Out) {
    let Some(of) = of else { return };
    let ports = match told.map(read_ports) {
        None => state.settings.ports.to_vec(),
        Some(Ok(ports)) => ports,
        Some(Err(why)) => return state.say(why),
    };
    if ports.is_empty() {
        return state.say("the settings name no port to try: `:ports 22` tries that one");
    }
    // What is refused changes nothing.
    if targets_of(state, &of).len() * ports.len() > MOST_CHECKS {
        return state.say(TOO_MANY);
    }
    out.request(Request::Ports { of, ports, speak });
}

/// Pings what was typed from now on.
pub fn ping(state: &mut State, told: &str) {
    match targets::read(state, told) {
        Ok(wish) => {
            state.say(format!("pinging {}", Safe::new(told)));
            targets::want(state, wish);
        }
        Err(why) => state.say(why),
    }
}

/// Whether the addresses of an app can be pinged one after the other, or why not.
pub fn can_turn(state: &State, app: Option<&Safe>) -> Result<(), &'static str> {
    let Some(app) = app else { return Err("that is done to an app, and this is of none") };
    let some = state.networks.front().shown.catalog.apps.get(app).is_some_and(|app| !app.machines.is_empty());
    if some { Ok(()) } else { Err("it has no started machine") }
}

/// Pauses all probes, or lets them go on.
pub fn pause(state: &mut State) {
    state.paused = !state.paused;
    state.say(if state.paused { "probes are paused" } else { "probes go on" });
}
