//! The Answer form as rows: the records of a response, the owners of their addresses, notes, and links.

use std::collections::{HashMap, HashSet};
use std::net::Ipv6Addr;
use std::time::Duration;

use hickory_proto::rr::Name;

use super::Entry;
use crate::app::network::Shown;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::dig::line::Ask;
use crate::dns::dig::lists::{self, Listed};
use crate::dns::dig::options::Show;
use crate::dns::dig::types::type_word;
use crate::dns::dig::wire::{ANSWER, Parts, Row as Record};
use crate::dns::dig::{compare, notes, rdata, suggest};
use crate::dns::exchange::{Answer, Exchange, Try, TryEnd};
use crate::dns::names::{self, Form};
use crate::dns::outcome::Outcome;
use crate::engine::targets::{TargetSpec, at};
use crate::probe::series::Sample;
use crate::text::{Safe, count, ms};

/// The destination of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A name that is not a known name of this network.
    Name(Name),
    Address(Ipv6Addr),
    /// A place in the tree.
    Node(Node),
    /// A complete dig line.
    Line(String),
}

impl Link {
    /// The dig line for it.
    pub fn line(&self, catalog: &Catalog) -> String {
        match self {
            Self::Name(name) => word(name),
            Self::Address(address) => match Node::at(*address, catalog) {
                Some(node) => Self::Node(node).line(catalog),
                None => format!("-x {address}"),
            },
            Self::Node(node) => node.form().to_string(),
            Self::Line(line) => line.clone(),
        }
    }

    /// Its place in the tree.
    pub fn node(&self, catalog: &Catalog) -> Option<Node> {
        match self {
            Self::Name(name) => Node::about(&Form::parse(name)?, catalog),
            Self::Address(address) => Node::at(*address, catalog),
            Self::Node(node) => node.exists(catalog).then(|| node.clone()),
            Self::Line(line) => {
                let form = Form::parse(&crate::dns::dig::name::parse(line).ok()?)?;
                Node::about(&form, catalog)
            }
        }
    }

    /// The ping target, if an address is known.
    pub fn spec(&self, catalog: &Catalog) -> Option<TargetSpec> {
        match (self, self.node(catalog)) {
            (_, Some(node)) => (!at(catalog, &node).is_empty()).then_some(TargetSpec::Node(node)),
            (Self::Address(address), None) => Some(TargetSpec::Address(*address)),
            _ => None,
        }
    }

    /// The text to copy: its kind and the text.
    pub fn text(&self, catalog: &Catalog) -> (&'static str, String) {
        match self {
            Self::Address(address) => ("address", address.to_string()),
            Self::Node(Node::Machine(_, id)) => ("machine ID", id.to_string()),
            other => ("name", other.line(catalog)),
        }
    }
}

/// `name` as a word of a dig line.
fn word(name: &Name) -> String {
    let shown = names::show(name);
    // A single label would be read as a name of this network.
    let bare = if name.num_labels() > 1 { shown.trim_end_matches('.') } else { &shown };
    if bare.starts_with(['-', '+']) { format!("-q {bare}") } else { bare.to_owned() }
}

/// The style of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Dim,
    Plain,
    Accent,
    Ok,
    /// Result with a problem.
    Warn,
    Bad,
}

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Text, safe to show.
    pub text: String,
    pub tone: Tone,
    pub link: Option<Link>,
    /// Whether it is shortened if the row is too long.
    pub long: bool,
    /// Minimum width in columns, if there is space, so that the following pieces are aligned.
    pub to: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Pieces from left to right.
    pub pieces: Vec<Piece>,
    /// The label, if the row is prose and is wrapped.
    pub prose: Option<&'static str>,
}

impl Row {
    fn add(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.pieces.push(Piece { text: text.into(), tone, link: None, long: false, to: 0 });
        self
    }

    fn link(mut self, text: impl Into<String>, tone: Tone, link: Link) -> Self {
        self.pieces.push(Piece { text: text.into(), tone, link: Some(link), long: false, to: 0 });
        self
    }

