//! The Hex format: the bytes of the messages, and the field under the cursor.

use std::sync::Arc;

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::app::views::dig::HEX_ROW;
use crate::dns::dig::fields::{self, Span};
use crate::dns::dig::wire::Parts;
use crate::text::{count, cut};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::{first_row, lines};
use crate::ui::theme::Role;

/// Minimum width for the bytes as characters.
const WIDE: u16 = 76;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dig = &state.views.dig;
    let messages: Vec<Arc<[u8]>> = dig.messages();
    let line = lines(area);
    let dim = theme.style(Role::Dim);
    let Some((which, byte)) = dig.hex_at(&messages) else {
        Line::default().add("  no message received", theme.style(Role::Bad)).paint(line(0), canvas);
        return;
    };
    let Some(message) = messages.get(which) else { return };
    let spans = Parts::of(message).map(|parts| fields::spans(&parts)).unwrap_or_default();
    let field = spans.iter().find(|span| span.place.contains(&byte));
    // The field is always shown in the first two lines.
    let (name, value, place) = field.map_or((String::new(), String::new(), String::new()), |span| {
        let Span { place, name, value } = span;
        let bytes = count(place.len(), "byte");
        (name.clone(), value.clone(), format!("{bytes} from {} ", place.start))
    });
    let of = match messages.len() {
        1 => String::new(),
        n => format!("message {} of {n}  ", which + 1),
    };
    let left = Line::default().add(format!("  {of}"), dim).add(name, theme.focused());
    canvas.two_ends(line(0), left, Line::default().add(place, dim), (' ', dim));
    let value = cut(&value, usize::from(area.width).saturating_sub(3));
    Line::default().add(format!("  {value}"), theme.strong()).paint(line(1), canvas);
    let rows = usize::from(area.height.saturating_sub(3));
    let all = message.len().div_ceil(HEX_ROW);
    let here = byte / HEX_ROW;
    let offset = first_row(here, all, rows);
    let styles = |at: usize| -> Style {
        if at == byte {
            return theme.focused().add_modifier(Modifier::REVERSED);
        }
        match field {
            Some(span) if span.place.contains(&at) => theme.focused().add_modifier(Modifier::UNDERLINED),
            _ => theme.style(Role::Plain),
        }
    };
    for (n, bytes) in message.chunks(HEX_ROW).enumerate().skip(offset).take(rows) {
        let mut text = Line::default()
            .add(if n == here { "▌" } else { " " }, theme.focused())
            .add(format!("{:04x} ", n * HEX_ROW), dim);
        for (at, value) in bytes.iter().enumerate() {
            let gap = if at == HEX_ROW / 2 { "  " } else { " " };
            text = text.add(gap, dim).add(format!("{value:02x}"), styles(n * HEX_ROW + at));
        }
        if area.width >= WIDE {
            text = text.to(6 + HEX_ROW * 3 + 3);
            for (at, value) in bytes.iter().enumerate() {
                let plain = if (0x20..0x7f).contains(value) { char::from(*value) } else { '·' };
                text = text.add(plain.to_string(), styles(n * HEX_ROW + at));
            }
        }
        text.paint(line(3 + (n - offset) as u16), canvas);
    }
    let column = byte % HEX_ROW;
    let x = 7 + column * 3 + usize::from(column >= HEX_ROW / 2);
    let y = area.y + 3 + (here - offset) as u16;
    canvas.cursor = Some(Position { x: area.x + x as u16, y: y.min(area.bottom() - 1) });
}
