//! What a view shows, as rows and columns: the one source of what is copied, exported and shown as plain text.

use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Pane, State, Tab, marked};
use crate::catalog::Machine;
use crate::catalog::place::Node;
use crate::dns::dig::rdata;
use crate::dns::dig::types::{class_word, type_word};
use crate::dns::dig::wire::{ANSWER, Parts};
use crate::dns::names;
use crate::probe::figures::{COUNTS, TIMES};
use crate::probe::series::Series;
use crate::text::{Safe, width};

/// What is not known.
const UNKNOWN: &str = "–";

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// What it is of: `explore`, `ping` …
    pub name: &'static str,
    /// The columns, as JSON calls them: `rtt_ms`.
    pub columns: Vec<&'static str>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// The row that is selected.
    pub chosen: Option<usize>,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, fit to show.
    Text(String),
    /// A number; milliseconds and percent with their fractions.
    Number(f64),
    /// Nobody knows, or it does not apply.
    Unknown,
}

impl Cell {
    fn show(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
            Self::Number(number) => format!("{number:.3}"),
            Self::Unknown => UNKNOWN.into(),
        }
    }
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn maybe<T: ToString>(value: Option<T>) -> Cell {
    value.map_or(Cell::Unknown, |value| Cell::Text(value.to_string()))
}

/// To the microsecond.
fn millis(time: Option<Duration>) -> Cell {
    time.map_or(Cell::Unknown, |time| Cell::Number((time.as_secs_f64() * 1e6).round() / 1e3))
}

impl Sheet {
    /// What the view on the screen shows, filtered and sorted as it is there.
    pub fn of(state: &State) -> Self {
        match (state.tab, state.focus) {
            (Tab::Explore, Pane::Tree) => explore(state),
            (Tab::Explore, Pane::Detail) => detail(state),
            (Tab::Dig, _) => dig(state),
            (Tab::Ping, _) => ping(state),
            (Tab::Doctor, _) => doctor(state),
            (Tab::Events, _) => events(state),
        }
    }

    /// With headings, in columns; numbers to the right.
    pub fn to_text(&self) -> String {
        let shown: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::show).collect()).collect();
        let heading = |name: &str| name.to_uppercase().replace('_', " ");
        let columns: Vec<(usize, bool)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let cells = shown.iter().filter_map(|row| row.get(n)).map(|cell| width(cell));
                let number = self.rows.iter().any(|row| matches!(row.get(n), Some(Cell::Number(_))));
                (cells.chain([width(name)]).max().unwrap_or(0), number)
            })
            .collect();
        let headings: Vec<String> = self.columns.iter().map(|name| heading(name)).collect();
        let mut out = String::new();
        for row in std::iter::once(&headings).chain(&shown) {
            let mut line = String::new();
            for (cell, (columns, number)) in row.iter().zip(&columns) {
                let gap = " ".repeat(columns.saturating_sub(width(cell)));
                let _ = if *number { write!(line, "{gap}{cell}  ") } else { write!(line, "{cell}{gap}  ") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The selected row, its cells apart by tabs.
    pub fn row(&self) -> Option<String> {
        let row = self.rows.get(self.chosen?)?;
        Some(row.iter().map(Cell::show).collect::<Vec<_>>().join("\t"))
    }

    /// Comma-separated values with a heading (RFC 4180, but for lines that end as on this machine).
    pub fn to_csv(&self) -> String {
        let quoted = |cell: &str| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.to_owned()
            }
        };
        let mut out = format!("{}\n", self.columns.join(","));
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .map(|cell| if *cell == Cell::Unknown { String::new() } else { quoted(&cell.show()) })
                .collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }

    /// A table of GitHub's Markdown.
    pub fn to_markdown(&self) -> String {
        let numbers = |n| self.rows.iter().any(|row| matches!(row.get(n), Some(Cell::Number(_))));
        let rule: String =
            (0..self.columns.len()).map(|n| if numbers(n) { "---:|" } else { "---|" }).collect();
        let mut out = format!("| {} |\n|{rule}\n", self.columns.join(" | "));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| cell.show().replace('|', "\\|")).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out
    }

    /// For programs: schema `sixpane.sheet/1`; what is not known is null.
    pub fn to_json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let cell = |cell: &Cell| match cell {
                    Cell::Text(text) => json!(text),
                    Cell::Number(number) => json!(number),
                    Cell::Unknown => Value::Null,
                };
                let fields = self.columns.iter().zip(row).map(|(name, one)| ((*name).to_owned(), cell(one)));
                Value::Object(fields.collect::<Map<_, _>>())
            })
            .collect();
        let all = json!({ "schema": "sixpane.sheet/1", "view": self.name, "rows": rows });
        let mut out = serde_json::to_string_pretty(&all).unwrap_or_default();
        out.push('\n');
        out
    }
}

