//! The command line: clap's definitions, and what each leads to. Nothing is done while it is parsed.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::commands::doctor::Face;
use crate::commands::session::Session;
use crate::engine;
use crate::error::{Error, Exit};
use crate::probe::ping::Plan;

/// A terminal explorer for a private IPv6 network, over an embedded WireGuard tunnel.
///
/// Without a conf, the one *.conf in the working directory or in the configuration folder's sixpane/ is used.
#[derive(Debug, Parser)]
#[command(name = "sixpane", version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true)]
struct CommandLine {
    /// The WireGuard conf, as `fly wireguard create` wrote it
    conf: Option<PathBuf>,
    #[command(flatten)]
    screen: Screen,
    #[command(subcommand)]
    command: Option<Command>,
}

/// How the screens look and what they do by themselves.
#[derive(Debug, Clone, Args)]
pub struct Screen {
    /// Seconds between two walks, or off
    #[arg(long, value_name = "S", default_value = "5", value_parser = refresh)]
    pub refresh: Refresh,
    /// Ping nobody by itself
    #[arg(long)]
    pub no_ping: bool,
    /// ASCII glyphs alone
    #[arg(long)]
    pub ascii: bool,
    /// Attach even though another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
}

/// The interval of walks; `None` is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh(pub Option<Duration>);

fn refresh(text: &str) -> Result<Refresh, String> {
    if text == "off" { Ok(Refresh(None)) } else { seconds(text).map(|s| Refresh(Some(s))) }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the tree of apps, regions and machines
    Tree {
        /// The WireGuard conf
        #[arg(value_name = "CONF")]
        conf: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Ask a name server, as dig does
    ///
    /// A bare word is a name of this network: web is web.internal. Without a TYPE the name says it: TXT for
    /// _apps.internal, AAAA for web.internal. Options are dig's: +short +noall +answer +tcp +norecurse +dnssec
    /// +bufsize= +time= +tries= +nsid and more; a wrong one is answered with the list.
    Dig {
        /// [CONF] NAME [TYPE] [CLASS] [@SERVER] [+OPTION…]: a first word that ends in .conf or holds a / is the conf
        #[arg(value_name = "WORD")]
        words: Vec<String>,
        /// Look an address up backwards
        #[arg(short = 'x', value_name = "ADDRESS")]
        reverse: Vec<String>,
        /// A name, even where it reads like a type
        #[arg(short = 'q', value_name = "NAME")]
        name: Vec<String>,
        /// The type
        #[arg(short = 't', value_name = "TYPE")]
        rtype: Option<String>,
        /// The class
        #[arg(short = 'c', value_name = "CLASS")]
        class: Option<String>,
        /// The server's port
        #[arg(short = 'p', value_name = "PORT")]
        port: Option<String>,
        /// Ask what each line of a file asks, or of standard input where it is `-`
        #[arg(short = 'f', value_name = "FILE")]
        file: Option<PathBuf>,
        /// The data of the answers alone, as with +short
        #[arg(long)]
        short: bool,
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
        /// Stop after this many probes for each target
        #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
        /// Seconds between two probes of a target
        #[arg(short, long, value_name = "S", default_value = "1", value_parser = seconds)]
        interval: Duration,
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
        #[command(flatten)]
        common: Common,
    },
    /// Find out what is wrong, why, and what to try
    ///
    /// Exits with 1 where anything fails.
    Doctor {
        /// The WireGuard conf
        #[arg(value_name = "CONF")]
        conf: Option<PathBuf>,
        /// What one wants to reach: an app, and a TCP port on its machines
        #[arg(long, value_name = "NAME[:PORT]", value_parser = commands::doctor::subject)]
        app: Option<crate::doctor::Subject>,
        /// Print Markdown, to share
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Print each change of the network as it is noticed, until interrupted
    Watch {
        /// The WireGuard conf
        #[arg(value_name = "CONF")]
        conf: Option<PathBuf>,
        /// Seconds between two walks
        #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
        refresh: Duration,
        #[command(flatten)]
        common: Common,
    },
    /// Try it on a demo org: a WireGuard gateway, a name server and machines in this process
    Demo {
        /// Run only the gateway, and print the conf with which wg, dig and other clients attach
        #[arg(long)]
        serve: bool,
        /// The org and its story, as in assets/demo.toml
        #[arg(long, value_name = "FILE")]
        scenario: Option<PathBuf>,
        /// With --serve: write the conf to this file, which only its owner can read
        #[arg(long = "conf-out", value_name = "FILE", requires = "serve")]
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

/// What all commands that attach have in common.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The WireGuard conf, where it is not given by its place
    #[arg(long = "conf", value_name = "FILE")]
    pub conf_option: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Attach even though another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
    /// Seconds that the tunnel may take to come up
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.1..=3600.0).contains(&s) => Ok(Duration::from_secs_f64(s)),
        _ => Err("seconds from 0.1 to 3600 are expected".into()),
    }
}

const EXIT_CODES: &str = "Exit codes: 0 ok · 1 not found, or the answer is no · 2 usage · 3 configuration · \
4 tunnel · 5 DNS · 6 partial result · 130, 143 ended by a signal";

/// Runs the command line `args`, whose first word is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match CommandLine::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return code.into();
        }
    };
    let result = match args.command {
        None => commands::explore::run(args.conf.as_deref(), &args.screen).map_err(Failure::from),
        Some(Command::Demo { serve: false, scenario, port, screen, .. }) => {
            commands::demo::explore(scenario.as_deref(), port, &screen).map_err(Failure::from)
        }
        Some(command) => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let result = run(command, &mut out);
            return finish(result, &mut out);
        }
    };
    match result {
        Ok(code) => code,
        Err(failure) => finish(Err(failure), &mut io::sink()),
    }
}

