//! The command line: clap's definitions, and which command each leads to.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::Ipv6Addr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::error::{Error, Exit};

/// A terminal explorer for a private IPv6 network, over an embedded WireGuard tunnel.
#[derive(Debug, Parser)]
#[command(name = "sixpane", version, after_help = EXIT_CODES)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take a 6PN address apart and name its DNS server; asks no network
    Addr {
        /// The address, as in fdaa:0:18:a7b:7d:f066:b83b:2
        address: Ipv6Addr,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

const EXIT_CODES: &str = "Exit codes: 0 ok · 1 not found, or the answer is no · 2 usage · 3 configuration · \
4 tunnel · 5 DNS · 6 partial result · 130, 143 ended by a signal";

/// Runs the command line `args`, whose first word is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return code.into();
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = match args.command {
        Command::Addr { address, json } => commands::addr::run(address, json, &mut out),
    };
    finish(result, &mut out)
}

/// The exit code of `result`. A reader that went away (`| head -1`) is no error.
fn finish(result: Result<Exit, Failure>, out: &mut impl Write) -> ExitCode {
    match result.and_then(|exit| out.flush().map(|()| exit).map_err(Failure::from)) {
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
