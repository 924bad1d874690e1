//! The Dig view: the line, what was asked, and the answer in one of its faces.

mod boxes;
mod hex;

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::Size;
use super::hits::Hits;
use super::parts::{Text, more, rule, scrolled, side_by_side, tell, two_ends, wrap};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::dig::rows::{self, Row, Tone};
use crate::app::dig::watch::Watch;
use crate::app::dig::{Entry, Face};
use crate::dns::dig::types::type_word;
use crate::dns::dig::{json, text};
use crate::dns::exchange::Exchange;
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::text::{Safe, ago, count, fit, width};

/// What stands before the line.
const PROMPT: &str = " dig ❯ ";

/// Draws the view; gives where the cursor is.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    hits.add(area, crate::app::mouse::Spot::List);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let cursor = prompt(state, theme, line(0), buffer);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let right = if size == Size::Wide {
        let [left, right] = side_by_side(below, 38, theme, buffer);
        asked(state, theme, left, buffer);
        right
    } else {
        below
    };
    let row = answer(state, theme, right, buffer, hits);
    let dig = &state.dig;
    match (&dig.search, &dig.builder) {
        (Some(search), _) => Some(boxes::search(state, search, theme, area, buffer)),
        (None, Some(builder)) => Some(boxes::builder(state, builder, theme, area, buffer)),
        (None, None) if dig.editing => {
            if !dig.choices.is_empty() {
                boxes::choices(state, theme, area, buffer);
            }
            cursor
        }
        // A screen reader reads the row under the cursor.
        (None, None) => row,
    }
}

fn prompt(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let shown = Safe::new(dig.input.value());
    let left = Text::new()
        .add(PROMPT, if dig.editing { theme.focused() } else { dim })
        .add(shown.as_str(), if dig.editing { theme.strong() } else { theme.style(Role::Plain) });
    let right = match dig.understood() {
        _ if dig.input.value().is_empty() => Text::new().add(" name [type] [@server] [+options] ", dim),
        Ok(line) => match line.asks.first() {
            Some(ask) if !ask.type_given => {
                let about = ask.form.as_ref().map_or("", Form::explain);
                let rtype = type_word(ask.question.rtype.into());
                Text::new().add(format!(" {rtype}  {about} "), dim)
            }
            _ => Text::new().add(format!(" {} ", count(line.asks.len(), "question")), dim),
        },
        Err(error) if dig.editing => Text::new().add(format!(" {} ", fit(&error.to_string(), 50)), dim),
        Err(_) => Text::new(),
    };
    two_ends(left, right, (" ", dim), area, buffer);
    let column = (width(PROMPT) + dig.input.visual_cursor()) as u16;
    dig.editing.then_some(Position { x: area.x + column.min(area.width - 1), y: area.y })
}

fn asked(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let dig = &state.dig;
    rule("Asked", false, "", theme, line(0), buffer);
    if dig.entries.is_empty() {
        Text::new().add("  nothing yet", theme.style(Role::Dim)).paint(line(1), buffer);
    }
    for (n, (at, entry)) in
        dig.entries.iter().enumerate().rev().take(usize::from(area.height) - 1).enumerate()
    {
        let here = at == dig.chosen;
        let (word, role) = outcome(entry);
        let watched = entry.watch.as_ref().map_or(String::new(), |watch| format!("◐{} ", watch.log.len()));
        let left = Text::new()
            .add(if here { "▌" } else { " " }, theme.focused())
            .add(fit(&entry.text, 24), if here { theme.strong() } else { theme.style(Role::Plain) });
        let right =
            Text::new().add(watched, theme.style(Role::Accent)).add(format!("{word} "), theme.style(role));
        two_ends(left, right, (" ", theme.style(Role::Dim)), line(1 + n as u16), buffer);
    }
}

/// How an entry ended, in a word.
fn outcome(entry: &Entry) -> (String, Role) {
    let Some(answered) = &entry.answered else { return ("…".into(), Role::Dim) };
    match &answered.exchanges {
        Err(_) => ("no server".into(), Role::Bad),
        Ok(exchanges) => {
            let worst = exchanges.iter().find(|e| e.outcome() != Outcome::NOERROR).or(exchanges.first());
            let Some(outcome) = worst.map(Exchange::outcome) else { return (String::new(), Role::Bad) };
            let role = match outcome {
                Outcome::NOERROR => Role::Ok,
                Outcome::NXDOMAIN => Role::Warn,
                _ => Role::Bad,
            };
            (outcome.to_string(), role)
        }
    }
}

