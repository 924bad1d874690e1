//! The Ping view: a line per target, and below the details of the selected one.

mod figures;
mod matrix;
mod ports;
mod replies;
mod trace;

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use crate::app::State;
use crate::app::mouse::Spot;
use crate::app::views::ping::{Column, Lower, Row};
use crate::probe::stats::Stats;
use crate::text::{Safe, count, fit, ms};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::hits::Hits;
use crate::ui::parts::chart::spark_of;
use crate::ui::parts::line::{Columns as _, marked};
use crate::ui::parts::list::{below, first_row, lines};
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    canvas.hits.add(area, Spot::List);
    if state.views.ping.matrix.is_some() {
        return matrix::draw(canvas, area);
    }
    let line = lines(area);
    let rows = state.ping_rows();
    title(canvas, line(0), &rows);
    if rows.is_empty() {
        return empty(canvas, below(area, 2));
    }
    // The table takes the rows that it needs; the pane below has a minimum share.
    let least = match size {
        Size::Wide => 17,
        Size::Normal => 11,
        _ => 5,
    };
    let room = usize::from(area.height.saturating_sub(2 + least)).min(rows.len());
    let columns = Columns::of(size, area.width, state.views.ping.interval(rows.len()), state.views.ping.wide);
    columns.header(state, theme).paint(line(1), canvas);
    columns.hits(line(1), &mut canvas.hits);
    let chosen = state.chosen_ping(&rows);
    let offset = first_row(chosen, rows.len(), room);
    let list = Rect { height: room as u16, ..below(area, 2) };
    for ((n, row), here) in rows.iter().enumerate().skip(offset).zip(list.rows()) {
        columns.row(state, row, n == chosen, theme).paint(here, canvas);
        if row.is_gone() {
            canvas.buffer.set_style(here, Modifier::CROSSED_OUT);
        }
        canvas.row(here, n, n == chosen);
    }
    canvas.more_rows(list, offset > 0, offset + room < rows.len());
    let gap = u16::from(size == Size::Wide);
    if let Some(row) = rows.get(chosen) {
        lower(canvas, below(area, 2 + room as u16 + gap), row);
    }
}

/// The pane below the table.
fn lower(canvas: &mut Canvas<'_>, area: Rect, row: &Row<'_>) {
    match canvas.state.views.ping.lower {
        Lower::Chart => figures::all(canvas, area, row),
        Lower::Histogram => figures::histogram(canvas, area, row),
        Lower::Replies => replies::draw(canvas, area, row),
        Lower::Trace => trace::draw(canvas, area),
        Lower::Ports => ports::draw(canvas, area),
    }
}

fn empty(canvas: &mut Canvas<'_>, area: Rect) {
    let dim = canvas.theme.style(Role::Dim);
    let lines = [
        "No ping targets.",
        "{add-target} adds a target: an app, a region, a machine, an address, a name, or gateway.",
        "In the tree, {ping} pings the selected row and {ping-below} all below it.",
    ];
    let lines = lines.map(|text| Line::default().add(format!("  {}", canvas.with_keys(text)), dim));
    canvas.lines(area, lines);
}

