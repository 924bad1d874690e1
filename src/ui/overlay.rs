//! What lies over a view: the help, and the notice that a window is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use super::Size;
use super::parts::{Text, boxed, two_ends};
use super::theme::{Role, Theme};
use crate::app::keys::{self, Context};
use crate::app::{Overlay, State};
use crate::text::{Safe, width};

/// The smallest screen, in columns and rows.
const SMALLEST: (u16, u16) = (60, 15);

/// What can be done in the help.
const FOOT: &str = " type to search · ↵ do it · Esc close ";

/// Says that the window is too small, in the middle of it.
pub fn notice(theme: Theme, area: Rect, buffer: &mut Buffer) {
    let lines = [
        format!("sixpane needs {}×{}", SMALLEST.0, SMALLEST.1),
        format!("this is {}×{}", area.width, area.height),
        "or: sixpane tree".to_owned(),
    ];
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (n, text) in lines.iter().enumerate().take(area.height.into()) {
        let lead = area.width.saturating_sub(width(text) as u16) / 2;
        let here = Rect {
            x: area.x + lead,
            y: area.y + (top + n as u16).min(area.height - 1),
            width: area.width - lead,
            height: 1,
        };
        Text::new().add(text, theme.style(Role::Plain)).paint(here, buffer);
    }
}

/// The help: what keys do here, searched by what is typed.
pub fn help(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let Some(Overlay::Help { input, chosen }) = &state.overlay else { return };
    let context = Context::of(state.tab);
    let title = format!(" Help · {} ", state.tab.title().1);
    let inner = if size == Size::Small { area } else { boxed(middle(area), &title, FOOT, theme, buffer) };
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: inner.y + n, height: 1, ..inner };
    if size == Size::Small {
        Clear.render(area, buffer);
        let left = Text::new().add(title, theme.focused());
        two_ends(left, Text::new().add("Esc close ", dim), (" ", dim), line(0), buffer);
    }
    let found: Vec<_> = keys::listed(context, input.value()).collect();
    let all = keys::listed(context, "").count();
    let search = Text::new()
        .add(" ❯ ", theme.focused())
        .add(Safe::new(input.value()).as_str(), theme.style(Role::Plain))
        .add("▏", theme.style(Role::Accent));
    let tally = if input.value().is_empty() { all.to_string() } else { format!("{} of {all}", found.len()) };
    let first = u16::from(size == Size::Small);
    two_ends(search, Text::new().add(format!("{tally} "), dim), (" ", dim), line(first), buffer);
    let rows = usize::from(inner.height.saturating_sub(first + 3));
    let offset = chosen.saturating_sub(rows / 2).min(found.len().saturating_sub(rows));
    for (n, binding) in found.iter().enumerate().skip(offset).take(rows) {
        let keys: Vec<String> = binding.keys.iter().map(|key| key.show(theme.ascii)).collect();
        let reason = keys::enabled(state, binding.action).err();
        let style = if reason.is_some() { dim } else { theme.style(Role::Plain) };
        let mark = if n == *chosen { "▌" } else { " " };
        let mut text = Text::new()
            .add(mark, theme.focused())
            .add(keys.join(" "), theme.style(if reason.is_some() { Role::Dim } else { Role::Accent }))
            .to(15)
            .add(binding.words, if n == *chosen { style.patch(theme.strong()) } else { style });
        if let Some(reason) = reason {
            text = text.add(format!(" — {reason}"), dim);
        }
        text.paint(line(first + 2 + (n - offset) as u16), buffer);
    }
    if size == Size::Small {
        Text::new().add(FOOT, dim).paint(line(inner.height - 1), buffer);
    }
}

/// The middle of `area`, where a box lies.
fn middle(area: Rect) -> Rect {
    let columns = 66.min(area.width - 8);
    let rows = area.height.saturating_sub(6).min(42);
    Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    }
}
