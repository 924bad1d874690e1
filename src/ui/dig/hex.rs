//! The Hex face: the bytes of the messages, and what the field under the cursor is.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::super::parts::{Text, two_ends};
use super::super::theme::{Role, Theme};
use crate::app::dig::{Dig, HEX_ROW};
use crate::dns::dig::fields::{self, Span};
use crate::dns::dig::wire::Parts;
use crate::text::{cut, width};

/// From here on there is room for the bytes as characters.
const WIDE: u16 = 76;

/// Draws the face; gives where the cursor is.
pub fn draw(dig: &Dig, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let messages: Vec<Arc<[u8]>> = dig.messages();
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let dim = theme.style(Role::Dim);
    let Some((which, byte)) = dig.hex_at(&messages) else {
        Text::new().add("  no message came", theme.style(Role::Bad)).paint(line(0), buffer);
        return None;
    };
    let message: &[u8] = messages.get(which)?;
    let spans = Parts::of(message).map(|parts| fields::spans(&parts)).unwrap_or_default();
    let field = spans.iter().find(|span| span.place.contains(&byte));
    // The field stands in the first two lines, so that the eye need not wander.
    let (name, value, place) = field.map_or((String::new(), String::new(), String::new()), |span| {
        let Span { place, name, value } = span;
        let bytes = crate::text::count(place.len(), "byte");
        (name.clone(), value.clone(), format!("{bytes} from {} ", place.start))
    });
    let of = match messages.len() {
        1 => String::new(),
        n => format!("message {} of {n}  ", which + 1),
    };
    let left = Text::new().add(format!("  {of}"), dim).add(name, theme.focused());
    two_ends(left, Text::new().add(place, dim), (" ", dim), line(0), buffer);
    let value = cut(&value, usize::from(area.width).saturating_sub(3));
    Text::new().add(format!("  {value}"), theme.strong()).paint(line(1), buffer);
    let rows = usize::from(area.height.saturating_sub(3));
    let all = message.len().div_ceil(HEX_ROW);
    let here = byte / HEX_ROW;
    let offset = here.saturating_sub(rows / 2).min(all.saturating_sub(rows));
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
        let mut text = Text::new()
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
        text.paint(line(3 + (n - offset) as u16), buffer);
    }
    let column = byte % HEX_ROW;
    let x = 7 + column * 3 + usize::from(column >= HEX_ROW / 2);
    let y = area.y + 3 + (here - offset) as u16;
    debug_assert!(width("▌") == 1);
    Some(Position { x: area.x + x as u16, y: y.min(area.bottom() - 1) })
}
