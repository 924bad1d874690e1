//! Moving: through rows, between views, and one step back.

use super::act::diagnose;
use super::keys::Action;
use super::{Effect, Pane, State, Tab, View};

/// Moves by rows, by pages, to an end.
pub fn travel(state: &mut State, action: Action) {
    let page = usize::from(state.page.max(2)).cast_signed();
    let by: isize = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::HalfDown => page / 2,
        Action::HalfUp => -page / 2,
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::First => isize::MIN / 2,
        _ => isize::MAX / 2,
    };
    self::by(state, by);
}

/// Moves the selection of what has the focus, or scrolls it.
pub fn by(state: &mut State, by: isize) {
    match state.tab {
        Tab::Events => return state.step_events(by),
        Tab::Ping => return state.step_pings(by),
        Tab::Dig => return state.travel_in_dig(by),
        Tab::Doctor if state.story.is_some() => {
            let finding = state.chosen_check().and_then(|at| state.view.diagnosis.as_ref()?.findings.get(at));
            // No line of it takes more than a few rows.
            let most = finding.map_or(0, |finding| 4 * (8 + finding.evidence.len() + finding.why.len()));
            let rows = usize::from(state.story.unwrap_or(0)).saturating_add_signed(by).min(most);
            state.story = Some(rows as u16);
            return;
        }
        Tab::Doctor => {
            let last = state.view.diagnosis.as_ref().map_or(0, |d| d.findings.len().saturating_sub(1));
            state.check = state.chosen_check().map(|check| check.saturating_add_signed(by).min(last));
            return;
        }
        Tab::Explore => {}
    }
    match state.focus {
        Pane::Tree => state.tree.step(by),
        Pane::Detail => state.scroll = scrolled(state.scroll, by),
    }
}

fn scrolled(from: u16, by: isize) -> u16 {
    i64::from(from).saturating_add(by as i64).clamp(0, 500) as u16
}

/// Shows a view.
pub fn go(state: &mut State, tab: Tab, effects: &mut Vec<Effect>) {
    state.tab = tab;
    if tab == Tab::Dig && state.dig.entries.is_empty() {
        state.dig.edit("");
    }
    if tab == Tab::Doctor && state.view.diagnosis.is_none() {
        diagnose(state, effects);
    }
}

/// One step back: close what lies above, leave the line, clear the filter, the marks, unzoom, thaw, go to the parent.
pub fn back(state: &mut State) {
    if state.overlay.take().is_some() {
        return;
    }
    let View { catalog, pings, .. } = &state.view;
    if matches!(state.tab, Tab::Doctor | Tab::Dig | Tab::Ping) {
        state.tab = Tab::Explore;
    } else if state.tab == Tab::Events {
        state.filter_line = None;
        if std::mem::take(&mut state.log.filter).is_empty() {
            state.tab = Tab::Explore;
        }
    } else if state.filter_line.take().is_some() || !state.tree.filter().is_empty() {
        state.tree.set_filter("", catalog, pings);
    } else if !state.tree.marked().is_empty() {
        state.tree.unmark();
    } else if state.zoom {
        state.zoom = false;
    } else if state.focus == Pane::Detail {
        state.focus = Pane::Tree;
    } else {
        state.tree.to_parent();
    }
}
