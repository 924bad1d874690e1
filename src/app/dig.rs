//! The Dig view: a line, what it may be completed to, the lines that were put and their answers.

use std::sync::Arc;

use tui_input::Input;

use super::keys::Action;
use super::{Effect, State, Tab};
use crate::catalog::Catalog;
use crate::dns::dig::line::{self, Line, LineError};
use crate::dns::names::Form;
use crate::engine::report::{Answered, Command, DIGS, Node};
use crate::text::Safe;

/// Completions that are offered at once.
const CHOICES: usize = 40;

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// What it says.
    #[default]
    Answer,
    /// The message, as dig prints it.
    Message,
    /// For programs.
    Json,
}

impl Face {
    /// All of them in order, with their names.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Answer, "Answer"), (Self::Message, "Message"), (Self::Json, "JSON")];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|(face, _)| *face == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).map_or(self, |(face, _)| *face)
    }
}

/// A line that was put.
#[derive(Debug, Clone)]
pub struct Entry {
    number: u64,
    /// As it was typed.
    pub text: String,
    /// As it was understood.
    pub line: Line,
    /// What came, once it did.
    pub answered: Option<Arc<Answered>>,
}

/// A name that the line may be completed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The name, fit to show and to type.
    pub name: String,
    /// What it asks for.
    pub about: &'static str,
    /// The type that it has records of.
    pub rtype: &'static str,
}

/// What is kept of the view.
#[derive(Debug, Clone, Default)]
pub struct Dig {
    /// The line.
    pub input: Input,
    /// Whether keys go into the line.
    pub editing: bool,
    /// The lines that were put, oldest first.
    pub entries: Vec<Entry>,
    /// The entry that is shown.
    pub chosen: usize,
    /// How.
    pub face: Face,
    /// Rows that the answer is scrolled by.
    pub scroll: usize,
    /// What the word at the end may be completed to.
    pub choices: Vec<Choice>,
    /// The choice that was stepped to.
    pub choice: Option<usize>,
    numbers: u64,
    /// Where in the history the line is.
    recalled: Option<usize>,
}

impl Dig {
    /// The entry that is shown.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    /// The line as it would be understood.
    ///
    /// # Errors
    /// Why it would not.
    pub fn understood(&self) -> Result<Line, LineError> {
        line::parse(&self.input.value().split_whitespace().collect::<Vec<_>>())
    }

    /// Begins to edit `text`.
    pub fn edit(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
        self.editing = true;
        self.choices.clear();
        self.choice = None;
        self.recalled = None;
    }

    /// The line was edited: what it may be completed to follows.
    pub fn edited(&mut self, catalog: &Catalog) {
        let text = self.input.value();
        self.choice = None;
        self.recalled = None;
        let only_word = !text.contains(' ') && !text.is_empty() && !text.starts_with(['@', '+', '-']);
        self.choices = if only_word { complete(text, catalog) } else { Vec::new() };
    }

    /// Completes the line to the choice that was stepped to, or to the first.
    pub fn accept(&mut self) {
        if let Some(choice) = self.choices.get(self.choice.unwrap_or(0)) {
            let name = choice.name.clone();
            self.edit(&name);
        }
    }

    /// Steps through the choices; where there are none, or above the first, through the history.
    pub fn step(&mut self, down: bool) {
        let last = self.choices.len().saturating_sub(1);
        match (self.choice, down) {
            (None, true) if !self.choices.is_empty() => self.choice = Some(0),
            (Some(at), true) => self.choice = Some((at + 1).min(last)),
            (Some(0), false) => self.choice = None,
            (Some(at), false) => self.choice = Some(at - 1),
            (None, down) => self.recall(down),
        }
    }

    fn recall(&mut self, down: bool) {
        let end = self.entries.len();
        let at = self.recalled.unwrap_or(end);
        let at = if down { (at + 1).min(end) } else { at.saturating_sub(1) };
        let text = self.entries.get(at).map(|entry| entry.text.clone()).unwrap_or_default();
        self.edit(&text);
        self.recalled = Some(at);
    }

    /// Shows the entry before or after the one that is shown.
    pub fn turn(&mut self, forward: bool) {
        let last = self.entries.len().saturating_sub(1);
        self.chosen = if forward { (self.chosen + 1).min(last) } else { self.chosen.saturating_sub(1) };
        self.scroll = 0;
    }

    /// Shows the answer in its next form, or the one before.
    pub fn next_face(&mut self, forward: bool) {
        self.face = self.face.step(if forward { 1 } else { Face::ALL.len() - 1 });
        self.scroll = 0;
    }

    /// Forgets the entry that is shown.
    pub fn forget(&mut self) {
        if self.chosen < self.entries.len() {
            self.entries.remove(self.chosen);
        }
        self.chosen = self.chosen.min(self.entries.len().saturating_sub(1));
        self.scroll = 0;
    }

    /// Takes what came.
    pub fn take(&mut self, log: &[Arc<Answered>]) {
        for entry in self.entries.iter_mut().filter(|entry| entry.answered.is_none()) {
            entry.answered = log.iter().find(|answered| answered.number == entry.number).cloned();
        }
    }
}

