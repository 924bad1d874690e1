//! What the screens show and what keys do to it: a pure state machine. No I/O, no clock, no terminal.
//!
//! [`update`] takes one message and the time, changes the [`State`], and gives the effects in order; the runtime
//! carries them out and feeds back what comes of them.

pub mod dig;
pub mod events;
pub mod keys;
pub mod pick;
pub mod ping;
pub mod targets;
pub mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ZonedDateTime;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::catalog::Catalog;
use crate::doctor::facts::Facts;
use crate::doctor::{Diagnosis, Subject};
use crate::engine::report::{self, Command, Detail, Node, Report, Series, Target};
use crate::net::LinkState;
use crate::profile::Profile;
use dig::Dig;
use events::Log;
use keys::{Action, Context};
use ping::Pings;
use targets::{toggle_pings, wanted_pings};
use tree::{Sort, Tree};

/// How long a row that is gone stays, and a new one is marked.
pub const LINGER: Duration = Duration::from_secs(10);
/// How long a message stays in the last row.
const TOAST: Duration = Duration::from_secs(3);

/// What happens to a state.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key, a paste, a new size.
    Input(Event),
    /// News from the engine.
    Report(Report),
    /// Time passed.
    Tick,
}

/// What the runtime has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell the engine.
    Ask(Command),
    /// Put this into the user's clipboard. It is fit to show.
    Copy(String),
    /// Stop the process until the shell continues it.
    Suspend,
    /// Read the conf again, and attach anew where it has changed.
    Reload,
    /// Paint everything anew.
    Repaint,
    /// End.
    Quit,
}

/// What can be set from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether the gateway and the selected region are pinged by themselves.
    pub auto_ping: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { auto_ping: true }
    }
}

/// A view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The tree.
    Explore,
    /// Questions and answers.
    Dig,
    /// Round trips.
    Ping,
    /// What is wrong.
    Doctor,
    /// What has changed.
    Events,
}

impl Tab {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 5] = [Self::Explore, Self::Dig, Self::Ping, Self::Doctor, Self::Events];

    /// Its key and its name.
    pub fn title(self) -> (char, &'static str) {
        match self {
            Self::Explore => ('1', "Explore"),
            Self::Dig => ('2', "Dig"),
            Self::Ping => ('3', "Ping"),
            Self::Doctor => ('4', "Doctor"),
            Self::Events => ('5', "Events"),
        }
    }
}

/// A pane of the Explore view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The tree.
    Tree,
    /// What is told about the selected row, and the pings.
    Detail,
}

/// What lies over the view and takes the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The list of what keys do here; typing filters it.
    Help {
        /// What was typed.
        input: Input,
        /// The chosen line.
        chosen: usize,
    },
}

/// The last message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// A sentence fit to show.
    pub text: String,
    /// When it was said.
    pub at: Instant,
}

/// What is shown of the network.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The link.
    pub link: Option<Arc<LinkState>>,
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// What is told about the selected node.
    pub detail: Option<Arc<Detail>>,
    /// The pings.
    pub pings: Arc<Vec<Series>>,
    /// What has changed, oldest first.
    pub events: Arc<Vec<report::Event>>,
    /// What the doctor found.
    pub diagnosis: Option<Arc<Diagnosis>>,
}

/// Everything that the screen is made of.
#[derive(Debug, Clone)]
pub struct State {
    /// The conf.
    pub profile: Arc<Profile>,
    /// What is shown.
    pub view: View,
    /// The news that came while the screen is frozen, and since when it is.
    pub frozen: Option<(Instant, View)>,
    /// The view.
    pub tab: Tab,
    /// The events of the Events view.
    pub log: Log,
    /// The Dig view.
    pub dig: Dig,
    /// The Ping view.
    pub ping: Pings,
    /// The check that the user selected in the Doctor view; `None` follows the verdict.
    pub check: Option<usize>,
    /// A moment, and the time of day then: events are told by the clock.
    pub clock: Option<(Instant, ZonedDateTime)>,
    /// The tree.
    pub tree: Tree,
    /// The focused pane.
    pub focus: Pane,
    /// Whether the focused pane has the whole screen.
    pub zoom: bool,
    /// Columns that the tree gains (or loses) against the layout's own split.
    pub split: i16,
    /// The line in which the filter is edited, while it is.
    pub filter_line: Option<Input>,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// The last message.
    pub toast: Option<Toast>,
    /// Whether the banner of a link that is down is hidden.
    pub banner_hidden: bool,
    /// Whether probes are paused.
    pub paused: bool,
    /// Pinged because the user said so.
    pub pinned: BTreeSet<Target>,
    /// Rows that the detail pane is scrolled by.
    pub scroll: u16,
    /// The time of the last message.
    pub now: Instant,
    settings: Settings,
    asked_pings: Vec<Target>,
    inspected: Option<Node>,
}

