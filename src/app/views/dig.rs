//! The Dig view: a line, what it may be completed to, the lines that were put and their answers.

pub mod builder;
mod commands;
mod complete;
pub mod history;
pub mod rows;
pub mod watch;

use std::cell::RefCell;
use std::net::Ipv6Addr;
use std::sync::{Arc, Weak};
use std::time::Instant;

use hickory_proto::rr::RData;
use tui_input::Input;

use super::News;
use crate::app::command::{Context, Row as CommandRow, when};
use crate::app::copy;
use crate::app::network::Shown;
use crate::app::request::{Place, Request};
use crate::app::sheet::{Cell, Sheet, text};
use crate::app::{Out, State};
use crate::catalog::Catalog;
use crate::dns::dig::error::LineError;
use crate::dns::dig::line::{self, Line};
use crate::dns::dig::rdata;
use crate::dns::dig::text as printed;
use crate::dns::dig::types::{class_word, type_word};
use crate::dns::dig::wire::{ANSWER, Parts};
use crate::dns::exchange::Exchange;
use crate::dns::names;
use crate::engine::report::Answered;
use crate::probe::series::Series;
use crate::text::Safe;
use builder::Builder;
use history::{Past, Search};
use rows::{Link, Row};
use watch::Watch;

/// Where the keys of the answer hold.
pub const HERE: Context = Context::view("Dig");
/// Those of the line.
pub const LINE: Context = Context::line("Dig, in the line");
/// Those of the search in the history.
pub const SEARCH: Context = Context::line("Dig, in the history").undocumented();
/// Those of the builder of names.
pub const BUILD: Context = Context::line("Dig, in the builder").undocumented();

/// Bytes of a message in one row of the Hex face.
pub const HEX_ROW: usize = 16;

/// Columns that one key scrolls by.
const SIDEWAYS: usize = 8;

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// What it says.
    #[default]
    Answer,
    /// The message, as dig prints it.
    Message,
    /// Its bytes, and what they are.
    Hex,
    /// For programs.
    Json,
    /// What changed while it is watched.
    Changes,
}

impl Face {
    /// All of them in order, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Answer, "Answer"),
        (Self::Message, "Message"),
        (Self::Hex, "Hex"),
        (Self::Json, "JSON"),
        (Self::Changes, "Changes"),
    ];
}

/// A line that was put.
#[derive(Debug, Clone)]
pub struct Entry {
    /// With which it was put the last time.
    number: u64,
    /// As it was typed.
    pub text: String,
    /// As it was understood.
    pub line: Line,
    /// What came the last time.
    pub answered: Option<Arc<Answered>>,
    /// Whether an answer is waited for.
    pub asking: bool,
    /// Where it is put again and again.
    pub watch: Option<Watch>,
}

/// What the last word of the line may be completed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The word, fit to show and to type; with holes where `open` says so.
    pub name: String,
    /// What it asks for.
    pub about: &'static str,
    /// The type that it has records of.
    pub rtype: &'static str,
    /// The template whose holes are to be filled, and its app.
    pub open: Option<(usize, Safe)>,
}

/// What is kept of the view.
#[derive(Debug, Clone, Default)]
pub struct Dig {
    /// The line.
    pub input: Input,
    /// Whether keys go into the line.
    pub editing: bool,
    /// The lines that were put in this run, oldest first.
    pub entries: Vec<Entry>,
    /// The entry that is shown.
    pub chosen: usize,
    /// The lines of this run and of earlier ones.
    pub past: Past,
    /// The search in them, while it is open.
    pub search: Option<Search>,
    /// The builder of names, while it is open.
    pub builder: Option<Builder>,
    /// Rows that the answer is scrolled by, in the faces without a cursor.
    pub scroll: usize,
    /// Columns that it is scrolled by, where lines are kept as they are.
    pub sideways: usize,
    /// Whether long lines are wrapped instead.
    pub wrapped: bool,
    /// What the word at the end may be completed to.
    pub choices: Vec<Choice>,
    /// The choice that was stepped to.
    pub choice: Option<usize>,
    face: Face,
    /// The row under the cursor; `None` is the first that leads somewhere.
    cursor: Option<usize>,
    /// Which of the links of that row.
    field: usize,
    /// The byte under the cursor of the Hex face, all messages of the entry one after the other.
    byte: usize,
    numbers: u64,
    /// Where in the history the line is.
    recalled: Option<usize>,
    /// The rows of the answer that was shown last.
    made: RefCell<Option<Made>>,
}

