//! The Explore view: the tree and the details of the selected row.

mod marked;
mod shown;
pub mod tree;

use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::time::Instant;

use ratatui::crossterm::event::KeyCode;

use super::{News, Tab};
use crate::app::argument::{PLACE, PORTS, TARGET};
use crate::app::command::{Context, Row, Run, when};
use crate::app::copy;
use crate::app::key::Key;
use crate::app::key::Key::{Char, Code};
use crate::app::request::{Place, Request};
use crate::app::sheet::{Cell, Sheet, maybe, millis, text};
use crate::app::{Out, State, subject, targets};
use crate::catalog::Machine;
use crate::catalog::place::Node;
use crate::engine::report::Command;
use crate::engine::targets::{TargetSpec, at};
use crate::probe::series::Series;
use crate::text::{Safe, count};
use tree::{Found, Sort, Tree};

/// Context of its keys.
pub const HERE: Context = Context::view("Explore").with_marks(MARKS);

/// Marks of the tree.
const MARKS: &[(&str, &str)] = &[
    ("●", "Mark: the machine replied to the last probe"),
    ("○", "Mark: the last probe was lost"),
    ("·", "Mark: the machine is not pinged"),
    ("◌", "Mark: old data, or the link is down"),
    ("✗", "Mark: the machine is gone"),
    ("◆", "Mark: the row is marked"),
    ("▸ ▾", "Mark: the row is collapsed, expanded"),
    ("+1 –2 →3", "Mark: new, gone and changed machines below the row"),
];

const EMPTY: &str = "nothing is selected: the tree is empty";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    #[default]
    Tree,
    /// The details of the selected row and the pings.
    Detail,
}

/// State of the view.
#[derive(Debug, Clone, Default)]
pub struct Explore {
    pub tree: Tree,
    pub focus: Pane,
    /// Whether the focused pane fills the screen.
    pub zoom: bool,
    /// Columns added to the tree's default width; negative removes columns.
    pub split: i16,
    /// Scroll offset of the details in rows.
    pub scroll: u16,
    /// Place whose details were requested from the engine.
    inspected: Option<Node>,
    /// Visible apps as last sent to the engine.
    sent_shown: Vec<Safe>,
}

static ENTRY: Row = Row::new(
    "explore",
    Context::EVERYWHERE,
    &[Char('1')],
    "Show the Explore view: the tree",
    |s, typed, out| {
        let node = typed.and_then(|typed| Node::read(typed, &s.networks.front().shown.catalog));
        s.go(Tab::Explore, out);
        if let Some(node) = node {
            s.views.explore.tree.reveal(
                &node,
                &s.networks.front().shown.catalog,
                &s.networks.front().shown.pings,
            );
        }
    },
)
.takes(&PLACE);

