//! The mouse: what a click, the wheel and a drag do. Where things are, the screens know ([`Spot`]); all of it can be
//! done by keys too.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::act::act;
use super::keys::{self, Action};
use super::ping::Column;
use super::tree::Sort;
use super::{Effect, Pane, State, Tab, menu};

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// What is kept of the mouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mouse {
    /// Whether it is listened to.
    pub on: bool,
    /// While the split is dragged: the column in which the layout itself would put it.
    pub dragged: Option<u16>,
}

impl Default for Mouse {
    fn default() -> Self {
        Self { on: true, dragged: None }
    }
}

/// Something on the screen that the mouse may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The name of a view.
    Tab(Tab),
    /// The list of the view, beside its rows.
    List,
    /// A row of the view's list, counted from its first, seen or not.
    Row(usize),
    /// The pane of details.
    Detail,
    /// The heading of a column of the tree.
    Sort(Sort),
    /// The heading of a column of the pings.
    Column(Column),
    /// The line between two panes; the column in which the layout itself would put it.
    Split(u16),
    /// A hint.
    Do(Action),
    /// A line of the list that lies over the view.
    Choice(usize),
    /// Over the view, and nothing there.
    Overlay,
}

/// Takes an event of the mouse that happened on `spot`.
pub fn mouse(state: &mut State, event: MouseEvent, spot: Option<Spot>, effects: &mut Vec<Effect>) {
    match event.kind {
        MouseEventKind::ScrollDown => wheel(state, spot, true),
        MouseEventKind::ScrollUp => wheel(state, spot, false),
        MouseEventKind::Down(MouseButton::Left) => click(state, spot, effects),
        MouseEventKind::Down(MouseButton::Right) => {
            if let (Some(Spot::Row(row)), None) = (spot, &state.overlay) {
                select(state, row);
                attempt(state, Action::CopyAs, effects);
            }
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(base) = state.mouse.dragged {
                let by = i32::from(event.column) - i32::from(base);
                state.split = by.clamp(-20, 40) as i16;
            }
        }
        MouseEventKind::Up(_) => state.mouse.dragged = None,
        _ => {}
    }
}

fn click(state: &mut State, spot: Option<Spot>, effects: &mut Vec<Effect>) {
    if state.overlay.is_some() {
        return match spot {
            Some(Spot::Choice(line)) => {
                if let Some(menu) = state.overlay.as_mut().and_then(menu::Overlay::menu_mut) {
                    menu.chosen = line;
                }
                attempt(state, Action::MenuDo, effects);
            }
            Some(Spot::Do(action)) => attempt(state, action, effects),
            Some(Spot::Overlay) => {}
            // Beside it: away with it.
            _ => attempt(state, Action::Back, effects),
        };
    }
    match spot {
        Some(Spot::Tab(tab)) => super::travel::go(state, tab, effects),
        Some(Spot::Row(row)) => {
            // A row that is selected already opens, or folds.
            let again = select(state, row);
            if again && state.tab == Tab::Explore {
                state.tree.fold(None, &state.view.catalog, &state.view.pings);
            } else if again && state.tab == Tab::Events {
                attempt(state, Action::Reveal, effects);
            } else if again && state.tab == Tab::Doctor {
                attempt(state, Action::Story, effects);
            }
        }
        Some(Spot::List) => state.focus = Pane::Tree,
        Some(Spot::Detail) => state.focus = Pane::Detail,
        Some(Spot::Sort(sort)) => {
            if state.tree.sort() == sort {
                attempt(state, Action::Reverse, effects);
            } else {
                state.tree.sort_to(sort, &state.view.catalog, &state.view.pings);
            }
        }
        Some(Spot::Column(column)) => {
            if state.ping.sort == column {
                state.ping.reversed = !state.ping.reversed;
            } else {
                (state.ping.sort, state.ping.reversed) = (column, false);
            }
        }
        Some(Spot::Split(base)) => state.mouse.dragged = Some(base),
        Some(Spot::Do(action)) => attempt(state, action, effects),
        Some(Spot::Choice(_) | Spot::Overlay) | None => {}
    }
}

/// What a key would do, with its refusal.
fn attempt(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match keys::enabled(state, action) {
        Ok(()) => act(state, action, effects),
        Err(reason) => state.say(state.keyed(reason)),
    }
}

