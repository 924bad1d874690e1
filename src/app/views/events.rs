//! The Events view: a log of changes, newest first. The selection stays on its event when new ones arrive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use jiff::ZonedDateTime;
use ratatui::crossterm::event::KeyCode;

use crate::app::command::{Context, Row, when};
use crate::app::copy;
use crate::app::key::Key::{Char, Code};
use crate::app::request::Request;
use crate::app::sheet::{Sheet, maybe, text};
use crate::app::{Out, State};
use crate::catalog::diff::Change;
use crate::catalog::place::Node;
use crate::engine::report::Event;
use crate::text::count;

/// Context of its keys.
pub const HERE: Context = Context::view("Events");

const NONE: &str = "there are no events yet";

static ENTRY: Row = Row::new(
    "events",
    Context::EVERYWHERE,
    &[Char('5')],
    "Show the Events view: changes in the network",
    |s, _, out| {
        s.go(super::Tab::Events, out);
    },
);

static REVEAL: Row = Row::new(
    "show-in-tree",
    HERE,
    &[Code(KeyCode::Enter), Char('l'), Code(KeyCode::Right)],
    "Show the machine or app in the tree",
    |s, _, out| out.requests.extend(node(s).map(Request::Reveal)),
)
.hint(1, 10, "show in tree")
.when(|s| {
    when(s.chosen_event().is_some(), NONE)?;
    when(node(s).is_some(), "this place is no longer in the tree")
});

static ROWS: [Row; 2] = [
    REVEAL,
    Row::new("clear-events", HERE, &[Char('c')], "Clear the list", |s, _, _| s.clear_events())
        .hint(3, 11, "clear")
        .when(|s| when(s.shown_events().next().is_some(), "the list is empty")),
];

/// The place of the selected event.
fn node(state: &State) -> Option<Node> {
    state.node_of(&state.chosen_event()?.change)
}

#[derive(Debug)]
pub struct View;

impl super::View for View {
    fn name(&self) -> &'static str {
        HERE.title()
    }

    fn rows(&self) -> &'static [Row] {
        &ROWS
    }

    fn entry(&self) -> &'static Row {
        &ENTRY
    }

    fn context(&self, _: &State) -> Context {
        HERE
    }

    fn step(&self, state: &mut State, by: isize) {
        state.step_events(by);
    }

    fn select(&self, state: &mut State, row: usize) -> bool {
        let at = state.chosen_row().unwrap_or(0);
        state.step_events(row.cast_signed() - at.cast_signed());
        at == row
    }

    fn open(&self, state: &mut State, out: &mut Out) {
        state.attempt(&REVEAL, None, out);
    }

    fn back(&self, state: &mut State) -> bool {
        state.filter_line = None;
        !std::mem::take(&mut state.views.events.filter).is_empty()
    }

    fn subject(&self, state: &State) -> Vec<Node> {
        node(state).into_iter().collect()
    }

    fn table(&self, state: &State) -> Sheet {
        sheet(state)
    }

    fn copyable(&self, state: &State) -> Result<(), &'static str> {
        when(state.chosen_event().is_some(), NONE)
    }

    fn copied(&self, state: &State) -> Option<(&'static str, String)> {
        let change = &state.chosen_event()?.change;
        Some(("event:", format!("{} {}", change.subject(), change.clause())))
    }

    fn forms(&self, state: &State) -> Vec<(&'static str, String)> {
        let event = self.copied(state).map(|(_, text)| ("event", text));
        let rest = copy::forms(state, self.named(state), &self.table(state));
        event.into_iter().chain(rest).collect()
    }

    fn shown(&self, state: &State) -> Result<(), &'static str> {
        when(state.shown_events().next().is_some(), "there are no events to show")
    }

    fn filter<'a>(&self, state: &'a State) -> Option<&'a str> {
        Some(&state.views.events.filter)
    }

    fn found(&self, state: &State) -> String {
        format!("{} ", count(state.shown_events().count(), "event"))
    }

    fn set_filter(&self, state: &mut State, text: &str) {
        text.clone_into(&mut state.views.events.filter);
    }

    fn follow(&self, state: &mut State, _: &mut Out) {
        state.renew_log();
    }
}

/// State of the view.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Serial of the selected event; `None` follows the newest.
    chosen: Option<u64>,
    /// Last serial that was cleared.
    cleared: u64,
    /// Part of an event's text; `!` before it excludes. Empty for none.
    pub filter: String,
    index: Index,
}

/// Index of the shown events. It is rebuilt when its inputs change, not for every frame; the text of each event is built
/// once.
#[derive(Debug, Clone, Default)]
struct Index {
    events: Arc<Vec<Event>>,
    filter: String,
    cleared: u64,
    /// Text of each event in lower case, by serial.
    words: VecDeque<(u64, String)>,
    /// Indices of the shown events in `events`, oldest first.
    shown: Vec<usize>,
}

impl Index {
    fn renew(&mut self, events: &Arc<Vec<Event>>, filter: &str, cleared: u64) {
        if Arc::ptr_eq(&self.events, events) && self.filter == filter && self.cleared == cleared {
            return;
        }
        (self.events, self.cleared) = (events.clone(), cleared);
        filter.clone_into(&mut self.filter);
        let (wanted, text) = match filter.strip_prefix('!') {
            Some(rest) => (false, rest),
            None => (true, filter),
        };
        let text = text.to_lowercase();
        if !text.is_empty() {
            self.put_into_words();
        }
        let first = self.words.front().map_or(0, |(serial, _)| *serial);
        let hit = |event: &Event| {
            let at = event.serial.checked_sub(first).and_then(|at| usize::try_from(at).ok());
            at.and_then(|at| self.words.get(at)).is_some_and(|(_, words)| words.contains(&text))
        };
        let means = |event: &Event| event.serial > cleared && (text.is_empty() || hit(event) == wanted);
        self.shown = events.iter().enumerate().filter(|(_, event)| means(event)).map(|(at, _)| at).collect();
    }

