//! Reads a conf without blocking on special files.
//!
//! A named pipe without a writer would block its reader forever, and a device may never end: both are rejected. A
//! descriptor from the shell is read once, as in `sixpane tree <(pass show my-peer)` or `/dev/stdin`.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::parse::{ConfError, LARGEST, WORLD_READABLE, parse};
use super::{Note, Profile, on_wiped_stack};
use crate::text::{Safe, words};

/// Folders of open descriptors.
const DESCRIPTORS: [&str; 4] = ["/dev/stdin", "/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];

/// Reads the conf at `path`: a regular file, or a descriptor opened by the shell.
///
/// # Errors
/// If it cannot be read or used.
pub fn load(path: &Path) -> Result<Profile, ConfError> {
    read(path, DESCRIPTORS.iter().any(|folder| path.starts_with(folder)))
}

/// The same, for regular files only.
///
/// # Errors
/// As [`load`].
pub fn load_regular(path: &Path) -> Result<Profile, ConfError> {
    read(path, false)
}

fn read(path: &Path, any: bool) -> Result<Profile, ConfError> {
    let file = Safe::new(path.as_os_str().as_encoded_bytes()).as_str().to_owned();
    let fail = |why: String| ConfError { file: file.clone(), at: None, why, hint: None };
    let io = |error: io::Error| fail(format!("cannot read it: {}", words(error)));
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(fail("it is a directory; a conf is a file".into()));
    }
    let refused = |kind: FileType| fail(format!("it is {}; a conf is a regular file", name_of(kind)));
    let opened = if any {
        File::open(path).map_err(io)?
    } else if metadata.is_file() {
        // It may have become a pipe in the meantime: do not wait for a writer.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(io)?
    } else {
        return Err(refused(metadata.file_type()));
    };
    let metadata = opened.metadata().map_err(io)?;
    if !any && !metadata.is_file() {
        return Err(refused(metadata.file_type()));
    }
    // Of the final size: a vector that grows leaves copies behind.
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(size(&metadata)));
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
    let stem = path.file_stem().map(|stem| Safe::new(stem.as_encoded_bytes()).as_str().to_owned());
    let name = stem.unwrap_or_else(|| file.clone());
    let mut profile = on_wiped_stack(|| parse(&name, &bytes)).map_err(|error| ConfError { file, ..error })?;
    profile.path = Some(path.to_owned());
    if metadata.is_file() && metadata.permissions().mode() & 0o007 != 0 {
        profile.notes.insert(0, Note { line: None, text: WORLD_READABLE.to_owned() });
    }
    Ok(profile)
}

/// Room for the contents, and for the reader to see their end.
fn size(metadata: &Metadata) -> usize {
    let largest = LARGEST + 1;
    let known = if metadata.is_file() { metadata.len().min(largest) } else { largest };
    usize::try_from(known).unwrap_or_default() + 64
}

fn name_of(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::profile::parse::tests::conf;

    #[test]
    fn unreadable_files_are_reported_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let why = |path: &Path| load(path).unwrap_err().why;
        assert!(why(&dir.path().join("none.conf")).contains("No such file"));
        assert!(why(dir.path()).contains("directory"));
        assert_eq!(why(Path::new("/dev/zero")), "it is a device; a conf is a regular file");
        let path = dir.path().join("my-peer.conf");
        std::fs::write(&path, conf()).unwrap();
        for (mode, noted) in [(0o644, true), (0o600, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let p = load(&path).unwrap();
            assert_eq!(p.notes.iter().any(|n| n.text.contains("chmod 600")), noted);
            assert_eq!((p.name.as_str(), p.path.as_deref()), ("my-peer", Some(path.as_path())));
        }
    }

    #[test]
    fn a_pipe_is_accepted_only_as_a_descriptor_of_the_shell() {
        use std::io::Write as _;
        use std::os::fd::AsRawFd as _;
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(conf().as_bytes()).unwrap();
        drop(writer);
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        assert_eq!(load_regular(&path).unwrap_err().why, "it is a pipe; a conf is a regular file");
        assert_eq!(load(&path).unwrap().peer.public_key, [2; 32]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo.conf");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(load(&path).unwrap_err().why, "it is a pipe; a conf is a regular file");
    }
}
