//! The Dig view: the line, what was asked, and the answer in one of its faces.

use jiff::ZonedDateTime;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Size;
use super::parts::{Text, boxed, rule, side_by_side, two_ends, wrap};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::dig::{Entry, Face};
use crate::catalog::Catalog;
use crate::dns::dig::line::Ask;
use crate::dns::dig::types::type_word;
use crate::dns::dig::wire::{ANSWER, Parts};
use crate::dns::dig::{json, notes, rdata, text};
use crate::dns::exchange::{Answer, Exchange, TryEnd};
use crate::dns::names::{self, Form};
use crate::dns::payload;
use crate::text::{Safe, count, fit, ms};

/// What stands before the line.
const PROMPT: &str = " dig ❯ ";

/// Draws the view; gives where the cursor is.
pub fn draw(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let cursor = prompt(state, theme, line(0), buffer);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let right = if size == Size::Wide {
        let [left, right] = side_by_side(below, 38, theme, buffer);
        history(state, theme, left, buffer);
        right
    } else {
        below
    };
    answer(state, theme, right, buffer);
    if state.dig.editing && !state.dig.choices.is_empty() {
        choices(state, theme, area, buffer);
    }
    cursor
}

fn prompt(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let shown = Safe::new(dig.input.value());
    let left = Text::new()
        .add(PROMPT, if dig.editing { theme.focused() } else { dim })
        .add(shown.as_str(), if dig.editing { theme.strong() } else { theme.style(Role::Plain) });
    let right = match dig.understood() {
        _ if dig.input.value().is_empty() => Text::new().add("name [type] [@server] [+options] ", dim),
        Ok(line) => match line.asks.first() {
            Some(ask) if !ask.type_given => {
                let about = ask.form.as_ref().map_or("", Form::explain);
                let rtype = type_word(ask.question.rtype.into());
                Text::new().add(format!("{rtype}  {about} "), dim)
            }
            _ => Text::new().add(count(line.asks.len(), "question") + " ", dim),
        },
        Err(error) if dig.editing => Text::new().add(format!("{} ", fit(&error.to_string(), 50)), dim),
        Err(_) => Text::new(),
    };
    two_ends(left, right, (" ", dim), area, buffer);
    let column = (crate::text::width(PROMPT) + dig.input.visual_cursor()) as u16;
    dig.editing.then_some(Position { x: area.x + column.min(area.width - 1), y: area.y })
}

fn history(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    rule("Asked", false, "", theme, line(0), buffer);
    let dig = &state.dig;
    if dig.entries.is_empty() {
        Text::new().add("  nothing yet", theme.style(Role::Dim)).paint(line(1), buffer);
    }
    for (n, (at, entry)) in
        dig.entries.iter().enumerate().rev().take(usize::from(area.height) - 1).enumerate()
    {
        let here = at == dig.chosen;
        let (word, role) = outcome(entry);
        let left = Text::new()
            .add(if here { "▌" } else { " " }, theme.focused())
            .add(fit(&entry.text, 24), if here { theme.strong() } else { theme.style(Role::Plain) });
        let right = Text::new().add(format!("{word} "), theme.style(role));
        two_ends(left, right, (" ", theme.style(Role::Dim)), line(1 + n as u16), buffer);
    }
}

/// How an entry ended, in a word.
fn outcome(entry: &Entry) -> (String, Role) {
    let Some(answered) = &entry.answered else { return ("…".into(), Role::Dim) };
    match &answered.exchanges {
        Err(_) => ("no server".into(), Role::Bad),
        Ok(exchanges) => {
            let worst = exchanges.iter().find(|e| e.word() != "NOERROR").or(exchanges.first());
            let word = worst.map(Exchange::word).unwrap_or_default();
            let role = match word.as_str() {
                "NOERROR" => Role::Ok,
                "NXDOMAIN" => Role::Warn,
                _ => Role::Bad,
            };
            (word, role)
        }
    }
}

