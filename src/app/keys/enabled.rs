//! What is possible now; what is not says why, on the screen, in the help and when its key is pressed.

use super::Action;
use crate::app::dig::Face;
use crate::app::menu::Overlay;
use crate::app::ping::{FASTEST, SLOWEST};
use crate::app::{State, Tab};
use crate::catalog::place::Node;

/// Why a target cannot be worked on.
const NOBODY: &str = "nobody is pinged: {add-target} adds a target";

const UNEXAMINED: &str = "nothing was examined yet: {refresh} does it";
const EMPTY: &str = "nothing is selected: the tree is still empty";

/// Whether `action` can be done now, or why not.
///
/// # Errors
/// The reason, in words for the user.
pub fn enabled(state: &State, action: Action) -> Result<(), &'static str> {
    let when = |possible: bool, reason: &'static str| if possible { Ok(()) } else { Err(reason) };
    if of_a_target(action) && in_matrix(state) {
        return Err("that is done to a target: {back} leaves the matrix");
    }
    match action {
        Action::Faster if state.tab == Tab::Ping => {
            when(state.ping.plan.interval > FASTEST, "that is the shortest interval")
        }
        Action::Slower if state.tab == Tab::Ping => {
            when(state.ping.plan.interval < SLOWEST, "that is the longest interval")
        }
        Action::Copy => copy(state),
        Action::Idle => when(!state.view.catalog.apps.is_empty(), "no apps are known yet"),
        Action::Wide => wide(state),
        Action::Reveal => match state.chosen_event() {
            None => Err("no event is selected: nothing has changed yet"),
            Some(event) => when(state.node_of(&event.change).is_some(), "it is no longer in the tree"),
        },
        Action::ClearEvents => when(state.shown_events().next().is_some(), "the list is empty"),
        Action::Story => when(state.chosen_check().is_some(), UNEXAMINED),
        Action::NextFace
        | Action::PreviousFace
        | Action::OlderEntry
        | Action::NewerEntry
        | Action::Forget
        | Action::Follow
        | Action::WatchLine
        | Action::ToggleTcp
        | Action::NextType
        | Action::Slower
        | Action::Faster
        | Action::PingLink
        | Action::RevealLink
        | Action::NextField
        | Action::PreviousField
        | Action::SearchPast
        | Action::SendLine
        | Action::Complete => crate::app::dig::enabled(state, action),
        Action::GoBack => when(state.trail.leads(false), "there is no place before this one"),
        Action::GoForward => when(state.trail.leads(true), "there is no place to go forward to"),
        Action::Refresh if state.tab == Tab::Dig => {
            when(state.dig.entry().is_some(), "nothing was asked yet")
        }
        Action::Matrix
        | Action::Turns
        | Action::Trace
        | Action::Ports
        | Action::Speak
        | Action::RemoveTarget
        | Action::ClearTarget
        | Action::ClearTargets
        | Action::NextLower
        | Action::PreviousLower
        | Action::DigTarget
        | Action::Window
        | Action::Earlier
        | Action::Later
        | Action::RevealTarget => of_pings(state, action),
        Action::Filter if matches!(state.tab, Tab::Doctor | Tab::Dig | Tab::Ping) => {
            Err("there is nothing to filter here")
        }
        Action::DigThis
        | Action::Ping
        | Action::PingBelow
        | Action::Mark
        | Action::Open
        | Action::Close
        | Action::Expand
        | Action::Collapse
        | Action::ExpandAll => of_row(state, action),
        Action::NextMatch | Action::PreviousMatch => {
            when(!state.tree.filter().is_empty(), "there is no filter: {filter} sets one")?;
            when(!state.tree.is_empty(), "nothing matches the filter")
        }
        Action::Rehandshake => when(state.view.link.is_some(), "there is no link yet"),
        Action::MenuDo | Action::MenuComplete => {
            let menu = state.overlay.as_ref().and_then(Overlay::menu);
            when(menu.is_some_and(|menu| menu.choice().is_some()), "nothing is called so")
        }
        Action::ScrollLeft | Action::ScrollRight => sideways(state, action),
        Action::CopyAs | Action::Export | Action::Plain => nothing_to_show(state),
        Action::LastMessage => {
            let banner = !state.is_up() || !state.view.problems.is_empty();
            when(state.toast.is_some() || banner, "there has been no message")
        }
        _ => Ok(()),
    }
}

