//! The drawing surface of a frame: its cells, with the state, the theme and the mouse targets.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::hits::Hits;
use super::pen;
use super::theme::Theme;
use crate::app::State;

/// Size class of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Less than 60×15: too small for any view.
    Tiny,
    Small,
    Normal,
    /// Two panes with extra columns.
    Wide,
}

impl Size {
    pub fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (110.., 30..) => Self::Wide,
            (78.., 22..) => Self::Normal,
            (60.., 15..) => Self::Small,
            _ => Self::Tiny,
        }
    }
}

/// A frame being drawn. `S` is the displayed state: that of the app, or that of the choice of a conf.
pub struct Canvas<'a, S = State> {
    pub state: &'a S,
    pub theme: Theme,
    pub size: Size,
    pub buffer: &'a mut Buffer,
    /// Mouse targets added so far.
    pub hits: Hits,
    /// Position of the terminal's cursor, if visible; screen readers read its line.
    pub cursor: Option<Position>,
}

impl<'a, S> Canvas<'a, S> {
    pub fn new(state: &'a S, theme: Theme, buffer: &'a mut Buffer) -> Self {
        let size = Size::of(buffer.area);
        Self { state, theme, size, buffer, hits: Hits::default(), cursor: None }
    }

    /// Fills `area` with a glyph of one column.
    pub fn fill(&mut self, area: Rect, glyph: char, style: Style) {
        pen::fill(self.buffer, area, glyph, style);
    }
}

impl Canvas<'_> {
    /// Replaces each command name in braces by its keys.
    pub fn with_keys(&self, text: &str) -> String {
        self.state.keymap.with_keys(self.state.context(), text, self.theme.ascii)
    }
}