/// Draws the answer; gives where its cursor is.
fn answer(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer, hits: &mut Hits) -> Option<Position> {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let mut faces = Text::new().add("─ ", dim);
    for (face, name) in dig.faces() {
        faces = if face == dig.face() {
            faces.add(format!("[{name}]"), theme.focused())
        } else {
            faces.add(format!(" {name} "), dim)
        };
    }
    let entry = dig.entry();
    let room = usize::from(area.width).saturating_sub(faces.width() + 2);
    let about = entry.map(|entry| about(entry, room)).unwrap_or_default();
    two_ends(faces.add(" ", dim), Text::new().add(about, dim), ("─", dim), line(0), buffer);
    let Some(entry) = entry else {
        let words = [
            "Type a name: {complete} completes it from what the network has.",
            "A bare word is a name of this network: web is web.internal.",
            "{search-history} searches what was asked before, {build-name} builds a name from the table of forms.",
        ];
        let room = usize::from(area.width).saturating_sub(4);
        let lines = words.into_iter().flat_map(|words| wrap(&tell(state, theme, words), room));
        for (n, words) in lines.take(usize::from(area.height).saturating_sub(2)).enumerate() {
            Text::new().add(format!("  {words}"), dim).paint(line(2 + n as u16), buffer);
        }
        return None;
    };
    let inside = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(answered) = &entry.answered else {
        Text::new().add("  asking …", dim).paint(line(1), buffer);
        return None;
    };
    let exchanges = match &answered.exchanges {
        Ok(exchanges) => exchanges,
        Err(error) => {
            for (n, part) in wrap(&error.to_string(), usize::from(area.width) - 3).into_iter().enumerate() {
                let n = (n as u16).min(inside.height - 1);
                Text::new().add(format!("  {part}"), theme.style(Role::Bad)).paint(line(1 + n), buffer);
            }
            return None;
        }
    };
    let lines = match dig.face() {
        Face::Answer => return Some(spoken(state, theme, inside, buffer, hits)),
        Face::Hex => return hex::draw(dig, theme, inside, buffer),
        Face::Json => lines_of(entry, exchanges, theme, |entry, n, exchange| {
            let ask = entry.line.asks.get(n)?;
            serde_json::to_string_pretty(&json::exchange(ask, exchange)).ok()
        }),
        Face::Message => {
            let when = state.clock_at(answered.at);
            lines_of(entry, exchanges, theme, |entry, _, exchange| {
                let answer = exchange.result.as_ref().ok()?;
                let when = when.as_ref()?;
                Some(text::answer(exchange, answer, &entry.line.show, || when.clone()))
            })
        }
        Face::Changes => changes(state, entry, theme),
    };
    let lines = if dig.wrapped {
        let columns = usize::from(inside.width.max(8));
        lines.into_iter().flat_map(|line| line.folded(columns)).collect()
    } else {
        lines.into_iter().map(|line| line.skip(dig.sideways)).collect()
    };
    scrolled(lines, dig.scroll, theme, inside, buffer);
    None
}

/// What stands at the end of the rule: the line, and whether it is asked again, as far as there is room for both.
fn about(entry: &Entry, room: usize) -> String {
    let changes = |watch: &Watch| count(watch.log.len(), "change");
    let (long, short) = match &entry.watch {
        Some(watch) => (format!("every {} s · {}", watch.every().as_secs(), changes(watch)), changes(watch)),
        None if entry.asking && entry.answered.is_some() => ("asking …".into(), "…".into()),
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

/// The exchanges one after the other, each as `face` makes it; why there is none where it makes nothing.
fn lines_of(
    entry: &Entry,
    exchanges: &[Exchange],
    theme: Theme,
    face: impl Fn(&Entry, usize, &Exchange) -> Option<String>,
) -> Vec<Text<'static>> {
    let servers = entry.line.servers.len().max(1);
    let mut lines = Vec::new();
    for (n, exchange) in exchanges.iter().enumerate() {
        if n > 0 {
            lines.push(Text::new());
        }
        if let Some(text) = face(entry, n / servers, exchange) {
            lines.extend(text.lines().map(|line| toned(&untabbed(line), theme)));
        } else if let Err(failure) = &exchange.result {
            lines.push(Text::new().add(format!("  {failure}"), theme.style(Role::Bad)));
            lines
                .extend(exchange.tries.iter().map(|attempt| made(&rows::attempt(attempt), None, 200, theme)));
        }
    }
    lines
}

/// A line of a text: what only frames the data is dim, comments and the names of JSON's fields.
fn toned(line: &str, theme: Theme) -> Text<'static> {
    let (dim, plain) = (theme.style(Role::Dim), theme.style(Role::Plain));
    let inside = line.trim_start();
    match line.split_once("\": ") {
        Some((name, value)) if inside.starts_with('"') => {
            let value_style = if matches!(value, "{" | "[") { dim } else { plain };
            Text::new().add(format!(" {name}\": "), dim).add(value.to_owned(), value_style)
        }
        _ if line.starts_with(';') || inside.starts_with(['{', '}', ']']) => {
            Text::new().add(format!(" {line}"), dim)
        }
        _ => Text::new().add(format!(" {line}"), plain),
    }
}

