//! Lists: the lines of an area, the visible rows, and marks for more rows.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::line::{Columns as _, wrap};
use crate::app::mouse::Spot;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;

/// Returns the lines of `area` by number from the top.
pub fn lines(area: Rect) -> impl Fn(u16) -> Rect {
    move |n| Rect { y: area.y + n, height: 1, ..area }
}

/// The rest of `area` below its first `rows`.
pub fn below(area: Rect, rows: u16) -> Rect {
    Rect { y: area.y + rows, height: area.height.saturating_sub(rows), ..area }
}

/// First visible row of `all` rows in `room`: the selected row stays in the middle as far as possible.
pub fn first_row(selected: usize, all: usize, room: usize) -> usize {
    selected.saturating_sub(room / 2).min(all.saturating_sub(room))
}

impl<S> Canvas<'_, S> {
    /// Paints `lines` from the top of `area`, as many as fit.
    pub fn lines<'l>(&mut self, area: Rect, lines: impl IntoIterator<Item = Line<'l>>) {
        for (line, here) in lines.into_iter().zip(area.rows()) {
            line.paint(here, self);
        }
    }

    /// Makes `here` a mouse target for the list row `n`, and puts the cursor there if it is selected.
    pub fn row(&mut self, here: Rect, n: usize, selected: bool) {
        self.hits.add(here, Spot::Row(n));
        if selected {
            self.cursor = Some(here.as_position());
        }
    }

    /// Marks at the right of a list that there are more rows above or below.
    pub fn more_rows(&mut self, rows: Rect, above: bool, below: bool) {
        let ends = [(above, rows.y, '▲'), (below, rows.bottom().saturating_sub(1), '▼')];
        let dim = self.theme.style(Role::Dim);
        for (_, y, glyph) in ends.into_iter().filter(|(more, ..)| *more) {
            self.fill(Rect { x: rows.right().saturating_sub(1), y, width: 1, height: 1 }, glyph, dim);
        }
    }

    /// Paints `lines` from `offset` on, with the number of remaining lines in the last corner.
    pub fn scrolled(&mut self, area: Rect, lines: Vec<Line<'_>>, offset: usize) {
        let rows = usize::from(area.height);
        let offset = offset.min(lines.len().saturating_sub(1));
        let rows = rows - usize::from(lines.len() > offset + rows && rows > 1);
        let left = lines.len().saturating_sub(offset + rows);
        self.lines(area, lines.into_iter().skip(offset).take(rows));
        self.more(area, left);
    }

    /// Shows the number of rows below in the last corner.
    pub fn more(&mut self, area: Rect, left: usize) {
        if left > 0 {
            let more = Line::default().add(format!(" {left} more ▼ "), self.theme.style(Role::Dim));
            let width = more.columns() as u16;
            let corner =
                Rect { x: area.right().saturating_sub(width), y: area.bottom() - 1, width, height: 1 };
            more.paint(corner, self);
        }
    }
}

impl Canvas<'_> {
    /// Paints wrapped sentences for an empty pane; command names in braces are replaced by keys.
    pub fn prose(&mut self, area: Rect, sentences: &[&str]) {
        let columns = usize::from(area.width).saturating_sub(4);
        let dim = self.theme.style(Role::Dim);
        let lines: Vec<String> =
            sentences.iter().flat_map(|sentence| wrap(&self.with_keys(sentence), columns)).collect();
        self.lines(area, lines.iter().map(|part| Line::default().add(format!("  {part}"), dim)));
    }
}