/// Rows, and what they were made of, which is not kept for their sake.
#[derive(Debug, Clone)]
struct Made {
    answered: Weak<Answered>,
    catalog: Weak<Catalog>,
    pings: Weak<Vec<Series>>,
    rows: Arc<[Row]>,
}

impl Made {
    fn is_of(&self, answered: &Arc<Answered>, view: &Shown) -> bool {
        // A place is not given to another value while a weak pointer to it is left.
        self.answered.as_ptr() == Arc::as_ptr(answered)
            && self.catalog.as_ptr() == Arc::as_ptr(&view.catalog)
            && self.pings.as_ptr() == Arc::as_ptr(&view.pings)
    }
}

impl Dig {
    /// The entry that is shown.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    /// How it is shown.
    pub fn face(&self) -> Face {
        let watched = self.entry().is_some_and(|entry| entry.watch.is_some());
        if self.face == Face::Changes && !watched { Face::Answer } else { self.face }
    }

    /// The faces that the entry has.
    pub fn faces(&self) -> impl Iterator<Item = (Face, &'static str)> {
        let watched = self.entry().is_some_and(|entry| entry.watch.is_some());
        Face::ALL.into_iter().filter(move |(face, _)| *face != Face::Changes || watched)
    }

    /// Who takes the keys.
    pub fn context(&self) -> Context {
        match (&self.search, &self.builder) {
            (Some(_), _) => SEARCH,
            (None, Some(_)) => BUILD,
            (None, None) if self.editing => LINE,
            (None, None) => HERE,
        }
    }