impl State {
    /// The state before anything has happened.
    pub fn new(profile: Arc<Profile>, settings: Settings, now: Instant) -> Self {
        Self {
            profile,
            view: View::default(),
            frozen: None,
            tab: Tab::Explore,
            log: Log::default(),
            dig: Dig::default(),
            ping: Pings::default(),
            check: None,
            clock: None,
            tree: Tree::default(),
            focus: Pane::Tree,
            zoom: false,
            split: 0,
            filter_line: None,
            overlay: None,
            toast: None,
            banner_hidden: false,
            paused: false,
            pinned: BTreeSet::new(),
            scroll: 0,
            now,
            settings,
            asked_pings: Vec::new(),
            inspected: None,
        }
    }

    /// Who takes the keys.
    pub fn context(&self) -> Context {
        match (&self.overlay, &self.filter_line) {
            (Some(Overlay::Help { .. }), _) => Context::Help,
            (None, Some(_)) => Context::Filter,
            (None, None) if self.tab == Tab::Dig && self.dig.editing => Context::DigLine,
            (None, None) => Context::of(self.tab),
        }
    }

    /// Whether the link is up.
    pub fn is_up(&self) -> bool {
        self.view.link.as_ref().is_some_and(|link| link.is_up())
    }

    /// The series of a target at `address`.
    pub fn series(&self, address: std::net::Ipv6Addr) -> Option<&Series> {
        self.view.pings.iter().find(|series| series.target.address == address)
    }

    /// The message in the last row, while it stays.
    pub fn toast(&self) -> Option<&str> {
        self.toast.as_ref().filter(|t| self.now < t.at + TOAST).map(|t| t.text.as_str())
    }

    /// When the screen changes though nothing happens: an age that is shown grows, a mark or a message ends.
    pub fn next_tick(&self) -> Option<Instant> {
        let link = self.view.link.as_ref();
        let ages = [
            self.view.catalog.walk.finished,
            link.and_then(|link| link.last_handshake.filter(|_| link.is_up())),
            link.filter(|link| link.is_up()).map(|link| link.since),
            self.frozen.as_ref().map(|(since, _)| *since),
        ];
        let ages = ages
            .into_iter()
            .flatten()
            .map(|since| since + crate::text::next_age(self.now.saturating_duration_since(since)));
        // How long one waits for a link is told to the second.
        let wait = link.filter(|link| !link.is_up()).map(|link| {
            let waited = self.now.saturating_duration_since(link.since);
            link.since + Duration::from_secs(waited.as_secs() + 1)
        });
        let ages = ages.chain(wait);
        let toast = self.toast.as_ref().map(|t| t.at + TOAST).filter(|end| *end > self.now);
        ages.chain(toast).chain(self.tree.next_change(self.now)).min()
    }

    /// The selected check of the diagnosis.
    pub fn chosen_check(&self) -> Option<usize> {
        let diagnosis = self.view.diagnosis.as_ref()?;
        let last = diagnosis.findings.len().checked_sub(1)?;
        Some(self.check.or(diagnosis.cause).unwrap_or(0).min(last))
    }

    /// Tells the user something.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast { text: text.into(), at: self.now });
    }
}

/// Takes one message at `now`.
pub fn update(state: &mut State, message: Message, now: Instant) -> Vec<Effect> {
    state.now = now;
    let mut effects = Vec::new();
    match message {
        Message::Input(event) => input(state, &event, &mut effects),
        Message::Report(report) => take(state, report),
        Message::Tick => {
            let View { catalog, pings, .. } = &state.view;
            state.tree.expire(catalog, pings, now);
        }
    }
    follow(state, &mut effects);
    effects
}

