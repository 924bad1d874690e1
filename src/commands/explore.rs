//! `sixpane [CONF]`: the screens over a network.

use std::cell::Cell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::session::Session;
use super::{around, conf, kept, plain};
use crate::app;
use crate::app::dig::history::{KEPT, Past};
use crate::app::kept::{Folds, Look};
use crate::app::keys::Keymap;
use crate::app::pick::{Choice, Pick, Picked};
use crate::doctor::facts::Around;
use crate::engine::{self, Engine};
use crate::error::{Error, Exit};
use crate::profile::{Profile, find, parse};
use crate::runtime::{self, Outside, Start};
use crate::settings::Settings;
use crate::state::history::History;
use crate::state::{self, Claim};
use crate::text::Safe;
use crate::ui::theme::{Depth, Theme};

/// How the screens are shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the user decided.
    pub settings: Settings,
    /// Attach even though another sixpane uses the conf.
    pub force: bool,
    /// What is wrong with the settings, to be told once.
    pub note: Option<String>,
    /// The keys that hold.
    pub keymap: Keymap,
}

/// Shows the network of the conf at `path`; without one, of the only one there is, or of the one that is chosen.
///
/// # Errors
/// Where there is no terminal, no conf, or no tunnel can be begun.
pub fn run(path: Option<&Path>, screen: &Options) -> Result<ExitCode, Error> {
    runtime::check()?;
    if path.is_some() {
        return show(conf::load(path)?, screen);
    }
    loop {
        let found = conf::found();
        let first_run = found.is_empty();
        let paths = match found.as_slice() {
            [one] => return show(conf::load(Some(one))?, screen),
            [] => find::elsewhere(etcetera::home_dir().ok().as_deref()),
            _ => found,
        };
        match pick(&paths, first_run, screen)? {
            Ok(Picked::This(index)) => {
                return match paths.get(index) {
                    Some(path) => show(conf::load(Some(path))?, screen),
                    None => super::demo::explore(None, 0, screen),
                };
            }
            Ok(Picked::Again | Picked::NotYet | Picked::Suspend) => {}
            Ok(Picked::Quit) => return Ok(ExitCode::SUCCESS),
            Err(code) => return Ok(code),
        }
    }
}

/// Lets the user choose one of `paths`, or, on a first run, the demo behind them.
fn pick(paths: &[PathBuf], first_run: bool, screen: &Options) -> Result<Result<Picked, ExitCode>, Error> {
    let choice = |path: &PathBuf| Choice {
        path: Safe::new(path.as_os_str().as_encoded_bytes()).to_string(),
        about: parse::load(path)
            .map(|profile| format!("{}  by {}", profile.network(), profile.peer.endpoint))
            .map_err(|error| Error::from(error).line()),
    };
    let mut choices: Vec<Choice> = paths.iter().map(choice).collect();
    let pick = if first_run {
        let about = Ok("an org in a box; nothing leaves this machine".into());
        choices.push(Choice { path: "demo".into(), about });
        Pick::first_run(choices, format!("this folder, ~/.config/sixpane, {}", find::ELSEWHERE.join(", ")))
    } else {
        Pick::new(choices)
    };
    let runtime = workers()?;
    let picked = runtime.block_on(runtime::pick(pick, theme(screen)));
    runtime.shutdown_background();
    picked
}

