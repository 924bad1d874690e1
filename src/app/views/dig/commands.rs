//! The commands of the Dig view.

use ratatui::crossterm::event::KeyCode;
use tui_input::Input;

use super::builder::Builder;
use super::history::Search;
use super::rows::Link;
use super::watch::Watch;
use super::{BUILD, Dig, Entry, Face, HERE, HEX_ROW, LINE, SEARCH};
use crate::app::command::{Argument, Context, Row, Run, Value, when};
use crate::app::key::Key;
use crate::app::key::Key::{Char, Code, Ctrl};
use crate::app::request::Request;
use crate::app::targets::toggle;
use crate::app::views::Tab;
use crate::app::{Effect, Out, State, menu};
use crate::dns::dig::fields;
use crate::dns::dig::types::{parse_type, type_word};
use crate::dns::dig::wire::Parts;
use crate::engine::report::{Command, DIGS};
use crate::text::quoted;

/// Record types in the sequence of the type key.
const TYPES: [&str; 5] = ["AAAA", "TXT", "A", "SRV", "ANY"];

/// Reason why a command for a response cannot run.
pub const UNASKED: &str = "no query was sent yet";

/// A dig line: name, type, options.
static LINES: Argument = Argument {
    is_free: true,
    is_needed: false,
    values: |state| {
        state
            .views
            .dig
            .entries
            .iter()
            .rev()
            .map(|entry| Value::new(entry.text.clone(), "sent before"))
            .collect()
    },
};

/// The command that shows the view.
pub static ENTRY: Row = Row::new(
    "dig",
    Context::EVERYWHERE,
    &[Char('2')],
    "Show the Dig view: query a name server",
    |s, typed, out| match typed {
        Some(line) => out.request(Request::Dig(line.to_owned())),
        None => s.go(Tab::Dig, out),
    },
)
.takes(&LINES);

