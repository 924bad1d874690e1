//! The ping pane of the Explore view: a line for each target, and the round trips of the selected one over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Size;
use super::parts::{Text, chart, rule, spark, top};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::catalog::place::Node;
use crate::probe::series::Series;
use crate::text::{count, fit, ms, width};

/// Rows of the chart with its rule, where there is room for one.
const CHART: u16 = 10;

/// How many rows the pane takes of `available`.
pub fn height(state: &State, size: Size, available: u16) -> u16 {
    let lines = state.view.pings.len().min(8) as u16;
    if lines == 0 {
        return 0;
    }
    let table = lines + 2;
    let chart = if size == Size::Wide { CHART } else { 0 };
    (table + chart).min(available.saturating_sub(if size == Size::Wide { 14 } else { 11 }))
}

/// Draws the pane.
pub fn draw(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let pings = &state.view.pings;
    let doing = match (state.paused, state.is_up()) {
        (true, _) => "paused".into(),
        (false, false) => "waiting for the link".into(),
        (false, true) => format!("every {:.1} s", state.ping.interval(pings.len()).as_secs_f64()),
    };
    let title = format!("Ping  {}", count(pings.len(), "target"));
    rule(&title, false, &doing, theme, Rect { height: 1, ..area }, buffer);
    let columns = usize::from(area.width);
    let shape = if size == Size::Wide {
        Shape { name: 18, loss: 7, figure: 7, figures: 3, sparks: 20 }
    } else {
        Shape { name: 14, loss: 6, figure: 6, figures: if columns >= 50 { 3 } else { 2 }, sparks: 8 }
    };
    let dim = theme.style(Role::Dim);
    let mut header = Text::new().add("  TARGET", dim).to(shape.name + 3);
    header = header.add(format!("{:>1$}", "LOSS", shape.loss), dim);
    for head in ["LAST", "AVG", "MDEV"].into_iter().take(shape.figures) {
        header = header.add(format!("{head:>0$}", shape.figure), dim);
    }
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    if area.height > 1 {
        header.add(format!("  LAST {}", shape.sparks), dim).paint(line(1), buffer);
    }
    let selected = selected(state);
    let with_chart = size == Size::Wide && area.height > CHART + 2;
    let room = area.height.saturating_sub(2 + if with_chart { CHART } else { 0 });
    for (n, series) in pings.iter().take(room.into()).enumerate() {
        let chosen = selected.is_some_and(|s| s.target == series.target);
        row(series, chosen, theme, shape).paint(line(2 + n as u16), buffer);
    }
    if with_chart && let Some(series) = selected.or(pings.first()) {
        let below = Rect { y: area.bottom() - CHART, height: CHART, ..area };
        let name = fit(series.target.label.as_str(), 40);
        rule(&format!("RTT {name}"), false, "ms", theme, Rect { height: 1, ..below }, buffer);
        chart(&series.recent, theme, Rect { y: below.y + 1, height: CHART - 1, ..below }, buffer);
    }
}

fn selected(state: &State) -> Option<&Series> {
    let address = match state.tree.selected()? {
        Node::Machine(app, id) => state.view.catalog.machine(app, id)?.address?,
        Node::Peer(peer) => state.view.catalog.peers.get(peer)?.address?,
        _ => return None,
    };
    state.series(address)
}

/// Columns of the table.
#[derive(Clone, Copy)]
struct Shape {
    name: usize,
    loss: usize,
    figure: usize,
    figures: usize,
    sparks: usize,
}

fn row(series: &Series, chosen: bool, theme: Theme, shape: Shape) -> Text<'static> {
    let plain = theme.style(Role::Plain);
    let unknown = || "–".to_owned();
    let decimals = usize::from(shape.loss > 6);
    let loss = series.loss().map_or_else(unknown, |loss| format!("{:.decimals$}%", loss * 100.0));
    let lossy = series.loss().is_some_and(|loss| loss > 0.0);
    let last = match series.newest() {
        Some(Some(rtt)) => ms(rtt),
        Some(None) => "lost".into(),
        None => unknown(),
    };
    let stat = |pick: fn(&crate::probe::stats::Stats) -> std::time::Duration| {
        series.stats.as_ref().map_or_else(unknown, |stats| ms(pick(stats)))
    };
    let mark = if chosen { "▌" } else { " " };
    let mut text = Text::new()
        .add(mark, theme.focused())
        .add(" ", plain)
        .add(fit(series.target.label.as_str(), shape.name), plain)
        .to(shape.name + 3);
    let mut figure = |value: &str, columns: usize, warn: bool| {
        let style = theme.style(if warn { Role::Warn } else { Role::Plain });
        let pad = columns.saturating_sub(width(value));
        text = std::mem::take(&mut text).add(" ".repeat(pad), plain).add(value, style);
    };
    figure(&loss, shape.loss, lossy);
    for value in [last, stat(|s| s.avg), stat(|s| s.mdev)].iter().take(shape.figures) {
        figure(value, shape.figure, false);
    }
    let largest = series.stats.map(|stats| stats.max).unwrap_or_default();
    text.add("  ", plain).join(spark(&series.recent, shape.sparks, top(largest), theme))
}
