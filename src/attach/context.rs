//! Context of a conf on this host: other confs, and an interface with the conf's own address.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::find::{candidates, found};
use crate::doctor::facts::{Around, Sibling};
use crate::net::underlying_host::interface_in;
use crate::profile::{Profile, file};
use crate::text::Safe;

/// Maximum number of confs to compare.
const MOST: usize = 64;

/// Collects the context of `profile`; `given` are the other confs of the command. Sends no packet.
pub fn of(profile: &Profile, given: &[PathBuf]) -> Around {
    let interface = interface_in(profile.network(), profile.address())
        .filter(|(_, address)| *address == profile.address())
        .map(|(name, _)| name);
    let mut paths = found();
    paths.extend(given.iter().cloned());
    // Confs of one user are usually in one folder.
    if let Some(folder) = profile.path.as_deref().and_then(Path::parent) {
        paths.extend(candidates(folder, None));
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = profile.path.as_deref().map(real);
    let mut paths: Vec<PathBuf> = paths.iter().map(|path| real(path)).collect();
    paths.sort();
    paths.dedup();
    let siblings = paths
        .iter()
        .filter(|path| Some(*path) != own.as_ref())
        .take(MOST)
        .filter_map(|path| file::load_regular(path).ok())
        .filter(|other| other.network() == profile.network())
        .map(|other| Sibling {
            name: Safe::new(&other.name).to_string(),
            same_key: other.private_key == profile.private_key,
        })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|now| i64::try_from(now.as_secs()).ok());
    Around { now, siblings, interface, ..Around::default() }
}
