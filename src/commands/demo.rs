//! `sixpane demo`: the demo network, on the screens or for other clients.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{Context, interrupted};
use crate::attach::Source;
use crate::cli::args;
use crate::demo::gateway::Demo;
use crate::demo::scenario::Scenario;
use crate::error::{Error, Exit};
use crate::text::Safe;
use crate::text::words;

/// Runs only the gateway, until interrupted; prints its endpoint and a conf.
///
/// # Errors
/// If the scenario is not valid, the port is in use, or the conf cannot be written.
pub async fn run(context: &mut Context<'_>, args: &args::Demo) -> Result<Exit, Error> {
    let out = &mut context.out;
    let demo = start(args.scenario.as_deref(), args.port)?;
    if let Some(path) = &args.conf_out {
        let shown = Safe::new(path.as_os_str().as_encoded_bytes());
        write_private(path, demo.conf())
            .map_err(|error| Error::new(Exit::Config, format!("cannot write {shown}")).why(words(error)))?;
        writeln!(out, "# listening on {}; attach with: sixpane {shown}", demo.endpoint())?;
    } else {
        writeln!(out, "# listening on {}; attach with this conf:", demo.endpoint())?;
        out.write_all(demo.conf().as_bytes())?;
    }
    out.flush()?;
    interrupted().await;
    Ok(Exit::Ok)
}

/// Starts the gateway of the demo network.
///
/// # Errors
/// If the scenario is not valid or the port is in use.
pub fn start(path: Option<&Path>, port: u16) -> Result<Demo, Error> {
    let scenario = match path {
        None => Scenario::built_in()?,
        Some(path) => {
            let name = Safe::new(path.as_os_str().as_encoded_bytes());
            let text = std::fs::read_to_string(path)
                .map_err(|error| Error::new(Exit::Config, format!("cannot read {name}")).why(words(error)))?;
            Scenario::parse(name.as_str(), &text)?
        }
    };
    Demo::start(scenario, rand::random(), port)
        .map_err(|error| Error::new(Exit::Tunnel, "the demo gateway cannot start").why(words(error)))
}

/// The generated conf, to attach with.
pub fn source(demo: &Demo) -> Source {
    Source::Generated { name: "demo".into(), text: demo.conf().to_owned() }
}

/// A file with a key in it is its owner's alone.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.mode(0o600).open(path)?.write_all(text.as_bytes())
}