/// Whether the view shows anything that could be copied or written, or why not.
fn nothing_to_show(state: &State) -> Result<(), &'static str> {
    let (shown, reason) = match state.tab {
        Tab::Explore => (!state.tree.is_empty(), "nothing is shown: the tree is empty"),
        Tab::Dig => (state.dig.entry().is_some(), "nothing was asked yet"),
        Tab::Ping => (!state.view.pings.is_empty(), "nobody is pinged: {ping} does it in the tree"),
        Tab::Doctor => (state.view.diagnosis.is_some(), UNEXAMINED),
        Tab::Events => (state.shown_events().next().is_some(), "no event is shown: nothing has changed yet"),
    };
    if shown { Ok(()) } else { Err(reason) }
}

/// The same of what is done to the selected row of the tree.
fn of_row(state: &State, action: Action) -> Result<(), &'static str> {
    match (action, state.tree.selected()) {
        (_, None) => Err(EMPTY),
        (Action::Expand | Action::Collapse, Some(Node::Machine(..) | Node::Peer(_))) => {
            Err("this row has nothing below it")
        }
        _ => Ok(()),
    }
}

/// The same of what is done to pings.
fn of_pings(state: &State, action: Action) -> Result<(), &'static str> {
    let when = |possible: bool, reason: &'static str| if possible { Ok(()) } else { Err(reason) };
    match action {
        Action::Matrix => when(state.has_matrix(), "no app has a started machine yet"),
        Action::Trace => state.traceable(),
        Action::Turns => match state.subject_app() {
            None => Err("that is done to an app, and this is of none"),
            Some(app) => {
                let some = state.view.catalog.apps.get(&app).is_some_and(|app| !app.machines.is_empty());
                when(some, "it has no started machine")
            }
        },
        Action::Ports | Action::Speak => state.knockable(),
        Action::RemoveTarget
        | Action::ClearTarget
        | Action::ClearTargets
        | Action::NextLower
        | Action::PreviousLower
        | Action::DigTarget
        | Action::Window => when(!state.view.pings.is_empty(), NOBODY),
        Action::Earlier if in_matrix(state) => {
            when(state.ping.matrix.is_some_and(|place| place.region > 0), "this is the first region")
        }
        Action::Later if in_matrix(state) => {
            let last = state.matrix_regions().len().saturating_sub(1);
            when(state.ping.matrix.is_some_and(|place| place.region < last), "this is the last region")
        }
        Action::Earlier => {
            let kept = state.chosen_series().map_or(0, |series| series.recent.len());
            when(state.ping.earlier + 1 < kept, "nothing earlier is kept")
        }
        Action::Later => when(state.ping.earlier > 0, "this is now"),
        Action::RevealTarget => when(state.pinged_node().is_some(), "it is not in the tree"),
        _ => Ok(()),
    }
}

fn in_matrix(state: &State) -> bool {
    state.tab == Tab::Ping && state.ping.matrix.is_some()
}

/// Whether an action of the Ping view is done to the selected target.
fn of_a_target(action: Action) -> bool {
    matches!(
        action,
        Action::RemoveTarget
            | Action::ClearTarget
            | Action::NextLower
            | Action::PreviousLower
            | Action::DigTarget
            | Action::Window
            | Action::Trace
            | Action::Ports
            | Action::Speak
            | Action::Sort
            | Action::Reverse
    )
}

/// Whether there is anything to copy.
fn copy(state: &State) -> Result<(), &'static str> {
    let (there, reason) = match state.tab {
        Tab::Explore => (state.tree.selected().is_some(), EMPTY),
        Tab::Dig => (state.dig.entry().is_some(), "nothing was asked yet"),
        Tab::Ping => (!state.view.pings.is_empty(), NOBODY),
        Tab::Doctor => (state.chosen_check().is_some(), UNEXAMINED),
        Tab::Events => (state.chosen_event().is_some(), "no event is selected: nothing has changed yet"),
    };
    if there { Ok(()) } else { Err(reason) }
}

/// Whether more can be shown, or lines be wrapped.
fn wide(state: &State) -> Result<(), &'static str> {
    match state.tab {
        Tab::Ping if state.view.pings.is_empty() => Err(NOBODY),
        Tab::Dig if matches!(state.dig.face(), Face::Answer | Face::Hex) => {
            Err("this form fits: those of {next-form} that do not are wrapped")
        }
        _ => Ok(()),
    }
}

/// Whether there are lines longer than the screen may be.
fn sideways(state: &State, action: Action) -> Result<(), &'static str> {
    let kept = !matches!(state.dig.face(), Face::Answer | Face::Hex);
    if !(state.tab == Tab::Dig && state.dig.entry().is_some() && kept) {
        Err("lines fit here: the forms of an answer in the Dig view are longer")
    } else if state.dig.wrapped {
        Err("lines are wrapped: {wide} ends that")
    } else if action == Action::ScrollLeft && state.dig.sideways == 0 {
        Err("this is where the lines begin")
    } else {
        Ok(())
    }
}
