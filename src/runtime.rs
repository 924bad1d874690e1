//! The terminal and the loop: passes events to [`app`](crate::app), carries out its effects, and draws after a change.

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
use signals::{Action, Signals};
use terminal::Screen;
pub use terminal::check;
use work::Work;

/// Time limit at the end for files that are still being written.
const LAST: Duration = Duration::from_secs(2);

/// The user's files that the screens need. Every call may block and is made on a thread of its own.
pub trait Host: Clone + Send + 'static {
    /// The stored folds of `network`.
    fn folds(&self, network: &str) -> Folds;

    /// Adds a line of the Dig view to the history.
    fn remember(&self, line: &str);

    /// Stores the layout and the folds of `network` for the next run.
    ///
    /// # Errors
    /// The reason, as a sentence.
    fn keep(&self, network: &str, now: &(Look, Folds)) -> Result<(), String>;
}

/// The initial state of the screens.
#[derive(Debug)]
pub struct Start {
    pub theme: Theme,
    pub settings: Settings,
    pub keymap: Keymap,
    /// Layout and folds of the last run.
    pub kept: (Look, Folds),
    /// The history of the Dig view.
    pub past: Past,
    pub note: Option<String>,
}

#[derive(Debug)]
pub struct Ended {
    pub code: Result<ExitCode, Error>,
    /// Files that could not be written.
    pub notes: Vec<String>,
}

/// Shows the screens until the user quits or a signal ends the program. Choices on the screens are stored soon after
/// they were made, and at every kind of end.
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

/// Waits for a signal that ends the process; returns the exit code.
///
/// # Errors
/// If signals cannot be received.
pub async fn ended() -> Result<ExitCode, Error> {
    let mut signals = Signals::new().map_err(lost)?;
    loop {
        match signals.next().await {
            Action::End(code) => return Ok(ExitCode::from(code)),
            Action::Stop => terminal::stop().map_err(lost)?,
            Action::Continue => {}
        }
    }
}

/// Shows the list of confs; returns the choice, or the exit code after a signal.
///
/// # Errors
/// If the terminal cannot be set up or is closed.
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
            action = signals.next() => match action {
                Action::End(code) => return Ok(Err(ExitCode::from(code))),
                Action::Stop => screen.suspend().map_err(gone)?,
                Action::Continue => screen.repaint().map_err(gone)?,
            },
            () = terminal::panicked() => return Ok(Err(ExitCode::from(101))),
        }
        changed = true;
    }
}

/// An error of the terminal counts as a hangup.
fn gone(error: std::io::Error) -> Error {
    Error::new(Exit::HungUp, "the terminal was closed").because(error)
}

fn lost(error: std::io::Error) -> Error {
    Error::new(Exit::Empty, "the terminal cannot be used").because(error).hint("sixpane tree")
}
