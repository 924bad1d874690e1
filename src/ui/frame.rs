//! What stands round every view: the two rows at the top, the banner of a link that is down, the last row.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Size;
use super::hits::Hits;
use super::parts::{Text, fill, tell, two_ends};
use super::theme::{Role, Theme};
use crate::app::keys::{self, Action, Context, Keymap, Line};
use crate::app::mouse::Spot;
use crate::app::{State, Tab};
use crate::catalog::place::Node;
use crate::net::{LinkState, Phase};
use crate::probe::series::Series;
use crate::text::{Safe, age, ago, bytes, count, fit, ms};

/// What stands before the filter while it is edited.
pub const FILTER_PROMPT: &str = " / ";

/// Draws the frame, and gives what is left for the view.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Rect {
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    first_row(state, theme, size, row(0), buffer, hits);
    second_row(state, theme, size, row(1), buffer);
    let mut top = 2;
    if let Some((role, lines)) = banner(state, theme) {
        for (line, text) in lines.into_iter().enumerate() {
            let style = if line == 0 { theme.style(role) } else { theme.style(Role::Plain) };
            Text::new().add(&text, style).paint(row(top), buffer);
            top += 1;
        }
        if role == Role::Bad {
            fill(row(top), '─', theme.style(Role::Dim), buffer);
            top += 1;
        }
    }
    last_row(state, theme, row(area.height - 1), buffer, hits);
    Rect { y: area.y + top, height: area.height.saturating_sub(top + 1), ..area }
}

fn first_row(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer, hits: &mut Hits) {
    let dim = theme.style(Role::Dim);
    let lead = if size == Size::Wide { " sixpane  " } else { " " };
    let mut left = Text::new().add(lead, theme.strong());
    for tab in Tab::ALL {
        let (key, name) = tab.title();
        let here = tab == state.tab;
        let words = match (size, here) {
            (Size::Small, true) => format!("[{key}]{name} "),
            (Size::Small, false) => format!("{key} "),
            (_, true) => format!("[{key} {name}]"),
            (_, false) => format!(" {key} {name} "),
        };
        hits.columns(area, left.width()..left.width() + words.len(), Spot::Tab(tab));
        left = left.add(words, if here { theme.focused() } else { dim });
    }
    if size == Size::Small {
        left = left.add(format!(" {}", state.profile.network()), dim);
    }
    let right = match &state.view.link {
        Some(link) => link_words(state, link, theme, size),
        None => Text::new().add("starting ", dim),
    };
    two_ends(left, right, (" ", dim), area, buffer);
}