fn take(state: &mut State, report: Report) {
    let now = state.now;
    let frozen = state.frozen.is_some();
    let view = match &mut state.frozen {
        Some((_, later)) => later,
        None => &mut state.view,
    };
    match report {
        Report::Link(link) => {
            if link.is_up() {
                state.banner_hidden = false;
            }
            view.link = Some(link);
        }
        Report::Catalog(catalog) => {
            let before = std::mem::replace(&mut view.catalog, catalog);
            if !frozen {
                state.tree.renew(&before, &state.view.catalog, &state.view.pings, now);
            }
        }
        Report::Detail(detail) => view.detail = Some(detail),
        Report::Events(events) => view.events = events,
        // Nothing on the screens asks for ports.
        Report::Ports(_) => {}
        Report::Digs(log) => state.dig.take(&log),
        Report::Diagnosis(diagnosis) => view.diagnosis = Some(diagnosis),
        Report::Pings(pings) => {
            view.pings = pings;
            if !frozen && state.tree.sort() == Sort::Rtt {
                state.tree.rebuild(&state.view.catalog, &state.view.pings);
            }
        }
    }
}

/// Asks for what the new state needs: the details of the selected row, the pings that go with it.
fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let selected = state.tree.selected().cloned();
    if selected != state.inspected {
        state.inspected.clone_from(&selected);
        state.scroll = 0;
        if let Some(node) = selected {
            effects.push(Effect::Ask(Command::Inspect(node)));
        }
    }
    let wanted = wanted_pings(state);
    if wanted != state.asked_pings {
        state.asked_pings.clone_from(&wanted);
        effects.push(Effect::Ask(Command::Ping(wanted)));
    }
}

fn input(state: &mut State, event: &Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(state, *key, effects),
        // A paste is text: it goes into a line that is being edited, and is nothing elsewhere.
        Event::Paste(text) => {
            let line = match (&mut state.overlay, &mut state.filter_line) {
                (Some(Overlay::Help { input, .. }), _) => Some(input),
                (None, Some(line)) => Some(line),
                (None, None) if state.tab == Tab::Dig && state.dig.editing => Some(&mut state.dig.input),
                (None, None) => None,
            };
            if let Some(line) = line {
                let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
                *line = Input::new(format!("{}{clean}", line.value()));
                edited(state);
            }
        }
        _ => {}
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let context = state.context();
    if let Some(action) = keys::action(context, key) {
        match keys::enabled(state, action) {
            Ok(()) => act(state, action, effects),
            Err(reason) => state.say(reason),
        }
        return;
    }
    let typed = !key.modifiers.intersects(KeyModifiers::ALT) || key.code == KeyCode::Backspace;
    let line = match (&mut state.overlay, &mut state.filter_line) {
        (Some(Overlay::Help { input, .. }), _) => Some(input),
        (None, Some(line)) => Some(line),
        (None, None) if context == Context::DigLine => Some(&mut state.dig.input),
        (None, None) => None,
    };
    if let (Some(line), true) = (line, typed) {
        line.handle_event(&Event::Key(key));
        edited(state);
    }
}

/// A line was edited: what it filters follows.
fn edited(state: &mut State) {
    if let Some(Overlay::Help { chosen, .. }) = &mut state.overlay {
        *chosen = 0;
    } else if state.tab == Tab::Dig && state.dig.editing {
        state.dig.edited(&state.view.catalog);
    } else if let Some(line) = &state.filter_line {
        let text = line.value().to_owned();
        if state.tab == Tab::Events {
            state.log.filter = text;
            return;
        }
        state.tree.set_filter(&text, &state.view.catalog, &state.view.pings);
    }
}