static ROWS: &[Row] = &[
    row(
        "open",
        &[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)],
        "Open or expand the row",
        |s, _, _| {
            s.views.explore.tree.open(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
        },
    )
    .hint(1, 10, "open")
    .when(selected),
    row("ping", &[Char('p')], "Ping the selection, or stop", |s, typed, _| match typed {
        Some(typed) => subject::ping(s, typed),
        None => toggle_pings(s, false),
    })
    .takes(&TARGET)
    .hint(2, 11, "ping")
    .when(selected),
    row("dig-this", &[Char('d')], "Query the row's DNS name", |s, _, out| {
        let names: Vec<String> = s.meant().iter().map(|node| node.form().to_string()).collect();
        if !names.is_empty() {
            out.request(Request::Dig(names.join(" ")));
        }
    })
    .hint(3, 12, "dig")
    .when(selected),
    row("trace", &[Char('t')], "Trace the route to it", |s, _, out| {
        out.requests.extend(spec(s).map(Request::Trace));
    })
    .when(|s| subject::traceable(s, spec(s))),
    row("ports", &[Char('o')], "Check its TCP ports", |s, typed, out| {
        subject::check_ports(s, spec(s), typed, false, out);
    })
    .takes(&PORTS)
    .hint(6, 40, "ports")
    .when(|s| subject::checkable(s, spec(s))),
    row("protocols", &[Char('O')], "Check ports and protocols: status line, certificate", |s, typed, out| {
        subject::check_ports(s, spec(s), typed, true, out);
    })
    .takes(&PORTS)
    .when(|s| subject::checkable(s, spec(s))),
    row("matrix", &[Char('M')], "Show a matrix of apps and regions: RTT and loss", |_, _, out| {
        out.request(Request::Matrix);
    })
    .when(|s| {
        when(
            s.networks.front().shown.catalog.apps.values().any(|app| !app.machines.is_empty()),
            "no app has a started machine yet",
        )
    }),
    row("close", &[Char('h'), Code(KeyCode::Left)], "Collapse the row, or go to its parent", |s, _, _| {
        s.views.explore.tree.close(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
    })
    .when(selected),
    row("expand", &[Char('+')], "Expand the row and all rows below", |s, _, _| {
        s.views.explore.tree.fold(
            Some(true),
            &s.networks.front().shown.catalog,
            &s.networks.front().shown.pings,
        );
    })
    .when(has_below),
    row("collapse", &[Char('-')], "Collapse the row and all rows below", |s, _, _| {
        s.views.explore.tree.fold(
            Some(false),
            &s.networks.front().shown.catalog,
            &s.networks.front().shown.pings,
        );
    })
    .when(has_below),
    row("expand-all", &[Char('*')], "Expand or collapse all rows", |s, _, _| {
        s.views.explore.tree.fold_all(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
    })
    .when(selected),
    row("mark", &[Char('m')], "Mark the row: p d r y e then act on all marked rows", |s, _, _| {
        s.views.explore.tree.toggle_mark();
    })
    .hint(7, 41, "mark")
    .when(selected),
    row("idle-apps", &[Char('.')], "Show or hide apps without started machines", |s, _, _| {
        let hidden = s
            .views
            .explore
            .tree
            .toggle_idle(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
        s.say(match hidden {
            None => "Apps without started machines are shown".into(),
            Some(0) => "All apps have started machines".into(),
            Some(n) => format!("Hidden: {} without started machines", count(n, "app")),
        });
    })
    .when(|s| when(!s.networks.front().shown.catalog.apps.is_empty(), "no apps are known yet")),
    row("wide", &[Char('w')], "Show the tree alone, with addresses and figures", |s, _, _| {
        s.views.explore.tree.wide = !s.views.explore.tree.wide;
    }),
    row("ping-below", &[Char('P')], "Ping all machines below, or stop", |s, _, _| toggle_pings(s, true))
        .when(selected),
    row("ping-round-robin", &[Char('T')], "Ping round robin over the app's addresses, or stop", |s, _, _| {
        if let Some(app) = app(s).cloned() {
            targets::toggle_turns(s, &app);
        }
    })
    .when(|s| subject::can_turn(s, app(s))),
    row("pause", &[Char(' ')], "Pause or resume probes", |s, _, _| subject::pause(s)).hint(6, 42, "pause"),
    row("next-match", &[Char('n')], "Go to the next match", |s, _, _| to_match(s, true)).when(filtered),
    row("previous-match", &[Char('N')], "Go to the previous match", |s, _, _| to_match(s, false))
        .when(filtered),
    row("sort", &[Char('s')], "Sort by name, count, region or RTT", |s, _, _| {
        s.views.explore.tree.next_sort(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
        let text = format!("Sorted by {}", s.views.explore.tree.sort().as_str());
        s.say(text);
    })
    .hint(5, 65, "sort"),
    row("reverse", &[Char('S')], "Reverse the order", |s, _, _| {
        s.views.explore.tree.reverse(&s.networks.front().shown.catalog, &s.networks.front().shown.pings);
    }),
    row("next-pane", &[Code(KeyCode::Tab), Code(KeyCode::BackTab)], "Focus the next pane", |s, _, _| {
        s.views.explore.focus = if s.views.explore.focus == Pane::Tree { Pane::Detail } else { Pane::Tree };
    }),
    row("zoom", &[Char('z')], "Zoom the focused pane", |s, _, _| {
        s.views.explore.zoom = !s.views.explore.zoom;
    }),
    row("narrower", &[Char('<')], "Make the tree narrower", |s, _, _| {
        s.views.explore.split = (s.views.explore.split - 2).max(-20);
    }),
    row("wider", &[Char('>')], "Make the tree wider", |s, _, _| {
        s.views.explore.split = (s.views.explore.split + 2).min(40);
    }),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, HERE, keys, help, run)
}

fn selected(state: &State) -> Result<(), &'static str> {
    when(state.views.explore.tree.selected().is_some(), EMPTY)
}

fn has_below(state: &State) -> Result<(), &'static str> {
    selected(state)?;
    let leaf = matches!(state.views.explore.tree.selected(), Some(Node::Machine(..) | Node::Peer(_)));
    when(!leaf, "this row has no rows below it")
}

fn filtered(state: &State) -> Result<(), &'static str> {
    when(!state.views.explore.tree.filter().is_empty(), "there is no filter: {filter} sets one")?;
    when(!state.views.explore.tree.is_empty(), "nothing matches the filter")
}

