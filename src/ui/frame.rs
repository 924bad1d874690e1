//! The frame around every view: two rows at the top, the banner of a link that is down, and the last row.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::command::Context;
use crate::app::mouse::Spot;
use crate::app::{State, Tab};
use crate::catalog::place::Node;
use crate::net::{LinkError, LinkState, Phase};
use crate::probe::series::Series;
use crate::text::{Safe, age, ago, bytes, count, fit, ms};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::hints::{hints, possible};
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::{below, lines};
use crate::ui::theme::{Role, Theme};

/// Prompt of the filter while it is edited.
pub const FILTER_PROMPT: &str = " / ";

/// Draws the frame; returns the remaining area for the view.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) -> Rect {
    let theme = canvas.theme;
    let row = lines(area);
    first_row(canvas, row(0));
    second_row(canvas, row(1));
    let mut top = 2;
    if let Some((role, lines)) = banner(canvas) {
        for (line, text) in lines.into_iter().enumerate() {
            let style = if line == 0 { theme.style(role) } else { theme.style(Role::Plain) };
            Line::default().add(&text, style).paint(row(top), canvas);
            top += 1;
        }
        if role == Role::Bad {
            canvas.fill(row(top), '─', theme.style(Role::Dim));
            top += 1;
        }
    }
    last_row(canvas, row(area.height - 1));
    below(Rect { height: area.height - 1, ..area }, top)
}

fn first_row(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let lead = if size == Size::Wide { " sixpane  " } else { " " };
    let mut left = Line::default().add(lead, theme.strong());
    for tab in Tab::ALL {
        let (key, name) = tab.title();
        let here = tab == state.tab;
        let words = match (size, here) {
            (Size::Small, true) => format!("[{key}]{name} "),
            (Size::Small, false) => format!("{key} "),
            (_, true) => format!("[{key} {name}]"),
            (_, false) => format!(" {key} {name} "),
        };
        canvas.hits.columns(area, left.columns()..left.columns() + words.len(), Spot::Tab(tab));
        left = left.add(words, if here { theme.focused() } else { dim });
    }
    if size == Size::Small {
        left = left.add(format!(" {}", state.networks.front().identity.network()), dim);
    }
    let right = match &state.networks.front().shown.link {
        Some(link) => link_words(state, link, theme, size),
        None => Line::default().add("starting ", dim),
    };
    canvas.two_ends(area, left, right, (' ', dim));
}

/// State of the link: a glyph, a word and figures.
fn link_words(state: &State, link: &LinkState, theme: Theme, size: Size) -> Line<'static> {
    let dim = theme.style(Role::Dim);
    let waited = state.now.saturating_duration_since(link.since);
    let (since, up) = (ago(waited), age(waited));
    let mut text = match link.phase {
        Phase::Resolving => Line::default().add("◐ looking up the endpoint ", theme.style(Role::Warn)),
        Phase::Handshaking => Line::default().add(format!("◐ handshake {since} "), theme.style(Role::Warn)),
        Phase::Down => Line::default().add(format!("✗ down {since} "), theme.style(Role::Bad)),
        Phase::Up => {
            let word = match size {
                Size::Wide => format!("● up {up}"),
                Size::Normal => "● up".into(),
                _ => "●".into(),
            };
            Line::default().add(word, theme.style(Role::Ok))
        }
    };
    if link.phase != Phase::Up {
        return text;
    }
    let gap = if size == Size::Small { " " } else { "  " };
    if let Some(at) = link.last_handshake {
        let age = age(state.now.saturating_duration_since(at));
        text = text.add(format!("{gap}hs {age}"), dim);
    }
    let gateway = state.series(state.networks.front().identity.dns.addr).and_then(Series::newest);
    if let Some(newest) = gateway {
        let label = if size == Size::Small { "" } else { "gw " };
        text = match newest {
            Some(rtt) => text.add(format!("{gap}{label}{} ms", ms(rtt)), dim),
            None => text.add(format!("{gap}{label}lost"), theme.style(Role::Warn)),
        };
    }
    if size == Size::Wide {
        let moved = format!("  ↓{} ↑{}", bytes(link.received_bytes), bytes(link.sent_bytes));
        text = text.add(moved, dim);
    }
    text.add(" ", dim)
}

