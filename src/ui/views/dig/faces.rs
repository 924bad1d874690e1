//! The response in the selected format: rows, dig's text, bytes, JSON, or the log of changes.

use std::time::Instant;

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{hex, rows};
use crate::app::State;
use crate::app::views::dig::rows::{attempt, change};
use crate::app::views::dig::watch::Watch;
use crate::app::views::dig::{Entry, Face};
use crate::dns::dig::{json, text};
use crate::dns::exchange::Exchange;
use crate::text::{ago, count, fit, width};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::{Columns as _, wrap};
use crate::ui::parts::list::below;
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    heading(canvas, area);
    let Some(entry) = state.views.dig.entry() else {
        let sentences = [
            "Type a name: {complete} completes it from the names in the network.",
            "A single word is a name in this network: web means web.internal.",
            "{search-history} searches earlier queries, {build-name} builds a name step by step.",
        ];
        return canvas.prose(below(area, 2), &sentences);
    };
    let inside = below(area, 1);
    match entry.answered.as_ref().map(|answered| (answered.at, &answered.exchanges)) {
        None => Line::default().add("  querying …", theme.style(Role::Dim)).paint(inside, canvas),
        Some((_, Err(error))) => {
            let bad = theme.style(Role::Bad);
            let parts = wrap(&error.to_string(), usize::from(area.width) - 3);
            canvas.lines(inside, parts.into_iter().map(|part| Line::default().add(format!("  {part}"), bad)));
        }
        Some((at, Ok(exchanges))) => face(canvas, inside, entry, at, exchanges),
    }
}

/// The rule above the response: the available formats, and the query line.
fn heading(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let mut faces = Line::default().add("─ ", dim);
    for (face, name) in state.views.dig.faces() {
        faces = if face == state.views.dig.face() {
            faces.add(format!("[{name}]"), theme.focused())
        } else {
            faces.add(format!(" {name} "), dim)
        };
    }
    let room = usize::from(area.width).saturating_sub(faces.columns() + 2);
    let about = state.views.dig.entry().map(|entry| about(entry, room)).unwrap_or_default();
    canvas.two_ends(area, faces.add(" ", dim), Line::default().add(about, dim), ('─', dim));
}

fn face(canvas: &mut Canvas<'_>, area: Rect, entry: &Entry, at: Instant, exchanges: &[Exchange]) {
    let Canvas { state, theme, .. } = *canvas;
    let dig = &state.views.dig;
    let lines = match dig.face() {
        Face::Answer => return rows::draw(canvas, area),
        Face::Hex => return hex::draw(canvas, area),
        Face::Json => lines_of(entry, exchanges, theme, |entry, n, exchange| {
            let ask = entry.line.asks.get(n)?;
            serde_json::to_string_pretty(&json::exchange(ask, exchange)).ok()
        }),
        Face::Message => {
            let when = state.clock_at(at);
            lines_of(entry, exchanges, theme, |entry, _, exchange| {
                let answer = exchange.result.as_ref().ok()?;
                let when = when.as_ref()?;
                Some(text::answer(exchange, answer, &entry.line.show, || when.clone()))
            })
        }
        Face::Changes => changes(state, entry, theme),
    };
    let lines = if dig.wrapped {
        let columns = usize::from(area.width.max(8));
        lines.into_iter().flat_map(|line| line.folded(columns)).collect()
    } else {
        lines.into_iter().map(|line| line.scrolled(dig.sideways)).collect()
    };
    canvas.scrolled(area, lines, dig.scroll);
}

/// Text at the end of the rule: the line, and whether it is repeated, as far as both fit.
fn about(entry: &Entry, room: usize) -> String {
    let changes = |watch: &Watch| count(watch.log.len(), "change");
    let (long, short) = match &entry.watch {
        Some(watch) => (format!("every {} s · {}", watch.every().as_secs(), changes(watch)), changes(watch)),
        None if entry.asking && entry.answered.is_some() => ("querying …".into(), "…".into()),
        None => (String::new(), String::new()),
    };
    let line = room.saturating_sub(width(&long) + 4).min(40);
    match (long.is_empty(), line) {
        (true, _) => format!(" {}", fit(&entry.text, room.saturating_sub(1).min(40))),
        (false, 8..) => format!(" {}  {long}", fit(&entry.text, line)),
        (false, _) if width(&long) < room => format!(" {long}"),
        (false, _) => format!(" {}", fit(&short, room.saturating_sub(1))),
    }
}

/// The exchanges one after the other, formatted by `face`; if it returns nothing, the reason.
fn lines_of(
    entry: &Entry,
    exchanges: &[Exchange],
    theme: Theme,
    face: impl Fn(&Entry, usize, &Exchange) -> Option<String>,
) -> Vec<Line<'static>> {
    let servers = entry.line.servers.len().max(1);
    let mut lines = Vec::new();
    for (n, exchange) in exchanges.iter().enumerate() {
        if n > 0 {
            lines.push(Line::default());
        }
        if let Some(text) = face(entry, n / servers, exchange) {
            lines.extend(text.lines().map(|line| toned(&untabbed(line), theme)));
        } else if let Err(failure) = &exchange.result {
            lines.push(Line::default().add(format!("  {failure}"), theme.style(Role::Bad)));
            lines.extend(exchange.tries.iter().map(|one| rows::line(&attempt(one), None, 200, theme)));
        }
    }
    lines
}

/// A line of text; comments, punctuation and JSON field names are dim.
fn toned(line: &str, theme: Theme) -> Line<'static> {
    let (dim, plain) = (theme.style(Role::Dim), theme.style(Role::Plain));
    let inside = line.trim_start();
    match line.split_once("\": ") {
        Some((name, value)) if inside.starts_with('"') => {
            let value_style = if matches!(value, "{" | "[") { dim } else { plain };
            Line::default().add(format!(" {name}\": "), dim).add(value.to_owned(), value_style)
        }
        _ if line.starts_with(';') || inside.starts_with(['{', '}', ']']) => {
            Line::default().add(format!(" {line}"), dim)
        }
        _ => Line::default().add(format!(" {line}"), plain),
    }
}

/// Changes of a watched line, newest first.
fn changes(state: &State, entry: &Entry, theme: Theme) -> Vec<Line<'static>> {
    let dim = theme.style(Role::Dim);
    let Some(watch) = &entry.watch else { return Vec::new() };
    let since = state.now.saturating_duration_since(watch.since);
    let dropped =
        if watch.dropped > 0 { format!(", {} older ones dropped", watch.dropped) } else { String::new() };
    let head = format!(
        "  watched for {}, {}, {}{dropped}",
        ago(since),
        count(watch.answers as usize, "response"),
        count(watch.log.len(), "change")
    );
    let mut lines = vec![Line::default().add(head, dim), Line::default()];
    if watch.log.is_empty() {
        lines.push(Line::default().add("  no changes", dim));
    }
    lines.extend(watch.log.iter().rev().map(|one| {
        let about = one.about.as_ref().map(|about| format!("{about}  ")).unwrap_or_default();
        let head = format!("  {}  {about}", state.time_of_day(one.at));
        Line::default().add(head, dim).join(rows::line(&change(&one.what), None, 400, theme))
    }));
    lines
}

/// Replaces tabs by blanks.
fn untabbed(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if c == '\t' {
            let column = width(&out);
            out.extend(std::iter::repeat_n(' ', 8 - column % 8));
        } else {
            out.push(c);
        }
    }
    out
}
