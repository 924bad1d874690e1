//! Exported files.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::app::export::{Save, Saved};
use crate::files;
use crate::text::words;

/// Writes a file; one that is there is written over only where that was said.
pub fn save(save: &Save) -> Saved {
    let path = place(&save.path);
    let write = if save.overwrite { files::replace } else { files::create };
    match write(&path, save.text.as_bytes()) {
        Ok(()) => Saved::Done,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Saved::Exists,
        Err(error) => Saved::Failed(words(error)),
    }
}

/// `~/` is the user's folder, as in a shell.
fn place(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_with_permission() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mut file = Save { path: path.to_str().unwrap().into(), text: "one\n".into(), overwrite: false };
        assert_eq!(save(&file), Saved::Done);
        file.text = "two\n".into();
        assert_eq!(save(&file), Saved::Exists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        file.overwrite = true;
        assert_eq!(save(&file), Saved::Done);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        file.path = folder.path().join("none/a.txt").to_str().unwrap().into();
        assert!(matches!(save(&file), Saved::Failed(why) if !why.is_empty()));
    }
}
