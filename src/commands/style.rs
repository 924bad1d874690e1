//! The looks of what is printed: the same roles as on the screens. Styles are always written; the stream at the end
//! takes them out where nobody wants them (`--color`, `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, a pipe).

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// The name of the thing one looks at.
pub const STRONG: Style = Style::new().bold();
/// Labels, units, ages.
pub const DIM: Style = Style::new().dimmed();
/// Well.
pub const OK: Style = AnsiColor::Green.on_default();
/// Not quite well.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Not well.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// `text` in a style. Widths and alignment are those of the text.
#[derive(Debug, Clone, Copy)]
pub struct Painted<T> {
    style: Style,
    text: T,
}

/// Paints `text`.
pub const fn paint<T>(style: Style, text: T) -> Painted<T> {
    Painted { style, text }
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.style.is_plain() {
            return self.text.fmt(f);
        }
        write!(f, "{}", self.style.render())?;
        self.text.fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_the_texts() {
        assert_eq!(format!("{:>5}|", paint(OK, "open")), "\u{1b}[32m open\u{1b}[0m|");
    }
}
