//! What the screens show and what keys do to it: a pure state machine. No I/O, no clock, no terminal.
//!
//! [`update`] takes one message and the time, changes the [`State`], and gives the effects in order; the runtime
//! carries them out and feeds back what comes of them.

pub mod act;
mod argument;
mod copy;
pub mod dig;
pub mod events;
pub mod export;
mod input;
pub mod kept;
pub mod keys;
mod marked;
pub mod matrix;
pub mod menu;
pub mod mouse;
pub mod pick;
pub mod ping;
pub mod pinged;
mod sheet;
mod shown;
pub mod targets;
pub mod trail;
mod travel;
pub mod tree;

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ZonedDateTime;
use ratatui::crossterm::event::{Event, MouseEvent};
use tui_input::Input;

use crate::attach::Identity;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::doctor::facts::Facts;
use crate::doctor::{Diagnosis, Subject};
use crate::engine::report::{self, Command, Detail, Report};
use crate::engine::targets::Names;
use crate::net::LinkState;
use crate::probe::port::Knocked;
use crate::probe::series::{Aim, Series, Target};
use crate::probe::trace::Trace;
use crate::settings::ThemeName;
use crate::text::Safe;
use dig::Dig;
use events::Log;
use export::{Save, Saved};
use keys::{Context, Keymap};
use menu::Overlay;
use mouse::{Mouse, Spot};
use ping::{Lower, Pings};
use pinged::Places;
use shown::shown_apps;
use targets::Wishes;
use trail::Trail;
use tree::Tree;

/// How long a row that is gone stays, and a new one is marked.
pub const LINGER: Duration = Duration::from_secs(10);
/// How long a message stays in the last row.
const TOAST: Duration = Duration::from_secs(3);

/// What happens to a state.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key, a paste, a new size.
    Input(Event),
    /// The mouse, and what is under it.
    Mouse(MouseEvent, Option<Spot>),
    /// News from the engine.
    Report(Report),
    /// What came of an [`Effect::Save`].
    Saved(Save, Saved),
    /// Time passed.
    Tick,
}

/// What the runtime has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell the engine.
    Ask(Command),
    /// Look round on this machine, add what is seen to these facts, and let the engine find out what is wrong.
    Examine(Box<Facts>),
    /// Put this into the user's clipboard. It is fit to show.
    Copy(String),
    /// Write this file, and tell what came of it by [`Message::Saved`].
    Save(Save),
    /// Show this on the normal screen, for selecting, until a key is pressed.
    Plain(String),
    /// Stop the process until the shell continues it.
    Suspend,
    /// Keep this line of the Dig view for the next run.
    Remember(String),
    /// Read the conf again, and attach anew where it has changed.
    Reload,
    /// Paint everything anew.
    Repaint,
    /// End.
    Quit,
}

/// What can be set from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the gateway and the selected region are pinged by themselves.
    pub auto_ping: bool,
    /// The TCP ports that are tried.
    pub ports: Arc<[u16]>,
    /// The colours to begin with.
    pub theme: ThemeName,
    /// Whether the mouse is listened to from the start.
    pub mouse: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_ping: true,
            ports: Arc::from(crate::settings::USUAL_PORTS),
            theme: ThemeName::default(),
            mouse: true,
        }
    }
}

/// Settings that are chosen on the screen; a flag, the environment and the file are stronger in the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chosen {
    /// The colours.
    pub theme: Option<ThemeName>,
    /// Whether the mouse is listened to.
    pub mouse: Option<bool>,
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
    /// What failed in the last walk that ended, as [`Catalog::walk`] tells it.
    pub problems: Vec<String>,
    /// What is told about the selected node.
    pub detail: Option<Arc<Detail>>,
    /// The pings.
    pub pings: Arc<Vec<Series>>,
    /// Where among them an address is.
    pub places: Places,
    /// The trace.
    pub trace: Option<Arc<Trace>>,
    /// The ports that were tried.
    pub ports: Arc<Vec<Knocked>>,
    /// The addresses of the names that are pinged.
    pub names: Arc<Names>,
    /// What has changed, oldest first.
    pub events: Arc<Vec<report::Event>>,
    /// What the doctor found.
    pub diagnosis: Option<Arc<Diagnosis>>,
}

