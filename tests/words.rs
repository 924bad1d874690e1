//! The language of the program: plain technical English.
//!
//! Read are the help of every command, the keys, the settings, the manual page and the documents. The guide behind the
//! table: the noun of the field, then a plain verb; queries are sent, responses received, causes reported.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

/// Words that must not appear, as regular expressions over lower-case text, and what to write instead.
const WORDS: &[(&str, &str)] = &[
    (r"\btold\b|\btells?\b", "reported, shows, states"),
    (r"\bwhom\b", "a noun: the target"),
    (r"\b(no|some)body\b", "nothing, no target, another client"),
    (r"\banew\b", "again, new"),
    (r"\balike\b", "equally, the same"),
    (r"\bby (itself|themselves)\b", "automatically"),
    (r"\bshak(e|es|en|ing) hands\b|\bhands anew\b", "handshake"),
    (r"\bmore (seldom|rarely)\b", "longer interval"),
    (r"\bin turns\b", "round robin"),
    (r"\b(is|are|was) (heard|spoken)\b", "received, used"),
    (r"\b(it|port|service|server|ports) speaks?\b|\bspoken there\b", "protocol, banner"),
    (r"\bis called so\b", "named"),
    (r"\bask(s|ed|ing)? (again|for everything|of)\b", "refresh, query"),
    (r"\bstands? on the way\b|\bthe way (to|there)\b", "route, path"),
    (r"\bfit alike\b|\bfits? less well\b", "equally likely, less likely"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sixpane(words: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_sixpane")).args(words).env("COLUMNS", "100").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help = sixpane(&["--help"]);
    let list = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let name = Regex::new(r"(?m)^  ([a-z]+)").unwrap();
    let names: Vec<String> = name.captures_iter(&list).map(|found| found[1].to_owned()).collect();
    assert!(names.len() > 10, "{names:?}");
    names.into_iter().filter(|name| name != "help").collect()
}

/// What the program prints about itself.
fn own_texts() -> Vec<(String, String)> {
    let mut texts = vec![("--help".to_owned(), sixpane(&["--help"])), ("-h".to_owned(), sixpane(&["-h"]))];
    for name in commands() {
        texts.push((format!("{name} --help"), sixpane(&[&name, "--help"])));
    }
    for name in ["keys", "man", "settings"] {
        texts.push((name.to_owned(), sixpane(&[name])));
    }
    texts
}

fn documents() -> Vec<(String, String)> {
    let mut files = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    if let Ok(entries) = std::fs::read_dir(root().join("docs")) {
        files.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|e| e == "md")),
        );
    }
    files.iter().map(|file| (shown(file), std::fs::read_to_string(file).unwrap())).collect()
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}

fn faults(place: &str, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    WORDS
        .iter()
        .filter_map(|(words, instead)| {
            let found = Regex::new(words).unwrap().find(&lower)?;
            Some(format!("{place}: `{}` (write: {instead}) in: {}", found.as_str(), text.trim()))
        })
        .collect()
}

fn all_faults(texts: &[(String, String)]) -> Vec<String> {
    texts
        .iter()
        .flat_map(|(place, text)| text.lines().flat_map(|line| faults(place, line)).collect::<Vec<_>>())
        .collect()
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_programs_own_texts_are_plain() {
    assert_none(&all_faults(&own_texts()));
}

#[test]
fn the_documents_are_plain() {
    assert_none(&all_faults(&documents()));
}

#[test]
fn help_fits_a_hundred_columns_and_begins_with_a_capital() {
    let option = Regex::new(r"^\s+(?:-\w, )?--[\w-]+(?:[= ]\S+)?\s{2,}(\S.*)$").unwrap();
    let mut found = Vec::new();
    for (place, text) in own_texts().iter().filter(|(place, _)| place.contains("-h")) {
        for line in text.lines() {
            if line.chars().count() > 100 {
                found.push(format!("{place}: over 100 columns: {line}"));
            }
            if let Some(words) = option.captures(line)
                && words[1].starts_with(|c: char| c.is_lowercase())
            {
                found.push(format!("{place}: no capital: {line}"));
            }
        }
    }
    assert_none(&found);
}

#[test]
fn a_fault_is_found() {
    assert_eq!(faults("x", "the peer is Told").len(), 1);
}
