//! The Dig view: an input line with completions, the lines sent before, and their responses.

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

/// Context of the keys for a response.
pub const HERE: Context = Context::view("Dig");
/// Context of the input line.
pub const LINE: Context = Context::line("Dig, input line");
/// Context of the history search.
pub const SEARCH: Context = Context::line("Dig, history search").undocumented();
/// Context of the name builder.
pub const BUILD: Context = Context::line("Dig, name builder").undocumented();

/// Bytes per row in the Hex form.
pub const HEX_ROW: usize = 16;

/// Columns per key press when long lines are scrolled.
const SIDEWAYS: usize = 8;

/// The forms in which a response is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Face {
    /// Records with their meaning and links.
    #[default]
    Answer,
    /// The message as dig prints it.
    Message,
    /// The bytes with their fields.
    Hex,
    Json,
    /// Changes during a watch.
    Changes,
}

impl Face {
    /// All forms in order, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Answer, "Answer"),
        (Self::Message, "Message"),
        (Self::Hex, "Hex"),
        (Self::Json, "JSON"),
        (Self::Changes, "Changes"),
    ];
}

/// A dig line that was sent.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Number of its last query.
    number: u64,
    /// The text as typed.
    pub text: String,
    /// The line after parsing.
    pub line: Line,
    pub answered: Option<Arc<Answered>>,
    /// Whether a response is awaited.
    pub asking: bool,
    /// The watch that sends it repeatedly, if any.
    pub watch: Option<Watch>,
}

/// A completion of the last word of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The word, safe to show and to type; with fields to fill if `open` is set.
    pub name: String,
    /// The data that it queries.
    pub about: &'static str,
    /// Record type of the name.
    pub rtype: &'static str,
    /// Template with fields to fill, and its app.
    pub open: Option<(usize, Safe)>,
}

/// State of the view.
#[derive(Debug, Clone, Default)]
pub struct Dig {
    pub input: Input,
    /// Whether keys edit the input line.
    pub editing: bool,
    /// Lines sent in this run, oldest first.
    pub entries: Vec<Entry>,
    /// Index of the shown entry.
    pub chosen: usize,
    /// History of this run and earlier ones.
    pub past: Past,
    /// The history search, while it is open.
    pub search: Option<Search>,
    /// The name builder, while it is open.
    pub builder: Option<Builder>,
    /// Scroll offset in rows, for forms without a cursor.
    pub scroll: usize,
    /// Scroll offset in columns, for forms with long lines.
    pub sideways: usize,
    /// Whether long lines are wrapped.
    pub wrapped: bool,
    /// Completions of the last word.
    pub choices: Vec<Choice>,
    /// Index of the selected completion.
    pub choice: Option<usize>,
    face: Face,
    /// Row under the cursor; `None` is the first row with a link.
    cursor: Option<usize>,
    /// Index of the selected link in that row.
    field: usize,
    /// Byte under the cursor of the Hex form, counted over all messages of the entry.
    byte: usize,
    numbers: u64,
    /// Index of the line in the history.
    recalled: Option<usize>,
    /// Rows of the last shown response.
    made: RefCell<Option<Made>>,
}

/// Cached rows with weak references to their inputs.
#[derive(Debug, Clone)]
struct Made {
    answered: Weak<Answered>,
    catalog: Weak<Catalog>,
    pings: Weak<Vec<Series>>,
    rows: Arc<[Row]>,
}

impl Made {
    fn is_of(&self, answered: &Arc<Answered>, view: &Shown) -> bool {
        // While a weak pointer exists, its address is not reused for another value.
        self.answered.as_ptr() == Arc::as_ptr(answered)
            && self.catalog.as_ptr() == Arc::as_ptr(&view.catalog)
            && self.pings.as_ptr() == Arc::as_ptr(&view.pings)
    }
}

impl Dig {
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    /// The form in which it is shown.
    pub fn face(&self) -> Face {
        let watched = self.entry().is_some_and(|entry| entry.watch.is_some());
        if self.face == Face::Changes && !watched { Face::Answer } else { self.face }
    }

    /// Forms that the entry has.
    pub fn faces(&self) -> impl Iterator<Item = (Face, &'static str)> {
        let watched = self.entry().is_some_and(|entry| entry.watch.is_some());
        Face::ALL.into_iter().filter(move |(face, _)| *face != Face::Changes || watched)
    }

    /// Context that receives keys.
    pub fn context(&self) -> Context {
        match (&self.search, &self.builder) {
            (Some(_), _) => SEARCH,
            (None, Some(_)) => BUILD,
            (None, None) if self.editing => LINE,
            (None, None) => HERE,
        }
    }

