//! The keys of the choice between confs. There is no state to run them on yet: [`Pick::press`](super::Pick::press)
//! does what they say.

use ratatui::crossterm::event::KeyCode;

use crate::app::command::{Context, Row};
use crate::app::key::Key;
use crate::app::key::Key::{Char, Code, Ctrl};

/// The rows.
pub static ROWS: &[Row] = &[
    row("open", &[Code(KeyCode::Enter), Char('l')], "Attach").hint(0, 1, "attach"),
    row("down", &[Char('j'), Code(KeyCode::Down)], "Down").hint(1, 2, "down").motion(),
    row("up", &[Char('k'), Code(KeyCode::Up)], "Up").hint(1, 3, "up").motion(),
    row("first", &[Char('g'), Code(KeyCode::Home)], "To the first row").motion(),
    row("last", &[Char('G'), Code(KeyCode::End)], "To the last row").motion(),
    row("refresh", &[Char('r')], "Look for confs again").hint(2, 4, "look again"),
    row("suspend", &[Ctrl('z')], "Suspend"),
    row("quit", &[Char('q'), Code(KeyCode::Esc), Ctrl('c')], "Quit").hint(0, 5, "quit"),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str) -> Row {
    Row::new(id, Context::PICK, keys, help, |_, _, _| {})
}
