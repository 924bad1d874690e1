//! What lies over the Dig view while a line is typed: completions, the search in the history, the builder of names.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::super::parts::{Text, boxed, tell, two_ends};
use super::super::theme::{Role, Theme};
use crate::app::State;
use crate::app::dig::builder::Builder;
use crate::app::dig::history::Search;
use crate::dns::names::Form;
use crate::dns::templates::TEMPLATES;
use crate::text::{Safe, fit, width};

/// Where a box with `rows` rows lies: below the line, so that what it offers begins where one types.
fn below(area: Rect, rows: usize) -> Rect {
    let height = (rows as u16 + 2).min(area.height.saturating_sub(1));
    Rect { x: area.x + 4, y: area.y + 1, width: area.width.saturating_sub(5).min(84), height }
}

/// The first of `all` rows that is shown in `rows`, so that `at` is in sight.
fn first(at: usize, all: usize, rows: usize) -> usize {
    at.saturating_sub(rows / 2).min(all.saturating_sub(rows))
}

/// How wide the column of `names` is, the mark before them with it.
fn column<'n>(names: impl Iterator<Item = &'n str>, inside: Rect) -> usize {
    let longest = names.map(width).max().unwrap_or(0);
    (longest + 2).min((usize::from(inside.width) * 3 / 5).max(24))
}

/// The words that the line may be completed to.
pub fn choices(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let dig = &state.dig;
    let dim = theme.style(Role::Dim);
    let rows = dig.choices.len().min(8);
    let foot = &tell(state, theme, " {complete} accept · {line-down}{line-up} choose · {leave-line} close ");
    let inside = boxed(below(area, rows), " completions ", foot, theme, buffer);
    let rows = usize::from(inside.height);
    let offset = first(dig.choice.unwrap_or(0), dig.choices.len(), rows);
    // The names have the room that they need, what they are the rest.
    let shown = dig.choices.iter().skip(offset).take(rows);
    let name = column(shown.map(|choice| choice.name.as_str()), inside);
    for (n, choice) in dig.choices.iter().enumerate().skip(offset).take(rows) {
        let inner = Rect { y: inside.y + (n - offset) as u16, height: 1, ..inside };
        let here = dig.choice == Some(n);
        let left = Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(fit(&choice.name, name - 2), if here { theme.strong() } else { theme.style(Role::Plain) })
            .to(name + 1)
            .add(choice.about, dim);
        let right = Text::new().add(format!(" {:<5}", choice.rtype), theme.style(Role::Accent));
        two_ends(left, right, (" ", dim), inner, buffer);
    }
}

/// The search in the history; gives where the cursor is.
pub fn search(state: &State, search: &Search, theme: Theme, area: Rect, buffer: &mut Buffer) -> Position {
    let dim = theme.style(Role::Dim);
    let past = &state.dig.past;
    let found = past.search(search.input.value());
    let foot = &tell(state, theme, " {ask} ask · {complete} edit · {line-down} older · {leave-line} close ");
    let inside = boxed(below(area, 1 + found.len().clamp(1, 10)), " history ", foot, theme, buffer);
    let line = |n: u16| Rect { y: inside.y + n, height: 1, ..inside };
    let left = Text::new()
        .add(" ❯ ", theme.focused())
        .add(Safe::new(search.input.value()).as_str(), theme.style(Role::Plain));
    let tally = Text::new().add(format!("{} of {} ", found.len(), past.lines().len()), dim);
    two_ends(left, tally, (" ", dim), line(0), buffer);
    let rows = usize::from(inside.height.saturating_sub(1));
    if found.is_empty() {
        Text::new().add("  no line fits", dim).paint(line(1), buffer);
    }
    let offset = first(search.chosen, found.len(), rows);
    for (n, found) in found.iter().enumerate().skip(offset).take(rows) {
        let here = n == search.chosen;
        Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(
                fit(Safe::new(found).as_str(), usize::from(inside.width) - 3),
                if here { theme.strong() } else { theme.style(Role::Plain) },
            )
            .paint(line(1 + (n - offset) as u16), buffer);
    }
    let column = (3 + search.input.visual_cursor()) as u16;
    Position { x: inside.x + column.min(inside.width - 1), y: inside.y }
}

