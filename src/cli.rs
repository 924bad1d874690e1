//! The command line: clap's definitions, and what each leads to. Nothing is done while it is parsed.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueHint};

use crate::commands;
use crate::commands::doctor::Face;
use crate::commands::ping::Format;
use crate::commands::plain::{self, Plain};
use crate::commands::session::Session;
use crate::commands::settings::Sources;
use crate::commands::style::{BAD, paint};
use crate::engine;
use crate::error::{Error, Exit};
use crate::settings::{self, Layer, Refresh, Settings, ThemeName, seconds};

/// A terminal explorer for a private IPv6 network, over an embedded WireGuard tunnel.
///
/// Without a conf, the one *.conf in the working directory or in the configuration folder's sixpane/ is used.
#[derive(Debug, Parser)]
#[command(name = "sixpane", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
struct CommandLine {
    /// The WireGuard conf, as `fly wireguard create` wrote it
    #[arg(value_hint = ValueHint::FilePath)]
    conf: Option<PathBuf>,
    /// Colour what is printed: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    color: clap::ColorChoice,
    #[command(flatten)]
    screen: Screen,
    #[command(subcommand)]
    command: Option<AnyCommand>,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them")]
enum AnyCommand {
    #[command(flatten)]
    Network(Command),
    #[command(flatten)]
    Itself(Itself),
}

impl AnyCommand {
    /// Whether what it prints is read by people, and not by a program or a shell.
    fn is_for_eyes(&self) -> bool {
        match self {
            Self::Network(Command::Addr { json, .. }) => !json,
            Self::Network(Command::Doctor { markdown, common, .. }) => !markdown && !common.json,
            Self::Network(Command::Ping { pings, common, .. }) => {
                !common.json && pings.format == Format::Text
            }
            Self::Network(
                Command::Tree { common, .. }
                | Command::Trace { common, .. }
                | Command::Ports { common, .. }
                | Command::Find { common, .. }
                | Command::Watch { common, .. }
                | Command::Dig { common, .. },
            ) => !common.json,
            Self::Network(Command::Demo { .. }) => true,
            Self::Itself(Itself::Keys { markdown }) => !markdown,
            Self::Itself(Itself::Settings { show }) => *show,
            Self::Itself(Itself::Completions { .. } | Itself::Man) => false,
        }
    }
}

/// How the screens look and what they do by themselves. What is not given here comes from the settings.
#[derive(Debug, Clone, Args)]
pub struct Screen {
    /// Seconds between two walks, or off [default: 5]
    #[arg(long, value_name = "S", value_parser = settings::refresh)]
    refresh: Option<Refresh>,
    /// Ping nobody by itself
    #[arg(long)]
    no_ping: bool,
    /// The colours: auto, dark, light, cvd or mono [default: auto]
    #[arg(long, value_name = "NAME", value_parser = theme_name, hide_possible_values = true)]
    theme: Option<ThemeName>,
    /// ASCII glyphs alone [default: by the locale]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    ascii: Option<bool>,
    /// Listen to the mouse, or not [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    mouse: Option<bool>,
    /// Attach even though another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
}

impl Screen {
    fn layer(&self) -> Layer {
        Layer {
            refresh: self.refresh,
            auto_ping: self.no_ping.then_some(false),
            theme: self.theme,
            ascii: self.ascii,
            mouse: self.mouse,
            ..Layer::default()
        }
    }
}

fn theme_name(text: &str) -> Result<ThemeName, String> {
    let known = || format!("one of {} is expected", ThemeName::ALL.map(ThemeName::as_str).join(", "));
    ThemeName::named(text).ok_or_else(known)
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the tree of apps, regions and machines
    Tree {
        /// The WireGuard conf
        #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
        conf: Option<PathBuf>,
        /// Only what is there: APP, APP/REGION or APP/REGION/MACHINE
        #[arg(long, value_name = "PATH", value_parser = commands::tree::at)]
        at: Option<commands::tree::At>,
        /// How deep: 1 is apps, 2 regions too, 3 machines too
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
        depth: Option<u8>,
        #[command(flatten)]
        common: Common,
    },
    /// Ask a name server, as dig does
    ///
    /// A bare word is a name of this network: web is web.internal. Without a TYPE the name says it: TXT for
    /// _apps.internal, AAAA for web.internal. Several questions may stand in one line.
    #[command(after_long_help = commands::dig::options_help())]
    Dig {
        #[command(flatten)]
        line: commands::dig::Options,
        #[command(flatten)]
        common: Common,
    },
    /// Ping addresses, names, or the gateway
    ///
    /// A target is an IPv6 address, a name (a bare word is taken under .internal), or `gateway`.
    Ping {
        /// [CONF] TARGET…: a first word that ends in .conf or holds a / is the conf
        #[arg(required = true, value_name = "TARGET")]
        words: Vec<String>,
        #[command(flatten)]
        pings: commands::ping::Options,
        #[command(flatten)]
        common: Common,
    },
    /// Find who stands on the way to a target, with loss and round trips of each
    ///
    /// And the largest packet that comes through. A target is what ping takes.
    Trace {
        /// [CONF] TARGET: a first word that ends in .conf or holds a / is the conf
        #[arg(required = true, value_name = "TARGET")]
        words: Vec<String>,
        #[command(flatten)]
        options: commands::trace::Options,
        #[command(flatten)]
        common: Common,
    },
    /// Try TCP ports through the tunnel
    ///
    /// A target is what ping takes; a number or a range is a port. Without one the usual ports are tried.
    Ports {
        /// [CONF] TARGET… [PORT…]: a first word that ends in .conf or holds a / is the conf
        #[arg(required = true, value_name = "TARGET")]
        words: Vec<String>,
        /// Protocols to the open ones, and print the status line of HTTP, the certificate's names of TLS, or what was
        /// said in their place: any tries both, the likelier first
        #[arg(long, value_name = "PROTOCOL", num_args = 0..=1, require_equals = true)]
        #[arg(default_missing_value = "any", value_parser = commands::ports::protocols)]
        speak: Option<crate::probe::protocol::Protocols>,
        #[command(flatten)]
        common: Common,
    },
    /// Find out what is wrong, why, and what to try
    ///
    /// With several confs, or none and several found, all are examined at once. Exits with 1 where anything fails.
    Doctor {
        /// The WireGuard confs
        #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
        confs: Vec<PathBuf>,
        /// What one wants to reach: an app (NAME, NAME.flycast), a TCP port on its machines, and what is to be
        /// spoken there (http or tls)
        #[arg(long, value_name = "NAME[:PORT[/PROTOCOL]]", value_parser = crate::doctor::Subject::read)]
        app: Option<crate::doctor::Subject>,
        /// One machine, by its ID, or by an address that you have of it
        #[arg(long, value_name = "ID", value_parser = crate::doctor::Machine::read)]
        machine: Option<crate::doctor::Machine>,
        /// Look at the system's own VPN, too: ours is asked first and ended; nothing is changed
        #[arg(long)]
        system: bool,
        /// Print Markdown, to share
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// Take names and addresses out of the report
        #[arg(long)]
        redact: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Find out which org has an app, by asking all confs at once
    Find {
        /// The app
        name: String,
        /// The WireGuard confs; without any, all that are found
        #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
        confs: Vec<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Print each change of the network as it is noticed, until interrupted
    Watch {
        /// The WireGuard conf
        #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
        conf: Option<PathBuf>,
        /// Seconds between two walks [default: 5]
        #[arg(long, value_name = "S", value_parser = seconds)]
        refresh: Option<Duration>,
        #[command(flatten)]
        common: Common,
    },
    /// Try it on a demo org: a WireGuard gateway, a name server and machines in this process
    Demo {
        /// Run only the gateway, and print the conf with which wg, dig and other clients attach
        #[arg(long)]
        serve: bool,
        /// The org and its story, as in assets/demo.toml
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        scenario: Option<PathBuf>,
        /// With --serve: write the conf to this file, which only its owner can read
        #[arg(long = "conf-out", value_name = "FILE", requires = "serve", value_hint = ValueHint::FilePath)]
        conf_out: Option<PathBuf>,
        /// The gateway's UDP port on loopback; 0 takes any
        #[arg(long, value_name = "N", default_value = "0")]
        port: u16,
        #[command(flatten)]
        screen: Screen,
    },
    /// Take a 6PN address apart and name its DNS server; asks no network
    Addr {
        /// The address, as in fdaa:0:18:a7b:7d:f066:b83b:2
        address: Ipv6Addr,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// What the binary tells of itself.
#[derive(Debug, Subcommand)]
enum Itself {
    /// Print the settings' file with every default, to begin one with
    Settings {
        /// Print what holds and where it comes from; exit 3 where the file has a fault
        #[arg(long)]
        show: bool,
    },
    /// Print what every key does, with the settings' own keys
    Keys {
        /// Print Markdown
        #[arg(long)]
        markdown: bool,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, as in `sixpane man | man -l -`
    Man,
}

/// What all commands that attach have in common.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The WireGuard conf, where it is not given by its place; dig, doctor and find take several
    #[arg(id = "named", long = "conf", value_name = "FILE", value_hint = ValueHint::FilePath)]
    confs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Attach even though another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
    /// Seconds that the tunnel may take to come up [default: 10]
    #[arg(long, value_name = "S", value_parser = seconds)]
    timeout: Option<Duration>,
}

impl Common {
    /// The conf of a command that attaches to one network.
    fn conf(&self) -> Result<Option<&Path>, Error> {
        match self.confs.as_slice() {
            [] => Ok(None),
            [conf] => Ok(Some(conf)),
            _ => Err(Error::new(Exit::Usage, "one conf at a time").why("--conf is given more than once")),
        }
    }

    /// The flag, or else the setting.
    fn timeout(&self, settings: &Settings) -> Duration {
        self.timeout.unwrap_or(settings.timeout)
    }
}

/// The exit codes and what they mean.
pub const EXIT_TABLE: &[(&str, &str)] = &[
    ("0", "ok"),
    ("1", "not found, or the answer is no"),
    ("2", "usage"),
    ("3", "configuration"),
    ("4", "tunnel"),
    ("5", "DNS"),
    ("6", "partial result"),
    ("130, 143", "ended by a signal"),
];

fn exit_codes() -> String {
    let codes: Vec<String> = EXIT_TABLE.iter().map(|(code, words)| format!("{code} {words}")).collect();
    format!("Exit codes: {}", codes.join(" · "))
}

/// Runs the command line `args`, whose first word is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = args.iter().any(|word| word == "--json");
    let parsed = command(color(&args))
        .try_get_matches_from(args)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            return match error.print() {
                Err(why) if !error.use_stderr() => finish(Err(why.into()), &mut io::sink()),
                _ => code.into(),
            };
        }
    };
    match args.color {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let sources = match commands::settings::Sources::read() {
        Ok(sources) => sources,
        Err(error) => return report(&error),
    };
    let settings = sources.resolve(&Layer::default());
    let ascii = args.command.as_ref().is_some_and(AnyCommand::is_for_eyes)
        && settings.ascii.unwrap_or_else(|| !plain::is_utf8());
    // JSON has no colours that would have to be taken out again.
    let stdout = io::stdout();
    let stream =
        if json { anstream::AutoStream::always_ansi(stdout) } else { anstream::AutoStream::auto(stdout) };
    let mut out = io::BufWriter::with_capacity(OUTPUT, Plain::new(stream, ascii));
    let result = match args.command {
        None => explore(args.conf.as_deref(), &args.screen, &sources, args.color),
        Some(AnyCommand::Network(Command::Demo { serve: false, scenario, port, screen, .. })) => {
            let settings = screens(&screen, &sources, args.color);
            commands::explore::demo(scenario.as_deref(), port, &settings).map_err(Failure::from)
        }
        Some(AnyCommand::Itself(itself)) => {
            let result = tell(&itself, &sources, &mut out);
            return finish(result, &mut out);
        }
        Some(AnyCommand::Network(command)) => {
            if let Some(note) = sources.note() {
                let _ = writeln!(plain::stderr(), "sixpane: {note}");
            }
            let result = run(command, &settings, &mut out);
            return finish(result, &mut out);
        }
    };
    match result {
        Ok(code) => code,
        Err(failure) => finish(Err(failure), &mut io::sink()),
    }
}

/// Bytes written at once.
const OUTPUT: usize = 64 * 1024;

/// The definitions, for whoever writes completions or a manual of them.
pub fn command(color: clap::ColorChoice) -> clap::Command {
    CommandLine::command().color(color)
}

/// What `--color` says, before anything is parsed: the help and the errors go by it too.
fn color(args: &[OsString]) -> clap::ColorChoice {
    let words: Vec<&str> =
        args.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str()).collect();
    let value = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--color") {
        Some("") => words.get(at + 1).copied(),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn explore(
    conf: Option<&Path>,
    screen: &Screen,
    sources: &Sources,
    color: clap::ColorChoice,
) -> Result<ExitCode, Failure> {
    Ok(commands::explore::run(conf, &screens(screen, sources, color))?)
}

/// What holds for the screens.
fn screens(screen: &Screen, sources: &Sources, color: clap::ColorChoice) -> commands::explore::Options {
    let mut flags = screen.layer();
    if color == clap::ColorChoice::Never {
        flags.theme = Some(ThemeName::Mono);
    }
    commands::explore::Options {
        settings: sources.on_screens(&flags),
        force: screen.force,
        note: sources.note(),
        keymap: sources.keymap().clone(),
    }
}

fn run(command: Command, settings: &Settings, out: &mut impl Write) -> Result<Exit, Failure> {
    match command {
        Command::Demo { scenario, conf_out, port, .. } => {
            commands::demo::serve(scenario.as_deref(), conf_out.as_deref(), port, out)
        }
        Command::Addr { address, json } => commands::addr::run(address, json, out),
        Command::Tree { conf, at, depth, common } => commands::attached(async {
            let engine = engine::Settings { refresh: None, ..Default::default() };
            let conf = conf.as_deref().or(common.conf()?);
            let mut session = Session::open(conf, common.force, engine)?;
            let request = commands::tree::Request { at: at.unwrap_or_default(), depth, json: common.json };
            commands::tree::run(&mut session, common.timeout(settings), &request, out).await
        }),
        Command::Trace { words, options, common } => trace(words, &options, &common, settings, out),
        Command::Ports { words, speak, common } => {
            let (conf, words) = commands::conf::split(words, common.conf()?);
            let (targets, ports) = commands::ports::split(words, &settings.ports)?;
            let request = commands::ports::Request { targets, ports, protocols: speak, json: common.json };
            commands::attached(async {
                let engine = engine::Settings { walk: false, ..Default::default() };
                let mut session = Session::open(conf.as_deref(), common.force, engine)?;
                commands::ports::run(&mut session, &request, common.timeout(settings), out).await
            })
        }
        Command::Doctor { mut confs, app, machine, system, markdown, redact, common } => {
            let face = match (common.json, markdown) {
                (true, _) => Face::Json,
                (_, true) => Face::Markdown,
                _ => Face::Text,
            };
            confs.extend(common.confs);
            let subject = crate::doctor::Subject { machine, system, ..app.unwrap_or_default() };
            let request = commands::doctor::Request { confs, force: common.force, subject, face, redact };
            commands::attached(commands::doctor::run(&request, out))
        }
        Command::Find { name, mut confs, common } => {
            let timeout = common.timeout(settings);
            confs.extend(common.confs);
            let name = name.strip_suffix(".internal").unwrap_or(&name);
            let (name, force, json) = (crate::text::Safe::new(name), common.force, common.json);
            let request = commands::find::Request { name, confs, force, timeout, json };
            commands::attached(commands::find::run(&request, out))
        }
        Command::Watch { conf, refresh, common } => commands::attached(async {
            let refresh = refresh.map_or(settings.refresh, |every| Refresh(Some(every)));
            let refresh = refresh.0.or(Settings::default().refresh.0);
            let engine = engine::Settings { refresh, ..Default::default() };
            let conf = conf.as_deref().or(common.conf()?);
            let mut session = Session::open(conf, common.force, engine)?;
            commands::watch::run(
                &mut session,
                common.timeout(settings),
                common.json,
                commands::interrupted(),
                out,
            )
            .await
        }),
        Command::Dig { line, common } => {
            let timeout = common.timeout(settings);
            // Before anything is read or sent: a wrong line is told at once.
            let (confs, request) = line.request(common.confs, common.json)?;
            let end = commands::interrupted();
            commands::attached(commands::dig::run(&confs, common.force, &request, timeout, end, out))
        }
        Command::Ping { words, pings, common } => {
            let (conf, targets) = commands::conf::split(words, common.conf()?);
            if targets.is_empty() {
                return Err(Error::new(Exit::Usage, "say whom to ping").hint("sixpane ping gateway").into());
            }
            let engine = engine::Settings { walk: false, plan: pings.plan(), ..Default::default() };
            let request = pings.request(targets, common.json);
            commands::attached(async {
                let mut session = Session::open(conf.as_deref(), common.force, engine)?;
                let timeout = common.timeout(settings);
                commands::ping::run(&mut session, &request, timeout, commands::interrupted(), out).await
            })
        }
    }
}

fn trace(
    words: Vec<String>,
    options: &commands::trace::Options,
    common: &Common,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let (conf, targets) = commands::conf::split(words, common.conf()?);
    let [target] = targets.as_slice() else {
        return Err(Error::new(Exit::Usage, "one target can be traced").hint("sixpane trace web").into());
    };
    let plan = options.plan(io::stdout().is_terminal());
    commands::attached(async {
        let engine = engine::Settings { walk: false, ..Default::default() };
        let mut session = Session::open(conf.as_deref(), common.force, engine)?;
        let (timeout, end) = (common.timeout(settings), commands::interrupted());
        commands::trace::run(&mut session, target, plan, timeout, common.json, end, out).await
    })
}

fn tell(itself: &Itself, sources: &Sources, out: &mut impl Write) -> Result<Exit, Failure> {
    match *itself {
        Itself::Settings { show } => commands::settings::run(sources, show, out),
        Itself::Keys { markdown } => commands::manual::keys(sources.keymap(), markdown, out),
        Itself::Completions { shell } => commands::manual::completions(shell, out),
        Itself::Man => commands::manual::page(sources.keymap(), out),
    }
}

/// The exit code of `result`. A reader that went away (`| head -1`) is no error.
fn finish(result: Result<Exit, Failure>, out: &mut impl Write) -> ExitCode {
    let flushed = out.flush();
    match result.and_then(|exit| flushed.map(|()| exit).map_err(Failure::from)) {
        Ok(exit) => exit.into(),
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok.into(),
        Err(Failure::Write(error)) => report(&Error::new(Exit::Empty, "cannot write the output").why(error)),
        Err(Failure::Told(error)) => report(&error),
    }
}

fn report(error: &Error) -> ExitCode {
    let _ = writeln!(plain::stderr(), "{} {error}", paint(BAD, "sixpane:"));
    error.exit.into()
}

/// Why a command stopped: something to tell, or an output that takes no more.
#[derive(Debug)]
pub enum Failure {
    /// To be told on standard error.
    Told(Error),
    /// The output could not be written.
    Write(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
