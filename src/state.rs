//! What is kept between runs, in the user's state folder: who holds a conf, when it was last attached, and in files of
//! their own what the screens looked like.
//!
//! A gateway keeps one session for each key. Two clients on one key steal each other's replies, and a clock that
//! went back makes the gateway ignore our handshakes: both look like silence, so both are noticed here.

pub mod history;
pub mod kept;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;

/// The most that is read of a claim: a process ID and a time.
const LONGEST: u64 = 64;
/// Clocks that are set by hand or by NTP step back this far without harm worth a word.
const STEP: Duration = Duration::from_secs(2);

/// A conf that is ours until this is dropped.
#[derive(Debug)]
pub struct Claim {
    /// Holds the lock; the system releases it with the process, however that ends.
    _file: File,
}

/// What came of asking for a conf.
#[derive(Debug)]
pub enum Asked {
    /// It is ours. `behind` is how far the clock has gone back since the last time.
    Ours {
        /// Keep it.
        claim: Claim,
        /// More than a step, if any.
        behind: Option<Duration>,
    },
    /// Another process holds it; its ID, where it could be read.
    Theirs(Option<u32>),
}

/// The folder: `$XDG_STATE_HOME/sixpane`, as a rule `~/.local/state/sixpane`.
pub fn dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("sixpane"))
}

/// The folder of the user's confs and settings: `$XDG_CONFIG_HOME/sixpane`, as a rule `~/.config/sixpane`.
pub fn config_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("sixpane"))
}

/// Claims the peer with `public_key` (ours, not the gateway's) for this process, in `dir`.
///
/// # Errors
/// Where the folder or the file cannot be made or read: then nothing is known, and nothing is claimed.
pub fn claim(dir: &Path, public_key: &[u8; 32], now: SystemTime) -> io::Result<Asked> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(format!("{}.peer", HEXLOWER.encode(&public_key[..8])));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let mut text = String::new();
    let locked = file.try_lock();
    // Whatever else may stand in the file: it is not taken for a number.
    let _ = (&mut file).take(LONGEST).read_to_string(&mut text);
    let mut words = text.split_ascii_whitespace();
    let holder = words.next().and_then(|word| word.parse().ok());
    let last: Option<u64> = words.next().and_then(|word| word.parse().ok());
    match locked {
        Err(TryLockError::WouldBlock) => return Ok(Asked::Theirs(holder)),
        Err(TryLockError::Error(error)) => return Err(error),
        Ok(()) => {}
    }
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let behind = last.map(|last| Duration::from_secs(last.saturating_sub(seconds))).filter(|gap| *gap > STEP);
    file.set_len(0)?;
    file.rewind()?;
    // The newest time ever seen stays: the gateway remembers it too.
    write!(file, "{} {}", std::process::id(), seconds.max(last.unwrap_or(0)))?;
    Ok(Asked::Ours { claim: Claim { _file: file }, behind })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_key_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("made/when/needed");
        let Asked::Ours { claim: ours, behind: None } = claim(&dir, &KEY, at(100)).unwrap() else {
            panic!("nobody else is there");
        };
        let Asked::Theirs(pid) = claim(&dir, &KEY, at(100)).unwrap() else { panic!("it is taken") };
        assert_eq!(pid, Some(std::process::id()));
        assert!(matches!(claim(&dir, &[8; 32], at(100)).unwrap(), Asked::Ours { .. }), "another key");
        drop(ours);
        assert!(matches!(claim(&dir, &KEY, at(100)).unwrap(), Asked::Ours { .. }));
    }

    #[test]
    fn a_clock_that_went_back_is_noticed_until_it_has_caught_up() {
        let folder = tempfile::tempdir().unwrap();
        let behind = |seconds| match claim(folder.path(), &KEY, at(seconds)).unwrap() {
            Asked::Ours { behind, .. } => behind.map(|gap| gap.as_secs()),
            Asked::Theirs(_) => panic!("nobody else is there"),
        };
        assert_eq!(behind(1000), None);
        assert_eq!(behind(999), None, "a step");
        assert_eq!(behind(400), Some(600));
        assert_eq!(behind(0), Some(1000));
        assert_eq!(behind(1001), None);
    }

    #[test]
    fn a_file_that_is_not_ours_is_no_reason_to_fail() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0707070707070707.peer");
        std::fs::write(&path, [0xff; 200]).unwrap();
        assert!(matches!(claim(folder.path(), &KEY, at(5)).unwrap(), Asked::Ours { behind: None, .. }));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{} 5", std::process::id()));
        assert!(claim(&path, &KEY, at(5)).is_err());
    }
}
