//! The Events view: what has changed, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Size;
use super::hits::Hits;
use super::parts::{Text, first_row, rule, tell, wrap};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::mouse::Spot;
use crate::catalog::diff::Change;
use crate::text::{count, fit, width};

/// Draws the view; gives where the selected row is.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    hits.add(area, Spot::List);
    let total = state.shown_events().count();
    rule(&count(total, "event"), false, "newest first", theme, line(0), buffer);
    let Some(chosen) = state.chosen_row() else {
        let why = match (state.log.filter.is_empty(), state.log.was_cleared()) {
            (true, false) => {
                "Nothing has changed since sixpane attached. Machines that come, go or move are told here."
            }
            (true, true) => {
                "Nothing has changed since the list was cleared. Machines that come, go or move are told here."
            }
            (false, _) => "Nothing here matches the filter. {back} clears it.",
        };
        let words = wrap(&tell(state, theme, why), usize::from(area.width).saturating_sub(4));
        for (n, words) in words.into_iter().enumerate().take(usize::from(area.height).saturating_sub(2)) {
            Text::new().add(format!("  {words}"), dim).paint(line(2 + n as u16), buffer);
        }
        return None;
    };
    let heading = u16::from(size != Size::Small);
    let about = if size == Size::Wide { 34 } else { 24 };
    if heading > 0 {
        Text::new()
            .add("  TIME", dim)
            .to(14)
            .add("WHERE", dim)
            .to(14 + about)
            .add("WHAT", dim)
            .paint(line(1), buffer);
    }
    // What does not fit its column is told in full below the list.
    let clause = state.shown_events().nth(chosen).map(|event| event.change.clause()).unwrap_or_default();
    let long = 14 + about + width(&clause) > usize::from(area.width);
    let full = if long { wrap(&clause, usize::from(area.width).saturating_sub(3)) } else { Vec::new() };
    let below = if long { full.len() as u16 + 1 } else { 0 };
    let below = if below + heading + 3 > area.height { 0 } else { below };
    let rows = usize::from(area.height.saturating_sub(1 + heading + below));
    if below > 0 {
        let top = area.height - below;
        rule("", false, "the selected one", theme, line(top), buffer);
        for (n, words) in (1..).zip(full) {
            Text::new().add(format!("  {words}"), theme.style(Role::Plain)).paint(line(top + n), buffer);
        }
    }
    let offset = first_row(chosen, total, rows);
    let mut cursor = None;
    for (n, event) in state.shown_events().enumerate().skip(offset).take(rows) {
        let here = line(1 + heading + (n - offset) as u16);
        let (mark, role) = glyph(&event.change);
        let style = if n == chosen { theme.strong() } else { theme.style(Role::Plain) };
        Text::new()
            .add(if n == chosen { "▌ " } else { "  " }, theme.focused())
            .add(state.time_of_day(event.at), dim)
            .to(12)
            .add(mark, theme.style(role))
            .to(14)
            .add(fit(&event.change.subject(), about - 2), style)
            .to(14 + about)
            .add(event.change.clause(), theme.style(role))
            .paint(here, buffer);
        hits.add(here, Spot::Row(n));
        if n == chosen {
            cursor = Some(Position { x: here.x, y: here.y });
        }
    }
    cursor
}

/// A change in a shape and its role.
fn glyph(change: &Change) -> (&'static str, Role) {
    match change {
        Change::AppCame(_) | Change::MachineCame(_) | Change::PeerCame(_) | Change::Answers(..) => {
            ("●", Role::Ok)
        }
        Change::AppWent(_) | Change::MachineWent(_) | Change::PeerWent(_) => ("✗", Role::Warn),
        Change::MachineMoved(..) | Change::MachineReaddressed(..) => ("→", Role::Accent),
        Change::Disagree(..) => ("▲", Role::Warn),
        Change::Agree(..) => ("✓", Role::Ok),
        Change::Silent(_) => ("○", Role::Warn),
        Change::RttMoved(..) => ("▲", Role::Accent),
    }
}
