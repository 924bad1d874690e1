//! The ping pane of the Explore view: a line per target, and the RTT chart of the selected one.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::State;
use crate::catalog::place::Node;
use crate::probe::series::Series;
use crate::probe::stats::Stats;
use crate::text::{count, fit, ms};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::chart::spark_of;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::{below, lines};
use crate::ui::theme::{Role, Theme};

/// Rows of the chart with its rule, if it fits.
const CHART: u16 = 10;

/// Height of the pane in rows, out of `available`.
pub fn height(state: &State, size: Size, available: u16) -> u16 {
    let lines = state.networks.front().shown.pings.len().min(8) as u16;
    if lines == 0 {
        return 0;
    }
    let table = lines + 2;
    let chart = if size == Size::Wide { CHART } else { 0 };
    (table + chart).min(available.saturating_sub(if size == Size::Wide { 14 } else { 11 }))
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    let pings = &state.networks.front().shown.pings;
    let doing = match (state.paused, state.is_up()) {
        (true, _) => "paused".into(),
        (false, false) => "waiting for the link".into(),
        (false, true) => format!("every {:.1} s", state.views.ping.interval(pings.len()).as_secs_f64()),
    };
    let title = format!("Ping  {}", count(pings.len(), "target"));
    canvas.rule(area, &title, false, &doing);
    let shape = Shape::of(size, area.width);
    let line = lines(area);
    if area.height > 1 {
        shape.header(theme).paint(line(1), canvas);
    }
    let selected = selected(state);
    let with_chart = size == Size::Wide && area.height > CHART + 2;
    let room = area.height.saturating_sub(2 + if with_chart { CHART } else { 0 });
    for (n, series) in pings.iter().take(room.into()).enumerate() {
        let chosen = selected.is_some_and(|s| s.target == series.target);
        shape.row(series, chosen, theme).paint(line(2 + n as u16), canvas);
    }
    if with_chart && let Some(series) = selected.or(pings.first()) {
        let chart = below(area, area.height - CHART);
        let name = fit(series.target.label.as_str(), 40);
        canvas.rule(chart, &format!("RTT {name}"), false, "ms");
        canvas.chart(below(chart, 1), &series.recent);
    }
}

fn selected(state: &State) -> Option<&Series> {
    let address = match state.views.explore.tree.selected()? {
        Node::Machine(app, id) => state.networks.front().shown.catalog.machine(app, id)?.address?,
        Node::Peer(peer) => state.networks.front().shown.catalog.peers.get(peer)?.address?,
        _ => return None,
    };
    state.series(address)
}

#[derive(Clone, Copy)]
struct Shape {
    name: usize,
    loss: usize,
    figure: usize,
    figures: usize,
    sparks: usize,
}

impl Shape {
    fn of(size: Size, columns: u16) -> Self {
        if size == Size::Wide {
            Self { name: 18, loss: 7, figure: 7, figures: 3, sparks: 20 }
        } else {
            Self { name: 14, loss: 6, figure: 6, figures: if columns >= 50 { 3 } else { 2 }, sparks: 8 }
        }
    }

    fn header(self, theme: Theme) -> Line<'static> {
        let dim = theme.style(Role::Dim);
        let start = Line::default().add("  TARGET", dim).to(self.name + 3).right("LOSS", self.loss, dim);
        ["LAST", "AVG", "MDEV"]
            .into_iter()
            .take(self.figures)
            .fold(start, |line, head| line.right(head, self.figure, dim))
            .add(format!("  LAST {}", self.sparks), dim)
    }

    fn row(self, series: &Series, chosen: bool, theme: Theme) -> Line<'static> {
        let plain = theme.style(Role::Plain);
        let unknown = || "–".to_owned();
        let decimals = usize::from(self.loss > 6);
        let loss = series.loss().map_or_else(unknown, |loss| format!("{:.decimals$}%", loss * 100.0));
        let lossy = series.loss().is_some_and(|loss| loss > 0.0);
        let last = match series.newest() {
            Some(Some(rtt)) => ms(rtt),
            Some(None) => "lost".into(),
            None => unknown(),
        };
        let stat = |pick: fn(&Stats) -> Duration| {
            series.stats.as_ref().map_or_else(unknown, |stats| ms(pick(stats)))
        };
        let name = Line::default()
            .add(if chosen { "▌" } else { " " }, theme.focused())
            .add(" ", plain)
            .add(fit(series.target.label.as_str(), self.name), plain)
            .to(self.name + 3)
            .right(loss, self.loss, theme.style(if lossy { Role::Warn } else { Role::Plain }));
        [last, stat(|s| s.avg), stat(|s| s.mdev)]
            .into_iter()
            .take(self.figures)
            .fold(name, |line, value| line.right(value, self.figure, plain))
            .add("  ", plain)
            .join(spark_of(series, self.sparks, theme))
    }
}