/// Commands of the response, input line, history search and name builder.
pub static ROWS: &[Row] = &[
    row("edit-line", HERE, &[Char('i')], "Edit the line", |s, _, _| {
        let text = s.views.dig.input.value().to_owned();
        s.views.dig.edit(&text);
    })
    .hint(0, 10, "edit"),
    row("new-line", HERE, &[Char('a')], "Start a new line", |s, _, _| s.views.dig.edit(""))
        .hint(1, 11, "new"),
    row(
        "follow",
        HERE,
        &[Code(KeyCode::Enter), Char('d')],
        "Query the name under the cursor, or repeat the query",
        |s, _, out| match s.views.dig.link(&s.networks.front().shown) {
            Some(link) => {
                let text = link.line(&s.networks.front().shown.catalog);
                s.dig_line(&text, out);
            }
            None => s.ask_again(out),
        },
    )
    .hint(1, 12, "dig")
    .when(asked),
    row("ping-link", HERE, &[Char('p')], "Ping the address under the cursor, or stop", |s, _, _| {
        let link = s.views.dig.link(&s.networks.front().shown);
        if let Some(spec) = link.and_then(|link| link.spec(&s.networks.front().shown.catalog)) {
            toggle(s, spec);
        }
    })
    .hint(3, 13, "ping")
    .when(|s| {
        let Some(link) = s.views.dig.link(&s.networks.front().shown) else {
            return Err("there is nothing to ping under the cursor");
        };
        when(link.spec(&s.networks.front().shown.catalog).is_some(), "its address is unknown")
    }),
    row("show-link", HERE, &[Char('T')], "Show the place under the cursor in the tree", |s, _, out| {
        let node = s
            .views
            .dig
            .link(&s.networks.front().shown)
            .and_then(|link| link.node(&s.networks.front().shown.catalog));
        out.requests.extend(node.map(Request::Reveal));
    })
    .hint(4, 14, "show in tree")
    .when(|s| {
        let Some(link) = s.views.dig.link(&s.networks.front().shown) else {
            return Err("nothing under the cursor is show in tree");
        };
        when(link.node(&s.networks.front().shown.catalog).is_some(), "it is not in the tree")
    }),
    row(
        "next-field",
        HERE,
        &[Char('l'), Code(KeyCode::Right)],
        "Go to the next link in the row",
        |s, _, _| {
            s.views.dig.field_step(true, &s.networks.front().shown);
        },
    )
    .when(answered),
    row(
        "previous-field",
        HERE,
        &[Char('h'), Code(KeyCode::Left)],
        "Go to the previous link in the row",
        |s, _, _| {
            s.views.dig.field_step(false, &s.networks.front().shown);
        },
    )
    .when(answered),
    row("next-form", HERE, &[Char('v')], "Show the next form: Answer, Message, Hex, JSON", |s, _, _| {
        s.views.dig.next_face(true);
    })
    .hint(1, 15, "form")
    .when(asked),
    row("previous-form", HERE, &[Char('V')], "Show the previous form", |s, _, _| {
        s.views.dig.next_face(false);
    })
    .when(asked),
    row("watch", HERE, &[Char('W')], "Watch: repeat the query and show changes, or stop", |s, _, _| {
        s.toggle_watch();
    })
    .hint(3, 16, "watch")
    .when(asked),
    row("wide", HERE, &[Char('w')], "Wrap or cut long lines", |s, _, _| {
        s.views.dig.wrapped = !s.views.dig.wrapped;
    })
    .when(|s| {
        let fits = matches!(s.views.dig.face(), Face::Answer | Face::Hex);
        when(!fits, "this form has no long lines: {next-form} shows others")
    }),
    row("slower", HERE, &[Char('+')], "Watch: longer interval", |s, _, _| pace(s, true)).when(watched),
    row("faster", HERE, &[Char('-')], "Watch: shorter interval", |s, _, _| pace(s, false)).when(watched),
    row("next-type", HERE, &[Char('t')], "Query the next type: AAAA, TXT, A, SRV, ANY", |s, _, out| {
        if let Some(line) = s.views.dig.entry().map(next_type) {
            s.dig_line(&line, out);
        }
    })
    .hint(5, 17, "type")
    .when(|s| {
        let Some(entry) = s.views.dig.entry() else { return Err(UNASKED) };
        when(entry.line.asks.len() == 1, "the line has several queries")
    }),
    row("toggle-tcp", HERE, &[Char('u')], "Query over TCP, or stop", |s, _, out| {
        if let Some(line) = s.views.dig.entry().map(other_transport) {
            s.dig_line(&line, out);
        }
    })
    .hint(6, 18, "tcp")
    .when(asked),
    row("build-name", HERE, &[Char('b')], "Build a name: choose a form and fill its fields", |s, _, _| {
        s.views.dig.build();
    })
    .hint(4, 19, "build"),
    row("newer-line", HERE, &[Char('J')], "Show the next line", |s, _, _| s.views.dig.turn(true)).when(asked),
    row("older-line", HERE, &[Char('K')], "Show the previous line", |s, _, _| s.views.dig.turn(false))
        .when(asked),
    row("forget", HERE, &[Char('x')], "Remove this line", |s, _, _| s.views.dig.forget()).when(asked),
    row("ask", LINE, &[Code(KeyCode::Enter)], "Send the query", |s, _, out| s.send_line(out))
        .hint(0, 1, "send")
        .when(|s| when(!s.views.dig.input.value().trim().is_empty(), "the line is empty: type a name")),
    row("complete", LINE, &[Code(KeyCode::Tab)], "Complete the word", |s, _, _| {
        s.views.dig.accept(&s.networks.front().shown.catalog);
    })
    .hint(0, 2, "complete")
    .when(|s| when(!s.views.dig.choices.is_empty(), "there is no completion")),
    row("line-down", LINE, &[Code(KeyCode::Down)], "Select the next completion", |s, _, _| {
        s.views.dig.line_step(true);
    })
    .hint(2, 3, "names"),
    row(
        "line-up",
        LINE,
        &[Code(KeyCode::Up)],
        "Select the previous completion, or an older line",
        |s, _, _| s.views.dig.line_step(false),
    )
    .hint(2, 4, "history"),
    row("leave-line", LINE, &[Code(KeyCode::Esc)], "Go to the response", |s, _, _| s.views.dig.leave())
        .hint(1, 5, "response"),
    row("search-history", LINE, &[Ctrl('r')], "Search the history", |s, _, _| s.views.dig.search_past())
        .hint(2, 6, "search")
        .when(|s| when(!s.views.dig.past.lines().is_empty(), UNASKED)),
    row("build-name", LINE, &[Ctrl('n')], "Build a name", |s, _, _| s.views.dig.build()).hint(3, 7, "build"),
    row("help", LINE, &[Code(KeyCode::F(1))], "Help", |s, _, _| menu::help(s)),
    row("command", LINE, &[Ctrl('p')], "Run a command", |s, _, _| menu::palette(s, "")),
    row("ask", SEARCH, &[Code(KeyCode::Enter)], "Send the query", |s, _, out| {
        s.views.dig.take_found();
        s.send_line(out);
    })
    .hint(0, 1, "send")
    .when(found),
    row("complete", SEARCH, &[Code(KeyCode::Tab)], "Edit the line", |s, _, _| s.views.dig.take_found())
        .hint(0, 2, "edit")
        .when(found),
    row("line-down", SEARCH, &[Code(KeyCode::Down), Ctrl('r')], "Select the next older line", |s, _, _| {
        s.views.dig.line_step(true);
    })
    .hint(2, 3, "older"),
    row("line-up", SEARCH, &[Code(KeyCode::Up)], "Select the next newer line", |s, _, _| {
        s.views.dig.line_step(false);
    }),
    row("leave-line", SEARCH, &[Code(KeyCode::Esc)], "Close the search", |s, _, _| s.views.dig.leave())
        .hint(1, 4, "close"),
    row(
        "ask",
        BUILD,
        &[Code(KeyCode::Enter)],
        "Fill the field; send when the name is complete",
        |s, _, out| {
            s.build_on(false, out);
        },
    )
    .hint(0, 1, "take"),
    row("complete", BUILD, &[Code(KeyCode::Tab)], "Complete the field and go to the next", |s, _, out| {
        s.build_on(true, out);
    })
    .hint(0, 2, "complete"),
    row("line-down", BUILD, &[Code(KeyCode::Down)], "Select the next offer", |s, _, _| {
        s.views.dig.line_step(true);
    })
    .hint(2, 3, "next"),
    row("line-up", BUILD, &[Code(KeyCode::Up)], "Select the previous offer", |s, _, _| {
        s.views.dig.line_step(false);
    }),
    row("leave-line", BUILD, &[Code(KeyCode::Esc)], "Go back one step", |s, _, _| s.views.dig.leave())
        .hint(1, 4, "back"),
];

