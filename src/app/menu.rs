//! The lists over a view that what is typed searches: the help, and the palette of `:`.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use super::act::{act, act_on};
use super::export::Save;
use super::keys::{self, Action, Argument, Context};
use super::{Effect, State};

/// Choices that are kept of those that fit.
const MOST: usize = 200;

/// What lies over the view and takes the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The list of what keys do here.
    Help(Menu),
    /// The same by name, with what an action may be told.
    Palette(Menu),
    /// The question whether a file that is there may go.
    Overwrite(Save),
}

/// A list that what is typed searches.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Where the keys went before: what is listed can be done there.
    pub from: Context,
    /// What was typed.
    pub input: Input,
    /// The chosen line, an index into `found`.
    pub chosen: usize,
    /// What fits what was typed.
    pub found: Vec<Choice>,
    /// What there would be with nothing typed.
    pub all: usize,
    /// The action that is being told something.
    pub told: Option<Action>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The line of the table of keys with this number.
    Line(usize),
    /// Something to tell the action.
    Value(Value),
}

/// Something that an action may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it is typed, fit to show.
    pub text: String,
    /// What it is.
    pub about: String,
}

impl Overlay {
    /// Its list, where it has one.
    pub fn menu(&self) -> Option<&Menu> {
        match self {
            Self::Help(menu) | Self::Palette(menu) => Some(menu),
            Self::Overwrite(_) => None,
        }
    }

    /// Its list, where it has one.
    pub fn menu_mut(&mut self) -> Option<&mut Menu> {
        match self {
            Self::Help(menu) | Self::Palette(menu) => Some(menu),
            Self::Overwrite(_) => None,
        }
    }
}

impl Menu {
    /// The chosen line.
    pub fn choice(&self) -> Option<&Choice> {
        self.found.get(self.chosen)
    }
}

/// Opens the help.
pub fn help(state: &mut State) {
    let menu = open(state, "");
    state.overlay = Some(Overlay::Help(menu));
    search(state);
}

/// Opens the palette, with `text` typed into it.
pub fn palette(state: &mut State, text: &str) {
    let menu = open(state, text);
    state.overlay = Some(Overlay::Palette(menu));
    search(state);
}

fn open(state: &State, text: &str) -> Menu {
    Menu {
        from: state.place(),
        input: Input::new(text.to_owned()),
        chosen: 0,
        found: Vec::new(),
        all: 0,
        told: None,
    }
}

/// What was typed has changed: what fits it follows.
pub fn search(state: &mut State) {
    let Some(overlay) = &state.overlay else { return };
    let Some(menu) = overlay.menu() else { return };
    let text = menu.input.value();
    let here = |(_, line): &(usize, &keys::Binding)| line.context.holds_in(menu.from);
    let mut lines: Vec<_> = keys::TABLE.iter().enumerate().filter(here).collect();
    // What only this place has comes first.
    // What is moved with is known by every hand: it comes last.
    lines.sort_by_key(|(_, line)| (line.context != menu.from, line.action.is_motion()));
    let lines: Vec<usize> = lines.into_iter().map(|(number, _)| number).collect();
    let mut all = lines.len();
    let mut told = None;
    let found = match overlay {
        Overlay::Help(_) => in_help(state, &lines, text),
        Overlay::Palette(_) => match subject(&lines, text) {
            Some((action, argument, rest)) => {
                told = Some(action);
                let values = argument.values(state);
                all = values.len();
                chosen_values(values, argument, rest)
            }
            None => named(&lines, text),
        },
        Overlay::Overwrite(_) => return,
    };
    if let Some(menu) = state.overlay.as_mut().and_then(Overlay::menu_mut) {
        (menu.found, menu.all, menu.told, menu.chosen) = (found, all, told, 0);
    }
}

/// The lines whose keys, words or name hold `text`.
fn in_help(state: &State, lines: &[usize], text: &str) -> Vec<Choice> {
    let lower = text.to_lowercase();
    let fits = |number: usize| {
        state.keymap.line(number).is_some_and(|line| {
            line.binding.words.to_lowercase().contains(&lower)
                || line.binding.action.id().contains(&lower)
                || line.keys.iter().any(|key| key.show(false) == text || key.show(true) == text)
        })
    };
    lines.iter().copied().filter(|number| text.is_empty() || fits(*number)).map(Choice::Line).collect()
}

