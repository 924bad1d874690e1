//! The selected target: round trips over time, how often which was seen, and the replies one by one.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::span;
use crate::app::State;
use crate::app::ping::Row;
use crate::probe::series::{Reply, ReplyKind, Series, Stray};
use crate::probe::stats::Bin;
use crate::text::{fit, ms, width};
use crate::ui::Size;
use crate::ui::parts::{Text, chart, rule, side_by_side};
use crate::ui::theme::{Role, Theme};

/// All that there is room for.
pub fn all(state: &State, row: &Row<'_>, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let (graph, beside) = match size {
        Size::Wide => (11.min(area.height - 5), 38),
        Size::Normal => (7.min(area.height - 3), 32),
        _ => {
            let figures =
                row.stats().map(|s| format!("min {} · p95 {} · max {}", ms(s.min), ms(s.p95), ms(s.max)));
            let name = fit(row.series.target.label.as_str(), 24);
            rule(&name, false, &figures.unwrap_or_default(), theme, line(0), buffer);
            let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
            return over_time(state, row.series, theme, rest, buffer);
        }
    };
    rtt_rule(state, row, theme, size, line(0), buffer);
    let middle = Rect { y: area.y + 1, height: graph, ..area };
    let [left, right] = side_by_side(middle, area.width - beside, theme, buffer);
    over_time(state, row.series, theme, left, buffer);
    histogram(row, theme, right, buffer);
    let rest = Rect { y: middle.bottom(), height: area.bottom() - middle.bottom(), ..area };
    replies(state, row, theme, rest, buffer);
}

/// Whose round trips these are, and what part of them is the gateway's.
fn rtt_rule(state: &State, row: &Row<'_>, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let target = &row.series.target;
    let gateway = state.profile.dns.addr;
    let own = state.series(gateway).and_then(|series| series.stats).map(|stats| stats.p50);
    let beyond = match (own, row.stats()) {
        (Some(own), Some(all)) if target.address != gateway => {
            format!("gateway {} + {} beyond · ", ms(own), ms(all.p50.saturating_sub(own)))
        }
        _ => String::new(),
    };
    let error = row.series.error.as_ref().map(|error| format!("{} · ", fit(error, 48))).unwrap_or_default();
    let earlier =
        if state.ping.earlier > 0 { format!("{} before now · ", state.ping.earlier) } else { String::new() };
    let end = format!("{error}{earlier}{beyond}ms");
    let title = if row.series.turns > 0 {
        let label = fit(target.label.as_str(), if size == Size::Wide { 32 } else { 20 });
        format!("RTT {label}, {} addresses in turns", row.series.turns)
    } else if size == Size::Wide {
        format!("RTT over time  {}  {}", fit(target.label.as_str(), 32), target.address)
    } else {
        format!("RTT {}", fit(target.label.as_str(), 28))
    };
    rule(&title, false, &end, theme, area, buffer);
}

