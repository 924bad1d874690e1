//! Lines composed by column, and text wrapped into lines.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::text::{cut, width};
use crate::ui::canvas::Canvas;
use crate::ui::pen::Pen;
use crate::ui::theme::Theme;

/// Extensions of ratatui's `Line` for columns. Control characters must already be removed from all text.
pub trait Columns<'a>: Sized {
    /// Width so far in columns.
    fn columns(&self) -> usize;

    #[must_use]
    fn add(self, text: impl Into<Cow<'a, str>>, style: Style) -> Self;

    /// Adds blanks up to `column`.
    #[must_use]
    fn to(self, column: usize) -> Self;

    /// Adds `text` right-aligned in the next `columns`.
    #[must_use]
    fn right(self, text: impl Into<Cow<'a, str>>, columns: usize, style: Style) -> Self;

    #[must_use]
    fn join(self, other: Line<'a>) -> Self;

    /// Scrolls the line to the right by `columns`.
    #[must_use]
    fn scrolled(self, columns: usize) -> Line<'static>;

    /// Folds the line into lines of at most `columns`; all but the first are indented.
    fn folded(self, columns: usize) -> Vec<Line<'static>>;

    /// Paints the line at the left of `area`, over existing cells; if it does not fit, it is cut and ends with `…`.
    fn paint<S>(self, area: Rect, canvas: &mut Canvas<'_, S>);
}

impl<'a> Columns<'a> for Line<'a> {
    fn columns(&self) -> usize {
        self.spans.iter().map(|span| width(&span.content)).sum()
    }

    fn add(mut self, text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        self.spans.push(Span { content: text.into(), style });
        self
    }

    fn right(self, text: impl Into<Cow<'a, str>>, columns: usize, style: Style) -> Self {
        let text = text.into();
        let start = self.columns() + columns.saturating_sub(width(&text));
        self.to(start).add(text, style)
    }

    fn to(self, column: usize) -> Self {
        const BLANKS: &str = "                                                                ";
        let gap = column.saturating_sub(self.columns());
        match BLANKS.get(..gap) {
            Some("") => self,
            Some(blanks) => self.add(blanks, Style::new()),
            None => self.add(" ".repeat(gap), Style::new()),
        }
    }

    fn join(mut self, other: Line<'a>) -> Self {
        self.spans.extend(other.spans);
        self
    }

    fn scrolled(self, columns: usize) -> Line<'static> {
        let mut left = columns;
        self.spans.into_iter().fold(Line::default(), |shown, Span { content, style }| {
            let hidden = cut_exactly(&content, left);
            left -= width(hidden).min(left);
            shown.add(content.strip_prefix(hidden).unwrap_or_default().to_owned(), style)
        })
    }

    fn folded(self, columns: usize) -> Vec<Line<'static>> {
        const INDENT: usize = 4;
        let mut lines = vec![Line::default()];
        for Span { content, style } in self.spans {
            let mut rest = &*content;
            while !rest.is_empty() {
                let Some(last) = lines.last_mut() else { break };
                let part = cut_exactly(rest, columns.saturating_sub(last.columns()));
                rest = rest.strip_prefix(part).unwrap_or_default();
                *last = std::mem::take(last).add(part.to_owned(), style);
                if !rest.is_empty() {
                    if part.is_empty() && last.columns() <= INDENT {
                        // Not even one glyph fits.
                        break;
                    }
                    lines.push(Line::default().to(INDENT.min(columns / 2)));
                }
            }
        }
        lines
    }

    fn paint<S>(self, area: Rect, canvas: &mut Canvas<'_, S>) {
        let columns = usize::from(area.width);
        let too_long = self.columns() > columns;
        let mut pen = Pen::new(area, canvas.buffer);
        for Span { content, style } in &self.spans {
            let room = columns - pen.column();
            if too_long && width(content) > room {
                pen.put(&cut(content, room), *style);
                break;
            }
            pen.put(content, *style);
        }
    }
}

/// A line that starts with the mark of the selected row, or with blanks.
pub fn marked(selected: bool, theme: Theme) -> Line<'static> {
    Line::default().add(if selected { "▌ " } else { "  " }, theme.focused())
}

/// The longest prefix of `text` that fits into `columns`.
fn cut_exactly(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += width(c.encode_utf8(&mut [0; 4]));
        used > columns
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// Wraps `text` between words into lines of at most `columns`; a longer word is broken.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(last) = lines.last_mut() else { break };
        if !last.is_empty() && width(last) + 1 + width(word) <= columns {
            last.push(' ');
            last.push_str(word);
            continue;
        }
        if !last.is_empty() {
            lines.push(String::new());
        }
        for c in word.chars() {
            let Some(last) = lines.last_mut() else { break };
            if width(last) + width(c.encode_utf8(&mut [0; 4])) <= columns {
                last.push(c);
            } else {
                lines.push(c.into());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &Line<'_>) -> String {
        line.spans.iter().map(|span| &*span.content).collect()
    }

    #[test]
    fn a_line_is_scrolled_to_the_right() {
        let line = || Line::default().add("ab", Style::new()).add("日本c", Style::new());
        let after = |columns| words(&line().scrolled(columns));
        assert_eq!(
            [after(0), after(1), after(3), after(4), after(9)],
            ["ab日本c", "b日本c", "日本c", "本c", ""]
        );
    }

    #[test]
    fn a_long_line_is_folded() {
        let line = Line::default().add("abcdefgh", Style::new()).add("日本語", Style::new());
        let lines: Vec<String> = line.folded(9).iter().map(words).collect();
        assert_eq!(lines, ["abcdefgh", "    日本", "    語"]);
        assert_eq!(
            Line::default().add("日", Style::new()).folded(1).len(),
            1,
            "no glyph fits: no endless loop"
        );
    }

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("the gateway ignores it", 11), ["the gateway", "ignores it"]);
        assert_eq!(wrap("", 11), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long(text in "\\PC{0,80}", columns in 8_usize..40) {
            prop_assert!(wrap(&text, columns).iter().all(|line| width(line) <= columns));
        }
    }
}
