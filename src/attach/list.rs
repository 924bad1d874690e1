//! Several sources at once: the list that the headless `dig`, `find` and `doctor` work on.

use std::collections::HashSet;
use std::path::PathBuf;
use std::thread::ScopedJoinHandle;

use super::{Loaded, Source, find};
use crate::error::Error;
use crate::profile::parse::ConfError;

#[derive(Debug)]
pub struct Item {
    pub source: Source,
    /// The result of reading the source.
    pub loaded: Result<Loaded, ConfError>,
}

impl From<Source> for Item {
    fn from(source: Source) -> Self {
        let loaded = source.read();
        Self { source, loaded }
    }
}

/// The `named` confs, or all found ones if none is named.
///
/// # Errors
/// If there is none (exit 3).
pub fn named_or_found(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let paths = if named.is_empty() { find::found() } else { named.to_vec() };
    if paths.is_empty() {
        find::only(&paths)?;
    }
    Ok(paths)
}

/// The `named` confs, or the only one found if none is named.
///
/// # Errors
/// If none is named, and none (exit 3) or several (exit 2) are found.
pub fn named_or_only(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    if named.is_empty() {
        find::only(&find::found()).map(|path| vec![path.to_owned()])
    } else {
        Ok(named.to_vec())
    }
}

/// Reads the confs at `paths`, all at once: one on a slow disk does not delay the others.
pub fn read(paths: &[PathBuf]) -> Vec<Item> {
    std::thread::scope(|scope| {
        let read = |path: &PathBuf| Source::Conf(path.clone()).into();
        let readings: Vec<_> = paths.iter().map(|path| scope.spawn(move || read(path))).collect();
        let joined = readings.into_iter().map(ScopedJoinHandle::join);
        joined.map(|item| item.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Leaves out copies: items with the key of an earlier one, which lead to the same network.
pub fn without_copies(items: Vec<Item>) -> Vec<Item> {
    let (first, _) = split_copies(items);
    first
}

/// Splits the list into rounds to attach one after the other, so that no two of a round have the same key.
pub fn rounds(items: Vec<Item>) -> Vec<Vec<Item>> {
    let (mut rounds, mut rest) = (Vec::new(), items);
    while !rest.is_empty() {
        let (round, copies) = split_copies(rest);
        rounds.push(round);
        rest = copies;
    }
    rounds
}

fn split_copies(items: Vec<Item>) -> (Vec<Item>, Vec<Item>) {
    let mut keys = HashSet::new();
    let new = |item: &Item| item.loaded.as_ref().map_or(true, |loaded| keys.insert(loaded.public_key()));
    items.into_iter().partition(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conf with the key `key`.
    fn item(name: &str, key: &str) -> Item {
        let text = format!(
            "[Interface]\nPrivateKey = {}E=\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\n[Peer]\n\
             PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = fdaa:0:18::/48\n\
             Endpoint = 127.0.0.1:9\n",
            key.repeat(42)
        );
        Source::Generated { name: name.into(), text }.into()
    }

    fn names(items: &[Item]) -> Vec<String> {
        items.iter().map(|item| item.source.name()).collect()
    }

    #[test]
    fn items_with_one_key_are_in_different_rounds() {
        let all = || {
            let broken = Source::Generated { name: "x".into(), text: "nonsense".into() }.into();
            vec![item("a", "A"), item("b", "B"), item("c", "A"), broken, item("d", "A")]
        };
        assert_eq!(names(&without_copies(all())), ["a", "b", "x"]);
        let rounds: Vec<_> = rounds(all()).iter().map(|round| names(round)).collect();
        assert_eq!(rounds, [vec!["a", "b", "x"], vec!["c"], vec!["d"]]);
    }
}
