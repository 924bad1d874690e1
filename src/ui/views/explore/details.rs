//! Details of the selected row: facts, names with their responses, and the records that list it.

use std::net::Ipv6Addr;
use std::time::Instant;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::address::{Anatomy, pair};
use crate::app::State;
use crate::app::views::explore::Pane;
use crate::catalog::place::Node;
use crate::catalog::{Conflict, Method, Record};
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::engine::report::{Detail, NameRow};
use crate::text::{Safe, age, count, fit, ms, width};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::below;
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let focused = state.views.explore.focus == Pane::Detail;
    let details = Details { state, theme, columns: area.width.into(), lines: Vec::new() };
    let (title, end, lines, scroll) = match state.views.explore.tree.selected() {
        None => ("Network".into(), String::new(), details.network(), 0),
        Some(node) => {
            let (title, end, lines) = details.of(node);
            let scroll = usize::from(state.views.explore.scroll).min(lines.len().saturating_sub(1));
            (fit(&title, 60), end, lines, scroll)
        }
    };
    canvas.rule(area, &title, focused, &end);
    canvas.lines(below(area, 1), lines.into_iter().skip(scroll));
}

/// Title of the pane, text at the end of its rule, and its lines.
type Shown = (String, String, Vec<Line<'static>>);

/// Builds the lines of the pane.
struct Details<'a> {
    state: &'a State,
    theme: Theme,
    columns: usize,
    lines: Vec<Line<'static>>,
}

