//! The command line: clap's definitions of every command, and nothing of what they do.

use std::ffi::OsString;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{
    Arg, ArgAction, Args, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    ValueHint,
};

use crate::dns::dig::options;
use crate::doctor::{Machine, Subject};
use crate::error::{Error, Exit};
use crate::probe::protocol::Protocols;
use crate::settings::{self, Layer, Refresh, ThemeName, seconds};
use crate::text::Safe;

/// A terminal explorer for a private IPv6 network, over an embedded WireGuard tunnel.
///
/// Without a conf, the one *.conf in the working directory or in the configuration folder's sixpane/ is used.
#[derive(Debug, Parser)]
#[command(name = "sixpane", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// The WireGuard conf, as `fly wireguard create` wrote it
    #[arg(value_hint = ValueHint::FilePath)]
    pub conf: Option<PathBuf>,
    /// Colour what is printed: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: ColorChoice,
    #[command(flatten)]
    pub screen: Screen,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the tree of apps, regions and machines
    Tree(Tree),
    /// Ask a name server, as dig does
    ///
    /// A bare word is a name of this network: web is web.internal. Without a TYPE the name says it: TXT for
    /// _apps.internal, AAAA for web.internal. Several questions may stand in one line.
    #[command(after_long_help = options_help())]
    Dig(Dig),
    /// Ping addresses, names, or the gateway
    ///
    /// A target is an IPv6 address, a name (a bare word is taken under .internal), or `gateway`.
    Ping(Ping),
    /// Find who stands on the way to a target, with loss and round trips of each
    ///
    /// And the largest packet that comes through. A target is what ping takes.
    Trace(Trace),
    /// Try TCP ports through the tunnel
    ///
    /// A target is what ping takes; a number or a range is a port. Without one the usual ports are tried.
    Ports(Ports),
    /// Find out what is wrong, why, and what to try
    ///
    /// With several confs, or none and several found, all are examined at once. Exits with 1 where anything fails.
    Doctor(Doctor),
    /// Find out which org has an app, by asking all confs at once
    Find(Find),
    /// Print each change of the network as it is noticed, until interrupted
    Watch(Watch),
    /// Try it on a demo org: a WireGuard gateway, a name server and machines in this process
    Demo(Demo),
    /// Take a 6PN address apart and name its DNS server; asks no network
    Addr(Addr),
    /// Print the settings' file with every default, to begin one with
    Settings(SettingsFile),
    /// Print what every key does, with the settings' own keys
    Keys(Keys),
    /// Print the completions for a shell
    Completions(Completions),
    /// Print the manual page, as in `sixpane man | man -l -`
    Man,
}

impl Command {
    /// Whether the command prints JSON.
    pub fn is_json(&self) -> bool {
        match self {
            Self::Tree(Tree { common, .. })
            | Self::Dig(Dig { common, .. })
            | Self::Ping(Ping { common, .. })
            | Self::Trace(Trace { common, .. })
            | Self::Ports(Ports { common, .. })
            | Self::Doctor(Doctor { common, .. })
            | Self::Find(Find { common, .. })
            | Self::Watch(Watch { common, .. }) => common.json,
            Self::Addr(Addr { json, .. }) => *json,
            _ => false,
        }
    }

    /// Whether what it prints is read by people, and not by a program or a shell.
    pub fn is_for_eyes(&self) -> bool {
        match self {
            Self::Doctor(Doctor { markdown: true, .. })
            | Self::Keys(Keys { markdown: true })
            | Self::Settings(SettingsFile { show: false })
            | Self::Completions(_)
            | Self::Man => false,
            Self::Ping(Ping { format, .. }) => *format == Format::Text && !self.is_json(),
            _ => !self.is_json(),
        }
    }

    /// Whether the command prints what the binary is made of: it uses no network.
    pub fn is_about_itself(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Keys(_) | Self::Completions(_) | Self::Man)
    }
}