fn run(command: Command, out: &mut impl Write) -> Result<Exit, Failure> {
    match command {
        Command::Demo { scenario, conf_out, port, .. } => {
            commands::demo::serve(scenario.as_deref(), conf_out.as_deref(), port, out)
        }
        Command::Addr { address, json } => commands::addr::run(address, json, out),
        Command::Tree { conf, common } => commands::attached(async {
            let settings = engine::Settings { refresh: None, ..Default::default() };
            let conf = conf.as_deref().or(common.conf_option.as_deref());
            let mut session = Session::open(conf, common.force, settings)?;
            commands::tree::run(&mut session, common.timeout, common.json, out).await
        }),
        Command::Ports { words, common } => {
            let (conf, words) = commands::conf::split(words, common.conf_option.as_ref());
            let (targets, ports) = commands::ports::split(words)?;
            commands::attached(async {
                let settings = engine::Settings { walk: false, ..Default::default() };
                let mut session = Session::open(conf.as_deref(), common.force, settings)?;
                commands::ports::run(&mut session, &targets, &ports, common.timeout, common.json, out).await
            })
        }
        Command::Doctor { conf, app, markdown, common } => {
            let face = match (common.json, markdown) {
                (true, _) => Face::Json,
                (_, true) => Face::Markdown,
                _ => Face::Text,
            };
            let conf = conf.or(common.conf_option);
            let subject = app.unwrap_or_default();
            commands::attached(commands::doctor::run(conf.as_deref(), common.force, subject, face, out))
        }
        Command::Watch { conf, refresh, common } => commands::attached(async {
            let settings = engine::Settings { refresh: Some(refresh), ..Default::default() };
            let conf = conf.as_deref().or(common.conf_option.as_deref());
            let mut session = Session::open(conf, common.force, settings)?;
            commands::watch::run(&mut session, common.timeout, common.json, commands::interrupted(), out)
                .await
        }),
        Command::Dig { words, reverse, name, rtype, class, port, file, short, common } => {
            let (conf, mut words) = commands::conf::split(words, common.conf_option.as_ref());
            for (dash, values) in [
                ("-q", name),
                ("-x", reverse),
                ("-t", rtype.into_iter().collect()),
                ("-c", class.into_iter().collect()),
                ("-p", port.into_iter().collect()),
            ] {
                words.extend(values.into_iter().flat_map(|value| [dash.to_owned(), value]));
            }
            words.extend(short.then(|| "+short".to_owned()));
            // Before anything is read or sent: a wrong line is told at once.
            let request = match file {
                Some(file) => commands::dig::Request::batch(&file, &words, common.json)?,
                None => commands::dig::Request::new(words, common.json)?,
            };
            commands::attached(async {
                let settings = engine::Settings { walk: false, ..Default::default() };
                let mut session = Session::open(conf.as_deref(), common.force, settings)?;
                commands::dig::run(&mut session, &request, common.timeout, out).await
            })
        }
        Command::Ping { words, count, interval, common } => commands::attached(async {
            let (conf, targets) = commands::conf::split(words, common.conf_option.as_ref());
            if targets.is_empty() {
                return Err(Error::new(Exit::Usage, "say whom to ping").hint("sixpane ping gateway").into());
            }
            let plan = Plan { interval, count, ..Default::default() };
            let settings = engine::Settings { walk: false, plan, ..Default::default() };
            let mut session = Session::open(conf.as_deref(), common.force, settings)?;
            let request = commands::ping::Request { targets, count, json: common.json };
            commands::ping::run(&mut session, &request, common.timeout, commands::interrupted(), out).await
        }),
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
    let _ = writeln!(io::stderr(), "sixpane: {error}");
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