    /// The line that keys go into, where there is one.
    pub fn line_mut(&mut self) -> Option<&mut Input> {
        match (&mut self.search, &mut self.builder) {
            (Some(search), _) => Some(&mut search.input),
            (None, Some(builder)) => builder.parts.get_mut(builder.hole?),
            (None, None) => self.editing.then_some(&mut self.input),
        }
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

    /// What keys go into was edited: what is offered follows.
    pub fn edited(&mut self, catalog: &Catalog, server: Ipv6Addr) {
        match (&mut self.search, &mut self.builder) {
            (Some(search), _) => search.chosen = 0,
            (None, Some(builder)) => builder.renew(catalog, &self.past),
            (None, None) => {
                self.choice = None;
                self.recalled = None;
                self.choices = complete::choices(self.input.value(), catalog, server, &self.past);
            }
        }
    }

    /// Completes the line to the choice that was stepped to, or to the first. One with holes opens the builder.
    fn accept(&mut self, catalog: &Catalog) {
        let Some(choice) = self.choices.get(self.choice.unwrap_or(0)).cloned() else { return };
        if let Some((template, app)) = &choice.open {
            self.builder = Some(Builder::with_app(*template, app, catalog, &self.past));
            self.choices.clear();
            self.choice = None;
            return;
        }
        let before = self.input.value().rsplit_once(' ').map(|(before, _)| format!("{before} "));
        self.edit(&format!("{}{}", before.unwrap_or_default(), choice.name));
    }

    /// Steps through the choices; where there are none, or above the first, through the history.
    fn step(&mut self, down: bool) {
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
        let lines = self.past.lines();
        let at = self.recalled.unwrap_or(lines.len());
        let at = if down { (at + 1).min(lines.len()) } else { at.saturating_sub(1) };
        let text = lines.get(at).cloned().unwrap_or_default();
        self.edit(&text);
        self.recalled = Some(at);
    }

    /// Shows the entry at `at`: the line is that entry's.
    fn show(&mut self, at: usize) {
        self.chosen = at.min(self.entries.len().saturating_sub(1));
        (self.scroll, self.sideways) = (0, 0);
        self.cursor = None;
        self.field = 0;
        self.byte = 0;
        let text = self.entry().map(|entry| entry.text.clone()).unwrap_or_default();
        self.edit(&text);
        self.editing = false;
    }

    /// Shows the entry of the line `text`; one that was forgotten is there to be put again.
    pub fn show_line(&mut self, text: &str) {
        match self.entries.iter().position(|entry| entry.text == text) {
            Some(at) => self.show(at),
            None => self.edit(text),
        }
    }

    /// Shows the entry before or after the one that is shown.
    fn turn(&mut self, forward: bool) {
        let at = if forward { self.chosen + 1 } else { self.chosen.saturating_sub(1) };
        self.show(at);
    }

    /// Shows the answer in its next form, or the one before.
    fn next_face(&mut self, forward: bool) {
        let all: Vec<Face> = self.faces().map(|(face, _)| face).collect();
        let at = all.iter().position(|face| *face == self.face()).unwrap_or(0);
        let step = if forward { 1 } else { all.len() - 1 };
        self.face = all.get((at + step) % all.len()).copied().unwrap_or_default();
        (self.scroll, self.sideways) = (0, 0);
    }

    /// Forgets the entry that is shown.
    fn forget(&mut self) {
        if self.chosen < self.entries.len() {
            self.entries.remove(self.chosen);
        }
        self.show(self.chosen);
    }

    /// Takes what came.
    pub fn take(&mut self, log: &[Arc<Answered>]) {
        for entry in self.entries.iter_mut().filter(|entry| entry.asking) {
            let Some(answered) = log.iter().find(|answered| answered.number == entry.number) else {
                continue;
            };
            if let Some(watch) = &mut entry.watch {
                watch.take(&entry.line, entry.answered.as_deref(), answered);
            }
            entry.answered = Some(answered.clone());
            entry.asking = false;
        }
    }

    /// When something is to be put again.
    pub fn next_due(&self) -> Option<Instant> {
        let waiting = self.entries.iter().filter(|entry| !entry.asking);
        waiting.filter_map(|entry| Some(entry.watch.as_ref()?.due)).min()
    }

    /// The addresses of the answer that is shown, where its line wants them measured.
    pub fn nearest(&self) -> Vec<Ipv6Addr> {
        let Some(entry) = self.entry().filter(|entry| entry.line.show.nearest) else { return Vec::new() };
        let exchanges = entry.answered.as_ref().and_then(|answered| answered.exchanges.as_ref().ok());
        exchanges.into_iter().flatten().flat_map(Exchange::addresses).collect()
    }

    /// The rows of the Answer face. They are kept until what they are made of changes: a frame and its hints ask for them
    /// many times, and an answer may have thousands.
    pub fn rows(&self, view: &Shown) -> Arc<[Row]> {
        let Some((entry, answered)) = self.entry().and_then(|entry| Some((entry, entry.answered.as_ref()?)))
        else {
            return Arc::default();
        };
        let Ok(exchanges) = &answered.exchanges else { return Arc::default() };
        let mut made = self.made.borrow_mut();
        if let Some(made) = made.as_ref().filter(|made| made.is_of(answered, view)) {
            return made.rows.clone();
        }
        let rows: Arc<[Row]> = rows::rows(entry, exchanges, view).into();
        *made = Some(Made {
            answered: Arc::downgrade(answered),
            catalog: Arc::downgrade(&view.catalog),
            pings: Arc::downgrade(&view.pings),
            rows: rows.clone(),
        });
        rows
    }

    /// The row of `rows` under the cursor, and which of its links.
    pub fn cursor(&self, rows: &[Row]) -> (usize, usize) {
        let first = || rows.iter().position(|row| row.links().next().is_some()).unwrap_or(0);
        let row = self.cursor.unwrap_or_else(first).min(rows.len().saturating_sub(1));
        let links = rows.get(row).map_or(0, |row| row.links().count());
        (row, self.field.min(links.saturating_sub(1)))
    }

    /// Where the thing under the cursor leads.
    pub fn link(&self, view: &Shown) -> Option<Link> {
        if self.face() != Face::Answer {
            return None;
        }
        let rows = self.rows(view);
        let (row, field) = self.cursor(&rows);
        rows.get(row)?.links().nth(field).cloned()
    }

    /// The messages of the entry.
    pub fn messages(&self) -> Vec<Arc<[u8]>> {
        let answered = self.entry().and_then(|entry| entry.answered.as_ref());
        let exchanges = answered.and_then(|answered| answered.exchanges.as_ref().ok());
        let answers = exchanges.into_iter().flatten().filter_map(|exchange| exchange.result.as_ref().ok());
        answers.map(|answer| answer.wire.clone()).collect()
    }

    /// The message under the cursor of the Hex face, and the byte in it.
    pub fn hex_at(&self, messages: &[Arc<[u8]>]) -> Option<(usize, usize)> {
        let mut left = self.byte;
        for (n, message) in messages.iter().enumerate() {
            if left < message.len() {
                return Some((n, left));
            }
            left -= message.len();
        }
        let last = messages.len().checked_sub(1)?;
        Some((last, messages.get(last)?.len().saturating_sub(1)))
    }
}

/// The Dig view.
#[derive(Debug)]
pub struct View;

impl super::View for View {
    fn name(&self) -> &'static str {
        HERE.title()
    }

