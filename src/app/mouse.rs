//! Mouse input: click, wheel and drag. The screens report the positions of things ([`Spot`]). Everything the mouse does
//! has a key too.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::command::Row;
use super::views::Tab;
use super::{Out, Overlay, State, menu};

/// Rows per notch of the wheel.
const NOTCH: isize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mouse {
    /// Whether mouse input is on.
    pub on: bool,
    /// While the split is dragged: its column in the default layout.
    pub dragged: Option<u16>,
}

impl Default for Mouse {
    fn default() -> Self {
        Self { on: true, dragged: None }
    }
}

/// A thing on the screen under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The name of a view.
    Tab(Tab),
    /// The list of the view, outside its rows.
    List,
    /// A row of the view's list, counted from the first, visible or not.
    Row(usize),
    Detail,
    /// The heading of a column in the view's list, by number.
    Heading(usize),
    /// The line between two panes; the column of the default layout.
    Split(u16),
    /// A command in the hint bar.
    Do(&'static Row),
    /// A line of the list over the view.
    Choice(usize),
    /// Empty space of the list over the view.
    Overlay,
}

/// Handles a mouse event on `spot`.
pub fn mouse(state: &mut State, event: MouseEvent, spot: Option<Spot>, out: &mut Out) {
    match event.kind {
        MouseEventKind::ScrollDown => wheel(state, spot, true),
        MouseEventKind::ScrollUp => wheel(state, spot, false),
        MouseEventKind::Down(MouseButton::Left) => click(state, spot, out),
        MouseEventKind::Down(MouseButton::Right) => {
            if let (Some(Spot::Row(row)), None) = (spot, &state.overlay) {
                state.front().select(state, row);
                attempt(state, "copy-as", out);
            }
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(base) = state.mouse.dragged {
                let by = i32::from(event.column) - i32::from(base);
                state.views.explore.split = by.clamp(-20, 40) as i16;
            }
        }
        MouseEventKind::Up(_) => state.mouse.dragged = None,
        _ => {}
    }
}

fn click(state: &mut State, spot: Option<Spot>, out: &mut Out) {
    if state.overlay.is_some() {
        return match spot {
            Some(Spot::Choice(line)) => {
                if let Some(menu) = state.overlay.as_mut().and_then(Overlay::menu_mut) {
                    menu.chosen = line;
                }
                attempt(state, "menu-do", out);
            }
            Some(Spot::Do(row)) => state.attempt(row, None, out),
            Some(Spot::Overlay) => {}
            // A click outside the list closes it.
            _ => attempt(state, "back", out),
        };
    }
    match spot {
        Some(Spot::Tab(tab)) => state.go(tab, out),
        Some(Spot::Row(row)) => {
            // A click on the selected row opens or folds it.
            if state.front().select(state, row) {
                state.front().open(state, out);
            }
        }
        Some(Spot::List) => state.front().focus(state, false),
        Some(Spot::Detail) => state.front().focus(state, true),
        Some(Spot::Heading(column)) => state.front().sort(state, column),
        Some(Spot::Split(base)) => state.mouse.dragged = Some(base),
        Some(Spot::Do(row)) => state.attempt(row, None, out),
        Some(Spot::Choice(_) | Spot::Overlay) | None => {}
    }
}

/// Runs a command like its key does.
fn attempt(state: &mut State, id: &str, out: &mut Out) {
    if let Some(row) = state.keymap.find(state.context(), id) {
        state.attempt(row, None, out);
    }
}

fn wheel(state: &mut State, spot: Option<Spot>, down: bool) {
    if state.overlay.is_some() {
        return menu::step(state, down);
    }
    let rows = if down { NOTCH } else { -NOTCH };
    let part = match spot {
        Some(Spot::Detail) => Some(true),
        Some(Spot::Row(_) | Spot::List | Spot::Heading(_)) => Some(false),
        _ => None,
    };
    state.front().wheel(state, part, rows);
}

