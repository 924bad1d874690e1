//! What is copied.

use std::net::Ipv6Addr;

use hickory_proto::rr::RData;

use super::sheet::Sheet;
use super::{Effect, State, Tab};
use crate::catalog::place::Node;
use crate::dns::dig::types::type_word;
use crate::dns::names::{self, Form};
use crate::text::{Safe, quoted};

/// What `y` copies: the address where there is one, else the name.
pub fn value(state: &State) -> Option<(&'static str, String)> {
    if state.tab == Tab::Dig {
        return state.copied_in_dig();
    }
    if state.tab == Tab::Doctor {
        let finding = state.view.diagnosis.as_ref()?.findings.get(state.chosen_check()?)?;
        let remedy = finding.remedy.first().unwrap_or(&finding.title);
        return Some(("suggestion:", remedy.clone()));
    }
    if state.tab == Tab::Ping {
        return Some(("address", state.chosen_address()?.to_string()));
    }
    if state.tab == Tab::Events {
        let change = &state.chosen_event()?.change;
        return Some(("event:", format!("{} {}", change.subject(), change.clause())));
    }
    if state.has_marked() {
        let all: Vec<_> = state.meant().iter().map(|node| of_row(state, node)).collect();
        let what = match all.iter().filter(|(what, _)| *what == "address").count() {
            0 => "names",
            n if n == all.len() => "addresses",
            _ => "names and addresses",
        };
        return Some((what, all.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")));
    }
    state.tree.selected().map(|node| of_row(state, node))
}

/// The address of a row where there is one, else its name.
fn of_row(state: &State, node: &Node) -> (&'static str, String) {
    match (node.address(&state.view.catalog), node) {
        (Some(address), _) => ("address", address.to_string()),
        (None, Node::Machine(_, id)) => ("machine ID", id.to_string()),
        (None, Node::Peer(peer)) => ("name", peer.to_string()),
        (None, Node::Region(app, None)) => ("name", Form::App(app.clone()).to_string()),
        (None, node) => ("name", node.form().to_string()),
    }
}

/// Bytes that terminals take into the clipboard at once (OSC 52: 100,000 in base64, less the frame).
pub const LONGEST: usize = 74_000;

/// The ways to copy what is selected, by name, with what would be copied; those that apply here.
pub fn forms(state: &State) -> Vec<(&'static str, String)> {
    if state.has_marked() {
        return forms_of_marked(state);
    }
    let Subject { name, rtype, address } = subject(state);
    let server = state.profile.dns.addr;
    let conf = conf(state);
    let mut forms = Vec::new();
    let address = address.map(|address| address.to_string());
    if let Some((what, text)) = value(state).filter(|_| matches!(state.tab, Tab::Doctor | Tab::Events)) {
        forms.push((what.trim_end_matches(':'), text));
    }
    forms.extend(name.clone().map(|name| ("name", name)));
    forms.extend(address.clone().map(|address| ("address", address)));
    if let Some(name) = &name {
        let name = quoted(name);
        forms.push(("dig", format!("dig +norecurse {name} {rtype} @{server}")));
        forms.push(("sixpane", format!("sixpane dig {conf}{name} {rtype}")));
    }
    if let Some(address) = &address {
        forms.push(("ping6", format!("ping6 {address}")));
        forms.push(("sixpane-ping", format!("sixpane ping {conf}{address}")));
    }
    let sheet = Sheet::of(state);
    forms.extend(sheet.row().map(|row| ("row", row)));
    forms.extend(tables(&sheet));
    forms
}

fn tables(sheet: &Sheet) -> Vec<(&'static str, String)> {
    if sheet.rows.is_empty() {
        return Vec::new();
    }
    vec![
        ("table", sheet.to_text()),
        ("markdown", sheet.to_markdown()),
        ("json", sheet.to_json()),
        ("csv", sheet.to_csv()),
    ]
}

/// The same for the marked rows, a line for each; addresses are those of all machines at and below them.
fn forms_of_marked(state: &State) -> Vec<(&'static str, String)> {
    let nodes = state.meant();
    let server = state.profile.dns.addr;
    let conf = conf(state);
    let subjects: Vec<Subject> = nodes.iter().map(|node| of_node(state, node)).collect();
    let named = || subjects.iter().filter_map(|one| Some((quoted(one.name.as_ref()?), &one.rtype)));
    let members = nodes.iter().flat_map(|node| crate::engine::targets::at(&state.view.catalog, node));
    let addresses: Vec<String> = members.map(|member| member.target.address.to_string()).collect();
    let lines = |lines: Vec<String>| lines.join("\n");
    let mut forms = vec![
        ("name", lines(subjects.iter().filter_map(|one| one.name.clone()).collect())),
        ("address", lines(addresses.clone())),
        (
            "dig",
            lines(named().map(|(name, rtype)| format!("dig +norecurse {name} {rtype} @{server}")).collect()),
        ),
        (
            "sixpane",
            lines(named().map(|(name, rtype)| format!("sixpane dig {conf}{name} {rtype}")).collect()),
        ),
        ("ping6", lines(addresses.iter().map(|address| format!("ping6 {address}")).collect())),
    ];
    if !addresses.is_empty() {
        forms.push(("sixpane-ping", format!("sixpane ping {conf}{}", addresses.join(" "))));
    }
    forms.retain(|(_, text)| !text.is_empty());
    forms.extend(tables(&Sheet::of(state)));
    forms
}

/// The conf as the first argument of a command, where there is a file.
fn conf(state: &State) -> String {
    let conf = state.profile.path.as_ref().map(|path| Safe::new(path.as_os_str().as_encoded_bytes()));
    conf.map(|conf| format!("{} ", quoted(conf.as_str()))).unwrap_or_default()
}

/// Copies `text`, which is `what`, or says that it is too long.
pub fn put(state: &mut State, what: &str, text: String, effects: &mut Vec<Effect>) {
    if text.len() > LONGEST {
        let kb = text.len().div_ceil(1000);
        let text = format!("the {what} is {kb} KB, and terminals take 74: {{export}} writes it to a file");
        return state.say(state.keyed(&text));
    }
    let lines = text.lines().count();
    state.say(match lines {
        0 | 1 => format!("copied the {what} {}", text.replace('\t', "  ")),
        _ => format!("copied the {what}, {lines} lines"),
    });
    effects.push(Effect::Copy(text));
}

/// What is selected, as commands name it.
struct Subject {
    name: Option<String>,
    rtype: String,
    address: Option<Ipv6Addr>,
}

fn subject(state: &State) -> Subject {
    let node = match state.tab {
        Tab::Explore => state.tree.selected().cloned(),
        Tab::Ping => state.pinged_node(),
        Tab::Events => state.chosen_event().and_then(|event| state.node_of(&event.change)),
        Tab::Dig | Tab::Doctor => None,
    };
    let of_node = node.map(|node| of_node(state, &node));
    match state.tab {
        Tab::Dig => {
            let entry = state.dig.entry();
            let question = entry.and_then(|entry| Some(&entry.line.asks.first()?.question));
            let answered = entry.and_then(|entry| entry.answered.as_ref()?.exchanges.as_ref().ok());
            let address = answered.into_iter().flatten().find_map(|exchange| {
                let answers = &exchange.result.as_ref().ok()?.message.answers;
                answers.iter().find_map(|record| match &record.data {
                    RData::AAAA(address) => Some(address.0),
                    _ => None,
                })
            });
            Subject {
                name: question.map(|question| names::show(&question.name)),
                rtype: question.map_or_else(String::new, |question| type_word(question.rtype.into())),
                address,
            }
        }
        Tab::Ping if of_node.is_none() => {
            Subject { name: None, rtype: String::new(), address: state.chosen_address() }
        }
        _ => of_node.unwrap_or(Subject { name: None, rtype: String::new(), address: None }),
    }
}

fn of_node(state: &State, node: &Node) -> Subject {
    let (form, address) = (node.form(), node.address(&state.view.catalog));
    Subject { rtype: type_word(form.record_type().into()), name: Some(form.to_string()), address }
}
