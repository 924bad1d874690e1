//! Overlays: help, palette, questions, and the notice that the window is too small.

use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget as _};

use crate::app::command;
use crate::app::export::Save;
use crate::app::menu::{Choice, Menu};
use crate::app::mouse::Spot;
use crate::app::{Overlay, State};
use crate::text::{Safe, fit, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::line::{Columns as _, marked};
use crate::ui::parts::list::{below, first_row};
use crate::ui::theme::{Role, Theme};

/// Smallest supported screen, in columns and rows.
const SMALLEST: (u16, u16) = (60, 15);

/// Maximum rows of the boxes. The palette keeps its height while its matches change.
const HELP_ROWS: u16 = 42;
const PALETTE_ROWS: u16 = 18;

const HELP_FOOT: &str = " type to search · {menu-do} run · {back} close ";
const PALETTE_FOOT: &str = " {menu-complete} complete · {menu-do} run · {back} close ";

/// Draws a centred notice that the window is too small.
pub fn notice<S>(canvas: &mut Canvas<'_, S>, area: Rect) {
    let lines = [
        format!("sixpane needs {}×{}", SMALLEST.0, SMALLEST.1),
        format!("this is {}×{}", area.width, area.height),
        "or: sixpane tree".to_owned(),
    ];
    let plain = canvas.theme.style(Role::Plain);
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (text, here) in lines.iter().zip(below(area, top).rows()) {
        let lead = area.width.saturating_sub(width(text) as u16) / 2;
        let here = Rect { x: here.x + lead, width: here.width - lead, ..here };
        Line::default().add(text, plain).paint(here, canvas);
    }
}

/// Draws the help or the palette: the searchable list of commands, each with the reason if it is unavailable.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, overlay: &Overlay) {
    match overlay {
        Overlay::Help(open) | Overlay::Palette(open) => menu(canvas, area, overlay, open),
        Overlay::Overwrite(save) => question(canvas, area, save),
    }
}

/// Asks whether to overwrite an existing file.
fn question(canvas: &mut Canvas<'_>, area: Rect, save: &Save) {
    let theme = canvas.theme;
    let path = Safe::new(&save.path);
    let columns = (width(path.as_str()) as u16 + 6).clamp(40, area.width.saturating_sub(4));
    let frame = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + area.height.saturating_sub(6) / 2,
        width: columns,
        height: 5,
    };
    canvas.hits.add(frame, Spot::Overlay);
    let foot = canvas.with_keys(" {overwrite} overwrite · {back} cancel ");
    let inner = canvas.boxed(frame, " File exists ", &foot);
    Line::default()
        .add("  ", theme.style(Role::Plain))
        .add(fit(path.as_str(), usize::from(inner.width) - 4), theme.strong())
        .paint(below(inner, 1), canvas);
}

/// Draws the help or the palette: in a box, or over the whole of a small window.
fn menu(canvas: &mut Canvas<'_>, area: Rect, overlay: &Overlay, menu: &Menu) {
    let Canvas { state, theme, size, .. } = *canvas;
    let (title, prompt, foot) = match (overlay, menu.typed) {
        (Overlay::Help(_), _) => (format!(" Help · {} ", menu.from.title()), "❯", HELP_FOOT),
        (_, None) => (format!(" Command · {} ", menu.from.title()), ":", PALETTE_FOOT),
        (_, Some(row)) => (format!(" {} ", row.help), ":", PALETTE_FOOT),
    };
    let foot = canvas.with_keys(foot);
    let frame = place(overlay, size, area);
    canvas.hits.add(frame, Spot::Overlay);
    let inside = if size == Size::Small {
        let dim = theme.style(Role::Dim);
        Clear.render(area, canvas.buffer);
        let close = Line::default().add(canvas.with_keys("{back} close "), dim);
        canvas.two_ends(area, Line::default().add(title, theme.focused()), close, (' ', dim));
        let last = match state.toast() {
            Some(toast) => Line::default().add(format!(" {toast}"), theme.strong()),
            None => Line::default().add(foot, dim),
        };
        last.paint(below(area, area.height - 1), canvas);
        Rect { height: area.height.saturating_sub(2), ..below(area, 1) }
    } else {
        canvas.boxed(frame, &title, &foot)
    };
    search(canvas, inside, prompt, menu);
    about(canvas, below(inside, 1), menu);
    choices(canvas, below(inside, 2), overlay, menu);
    let column = inside.x.saturating_add(3).saturating_add(menu.input.visual_cursor() as u16);
    canvas.cursor = Some(Position { x: column.min(frame.right().saturating_sub(2)), y: inside.y });
}

