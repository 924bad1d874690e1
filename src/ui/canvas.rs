//! What everything is drawn on: the cells of a frame, with what is shown, how it looks, and what the mouse finds where.

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
    /// Less than 60×15: nothing fits.
    Tiny,
    /// One pane.
    Small,
    /// Two panes.
    Normal,
    /// Two panes with room to spare.
    Wide,
}

impl Size {
    /// Size class of a screen of `area`.
    pub fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (110.., 30..) => Self::Wide,
            (78.., 22..) => Self::Normal,
            (60.., 15..) => Self::Small,
            _ => Self::Tiny,
        }
    }
}

/// A frame in the making. `S` is the state that is shown: the app's, or that of the choice between confs.
pub struct Canvas<'a, S = State> {
    /// State that is shown.
    pub state: &'a S,
    /// Colours and glyphs.
    pub theme: Theme,
    /// Size class of the whole screen.
    pub size: Size,
    /// Cells of the frame.
    pub buffer: &'a mut Buffer,
    /// Targets of the mouse so far.
    pub hits: Hits,
    /// Cell of the terminal's cursor, if it is visible; a screen reader reads its line.
    pub cursor: Option<Position>,
}

impl<'a, S> Canvas<'a, S> {
    /// An empty canvas over `buffer`.
    pub fn new(state: &'a S, theme: Theme, buffer: &'a mut Buffer) -> Self {
        let size = Size::of(buffer.area);
        Self { state, theme, size, buffer, hits: Hits::default(), cursor: None }
    }

    /// Fills `area` with one glyph of one column.
    pub fn fill(&mut self, area: Rect, glyph: char, style: Style) {
        pen::fill(self.buffer, area, glyph, style);
    }
}

impl Canvas<'_> {
    /// `text` with the keys bound to the commands named in braces.
    pub fn tell(&self, text: &str) -> String {
        self.state.keymap.tell(self.state.context(), text, self.theme.ascii)
    }
}