    fn rows(&self) -> &'static [CommandRow] {
        commands::ROWS
    }

    fn entry(&self) -> &'static CommandRow {
        &commands::ENTRY
    }

    fn context(&self, state: &State) -> Context {
        state.views.dig.context()
    }

    fn step(&self, state: &mut State, by: isize) {
        state.travel_in_dig(by);
    }

    fn select(&self, state: &mut State, row: usize) -> bool {
        let at = state.views.dig.cursor(&state.views.dig.rows(&state.networks.front().shown)).0;
        state.travel_in_dig(row.cast_signed() - at.cast_signed());
        at == row
    }

    fn scroll(&self, state: &mut State, left: bool) {
        let at = state.views.dig.sideways;
        state.views.dig.sideways = if left { at.saturating_sub(SIDEWAYS) } else { (at + SIDEWAYS).min(2000) };
    }

    fn scrollable(&self, state: &State, left: bool) -> Result<(), &'static str> {
        let kept = !matches!(state.views.dig.face(), Face::Answer | Face::Hex);
        when(
            state.views.dig.entry().is_some() && kept,
            "lines fit here: the forms of an answer in the Dig view are longer",
        )?;
        when(!state.views.dig.wrapped, "lines are wrapped: {wide} ends that")?;
        when(!left || state.views.dig.sideways > 0, "this is where the lines begin")
    }

    fn named(&self, state: &State) -> copy::Named {
        let entry = state.views.dig.entry();
        let question = entry.and_then(|entry| Some(&entry.line.asks.first()?.question));
        let answered = entry.and_then(|entry| entry.answered.as_ref()?.exchanges.as_ref().ok());
        let address = answered.into_iter().flatten().find_map(|exchange| {
            let answers = &exchange.result.as_ref().ok()?.message.answers;
            answers.iter().find_map(|record| match &record.data {
                RData::AAAA(address) => Some(address.0),
                _ => None,
            })
        });
        copy::Named {
            name: question.map(|question| names::show(&question.name)),
            rtype: question.map_or_else(String::new, |question| type_word(question.rtype.into())),
            address,
        }
    }

    fn table(&self, state: &State) -> Sheet {
        sheet(state)
    }

    fn plain(&self, state: &State) -> String {
        answers(state)
    }

    fn copyable(&self, state: &State) -> Result<(), &'static str> {
        commands::asked(state)
    }

    fn copied(&self, state: &State) -> Option<(&'static str, String)> {
        state.copied_in_dig()
    }

    fn shown(&self, state: &State) -> Result<(), &'static str> {
        commands::asked(state)
    }

    fn line<'a>(&self, state: &'a mut State) -> Option<&'a mut Input> {
        state.views.dig.line_mut()
    }

    fn edited(&self, state: &mut State) {
        state
            .views
            .dig
            .edited(&state.networks.front().shown.catalog, state.networks.front().identity.dns.addr);
    }

    fn refresh(&self, state: &mut State, out: &mut Out) {
        state.ask_again(out);
    }

    fn refreshable(&self, state: &State) -> Result<(), &'static str> {
        commands::asked(state)
    }

    fn enter(&self, state: &mut State, _: &mut Out) {
        if state.views.dig.entries.is_empty() {
            state.views.dig.edit("");
        }
    }

    fn place(&self, state: &State) -> Option<Place> {
        state.views.dig.entry().map(|entry| Place::Line(entry.text.clone()))
    }

    fn take(&self, state: &mut State, request: &Request, out: &mut Out) -> bool {
        match request {
            Request::Dig(line) => state.put(line, out),
            Request::Return(Place::Line(line)) => state.views.dig.show_line(line),
            _ => return false,
        }
        true
    }

    fn measured(&self, state: &State) -> Vec<Ipv6Addr> {
        state.views.dig.nearest()
    }

    fn news(&self, state: &mut State, news: News<'_>) {
        if let News::Digs(log) = news {
            state.views.dig.take(log);
        }
    }

    fn tick(&self, state: &mut State, out: &mut Out) {
        state.tick_digs(out);
    }

    fn next_tick(&self, state: &State) -> Option<Instant> {
        state.views.dig.next_due()
    }
}