/// What changed while the line is watched, newest first.
fn changes(state: &State, entry: &Entry, theme: Theme) -> Vec<Text<'static>> {
    let dim = theme.style(Role::Dim);
    let Some(watch) = &entry.watch else { return Vec::new() };
    let since = state.now.saturating_duration_since(watch.since);
    let dropped =
        if watch.dropped > 0 { format!(", {} older ones not kept", watch.dropped) } else { String::new() };
    let head = format!(
        "  watched for {}, {}, {}{dropped}",
        ago(since),
        count(watch.answers as usize, "answer"),
        count(watch.log.len(), "change")
    );
    let mut lines = vec![Text::new().add(head, dim), Text::new()];
    if watch.log.is_empty() {
        lines.push(Text::new().add("  nothing has changed", dim));
    }
    lines.extend(watch.log.iter().rev().map(|change| {
        let about = change.about.as_ref().map(|about| format!("{about}  ")).unwrap_or_default();
        Text::new().add(format!("  {}  {about}", state.time_of_day(change.at)), dim).join(made(
            &rows::change(&change.what),
            None,
            400,
            theme,
        ))
    }));
    lines
}

/// `line` with blanks in place of tabs.
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

/// The Answer face: rows with a cursor, which is kept in sight. Gives where the cursor is.
fn spoken(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer, hits: &mut Hits) -> Position {
    let rows = state.dig.rows(&state.view);
    let (row, field) = state.dig.cursor(&rows);
    let columns = usize::from(area.width).saturating_sub(1);
    // Prose takes as many lines as it needs, all else takes one; only what is in sight is made.
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
    // How many more there are is said in a row of its own.
    let height = height - usize::from(all > height && height > 1);
    let first = starts.get(row).copied().unwrap_or(0);
    let end = starts.get(row + 1).copied().unwrap_or(all).max(first + 1);
    let offset = first.saturating_sub(height / 2).min(all.saturating_sub(height));
    let offset = offset.max(end.saturating_sub(height)).min(first);
    let left = all.saturating_sub(offset + height);
    let line = |n: usize| Rect { y: area.y + (n - offset) as u16, height: 1, ..area };
    let from = starts.partition_point(|start| *start <= offset).saturating_sub(1);
    for (n, one) in rows.iter().enumerate().skip(from) {
        let start = starts.get(n).copied().unwrap_or(all);
        if start >= offset + height {
            break;
        }
        let lines = proses.remove(&n).unwrap_or_else(|| {
            let here = (n == row).then_some(field);
            vec![made(one, here, columns, theme)]
        });
        for (at, text) in (start..offset + height).zip(lines).filter(|(at, _)| *at >= offset) {
            let mark = if n == row { "▌" } else { " " };
            hits.add(line(at), crate::app::mouse::Spot::Row(n));
            Text::new().add(mark, theme.focused()).join(text).paint(line(at), buffer);
        }
    }
    more(left, theme, area, buffer);
    Position { x: area.x, y: line(first).y }
}

/// A row on one line; the link `here` is marked.
fn made(row: &Row, here: Option<usize>, columns: usize, theme: Theme) -> Text<'static> {
    let fixed: usize = row.pieces.iter().filter(|piece| !piece.long).map(|piece| width(&piece.text)).sum();
    let long = row.pieces.iter().filter(|piece| piece.long).count();
    let mut room = columns.saturating_sub(fixed).max(8);
    let mut text = Text::new();
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
            text = text.add(shown, style);
        }
    }
    text
}

/// A row of prose in lines, with its label before the first.
fn prose(row: &Row, label: &str, here: Option<usize>, columns: usize, theme: Theme) -> Vec<Text<'static>> {
    let Some(piece) = row.pieces.first() else { return Vec::new() };
    let mut style = theme.style(if piece.link.is_some() { Role::Accent } else { role(piece.tone) });
    if piece.link.is_some() && here.is_some() {
        style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    }
    let lines = wrap(&piece.text, columns.saturating_sub(9)).into_iter().enumerate();
    lines
        .map(|(n, part)| {
            let label = if n == 0 { format!(" {label:<5}  ") } else { " ".repeat(8) };
            Text::new().add(label, theme.style(Role::Dim)).add(part, style)
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

#[cfg(test)]
mod tests;
