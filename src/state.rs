//! State between runs, in the user's state folder: the process that uses a conf, the time of its last use, and in separate
//! files the state of the screens.
//!
//! A gateway keeps one session per key. Two clients with one key take each other's replies, and after a clock was set back
//! the gateway ignores our handshakes: both look like a dead peer, so both are detected here.

pub mod history;
pub mod kept;

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;

use crate::files;

/// Maximum size of a claim that is read, in bytes: a process ID, a time, session indices, and round trips.
const LONGEST: u64 = 1024;
/// Endpoints whose round trips are kept.
const ENDPOINTS: usize = 8;
/// Session indices that are kept.
const INDICES: usize = 8;
/// Normal corrections of a clock, which are not reported.
const STEP: Duration = Duration::from_secs(2);

/// Exclusive use of a conf, until dropped.
#[derive(Debug)]
pub struct Claim {
    /// Holds the lock; the system releases it when the process ends.
    file: Mutex<File>,
    /// Latest time of use, in seconds; the gateway keeps it as well.
    newest: u64,
    /// Session indices of the attachments with the key, newest first: this one, and earlier ones whose data may still be
    /// under way.
    indices: Vec<u32>,
    round_trips: RoundTrips,
}

/// Round trips of handshakes, newest endpoint first. The endpoint is as written in the conf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct RoundTrips(Vec<(String, Duration)>);

impl RoundTrips {
    /// Reads words like `120=192.0.2.1:51820`: milliseconds and the endpoint.
    fn read<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let one = |word: &str| {
            let (millis, endpoint) = word.split_once('=')?;
            Some((endpoint.to_owned(), Duration::from_millis(millis.parse::<u16>().ok()?.into())))
        };
        Self(words.filter_map(one).take(ENDPOINTS).collect())
    }

    fn of(&self, endpoint: &str) -> Option<Duration> {
        self.0.iter().find(|(known, _)| known == endpoint).map(|(_, rtt)| *rtt)
    }

    /// The same with a new measurement, or `None` where that changes little. The least is kept, unless the link is now
    /// so slow that the pace of handshakes would be wrong (see the timers of the tunnel).
    fn with(&self, endpoint: &str, rtt: Duration) -> Option<Self> {
        if endpoint.contains(char::is_whitespace) || rtt > Duration::from_mins(1) {
            return None;
        }
        let known = self.of(endpoint);
        if known
            .is_some_and(|known| rtt + rtt / 8 >= known && rtt <= known * 3 / 2 + Duration::from_millis(100))
        {
            return None;
        }
        let others = self.0.iter().filter(|(other, _)| other != endpoint).take(ENDPOINTS - 1).cloned();
        Some(Self(std::iter::once((endpoint.to_owned(), rtt)).chain(others).collect()))
    }
}

impl Claim {
    /// Session index of this attachment, and those of earlier ones.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Round trip of a handshake with `endpoint` in an earlier attachment.
    pub fn round_trip(&self, endpoint: &str) -> Option<Duration> {
        self.round_trips.of(endpoint)
    }

    /// Keeps the round trip of a handshake with `endpoint` for the next attachment. It may block on the file system.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn keep_round_trip(&self, endpoint: &str, rtt: Duration) -> io::Result<()> {
        match self.round_trips.with(endpoint, rtt) {
            Some(round_trips) => {
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                write_claim(&mut file, self.newest, &self.indices, &round_trips)
            }
            None => Ok(()),
        }
    }
}

fn write_claim(file: &mut File, newest: u64, indices: &[u32], round_trips: &RoundTrips) -> io::Result<()> {
    let mut text = format!("{} {newest}", std::process::id());
    for index in indices {
        let _ = write!(text, " #{index:06x}");
    }
    for (endpoint, rtt) in &round_trips.0 {
        let _ = write!(text, " {}={endpoint}", rtt.as_millis());
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// Result of a claim.
#[derive(Debug)]
pub enum Asked {
    /// The conf is ours. `behind` is the distance that the clock went back since the last use.
    Ours {
        claim: Claim,
        /// `None` if less than [`STEP`].
        behind: Option<Duration>,
    },
    /// Another process uses it; its ID, if known.
    Theirs(Option<u32>),
}

/// The state folder: `$XDG_STATE_HOME/sixpane`, usually `~/.local/state/sixpane`.
pub fn dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("sixpane"))
}

/// The folder of confs and settings: `$XDG_CONFIG_HOME/sixpane`, usually `~/.config/sixpane`.
pub fn config_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("sixpane"))
}

