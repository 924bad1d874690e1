//! What the keys of the Dig view do, and when they can.

use tui_input::Input;

use super::builder::Builder;
use super::history::Search;
use super::rows::Link;
use super::watch::Watch;
use super::{Dig, Entry, Face, HEX_ROW};
use crate::app::keys::Action;
use crate::app::targets::toggle;
use crate::app::{Effect, State, Tab};
use crate::dns::dig::fields;
use crate::dns::dig::types::{parse_type, type_word};
use crate::dns::dig::wire::Parts;
use crate::engine::report::{Command, DIGS};
use crate::text::quoted;

/// The types that one key steps through.
const TYPES: [&str; 5] = ["AAAA", "TXT", "A", "SRV", "ANY"];

/// Whether `action` of this view can be done now, or why not.
///
/// # Errors
/// The reason, in words for the user.
pub fn enabled(state: &State, action: Action) -> Result<(), &'static str> {
    let when = |possible: bool, reason: &'static str| if possible { Ok(()) } else { Err(reason) };
    let dig = &state.dig;
    let leads = || dig.link(&state.view);
    match action {
        Action::NextFace
        | Action::PreviousFace
        | Action::OlderEntry
        | Action::NewerEntry
        | Action::Forget
        | Action::Follow
        | Action::WatchLine
        | Action::ToggleTcp => when(dig.entry().is_some(), "nothing was asked yet"),
        Action::NextType => {
            let Some(entry) = dig.entry() else { return Err("nothing was asked yet") };
            when(entry.line.asks.len() == 1, "the line asks several questions")
        }
        Action::Slower | Action::Faster => {
            let watched = dig.entry().is_some_and(|entry| entry.watch.is_some());
            when(watched, "this line is not watched: {watch} does it")
        }
        Action::PingLink => {
            let Some(link) = leads() else { return Err("nothing under the cursor can be pinged") };
            when(link.wish(&state.view.catalog).is_some(), "no address of it is known")
        }
        Action::RevealLink => {
            let Some(link) = leads() else { return Err("nothing under the cursor is in the tree") };
            when(link.node(&state.view.catalog).is_some(), "it is not in the tree")
        }
        Action::NextField | Action::PreviousField => {
            when(dig.entry().is_some_and(|entry| entry.answered.is_some()), "there is no answer yet")
        }
        Action::SearchPast => when(!dig.past.lines().is_empty(), "nothing was asked yet"),
        Action::SendLine => match (&dig.search, &dig.builder) {
            (Some(search), _) => {
                when(!dig.past.search(search.input.value()).is_empty(), "no line of the history fits")
            }
            (None, Some(_)) => Ok(()),
            (None, None) => when(!dig.input.value().trim().is_empty(), "the line is empty: type a name"),
        },
        Action::Complete => match (&dig.search, &dig.builder) {
            (Some(search), _) => {
                when(!dig.past.search(search.input.value()).is_empty(), "no line of the history fits")
            }
            (None, Some(_)) => Ok(()),
            (None, None) => when(!dig.choices.is_empty(), "nothing more that is known begins so"),
        },
        _ => Ok(()),
    }
}