const fn row(id: &'static str, context: Context, keys: &'static [Key], help: &'static str, run: Run) -> Row {
    Row::new(id, context, keys, help, run)
}

/// Whether there is an entry, or why not.
pub fn asked(state: &State) -> Result<(), &'static str> {
    when(state.views.dig.entry().is_some(), UNASKED)
}

fn answered(state: &State) -> Result<(), &'static str> {
    when(state.views.dig.entry().is_some_and(|entry| entry.answered.is_some()), "there is no response yet")
}

fn watched(state: &State) -> Result<(), &'static str> {
    let watched = state.views.dig.entry().is_some_and(|entry| entry.watch.is_some());
    when(watched, "this line is not watched: {watch} starts a watch")
}

fn found(state: &State) -> Result<(), &'static str> {
    let typed = state.views.dig.search.as_ref().map_or("", |search| search.input.value());
    when(!state.views.dig.past.search(typed).is_empty(), "no line of the history matches")
}

fn pace(state: &mut State, slower: bool) {
    let now = state.now;
    let entry = state.views.dig.entries.get_mut(state.views.dig.chosen);
    if let Some(watch) = entry.and_then(|entry| entry.watch.as_mut()) {
        watch.pace(slower, now);
        let every = watch.every().as_secs();
        state.say(format!("Watch interval: {every} s"));
    }
}

