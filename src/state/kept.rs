//! State of the screens between runs, one JSON object in the state folder. Errors in the file never prevent a start, and
//! unknown contents are never overwritten.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::files;

/// The latest supported version.
const VERSION: u64 = 1;
/// Maximum size in bytes.
const LONGEST: u64 = 4 << 20;

#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Nothing,
    Kept(Map<String, Value>),
    /// A newer program's file: left unchanged.
    Newer,
    /// Not JSON, or not our format. The next [`write`] moves it aside.
    Damaged,
    /// The file cannot be read.
    Unreadable(io::ErrorKind),
}

fn path(dir: &Path) -> PathBuf {
    dir.join("screen.json")
}

/// Path of a damaged file after moving it.
pub fn aside(dir: &Path) -> PathBuf {
    dir.join("screen.json.damaged")
}

/// Reads the state in `dir`.
pub fn read(dir: &Path) -> Found {
    let bytes = match files::read_private(&path(dir), LONGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return Found::Unreadable(error.kind()),
        Ok(bytes) if bytes.len() as u64 > LONGEST => return Found::Damaged,
        Ok(bytes) => bytes,
    };
    let Ok(Value::Object(map)) = serde_json::from_slice(&bytes) else { return Found::Damaged };
    match map.get("version").and_then(Value::as_u64) {
        Some(VERSION) => Found::Kept(map),
        Some(newer) if newer > VERSION => Found::Newer,
        _ => Found::Damaged,
    }
}

/// Changes the state in `dir` atomically: other processes may do the same. A newer program's file is left unchanged.
///
/// # Errors
/// If the folder or file cannot be written.
pub fn write(dir: &Path, edit: impl FnOnce(&mut Map<String, Value>)) -> io::Result<()> {
    files::private_folder(dir)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let lock = files::open_private(&mut options, &dir.join("screen.lock"))?;
    lock.lock()?;
    let mut map = match read(dir) {
        Found::Kept(map) => map,
        Found::Newer => return Ok(()),
        Found::Unreadable(kind) => return Err(kind.into()),
        Found::Nothing => Map::new(),
        Found::Damaged => {
            std::fs::rename(path(dir), aside(dir))?;
            Map::new()
        }
    };
    map.insert("version".into(), VERSION.into());
    edit(&mut map);
    let mut text = serde_json::to_vec_pretty(&map)?;
    text.push(b'\n');
    files::replace_private(&path(dir), &text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn put(dir: &Path, split: i64) -> io::Result<()> {
        write(dir, |map| {
            map.insert("split".into(), split.into());
        })
    }

    #[test]
    fn written_values_are_read_back_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("made/when/needed");
        assert_eq!(read(&dir), Found::Nothing);
        write(&dir, |map| {
            map.insert("theirs".into(), true.into());
        })
        .unwrap();
        put(&dir, 4).unwrap();
        let Found::Kept(map) = read(&dir) else { panic!("it is there") };
        assert_eq!((map["version"].as_u64(), map["split"].as_i64()), (Some(1), Some(4)));
        assert_eq!(map["theirs"], true);
        let mode = std::fs::metadata(path(&dir)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_moved_and_a_newer_one_is_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        for damaged in ["{\"version\": 1", "[]", "{}", "\u{0}"] {
            std::fs::write(path(dir), damaged).unwrap();
            assert_eq!(read(dir), Found::Damaged);
            put(dir, 1).unwrap();
            assert!(matches!(read(dir), Found::Kept(_)));
            assert_eq!(std::fs::read_to_string(aside(dir)).unwrap(), damaged);
        }
        let newer = "{\"version\": 2, \"split\": {\"of\": \"another kind\"}}";
        std::fs::write(path(dir), newer).unwrap();
        assert_eq!(read(dir), Found::Newer);
        put(dir, 1).unwrap();
        assert_eq!(std::fs::read_to_string(path(dir)).unwrap(), newer);
    }

    #[test]
    fn a_failed_write_is_an_error_and_keeps_the_old_state() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("no-folder");
        std::fs::write(&file, "").unwrap();
        assert!(put(&file, 1).is_err());
        assert!(matches!(read(&file), Found::Unreadable(_) | Found::Nothing));
    }
}