impl State {
    /// Does what an action of this view says.
    pub fn act_in_dig(&mut self, action: Action, effects: &mut Vec<Effect>) {
        let dig = &mut self.dig;
        match action {
            Action::DigThis => self.dig_selected(effects),
            Action::EditLine => {
                let text = dig.input.value().to_owned();
                dig.edit(&text);
            }
            Action::NewLine => dig.edit(""),
            Action::SendLine => match (&dig.search, &dig.builder) {
                (Some(_), _) => {
                    self.dig.take_found();
                    self.send_line(effects);
                }
                (None, Some(_)) => self.build_on(false, effects),
                (None, None) => self.send_line(effects),
            },
            Action::Complete => match (&dig.search, &dig.builder) {
                (Some(_), _) => dig.take_found(),
                (None, Some(_)) => self.build_on(true, effects),
                (None, None) => dig.accept(&self.view.catalog),
            },
            Action::LeaveLine => dig.leave(),
            Action::LineDown | Action::LineUp => dig.line_step(action == Action::LineDown),
            Action::SearchPast => {
                let typed = if dig.editing { dig.input.value().to_owned() } else { String::new() };
                dig.search = Some(Search { input: Input::new(typed), chosen: 0 });
            }
            Action::BuildName => {
                dig.builder = Some(Builder::default());
                dig.choices.clear();
            }
            Action::NextFace | Action::PreviousFace => dig.next_face(action == Action::NextFace),
            Action::OlderEntry | Action::NewerEntry => dig.turn(action == Action::NewerEntry),
            Action::Forget => dig.forget(),
            Action::NextField | Action::PreviousField => {
                dig.field_step(action == Action::NextField, &self.view);
            }
            Action::Follow => match dig.link(&self.view) {
                Some(link) => {
                    let text = link.line(&self.view.catalog);
                    self.dig_line(&text, effects);
                }
                None => self.ask_again(effects),
            },
            Action::PingLink => self.ping_link(),
            Action::RevealLink => {
                let node = dig.link(&self.view).and_then(|link| link.node(&self.view.catalog));
                if let Some(node) = node {
                    self.leave_place();
                    self.tab = Tab::Explore;
                    self.tree.reveal(&node, &self.view.catalog, &self.view.pings);
                }
            }
            Action::WatchLine => self.toggle_watch(),
            Action::Slower | Action::Faster => {
                let now = self.now;
                let entry = dig.entries.get_mut(dig.chosen);
                if let Some(watch) = entry.and_then(|entry| entry.watch.as_mut()) {
                    watch.pace(action == Action::Slower, now);
                    let every = watch.every().as_secs();
                    self.say(format!("asking every {every} s"));
                }
            }
            Action::NextType | Action::ToggleTcp => {
                let Some(entry) = dig.entry() else { return };
                let text =
                    if action == Action::ToggleTcp { other_transport(entry) } else { next_type(entry) };
                self.dig_line(&text, effects);
            }
            _ => {}
        }
    }

    /// Puts the line that was typed.
    fn send_line(&mut self, effects: &mut Vec<Effect>) {
        if self.dig.choice.is_some() {
            self.dig.accept(&self.view.catalog);
            if self.dig.builder.is_some() {
                return;
            }
        }
        let same = |entry: &Entry| entry.text == self.dig.input.value().trim();
        if !self.dig.entry().is_some_and(same) && self.dig.understood().is_ok() {
            self.leave_place();
        }
        self.put_line(effects);
    }

    /// Puts the line. One that is not understood is told, and kept.
    fn put_line(&mut self, effects: &mut Vec<Effect>) {
        let line = match self.dig.understood() {
            Ok(line) => line,
            Err(error) => return self.say(error.to_string()),
        };
        let text = self.dig.input.value().trim().to_owned();
        if self.dig.past.add(&text) {
            effects.push(Effect::Remember(text.clone()));
        }
        let dig = &mut self.dig;
        // The same line again takes the place of its older self, with its watch.
        let old = dig.entries.iter().position(|entry| entry.text == text).map(|at| dig.entries.remove(at));
        let entry =
            old.unwrap_or(Entry { number: 0, text, line, answered: None, asking: false, watch: None });
        dig.entries.push(entry);
        // What is watched is kept.
        if dig.entries.len() > DIGS
            && let Some(at) = dig.entries.iter().position(|entry| entry.watch.is_none())
        {
            dig.entries.remove(at);
        }
        dig.entries.drain(..dig.entries.len().saturating_sub(DIGS));
        let last = dig.entries.len() - 1;
        dig.show(last);
        dig.ask(last, effects);
    }

    /// Puts `line`, and shows what comes.
    pub fn dig_line(&mut self, line: &str, effects: &mut Vec<Effect>) {
        self.leave_place();
        self.tab = Tab::Dig;
        self.dig.edit(line);
        self.put_line(effects);
    }

