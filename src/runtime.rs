//! The terminal and the loop: carries out what [`app`](crate::app) asks for, feeds it what happens, draws when
//! something has changed.

mod files;
mod terminal;
mod unsent;

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use jiff::ZonedDateTime;
use ratatui::crossterm::event::{Event, EventStream, KeyEventKind, MouseEventKind};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::dig::history::Past;
use crate::app::kept::{Folds, Look};
use crate::app::keys::Keymap;
use crate::app::pick::{Pick, Picked};
use crate::app::{self, Effect, Message, Settings, State};
use crate::attach::{Attachment, Identity};
use crate::clock;
use crate::engine::report::Command;
use crate::error::{Error, Exit};
use crate::ui;
use crate::ui::hits::Hits;
use crate::ui::theme::Theme;
use terminal::Screen;
pub use terminal::check;
use unsent::Unsent;

/// Between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(33);

/// How long what was chosen on the screens may wait until it is kept: whoever kills the process loses no more.
const KEEP: Duration = Duration::from_secs(1);

/// What is done outside the screens for them.
pub trait Outside {
    /// What was kept of the folds of `network`.
    fn folds(&mut self, network: &str) -> Folds;

    /// Keeps a line of the Dig view, at once.
    fn remember(&mut self, line: &str);

    /// Keeps what the screens look like on `network` for the next run.
    fn keep(&mut self, network: &str, now: &(Look, Folds));
}

/// What the screens begin with.
#[derive(Debug)]
pub struct Start {
    /// The colours and glyphs.
    pub theme: Theme,
    /// What can be set from outside.
    pub settings: Settings,
    /// The keys that hold.
    pub keymap: Keymap,
    /// What was kept from the last run.
    pub kept: (Look, Folds),
    /// The lines of the Dig view of earlier runs.
    pub past: Past,
    /// Told first.
    pub note: Option<String>,
}

/// Shows the Explore view over `attachment` until the user quits or a signal ends it. What is chosen on the screens is kept
/// soon after it was chosen, and at the end, however that comes.
///
/// # Errors
/// Where the terminal cannot be set up, or goes away.
pub async fn run(
    attachment: Attachment,
    start: Start,
    outside: &mut impl Outside,
) -> Result<ExitCode, Error> {
    let Start { theme, settings, keymap, kept: (look, folds), past, note } = start;
    let mut state = State::new(attachment.identity.clone(), settings.clone(), clock::now());
    state.keymap = keymap;
    state.dig.past = past;
    state.restore(&look, &folds);
    if let Some(note) = note {
        state.say(note);
    }
    let mut keeping = Keeping { kept: (look, folds), due: None };
    let code = live(&mut state, attachment, theme, settings, outside, &mut keeping).await;
    keeping.keep(&state, outside);
    code
}

/// What was kept last, and when it is looked at again.
struct Keeping {
    kept: (Look, Folds),
    due: Option<Instant>,
}

impl Keeping {
    fn keep_if_due(&mut self, state: &State, outside: &mut impl Outside) {
        if self.due.is_some_and(|due| due <= clock::now()) {
            self.keep(state, outside);
        }
    }

    fn keep(&mut self, state: &State, outside: &mut impl Outside) {
        self.due = None;
        let now = state.kept();
        if now != self.kept {
            outside.keep(&state.profile.network().to_string(), &now);
            self.kept = now;
        }
    }
}