    /// Builds missing texts. Serials have no gaps, so the text of an event is found by its serial.
    fn put_into_words(&mut self) {
        let oldest = self.events.first().map_or(0, |event| event.serial);
        let known = self.words.back().map_or(0, |(serial, _)| *serial);
        // Serials restart with another network.
        if self.events.last().is_none_or(|event| event.serial < known) {
            self.words.clear();
        }
        while self.words.front().is_some_and(|(serial, _)| *serial < oldest) {
            self.words.pop_front();
        }
        let known = self.words.back().map_or(0, |(serial, _)| *serial);
        for event in self.events.iter().filter(|event| event.serial > known) {
            let words = format!("{} {}", event.change.subject(), event.change.clause()).to_lowercase();
            self.words.push_back((event.serial, words));
        }
    }
}

impl Log {
    /// Whether events were cleared.
    pub fn was_cleared(&self) -> bool {
        self.cleared > 0
    }
}

impl State {
    /// Updates the index if the events or the filter changed.
    pub fn renew_log(&mut self) {
        let Log { filter, cleared, index, .. } = &mut self.views.events;
        index.renew(&self.networks.front().shown.events, filter, *cleared);
    }

    /// The shown events, newest first.
    pub fn shown_events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        let index = &self.views.events.index;
        index.shown.iter().rev().map(|at| &index.events[*at])
    }

    pub fn chosen_event(&self) -> Option<&Event> {
        self.shown_events().nth(self.chosen_row()?)
    }

    /// Index of the selected event among the shown ones.
    pub fn chosen_row(&self) -> Option<usize> {
        let index = &self.views.events.index;
        let last = index.shown.len().checked_sub(1)?;
        let Some(serial) = self.views.events.chosen else { return Some(0) };
        // If the event is hidden or gone: the one before it in time, else the oldest.
        let newer = index.shown.iter().rev().take_while(|at| index.events[**at].serial > serial).count();
        Some(newer.min(last))
    }

    /// Moves the selection by rows.
    pub fn step_events(&mut self, by: isize) {
        let Some(row) = self.chosen_row() else { return };
        let last = self.shown_events().len().saturating_sub(1);
        let row = row.saturating_add_signed(by).min(last);
        let serial = self.shown_events().nth(row).map(|event| event.serial);
        // At the top the selection follows new events.
        self.views.events.chosen = if row == 0 { None } else { serial };
    }

    /// Clears the shown events.
    pub fn clear_events(&mut self) {
        let gone = self.shown_events().count();
        self.say(format!("Cleared {}", count(gone, "event")));
        self.views.events.cleared = self.networks.front().shown.events.last().map_or(0, |event| event.serial);
        self.views.events.chosen = None;
    }

    /// Place in the tree of `change`, if it still exists.
    pub fn node_of(&self, change: &Change) -> Option<Node> {
        let catalog = &self.networks.front().shown.catalog;
        let node = match change {
            Change::MachineCame(place)
            | Change::MachineWent(place)
            | Change::MachineMoved(place, _)
            | Change::MachineReaddressed(place, _) => Node::Machine(place.app.clone(), place.id.clone()),
            Change::Disagree(app, Some(id), _) | Change::Agree(app, Some(id), _) => {
                Node::Machine(app.clone(), id.clone())
            }
            Change::AppCame(app)
            | Change::AppWent(app)
            | Change::Disagree(app, None, _)
            | Change::Agree(app, None, _) => Node::App(app.clone()),
            Change::TargetUnreachable(pinged)
            | Change::TargetReachable(pinged, _)
            | Change::RttMoved(pinged, ..) => Node::at(pinged.address, catalog)?,
            Change::PeerCame(peer) | Change::PeerWent(peer) => Node::Peer(peer.clone()),
        };
        // If a machine is gone, its app may still exist.
        let app = node.app().cloned().map(Node::App);
        [Some(node), app].into_iter().flatten().find(|node| node.exists(catalog))
    }

    /// Time of day at `at`, as `14:03:12`.
    pub fn time_of_day(&self, at: Instant) -> String {
        self.clock_at(at).map(|time| time.strftime("%H:%M:%S").to_string()).unwrap_or_default()
    }

    /// Date and time at `at`.
    pub fn clock_at(&self, at: Instant) -> Option<ZonedDateTime> {
        let (then, clock) = self.clock.as_ref()?;
        let shifted = match at.checked_duration_since(*then) {
            Some(later) => clock.checked_add(later),
            None => clock.checked_sub(then.saturating_duration_since(at)),
        };
        shifted.ok()
    }
}

/// The shown events, newest first.
fn sheet(state: &State) -> Sheet {
    let rows = state
        .shown_events()
        .map(|event| {
            let at = state.clock_at(event.at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
            let change = &event.change;
            vec![maybe(at), text(change.kind()), text(change.subject()), text(change.clause())]
        })
        .collect();
    Sheet {
        name: "events",
        columns: vec!["time", "kind", "subject", "what"],
        rows,
        chosen: state.chosen_row(),
    }
}