/// Does what an action says. It is enabled.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let View { catalog, pings, .. } = &state.view;
    let tree = &mut state.tree;
    match action {
        Action::ToExplore => go(state, Tab::Explore, effects),
        Action::ToDoctor => go(state, Tab::Doctor, effects),
        Action::ToEvents => go(state, Tab::Events, effects),
        Action::ToDig => go(state, Tab::Dig, effects),
        Action::ToPing => go(state, Tab::Ping, effects),
        Action::RevealTarget => state.act_in_ping(action, effects),
        Action::Sort | Action::Reverse if state.tab == Tab::Ping => state.act_in_ping(action, effects),
        Action::DigThis
        | Action::EditLine
        | Action::NewLine
        | Action::SendLine
        | Action::LeaveLine
        | Action::Complete
        | Action::LineDown
        | Action::LineUp
        | Action::NextFace
        | Action::PreviousFace
        | Action::OlderEntry
        | Action::NewerEntry
        | Action::Forget => state.act_in_dig(action, effects),
        Action::Reveal => state.reveal_event(),
        Action::ClearEvents => state.clear_events(),
        Action::Down | Action::Up | Action::PageDown | Action::PageUp | Action::First | Action::Last => {
            travel(state, action);
        }
        Action::Open => tree.open(catalog, pings),
        Action::Close => tree.close(catalog, pings),
        Action::Expand => tree.fold(Some(true), catalog, pings),
        Action::Collapse => tree.fold(Some(false), catalog, pings),
        Action::ExpandAll => tree.fold_all(catalog, pings),
        Action::Filter => {
            let filter = if state.tab == Tab::Events { &state.log.filter } else { tree.filter() };
            state.filter_line = Some(Input::new(filter.to_owned()));
            state.focus = Pane::Tree;
        }
        Action::KeepFilter => state.filter_line = None,
        Action::NextMatch => tree.step(1),
        Action::PreviousMatch => tree.step(-1),
        Action::Sort => {
            tree.next_sort(catalog, pings);
            let text = format!("sorted by {}", tree.sort().as_str());
            state.say(text);
        }
        Action::Reverse => tree.reverse(catalog, pings),
        Action::Refresh if state.tab == Tab::Doctor => diagnose(state, effects),
        Action::Refresh => {
            effects.push(Effect::Ask(Command::Refresh));
            state.say("asking for everything again");
        }
        Action::RefreshAll => {
            effects.push(Effect::Ask(Command::Refresh));
            effects.push(Effect::Reload);
            state.say("asking for everything again");
        }
        Action::Rehandshake => {
            effects.push(Effect::Ask(Command::Rehandshake));
            state.say("shaking hands anew");
        }
        Action::Ping => toggle_pings(state, false),
        Action::PingBelow => toggle_pings(state, true),
        Action::Pause => {
            state.paused = !state.paused;
            state.say(if state.paused { "probes are paused" } else { "probes go on" });
        }
        Action::Copy => {
            if let Some((what, text)) = copy_text(state) {
                effects.push(Effect::Copy(text.clone()));
                state.say(format!("copied the {what} {text}"));
            }
        }
        Action::NextPane => {
            state.focus = if state.focus == Pane::Tree { Pane::Detail } else { Pane::Tree };
        }
        Action::Zoom => state.zoom = !state.zoom,
        Action::Narrower => state.split = (state.split - 2).max(-20),
        Action::Wider => state.split = (state.split + 2).min(40),
        Action::Freeze => freeze(state),
        Action::LastMessage => {
            if state.is_up() {
                if let Some(toast) = &mut state.toast {
                    toast.at = state.now;
                }
            } else {
                state.banner_hidden = !state.banner_hidden;
            }
        }
        Action::Help => state.overlay = Some(Overlay::Help { input: Input::default(), chosen: 0 }),
        Action::HelpDown | Action::HelpUp => help_step(state, action),
        Action::HelpDo => help_do(state, effects),
        Action::Back => back(state),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Repaint => effects.push(Effect::Repaint),
        Action::Quit => effects.push(Effect::Quit),
    }
}

/// Freezes the screen, or shows what came since.
fn freeze(state: &mut State) {
    state.frozen = match state.frozen.take() {
        None => Some((state.now, state.view.clone())),
        Some((_, later)) => {
            let before = std::mem::replace(&mut state.view, later);
            state.tree.renew(&before.catalog, &state.view.catalog, &state.view.pings, state.now);
            None
        }
    };
}

fn travel(state: &mut State, action: Action) {
    let by: isize = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => 10,
        Action::PageUp => -10,
        Action::First => isize::MIN / 2,
        _ => isize::MAX / 2,
    };
    match state.tab {
        Tab::Events => return state.step_events(by),
        Tab::Ping => return state.step_pings(by),
        Tab::Dig => {
            state.dig.scroll = state.dig.scroll.saturating_add_signed(by).min(5000);
            return;
        }
        Tab::Doctor => {
            let last = state.view.diagnosis.as_ref().map_or(0, |d| d.findings.len().saturating_sub(1));
            state.check = state.chosen_check().map(|check| check.saturating_add_signed(by).min(last));
            return;
        }
        Tab::Explore => {}
    }
    match state.focus {
        Pane::Tree => state.tree.step(by),
        Pane::Detail => {
            let rows = i64::from(state.scroll).saturating_add(by as i64);
            state.scroll = rows.clamp(0, 500) as u16;
        }
    }
}

