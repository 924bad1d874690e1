//! The screens: a state in, a frame out. Drawing has no side effects, and only the visible rows are drawn.
//!
//! - [`views`]: one file or folder for each view, named as in `app`, and the table of views.
//! - [`frame`]: the rows around every view; [`overlay`]: help, palette and questions; [`pick`]: the choice of a conf.
//! - [`canvas`]: the drawing surface: state, theme, cells, mouse targets and cursor.
//! - [`parts`]: shared by views: lines, lists, panes, charts, hints.
//! - [`pen`]: writes single cells, for tree rows; everything else uses ratatui's lines and blocks.
//! - [`theme`], [`hits`]: colours and glyphs; mouse targets.

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

/// Draws `state`; returns the mouse targets.
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
