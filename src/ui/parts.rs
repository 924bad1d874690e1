//! The parts that every view is made of: rules, lines with two ends, sparklines, charts.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget as _};

use super::theme::{Role, Theme};
use crate::app::State;
use crate::probe::series::Sample;
use crate::text::{cut, fit, is_simple, width};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The tops that a scale may have, in milliseconds: few, so that a chart does not dance.
const TOPS: [f64; 14] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4];

/// Spans in the making.
#[derive(Debug, Default, Clone)]
pub struct Text<'a> {
    spans: Vec<(Cow<'a, str>, Style)>,
    width: usize,
}

impl<'a> Text<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `text`, which is fit to show.
    #[must_use]
    pub fn add(self, text: impl Into<String>, style: Style) -> Self {
        self.push(Cow::Owned(text.into()), style)
    }

    /// Adds `text`, which is fit to show, without a copy.
    #[must_use]
    pub fn put(self, text: &'a str, style: Style) -> Self {
        self.push(Cow::Borrowed(text), style)
    }

    fn push(mut self, text: Cow<'a, str>, style: Style) -> Self {
        self.width += width(&text);
        self.spans.push((text, style));
        self
    }

    /// Adds blanks up to `column`.
    #[must_use]
    pub fn to(self, column: usize) -> Self {
        const BLANKS: &str = "                                                                ";
        let gap = column.saturating_sub(self.width);
        match BLANKS.get(..gap) {
            Some("") => self,
            Some(blanks) => self.put(blanks, Style::new()),
            None => self.add(" ".repeat(gap), Style::new()),
        }
    }

    /// Adds other spans behind.
    #[must_use]
    pub fn join(mut self, other: Text<'a>) -> Self {
        self.width += other.width;
        self.spans.extend(other.spans);
        self
    }

    /// Its spans.
    pub fn parts(&self) -> impl Iterator<Item = (&str, Style)> {
        self.spans.iter().map(|(text, style)| (&**text, *style))
    }

    /// The same from a column on: what stands before it is out of sight.
    #[must_use]
    pub fn skip(self, columns: usize) -> Text<'static> {
        let mut left = columns;
        self.spans.into_iter().fold(Text::new(), |shown, (text, style)| {
            let hidden = cut_exactly(&text, left);
            left -= width(hidden).min(left);
            shown.add(text.strip_prefix(hidden).unwrap_or_default().to_owned(), style)
        })
    }

    /// The same on lines of at most `columns`; those behind the first are set in.
    pub fn folded(self, columns: usize) -> Vec<Text<'static>> {
        const INSET: usize = 4;
        let mut lines = vec![Text::new()];
        for (text, style) in self.spans {
            let mut rest = &*text;
            while !rest.is_empty() {
                let Some(last) = lines.last_mut() else { break };
                let part = cut_exactly(rest, columns.saturating_sub(last.width));
                rest = rest.strip_prefix(part).unwrap_or_default();
                *last = std::mem::take(last).add(part, style);
                if !rest.is_empty() {
                    if part.is_empty() && last.width <= INSET {
                        // Not one of its glyphs fits.
                        break;
                    }
                    lines.push(Text::new().to(INSET.min(columns / 2)));
                }
            }
        }
        lines
    }

    /// Columns so far.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Paints it at the left of `area`, the end cut where it does not fit, over what is there.
    pub fn paint(self, area: Rect, buffer: &mut Buffer) {
        let columns = usize::from(area.width);
        let mut pen = Pen::new(area, buffer);
        for (text, style) in &self.spans {
            let room = columns - pen.column();
            if self.width > columns && width(text) > room {
                pen.put(&cut(text, room), *style);
                break;
            }
            pen.put(text, *style);
        }
    }
}

/// Writes into one line of a buffer, from the left, without anything in between.
pub struct Pen<'b> {
    buffer: &'b mut Buffer,
    start: u16,
    x: u16,
    end: u16,
    y: u16,
    scratch: String,
}

