//! Sanitized text from outside, and the text formats shared by all output.

pub mod escape;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Bytes from the network or a file, with their sanitized text.
///
/// Such bytes reach a screen, pipe, clipboard or window title only in this form. Escaped as in `dig` (`\` and three
/// decimal digits per byte, RFC 1035 §5.1): control characters (C0, C1), bidirectional and zero-width characters, line
/// separators and invalid UTF-8; `\` itself is doubled, so that different inputs never look the same. Equality and order
/// are those of the bytes.
#[derive(Clone)]
pub struct Safe {
    shown: Arc<str>,
    /// Only where it differs from `shown`.
    raw: Option<Arc<[u8]>>,
}

impl Safe {
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut shown = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '\\' {
                    shown.push_str("\\\\");
                } else if is_unfit(c) {
                    escape(&mut shown, c.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    shown.push(c);
                }
            }
            escape(&mut shown, chunk.invalid());
        }
        let raw = (shown.as_bytes() != bytes).then(|| bytes.into());
        Self { shown: shown.into(), raw }
    }

    pub fn as_str(&self) -> &str {
        &self.shown
    }

    pub fn raw(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.shown.as_bytes())
    }

    /// Whether anything is escaped.
    pub fn is_escaped(&self) -> bool {
        self.raw.is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

fn escape(out: &mut String, bytes: &[u8]) {
    use fmt::Write as _;
    for byte in bytes {
        let _ = write!(out, "\\{byte:03}");
    }
}

/// Characters that a terminal interprets, or that change how text reads.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

impl From<&str> for Safe {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.shown)
    }
}

impl PartialEq for Safe {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for Safe {}

impl PartialOrd for Safe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Safe {
    fn cmp(&self, other: &Self) -> Ordering {
        self.raw().cmp(other.raw())
    }
}

impl Hash for Safe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw().hash(state);
    }
}

/// In JSON a `Safe` is its sanitized text; printers add a `*_raw` field in base64 ([`Safe::raw`]) if anything is
/// escaped.
impl Serialize for Safe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

/// Sanitized text of an error.
pub fn words(error: impl fmt::Display) -> String {
    Safe::new(error.to_string()).as_str().to_owned()
}

/// Width of `text` on a terminal, in columns.
pub fn width(text: &str) -> usize {
    match text.chars().try_fold(0, |columns, c| is_simple(c).then_some(columns + 1)) {
        Some(columns) => columns,
        None => text.width(),
    }
}

/// Whether `c` always takes one column: printable ASCII, and the glyphs of the screens. Nearly all text consists of these
/// and needs no segmentation.
pub fn is_simple(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{2500}'..='\u{25fc}' | '…' | '–' | '·' | '×' | '←'..='↓' | '↵' | '✓' | '✗')
}

/// Shortens `text` to `columns` in the middle, since the end of a machine ID or address distinguishes it.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let tail_room = (columns - 1).div_ceil(2);
    let head = take_columns(text.graphemes(true), columns - 1 - tail_room);
    let tail = take_columns(text.graphemes(true).rev(), tail_room);
    let tail: String = tail.graphemes(true).rev().collect();
    format!("{head}…{tail}")
}

/// Shortens `text` to `columns` at the end, for prose.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut head = take_columns(text.graphemes(true), columns - 1);
    head.push('…');
    head
}

fn take_columns<'a>(graphemes: impl Iterator<Item = &'a str>, columns: usize) -> String {
    let mut used = 0;
    graphemes
        .take_while(|g| {
            used += width(g);
            used <= columns
        })
        .collect()
}

/// Age in coarse steps, so that an idle screen is rarely redrawn: `<10s`, `10s`, `30s`, `1m`, `2h03m`, `3d`. Rounded
/// down.
pub fn age(age: Duration) -> String {
    match age.as_secs() {
        0..10 => "<10s".into(),
        10..30 => "10s".into(),
        30..60 => "30s".into(),
        _ => ago(age),
    }
}

/// The next age at which the text of [`age`] changes.
pub fn next_age(age: Duration) -> Duration {
    let s = age.as_secs();
    Duration::from_secs(match s {
        0..10 => 10,
        10..30 => 30,
        30..86_400 => (s / 60 + 1) * 60,
        _ => (s / 86_400 + 1) * 86_400,
    })
}

/// Age in seconds, later in minutes: `0s`, `12s`, `4m`, `2h03m`, `3d`.
pub fn ago(age: Duration) -> String {
    let s = age.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d", s / 86_400),
    }
}

/// Milliseconds with one decimal, the format of every RTT: `11.2`.
pub fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// `1 app`, `2 apps`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// Bytes in about three characters: `310`, `12k`, `1.2M`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["", "k", "M", "G", "T"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1}{}", UNITS[unit])
    } else {
        format!("{value:.0}{}", UNITS[unit])
    }
}

