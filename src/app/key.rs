//! Keys: how they are pressed, shown and written in settings.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character in upper or lower case.
    Char(char),
    /// Control plus a letter.
    Ctrl(char),
    Code(KeyCode),
}

/// Named keys; of several spellings the first is shown.
const NAMES: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("S-Tab", KeyCode::BackTab),
    ("shift-tab", KeyCode::BackTab),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PageUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("PageDown", KeyCode::PageDown),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Delete", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
    ("Insert", KeyCode::Insert),
];

impl Key {
    /// Whether `event` is a press of this key.
    pub fn is(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Self::Char(c) => event.code == KeyCode::Char(c) && !ctrl && !alt,
            Self::Ctrl(c) => event.code == KeyCode::Char(c) && ctrl && !alt,
            Self::Code(code) => event.code == code,
        }
    }

    /// The event of a press of this key.
    #[cfg(test)]
    pub fn event(self) -> KeyEvent {
        match self {
            Self::Char(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
            Self::Ctrl(c) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
            Self::Code(code) => KeyEvent::new(code, KeyModifiers::NONE),
        }
    }

    /// Whether the key is text in an input line.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char(_))
    }

    /// Text for the screen: `j`, `^D`, `↵`, `Tab`. [`Key::parse`] reads the ASCII form.
    pub fn show(self, ascii: bool) -> String {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(KeyCode::F(n)) => format!("F{n}"),
            Self::Code(code) => match (code, ascii) {
                (KeyCode::Enter, false) => "↵".into(),
                (KeyCode::Up, false) => "↑".into(),
                (KeyCode::Down, false) => "↓".into(),
                (KeyCode::Left, false) => "←".into(),
                (KeyCode::Right, false) => "→".into(),
                (code, _) => {
                    let name = NAMES.iter().find(|(_, named)| *named == code);
                    name.map_or_else(|| code.to_string(), |(name, _)| (*name).to_owned())
                }
            },
        }
    }

    /// Reads a key from settings: one character, `ctrl-x` (also `^X`, `C-x`), `space`, `F1`, or a name such as `Enter` or
    /// `PgDn`, in either case.
    ///
    /// # Errors
    /// The reason why it is not a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut characters = text.chars();
        if let (Some(one), None) = (characters.next(), characters.next()) {
            return match one {
                one if one.is_control() => Err("a control character is not a key: write ctrl-x".into()),
                one => Ok(Self::Char(one)),
            };
        }
        let lower = text.to_ascii_lowercase();
        for lead in ["ctrl-", "c-", "^"] {
            let mut rest = lower.strip_prefix(lead).unwrap_or_default().chars();
            if let (Some(letter), None) = (rest.next(), rest.next()) {
                return match letter {
                    // Terminals send these as Backspace, Tab and Enter, or use them for flow control.
                    'h' | 'i' | 'm' | 's' | 'q' => Err(format!("terminals reserve {text}")),
                    'a'..='z' => Ok(Self::Ctrl(letter)),
                    _ => Err(format!("{text}: Ctrl must be followed by a letter")),
                };
            }
        }
        if lower == "space" {
            return Ok(Self::Char(' '));
        }
        if let Some(n) = lower.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n))
        {
            return Ok(Self::Code(KeyCode::F(n)));
        }
        let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        named.map(|(_, code)| Self::Code(*code)).ok_or_else(|| {
            format!("unknown key `{text}`. Write a character, ctrl-x, space, F1 to F12, Enter, Esc, Tab, Up, PgDn …")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_shown_in_ascii_are_read_back() {
        for row in crate::app::table::TABLE.iter() {
            for key in row.keys {
                assert_eq!(Key::parse(&key.show(true)), Ok(*key));
            }
        }
    }

    #[test]
    fn common_spellings_are_read_and_others_rejected() {
        for (text, key) in [
            ("ctrl-r", Key::Ctrl('r')),
            ("C-R", Key::Ctrl('r')),
            ("Space", Key::Char(' ')),
            ("shift-tab", Key::Code(KeyCode::BackTab)),
            ("f1", Key::Code(KeyCode::F(1))),
            ("pagedown", Key::Code(KeyCode::PageDown)),
            ("é", Key::Char('é')),
            ("^", Key::Char('^')),
        ] {
            assert_eq!(Key::parse(text), Ok(key), "{text}");
        }
        for text in ["", "ctrl-i", "ctrl-1", "F13", "hyper-x", "\u{1b}"] {
            assert!(Key::parse(text).is_err(), "{text:?}");
        }
    }
}