    /// Asks what is shown again.
    pub fn ask_again(&mut self, effects: &mut Vec<Effect>) {
        let at = self.dig.chosen;
        self.dig.ask(at, effects);
    }

    /// Digs the name of the selected row of the tree.
    fn dig_selected(&mut self, effects: &mut Vec<Effect>) {
        let names: Vec<String> = self.meant().iter().map(|node| node.form().to_string()).collect();
        if !names.is_empty() {
            self.dig_line(&names.join(" "), effects);
        }
    }

    /// Puts again what is watched and due.
    pub fn tick_digs(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        let due: Vec<usize> = (0..self.dig.entries.len())
            .filter(|&at| {
                let entry = self.dig.entries.get(at).filter(|entry| !entry.asking);
                entry.and_then(|entry| entry.watch.as_ref()).is_some_and(|watch| watch.due <= now)
            })
            .collect();
        for at in due {
            self.dig.ask(at, effects);
        }
    }

    /// Moves the cursor, or scrolls, by rows.
    pub fn travel_in_dig(&mut self, by: isize) {
        let dig = &mut self.dig;
        match dig.face() {
            Face::Answer => {
                let rows = dig.rows(&self.view);
                let (row, _) = dig.cursor(&rows);
                dig.cursor = Some(row.saturating_add_signed(by).min(rows.len().saturating_sub(1)));
                dig.field = 0;
            }
            Face::Hex => dig.byte_step(by.saturating_mul(HEX_ROW.cast_signed())),
            Face::Message | Face::Json | Face::Changes => {
                dig.scroll = dig.scroll.saturating_add_signed(by).min(20_000);
            }
        }
    }

    /// What `y` copies: the thing under the cursor, or the command that asks the same.
    pub fn copied_in_dig(&self) -> Option<(&'static str, String)> {
        let entry = self.dig.entry()?;
        Some(match self.dig.link(&self.view) {
            Some(Link::Line(line)) => ("name", line),
            Some(link) => link.text(&self.view.catalog),
            None => {
                // What was put may be a name of the network, and its words end at blanks alone.
                let words: Vec<String> = entry.text.split_whitespace().map(quoted).collect();
                ("command", format!("sixpane dig {}", words.join(" ")))
            }
        })
    }

    fn ping_link(&mut self) {
        let link = self.dig.link(&self.view);
        if let Some(wish) = link.and_then(|link| link.wish(&self.view.catalog)) {
            toggle(self, wish);
        }
    }

    fn toggle_watch(&mut self) {
        let now = self.now;
        let Some(entry) = self.dig.entries.get_mut(self.dig.chosen) else { return };
        entry.watch = match entry.watch.take() {
            Some(_) => None,
            None => Some(Watch::new(now)),
        };
        let said = match &entry.watch {
            Some(watch) => {
                format!(
                    "watching: asked every {} s, {{next-form}} shows what changes",
                    watch.every().as_secs()
                )
            }
            None => "no longer watching".into(),
        };
        self.say(self.keyed(&said));
    }

    /// Takes the next step of the builder; a whole name is put.
    fn build_on(&mut self, complete: bool, effects: &mut Vec<Effect>) {
        let Some(builder) = &mut self.dig.builder else { return };
        let before = builder.hole;
        if !builder.next(complete, &self.view.catalog, &self.dig.past) {
            // A hole that stays empty is told.
            if before.is_some()
                && builder.hole == before
                && let Err(reason) = builder.name()
            {
                self.say(reason);
            }
            return;
        }
        match builder.name() {
            Ok(name) => {
                self.dig.builder = None;
                self.dig_line(&name, effects);
            }
            Err(reason) => {
                builder.hole = builder.parts.len().checked_sub(1);
                self.say(reason);
            }
        }
    }
}

impl Dig {
    /// Puts the line of the entry at `at` once more.
    fn ask(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        self.numbers += 1;
        entry.number = self.numbers;
        entry.asking = true;
        effects.push(Effect::Ask(Command::Dig(entry.number, Box::new(entry.line.clone()))));
    }