impl View {
    /// The series of a target at `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.places.find(&self.pings, address)
    }
}

/// Everything that the screen is made of.
#[derive(Debug, Clone)]
pub struct State {
    /// The conf.
    pub profile: Arc<Identity>,
    /// The keys that hold.
    pub keymap: Keymap,
    /// The colours.
    pub theme: ThemeName,
    /// What the user chose on the screen, for the next run.
    pub chosen: Chosen,
    /// The mouse.
    pub mouse: Mouse,
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
    /// Where one has been.
    pub trail: Trail,
    /// The Ping view.
    pub ping: Pings,
    /// The check that the user selected in the Doctor view; `None` follows the verdict.
    pub check: Option<usize>,
    /// Rows that the selected check's whole story is scrolled by, while it has the view.
    pub story: Option<u16>,
    /// What the doctor is asked about.
    pub subject: Subject,
    /// A moment, and the time of day then: events are told by the clock.
    pub clock: Option<(Instant, ZonedDateTime)>,
    /// The tree.
    pub tree: Tree,
    /// The focused pane.
    pub focus: Pane,
    /// Whether the focused pane has the whole screen.
    pub zoom: bool,
    /// Rows of a page: what a list has on the whole screen.
    pub page: u16,
    /// Columns that the tree gains (or loses) against the layout's own split.
    pub split: i16,
    /// The line in which the filter is edited, while it is.
    pub filter_line: Option<Input>,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// The last message.
    pub toast: Option<Toast>,
    /// Since when a walk is under way.
    pub walking: Option<Instant>,
    /// Whether the banner of a link that is down, or of a walk that failed in part, is hidden.
    pub banner_hidden: bool,
    /// Whether probes are paused.
    pub paused: bool,
    /// Whom the user wants pinged.
    pub wishes: Wishes,
    /// Rows that the detail pane is scrolled by.
    pub scroll: u16,
    /// The time of the last message.
    pub now: Instant,
    settings: Settings,
    asked_pings: Vec<Aim>,
    asked_names: Vec<Safe>,
    told_shown: Vec<Safe>,
    /// Whom the engine was told to trace, and not yet to stop.
    told_trace: Option<Target>,
    inspected: Option<Node>,
}

impl State {
    /// The state before anything has happened.
    pub fn new(profile: Arc<Identity>, settings: Settings, now: Instant) -> Self {
        Self {
            profile,
            keymap: Keymap::default(),
            theme: settings.theme,
            chosen: Chosen::default(),
            mouse: Mouse { on: settings.mouse, ..Mouse::default() },
            view: View::default(),
            frozen: None,
            tab: Tab::Explore,
            log: Log::default(),
            dig: Dig::default(),
            trail: Trail::default(),
            ping: Pings::default(),
            check: None,
            story: None,
            subject: Subject::default(),
            clock: None,
            tree: Tree::default(),
            focus: Pane::Tree,
            zoom: false,
            page: 20,
            split: 0,
            filter_line: None,
            overlay: None,
            toast: None,
            walking: None,
            banner_hidden: false,
            paused: false,
            wishes: Wishes::default(),
            scroll: 0,
            now,
            settings,
            asked_pings: Vec::new(),
            asked_names: Vec::new(),
            told_shown: Vec::new(),
            told_trace: None,
            inspected: None,
        }
    }

    /// Who takes the keys.
    pub fn context(&self) -> Context {
        match &self.overlay {
            Some(Overlay::Help(_)) => Context::Help,
            Some(Overlay::Palette(_)) => Context::Palette,
            Some(Overlay::Overwrite(_)) => Context::Confirm,
            None => self.place(),
        }
    }

    /// Who takes the keys where nothing lies over the view.
    pub fn place(&self) -> Context {
        match &self.filter_line {
            Some(_) => Context::Filter,
            None if self.tab == Tab::Dig => self.dig.context(),
            None => Context::of(self.tab),
        }
    }