async fn live(
    state: &mut State,
    mut attachment: Attachment,
    theme: Theme,
    settings: Settings,
    outside: &mut impl Outside,
    keeping: &mut Keeping,
) -> Result<ExitCode, Error> {
    let mut signals = Signals::new().map_err(lost)?;
    let mut screen = Screen::enter().map_err(lost)?;
    let mut events = EventStream::new();
    state.rows(ratatui::crossterm::terminal::size().map_or(24, |(_, rows)| rows));
    let wall = Some((clock::now(), ZonedDateTime::now()));
    state.clock.clone_from(&wall);
    let mut pace = Pace::default();
    // What is where on the last frame.
    let (mut hits, mut unsent) = (Hits::default(), Unsent::default());
    loop {
        screen.listen(state.mouse.on).map_err(gone)?;
        if !screen.is_plain() && pace.is_due(clock::now()) {
            screen.draw(|frame| hits = ui::draw(state, theme, frame)).map_err(gone)?;
            pace.drawn(clock::now());
            #[cfg(debug_assertions)]
            terminal::panic_for_a_test();
        }
        let due = pace.due().filter(|_| !screen.is_plain());
        keeping.keep_if_due(state, outside);
        let wake = due.into_iter().chain(state.next_tick()).chain(keeping.due).min();
        let message = tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) if screen.is_plain() => {
                    if key.kind != KeyEventKind::Release {
                        screen.repaint().map_err(gone)?;
                        pace.at_once();
                    }
                    Message::Tick
                }
                Some(Ok(event)) => {
                    // A wheel or a drag comes in many events: the pace of frames holds.
                    let button = matches!(&event, Event::Mouse(event) if matches!(event.kind, MouseEventKind::Down(_)));
                    if button || matches!(event, Event::Key(_) | Event::Resize(..)) {
                        pace.at_once();
                    }
                    match event {
                        Event::Mouse(event) => Message::Mouse(event, hits.at(event.column, event.row)),
                        event => Message::Input(event),
                    }
                }
                // The terminal is gone: nothing can be shown or asked any more.
                Some(Err(_)) | None => return Ok(Exit::HungUp.into()),
            },
            report = attachment.engine.reports.recv() => match report {
                Some(report) => Message::Report(report),
                None => return Err(Error::new(Exit::Tunnel, "the tunnel has ended")),
            },
            told = signals.next() => match told {
                Told::End(code) => return Ok(ExitCode::from(code)),
                Told::Stop => {
                    screen.suspend().map_err(gone)?;
                    pace.at_once();
                    Message::Tick
                }
                Told::Continue => {
                    screen.repaint().map_err(gone)?;
                    pace.at_once();
                    Message::Tick
                }
            },
            () = terminal::panicked() => return Ok(ExitCode::from(101)),
            () = clock::sleep_until(wake) => Message::Tick,
            never = unsent.go_on(&attachment.engine.commands) => match never {},
        };
        // Only a hand changes what is kept.
        if matches!(message, Message::Input(_) | Message::Mouse(..)) {
            keeping.due.get_or_insert(clock::now() + KEEP);
        }
        let mut effects = app::update(state, message, clock::now());
        // Whatever else has come is taken before the next frame.
        while let Ok(report) = attachment.engine.reports.try_recv() {
            effects.extend(app::update(state, Message::Report(report), clock::now()));
        }
        pace.changed(clock::now());
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Ask(command) => unsent.tell(&attachment.engine.commands, command),
                Effect::Examine(mut facts) => {
                    facts.around = attachment.origin.context();
                    unsent.tell(&attachment.engine.commands, Command::Diagnose(facts));
                }
                Effect::Remember(line) => outside.remember(&line),
                Effect::Save(save) => {
                    let came = files::save(&save);
                    effects.extend(app::update(state, Message::Saved(save, came), clock::now()));
                }
                Effect::Plain(text) => screen.show_plain(&text).map_err(gone)?,
                Effect::Suspend => {
                    pace.at_once();
                    screen.suspend().map_err(gone)?;
                }
                Effect::Copy(text) => screen.copy(&text).map_err(gone)?,
                // A conf that has become bad keeps the tunnel that there is.
                Effect::Reload => {
                    let reloaded = attachment.origin.reload();
                    if let Some(anew) =
                        attach_anew(state, reloaded, &settings, wall.as_ref(), outside, keeping)
                    {
                        // What waits was meant for the engine before.
                        (attachment, unsent) = (anew, Unsent::default());
                    }
                }
                Effect::Repaint => screen.repaint().map_err(gone)?,
                Effect::Quit => return Ok(ExitCode::SUCCESS),
            }
        }
    }
}

