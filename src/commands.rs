//! The headless commands: each prints the data of a view, as text or as JSON with its own `schema`.

pub mod addr;
pub mod conf;
pub mod demo;
pub mod dig;
pub mod doctor;
pub mod explore;
pub mod find;
pub mod kept;
pub mod manual;
pub mod ping;
pub mod plain;
pub mod ports;
mod process;
pub mod progress;
pub mod session;
pub mod settings;
pub mod style;
mod target;
pub mod trace;
pub mod tree;
pub mod watch;

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use self::plain::Plain;
use self::settings::Sources;
use self::style::{BAD, paint};
use crate::cli::args::Common;
use crate::cli::{self, Command};
use crate::error::{Error, Exit};
use crate::settings::{Layer, Settings};

/// Size of the output buffer in bytes.
const OUTPUT: usize = 64 * 1024;

/// Environment of a headless command.
pub struct Context<'a> {
    pub settings: &'a Settings,
    pub sources: &'a Sources,
    pub out: &'a mut dyn Write,
}

impl Context<'_> {
    /// Limit for the handshake: the flag or else the setting.
    fn timeout(&self, common: &Common) -> Duration {
        common.timeout.unwrap_or(self.settings.timeout)
    }
}

/// Runs a command line; the first word is the name of the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    process::protect_memory();
    let args: Vec<OsString> = args.into_iter().collect();
    let line = match cli::parse(&args) {
        Ok(line) => line,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            return match error.print() {
                Err(why) if !error.use_stderr() => finish(Err(why.into()), &mut io::sink()),
                _ => code.into(),
            };
        }
    };
    match line.color {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let sources = match Sources::read() {
        Ok(sources) => sources,
        Err(error) => return report(&error),
    };
    let shown = match &line.command {
        None => {
            explore::run(line.conf.as_deref(), &explore::Options::new(&line.screen, &sources, line.color))
        }
        Some(Command::Demo(args)) if !args.serve => {
            explore::demo(args, &explore::Options::new(&args.screen, &sources, line.color))
        }
        Some(command) => return headless(command, &sources),
    };
    shown.unwrap_or_else(|error| report(&error))
}

/// Runs a headless command on the standard output.
fn headless(command: &Command, sources: &Sources) -> ExitCode {
    let settings = sources.resolve(&Layer::default());
    if let Some(note) = sources.note().filter(|_| !command.describes_program()) {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
    let stdout = io::stdout();
    // JSON has no colours to remove.
    let stream = if command.is_json() {
        anstream::AutoStream::always_ansi(stdout)
    } else {
        anstream::AutoStream::auto(stdout)
    };
    let ascii = command.is_for_people() && settings.ascii.unwrap_or_else(|| !plain::is_utf8());
    let mut out = io::BufWriter::with_capacity(OUTPUT, Plain::new(stream, ascii));
    let result = block_on(run(command, Context { settings: &settings, sources, out: &mut out }));
    finish(result, &mut out)
}

async fn run(command: &Command, mut context: Context<'_>) -> Result<Exit, Error> {
    let context = &mut context;
    match command {
        Command::Tree(args) => tree::run(context, args).await,
        Command::Dig(args) => dig::run(context, args).await,
        Command::Ping(args) => ping::run(context, args).await,
        Command::Trace(args) => trace::run(context, args).await,
        Command::Ports(args) => ports::run(context, args).await,
        Command::Doctor(args) => doctor::run(context, args).await,
        Command::Find(args) => find::run(context, args).await,
        Command::Watch(args) => watch::run(context, args).await,
        Command::Demo(args) => demo::run(context, args).await,
        Command::Addr(args) => addr::run(context, args),
        Command::Settings(args) => settings::run(context, args),
        Command::Keys(args) => manual::keys(context, args),
        Command::Completions(args) => manual::completions(context, args),
        Command::Man => manual::page(context),
    }
}

/// One thread: it is enough for one command and starts fastest.
fn block_on<T>(command: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = process::runtime(&mut tokio::runtime::Builder::new_current_thread())?;
    runtime.block_on(command)
}

/// The exit code of `result`. A closed pipe (`| head -1`) is not an error.
fn finish(result: Result<Exit, Error>, out: &mut impl Write) -> ExitCode {
    let flushed = out.flush();
    match result.and_then(|exit| flushed.map(|()| exit).map_err(Error::from)) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_unread() => Exit::Ok.into(),
        Err(error) => report(&error),
    }
}

fn report(error: &Error) -> ExitCode {
    let _ = writeln!(plain::stderr(), "{} {error}", paint(BAD, "sixpane:"));
    error.exit.into()
}

/// Ends at SIGINT or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut term) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
