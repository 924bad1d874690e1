//! The choice between several confs.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::frame::hints;
use super::parts::{Text, rule};
use super::theme::{Role, Theme};
use super::{Size, overlay};
use crate::app::keys::Context;
use crate::app::pick::Pick;
use crate::text::{fit, width};

/// Draws the list.
pub fn draw(pick: &Pick, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let mut cursor = None;
    if Size::of(area) == Size::Tiny {
        overlay::notice(theme, area, buffer);
    } else {
        let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
        Text::new()
            .add(" sixpane ", theme.strong())
            .add(" Which network?", theme.focused())
            .paint(line(0), buffer);
        let found = format!("{} confs found", pick.choices.len());
        rule(&found, false, "sixpane CONF takes one at once", theme, line(1), buffer);
        let rows = usize::from(area.height.saturating_sub(4));
        let offset = pick.chosen.saturating_sub(rows / 2).min(pick.choices.len().saturating_sub(rows));
        let longest = pick.choices.iter().map(|choice| width(&choice.path)).max().unwrap_or(0);
        let column = longest.min(usize::from(area.width) / 2) + 4;
        for (n, choice) in pick.choices.iter().enumerate().skip(offset).take(rows) {
            let here = n == pick.chosen;
            let style = if here { theme.strong() } else { theme.style(Role::Plain) };
            let y = 2 + (n - offset) as u16;
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
        match &pick.said {
            Some(said) => Text::new().add(format!(" {said}"), theme.strong()).paint(last, buffer),
            None => hints(None, Context::Pick, theme, area.width.into()).paint(last, buffer),
        }
    }
    theme.finish(buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}
