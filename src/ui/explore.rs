//! The Explore view: the tree at the left, what is told about the selected row and the pings at the right; or the tree
//! alone, with more columns.

mod wide;

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::hits::Hits;
use super::parts::{Pen, Text, first_row, more_rows, side_by_side, spark, tell, top};
use super::theme::{Role, Theme};
use super::{Size, detail, pings};
use crate::app::mouse::Spot;
use crate::app::tree::{Mark, Row, Sort, Tally};
use crate::app::{Pane, State};
use crate::catalog::place::Node;
use crate::probe::series::Series;
use crate::text::{Safe, age, width};

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
    let single = size == Size::Small || state.zoom || state.tree.wide;
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
    let heading = size != Size::Small || state.tree.wide;
    let whole = area;
    let area = if state.tree.wide { Rect { width: wide::tree(size), ..area } } else { area };
    if state.tree.wide {
        let rest = Rect { x: area.right(), width: whole.width - area.width, height: 1, ..whole };
        wide::heading(theme, rest, buffer);
    }
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
        let region = match state.tree.sort() {
            Sort::Region => format!("  REGION{}", arrow(Sort::Region)),
            _ => String::new(),
        };
        Text::new()
            .add(format!(" NAME{}{region}", arrow(Sort::Name)), style)
            .to(count_end.saturating_sub(width(&count)))
            .add(&count, dim)
            .to(columns.saturating_sub(width(&rtt) + 1))
            .add(&rtt, dim)
            .paint(Rect { height: 1, ..area }, buffer);
    }
    let top = u16::from(heading);
    let rows = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if state.tree.is_empty() {
        empty(state, theme, rows, buffer);
        return None;
    }
    let room = usize::from(rows.height);
    let offset = first_row(state.tree.position(), state.tree.len(), room);
    let mut cursor = None;
    let rows_shown = (offset..state.tree.len()).take(room).filter_map(|at| state.tree.row(at));
    for (line, row) in rows_shown.enumerate() {
        let here = Rect { y: rows.y + line as u16, height: 1, ..rows };
        let selected = offset + line == state.tree.position();
        draw_row(state, theme, size, &row, selected, here, buffer);
        let here = Rect { width: whole.width, ..here };
        if state.tree.wide {
            let rest = Rect { x: area.right(), width: whole.width - area.width, ..here };
            wide::row(state, theme, offset + line, &row, rest, buffer);
            if selected && state.focus == Pane::Tree {
                buffer.set_style(rest, Modifier::BOLD);
            }
        }
        hits.add(here, Spot::Row(offset + line));
        if selected {
            cursor = Some(Position { x: here.x, y: here.y });
        }
    }
    more_rows(
        offset > 0,
        offset + room < state.tree.len(),
        Rect { width: whole.width, ..rows },
        theme,
        buffer,
    );
    cursor
}