fn answer(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let mut faces = Text::new().add("─ ", dim);
    for (face, name) in Face::ALL {
        faces = if face == dig.face {
            faces.add(format!("[{name}]"), theme.focused())
        } else {
            faces.add(format!(" {name} "), dim)
        };
    }
    let entry = dig.entry();
    let about = entry.map(|entry| format!(" {}", fit(&entry.text, 40))).unwrap_or_default();
    two_ends(faces.add(" ", dim), Text::new().add(about, dim), ("─", dim), line(0), buffer);
    let Some(entry) = entry else {
        let words = [
            "  Type a name: Tab completes it from what the network has.",
            "  A bare word is a name of this network: web is web.internal.",
        ];
        for (n, words) in words.into_iter().enumerate() {
            Text::new().add(words, dim).paint(line(2 + n as u16), buffer);
        }
        return;
    };
    let lines = match &entry.answered {
        None => vec![Text::new().add("  asking …", dim)],
        Some(answered) => match &answered.exchanges {
            Err(error) => vec![Text::new().add(format!("  {error}"), theme.style(Role::Bad))],
            Ok(exchanges) => {
                let when = state.clock_at(answered.at);
                content(
                    entry,
                    exchanges,
                    dig.face,
                    &state.view.catalog,
                    when.as_ref(),
                    theme,
                    area.width.into(),
                )
            }
        },
    };
    let rows = usize::from(area.height).saturating_sub(1);
    let offset = dig.scroll.min(lines.len().saturating_sub(1));
    let left = lines.len().saturating_sub(offset + rows);
    for (n, text) in lines.into_iter().skip(offset).take(rows).enumerate() {
        text.paint(line(1 + n as u16), buffer);
    }
    if left > 0 {
        let more = Text::new().add(format!("{left} more ▼ "), dim);
        let width = more.width() as u16;
        let corner = Rect { x: area.right().saturating_sub(width), y: area.bottom() - 1, width, height: 1 };
        more.paint(corner, buffer);
    }
}

/// All exchanges of an entry in one face.
fn content(
    entry: &Entry,
    exchanges: &[Exchange],
    face: Face,
    catalog: &Catalog,
    when: Option<&ZonedDateTime>,
    theme: Theme,
    columns: usize,
) -> Vec<Text<'static>> {
    let servers = entry.line.servers.len().max(1);
    let mut lines = Vec::new();
    for (n, exchange) in exchanges.iter().enumerate() {
        let Some(ask) = entry.line.asks.get(n / servers) else { break };
        if n > 0 {
            lines.push(Text::new());
        }
        match (face, &exchange.outcome) {
            (Face::Json, _) => {
                let pretty = serde_json::to_string_pretty(&json::exchange(ask, exchange)).unwrap_or_default();
                lines.extend(
                    pretty.lines().map(|line| Text::new().add(format!(" {line}"), theme.style(Role::Plain))),
                );
            }
            (Face::Message, Ok(answer)) => {
                let Some(when) = when else { continue };
                let text = text::answer(exchange, answer, &entry.line.show, when);
                lines.extend(text.lines().map(|line| {
                    let role = if line.starts_with(';') { Role::Dim } else { Role::Plain };
                    Text::new().add(format!(" {}", untabbed(line)), theme.style(role))
                }));
            }
            (Face::Answer, Ok(answer)) => spoken(ask, exchange, answer, catalog, theme, columns, &mut lines),
            (_, Err(failure)) => {
                lines.push(Text::new().add(format!("  {failure}"), theme.style(Role::Bad)));
                for attempt in &exchange.tries {
                    let end = match &attempt.end {
                        TryEnd::Silent => "nothing came".to_owned(),
                        TryEnd::Failed(reason) => reason.clone(),
                        TryEnd::Truncated(after) => format!("cut, after {} ms", ms(*after)),
                        TryEnd::NoEdns(after) => format!("FORMERR after {} ms", ms(*after)),
                        TryEnd::Answered(after) => format!("answered after {} ms", ms(*after)),
                    };
                    let words = format!("  {} at {} ms: {end}", attempt.transport.as_str(), ms(attempt.sent));
                    lines.push(Text::new().add(words, theme.style(Role::Dim)));
                }
            }
        }
    }
    lines
}

/// `line` with blanks in place of tabs.
fn untabbed(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if c == '\t' {
            let column = crate::text::width(&out);
            out.extend(std::iter::repeat_n(' ', 8 - column % 8));
        } else {
            out.push(c);
        }
    }
    out
}

