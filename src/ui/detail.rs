//! What is told about the selected row: its facts, its names with what each answers, who said so.

use std::net::Ipv6Addr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::parts::{Text, rule};
use super::theme::{Role, Theme};
use crate::address::{Anatomy, pair};
use crate::app::{Pane, State};
use crate::catalog::place::Node;
use crate::catalog::{Method, Record};
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::engine::report::{Detail, NameRow};
use crate::text::{Safe, age, count, fit, ms, width};

/// Draws the pane.
pub fn draw(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let focused = state.focus == Pane::Detail;
    let Some(node) = state.tree.selected() else {
        rule("Network", focused, "", theme, Rect { height: 1, ..area }, buffer);
        paint(network(state, theme), 0, area, buffer);
        return;
    };
    let (title, end, lines) = facts(state, node, theme, usize::from(area.width));
    rule(&fit(&title, 60), focused, &end, theme, Rect { height: 1, ..area }, buffer);
    let scroll = usize::from(state.scroll).min(lines.len().saturating_sub(1));
    paint(lines, scroll, area, buffer);
}

fn paint(lines: Vec<Text<'_>>, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let rows = area.height.saturating_sub(1);
    for (n, line) in lines.into_iter().skip(scroll).take(rows.into()).enumerate() {
        line.paint(Rect { y: area.y + 1 + n as u16, height: 1, ..area }, buffer);
    }
}

/// `label` in its column, then `value`.
fn fact(theme: Theme, label: &str, value: impl Into<String>) -> Text<'static> {
    Text::new()
        .add(format!("  {label}"), theme.style(Role::Dim))
        .to(12)
        .add(value.into(), theme.style(Role::Plain))
}

fn network(state: &State, theme: Theme) -> Vec<Text<'static>> {
    let profile = &state.profile;
    let derived = if profile.dns.derived { "  derived from the address" } else { "" };
    let mut lines = vec![
        fact(theme, "Conf", profile.name.clone()),
        fact(theme, "Address", profile.address().to_string()),
        fact(theme, "Network", profile.network().to_string()),
        fact(theme, "DNS", format!("{}{derived}", profile.dns.addr)),
        fact(theme, "Endpoint", profile.endpoint.clone()),
    ];
    lines.extend(profile.notes.iter().map(|note| fact(theme, "Note", note.text.clone())));
    lines
}

