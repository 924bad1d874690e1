//! Lines kept between runs, oldest first, in a file readable only by its owner.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::files;

/// Maximum size read from a history, in bytes.
const LONGEST: u64 = 1 << 20;
/// A file with this many times the wanted lines is rewritten.
const SPARE: usize = 2;

#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
}

impl History {
    /// The history of `dig` in the state folder `dir`. Creates no file.
    pub fn new(dir: &Path) -> Self {
        Self { path: dir.join("dig_history") }
    }

    /// The newest `most` lines, oldest first; none without a readable file. A much longer file is truncated to them.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let Ok(bytes) = files::read_private(&self.path, LONGEST) else { return Vec::new() };
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let lines: Vec<String> =
            all.iter().skip(all.len().saturating_sub(most)).map(|&line| line.to_owned()).collect();
        if all.len() > most * SPARE || bytes.len() as u64 > LONGEST {
            // If it fails now, it is truncated later.
            let _ = files::replace_private(&self.path, (lines.join("\n") + "\n").as_bytes());
        }
        lines
    }

    /// Adds a line. Errors are ignored.
    pub fn add(&self, line: &str) {
        let _ = self.append(line);
    }

    fn append(&self, line: &str) -> io::Result<()> {
        if let Some(dir) = self.path.parent() {
            files::private_folder(dir)?;
        }
        // In one write, so that two processes do not mix their lines.
        let mut file = files::open_private(OpenOptions::new().create(true).append(true), &self.path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn lines_are_readable_only_by_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(&folder.path().join("made/when/needed"));
        assert!(history.lines(10).is_empty());
        history.add("web AAAA");
        history.add("_apps");
        assert_eq!(history.lines(10), ["web AAAA", "_apps"]);
        assert_eq!(history.lines(1), ["_apps"]);
        let mode = std::fs::metadata(&history.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_long_file_is_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        for n in 0..25 {
            history.add(&n.to_string());
        }
        assert_eq!(history.lines(10).first().unwrap(), "15");
        assert_eq!(std::fs::read_to_string(&history.path).unwrap().lines().count(), 10);
    }

    #[test]
    fn errors_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        std::fs::write(&history.path, b"web\n\xff\xfe\n\n").unwrap();
        assert_eq!(history.lines(10), ["web", "\u{fffd}\u{fffd}"]);
        // The folder is a file.
        let history = History::new(&history.path);
        history.add("web");
        assert!(history.lines(10).is_empty());
    }
}
