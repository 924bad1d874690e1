//! `sixpane [CONF]`: the screens over a network.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{conf, kept, plain};
use crate::app;
use crate::app::dig::history::{KEPT, Past};
use crate::app::kept::{Folds, Look};
use crate::app::keys::Keymap;
use crate::app::pick::{Choice, Pick, Picked};
use crate::attach::list::{self, Item};
use crate::attach::{Loaded, find};
use crate::engine;
use crate::error::{Error, Exit};
use crate::runtime::{self, Outside, Start};
use crate::settings::Settings;
use crate::state;
use crate::state::history::History;
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
        let found = find::found();
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
    let choice = |Item { source, loaded }: &Item| Choice {
        path: source.label(),
        about: match loaded {
            Ok(loaded) => Ok(format!("{}  by {}", loaded.identity().network(), loaded.identity().endpoint)),
            Err(error) => Err(Error::from(error.clone()).line()),
        },
    };
    let mut choices: Vec<Choice> = list::read(paths).iter().map(choice).collect();
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

/// Shows the network of `loaded`. The handshake leaves before the terminal is touched.
///
/// # Errors
/// Where the tunnel cannot be begun, or the terminal cannot be used.
pub fn show(loaded: Loaded, screen: &Options) -> Result<ExitCode, Error> {
    let network = loaded.identity().network().to_string();
    let (kept, about_kept) = kept::load(&network);
    // The screens tell it too; here it is still to be read after they have gone.
    let notes: Vec<String> = screen.note.clone().into_iter().chain(about_kept).collect();
    for note in &notes {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
    let claimed = conf::claim(&loaded, screen.force)?;
    // The network works on while a frame is drawn.
    let runtime = workers()?;
    let shown = runtime.block_on(async {
        let engine_settings =
            engine::Settings { refresh: screen.settings.refresh.0, ..engine::Settings::default() };
        let attachment = loaded.attach(claimed, engine_settings)?;
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
        let mut home = Home { history, unkept: None };
        let code = runtime::run(attachment, start, &mut home).await;
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
struct Home {
    history: Option<History>,
    /// Why what the screens look like could not be kept the last time.
    unkept: Option<String>,
}

impl Outside for Home {
    fn folds(&mut self, network: &str) -> Folds {
        let ((_, folds), _) = kept::load(network);
        folds
    }

    fn remember(&mut self, line: &str) {
        if let Some(history) = &self.history {
            history.add(line);
        }
    }

    fn keep(&mut self, network: &str, now: &(Look, Folds)) {
        self.unkept = kept::save(network, now).err();
    }
}

/// The history of the Dig view, and its lines. Where there is no state folder, or none that can be written, lines
/// are remembered for this run alone.
fn history() -> (Option<History>, Past) {
    let history = state::dir().map(|dir| History::new(&dir));
    let lines = history.as_ref().map(|history| history.lines(KEPT)).unwrap_or_default();
    (history, Past::new(lines))
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