    fn prose(label: &'static str, text: String, link: Option<Link>) -> Self {
        Self { pieces: vec![Piece { text, tone: Tone::Plain, link, long: true, to: 0 }], prose: Some(label) }
    }

    /// Links in the row.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.pieces.iter().filter_map(|piece| piece.link.as_ref())
    }
}

/// Column widths common to all addresses of a response.
struct Columns {
    /// Width of the longest address.
    address: usize,
    /// Whether the RTT to any address is known.
    rtt: bool,
}

/// The context for building rows.
struct Maker<'a> {
    view: &'a Shown,
    owners: HashMap<Ipv6Addr, Node>,
}

/// Owners of the addresses in some responses, found in one pass over the catalog.
fn owners(exchanges: &[Exchange], catalog: &Catalog) -> HashMap<Ipv6Addr, Node> {
    let wanted: HashSet<Ipv6Addr> = exchanges.iter().flat_map(Exchange::addresses).collect();
    if wanted.is_empty() {
        return HashMap::new();
    }
    let machines = catalog.apps.iter().flat_map(|(app, entry)| {
        let node = move |id: &Safe| Node::Machine(app.clone(), id.clone());
        entry.machines.iter().filter_map(move |(id, machine)| Some((machine.address?, id, node)))
    });
    let mut owners: HashMap<Ipv6Addr, Node> = machines
        .filter(|(address, ..)| wanted.contains(address))
        .map(|(address, id, node)| (address, node(id)))
        .collect();
    let peers = catalog.peers.iter().filter_map(|(name, peer)| Some((peer.address?, name)));
    owners.extend(
        peers
            .filter(|(address, _)| wanted.contains(address))
            .map(|(address, name)| (address, Node::Peer(name.clone()))),
    );
    owners
}

/// All rows for the responses of `entry`.
pub fn rows(entry: &Entry, exchanges: &[Exchange], view: &Shown) -> Vec<Row> {
    let servers = entry.line.servers.len().max(1);
    let maker = Maker { view, owners: owners(exchanges, &view.catalog) };
    let mut rows = Vec::new();
    for (ask, exchanges) in entry.line.asks.iter().zip(exchanges.chunks(servers)) {
        if !rows.is_empty() {
            rows.push(Row::default());
        }
        for (n, exchange) in exchanges.iter().enumerate() {
            if n > 0 {
                rows.push(Row::default());
            }
            maker.one(ask, exchange, &entry.line.show, &mut rows);
        }
        compared(ask, exchanges, &mut rows);
    }
    rows
}

/// Differences of the servers' responses from the first.
fn compared(ask: &Ask, exchanges: &[Exchange], rows: &mut Vec<Row>) {
    let Some((first, others)) = exchanges.split_first() else { return };
    for other in others {
        let found = compare::differences(ask.form.as_ref(), first, other);
        rows.push(Row::default());
        let title = format!("  {} against {}: ", other.server.ip(), first.server.ip());
        let row = Row::default().add(title, Tone::Dim);
        rows.push(match found.len() {
            0 => row.add("the same", Tone::Ok),
            n => row.add(count(n, "difference"), Tone::Warn),
        });
        rows.extend(found.iter().map(change));
    }
}

/// A row for a difference.
pub fn change(difference: &compare::Difference) -> Row {
    let tone = match difference {
        compare::Difference::Added(_) => Tone::Ok,
        compare::Difference::Removed(_) => Tone::Bad,
        _ => Tone::Warn,
    };
    Row::default().add(format!("    {difference}"), tone)
}

