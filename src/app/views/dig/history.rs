//! The history of dig lines, of this run and earlier ones, and its search.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use crate::dns::dig::line;
use crate::dns::names::Form;

/// Largest number of lines kept.
pub const KEPT: usize = 500;
/// Longest line that is kept, in bytes.
pub const LONGEST: usize = 500;
/// Largest number of search results.
const FOUND: usize = 50;

/// Lines, oldest first, without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    lines: Vec<String>,
}

impl Past {
    /// Creates a history from saved lines, oldest first.
    pub fn new(lines: impl IntoIterator<Item = String>) -> Self {
        let mut past = Self::default();
        for line in lines {
            past.add(&line);
        }
        past
    }

    /// Adds a line as the newest; a known line moves to the end. Returns whether it should be saved.
    pub fn add(&mut self, line: &str) -> bool {
        let line = line.trim();
        if line.is_empty() || line.len() > LONGEST || line.contains(char::is_control) {
            return false;
        }
        self.lines.retain(|known| known != line);
        self.lines.push(line.to_owned());
        self.lines.drain(..self.lines.len().saturating_sub(KEPT));
        true
    }

    /// All lines, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Names of the network in the lines, newest first.
    pub fn forms(&self) -> impl Iterator<Item = Form> {
        let lines = self.lines.iter().rev();
        let asks = lines.filter_map(|line| line::parse(&line.split_whitespace().collect::<Vec<_>>()).ok());
        asks.flat_map(|line| line.asks).filter_map(|ask| ask.form)
    }

    /// Lines that match `text`, best first. If it is empty, all lines, newest first.
    pub fn search(&self, text: &str) -> Vec<&str> {
        let newest = self.lines.iter().rev().map(String::as_str);
        if text.trim().is_empty() {
            return newest.take(FOUND).collect();
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut found: Vec<(u32, &str)> = newest
            .filter_map(|line| Some((pattern.score(Utf32Str::new(line, &mut buffer), &mut matcher)?, line)))
            .collect();
        // The sort is stable: of two equal matches the newer stays first.
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().take(FOUND).map(|(_, line)| line).collect()
    }
}

#[derive(Debug, Clone, Default)]
pub struct Search {
    pub input: Input,
    /// Index of the selected line among the matches.
    pub chosen: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_once_and_the_oldest_are_dropped() {
        let mut past = Past::new(["web", "api", "web "].map(str::to_owned));
        assert_eq!(past.lines(), ["api", "web"]);
        assert!(!past.add("  ") && !past.add("a\u{1b}[2J") && !past.add(&"x".repeat(LONGEST + 1)));
        for n in 0..KEPT {
            past.add(&n.to_string());
        }
        assert_eq!((past.lines().len(), past.lines()[0].as_str()), (KEPT, "0"));
    }

    #[test]
    fn a_search_is_fuzzy_and_prefers_the_newer() {
        let past = Past::new(["vms.web.internal TXT", "api.internal", "vms.api.internal"].map(str::to_owned));
        assert_eq!(past.search(""), ["vms.api.internal", "api.internal", "vms.web.internal TXT"]);
        assert_eq!(past.search("vweb"), ["vms.web.internal TXT"]);
        assert_eq!(past.search("api")[..2], ["api.internal", "vms.api.internal"]);
        assert!(past.search("zzz").is_empty());
    }
}