fn facts(state: &State, node: &Node, theme: Theme, columns: usize) -> (String, String, Vec<Text<'static>>) {
    let catalog = &state.view.catalog;
    let seen = |at: Option<std::time::Instant>| {
        at.map(|at| format!("seen {} ago", age(state.now.saturating_duration_since(at)))).unwrap_or_default()
    };
    let end = |at| if state.is_up() { String::new() } else { seen(at) };
    let mut lines = Vec::new();
    match node {
        Node::Machine(app, id) => {
            let Some(machine) = catalog.machine(app, id) else {
                lines.push(fact(
                    theme,
                    "",
                    "It is no longer in DNS: it was stopped, destroyed, or its app is gone.",
                ));
                return (format!("Machine {id}"), "gone".into(), lines);
            };
            let region = machine.region.as_ref().map_or("–", Safe::as_str);
            lines.push(fact(theme, "App", format!("{app}   Region {region}{}", group(state, node))));
            address_lines(machine.address, theme, columns, &mut lines);
            names(state, node, machine.address, theme, columns, &mut lines);
            said_by(machine.said_by.iter(), state, app, Some(id), theme, &mut lines);
            if let Some(at) = catalog.apps.get(app).and_then(|entry| catalog.stale(entry, machine)) {
                let age = age(state.now.saturating_duration_since(at));
                let why = catalog.why_stale(app.as_str()).unwrap_or_default();
                let line = Text::new().add("  Not fresh", theme.style(Role::Warn)).to(12);
                lines.push(line.add(format!("last named {age} ago; {why}"), theme.style(Role::Warn)));
            }
            for (key, value) in &machine.extra {
                lines.push(fact(theme, "Also", format!("{key}={value}")));
            }
            (format!("Machine {id}"), end(machine.seen), lines)
        }
        Node::App(name) => {
            let Some(app) = catalog.apps.get(name) else {
                return (format!("App {name}"), "gone".into(), lines);
            };
            let regions = state.tree.regions();
            let list: Vec<String> =
                regions.map(|(region, n)| format!("{} {n}", region.map_or("?", Safe::as_str))).collect();
            if app.machines.is_empty() {
                let why = if app.complete {
                    "No started Machines. Stopped ones are not in DNS."
                } else {
                    "Its machines are not known yet."
                };
                lines.push(fact(theme, "Machines", why));
            } else {
                lines.push(fact(theme, "Machines", app.machines.len().to_string()));
                lines.push(fact(theme, "Regions", list.join(" · ")));
            }
            if !app.flycast.is_empty() {
                let list: Vec<String> = app.flycast.iter().map(Ipv6Addr::to_string).collect();
                lines.push(fact(theme, "Flycast", list.join(" ")));
            }
            names(state, node, None, theme, columns, &mut lines);
            said_by(app.said_by.iter(), state, name, None, theme, &mut lines);
            (format!("App {name}"), end(app.seen), lines)
        }
        Node::Region(app, region) => {
            let label = region.as_ref().map_or("no region", Safe::as_str);
            let n = state.tree.regions().find(|(name, _)| *name == region.as_ref()).map_or(0, |(_, n)| n);
            lines.push(fact(theme, "App", app.as_str()));
            lines.push(fact(theme, "Machines", n.to_string()));
            names(state, node, None, theme, columns, &mut lines);
            (format!("Region {label}"), String::new(), lines)
        }
        Node::Peers => {
            lines.push(fact(theme, "Peers", count(catalog.peers.len(), "named peer")));
            let own = state.profile.address();
            let listed = catalog.peers.values().any(|peer| peer.address == Some(own));
            let text =
                if listed { "yes" } else { "not listed: names that begin with interactive- are left out" };
            lines.push(fact(theme, "This one", format!("{own}  {text}")));
            names(state, node, None, theme, columns, &mut lines);
            ("WireGuard peers".into(), String::new(), lines)
        }
        Node::Peer(name) => {
            let address = catalog.peers.get(name).and_then(|peer| peer.address);
            if address == Some(state.profile.address()) {
                lines.push(fact(theme, "This is", "the peer of this conf: you"));
            }
            address_lines(address, theme, columns, &mut lines);
            names(state, node, address, theme, columns, &mut lines);
            (format!("Peer {name}"), String::new(), lines)
        }
    }
}

fn detail<'a>(state: &'a State, node: &Node) -> Option<&'a Detail> {
    state.view.detail.as_deref().filter(|detail| detail.node == *node)
}

fn group(state: &State, node: &Node) -> String {
    let group = detail(state, node).and_then(|detail| detail.group.as_ref());
    group.map(|group| format!("   Group {group}")).unwrap_or_default()
}

/// The address with its parts named below it (reference document, "6PN addresses in detail").
fn address_lines(address: Option<Ipv6Addr>, theme: Theme, columns: usize, lines: &mut Vec<Text<'static>>) {
    let Some(address) = address else {
        lines.push(fact(theme, "Address", "– (no record says it)"));
        return;
    };
    lines.push(fact(theme, "Address", address.to_string()));
    if let Some(a) = Anatomy::of(address) {
        let (network, host, machine) = (pair(a.network), pair(a.host), pair(a.machine));
        let words = format!("net {network} · host {host} · machine {machine} · free {:x}", a.free);
        let dim = theme.style(Role::Dim);
        lines.push(if 12 + width(&words) <= columns {
            Text::new().to(12).add(&words, dim)
        } else {
            Text::new().to(2).add(format!("net {network} · host {host} · mach {machine}"), dim)
        });
    }
}