impl State {
    /// Sends the typed line.
    fn send_line(&mut self, out: &mut Out) {
        if self.views.dig.choice.is_some() {
            self.views.dig.accept(&self.networks.front().shown.catalog);
            if self.views.dig.builder.is_some() {
                return;
            }
        }
        let same = |entry: &Entry| entry.text == self.views.dig.input.value().trim();
        if !self.views.dig.entry().is_some_and(same) && self.views.dig.understood().is_ok() {
            self.leave_place();
        }
        self.put_line(out);
    }

    /// Sends a line. One that cannot be parsed is kept, and the error is shown.
    fn put_line(&mut self, out: &mut Out) {
        let line = match self.views.dig.understood() {
            Ok(line) => line,
            Err(error) => return self.say(error.to_string()),
        };
        let text = self.views.dig.input.value().trim().to_owned();
        if self.views.dig.past.add(&text) {
            out.push(Effect::Remember(text.clone()));
        }
        let dig = &mut self.views.dig;
        // The same line replaces its older entry and keeps its watch.
        let old = dig.entries.iter().position(|entry| entry.text == text).map(|at| dig.entries.remove(at));
        let entry =
            old.unwrap_or(Entry { number: 0, text, line, answered: None, asking: false, watch: None });
        dig.entries.push(entry);
        // Watched lines are kept.
        if dig.entries.len() > DIGS
            && let Some(at) = dig.entries.iter().position(|entry| entry.watch.is_none())
        {
            dig.entries.remove(at);
        }
        dig.entries.drain(..dig.entries.len().saturating_sub(DIGS));
        let last = dig.entries.len() - 1;
        dig.show(last);
        dig.ask(last, out);
    }

    /// Sends `line` and shows its entry.
    pub fn dig_line(&mut self, line: &str, out: &mut Out) {
        self.leave_place();
        self.put(line, out);
    }

    /// The same, with the current place added to the history.
    pub fn put(&mut self, line: &str, out: &mut Out) {
        self.views.dig.edit(line);
        self.put_line(out);
    }

    /// Sends the shown line again.
    pub fn ask_again(&mut self, out: &mut Out) {
        let at = self.views.dig.chosen;
        self.views.dig.ask(at, out);
    }

    /// Sends watched lines that are due.
    pub fn tick_digs(&mut self, out: &mut Out) {
        let now = self.now;
        let due: Vec<usize> = (0..self.views.dig.entries.len())
            .filter(|&at| {
                let entry = self.views.dig.entries.get(at).filter(|entry| !entry.asking);
                entry.and_then(|entry| entry.watch.as_ref()).is_some_and(|watch| watch.due <= now)
            })
            .collect();
        for at in due {
            self.views.dig.ask(at, out);
        }
    }

