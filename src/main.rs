//! Parses the command line, runs what it asks for, maps the result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    sixpane::main(std::env::args_os())
}
