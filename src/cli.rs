//! The command line: clap's definitions of all commands.

pub mod args;
pub mod examples;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{
    Arg, ArgAction, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueHint,
};

use crate::dns::dig::options;
use args::{
    Addr, Completions, Demo, Dig, Doctor, Find, Format, Keys, Ping, Ports, Screen, SettingsFile, Trace, Tree,
    Watch,
};

/// A terminal explorer for a private IPv6 network, over an embedded WireGuard tunnel.
///
/// Without a conf, the one *.conf in the working directory or in the configuration folder's sixpane/ is used.
#[derive(Debug, Parser)]
#[command(name = "sixpane", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// The WireGuard conf written by `fly wireguard create`
    #[arg(value_hint = ValueHint::FilePath)]
    pub conf: Option<PathBuf>,
    /// Colour the output: auto, always or never
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
    /// Query a name server with dig's syntax
    ///
    /// A bare word is a name of this network: web is web.internal. The default TYPE depends on the name: TXT for
    /// _apps.internal, AAAA for web.internal. A line may contain several queries.
    #[command(after_long_help = options_help())]
    Dig(Dig),
    /// Ping addresses, names, or the gateway
    ///
    /// A target is an IPv6 address, a name (a bare word is taken under .internal), or `gateway`.
    Ping(Ping),
    /// Trace the route to a target, with loss and RTT per hop
    ///
    /// Also measures the path MTU. Targets are written as for ping.
    Trace(Trace),
    /// Check TCP ports through the tunnel
    ///
    /// Targets are written as for ping; a number or a range is a port. Without ports, common ones are checked.
    Ports(Ports),
    /// Diagnose the connection: findings, the likely cause, and its remedy
    ///
    /// Several confs are examined at the same time; without one, all that are found. Exits with 1 if anything fails.
    Doctor(Doctor),
    /// Find the network that contains an app, among all confs
    Find(Find),
    /// Print each change of the network, until interrupted
    Watch(Watch),
    /// Open a demo network: a WireGuard gateway, a name server and machines in this process
    Demo(Demo),
    /// Decode a 6PN address and show its DNS server (offline)
    Addr(Addr),
    /// Print a settings file with all defaults, as a template
    Settings(SettingsFile),
    /// Print all keys, including those of the settings
    Keys(Keys),
    /// Print shell completions
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

    /// Whether the output is for people, not for a program or a shell.
    pub fn is_for_people(&self) -> bool {
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

    /// Whether the command only prints tables of the program.
    pub fn describes_program(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Keys(_) | Self::Completions(_) | Self::Man)
    }
}

pub const OPTIONS_ABOUT: &str =
    "Query options; `no` after the + turns one off, and unambiguous prefixes are accepted:";
pub const COMPARED_ABOUT: &str = "Two servers (@A @B) or two confs are queried at the same time, and differences of \
                                  the second are printed; the exit code is 1 if anything differs.";

/// All `+` options, for `--help`.
fn options_help() -> String {
    let names: Vec<String> = options::KNOWN.iter().map(|known| format!("+{}", known.written())).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let rows = names.iter().zip(options::KNOWN);
    let rows: Vec<String> = rows.map(|(name, known)| format!("  {name:<width$}  {}", known.words)).collect();
    format!("{OPTIONS_ABOUT}\n{}\n\n{COMPARED_ABOUT}", rows.join("\n"))
}

/// The exit codes with their meaning.
pub const EXIT_TABLE: &[(&str, &str)] = &[
    ("0", "ok"),
    ("1", "not found, not reachable, or a check failed"),
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

/// Parses a command line; the first word is the name of the program.
///
/// # Errors
/// If it is not valid, and for `--help` and `--version`; in colours as `--color` demands.
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

/// The value of `--color` on a command line that clap does not accept.
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

/// The definitions, also for completions and the manual page.
pub fn command(color: ColorChoice) -> clap::Command {
    let with_examples = |sub: clap::Command| {
        let examples = examples::help(sub.get_name());
        // For dig, its options.
        match sub.get_after_long_help().map(ToString::to_string) {
            Some(options) => {
                sub.after_help(examples.clone()).after_long_help(format!("{options}\n\n{examples}"))
            }
            None => sub.after_help(examples),
        }
    };
    CommandLine::command()
        .color(color)
        .after_help(format!("{}\n\n{}", exit_codes(), examples::help("")))
        .mut_subcommands(with_examples)
}
