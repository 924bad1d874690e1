//! The forms in which a selection is copied.

use std::net::Ipv6Addr;

use super::sheet::Sheet;
use super::{Effect, Out, State};
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::dig::types::type_word;
use crate::text::Safe;
use crate::text::escape::{dns_operand, path_operand};

/// Largest clipboard write that terminals accept, in bytes (OSC 52: 100,000 in base64, less the frame).
pub const LONGEST: usize = 74_000;

/// The names of the selection for use in commands.
#[derive(Debug, Default)]
pub struct Named {
    pub name: Option<String>,
    /// Record type to query for that name.
    pub rtype: String,
    pub address: Option<Ipv6Addr>,
}

impl Named {
    /// The names of a place in the tree.
    pub fn of(node: &Node, catalog: &Catalog) -> Self {
        let form = node.form();
        let rtype = type_word(form.record_type().into());
        Self { name: Some(form.to_string()), rtype, address: node.address(catalog) }
    }
}

/// All forms of one selected item and of its table, as pairs of a form's name and its text.
pub fn forms(state: &State, selected: Named, sheet: &Sheet) -> Vec<(&'static str, String)> {
    let Named { name, rtype, address } = selected;
    let server = state.networks.front().identity.dns.addr;
    let conf = conf(state);
    let mut forms = Vec::new();
    let address = address.map(|address| address.to_string());
    forms.extend(name.clone().map(|name| ("name", name)));
    forms.extend(address.clone().map(|address| ("address", address)));
    if let Some(name) = &name {
        let name = dns_operand(name);
        forms.push(("dig", format!("dig +norecurse {name} {rtype} @{server}")));
        forms.push(("sixpane", format!("sixpane dig {conf}{name} {rtype}")));
    }
    if let Some(address) = &address {
        forms.push(("ping6", format!("ping6 {address}")));
        forms.push(("sixpane-ping", format!("sixpane ping {conf}{address}")));
    }
    forms.extend(sheet.row().map(|row| ("row", row)));
    forms.extend(tables(sheet));
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

/// The same for several places, one line each. Addresses are those of all machines at and below the places.
pub fn forms_of_all(state: &State, nodes: &[Node], sheet: &Sheet) -> Vec<(&'static str, String)> {
    let catalog = &state.networks.front().shown.catalog;
    let server = state.networks.front().identity.dns.addr;
    let conf = conf(state);
    let all: Vec<Named> = nodes.iter().map(|node| Named::of(node, catalog)).collect();
    let named = || all.iter().filter_map(|one| Some((dns_operand(one.name.as_ref()?), &one.rtype)));
    let members = nodes.iter().flat_map(|node| node.members(catalog));
    let addresses: Vec<String> = members.filter_map(|member| Some(member.address?.to_string())).collect();
    let lines = |lines: Vec<String>| lines.join("\n");
    let mut forms = vec![
        ("name", lines(all.iter().filter_map(|one| one.name.clone()).collect())),
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
    forms.extend(tables(sheet));
    forms
}

/// The conf as the first argument of a command, if there is a file.
fn conf(state: &State) -> String {
    let conf = state
        .networks
        .front()
        .identity
        .path
        .as_ref()
        .map(|path| Safe::new(path.as_os_str().as_encoded_bytes()));
    conf.map(|conf| format!("{} ", path_operand(conf.as_str()))).unwrap_or_default()
}

/// Copies `text`, or reports that it is too long; `what` is the name of its form.
pub fn put(state: &mut State, what: &str, text: String, out: &mut Out) {
    if text.len() > LONGEST {
        let kb = text.len().div_ceil(1000);
        let text = format!("The {what} is {kb} KB; terminals accept 74 KB. {{export}} writes it to a file");
        return state.say(state.keyed(&text));
    }
    let lines = text.lines().count();
    state.say(match lines {
        0 | 1 => format!("Copied the {what} {}", text.replace('\t', "  ")),
        _ => format!("Copied the {what}, {lines} lines"),
    });
    out.push(Effect::Copy(text));
}

#[cfg(test)]
mod tests;