/// Every empty place says why, and what to do.
fn empty(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let catalog = &state.view.catalog;
    let lines: Vec<String> = if !state.tree.filter().is_empty() {
        let filter = Safe::new(state.tree.filter());
        vec![
            format!(" 0 of {} match `/{filter}`.", crate::text::count(state.tree.machines(), "machine")),
            tell(state, theme, " {back} clears the filter."),
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
    let mut pen = Pen::new(area, buffer);
    let mark = if selected { "▌" } else { " " };
    pen.put(mark, if selected { theme.focused() } else { theme.style(Role::Plain) });
    pen.to(1 + 2 * usize::from(row.depth));
    let fold = match row.open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None if row.depth == 2 => "",
        None => "  ",
    };
    pen.put(fold, theme.style(Role::Dim));
    // A row of the wide tree has its figures behind it.
    let size = if state.tree.wide { Size::Normal } else { size };
    match &row.node {
        Node::Machine(app, id) => machine_row(state, theme, size, &mut pen, app, id, row),
        Node::App(name) => {
            let app = state.view.catalog.apps.get(name);
            let known = app.is_some_and(|app| app.complete || !app.machines.is_empty());
            let age = app.and_then(|app| state.view.catalog.stale_app(app));
            let count = match (row.count, known) {
                (0, true) if state.tree.filter().is_empty() => Count::Words("0 started"),
                (0, false) => Count::Words("–"),
                (n, _) => Count::Of(n),
            };
            group_row(state, theme, size, &mut pen, name.as_str(), age, count, row);
        }
        Node::Region(_, region) => {
            let name = region.as_ref().map_or("no region", Safe::as_str);
            group_row(state, theme, size, &mut pen, name, None, Count::Of(row.count), row);
        }
        Node::Peers => {
            group_row(state, theme, size, &mut pen, "peers", None, Count::Of(row.count), row);
        }
        Node::Peer(name) => {
            let address = state.view.catalog.peers.get(name).and_then(|peer| peer.address);
            let count = address.map_or(Count::Words(""), Count::At);
            group_row(state, theme, size, &mut pen, name.as_str(), None, count, row);
        }
    }
    if selected && state.focus == Pane::Tree {
        buffer.set_style(area, Modifier::BOLD);
    }
}

/// What stands in the column for counts.
#[derive(Clone, Copy)]
enum Count {
    Of(usize),
    Words(&'static str),
    At(Ipv6Addr),
}

/// What is told behind a name for some seconds, or as long as it holds, in few words and in very few.
fn note(state: &State, row: &Row, old_since: Option<Instant>) -> (String, String, Role) {
    let same = |text: &str, role| (text.to_owned(), text.to_owned(), role);
    if let Some(at) = old_since {
        let age = age(state.now.saturating_duration_since(at));
        return (format!(" ◌ {age} old"), format!(" ◌ {age}"), Role::Warn);
    }
    match state.tree.mark(&row.node, state.now) {
        Some(Mark::New) => return same(" new", Role::Ok),
        Some(Mark::Moved(from)) => {
            let from = from.as_ref().map_or("–", Safe::as_str);
            return (format!(" moved from {from}"), " moved".into(), Role::Accent);
        }
        Some(Mark::Readdressed(_)) => return (" new address".into(), " addr".into(), Role::Accent),
        None => {}
    }
    let tally = row.tally;
    if row.open != Some(false) || tally == Tally::default() {
        return same("", Role::Plain);
    }
    let part = |sign, n| if n > 0 { format!(" {sign}{n}") } else { String::new() };
    let text = [part("+", tally.came), part("–", tally.went), part("→", tally.changed)].concat();
    same(&text, Role::Ok)
}

#[expect(clippy::too_many_arguments, reason = "a row is made of that many things")]
fn group_row(
    state: &State,
    theme: Theme,
    size: Size,
    pen: &mut Pen<'_>,
    name: &str,
    old_since: Option<Instant>,
    count: Count,
    row: &Row,
) {
    let dim = theme.style(Role::Dim);
    let plain = theme.style(Role::Plain);
    let columns = pen.columns();
    let start = pen.column();
    let count_end = columns.saturating_sub(RTT + 1);
    let (long, short, role) = note(state, row, old_since);
    // From the right to the left, so that each knows where its room ends.
    if row.gone {
        pen.put_right(columns.saturating_sub(1), format_args!("gone"), plain);
    } else if let Some(rtt) = row.rtt {
        pen.put_right(columns.saturating_sub(1), format_args!("{:.1}", rtt.as_secs_f64() * 1e3), plain);
    }
    let mut left = match count {
        _ if row.gone => count_end,
        Count::Of(n) => pen.put_right(count_end, format_args!("{n}"), plain),
        Count::Words(words) => pen.put_right(count_end, format_args!("{words}"), plain),
        Count::At(address) => pen.put_right(count_end, format_args!("{}", Tail(address)), dim),
    };
    left = left.min(count_end.saturating_sub(COUNT)).saturating_sub(1);
    if size == Size::Wide && row.depth == 0 && row.regions > 0 {
        left = match &row.home {
            Some(home) if state.tree.sort() == Sort::Region => match row.regions {
                1 => pen.put_right(left, format_args!("{home}"), dim),
                n => pen.put_right(left, format_args!("{home} +{}", n - 1), dim),
            },
            _ if row.regions == 1 => pen.put_right(left, format_args!("1 region"), dim),
            _ => pen.put_right(left, format_args!("{} regions", row.regions), dim),
        };
        left = left.saturating_sub(1);
    }
    mark(state, theme, row, start, pen);
    let room = left.saturating_sub(start);
    let note = if width(name) + width(&long) <= room { long } else { short };
    let style = if row.gone { dim.add_modifier(Modifier::CROSSED_OUT) } else { plain };
    pen.put_fit(name, room.saturating_sub(width(&note)), style);
    pen.put(&note, theme.style(role));
}

/// Goes to the name, which begins at `start`; the mark of a marked row stands right before it.
fn mark(state: &State, theme: Theme, row: &Row, start: usize, pen: &mut Pen<'_>) {
    pen.to(start);
    if state.tree.marked().contains(&row.node) {
        pen.to(start.saturating_sub(1));
        pen.put("◆", theme.style(Role::Accent));
    }
}

fn machine_row(state: &State, theme: Theme, size: Size, pen: &mut Pen<'_>, app: &Safe, id: &Safe, row: &Row) {
    let catalog = &state.view.catalog;
    let entry = catalog.apps.get(app);
    let alive = entry.and_then(|entry| entry.machines.get(id));
    let machine = if row.gone { state.tree.ghost(app, id).or(alive) } else { alive };
    let columns = pen.columns();
    let dim = theme.style(Role::Dim);
    let address = machine.and_then(|machine| machine.address);
    let series = address.and_then(|address| state.series(address));
    let newest = series.and_then(Series::newest);
    let old_since = entry.zip(alive).and_then(|(entry, machine)| catalog.stale(entry, machine));
    let plain = theme.style(Role::Plain);
    let end = columns.saturating_sub(1);
    let (glyph, role) = match (row.gone, old_since.is_some() || !state.is_up(), newest) {
        (true, ..) => ("✗ ", Role::Dim),
        (false, true, _) => ("◌ ", Role::Dim),
        (false, false, Some(Some(_))) => ("● ", Role::Ok),
        (false, false, Some(None)) => ("○ ", Role::Warn),
        (false, false, None) => ("· ", Role::Dim),
    };
    pen.put(glyph, theme.style(role));
    let start = pen.column();
    let mut left = end.saturating_sub(RTT);
    let value = match (row.gone, old_since, newest) {
        (true, ..) => pen.put_right(end, format_args!("gone"), plain),
        (false, Some(at), _) => {
            let age = age(state.now.saturating_duration_since(at));
            pen.put_right(end, format_args!("{age} old"), theme.style(Role::Warn))
        }
        (false, None, Some(Some(rtt))) => {
            pen.put_right(end, format_args!("{:.1}", rtt.as_secs_f64() * 1e3), plain)
        }
        // While the link is down nothing is lost: it is not known.
        (false, None, Some(None)) if state.is_up() => {
            pen.put_right(end, format_args!("lost"), theme.style(Role::Warn))
        }
        _ => end,
    };
    // A mark may stand where a round trip would.
    let (long, short, role) = note(state, row, None);
    left = if short.is_empty() { left.min(value.saturating_sub(1)) } else { value.saturating_sub(1) };
    if let (Size::Small, Some(series)) = (size, series) {
        left = end.saturating_sub(RTT + 9);
        let largest = series.stats.map(|stats| stats.max).unwrap_or_default();
        pen.to(left);
        for (text, style) in spark(&series.recent, 8, top(largest), theme).parts() {
            pen.put(text, style);
        }
        left = left.saturating_sub(1);
    }
    mark(state, theme, row, start, pen);
    let room = left.saturating_sub(start);
    let note = if width(id.as_str()) + width(&long) <= room { long } else { short };
    let tail = address.filter(|_| note.is_empty() && size != Size::Normal);
    let style = if row.gone { dim.add_modifier(Modifier::CROSSED_OUT) } else { plain };
    let wanted = width(id.as_str());
    let for_tail = if tail.is_some() && wanted < room { 2 + 15 } else { 0 };
    pen.put_fit(id.as_str(), room.saturating_sub(width(&note)).max(8), style);
    pen.put(&note, theme.style(role));
    if let Some(address) = tail.filter(|_| for_tail > 0 && pen.column() + for_tail <= left + 1) {
        pen.to(pen.column() + 2);
        pen.put_args(format_args!("{}", Tail(address)), dim);
    }
}

/// The end of an address, which tells machines of one host apart: `…f066:b83b:2`.
struct Tail(Ipv6Addr);

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [.., a, b, c] = self.0.segments();
        write!(f, "…{a:x}:{b:x}:{c:x}")
    }
}
