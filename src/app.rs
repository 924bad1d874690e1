//! The state of the screens and its changes by keys and reports: a pure state machine without I/O, clock or terminal.
//!
//! [`update`] takes a message and the time, changes the [`State`] and returns effects in order. The runtime carries them
//! out and sends their results back as messages.

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
pub mod views;
pub mod visits;

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
pub use views::Tab;
use views::{News, Views};
use visits::Visits;

/// Time for which a gone row stays and a new one is marked.
pub const LINGER: Duration = Duration::from_secs(10);
/// Time for which a message is shown.
const TOAST: Duration = Duration::from_secs(3);

/// An input to the state machine.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key, a paste or a new screen size.
    Input(Event),
    /// A mouse event and the thing under the mouse.
    Mouse(MouseEvent, Option<Spot>),
    /// A report from the engine.
    Report(NetworkId, Report),
    /// Result of [`Effect::Save`].
    Saved(Save, Saved),
    Tick,
}

/// A task for the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a command to the engine.
    Ask(NetworkId, Command),
    /// Complete these facts with facts about this machine, and send them to the engine for a diagnosis.
    Examine(NetworkId, Box<Facts>),
    /// Copy this text, which is safe to show, to the clipboard.
    Copy(String),
    /// Write this file and report the result with [`Message::Saved`].
    Save(Save),
    /// Show this on the normal screen for selection, until a key is pressed.
    Plain(String),
    /// Suspend the process until the shell continues it.
    Suspend,
    /// Save this dig line for the next run.
    Remember(String),
    /// Read the conf again and attach again if it has changed.
    Reload(NetworkId),
    /// Redraw the screen.
    Repaint,
    Quit,
}

/// Results of a message: effects for the runtime and requests between views.
#[derive(Debug)]
pub struct Out {
    /// The network in front.
    network: NetworkId,
    pub effects: Vec<Effect>,
    pub requests: VecDeque<Request>,
}

impl Out {
    /// Nothing so far; `network` is the one in front.
    pub fn new(network: NetworkId) -> Self {
        Self { network, effects: Vec::new(), requests: VecDeque::new() }
    }

    pub fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds a command for the engine.
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

    pub fn request(&mut self, request: Request) {
        self.requests.push_back(request);
    }
}

/// A list or question over the view that receives the keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The help: commands by key.
    Help(Menu),
    /// The command palette: commands by name, with arguments.
    Palette(Menu),
    /// The question before an existing file is replaced.
    Overwrite(Save),
}

impl Overlay {
    /// Its list, if it has one.
    pub fn menu(&self) -> Option<&Menu> {
        match self {
            Self::Help(menu) | Self::Palette(menu) => Some(menu),
            Self::Overwrite(_) => None,
        }
    }

    /// Its list, if it has one.
    pub fn menu_mut(&mut self) -> Option<&mut Menu> {
        match self {
            Self::Help(menu) | Self::Palette(menu) => Some(menu),
            Self::Overwrite(_) => None,
        }
    }
}

/// Settings for the screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether the gateway and the selected region are pinged automatically.
    pub auto_ping: bool,
    /// Default TCP ports of a port check.
    pub ports: Arc<[u16]>,
    /// Theme at the start.
    pub theme: ThemeName,
    /// Whether mouse input is on at the start.
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

/// Settings made on the screen. In the next run a flag, the environment or the settings file overrides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chosen {
    pub theme: Option<ThemeName>,
    /// Whether mouse input is on.
    pub mouse: Option<bool>,
}

/// The last message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Text, safe to show.
    pub text: String,
    /// Time of the message.
    pub at: Instant,
}

/// The complete state of the screens.
#[derive(Debug, Clone)]
pub struct State {
    /// The attached networks.
    pub networks: Networks,
    pub keymap: Keymap,
    pub theme: ThemeName,
    /// Settings made on the screen, for the next run.
    pub chosen: Chosen,
    pub mouse: Mouse,
    /// Start of the freeze, while the screen is frozen.
    pub frozen: Option<Instant>,
    /// The view in front.
    pub tab: Tab,
    /// The state of each view.
    pub views: Views,
    /// History of visited places.
    pub visits: Visits,
    /// An instant and its time of day, to show the times of events.
    pub clock: Option<(Instant, ZonedDateTime)>,
    /// Rows per page: the height of a list on the whole screen.
    pub page: u16,
    /// Input line of the filter, while it is edited.
    pub filter_line: Option<Input>,
    /// The open overlay, if any.
    pub overlay: Option<Overlay>,
    pub toast: Option<Toast>,
    /// Whether probes are paused.
    pub paused: bool,
    /// Time of the last message.
    pub now: Instant,
    settings: Settings,
}