    /// Moves the cursor or scrolls by rows.
    pub fn travel_in_dig(&mut self, by: isize) {
        let dig = &mut self.views.dig;
        match dig.face() {
            Face::Answer => {
                let rows = dig.rows(&self.networks.front().shown);
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

    /// The text to copy: the link under the cursor, or the command with the same query.
    pub fn copied_in_dig(&self) -> Option<(&'static str, String)> {
        let entry = self.views.dig.entry()?;
        Some(match self.views.dig.link(&self.networks.front().shown) {
            Some(Link::Line(line)) => ("name", line),
            Some(link) => link.text(&self.networks.front().shown.catalog),
            None => {
                // The line can contain names from the network. Its words are separated by blanks only.
                let words: Vec<String> = entry.text.split_whitespace().map(quoted).collect();
                ("command", format!("sixpane dig {}", words.join(" ")))
            }
        })
    }

    fn toggle_watch(&mut self) {
        let now = self.now;
        let Some(entry) = self.views.dig.entries.get_mut(self.views.dig.chosen) else { return };
        entry.watch = match entry.watch.take() {
            Some(_) => None,
            None => Some(Watch::new(now)),
        };
        let said = match &entry.watch {
            Some(watch) => {
                format!("Watching every {} s: {{next-form}} shows the changes", watch.every().as_secs())
            }
            None => "Watch stopped".into(),
        };
        self.say(self.keyed(&said));
    }

    /// Goes to the next step of the builder; sends the name if it is complete.
    fn build_on(&mut self, complete: bool, out: &mut Out) {
        let Some(builder) = &mut self.views.dig.builder else { return };
        let before = builder.hole;
        if !builder.next(complete, &self.networks.front().shown.catalog, &self.views.dig.past) {
            // An empty field is reported.
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
                self.views.dig.builder = None;
                self.dig_line(&name, out);
            }
            Err(reason) => {
                builder.hole = builder.parts.len().checked_sub(1);
                self.say(reason);
            }
        }
    }
}

impl Dig {
    /// Sends the line of the entry at `at` again.
    fn ask(&mut self, at: usize, out: &mut Out) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        self.numbers += 1;
        entry.number = self.numbers;
        entry.asking = true;
        out.ask(Command::Dig(entry.number, Box::new(entry.line.clone())));
    }

    /// Opens the history search with the typed text.
    fn search_past(&mut self) {
        let typed = if self.editing { self.input.value().to_owned() } else { String::new() };
        self.search = Some(Search { input: Input::new(typed), chosen: 0 });
    }

    /// Opens the name builder.
    fn build(&mut self) {
        self.builder = Some(Builder::default());
        self.choices.clear();
    }

    /// Goes back one step from the search, the builder or the input line.
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

    /// Puts the selected line of the history into the input line.
    fn take_found(&mut self) {
        let Some(search) = self.search.take() else { return };
        let found = self.past.search(search.input.value());
        if let Some(line) = found.get(search.chosen).map(|line| (*line).to_owned()) {
            self.edit(&line);
        }
    }

    /// Goes to the next link in the row, or the next field of the message.
    fn field_step(&mut self, forward: bool, view: &crate::app::network::Shown) {
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
                    // From inside a field to its start, from its start to the previous field.
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

/// The line of `entry` with the next type.
fn next_type(entry: &Entry) -> String {
    let now = entry.line.asks.first().map(|ask| type_word(ask.question.rtype.into())).unwrap_or_default();
    let at = TYPES.iter().position(|word| *word == now).map_or(0, |at| (at + 1) % TYPES.len());
    let next = TYPES[at];
    let mut words: Vec<&str> = entry.text.split_whitespace().collect();
    let plain = words.iter().filter(|word| !word.starts_with(['+', '@', '-'])).count();
    // A single word that is also a type is the name.
    let place = words.iter().rposition(|word| parse_type(word).is_some()).filter(|_| plain > 1);
    match place.and_then(|place| words.get_mut(place)) {
        Some(word) => *word = next,
        None => words.push(next),
    }
    words.join(" ")
}

/// The line of `entry` with TCP switched on or off.
fn other_transport(entry: &Entry) -> String {
    let mut words: Vec<&str> = entry.text.split_whitespace().collect();
    let before = words.len();
    words.retain(|word| !matches!(*word, "+tcp" | "+vc" | "+notcp" | "+novc"));
    if words.len() == before {
        words.push(if entry.line.options.tcp { "+notcp" } else { "+tcp" });
    }
    words.join(" ")
}
