//! The language of the program: plain technical English.
//!
//! The help of every command, the keys, the settings, the manual page, the documents and the source (strings, comments
//! and names) are searched for words that must not appear. The guide behind the table: the noun of the field, then a
//! plain verb; queries are sent, responses received, causes reported.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

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

static FORBIDDEN: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| WORDS.iter().map(|(words, instead)| (Regex::new(words).unwrap(), *instead)).collect());

fn faults(place: &str, text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    FORBIDDEN
        .iter()
        .filter_map(|(words, instead)| {
            let found = words.find(&lower)?;
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

/// Names of items that must not appear, as words of the name.
const NAMES: &[&str] = &[
    "told", "tell", "tells", "whom", "nobody", "somebody", "anew", "alike", "heard", "spoken", "speech",
    "whose",
];

/// Places in the source where a banned word is right, and why.
const RIGHT: &[(&str, &str, &str)] =
    &[("src/doctor/judge/tests.rs", "nobody", "the name of a case, in a snapshot")];

/// The text of a source file by kind.
#[derive(Default)]
struct Source {
    /// Line number and text of each string.
    strings: Vec<(usize, String)>,
    /// Line number and text of each line comment, with its marker (`//`, `///`, `//!`).
    comments: Vec<(usize, String)>,
    /// The rest.
    code: String,
}

impl Source {
    fn read(text: &str) -> Self {
        let mut source = Self::default();
        let (mut rest, mut line) = (text, 1);
        let raw = Regex::new(r#"^b?r(#*)""#).unwrap();
        let character = Regex::new(r"^b?'(?:[^'\\]|\\.[^']*)'").unwrap();
        while let Some(first) = rest.chars().next() {
            let may_begin = matches!(first, 'b' | 'r');
            let name_before = source.code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let length = if rest.starts_with("//") {
                let length = rest.find('\n').unwrap_or(rest.len());
                source.comments.push((line, rest[..length].to_owned()));
                length
            } else if may_begin
                && !name_before
                && let Some(found) = raw.captures(rest)
            {
                let end = format!("\"{}", &found[1]);
                let begin = found[0].len();
                let length = begin + rest[begin..].find(&end).unwrap();
                source.strings.push((line, rest[begin..length].to_owned()));
                length + end.len()
            } else if first == '"' {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let end = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    end
                });
                let end = 1 + end.unwrap();
                source.strings.push((line, rest[1..end].to_owned()));
                end + 1
            } else if matches!(first, 'b' | '\'')
                && !name_before
                && let Some(found) = character.find(rest)
            {
                found.len()
            } else {
                source.code.push(first);
                first.len_utf8()
            };
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
        }
        source
    }

    /// Doc comments as blocks, each in one line.
    fn docs(&self) -> Vec<(usize, String)> {
        let mut docs: Vec<(usize, &str, String)> = Vec::new();
        let mut last = 0;
        for (line, text) in &self.comments {
            let Some(marker) = ["///", "//!"].into_iter().find(|marker| text.starts_with(marker)) else {
                continue;
            };
            let words = text[3..].trim();
            match docs.last_mut() {
                Some((_, before, block)) if *before == marker && last + 1 == *line => {
                    block.push(' ');
                    block.push_str(words);
                }
                _ => docs.push((*line, marker, words.to_owned())),
            }
            last = *line;
        }
        docs.into_iter().map(|(line, _, block)| (line, block)).collect()
    }

    /// Names of items and fields.
    fn names(&self) -> Vec<String> {
        let item = Regex::new(
            r"(?:^|[^'\w])(?:fn|struct|enum|trait|type|const|static|mod|let|let mut)\s+([A-Za-z_]\w*)",
        )
        .unwrap();
        let member = Regex::new(r"(?m)^\s+(?:pub(?:\([^)]*\))? )?([A-Za-z_]\w*)(?:: |,$|\(|\s*\{)").unwrap();
        let all = item.captures_iter(&self.code).chain(member.captures_iter(&self.code));
        all.map(|found| found[1].to_owned()).collect()
    }
}

/// The words of a name in snake or camel case, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let word = Regex::new(r"[A-Z]?[a-z0-9]+|[A-Z]+").unwrap();
    word.find_iter(name).map(|found| found.as_str().to_lowercase()).collect()
}

/// All files of `src`.
fn sources() -> &'static [(String, Source)] {
    static SOURCES: LazyLock<Vec<(String, Source)>> = LazyLock::new(read_sources);
    &SOURCES
}

