//! The matrix of the whole network: a row per app, a column per region.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::targets::SAMPLE;
use crate::app::views::ping::matrix::Cell;
use crate::text::{Safe, count, fit, ms, width};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::{Columns as _, marked};
use crate::ui::parts::list::{below, first_row, lines};
use crate::ui::theme::Role;

/// Width of a cell in columns.
const CELL: usize = 15;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let line = lines(area);
    let (apps, regions) = (state.matrix_apps(), state.matrix_regions());
    let name = if area.width < 80 { 14 } else { 24 };
    let fits = (usize::from(area.width).saturating_sub(name + 2) / CELL).max(1);
    let selected =
        state.views.ping.matrix.map_or(0, |place| place.region).min(regions.len().saturating_sub(1));
    let from = first_row(selected, regions.len(), fits);
    title(canvas, line(0), (apps.len(), regions.len()), (from, regions.len().saturating_sub(from + fits)));
    let Some(chosen) = state.matrix_app() else {
        let why = "No app has a started machine yet. The matrix fills during the walk.";
        let line = line(2.min(area.height - 1));
        return Line::default().add(format!("  {why}"), theme.style(Role::Dim)).paint(line, canvas);
    };
    let mut header = Line::default().add("  APP", theme.style(Role::Dim)).to(2 + name);
    for (n, region) in regions.iter().enumerate().skip(from).take(fits) {
        let style = if n == selected { theme.strong() } else { theme.style(Role::Dim) };
        let label = fit(region.as_ref().map_or("no region", Safe::as_str), CELL - 2);
        header = header.add(format!("{label:>0$} ", CELL - 1), style);
    }
    header.paint(line(1), canvas);
    let rows = below(area, 2);
    let at = apps.iter().position(|app| *app == chosen).unwrap_or(0);
    let offset = first_row(at, apps.len(), rows.height.into());
    for ((n, app), here) in apps.iter().enumerate().skip(offset).zip(rows.rows()) {
        let style = theme.row(n == at);
        let mut text = marked(n == at, theme).add(fit(app.as_str(), name - 1), style).to(2 + name);
        let cells = state.matrix_cells(app);
        for (m, region) in regions.iter().enumerate().skip(from).take(fits) {
            let (mut words, role) = cells.get(region).map_or((String::new(), Role::Dim), words);
            // Brackets show the selected cell without colour.
            if (n, m) == (at, selected) {
                words = format!("[{}]", if words.is_empty() { "–" } else { &words });
            } else {
                words.push(' ');
            }
            let pad = " ".repeat(CELL.saturating_sub(width(&words)));
            text = text.add(pad, style).add(words, theme.style(role));
        }
        text.paint(here, canvas);
        canvas.row(here, n, n == at);
    }
}

/// The rule above the matrix: numbers of `apps` and `regions`, and of hidden columns at the `left` and `right`.
fn title(
    canvas: &mut Canvas<'_>,
    area: Rect,
    (apps, regions): (usize, usize),
    (left, right): (usize, usize),
) {
    let each = if area.width < 100 {
        format!("{SAMPLE} of each")
    } else {
        format!("up to {SAMPLE} machines of each are pinged")
    };
    let title = format!("{} × {}, {each}", count(apps, "app"), count(regions, "region"));
    let mut more = String::new();
    if left > 0 {
        more = format!("◂ {left} ");
    }
    if right > 0 {
        more = format!("{more}{right} ▸ ");
    }
    if !more.is_empty() {
        more.push_str("· ");
    }
    let left_out = canvas.state.networks.front().target_list.left_out();
    if left_out > 0 {
        more = format!("{more}{left_out} not pinged · ");
    }
    let what = if area.width < 100 { "median ms, loss" } else { "median ms and loss · {back}: targets" };
    canvas.rule(area, &title, true, &format!("{more}{}", canvas.with_keys(what)));
}

/// Text of a cell, with its role: `12.4`, `12.4 ▲ 3%`, `✗ silent`.
fn words(cell: &Cell) -> (String, Role) {
    match (cell.rtt, cell.loss) {
        (_, None) if cell.pinged == 0 => ("not pinged".into(), Role::Dim),
        (_, None) => ("…".into(), Role::Dim),
        (None, Some(_)) => ("✗ silent".into(), Role::Bad),
        (Some(rtt), Some(loss)) if loss > 0.0 => {
            (format!("{} ▲ {:.0}%", ms(rtt), (loss * 100.0).max(1.0)), Role::Warn)
        }
        (Some(rtt), Some(_)) => (format!("● {}", ms(rtt)), Role::Ok),
    }
}
