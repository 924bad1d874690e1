//! The parts that every view is made of: rules, lines with two ends, sparklines, charts.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use super::theme::{Role, Theme};
use crate::engine::report::Sample;
use crate::text::{cut, fit, width};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The tops that a scale may have, in milliseconds: few, so that a chart does not dance.
const TOPS: [f64; 14] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4];

/// Spans in the making.
#[derive(Debug, Default, Clone)]
pub struct Text<'a> {
    spans: Vec<Span<'a>>,
    width: usize,
}

impl Text<'_> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `text`, which is fit to show.
    #[must_use]
    pub fn add(mut self, text: impl Into<String>, style: Style) -> Self {
        let text = text.into();
        self.width += width(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    /// Adds blanks up to `column`.
    #[must_use]
    pub fn to(self, column: usize) -> Self {
        let gap = column.saturating_sub(self.width);
        if gap == 0 { self } else { self.add(" ".repeat(gap), Style::new()) }
    }

    /// Adds other spans behind.
    #[must_use]
    pub fn join(mut self, other: Text<'static>) -> Self {
        self.width += other.width;
        self.spans.extend(other.spans);
        self
    }

    /// Columns so far.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Paints it at the left of `area`, the end cut where it does not fit, over what is there.
    pub fn paint(self, area: Rect, buffer: &mut Buffer) {
        self.clipped(area.width.into()).render(Rect { height: area.height.min(1), ..area }, buffer);
    }

    /// A line of at most `columns`.
    fn clipped(self, columns: usize) -> Line<'static> {
        let mut left = columns;
        let mut spans = Vec::with_capacity(self.spans.len());
        let total = self.width;
        for span in self.spans {
            let text = if total > columns { cut(&span.content, left) } else { span.content.into_owned() };
            left -= width(&text).min(left);
            spans.push(Span::styled(text, span.style));
            if left == 0 {
                break;
            }
        }
        Line::from(spans)
    }
}

/// A line with `left` at its left and `right` at its right end, and `fill` between; the right end stays whole.
pub fn two_ends(left: Text<'_>, right: Text<'_>, fill: (&str, Style), area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width);
    let right_room = right.width.min(room);
    let left_room = room - right_room;
    let left_width = left.width.min(left_room);
    left.paint(Rect { width: left_room as u16, ..area }, buffer);
    let gap = left_room - left_width;
    if gap > 0 {
        let middle = Rect { x: area.x + left_width as u16, width: gap as u16, ..area };
        Text::new().add(fill.0.repeat(gap), fill.1).paint(middle, buffer);
    }
    right.paint(Rect { x: area.x + left_room as u16, width: right_room as u16, ..area }, buffer);
}

/// A rule with a title set into it, and words at its end.
pub fn rule(title: &str, focused: bool, end: &str, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let dim = theme.style(Role::Dim);
    let line = "─";
    let title_style = if focused { theme.focused() } else { theme.strong() };
    let left = if title.is_empty() {
        Text::new()
    } else {
        Text::new().add(line, dim).add(format!(" {title} "), title_style)
    };
    let right = if end.is_empty() { Text::new() } else { Text::new().add(format!(" {end}"), dim) };
    two_ends(left, right, (line, dim), area, buffer);
}

/// Two panes side by side with a line between, the left one `split` columns wide.
pub fn side_by_side(area: Rect, split: u16, theme: Theme, buffer: &mut Buffer) -> [Rect; 2] {
    upright(area.x + split, area.top()..area.bottom(), theme, buffer);
    let left = Rect { width: split, ..area };
    [left, Rect { x: area.x + split + 1, width: area.width - split - 1, ..area }]
}

fn upright(x: u16, rows: std::ops::Range<u16>, theme: Theme, buffer: &mut Buffer) {
    for y in rows {
        Text::new().add("│", theme.style(Role::Dim)).paint(Rect { x, y, width: 1, height: 1 }, buffer);
    }
}

/// An empty box over what is there, with words set into its edges; gives its inside.
pub fn boxed(frame: Rect, title: &str, foot: &str, theme: Theme, buffer: &mut Buffer) -> Rect {
    Clear.render(frame, buffer);
    let dim = theme.style(Role::Dim);
    for (y, [left, right], words) in
        [(frame.top(), ["╭", "╮"], title), (frame.bottom() - 1, ["╰", "╯"], foot)]
    {
        let start = Text::new().add(left, dim).add("─", dim).add(words, theme.focused());
        two_ends(start, Text::new().add(right, dim), ("─", dim), Rect { y, height: 1, ..frame }, buffer);
    }
    let inside = frame.top() + 1..frame.bottom() - 1;
    upright(frame.left(), inside.clone(), theme, buffer);
    upright(frame.right() - 1, inside, theme, buffer);
    Rect { x: frame.x + 1, y: frame.y + 1, width: frame.width - 2, height: frame.height - 2 }
}

