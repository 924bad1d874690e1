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
pub mod network;
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
use crate::doctor::facts::Facts;
use crate::engine::report::{Command, Report};
use crate::probe::series::Series;
use crate::settings::ThemeName;
use command::{Context, Row};
use export::{Save, Saved};
use keymap::Keymap;
use menu::Menu;
use mouse::{Mouse, Spot};
use network::{NetworkId, Networks};
use request::Request;
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
    Report(NetworkId, Report),
    /// What came of an [`Effect::Save`].
    Saved(Save, Saved),
    /// Time passed.
    Tick,
}

/// What the runtime has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell the engine.
    Ask(NetworkId, Command),
    /// Look round on this machine, add what is seen to these facts, and let the engine find out what is wrong.
    Examine(NetworkId, Box<Facts>),
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
    Reload(NetworkId),
    /// Paint everything anew.
    Repaint,
    /// End.
    Quit,
}

/// What comes of a message: effects for the runtime, requests from one view to another.
#[derive(Debug)]
pub struct Out {
    /// The network in front.
    network: NetworkId,
    /// In order.
    pub effects: Vec<Effect>,
    /// In order.
    pub requests: VecDeque<Request>,
}

impl Out {
    /// Nothing so far; `network` is the one in front.
    pub fn new(network: NetworkId) -> Self {
        Self { network, effects: Vec::new(), requests: VecDeque::new() }
    }

    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds a command to the engine.
    pub fn ask(&mut self, command: Command) {
        self.effects.push(Effect::Ask(self.network, command));
    }

    /// Asks for the causes of what is wrong, from these facts on.
    pub fn examine(&mut self, facts: Facts) {
        self.effects.push(Effect::Examine(self.network, Box::new(facts)));
    }

    /// Reads the network's source again.
    pub fn reload(&mut self) {
        self.effects.push(Effect::Reload(self.network));
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

/// Everything that the screen is made of.
#[derive(Debug, Clone)]
pub struct State {
    /// The attached networks.
    pub networks: Networks,
    /// The keys that hold.
    pub keymap: Keymap,
    /// The colours.
    pub theme: ThemeName,
    /// What the user chose on the screen, for the next run.
    pub chosen: Chosen,
    /// The mouse.
    pub mouse: Mouse,
    /// Start of the freeze, while the screen is frozen.
    pub frozen: Option<Instant>,
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
    /// Whether probes are paused.
    pub paused: bool,
    /// The time of the last message.
    pub now: Instant,
    settings: Settings,
}

impl State {
    /// The state before anything has happened.
    pub fn new(identity: Arc<Identity>, settings: Settings, now: Instant) -> Self {
        Self {
            networks: Networks::new(NetworkId::FIRST, identity),
            keymap: Keymap::default(),
            theme: settings.theme,
            chosen: Chosen::default(),
            mouse: Mouse { on: settings.mouse, ..Mouse::default() },
            frozen: None,
            tab: Tab::Explore,
            views: Views::default(),
            trail: Trail::default(),
            clock: None,
            page: 20,
            filter_line: None,
            overlay: None,
            toast: None,
            paused: false,
            now,
            settings,
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
        if self.frozen.take().is_none() {
            self.frozen = Some(self.now);
            for network in self.networks.iter_mut() {
                network.later = Some(network.shown.clone());
            }
            return;
        }
        let before = Arc::clone(&self.networks.front().shown.catalog);
        for network in self.networks.iter_mut() {
            if let Some(later) = network.later.take() {
                network.shown = later;
            }
        }
        self.news(News::Catalog(&before));
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
        self.networks.front().shown.link.as_ref().is_some_and(|link| link.is_up())
    }

    /// The series of a target at `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.networks.front().shown.series(address)
    }

    /// The message in the last row, while it stays.
    pub fn toast(&self) -> Option<&str> {
        self.toast.as_ref().filter(|t| self.now < t.at + TOAST).map(|t| t.text.as_str())
    }

    /// When the screen changes though nothing happens: an age that is shown grows, a mark or a message ends.
    pub fn next_tick(&self) -> Option<Instant> {
        let link = self.networks.front().shown.link.as_ref();
        let ages = [
            self.networks.front().shown.catalog.walk.finished,
            link.and_then(|link| link.last_handshake.filter(|_| link.is_up())),
            link.filter(|link| link.is_up()).map(|link| link.since),
            self.frozen,
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
    let mut out = Out::new(state.networks.front().id);
    match message {
        Message::Input(event) => input::input(state, &event, &mut out),
        Message::Mouse(event, spot) if state.mouse.on => mouse::mouse(state, event, spot, &mut out),
        Message::Mouse(..) => {}
        Message::Report(network, report) => take(state, network, report),
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

fn take(state: &mut State, id: NetworkId, report: Report) {
    let (now, frozen) = (state.now, state.frozen.is_some());
    // The views show the network in front, as it was when the screen was frozen.
    let seen = !frozen && state.networks.front().id == id;
    let Some(network) = state.networks.get_mut(id) else { return };
    let shown = network.later.as_mut().unwrap_or(&mut network.shown);
    match report {
        Report::Link(link) => {
            // A link that comes up is reported again when it falls.
            if link.is_up() && !shown.link.as_ref().is_some_and(|before| before.is_up()) {
                network.banner_hidden = false;
            }
            shown.link = Some(link);
        }
        Report::Catalog(catalog) => {
            network.walking = catalog.walk.running.then(|| network.walking.unwrap_or(now));
            // A walk in progress has no problems yet: those of the one before stand until it ends.
            if !catalog.walk.running {
                shown.problems.clone_from(&catalog.walk.problems);
                network.banner_hidden &= !shown.problems.is_empty();
            }
            let before = std::mem::replace(&mut shown.catalog, catalog);
            if seen {
                state.news(News::Catalog(&before));
            }
        }
        Report::Detail(detail) => shown.detail = Some(detail),
        Report::Events(events) => shown.events = events,
        Report::Ports(ports) => shown.ports = ports,
        Report::Trace(trace) => shown.trace = Some(trace),
        Report::Names(names) => shown.names = names,
        Report::Digs(log) => state.news(News::Digs(&log)),
        Report::Diagnosis(diagnosis) => shown.diagnosis = Some(diagnosis),
        Report::Pings(pings) => {
            shown.places.renew(&shown.pings, &pings);
            shown.pings = pings;
            if seen {
                state.news(News::Pings);
            }
        }
    }
}

/// Asks for what the new state needs: what the views need, and the pings.
fn follow(state: &mut State, out: &mut Out) {
    Tab::ALL.into_iter().for_each(|tab| tab.view().follow(state, out));
    let network = state.networks.front_mut();
    let names = network.wishes.names();
    if names != network.asked_names {
        network.asked_names.clone_from(&names);
        out.ask(Command::Follow(names));
    }
    if let Some(aims) = targets::follow(state) {
        let network = state.networks.front_mut();
        if aims != network.asked_pings {
            network.asked_pings.clone_from(&aims);
            out.ask(Command::Ping(aims));
        }
    }
}

#[cfg(test)]
mod copy_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
pub(crate) mod tests;
