//! The Explore view: the tree at the left, details and pings of the selected row at the right; or the tree alone with
//! more columns.

mod details;
mod pings;
mod rows;
mod wide;

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use crate::app::mouse::Spot;
use crate::app::views::explore::Pane;
use crate::app::views::explore::tree::Sort;
use crate::text::{Safe, count, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::{below, first_row};
use crate::ui::theme::Role;

/// Width of the round trips at the right of the tree, in columns.
const RTT: usize = 8;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, size, .. } = *canvas;
    if size == Size::Small || state.views.explore.zoom || state.views.explore.tree.wide {
        match state.views.explore.focus {
            Pane::Tree => tree(canvas, area),
            Pane::Detail => {
                canvas.hits.add(area, Spot::Detail);
                right(canvas, area);
            }
        }
        return;
    }
    let split = if size == Size::Wide { 46 } else { 34 };
    let base = area.x + split as u16;
    let split = (split + i32::from(state.views.explore.split)).clamp(24, i32::from(area.width) - 30) as u16;
    let [left, rest] = canvas.side_by_side(area, split);
    tree(canvas, left);
    canvas.hits.add(rest, Spot::Detail);
    canvas.hits.add(Rect { x: left.right(), width: 1, ..area }, Spot::Split(base));
    right(canvas, rest);
}

fn right(canvas: &mut Canvas<'_>, area: Rect) {
    let wanted = pings::height(canvas.state, canvas.size, area.height);
    let above = area.height - wanted;
    details::draw(canvas, Rect { height: above, ..area });
    if wanted > 0 {
        pings::draw(canvas, below(area, above));
    }
}

fn tree(canvas: &mut Canvas<'_>, whole: Rect) {
    let Canvas { state, size, .. } = *canvas;
    canvas.hits.add(whole, Spot::List);
    let wide = state.views.explore.tree.wide;
    let area = if wide { Rect { width: wide::tree(size), ..whole } } else { whole };
    let beside = |line: Rect| Rect { x: area.right(), width: whole.width - area.width, ..line };
    let has_heading = size != Size::Small || wide;
    if has_heading {
        heading(canvas, Rect { height: 1, ..area });
    }
    if wide {
        wide::heading(canvas, beside(Rect { height: 1, ..area }));
    }
    let rows = below(area, u16::from(has_heading));
    if state.views.explore.tree.is_empty() {
        return empty(canvas, rows);
    }
    let room = usize::from(rows.height);
    let selected = state.views.explore.tree.position();
    let offset = first_row(selected, state.views.explore.tree.len(), room);
    for (at, here) in (offset..state.views.explore.tree.len()).zip(rows.rows()) {
        let Some(row) = state.views.explore.tree.row(at) else { continue };
        rows::draw(canvas, here, &row, at == selected);
        if wide {
            wide::row(canvas, beside(here), at, &row);
        }
        let here = Rect { width: whole.width, ..here };
        if at == selected && state.views.explore.focus == Pane::Tree {
            canvas.buffer.set_style(here, Modifier::BOLD);
        }
        canvas.row(here, at, at == selected);
    }
    let rows = Rect { width: whole.width, ..rows };
    canvas.more_rows(rows, offset > 0, offset + room < state.views.explore.tree.len());
}

fn heading(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let arrow = |sort| match (state.views.explore.tree.sort() == sort, state.views.explore.tree.is_reversed())
    {
        (false, _) => "",
        (true, false) => " ▼",
        (true, true) => " ▲",
    };
    let style = if state.views.explore.focus == Pane::Tree { theme.focused() } else { dim };
    let columns = usize::from(area.width);
    let count = format!("COUNT{}", arrow(Sort::Count));
    let rtt = format!("RTT ms{}", arrow(Sort::Rtt));
    let count_end = columns.saturating_sub(RTT + 1);
    let count_start = count_end.saturating_sub(width(&count));
    canvas.hits.columns(area, 0..columns, Spot::Heading(Sort::Name as usize));
    canvas.hits.columns(area, count_start..count_end, Spot::Heading(Sort::Count as usize));
    canvas.hits.columns(area, count_end..columns, Spot::Heading(Sort::Rtt as usize));
    let region = match state.views.explore.tree.sort() {
        Sort::Region => format!("  REGION{}", arrow(Sort::Region)),
        _ => String::new(),
    };
    let rtt_start = columns.saturating_sub(width(&rtt) + 1);
    Line::default()
        .add(format!(" NAME{}{region}", arrow(Sort::Name)), style)
        .to(count_start)
        .add(count, dim)
        .to(rtt_start)
        .add(rtt, dim)
        .paint(area, canvas);
}

/// An empty tree shows the reason and the next step.
fn empty(canvas: &mut Canvas<'_>, area: Rect) {
    let state = canvas.state;
    let catalog = &state.networks.front().shown.catalog;
    let lines: Vec<String> = if !state.views.explore.tree.filter().is_empty() {
        let filter = Safe::new(state.views.explore.tree.filter());
        vec![
            format!(" 0 of {} match `/{filter}`.", count(state.views.explore.tree.machines(), "machine")),
            canvas.with_keys(" {back} clears the filter."),
        ]
    } else if catalog.walk.finished.is_some() && catalog.walk.problems.is_empty() {
        vec![
            " No apps are listed.".into(),
            " Either none is running, or".into(),
            " this conf belongs to another org.".into(),
        ]
    } else if catalog.walk.finished.is_some() {
        catalog.walk.problems.iter().map(|problem| format!(" {problem}")).collect()
    } else if state.is_up() {
        vec![" ◐ querying the apps".into()]
    } else {
        vec![" ◐ waiting for the tunnel".into()]
    };
    let dim = canvas.theme.style(Role::Dim);
    canvas.lines(below(area, 1), lines.into_iter().map(|text| Line::default().add(text, dim)));
}