fn spec(state: &State) -> Option<TargetSpec> {
    state.views.explore.tree.selected().cloned().map(TargetSpec::Node)
}

fn app(state: &State) -> Option<&Safe> {
    state.views.explore.tree.selected()?.app()
}

fn to_match(state: &mut State, forward: bool) {
    match state.views.explore.tree.to_match(
        forward,
        &state.networks.front().shown.catalog,
        &state.networks.front().shown.pings,
    ) {
        Found::Here => {}
        Found::Round if forward => state.say("Continued from the top"),
        Found::Round => state.say("Continued from the end"),
        Found::NoOther => state.say("No other match"),
    }
}

/// Starts or stops pings to the selected row, or to all machines below it.
fn toggle_pings(state: &mut State, below: bool) {
    if has_marked(state) {
        return marked::toggle_pings(state);
    }
    let Some(node) = state.views.explore.tree.selected().cloned() else { return };
    let members = at(&state.networks.front().shown.catalog, &node).len();
    if !below && !matches!(node, Node::Machine(..) | Node::Peer(_)) && members > targets::POLITE {
        return state
            .say(state.keyed(&format!("{members} machines below: {{ping-below}} pings all of them")));
    }
    targets::toggle(state, TargetSpec::Node(node));
}

/// Whether commands act on marked rows instead of the selected one.
fn has_marked(state: &State) -> bool {
    state.views.explore.focus == Pane::Tree && !state.views.explore.tree.marked().is_empty()
}

/// The address of a row, or its name if it has no address.
fn copied(state: &State, node: &Node) -> (&'static str, String) {
    match (node.address(&state.networks.front().shown.catalog), node) {
        (Some(address), _) => ("address", address.to_string()),
        (None, Node::Machine(_, id)) => ("machine ID", id.to_string()),
        (None, Node::Peer(peer)) => ("name", peer.to_string()),
        (None, Node::Region(app, None)) => ("name", Node::App(app.clone()).form().to_string()),
        (None, node) => ("name", node.form().to_string()),
    }
}

#[derive(Debug)]
pub struct View;

