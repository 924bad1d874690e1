//! The commands that hold in every view: moving, copying, exporting, refreshing, settings, help.

use ratatui::crossterm::event::KeyCode;

use super::argument::{FILE, FORM, SWITCH, TEXT, THEME};
use super::command::{Context, Row, when};
use super::key::Key;
use super::key::Key::{Char, Code, Ctrl};
use super::{Effect, Out, State, copy, export, filter, menu};
use crate::engine::report::Command;
use crate::settings::ThemeName;

/// Their rows.
pub static ROWS: &[Row] = &[
    row("go-back", &[Char('[')], "Back to the place before", |s, _, out| s.walk_trail(false, out))
        .hint(5, 30, "back")
        .when(|s| when(s.trail.leads(false), "there is no place before this one")),
    row("go-forward", &[Char(']')], "Forward again", |s, _, out| s.walk_trail(true, out))
        .when(|s| when(s.trail.leads(true), "there is no place to go forward to")),
    row("down", &[Char('j'), Code(KeyCode::Down)], "Down", |s, _, _| step(s, 1)).motion(),
    row("up", &[Char('k'), Code(KeyCode::Up)], "Up", |s, _, _| step(s, -1)).motion(),
    row("half-page-down", &[Ctrl('d')], "Half a page down", |s, _, _| step(s, page(s) / 2)).motion(),
    row("half-page-up", &[Ctrl('u')], "Half a page up", |s, _, _| step(s, -page(s) / 2)).motion(),
    row("page-down", &[Code(KeyCode::PageDown)], "A page down", |s, _, _| step(s, page(s))).motion(),
    row("page-up", &[Code(KeyCode::PageUp)], "A page up", |s, _, _| step(s, -page(s))).motion(),
    row("first", &[Char('g'), Code(KeyCode::Home)], "To the first row", |s, _, _| step(s, -FAR)).motion(),
    row("last", &[Char('G'), Code(KeyCode::End)], "To the last row", |s, _, _| step(s, FAR)).motion(),
    row("copy", &[Char('y')], "Copy the address or the name", |s, _, out| {
        if let Some((what, text)) = s.front().copied(s) {
            copy::put(s, what, text, out);
        }
    })
    .hint(3, 60, "copy")
    .when(|s| s.front().copyable(s)),
    row("scroll-left", &[Char('H')], "Long lines: to the left", |s, _, _| s.front().scroll(s, true))
        .motion()
        .when(|s| s.front().scrollable(s, true)),
    row("scroll-right", &[Char('L')], "Long lines: to the right", |s, _, _| s.front().scroll(s, false))
        .motion()
        .when(|s| s.front().scrollable(s, false)),
    row("copy-as", &[Char('Y')], "Copy as …", copy_as).takes(&FORM).when(|s| s.front().shown(s)),
    row("export", &[Char('e')], "Export this view to a file", |s, told, out| match told {
        Some(path) => export::export(s, path, out),
        None => menu::palette(s, "export "),
    })
    .takes(&FILE)
    .hint(8, 61, "export")
    .when(|s| s.front().shown(s)),
    row("plain-text", &[Char('Z')], "Plain text, for selecting with the mouse", |s, _, out| {
        out.push(Effect::Plain(s.front().plain(s)));
    })
    .when(|s| s.front().shown(s)),
    row("filter", &[Char('/')], "Filter (also !not, app:, region:, rtt>50, lost)", filter::begin)
        .takes(&TEXT)
        .hint(2, 62, "filter")
        .when(|s| when(s.front().filter(s).is_some(), "there is nothing to filter here")),
    row("refresh", &[Char('r')], "Ask again for what is selected", |s, _, out| s.front().refresh(s, out))
        .hint(4, 70, "refresh")
        .when(|s| s.front().refreshable(s)),
    row("refresh-all", &[Char('R')], "Ask again for everything, and read the conf again", |s, _, out| {
        out.ask(Command::Refresh(None));
        out.reload();
        s.say("asking for everything again");
    }),
    row("handshake", &[Ctrl('r')], "Shake hands anew", |s, _, out| {
        out.ask(Command::Rehandshake);
        s.say("shaking hands anew");
    })
    .when(|s| when(s.networks.front().shown.link.is_some(), "there is no link yet")),
    row("freeze", &[Char('f')], "Freeze the screen; work goes on", |s, _, _| s.freeze())
        .hint(7, 71, "freeze"),
    row("theme", &[], "Other colours: auto, dark, light, cvd, mono", theme).takes(&THEME),
    row("mouse", &[], "Listen to the mouse, or leave it to the terminal", mouse).takes(&SWITCH),
    row("last-message", &[Char('!')], "Last message again; hide the banner", |s, _, _| last_message(s))
        .when(|s| when(s.toast.is_some() || has_banner(s), "there has been no message")),
    row("back", &[Code(KeyCode::Esc)], "One step back", |s, _, _| s.back()),
    row("repaint", &[Ctrl('l')], "Paint everything anew", |_, _, out| out.push(Effect::Repaint)),
    row("suspend", &[Ctrl('z')], "Suspend", |_, _, out| out.push(Effect::Suspend)),
    row("command", &[Char(':'), Ctrl('p')], "Run a command", |s, _, _| menu::palette(s, ""))
        .hint(2, 80, "command"),
    row("help", &[Char('?'), Code(KeyCode::F(1))], "Help", |s, _, _| menu::help(s)).hint(0, 81, "help"),
    row("quit", &[Char('q'), Ctrl('c')], "Quit", |_, _, out| out.push(Effect::Quit)).hint(1, 82, "quit"),
];

const fn row(id: &'static str, keys: &'static [Key], help: &'static str, run: super::command::Run) -> Row {
    Row::new(id, Context::EVERYWHERE, keys, help, run)
}

/// As far as a list goes.
const FAR: isize = isize::MAX / 2;

fn page(state: &State) -> isize {
    usize::from(state.page.max(2)).cast_signed()
}

fn step(state: &mut State, by: isize) {
    state.front().step(state, by);
}

fn copy_as(state: &mut State, told: Option<&str>, out: &mut Out) {
    let Some(told) = told else { return menu::palette(state, "copy-as ") };
    let form = state.front().forms(state).into_iter().find(|(what, _)| *what == told);
    if let Some((what, text)) = form {
        copy::put(state, what, text, out);
    }
}

fn theme(state: &mut State, told: Option<&str>, _: &mut Out) {
    let Some(told) = told else { return menu::palette(state, "theme ") };
    if let Some(theme) = ThemeName::named(told) {
        state.theme = theme;
        state.chosen.theme = Some(theme);
        state.say(format!("the colours are {told}"));
    }
}

fn mouse(state: &mut State, told: Option<&str>, _: &mut Out) {
    let on = told.map_or(!state.mouse.on, |told| told == "on");
    state.mouse.on = on;
    state.chosen.mouse = Some(on);
    state.say(if on {
        "the mouse is listened to; Shift selects text"
    } else {
        "the mouse is the terminal's"
    });
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
