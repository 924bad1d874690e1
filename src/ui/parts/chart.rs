//! Bar charts of round trips. Unlike ratatui's sparkline they show lost and late probes differently.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::line::Columns as _;
use crate::probe::series::{Sample, Series};
use crate::ui::canvas::Canvas;
use crate::ui::theme::{Role, Theme};

const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Possible tops of a scale in milliseconds. There are few, so that the scale of a chart rarely changes.
const TOPS: [f64; 14] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4];
/// Width of a chart's scale in columns.
pub const SCALE: u16 = 6;

/// Top of the scale for values up to `largest`.
fn top(largest: Duration) -> f64 {
    let ms = largest.as_secs_f64() * 1e3;
    TOPS.into_iter().find(|top| *top >= ms).unwrap_or(ms)
}

/// The newest `columns` probes as bars, scaled to the `largest` round trip; `×` is a lost probe, `›` a late one.
pub fn spark(recent: &[Sample], columns: usize, largest: Option<Duration>, theme: Theme) -> Line<'static> {
    let top = top(largest.unwrap_or_default());
    let shown = newest(recent, columns);
    let bars = shown.iter().map(|probe| match probe {
        Sample::Received(rtt) => {
            let share = rtt.as_secs_f64() * 1e3 / top;
            (BARS[((share * 8.0) as usize).min(7)], Role::Dim)
        }
        Sample::Late(_) => ("›", Role::Warn),
        Sample::Lost | Sample::Error => ("×", Role::Bad),
    });
    let start = Line::default().to(columns - shown.len());
    bars.fold(start, |line, (bar, role)| line.add(bar, theme.style(role)))
}

/// The newest `columns` probes of a series as bars.
pub fn spark_of(series: &Series, columns: usize, theme: Theme) -> Line<'static> {
    spark(&series.recent, columns, series.stats.map(|stats| stats.max), theme)
}

fn newest(recent: &[Sample], columns: usize) -> &[Sample] {
    &recent[recent.len().saturating_sub(columns)..]
}

impl<S> Canvas<'_, S> {
    /// Draws RTT over time as columns of bars, the newest at the right, with a scale at the left.
    pub fn chart(&mut self, area: Rect, recent: &[Sample]) {
        if area.height < 3 || area.width <= SCALE {
            return;
        }
        let dim = self.theme.style(Role::Dim);
        let columns = usize::from(area.width - SCALE);
        let shown = newest(recent, columns);
        let largest = shown.iter().filter_map(|sample| sample.rtt()).max();
        let chart = Chart { rows: area.height - 1, top: top(largest.unwrap_or_default()) };
        for (row, line) in (0..area.height).rev().zip(area.rows()) {
            let blank = if row == 0 { "─" } else { " " };
            let mut text = chart.scale(row, self.theme).add(blank.repeat(columns - shown.len()), dim);
            for probe in shown {
                let (bar, role) = chart.bar(*probe, row);
                text = text.add(bar, self.theme.style(role));
            }
            text.paint(line, self);
        }
        if largest.is_none() && !shown.is_empty() {
            let words = "no replies yet";
            let middle = area.x + SCALE + (area.width - SCALE).saturating_sub(words.len() as u16) / 2;
            let line =
                Rect { x: middle, y: area.y + chart.rows / 2, width: area.right() - middle, height: 1 };
            Line::default().add(words, dim).paint(line, self);
        }
    }
}

/// Axes of a chart: number of rows above the bottom row, and the top of the scale in milliseconds.
struct Chart {
    rows: u16,
    top: f64,
}

impl Chart {
    /// Scale beside a row, counted from the bottom.
    fn scale(&self, row: u16, theme: Theme) -> Line<'static> {
        let (label, tick) = if row == self.rows {
            (format!("{:>4.0} ", self.top), "┤")
        } else if row == 0 {
            ("   0 ".into(), "┴")
        } else if row * 2 == self.rows && self.top >= 2.0 {
            (format!("{:>4.0} ", self.top / 2.0), "┤")
        } else {
            ("     ".into(), "│")
        };
        let dim = theme.style(Role::Dim);
        Line::default().add(label, dim).add(tick, dim)
    }

    /// Glyph of a probe in a row, counted from the bottom.
    fn bar(&self, probe: Sample, row: u16) -> (&'static str, Role) {
        match probe {
            Sample::Lost | Sample::Error if row == 0 => ("×", Role::Bad),
            Sample::Late(_) if row == 0 => ("›", Role::Warn),
            Sample::Received(_) if row == 0 => ("─", Role::Dim),
            Sample::Lost | Sample::Error | Sample::Late(_) => (" ", Role::Dim),
            Sample::Received(rtt) => {
                // Filled eighths of this row.
                let eighths = rtt.as_secs_f64() * 1e3 / self.top * f64::from(self.rows) * 8.0;
                let here = eighths - f64::from(row - 1) * 8.0;
                let bar = if here < 1.0 && row > 1 { " " } else { BARS[(here as usize).clamp(1, 8) - 1] };
                (bar, Role::Accent)
            }
        }
    }
}