impl Maker<'_> {
    fn one(&self, ask: &Ask, exchange: &Exchange, show: &Show, rows: &mut Vec<Row>) {
        let view = self.view;
        match &exchange.result {
            Err(failure) => {
                // The server is a link, so that one key pings it.
                let server = *exchange.server.ip();
                let row = Row::default().add(format!("  {failure}"), Tone::Bad).add("  server: ", Tone::Dim);
                rows.push(row.link(server.to_string(), Tone::Plain, Link::Address(server)));
            }
            Ok(answer) => self.answered(ask, exchange, answer, rows),
        }
        if exchange.result.is_err() || exchange.tries.len() > 1 {
            rows.extend(exchange.tries.iter().map(attempt));
        }
        let rtt = |address| newest(view, address);
        let explained = show.explain != Some(false);
        let mut all = if explained { notes::of(ask, exchange) } else { Vec::new() };
        if show.nearest {
            let measured = notes::order(exchange, &rtt);
            let several = exchange.addresses().len() > 1;
            all.extend(
                measured.or_else(|| {
                    several.then(|| "the addresses are pinged while this response is shown".into())
                }),
            );
        } else if explained {
            all.extend(notes::nearest(ask, exchange, &rtt));
        }
        for note in all {
            rows.push(Row::default());
            rows.push(Row::prose("Note", note, None));
        }
        if !explained || !notes::is_negative(exchange) {
            return;
        }
        let catalog = &self.view.catalog;
        let found = match &ask.form {
            Some(form) => suggest::of(form, &spelt(Some(form), catalog)),
            None => suggest::inside(&ask.question.name, &spelt(None, catalog)).into_iter().collect(),
        };
        for (n, form) in found.iter().enumerate() {
            let text = form.to_string();
            rows.push(Row::prose(if n == 0 { "Try" } else { "or" }, text.clone(), Some(Link::Line(text))));
        }
    }

    fn answered(&self, ask: &Ask, exchange: &Exchange, answer: &Answer, rows: &mut Vec<Row>) {
        let Some(parts) = Parts::of(&answer.wire) else { return };
        let outcome = exchange.outcome();
        let tone = match outcome {
            Outcome::NOERROR => Tone::Ok,
            Outcome::NXDOMAIN => Tone::Warn,
            _ => Tone::Bad,
        };
        let records = &parts.sections[ANSWER];
        let truncated = exchange.tries.iter().any(|attempt| matches!(attempt.end, TryEnd::Truncated(_)));
        let over = format!("{}{}", if truncated { "UDP cut → " } else { "" }, answer.transport.as_str());
        let head = format!(
            "  {}  {} ms  {} over {over}  {} B",
            count(records.len(), "answer"),
            ms(answer.rtt),
            exchange.server.ip(),
            answer.wire.len()
        );
        rows.push(Row::default().add(format!("  {outcome}"), tone).add(head, Tone::Dim));
        if !parts.whole {
            rows.push(
                Row::default().add("  the message is truncated: only these records could be read", Tone::Bad),
            );
        }
        let addresses = exchange.addresses();
        let columns = Columns {
            address: addresses.iter().map(|address| address.to_string().len()).max().unwrap_or(0),
            rtt: addresses.iter().any(|address| newest(self.view, *address).is_some()),
        };
        for row in records {
            rows.push(self.record(&parts, row, &ask.question.name, &columns));
        }
        rows.extend(lists::entries(ask.form.as_ref(), exchange).into_iter().map(|entry| listed(entry, ask)));
    }

    fn record(&self, parts: &Parts<'_>, record: &Record, asked: &Name, columns: &Columns) -> Row {
        let rtype = type_word(record.rtype);
        let mut row = Row::default().add(format!("  {rtype:<6}{:>4}  ", record.ttl), Tone::Dim);
        if record.owner != *asked {
            row = row
                .link(names::show(&record.owner), Tone::Dim, Link::Name(record.owner.clone()))
                .add("  ", Tone::Dim);
        }
        let words = rdata::words(parts.wire, &record.rdata, record.rtype, record.class);
        let Some(words) = words else {
            let data = rdata::show(parts.wire, &record.rdata, record.rtype, record.class);
            row.pieces.push(Piece { text: data, tone: Tone::Plain, link: None, long: true, to: 0 });
            return row;
        };
        let mut whose = None;
        for word in words.into_iter().filter(|word| !word.text.is_empty()) {
            let address = word.text.parse::<Ipv6Addr>().ok();
            whose = whose.or_else(|| self.owners.get(&address?));
            let rtt = address.and_then(|address| newest(self.view, address));
            let link = word.name.map(Link::Name).or(address.map(Link::Address));
            let to = address.map_or(0, |_| columns.address);
            row.pieces.push(Piece { text: word.text, tone: Tone::Plain, link, long: true, to });
            row = row.add(" ", Tone::Dim);
            if address.is_some() && columns.rtt {
                let rtt = rtt.map_or_else(|| "–".to_owned(), |rtt| format!("{} ms", ms(rtt)));
                row = row.add(format!(" {rtt:>8} "), Tone::Dim);
            }
        }
        match whose {
            Some(node) => owned(row.add(" ", Tone::Dim), node.clone(), &self.view.catalog),
            None => row,
        }
    }
}

