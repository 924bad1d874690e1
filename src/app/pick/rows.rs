//! Keys of the choice between confs. Without a network there is no state to run them on:
//! [`Pick::press`](super::Pick::press) handles them.

use ratatui::crossterm::event::KeyCode;

use crate::app::command::{Context, Row};
use crate::app::key::Key;
use crate::app::key::Key::{Char, Code, Ctrl};

pub static ROWS: &[Row] = &[
    row("open", &[Code(KeyCode::Enter), Char('l')], "Attach").hint(0, 1, "attach"),
    row("down", &[Char('j'), Code(KeyCode::Down)], "Move down").hint(1, 2, "down").motion(),
    row("up", &[Char('k'), Code(KeyCode::Up)], "Move up").hint(1, 3, "up").motion(),
    row("first", &[Char('g'), Code(KeyCode::Home)], "Go to the first row").motion(),
    row("last", &[Char('G'), Code(KeyCode::End)], "Go to the last row").motion(),
    row("refresh", &[Char('r')], "Search for confs again").hint(2, 4, "search again"),
    row("suspend", &[Ctrl('z')], "Suspend"),
    row("quit", &[Char('q'), Code(KeyCode::Esc), Ctrl('c')], "Quit").hint(0, 5, "quit"),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str) -> Row {
    Row::new(id, Context::PICK, keys, help, |_, _, _| {})
}