impl<'b> Pen<'b> {
    /// A pen at the left of the first line of `area`.
    pub fn new(area: Rect, buffer: &'b mut Buffer) -> Self {
        let here = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        let end = if here.is_empty() { here.left() } else { here.right() };
        Self { buffer, start: here.left(), x: here.left(), end, y: here.y, scratch: String::new() }
    }

    /// Columns of the line.
    pub fn columns(&self) -> usize {
        (self.end - self.start).into()
    }

    /// Columns from the left of the area.
    pub fn column(&self) -> usize {
        (self.x - self.start).into()
    }

    /// Goes to `column`, forward or back; what is there stays.
    pub fn to(&mut self, column: usize) {
        self.x = self.start.saturating_add(column.min(usize::from(u16::MAX)) as u16).min(self.end);
    }

    /// Writes `text`, which is fit to show; what does not fit is left out.
    pub fn put(&mut self, text: &str, style: Style) {
        let room = usize::from(self.end - self.x);
        if !text.chars().all(is_simple) {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, room, style);
            return;
        }
        let from = self.buffer.index_of(self.x.min(self.buffer.area.right() - 1), self.y);
        let cells = self.buffer.content.iter_mut().skip(from).take(room);
        let mut written = 0;
        for (cell, c) in cells.zip(text.chars()) {
            set(cell, c, style);
            written += 1;
        }
        self.x += written;
    }

    /// Writes `text` in at most `columns`, without its middle where it is too long.
    pub fn put_fit(&mut self, text: &str, columns: usize, style: Style) {
        if width(text) <= columns {
            self.put(text, style);
        } else {
            self.put(&fit(text, columns), style);
        }
    }

    /// Writes `text` so that it ends before `column`; gives the column at which it begins.
    pub fn put_right(&mut self, column: usize, text: fmt::Arguments<'_>, style: Style) -> usize {
        self.with(text, |pen, text| {
            let start = column.saturating_sub(width(text));
            pen.to(start);
            pen.put(text, style);
            start
        })
    }

    /// Writes `text` as it is formatted.
    pub fn put_args(&mut self, text: fmt::Arguments<'_>, style: Style) {
        self.with(text, |pen, text| pen.put(text, style));
    }

    fn with<T>(&mut self, text: fmt::Arguments<'_>, write: impl FnOnce(&mut Self, &str) -> T) -> T {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        // A string takes everything.
        let _ = scratch.write_fmt(text);
        let done = write(self, &scratch);
        self.scratch = scratch;
        done
    }
}

fn set(cell: &mut Cell, c: char, style: Style) {
    if c != ' ' || cell.symbol() != " " {
        cell.set_char(c);
    }
    cell.set_style(style);
}

/// Fills `area` with one glyph, which is simple.
pub fn fill(area: Rect, glyph: char, style: Style, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        let from = buffer.index_of(area.left(), y);
        for cell in buffer.content.iter_mut().skip(from).take(area.width.into()) {
            set(cell, glyph, style);
        }
    }
}

/// The longest beginning of `text` that takes no more than `columns`.
fn cut_exactly(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += width(c.encode_utf8(&mut [0; 4]));
        used > columns
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// A line with `left` at its left and `right` at its right end, and `fill` between; the right end stays whole.
pub fn two_ends(left: Text<'_>, right: Text<'_>, between: (&str, Style), area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width);
    let right_room = right.width.min(room);
    let left_room = room - right_room;
    let left_width = left.width.min(left_room);
    left.paint(Rect { width: left_room as u16, ..area }, buffer);
    let gap = left_room - left_width;
    if gap > 0 {
        let middle =
            Rect { x: area.x + left_width as u16, width: gap as u16, height: area.height.min(1), ..area };
        fill(middle, between.0.chars().next().unwrap_or(' '), between.1, buffer);
    }
    right.paint(Rect { x: area.x + left_room as u16, width: right_room as u16, ..area }, buffer);
}

