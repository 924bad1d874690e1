//! The Ping view: a line for each target, and the selected one's round trips over time.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Size;
use super::hits::Hits;
use super::parts::{Text, chart, rule, spark, top};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::mouse::Spot;
use crate::app::ping::Column;
use crate::engine::report::{Series, Stats};
use crate::text::{count, fit, ms, width};

/// Draws the view; gives where the selected row is.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    hits.add(area, Spot::List);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let rows = state.ping_rows();
    let doing = match (state.paused, state.is_up()) {
        (true, _) => "paused",
        (false, false) => "waiting for the link",
        (false, true) => "every 1.0 s",
    };
    rule(&count(rows.len(), "target"), true, doing, theme, line(0), buffer);
    if rows.is_empty() {
        let why = "Nobody is pinged. p pings the selected row of the tree, P all below it.";
        Text::new()
            .add(format!("  {why}"), theme.style(Role::Dim))
            .paint(line(2.min(area.height - 1)), buffer);
        return None;
    }
    let below = match size {
        Size::Wide => 13,
        Size::Normal => 8,
        _ => 5,
    };
    let room = usize::from(area.height.saturating_sub(2 + below));
    let columns = Columns::of(size, area.width);
    columns.header(state, theme).paint(line(1), buffer);
    columns.hits(line(1), hits);
    let chosen = state.chosen_ping(&rows);
    let offset = chosen.saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    let mut cursor = None;
    for (n, series) in rows.iter().enumerate().skip(offset).take(room) {
        let here = line(2 + (n - offset) as u16);
        hits.add(here, Spot::Row(n));
        columns.row(series, n == chosen, theme).paint(here, buffer);
        if n == chosen {
            cursor = Some(Position { x: here.x, y: here.y });
        }
    }
    if let Some(series) = rows.get(chosen) {
        let top = area.height - below;
        let title = format!("RTT {}", fit(series.target.label.as_str(), 40));
        rule(&title, false, "ms", theme, line(top), buffer);
        let rest = Rect { y: area.y + top + 1, height: below - 1, ..area };
        chart(&series.recent, theme, rest, buffer);
    }
    cursor
}

/// Which columns there is room for.
struct Columns {
    name: usize,
    figures: &'static [(Column, usize)],
    sparks: usize,
}

impl Columns {
    fn of(size: Size, width: u16) -> Self {
        use Column::{Avg, Last, Loss, Max, Mdev, Min};
        let (name, figures): (usize, &[(Column, usize)]) = match size {
            Size::Wide => (28, &[(Loss, 8), (Last, 8), (Min, 8), (Avg, 8), (Max, 8), (Mdev, 8)]),
            Size::Normal => (18, &[(Loss, 8), (Last, 7), (Avg, 7), (Max, 7), (Mdev, 7)]),
            _ => (15, &[(Loss, 8), (Last, 7), (Avg, 7)]),
        };
        let used = 2 + name + figures.iter().map(|(_, columns)| columns).sum::<usize>() + 2;
        Self { name, figures, sparks: usize::from(width).saturating_sub(used + 1).min(60) }
    }

    fn hits(&self, heading: Rect, hits: &mut Hits) {
        let mut at = 2 + self.name;
        hits.columns(heading, 0..at, Spot::Column(Column::Target));
        for (column, columns) in self.figures {
            hits.columns(heading, at..at + columns, Spot::Column(*column));
            at += columns;
        }
    }

    fn header(&self, state: &State, theme: Theme) -> Text<'static> {
        let dim = theme.style(Role::Dim);
        let arrow = |column: Column| match (state.ping.sort == column, state.ping.reversed) {
            (false, _) => "",
            (true, false) => "▼",
            (true, true) => "▲",
        };
        let title = |column: Column| format!("{}{}", column.title(), arrow(column));
        let mut text = Text::new().add(format!("  {}", title(Column::Target)), dim).to(2 + self.name);
        for (column, columns) in self.figures {
            let title = title(*column);
            text = text.add(" ".repeat(columns.saturating_sub(width(&title))), dim).add(title, dim);
        }
        text.add(format!("  LAST {}", self.sparks), dim)
    }

    fn row(&self, series: &Series, chosen: bool, theme: Theme) -> Text<'static> {
        let plain = theme.style(Role::Plain);
        let name = if chosen { theme.strong() } else { plain };
        let mut text = Text::new()
            .add(if chosen { "▌ " } else { "  " }, theme.focused())
            .add(fit(series.target.label.as_str(), self.name - 1), name)
            .to(2 + self.name);
        for (column, columns) in self.figures {
            let (value, role) = figure(series, *column);
            let pad = columns.saturating_sub(width(&value));
            text = text.add(" ".repeat(pad), plain).add(value, theme.style(role));
        }
        let largest = series.stats.map(|stats| stats.max).unwrap_or_default();
        text.add("  ", plain).join(spark(&series.recent, self.sparks, top(largest), theme))
    }
}

/// What stands in a column; what is not known is no zero.
fn figure(series: &Series, column: Column) -> (String, Role) {
    let stat = |pick: fn(&Stats) -> Duration| {
        (series.stats.as_ref().map_or_else(|| "–".into(), |stats| ms(pick(stats))), Role::Plain)
    };
    match column {
        Column::Loss => match series.loss() {
            None => ("–".into(), Role::Dim),
            Some(loss) => {
                (format!("{:.1}%", loss * 100.0), if loss > 0.0 { Role::Warn } else { Role::Plain })
            }
        },
        Column::Last => match series.newest() {
            Some(None) => ("lost".into(), Role::Warn),
            _ => stat(|s| s.last),
        },
        Column::Min => stat(|s| s.min),
        Column::Avg => stat(|s| s.avg),
        Column::Max => stat(|s| s.max),
        Column::Mdev => stat(|s| s.mdev),
        Column::Target => (String::new(), Role::Plain),
    }
}
