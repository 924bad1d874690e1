//! The Answer format: rows with a cursor that stays visible.

use std::collections::BTreeMap;

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::app::mouse::Spot;
use crate::app::views::dig::rows::{Row, Tone};
use crate::text::{fit, width};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::{Columns as _, wrap};
use crate::ui::parts::list::first_row;
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let rows = state.views.dig.rows(&state.networks.front().shown);
    let (row, field) = state.views.dig.cursor(&rows);
    let columns = usize::from(area.width).saturating_sub(1);
    // Prose is wrapped, every other row takes one line; only visible rows are formatted.
    let mut proses = BTreeMap::new();
    let mut starts = Vec::with_capacity(rows.len());
    let mut all = 0;
    for (n, one) in rows.iter().enumerate() {
        starts.push(all);
        all += one.prose.map_or(1, |label| {
            let here = (n == row).then_some(field);
            proses.entry(n).or_insert(prose(one, label, here, columns, theme)).len()
        });
    }
    let height = usize::from(area.height);
    // The number of further rows takes a line of its own.
    let height = height - usize::from(all > height && height > 1);
    let first = starts.get(row).copied().unwrap_or(0);
    let end = starts.get(row + 1).copied().unwrap_or(all).max(first + 1);
    let offset = first_row(first, all, height).max(end.saturating_sub(height)).min(first);
    let line = |n: usize| Rect { y: area.y + (n - offset) as u16, height: 1, ..area };
    let from = starts.partition_point(|start| *start <= offset).saturating_sub(1);
    for (n, one) in rows.iter().enumerate().skip(from) {
        let start = starts.get(n).copied().unwrap_or(all);
        if start >= offset + height {
            break;
        }
        let lines = proses.remove(&n).unwrap_or_else(|| {
            let here = (n == row).then_some(field);
            vec![self::line(one, here, columns, theme)]
        });
        for (at, text) in (start..offset + height).zip(lines).filter(|(at, _)| *at >= offset) {
            let mark = if n == row { "▌" } else { " " };
            canvas.hits.add(line(at), Spot::Row(n));
            Line::default().add(mark, theme.focused()).join(text).paint(line(at), canvas);
        }
    }
    canvas.more(area, all.saturating_sub(offset + height));
    canvas.cursor = Some(Position { x: area.x, y: line(first).y });
}

/// A row on one line; the selected link `here` is highlighted.
pub fn line(row: &Row, here: Option<usize>, columns: usize, theme: Theme) -> Line<'static> {
    let fixed: usize = row.pieces.iter().filter(|piece| !piece.long).map(|piece| width(&piece.text)).sum();
    let long = row.pieces.iter().filter(|piece| piece.long).count();
    let mut room = columns.saturating_sub(fixed).max(8);
    let mut text = Line::default();
    let (mut links, mut longs) = (0, long);
    for (n, piece) in row.pieces.iter().enumerate() {
        let mut style = theme.style(role(piece.tone));
        if piece.link.is_some() {
            if here == Some(links) {
                style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
            }
            links += 1;
        }
        // The mark of the selected row takes the first column.
        let shown = if n == 0 { piece.text.strip_prefix(' ').unwrap_or(&piece.text) } else { &piece.text };
        if piece.long {
            let share = if longs > 1 { (room / longs).max(width(shown).min(room / 2)) } else { room };
            let shown = fit(shown, share);
            let blanks = piece.to.min(share).saturating_sub(width(&shown));
            room = room.saturating_sub(width(&shown) + blanks);
            longs -= 1;
            text = text.add(shown, style).add(" ".repeat(blanks), Style::default());
        } else {
            text = text.add(shown.to_owned(), style);
        }
    }
    text
}

/// A row of wrapped prose, with its label before the first line.
fn prose(row: &Row, label: &str, here: Option<usize>, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some(piece) = row.pieces.first() else { return Vec::new() };
    let mut style = theme.style(if piece.link.is_some() { Role::Accent } else { role(piece.tone) });
    if piece.link.is_some() && here.is_some() {
        style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    }
    let lines = wrap(&piece.text, columns.saturating_sub(9)).into_iter().enumerate();
    lines
        .map(|(n, part)| {
            let label = if n == 0 { format!(" {label:<5}  ") } else { " ".repeat(8) };
            Line::default().add(label, theme.style(Role::Dim)).add(part, style)
        })
        .collect()
}

fn role(tone: Tone) -> Role {
    match tone {
        Tone::Dim => Role::Dim,
        Tone::Plain => Role::Plain,
        Tone::Accent => Role::Accent,
        Tone::Ok => Role::Ok,
        Tone::Warn => Role::Warn,
        Tone::Bad => Role::Bad,
    }
}
