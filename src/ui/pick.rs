//! The choice between several confs.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::frame::{hints, possible};
use super::parts::{Text, first_row, rule, wrap};
use super::theme::{Role, Theme};
use super::{Size, overlay};
use crate::app::keys::{Context, Keymap};
use crate::app::pick::Pick;
use crate::text::{fit, width};

/// How to get a conf, and where one is looked for; gives the row behind it.
fn welcome(looked: &str, theme: Theme, area: Rect, buffer: &mut Buffer) -> u16 {
    let dim = theme.style(Role::Dim);
    let plain = theme.style(Role::Plain);
    let roomy = area.height >= 22;
    let mut y = 0;
    let mut put = |text: Text<'_>| {
        if y < area.height {
            text.paint(Rect { y: area.y + y, height: 1, ..area }, buffer);
        }
        y += 1;
    };
    put(Text::new().add(" sixpane ", theme.strong()).add(" your private network, in panes", theme.focused()));
    put(Text::new().add("─".repeat(area.width.into()), dim));
    let gap = |put: &mut dyn FnMut(Text<'_>)| {
        if roomy {
            put(Text::new());
        }
    };
    let columns = usize::from(area.width.min(100)) - 4;
    let say = |put: &mut dyn FnMut(Text<'_>), text: &str, style| {
        for line in wrap(text, columns) {
            put(Text::new().add(format!("  {line}"), style));
        }
    };
    gap(&mut put);
    say(&mut put, "There is no WireGuard conf here yet. Your platform makes one:", plain);
    gap(&mut put);
    put(Text::new()
        .add("    fly wireguard create ", theme.strong())
        .add("[org] [region] [name]", theme.style(Role::Accent)));
    gap(&mut put);
    say(
        &mut put,
        "Give it a name of your own: a peer without one is left out of DNS. sixpane attaches inside its own process: no root, and nothing of your system changes.",
        plain,
    );
    gap(&mut put);
    say(&mut put, &format!("Looked in {looked}. r looks again; sixpane CONF takes one by its path."), dim);
    put(Text::new());
    y
}

/// Draws the list.
pub fn draw(pick: &Pick, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let mut cursor = None;
    if Size::of(area) == Size::Tiny {
        overlay::notice(theme, area, buffer);
    } else {
        let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
        let top = if let Some(looked) = &pick.looked {
            welcome(looked, theme, area, buffer)
        } else {
            let title = Text::new().add(" sixpane ", theme.strong()).add(" Which network?", theme.focused());
            title.paint(line(0), buffer);
            let found = format!("{} confs found", pick.choices.len());
            rule(&found, false, "sixpane CONF takes one at once", theme, line(1), buffer);
            2
        };
        let rows = usize::from(area.height.saturating_sub(top + 1));
        let offset = first_row(pick.chosen, pick.choices.len(), rows);
        let longest = pick.choices.iter().map(|choice| width(&choice.path)).max().unwrap_or(0);
        let column = longest.min(usize::from(area.width) / 2) + 4;
        for (n, choice) in pick.choices.iter().enumerate().skip(offset).take(rows) {
            let here = n == pick.chosen;
            let style = if here { theme.strong() } else { theme.style(Role::Plain) };
            let y = top + (n - offset) as u16;
            let text = Text::new()
                .add(if here { "▌ " } else { "  " }, theme.focused())
                .add(fit(&choice.path, column - 4), style)
                .to(column);
            let text = match &choice.about {
                Ok(about) => text.add(about, theme.style(Role::Dim)),
                Err(why) => text.add(format!("✗ {why}"), theme.style(Role::Bad)),
            };
            text.paint(line(y), buffer);
            if here {
                cursor = Some((area.x, area.y + y));
            }
        }
        let last = line(area.height - 1);
        if let Some(said) = &pick.said {
            Text::new().add(format!(" {said}"), theme.strong()).paint(last, buffer);
        } else {
            let possible = possible(&Keymap::default(), None, Context::Pick, area.width.into());
            hints(&possible, theme).paint(last, buffer);
        }
    }
    theme.finish(buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}
