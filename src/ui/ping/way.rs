//! The way to a target, hop by hop, and its ports.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::catalog::place::Node;
use crate::probe::port::{Knocked, Port};
use crate::probe::series::Sample;
use crate::probe::stats::Stats;
use crate::probe::trace::{Hop, Trace};
use crate::text::{fit, ms, width};
use crate::ui::Size;
use crate::ui::parts::{Text, rule, spark, tell, top, wrap};
use crate::ui::theme::{Role, Theme};

/// Columns of a figure.
const FIGURE: usize = 8;

/// The trace under way.
pub fn trace(state: &State, theme: Theme, size: Size, area: Rect, buffer: &mut Buffer) {
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let Some(trace) = &state.view.trace else {
        rule("Trace", false, &tell(state, theme, "{trace} starts anew"), theme, line(0), buffer);
        return Text::new().add("  ◐ asking the way", dim).paint(line(1.min(area.height - 1)), buffer);
    };
    let title = format!("Trace {}", fit(trace.target.label.as_str(), 40));
    let pace = match (trace.done, state.is_up()) {
        (true, _) => "done".into(),
        (false, false) => "waiting for the link".into(),
        (false, true) => format!("every {:.1} s", trace.interval.as_secs_f64()),
    };
    let end = format!("round {} · {pace} · {}", trace.rounds, tell(state, theme, "{back} ends it"));
    rule(&title, false, &end, theme, line(0), buffer);
    let columns = Columns::of(size, area.width);
    columns.header(theme).paint(line(1), buffer);
    let foot = mtu_words(trace);
    let room = usize::from(area.height.saturating_sub(3));
    let skipped = trace.hops.len().saturating_sub(room);
    for (n, hop) in trace.hops.iter().skip(skipped).take(room).enumerate() {
        columns.row(state, trace, hop, theme).paint(line(2 + n as u16), buffer);
    }
    Text::new().add(format!("  {foot}"), dim).paint(line(area.height - 1), buffer);
}

struct Columns {
    name: usize,
    figures: &'static [&'static str],
    sparks: usize,
}

impl Columns {
    fn of(size: Size, columns: u16) -> Self {
        let (name, figures): (usize, &[&str]) = match size {
            Size::Wide => (44, &["LOSS", "SENT", "LAST", "AVG", "BEST", "WORST", "MDEV"]),
            Size::Normal => (32, &["LOSS", "LAST", "AVG", "WORST"]),
            _ => (30, &["LOSS", "AVG"]),
        };
        let used = 6 + name + figures.len() * FIGURE + 2;
        Self { name, figures, sparks: usize::from(columns).saturating_sub(used).min(20) }
    }

    fn header(&self, theme: Theme) -> Text<'static> {
        let dim = theme.style(Role::Dim);
        let mut text = Text::new().add("  HOP WHO", dim).to(6 + self.name);
        for title in self.figures {
            text = text.add(format!("{title:>FIGURE$}"), dim);
        }
        text
    }

    fn row(&self, state: &State, trace: &Trace, hop: &Hop, theme: Theme) -> Text<'static> {
        let plain = theme.style(Role::Plain);
        let who = match hop.by.as_slice() {
            [] => "no answer".to_owned(),
            [(by, _)] => name(state, trace, *by),
            [(by, _), rest @ ..] => format!("{} and {} more", name(state, trace, *by), rest.len()),
        };
        let who = hop.error.as_ref().map_or(who.clone(), |error| format!("{who}: {error}"));
        let style = if hop.by.is_empty() { theme.style(Role::Dim) } else { plain };
        let mut text = Text::new()
            .add(format!("  {:>3} ", hop.limit), theme.style(Role::Dim))
            .add(fit(&who, self.name - 1), style)
            .to(6 + self.name);
        for title in self.figures {
            let (value, role) = figure(hop, title);
            let pad = FIGURE.saturating_sub(width(&value));
            text = text.add(" ".repeat(pad), plain).add(value, theme.style(role));
        }
        let largest = hop.stats.map(|stats| stats.max).unwrap_or_default();
        let recent: &[Sample] = &hop.recent;
        text.add("  ", plain).join(spark(recent, self.sparks, top(largest), theme))
    }
}

/// Who is at an address, where that is known.
fn name(state: &State, trace: &Trace, address: std::net::Ipv6Addr) -> String {
    if address == state.profile.dns.addr {
        return format!("gateway {address}");
    }
    if address == trace.target.address {
        return format!("{} {address}", trace.target.label);
    }
    match Node::at(address, &state.view.catalog) {
        Some(Node::Machine(app, id)) => format!("{id}.vm.{app} {address}"),
        Some(Node::Peer(peer)) => format!("{peer} {address}"),
        _ => address.to_string(),
    }
}

fn figure(hop: &Hop, title: &str) -> (String, Role) {
    let stat = |pick: fn(Stats) -> Duration| {
        (hop.stats.map_or_else(|| "–".to_owned(), |stats| ms(pick(stats))), Role::Plain)
    };
    match title {
        "LOSS" => match hop.loss() {
            None => ("–".into(), Role::Dim),
            Some(loss) => {
                let role = if loss > 0.0 { Role::Warn } else { Role::Plain };
                (format!("{:.1}%", loss * 100.0), role)
            }
        },
        "SENT" => (hop.sent.to_string(), Role::Plain),
        "LAST" => stat(|s| s.last),
        "AVG" => stat(|s| s.avg),
        "BEST" => stat(|s| s.min),
        "WORST" => stat(|s| s.max),
        _ => stat(|s| s.mdev),
    }
}