const EXPLORE: &[&str] = &["app", "region", "machine", "address", "rtt_ms", "state"];

/// The tree flat, what is folded too; where rows are marked, what is at and below these: a row for each machine and peer, and for each app without any.
fn explore(state: &State) -> Sheet {
    let catalog = &state.view.catalog;
    let mut rows = Vec::new();
    let mut chosen = None;
    let machine = |app: &Safe, id: &Safe, machine: Option<&Machine>, gone: bool| {
        let address = machine.and_then(|machine| machine.address);
        let series = address.and_then(|address| state.series(address));
        let newest = series.and_then(Series::newest);
        let word = match (gone, state.is_up(), newest) {
            (true, ..) => "gone",
            (false, false, _) => "not fresh",
            (false, true, Some(Some(_))) => "answers",
            (false, true, Some(None)) => "lost",
            (false, true, None) => "listed",
        };
        let region = machine.and_then(|machine| machine.region.as_ref());
        vec![
            text(app.as_str()),
            maybe(region),
            text(id.as_str()),
            maybe(address),
            millis(newest.flatten()),
            text(word),
        ]
    };
    let peer = |name: &Safe| {
        let address = catalog.peers.get(name).and_then(|peer| peer.address);
        vec![text("peers"), Cell::Unknown, text(name.as_str()), maybe(address), Cell::Unknown, text("peer")]
    };
    if state.has_marked() {
        let nodes = state.tree.marked();
        for (name, app) in &catalog.apps {
            let meant = app.machines.iter().filter(|(id, _)| marked::holds(nodes, catalog, name, id));
            rows.extend(meant.map(|(id, one)| machine(name, id, Some(one), false)));
        }
        let all = nodes.contains(&Node::Peers);
        let meant = catalog.peers.keys().filter(|name| all || nodes.contains(&Node::Peer((*name).clone())));
        rows.extend(meant.map(peer));
        return Sheet { name: "explore", columns: EXPLORE.to_vec(), rows, chosen };
    }
    for row in state.tree.rows() {
        if Some(&row.node) == state.tree.selected() {
            chosen = Some(rows.len());
        }
        let folded = row.open == Some(false);
        match &row.node {
            Node::Machine(app, id) => {
                let alive = catalog.machine(app, id);
                let ghost = if row.gone { state.tree.ghost(app, id) } else { None };
                rows.push(machine(app, id, ghost.or(alive), row.gone));
            }
            Node::App(name) if folded || row.open.is_none() => {
                let machines = catalog.apps.get(name).into_iter().flat_map(|app| &app.machines);
                rows.extend(machines.map(|(id, one)| machine(name, id, Some(one), false)));
                if row.open.is_none() {
                    let mut cells = vec![text(name.as_str())];
                    cells.resize(5, Cell::Unknown);
                    cells.push(text("no started machines"));
                    rows.push(cells);
                }
            }
            Node::Region(name, region) if folded => {
                let machines = catalog.apps.get(name).into_iter().flat_map(|app| &app.machines);
                let here = machines.filter(|(_, one)| one.region == *region);
                rows.extend(here.map(|(id, one)| machine(name, id, Some(one), false)));
            }
            Node::Peers if folded => rows.extend(catalog.peers.keys().map(peer)),
            Node::Peer(name) => rows.push(peer(name)),
            Node::App(_) | Node::Region(..) | Node::Peers => {}
        }
    }
    Sheet { name: "explore", columns: EXPLORE.to_vec(), rows, chosen }
}

