//! The Dig view: the input line, the history, and the response in one of its formats.

mod boxes;
mod faces;
mod hex;
mod rows;

use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::app::mouse::Spot;
use crate::app::views::dig::Entry;
use crate::dns::dig::types::type_word;
use crate::dns::exchange::Exchange;
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::text::{Safe, count, fit, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::below;
use crate::ui::theme::Role;

/// Prompt of the input line.
const PROMPT: &str = " dig ❯ ";

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    canvas.hits.add(area, Spot::List);
    let mut answer = below(area, 1);
    if canvas.size == Size::Wide {
        let [left, right] = canvas.side_by_side(answer, 38);
        asked(canvas, left);
        answer = right;
    }
    faces::draw(canvas, answer);
    prompt(canvas, area);
    let dig = &canvas.state.views.dig;
    match (&dig.search, &dig.builder) {
        (Some(search), _) => boxes::search(canvas, area, search),
        (None, Some(builder)) => boxes::builder(canvas, area, builder),
        (None, None) if dig.editing && !dig.choices.is_empty() => boxes::choices(canvas, area),
        (None, None) => {}
    }
}

fn prompt(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dig = &state.views.dig;
    let dim = theme.style(Role::Dim);
    let shown = Safe::new(dig.input.value());
    let left = Line::default()
        .add(PROMPT, if dig.editing { theme.focused() } else { dim })
        .add(shown.as_str(), if dig.editing { theme.strong() } else { theme.style(Role::Plain) });
    let right = match dig.understood() {
        _ if dig.input.value().is_empty() => Line::default().add(" name [type] [@server] [+options] ", dim),
        Ok(line) => match line.asks.first() {
            Some(ask) if !ask.type_given => {
                let about = ask.form.as_ref().map_or("", Form::explain);
                let rtype = type_word(ask.question.rtype.into());
                Line::default().add(format!(" {rtype}  {about} "), dim)
            }
            _ => Line::default().add(format!(" {} ", count(line.asks.len(), "question")), dim),
        },
        Err(error) if dig.editing => Line::default().add(format!(" {} ", fit(&error.to_string(), 50)), dim),
        Err(_) => Line::default(),
    };
    canvas.two_ends(area, left, right, (' ', dim));
    let column = (width(PROMPT) + dig.input.visual_cursor()) as u16;
    if dig.editing {
        canvas.cursor = Some(Position { x: area.x + column.min(area.width - 1), y: area.y });
    }
}

fn asked(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dig = &state.views.dig;
    let dim = theme.style(Role::Dim);
    canvas.rule(area, "Queries", false, "");
    if dig.entries.is_empty() {
        Line::default().add("  no queries yet", dim).paint(below(area, 1), canvas);
    }
    for ((at, entry), line) in dig.entries.iter().enumerate().rev().zip(below(area, 1).rows()) {
        let here = at == dig.chosen;
        let (word, role) = outcome(entry);
        let watched = entry.watch.as_ref().map_or(String::new(), |watch| format!("◐{} ", watch.log.len()));
        let left = Line::default()
            .add(if here { "▌" } else { " " }, theme.focused())
            .add(fit(&entry.text, 24), theme.row(here));
        let right = Line::default()
            .add(watched, theme.style(Role::Accent))
            .add(format!("{word} "), theme.style(role));
        canvas.two_ends(line, left, right, (' ', dim));
    }
}

/// Outcome of an entry in one word.
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

#[cfg(test)]
mod tests;