    /// Whether the link is up.
    pub fn is_up(&self) -> bool {
        self.view.link.as_ref().is_some_and(|link| link.is_up())
    }

    /// The series of a target at `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.view.series(address)
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
        ages.chain(toast).chain(self.tree.next_change(self.now)).chain(self.dig.next_due()).min()
    }

    /// The selected check of the diagnosis.
    pub fn chosen_check(&self) -> Option<usize> {
        let diagnosis = self.view.diagnosis.as_ref()?;
        let last = diagnosis.findings.len().checked_sub(1)?;
        Some(self.check.or(diagnosis.cause).unwrap_or(0).min(last))
    }

    /// `text` with the keys that hold here in the place of the actions' names in braces.
    pub fn keyed(&self, text: &str) -> String {
        self.keymap.tell(self.place(), text, true)
    }

    /// Takes how many rows the screen has; those round a list are the same in every view.
    pub fn rows(&mut self, rows: u16) {
        self.page = rows.saturating_sub(5).max(2);
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
        Message::Input(event) => input::input(state, &event, &mut effects),
        Message::Mouse(event, spot) if state.mouse.on => mouse::mouse(state, event, spot, &mut effects),
        Message::Mouse(..) => {}
        Message::Report(report) => take(state, report),
        Message::Saved(save, came) => export::saved(state, save, came),
        Message::Tick => {
            let View { catalog, pings, .. } = &state.view;
            state.tree.expire(catalog, pings, now);
            state.tick_digs(&mut effects);
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
            // A link that comes up is told of again when it falls.
            if link.is_up() && !view.link.as_ref().is_some_and(|before| before.is_up()) {
                state.banner_hidden = false;
            }
            view.link = Some(link);
        }
        Report::Catalog(catalog) => {
            state.walking = catalog.walk.running.then(|| state.walking.unwrap_or(now));
            // A walk under way has no problems yet: those of the one before stand until it ends.
            if !catalog.walk.running {
                view.problems.clone_from(&catalog.walk.problems);
                state.banner_hidden &= !view.problems.is_empty();
            }
            let before = std::mem::replace(&mut view.catalog, catalog);
            if !frozen {
                state.tree.renew(&before, &state.view.catalog, &state.view.pings, now);
            }
        }
        Report::Detail(detail) => view.detail = Some(detail),
        Report::Events(events) => view.events = events,
        Report::Ports(ports) => view.ports = ports,
        Report::Trace(trace) => view.trace = Some(trace),
        Report::Names(names) => view.names = names,
        Report::Digs(log) => state.dig.take(&log),
        Report::Diagnosis(diagnosis) => view.diagnosis = Some(diagnosis),
        Report::Pings(pings) => {
            view.places.renew(&view.pings, &pings);
            view.pings = pings;
            if !frozen && state.tree.needs_pings() {
                state.tree.rebuild(&state.view.catalog, &state.view.pings);
            }
        }
    }
}

/// Asks for what the new state needs: the details of the selected row, the pings that go with it.
fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    state.renew_log();
    let selected = state.tree.selected().cloned();
    if selected != state.inspected {
        state.inspected.clone_from(&selected);
        state.scroll = 0;
        if let Some(node) = selected {
            effects.push(Effect::Ask(Command::Inspect(node)));
        }
    }
    let names = state.wishes.names();
    if names != state.asked_names {
        state.asked_names.clone_from(&names);
        effects.push(Effect::Ask(Command::Follow(names)));
    }
    if let Some(aims) = targets::follow(state)
        && aims != state.asked_pings
    {
        state.asked_pings.clone_from(&aims);
        effects.push(Effect::Ask(Command::Ping(aims)));
    }
    let shown = shown_apps(state);
    if shown != state.told_shown {
        state.told_shown.clone_from(&shown);
        effects.push(Effect::Ask(Command::Show(shown)));
    }
    // Whatever took the place of a trace: nobody looks at it, so nothing is sent for it.
    if state.ping.lower != Lower::Trace && state.told_trace.take().is_some() {
        effects.push(Effect::Ask(Command::Trace(None)));
    }
}

#[cfg(test)]
mod copy_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
pub(crate) mod tests;
