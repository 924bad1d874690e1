//! The searchable lists over a view: the help, and the command palette (`:`).

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use ratatui::crossterm::event::KeyCode;

use super::command::{Argument, Context, Line, Row, Run, Value, when};
use super::key::Key;
use super::key::Key::{Char, Code, Ctrl};
use super::{Effect, Out, Overlay, State};

/// Largest number of values shown.
const MOST: usize = 200;

/// Rows of the help, of the palette and of the question before a file is replaced.
pub static ROWS: &[Row] = &[
    help_row("menu-do", &[Code(KeyCode::Enter)], "Run the selected command", |s, _, out| carry_out(s, out))
        .hint(0, 1, "run")
        .when(chosen),
    help_row("menu-down", &[Code(KeyCode::Down), Ctrl('n')], "Move down", |s, _, _| step(s, true)),
    help_row("menu-up", &[Code(KeyCode::Up), Ctrl('p')], "Move up", |s, _, _| step(s, false)),
    help_row("back", &[Code(KeyCode::Esc), Code(KeyCode::F(1))], "Close", |s, _, _| s.back())
        .hint(0, 2, "close"),
    palette_row("menu-do", &[Code(KeyCode::Enter)], "Run the selected command", |s, _, out| {
        carry_out(s, out);
    })
    .hint(0, 1, "run")
    .when(chosen),
    palette_row("menu-complete", &[Code(KeyCode::Tab)], "Complete the text", |s, _, _| complete(s))
        .hint(0, 2, "complete")
        .when(chosen),
    palette_row("menu-down", &[Code(KeyCode::Down), Ctrl('n')], "Move down", |s, _, _| step(s, true)),
    palette_row("menu-up", &[Code(KeyCode::Up), Ctrl('p')], "Move up", |s, _, _| step(s, false)),
    palette_row("back", &[Code(KeyCode::Esc)], "Close", |s, _, _| s.back()).hint(0, 3, "close"),
    confirm_row("overwrite", &[Char('y')], "Overwrite the file", overwrite).hint(0, 1, "overwrite"),
    confirm_row("back", &[Char('n'), Code(KeyCode::Esc)], "Keep the existing file", |s, _, _| s.back())
        .hint(0, 2, "keep"),
    confirm_row("suspend", &[Ctrl('z')], "Suspend", |_, _, out| out.push(Effect::Suspend)),
    confirm_row("quit", &[Ctrl('c')], "Quit", |_, _, out| out.push(Effect::Quit)),
];

const fn help_row(id: &'static str, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, Context::HELP, keys, help, run)
}

const fn palette_row(id: &'static str, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, Context::PALETTE, keys, help, run)
}

const fn confirm_row(id: &'static str, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, Context::CONFIRM, keys, help, run)
}

fn chosen(state: &State) -> Result<(), &'static str> {
    let menu = state.overlay.as_ref().and_then(Overlay::menu);
    when(menu.is_some_and(|menu| menu.choice().is_some()), "nothing matches")
}

fn overwrite(state: &mut State, _: Option<&str>, out: &mut Out) {
    if let Some(Overlay::Overwrite(save)) = state.overlay.take() {
        out.push(Effect::Save(super::export::Save { overwrite: true, ..save }));
    }
}

/// A list that is searched by typing.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Context that received the keys before: its commands are listed.
    pub from: Context,
    pub input: Input,
    /// Selected line, an index into `found`.
    pub chosen: usize,
    /// Lines that match the search text.
    pub found: Vec<Choice>,
    /// Number of lines without a search text.
    pub all: usize,
    /// Command whose argument is being typed.
    pub typed: Option<&'static Row>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Row(&'static Row),
    /// A value for the command's argument.
    Value(Value),
}

impl Menu {
    pub fn choice(&self) -> Option<&Choice> {
        self.found.get(self.chosen)
    }
}

pub fn help(state: &mut State) {
    let menu = open(state, "");
    state.overlay = Some(Overlay::Help(menu));
    search(state);
}

/// Opens the palette with `text` as its input.
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
        typed: None,
    }
}

/// Updates the results after the search text changed.
pub fn search(state: &mut State) {
    let Some(overlay) = &state.overlay else { return };
    let Some(menu) = overlay.menu() else { return };
    let text = menu.input.value();
    let mut lines: Vec<Line<'_>> = state.keymap.holding_in(menu.from).collect();
    // Commands of this context first, motions last: users know them.
    lines.sort_by_key(|line| (line.row.context != menu.from, line.row.is_motion));
    let mut all = lines.len();
    let mut typed = None;
    let found = match overlay {
        Overlay::Help(_) => {
            let marks = menu.from.marks;
            all += marks.len();
            in_help(&lines, marks, text)
        }
        Overlay::Palette(_) => match subject(&lines, text) {
            Some((row, argument, rest)) => {
                typed = Some(row);
                let values = (argument.values)(state);
                all = values.len();
                chosen_values(values, argument, rest)
            }
            None => named(&lines, text),
        },
        Overlay::Overwrite(_) => return,
    };
    if let Some(menu) = state.overlay.as_mut().and_then(Overlay::menu_mut) {
        (menu.found, menu.all, menu.typed, menu.chosen) = (found, all, typed, 0);
    }
}

