//! The choice between several confs before anything is attached, and the first-run screen if there is no conf.

pub mod rows;

use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

use super::command::Context;
use super::keymap::Keymap;

/// A conf to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Path, safe to show.
    pub path: String,
    /// Network and endpoint, as `fdaa:0:18::/48 by 192.0.2.10:51820`, or why the conf cannot be used.
    pub about: Result<String, String>,
}

/// The list of confs and the selected row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Confs, at least one.
    pub choices: Vec<Choice>,
    /// Index of the selected conf.
    pub chosen: usize,
    /// Why the last key did nothing.
    pub said: Option<String>,
    /// Places searched on a first run without a conf. The screen then explains how to get one; the choices are confs from
    /// other places and the demo.
    pub looked: Option<String>,
}

/// Result of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    NotYet,
    /// Attach to this one.
    This(usize),
    /// Search for confs again.
    Again,
    Suspend,
    /// Quit without a choice.
    Quit,
}

impl Pick {
    /// A list of `choices` with the first usable one selected.
    pub fn new(choices: Vec<Choice>) -> Self {
        let chosen = choices.iter().position(|choice| choice.about.is_ok()).unwrap_or(0);
        Self { choices, chosen, said: None, looked: None }
    }

    /// The screen of a first run.
    pub fn first_run(choices: Vec<Choice>, looked: String) -> Self {
        Self { looked: Some(looked), ..Self::new(choices) }
    }

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
                Some(Err(_)) => self.said = Some("This conf cannot be used: the reason is beside it".into()),
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
    fn a_broken_conf_is_shown_but_cannot_be_chosen() {
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
