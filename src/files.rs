//! Files, read without blocking on a pipe, and written so that a failure leaves the old contents.
//!
//! State has names of a private network in it: only its owner can read it, whatever the umask. A symlink in place of a
//! state file is refused, since its target would be overwritten.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Error, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

/// Mode of an export, before the umask.
const COMMON: u32 = 0o666;
/// Mode of a state file.
const PRIVATE: u32 = 0o600;

/// Reads at most `most` + 1 bytes of the file at `path`: one byte more shows that it is too long.
///
/// # Errors
/// If it cannot be read, or is a pipe, which would block until there is a writer.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_now(OpenOptions::new().read(true), path, OFlags::empty())?;
    let kind = file.metadata()?.file_type();
    regular(kind.is_file() || kind.is_char_device())?;
    read_from(file, most)
}

/// The same for a file of ours: neither a symlink nor a device.
///
/// # Errors
/// As [`read`].
pub fn read_private(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_from(open_regular(OpenOptions::new().read(true), path, OFlags::NOFOLLOW)?, most)
}

fn read_from(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file of ours as `options` say; if created, only its owner can read it.
///
/// # Errors
/// If it cannot be opened, or is a symlink or no regular file.
pub fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = open_regular(options.mode(PRIVATE), path, OFlags::NOFOLLOW)?;
    if file.metadata()?.permissions().mode() & 0o777 != PRIVATE {
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
    }
    Ok(file)
}

fn open_regular(options: &mut OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    let file = open_now(options, path, flags)?;
    regular(file.metadata()?.is_file())?;
    Ok(file)
}

/// Opens without waiting for the other end of a pipe.
fn open_now(options: &mut OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = (flags | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    options.custom_flags(flags).open(path)
}

fn regular(is_file: bool) -> io::Result<()> {
    if is_file { Ok(()) } else { Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")) }
}

/// Creates the folder `path`, which only its owner can enter, with those above it.
///
/// # Errors
/// If it cannot be created.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let metadata = std::fs::metadata(path)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Replaces the contents of a file of ours.
///
/// # Errors
/// If the new contents cannot be written: the old ones are unchanged.
pub fn replace_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    written_beside(path, contents, PRIVATE)?.persist(path)?;
    Ok(())
}

/// Writes a new file; it fails with `AlreadyExists` where there is one.
///
/// # Errors
/// If it cannot be written: then there is no file.
pub fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    written_beside(path, contents, COMMON)?.persist_noclobber(path)?;
    Ok(())
}

/// Replaces the contents of a file, with its permissions; behind a symlink, those of its target.
///
/// # Errors
/// If the new contents cannot be written: the old ones are unchanged.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    let metadata = std::fs::metadata(&target)?;
    regular(metadata.is_file())?;
    let file = written_beside(&target, contents, COMMON)?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.persist(target)?;
    Ok(())
}

/// A file of an unpredictable name in the folder of `path`, written to the disk.
fn written_beside(path: &Path, contents: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file = builder.permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn an_interrupted_write_leaves_the_old_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        create(&path, b"one").unwrap();
        assert_eq!(create(&path, b"two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, b"two").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o640));
        assert!(link.is_symlink());
        assert!(replace(&folder.path().join("none"), b"").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn a_state_file_is_its_owners_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/b");
        private_folder(&dir).unwrap();
        std::fs::set_permissions(&dir, Permissions::from_mode(0o777)).unwrap();
        private_folder(&dir).unwrap();
        assert_eq!((mode(&dir), mode(&folder.path().join("a"))), (0o700, 0o700));
        let path = dir.join("state");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        open_private(OpenOptions::new().append(true).create(true), &path).unwrap();
        assert_eq!(mode(&path), 0o600);
        replace_private(&path, b"new").unwrap();
        assert_eq!((mode(&path), read_private(&path, 10).unwrap()), (0o600, b"new".to_vec()));
        let link = dir.join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(open_private(OpenOptions::new().write(true), &link).is_err());
        assert!(read_private(&link, 10).is_err());
        assert_eq!(read(&link, 10).unwrap(), b"new");
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(read(&path, 10).unwrap_err().to_string(), "it is not a regular file");
        // For writing, a pipe without a reader fails in open.
        assert!(open_private(OpenOptions::new().write(true), &path).is_err());
        assert!(open_private(OpenOptions::new().read(true).write(true), &path).is_err());
        assert!(replace(&path, b"").is_err());
        assert_eq!(read(Path::new("/dev/zero"), 10).unwrap(), [0; 11]);
    }
}
