//! `sixpane [CONF]`: the screens over a network.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ColorChoice;

use super::settings::Sources;
use super::{conf, demo, kept, plain, process};
use crate::app;
use crate::app::kept::{Folds, Look};
use crate::app::keymap::Keymap;
use crate::app::pick::{Choice, Pick, Picked};
use crate::app::views::dig::history::{KEPT, Past};
use crate::attach::list::{self, Item};
use crate::attach::{Claimed, Loaded, Source, find};
use crate::cli::args::{self, Screen};
use crate::demo::gateway::Demo;
use crate::engine;
use crate::error::Error;
use crate::runtime::{self, Host, Start};
use crate::settings::{Settings, ThemeName};
use crate::state;
use crate::state::history::History;
use crate::ui::theme::{Depth, Theme};

#[derive(Debug, Clone)]
pub struct Options {
    pub settings: Settings,
    /// Attach even if another sixpane uses the conf.
    pub force: bool,
    /// Errors in the settings, shown once.
    pub note: Option<String>,
    pub keymap: Keymap,
}

impl Options {
    /// The flags in `screen` have precedence over the other sources.
    pub fn new(screen: &Screen, sources: &Sources, color: ColorChoice) -> Self {
        let mut flags = screen.layer();
        if color == ColorChoice::Never {
            flags.theme = Some(ThemeName::Mono);
        }
        Self {
            settings: sources.on_screens(&flags),
            force: screen.force,
            note: sources.note(),
            keymap: sources.keymap().clone(),
        }
    }
}

/// Shows the network of the conf at `path`; without a path, of the only conf found or the selected one.
///
/// # Errors
/// If there is no terminal or no conf, or the tunnel cannot be started.
pub fn run(path: Option<&Path>, screen: &Options) -> Result<ExitCode, Error> {
    runtime::check()?;
    let mut demo = None;
    block_on(explore(path, &mut demo, screen))
}

/// Starts the demo network and shows it through its conf, like any other network.
///
/// # Errors
/// If there is no terminal, the scenario is not valid, or the gateway cannot start.
pub fn demo(args: &args::Demo, screen: &Options) -> Result<ExitCode, Error> {
    runtime::check()?;
    let demo = demo::start(args.scenario.as_deref(), args.port)?;
    block_on(show(demo::source(&demo), screen))
}

/// Reason why the screens were not shown.
enum End {
    /// The user or a signal ended the program.
    Code(ExitCode),
    Error(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Two threads: the network is served while a frame is drawn.
fn block_on(shown: impl Future<Output = Result<ExitCode, End>>) -> Result<ExitCode, Error> {
    let runtime = process::runtime(tokio::runtime::Builder::new_multi_thread().worker_threads(1))?;
    let end = runtime.block_on(shown);
    // Threads may still wait for a key or a file.
    runtime.shutdown_background();
    match end {
        Ok(code) | Err(End::Code(code)) => Ok(code),
        Err(End::Error(error)) => Err(error),
    }
}

/// Runs `work`, which may block, on another thread; a signal ends the wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, End> {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => done.map_err(|_| End::Code(ExitCode::from(101))),
        ended = runtime::ended() => Err(ended.map_or_else(End::Error, End::Code)),
    }
}

