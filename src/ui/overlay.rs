//! What lies over a view: the help, and the notice that a window is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::Size;
use super::hits::Hits;
use super::parts::{Text, boxed, first_row, tell, two_ends};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::export::Save;
use crate::app::keys;
use crate::app::menu::{Choice, Menu, Overlay};
use crate::app::mouse::Spot;
use crate::text::{Safe, fit, width};

/// The smallest screen, in columns and rows.
const SMALLEST: (u16, u16) = (60, 15);

/// Rows of the boxes, at most; the palette's do not change with what is found, so that nothing jumps.
const HELP_ROWS: u16 = 42;
const PALETTE_ROWS: u16 = 18;

const HELP_FOOT: &str = " type to search · {menu-do} do it · {back} close ";
const PALETTE_FOOT: &str = " {menu-complete} complete · {menu-do} do it · {back} close ";

/// Says that the window is too small, in the middle of it.
pub fn notice(theme: Theme, area: Rect, buffer: &mut Buffer) {
    let lines = [
        format!("sixpane needs {}×{}", SMALLEST.0, SMALLEST.1),
        format!("this is {}×{}", area.width, area.height),
        "or: sixpane tree".to_owned(),
    ];
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (n, text) in lines.iter().enumerate().take(area.height.into()) {
        let lead = area.width.saturating_sub(width(text) as u16) / 2;
        let here = Rect {
            x: area.x + lead,
            y: area.y + (top + n as u16).min(area.height - 1),
            width: area.width - lead,
            height: 1,
        };
        Text::new().add(text, theme.style(Role::Plain)).paint(here, buffer);
    }
}

/// The help or the palette: what can be done here, searched by what is typed; what cannot be done now says why.
pub fn draw(
    state: &State,
    overlay: &Overlay,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) {
    match overlay {
        Overlay::Help(open) | Overlay::Palette(open) => {
            let lines = menu(state, overlay, open, theme, size, area, buffer);
            for (area, spot) in lines {
                hits.add(area, spot);
            }
        }
        Overlay::Overwrite(save) => hits.add(question(state, save, theme, area, buffer), Spot::Overlay),
    }
}

/// Asks whether a file that is there may go.
fn question(state: &State, save: &Save, theme: Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    let path = Safe::new(&save.path);
    let columns = (width(path.as_str()) as u16 + 6).clamp(40, area.width.saturating_sub(4));
    let frame = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + area.height.saturating_sub(6) / 2,
        width: columns,
        height: 5,
    };
    let foot = tell(state, theme, " {overwrite} overwrite · {back} leave it ");
    let inner = boxed(frame, " There is such a file ", &foot, theme, buffer);
    let line = Rect { y: inner.y + 1, height: 1, ..inner };
    Text::new()
        .add("  ", theme.style(Role::Plain))
        .add(fit(path.as_str(), usize::from(inner.width) - 4), theme.strong())
        .paint(line, buffer);
    frame
}

/// Draws a list; gives where its lines are.
fn menu(
    state: &State,
    overlay: &Overlay,
    menu: &Menu,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
) -> Vec<(Rect, Spot)> {
    let (title, prompt, foot) = match (overlay, menu.told) {
        (Overlay::Help(_), _) => (format!(" Help · {} ", menu.from.title()), "❯", HELP_FOOT),
        (_, None) => (format!(" Command · {} ", menu.from.title()), ":", PALETTE_FOOT),
        (_, Some(action)) => (format!(" {} ", words(state, action)), ":", PALETTE_FOOT),
    };
    let foot = &*tell(state, theme, foot);
    let frame = place(overlay, size, area);
    let mut spots = vec![(frame, Spot::Overlay)];
    let inner = if size == Size::Small { area } else { boxed(frame, &title, foot, theme, buffer) };
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: inner.y + n, height: 1, ..inner };
    let first = u16::from(size == Size::Small);
    if size == Size::Small {
        Clear.render(area, buffer);
        let left = Text::new().add(title, theme.focused());
        two_ends(
            left,
            Text::new().add(tell(state, theme, "{back} close "), dim),
            (" ", dim),
            line(0),
            buffer,
        );
    }
    let typed = menu.input.value();
    let search = Text::new()
        .add(format!(" {prompt} "), theme.focused())
        .add(Safe::new(typed).as_str(), theme.style(Role::Plain))
        .add("▏", theme.style(Role::Accent));
    let (n, all) = (menu.found.len(), menu.all);
    let tally = if n == all { all.to_string() } else { format!("{n} of {all}") };
    two_ends(search, Text::new().add(format!("{tally} "), dim), (" ", dim), line(first), buffer);
    about(state, menu, theme, line(first + 1), buffer);
    let rows = usize::from(inner.height.saturating_sub(2 * first + 2));
    let offset = first_row(menu.chosen, n, rows);
    let values = menu.found.iter().filter_map(|choice| match choice {
        Choice::Value(value) => Some(width(&value.text)),
        Choice::Line(_) => None,
    });
    let longest = values.max().unwrap_or(0).min(usize::from(inner.width) * 2 / 3);
    for (n, choice) in menu.found.iter().enumerate().skip(offset).take(rows) {
        let here = line(first + 2 + (n - offset) as u16);
        spots.push((here, Spot::Choice(n)));
        let (left, right) = match choice {
            Choice::Line(number) => match state.keymap.line(*number) {
                Some(found) => entry(state, overlay, found, n == menu.chosen, theme),
                None => continue,
            },
            Choice::Value(value) => {
                let mark = if n == menu.chosen { "▌ " } else { "  " };
                let style = if n == menu.chosen { theme.strong() } else { theme.style(Role::Plain) };
                let left = Text::new().add(mark, theme.focused()).add(fit(&value.text, longest), style);
                (left.to(longest + 4).add(&value.about, dim), Text::new())
            }
        };
        two_ends(left, right, (" ", dim), here, buffer);
    }
    if size == Size::Small {
        let last = line(inner.height - 1);
        match state.toast() {
            Some(toast) => Text::new().add(format!(" {toast}"), theme.strong()).paint(last, buffer),
            None => Text::new().add(foot, dim).paint(last, buffer),
        }
    }
    spots
}

