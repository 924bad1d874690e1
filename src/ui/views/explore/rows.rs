//! Tree rows. They are written cell by cell: no other screen has so many, and the width of each column depends on the
//! columns at its right.

use std::fmt;
use std::net::Ipv6Addr;
use std::time::Instant;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::RTT;
use crate::app::State;
use crate::app::views::explore::tree::{Mark, Row, Sort, Tally};
use crate::catalog::place::Node;
use crate::probe::series::Series;
use crate::text::{Safe, age, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::chart::spark_of;
use crate::ui::pen::Pen;
use crate::ui::theme::{Role, Theme};

/// Columns for counts before the round trips.
const COUNT: usize = 4;
/// Maximum columns for the end of an address.
const TAIL: usize = 15;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, row: &Row, selected: bool) {
    let Canvas { state, theme, size, .. } = *canvas;
    let mut pen = Pen::new(area, canvas.buffer);
    pen.put(
        if selected { "▌" } else { " " },
        if selected { theme.focused() } else { theme.style(Role::Plain) },
    );
    pen.to(1 + 2 * usize::from(row.depth));
    let fold = match row.open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None if row.depth == 2 => "",
        None => "  ",
    };
    pen.put(fold, theme.style(Role::Dim));
    // A row of the wide tree shows its figures after the name.
    let size = if state.views.explore.tree.wide { Size::Normal } else { size };
    RowPen { state, theme, size, row, pen }.draw();
}

struct RowPen<'a> {
    state: &'a State,
    theme: Theme,
    size: Size,
    row: &'a Row,
    pen: Pen<'a>,
}