/// Names in the catalog that are similar to `form`.
fn spelt(form: Option<&Form>, catalog: &Catalog) -> suggest::Known {
    let app = form.and_then(Form::app).and_then(|app| catalog.apps.get(app));
    suggest::Known {
        apps: catalog.apps.keys().cloned().collect(),
        peers: catalog.peers.keys().cloned().collect(),
        regions: app.map(|app| app.regions().into_keys().flatten().cloned().collect()).unwrap_or_default(),
        machines: app.map(|app| app.machines.keys().cloned().collect()).unwrap_or_default(),
    }
}

/// The newest RTT to `address`, if it is pinged.
fn newest(view: &Shown, address: Ipv6Addr) -> Option<Duration> {
    let series = view.series(address)?;
    series.recent.iter().rev().copied().find_map(Sample::rtt)
}

/// A row for one attempt: time, transport and result.
pub fn attempt(attempt: &Try) -> Row {
    let Try { sent, transport, end } = attempt;
    let words = format!("  {} at {} ms: {end}", transport.as_str(), ms(*sent));
    Row::default().add(words, Tone::Dim)
}

/// Adds the owner of an address.
fn owned(row: Row, node: Node, catalog: &Catalog) -> Row {
    let Node::Machine(app, id) = node else {
        let name = node.form().to_string();
        let name = name.trim_end_matches("._peer.internal").to_owned();
        return row.link(format!("peer {name}"), Tone::Accent, Link::Node(node));
    };
    let region = catalog.machine(&app, &id).and_then(|machine| machine.region.clone());
    let machine = Link::Node(Node::Machine(app.clone(), id.clone()));
    let row = row.link(format!("{app}/{id}"), Tone::Accent, machine);
    match region {
        Some(region) => {
            let link = Link::Node(Node::Region(app, Some(region.clone())));
            row.add("  ", Tone::Dim).link(region.to_string(), Tone::Accent, link)
        }
        None => row,
    }
}

/// A row for an entry of one of the platform's lists.
fn listed(entry: Listed, ask: &Ask) -> Row {
    let row = Row::default().add("      ", Tone::Dim);
    match entry {
        Listed::App(app) => row.link(app.to_string(), Tone::Plain, Link::Node(Node::App(app))),
        Listed::Peer(peer) => row.link(peer.to_string(), Tone::Plain, Link::Node(Node::Peer(peer))),
        Listed::Region(region, app) => {
            let link = Link::Node(Node::Region(app, Some(region.clone())));
            row.link(region.to_string(), Tone::Plain, link)
        }
        Listed::Machine { app, id, region, address } => {
            let pad = |text: &Safe, columns: usize| {
                " ".repeat(columns.saturating_sub(crate::text::width(text.as_str())).max(1))
            };
            let machine = Link::Node(Node::Machine(app.clone(), id.clone()));
            let mut row = row.link(id.to_string(), Tone::Plain, machine).add(pad(&id, 16), Tone::Dim);
            if matches!(ask.form, Some(Form::Instances)) {
                let link = Link::Node(Node::App(app.clone()));
                row = row.link(app.to_string(), Tone::Plain, link).add(pad(&app, 20), Tone::Dim);
            }
            if let Some(region) = region {
                let link = Link::Node(Node::Region(app, Some(region.clone())));
                row = row.link(region.to_string(), Tone::Plain, link).add(pad(&region, 5), Tone::Dim);
            }
            match address {
                Some(address) => row.link(address.to_string(), Tone::Plain, Link::Address(address)),
                None => row,
            }
        }
    }
}
