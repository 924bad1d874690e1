//! The views, named as in `app`. They do not depend on each other; shared code is in `parts`.

mod dig;
mod doctor;
mod events;
mod explore;
mod ping;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::app::Tab;

/// Draws the current view, and sets the cursor on its selected row.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let draw = match canvas.state.tab {
        Tab::Explore => explore::draw,
        Tab::Dig => dig::draw,
        Tab::Ping => ping::draw,
        Tab::Doctor => doctor::draw,
        Tab::Events => events::draw,
    };
    draw(canvas, area);
}
