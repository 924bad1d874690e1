//! The input line for the filter of a view.

use ratatui::crossterm::event::KeyCode;
use tui_input::Input;

use super::command::{Context, Row, Run};
use super::key::Key;
use super::key::Key::{Code, Ctrl};
use super::{Effect, Out, State, menu};

pub static ROWS: &[Row] = &[
    row("keep-filter", &[Code(KeyCode::Enter)], "Keep the filter", |s, _, _| s.filter_line = None)
        .hint(0, 1, "keep"),
    row("back", &[Code(KeyCode::Esc)], "Clear the filter", |s, _, _| s.back()).hint(0, 2, "clear"),
    row("down", &[Code(KeyCode::Down)], "Move down", |s, _, _| s.front().step(s, 1)).motion(),
    row("up", &[Code(KeyCode::Up)], "Move up", |s, _, _| s.front().step(s, -1)).motion(),
    row("help", &[Code(KeyCode::F(1))], "Help", |s, _, _| menu::help(s)),
    row("command", &[Ctrl('p')], "Run a command", |s, _, _| menu::palette(s, "")),
];

/// Rows that work in every input line.
pub static LINES: &[Row] = &[
    Row::new("suspend", Context::LINES, &[Ctrl('z')], "Suspend", |_, _, out| out.push(Effect::Suspend)),
    Row::new("quit", Context::LINES, &[Ctrl('c')], "Quit", |_, _, out| out.push(Effect::Quit))
        .hint(1, 82, "quit"),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, Context::FILTER, keys, help, run)
}

/// Filters the view by `typed`, or opens the input line.
pub fn begin(state: &mut State, typed: Option<&str>, _: &mut Out) {
    if let Some(text) = typed {
        state.front().set_filter(state, text);
    } else {
        let filter = state.front().filter(state).unwrap_or_default();
        state.filter_line = Some(Input::new(filter.to_owned()));
        state.front().focus(state, false);
    }
}