fn title(canvas: &mut Canvas<'_>, area: Rect, rows: &[Row<'_>]) {
    let Canvas { state, size, .. } = *canvas;
    let plan = &state.views.ping.plan;
    let interval = state.views.ping.interval(rows.len());
    let every = format!("every {:.1} s", interval.as_secs_f64());
    let mut left = count(rows.len(), "target");
    if state.networks.front().target_list.left_out() > 0 {
        left = format!("{left}, {} left out", state.networks.front().target_list.left_out());
    }
    left = match size {
        Size::Wide => {
            let timeout = plan.timeout.as_secs_f64();
            format!("{left} · {every} · {} B · timeout {timeout:.0} s", plan.payload)
        }
        Size::Normal => format!("{left} · {every}"),
        _ => format!("{left} · {:.1} s", interval.as_secs_f64()),
    };
    if interval > plan.interval && size != Size::Small {
        left.push_str(" (paced)");
    }
    let sending = rows.iter().filter(|row| !row.series.paused).count();
    let doing = match (state.paused, state.is_up()) {
        (true, _) => "paused".into(),
        (false, false) => "waiting for the link".into(),
        (false, true) => format!("sending {sending}/{}", rows.len()),
    };
    let arrow = if state.views.ping.reversed { "▲" } else { "▼" };
    let of = if state.views.ping.window { "newest · " } else { "" };
    let sort = state.views.ping.sort.title();
    let sort = if size == Size::Small { sort.to_owned() } else { format!("sort {sort}") };
    canvas.rule(area, &left, true, &format!("{of}{sort} {arrow}  {doing}"));
}

struct Columns {
    size: Size,
    name: usize,
    figures: &'static [(Column, usize)],
    sparks: usize,
    interval: Duration,
}

impl Columns {
    fn of(size: Size, width: u16, interval: Duration, wide: bool) -> Self {
        use Column::{Avg, Jitter, Last, Loss, Max, Mdev, Min, P50, P95, P99, Sent};
        let (name, figures): (usize, &[(Column, usize)]) = match size {
            Size::Wide if wide => (
                28,
                &[
                    (Sent, 7),
                    (Loss, 9),
                    (Last, 7),
                    (Min, 7),
                    (Avg, 7),
                    (P50, 7),
                    (P95, 7),
                    (P99, 7),
                    (Max, 8),
                    (Mdev, 7),
                    (Jitter, 8),
                ],
            ),
            Size::Normal if wide => {
                (17, &[(Loss, 9), (Last, 7), (Min, 7), (Avg, 7), (P50, 7), (P95, 7), (P99, 7), (Max, 6)])
            }
            _ if wide => (14, &[(Loss, 7), (Last, 7), (Min, 7), (Avg, 7), (P95, 7), (Max, 6)]),
            Size::Wide => {
                (28, &[(Sent, 8), (Loss, 9), (Last, 7), (Min, 8), (Avg, 8), (P95, 8), (Max, 8), (Mdev, 8)])
            }
            Size::Normal => (17, &[(Sent, 6), (Loss, 9), (Last, 7), (Avg, 7), (P95, 7), (Mdev, 7)]),
            _ => (16, &[(Loss, 7), (Last, 7), (Avg, 7)]),
        };
        let region = if size == Size::Wide { 6 } else { 4 };
        let used = 2 + name + region + figures.iter().map(|(_, columns)| columns).sum::<usize>() + 2;
        let sparks = if wide { 0 } else { usize::from(width).saturating_sub(used).min(60) };
        Self { size, name, figures, sparks, interval }
    }

    fn region(&self) -> usize {
        if self.size == Size::Wide { 6 } else { 4 }
    }

    fn hits(&self, heading: Rect, hits: &mut Hits) {
        let mut at = 2 + self.name;
        hits.columns(heading, 0..at, Spot::Heading(Column::Target as usize));
        hits.columns(heading, at..at + self.region(), Spot::Heading(Column::Region as usize));
        at += self.region();
        for (column, columns) in self.figures {
            hits.columns(heading, at..at + columns, Spot::Heading(*column as usize));
            at += columns;
        }
    }