/// Claims our peer with `public_key` for this process, in `dir`. `index` will be the session index: 24 random bits.
///
/// # Errors
/// If the folder or file cannot be created or read: then nothing is known and nothing is claimed.
pub fn claim(dir: &Path, public_key: &[u8; 32], now: SystemTime, index: u32) -> io::Result<Asked> {
    files::private_folder(dir)?;
    let path = dir.join(format!("{}.peer", HEXLOWER.encode(&public_key[..8])));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = files::open_private(&mut options, &path)?;
    let mut text = String::new();
    let locked = file.try_lock();
    // Invalid contents of the file are ignored.
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
    let (newest, round_trips) = (seconds.max(last.unwrap_or(0)), RoundTrips::read(words.clone()));
    let former = words.filter_map(|word| u32::from_str_radix(word.strip_prefix('#')?, 16).ok());
    let indices: Vec<u32> = std::iter::once(index).chain(former).take(INDICES).collect();
    write_claim(&mut file, newest, &indices, &round_trips)?;
    Ok(Asked::Ours { claim: Claim { file: Mutex::new(file), newest, indices, round_trips }, behind })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_key_has_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("made/when/needed");
        let Asked::Ours { claim: ours, behind: None } = claim(&dir, &KEY, at(100), 1).unwrap() else {
            panic!("no other process");
        };
        let Asked::Theirs(pid) = claim(&dir, &KEY, at(100), 1).unwrap() else { panic!("it is taken") };
        assert_eq!(pid, Some(std::process::id()));
        assert!(matches!(claim(&dir, &[8; 32], at(100), 1).unwrap(), Asked::Ours { .. }), "another key");
        drop(ours);
        assert!(matches!(claim(&dir, &KEY, at(100), 1).unwrap(), Asked::Ours { .. }));
    }

    #[test]
    fn a_clock_set_back_is_detected_until_it_has_caught_up() {
        let folder = tempfile::tempdir().unwrap();
        let behind = |seconds| match claim(folder.path(), &KEY, at(seconds), 1).unwrap() {
            Asked::Ours { behind, .. } => behind.map(|gap| gap.as_secs()),
            Asked::Theirs(_) => panic!("no other process"),
        };
        assert_eq!(behind(1000), None);
        assert_eq!(behind(999), None, "a step");
        assert_eq!(behind(400), Some(600));
        assert_eq!(behind(0), Some(1000));
        assert_eq!(behind(1001), None);
    }

    #[test]
    fn the_least_round_trip_of_an_endpoint_is_kept_until_the_link_is_much_slower() {
        let folder = tempfile::tempdir().unwrap();
        let run = |endpoint: &str, rtt: u64| {
            let Asked::Ours { claim, .. } = claim(folder.path(), &KEY, at(100), 1).unwrap() else {
                panic!("the key is free")
            };
            let known = claim.round_trip(endpoint).map(|rtt| rtt.as_millis());
            claim.keep_round_trip(endpoint, Duration::from_millis(rtt)).unwrap();
            known
        };
        assert_eq!(run("gw.example:51820", 300), None);
        assert_eq!(run("gw.example:51820", 320), Some(300));
        assert_eq!(run("[2001:db8::1]:51820", 20), None);
        assert_eq!(run("gw.example:51820", 100), Some(300));
        assert_eq!(run("gw.example:51820", 120), Some(100));
        assert_eq!(run("gw.example:51820", 240), Some(100));
        assert_eq!(run("gw.example:51820", 260), Some(100));
        assert_eq!(run("gw.example:51820", 260), Some(260));
        for n in 0..20 {
            run(&format!("gw-{n}.example:51820"), 40);
        }
        assert_eq!(run("gw-19.example:51820", 40), Some(40));
        assert_eq!(run("gw.example:51820", 40), None, "only a few are kept");
    }

    #[test]
    fn a_file_that_is_not_ours_is_no_reason_to_fail() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0707070707070707.peer");
        std::fs::write(&path, [0xff; 200]).unwrap();
        assert!(matches!(claim(folder.path(), &KEY, at(5), 1).unwrap(), Asked::Ours { behind: None, .. }));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{} 5 #000001", std::process::id()));
        assert!(claim(&path, &KEY, at(5), 1).is_err());
    }

    #[test]
    fn the_indices_of_the_last_attachments_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let run = |index| match claim(folder.path(), &KEY, at(100), index).unwrap() {
            Asked::Ours { claim, .. } => {
                claim.keep_round_trip("gw.example:51820", Duration::from_millis(20)).unwrap();
                claim.indices().to_vec()
            }
            Asked::Theirs(_) => panic!("the key is free"),
        };
        assert_eq!(run(0x00ab_cdef), [0x00ab_cdef]);
        assert_eq!(run(1), [1, 0x00ab_cdef]);
        for index in 2..20 {
            run(index);
        }
        assert_eq!(run(20), [20, 19, 18, 17, 16, 15, 14, 13]);
    }
}
