//! The loop of the screens: events in, effects carried out, frames drawn.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::select_all;
use jiff::ZonedDateTime;
use ratatui::crossterm::event::{Event, EventStream, KeyEventKind, MouseEventKind};

use super::kept::Kept;
use super::pace::Pace;
use super::signals::{Action, Signals};
use super::terminal::{self, Screen};
use super::unsent::Unsent;
use super::work::{Done, Reloaded, Work};
use super::{Host, files, gone};
use crate::app::kept::Folds;
use crate::app::network::NetworkId;
use crate::app::{self, Effect, Message, Settings, State};
use crate::attach::{Attachment, Identity};
use crate::clock;
use crate::doctor::facts::Facts;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::ui;
use crate::ui::hits::Hits;
use crate::ui::theme::Theme;

/// An attached network with its queue of commands.
pub struct Attached {
    pub id: NetworkId,
    pub attachment: Attachment,
    pub unsent: Unsent,
    /// Whether to read the source once more after the current read.
    reload_again: bool,
}

impl Attached {
    pub fn new(id: NetworkId, attachment: Attachment) -> Self {
        Self { id, attachment, unsent: Unsent::default(), reload_again: false }
    }

    fn command(&mut self, command: Command) {
        self.unsent.send(&self.attachment.engine.commands, command);
    }

    /// The next report; `None` at the end of the tunnel. Waiting commands are sent meanwhile.
    async fn next(&mut self) -> (NetworkId, Option<Report>) {
        let engine = &mut self.attachment.engine;
        tokio::select! {
            report = engine.reports.recv() => (self.id, report),
            never = self.unsent.send_waiting(&engine.commands) => match never {},
        }
    }
}

/// The screens over the attached networks.
pub struct Screens<'a, H> {
    pub state: State,
    pub networks: Vec<Attached>,
    pub theme: Theme,
    pub settings: Settings,
    pub host: H,
    pub kept: &'a mut Kept,
    pub work: &'a mut Work,
    /// The wall clock's time at an instant.
    pub wall: Option<(Instant, ZonedDateTime)>,
}

/// The terminal and its state.
struct Face {
    screen: Screen,
    events: EventStream,
    pace: Pace,
    /// Mouse targets of the last frame.
    hits: Hits,
}

/// The next event of the loop.
enum Next {
    Message(Message),
    Done(Done),
    /// The terminal has accepted the last frame.
    Idle,
    End(ExitCode),
}