/// What is said about the chosen line: why it cannot be done now, or that nothing fits and what then.
fn about(state: &State, menu: &Menu, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let dim = theme.style(Role::Dim);
    let text = match menu.choice() {
        Some(Choice::Line(number)) => {
            let action = keys::TABLE.get(*number).map(|line| line.action);
            let reason = action.and_then(|action| keys::enabled(state, action).err());
            let reason = reason.map(|reason| state.keymap.tell(menu.from, reason, theme.ascii));
            reason.map(|reason| Text::new().add(format!("   not now: {reason}"), theme.style(Role::Warn)))
        }
        Some(Choice::Value(_)) => None,
        None if menu.input.value().is_empty() => None,
        None => Some(Text::new().add("   nothing is called so; Backspace takes a letter back", dim)),
    };
    if let Some(text) = text {
        text.paint(area, buffer);
    }
}

/// A line of the table as it is listed: its keys, what they do, its name; dim where it cannot be done now.
fn entry(
    state: &State,
    overlay: &Overlay,
    line: keys::Line<'_>,
    chosen: bool,
    theme: Theme,
) -> (Text<'static>, Text<'static>) {
    let (dim, binding) = (theme.style(Role::Dim), line.binding);
    let reason = keys::enabled(state, binding.action).err();
    let keys: Vec<String> = line.keys.iter().map(|key| key.show(theme.ascii)).collect();
    let keys = keys.join(" ");
    let off = |style| if reason.is_some() { dim } else { style };
    let words = off(if chosen { theme.strong() } else { theme.style(Role::Plain) });
    let id = binding.action.id();
    // Keys are short, names are not.
    let (head, tail, room) = match overlay {
        Overlay::Help(_) => (keys, id.to_owned(), 13),
        _ => (id.to_owned(), keys, 17),
    };
    let left = Text::new()
        .add(if chosen { "▌ " } else { "  " }, theme.focused())
        .add(head, off(theme.style(Role::Accent)))
        .add(" ", dim)
        .to(room)
        .add(binding.words, words);
    match reason {
        Some(reason) => {
            let reason = state.keymap.tell(state.place(), reason, theme.ascii);
            (left.add(format!(" — {reason}"), dim), Text::new())
        }
        None => (left, Text::new().add(format!(" {tail} "), dim)),
    }
}

/// What the table says of an action.
fn words(state: &State, action: keys::Action) -> &'static str {
    state.keymap.lines().find(|line| line.binding.action == action).map_or("", |line| line.binding.words)
}

/// Where a list lies.
fn place(overlay: &Overlay, size: Size, area: Rect) -> Rect {
    match overlay {
        _ if size == Size::Small => area,
        Overlay::Palette(_) => middle(area, PALETTE_ROWS),
        _ => middle(area, HELP_ROWS),
    }
}

/// Where the cursor is: in the line, so that it is seen where one types.
pub fn cursor(overlay: &Overlay, size: Size, area: Rect) -> Position {
    let frame = place(overlay, size, area);
    let typed = overlay.menu().map_or(0, |menu| menu.input.visual_cursor());
    let (x, y) = if size == Size::Small { (3, 1) } else { (4, 1) };
    let column = frame.x.saturating_add(x).saturating_add(typed as u16);
    Position { x: column.min(frame.right().saturating_sub(2)), y: frame.y + y }
}

/// The middle of `area`, where a box lies.
fn middle(area: Rect, most: u16) -> Rect {
    let columns = 88.min(area.width - 8);
    let rows = area.height.saturating_sub(6).min(most);
    Rect {
        x: area.x + (area.width - columns) / 2,
        // What is shorter than the screen hangs from its upper third.
        y: area.y + 3.max((area.height - rows) / 3),
        width: columns,
        height: rows,
    }
}
