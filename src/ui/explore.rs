//! The Explore view: the tree at the left, what is told about the selected row and the pings at the right.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::hits::Hits;
use super::parts::{Text, side_by_side, spark, top};
use super::theme::{Role, Theme};
use super::{Size, detail, pings};
use crate::app::mouse::Spot;
use crate::app::tree::{Row, Sort};
use crate::app::{Pane, State};
use crate::catalog::Machine;
use crate::engine::report::{Node, Series};
use crate::text::{Safe, fit, ms, width};

/// Columns for round trips at the right of the tree.
const RTT: usize = 8;
/// Columns for counts before them.
const COUNT: usize = 4;

/// Draws the view; gives where the selected row is.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    let single = size == Size::Small || state.zoom;
    if single {
        return match state.focus {
            Pane::Tree => tree(state, theme, size, area, buffer, hits),
            Pane::Detail => {
                hits.add(area, Spot::Detail);
                right(state, theme, size, area, buffer);
                None
            }
        };
    }
    let split = if size == Size::Wide { 46 } else { 34 };
    let base = area.x + split as u16;
    let split = (split + i32::from(state.split)).clamp(24, i32::from(area.width) - 30) as u16;
    let [left, rest] = side_by_side(area, split, theme, buffer);
    let cursor = tree(state, theme, size, left, buffer, hits);
    hits.add(rest, Spot::Detail);
    hits.add(Rect { x: left.right(), width: 1, ..area }, Spot::Split(base));
    right(state, theme, size, rest, buffer);
    cursor
}

fn right(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let wanted = pings::height(state, size, area.height);
    let above = Rect { height: area.height - wanted, ..area };
    detail::draw(state, theme, above, buffer);
    if wanted > 0 {
        pings::draw(state, theme, size, Rect { y: above.bottom(), height: wanted, ..area }, buffer);
    }
}

fn tree(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    hits.add(area, Spot::List);
    let dim = theme.style(Role::Dim);
    let heading = size != Size::Small;
    if heading {
        let arrow = |sort| match (state.tree.sort() == sort, state.tree.is_reversed()) {
            (false, _) => "",
            (true, false) => " ▼",
            (true, true) => " ▲",
        };
        let style = if state.focus == Pane::Tree { theme.focused() } else { dim };
        let columns = usize::from(area.width);
        let count = format!("COUNT{}", arrow(Sort::Count));
        let rtt = format!("RTT ms{}", arrow(Sort::Rtt));
        let count_end = columns.saturating_sub(RTT + 1);
        let heading = Rect { height: 1, ..area };
        hits.columns(heading, 0..columns, Spot::Sort(Sort::Name));
        hits.columns(heading, count_end.saturating_sub(width(&count))..count_end, Spot::Sort(Sort::Count));
        hits.columns(heading, count_end..columns, Spot::Sort(Sort::Rtt));
        Text::new()
            .add(format!(" NAME{}", arrow(Sort::Name)), style)
            .to(count_end.saturating_sub(width(&count)))
            .add(&count, dim)
            .to(columns.saturating_sub(width(&rtt) + 1))
            .add(&rtt, dim)
            .paint(Rect { height: 1, ..area }, buffer);
    }
    let top = u16::from(heading);
    let rows = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if state.tree.rows().is_empty() {
        empty(state, theme, rows, buffer);
        return None;
    }
    let room = usize::from(rows.height);
    let offset = offset(state.tree.position(), state.tree.rows().len(), room);
    let mut cursor = None;
    for (line, row) in state.tree.rows().iter().skip(offset).take(room).enumerate() {
        let here = Rect { y: rows.y + line as u16, height: 1, ..rows };
        let selected = offset + line == state.tree.position();
        draw_row(state, theme, size, row, selected, here, buffer);
        hits.add(here, Spot::Row(offset + line));
        if selected {
            cursor = Some(Position { x: here.x, y: here.y });
        }
    }
    let more = |buffer: &mut Buffer, y: u16, glyph| {
        let place = Rect { x: rows.right().saturating_sub(1), y, width: 1, height: 1 };
        Text::new().add(glyph, dim).paint(place, buffer);
    };
    if offset > 0 {
        more(buffer, rows.y, "▲");
    }
    if offset + room < state.tree.rows().len() {
        more(buffer, rows.bottom().saturating_sub(1), "▼");
    }
    cursor
}