/// Lets the user choose between confs: gives the choice, or the exit code where a signal ends it.
///
/// # Errors
/// Where the terminal cannot be set up, or goes away.
pub async fn pick(mut pick: Pick, theme: Theme) -> Result<Result<Picked, ExitCode>, Error> {
    let mut signals = Signals::new().map_err(lost)?;
    let mut screen = Screen::enter().map_err(lost)?;
    let mut events = EventStream::new();
    loop {
        screen.draw(|frame| ui::pick::draw(&pick, theme, frame)).map_err(gone)?;
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => match pick.press(key) {
                    Picked::NotYet => {}
                    Picked::Suspend => screen.suspend().map_err(gone)?,
                    picked => return Ok(Ok(picked)),
                },
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Err(Exit::HungUp.into())),
            },
            told = signals.next() => match told {
                Told::End(code) => return Ok(Err(ExitCode::from(code))),
                Told::Stop => screen.suspend().map_err(gone)?,
                Told::Continue => screen.repaint().map_err(gone)?,
            },
            () = terminal::panicked() => return Ok(Err(ExitCode::from(101))),
        }
    }
}

/// A terminal that takes nothing more is as good as hung up.
fn gone(error: std::io::Error) -> Error {
    Error::new(Exit::HungUp, "the terminal has gone away").why(error)
}

fn lost(error: std::io::Error) -> Error {
    Error::new(Exit::Empty, "the terminal cannot be used").why(error).hint("sixpane tree")
}

/// Shows what came of reading the conf again; gives the new attachment, where there is one. A conf that has become bad
/// keeps the tunnel that there is.
fn attach_anew(
    state: &mut State,
    reloaded: Result<Option<Attachment>, Error>,
    settings: &Settings,
    wall: Option<&(Instant, ZonedDateTime)>,
    outside: &mut impl Outside,
    keeping: &mut Keeping,
) -> Option<Attachment> {
    // What was just folded is of the network that is about to go.
    keeping.keep(state, outside);
    match reloaded {
        Ok(None) => None,
        Ok(Some(anew)) => {
            let network = anew.identity.network();
            let folds = (network != state.profile.network()).then(|| outside.folds(&network.to_string()));
            begin_anew(state, anew.identity.clone(), settings.clone(), folds);
            keeping.kept = state.kept();
            state.clock = wall.cloned();
            state.say("the conf has changed: attached anew");
            Some(anew)
        }
        Err(error) => {
            state.say(format!("the conf was kept as it was: {}", error.line()));
            None
        }
    }
}

/// Puts a state over a network attached anew in the place of `state`, with what the user chose in it. Another network
/// brings its own `folds`.
fn begin_anew(state: &mut State, identity: Arc<Identity>, settings: Settings, folds: Option<Folds>) {
    let (look, folds_before) = state.kept();
    let page = state.page;
    let (keymap, past) = (std::mem::take(&mut state.keymap), std::mem::take(&mut state.dig.past));
    let settings = Settings { theme: state.theme, mouse: state.mouse.on, ..settings };
    *state = State::new(identity, settings, clock::now());
    state.keymap = keymap;
    state.dig.past = past;
    state.page = page;
    state.restore(&look, &folds.unwrap_or(folds_before));
}

/// When the next frame is drawn: at once for a key, a while after the last one for anything else, never without
/// a change.
#[derive(Debug, Default)]
struct Pace {
    changed: Option<Instant>,
    last: Option<Instant>,
    hurry: bool,
}

