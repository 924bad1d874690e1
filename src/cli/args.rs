//! The arguments of each command, as clap's types.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use crate::catalog::path::TreePath;
use crate::doctor::{Machine, Subject};
use crate::error::{Error, Exit};
use crate::probe::protocol::Protocols;
use crate::settings::{self, Layer, Refresh, ThemeName, seconds};

#[derive(Debug, Clone, Args)]
pub struct Tree {
    /// The WireGuard conf
    #[arg(value_name = "CONF", value_hint = ValueHint::FilePath)]
    pub conf: Option<PathBuf>,
    /// Print only this part: APP, APP/REGION or APP/REGION/MACHINE
    #[arg(long, value_name = "PATH", value_parser = TreePath::read)]
    pub at: Option<TreePath>,
    /// Depth: 1 for apps, 2 for regions, 3 for machines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub depth: Option<u8>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Dig {
    /// [CONF…] NAME [TYPE] [CLASS] [@SERVER…] [+OPTION…]; a first word that ends in .conf or contains a / is the conf,
    /// and so are further words that end in .conf
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Reverse lookup of an address
    #[arg(short = 'x', value_name = "ADDRESS")]
    pub reverse: Vec<String>,
    /// A name, even if it looks like a type
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
    /// Send the queries of a file, one per line (`-` is standard input); many lines share a TCP connection,
    /// unless +notcp is given
    #[arg(short = 'f', value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Print only the data of the answers, like +short
    #[arg(long)]
    pub short: bool,
    /// Repeat the query every S seconds and print changes, until interrupted
    #[arg(long, value_name = "S", value_parser = seconds, conflicts_with = "file")]
    pub watch: Option<Duration>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Ping {
    /// [CONF] TARGET…; a first word that ends in .conf or contains a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Stop after this many probes for each target
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Seconds between two probes of a target, 0.1 to 10
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = interval)]
    pub interval: Duration,
    /// Payload in bytes, after the ICMPv6 header
    #[arg(short, long, value_name = "BYTES", default_value = "56", value_parser = clap::value_parser!(u16).range(..=65_000))]
    pub size: u16,
    /// Hop limit of the probes
    #[arg(short = 't', long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u8).range(1..))]
    pub hop_limit: u8,
    /// Seconds after which a probe is lost; a reply after that is late [default: 2, more on a slow link]
    #[arg(short = 'W', long, value_name = "S", value_parser = seconds)]
    pub wait: Option<Duration>,
    /// Stop after this many seconds
    #[arg(short = 'w', long, value_name = "S", value_parser = seconds)]
    pub deadline: Option<Duration>,
    /// Maximum packets per second, to all targets together
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub pace: u32,
    /// One row per name: ping its addresses round robin, like a client would
    #[arg(long)]
    pub round_robin: bool,
    /// Output format; --json is short for json
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    pub format: Format,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Trace {
    /// [CONF] TARGET; a first word that ends in .conf or contains a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Rounds [default: until interrupted; 10 if the output is not a terminal]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Seconds between two rounds
    #[arg(short, long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub interval: Duration,
    /// Maximum hop limit
    #[arg(short, long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u8).range(1..))]
    pub max_hops: u8,
    /// Do not measure the path MTU
    #[arg(long)]
    pub no_mtu: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Ports {
    /// [CONF] TARGET… [PORT…]; a first word that ends in .conf or contains a / is the conf
    #[arg(required = true, value_name = "TARGET")]
    pub words: Vec<String>,
    /// Check the protocol of open ports: HTTP status line, TLS certificate or banner; any tries both
    #[arg(long = "protocol", value_name = "PROTOCOL", num_args = 0..=1, require_equals = true)]
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
    /// App to check (NAME or NAME.flycast), optionally with a TCP port and its protocol (http, tls)
    #[arg(long, value_name = "NAME[:PORT[/PROTOCOL]]", value_parser = Subject::read)]
    pub app: Option<Subject>,
    /// Machine to check, by ID or by address
    #[arg(long, value_name = "ID", value_parser = Machine::read)]
    pub machine: Option<Machine>,
    /// Also examine the system's own VPN, after ours has ended; nothing is changed
    #[arg(long)]
    pub system: bool,
    /// Print a Markdown report to share
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Remove names and addresses from the report
    #[arg(long)]
    pub redact: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Args)]
pub struct Find {
    /// The app
    pub name: String,
    /// The WireGuard confs [default: all that are found]
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
    /// Run only the gateway, and print a conf for wg, dig and other clients
    #[arg(long)]
    pub serve: bool,
    /// Scenario of the demo network, as in assets/demo.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub scenario: Option<PathBuf>,
    /// With --serve: write the conf to this file, readable only by its owner
    #[arg(long = "conf-out", value_name = "FILE", requires = "serve", value_hint = ValueHint::FilePath)]
    pub conf_out: Option<PathBuf>,
    /// UDP port of the gateway on loopback; 0 for any
    #[arg(long, value_name = "N", default_value = "0")]
    pub port: u16,
    #[command(flatten)]
    pub screen: Screen,
}

#[derive(Debug, Clone, Args)]
pub struct Addr {
    /// The address, as in fdaa:0:18:a7b:7d:f066:b83b:2
    pub address: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SettingsFile {
    /// Print the settings in effect and their sources; exit 3 if the file has an error
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Like ping: one line per reply, then a summary
    #[default]
    Text,
    /// One JSON object per reply, then one per target
    Json,
    /// One row per reply
    Csv,
    /// Only the summary, as a table
    Markdown,
}

/// Options of the screens. The default of each is its setting.
#[derive(Debug, Clone, Args)]
pub struct Screen {
    /// Seconds between two walks, or off [default: 5]
    #[arg(long, value_name = "S", value_parser = settings::refresh)]
    refresh: Option<Refresh>,
    /// Do not ping automatically
    #[arg(long)]
    no_ping: bool,
    /// The colours: auto, dark, light, cvd or mono [default: auto]
    #[arg(long, value_name = "NAME", value_parser = theme_name, hide_possible_values = true)]
    theme: Option<ThemeName>,
    /// Draw with ASCII only [default: depends on the locale]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    ascii: Option<bool>,
    /// Use the mouse [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    mouse: Option<bool>,
    /// Attach even if another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
}

impl Screen {
    /// The settings given by the flags.
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

/// Options of all commands that attach.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The WireGuard conf, if it is not an argument; dig, doctor and find accept several
    #[arg(id = "named", long = "conf", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub confs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Attach even if another sixpane uses the conf
    #[arg(long)]
    pub force: bool,
    /// Seconds to wait for the tunnel [default: 10]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub timeout: Option<Duration>,
}

impl Common {
    /// The conf of a command for one network.
    pub fn conf(&self) -> Result<Option<&Path>, Error> {
        match self.confs.as_slice() {
            [] => Ok(None),
            [conf] => Ok(Some(conf)),
            _ => Err(Error::new(Exit::Usage, "too many confs").why("--conf is given more than once")),
        }
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    match seconds(text) {
        Ok(interval) if interval <= Duration::from_secs(10) => Ok(interval),
        _ => Err("seconds from 0.1 to 10 are expected".into()),
    }
}

fn protocols(text: &str) -> Result<Protocols, String> {
    Protocols::read(text).ok_or_else(|| "any, http or tls is expected".into())
}