impl RowPen<'_> {
    fn draw(mut self) {
        let Self { state, row, .. } = self;
        match &row.node {
            Node::Machine(app, id) => self.machine(app, id),
            Node::App(name) => {
                let app = state.networks.front().shown.catalog.apps.get(name);
                let known = app.is_some_and(|app| app.complete || !app.machines.is_empty());
                let old_since = app.and_then(|app| state.networks.front().shown.catalog.stale_app(app));
                let count = match (row.count, known) {
                    (0, true) if state.views.explore.tree.filter().is_empty() => Count::Words("0 started"),
                    (0, false) => Count::Words("–"),
                    (n, _) => Count::Of(n),
                };
                self.group(name.as_str(), old_since, count);
            }
            Node::Region(_, region) => {
                let name = region.as_ref().map_or("no region", Safe::as_str);
                self.group(name, None, Count::Of(row.count));
            }
            Node::Peers => self.group("peers", None, Count::Of(row.count)),
            Node::Peer(name) => {
                let address =
                    state.networks.front().shown.catalog.peers.get(name).and_then(|peer| peer.address);
                self.group(name.as_str(), None, address.map_or(Count::Words(""), Count::At));
            }
        }
    }

    fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    fn group(&mut self, name: &str, old_since: Option<Instant>, count: Count) {
        let row = self.row;
        let (dim, plain) = (self.style(Role::Dim), self.style(Role::Plain));
        let columns = self.pen.columns();
        let start = self.pen.column();
        let count_end = columns.saturating_sub(RTT + 1);
        let (long, short, role) = self.note(old_since);
        // From right to left, since the right columns limit the left ones.
        if row.gone {
            self.pen.put_right(columns.saturating_sub(1), format_args!("gone"), plain);
        } else if let Some(rtt) = row.rtt {
            let rtt = rtt.as_secs_f64() * 1e3;
            self.pen.put_right(columns.saturating_sub(1), format_args!("{rtt:.1}"), plain);
        }
        let left = match count {
            _ if row.gone => count_end,
            Count::Of(n) => self.pen.put_right(count_end, format_args!("{n}"), plain),
            Count::Words(words) => self.pen.put_right(count_end, format_args!("{words}"), plain),
            Count::At(address) => self.pen.put_right(count_end, format_args!("{}", Tail(address)), dim),
        };
        let left = left.min(count_end.saturating_sub(COUNT)).saturating_sub(1);
        let left = self.regions(left);
        self.mark(start);
        let room = left.saturating_sub(start);
        let note = if width(name) + width(&long) <= room { long } else { short };
        let style = if row.gone { dim.add_modifier(Modifier::CROSSED_OUT) } else { plain };
        self.pen.put_fit(name, room.saturating_sub(width(&note)), style);
        self.pen.put(&note, self.theme.style(role));
    }

    /// Writes the regions of an app before `left`, if they fit; returns the end of the room for its name.
    fn regions(&mut self, left: usize) -> usize {
        let row = self.row;
        if self.size != Size::Wide || row.depth != 0 || row.regions == 0 {
            return left;
        }
        let dim = self.style(Role::Dim);
        let start = match &row.home {
            Some(home) if self.state.views.explore.tree.sort() == Sort::Region => match row.regions {
                1 => self.pen.put_right(left, format_args!("{home}"), dim),
                n => self.pen.put_right(left, format_args!("{home} +{}", n - 1), dim),
            },
            _ if row.regions == 1 => self.pen.put_right(left, format_args!("1 region"), dim),
            _ => self.pen.put_right(left, format_args!("{} regions", row.regions), dim),
        };
        start.saturating_sub(1)
    }

    /// Moves to the name, which begins at `start`; a marked row has its mark before it.
    fn mark(&mut self, start: usize) {
        self.pen.to(start);
        if self.state.views.explore.tree.marked().contains(&self.row.node) {
            self.pen.to(start.saturating_sub(1));
            self.pen.put("◆", self.theme.style(Role::Accent));
        }
    }

    fn machine(&mut self, app: &Safe, id: &Safe) {
        let Self { state, row, size, .. } = *self;
        let entry = state.networks.front().shown.catalog.apps.get(app);
        let alive = entry.and_then(|entry| entry.machines.get(id));
        let machine = if row.gone { state.views.explore.tree.ghost(app, id).or(alive) } else { alive };
        let address = machine.and_then(|machine| machine.address);
        let series = address.and_then(|address| state.series(address));
        let old_since = entry
            .zip(alive)
            .and_then(|(entry, machine)| state.networks.front().shown.catalog.stale(entry, machine));
        let end = self.pen.columns().saturating_sub(1);
        self.sign(old_since.is_some(), series);
        let start = self.pen.column();
        let value = self.value(end, old_since, series);
        // A note may replace the round trip.
        let (long, short, role) = self.note(None);
        let mut left = value.saturating_sub(1);
        if short.is_empty() {
            left = left.min(end.saturating_sub(RTT));
        }
        if let (Size::Small, Some(series)) = (size, series) {
            left = end.saturating_sub(RTT + 9);
            self.pen.to(left);
            self.pen.line(&spark_of(series, 8, self.theme));
            left = left.saturating_sub(1);
        }
        self.mark(start);
        let room = left.saturating_sub(start);
        let wanted = width(id.as_str());
        let note = if wanted + width(&long) <= room { long } else { short };
        let (dim, plain) = (self.style(Role::Dim), self.style(Role::Plain));
        let style = if row.gone { dim.add_modifier(Modifier::CROSSED_OUT) } else { plain };
        self.pen.put_fit(id.as_str(), room.saturating_sub(width(&note)).max(8), style);
        self.pen.put(&note, self.theme.style(role));
        let tail = address.filter(|_| note.is_empty() && size != Size::Normal && wanted < room);
        if let Some(address) = tail.filter(|_| self.pen.column() + 2 + TAIL <= left + 1) {
            self.pen.to(self.pen.column() + 2);
            self.pen.put_args(format_args!("{}", Tail(address)), dim);
        }
    }

    /// Glyph of a machine: replies, no reply, old data, or gone.
    fn sign(&mut self, old: bool, series: Option<&Series>) {
        let (glyph, role) = match (self.row.gone, old || !self.state.is_up(), series.and_then(Series::newest))
        {
            (true, ..) => ("✗ ", Role::Dim),
            (false, true, _) => ("◌ ", Role::Dim),
            (false, false, Some(Some(_))) => ("● ", Role::Ok),
            (false, false, Some(None)) => ("○ ", Role::Warn),
            (false, false, None) => ("· ", Role::Dim),
        };
        self.pen.put(glyph, self.theme.style(role));
    }

    /// Writes the newest round trip of a machine, or another value, before `end`; returns its first column.
    fn value(&mut self, end: usize, old_since: Option<Instant>, series: Option<&Series>) -> usize {
        let (plain, warn) = (self.style(Role::Plain), self.style(Role::Warn));
        match (self.row.gone, old_since, series.and_then(Series::newest)) {
            (true, ..) => self.pen.put_right(end, format_args!("gone"), plain),
            (false, Some(at), _) => {
                let age = age(self.state.now.saturating_duration_since(at));
                self.pen.put_right(end, format_args!("{age} old"), warn)
            }
            (false, None, Some(Some(rtt))) => {
                self.pen.put_right(end, format_args!("{:.1}", rtt.as_secs_f64() * 1e3), plain)
            }
            // While the link is down, missing replies are not counted as lost.
            (false, None, Some(None)) if self.state.is_up() => {
                self.pen.put_right(end, format_args!("lost"), warn)
            }
            _ => end,
        }
    }

    /// Note after a name, long and short: a recent change, or the age of the data.
    fn note(&self, old_since: Option<Instant>) -> (String, String, Role) {
        let Self { state, row, .. } = *self;
        let same = |text: &str, role| (text.to_owned(), text.to_owned(), role);
        if let Some(at) = old_since {
            let age = age(state.now.saturating_duration_since(at));
            return (format!(" ◌ {age} old"), format!(" ◌ {age}"), Role::Warn);
        }
        match state.views.explore.tree.mark(&row.node, state.now) {
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
}

/// Content of the count column.
#[derive(Clone, Copy)]
enum Count {
    Of(usize),
    Words(&'static str),
    At(Ipv6Addr),
}

/// The end of an address, which differs between machines on one host: `…f066:b83b:2`.
struct Tail(Ipv6Addr);

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [.., a, b, c] = self.0.segments();
        write!(f, "…{a:x}:{b:x}:{c:x}")
    }
}