/// The top of the scale for values up to `largest`.
pub fn top(largest: Duration) -> f64 {
    let ms = largest.as_secs_f64() * 1e3;
    TOPS.into_iter().find(|top| *top >= ms).unwrap_or(ms)
}

/// The newest `columns` probes as bars on a scale up to `top` milliseconds, `×` for a lost one,
/// `›` for a late one.
pub fn spark(recent: &[Sample], columns: usize, top: f64, theme: Theme) -> Text<'static> {
    let shown = &recent[recent.len().saturating_sub(columns)..];
    let mut text = Text::new().to(columns - shown.len().min(columns));
    for probe in shown {
        text = match probe {
            Sample::Answered(rtt) => {
                let share = rtt.as_secs_f64() * 1e3 / top;
                let bar = BARS[((share * 8.0) as usize).min(7)];
                text.add(bar.to_string(), theme.style(Role::Dim))
            }
            Sample::Late(_) => text.add("›", theme.style(Role::Warn)),
            Sample::Lost | Sample::Error => text.add("×", theme.style(Role::Bad)),
        };
    }
    text
}

/// RTT over time as columns of bars, the newest at the right, with a scale at the left.
pub fn chart(recent: &[Sample], theme: Theme, area: Rect, buffer: &mut Buffer) {
    const SCALE: u16 = 6;
    if area.height < 3 || area.width <= SCALE {
        return;
    }
    let rows = area.height - 1;
    let columns = usize::from(area.width - SCALE);
    let shown = &recent[recent.len().saturating_sub(columns)..];
    let largest = shown.iter().filter_map(|sample| sample.rtt()).max().unwrap_or_default();
    let top = top(largest);
    let dim = theme.style(Role::Dim);
    for row in 0..=rows {
        let from_bottom = rows - row;
        let label = if row == 0 {
            format!("{top:>4.0} ")
        } else if from_bottom == 0 {
            "   0 ".into()
        } else if from_bottom * 2 == rows && top >= 2.0 {
            format!("{:>4.0} ", top / 2.0)
        } else {
            "     ".into()
        };
        let tick = if from_bottom == 0 {
            "┴"
        } else if label.trim().is_empty() {
            "│"
        } else {
            "┤"
        };
        let line = Rect { y: area.y + row, height: 1, ..area };
        Text::new().add(label, dim).add(tick, dim).paint(line, buffer);
        let mut text = Text::new();
        let lead = columns - shown.len();
        let blank = if from_bottom == 0 { "─" } else { " " };
        text = text.add(blank.repeat(lead), dim);
        for probe in shown {
            text = match probe {
                Sample::Lost | Sample::Error if from_bottom == 0 => text.add("×", theme.style(Role::Bad)),
                Sample::Late(_) if from_bottom == 0 => text.add("›", theme.style(Role::Warn)),
                _ if from_bottom == 0 => text.add(blank, dim),
                Sample::Lost | Sample::Error | Sample::Late(_) => text.add(" ", dim),
                Sample::Answered(rtt) => {
                    // Eighths of a row that this value fills here.
                    let eighths = rtt.as_secs_f64() * 1e3 / top * f64::from(rows) * 8.0;
                    let here = eighths - f64::from(from_bottom - 1) * 8.0;
                    let cell = if here >= 8.0 {
                        '█'
                    } else if here < 1.0 {
                        if from_bottom == 1 { '▁' } else { ' ' }
                    } else {
                        BARS[(here as usize - 1).min(7)]
                    };
                    text.add(cell.to_string(), theme.style(Role::Accent))
                }
            };
        }
        text.paint(Rect { x: line.x + SCALE, width: line.width - SCALE, ..line }, buffer);
    }
}

/// `text` in lines of at most `columns`, broken between words; a word that is longer keeps its ends.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = fit(word, columns);
        let Some(last) = lines.last_mut() else { break };
        if last.is_empty() {
            last.push_str(&word);
        } else if width(last) + 1 + width(&word) <= columns {
            last.push(' ');
            last.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