impl State {
    /// Does what an action of this view says.
    pub fn act_in_dig(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::DigThis => self.dig_selected(effects),
            Action::EditLine => {
                let text = self.dig.input.value().to_owned();
                self.dig.edit(&text);
            }
            Action::NewLine => self.dig.edit(""),
            Action::SendLine => self.send_line(effects),
            Action::LeaveLine => {
                if self.dig.choices.is_empty() {
                    self.dig.editing = false;
                }
                self.dig.choices.clear();
                self.dig.choice = None;
            }
            Action::Complete => self.dig.accept(),
            Action::LineDown | Action::LineUp => self.dig.step(action == Action::LineDown),
            Action::NextFace | Action::PreviousFace => self.dig.next_face(action == Action::NextFace),
            Action::OlderEntry | Action::NewerEntry => self.dig.turn(action == Action::NewerEntry),
            Action::Forget => self.dig.forget(),
            _ => {}
        }
    }

    /// Puts the line. One that is not understood is told, and kept.
    pub fn send_line(&mut self, effects: &mut Vec<Effect>) {
        if self.dig.choice.is_some() {
            self.dig.accept();
        }
        match self.dig.understood() {
            Err(error) => self.say(error.to_string()),
            Ok(line) => {
                let dig = &mut self.dig;
                dig.numbers += 1;
                let text = dig.input.value().to_owned();
                effects.push(Effect::Ask(Command::Dig(dig.numbers, Box::new(line.clone()))));
                // The same line again replaces its older self.
                dig.entries.retain(|entry| entry.text != text);
                dig.entries.push(Entry { number: dig.numbers, text, line, answered: None });
                dig.entries.drain(..dig.entries.len().saturating_sub(DIGS));
                dig.chosen = dig.entries.len() - 1;
                dig.scroll = 0;
                dig.editing = false;
                dig.choices.clear();
            }
        }
    }

    /// Digs the name of the selected row of the tree.
    pub fn dig_selected(&mut self, effects: &mut Vec<Effect>) {
        let form = match self.tree.selected() {
            Some(Node::App(app)) => Form::App(app.clone()),
            Some(Node::Region(app, Some(region))) => Form::Region(region.clone(), app.clone()),
            Some(Node::Region(app, None)) => Form::Vms(app.clone()),
            Some(Node::Machine(app, id)) => Form::Vm(id.clone(), app.clone()),
            Some(Node::Peers) => Form::Peers,
            Some(Node::Peer(peer)) => Form::Peer(peer.clone()),
            None => return,
        };
        self.tab = Tab::Dig;
        self.dig.edit(&form.to_string());
        self.send_line(effects);
    }
}

/// The first label of `name` from which on each part of `text` begins one: `g.w` fits `global.web.internal` at 0,
/// `w` fits it at 1.
fn fits(text: &str, name: &str) -> Option<usize> {
    let labels: Vec<&str> = name.split('.').collect();
    let parts: Vec<&str> = text.split('.').collect();
    let fit = |at: usize| {
        let rest = labels.get(at..).unwrap_or_default();
        rest.len() >= parts.len() && parts.iter().zip(rest).all(|(part, label)| label.starts_with(part))
    };
    (0..labels.len()).find(|&at| fit(at))
}

/// The names that `text` begins, label by label; those that it begins from their first label on come first.
fn complete(text: &str, catalog: &Catalog) -> Vec<Choice> {
    let text = text.to_lowercase();
    let (mut begins, mut holds) = (Vec::new(), Vec::new());
    each_form(catalog, &mut |form| {
        let name = form.to_string();
        let place = match fits(&text, &name) {
            Some(0) => &mut begins,
            Some(_) => &mut holds,
            None => return true,
        };
        let rtype = if form.record_type() == hickory_proto::rr::RecordType::TXT { "TXT" } else { "AAAA" };
        place.push(Choice { name, about: form.explain(), rtype });
        begins.len() < CHOICES
    });
    begins.extend(holds);
    begins.truncate(CHOICES);
    begins
}

/// Every name of the network that the catalog and the table of forms make, until `take` has had enough.
fn each_form(catalog: &Catalog, take: &mut dyn FnMut(Form) -> bool) {
    let mut go = true;
    let mut put = |form: Form| {
        go = go && take(form);
        go
    };
    for form in [Form::Apps, Form::Instances, Form::Peers] {
        put(form);
    }
    for (app, entry) in &catalog.apps {
        let of = |form: fn(Safe) -> Form| form(app.clone());
        for form in [
            of(Form::App),
            of(Form::Vms),
            of(Form::Regions),
            Form::Nearest(3, app.clone()),
            Form::Process("app".into(), app.clone()),
            of(Form::Global),
            of(Form::Flycast),
        ] {
            put(form);
        }
        for region in entry.regions().into_keys().flatten() {
            put(Form::Region(region.clone(), app.clone()));
        }
        for id in entry.machines.keys() {
            if !put(Form::Vm(id.clone(), app.clone())) {
                return;
            }
        }
    }
    for peer in catalog.peers.keys() {
        put(Form::Peer(peer.clone()));
    }
}
