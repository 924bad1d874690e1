//! The conf of a command: found, read and claimed.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::plain;
use crate::attach::{Claimed, Identity, Loaded, Source, find};
use crate::error::Error;
use crate::net::underlying_host::interface_in;
use crate::text::ago;

/// Separates the conf from the words of a command: `--conf`, or a first word that ends in `.conf` or contains a `/`.
pub fn split(mut words: Vec<String>, option: Option<&Path>) -> (Option<PathBuf>, Vec<String>) {
    if let Some(conf) = option {
        return (Some(conf.to_owned()), words);
    }
    let first = words.first().is_some_and(|word| ends_in_conf(word) || word.contains('/'));
    if first {
        let conf = words.remove(0);
        return (Some(conf.into()), words);
    }
    (None, words)
}

/// The same for a command with several networks: all of `named`; if there are none, a first word by the same rule and
/// the words after it that end in `.conf`.
pub fn split_all(mut words: Vec<String>, named: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<String>) {
    if !named.is_empty() {
        return (named, words);
    }
    let first = words.first().is_some_and(|word| ends_in_conf(word) || word.contains('/'));
    let count =
        usize::from(first) + words.iter().skip(1).take_while(|word| first && ends_in_conf(word)).count();
    let confs = words.drain(..count).map(PathBuf::from).collect();
    (confs, words)
}

fn ends_in_conf(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|ending| ending == "conf")
}

/// Reads a source and prints the notes of the conf on standard error.
///
/// # Errors
/// If it cannot be used (exit 3).
pub fn load(source: &Source) -> Result<Loaded, Error> {
    Ok(noted(source.read()?))
}

/// Prints the notes of a conf on standard error and returns the conf.
pub fn noted(loaded: Loaded) -> Loaded {
    let mut err = plain::stderr();
    let identity = loaded.identity();
    for note in &identity.notes {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(err, "sixpane: {}{line}: {}", identity.name, note.text);
    }
    loaded
}

/// The same for the conf at `path`; without a path, for the only conf found.
///
/// # Errors
/// If there is none or it cannot be used (exit 3), or if there are several (exit 2).
pub fn load_named(path: Option<&Path>) -> Result<Loaded, Error> {
    let path =
        path.map_or_else(|| find::only(&find::found()).map(Path::to_owned), |path| Ok(path.to_owned()))?;
    load(&Source::Conf(path))
}

/// Claims the conf for this process, unless `force` is set. A clock that went back is reported on standard error.
///
/// # Errors
/// If another process is attached with the same key (exit 4).
pub fn claim(loaded: &Loaded, force: bool) -> Result<Claimed, Error> {
    let claimed = loaded.claim(force)?;
    warn_of_interface(loaded.identity());
    if let Some(behind) = claimed.behind {
        let _ = writeln!(
            plain::stderr(),
            "sixpane: {}: the clock of this host is {} behind the last use of this conf. A gateway ignores \
             handshakes with old timestamps: set the clock if no handshake succeeds",
            loaded.identity().name,
            ago(behind)
        );
    }
    Ok(claimed)
}

/// Warns if an interface of this host has the conf's own address, and with it its key: our handshake takes the session,
/// and the gateway ignores the handshakes of other programs until their clock has passed our timestamp (27 s ahead).
pub fn warn_of_interface(identity: &Identity) {
    let own = identity.address();
    if let Some((name, _)) = interface_in(identity.network(), own).filter(|(_, address)| *address == own) {
        let _ = writeln!(
            plain::stderr(),
            "sixpane: {}: interface {name} of this host uses the same key. It gets no replies while sixpane is \
             connected, and for up to 30 s after that",
            identity.name,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conf_is_the_first_word_if_it_looks_like_a_path() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (line, conf, rest) in [
            ("web.internal", None, "web.internal"),
            ("my.conf web", Some("my.conf"), "web"),
            ("./my web api", Some("./my"), "web api"),
        ] {
            assert_eq!(split(words(line), None), (conf.map(PathBuf::from), words(rest)), "{line}");
        }
        let given = PathBuf::from("other.conf");
        assert_eq!(split(words("my.conf"), Some(given.as_path())), (Some(given.clone()), words("my.conf")));
        for (line, confs, rest) in [
            ("web b.conf", &[][..], "web b.conf"),
            ("a.conf b.conf web", &["a.conf", "b.conf"], "web"),
            ("./a b.conf web c.conf", &["./a", "b.conf"], "web c.conf"),
            ("a.conf 0/25.in-addr.arpa", &["a.conf"], "0/25.in-addr.arpa"),
        ] {
            let confs = confs.iter().map(PathBuf::from).collect();
            assert_eq!(split_all(words(line), vec![]), (confs, words(rest)), "{line}");
        }
        assert_eq!(split_all(words("my.conf"), vec![given.clone()]), (vec![given], words("my.conf")));
    }
}
