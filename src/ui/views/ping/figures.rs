//! Figures of the selected target: RTT over time, and the RTT histogram.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{replies, span};
use crate::app::views::ping::Row;
use crate::probe::series::Series;
use crate::probe::stats::Bin;
use crate::text::{fit, ms, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::chart;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::{below, lines};
use crate::ui::theme::Role;

/// All figures that fit.
pub fn all(canvas: &mut Canvas<'_>, area: Rect, row: &Row<'_>) {
    let (graph, beside) = match canvas.size {
        Size::Wide => (11.min(area.height - 5), 38),
        Size::Normal => (7.min(area.height - 3), 32),
        _ => {
            let figures =
                row.stats().map(|s| format!("min {} · p95 {} · max {}", ms(s.min), ms(s.p95), ms(s.max)));
            let name = fit(row.series.target.label.as_str(), 24);
            canvas.rule(area, &name, false, &figures.unwrap_or_default());
            return over_time(canvas, below(area, 1), row.series);
        }
    };
    rtt_rule(canvas, area, row);
    let middle = Rect { height: graph, ..below(area, 1) };
    let [left, right] = canvas.side_by_side(middle, area.width - beside);
    over_time(canvas, left, row.series);
    histogram(canvas, right, row);
    replies::draw(canvas, below(area, 1 + graph), row);
}

/// The rule with the target's name and the gateway's share of its round trips.
fn rtt_rule(canvas: &mut Canvas<'_>, area: Rect, row: &Row<'_>) {
    let Canvas { state, size, .. } = *canvas;
    let target = &row.series.target;
    let gateway = state.networks.front().identity.dns.addr;
    let own = state.series(gateway).and_then(|series| series.stats).map(|stats| stats.p50);
    let beyond = match (own, row.stats()) {
        (Some(own), Some(all)) if target.address != gateway => {
            format!("gateway {} + {} beyond · ", ms(own), ms(all.p50.saturating_sub(own)))
        }
        _ => String::new(),
    };
    let error = row.series.error.as_ref().map(|error| format!("{} · ", fit(error, 48))).unwrap_or_default();
    let earlier = if state.views.ping.earlier > 0 {
        format!("{} before now · ", state.views.ping.earlier)
    } else {
        String::new()
    };
    let end = format!("{error}{earlier}{beyond}ms");
    let title = if row.series.round_robin > 0 {
        let label = fit(target.label.as_str(), if size == Size::Wide { 32 } else { 20 });
        format!("RTT {label}, {} addresses, round robin", row.series.round_robin)
    } else if size == Size::Wide {
        format!("RTT over time  {}  {}", fit(target.label.as_str(), 32), target.address)
    } else {
        format!("RTT {}", fit(target.label.as_str(), 28))
    };
    canvas.rule(area, &title, false, &end);
}

fn over_time(canvas: &mut Canvas<'_>, area: Rect, series: &Series) {
    const SCALE: usize = chart::SCALE as usize;
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let recent = series.recent.as_slice();
    let shown = recent.get(..recent.len() - state.views.ping.earlier.min(recent.len())).unwrap_or_default();
    if area.height < 5 {
        return canvas.chart(area, shown);
    }
    canvas.chart(Rect { height: area.height - 1, ..area }, shown);
    let columns = usize::from(area.width).saturating_sub(SCALE);
    let each = state.views.ping.interval(state.networks.front().shown.pings.len()).as_secs_f64();
    let ago = |columns: usize| span((columns + state.views.ping.earlier) as f64 * each);
    let (left, middle) = (format!("{} ago", ago(columns)), ago(columns / 2));
    let right = if state.views.ping.earlier == 0 { "now".into() } else { format!("{} ago", ago(0)) };
    let middle_at = SCALE + columns / 2 - width(&middle) / 2;
    let right_at = (SCALE + columns).saturating_sub(width(&right) + 1);
    let line = Line::default().to(SCALE).add(left, dim).to(middle_at).add(middle, dim);
    line.to(right_at).add(right, dim).paint(below(area, area.height - 1), canvas);
}

/// The RTT histogram, with lost and late probes, and the percentiles.
pub fn histogram(canvas: &mut Canvas<'_>, area: Rect, row: &Row<'_>) {
    let theme = canvas.theme;
    let series = row.series;
    let line = lines(area);
    canvas.rule(area, "RTT histogram", false, "ms");
    let others = [
        ("error", series.errors),
        ("late", series.late),
        ("duplicate", series.duplicates),
        ("stray", series.strays),
    ];
    let mut others: Vec<(&str, u64)> = others.into_iter().filter(|(_, n)| *n > 0).collect();
    others.insert(0, ("lost", series.lost));
    let foot = usize::from(area.height > 8) + 1;
    let room = usize::from(area.height).saturating_sub(1 + others.len() + foot);
    let bins = merged(&series.bins, room);
    let most = bins.iter().map(|bin| bin.count).chain([series.lost]).max().unwrap_or(0).max(1);
    let (columns, bar_at, figures) = (usize::from(area.width), 16, 7);
    let longest = columns.saturating_sub(bar_at + figures + 1);
    let bar_of = |label: &str, n: u64, role: Role| {
        let tally = n.to_string();
        let tally_at = columns.saturating_sub(width(&tally) + 1);
        Line::default()
            .to(2)
            .add(label.to_owned(), theme.style(if role == Role::Plain { Role::Plain } else { Role::Dim }))
            .to(bar_at)
            .add(bar(n as f64 / most as f64 * longest as f64), theme.style(role))
            .to(tally_at)
            .add(tally, theme.style(Role::Plain))
    };
    let bins = bins.iter().map(|bin| bar_of(&label(bin), bin.count, Role::Accent));
    let others =
        others.iter().map(|(what, n)| bar_of(what, *n, if *n > 0 { Role::Warn } else { Role::Plain }));
    let in_flight = (area.height > 8).then(|| bar_of("in flight", series.in_flight(), Role::Plain));
    canvas.lines(below(area, 1), bins.chain(others).chain(in_flight));
    if let Some(stats) = row.stats() {
        let words = format!("  p50 {}  p95 {}  p99 {}", ms(stats.p50), ms(stats.p95), ms(stats.p99));
        let jitter = format!("  jitter {}", ms(stats.jitter));
        let mut text = Line::default().add(words, theme.strong());
        if text.columns() + width(&jitter) < columns {
            text = text.add(jitter, theme.style(Role::Dim));
        }
        text.paint(line(area.height - 1), canvas);
    }
}

/// Merges `bins` into at most `rows`: neighbours with the lowest counts first.
fn merged(bins: &[Bin], rows: usize) -> Vec<Bin> {
    let mut bins = bins.to_vec();
    while bins.len() > rows.max(1) {
        let least = (0..bins.len() - 1).min_by_key(|at| bins[*at].count + bins[at + 1].count);
        let Some(at) = least else { break };
        let next = bins.remove(at + 1);
        bins[at].count += next.count;
        bins[at].to = next.to;
    }
    bins
}

/// Round trips of a bin, both ends included: `11.0–11.9`.
fn label(bin: &Bin) -> String {
    let (from, to) = (bin.from.as_secs_f64() * 1e3, bin.to.as_secs_f64() * 1e3);
    let digits = match to {
        ..=1.0 => 3,
        ..=100.0 => 1,
        _ => 0,
    };
    let last = to - 10_f64.powi(-digits);
    let digits = digits as usize;
    let (from, to) = (format!("{from:.digits$}"), format!("{last:.digits$}"));
    if from == to { from } else { format!("{from}–{to}") }
}

/// A bar of so many columns, with a resolution of an eighth.
fn bar(columns: f64) -> String {
    const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (columns * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).and_then(|part| PARTS.get(part)));
    // A non-zero count is always visible.
    if bar.is_empty() && columns > 0.0 { "▏".into() } else { bar }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bins_with_the_lowest_counts_are_merged() {
        let us = Duration::from_micros;
        let bin = |from, to, count| Bin { from: us(from), to: us(to), count };
        let bins = [
            bin(10_000, 11_000, 3),
            bin(11_000, 12_000, 71),
            bin(12_000, 13_000, 112),
            bin(20_000, 21_000, 1),
            bin(48_000, 49_000, 2),
        ];
        let labels: Vec<_> = merged(&bins, 4).iter().map(|bin| (label(bin), bin.count)).collect();
        let labels: Vec<_> = labels.iter().map(|(label, n)| (label.as_str(), *n)).collect();
        assert_eq!(labels, [("10.0–10.9", 3), ("11.0–11.9", 71), ("12.0–12.9", 112), ("20.0–48.9", 3)]);
        assert_eq!(label(&bin(420, 430, 1)), "0.420–0.429");
        assert_eq!(label(&bin(1_200, 1_300, 1)), "1.2");
        assert_eq!(label(&bin(230_000, 240_000, 1)), "230–239");
    }

    #[test]
    fn a_bar_has_the_right_length() {
        assert_eq!([0.0, 0.01, 1.0, 2.5].map(bar), ["", "▏", "█", "██▌"]);
    }
}
