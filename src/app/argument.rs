//! What an action may be told: what there is to choose from, and what is meant by what was typed.

use super::keys::Argument;
use super::menu::Value;
use super::{State, copy, export};
use crate::catalog::place::Node;
use crate::settings::ThemeName;
use crate::text::count;

/// The themes, and what each is.
const THEMES: [(ThemeName, &str); 5] = [
    (ThemeName::Auto, "the terminal's own colours"),
    (ThemeName::Dark, "light on dark"),
    (ThemeName::Light, "dark on light"),
    (ThemeName::Cvd, "blue and orange in the place of green and red"),
    (ThemeName::Mono, "no colours"),
];

impl Argument {
    /// Whether anything may be said, not only what is listed.
    pub fn is_free(self) -> bool {
        match self {
            Self::Question | Self::Target | Self::Subject | Self::Text | Self::Ports | Self::File => true,
            Self::Place | Self::Form | Self::Theme | Self::Switch => false,
        }
    }

    /// Whether the action can do nothing without it.
    pub fn is_needed(self) -> bool {
        match self {
            Self::Question
            | Self::Target
            | Self::Subject
            | Self::Text
            | Self::Ports
            | Self::Place
            | Self::Switch => false,
            Self::Form | Self::File | Self::Theme => true,
        }
    }

    /// What there is to choose from now.
    pub fn values(self, state: &State) -> Vec<Value> {
        match self {
            Self::Place => places(state).into_iter().map(|(text, about, _)| Value { text, about }).collect(),
            Self::Target => targets(state),
            Self::Question => state
                .dig
                .entries
                .iter()
                .rev()
                .map(|entry| Value { text: entry.text.clone(), about: "asked before".into() })
                .collect(),
            Self::Form => copy::forms(state)
                .into_iter()
                .map(|(what, text)| {
                    let mut lines = text.lines();
                    let first = lines.next().unwrap_or_default().replace('\t', "  ");
                    let about = match lines.count() {
                        0 => first,
                        more => format!("{} lines", more + 1),
                    };
                    Value { text: what.into(), about }
                })
                .collect(),
            Self::File => {
                let view = state.tab.title().1.to_lowercase();
                let file = |(ending, about): (&str, &str)| Value {
                    text: format!("sixpane-{view}.{ending}"),
                    about: about.into(),
                };
                export::ENDINGS.into_iter().map(file).collect()
            }
            Self::Theme => THEMES
                .into_iter()
                .map(|(theme, about)| {
                    let now = if theme == state.theme { " (now)" } else { "" };
                    Value { text: theme.as_str().into(), about: format!("{about}{now}") }
                })
                .collect(),
            Self::Switch => {
                ["on", "off"].map(|text| Value { text: text.into(), about: String::new() }).into()
            }
            Self::Subject => {
                let all = Value { text: "all".into(), about: "nothing in particular".into() };
                let port =
                    Value { text: "APP:8080/http".into(), about: "a port, and what it should speak".into() };
                let apps = state.view.catalog.apps.iter().flat_map(|(name, app)| {
                    let machines = count(app.machines.len(), "machine");
                    let own = Value { text: name.to_string(), about: format!("app, {machines}") };
                    let cast = Value { text: format!("{name}.flycast"), about: "its Flycast address".into() };
                    [Some(own), (!app.flycast.is_empty()).then_some(cast)].into_iter().flatten()
                });
                [all].into_iter().chain(apps).chain([port]).collect()
            }
            Self::Ports => {
                let usual = &state.settings.ports;
                let all = usual.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
                vec![Value { text: all, about: "the usual ones, of the settings; also as 8000-8010".into() }]
            }
            Self::Text => Vec::new(),
        }
    }
}

/// The places, and what is pinged but is none.
fn targets(state: &State) -> Vec<Value> {
    let mut all = vec![Value { text: "gateway".into(), about: "the name server behind the gateway".into() }];
    all.extend(places(state).into_iter().map(|(text, about, _)| Value { text, about }));
    for (name, app) in &state.view.catalog.apps {
        if !app.flycast.is_empty() {
            all.push(Value { text: format!("{name}.flycast"), about: "its Flycast address".into() });
        }
    }
    all
}

/// The place in the tree that is written so.
pub fn place(state: &State, text: &str) -> Option<Node> {
    places(state).into_iter().find(|(written, ..)| written == text).map(|(.., node)| node)
}

/// A place as it is written: `web/iad`, `web/148e21b7c93d89`, `peers`.
pub fn written(node: &Node) -> String {
    match node {
        Node::App(app) | Node::Region(app, None) => app.to_string(),
        Node::Region(app, Some(region)) => format!("{app}/{region}"),
        Node::Machine(app, id) => format!("{app}/{id}"),
        Node::Peers => "peers".into(),
        Node::Peer(peer) => format!("peers/{peer}"),
    }
}

/// Every place of the tree as it is written, `web`, `web/iad`, `web/148e21b7c93d89`, `peers/my-peer`, and what it is.
fn places(state: &State) -> Vec<(String, String, Node)> {
    let catalog = &state.view.catalog;
    let mut all = Vec::new();
    for (name, app) in &catalog.apps {
        let machines = count(app.machines.len(), "machine");
        all.push((name.to_string(), format!("app, {machines}"), Node::App(name.clone())));
        for (region, machines) in app.regions() {
            if let Some(region) = region {
                let about = format!("region, {}", count(machines.len(), "machine"));
                all.push((
                    format!("{name}/{region}"),
                    about,
                    Node::Region(name.clone(), Some(region.clone())),
                ));
            }
        }
        for (id, machine) in &app.machines {
            let region = machine.region.as_ref().map_or("no region", |region| region.as_str());
            all.push((format!("{name}/{id}"), region.to_owned(), Node::Machine(name.clone(), id.clone())));
        }
    }
    for peer in catalog.peers.keys() {
        all.push((format!("peers/{peer}"), "peer".into(), Node::Peer(peer.clone())));
    }
    all
}
