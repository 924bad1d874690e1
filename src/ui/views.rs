//! The views, of the same names as in `app`. None knows another; what several need is in `parts`.

mod dig;
mod doctor;
mod events;
mod explore;
mod ping;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::app::Tab;

/// Draws the view in front, and sets the cursor on its selected row.
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
