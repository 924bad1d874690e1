//! Roles made into styles and glyphs: five colours of the terminal's own palette, three weights, two glyph sets.
//! Every state is a shape and a word too, so that nothing is told by colour alone.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// Our glyphs and what stands for them in ASCII, column for column.
const ASCII: &[(char, char)] = &[
    ('─', '-'),
    ('–', '-'),
    ('—', '-'),
    ('│', '|'),
    ('┤', '|'),
    ('┴', '|'),
    ('▸', '>'),
    ('▾', 'v'),
    ('▼', 'v'),
    ('↓', 'v'),
    ('▲', '^'),
    ('↑', '^'),
    ('▌', '|'),
    ('●', '*'),
    ('○', 'o'),
    ('◌', '.'),
    ('·', '.'),
    ('◐', '~'),
    ('✗', 'x'),
    ('×', 'x'),
    ('✓', '+'),
    ('…', '~'),
    ('❯', '>'),
    ('›', '>'),
    ('╭', '+'),
    ('╮', '+'),
    ('╰', '+'),
    ('╯', '+'),
    ('↵', '<'),
    ('←', '<'),
    ('→', '>'),
    ('“', '"'),
    ('”', '"'),
    ('’', '\''),
    ('▁', '_'),
    ('▂', '.'),
    ('▃', '-'),
    ('▄', '='),
    ('▅', '+'),
    ('▆', '*'),
    ('▇', '%'),
    ('█', '#'),
    ('▏', '_'),
];

/// How things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// No colours: bold, dim and reverse stay.
    pub mono: bool,
    /// ASCII glyphs alone.
    pub ascii: bool,
}

/// The role of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Where you are.
    Accent,
    /// Well.
    Ok,
    /// Not quite well.
    Warn,
    /// Not well.
    Bad,
    /// Labels, units, ages.
    Dim,
    /// Data.
    Plain,
}

impl Theme {
    /// The style of a role. The terminal's own colours are right on light and on dark.
    pub fn style(self, role: Role) -> Style {
        let color = |color| if self.mono { Style::new() } else { Style::new().fg(color) };
        match role {
            Role::Accent => color(Color::Cyan),
            Role::Ok => color(Color::Green),
            Role::Warn => color(Color::Yellow),
            Role::Bad => color(Color::Red).add_modifier(Modifier::BOLD),
            Role::Dim => Style::new().add_modifier(Modifier::DIM),
            Role::Plain => Style::new(),
        }
    }

    /// The name of the thing one looks at.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The title of the focused pane.
    pub fn focused(self) -> Style {
        self.style(Role::Accent).add_modifier(Modifier::BOLD)
    }

    /// Puts ASCII in the place of our glyphs on a screen that is drawn, where that is asked for.
    pub fn finish(self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            let mut symbol = cell.symbol().chars();
            if let (Some(c), None) = (symbol.next(), symbol.next())
                && let Some((_, plain)) = ASCII.iter().find(|(glyph, _)| *glyph == c)
            {
                cell.set_char(*plain);
            }
        }
    }
}
