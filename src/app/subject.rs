//! Operations that several views share for their selection: ping, trace, port check.

use super::request::Request;
use super::{Out, State, targets};
use crate::catalog::place::Node;
use crate::engine::targets::{TargetSpec, at};
use crate::probe::port::read as read_ports;
use crate::probe::series::Target;
use crate::text::Safe;

/// Largest number of connections that one key starts.
const MOST_CHECKS: usize = 512;
/// Reason against a port check of too many targets.
pub const TOO_MANY: &str = "too many connections at once: select a region or a machine";

/// The targets of `spec`, including the Flycast addresses of an app.
pub fn targets_of(state: &State, spec: &TargetSpec) -> Vec<Target> {
    match spec {
        TargetSpec::Address(address) => {
            state.series(*address).map(|series| series.target.clone()).into_iter().collect()
        }
        TargetSpec::Node(node) => {
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

/// Whether the route to `spec` can be traced, or why not.
pub fn traceable(state: &State, spec: Option<TargetSpec>) -> Result<(), &'static str> {
    match spec.map_or(0, |spec| targets_of(state, &spec).len()) {
        0 => Err("its address is unknown"),
        1 => Ok(()),
        _ => Err("only one machine can be traced at a time: select one"),
    }
}

/// Whether ports of `spec` can be checked, or why not.
pub fn checkable(state: &State, spec: Option<TargetSpec>) -> Result<(), &'static str> {
    let none = spec.is_none_or(|spec| targets_of(state, &spec).is_empty());
    if none { Err("its address is unknown") } else { Ok(()) }
}

/// Requests a check of the typed ports, or of those in the settings.
pub fn check_ports(
    state: &mut State,
    of: Option<TargetSpec>,
    typed: Option<&str>,
    protocols: bool,
    out: &mut Out,
) {
    let Some(of) = of else { return };
    let ports = match typed.map(read_ports) {
        None => state.settings.ports.to_vec(),
        Some(Ok(ports)) => ports,
        Some(Err(why)) => return state.say(why),
    };
    if ports.is_empty() {
        return state.say("The settings list no ports: `:ports 22` checks port 22");
    }
    // A refused check changes nothing.
    if targets_of(state, &of).len() * ports.len() > MOST_CHECKS {
        return state.say(TOO_MANY);
    }
    out.request(Request::Ports { of, ports, protocols });
}

/// Starts to ping the typed target.
pub fn ping(state: &mut State, typed: &str) {
    match targets::read(state, typed) {
        Ok(spec) => {
            state.say(format!("Pinging {}", Safe::new(typed)));
            targets::want(state, spec);
        }
        Err(why) => state.say(why),
    }
}

/// Whether an app's addresses can be pinged round robin, or why not.
pub fn can_turn(state: &State, app: Option<&Safe>) -> Result<(), &'static str> {
    let Some(app) = app else { return Err("round robin needs an app") };
    let some = state.networks.front().shown.catalog.apps.get(app).is_some_and(|app| !app.machines.is_empty());
    if some { Ok(()) } else { Err("the app has no started machine") }
}

/// Pauses or resumes all probes.
pub fn pause(state: &mut State) {
    state.paused = !state.paused;
    state.say(if state.paused { "Probes paused" } else { "Probes resumed" });
}