/// The table of names. What does not fit loses the columns at its right.
fn names(
    state: &State,
    node: &Node,
    own: Option<Ipv6Addr>,
    theme: Theme,
    columns: usize,
    lines: &mut Vec<Text<'static>>,
) {
    let Some(detail) = detail(state, node) else { return };
    let dim = theme.style(Role::Dim);
    let short = |row: &NameRow| row.name.trim_end_matches(".internal").to_owned();
    let longest = detail.names.iter().map(|row| width(&short(row))).max().unwrap_or(4);
    let answer_at = (longest + 4).min(columns.saturating_sub(26)).max(10);
    let time_at = columns.saturating_sub(9);
    lines.push(Text::new());
    lines.push(
        Text::new().add("  NAME", dim).to(answer_at).add("ANSWER", dim).to(time_at + 3).add("TIME", dim),
    );
    for row in &detail.names {
        let name = fit(&short(row), answer_at.saturating_sub(4));
        let text = Text::new().add(format!("  {name}"), theme.style(Role::Plain)).to(answer_at);
        lines.push(match &row.answer {
            None => text.add("…", dim),
            Some(answer) => {
                let (words, role) = answer_words(answer, own);
                let time = answer.rtt.map(|rtt| format!("{} ms", ms(rtt))).unwrap_or_default();
                let words = fit(&words, time_at.saturating_sub(answer_at + 1));
                text.add(&words, theme.style(role))
                    .to((columns.saturating_sub(1)).saturating_sub(width(&time)))
                    .add(time, dim)
            }
        });
    }
}

fn answer_words(answer: &Lookup, own: Option<Ipv6Addr>) -> (String, Role) {
    let n = answer.addresses.len();
    let rank = own.and_then(|own| answer.addresses.iter().position(|address| *address == own));
    match (answer.outcome, rank) {
        (Outcome::NOERROR, Some(_)) if n == 1 => ("this".into(), Role::Ok),
        (Outcome::NOERROR, Some(rank)) => (format!("this, {} of {n}", rank + 1), Role::Plain),
        (Outcome::NOERROR, None) if n == 1 => {
            (answer.addresses.first().map(Ipv6Addr::to_string).unwrap_or_default(), Role::Plain)
        }
        (Outcome::NOERROR, None) if n > 1 => (format!("{n} addresses"), Role::Plain),
        (Outcome::NOERROR, None) if !answer.entries.is_empty() => {
            let list: Vec<&str> = answer.entries.iter().map(Safe::as_str).collect();
            (list.join(" "), Role::Plain)
        }
        (Outcome::NOERROR, None) => ("nothing".into(), Role::Dim),
        (Outcome::NXDOMAIN, _) => ("no such name".into(), Role::Dim),
        (outcome, _) => (outcome.to_string(), Role::Warn),
    }
}

/// Which records say so, and where they disagree.
fn said_by(
    records: impl Iterator<Item = Record>,
    state: &State,
    app: &Safe,
    id: Option<&Safe>,
    theme: Theme,
    lines: &mut Vec<Text<'static>>,
) {
    let list: Vec<&str> = records.map(Record::as_str).collect();
    lines.push(Text::new());
    if !list.is_empty() {
        lines.push(fact(theme, "Said by", list.join(", ")));
    }
    let catalog = &state.view.catalog;
    let about = |c: &&crate::catalog::Conflict| c.app == *app && (id.is_none() || c.machine.as_ref() == id);
    for conflict in catalog.conflicts.iter().filter(about).take(4) {
        let text = format!("  ▲ {}", conflict.text);
        lines.push(Text::new().add(&text, theme.style(Role::Warn)));
    }
    if let Method::PerApp(why) = &catalog.walk.method {
        lines.push(fact(theme, "Walked", format!("app by app: {why}")));
    }
}