#[derive(Debug, Clone, Args)]
pub struct Tree {
    /// The WireGuard conf
    #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
    pub conf: Option<PathBuf>,
    /// Only what is there: APP, APP/REGION or APP/REGION/MACHINE
    #[arg(long, value_name = "PATH", value_parser = at)]
    pub at: Option<At>,
    /// How deep: 1 is apps, 2 regions too, 3 machines too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub depth: Option<u8>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Dig {
    /// [CONF…] NAME [TYPE] [CLASS] [@SERVER…] [+OPTION…]: a first word that ends in .conf or holds a / is the conf,
    /// and so are further ones that end in .conf
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Look an address up backwards
    #[arg(short = 'x', value_name = "ADDRESS")]
    pub reverse: Vec<String>,
    /// A name, even where it reads like a type
    #[arg(short = 'q', value_name = "NAME")]
    pub name: Vec<String>,
    /// The type
    #[arg(short = 't', value_name = "TYPE")]
    pub rtype: Option<String>,
    /// The class
    #[arg(short = 'c', value_name = "CLASS")]
    pub class: Option<String>,
    /// The server's port
    #[arg(short = 'p', value_name = "PORT")]
    pub port: Option<String>,
    /// Ask what each line of a file asks, or of standard input where it is `-`; many lines share a TCP connection,
    /// unless +notcp sends each on its own
    #[arg(short = 'f', value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// The data of the answers alone, as with +short
    #[arg(long)]
    pub short: bool,
    /// Ask again every so many seconds, and print what changes, until interrupted
    #[arg(long, value_name = "S", value_parser = seconds, conflicts_with = "file")]
    pub watch: Option<Duration>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Ping {
    /// [CONF] TARGET…: a first word that ends in .conf or holds a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Stop after this many probes for each target
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Seconds between two probes of a target, 0.1 to 10
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = interval)]
    pub interval: Duration,
    /// Bytes of payload behind the ICMPv6 header
    #[arg(short, long, value_name = "BYTES", default_value = "56", value_parser = clap::value_parser!(u16).range(..=65_000))]
    pub size: u16,
    /// Hop limit of the probes
    #[arg(short = 't', long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u8).range(1..))]
    pub hop_limit: u8,
    /// Seconds after which a probe is lost; a reply after that is late [default: 2, more on a slow link]
    #[arg(short = 'W', long, value_name = "S", value_parser = seconds)]
    pub wait: Option<Duration>,
    /// Seconds after which to end, whatever has come
    #[arg(short = 'w', long, value_name = "S", value_parser = seconds)]
    pub deadline: Option<Duration>,
    /// Packets a second at most, to all targets together
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub pace: u32,
    /// One line for each name: its addresses take turns, as a client's connections do
    #[arg(long)]
    pub round_robin: bool,
    /// How to write the output; --json is short for json
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    pub format: Format,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Trace {
    /// [CONF] TARGET: a first word that ends in .conf or holds a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Rounds; without it, until interrupted, and 10 where the output is no terminal
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Seconds between two rounds
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub interval: Duration,
    /// The highest hop limit
    #[arg(short, long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u8).range(1..))]
    pub max_hops: u8,
    /// Do not look for the largest packet that comes through
    #[arg(long)]
    pub no_mtu: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Ports {
    /// [CONF] TARGET… [PORT…]: a first word that ends in .conf or holds a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Speak to the open ones, and print the status line of HTTP, the certificate's names of TLS, or what was
    /// said in their place: any tries both, the likelier first
    #[arg(long = "speak", value_name = "PROTOCOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "any", value_parser = protocols)]
    pub protocols: Option<Protocols>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// The WireGuard confs
    #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
    pub confs: Vec<PathBuf>,
    /// What one wants to reach: an app (NAME, NAME.flycast), a TCP port on its machines, and what is to be
    /// spoken there (http or tls)
    #[arg(long, value_name = "NAME[:PORT[/PROTOCOL]]", value_parser = Subject::read)]
    pub app: Option<Subject>,
    /// One machine, by its ID, or by an address that you have of it
    #[arg(long, value_name = "ID", value_parser = Machine::read)]
    pub machine: Option<Machine>,
    /// Look at the system's own VPN, too: ours is asked first and ended; nothing is changed
    #[arg(long)]
    pub system: bool,
    /// Print Markdown, to share
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Take names and addresses out of the report
    #[arg(long)]
    pub redact: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Find {
    /// The app
    pub name: String,
    /// The WireGuard confs; without any, all that are found
    #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
    pub confs: Vec<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// The WireGuard conf
    #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
    pub conf: Option<PathBuf>,
    /// Seconds between two walks [default: 5]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub refresh: Option<Duration>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Run only the gateway, and print the conf with which wg, dig and other clients attach
    #[arg(long)]
    pub serve: bool,
    /// The org and its story, as in assets/demo.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub scenario: Option<PathBuf>,
    /// With --serve: write the conf to this file, which only its owner can read
    #[arg(long = "conf-out", value_name = "FILE", requires = "serve", value_hint = ValueHint::FilePath)]
    pub conf_out: Option<PathBuf>,
    /// The gateway's UDP port on loopback; 0 takes any
    #[arg(long, value_name = "N", default_value = "0")]
    pub port: u16,
    #[command(flatten)]
    pub screen: Screen,
}

#[derive(Debug, Clone, Args)]
pub struct Addr {
    /// The address, as in fdaa:0:18:a7b:7d:f066:b83b:2
    pub address: Ipv6Addr,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SettingsFile {
    /// Print what holds and where it comes from; exit 3 where the file has a fault
    #[arg(long)]
    pub show: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Keys {
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// How the output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// As ping writes it: a line for each reply, then a summary
    #[default]
    Text,
    /// A JSON object for each reply, then one for each target
    Json,
    /// A row for each reply
    Csv,
    /// The summary alone, as a table
    Markdown,
}

/// A place in the tree; what is `None` is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct At {
    pub app: Option<Safe>,
    pub region: Option<Safe>,
    pub machine: Option<Safe>,
}

impl At {
    pub fn has(part: Option<&Safe>, name: &Safe) -> bool {
        part.is_none_or(|part| part == name)
    }
}

/// Reads `web`, `web/iad` or `web/iad/148e21b7c93d89`.
///
/// # Errors
/// Where it is no such path.
fn at(text: &str) -> Result<At, String> {
    let mut parts =
        text.trim_end_matches('/').split('/').map(|part| (!part.is_empty()).then(|| Safe::new(part)));
    let at =
        At { app: parts.next().flatten(), region: parts.next().flatten(), machine: parts.next().flatten() };
    let in_order = at.app.is_some() && (at.region.is_some() || at.machine.is_none());
    if in_order && parts.next().is_none() {
        Ok(at)
    } else {
        Err("APP, APP/REGION or APP/REGION/MACHINE is expected".into())
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    match seconds(text) {
        Ok(interval) if interval <= Duration::from_secs(10) => Ok(interval),
        _ => Err("seconds from 0.1 to 10 are expected".into()),
    }
}

/// Parses the protocols to check.
///
/// # Errors
/// Where that is not known, in words.
fn protocols(text: &str) -> Result<Protocols, String> {
    Protocols::read(text).ok_or_else(|| "any, http or tls is expected".into())
}

/// What is told above the `+` options.
pub const OPTIONS_ABOUT: &str =
    "Options of the line; no after the + turns one off, and a beginning that fits only one stands for it:";
/// What is told of comparing.
pub const COMPARED_ABOUT: &str = "Two servers (@A @B) and two confs are asked at once, and what the second says \
                                  otherwise is told; the exit code is 1 where anything differs.";

/// Every `+` option with what it does, for `--help`.
fn options_help() -> String {
    let names: Vec<String> = options::KNOWN.iter().map(|known| format!("+{}", known.written())).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let rows = names.iter().zip(options::KNOWN);
    let rows: Vec<String> = rows.map(|(name, known)| format!("  {name:<width$}  {}", known.words)).collect();
    format!("{OPTIONS_ABOUT}\n{}\n\n{COMPARED_ABOUT}", rows.join("\n"))
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
    /// The settings that the flags say.
    pub fn layer(&self) -> Layer {
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

/// What all commands that attach have in common.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The WireGuard conf, where it is not given by its place; dig, doctor and find take several
    #[arg(id = "named", long = "conf", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub confs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Attach even though another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
    /// Seconds that the tunnel may take to come up [default: 10]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub timeout: Option<Duration>,
}

impl Common {
    /// The conf of a command that attaches to one network.
    pub fn conf(&self) -> Result<Option<&Path>, Error> {
        match self.confs.as_slice() {
            [] => Ok(None),
            [conf] => Ok(Some(conf)),
            _ => Err(Error::new(Exit::Usage, "one conf at a time").why("--conf is given more than once")),
        }
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

/// Reads the command line `args`, whose first word is the program's name.
///
/// # Errors
/// Where it is wrong, and where help or the version is asked for; printed in the colours that `args` ask for.
pub fn parse(args: &[OsString]) -> Result<CommandLine, clap::Error> {
    let read = |color| {
        let matches = command(color).try_get_matches_from(args)?;
        CommandLine::from_arg_matches(&matches)
    };
    match read(ColorChoice::Auto) {
        Err(error) => match wanted_color(args) {
            ColorChoice::Auto => Err(error),
            color => read(color),
        },
        line => line,
    }
}

/// The value of `--color` on a command line that is wrong, or asks for help.
fn wanted_color(args: &[OsString]) -> ColorChoice {
    let flag = |name: &'static str, short| {
        Arg::new(name).long(name).short(short).global(true).action(ArgAction::SetTrue)
    };
    let lenient = command(ColorChoice::Auto)
        .ignore_errors(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .arg(flag("help", 'h'))
        .arg(flag("version", 'V'));
    let matches = lenient.try_get_matches_from(args).ok();
    matches.and_then(|matches| matches.get_one("color").copied()).unwrap_or_default()
}

/// The definitions, for whoever writes completions or a manual of them.
pub fn command(color: ColorChoice) -> clap::Command {
    CommandLine::command().color(color)
}
