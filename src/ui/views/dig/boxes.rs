//! Boxes over the Dig view while a line is typed: completions, history search, and the name builder.

use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::app::views::dig::builder::Builder;
use crate::app::views::dig::history::Search;
use crate::dns::names::Form;
use crate::dns::templates::{TEMPLATES, Template};
use crate::text::{Safe, fit, width};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::{Columns as _, marked};
use crate::ui::parts::list::{first_row, lines};
use crate::ui::theme::Role;

/// Area of a box with `rows` rows, below the input line.
fn under(area: Rect, rows: usize) -> Rect {
    let height = (rows as u16 + 2).min(area.height.saturating_sub(1));
    Rect { x: area.x + 4, y: area.y + 1, width: area.width.saturating_sub(5).min(84), height }
}

/// Width of the column of `names`, including the mark.
fn column<'n>(names: impl Iterator<Item = &'n str>, inside: Rect) -> usize {
    let longest = names.map(width).max().unwrap_or(0);
    (longest + 2).min((usize::from(inside.width) * 3 / 5).max(24))
}

/// One choice: name, description, record type.
type Offer<'a> = (&'a str, &'a str, String);

/// The choices with their numbers, as lines of a box; names take `column` columns.
fn offers<'o>(
    canvas: &mut Canvas<'_>,
    inside: Rect,
    column: usize,
    chosen: Option<usize>,
    offers: impl Iterator<Item = (usize, Offer<'o>)>,
) {
    let theme = canvas.theme;
    let dim = theme.style(Role::Dim);
    for ((n, (name, about, rtype)), line) in offers.zip(inside.rows()) {
        let here = chosen == Some(n);
        let left =
            marked(here, theme).add(fit(name, column - 2), theme.row(here)).to(column + 1).add(about, dim);
        let right = Line::default().add(format!(" {rtype:<5}"), theme.style(Role::Accent));
        canvas.two_ends(line, left, right, (' ', dim));
    }
}

/// Completions of the line.
pub fn choices(canvas: &mut Canvas<'_>, area: Rect) {
    let dig = &canvas.state.views.dig;
    let foot = canvas.with_keys(" {complete} accept · {line-down}{line-up} choose · {leave-line} close ");
    let inside = canvas.boxed(under(area, dig.choices.len().min(8)), " completions ", &foot);
    let rows = usize::from(inside.height);
    let offset = first_row(dig.choice.unwrap_or(0), dig.choices.len(), rows);
    // Names take the room that they need, descriptions the rest.
    let shown = || dig.choices.iter().enumerate().skip(offset).take(rows);
    let column = column(shown().map(|(_, choice)| choice.name.as_str()), inside);
    let shown = shown().map(|(n, choice)| (n, (&*choice.name, choice.about, choice.rtype.to_string())));
    offers(canvas, inside, column, dig.choice, shown);
}

pub fn search(canvas: &mut Canvas<'_>, area: Rect, search: &Search) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let past = &state.views.dig.past;
    let found = past.search(search.input.value());
    let foot = canvas.with_keys(" {ask} send · {complete} edit · {line-down} older · {leave-line} close ");
    let inside = canvas.boxed(under(area, 1 + found.len().clamp(1, 10)), " history ", &foot);
    let line = lines(inside);
    let left = Line::default()
        .add(" ❯ ", theme.focused())
        .add(Safe::new(search.input.value()).to_string(), theme.style(Role::Plain));
    let tally = Line::default().add(format!("{} of {} ", found.len(), past.lines().len()), dim);
    canvas.two_ends(line(0), left, tally, (' ', dim));
    let rows = usize::from(inside.height.saturating_sub(1));
    if found.is_empty() {
        Line::default().add("  no match", dim).paint(line(1), canvas);
    }
    let offset = first_row(search.chosen, found.len(), rows);
    for (n, found) in found.iter().enumerate().skip(offset).take(rows) {
        let here = n == search.chosen;
        marked(here, theme)
            .add(fit(Safe::new(found).as_str(), usize::from(inside.width) - 3), theme.row(here))
            .paint(line(1 + (n - offset) as u16), canvas);
    }
    let column = (3 + search.input.visual_cursor()) as u16;
    canvas.cursor = Some(Position { x: inside.x + column.min(inside.width - 1), y: inside.y });
}