impl<H: Host> Screens<'_, H> {
    /// Runs until the user quits or a signal ends the program. Then the last choices are being stored.
    pub async fn run(&mut self, screen: Screen, signals: &mut Signals) -> Result<ExitCode, Error> {
        let mut face =
            Face { screen, events: EventStream::new(), pace: Pace::new(clock::now()), hits: Hits::default() };
        self.state.rows(ratatui::crossterm::terminal::size().map_or(24, |(_, rows)| rows));
        self.wall = Some((clock::now(), ZonedDateTime::now()));
        self.state.clock.clone_from(&self.wall);
        loop {
            face.draw(&self.state, self.theme)?;
            self.kept.keep_if_due(&self.state, &self.host, self.work);
            let effects = match self.next(&mut face, signals).await? {
                Next::End(code) => return Ok(code),
                Next::Idle => continue,
                Next::Done(done) => self.done(done),
                Next::Message(message) => self.take(message),
            };
            face.pace.changed(clock::now());
            if let Some(code) = self.carry_out(effects, &mut face)? {
                return Ok(code);
            }
        }
    }

    async fn next(&mut self, face: &mut Face, signals: &mut Signals) -> Result<Next, Error> {
        let owed = face.pace.due().filter(|_| !face.screen.is_plain());
        let busy = owed.is_some() && !face.screen.is_idle();
        let due = owed.filter(|_| !busy);
        let wake =
            [due, self.state.next_tick(), self.kept.due(), self.work.slow_at()].into_iter().flatten().min();
        Ok(tokio::select! {
            event = face.events.next() => match event {
                Some(Ok(event)) => Next::Message(face.message(event)?),
                // The terminal was closed.
                Some(Err(_)) | None => Next::End(Exit::HungUp.into()),
            },
            ((id, report), ..) = select_all(self.networks.iter_mut().map(|one| Box::pin(one.next()))) => match report {
                Some(report) => Next::Message(Message::Report(id, report)),
                None => return Err(Error::new(Exit::Tunnel, "the tunnel has ended")),
            },
            done = self.work.next() => Next::Done(done),
            () = face.screen.idle(), if busy => Next::Idle,
            action = signals.next() => match action {
                Action::End(code) => Next::End(ExitCode::from(code)),
                Action::Stop => {
                    face.suspend()?;
                    Next::Message(Message::Tick)
                }
                Action::Continue => {
                    face.repaint()?;
                    Next::Message(Message::Tick)
                }
            },
            () = terminal::panicked() => Next::End(ExitCode::from(101)),
            () = clock::sleep_until(wake) => {
                if let Some(slow) = self.work.slow(clock::now()) {
                    self.state.say(slow);
                }
                Next::Message(Message::Tick)
            }
        })
    }

    fn update(&mut self, message: Message) -> Vec<Effect> {
        app::update(&mut self.state, message, clock::now())
    }

    /// Processes a message and all waiting reports, before the next frame.
    fn take(&mut self, message: Message) -> Vec<Effect> {
        // Only user input changes the stored choices.
        if matches!(message, Message::Input(_) | Message::Mouse(..)) {
            self.kept.soon();
        }
        let mut effects = self.update(message);
        for at in 0..self.networks.len() {
            let id = self.networks[at].id;
            while let Ok(report) = self.networks[at].attachment.engine.reports.try_recv() {
                effects.extend(self.update(Message::Report(id, report)));
            }
        }
        effects
    }

    /// Takes the result of a job.
    fn done(&mut self, done: Done) -> Vec<Effect> {
        match done {
            Done::Reloaded(id, result) => {
                self.reloaded(id, *result);
                let again = self.networks.iter_mut().find(|one| one.reload_again);
                if let Some(one) = again {
                    one.reload_again = false;
                    let id = one.id;
                    self.reload(id);
                }
            }
            Done::Context(id, facts) => self.command(id, Command::Diagnose(facts)),
            Done::Saved(save, came) => return self.update(Message::Saved(save, came)),
            Done::Kept(result) => self.kept.came(result),
            Done::Remembered => {}
        }
        Vec::new()
    }

    /// Carries out `effects`; returns the exit code if one of them ends the program.
    fn carry_out(&mut self, effects: Vec<Effect>, face: &mut Face) -> Result<Option<ExitCode>, Error> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Ask(id, command) => self.command(id, command),
                Effect::Plain(text) => face.screen.show_plain(&text).map_err(gone)?,
                Effect::Suspend => face.suspend()?,
                Effect::Copy(text) => face.screen.copy(&text).map_err(gone)?,
                Effect::Repaint => face.screen.repaint().map_err(gone)?,
                Effect::Quit => return Ok(Some(ExitCode::SUCCESS)),
                Effect::Examine(id, facts) => self.examine(id, facts),
                Effect::Remember(line) => {
                    let host = self.host.clone();
                    // While a write is stuck, the line is dropped.
                    let _ = self.work.keep.push("writing the state folder", move || {
                        host.remember(&line);
                        Done::Remembered
                    });
                }
                Effect::Save(save) => {
                    let what = format!("writing {}", save.path);
                    let pushed = self.work.save.push(what, move || {
                        let came = files::save(&save);
                        Done::Saved(save, came)
                    });
                    self.complain(pushed);
                }
                Effect::Reload(id) => self.reload(id),
            }
        }
        Ok(None)
    }

    fn complain(&mut self, pushed: Result<(), String>) {
        if let Err(busy) = pushed {
            self.state.say(busy);
        }
    }

    /// The network with this ID, if still attached.
    fn attached(&mut self, id: NetworkId) -> Option<&mut Attached> {
        self.networks.iter_mut().find(|one| one.id == id)
    }

    /// Sends a command to the engine of a network, if still attached.
    fn command(&mut self, id: NetworkId, command: Command) {
        if let Some(one) = self.attached(id) {
            one.command(command);
        }
    }

    fn examine(&mut self, id: NetworkId, mut facts: Box<Facts>) {
        let Some(one) = self.attached(id) else { return };
        let origin = one.attachment.origin.clone();
        // Only the newest examination counts.
        self.work.context.forget();
        let pushed = self.work.context.push("examining this host", move || {
            facts.around = origin.context();
            Done::Context(id, facts)
        });
        self.complain(pushed);
    }

    /// Reads the source again.
    fn reload(&mut self, id: NetworkId) {
        let host = self.host.clone();
        let busy = (!self.work.reload.is_idle()).then(|| self.work.reload.is_slow());
        let Some(one) = self.attached(id) else { return };
        if let Some(slow) = busy {
            // The file may have changed since it was read: read it once more, after any number of requests.
            one.reload_again = true;
            let label = one.attachment.origin.label();
            if slow {
                self.state.say(format!("still reading {label}"));
            }
            return;
        }
        let (origin, old) = (one.attachment.origin.clone(), one.attachment.identity.network());
        let pushed = self.work.reload.push(format!("reading {}", origin.label()), move || {
            let result = origin.reload().map(|attachment| {
                let attachment = attachment?;
                let network = attachment.identity.network();
                let folds = (network != old).then(|| host.folds(&network.to_string()));
                Some((attachment, folds))
            });
            Done::Reloaded(id, Box::new(result))
        });
        self.complain(pushed);
    }

    /// Applies the result of a reload. If the conf is no longer valid, the present tunnel stays.
    fn reloaded(&mut self, id: NetworkId, result: Reloaded) {
        match result {
            Ok(None) => {}
            Ok(Some((attachment, folds))) => {
                // The present folds belong to the network before.
                self.kept.keep(&self.state, &self.host, self.work);
                let new = id.next();
                self.restart(new, attachment.identity.clone(), folds);
                self.kept.restored(&self.state);
                self.work.context.forget();
                if let Some(one) = self.attached(id) {
                    // Waiting commands were for the engine before.
                    *one = Attached { reload_again: one.reload_again, ..Attached::new(new, attachment) };
                }
                self.state.say("the conf has changed: attached again");
            }
            Err(error) => self.state.say(format!("the conf in use is unchanged: {}", error.line())),
        }
    }

    /// Replaces the state after a new attachment and keeps the choices of the user. Another network brings its own
    /// `folds`.
    fn restart(&mut self, id: NetworkId, identity: Arc<Identity>, folds: Option<Folds>) {
        let state = &mut self.state;
        let (look, folds_before) = state.kept();
        let page = state.page;
        let (keymap, past) = (std::mem::take(&mut state.keymap), std::mem::take(&mut state.views.dig.past));
        let settings = Settings { theme: state.theme, mouse: state.mouse.on, ..self.settings.clone() };
        *state = State::new(identity, settings, clock::now());
        state.networks.front_mut().id = id;
        state.keymap = keymap;
        state.views.dig.past = past;
        state.page = page;
        state.clock.clone_from(&self.wall);
        state.restore(&look, &folds.unwrap_or(folds_before));
    }
}