/// What an answer says: its records, addresses with whose they are, lists taken apart, and what it means.
fn spoken(
    ask: &Ask,
    exchange: &Exchange,
    answer: &Answer,
    catalog: &Catalog,
    theme: Theme,
    columns: usize,
    lines: &mut Vec<Text<'static>>,
) {
    let Some(parts) = Parts::of(&answer.wire) else { return };
    let dim = theme.style(Role::Dim);
    let word = exchange.word();
    let role = if word == "NOERROR" { Role::Ok } else { Role::Warn };
    let rows = &parts.sections[ANSWER];
    let truncated = exchange.tries.iter().any(|attempt| matches!(attempt.end, TryEnd::Truncated(_)));
    let over = format!("{}{}", if truncated { "UDP cut → " } else { "" }, answer.transport.as_str());
    lines.push(Text::new().add(format!("  {word}"), theme.style(role)).add(
        format!(
            "  {}  {} ms  {} over {over}  {} B",
            count(rows.len(), "answer"),
            ms(answer.rtt),
            exchange.server.ip(),
            answer.wire.len()
        ),
        dim,
    ));
    let name = names::show(&ask.question.name);
    for row in rows {
        let owner = names::show(&row.owner);
        let owner = if owner == name { String::new() } else { format!("{owner}  ") };
        let rtype = type_word(row.rtype);
        let data = rdata::show(parts.wire, &row.rdata, row.rtype, row.class);
        let whose = data.parse().ok().and_then(|address| whose(address, catalog));
        let mut text = Text::new()
            .add(format!("  {rtype:<6}{:>4}  ", row.ttl), dim)
            .add(owner, dim)
            .add(fit(&data, columns.saturating_sub(16)), theme.style(Role::Plain));
        if let Some(whose) = whose {
            text = text.add(format!("  {whose}"), theme.style(Role::Accent));
        }
        lines.push(text);
    }
    for payload in exchange.texts() {
        for entry in taken_apart(ask.form.as_ref(), &payload) {
            lines.push(Text::new().add(format!("      {entry}"), theme.style(Role::Plain)));
        }
    }
    for note in notes::of(ask, exchange) {
        lines.push(Text::new());
        for (n, part) in wrap(&note, columns.saturating_sub(10)).into_iter().enumerate() {
            let label = if n == 0 { "  Note  " } else { "        " };
            lines.push(Text::new().add(label, dim).add(part, theme.style(Role::Plain)));
        }
    }
}

/// Whose address it is.
fn whose(address: std::net::Ipv6Addr, catalog: &Catalog) -> Option<String> {
    if let Some((app, id)) = catalog.at(address) {
        let region = catalog.machine(app, id)?.region.as_ref().map(|region| format!("  {region}"));
        return Some(format!("{app}/{id}{}", region.unwrap_or_default()));
    }
    let peer = catalog.peers.iter().find(|(_, peer)| peer.address == Some(address));
    peer.map(|(name, _)| format!("peer {name}"))
}

/// The entries of one of the platform's lists, a line each.
fn taken_apart(form: Option<&Form>, payload: &[u8]) -> Vec<String> {
    match form {
        Some(Form::Vms(_)) => payload::vms(payload)
            .into_iter()
            .map(|(id, region)| format!("{id:<16}{}", region.map(|r| r.to_string()).unwrap_or_default()))
            .collect(),
        Some(Form::Instances) => {
            let row = |i: payload::Instance| {
                let region = i.region.map(|region| region.to_string()).unwrap_or_default();
                let address = i.address.map(|address| address.to_string()).unwrap_or_default();
                format!("{:<16}{:<20}{region:<5}{address}", i.id, i.app)
            };
            payload::instances(payload).0.into_iter().map(row).collect()
        }
        Some(Form::Apps | Form::Peers | Form::Regions(_)) => {
            payload::list(payload).into_iter().map(|entry| entry.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// The names that the line may be completed to, in a box below it.
fn choices(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let rows = (dig.choices.len() as u16).min(8).min(area.height.saturating_sub(3));
    let frame =
        Rect { x: area.x + 6, y: area.y + 1, width: area.width.saturating_sub(8).min(76), height: rows + 2 };
    let inside = boxed(frame, " names ", " Tab accept · ↓↑ choose · Esc close ", theme, buffer);
    let at = dig.choice.unwrap_or(0);
    let offset = at.saturating_sub(usize::from(rows) / 2).min(dig.choices.len().saturating_sub(rows.into()));
    for (n, choice) in dig.choices.iter().enumerate().skip(offset).take(rows.into()) {
        let inner = Rect { y: inside.y + (n - offset) as u16, height: 1, ..inside };
        let here = dig.choice == Some(n);
        let name = (usize::from(inner.width) / 2).max(24);
        let left = Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(fit(&choice.name, name - 2), if here { theme.strong() } else { theme.style(Role::Plain) })
            .to(name + 1)
            .add(choice.about, dim);
        let right = Text::new().add(format!(" {:<5}", choice.rtype), theme.style(Role::Accent));
        two_ends(left, right, (" ", dim), inner, buffer);
    }
}