/// Shows the network of `profile`. The handshake leaves before the terminal is touched.
///
/// # Errors
/// Where the tunnel cannot be begun, or the terminal cannot be used.
pub fn show(profile: Arc<Profile>, screen: &Options) -> Result<ExitCode, Error> {
    let network = profile.network().to_string();
    let (kept, about_kept) = kept::load(&network);
    // The screens tell it too; here it is still to be read after they have gone.
    let notes: Vec<String> = screen.note.clone().into_iter().chain(about_kept).collect();
    for note in &notes {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
    let (mut claim, behind) = conf::claim_timed(&profile, screen.force)?;
    let behind = Cell::new(behind);
    // The network works on while a frame is drawn.
    let runtime = workers()?;
    let shown = runtime.block_on(async {
        let engine_settings =
            engine::Settings { refresh: screen.settings.refresh.0, ..engine::Settings::default() };
        let session = Session::attach(profile, engine_settings.clone())?;
        let (history, past) = history();
        let start = Start {
            theme: theme(screen),
            settings: app::Settings {
                auto_ping: screen.settings.auto_ping,
                ports: screen.settings.ports.as_slice().into(),
                theme: screen.settings.theme,
                mouse: screen.settings.mouse,
            },
            keymap: screen.keymap.clone(),
            kept,
            past,
            note: notes.into_iter().next(),
        };
        let (profile, engine) = (session.profile, session.engine);
        let mut home = Home {
            network,
            claim: &mut claim,
            behind: &behind,
            force: screen.force,
            engine_settings,
            history,
            unkept: None,
        };
        let code = runtime::run(profile, engine, start, &mut home).await;
        Ok::<_, Error>((code, home.unkept))
    });
    // The thread that reads the terminal may be waiting for a key that never comes.
    runtime.shutdown_background();
    let (code, unkept) = shown?;
    if let Some(note) = unkept {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
    code
}

/// The files of the user that the screens need.
struct Home<'a> {
    network: String,
    claim: &'a mut Option<Claim>,
    /// How far the clock has gone back since the conf was attached before.
    behind: &'a Cell<Option<Duration>>,
    force: bool,
    engine_settings: engine::Settings,
    history: Option<History>,
    /// Why what the screens look like could not be kept the last time.
    unkept: Option<String>,
}

impl Outside for Home<'_> {
    fn reload(&mut self, old: &Profile) -> Result<Option<(Arc<Profile>, Engine)>, Error> {
        let attached = reload(old, (self.claim, self.behind), self.force, &self.engine_settings)?;
        if let Some((profile, _)) = &attached {
            self.network = profile.network().to_string();
        }
        Ok(attached)
    }

    fn folds(&mut self) -> Folds {
        let ((_, folds), _) = kept::load(&self.network);
        folds
    }

    fn around(&mut self, profile: &Profile) -> Around {
        Around { clock_behind: self.behind.get(), ..around::look(profile, &[]) }
    }

    fn remember(&mut self, line: &str) {
        if let Some(history) = &self.history {
            history.add(line);
        }
    }

    fn keep(&mut self, now: &(Look, Folds)) {
        self.unkept = kept::save(&self.network, now).err();
    }
}

/// The history of the Dig view, and its lines. Where there is no state folder, or none that can be written, lines
/// are remembered for this run alone.
fn history() -> (Option<History>, Past) {
    let history = state::dir().map(|dir| History::new(&dir));
    let lines = history.as_ref().map(|history| history.lines(KEPT)).unwrap_or_default();
    (history, Past::new(lines))
}

/// Reads the conf of `old` again; gives an engine over the new one where it says something else.
fn reload(
    old: &Profile,
    (claim, behind): (&mut Option<Claim>, &Cell<Option<Duration>>),
    force: bool,
    settings: &engine::Settings,
) -> Result<Option<(Arc<Profile>, Engine)>, Error> {
    let Some(path) = &old.path else { return Ok(None) };
    let new = parse::load(path)?;
    if new == *old {
        return Ok(None);
    }
    // The claim on a key goes with the key.
    if new.private_key != old.private_key {
        let (ours, by) = conf::claim_timed(&new, force)?;
        *claim = ours;
        behind.set(by);
    }
    let session = Session::attach(Arc::new(new), settings.clone())?;
    Ok(Some((session.profile, session.engine)))
}

fn workers() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::new(Exit::Tunnel, "cannot start").why(error))
}

/// A locale without UTF-8 takes the glyphs, where nothing else is said.
fn theme(screen: &Options) -> Theme {
    Theme {
        name: screen.settings.theme,
        depth: Depth::of(|name| std::env::var(name).ok()),
        ascii: screen.settings.ascii.unwrap_or_else(|| !plain::is_utf8()),
    }
}
