//! Keys, pastes: to an action, or into the line that is being edited.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::backend::crossterm::EventHandler as _;
use tui_input::{Input, InputRequest};

use super::act::act;
use super::{Effect, State, Tab, keys, menu};

/// Characters that one paste may add to a line.
const LONGEST_PASTE: usize = 200;

/// Takes an event of the terminal.
pub fn input(state: &mut State, event: &Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(state, *key, effects),
        // A paste is text: it goes into a line that is being edited, and is nothing elsewhere.
        Event::Paste(text) => {
            if let Some(line) = line(state) {
                for c in text.chars().filter(|c| !c.is_control()).take(LONGEST_PASTE) {
                    line.handle(InputRequest::InsertChar(c));
                }
                edited(state);
            }
        }
        Event::Resize(_, rows) => state.rows(*rows),
        _ => {}
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if let Some(action) = state.keymap.action(state.context(), key) {
        match keys::enabled(state, action) {
            Ok(()) => act(state, action, effects),
            Err(reason) => state.say(state.keyed(reason)),
        }
        return;
    }
    let typed = !key.modifiers.intersects(KeyModifiers::ALT) || key.code == KeyCode::Backspace;
    if let (Some(line), true) = (line(state), typed) {
        line.handle_event(&Event::Key(key));
        edited(state);
    }
}

/// The line that takes what is typed, if any.
fn line(state: &mut State) -> Option<&mut Input> {
    match (&mut state.overlay, &mut state.filter_line) {
        (Some(overlay), _) => overlay.menu_mut().map(|menu| &mut menu.input),
        (None, Some(line)) => Some(line),
        (None, None) if state.tab == Tab::Dig => state.dig.line_mut(),
        (None, None) => None,
    }
}

/// A line was edited: what it filters follows.
fn edited(state: &mut State) {
    if state.overlay.is_some() {
        menu::search(state);
    } else if let Some(line) = &state.filter_line {
        let text = line.value().to_owned();
        if state.tab == Tab::Events {
            state.log.filter = text;
        } else {
            state.tree.set_filter(&text, &state.view.catalog, &state.view.pings);
        }
    } else if state.tab == Tab::Dig {
        state.dig.edited(&state.view.catalog, state.profile.dns.addr);
    }
}