/// `text` with the keys that hold in the place of the actions' names in braces.
pub fn tell(state: &State, theme: Theme, text: &str) -> String {
    state.keymap.tell(state.context(), text, theme.ascii)
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
    let line = Rect { x, y: rows.start, width: 1, height: rows.end.saturating_sub(rows.start) };
    fill(line, '│', theme.style(Role::Dim), buffer);
}

/// The first of `all` rows to show in `room`: the selected one stays in the middle, where the ends allow.
pub fn first_row(selected: usize, all: usize, room: usize) -> usize {
    selected.saturating_sub(room / 2).min(all.saturating_sub(room))
}

/// Says at the right of the rows of a list that there are more above and below.
pub fn more_rows(above: bool, below: bool, rows: Rect, theme: Theme, buffer: &mut Buffer) {
    let ends = [(above, rows.y, "▲"), (below, rows.bottom().saturating_sub(1), "▼")];
    for (_, y, glyph) in ends.into_iter().filter(|(more, ..)| *more) {
        let place = Rect { x: rows.right().saturating_sub(1), y, width: 1, height: 1 };
        Text::new().put(glyph, theme.style(Role::Dim)).paint(place, buffer);
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

/// Paints `lines` from `offset` on, and says in a row of its own how many more there are.
pub fn scrolled(lines: Vec<Text<'_>>, offset: usize, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let rows = usize::from(area.height);
    let offset = offset.min(lines.len().saturating_sub(1));
    let rows = rows - usize::from(lines.len() > offset + rows && rows > 1);
    let left = lines.len().saturating_sub(offset + rows);
    for (n, text) in lines.into_iter().skip(offset).take(rows).enumerate() {
        text.paint(Rect { y: area.y + n as u16, height: 1, ..area }, buffer);
    }
    more(left, theme, area, buffer);
}

/// Says in the last corner how many rows there are below.
pub fn more(left: usize, theme: Theme, area: Rect, buffer: &mut Buffer) {
    if left > 0 {
        let more = Text::new().add(format!(" {left} more ▼ "), theme.style(Role::Dim));
        let width = more.width() as u16;
        let corner = Rect { x: area.right().saturating_sub(width), y: area.bottom() - 1, width, height: 1 };
        more.paint(corner, buffer);
    }
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
    let largest = shown.iter().filter_map(|sample| sample.rtt()).max();
    let top = top(largest.unwrap_or_default());
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
    if largest.is_none() && !shown.is_empty() {
        let words = "nothing has answered";
        let middle = area.x + SCALE + (area.width - SCALE).saturating_sub(words.len() as u16) / 2;
        let line = Rect { x: middle, y: area.y + rows / 2, width: area.right() - middle, height: 1 };
        Text::new().add(words, dim).paint(line, buffer);
    }
}

/// `text` in lines of at most `columns`, broken between words; a word that is longer keeps its ends.
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
        // A word that is longer than a line goes on in the next one.
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

    #[test]
    fn a_line_begins_where_it_is_scrolled_to() {
        let line = || Text::new().add("ab", Style::new()).add("日本c", Style::new());
        let after =
            |columns| line().skip(columns).parts().map(|(text, _)| text.to_owned()).collect::<String>();
        assert_eq!(
            [after(0), after(1), after(3), after(4), after(9)],
            ["ab日本c", "b日本c", "日本c", "本c", ""]
        );
    }

    #[test]
    fn a_long_line_is_folded() {
        let line = Text::new().add("abcdefgh", Style::new()).add("日本語", Style::new());
        let lines: Vec<String> = line
            .folded(9)
            .iter()
            .map(|line| line.parts().map(|(text, _)| text.to_owned()).collect())
            .collect();
        assert_eq!(lines, ["abcdefgh", "    日本", "    語"]);
        assert_eq!(Text::new().add("日", Style::new()).folded(1).len(), 1, "what fits nowhere ends");
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
