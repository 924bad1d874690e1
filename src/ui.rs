//! The screens: a state in, a frame out. No side effects, and only the rows that are on the screen are made.
//!
//! - [`views`]: one file or folder for each view, of the same name as in `app`, and the table that finds it.
//! - [`frame`]: what is around every view; [`overlay`]: what lies over it; [`pick`]: the choice between confs.
//! - [`canvas`]: what all of them draw on: the state, the theme, the cells, the targets of the mouse, the cursor.
//! - [`parts`]: what several views have in common: lines, lists, panes, charts, hints.
//! - [`pen`]: writes cells, for tree rows; all else is made of ratatui's lines and blocks.
//! - [`theme`], [`hits`]: colours and glyphs; what a click finds.

mod canvas;
mod frame;
pub mod hits;
mod overlay;
mod parts;
mod pen;
pub mod pick;
pub mod theme;
mod views;

use ratatui::Frame;
use ratatui::layout::Position;

use crate::app::Overlay;
use crate::app::State;
use canvas::{Canvas, Size};
use hits::Hits;
use theme::Theme;

/// Draws `state`; gives the targets of the mouse.
pub fn draw(state: &State, theme: Theme, frame: &mut Frame<'_>) -> Hits {
    let theme = Theme { name: state.theme, ..theme };
    let mut canvas = Canvas::new(state, theme, frame.buffer_mut());
    draw_on(&mut canvas);
    let Canvas { hits, cursor, .. } = canvas;
    theme.finish(frame.buffer_mut());
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
    hits
}

fn draw_on(canvas: &mut Canvas<'_>) {
    let area = canvas.buffer.area;
    let state = canvas.state;
    match (canvas.size, &state.overlay) {
        (Size::Tiny, _) => return overlay::notice(canvas, area),
        (Size::Small, Some(open @ (Overlay::Help(_) | Overlay::Palette(_)))) => {
            return overlay::draw(canvas, area, open);
        }
        _ => {}
    }
    let body = frame::draw(canvas, area);
    views::draw(canvas, body);
    if let Some(open) = &state.overlay {
        canvas.cursor = None;
        overlay::draw(canvas, area, open);
    } else if let Some(input) = &state.filter_line {
        let column = frame::FILTER_PROMPT.len() + input.visual_cursor();
        canvas.cursor = Some(Position { x: area.x + column as u16, y: area.bottom() - 1 });
    }
}

#[cfg(test)]
pub(crate) mod tests;