/// The builder of names; gives where the cursor is.
pub fn builder(state: &State, builder: &Builder, theme: Theme, area: Rect, buffer: &mut Buffer) -> Position {
    match builder.hole {
        None => forms(state, builder, theme, area, buffer),
        Some(hole) => holes(state, builder, hole, theme, area, buffer),
    }
}

fn forms(state: &State, builder: &Builder, theme: Theme, area: Rect, buffer: &mut Buffer) -> Position {
    let dim = theme.style(Role::Dim);
    let foot = &tell(state, theme, " {ask} take · {line-down}{line-up} choose · {leave-line} close ");
    let inside = boxed(below(area, TEMPLATES.len()), " build a name ", foot, theme, buffer);
    let rows = usize::from(inside.height);
    let offset = first(builder.chosen, TEMPLATES.len(), rows);
    let mut cursor = Position { x: inside.x, y: inside.y };
    let name = column(TEMPLATES.iter().map(|template| template.pattern), inside);
    for (n, template) in TEMPLATES.iter().enumerate().skip(offset).take(rows) {
        let here = n == builder.chosen;
        let inner = Rect { y: inside.y + (n - offset) as u16, height: 1, ..inside };
        if here {
            cursor.y = inner.y;
        }
        let example = template.example();
        let about = example.as_ref().map_or("", Form::explain);
        let rtype = example.map(|form| form.record_type().to_string()).unwrap_or_default();
        let left = Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(
                fit(template.pattern, name - 2),
                if here { theme.strong() } else { theme.style(Role::Plain) },
            )
            .to(name + 1)
            .add(about, dim);
        let right = Text::new().add(format!(" {rtype:<5}"), theme.style(Role::Accent));
        two_ends(left, right, (" ", dim), inner, buffer);
    }
    cursor
}

fn holes(
    state: &State,
    builder: &Builder,
    hole: usize,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Position {
    let dim = theme.style(Role::Dim);
    let template = builder.template();
    let most = usize::from(area.height).saturating_sub(template.holes.len() + 5);
    let offered = builder.offers.len().min(most.clamp(1, 8));
    let foot = &tell(
        state,
        theme,
        " {ask} take · {complete} complete · {line-down}{line-up} choose · {leave-line} back ",
    );
    let rows = template.holes.len() + 1 + offered.max(1);
    let title = format!(" {} ", template.pattern);
    let inside = boxed(below(area, rows), &title, foot, theme, buffer);
    let line = |n: usize| Rect { y: inside.y + (n as u16).min(inside.height - 1), height: 1, ..inside };
    let mut cursor = Position { x: inside.x, y: inside.y };
    for (n, (kind, part)) in template.holes.iter().zip(&builder.parts).enumerate() {
        let here = n == hole;
        let label = format!("{:<15}", kind.as_str());
        let value = Safe::new(part.value());
        let shown = if value.is_empty() && !here { "…" } else { value.as_str() };
        Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(label, dim)
            .add(shown, if here { theme.strong() } else { theme.style(Role::Plain) })
            .paint(line(n), buffer);
        if here {
            let column = (17 + part.visual_cursor()) as u16;
            cursor = Position { x: inside.x + column.min(inside.width - 1), y: line(n).y };
        }
    }
    let top = template.holes.len() + 1;
    if builder.offers.is_empty() {
        let kind = template.holes.get(hole).map_or("", |kind| kind.as_str());
        let words = format!("  type the {kind}: nothing that is known begins so");
        Text::new().add(words, dim).paint(line(top), buffer);
    }
    let offset = first(builder.offer.unwrap_or(0), builder.offers.len(), offered);
    for (n, offer) in builder.offers.iter().enumerate().skip(offset).take(offered) {
        let here = builder.offer == Some(n);
        let shown = fit(offer, usize::from(inside.width) - 20);
        debug_assert!(width(&shown) < usize::from(inside.width));
        Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .to(17)
            .add(shown, if here { theme.strong() } else { theme.style(Role::Plain) })
            .paint(line(top + n - offset), buffer);
    }
    cursor
}