    fn header(&self, state: &State, theme: Theme) -> Line<'static> {
        let dim = theme.style(Role::Dim);
        let arrow = |column: Column| match (state.views.ping.sort == column, state.views.ping.reversed) {
            (false, _) => "",
            (true, false) => " ▼",
            (true, true) => " ▲",
        };
        let title = |column: Column| format!("{}{}", column.title(), arrow(column));
        let region = if self.size == Size::Wide { title(Column::Region) } else { "RGN".into() };
        let mut text = Line::default()
            .add(format!("  {}", title(Column::Target)), dim)
            .to(2 + self.name)
            .add(region, dim)
            .to(2 + self.name + self.region());
        for (column, columns) in self.figures {
            let title = title(*column);
            text = text.right(title, *columns, dim);
        }
        if self.sparks == 0 {
            return text;
        }
        let seconds = self.interval.as_secs_f64() * self.sparks as f64;
        text.add(format!("  LAST {}", span(seconds)), dim)
    }

    fn row(&self, state: &State, row: &Row<'_>, chosen: bool, theme: Theme) -> Line<'static> {
        let plain = theme.style(Role::Plain);
        let dim = theme.style(Role::Dim);
        let name = match (chosen, row.is_gone()) {
            (true, _) => theme.strong(),
            (_, true) => dim,
            _ => plain,
        };
        let region = row.member.and_then(|member| member.region.as_ref()).map_or("–", Safe::as_str);
        let mut text = marked(chosen, theme)
            .add(fit(&full_name(state, row, self.size), self.name - 1), name)
            .to(2 + self.name)
            .add(fit(region, self.region() - 1), dim)
            .to(2 + self.name + self.region());
        for (column, columns) in self.figures {
            let (value, role) = figure(row, *column, self.size);
            text = text.right(value, *columns, theme.style(role));
        }
        text.add("  ", plain).join(spark_of(row.series, self.sparks, theme))
    }
}

/// Label of a target, with its address if it fits.
fn full_name(state: &State, row: &Row<'_>, size: Size) -> String {
    let target = &row.series.target;
    if row.series.round_robin > 0 {
        let turns = if size == Size::Wide { " round robin" } else { "" };
        return format!("{} ×{}{turns}", target.label, row.series.round_robin);
    }
    let machine = row.member.is_some_and(|member| member.region.is_some());
    match row.member.and_then(|member| member.app.as_ref()) {
        Some(app) if size == Size::Wide && machine => format!("{}.vm.{app}", target.label),
        None if size == Size::Wide && target.address == state.networks.front().identity.dns.addr => {
            format!("{}  {}", target.label, target.address)
        }
        _ => target.label.to_string(),
    }
}

/// Content of a column; unknown values are not shown as zero.
fn figure(row: &Row<'_>, column: Column, size: Size) -> (String, Role) {
    let stat = |pick: fn(Stats) -> Duration| {
        (row.stats().map_or_else(|| "–".into(), |stats| ms(pick(stats))), Role::Plain)
    };
    match column {
        Column::Target | Column::Region => (String::new(), Role::Plain),
        Column::Sent => (row.series.sent.to_string(), Role::Plain),
        Column::Loss => match row.loss() {
            None => ("–".into(), Role::Dim),
            Some(loss) => {
                let role = match loss {
                    1.0 => Role::Bad,
                    loss if loss > 0.0 => Role::Warn,
                    _ => Role::Plain,
                };
                let percent = loss * 100.0;
                let short = size == Size::Small && (percent == 0.0 || percent >= 99.95);
                (if short { format!("{percent:.0}%") } else { format!("{percent:.1}%") }, role)
            }
        },
        Column::Last if row.is_gone() => ("gone".into(), Role::Dim),
        Column::Last => match row.series.newest() {
            Some(None) => ("lost".into(), Role::Warn),
            Some(Some(rtt)) => (ms(rtt), Role::Plain),
            None => ("–".into(), Role::Dim),
        },
        Column::Min => stat(|s| s.min),
        Column::Avg => stat(|s| s.avg),
        Column::P50 => stat(|s| s.p50),
        Column::P95 => stat(|s| s.p95),
        Column::P99 => stat(|s| s.p99),
        Column::Max => stat(|s| s.max),
        Column::Mdev => stat(|s| s.mdev),
        Column::Jitter => stat(|s| s.jitter),
    }
}

/// A duration with its unit: `18 s`, `2 min`.
fn span(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

#[cfg(test)]
mod tests;
