//! Snapshots of themes, colour depths and overlays; and no information by colour alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::{MONO, SIZES, full, screen};
use crate::app::export::{Save, Saved};
use crate::app::tests::{Session, link};
use crate::app::{Message, update};
use crate::net::Phase;
use crate::settings::ThemeName;
use crate::ui::draw;
use crate::ui::theme::{Depth, Theme};

/// Lists and questions over a view.
fn overlays() -> Vec<(&'static str, Session)> {
    let after = |keys: &str| {
        let mut s = full();
        s.keys(keys);
        s
    };
    let mut overwrite = full();
    let save = Save { path: "~/sixpane-explore.csv".into(), text: "a\n".into(), overwrite: false };
    update(&mut overwrite.state, Message::Saved(save, Saved::Exists), overwrite.now);
    let mut off = Session::new();
    off.report(link(Phase::Handshaking, off.now));
    off.keys(":copy");
    vec![
        ("palette", after(":")),
        ("palette_search", after(":frz")),
        ("palette_off", off),
        ("palette_nothing", after(":zzz")),
        ("palette_place", after(":explore syd")),
        ("copy_as", after("Y")),
        ("export", after("e")),
        ("theme", after(":theme ")),
        ("overwrite", overwrite),
    ]
}

#[test]
fn overlays_over_a_view() {
    for (name, s) in overlays() {
        for (columns, rows) in SIZES {
            let shot = screen(&s.state, Theme::default(), (columns, rows), true);
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), shot);
            assert_eq!(
                screen(&s.state, MONO, (columns, rows), false),
                screen(&s.state, Theme::default(), (columns, rows), false)
            );
            let ascii = screen(&s.state, Theme { ascii: true, ..MONO }, (columns, rows), false);
            assert!(ascii.is_ascii(), "{name}: {ascii}");
        }
    }
}

/// The screen in a theme: its text, under each line the letters of its styles, and the key of the letters.
fn painted(s: &Session, theme: Theme) -> (String, BTreeSet<String>) {
    let (columns, rows) = (80, 24);
    let mut state = s.state.clone();
    state.theme = theme.name;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| drop(draw(&state, theme, frame))).unwrap();
    let buffer = terminal.backend().buffer();
    let mut styles: Vec<(Color, Color, Modifier)> = Vec::new();
    let mut out = String::new();
    for y in 0..rows {
        let (mut text, mut marks) = (String::new(), String::new());
        for x in 0..columns {
            let cell = &buffer[(x, y)];
            text.push_str(cell.symbol());
            // A blank has no foreground.
            let ink = if cell.symbol() == " " { Color::Reset } else { cell.fg };
            let style = (ink, cell.bg, if ink == Color::Reset { Modifier::empty() } else { cell.modifier });
            let at = styles.iter().position(|have| *have == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            marks.push(char::from(b'a' + at as u8));
        }
        let _ = writeln!(out, "{text}\n{marks}");
    }
    let colours = styles.iter().flat_map(|(fg, bg, _)| [format!("{fg:?}"), format!("{bg:?}")]).collect();
    for (n, (fg, bg, modifier)) in styles.iter().enumerate() {
        let _ = writeln!(out, "{}: {fg} on {bg} {modifier:?}", char::from(b'a' + n as u8));
    }
    (out, colours)
}

#[test]
fn themes() {
    for name in ThemeName::ALL {
        let theme = Theme { name, depth: Depth::True, ascii: false };
        insta::assert_snapshot!(format!("theme_{}_80x24", name.as_str()), painted(&full(), theme).0);
    }
}

#[test]
fn a_terminal_is_sent_only_colours_that_it_has() {
    for name in ThemeName::ALL {
        for depth in [Depth::None, Depth::Sixteen, Depth::Many, Depth::True] {
            let (_, colours) = painted(&full(), Theme { name, depth, ascii: false });
            let count = |what: &str| colours.iter().filter(|colour| colour.contains(what)).count();
            let none = depth == Depth::None || name == ThemeName::Mono;
            assert_eq!(
                none,
                colours.iter().all(|colour| colour == "Reset"),
                "{name:?} {depth:?} {colours:?}"
            );
            assert!(depth == Depth::True || count("Rgb") == 0, "{name:?} {depth:?} {colours:?}");
            assert!(depth == Depth::Many || count("Indexed") == 0, "{name:?} {depth:?} {colours:?}");
        }
    }
}

#[test]
fn every_theme_shows_the_same_words() {
    let mut down = full();
    down.report(link(Phase::Down, down.now));
    for s in overlays().into_iter().map(|(_, s)| s).chain([full(), down]) {
        let plain = screen(&s.state, Theme::default(), (80, 24), false);
        for name in ThemeName::ALL {
            let mut state = s.state.clone();
            state.theme = name;
            // The list of themes marks the current one.
            let shown = screen(&state, Theme { name, depth: Depth::Many, ascii: false }, (80, 24), false);
            assert_eq!(
                shown.replace(" (now)", "      ").split_whitespace().collect::<String>(),
                plain.replace(" (now)", "      ").split_whitespace().collect::<String>()
            );
        }
    }
}