impl Face {
    /// Draws a frame if one is due and the terminal has accepted the one before.
    fn draw(&mut self, state: &State, theme: Theme) -> Result<(), Error> {
        self.screen.listen(state.mouse.on).map_err(gone)?;
        if !self.screen.is_plain() && self.screen.is_idle() && self.pace.is_due(clock::now()) {
            self.screen.draw(|frame| self.hits = ui::draw(state, theme, frame)).map_err(gone)?;
            self.pace.drawn(clock::now());
            #[cfg(debug_assertions)]
            terminal::panic_for_a_test();
        }
        Ok(())
    }

    /// The message for an event of the terminal.
    fn message(&mut self, event: Event) -> Result<Message, Error> {
        if let Event::Key(key) = event
            && self.screen.is_plain()
        {
            if key.kind != KeyEventKind::Release {
                self.repaint()?;
            }
            return Ok(Message::Tick);
        }
        // A wheel or a drag comes in many events: the pace of frames holds.
        let button = matches!(&event, Event::Mouse(event) if matches!(event.kind, MouseEventKind::Down(_)));
        if button || matches!(event, Event::Key(_) | Event::Resize(..)) {
            self.pace.at_once();
        }
        Ok(match event {
            Event::Mouse(event) => Message::Mouse(event, self.hits.at(event.column, event.row)),
            event => Message::Input(event),
        })
    }