pub fn builder(canvas: &mut Canvas<'_>, area: Rect, builder: &Builder) {
    match builder.hole {
        None => forms(canvas, area, builder),
        Some(hole) => holes(canvas, area, builder, hole),
    }
}

fn forms(canvas: &mut Canvas<'_>, area: Rect, builder: &Builder) {
    let foot = canvas.with_keys(" {ask} select · {line-down}{line-up} choose · {leave-line} close ");
    let inside = canvas.boxed(under(area, TEMPLATES.len()), " build a name ", &foot);
    let offset = first_row(builder.chosen, TEMPLATES.len(), inside.height.into());
    let column = column(TEMPLATES.iter().map(|template| template.pattern), inside);
    let examples: Vec<Option<Form>> = TEMPLATES.iter().map(Template::example).collect();
    let shown = TEMPLATES.iter().zip(&examples).enumerate().skip(offset).map(|(n, (template, example))| {
        let about = example.as_ref().map_or("", Form::explain);
        let rtype = example.as_ref().map(|form| form.record_type().to_string()).unwrap_or_default();
        (n, (template.pattern, about, rtype))
    });
    offers(canvas, inside, column, Some(builder.chosen), shown);
    let line = builder.chosen.saturating_sub(offset) as u16;
    canvas.cursor = Some(Position { x: inside.x, y: inside.y + line.min(inside.height.saturating_sub(1)) });
}

fn holes(canvas: &mut Canvas<'_>, area: Rect, builder: &Builder, hole: usize) {
    let theme = canvas.theme;
    let dim = theme.style(Role::Dim);
    let template = builder.template();
    let most = usize::from(area.height).saturating_sub(template.placeholders.len() + 5);
    let offered = builder.offers.len().min(most.clamp(1, 8));
    let foot = canvas
        .with_keys(" {ask} select · {complete} complete · {line-down}{line-up} choose · {leave-line} back ");
    let rows = template.placeholders.len() + 1 + offered.max(1);
    let title = format!(" {} ", template.pattern);
    let inside = canvas.boxed(under(area, rows), &title, &foot);
    let line = |n: usize| Rect { y: inside.y + (n as u16).min(inside.height - 1), height: 1, ..inside };
    for (n, (kind, part)) in template.placeholders.iter().zip(&builder.parts).enumerate() {
        let here = n == hole;
        let label = format!("{:<15}", kind.as_str());
        let value = Safe::new(part.value());
        let shown = if value.is_empty() && !here { "…" } else { value.as_str() };
        marked(here, theme).add(label, dim).add(shown, theme.row(here)).paint(line(n), canvas);
        if here {
            let column = (17 + part.visual_cursor()) as u16;
            canvas.cursor = Some(Position { x: inside.x + column.min(inside.width - 1), y: line(n).y });
        }
    }
    let top = template.placeholders.len() + 1;
    if builder.offers.is_empty() {
        let kind = template.placeholders.get(hole).map_or("", |kind| kind.as_str());
        let words = format!("  type the {kind}: no known name begins with this");
        Line::default().add(words, dim).paint(line(top), canvas);
    }
    let offset = first_row(builder.offer.unwrap_or(0), builder.offers.len(), offered);
    for (n, offer) in builder.offers.iter().enumerate().skip(offset).take(offered) {
        let here = builder.offer == Some(n);
        let shown = fit(offer, usize::from(inside.width) - 20);
        marked(here, theme).to(17).add(shown, theme.row(here)).paint(line(top + n - offset), canvas);
    }
}