    /// One step back out of what takes the keys.
    fn leave(&mut self) {
        if self.search.take().is_some() {
            return;
        }
        if let Some(builder) = &mut self.builder {
            if !builder.back() {
                self.builder = None;
            }
            return;
        }
        if self.choices.is_empty() {
            self.editing = false;
        }
        self.choices.clear();
        self.choice = None;
    }

    fn line_step(&mut self, down: bool) {
        match (&mut self.search, &mut self.builder) {
            (Some(search), _) => {
                let last = self.past.search(search.input.value()).len().saturating_sub(1);
                search.chosen =
                    if down { (search.chosen + 1).min(last) } else { search.chosen.saturating_sub(1) };
            }
            (None, Some(builder)) => builder.step(down),
            (None, None) => self.step(down),
        }
    }

    /// Takes the chosen line of the history into the line.
    fn take_found(&mut self) {
        let Some(search) = self.search.take() else { return };
        let found = self.past.search(search.input.value());
        if let Some(line) = found.get(search.chosen).map(|line| (*line).to_owned()) {
            self.edit(&line);
        }
    }

    /// To the next thing that leads somewhere in the row, or the next field of the message.
    fn field_step(&mut self, forward: bool, view: &crate::app::View) {
        match self.face() {
            Face::Answer => {
                let rows = self.rows(view);
                let (row, field) = self.cursor(&rows);
                let last = rows.get(row).map_or(0, |row| row.links().count().saturating_sub(1));
                self.cursor = Some(row);
                self.field = if forward { (field + 1).min(last) } else { field.saturating_sub(1) };
            }
            Face::Hex => {
                let messages = self.messages();
                let Some((n, byte)) = self.hex_at(&messages) else { return };
                let before: usize = messages.iter().take(n).map(|message| message.len()).sum();
                let Some(message) = messages.get(n) else { return };
                let spans = Parts::of(message).map(|parts| fields::spans(&parts)).unwrap_or_default();
                let here = spans.iter().position(|span| span.place.contains(&byte)).unwrap_or(0);
                let target = if forward {
                    spans.get(here).map(|span| span.place.end)
                } else {
                    let start = spans.get(here).map_or(0, |span| span.place.start);
                    // From inside a field to its start, from its start to the field before.
                    if byte > start {
                        Some(start)
                    } else {
                        here.checked_sub(1).and_then(|at| spans.get(at)).map(|span| span.place.start)
                    }
                };
                if let Some(target) = target {
                    self.byte = before + target;
                    self.byte_step(0);
                }
            }
            Face::Message | Face::Json | Face::Changes => {}
        }
    }

    fn byte_step(&mut self, by: isize) {
        let all: usize = self.messages().iter().map(|message| message.len()).sum();
        self.byte = self.byte.saturating_add_signed(by).min(all.saturating_sub(1));
    }
}

/// The line of `entry`, with the next type.
fn next_type(entry: &Entry) -> String {
    let now = entry.line.asks.first().map(|ask| type_word(ask.question.rtype.into())).unwrap_or_default();
    let at = TYPES.iter().position(|word| *word == now).map_or(0, |at| (at + 1) % TYPES.len());
    let next = TYPES[at];
    let mut words: Vec<&str> = entry.text.split_whitespace().collect();
    let plain = words.iter().filter(|word| !word.starts_with(['+', '@', '-'])).count();
    // A lone word that reads like a type is the name.
    let place = words.iter().rposition(|word| parse_type(word).is_some()).filter(|_| plain > 1);
    match place.and_then(|place| words.get_mut(place)) {
        Some(word) => *word = next,
        None => words.push(next),
    }
    words.join(" ")
}

/// The line of `entry` over TCP, or no longer.
fn other_transport(entry: &Entry) -> String {
    let mut words: Vec<&str> = entry.text.split_whitespace().collect();
    let before = words.len();
    words.retain(|word| !matches!(*word, "+tcp" | "+vc" | "+notcp" | "+novc"));
    if words.len() == before {
        words.push(if entry.line.options.tcp { "+notcp" } else { "+tcp" });
    }
    words.join(" ")
}