impl super::View for View {
    fn name(&self) -> &'static str {
        HERE.title()
    }

    fn rows(&self) -> &'static [Row] {
        ROWS
    }

    fn entry(&self) -> &'static Row {
        &ENTRY
    }

    fn context(&self, _: &State) -> Context {
        HERE
    }

    fn step(&self, state: &mut State, by: isize) {
        match state.views.explore.focus {
            Pane::Tree => state.views.explore.tree.step(by),
            Pane::Detail => {
                state.views.explore.scroll =
                    i64::from(state.views.explore.scroll).saturating_add(by as i64).clamp(0, 500) as u16;
            }
        }
    }

    fn select(&self, state: &mut State, row: usize) -> bool {
        let again = state.views.explore.tree.position() == row && state.views.explore.focus == Pane::Tree;
        state.views.explore.focus = Pane::Tree;
        state.views.explore.tree.step(row.cast_signed() - state.views.explore.tree.position().cast_signed());
        again
    }

    fn open(&self, state: &mut State, _: &mut Out) {
        state.views.explore.tree.fold(
            None,
            &state.networks.front().shown.catalog,
            &state.networks.front().shown.pings,
        );
    }

    fn focus(&self, state: &mut State, details: bool) {
        state.views.explore.focus = if details { Pane::Detail } else { Pane::Tree };
    }

    fn wheel(&self, state: &mut State, details: Option<bool>, rows: isize) {
        let focus = state.views.explore.focus;
        if let Some(details) = details {
            self.focus(state, details);
        }
        self.step(state, rows);
        state.views.explore.focus = focus;
    }

    fn sort(&self, state: &mut State, column: usize) {
        let Some(sort) = Sort::ALL.get(column).copied() else { return };
        if state.views.explore.tree.sort() == sort {
            state
                .views
                .explore
                .tree
                .reverse(&state.networks.front().shown.catalog, &state.networks.front().shown.pings);
        } else {
            state.views.explore.tree.sort_to(
                sort,
                &state.networks.front().shown.catalog,
                &state.networks.front().shown.pings,
            );
        }
    }

    fn back(&self, state: &mut State) -> bool {
        if state.filter_line.take().is_some() || !state.views.explore.tree.filter().is_empty() {
            state.views.explore.tree.set_filter(
                "",
                &state.networks.front().shown.catalog,
                &state.networks.front().shown.pings,
            );
        } else if !state.views.explore.tree.marked().is_empty() {
            state.views.explore.tree.unmark();
        } else if state.views.explore.zoom {
            state.views.explore.zoom = false;
        } else if state.views.explore.focus == Pane::Detail {
            state.views.explore.focus = Pane::Tree;
        } else {
            state.views.explore.tree.to_parent();
        }
        true
    }

    fn subject(&self, state: &State) -> Vec<Node> {
        state.meant()
    }

    fn named(&self, state: &State) -> copy::Named {
        let node = state.views.explore.tree.selected();
        node.map(|node| copy::Named::of(node, &state.networks.front().shown.catalog)).unwrap_or_default()
    }

    fn table(&self, state: &State) -> Sheet {
        if state.views.explore.focus == Pane::Detail { detail(state) } else { sheet(state) }
    }

    fn plain(&self, state: &State) -> String {
        let sheet = self.table(state);
        if state.views.explore.focus == Pane::Tree {
            return sheet.to_text();
        }
        let mut out = String::new();
        for (what, text) in self.forms(state) {
            if matches!(what, "name" | "address") {
                let _ = writeln!(out, "{what}  {text}");
            }
        }
        format!("{out}\n{}", sheet.to_text())
    }

    fn copyable(&self, state: &State) -> Result<(), &'static str> {
        selected(state)
    }

    fn copied(&self, state: &State) -> Option<(&'static str, String)> {
        if !has_marked(state) {
            return state.views.explore.tree.selected().map(|node| copied(state, node));
        }
        let all: Vec<_> = state.meant().iter().map(|node| copied(state, node)).collect();
        let what = match all.iter().filter(|(what, _)| *what == "address").count() {
            0 => "names",
            n if n == all.len() => "addresses",
            _ => "names and addresses",
        };
        Some((what, all.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")))
    }

    fn forms(&self, state: &State) -> Vec<(&'static str, String)> {
        let sheet = self.table(state);
        if has_marked(state) {
            copy::forms_of_all(state, &state.meant(), &sheet)
        } else {
            copy::forms(state, self.named(state), &sheet)
        }
    }

    fn shown(&self, state: &State) -> Result<(), &'static str> {
        when(!state.views.explore.tree.is_empty(), "the tree is empty")
    }

    fn filter<'a>(&self, state: &'a State) -> Option<&'a str> {
        Some(state.views.explore.tree.filter())
    }

    fn found(&self, state: &State) -> String {
        let all = count(state.views.explore.tree.machines(), "machine");
        format!("{} of {all} ", state.views.explore.tree.matches())
    }

    fn set_filter(&self, state: &mut State, text: &str) {
        state.views.explore.tree.set_filter(
            text,
            &state.networks.front().shown.catalog,
            &state.networks.front().shown.pings,
        );
    }

    fn place(&self, state: &State) -> Option<Place> {
        state.views.explore.tree.selected().cloned().map(Place::Node)
    }

    fn take(&self, state: &mut State, request: &Request, _: &mut Out) -> bool {
        let (Request::Reveal(node) | Request::Return(Place::Node(node))) = request else { return false };
        state.views.explore.tree.reveal(
            node,
            &state.networks.front().shown.catalog,
            &state.networks.front().shown.pings,
        );
        true
    }

    fn news(&self, state: &mut State, news: News<'_>) {
        match news {
            News::Catalog(before) => {
                state.views.explore.tree.renew(
                    before,
                    &state.networks.front().shown.catalog,
                    &state.networks.front().shown.pings,
                    state.now,
                );
            }
            News::Pings if state.views.explore.tree.needs_pings() => {
                state
                    .views
                    .explore
                    .tree
                    .rebuild(&state.networks.front().shown.catalog, &state.networks.front().shown.pings);
            }
            News::Pings | News::Digs(_) => {}
        }
    }

    fn follow(&self, state: &mut State, out: &mut Out) {
        let selected = state.views.explore.tree.selected().cloned();
        if selected != state.views.explore.inspected {
            state.views.explore.inspected.clone_from(&selected);
            state.views.explore.scroll = 0;
            if let Some(node) = selected {
                out.ask(Command::Inspect(node));
            }
        }
        let shown = shown::shown_apps(state);
        if shown != state.views.explore.sent_shown {
            state.views.explore.sent_shown.clone_from(&shown);
            out.ask(Command::Show(shown));
        }
    }

    fn tick(&self, state: &mut State, _: &mut Out) {
        state.views.explore.tree.expire(
            &state.networks.front().shown.catalog,
            &state.networks.front().shown.pings,
            state.now,
        );
    }

    fn next_tick(&self, state: &State) -> Option<Instant> {
        state.views.explore.tree.next_change(state.now)
    }
}

