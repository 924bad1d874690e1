//! The arguments of commands, and the values that can be chosen for each now.

use super::State;
use super::command::{Argument, Value};
use super::export::ENDINGS;
use crate::catalog::place::Node;
use crate::settings::ThemeName;
use crate::text::{Safe, count};

/// An app, region, machine or peer.
pub static PLACE: Argument =
    Argument { is_free: false, is_needed: false, values: |state| places(state).collect() };
/// A target: a place, an address, a name, or `gateway`.
pub static TARGET: Argument = Argument { is_free: true, is_needed: false, values: targets };
pub static TEXT: Argument = Argument { is_free: true, is_needed: false, values: |_| Vec::new() };
/// TCP ports: numbers and ranges.
pub static PORTS: Argument = Argument { is_free: true, is_needed: false, values: ports };
/// The form in which the selection is copied.
pub static FORM: Argument = Argument { is_free: false, is_needed: true, values: forms };
pub static THEME: Argument = Argument { is_free: false, is_needed: true, values: themes };
pub static SWITCH: Argument = Argument {
    is_free: false,
    is_needed: false,
    values: |_| ["on", "off"].map(|text| Value::new(text, "")).into(),
};
/// A file to write; its extension selects the format.
pub static FILE: Argument = Argument { is_free: true, is_needed: true, values: files };

/// The themes, each with a short description.
const THEMES: [(ThemeName, &str); 5] = [
    (ThemeName::Auto, "the terminal's own colours"),
    (ThemeName::Dark, "light on dark"),
    (ThemeName::Light, "dark on light"),
    (ThemeName::Cvd, "blue and orange instead of green and red"),
    (ThemeName::Mono, "no colours"),
];

/// Every place in the tree as it is written, each with a short description.
fn places(state: &State) -> impl Iterator<Item = Value> {
    let catalog = &state.networks.front().shown.catalog;
    Node::all(catalog).map(|node| {
        let count = || count(node.members(catalog).len(), "machine");
        let about = match &node {
            Node::App(_) => format!("app, {}", count()),
            Node::Region(..) => format!("region, {}", count()),
            Node::Machine(app, id) => {
                let region = catalog.machine(app, id).and_then(|machine| machine.region.as_ref());
                region.map_or("no region", Safe::as_str).to_owned()
            }
            Node::Peers | Node::Peer(_) => "peer".into(),
        };
        Value::new(node.to_string(), about)
    })
}

/// The places, and targets that are not in the tree.
fn targets(state: &State) -> Vec<Value> {
    let gateway = Value::new("gateway", "the network's name server");
    let apps = state.networks.front().shown.catalog.apps.iter().filter(|(_, app)| !app.flycast.is_empty());
    let flycast = apps.map(|(name, _)| Value::new(format!("{name}.flycast"), "its Flycast address"));
    std::iter::once(gateway).chain(places(state)).chain(flycast).collect()
}

fn ports(state: &State) -> Vec<Value> {
    let all = state.settings.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    vec![Value::new(all, "the ports of the settings; ranges as 8000-8010")]
}

fn forms(state: &State) -> Vec<Value> {
    let value = |(what, text): (&str, String)| {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().replace('\t', "  ");
        let about = match lines.count() {
            0 => first,
            more => format!("{} lines", more + 1),
        };
        Value::new(what, about)
    };
    state.front().forms(state).into_iter().map(value).collect()
}

fn themes(state: &State) -> Vec<Value> {
    let value = |(theme, about): (ThemeName, &str)| {
        let now = if theme == state.theme { " (now)" } else { "" };
        Value::new(theme.as_str(), format!("{about}{now}"))
    };
    THEMES.map(value).into()
}

fn files(state: &State) -> Vec<Value> {
    let view = state.front().name().to_lowercase();
    ENDINGS.map(|(ending, about)| Value::new(format!("sixpane-{view}.{ending}"), about)).into()
}
