//! Additional columns of the tree when it has the whole screen: full addresses and ping statistics.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::views::explore::tree::Row;
use crate::catalog::place::Node;
use crate::probe::stats::Stats;
use crate::text::{Safe, fit, ms, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::chart::spark_of;
use crate::ui::parts::line::Columns as _;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// Width of an address; the middle of a longer one is cut.
const ADDRESS: usize = 30;
/// Width of a figure in columns.
const FIGURE: usize = 8;
/// Column headings of the figures.
const FIGURES: [&str; 3] = ["LOSS", "AVG", "P95"];

/// Width of the tree itself.
pub fn tree(size: Size) -> u16 {
    match size {
        Size::Wide => 46,
        Size::Normal => 34,
        _ => 30,
    }
}

/// Number of figures that fit, and the width of the newest probes after them.
fn room(columns: usize) -> (usize, usize) {
    let figures = (columns.saturating_sub(ADDRESS + 1) / FIGURE).min(FIGURES.len());
    let rest = columns.saturating_sub(ADDRESS + 2 + figures * FIGURE);
    (figures, if rest < 10 { 0 } else { rest.min(60) - 2 })
}

pub fn heading(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let (figures, sparks) = room(area.width.into());
    let mut text = Line::default().add(" ADDRESS", dim).to(if figures > 0 { ADDRESS + 1 } else { 0 });
    for title in FIGURES.iter().take(figures) {
        text = text.right(*title, FIGURE, dim);
    }
    if sparks > 0 {
        text = text.add("  NEWEST", dim);
    }
    text.paint(area, canvas);
}

/// Draws the columns after the row number `at`.
pub fn row(canvas: &mut Canvas<'_>, area: Rect, at: usize, row: &Row) {
    let Canvas { state, theme, .. } = *canvas;
    let (dim, plain) = (theme.style(Role::Dim), theme.style(Role::Plain));
    let catalog = &state.networks.front().shown.catalog;
    let mut pen = Pen::new(area, canvas.buffer);
    pen.to(1);
    let address = match &row.node {
        Node::Machine(app, id) => {
            let ghost = if row.gone { state.views.explore.tree.ghost(app, id) } else { None };
            ghost.or_else(|| catalog.machine(app, id)).and_then(|machine| machine.address)
        }
        Node::Peer(peer) => catalog.peers.get(peer).and_then(|peer| peer.address),
        Node::App(_) => {
            let regions = state
                .views
                .explore
                .tree
                .regions_at(at)
                .map(|(region, n)| format!("{} {n}", region.map_or("no region", Safe::as_str)));
            let regions = regions.collect::<Vec<_>>().join("  ");
            return pen.put(&fit(&regions, usize::from(area.width).saturating_sub(2)), dim);
        }
        Node::Region(..) | Node::Peers => return,
    };
    let Some(address) = address else { return pen.put("no known address", dim) };
    pen.put(&fit(&address.to_string(), ADDRESS - 1), if row.gone { dim } else { plain });
    let Some(series) = state.series(address).filter(|series| series.sent > 0) else { return };
    let (figures, sparks) = room(area.width.into());
    let stat = |pick: fn(&Stats) -> std::time::Duration| {
        (series.stats.as_ref().map_or_else(|| "–".into(), |stats| ms(pick(stats))), Role::Plain)
    };
    let loss = match series.loss() {
        None => ("–".into(), Role::Dim),
        Some(loss) => {
            let role = if loss >= 1.0 {
                Role::Bad
            } else if loss > 0.0 {
                Role::Warn
            } else {
                Role::Plain
            };
            (format!("{:.1}%", loss * 100.0), role)
        }
    };
    let values = [loss, stat(|stats| stats.avg), stat(|stats| stats.p95)];
    for (n, (value, role)) in values.iter().enumerate().take(figures) {
        pen.to(ADDRESS + 1 + (n + 1) * FIGURE - width(value).min(FIGURE));
        pen.put(value, theme.style(*role));
    }
    if sparks > 0 {
        pen.to(ADDRESS + 3 + figures * FIGURE);
        pen.line(&spark_of(series, sparks, theme));
    }
}