/// Selects a row of the view's list; says whether it was selected already.
fn select(state: &mut State, row: usize) -> bool {
    let by = |from: usize| row.cast_signed() - from.cast_signed();
    match state.tab {
        Tab::Explore => {
            let again = state.tree.position() == row && state.focus == Pane::Tree;
            state.focus = Pane::Tree;
            state.tree.step(by(state.tree.position()));
            again
        }
        Tab::Ping => {
            let here = state.ping.matrix.map(|place| place.app);
            let at = here.unwrap_or_else(|| state.chosen_ping(&state.ping_rows()));
            state.step_pings(by(at));
            at == row
        }
        Tab::Events => {
            let at = state.chosen_row().unwrap_or(0);
            state.step_events(by(at));
            at == row
        }
        Tab::Doctor => {
            let at = state.chosen_check();
            state.check = Some(row);
            at == Some(row)
        }
        Tab::Dig => {
            let at = state.dig.cursor(&state.dig.rows(&state.view)).0;
            state.travel_in_dig(by(at));
            at == row
        }
    }
}

fn wheel(state: &mut State, spot: Option<Spot>, down: bool) {
    if state.overlay.is_some() {
        return menu::step(state, down);
    }
    let rows = if down { NOTCH } else { -NOTCH };
    let focus = state.focus;
    match spot {
        Some(Spot::Detail) => state.focus = Pane::Detail,
        Some(Spot::Row(_) | Spot::List | Spot::Sort(_)) => state.focus = Pane::Tree,
        _ => {}
    }
    super::travel::by(state, rows);
    state.focus = focus;
}

#[cfg(test)]
mod tests {
    use super::super::tests::Session;
    use super::*;
    use ratatui::crossterm::event::KeyModifiers;

    fn at(s: &mut Session, kind: MouseEventKind, column: u16, spot: Spot) {
        let event = MouseEvent { kind, column, row: 0, modifiers: KeyModifiers::NONE };
        s.effects =
            super::super::update(&mut s.state, super::super::Message::Mouse(event, Some(spot)), s.now);
    }

    const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

    #[test]
    fn a_click_selects_a_second_one_folds_and_a_right_one_copies() {
        let mut s = Session::attached();
        at(&mut s, LEFT, 0, Spot::Row(1));
        assert!(s.rows().contains(">api"), "{}", s.rows());
        let rows = s.state.tree.rows().len();
        at(&mut s, LEFT, 0, Spot::Row(1));
        assert!(s.state.tree.rows().len() < rows);
        at(&mut s, MouseEventKind::Down(MouseButton::Right), 0, Spot::Row(2));
        assert!(s.rows().contains(">web") && s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::Choice(0));
        assert_eq!(s.effects, [Effect::Copy("web.internal".into())]);
    }

    #[test]
    fn the_wheel_scrolls_what_is_under_it_and_the_focus_stays() {
        let mut s = Session::attached();
        at(&mut s, MouseEventKind::ScrollDown, 0, Spot::Row(0));
        assert_eq!(s.state.tree.position(), 3);
        at(&mut s, MouseEventKind::ScrollDown, 0, Spot::Detail);
        assert_eq!((s.state.tree.position(), s.state.scroll, s.state.focus), (3, 3, Pane::Tree));
        at(&mut s, MouseEventKind::ScrollUp, 0, Spot::Detail);
        assert_eq!(s.state.scroll, 0);
    }

    #[test]
    fn the_split_is_dragged_headings_sort_and_hints_do() {
        let mut s = Session::attached();
        at(&mut s, LEFT, 46, Spot::Split(46));
        at(&mut s, MouseEventKind::Drag(MouseButton::Left), 52, Spot::Detail);
        assert_eq!(s.state.split, 6);
        at(&mut s, MouseEventKind::Up(MouseButton::Left), 52, Spot::Detail);
        at(&mut s, MouseEventKind::Drag(MouseButton::Left), 20, Spot::Row(3));
        assert_eq!(s.state.split, 6, "let go of");
        at(&mut s, LEFT, 0, Spot::Sort(Sort::Count));
        assert_eq!((s.state.tree.sort(), s.state.tree.is_reversed()), (Sort::Count, false));
        at(&mut s, LEFT, 0, Spot::Sort(Sort::Count));
        assert!(s.state.tree.is_reversed());
        at(&mut s, LEFT, 0, Spot::Do(Action::Help));
        assert!(s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::Overlay);
        assert!(s.state.overlay.is_some());
        at(&mut s, LEFT, 0, Spot::List);
        assert!(s.state.overlay.is_none(), "a click beside it closes it");
        at(&mut s, LEFT, 0, Spot::Tab(Tab::Events));
        assert_eq!(s.state.tab, Tab::Events);
    }

    #[test]
    fn a_mouse_that_is_off_does_nothing() {
        let mut s = Session::attached();
        s.keys(":mouse off<enter>");
        at(&mut s, LEFT, 0, Spot::Tab(Tab::Events));
        assert_eq!(s.state.tab, Tab::Explore);
        s.keys(":mouse<enter>");
        assert!(s.state.mouse.on);
    }
}