impl Details<'_> {
    /// Adds `label` in its column, then `value`.
    fn fact(&mut self, label: &str, value: impl Into<String>) {
        let line = Line::default()
            .add(format!("  {label}"), self.theme.style(Role::Dim))
            .to(12)
            .add(value.into(), self.theme.style(Role::Plain));
        self.lines.push(line);
    }

    fn network(mut self) -> Vec<Line<'static>> {
        let profile = &self.state.networks.front().identity;
        let derived = if profile.dns.derived { "  derived from the address" } else { "" };
        self.fact("Conf", profile.name.clone());
        self.fact("Address", profile.address().to_string());
        self.fact("Network", profile.network().to_string());
        self.fact("DNS", format!("{}{derived}", profile.dns.addr));
        self.fact("Endpoint", profile.endpoint.clone());
        for note in &profile.notes {
            self.fact("Note", note.text.clone());
        }
        self.lines
    }

    fn of(self, node: &Node) -> Shown {
        match node {
            Node::Machine(app, id) => self.machine(node, app, id),
            Node::App(name) => self.app(node, name),
            Node::Region(app, region) => self.region(node, app, region.as_ref()),
            Node::Peers => self.peers(node),
            Node::Peer(name) => self.peer(node, name),
        }
    }

    /// Age of the facts, while the link is down.
    fn seen(&self, at: Option<Instant>) -> String {
        let at = at.filter(|_| !self.state.is_up());
        at.map(|at| format!("seen {} ago", age(self.state.now.saturating_duration_since(at))))
            .unwrap_or_default()
    }

    fn machine(mut self, node: &Node, app: &Safe, id: &Safe) -> Shown {
        let catalog = &self.state.networks.front().shown.catalog;
        let title = format!("Machine {id}");
        let Some(machine) = catalog.machine(app, id) else {
            self.fact("", "No longer in DNS: it was stopped or destroyed, or its app was deleted.");
            return (title, "gone".into(), self.lines);
        };
        let region = machine.region.as_ref().map_or("–", Safe::as_str);
        let group = self.detail(node).and_then(|detail| detail.group.as_ref());
        let group = group.map(|group| format!("   Group {group}")).unwrap_or_default();
        self.fact("App", format!("{app}   Region {region}{group}"));
        self.address(machine.address);
        self.names(node, machine.address);
        self.said_by(machine.said_by.iter(), app, Some(id));
        if let Some(at) = catalog.apps.get(app).and_then(|entry| catalog.stale(entry, machine)) {
            let age = age(self.state.now.saturating_duration_since(at));
            let why = catalog.why_stale(app.as_str()).unwrap_or_default();
            let warn = self.theme.style(Role::Warn);
            let line = Line::default().add("  Outdated", warn).to(12);
            self.lines.push(line.add(format!("last listed {age} ago; {why}"), warn));
        }
        for (key, value) in &machine.extra {
            self.fact("Also", format!("{key}={value}"));
        }
        (title, self.seen(machine.seen), self.lines)
    }

    fn app(mut self, node: &Node, name: &Safe) -> Shown {
        let title = format!("App {name}");
        let Some(app) = self.state.networks.front().shown.catalog.apps.get(name) else {
            return (title, "gone".into(), self.lines);
        };
        if app.machines.is_empty() {
            let why = if app.complete {
                "No started machines. Stopped ones are not in DNS."
            } else {
                "Its machines are not known yet."
            };
            self.fact("Machines", why);
        } else {
            let regions = self.state.views.explore.tree.regions();
            let list: Vec<String> =
                regions.map(|(region, n)| format!("{} {n}", region.map_or("?", Safe::as_str))).collect();
            self.fact("Machines", app.machines.len().to_string());
            self.fact("Regions", list.join(" · "));
        }
        if !app.flycast.is_empty() {
            let list: Vec<String> = app.flycast.iter().map(Ipv6Addr::to_string).collect();
            self.fact("Flycast", list.join(" "));
        }
        self.names(node, None);
        self.said_by(app.said_by.iter(), name, None);
        (title, self.seen(app.seen), self.lines)
    }

    fn region(mut self, node: &Node, app: &Safe, region: Option<&Safe>) -> Shown {
        let n =
            self.state.views.explore.tree.regions().find(|(name, _)| *name == region).map_or(0, |(_, n)| n);
        self.fact("App", app.as_str());
        self.fact("Machines", n.to_string());
        self.names(node, None);
        let label = region.map_or("no region", Safe::as_str);
        (format!("Region {label}"), String::new(), self.lines)
    }

    fn peers(mut self, node: &Node) -> Shown {
        let peers = &self.state.networks.front().shown.catalog.peers;
        self.fact("Peers", count(peers.len(), "named peer"));
        let own = self.state.networks.front().identity.address();
        let listed = peers.values().any(|peer| peer.address == Some(own));
        let text = if listed { "yes" } else { "not listed: names that begin with interactive- are left out" };
        self.fact("This one", format!("{own}  {text}"));
        self.names(node, None);
        ("WireGuard peers".into(), String::new(), self.lines)
    }

    fn peer(mut self, node: &Node, name: &Safe) -> Shown {
        let address = self.state.networks.front().shown.catalog.peers.get(name).and_then(|peer| peer.address);
        if address == Some(self.state.networks.front().identity.address()) {
            self.fact("Note", "the peer of this conf");
        }
        self.address(address);
        self.names(node, address);
        (format!("Peer {name}"), String::new(), self.lines)
    }

    fn detail(&self, node: &Node) -> Option<&Detail> {
        self.state.networks.front().shown.detail.as_deref().filter(|detail| detail.node == *node)
    }

    /// Adds the address with its parts below it (reference document, "6PN addresses in detail").
    fn address(&mut self, address: Option<Ipv6Addr>) {
        let Some(address) = address else {
            return self.fact("Address", "– (in no record)");
        };
        self.fact("Address", address.to_string());
        if let Some(a) = Anatomy::of(address) {
            let (network, host, machine) = (pair(a.network), pair(a.host), pair(a.machine));
            let words = format!("net {network} · host {host} · machine {machine} · free {:x}", a.free);
            let dim = self.theme.style(Role::Dim);
            self.lines.push(if 12 + width(&words) <= self.columns {
                Line::default().to(12).add(words, dim)
            } else {
                Line::default().to(2).add(format!("net {network} · host {host} · mach {machine}"), dim)
            });
        }
    }

    /// Adds the table of names. If it does not fit, the columns at its right are dropped.
    fn names(&mut self, node: &Node, own: Option<Ipv6Addr>) {
        let Some(detail) = self.detail(node) else { return };
        let (theme, columns) = (self.theme, self.columns);
        let dim = theme.style(Role::Dim);
        let short = |row: &NameRow| row.name.trim_end_matches(".internal").to_owned();
        let longest = detail.names.iter().map(|row| width(&short(row))).max().unwrap_or(4);
        let answer_at = (longest + 4).min(columns.saturating_sub(26)).max(10);
        let time_at = columns.saturating_sub(9);
        let header = Line::default().add("  NAME", dim).to(answer_at).add("ANSWER", dim);
        let mut lines = vec![Line::default(), header.to(time_at + 3).add("TIME", dim)];
        for row in &detail.names {
            let name = fit(&short(row), answer_at.saturating_sub(4));
            let text = Line::default().add(format!("  {name}"), theme.style(Role::Plain)).to(answer_at);
            lines.push(match &row.answer {
                None => text.add("…", dim),
                Some(answer) => {
                    let (words, role) = answer_words(answer, own);
                    let time = answer.rtt.map(|rtt| format!("{} ms", ms(rtt))).unwrap_or_default();
                    let words = fit(&words, time_at.saturating_sub(answer_at + 1));
                    let time_at = columns.saturating_sub(1).saturating_sub(width(&time));
                    text.add(words, theme.style(role)).to(time_at).add(time, dim)
                }
            });
        }
        self.lines.extend(lines);
    }

    /// Adds the records that list the row, and their conflicts.
    fn said_by(&mut self, records: impl Iterator<Item = Record>, app: &Safe, id: Option<&Safe>) {
        let list: Vec<&str> = records.map(Record::as_str).collect();
        self.lines.push(Line::default());
        if !list.is_empty() {
            self.fact("Listed in", list.join(", "));
        }
        let catalog = &self.state.networks.front().shown.catalog;
        let about = |c: &&Conflict| c.app == *app && (id.is_none() || c.machine.as_ref() == id);
        for conflict in catalog.conflicts.iter().filter(about).take(4) {
            let text = format!("  ▲ {}", conflict.text);
            self.lines.push(Line::default().add(text, self.theme.style(Role::Warn)));
        }
        if let Method::PerApp(why) = &catalog.walk.method {
            self.fact("Walked", format!("app by app: {why}"));
        }
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
