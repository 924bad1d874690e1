//! What the screens show and what keys do to it: a pure state machine. No I/O, no clock, no terminal.
//!
//! [`update`] takes one message and the time, changes the [`State`], and gives the effects in order; the runtime
//! carries them out and feeds back what comes of them.

mod argument;
pub mod command;
mod copy;
mod everywhere;
pub mod export;
mod filter;
mod input;
pub mod kept;
pub mod key;
pub mod keymap;
pub mod menu;
pub mod mouse;
pub mod pick;
pub mod pinged;
pub mod request;
mod sheet;
mod subject;
pub mod table;
pub mod targets;
pub mod trail;
pub mod views;

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ZonedDateTime;
use ratatui::crossterm::event::{Event, MouseEvent};
use tui_input::Input;

use crate::attach::Identity;
use crate::catalog::Catalog;
use crate::doctor::Diagnosis;
use crate::doctor::facts::Facts;
use crate::engine::report::{self, Command, Detail, Report};
use crate::engine::targets::Names;
use crate::net::LinkState;
use crate::probe::port::PortResult;
use crate::probe::series::{Aim, Series};
use crate::probe::trace::Trace;
use crate::settings::ThemeName;
use crate::text::Safe;
use command::{Context, Row};
use export::{Save, Saved};
use keymap::Keymap;
use menu::Menu;
use mouse::{Mouse, Spot};
use pinged::Places;
use request::Request;
use targets::Wishes;
use trail::Trail;
pub use views::Tab;
use views::{News, Views};

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

/// What comes of a message: effects for the runtime, requests from one view to another.
#[derive(Debug, Default)]
pub struct Out {
    /// In order.
    pub effects: Vec<Effect>,
    /// In order.
    pub requests: VecDeque<Request>,
}

impl Out {
    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds a command to the engine.
    pub fn ask(&mut self, command: Command) {
        self.effects.push(Effect::Ask(command));
    }

    /// Adds a request.
    pub fn request(&mut self, request: Request) {
        self.requests.push_back(request);
    }
}

/// What lies over the view and takes the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The list of what keys do here.
    Help(Menu),
    /// The same by name, with what may be typed behind the name.
    Palette(Menu),
    /// The question whether a file that is there may go.
    Overwrite(Save),
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
    pub ports: Arc<Vec<PortResult>>,
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
    /// What each view keeps.
    pub views: Views,
    /// Where one has been.
    pub trail: Trail,
    /// A moment, and the time of day then: events are told by the clock.
    pub clock: Option<(Instant, ZonedDateTime)>,
    /// Rows of a page: what a list has on the whole screen.
    pub page: u16,
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
    /// The time of the last message.
    pub now: Instant,
    settings: Settings,
    asked_pings: Vec<Aim>,
    asked_names: Vec<Safe>,
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
            views: Views::default(),
            trail: Trail::default(),
            clock: None,
            page: 20,
            filter_line: None,
            overlay: None,
            toast: None,
            walking: None,
            banner_hidden: false,
            paused: false,
            wishes: Wishes::default(),
            now,
            settings,
            asked_pings: Vec::new(),
            asked_names: Vec::new(),
        }
    }

    /// The view in front.
    pub fn front(&self) -> &'static dyn views::View {
        self.tab.view()
    }

    /// Brings a view to the front.
    pub fn go(&mut self, tab: Tab, out: &mut Out) {
        self.tab = tab;
        self.front().enter(self, out);
    }

    /// Closes what lies over the view, or goes one step back in it, or from it to the first view.
    pub fn back(&mut self) {
        if self.overlay.take().is_none() && !self.front().back(self) {
            self.tab = Tab::ALL[0];
        }
    }

    /// Runs a command, or says why that is not possible now.
    pub fn attempt(&mut self, row: &Row, told: Option<&str>, out: &mut Out) {
        match (row.enabled)(self) {
            Ok(()) => (row.run)(self, told, out),
            Err(reason) => self.say(self.keyed(reason)),
        }
    }

    /// Freezes the screen, or shows what came since.
    fn freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            None => Some((self.now, self.view.clone())),
            Some((_, later)) => {
                let before = std::mem::replace(&mut self.view, later);
                self.news(News::Catalog(&before.catalog));
                None
            }
        };
    }

    fn news(&mut self, news: News<'_>) {
        Tab::ALL.into_iter().for_each(|tab| tab.view().news(self, news));
    }

    /// Who takes the keys.
    pub fn context(&self) -> Context {
        match &self.overlay {
            Some(Overlay::Help(_)) => Context::HELP,
            Some(Overlay::Palette(_)) => Context::PALETTE,
            Some(Overlay::Overwrite(_)) => Context::CONFIRM,
            None => self.place(),
        }
    }

    /// Who takes the keys where nothing lies over the view.
    pub fn place(&self) -> Context {
        match &self.filter_line {
            Some(_) => Context::FILTER,
            None => self.front().context(self),
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
        let views = Tab::ALL.into_iter().filter_map(|tab| tab.view().next_tick(self));
        ages.chain(toast).chain(views).min()
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
    let mut out = Out::default();
    match message {
        Message::Input(event) => input::input(state, &event, &mut out),
        Message::Mouse(event, spot) if state.mouse.on => mouse::mouse(state, event, spot, &mut out),
        Message::Mouse(..) => {}
        Message::Report(report) => take(state, report),
        Message::Saved(save, came) => export::saved(state, save, came),
        Message::Tick => Tab::ALL.into_iter().for_each(|tab| tab.view().tick(state, &mut out)),
    }
    finish(state, out)
}

/// Does what was requested, and asks for what the new state needs.
fn finish(state: &mut State, mut out: Out) -> Vec<Effect> {
    while let Some(request) = out.requests.pop_front() {
        if !matches!(request, Request::Return(_)) {
            state.leave_place();
        }
        let taken = Tab::ALL.into_iter().find(|tab| tab.view().take(state, &request, &mut out));
        state.tab = taken.unwrap_or(state.tab);
    }
    follow(state, &mut out);
    out.effects
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
                state.news(News::Catalog(&before));
            }
        }
        Report::Detail(detail) => view.detail = Some(detail),
        Report::Events(events) => view.events = events,
        Report::Ports(ports) => view.ports = ports,
        Report::Trace(trace) => view.trace = Some(trace),
        Report::Names(names) => view.names = names,
        Report::Digs(log) => state.news(News::Digs(&log)),
        Report::Diagnosis(diagnosis) => view.diagnosis = Some(diagnosis),
        Report::Pings(pings) => {
            view.places.renew(&view.pings, &pings);
            view.pings = pings;
            if !frozen {
                state.news(News::Pings);
            }
        }
    }
}

/// Asks for what the new state needs: what the views need, and the pings.
fn follow(state: &mut State, out: &mut Out) {
    Tab::ALL.into_iter().for_each(|tab| tab.view().follow(state, out));
    let names = state.wishes.names();
    if names != state.asked_names {
        state.asked_names.clone_from(&names);
        out.ask(Command::Follow(names));
    }
    if let Some(aims) = targets::follow(state)
        && aims != state.asked_pings
    {
        state.asked_pings.clone_from(&aims);
        out.ask(Command::Ping(aims));
    }
}

#[cfg(test)]
mod copy_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
pub(crate) mod tests;
