//! Styles of the output, with the roles of the screens. They are always written; the output stream removes them where
//! they are not wanted (`--color`, `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, a pipe).

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// The name of the subject.
pub const STRONG: Style = Style::new().bold();
/// Labels, units and ages.
pub const DIM: Style = Style::new().dimmed();
pub const OK: Style = AnsiColor::Green.on_default();
pub const WARN: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Text in a style. Width and alignment apply to the text.
#[derive(Debug, Clone, Copy)]
pub struct Painted<T> {
    style: Style,
    text: T,
}

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