/// The names of the selected row and what they answered.
fn detail(state: &State) -> Sheet {
    let names = state.view.detail.iter().flat_map(|detail| &detail.names);
    let rows = names
        .map(|name| {
            let answer = name.answer.as_ref();
            let addresses = answer.map(|answer| {
                let addresses = answer.addresses.iter().map(Ipv6Addr::to_string);
                addresses.chain(answer.entries.iter().map(Safe::to_string)).collect::<Vec<_>>().join(" ")
            });
            let word = maybe(answer.map(|answer| answer.outcome.to_string()));
            vec![
                text(&name.name),
                text(name.rtype),
                word,
                maybe(addresses),
                millis(answer.and_then(|a| a.rtt)),
            ]
        })
        .collect();
    Sheet { name: "names", columns: vec!["name", "type", "rcode", "answer", "time_ms"], rows, chosen: None }
}

/// The records of the answers of the entry that is shown.
fn dig(state: &State) -> Sheet {
    let mut rows = Vec::new();
    let exchanges = state.dig.entry().and_then(|entry| entry.answered.as_ref()?.exchanges.as_ref().ok());
    for exchange in exchanges.into_iter().flatten() {
        let server = text(exchange.server.to_string());
        let asked = names::show(&exchange.question.name);
        let parts = exchange.result.as_ref().ok().and_then(|answer| Parts::of(&answer.wire));
        let before = rows.len();
        if let Some(parts) = parts {
            for record in &parts.sections[ANSWER] {
                let data = rdata::show(parts.wire, &record.rdata, record.rtype, record.class);
                rows.push(vec![
                    server.clone(),
                    text(exchange.outcome().to_string()),
                    text(names::show(&record.owner)),
                    Cell::Number(record.ttl.into()),
                    text(class_word(record.class)),
                    text(type_word(record.rtype)),
                    text(data),
                ]);
            }
        }
        if rows.len() == before {
            let rtype = type_word(exchange.question.rtype.into());
            let mut cells =
                vec![server, text(exchange.outcome().to_string()), text(asked), Cell::Unknown, Cell::Unknown];
            cells.extend([text(rtype), Cell::Unknown]);
            rows.push(cells);
        }
    }
    let columns = vec!["server", "rcode", "name", "ttl", "class", "type", "data"];
    let chosen = (!rows.is_empty()).then_some(0);
    Sheet { name: "dig", columns, rows, chosen }
}

/// The targets and their figures.
fn ping(state: &State) -> Sheet {
    let shown = state.ping_rows();
    let chosen = (!shown.is_empty()).then(|| state.chosen_ping(&shown));
    let rows = shown
        .into_iter()
        .map(|row| {
            let one = row.series;
            let figures = row.stats();
            let loss = row.loss().map_or(Cell::Unknown, |loss| Cell::Number((loss * 1e5).round() / 1e3));
            let mut cells = vec![text(one.target.label.as_str()), text(one.target.address.to_string())];
            cells.extend(COUNTS.map(|(_, count)| Cell::Number(count(one) as f64)));
            cells.push(loss);
            cells.extend(TIMES.map(|(_, pick)| millis(figures.as_ref().map(pick))));
            cells
        })
        .collect();
    let mut columns = vec!["target", "address"];
    columns.extend(COUNTS.map(|(name, _)| name));
    columns.push("loss_percent");
    columns.extend(TIMES.map(|(name, _)| name));
    Sheet { name: "ping", columns, rows, chosen }
}

/// The checks and what they found.
fn doctor(state: &State) -> Sheet {
    let findings = state.view.diagnosis.iter().flat_map(|diagnosis| &diagnosis.findings);
    let rows = findings
        .map(|finding| {
            vec![
                text(finding.group.as_str()),
                text(finding.id),
                text(finding.status.as_str()),
                text(&finding.title),
                text(&finding.saw),
                text(finding.remedy.join(" / ")),
                millis(finding.took),
            ]
        })
        .collect();
    let columns = vec!["group", "check", "result", "title", "saw", "try", "time_ms"];
    Sheet { name: "doctor", columns, rows, chosen: state.chosen_check() }
}

/// What has changed, newest first.
fn events(state: &State) -> Sheet {
    let rows = state
        .shown_events()
        .map(|event| {
            let at = state.clock_at(event.at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
            let change = &event.change;
            vec![maybe(at), text(change.kind()), text(change.subject()), text(change.clause())]
        })
        .collect();
    Sheet {
        name: "events",
        columns: vec!["time", "kind", "subject", "what"],
        rows,
        chosen: state.chosen_row(),
    }
}
