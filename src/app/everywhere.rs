//! Commands that work in every view: move, copy, export, refresh, settings, help.

use ratatui::crossterm::event::KeyCode;

use super::argument::{FILE, FORM, SWITCH, TEXT, THEME};
use super::command::{Context, Row, when};
use super::key::Key;
use super::key::Key::{Char, Code, Ctrl};
use super::{Effect, Out, State, copy, export, filter, menu};
use crate::engine::report::Command;
use crate::settings::ThemeName;

pub static ROWS: &[Row] = &[
    row("go-back", &[Char('[')], "Go back to the previous place", |s, _, out| s.walk_history(false, out))
        .hint(5, 30, "back")
        .when(|s| when(s.visits.leads(false), "there is no previous place")),
    row("go-forward", &[Char(']')], "Go forward to the next place", |s, _, out| s.walk_history(true, out))
        .when(|s| when(s.visits.leads(true), "there is no next place")),
    row("down", &[Char('j'), Code(KeyCode::Down)], "Move down", |s, _, _| step(s, 1)).motion(),
    row("up", &[Char('k'), Code(KeyCode::Up)], "Move up", |s, _, _| step(s, -1)).motion(),
    row("half-page-down", &[Ctrl('d')], "Move down half a page", |s, _, _| step(s, page(s) / 2)).motion(),
    row("half-page-up", &[Ctrl('u')], "Move up half a page", |s, _, _| step(s, -page(s) / 2)).motion(),
    row("page-down", &[Code(KeyCode::PageDown)], "Move down one page", |s, _, _| step(s, page(s))).motion(),
    row("page-up", &[Code(KeyCode::PageUp)], "Move up one page", |s, _, _| step(s, -page(s))).motion(),
    row("first", &[Char('g'), Code(KeyCode::Home)], "Go to the first row", |s, _, _| step(s, -FAR)).motion(),
    row("last", &[Char('G'), Code(KeyCode::End)], "Go to the last row", |s, _, _| step(s, FAR)).motion(),
    row("copy", &[Char('y')], "Copy the address or name", |s, _, out| {
        if let Some((what, text)) = s.front().copied(s) {
            copy::put(s, what, text, out);
        }
    })
    .hint(3, 60, "copy")
    .when(|s| s.front().copyable(s)),
    row("scroll-left", &[Char('H')], "Scroll long lines to the left", |s, _, _| s.front().scroll(s, true))
        .motion()
        .when(|s| s.front().scrollable(s, true)),
    row("scroll-right", &[Char('L')], "Scroll long lines to the right", |s, _, _| s.front().scroll(s, false))
        .motion()
        .when(|s| s.front().scrollable(s, false)),
    row("copy-as", &[Char('Y')], "Copy as …", copy_as).takes(&FORM).when(|s| s.front().shown(s)),
    row("export", &[Char('e')], "Export this view to a file", |s, typed, out| match typed {
        Some(path) => export::export(s, path, out),
        None => menu::palette(s, "export "),
    })
    .takes(&FILE)
    .hint(8, 61, "export")
    .when(|s| s.front().shown(s)),
    row("plain-text", &[Char('Z')], "Show plain text for selection with the mouse", |s, _, out| {
        out.push(Effect::Plain(s.front().plain(s)));
    })
    .when(|s| s.front().shown(s)),
    row("filter", &[Char('/')], "Filter (also !not, app:, region:, rtt>50, lost)", filter::begin)
        .takes(&TEXT)
        .hint(2, 62, "filter")
        .when(|s| when(s.front().filter(s).is_some(), "this view has no filter")),
    row("refresh", &[Char('r')], "Refresh the selection", |s, _, out| s.front().refresh(s, out))
        .hint(4, 70, "refresh")
        .when(|s| s.front().refreshable(s)),
    row("refresh-all", &[Char('R')], "Refresh everything and read the conf again", |s, _, out| {
        out.ask(Command::Refresh(None));
        out.reload();
        s.say("Refreshing everything");
    }),
    row("handshake", &[Ctrl('r')], "Start a new handshake", |s, _, out| {
        out.ask(Command::Rehandshake);
        s.say("Starting a new handshake");
    })
    .when(|s| when(s.networks.front().shown.link.is_some(), "there is no link yet")),
    row("freeze", &[Char('f')], "Freeze the screen; work continues", |s, _, _| s.freeze())
        .hint(7, 71, "freeze"),
    row("theme", &[], "Set the colours: auto, dark, light, cvd, mono", theme).takes(&THEME),
    row("mouse", &[], "Turn the mouse on or off", mouse).takes(&SWITCH),
    row("last-message", &[Char('!')], "Show the last message again; hide the banner", |s, _, _| {
        last_message(s);
    })
    .when(|s| when(s.toast.is_some() || has_banner(s), "there is no message yet")),
    row("back", &[Code(KeyCode::Esc)], "Go back one step", |s, _, _| s.back()),
    row("repaint", &[Ctrl('l')], "Redraw the screen", |_, _, out| out.push(Effect::Repaint)),
    row("suspend", &[Ctrl('z')], "Suspend", |_, _, out| out.push(Effect::Suspend)),
    row("command", &[Char(':'), Ctrl('p')], "Run a command", |s, _, _| menu::palette(s, ""))
        .hint(2, 80, "command"),
    row("help", &[Char('?'), Code(KeyCode::F(1))], "Help", |s, _, _| menu::help(s)).hint(0, 81, "help"),
    row("quit", &[Char('q'), Ctrl('c')], "Quit", |_, _, out| out.push(Effect::Quit)).hint(1, 82, "quit"),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str, run: super::command::Run) -> Row {
    Row::new(id, Context::EVERYWHERE, keys, help, run)
}

/// More rows than any list has.
const FAR: isize = isize::MAX / 2;

fn page(state: &State) -> isize {
    usize::from(state.page.max(2)).cast_signed()
}

fn step(state: &mut State, by: isize) {
    state.front().step(state, by);
}

fn copy_as(state: &mut State, typed: Option<&str>, out: &mut Out) {
    let Some(typed) = typed else { return menu::palette(state, "copy-as ") };
    let form = state.front().forms(state).into_iter().find(|(what, _)| *what == typed);
    if let Some((what, text)) = form {
        copy::put(state, what, text, out);
    }
}

fn theme(state: &mut State, typed: Option<&str>, _: &mut Out) {
    let Some(typed) = typed else { return menu::palette(state, "theme ") };
    if let Some(theme) = ThemeName::named(typed) {
        state.theme = theme;
        state.chosen.theme = Some(theme);
        state.say(format!("Theme: {typed}"));
    }
}

fn mouse(state: &mut State, typed: Option<&str>, _: &mut Out) {
    let on = typed.map_or(!state.mouse.on, |typed| typed == "on");
    state.mouse.on = on;
    state.chosen.mouse = Some(on);
    state.say(if on { "Mouse on. Hold Shift to select text" } else { "Mouse off" });
}

fn has_banner(state: &State) -> bool {
    !state.is_up() || !state.networks.front().shown.problems.is_empty()
}

fn last_message(state: &mut State) {
    if has_banner(state) {
        let network = state.networks.front_mut();
        network.banner_hidden = !network.banner_hidden;
    } else if let Some(toast) = &mut state.toast {
        toast.at = state.now;
    }
}
