//! The whole org at a glance: a row for each app, a column for each region.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::State;
use crate::app::matrix::{Cell, SAMPLE};
use crate::app::mouse::Spot;
use crate::text::{Safe, count, fit, ms, width};
use crate::ui::hits::Hits;
use crate::ui::parts::{Text, first_row, rule, tell};
use crate::ui::theme::{Role, Theme};

/// Columns of a cell.
const CELL: usize = 15;

/// Draws the matrix; gives where the selected row is.
pub fn draw(
    state: &State,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let (apps, regions) = (state.matrix_apps(), state.matrix_regions());
    let name = if area.width < 80 { 14 } else { 24 };
    let fits = (usize::from(area.width).saturating_sub(name + 2) / CELL).max(1);
    let each = if area.width < 100 {
        format!("{SAMPLE} of each")
    } else {
        format!("at most {SAMPLE} machines of each are pinged for it")
    };
    let title = format!("{} × {}, {each}", count(apps.len(), "app"), count(regions.len(), "region"));
    let column = state.ping.matrix.map_or(0, |place| place.region).min(regions.len().saturating_sub(1));
    // The selected column is in sight, and where there is more to either side, that is said.
    let from = first_row(column, regions.len(), fits);
    let right = regions.len().saturating_sub(from + fits);
    let mut more = String::new();
    if from > 0 {
        more = format!("◂ {from} ");
    }
    if right > 0 {
        more = format!("{more}{right} ▸ ");
    }
    if !more.is_empty() {
        more.push_str("· ");
    }
    if state.wishes.left_out() > 0 {
        more = format!("{more}{} not pinged · ", state.wishes.left_out());
    }
    let what = if area.width < 100 { "median ms, loss" } else { "median ms and loss · {back}: targets" };
    rule(&title, true, &format!("{more}{}", tell(state, theme, what)), theme, line(0), buffer);
    let Some(chosen) = state.matrix_app() else {
        let why = "No app has a started Machine yet. The matrix fills as the walk finds them.";
        Text::new().add(format!("  {why}"), dim).paint(line(2.min(area.height - 1)), buffer);
        return None;
    };
    let label = |region: &Option<Safe>| region.as_ref().map_or("no region", Safe::as_str).to_owned();
    let mut header = Text::new().add("  APP", dim).to(2 + name);
    for (n, region) in regions.iter().enumerate().skip(from).take(fits) {
        let style = if n == column { theme.strong() } else { dim };
        header = header.add(format!("{:>1$} ", fit(&label(region), CELL - 2), CELL - 1), style);
    }
    header.paint(line(1), buffer);
    let room = usize::from(area.height.saturating_sub(2));
    let at = apps.iter().position(|app| *app == chosen).unwrap_or(0);
    let offset = first_row(at, apps.len(), room);
    let mut cursor = None;
    for (n, app) in apps.iter().enumerate().skip(offset).take(room) {
        let here = line(2 + (n - offset) as u16);
        let style = if n == at { theme.strong() } else { theme.style(Role::Plain) };
        let mut text = Text::new()
            .add(if n == at { "▌ " } else { "  " }, theme.focused())
            .add(fit(app.as_str(), name - 1), style)
            .to(2 + name);
        let cells = state.matrix_cells(app);
        for (m, region) in regions.iter().enumerate().skip(from).take(fits) {
            let (mut words, role) = cells.get(region).map_or((String::new(), Role::Dim), told);
            // The selected cell is between brackets, so that it is seen without colour.
            if (n, m) == (at, column) {
                words = format!("[{}]", if words.is_empty() { "–" } else { &words });
            } else {
                words.push(' ');
            }
            text =
                text.add(" ".repeat(CELL.saturating_sub(width(&words))), style).add(words, theme.style(role));
        }
        text.paint(here, buffer);
        hits.add(here, Spot::Row(n));
        if n == at {
            cursor = Some(Position { x: here.x, y: here.y });
        }
    }
    cursor
}

/// A cell in words, and its colour: `12.4`, `12.4 ▲ 3%`, `✗ silent`.
fn told(cell: &Cell) -> (String, Role) {
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
