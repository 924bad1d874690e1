//! The settings file. Errors in it never prevent a start: the rest is used, and a note gives the position.

use std::fmt;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::raw::Raw;
use super::{Layer, Remap, TABLE};
use crate::files;
use crate::text::{Safe, words};

/// The latest supported version of the file.
const VERSION: &str = "1";
/// Maximum size in bytes.
const LONGEST: u64 = 256 << 10;

/// A position in the file; line and column (in characters) from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Self { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
    }
}

/// An invalid entry in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub file: String,
    /// Position; `None` for the whole file.
    pub at: Option<Place>,
    /// Reason, as a clause.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(at) = self.at {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// One note for all: the first, and the number of others.
pub fn one(notes: &[Note]) -> Option<String> {
    let (first, more) = notes.split_first()?;
    Some(match more.len() {
        0 => format!("{first}; the default is used"),
        n => format!("{first}; the default is used (and {n} more: sixpane settings --show)"),
    })
}

/// Reads the file at `path`. A missing file is an error only if `required`.
pub fn load(path: &Path, required: bool) -> (Layer, Vec<Note>) {
    let name = Safe::new(path.as_os_str().as_encoded_bytes()).to_string();
    let all = |text: String| (Layer::default(), vec![Note { file: name.clone(), at: None, text }]);
    let bytes = match files::read(path, LONGEST) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Default::default(),
        Err(error) => return all(format!("cannot be read: {}", words(error))),
        Ok(bytes) if bytes.len() as u64 > LONGEST => return all("is too long for settings".into()),
        Ok(bytes) => bytes,
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(&name, text),
        Err(_) => all("is not text (UTF-8)".into()),
    }
}

/// Parses `text`, the file `name`.
pub fn parse(name: &str, text: &str) -> (Layer, Vec<Note>) {
    let mut reader = Reader { name, text, layer: Layer::default(), notes: Vec::new() };
    // A byte order mark is not part of the text.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    reader.text = bare;
    match DeTable::parse(bare) {
        Ok(table) => reader.table(table.get_ref()),
        Err(error) => {
            let why = Safe::new(error.message().replace('\n', ", ")).to_string();
            reader.note(error.span().map(|span| span.start), why);
            return (Layer::default(), reader.notes);
        }
    }
    reader.notes.sort_by_key(|note| note.at);
    (reader.layer, reader.notes)
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    layer: Layer,
    notes: Vec<Note>,
}

impl Reader<'_> {
    fn note(&mut self, offset: Option<usize>, text: String) {
        let at = offset.map(|offset| Place::of(self.text, offset));
        self.notes.push(Note { file: self.name.to_owned(), at, text });
    }

    fn table(&mut self, table: &DeTable<'_>) {
        if let Some((_, version)) = table.iter().find(|(key, _)| key.get_ref() == "version")
            && !is_known(version.get_ref())
        {
            // In a newer file the same word may have another meaning.
            let text = format!("is for a newer sixpane: this one supports version {VERSION} and older");
            return self.note(Some(version.span().start), text);
        }
        for (key, value) in table {
            let name: &str = key.get_ref();
            match (TABLE.iter().find(|setting| setting.name == name), value.get_ref()) {
                (Some(setting), raw) => {
                    if let Err(why) = (setting.read)(&mut self.layer, Raw::Toml(raw)) {
                        self.note(Some(value.span().start), format!("{name}: {why}"));
                    }
                }
                (None, DeValue::Table(keys)) if name == "keys" => self.keys(keys, ""),
                (None, _) if name == "version" => {}
                (None, _) => self.unknown(key.span().start, name),
            }
        }
        self.layer.keys.sort_by_key(|remap| remap.at);
    }

    fn unknown(&mut self, offset: usize, name: &str) {
        let known = TABLE.iter().map(|setting| setting.name).chain(["keys"]);
        let near = known.min_by_key(|known| distance(known, name)).filter(|known| distance(known, name) <= 3);
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        self.note(Some(offset), format!("unknown setting `{}`{near}", Safe::new(name)));
    }

    /// The `[keys]` table; an ID with a dot is a nested table.
    fn keys(&mut self, table: &DeTable<'_>, before: &str) {
        for (key, value) in table {
            let action = format!("{before}{}", key.get_ref());
            let at = Place::of(self.text, key.span().start);
            let keys = match value.get_ref() {
                DeValue::Table(inner) => {
                    self.keys(inner, &format!("{action}."));
                    continue;
                }
                DeValue::Array(list) => list.iter().map(key_of).collect::<Option<Vec<_>>>(),
                _ => key_of(value).map(|key| vec![key]),
            };
            if let Some(keys) = keys {
                self.layer.keys.push(Remap { action: Safe::new(action).to_string(), at, keys });
            } else {
                self.note(
                    Some(value.span().start),
                    "a key or a list of keys is expected, as in [\"x\"]".into(),
                );
            }
        }
    }
}

