//! Hints in the last row: keys that work in the current context.

use ratatui::text::Line;

use super::line::Columns as _;
use crate::app::State;
use crate::app::command::{Context, Row};
use crate::app::key::Key;
use crate::app::keymap::Keymap;
use crate::text::width;
use crate::ui::theme::{Role, Theme};

/// A key with its action.
#[derive(Debug, Clone, Copy)]
pub struct Hint {
    pub key: Key,
    /// Action in one word.
    pub words: &'static str,
    pub row: &'static Row,
    /// Rank by use, then position in the row: if there is not enough room, the last in this order is dropped.
    rank: (u8, u8),
}

impl Hint {
    /// Width on the screen in columns.
    pub fn columns(&self, ascii: bool) -> usize {
        width(&self.key.show(ascii)) + 1 + self.words.len()
    }
}

/// Hints available in a context, in table order; if not all fit, the most useful ones.
pub fn possible(keymap: &Keymap, state: Option<&State>, context: Context, room: usize) -> Vec<Hint> {
    let mut all: Vec<Hint> = keymap
        .holding_in(context)
        .filter(|line| {
            let apart = line.row.id == "quit" && context != Context::PICK;
            !apart && state.is_none_or(|state| (line.row.enabled)(state).is_ok())
        })
        .filter_map(|line| {
            let hint = line.row.hint?;
            let key = *line.keys.first()?;
            Some(Hint { key, words: hint.words, row: line.row, rank: (hint.rank, hint.order) })
        })
        .collect();
    all.sort_by_key(|hint| hint.rank.1);
    // The width is the larger of both glyph sets, so that both show the same hints.
    let columns = |hint: &Hint| hint.columns(true).max(hint.columns(false)) + 2;
    while all.iter().map(columns).sum::<usize>() > room {
        let Some(last) = (0..all.len()).max_by_key(|&at| all.get(at).map(|hint| hint.rank)) else { break };
        all.remove(last);
    }
    all
}

/// Formats the hints as a line.
pub fn hints(possible: &[Hint], theme: Theme) -> Line<'static> {
    possible.iter().fold(Line::default(), |line, hint| {
        let gap = if line.spans.is_empty() { " " } else { "  " };
        line.add(gap, theme.style(Role::Dim))
            .add(hint.key.show(theme.ascii), theme.style(Role::Accent))
            .add(format!(" {}", hint.words), theme.style(Role::Dim))
    })
}