    /// The input line that receives text, if any.
    pub fn line_mut(&mut self) -> Option<&mut Input> {
        match (&mut self.search, &mut self.builder) {
            (Some(search), _) => Some(&mut search.input),
            (None, Some(builder)) => builder.parts.get_mut(builder.hole?),
            (None, None) => self.editing.then_some(&mut self.input),
        }
    }

    /// The input line after parsing.
    ///
    /// # Errors
    /// The reason why it cannot be parsed.
    pub fn understood(&self) -> Result<Line, LineError> {
        line::parse(&self.input.value().split_whitespace().collect::<Vec<_>>())
    }

    /// Opens the input line with `text`.
    pub fn edit(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
        self.editing = true;
        self.choices.clear();
        self.choice = None;
        self.recalled = None;
    }

    /// Updates completions after the input line was edited.
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

    /// Completes the line with the selected or first completion. One with fields to fill opens the name builder.
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

    /// Selects the next or previous completion; without completions, or above the first, a line of the history.
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

    /// Shows the entry at `at` and puts its text into the input line.
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

    /// Shows the entry of the line `text`; if it was removed, puts the text into the input line.
    pub fn show_line(&mut self, text: &str) {
        match self.entries.iter().position(|entry| entry.text == text) {
            Some(at) => self.show(at),
            None => self.edit(text),
        }
    }

    /// Shows the next or previous entry.
    fn turn(&mut self, forward: bool) {
        let at = if forward { self.chosen + 1 } else { self.chosen.saturating_sub(1) };
        self.show(at);
    }

    /// Shows the response in the next or previous form.
    fn next_face(&mut self, forward: bool) {
        let all: Vec<Face> = self.faces().map(|(face, _)| face).collect();
        let at = all.iter().position(|face| *face == self.face()).unwrap_or(0);
        let step = if forward { 1 } else { all.len() - 1 };
        self.face = all.get((at + step) % all.len()).copied().unwrap_or_default();
        (self.scroll, self.sideways) = (0, 0);
    }

    /// Removes the shown entry.
    fn forget(&mut self) {
        if self.chosen < self.entries.len() {
            self.entries.remove(self.chosen);
        }
        self.show(self.chosen);
    }

    /// Takes responses from the engine.
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

    /// Next time at which a watched line is sent.
    pub fn next_due(&self) -> Option<Instant> {
        let waiting = self.entries.iter().filter(|entry| !entry.asking);
        waiting.filter_map(|entry| Some(entry.watch.as_ref()?.due)).min()
    }

    /// Addresses in the shown response, if its line requests RTTs to them.
    pub fn nearest(&self) -> Vec<Ipv6Addr> {
        let Some(entry) = self.entry().filter(|entry| entry.line.show.nearest) else { return Vec::new() };
        let exchanges = entry.answered.as_ref().and_then(|answered| answered.exchanges.as_ref().ok());
        exchanges.into_iter().flatten().flat_map(Exchange::addresses).collect()
    }

    /// Rows of the Answer form. They are cached until their inputs change: every frame reads them many times, and a response
    /// can have thousands of records.
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

    /// Index of the row under the cursor, and of the selected link in it.
    pub fn cursor(&self, rows: &[Row]) -> (usize, usize) {
        let first = || rows.iter().position(|row| row.links().next().is_some()).unwrap_or(0);
        let row = self.cursor.unwrap_or_else(first).min(rows.len().saturating_sub(1));
        let links = rows.get(row).map_or(0, |row| row.links().count());
        (row, self.field.min(links.saturating_sub(1)))
    }

    /// Link under the cursor.
    pub fn link(&self, view: &Shown) -> Option<Link> {
        if self.face() != Face::Answer {
            return None;
        }
        let rows = self.rows(view);
        let (row, field) = self.cursor(&rows);
        rows.get(row)?.links().nth(field).cloned()
    }

    /// Messages of the entry.
    pub fn messages(&self) -> Vec<Arc<[u8]>> {
        let answered = self.entry().and_then(|entry| entry.answered.as_ref());
        let exchanges = answered.and_then(|answered| answered.exchanges.as_ref().ok());
        let answers = exchanges.into_iter().flatten().filter_map(|exchange| exchange.result.as_ref().ok());
        answers.map(|answer| answer.wire.clone()).collect()
    }

    /// The message under the cursor of the Hex form, and the byte in it.
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
        when(state.views.dig.entry().is_some() && kept, "this form has no long lines")?;
        when(!state.views.dig.wrapped, "lines are wrapped: {wide} unwraps them")?;
        when(!left || state.views.dig.sideways > 0, "this is the start of the lines")
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

/// All records in the shown response.
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

/// The shown responses as `dig` prints them.
fn answers(state: &State) -> String {
    let Some(entry) = state.views.dig.entry() else { return String::new() };
    let Some(answered) = &entry.answered else { return format!("{}: no response yet\n", entry.text) };
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