/// What is known of the MTU, as a sentence.
fn mtu_words(trace: &Trace) -> String {
    let mtu = &trace.mtu;
    let said = mtu.by.map(|by| format!(", says {by}")).unwrap_or_default();
    match (mtu.fits, mtu.too_big) {
        (Some(fits), None) => format!("MTU: packets of {fits} bytes, the tunnel's largest, come through"),
        (Some(fits), Some(_)) if !mtu.done => format!("◐ MTU: {fits} bytes come through so far"),
        (Some(fits), Some(_)) if mtu.silent => {
            format!("▲ MTU: {fits} bytes come through; larger packets vanish without a word")
        }
        (Some(fits), Some(_)) => format!("▲ MTU: {fits} bytes come through; larger packets do not{said}"),
        (None, Some(size)) if mtu.done => format!("✗ MTU: not even {size} bytes come through{said}"),
        _ if trace.is_reached() => "◐ MTU: looking for the largest packet that comes through".into(),
        _ => "the target has not answered yet".into(),
    }
}

/// The ports that are tried, and what they came to.
pub fn ports(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let dim = theme.style(Role::Dim);
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let all = state.ping.knocking;
    let tried = &state.view.ports;
    let progress = if tried.len() < all {
        let share = tried.len() * 20 / all.max(1);
        format!("{}{} {} of {all}", "█".repeat(share), "·".repeat(20 - share), tried.len())
    } else {
        tell(state, theme, &format!("{all} tried · {{ports}} again · {{speak}} speaks to them"))
    };
    let first = tried.first().map(|knocked| &knocked.knock.label);
    let alone = tried.iter().all(|knocked| Some(&knocked.knock.label) == first);
    let whose =
        first.filter(|_| alone).map(|label| format!("  {}", fit(label.as_str(), 24))).unwrap_or_default();
    rule(&format!("Ports{whose}"), false, &progress, theme, line(0), buffer);
    let notes = explained(state);
    let columns = usize::from(area.width).saturating_sub(4);
    let mut notes: Vec<String> = notes.iter().flat_map(|note| wrap(note, columns)).collect();
    notes.truncate(usize::from(area.height / 3));
    let room = usize::from(area.height.saturating_sub(1)).saturating_sub(notes.len());
    let mut shown: Vec<&Knocked> = tried.iter().collect();
    shown.sort_by_key(|knocked| rank(&knocked.port));
    for (n, Knocked { knock, port, heard }) in shown.iter().take(room).enumerate() {
        let (glyph, role) = match port {
            Port::Open(_) => ("●", Role::Ok),
            Port::Refused => ("✗", Role::Warn),
            Port::Silent => ("○", Role::Dim),
            Port::Error(_) => ("▲", Role::Warn),
        };
        let rest = match port {
            Port::Open(took) => format!("{} ms", ms(*took)),
            Port::Error(error) => error.clone(),
            Port::Refused | Port::Silent => String::new(),
        };
        // Whose it is need not be said of one alone.
        let name = if alone { 0 } else { 30.min(columns / 3) };
        let mut text = Text::new()
            .add(format!("  {glyph} "), theme.style(role))
            .add(format!("{:<8}", port.as_str()), theme.style(role))
            .add(format!("{:>6}  ", knock.to.port()), theme.style(Role::Plain))
            .add(fit(knock.label.as_str(), name), theme.style(Role::Plain))
            .to(20 + name + usize::from(!alone));
        // In a small window what is there says more than how far it is.
        let known = heard.as_ref().map(|heard| (heard.spoken.words(), heard.protocol().is_some()));
        if known.is_none() || columns > 70 {
            text = text.add(format!("{rest:<10}  "), dim);
        }
        if let Some((words, known)) = known {
            let role = if known { Role::Plain } else { Role::Warn };
            text = text.add(words, theme.style(role));
        }
        text.paint(line(1 + n as u16), buffer);
    }
    if shown.len() > room && room > 0 {
        let more = format!("  … {} more", shown.len() + 1 - room);
        let last = line(room as u16);
        Text::new().add(format!("{more:<0$}", usize::from(area.width)), dim).paint(last, buffer);
    }
    for (n, note) in notes.iter().enumerate() {
        let y = area.height - notes.len() as u16 + n as u16;
        Text::new().add(format!("  {note}"), dim).paint(line(y), buffer);
    }
}

fn rank(port: &Port) -> u8 {
    match port {
        Port::Open(_) => 0,
        Port::Refused => 1,
        Port::Error(_) => 2,
        Port::Silent => 3,
    }
}

/// What refused and silent ports mean here (reference document, "Connect to a running service via its 6PN address"
/// and "Flycast").
fn explained(state: &State) -> Vec<String> {
    let tried = &state.view.ports;
    let answers = |address| state.series(address).is_some_and(|series| series.received > 0);
    let mut notes = Vec::new();
    if tried.iter().any(|knocked| knocked.port == Port::Refused) {
        notes.push(
            "refused: the machine is there, and nobody listens on its private address: the service must listen on \
             fly-local-6pn or [::] (for Flycast on 0.0.0.0)."
                .to_owned(),
        );
    }
    let silent: Vec<_> = tried.iter().filter(|knocked| knocked.port == Port::Silent).collect();
    if silent.iter().any(|knocked| answers(*knocked.knock.to.ip())) {
        notes.push("silent, though it answers ping: a filter drops the connection.".to_owned());
    } else if !silent.is_empty() {
        notes.push("silent: nothing came back in 1.5 s: nobody is there, or a filter drops it.".to_owned());
    }
    notes
}
