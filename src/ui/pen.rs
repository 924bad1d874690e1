//! Writes cells directly: for tree rows, the most frequent part of a frame, and for lines that a widget cannot draw
//! (a cut line that ends with `…`).

use std::fmt::{self, Write as _};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::text::{fit, is_simple, width};

/// Writes one line of a buffer, from the left.
pub struct Pen<'b> {
    buffer: &'b mut Buffer,
    start: u16,
    x: u16,
    end: u16,
    y: u16,
    scratch: String,
}

impl<'b> Pen<'b> {
    /// Starts at the left of the first line of `area`.
    pub fn new(area: Rect, buffer: &'b mut Buffer) -> Self {
        let here = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        let end = if here.is_empty() { here.left() } else { here.right() };
        Self { buffer, start: here.left(), x: here.left(), end, y: here.y, scratch: String::new() }
    }

    /// Width of the line in columns.
    pub fn columns(&self) -> usize {
        (self.end - self.start).into()
    }

    /// Current column, from the left of the area.
    pub fn column(&self) -> usize {
        (self.x - self.start).into()
    }

    /// Moves to `column`, forward or back, without changing cells.
    pub fn to(&mut self, column: usize) {
        self.x = self.start.saturating_add(column.min(usize::from(u16::MAX)) as u16).min(self.end);
    }

    /// Writes `text` without control characters; the part that does not fit is dropped.
    pub fn put(&mut self, text: &str, style: Style) {
        let room = usize::from(self.end - self.x);
        if room == 0 {
            return;
        }
        if !text.chars().all(is_simple) {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, room, style);
            return;
        }
        let from = self.buffer.index_of(self.x, self.y);
        let cells = self.buffer.content.iter_mut().skip(from).take(room);
        let mut written = 0;
        for (cell, c) in cells.zip(text.chars()) {
            set(cell, c, style);
            written += 1;
        }
        self.x += written;
    }

    /// Writes `text` in at most `columns`; if it is too long, its middle is cut.
    pub fn put_fit(&mut self, text: &str, columns: usize, style: Style) {
        if width(text) <= columns {
            self.put(text, style);
        } else {
            self.put(&fit(text, columns), style);
        }
    }

    /// Writes `text` right-aligned before `column`; returns its first column.
    pub fn put_right(&mut self, column: usize, text: fmt::Arguments<'_>, style: Style) -> usize {
        self.with(text, |pen, text| {
            let start = column.saturating_sub(width(text));
            pen.to(start);
            pen.put(text, style);
            start
        })
    }

    pub fn put_args(&mut self, text: fmt::Arguments<'_>, style: Style) {
        self.with(text, |pen, text| pen.put(text, style));
    }

    pub fn line(&mut self, line: &Line<'_>) {
        for span in &line.spans {
            self.put(&span.content, span.style);
        }
    }

    fn with<T>(&mut self, text: fmt::Arguments<'_>, write: impl FnOnce(&mut Self, &str) -> T) -> T {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        // Writing to a string never fails.
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

/// Fills `area` with a glyph of one column.
pub fn fill(buffer: &mut Buffer, area: Rect, glyph: char, style: Style) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        let from = buffer.index_of(area.left(), y);
        for cell in buffer.content.iter_mut().skip(from).take(area.width.into()) {
            set(cell, glyph, style);
        }
    }
}