/// Quotes `text` as one word for a shell: text from the network must not become a command.
pub fn quoted(text: &str) -> String {
    // In zsh a leading `=` is expanded to a command's path.
    let plain =
        |(n, c): (usize, char)| c.is_ascii_alphanumeric() || "._-:/@%+,".contains(c) || (c == '=' && n > 0);
    if !text.is_empty() && text.chars().enumerate().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hostile_name_is_quoted_for_the_shell() {
        assert_eq!(quoted("vms.web.internal"), "vms.web.internal");
        assert_eq!(quoted("+tries=2"), "+tries=2");
        assert_eq!(quoted("=ls"), "'=ls'");
        assert_eq!(quoted("$(reboot).internal"), "'$(reboot).internal'");
        assert_eq!(quoted("a'b;c"), "'a'\\''b;c'");
        assert_eq!(quoted(""), "''");
        for c in "`|&<>(){}[]*?!#~$;\"'\\ \t\n^é".chars() {
            let word = quoted(&format!("x{c}y"));
            assert!(word.starts_with('\'') && word.ends_with('\''), "{word}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        for (raw, shown) in [
            (&b"web"[..], "web"),
            (b"\x1b[2J", "\\027[2J"),
            (b"\x1b]52;c;aGk=\x07", "\\027]52;c;aGk=\\007"),
            (b"a\rb\nc\td", "a\\013b\\010c\\009d"),
            (b"\xff\xfe", "\\255\\254"),
            ("\u{202e}gpj.exe".as_bytes(), "\\226\\128\\174gpj.exe"),
            ("a\u{200b}b".as_bytes(), "a\\226\\128\\139b"),
            ("\u{9b}31m".as_bytes(), "\\194\\15531m"),
            ("日本 é".as_bytes(), "日本 é"),
            (b"back\\slash", "back\\\\slash"),
        ] {
            let safe = Safe::new(raw);
            assert_eq!(safe.as_str(), shown);
            assert_eq!(safe.raw(), raw);
            assert_eq!(safe.is_escaped(), raw != shown.as_bytes());
        }
    }

    #[test]
    fn simple_characters_take_one_column() {
        let simple: Vec<char> = (' '..=char::MAX).filter(|c| is_simple(*c)).collect();
        assert!(simple.len() > 300);
        for a in simple {
            assert_eq!(a.to_string().width(), 1, "{a}");
            // No two of them form one grapheme.
            assert_eq!(format!("{a}─{a}a").graphemes(true).count(), 4, "{a}");
        }
    }

    #[test]
    fn fit_keeps_the_end() {
        assert_eq!(fit("148e21b7c93d89", 14), "148e21b7c93d89");
        assert_eq!(fit("148e21b7c93d89", 12), "148e2…c93d89");
        assert_eq!(fit("abc", 1), "…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(width(&fit("日本日本日本", 5)), 5);
    }

    #[test]
    fn an_age_holds_until_the_next_one() {
        let mut now = Duration::ZERO;
        let mut said = String::new();
        while now < Duration::from_secs(200_000) {
            let next = next_age(now);
            assert!(next > now && age(now) != said);
            said = age(now);
            assert_eq!(age(next.saturating_sub(Duration::from_millis(1))), said);
            now = next;
        }
        assert_eq!(said, "2d");
    }

    #[test]
    fn ages_and_sizes_are_coarse() {
        for (s, text) in [(0, "0s"), (59, "59s"), (240, "4m"), (7380, "2h03m"), (300_000, "3d")] {
            assert_eq!(ago(Duration::from_secs(s)), text);
        }
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1.0k"), (12_345, "12k"), (1_200_000, "1.2M")] {
            assert_eq!(bytes(n), text);
        }
    }

    proptest! {
        #[test]
        fn sanitized_text_has_no_control_characters(raw in proptest::collection::vec(any::<u8>(), 0..80)) {
            let safe = Safe::new(&raw);
            prop_assert!(!safe.as_str().chars().any(is_unfit));
            prop_assert_eq!(safe.raw(), &raw[..]);
        }

        #[test]
        fn different_bytes_never_look_the_same(a in any::<String>(), b in any::<Vec<u8>>()) {
            let (a, b) = (Safe::new(a), Safe::new(b));
            prop_assert_eq!(a == b, a.as_str() == b.as_str());
        }

        #[test]
        fn fit_and_cut_never_exceed(text in "\\PC{0,40}", columns in 0_usize..30) {
            prop_assert!(width(&fit(&text, columns)) <= columns);
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }
    }
}
