//! Panes: rules with a title, two-part lines, panes side by side, boxes.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget as _};

use super::line::Columns as _;
use crate::text::cut;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;

impl<S> Canvas<'_, S> {
    /// Draws `left` and `right` at the two ends of a line, with a glyph between; `right` is never cut.
    pub fn two_ends(&mut self, area: Rect, left: Line<'_>, right: Line<'_>, (glyph, style): (char, Style)) {
        let room = usize::from(area.width);
        let right_room = right.columns().min(room);
        let left_room = room - right_room;
        let left_width = left.columns().min(left_room);
        left.paint(Rect { width: left_room as u16, ..area }, self);
        let gap = left_room - left_width;
        if gap > 0 {
            let x = area.x + left_width as u16;
            self.fill(Rect { x, width: gap as u16, height: area.height.min(1), ..area }, glyph, style);
        }
        right.paint(Rect { x: area.x + left_room as u16, width: right_room as u16, ..area }, self);
    }

    /// Draws a rule on the first line of `area`, with a title and with text at its end.
    pub fn rule(&mut self, area: Rect, title: &str, focused: bool, end: &str) {
        let dim = self.theme.style(Role::Dim);
        let title_style = if focused { self.theme.focused() } else { self.theme.strong() };
        let mut left = Line::default();
        if !title.is_empty() {
            left = left.add("─", dim).add(format!(" {title} "), title_style);
        }
        let mut right = Line::default();
        if !end.is_empty() {
            right = right.add(format!(" {end}"), dim);
        }
        self.two_ends(Rect { height: area.height.min(1), ..area }, left, right, ('─', dim));
    }

    /// Splits `area` into two panes with a line between; the left one is `split` columns wide.
    pub fn side_by_side(&mut self, area: Rect, split: u16) -> [Rect; 2] {
        let dim = self.theme.style(Role::Dim);
        self.fill(Rect { x: area.x + split, width: 1, ..area }, '│', dim);
        let left = Rect { width: split, ..area };
        [left, Rect { x: area.x + split + 1, width: area.width - split - 1, ..area }]
    }

    /// Draws an empty box with text in its edges, over existing cells; returns its inside.
    pub fn boxed(&mut self, area: Rect, title: &str, foot: &str) -> Rect {
        // The edge is dim, the text in it is not.
        let (dim, style) = (self.theme.style(Role::Dim), self.theme.focused().remove_modifier(Modifier::DIM));
        let edge = |words: &str| {
            let words = cut(words, usize::from(area.width).saturating_sub(3));
            Line::default().add("─", dim).add(words, style)
        };
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(dim)
            .title_top(edge(title))
            .title_bottom(edge(foot));
        let inside = block.inner(area);
        Clear.render(area, self.buffer);
        block.render(area, self.buffer);
        inside
    }
}