/// The first row to show: the selection stays in the middle, where the ends allow.
fn offset(position: usize, rows: usize, room: usize) -> usize {
    position.saturating_sub(room / 2).min(rows.saturating_sub(room))
}

/// Every empty place says why, and what to do.
fn empty(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let catalog = &state.view.catalog;
    let lines: Vec<String> = if !state.tree.filter().is_empty() {
        let filter = Safe::new(state.tree.filter());
        vec![
            format!(" 0 of {} match `/{filter}`.", crate::text::count(catalog.machine_count(), "machine")),
            " Esc clears the filter.".into(),
        ]
    } else if catalog.walk.finished.is_some() && catalog.walk.problems.is_empty() {
        vec![
            " No apps are listed.".into(),
            " Either none is running, or".into(),
            " this conf belongs to another org.".into(),
        ]
    } else if catalog.walk.finished.is_some() {
        catalog.walk.problems.iter().map(|problem| format!(" {problem}")).collect()
    } else if state.is_up() {
        vec![" ◐ asking for the apps".into()]
    } else {
        vec![" ◐ waiting for the tunnel".into()]
    };
    for (line, text) in lines.iter().enumerate().take(area.height.saturating_sub(1).into()) {
        let here = Rect { y: area.y + 1 + line as u16, height: 1, ..area };
        Text::new().add(text, theme.style(Role::Dim)).paint(here, buffer);
    }
}

fn draw_row(
    state: &State,
    theme: Theme,
    size: Size,
    row: &Row,
    selected: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let columns = usize::from(area.width);
    let mark = if selected { "▌" } else { " " };
    let mark_style = if selected { theme.focused() } else { theme.style(Role::Plain) };
    let indent = "  ".repeat(row.depth.into());
    let fold = match row.open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None if row.depth == 2 => "",
        None => "  ",
    };
    let text = Text::new().add(mark, mark_style).add(format!("{indent}{fold}"), theme.style(Role::Dim));
    match &row.node {
        Node::Machine(app, id) => {
            let alive = state.view.catalog.machine(app, id);
            let machine = row.gone.as_ref().or(alive);
            machine_row(state, theme, size, text, (id, machine), row, area, buffer);
        }
        Node::App(name) => {
            let app = state.view.catalog.apps.get(name);
            let (machines, regions) = app.map_or((0, 0), |app| (app.machines.len(), app.regions().len()));
            let known = app.is_some_and(|app| app.complete || machines > 0);
            let note = match (machines, known) {
                (0, true) => "0 started".into(),
                (0, false) => "–".into(),
                (n, _) => n.to_string(),
            };
            let between = if size == Size::Wide && machines > 0 {
                crate::text::count(regions, "region")
            } else {
                String::new()
            };
            let fresh = if state.tree.is_fresh(&row.node, state.now) { " new" } else { "" };
            group_row(theme, text, (&format!("{name}"), fresh), &between, &note, columns, area, buffer);
        }
        Node::Region(name, region) => {
            let machines = state
                .view
                .catalog
                .apps
                .get(name)
                .map_or(0, |app| app.machines.values().filter(|m| m.region == *region).count());
            let label = region.as_ref().map_or("no region", Safe::as_str);
            group_row(theme, text, (label, ""), "", &machines.to_string(), columns, area, buffer);
        }
        Node::Peers => {
            let n = state.view.catalog.peers.len().to_string();
            group_row(theme, text, ("peers", ""), "", &n, columns, area, buffer);
        }
        Node::Peer(name) => {
            let address = state.view.catalog.peers.get(name).and_then(|peer| peer.address);
            let tail = address.map(tail).unwrap_or_default();
            group_row(theme, text, (name.as_str(), ""), &tail, "", columns, area, buffer);
        }
    }
    if selected && state.focus == Pane::Tree {
        buffer.set_style(area, Modifier::BOLD);
    }
}