impl Pace {
    fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
    }

    fn at_once(&mut self) {
        self.hurry = true;
    }

    fn due(&self) -> Option<Instant> {
        let changed = self.changed?;
        match self.last {
            Some(last) if !self.hurry => Some(changed.max(last + FRAME)),
            _ => Some(changed),
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        // The first frame is owed from the start.
        self.last.is_none() || self.due().is_some_and(|due| due <= now)
    }

    fn drawn(&mut self, now: Instant) {
        *self = Self { changed: None, last: Some(now), hurry: false };
    }
}

/// What a signal asks for.
enum Told {
    /// End with this exit code.
    End(u8),
    /// Stop until continued.
    Stop,
    /// The process was continued.
    Continue,
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let raw = |number: rustix::process::Signal| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            stop: raw(rustix::process::Signal::TSTP)?,
            go_on: raw(rustix::process::Signal::CONT)?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::End(130),
            _ = self.terminate.recv() => Told::End(143),
            _ = self.hang_up.recv() => Told::End(129),
            _ = self.quit.recv() => Told::End(131),
            _ = self.stop.recv() => Told::Stop,
            _ = self.go_on.recv() => Told::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::tests::{loaded, profile};
    use crate::attach::Claimed;
    use crate::engine;
    use crate::net::fake::Fake;

    /// What is kept, by network.
    #[derive(Default)]
    struct Home(BTreeMap<String, Folds>);

    impl Outside for Home {
        fn folds(&mut self, network: &str) -> Folds {
            self.0.get(network).cloned().unwrap_or_default()
        }

        fn remember(&mut self, _: &str) {}

        fn keep(&mut self, network: &str, (_, folds): &(Look, Folds)) {
            self.0.insert(network.to_owned(), folds.clone());
        }
    }

    fn open(app: &str) -> Folds {
        Folds { open: vec![vec![app.to_owned()]], ..Folds::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn each_network_keeps_its_own_folds_over_a_reload() {
        let ours = profile();
        let other = loaded("fdaa:0:19");
        let (here, there) = (ours.network().to_string(), other.identity().network().to_string());
        let mut home = Home([(there.clone(), open("theirs"))].into());
        let mut state = State::new(ours.clone(), Settings::default(), clock::now());
        state.rows(55);
        let mut keeping = Keeping { kept: state.kept(), due: None };
        // Folded just before the reload, and not kept yet.
        state.restore(&Look { split: 6, ..Look::default() }, &open("ours"));
        let mut reload = |state: &mut State, home: &mut Home| {
            let (fake, _link) = Fake::up(|_, _| Vec::new());
            let attachment =
                other.clone().attach_over(fake, Claimed::default(), engine::Settings::default()).unwrap();
            let anew =
                attach_anew(state, Ok(Some(attachment)), &Settings::default(), None, home, &mut keeping);
            assert!(anew.is_some());
            keeping.keep(state, home);
        };
        reload(&mut state, &mut home);
        assert_eq!(home.0, BTreeMap::from([(here.clone(), open("ours")), (there.clone(), open("theirs"))]));
        assert_eq!(
            (state.kept().0.split, state.kept().1),
            (6, open("theirs")),
            "what holds everywhere stays"
        );
        assert_eq!(state.page, 50, "the screen is as high as before");
        // The same network by another key, say: what is folded stays, whether it could be kept or not.
        home.0.clear();
        reload(&mut state, &mut home);
        assert_eq!(state.kept().1, open("theirs"));
    }

    #[test]
    fn a_key_is_drawn_at_once_and_news_at_a_pace() {
        let t0 = Instant::now();
        let mut pace = Pace::default();
        assert!(pace.is_due(t0));
        pace.drawn(t0);
        assert_eq!(pace.due(), None, "no frame without a change");
        pace.changed(t0);
        pace.changed(t0 + FRAME / 2);
        assert_eq!(pace.due(), Some(t0 + FRAME));
        pace.at_once();
        assert!(pace.is_due(t0));
        pace.drawn(t0);
        pace.changed(t0 + FRAME * 9);
        assert!(pace.is_due(t0 + FRAME * 9));
    }
}