async fn explore(path: Option<&Path>, demo: &mut Option<Demo>, screen: &Options) -> Result<ExitCode, End> {
    if let Some(path) = path {
        return show(Source::Conf(path.to_owned()), screen).await;
    }
    loop {
        let found = blocking(find::found).await?;
        let first_run = found.is_empty();
        let paths = match found.as_slice() {
            [one] => return show(Source::Conf(one.clone()), screen).await,
            [] => blocking(|| find::elsewhere(etcetera::home_dir().ok().as_deref())).await?,
            _ => found,
        };
        let picked = pick(paths.clone(), first_run, screen).await?;
        match picked.map_err(End::Code)? {
            Picked::This(index) => {
                if let Some(path) = paths.get(index) {
                    return show(Source::Conf(path.clone()), screen).await;
                }
                let started = demo.insert(blocking(|| demo::start(None, 0)).await??);
                return show(demo::source(started), screen).await;
            }
            Picked::Again | Picked::NotYet | Picked::Suspend => {}
            Picked::Quit => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Shows a list of `paths`, on a first run with the demo as the last item.
async fn pick(
    paths: Vec<PathBuf>,
    first_run: bool,
    screen: &Options,
) -> Result<Result<Picked, ExitCode>, End> {
    let items = blocking(move || list::read(&paths)).await?;
    let choice = |Item { source, loaded }: &Item| Choice {
        path: source.label(),
        about: match loaded {
            Ok(loaded) => Ok(format!("{}  by {}", loaded.identity().network(), loaded.identity().endpoint)),
            Err(error) => Err(Error::from(error.clone()).line()),
        },
    };
    let mut choices: Vec<Choice> = items.iter().map(choice).collect();
    let pick = if first_run {
        let about = Ok("a demo network; no packet leaves this host".into());
        choices.push(Choice { path: "demo".into(), about });
        Pick::first_run(choices, format!("this folder, ~/.config/sixpane, {}", find::ELSEWHERE.join(", ")))
    } else {
        Pick::new(choices)
    };
    Ok(runtime::pick(pick, theme(screen)).await?)
}

/// The user's files that the screens need.
struct Files {
    loaded: Loaded,
    claimed: Claimed,
    kept: (Look, Folds),
    home: Home,
    past: Past,
    notes: Vec<String>,
}

fn files(source: &Source, screen: &Options) -> Result<Files, Error> {
    let loaded = conf::load(source)?;
    let (kept, about_kept) = kept::load(&loaded.identity().network().to_string());
    // The screens show them, too; here they remain readable after the end.
    let notes: Vec<String> = screen.note.clone().into_iter().chain(about_kept).collect();
    print_notes(&notes);
    let claimed = conf::claim(&loaded, screen.force)?;
    // Without a writable state folder, the history is that of this run only.
    let history = state::dir().map(|dir| History::new(&dir));
    let lines = history.as_ref().map(|history| history.lines(KEPT)).unwrap_or_default();
    Ok(Files { loaded, claimed, kept, home: Home { history }, past: Past::new(lines), notes })
}

/// Shows the network of `source`. The handshake is sent before the screens are set up.
async fn show(source: Source, screen: &Options) -> Result<ExitCode, End> {
    let options = screen.clone();
    let files = blocking(move || files(&source, &options)).await??;
    let Files { loaded, claimed, kept, home, past, notes } = files;
    let settings = engine::Settings {
        refresh: screen.settings.refresh.0,
        max_entries: screen.settings.max_entries,
        ..engine::Settings::default()
    };
    let attachment = loaded.attach(claimed, settings)?;
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
    let ended = runtime::run(attachment, start, home).await;
    print_notes(&ended.notes);
    Ok(ended.code?)
}

fn print_notes(notes: &[String]) {
    for note in notes {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
}

/// Access to the files that the screens write.
#[derive(Clone)]
struct Home {
    history: Option<History>,
}

impl Host for Home {
    fn folds(&self, network: &str) -> Folds {
        let ((_, folds), _) = kept::load(network);
        folds
    }

    fn remember(&self, line: &str) {
        if let Some(history) = &self.history {
            history.add(line);
        }
    }

    fn keep(&self, network: &str, now: &(Look, Folds)) -> Result<(), String> {
        kept::save(network, now)
    }
}

/// Without a setting, the locale decides on the glyphs.
fn theme(screen: &Options) -> Theme {
    Theme {
        name: screen.settings.theme,
        depth: Depth::of(|name| std::env::var(name).ok()),
        ascii: screen.settings.ascii.unwrap_or_else(|| !plain::is_utf8()),
    }
}