const EXPLORE: &[&str] = &["app", "region", "machine", "address", "rtt_ms", "state"];

/// The tree as a flat table, folded rows included: one row per machine, peer, and app without machines. If rows are
/// marked, only those at and below them.
fn sheet(state: &State) -> Sheet {
    let catalog = &state.networks.front().shown.catalog;
    let mut rows = Vec::new();
    let mut chosen = None;
    let machine = |app: &Safe, id: &Safe, machine: Option<&Machine>, gone: bool| {
        let address = machine.and_then(|machine| machine.address);
        let series = address.and_then(|address| state.series(address));
        let newest = series.and_then(Series::newest);
        let word = match (gone, state.is_up(), newest) {
            (true, ..) => "gone",
            (false, false, _) => "stale",
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
    if has_marked(state) {
        let nodes = state.views.explore.tree.marked();
        for (name, app) in &catalog.apps {
            let meant = app.machines.iter().filter(|(id, _)| marked::holds(nodes, catalog, name, id));
            rows.extend(meant.map(|(id, one)| machine(name, id, Some(one), false)));
        }
        let all = nodes.contains(&Node::Peers);
        let meant = catalog.peers.keys().filter(|name| all || nodes.contains(&Node::Peer((*name).clone())));
        rows.extend(meant.map(peer));
        return Sheet { name: "explore", columns: EXPLORE.to_vec(), rows, chosen };
    }
    for row in state.views.explore.tree.rows() {
        if Some(&row.node) == state.views.explore.tree.selected() {
            chosen = Some(rows.len());
        }
        let folded = row.open == Some(false);
        match &row.node {
            Node::Machine(app, id) => {
                let alive = catalog.machine(app, id);
                let ghost = if row.gone { state.views.explore.tree.ghost(app, id) } else { None };
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

/// The DNS names of the selected row and their responses.
fn detail(state: &State) -> Sheet {
    let names = state.networks.front().shown.detail.iter().flat_map(|detail| &detail.names);
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
