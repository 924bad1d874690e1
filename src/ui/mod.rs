//! The screens: a state in, a frame out. No side effects, and only the rows that are on the screen are made.

mod detail;
mod dig;
mod doctor;
mod events;
mod explore;
mod frame;
pub mod hits;
mod overlay;
mod parts;
pub mod pick;
mod ping;
mod pings;
pub mod theme;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::menu::Overlay;
use crate::app::{State, Tab};
use hits::Hits;
use theme::Theme;

/// How much fits on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
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
    fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (110.., 30..) => Self::Wide,
            (78.., 22..) => Self::Normal,
            (60.., 15..) => Self::Small,
            _ => Self::Tiny,
        }
    }
}

/// Draws `state`; gives what is where.
pub fn draw(state: &State, theme: Theme, frame: &mut Frame<'_>) -> Hits {
    let theme = Theme { name: state.theme, ..theme };
    let mut hits = Hits::default();
    draw_glyphs(state, theme, frame, &mut hits);
    theme.finish(frame.buffer_mut());
    hits
}

fn draw_glyphs(state: &State, theme: Theme, frame: &mut Frame<'_>, hits: &mut Hits) {
    let area = frame.area();
    let size = Size::of(area);
    if size == Size::Tiny {
        overlay::notice(theme, area, frame.buffer_mut());
        return;
    }
    if let (Size::Small, Some(open @ (Overlay::Help(_) | Overlay::Palette(_)))) = (size, &state.overlay) {
        frame.set_cursor_position(overlay::cursor(open, size, area));
        overlay::draw(state, open, theme, size, area, frame.buffer_mut(), hits);
        return;
    }
    let body = frame::draw(state, theme, size, area, frame.buffer_mut(), hits);
    let cursor = match state.tab {
        Tab::Explore => explore::draw(state, theme, size, body, frame.buffer_mut(), hits),
        Tab::Dig => dig::draw(state, theme, size, body, frame.buffer_mut(), hits),
        Tab::Ping => ping::draw(state, theme, size, body, frame.buffer_mut(), hits),
        Tab::Doctor => doctor::draw(state, theme, size, body, frame.buffer_mut(), hits),
        Tab::Events => events::draw(state, theme, size, body, frame.buffer_mut(), hits),
    };
    if let Some(open) = &state.overlay {
        overlay::draw(state, open, theme, size, area, frame.buffer_mut(), hits);
        if open.menu().is_some() {
            frame.set_cursor_position(overlay::cursor(open, size, area));
        }
    } else if let Some(input) = &state.filter_line {
        let column = frame::FILTER_PROMPT.len() + input.visual_cursor();
        frame.set_cursor_position((area.x + column as u16, area.bottom() - 1));
    } else if let Some(cursor) = cursor {
        // A screen reader reads the line of the cursor.
        frame.set_cursor_position(cursor);
    }
}

#[cfg(test)]
mod look_tests;
#[cfg(test)]
pub(crate) mod tests;