impl State {
    /// The initial state.
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
            visits: Visits::default(),
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

    /// Goes back one step: closes the overlay, else goes back inside the view, else to the first view.
    pub fn back(&mut self) {
        if self.overlay.take().is_none() && !self.front().back(self) {
            self.tab = Tab::ALL[0];
        }
    }

    /// Runs a command, or shows the reason why it cannot run now.
    pub fn attempt(&mut self, row: &Row, typed: Option<&str>, out: &mut Out) {
        match (row.enabled)(self) {
            Ok(()) => (row.run)(self, typed, out),
            Err(reason) => self.say(self.keyed(reason)),
        }
    }

    /// Freezes the screen, or shows the current data again.
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
        for tab in Tab::ALL {
            tab.view().news(self, news);
        }
    }

    /// Context that receives keys.
    pub fn context(&self) -> Context {
        match &self.overlay {
            Some(Overlay::Help(_)) => Context::HELP,
            Some(Overlay::Palette(_)) => Context::PALETTE,
            Some(Overlay::Overwrite(_)) => Context::CONFIRM,
            None => self.place(),
        }
    }

    /// Context that receives keys when no overlay is open.
    pub fn place(&self) -> Context {
        match &self.filter_line {
            Some(_) => Context::FILTER,
            None => self.front().context(self),
        }
    }

    pub fn is_up(&self) -> bool {
        self.networks.front().shown.link.as_ref().is_some_and(|link| link.is_up())
    }

    /// The pings to `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.networks.front().shown.series(address)
    }

    /// The message in the last row, until its time ends.
    pub fn toast(&self) -> Option<&str> {
        self.toast.as_ref().filter(|t| self.now < t.at + TOAST).map(|t| t.text.as_str())
    }

    /// Next time at which the screen changes by time alone: an age grows, a mark or a message ends.
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
        // The time without a link is shown in seconds.
        let wait = link.filter(|link| !link.is_up()).map(|link| {
            let waited = self.now.saturating_duration_since(link.since);
            link.since + Duration::from_secs(waited.as_secs() + 1)
        });
        let ages = ages.chain(wait);
        let toast = self.toast.as_ref().map(|t| t.at + TOAST).filter(|end| *end > self.now);
        let views = Tab::ALL.into_iter().filter_map(|tab| tab.view().next_tick(self));
        ages.chain(toast).chain(views).min()
    }

    /// `text` with command names in braces replaced by their keys in the current context.
    pub fn keyed(&self, text: &str) -> String {
        self.keymap.with_keys(self.place(), text, true)
    }

    /// Sets the height of the screen. The rows around a list are the same in all views.
    pub fn rows(&mut self, rows: u16) {
        self.page = rows.saturating_sub(5).max(2);
    }

    /// Shows a message. Its first word is capitalised.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = sentence(text.into());
        self.toast = Some(Toast { text, at: self.now });
    }
}

/// `text` with a capital at the start, unless it starts with something else than a plain word.
fn sentence(mut text: String) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.chars().all(|c| c.is_ascii_lowercase() || matches!(c, ',' | ':' | '\'')) {
        let initial = first.len().min(1);
        text[..initial].make_ascii_uppercase();
    }
    text
}

/// Handles one message at time `now`.
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

/// Handles requests and sends the commands that the new state needs.
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

/// Sends the commands that the new state needs: those of the views, and the pings.
fn follow(state: &mut State, out: &mut Out) {
    for tab in Tab::ALL {
        tab.view().follow(state, out);
    }
    let network = state.networks.front_mut();
    let names = network.target_list.names();
    if names != network.asked_names {
        network.asked_names.clone_from(&names);
        out.ask(Command::Follow(names));
    }
    if let Some(ping_targets) = targets::follow(state) {
        let network = state.networks.front_mut();
        if ping_targets != network.ping_targets {
            network.ping_targets.clone_from(&ping_targets);
            out.ask(Command::Ping(ping_targets));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