fn key_of(value: &Spanned<DeValue<'_>>) -> Option<String> {
    value.get_ref().as_str().map(|key| Safe::new(key).to_string())
}

fn is_known(version: &DeValue<'_>) -> bool {
    version.as_integer().is_some_and(|version| version.as_str() == VERSION)
}

/// Edit distance of two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut last = i + 1;
        if let Some(first) = row.first_mut() {
            *first = last;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            last = (corner + usize::from(x != *y)).min(last + 1).min(*cell + 1);
            corner = std::mem::replace(cell, last);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Refresh, ThemeName};

    fn notes_of(text: &str) -> Vec<String> {
        parse("settings.toml", text).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_settings_are_parsed() {
        let text = "version = 1\ntheme = \"cvd\"\nascii = true\nmouse = false\nauto_ping = false\nrefresh = \"off\"\n\
                    timeout = 2.5\nports = [80, \"8000-8001\"]\n[keys]\nopen = [\"x\", \"enter\"]\n\
                    dig.send = \"^t\"\nfreeze = []\n";
        let (layer, notes) = parse("settings.toml", text);
        assert_eq!(notes, []);
        assert_eq!((layer.theme, layer.ascii, layer.mouse), (Some(ThemeName::Cvd), Some(true), Some(false)));
        assert_eq!((layer.auto_ping, layer.refresh), (Some(false), Some(Refresh(None))));
        assert_eq!(layer.ports, Some(vec![80, 8000, 8001]));
        let keys: Vec<(&str, usize)> = layer.keys.iter().map(|r| (r.action.as_str(), r.keys.len())).collect();
        assert_eq!(keys, [("open", 2), ("dig.send", 1), ("freeze", 0)]);
        assert_eq!(layer.keys[0].keys, ["x", "enter"]);
        assert_eq!(layer.keys[1].at, Place { line: 11, column: 5 });
    }

    #[test]
    fn an_error_has_file_line_and_column_and_the_rest_is_used() {
        let (layer, notes) = parse("settings.toml", "mouse = false\ntheme = \"pink\"\nrefersh = 3\n");
        assert_eq!(layer, Layer { mouse: Some(false), ..Layer::default() });
        let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "settings.toml:2:9: theme: one of auto, dark, light, cvd, mono is expected",
                "settings.toml:3:1: unknown setting `refersh`; did you mean refresh?",
            ]
        );
        for (text, place) in [
            ("theme = \"dark\"\n\nmouse = \"on\"", ":3:9: mouse: true or false is expected"),
            ("timeout = 0", ":1:11: timeout: seconds from 0.1 to 3600 are expected"),
            ("ports = [80, 0]", ":1:9: ports: TCP ports"),
            ("ports = 80", ":1:9: ports: a list"),
            ("[keys]\nopen = 3", ":2:8: a key or a list of keys"),
            ("bogus = \"\u{1b}[2J\"", ":1:"),
            ("\u{feff}mouse = 1", ":1:9: mouse"),
            ("theme = \"mono", ":1:"),
            ("a = 1\na = 2", ":2:1"),
        ] {
            let notes_of = notes_of(text);
            assert_eq!(notes_of.len(), 1, "{notes_of:?}");
            assert!(notes_of[0].contains(place) && !notes_of[0].contains('\u{1b}'), "{notes_of:?}");
        }
    }

    #[test]
    fn a_newer_file_is_ignored() {
        let (layer, notes) = parse("settings.toml", "version = 2\ntheme = \"dark\"\n");
        assert_eq!(layer, Layer::default());
        assert!(notes[0].text.contains("newer sixpane"), "{notes:?}");
    }

    #[test]
    fn many_notes_become_one() {
        let notes = parse("s", "a = 1\nb = 2\nc = 3").1;
        let notes_of = one(&notes).unwrap();
        assert!(notes_of.starts_with("s:1:1: ") && notes_of.contains("and 2 more"), "{notes_of}");
        assert_eq!(one(&[]), None);
    }

    #[test]
    fn an_unreadable_file_is_one_note() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        assert_eq!(load(&path, false), Default::default());
        assert_eq!(load(&path, true).1.len(), 1);
        std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
        assert!(load(&path, false).1[0].text.contains("not text"));
        std::fs::write(&path, " ".repeat(300 << 10)).unwrap();
        assert!(load(&path, false).1[0].text.contains("too long"));
        assert!(load(folder.path(), false).1[0].text.contains("cannot be read"));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(theme|keys|\\[|\\]|=|\"|'|\n|[0-9]|\\.|true|ports| |\\PC){0,40}") {
            for note in parse("s", &text).1 {
                proptest::prop_assert!(!note.to_string().contains('\n'));
            }
        }
    }
}
