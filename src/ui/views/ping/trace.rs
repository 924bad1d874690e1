//! The route to a target, hop by hop.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::State;
use crate::catalog::place::Node;
use crate::probe::stats::Stats;
use crate::probe::trace::{Hop, Trace};
use crate::text::{fit, ms};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::chart::spark;
use crate::ui::parts::line::Columns as _;
use crate::ui::parts::list::lines;
use crate::ui::theme::{Role, Theme};

/// Width of a figure in columns.
const FIGURE: usize = 8;

/// Draws the running trace.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let line = lines(area);
    let Some(trace) = &state.networks.front().shown.trace else {
        canvas.rule(area, "Trace", false, &canvas.with_keys("{trace} restart"));
        return Line::default().add("  ◐ tracing the route", dim).paint(line(1.min(area.height - 1)), canvas);
    };
    let title = format!("Trace {}", fit(trace.target.label.as_str(), 40));
    let pace = match (trace.done, state.is_up()) {
        (true, _) => "done".into(),
        (false, false) => "waiting for the link".into(),
        (false, true) => format!("every {:.1} s", trace.interval.as_secs_f64()),
    };
    let end = format!("round {} · {pace} · {}", trace.rounds, canvas.with_keys("{back} stop"));
    canvas.rule(area, &title, false, &end);
    let columns = Columns::of(size, area.width);
    columns.header(theme).paint(line(1), canvas);
    let foot = mtu_words(trace);
    let room = usize::from(area.height.saturating_sub(3));
    let skipped = trace.hops.len().saturating_sub(room);
    for (n, hop) in trace.hops.iter().skip(skipped).take(room).enumerate() {
        columns.row(state, trace, hop, theme).paint(line(2 + n as u16), canvas);
    }
    Line::default().add(format!("  {foot}"), dim).paint(line(area.height - 1), canvas);
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

    fn header(&self, theme: Theme) -> Line<'static> {
        let dim = theme.style(Role::Dim);
        let mut text = Line::default().add("  HOP NAME", dim).to(6 + self.name);
        for title in self.figures {
            text = text.add(format!("{title:>FIGURE$}"), dim);
        }
        text
    }

    fn row(&self, state: &State, trace: &Trace, hop: &Hop, theme: Theme) -> Line<'static> {
        let plain = theme.style(Role::Plain);
        let who = match hop.by.as_slice() {
            [] => "no reply".to_owned(),
            [(by, _)] => name(state, trace, *by),
            [(by, _), rest @ ..] => format!("{} and {} more", name(state, trace, *by), rest.len()),
        };
        let who = hop.error.as_ref().map_or(who.clone(), |error| format!("{who}: {error}"));
        let style = if hop.by.is_empty() { theme.style(Role::Dim) } else { plain };
        let mut text = Line::default()
            .add(format!("  {:>3} ", hop.limit), theme.style(Role::Dim))
            .add(fit(&who, self.name - 1), style)
            .to(6 + self.name);
        for title in self.figures {
            let (value, role) = figure(hop, title);
            text = text.right(value, FIGURE, theme.style(role));
        }
        let largest = hop.stats.map(|stats| stats.max);
        text.add("  ", plain).join(spark(&hop.recent, self.sparks, largest, theme))
    }
}

/// Name and address of a hop, if it is known.
fn name(state: &State, trace: &Trace, address: std::net::Ipv6Addr) -> String {
    if address == state.networks.front().identity.dns.addr {
        return format!("gateway {address}");
    }
    if address == trace.target.address {
        return format!("{} {address}", trace.target.label);
    }
    match Node::at(address, &state.networks.front().shown.catalog) {
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

/// State of the path MTU discovery, as a sentence.
fn mtu_words(trace: &Trace) -> String {
    let mtu = &trace.mtu;
    let reported = mtu.by.map(|by| format!(", reported by {by}")).unwrap_or_default();
    match (mtu.fits, mtu.too_big) {
        (Some(fits), None) => format!("MTU: packets of {fits} bytes, the tunnel's largest, pass"),
        (Some(fits), Some(_)) if !mtu.done => format!("◐ MTU: {fits} bytes pass so far"),
        (Some(fits), Some(_)) if mtu.black_hole => {
            format!("▲ MTU: {fits} bytes pass; larger packets are dropped without an error")
        }
        (Some(fits), Some(_)) => format!("▲ MTU: {fits} bytes pass; larger packets do not{reported}"),
        (None, Some(size)) if mtu.done => format!("✗ MTU: not even {size} bytes pass{reported}"),
        _ if trace.is_reached() => "◐ MTU: looking for the largest packet that passes".into(),
        _ => "no reply from the target yet".into(),
    }
}