/// The lines whose keys, help or name contain `text`, then such marks.
fn in_help(lines: &[Line<'_>], marks: &[(&str, &str)], text: &str) -> Vec<Choice> {
    let lower = text.to_lowercase();
    let fits = |line: &&Line<'_>| {
        line.row.help.to_lowercase().contains(&lower)
            || line.row.id.contains(&lower)
            || line.keys.iter().any(|key| key.show(false) == text || key.show(true) == text)
    };
    let rows = lines.iter().filter(|line| text.is_empty() || fits(line)).map(|line| Choice::Row(line.row));
    let marks = marks.iter().filter(|(mark, about)| *mark == text || about.to_lowercase().contains(&lower));
    rows.chain(marks.map(|(mark, about)| Choice::Value(Value::new(*mark, *about)))).collect()
}

/// The lines whose name or help fuzzily match `text`, best first.
fn named(lines: &[Line<'_>], text: &str) -> Vec<Choice> {
    let mut rows: Vec<&'static Row> = lines.iter().map(|line| line.row).collect();
    if !text.is_empty() {
        rows.sort_by_key(|row| row.id.len());
        rows = rank(rows.into_iter(), text, |row| format!("{} {}", row.id, row.help));
        // A command whose name begins with the text comes first.
        rows.sort_by_key(|row| if row.id == text { 0 } else { 1 + u8::from(!row.id.starts_with(text)) });
    }
    rows.into_iter().map(Choice::Row).collect()
}

/// The items that fuzzily match `text`, best first.
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

/// The command with an argument that `text` begins with, its argument, and the text after the name.
fn subject<'a>(lines: &[Line<'_>], text: &'a str) -> Option<(&'static Row, &'static Argument, &'a str)> {
    let (head, rest) = text.split_once(' ')?;
    let row = lines.iter().find(|line| line.row.id == head)?.row;
    Some((row, row.argument?, rest.trim_start()))
}

/// The values that fuzzily match `text`. If any text is accepted, the typed text comes first.
fn chosen_values(values: Vec<Value>, argument: &Argument, text: &str) -> Vec<Choice> {
    let mut found: Vec<Value> =
        if text.is_empty() { values } else { rank(values.into_iter(), text, |value| value.text.clone()) };
    if !text.is_empty() && argument.is_free {
        found.retain(|value| value.text != text);
        found.insert(0, Value { text: text.to_owned(), about: "as typed".into() });
    }
    found.truncate(MOST);
    found.into_iter().map(Choice::Value).collect()
}

pub fn step(state: &mut State, down: bool) {
    if let Some(menu) = state.overlay.as_mut().and_then(Overlay::menu_mut) {
        let last = menu.found.len().saturating_sub(1);
        menu.chosen = if down { (menu.chosen + 1).min(last) } else { menu.chosen.saturating_sub(1) };
    }
}

/// Completes the input to the selected command or value.
fn complete(state: &mut State) {
    let Some(Overlay::Palette(menu)) = &mut state.overlay else { return };
    let text = match (menu.choice(), menu.typed) {
        (Some(Choice::Row(row)), _) => {
            format!("{}{}", row.id, if row.argument.is_some() { " " } else { "" })
        }
        (Some(Choice::Value(value)), Some(row)) => format!("{} {}", row.id, value.text),
        _ => return,
    };
    menu.input = Input::new(text);
    search(state);
}

/// Runs the selected command. If it cannot run now, shows the reason and keeps the list open.
fn carry_out(state: &mut State, out: &mut Out) {
    let Some(menu) = state.overlay.as_ref().and_then(Overlay::menu) else { return };
    let (row, value) = match (menu.choice(), menu.typed) {
        (Some(Choice::Row(row)), _) => (*row, None),
        (Some(Choice::Value(value)), Some(row)) => (row, Some(value.text.clone())),
        _ => return,
    };
    if let Err(reason) = (row.enabled)(state) {
        return state.say(state.keyed(reason));
    }
    if value.is_none() && row.argument.is_some_and(|argument| argument.is_needed) {
        return palette(state, &format!("{} ", row.id));
    }
    state.overlay = None;
    (row.run)(state, value.as_deref(), out);
}
