//! Keys and pastes: run a command, or edit the current input line.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::backend::crossterm::EventHandler as _;
use tui_input::{Input, InputRequest};

use super::{Out, State, menu};

/// Largest number of characters that one paste adds to a line.
const LONGEST_PASTE: usize = 200;

/// Handles a terminal event.
pub fn input(state: &mut State, event: &Event, out: &mut Out) {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(state, *key, out),
        // A paste is text for an input line and is ignored elsewhere.
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

fn press(state: &mut State, key: KeyEvent, out: &mut Out) {
    if let Some(row) = state.keymap.row(state.context(), key) {
        return state.attempt(row, None, out);
    }
    let typed = !key.modifiers.intersects(KeyModifiers::ALT) || key.code == KeyCode::Backspace;
    if let (Some(line), true) = (line(state), typed) {
        line.handle_event(&Event::Key(key));
        edited(state);
    }
}

/// The input line that receives text, if any.
fn line(state: &mut State) -> Option<&mut Input> {
    if state.overlay.is_none() && state.filter_line.is_none() {
        return state.front().line(state);
    }
    match &mut state.overlay {
        Some(overlay) => overlay.menu_mut().map(|menu| &mut menu.input),
        None => state.filter_line.as_mut(),
    }
}

/// Updates the results after an input line was edited.
fn edited(state: &mut State) {
    if state.overlay.is_some() {
        menu::search(state);
    } else if let Some(line) = &state.filter_line {
        let text = line.value().to_owned();
        state.front().set_filter(state, &text);
    } else {
        state.front().edited(state);
    }
}