fn over_time(state: &State, series: &Series, theme: Theme, area: Rect, buffer: &mut Buffer) {
    const SCALE: usize = 6;
    let dim = theme.style(Role::Dim);
    let recent = series.recent.as_slice();
    let shown = recent.get(..recent.len() - state.ping.earlier.min(recent.len())).unwrap_or_default();
    if area.height < 5 {
        return chart(shown, theme, area, buffer);
    }
    chart(shown, theme, Rect { height: area.height - 1, ..area }, buffer);
    let columns = usize::from(area.width).saturating_sub(SCALE);
    let each = state.ping.interval(state.view.pings.len()).as_secs_f64();
    let ago = |columns: usize| span((columns + state.ping.earlier) as f64 * each);
    let (left, middle) = (format!("{} ago", ago(columns)), ago(columns / 2));
    let right = if state.ping.earlier == 0 { "now".into() } else { format!("{} ago", ago(0)) };
    Text::new()
        .to(SCALE)
        .add(&left, dim)
        .to(SCALE + columns / 2 - width(&middle) / 2)
        .add(&middle, dim)
        .to((SCALE + columns).saturating_sub(width(&right) + 1))
        .add(&right, dim)
        .paint(Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
}

/// How often which round trip was seen, what else became of probes, and the percentiles.
pub fn histogram(row: &Row<'_>, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let series = row.series;
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    rule("RTT histogram", false, "ms", theme, line(0), buffer);
    let mut others = vec![("lost", series.lost, Role::Warn)];
    for (what, n, role) in [
        ("error", series.errors, Role::Warn),
        ("late", series.late, Role::Warn),
        ("duplicate", series.duplicates, Role::Warn),
        ("stray", series.strays, Role::Warn),
    ] {
        if n > 0 {
            others.push((what, n, role));
        }
    }
    let foot = usize::from(area.height > 8) + 1;
    let room = usize::from(area.height).saturating_sub(1 + others.len() + foot);
    let bins = merged(&series.bins, room);
    let most = bins.iter().map(|bin| bin.count).chain([series.lost]).max().unwrap_or(0).max(1);
    let (label_at, bar_at) = (2, 16);
    let figures = 7;
    let longest = usize::from(area.width).saturating_sub(bar_at + figures + 1);
    let mut y = 1;
    let mut put = |label: &str, n: u64, role: Role| {
        let tally = n.to_string();
        Text::new()
            .to(label_at)
            .add(label, theme.style(if role == Role::Plain { Role::Plain } else { Role::Dim }))
            .to(bar_at)
            .add(bar(n as f64 / most as f64 * longest as f64), theme.style(role))
            .to(usize::from(area.width).saturating_sub(width(&tally) + 1))
            .add(&tally, theme.style(Role::Plain))
            .paint(line(y), buffer);
        y += 1;
    };
    for bin in &bins {
        put(&label(bin), bin.count, Role::Accent);
    }
    for (what, n, role) in others {
        put(what, n, if n > 0 { role } else { Role::Plain });
    }
    if area.height > 8 {
        put("in flight", series.in_flight(), Role::Plain);
    }
    if let Some(stats) = row.stats() {
        let mut text = Text::new().add(
            format!("  p50 {}  p95 {}  p99 {}", ms(stats.p50), ms(stats.p95), ms(stats.p99)),
            theme.strong(),
        );
        let jitter = format!("  jitter {}", ms(stats.jitter));
        if text.width() + width(&jitter) < usize::from(area.width) {
            text = text.add(jitter, dim);
        }
        text.paint(line(area.height - 1), buffer);
    }
}

/// `bins` in at most `rows`: neighbours that were seen least are put together first.
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

/// The round trips of a bin, both ends included: `11.0–11.9`.
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

/// A bar of so many columns, to an eighth.
fn bar(columns: f64) -> String {
    const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (columns * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.extend((eighths % 8).checked_sub(1).and_then(|part| PARTS.get(part)));
    // Whatever was seen is seen.
    if bar.is_empty() && columns > 0.0 { "▏".into() } else { bar }
}

/// What came, newest first.
pub fn replies(state: &State, row: &Row<'_>, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    rule("Last replies", false, "newest first", theme, line(0), buffer);
    let room = usize::from(area.height - 1);
    for (n, reply) in row.series.replies.iter().rev().take(room).enumerate() {
        let here = line(1 + n as u16);
        reply_line(state, row, reply, theme).paint(here, buffer);
    }
}

fn reply_line(state: &State, row: &Row<'_>, reply: &Reply, theme: Theme) -> Text<'static> {
    let at = state.clock_at(reply.at).map(|time| time.strftime("%H:%M:%S%.3f").to_string());
    let seq = if reply.number == 0 { "–".to_owned() } else { reply.number.to_string() };
    let (figure, words, role) = told(&reply.kind);
    let from =
        if reply.from == row.series.target.address { String::new() } else { format!("  by {}", reply.from) };
    Text::new()
        .add(format!("  {}", at.unwrap_or_default()), theme.style(Role::Dim))
        .to(16)
        .add(format!("seq {seq:<5}"), theme.style(Role::Dim))
        .add(format!("{figure:>10}"), theme.style(role))
        .add(format!("   {words}{from}"), theme.style(if role == Role::Plain { Role::Dim } else { role }))
}

/// What is told of a reply: a figure or a word, and the rest.
fn told(kind: &ReplyKind) -> (String, String, Role) {
    let rtt = |rtt: &Duration| format!("{} ms", ms(*rtt));
    match kind {
        ReplyKind::Answered { rtt: took, hop_limit, bytes } => {
            (rtt(took), format!("{bytes} B   hop limit {hop_limit}"), Role::Plain)
        }
        ReplyKind::Lost { after } => {
            ("lost".into(), format!("no reply within {} s", after.as_secs_f64()), Role::Warn)
        }
        ReplyKind::Late { rtt: took } => (rtt(took), "late, not lost".into(), Role::Warn),
        ReplyKind::Duplicate { rtt: took } => (rtt(took), "a duplicate".into(), Role::Warn),
        ReplyKind::Stray(stray) => ("stray".into(), stray_words(*stray), Role::Warn),
        ReplyKind::Error(error) => ("error".into(), error.to_string(), Role::Warn),
        ReplyKind::Unsent(why) => ("unsent".into(), why.clone(), Role::Warn),
    }
}

fn stray_words(stray: Stray) -> String {
    match stray {
        Stray::Ident(ident) => format!("identifier {ident} is not ours"),
        Stray::Seq(seq) => format!("sequence number {seq} was not sent"),
        Stray::Sender(_) => "another address answers".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_merged_where_least_was_seen() {
        let us = Duration::from_micros;
        let bin = |from, to, count| Bin { from: us(from), to: us(to), count };
        let bins = [
            bin(10_000, 11_000, 3),
            bin(11_000, 12_000, 71),
            bin(12_000, 13_000, 112),
            bin(20_000, 21_000, 1),
            bin(48_000, 49_000, 2),
        ];
        let told: Vec<_> = merged(&bins, 4).iter().map(|bin| (label(bin), bin.count)).collect();
        let told: Vec<_> = told.iter().map(|(label, n)| (label.as_str(), *n)).collect();
        assert_eq!(told, [("10.0–10.9", 3), ("11.0–11.9", 71), ("12.0–12.9", 112), ("20.0–48.9", 3)]);
        assert_eq!(label(&bin(420, 430, 1)), "0.420–0.429");
        assert_eq!(label(&bin(1_200, 1_300, 1)), "1.2");
        assert_eq!(label(&bin(230_000, 240_000, 1)), "230–239");
    }

    #[test]
    fn a_bar_is_as_long_as_it_should_be() {
        assert_eq!([0.0, 0.01, 1.0, 2.5].map(bar), ["", "▏", "█", "██▌"]);
    }
}