/// The search line, with the number of matches.
fn search(canvas: &mut Canvas<'_>, area: Rect, prompt: &str, menu: &Menu) {
    let theme = canvas.theme;
    let dim = theme.style(Role::Dim);
    let typed = Safe::new(menu.input.value());
    let search = Line::default()
        .add(format!(" {prompt} "), theme.focused())
        .add(typed.as_str(), theme.style(Role::Plain))
        .add("▏", theme.style(Role::Accent));
    let (n, all) = (menu.found.len(), menu.all);
    let tally = if n == all { format!("{all} ") } else { format!("{n} of {all} ") };
    canvas.two_ends(area, search, Line::default().add(tally, dim), (' ', dim));
}

/// Columns of the keys in the help.
const KEYS: usize = 13;

fn choices(canvas: &mut Canvas<'_>, area: Rect, overlay: &Overlay, menu: &Menu) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let offset = first_row(menu.chosen, menu.found.len(), area.height.into());
    let values = menu.found.iter().filter_map(|choice| match choice {
        Choice::Value(value) => Some(width(&value.text)),
        Choice::Row(_) => None,
    });
    let longest = values.max().unwrap_or(0).min(usize::from(area.width) * 2 / 3);
    for ((n, choice), here) in menu.found.iter().enumerate().skip(offset).zip(area.rows()) {
        canvas.hits.add(here, Spot::Choice(n));
        let chosen = n == menu.chosen;
        let (left, right) = match choice {
            Choice::Row(row) => match state.keymap.lines().find(|line| line.row == *row) {
                Some(found) => entry(state, overlay, found, chosen, theme),
                None => continue,
            },
            Choice::Value(value) => {
                let left = marked(chosen, theme).add(fit(&value.text, longest), theme.row(chosen));
                let room = if matches!(overlay, Overlay::Help(_)) { KEYS } else { longest + 4 };
                (left.to(room).add(&value.about, dim), Line::default())
            }
        };
        canvas.two_ends(here, left, right, (' ', dim));
    }
}

/// Note on the selected line: why it is unavailable; or that nothing matches.
fn about(canvas: &mut Canvas<'_>, area: Rect, menu: &Menu) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let text = match menu.choice() {
        Some(Choice::Row(row)) => {
            let reason = (row.enabled)(state)
                .err()
                .map(|reason| state.keymap.with_keys(menu.from, reason, theme.ascii));
            reason.map(|reason| {
                Line::default().add(format!("   not available: {reason}"), theme.style(Role::Warn))
            })
        }
        Some(Choice::Value(_)) => None,
        None if menu.input.value().is_empty() => None,
        None => Some(Line::default().add("   No match. Backspace deletes a character", dim)),
    };
    if let Some(text) = text {
        text.paint(area, canvas);
    }
}

/// One line of the list: keys, description and name of a command; dim if it is unavailable.
fn entry(
    state: &State,
    overlay: &Overlay,
    line: command::Line<'_>,
    chosen: bool,
    theme: Theme,
) -> (Line<'static>, Line<'static>) {
    let (dim, row) = (theme.style(Role::Dim), line.row);
    let reason = (row.enabled)(state).err();
    let keys: Vec<String> = line.keys.iter().map(|key| key.show(theme.ascii)).collect();
    let keys = keys.join(" ");
    let off = |style| if reason.is_some() { dim } else { style };
    let words = off(theme.row(chosen));
    let id = row.id;
    // Keys are short, names are long.
    let (head, tail, room) = match overlay {
        Overlay::Help(_) => (keys, id.to_owned(), KEYS),
        _ => (id.to_owned(), keys, 17),
    };
    let left = marked(chosen, theme)
        .add(head, off(theme.style(Role::Accent)))
        .add(" ", dim)
        .to(room)
        .add(row.help, words);
    match reason {
        Some(reason) => {
            let reason = state.keymap.with_keys(state.place(), reason, theme.ascii);
            (left.add(format!(" — {reason}"), dim), Line::default())
        }
        None => (left, Line::default().add(format!(" {tail} "), dim)),
    }
}

/// Area of the box.
fn place(overlay: &Overlay, size: Size, area: Rect) -> Rect {
    match overlay {
        _ if size == Size::Small => area,
        Overlay::Palette(_) => middle(area, PALETTE_ROWS),
        _ => middle(area, HELP_ROWS),
    }
}

/// Centred area for a box.
fn middle(area: Rect, most: u16) -> Rect {
    let columns = 88.min(area.width - 8);
    let rows = area.height.saturating_sub(6).min(most);
    Rect {
        x: area.x + (area.width - columns) / 2,
        // A box shorter than the screen starts in its upper third.
        y: area.y + 3.max((area.height - rows) / 3),
        width: columns,
        height: rows,
    }
}
