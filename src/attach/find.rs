//! Search for confs when none is named: `*.conf` in the working directory and in the configuration folder.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Exit};
use crate::state;
use crate::text::Safe;

/// Bytes of a file that are read to recognise a WireGuard conf.
const GLANCE: u64 = 64 << 10;

/// The confs offered when none is named.
pub fn found() -> Vec<PathBuf> {
    let cwd = std::env::current_dir().unwrap_or_default();
    candidates(&cwd, state::config_dir().as_deref())
}

/// The confs in `cwd` and in `config`, in that order, each sorted by name. Other programs' `*.conf` files are left out.
pub fn candidates(cwd: &Path, config: Option<&Path>) -> Vec<PathBuf> {
    in_folders([Some(cwd), config].into_iter().flatten())
}

/// Other folders that usually contain confs; `~` is the home folder.
pub const ELSEWHERE: [&str; 5] = ["~", "~/Downloads", "~/.fly", "~/wireguard", "/etc/wireguard"];

/// Confs in [`ELSEWHERE`]: offered if there is no other, and used only on request.
pub fn elsewhere(home: Option<&Path>) -> Vec<PathBuf> {
    let places: Vec<PathBuf> = ELSEWHERE
        .iter()
        .filter_map(|place| match place.strip_prefix('~') {
            Some(rest) => Some(home?.join(rest.trim_start_matches('/'))),
            None => Some(place.into()),
        })
        .collect();
    in_folders(places.iter().map(PathBuf::as_path))
}

fn in_folders<'a>(folders: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let mut here: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "conf") && is_wireguard(path))
            .collect();
        here.sort();
        found.extend(here);
    }
    found.dedup();
    found
}

/// Whether the file has an `[Interface]` line.
fn is_wireguard(path: &Path) -> bool {
    let mut text = zeroize::Zeroizing::new(Vec::new());
    let read = std::fs::metadata(path)
        .and_then(
            |m| if m.is_file() { File::open(path) } else { Err(std::io::ErrorKind::InvalidInput.into()) },
        )
        .and_then(|file| file.take(GLANCE).read_to_end(&mut text));
    let is_header = |line: &[u8]| line.trim_ascii().eq_ignore_ascii_case(b"[interface]");
    read.is_ok()
        && text
            .split(|&byte| byte == b'\n' || byte == b'\r')
            .any(|line| is_header(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)))
}

/// The only candidate.
///
/// # Errors
/// If there is none (exit 3), or several and no screen to choose on (exit 2).
pub fn only(candidates: &[PathBuf]) -> Result<&Path, Error> {
    match candidates {
        [one] => Ok(one),
        [] => Err(Error::new(Exit::Config, "no WireGuard conf found")
            .why("there is no *.conf in this folder or in the folder sixpane of your configuration")
            .hint("fly wireguard create [org] [region] [name], then sixpane name.conf")
            .hint("sixpane demo")),
        several => {
            let mut error =
                Error::new(Exit::Usage, format!("{} confs found; name one with --conf", several.len()));
            for path in several {
                error = error.hint(format!("--conf {}", Safe::new(path.as_os_str().as_encoded_bytes())));
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confs_in_the_usual_folders_are_found() {
        let home = tempfile::tempdir().unwrap();
        let downloads = home.path().join("Downloads");
        std::fs::create_dir(&downloads).unwrap();
        std::fs::write(downloads.join("peer.conf"), "[Interface]\n").unwrap();
        std::fs::write(downloads.join("other.conf"), "server {}\n").unwrap();
        assert!(elsewhere(Some(home.path())).contains(&downloads.join("peer.conf")));
        assert!(!elsewhere(Some(home.path())).contains(&downloads.join("other.conf")));
    }

    #[test]
    fn only_wireguard_confs_are_offered() {
        let here = tempfile::tempdir().unwrap();
        let config = tempfile::tempdir().unwrap();
        let write = |dir: &Path, name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
        write(here.path(), "nginx.conf", "server {}");
        write(here.path(), "readme.txt", "[Interface]");
        std::fs::create_dir(here.path().join("d.conf")).unwrap();
        let find = || candidates(here.path(), Some(config.path()));
        assert_eq!(only(&find()).unwrap_err().exit, Exit::Config);
        write(config.path(), "b.conf", "# mine\r\n[interface]\r\n");
        assert_eq!(only(&find()), Ok(config.path().join("b.conf").as_path()));
        write(here.path(), "a.conf", "\u{feff}[Interface]");
        assert_eq!(find(), [here.path().join("a.conf"), config.path().join("b.conf")]);
        assert_eq!(only(&find()).unwrap_err().exit, Exit::Usage);
    }
}