    fn suspend(&mut self) -> Result<(), Error> {
        self.pace.at_once();
        self.screen.suspend().map_err(gone)
    }

    fn repaint(&mut self) -> Result<(), Error> {
        self.pace.at_once();
        self.screen.repaint().map_err(gone)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::app::kept::Look;
    use crate::app::tests::loaded;
    use crate::attach::{Claimed, Loaded};
    use crate::engine;
    use crate::net::fake::Fake;

    /// Stored folds by network.
    #[derive(Clone, Default)]
    struct Home(Arc<Mutex<BTreeMap<String, Folds>>>);

    impl Host for Home {
        fn folds(&self, network: &str) -> Folds {
            self.0.lock().unwrap().get(network).cloned().unwrap_or_default()
        }

        fn remember(&self, _: &str) {}

        fn keep(&self, network: &str, (_, folds): &(Look, Folds)) -> Result<(), String> {
            self.0.lock().unwrap().insert(network.to_owned(), folds.clone());
            Ok(())
        }
    }

    fn open(app: &str) -> Folds {
        Folds { open: vec![vec![app.to_owned()]], ..Folds::default() }
    }

    fn attach(loaded: &Loaded) -> Attachment {
        let (fake, _link) = Fake::up(|_, _| Vec::new());
        loaded.clone().attach_over(fake, Claimed::default(), engine::Settings::default()).unwrap()
    }

    fn screens<'a>(
        attachment: Attachment,
        home: Home,
        kept: &'a mut Kept,
        work: &'a mut Work,
    ) -> Screens<'a, Home> {
        let state = State::new(attachment.identity.clone(), Settings::default(), clock::now());
        let networks = vec![Attached::new(NetworkId::FIRST, attachment)];
        let (theme, settings) = (Theme::default(), Settings::default());
        Screens { state, networks, theme, settings, host: home, kept, work, wall: None }
    }

    #[tokio::test]
    async fn a_reload_during_another_reads_once_more() {
        let (mut kept, mut work) = (Kept::new(Default::default()), Work::default());
        let mut screens = screens(attach(&loaded("fdaa:0:18")), Home::default(), &mut kept, &mut work);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let reading = move || {
            let _ = gate.recv();
            Done::Reloaded(NetworkId::FIRST, Box::new(Ok(None)))
        };
        screens.work.reload.push("reading", reading).unwrap();
        screens.reload(NetworkId::FIRST);
        screens.reload(NetworkId::FIRST);
        drop(open);
        for more in [true, false] {
            let done = screens.work.next().await;
            screens.done(done);
            assert_eq!(!screens.work.reload.is_idle(), more);
        }
    }

    #[tokio::test]
    async fn each_network_keeps_its_own_folds_over_a_reload() {
        let (ours, other) = (loaded("fdaa:0:18"), loaded("fdaa:0:19"));
        let name = |loaded: &Loaded| loaded.identity().network().to_string();
        let (here, there) = (name(&ours), name(&other));
        let home = Home::default();
        home.0.lock().unwrap().insert(there.clone(), open("theirs"));
        let attachment = attach(&ours);
        let (mut kept, mut work) = (Kept::new(Default::default()), Work::default());
        let mut screens = screens(attachment, home.clone(), &mut kept, &mut work);
        screens.state.rows(55);
        screens.kept.restored(&screens.state);
        // Folded just before the reload and not stored yet.
        screens.state.restore(&Look { split: 6, ..Look::default() }, &open("ours"));
        screens.reloaded(NetworkId::FIRST, Ok(Some((attach(&other), Some(home.folds(&there))))));
        screens.work.settle(|_| ()).await;
        let all = [(here.clone(), open("ours")), (there.clone(), open("theirs"))];
        assert_eq!(*home.0.lock().unwrap(), BTreeMap::from(all));
        assert_eq!(
            (screens.state.kept().0.split, screens.state.kept().1),
            (6, open("theirs")),
            "the layout stays"
        );
        assert_eq!(screens.state.page, 50, "the height stays");
        // The same network, for example with another key: the folds stay, stored or not.
        home.0.lock().unwrap().clear();
        screens.reloaded(NetworkId::FIRST.next(), Ok(Some((attach(&other), None))));
        assert_eq!(screens.state.kept().1, open("theirs"));
    }
}