fn second_row(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let mut left = Line::default().add(" ", dim);
    if size != Size::Small {
        left = left
            .add(fit(&state.networks.front().identity.name, 24), theme.strong())
            .add(format!("  {}", state.networks.front().identity.network()), dim);
    }
    for (n, part) in crumbs(state).into_iter().enumerate() {
        let arrow = if n == 0 && size == Size::Small { "" } else { " ▸ " };
        left = left.add(arrow, dim).add(fit(part.as_str(), 32), theme.style(Role::Plain));
    }
    let left = left.add(" ", dim);
    let marked = match state.views.explore.tree.marked().len() {
        n if n > 0 && state.tab == Tab::Explore => format!(" {n} marked ·"),
        _ => String::new(),
    };
    let right = Line::default()
        .add(marked, theme.style(Role::Accent))
        .add(format!(" {}", progress(state, size)), dim);
    let right = match state.frozen {
        Some(since) => {
            let age = age(state.now.saturating_duration_since(since));
            right.add(format!("  FROZEN {age}"), theme.style(Role::Warn)).add(" ", dim)
        }
        None => right.add(" ", dim),
    };
    canvas.two_ends(area, left, right, ('─', dim));
}

fn crumbs(state: &State) -> Vec<Safe> {
    match state.views.explore.tree.selected().filter(|_| state.tab == Tab::Explore) {
        None => vec![],
        Some(Node::App(app)) => vec![app.clone()],
        Some(Node::Region(app, region)) => {
            [Some(app.clone()), region.clone()].into_iter().flatten().collect()
        }
        Some(Node::Machine(app, id)) => {
            let region = state
                .networks
                .front()
                .shown
                .catalog
                .machine(app, id)
                .and_then(|machine| machine.region.clone());
            [Some(app.clone()), region, Some(id.clone())].into_iter().flatten().collect()
        }
        Some(Node::Peers) => vec!["peers".into()],
        Some(Node::Peer(peer)) => vec!["peers".into(), peer.clone()],
    }
}

/// A walk that takes longer than this shows its progress; for shorter walks that would only flicker.
const LONG_WALK: Duration = Duration::from_secs(1);

/// Age of the displayed data, or progress of the walk.
fn progress(state: &State, size: Size) -> String {
    let walk = &state.networks.front().shown.catalog.walk;
    let (apps, machines) =
        (state.networks.front().shown.catalog.apps.len(), state.views.explore.tree.machines());
    let long = state
        .networks
        .front()
        .walking
        .is_some_and(|since| state.now.saturating_duration_since(since) >= LONG_WALK);
    let age = walk.finished.map(|at| age(state.now.saturating_duration_since(at)));
    let partial = if state.networks.front().shown.problems.is_empty() { "" } else { "partial · " };
    match age {
        None if !walk.running => "not walked yet".into(),
        None if apps == 0 => "walking".into(),
        Some(age) if !(walk.running && long && apps > 0) => match size {
            Size::Wide => {
                let verb = if state.is_up() { "walked" } else { "seen" };
                let hidden = match state.views.explore.tree.hidden() {
                    0 => String::new(),
                    n => format!(" ({n} hidden)"),
                };
                let apps = count(apps, "app");
                format!("{partial}{verb} {age} ago · {apps}{hidden} · {}", count(machines, "machine"))
            }
            Size::Normal => format!("{partial}{age} ago · {}", count(machines, "machine")),
            _ => format!("{partial}{age} ago"),
        },
        _ => {
            let done = format!("walking {}/{apps} apps", walk.apps_done);
            if size == Size::Wide { format!("{done} · {}", count(machines, "machine")) } else { done }
        }
    }
}