#[expect(clippy::too_many_arguments, reason = "a row is made of that many things")]
fn group_row(
    theme: Theme,
    text: Text<'_>,
    (name, fresh): (&str, &str),
    between: &str,
    count: &str,
    columns: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let dim = theme.style(Role::Dim);
    let count_end = columns.saturating_sub(RTT + 1);
    let count_at = count_end.saturating_sub(width(count).max(COUNT));
    let between_at = count_at.saturating_sub(width(between) + 1);
    let room = between_at.saturating_sub(text.width() + fresh.len() + 1);
    text.add(fit(name, room), theme.style(Role::Plain))
        .add(fresh, theme.style(Role::Ok))
        .to(between_at)
        .add(between, dim)
        .to(count_end.saturating_sub(width(count)))
        .add(count, theme.style(Role::Plain))
        .paint(area, buffer);
}

#[expect(clippy::too_many_arguments, reason = "a row is made of that many things")]
fn machine_row(
    state: &State,
    theme: Theme,
    size: Size,
    text: Text<'_>,
    (id, machine): (&Safe, Option<&Machine>),
    row: &Row,
    area: Rect,
    buffer: &mut Buffer,
) {
    let columns = usize::from(area.width);
    let dim = theme.style(Role::Dim);
    let address = machine.and_then(|machine| machine.address);
    let series = address.and_then(|address| state.series(address));
    let newest = series.and_then(Series::newest);
    let held = !state.is_up();
    let (glyph, role, rtt) = match (row.gone.is_some(), held, newest) {
        (true, ..) => ("✗", Role::Dim, "gone".to_owned()),
        (false, true, newest) => ("◌", Role::Dim, newest.flatten().map(ms).unwrap_or_default()),
        (false, false, Some(Some(rtt))) => ("●", Role::Ok, ms(rtt)),
        (false, false, Some(None)) => ("○", Role::Warn, "lost".to_owned()),
        (false, false, None) => ("·", Role::Dim, String::new()),
    };
    let name_style =
        if row.gone.is_some() { dim.add_modifier(Modifier::CROSSED_OUT) } else { theme.style(Role::Plain) };
    let fresh = if state.tree.is_fresh(&row.node, state.now) { " new" } else { "" };
    let rtt_end = columns.saturating_sub(1);
    let rtt_at = rtt_end.saturating_sub(width(&rtt));
    let tail = if size == Size::Normal { String::new() } else { address.map(tail).unwrap_or_default() };
    let room = columns
        .saturating_sub(text.width() + 2 + RTT + 1 + if tail.is_empty() { 0 } else { width(&tail) + 2 });
    let mut text = text
        .add(format!("{glyph} "), theme.style(role))
        .add(fit(id.as_str(), room.max(8)), name_style)
        .add(fresh, theme.style(Role::Ok));
    if !tail.is_empty() && fresh.is_empty() {
        text = text.add("  ", dim).add(&tail, dim);
    }
    if let (Size::Small, Some(series)) = (size, series) {
        text = sparkline(text, series, rtt_end.saturating_sub(RTT + 9), theme);
    }
    let rtt_style = if newest == Some(None) { theme.style(Role::Warn) } else { theme.style(Role::Plain) };
    text.to(rtt_at).add(rtt, rtt_style).paint(area, buffer);
}

fn sparkline<'a>(text: Text<'a>, series: &Series, column: usize, theme: Theme) -> Text<'a> {
    let largest = series.stats.map(|stats| stats.max).unwrap_or_default();
    text.to(column).join(spark(&series.recent, 8, top(largest), theme))
}

/// The end of an address, which tells machines of one host apart: `…f066:b83b:2`.
fn tail(address: std::net::Ipv6Addr) -> String {
    let [.., a, b, c] = address.segments();
    format!("…{a:x}:{b:x}:{c:x}")
}