/// The records of the answers of the entry that is shown.
fn sheet(state: &State) -> Sheet {
    let mut rows = Vec::new();
    let exchanges =
        state.views.dig.entry().and_then(|entry| entry.answered.as_ref()?.exchanges.as_ref().ok());
    for exchange in exchanges.into_iter().flatten() {
        let server = text(exchange.server.to_string());
        let asked = names::show(&exchange.question.name);
        let parts = exchange.result.as_ref().ok().and_then(|answer| Parts::of(&answer.wire));
        let before = rows.len();
        if let Some(parts) = parts {
            for record in &parts.sections[ANSWER] {
                let data = rdata::show(parts.wire, &record.rdata, record.rtype, record.class);
                rows.push(vec![
                    server.clone(),
                    text(exchange.outcome().to_string()),
                    text(names::show(&record.owner)),
                    Cell::Number(record.ttl.into()),
                    text(class_word(record.class)),
                    text(type_word(record.rtype)),
                    text(data),
                ]);
            }
        }
        if rows.len() == before {
            let rtype = type_word(exchange.question.rtype.into());
            let mut cells =
                vec![server, text(exchange.outcome().to_string()), text(asked), Cell::Unknown, Cell::Unknown];
            cells.extend([text(rtype), Cell::Unknown]);
            rows.push(cells);
        }
    }
    let columns = vec!["server", "rcode", "name", "ttl", "class", "type", "data"];
    let chosen = (!rows.is_empty()).then_some(0);
    Sheet { name: "dig", columns, rows, chosen }
}

/// As `dig` prints them.
fn answers(state: &State) -> String {
    let Some(entry) = state.views.dig.entry() else { return String::new() };
    let Some(answered) = &entry.answered else { return format!("{}: no answer yet\n", entry.text) };
    let when = state.clock_at(answered.at);
    match &answered.exchanges {
        Err(error) => format!("{error}\n"),
        Ok(exchanges) => exchanges
            .iter()
            .map(|exchange| match (&exchange.result, &when) {
                (Ok(answer), Some(when)) => {
                    printed::answer(exchange, answer, &entry.line.show, || when.clone())
                }
                (Ok(_), None) => String::new(),
                (Err(failure), _) => format!("{failure}\n"),
            })
            .collect(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