/// Message above the view: the link is down, or the last walk was incomplete.
fn banner(canvas: &Canvas<'_>) -> Option<(Role, Vec<String>)> {
    let state = canvas.state;
    if state.networks.front().banner_hidden {
        return None;
    }
    let link = state.networks.front().shown.link.as_ref()?;
    let waiting = state.now.saturating_duration_since(link.since).as_millis() >= 1500;
    let down = link.phase == Phase::Down || (link.phase == Phase::Handshaking && waiting);
    let failing = link.error.is_some() && link.phase != Phase::Up;
    let walk = &state.networks.front().shown.catalog.walk;
    if !(down || failing) {
        let shown =
            walk.finished.is_some() && !state.views.explore.tree.is_empty() && state.tab == Tab::Explore;
        let problem = state.networks.front().shown.problems.first().filter(|_| shown && state.is_up())?;
        let more = if state.networks.front().shown.problems.len() > 1 { ", and more" } else { "" };
        let keys = canvas.with_keys("{refresh-all} retry · {last-message} hide");
        let text = format!(" ▲ {problem}{more} · ◌ as last seen · {keys}");
        return Some((Role::Warn, vec![text]));
    }
    let what = link.error.as_ref().map_or_else(
        || format!("no handshake reply from {} yet", state.networks.front().identity.endpoint),
        |error| Safe::new(error.to_string()).as_str().to_owned(),
    );
    let tries = format!("{} sent", count(link.initiations as usize, "initiation"));
    let showing = if walk.finished.is_some() { "showing the network as last seen; " } else { "" };
    let keys = canvas.with_keys("{handshake} retry now  {last-message} hide");
    // Other errors have causes of their own.
    let silent = matches!(link.error, None | Some(LinkError::Silent(_)));
    let likely = if silent { " Possible: peer removed, other key, UDP blocked." } else { "" };
    let lines = vec![format!(" ✗ {what}"), format!("   {showing}{tries}.{likely}  {keys}")];
    Some((Role::Bad, lines))
}

fn last_row(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    if state.filter_line.is_some() {
        filter_line(canvas, area);
    } else if let Some(toast) = state.toast() {
        Line::default().add(format!(" {toast}"), theme.strong()).paint(area, canvas);
    } else {
        hint_line(canvas, area);
    }
}

fn filter_line(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let Some(input) = &state.filter_line else { return };
    let found = state.front().found(state);
    let typed = Safe::new(input.value());
    let left =
        Line::default().add(FILTER_PROMPT, theme.focused()).add(typed.as_str(), theme.style(Role::Plain));
    let possible = possible(&state.keymap, Some(state), Context::FILTER, usize::from(area.width) / 2);
    let right = hints(&possible, theme).add("  ", dim).add(found, dim);
    canvas.two_ends(area, left, right, (' ', dim));
}

fn hint_line(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let context = state.context();
    let row = state.keymap.find(context, "quit");
    let quit = match state.keymap.key(context, "quit") {
        Some(key) => Line::default().add(key.show(theme.ascii), theme.style(Role::Accent)).add(" quit ", dim),
        None => Line::default(),
    };
    let columns = usize::from(area.width);
    if let Some(row) = row {
        canvas.hits.columns(area, columns.saturating_sub(quit.columns())..columns, Spot::Do(row));
    }
    let filter = state.front().filter(state).unwrap_or_default();
    let mut right = Line::default();
    if !filter.is_empty() {
        right = right.add(format!(" /{} ", Safe::new(filter)), theme.style(Role::Warn));
    }
    let right = right.join(quit);
    let room = columns.saturating_sub(right.columns() + 2);
    let possible = possible(&state.keymap, Some(state), context, room);
    let mut at = 1;
    for hint in &possible {
        let end = at + hint.columns(theme.ascii);
        canvas.hits.columns(area, at..end, Spot::Do(hint.row));
        at = end + 2;
    }
    canvas.two_ends(area, hints(&possible, theme), right, (' ', dim));
}
