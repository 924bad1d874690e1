//! Settings of the process itself.

use rustix::process::{Resource, Rlimit, setrlimit};

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