/// The lines whose name or words `text` is a rough spelling of, the nearest first.
fn named(lines: &[usize], text: &str) -> Vec<Choice> {
    if text.is_empty() {
        return lines.iter().copied().map(Choice::Line).collect();
    }
    let entries = lines.iter().filter_map(|number| Some((*number, keys::TABLE.get(*number)?)));
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(_, line)| line.action.id().len());
    let scored = rank(entries.into_iter(), text, |(_, line)| format!("{} {}", line.action.id(), line.words));
    let mut found: Vec<usize> = scored.into_iter().map(|(number, _)| number).collect();
    // Who types a name, or its beginning, means it.
    found.sort_by_key(|number| {
        let id = keys::TABLE.get(*number).map_or("", |line| line.action.id());
        if id == text { 0 } else { 1 + u8::from(!id.starts_with(text)) }
    });
    found.into_iter().map(Choice::Line).collect()
}

/// The items that `text` is a rough spelling of, the nearest first.
fn rank<T>(items: impl Iterator<Item = T>, text: &str, words: impl Fn(&T) -> String) -> Vec<T> {
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut room = Vec::new();
    let mut scored: Vec<(u32, T)> = items
        .filter_map(|item| {
            let score = pattern.score(Utf32Str::new(&words(&item), &mut room), &mut matcher)?;
            Some((score, item))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, item)| item).collect()
}

/// The action that `text` names and that can be told something, what that is, and what is typed behind its name.
fn subject<'a>(lines: &[usize], text: &'a str) -> Option<(Action, Argument, &'a str)> {
    let (head, rest) = text.split_once(' ')?;
    let action = Action::named(head)?;
    let here = |number: &usize| keys::TABLE.get(*number).is_some_and(|line| line.action == action);
    if !lines.iter().any(here) {
        return None;
    }
    Some((action, action.argument()?, rest.trim_start()))
}

/// The values that `text` is a rough spelling of. Where anything may be said, what is typed comes first.
fn chosen_values(values: Vec<Value>, argument: Argument, text: &str) -> Vec<Choice> {
    let mut found: Vec<Value> =
        if text.is_empty() { values } else { rank(values.into_iter(), text, |value| value.text.clone()) };
    if !text.is_empty() && argument.is_free() {
        found.retain(|value| value.text != text);
        found.insert(0, Value { text: text.to_owned(), about: "as typed".into() });
    }
    found.truncate(MOST);
    found.into_iter().map(Choice::Value).collect()
}

/// Moves the choice.
pub fn step(state: &mut State, down: bool) {
    if let Some(menu) = state.overlay.as_mut().and_then(Overlay::menu_mut) {
        let last = menu.found.len().saturating_sub(1);
        menu.chosen = if down { (menu.chosen + 1).min(last) } else { menu.chosen.saturating_sub(1) };
    }
}

/// Puts the chosen line's name, or the chosen value, into the line.
pub fn complete(state: &mut State) {
    let Some(Overlay::Palette(menu)) = &mut state.overlay else { return };
    let text = match (menu.choice(), menu.told) {
        (Some(Choice::Line(number)), _) => {
            let Some(action) = keys::TABLE.get(*number).map(|line| line.action) else { return };
            format!("{}{}", action.id(), if action.argument().is_some() { " " } else { "" })
        }
        (Some(Choice::Value(value)), Some(action)) => format!("{} {}", action.id(), value.text),
        _ => return,
    };
    menu.input = Input::new(text);
    search(state);
}

/// Does the chosen line. What is not possible now says why, and the list stays.
pub fn carry_out(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(menu) = state.overlay.as_ref().and_then(Overlay::menu) else { return };
    let (action, value) = match (menu.choice(), menu.told) {
        (Some(Choice::Line(number)), _) => match keys::TABLE.get(*number) {
            Some(line) => (line.action, None),
            None => return,
        },
        (Some(Choice::Value(value)), Some(action)) => (action, Some(value.text.clone())),
        _ => return,
    };
    if let Err(reason) = keys::enabled(state, action) {
        return state.say(state.keyed(reason));
    }
    if value.is_none() && action.argument().is_some_and(Argument::is_needed) {
        return palette(state, &format!("{} ", action.id()));
    }
    state.overlay = None;
    match value {
        Some(value) => act_on(state, action, &value, effects),
        None => act(state, action, effects),
    }
}