/// Shows a view.
fn go(state: &mut State, tab: Tab, effects: &mut Vec<Effect>) {
    state.tab = tab;
    if tab == Tab::Dig && state.dig.entries.is_empty() {
        state.dig.edit("");
    }
    if tab == Tab::Doctor && state.view.diagnosis.is_none() {
        diagnose(state, effects);
    }
}

/// Starts a diagnosis of the network.
fn diagnose(state: &mut State, effects: &mut Vec<Effect>) {
    state.check = None;
    let facts = Facts::before(&state.profile, Subject::default());
    effects.push(Effect::Ask(Command::Diagnose(Box::new(facts))));
}

fn help_step(state: &mut State, action: Action) {
    let tab = state.tab;
    if let Some(Overlay::Help { input, chosen }) = &mut state.overlay {
        let last = keys::listed(Context::of(tab), input.value()).count().saturating_sub(1);
        *chosen = if action == Action::HelpDown { (*chosen + 1).min(last) } else { chosen.saturating_sub(1) };
    }
}

fn help_do(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Help { input, chosen }) = state.overlay.take() else { return };
    let action =
        keys::listed(Context::of(state.tab), input.value()).nth(chosen).map(|binding| binding.action);
    if let Some(action) = action {
        match keys::enabled(state, action) {
            Ok(()) => act(state, action, effects),
            Err(reason) => state.say(reason),
        }
    }
}

/// One step back: close what lies above, leave the line, clear the filter, unzoom, thaw, go to the parent.
fn back(state: &mut State) {
    if state.overlay.take().is_some() {
        return;
    }
    let View { catalog, pings, .. } = &state.view;
    if matches!(state.tab, Tab::Doctor | Tab::Dig | Tab::Ping) {
        state.tab = Tab::Explore;
    } else if state.tab == Tab::Events {
        state.filter_line = None;
        if std::mem::take(&mut state.log.filter).is_empty() {
            state.tab = Tab::Explore;
        }
    } else if state.filter_line.take().is_some() || !state.tree.filter().is_empty() {
        state.tree.set_filter("", catalog, pings);
    } else if state.zoom {
        state.zoom = false;
    } else if state.focus == Pane::Detail {
        state.focus = Pane::Tree;
    } else {
        state.tree.to_parent();
    }
}

/// What `y` copies: the address where there is one, else the name.
fn copy_text(state: &State) -> Option<(&'static str, String)> {
    if state.tab == Tab::Dig {
        let entry = state.dig.entry()?;
        return Some(("command", format!("sixpane dig {}", entry.text)));
    }
    if state.tab == Tab::Doctor {
        let finding = state.view.diagnosis.as_ref()?.findings.get(state.chosen_check()?)?;
        let remedy = finding.remedy.first().unwrap_or(&finding.title);
        return Some(("suggestion:", remedy.clone()));
    }
    if state.tab == Tab::Ping {
        let rows = state.ping_rows();
        let address = rows.get(state.chosen_ping(&rows))?.target.address;
        return Some(("address", address.to_string()));
    }
    if state.tab == Tab::Events {
        let change = &state.chosen_event()?.change;
        return Some(("event:", format!("{} {}", change.subject(), change.clause())));
    }
    let catalog = &state.view.catalog;
    let node = state.tree.selected()?;
    Some(match node {
        Node::Machine(app, id) => match catalog.machine(app, id).and_then(|m| m.address) {
            Some(address) => ("address", address.to_string()),
            None => ("machine ID", id.to_string()),
        },
        Node::Peer(peer) => match catalog.peers.get(peer).and_then(|p| p.address) {
            Some(address) => ("address", address.to_string()),
            None => ("name", peer.to_string()),
        },
        Node::App(app) | Node::Region(app, None) => ("name", format!("{app}.internal")),
        Node::Region(app, Some(region)) => ("name", format!("{region}.{app}.internal")),
        Node::Peers => ("name", "_peer.internal".into()),
    })
}

#[cfg(test)]
pub(crate) mod tests;
