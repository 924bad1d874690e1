//! The terminal and the loop: carries out what [`app`](crate::app) asks for, feeds it what happens, draws when
//! something has changed.

mod files;
mod kept;
mod output;
mod pace;
mod screens;
mod signals;
mod terminal;
mod unsent;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;
use ratatui::crossterm::event::{Event, EventStream};

use crate::app::kept::{Folds, Look};
use crate::app::keymap::Keymap;
use crate::app::network::NetworkId;
use crate::app::pick::{Pick, Picked};
use crate::app::views::dig::history::Past;
use crate::app::{Settings, State};
use crate::attach::Attachment;
use crate::clock;
use crate::error::{Error, Exit};
use crate::ui;
use crate::ui::theme::Theme;
use kept::Kept;
use screens::{Attached, Screens};
use signals::{Signals, Told};
use terminal::Screen;
pub use terminal::check;
use work::Work;

/// How long the end waits for files that are still being written.
const LAST: Duration = Duration::from_secs(2);

/// The host's files that the screens need. Every call may block, and is made on a thread where it may.
pub trait Host: Clone + Send + 'static {
    /// The folds of `network` as they were kept.
    fn folds(&self, network: &str) -> Folds;

    /// Adds a line of the Dig view to the history.
    fn remember(&self, line: &str);

    /// Keeps what the screens look like on `network` for the next run.
    ///
    /// # Errors
    /// Why it cannot be kept, in a sentence.
    fn keep(&self, network: &str, now: &(Look, Folds)) -> Result<(), String>;
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

/// How the screens ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: Result<ExitCode, Error>,
    /// What could not be written.
    pub notes: Vec<String>,
}

/// Shows the Explore view over `attachment` until the user quits or a signal ends it. What is chosen on the screens is
/// kept soon after it was chosen, and at the end, however that comes.
pub async fn run(attachment: Attachment, start: Start, host: impl Host) -> Ended {
    let failed = |error| Ended { code: Err(lost(error)), notes: Vec::new() };
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return failed(error),
    };
    let Start { theme, settings, keymap, kept: (look, folds), past, note } = start;
    let mut state = State::new(attachment.identity.clone(), settings.clone(), clock::now());
    state.keymap = keymap;
    state.views.dig.past = past;
    state.restore(&look, &folds);
    if let Some(note) = note {
        state.say(note);
    }
    let (mut kept, mut work) = (Kept::new((look, folds)), Work::default());
    let code = {
        let screen = match Screen::enter() {
            Ok(screen) => screen,
            Err(error) => return failed(error),
        };
        let (kept, work) = (&mut kept, &mut work);
        let mut screens = Screens {
            state,
            networks: vec![Attached::new(NetworkId::FIRST, attachment)],
            theme,
            settings,
            host: host.clone(),
            kept,
            work,
            wall: None,
        };
        let code = screens.run(screen, &mut signals).await;
        screens.kept.keep(&screens.state, &host, screens.work);
        code
    };
    tokio::select! {
        () = work.settle(|result| kept.came(result)) => {}
        () = tokio::time::sleep(LAST) => {}
        _ = signals.next() => {}
    }
    let unwritten = work.unwritten().into_iter().map(|what| format!("gave up {what}"));
    if terminal::is_stuck() {
        return Ended { code: code.or_else(|error| Ok(error.exit.into())), notes: Vec::new() };
    }
    Ended { code, notes: kept.problem.into_iter().chain(unwritten).collect() }
}

/// Waits until a signal asks the process to end, and gives the exit code.
///
/// # Errors
/// Where the signals cannot be heard.
pub async fn ended() -> Result<ExitCode, Error> {
    let mut signals = Signals::new().map_err(lost)?;
    loop {
        match signals.next().await {
            Told::End(code) => return Ok(ExitCode::from(code)),
            Told::Stop => terminal::stop().map_err(lost)?,
            Told::Continue => {}
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
    let mut changed = true;
    loop {
        if changed && screen.is_idle() {
            screen.draw(|frame| ui::pick::draw(&pick, theme, frame)).map_err(gone)?;
            changed = false;
        }
        tokio::select! {
            () = screen.idle(), if changed => continue,
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
        changed = true;
    }
}

/// A terminal that takes nothing more is as good as hung up.
fn gone(error: std::io::Error) -> Error {
    Error::new(Exit::HungUp, "the terminal has gone away").because(error)
}

fn lost(error: std::io::Error) -> Error {
    Error::new(Exit::Empty, "the terminal cannot be used").because(error).hint("sixpane tree")
}