#[cfg(test)]
mod tests {
    use super::super::tests::Session;
    use super::*;
    use crate::app::Effect;
    use crate::app::views::explore::Pane;
    use crate::app::views::explore::tree::Sort;
    use ratatui::crossterm::event::KeyModifiers;

    fn at(s: &mut Session, kind: MouseEventKind, column: u16, spot: Spot) {
        let event = MouseEvent { kind, column, row: 0, modifiers: KeyModifiers::NONE };
        s.effects =
            super::super::update(&mut s.state, super::super::Message::Mouse(event, Some(spot)), s.now);
    }

    const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

    #[test]
    fn a_click_selects_a_second_click_folds_and_a_right_click_copies() {
        let mut s = Session::attached();
        at(&mut s, LEFT, 0, Spot::Row(1));
        assert!(s.rows().contains(">api"), "{}", s.rows());
        let rows = s.state.views.explore.tree.rows().len();
        at(&mut s, LEFT, 0, Spot::Row(1));
        assert!(s.state.views.explore.tree.rows().len() < rows);
        at(&mut s, MouseEventKind::Down(MouseButton::Right), 0, Spot::Row(2));
        assert!(s.rows().contains(">web") && s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::Choice(0));
        assert_eq!(s.effects, [Effect::Copy("web.internal".into())]);
    }

    #[test]
    fn the_wheel_scrolls_the_pane_under_it_and_the_focus_stays() {
        let mut s = Session::attached();
        at(&mut s, MouseEventKind::ScrollDown, 0, Spot::Row(0));
        assert_eq!(s.state.views.explore.tree.position(), 3);
        at(&mut s, MouseEventKind::ScrollDown, 0, Spot::Detail);
        assert_eq!(
            (
                s.state.views.explore.tree.position(),
                s.state.views.explore.scroll,
                s.state.views.explore.focus
            ),
            (3, 3, Pane::Tree)
        );
        at(&mut s, MouseEventKind::ScrollUp, 0, Spot::Detail);
        assert_eq!(s.state.views.explore.scroll, 0);
    }

    #[test]
    fn the_split_is_dragged_headings_sort_and_hints_run() {
        let mut s = Session::attached();
        at(&mut s, LEFT, 46, Spot::Split(46));
        at(&mut s, MouseEventKind::Drag(MouseButton::Left), 52, Spot::Detail);
        assert_eq!(s.state.views.explore.split, 6);
        at(&mut s, MouseEventKind::Up(MouseButton::Left), 52, Spot::Detail);
        at(&mut s, MouseEventKind::Drag(MouseButton::Left), 20, Spot::Row(3));
        assert_eq!(s.state.views.explore.split, 6, "released");
        at(&mut s, LEFT, 0, Spot::Heading(Sort::Count as usize));
        assert_eq!(
            (s.state.views.explore.tree.sort(), s.state.views.explore.tree.is_reversed()),
            (Sort::Count, false)
        );
        at(&mut s, LEFT, 0, Spot::Heading(Sort::Count as usize));
        assert!(s.state.views.explore.tree.is_reversed());
        at(&mut s, LEFT, 0, Spot::Do(crate::app::table::named("help").next().unwrap()));
        assert!(s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::Overlay);
        assert!(s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::List);
        assert!(s.state.overlay.is_none(), "a click outside closes it");
        at(&mut s, LEFT, 0, Spot::Tab(Tab::Events));
        assert_eq!(s.state.tab, Tab::Events);
    }

    #[test]
    fn mouse_input_is_ignored_when_off() {
        let mut s = Session::attached();
        s.keys(":mouse off<enter>");
        at(&mut s, LEFT, 0, Spot::Tab(Tab::Events));
        assert_eq!(s.state.tab, Tab::Explore);
        s.keys(":mouse<enter>");
        assert!(s.state.mouse.on);
    }
}