/// The link in a shape, a word and its figures.
fn link_words(state: &State, link: &LinkState, theme: Theme, size: Size) -> Text<'static> {
    let dim = theme.style(Role::Dim);
    let waited = state.now.saturating_duration_since(link.since);
    let (since, up) = (ago(waited), age(waited));
    let mut text = match link.phase {
        Phase::Resolving => Text::new().add("◐ looking up the endpoint ", theme.style(Role::Warn)),
        Phase::Handshaking => Text::new().add(format!("◐ handshake {since} "), theme.style(Role::Warn)),
        Phase::Down => Text::new().add(format!("✗ down {since} "), theme.style(Role::Bad)),
        Phase::Up => {
            let word = match size {
                Size::Wide => format!("● up {up}"),
                Size::Normal => "● up".into(),
                _ => "●".into(),
            };
            Text::new().add(&word, theme.style(Role::Ok))
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
    let gateway = state.series(state.profile.dns.addr).and_then(Series::newest);
    if let Some(newest) = gateway {
        let label = if size == Size::Small { "" } else { "gw " };
        text = match newest {
            Some(rtt) => text.add(format!("{gap}{label}{} ms", ms(rtt)), dim),
            None => text.add(format!("{gap}{label}lost"), theme.style(Role::Warn)),
        };
    }
    if size == Size::Wide {
        let moved = format!("  ↓{} ↑{}", bytes(link.received_bytes), bytes(link.sent_bytes));
        text = text.add(&moved, dim);
    }
    text.add(" ", dim)
}

fn second_row(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let dim = theme.style(Role::Dim);
    let mut left = Text::new().add(" ", dim);
    if size != Size::Small {
        left = left
            .add(fit(&state.profile.name, 24), theme.strong())
            .add(format!("  {}", state.profile.network()), dim);
    }
    for (n, part) in crumbs(state).into_iter().enumerate() {
        let arrow = if n == 0 && size == Size::Small { "" } else { " ▸ " };
        left = left.add(arrow, dim).add(fit(part.as_str(), 32), theme.style(Role::Plain));
    }
    let left = left.add(" ", dim);
    let marked = match state.tree.marked().len() {
        n if n > 0 && state.tab == Tab::Explore => format!(" {n} marked ·"),
        _ => String::new(),
    };
    let right =
        Text::new().add(marked, theme.style(Role::Accent)).add(format!(" {}", progress(state, size)), dim);
    let right = match &state.frozen {
        Some((since, _)) => {
            let age = age(state.now.saturating_duration_since(*since));
            right.add(format!("  FROZEN {age}"), theme.style(Role::Warn)).add(" ", dim)
        }
        None => right.add(" ", dim),
    };
    two_ends(left, right, ("─", dim), area, buffer);
}

fn crumbs(state: &State) -> Vec<Safe> {
    match state.tree.selected().filter(|_| state.tab == Tab::Explore) {
        None => vec![],
        Some(Node::App(app)) => vec![app.clone()],
        Some(Node::Region(app, region)) => {
            [Some(app.clone()), region.clone()].into_iter().flatten().collect()
        }
        Some(Node::Machine(app, id)) => {
            let region = state.view.catalog.machine(app, id).and_then(|machine| machine.region.clone());
            [Some(app.clone()), region, Some(id.clone())].into_iter().flatten().collect()
        }
        Some(Node::Peers) => vec!["peers".into()],
        Some(Node::Peer(peer)) => vec!["peers".into(), peer.clone()],
    }
}

/// A walk that takes longer than this is told of while it goes on; what is shorter would only flicker.
const LONG_WALK: Duration = Duration::from_secs(1);

/// How old what one sees is, or how far the walk has come.
fn progress(state: &State, size: Size) -> String {
    let walk = &state.view.catalog.walk;
    let (apps, machines) = (state.view.catalog.apps.len(), state.tree.machines());
    let long = state.walking.is_some_and(|since| state.now.saturating_duration_since(since) >= LONG_WALK);
    let age = walk.finished.map(|at| age(state.now.saturating_duration_since(at)));
    let partial = if state.view.problems.is_empty() { "" } else { "partial · " };
    match age {
        None if !walk.running => "not walked yet".into(),
        None if apps == 0 => "walking".into(),
        Some(age) if !(walk.running && long && apps > 0) => match size {
            Size::Wide => {
                let verb = if state.is_up() { "walked" } else { "seen" };
                let hidden = match state.tree.hidden() {
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

/// What is said over the view: while the link is down, and where the last walk could not ask about everything.
fn banner(state: &State, theme: Theme) -> Option<(Role, Vec<String>)> {
    if state.banner_hidden {
        return None;
    }
    let link = state.view.link.as_ref()?;
    let waiting = state.now.saturating_duration_since(link.since).as_millis() >= 1500;
    let down = link.phase == Phase::Down || (link.phase == Phase::Handshaking && waiting);
    let told = link.trouble.is_some() && link.phase != Phase::Up;
    let walk = &state.view.catalog.walk;
    if !(down || told) {
        let shown = walk.finished.is_some() && !state.tree.is_empty() && state.tab == Tab::Explore;
        let problem = state.view.problems.first().filter(|_| shown && state.is_up())?;
        let more = if state.view.problems.len() > 1 { ", and more" } else { "" };
        let keys = tell(state, theme, "{refresh-all} again · {last-message} hide");
        let told = format!(" ▲ {problem}{more} · ◌ as last seen · {keys}");
        return Some((Role::Warn, vec![told]));
    }
    let what = link.trouble.as_ref().map_or_else(
        || format!("no handshake reply from {} yet", state.profile.endpoint),
        |trouble| Safe::new(trouble.to_string()).as_str().to_owned(),
    );
    let tries = format!("{} sent", count(link.initiations as usize, "initiation"));
    let showing = if walk.finished.is_some() { "showing the network as last seen; " } else { "" };
    let keys = tell(state, theme, "{handshake} try now  {last-message} hide");
    let lines = vec![
        format!(" ✗ {what}"),
        format!("   {showing}{tries}. Likely: peer removed, other key, UDP blocked.  {keys}"),
    ];
    Some((Role::Bad, lines))
}

fn last_row(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer, hits: &mut Hits) {
    let dim = theme.style(Role::Dim);
    if let Some(input) = &state.filter_line {
        let hits = match state.tab {
            Tab::Explore => {
                let all = count(state.tree.machines(), "machine");
                format!("{} of {all} ", state.tree.matches())
            }
            Tab::Dig | Tab::Ping | Tab::Doctor => String::new(),
            Tab::Events => format!("{} ", count(state.shown_events().count(), "event")),
        };
        let left = Text::new()
            .add(FILTER_PROMPT, theme.focused())
            .add(Safe::new(input.value()).as_str(), theme.style(Role::Plain));
        let possible = possible(&state.keymap, Some(state), Context::Filter, usize::from(area.width) / 2);
        let right = hints(&possible, theme).add("  ", dim).add(hits, dim);
        two_ends(left, right, (" ", dim), area, buffer);
        return;
    }
    if let Some(toast) = state.toast() {
        Text::new().add(format!(" {toast}"), theme.strong()).paint(area, buffer);
        return;
    }
    let context = state.context();
    let room = usize::from(area.width);
    let mut quit = 0;
    let right = match state.keymap.key(context, Action::Quit) {
        Some(key) => {
            let text = Text::new().add(key.show(theme.ascii), theme.style(Role::Accent)).add(" quit ", dim);
            quit = text.width();
            text
        }
        None => Text::new(),
    };
    let filter = match state.tab {
        Tab::Explore => state.tree.filter(),
        Tab::Dig | Tab::Ping | Tab::Doctor => "",
        Tab::Events => &state.log.filter,
    };
    let filter = if filter.is_empty() {
        Text::new()
    } else {
        let text = format!(" /{} ", Safe::new(filter));
        Text::new().add(text, theme.style(Role::Warn))
    };
    let right = filter.join(right);
    let room_left = room.saturating_sub(right.width() + 2);
    let mut at = 0;
    let possible = possible(&state.keymap, Some(state), context, room_left);
    for (_, _, key, words, action) in &possible {
        let width = crate::text::width(&key.show(theme.ascii)) + words.len() + 1;
        let gap = if at == 0 { 1 } else { 2 };
        hits.columns(area, at + gap..at + gap + width, Spot::Do(*action));
        at += gap + width;
    }
    hits.columns(area, room.saturating_sub(quit)..room, Spot::Do(Action::Quit));
    two_ends(hints(&possible, theme), right, (" ", dim), area, buffer);
}

/// A hint: its place in the table, its rank, its key, its words, its action.
pub type Hint = (usize, u8, keys::Key, &'static str, Action);

/// The hints of a context that are possible now, the most useful ones where not all fit, in the table's order.
pub fn possible(keymap: &Keymap, state: Option<&State>, context: Context, room: usize) -> Vec<Hint> {
    let mut all: Vec<Hint> = keymap
        .lines()
        .enumerate()
        .filter(|(_, Line { binding, .. })| {
            let apart = binding.action == Action::Quit && context != Context::Pick;
            let possible = state.is_none_or(|state| keys::enabled(state, binding.action).is_ok());
            binding.context.holds_in(context) && !apart && possible
        })
        .filter_map(|(place, line)| {
            let (rank, words) = line.binding.hint?;
            Some((place, rank, *line.keys.first()?, words, line.binding.action))
        })
        .collect();
    let columns =
        |key: keys::Key| [true, false].map(|ascii| crate::text::width(&key.show(ascii))).into_iter().max();
    let width = |all: &[Hint]| -> usize {
        // As wide as in either set of glyphs, so that both tell the same.
        all.iter().map(|(_, _, key, words, _)| columns(*key).unwrap_or(0) + words.len() + 3).sum()
    };
    while width(&all) > room && !all.is_empty() {
        if let Some(least) = (0..all.len()).max_by_key(|&at| all.get(at).map(|hint| (hint.1, hint.0))) {
            all.remove(least);
        }
    }
    all
}

/// The same as a line.
pub fn hints(possible: &[Hint], theme: Theme) -> Text<'static> {
    possible.iter().fold(Text::new(), |text, (_, _, key, words, _)| {
        let gap = if text.width() == 0 { " " } else { "  " };
        text.add(gap, theme.style(Role::Dim))
            .add(key.show(theme.ascii), theme.style(Role::Accent))
            .add(format!(" {words}"), theme.style(Role::Dim))
    })
}