fn read_sources() -> Vec<(String, Source)> {
    fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                all.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    files.sort();
    files.iter().map(|file| (shown(file), Source::read(&std::fs::read_to_string(file).unwrap()))).collect()
}

fn is_right(fault: &str) -> bool {
    RIGHT.iter().any(|(file, words, _)| fault.starts_with(file) && fault.contains(words))
}

#[test]
fn the_strings_and_comments_of_the_source_are_plain() {
    let machine = Regex::new(r"[a-z,;] Machines?\b").unwrap();
    let mut found = Vec::new();
    for (file, source) in sources() {
        for (line, text) in source.strings.iter().chain(&source.comments) {
            found.extend(faults(&format!("{file}:{line}"), text));
        }
        for (line, text) in &source.strings {
            if machine.is_match(text) {
                found.push(format!("{file}:{line}: `Machine` within a sentence (write: machine) in: {text}"));
            }
        }
    }
    found.retain(|fault| !is_right(fault));
    assert_none(&found);
}

#[test]
fn the_names_of_the_source_are_plain() {
    let mut found = Vec::new();
    for (file, source) in sources() {
        for name in source.names() {
            found.extend(
                words_of(&name)
                    .iter()
                    .filter(|word| NAMES.contains(&word.as_str()))
                    .map(|word| format!("{file}: `{word}` in the name {name}")),
            );
        }
    }
    found.retain(|fault| !is_right(fault));
    assert_none(&found);
}

#[test]
fn doc_comments_are_noun_phrases_that_say_more_than_a_name() {
    let docs: Vec<String> = sources()
        .iter()
        // Those of the command line are its help.
        .filter(|(file, _)| !file.starts_with("src/cli"))
        .flat_map(|(file, source)| {
            source.docs().into_iter().map(move |(line, text)| format!("{file}:{line}: {text}"))
        })
        .collect();
    let opening = Regex::new(r"^\S+ (?:What|Who|Whom|Whose)\b").unwrap();
    let relative: Vec<String> = docs.iter().filter(|doc| opening.is_match(doc)).cloned().collect();
    assert!(relative.len() < 40, "{}", relative.join("\n"));
    let short: Vec<String> =
        docs.iter().filter(|doc| doc.split_whitespace().count() <= 1 + 3).cloned().collect();
    assert!(short.len() < 60, "{} places:\n{}", short.len(), short.join("\n"));
}

#[test]
fn the_help_of_keys_begins_with_a_capital() {
    let row = Regex::new(r"^  \S.{13} (\S.*)$").unwrap();
    let keys = sixpane(&["keys"]);
    let rows: Vec<&str> = keys.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(rows.len() > 50, "{keys}");
    let small =
        |line: &&str| row.captures(line).is_none_or(|words| words[1].starts_with(|c: char| c.is_lowercase()));
    let found: Vec<String> = rows.into_iter().filter(small).map(str::to_owned).collect();
    assert_none(&found);
}

#[test]
fn a_fault_is_found() {
    assert_eq!(faults("x", "the peer is Told").len(), 1);
    let source = Source::read(
        "/// What it is.\n///\n/// More.\nfn told_it(c: char) -> &'static str { r#\"a \"b\"#; '\"'; \"who\\\"m\" } // end\n",
    );
    assert_eq!(source.docs(), [(1, "What it is.  More.".to_owned())]);
    assert_eq!(source.strings, [(4, "a \"b".to_owned()), (4, "who\\\"m".to_owned())]);
    assert_eq!(source.comments.last(), Some(&(4, "// end".to_owned())));
    assert_eq!(source.names(), ["told_it"]);
    assert_eq!(words_of("ToldIt"), words_of("told_it"));
}
