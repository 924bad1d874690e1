//! Maps roles to styles and glyphs: five colours, three weights, two glyph sets. Every state is also a shape and a
//! word, so that no information depends on colour alone.
//!
//! The theme `auto` uses the terminal's own palette, which suits its background. `dark` and `light` have their own
//! background; `cvd` shows good and bad states in blue and orange.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::settings::ThemeName;

/// Our glyphs and their ASCII replacements, of the same width.
const ASCII: &[(char, char)] = &[
    ('─', '-'),
    ('–', '-'),
    ('—', '-'),
    ('│', '|'),
    ('┤', '|'),
    ('┴', '|'),
    ('▸', '>'),
    ('▾', 'v'),
    ('▼', 'v'),
    ('↓', 'v'),
    ('▲', '^'),
    ('↑', '^'),
    ('▌', '|'),
    ('◆', '#'),
    ('●', '*'),
    ('○', 'o'),
    ('◌', '.'),
    ('·', '.'),
    ('◐', '~'),
    ('✗', 'x'),
    ('×', 'x'),
    ('✓', '+'),
    ('…', '~'),
    ('❯', '>'),
    ('›', '>'),
    ('╭', '+'),
    ('╮', '+'),
    ('╰', '+'),
    ('╯', '+'),
    ('↵', '<'),
    ('←', '<'),
    ('→', '>'),
    ('“', '"'),
    ('”', '"'),
    ('’', '\''),
    ('▁', '_'),
    ('▂', '.'),
    ('▃', '-'),
    ('▄', '='),
    ('▅', '+'),
    ('▆', '*'),
    ('▇', '%'),
    ('█', '#'),
    ('▏', '|'),
    ('▎', '|'),
    ('▍', '|'),
    ('▋', '#'),
    ('▊', '#'),
    ('▉', '#'),
];

/// ASCII replacement of one of our glyphs.
pub fn ascii(glyph: char) -> Option<char> {
    if glyph.is_ascii() {
        return None;
    }
    ASCII.iter().find(|(known, _)| *known == glyph).map(|(_, plain)| *plain)
}

/// Mark of the selected row.
const MARK: &str = "▌";

/// Number of colours that a terminal supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// No colours, or disabled by the user.
    None,
    /// The 16 colours of its palette.
    #[default]
    Sixteen,
    /// 256 colours: the palette, a cube of 216 and 24 greys.
    Many,
    True,
}

impl Depth {
    /// Detects the depth from the environment: `NO_COLOR` (no-color.org), `COLORTERM`, `TERM`.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let colours = set("COLORTERM").unwrap_or_default();
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            Self::None
        } else if matches!(colours.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256")
            || ["kitty", "ghostty", "alacritty", "foot"].iter().any(|t| term.contains(t))
        {
            Self::Many
        } else {
            Self::Sixteen
        }
    }

    fn color(self, [r, g, b]: Rgb, of_sixteen: Color) -> Option<Color> {
        match self {
            Self::None => None,
            Self::Sixteen => Some(of_sixteen),
            Self::Many => Some(Color::Indexed(nearest([r, g, b]))),
            Self::True => Some(Color::Rgb(r, g, b)),
        }
    }
}

type Rgb = [u8; 3];

/// Nearest of the 240 fixed colours: the cube at 16 to 231, then the greys.
fn nearest(wanted: Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance =
        |have: Rgb| -> u32 { wanted.iter().zip(have).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    let cube = (0..216u8).map(|n| {
        let level = |n: u8| LEVELS.get(usize::from(n)).copied().unwrap_or(0);
        (16 + n, [level(n / 36), level(n / 6 % 6), level(n % 6)])
    });
    let greys = (0..24u8).map(|n| (232 + n, [8 + 10 * n; 3]));
    cube.chain(greys).min_by_key(|(_, have)| distance(*have)).map_or(15, |(index, _)| index)
}

/// Colours of a theme with its own background, each with a replacement from the 16 colours.
#[derive(Debug)]
struct Tones {
    ground: (Rgb, Color),
    /// Background of the selected row.
    chosen: (Rgb, Color),
    plain: (Rgb, Color),
    dim: (Rgb, Color),
    accent: (Rgb, Color),
    ok: (Rgb, Color),
    warn: (Rgb, Color),
    bad: (Rgb, Color),
}

const DARK: Tones = Tones {
    ground: ([0x12, 0x16, 0x1c], Color::Black),
    chosen: ([0x24, 0x30, 0x40], Color::DarkGray),
    plain: ([0xd7, 0xdd, 0xe5], Color::Gray),
    dim: ([0x8c, 0x97, 0xa5], Color::Gray),
    accent: ([0x5c, 0xcf, 0xe6], Color::LightCyan),
    ok: ([0x7f, 0xd8, 0x8f], Color::LightGreen),
    warn: ([0xff, 0xcc, 0x66], Color::LightYellow),
    bad: ([0xff, 0x86, 0x7d], Color::LightRed),
};

const LIGHT: Tones = Tones {
    ground: ([0xfb, 0xfa, 0xf8], Color::White),
    chosen: ([0xe2, 0xec, 0xf2], Color::Gray),
    plain: ([0x22, 0x28, 0x2f], Color::Black),
    dim: ([0x5f, 0x69, 0x74], Color::Black),
    accent: ([0x00, 0x66, 0x80], Color::Blue),
    ok: ([0x17, 0x72, 0x31], Color::Green),
    warn: ([0x80, 0x53, 0x00], Color::Magenta),
    bad: ([0xb0, 0x25, 0x1d], Color::Red),
};

/// Colours and glyphs of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    pub name: ThemeName,
    /// Colours supported by the terminal.
    pub depth: Depth,
    pub ascii: bool,
}

/// Meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Accent,
    Ok,
    Warn,
    Bad,
    /// Labels, units and ages.
    Dim,
    Plain,
}

impl Theme {
    /// Tones of a theme with its own background, if colours are supported.
    fn tones(self) -> Option<&'static Tones> {
        match self.name {
            _ if self.depth == Depth::None => None,
            ThemeName::Dark => Some(&DARK),
            ThemeName::Light => Some(&LIGHT),
            ThemeName::Auto | ThemeName::Cvd | ThemeName::Mono => None,
        }
    }

    fn color(self, role: Role) -> Option<Color> {
        if self.depth == Depth::None || self.name == ThemeName::Mono {
            return None;
        }
        if let Some(tones) = self.tones() {
            let (rgb, of_sixteen) = match role {
                Role::Accent => tones.accent,
                Role::Ok => tones.ok,
                Role::Warn => tones.warn,
                Role::Bad => tones.bad,
                Role::Dim => tones.dim,
                Role::Plain => tones.plain,
            };
            return self.depth.color(rgb, of_sixteen);
        }
        // Red and green look the same with colour vision deficiency; these two are readable on black and on white.
        let apart = self.name == ThemeName::Cvd;
        match role {
            Role::Accent => Some(Color::Cyan),
            Role::Ok if apart => self.depth.color([0x2f, 0x81, 0xf7], Color::LightBlue),
            Role::Ok => Some(Color::Green),
            Role::Warn => Some(Color::Yellow),
            Role::Bad if apart => self.depth.color([0xd5, 0x5e, 0x00], Color::Red),
            Role::Bad => Some(Color::Red),
            Role::Dim | Role::Plain => None,
        }
    }

    pub fn style(self, role: Role) -> Style {
        let style = self.color(role).map_or(Style::new(), |color| Style::new().fg(color));
        match role {
            Role::Bad => style.add_modifier(Modifier::BOLD),
            // Without a tone for it, use the terminal's own dim attribute.
            Role::Dim if self.tones().is_none() || self.depth == Depth::Sixteen => {
                style.add_modifier(Modifier::DIM)
            }
            _ => style,
        }
    }

    /// Style of the name of the displayed object.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Style of a list row.
    pub fn row(self, selected: bool) -> Style {
        if selected { self.strong() } else { self.style(Role::Plain) }
    }

    /// Title of the focused pane.
    pub fn focused(self) -> Style {
        self.style(Role::Accent).add_modifier(Modifier::BOLD)
    }

    /// Applies the background to a drawn screen, and replaces glyphs by ASCII if configured.
    pub fn finish(self, buffer: &mut Buffer) {
        if let Some(tones) = self.tones() {
            let ground = self.depth.color(tones.ground.0, tones.ground.1).unwrap_or_default();
            let plain = self.depth.color(tones.plain.0, tones.plain.1).unwrap_or_default();
            let chosen = self.depth.color(tones.chosen.0, tones.chosen.1).unwrap_or_default();
            let mut under = ground;
            for (n, cell) in buffer.content.iter_mut().enumerate() {
                // The background of the selected row extends from its mark to the next pane.
                under = match cell.symbol() {
                    MARK => chosen,
                    "│" => ground,
                    _ if n % usize::from(buffer.area.width) == 0 => ground,
                    _ => under,
                };
                if cell.bg == Color::Reset {
                    cell.bg = under;
                }
                if cell.fg == Color::Reset {
                    cell.fg = plain;
                }
            }
        }
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            let mut symbol = cell.symbol().chars();
            if let (Some(c), None) = (symbol.next(), symbol.next())
                && let Some(plain) = ascii(c)
            {
                cell.set_char(plain);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(rgb: Rgb) -> f64 {
        let [r, g, b] = rgb.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_tone_is_read_on_its_ground_and_on_the_selected_row() {
        for tones in [&DARK, &LIGHT] {
            for (ink, _) in [tones.plain, tones.dim, tones.accent, tones.ok, tones.warn, tones.bad] {
                assert!(contrast(ink, tones.ground.0) >= 4.5, "{ink:x?} on the ground");
                assert!(contrast(ink, tones.chosen.0) >= 4.5, "{ink:x?} on the selected row");
            }
        }
        for ink in [[0x2f, 0x81, 0xf7], [0xd5, 0x5e, 0x00]] {
            assert!(contrast(ink, [0; 3]) >= 3.0 && contrast(ink, [255; 3]) >= 3.0, "{ink:x?}");
        }
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        let depth = |variables: &[(&str, &str)]| {
            Depth::of(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into()))
        };
        assert_eq!(depth(&[]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Many);
        assert_eq!(depth(&[("TERM", "tmux-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("NO_COLOR", ""), ("TERM", "linux")]), Depth::Sixteen);
    }

    #[test]
    fn colours_fall_back_to_the_nearest() {
        assert_eq!(nearest([255, 255, 255]), 231);
        assert_eq!(nearest([0, 0, 0]), 16);
        assert_eq!(nearest([0x12, 0x16, 0x1c]), 233, "a grey");
        assert_eq!(nearest([255, 135, 0]), 208);
    }

    #[test]
    fn without_colours_no_style_has_any() {
        for theme in [
            Theme { name: ThemeName::Mono, depth: Depth::True, ascii: false },
            Theme { name: ThemeName::Dark, depth: Depth::None, ascii: false },
        ] {
            for role in [Role::Accent, Role::Ok, Role::Warn, Role::Bad, Role::Dim, Role::Plain] {
                assert_eq!((theme.style(role).fg, theme.style(role).bg), (None, None));
            }
            let mut buffer = Buffer::with_lines(["▌ row"]);
            theme.finish(&mut buffer);
            assert_eq!(buffer, Buffer::with_lines(["▌ row"]));
        }
    }
}
