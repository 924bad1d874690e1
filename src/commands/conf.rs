//! Which conf a command means.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::profile::{Profile, find, parse};

/// Takes the conf out of the words of a command: `--conf`, or a first word that ends in `.conf` or holds a `/`.
pub fn split(mut words: Vec<String>, option: Option<&PathBuf>) -> (Option<PathBuf>, Vec<String>) {
    if let Some(conf) = option {
        return (Some(conf.clone()), words);
    }
    let first = words.first().is_some_and(|word| {
        Path::new(word).extension().is_some_and(|ending| ending == "conf") || word.contains('/')
    });
    if first {
        let conf = words.remove(0);
        return (Some(conf.into()), words);
    }
    (None, words)
}

/// Loads the conf at `path`, or the only one there is, and tells its notes on standard error.
///
/// # Errors
/// Where there is none, or it cannot be used (exit 3), or there are several (exit 2).
pub fn load(path: Option<&Path>) -> Result<Arc<Profile>, Error> {
    let profile =
        if let Some(path) = path { parse::load(path)? } else { parse::load(find::only(&found())?)? };
    tell_notes(&profile);
    Ok(Arc::new(profile))
}

/// The confs there are where none is named.
pub fn found() -> Vec<PathBuf> {
    let cwd = std::env::current_dir().unwrap_or_default();
    find::candidates(&cwd, find::config_dir().as_deref())
}

fn tell_notes(profile: &Profile) {
    let mut err = io::stderr().lock();
    for note in &profile.notes {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(err, "sixpane: {}{line}: {}", profile.name, note.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_everyday_form_is_the_shortest() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (line, conf, rest) in [
            ("web.internal", None, "web.internal"),
            ("my.conf web", Some("my.conf"), "web"),
            ("./my web api", Some("./my"), "web api"),
        ] {
            assert_eq!(split(words(line), None), (conf.map(PathBuf::from), words(rest)), "{line}");
        }
        let given = PathBuf::from("other.conf");
        assert_eq!(split(words("my.conf"), Some(&given)), (Some(given.clone()), words("my.conf")));
    }
}
