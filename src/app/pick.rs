//! The choice between several confs, before anything is attached; and what a first run is met with, where there is none.

pub mod rows;

use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

use super::command::Context;
use super::keymap::Keymap;

/// A conf that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The path, fit to show.
    pub path: String,
    /// Where it leads, as `fdaa:0:18::/48 by 192.0.2.10:51820`, or why it cannot be used.
    pub about: Result<String, String>,
}

/// The list, and the row that is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The confs, at least one.
    pub choices: Vec<Choice>,
    /// An index into them.
    pub chosen: usize,
    /// Why the last key did nothing.
    pub said: Option<String>,
    /// Where a conf was looked for, on a first run, when there was none: then it is told how to get one, and the choices
    /// are confs of other places and the demo.
    pub looked: Option<String>,
}

/// What a key led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// Still choosing.
    NotYet,
    /// This one.
    This(usize),
    /// To look again.
    Again,
    /// To stop until continued.
    Suspend,
    /// None of them.
    Quit,
}

impl Pick {
    /// The list of `choices`, with the first usable one chosen.
    pub fn new(choices: Vec<Choice>) -> Self {
        let chosen = choices.iter().position(|choice| choice.about.is_ok()).unwrap_or(0);
        Self { choices, chosen, said: None, looked: None }
    }

    /// What a first run is met with.
    pub fn first_run(choices: Vec<Choice>, looked: String) -> Self {
        Self { looked: Some(looked), ..Self::new(choices) }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Picked {
        if key.kind == KeyEventKind::Release {
            return Picked::NotYet;
        }
        self.said = None;
        let last = self.choices.len().saturating_sub(1);
        match Keymap::default().row(Context::PICK, key).map(|row| row.id) {
            Some("down") => self.chosen = (self.chosen + 1).min(last),
            Some("up") => self.chosen = self.chosen.saturating_sub(1),
            Some("first") => self.chosen = 0,
            Some("last") => self.chosen = last,
            Some("open") => match self.choices.get(self.chosen).map(|choice| &choice.about) {
                Some(Ok(_)) => return Picked::This(self.chosen),
                Some(Err(_)) => self.said = Some("this conf cannot be used: see beside it".into()),
                None => {}
            },
            Some("refresh") => return Picked::Again,
            Some("suspend") => return Picked::Suspend,
            Some("quit") => return Picked::Quit,
            _ => {}
        }
        Picked::NotYet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    #[test]
    fn a_broken_conf_is_shown_and_not_taken() {
        let choice = |path: &str, usable: bool| Choice {
            path: path.into(),
            about: if usable { Ok("fdaa::/48".into()) } else { Err("line 2: bad key".into()) },
        };
        let mut pick = Pick::new(vec![choice("a.conf", false), choice("b.conf", true)]);
        let mut press = |code| pick.press(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(press(KeyCode::Enter), Picked::This(1));
        assert_eq!(press(KeyCode::Down), Picked::NotYet);
        assert_eq!(press(KeyCode::Enter), Picked::This(1));
        assert_eq!(press(KeyCode::Char('k')), Picked::NotYet);
        assert_eq!(press(KeyCode::Enter), Picked::NotYet);
        assert_eq!(press(KeyCode::Char('q')), Picked::Quit);
        assert_eq!(pick.said, None);
    }
}
