//! What an action may be told: what there is to choose from, and what is meant by what was typed.

use super::keys::Argument;
use super::menu::Value;
use super::{State, copy, export};
use crate::catalog::place::Node;
use crate::settings::ThemeName;
use crate::text::{Safe, count};

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
            Self::Place => places(state).collect(),
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
    all.extend(places(state));
    for (name, app) in &state.view.catalog.apps {
        if !app.flycast.is_empty() {
            all.push(Value { text: format!("{name}.flycast"), about: "its Flycast address".into() });
        }
    }
    all
}

/// Every place of the tree as it is written, and what it is.
fn places(state: &State) -> impl Iterator<Item = Value> {
    let catalog = &state.view.catalog;
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
        Value { text: node.to_string(), about }
    })
}
