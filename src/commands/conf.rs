//! Which conf a command means.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::plain;
use crate::error::{Error, Exit};
use crate::profile::{Profile, find, parse};
use crate::state::{self, Asked, Claim};
use crate::text::{Safe, ago};

/// Takes the conf out of the words of a command: `--conf`, or a first word that ends in `.conf` or holds a `/`.
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

/// The same for a command that asks several networks: all of `named` or, where none is, a first word by the same rule
/// and the words behind it that end in `.conf`.
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

/// Claims the conf of `profile` for this process, unless `force` says that nothing matters. What cannot be known
/// (no state folder, none that can be written) stops nobody.
///
/// # Errors
/// Where another process is attached with the same key (exit 4).
pub fn claim(profile: &Profile, force: bool) -> Result<Option<Claim>, Error> {
    claim_timed(profile, force).map(|(claim, _)| claim)
}

/// The same; gives too how far this machine's clock went back since the conf was last attached.
///
/// # Errors
/// As [`claim`].
pub fn claim_timed(profile: &Profile, force: bool) -> Result<(Option<Claim>, Option<Duration>), Error> {
    let (claim, behind) = try_claim(profile, force).map_err(|pid| in_use(profile, pid))?;
    if let Some(behind) = behind {
        let _ = writeln!(
            plain::stderr(),
            "sixpane: {}: this machine's clock is {} behind the last time this conf was attached; a gateway \
             ignores handshakes from the past, so set the clock if none is answered",
            profile.name,
            ago(behind)
        );
    }
    Ok((claim, behind))
}

fn in_use(profile: &Profile, pid: Option<u32>) -> Error {
    let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    let path = profile.path.as_deref().unwrap_or(Path::new("the conf"));
    let path = Safe::new(path.as_os_str().as_encoded_bytes());
    Error::new(Exit::Tunnel, format!("{path} is in use by another sixpane{who}"))
        .why("a gateway keeps one session for each key, and two would steal each other's replies")
        .hint("end the other one, or make a second peer: fly wireguard create")
        .hint("--force attaches all the same")
}

/// The same without a word: how far the clock went back is given, or the process that has the conf, where it is
/// known.
///
/// # Errors
/// Where another process is attached with the same key.
pub fn try_claim(profile: &Profile, force: bool) -> Result<(Option<Claim>, Option<Duration>), Option<u32>> {
    // A generated conf is known to nobody else.
    let (Some(dir), Some(_)) = (state::dir(), &profile.path) else { return Ok((None, None)) };
    match state::claim(&dir, &profile.public_key(), SystemTime::now()) {
        Err(_) => Ok((None, None)),
        Ok(Asked::Theirs(_)) if force => Ok((None, None)),
        Ok(Asked::Theirs(pid)) => Err(pid),
        Ok(Asked::Ours { claim, behind }) => Ok((Some(claim), behind)),
    }
}

/// The confs there are where none is named.
pub fn found() -> Vec<PathBuf> {
    let cwd = std::env::current_dir().unwrap_or_default();
    find::candidates(&cwd, find::config_dir().as_deref())
}

fn tell_notes(profile: &Profile) {
    let mut err = plain::stderr();
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
