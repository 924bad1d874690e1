//! Settings of the process itself.

use std::fs::File;
use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Exit};

/// File descriptors that the runtime, a tunnel and a conf need, besides the standard streams.
const DESCRIPTORS: usize = 8;

/// Environment variable that permits core dumps.
pub const CORE_DUMPS: &str = "SIXPANE_CORE_DUMPS";

/// Prevents core dumps, which would contain the private key, and on Linux also that other processes of the user read this
/// one's memory. Errors are ignored: both settings only ever take rights away.
pub fn protect_memory() {
    if std::env::var_os(CORE_DUMPS).is_some() {
        return;
    }
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// The asynchronous runtime. The library panics where it cannot open what it needs, so that is tried first.
///
/// # Errors
/// If this process may not open enough files, or not start a thread.
pub fn runtime(builder: &mut Builder) -> Result<Runtime, Error> {
    let spare = (0..DESCRIPTORS).map(|_| File::open("/dev/null")).collect::<io::Result<Vec<File>>>();
    spare
        .and_then(|spare| {
            drop(spare);
            builder.enable_all().build()
        })
        .map_err(|error| {
            let error = Error::new(Exit::Tunnel, "cannot start").because(error);
            error.hint("raise the limit of open files: ulimit -n 64")
        })
}
