//! The port check: the ports, and the result of each.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::State;
use crate::probe::port::{Port, PortResult};
use crate::text::{fit, ms};
use crate::ui::canvas::Canvas;
use crate::ui::parts::line::{Columns as _, wrap};
use crate::ui::parts::list::{below, lines};
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, .. } = *canvas;
    let dim = theme.style(Role::Dim);
    let line = lines(area);
    let all = state.views.ping.checking;
    let tried = &state.networks.front().shown.ports;
    let progress = if tried.len() < all {
        let share = tried.len() * 20 / all.max(1);
        format!("{}{} {} of {all}", "█".repeat(share), "·".repeat(20 - share), tried.len())
    } else {
        canvas.with_keys(&format!("{all} checked · {{ports}} repeat · {{protocols}} protocols"))
    };
    let first = tried.first().map(|result| &result.check.label);
    let alone = tried.iter().all(|result| Some(&result.check.label) == first);
    let of =
        first.filter(|_| alone).map(|label| format!("  {}", fit(label.as_str(), 24))).unwrap_or_default();
    canvas.rule(area, &format!("Ports{of}"), false, &progress);
    let columns = usize::from(area.width).saturating_sub(4);
    let mut notes: Vec<String> = explained(state).iter().flat_map(|note| wrap(note, columns)).collect();
    notes.truncate(usize::from(area.height / 3));
    let room = usize::from(area.height.saturating_sub(1)).saturating_sub(notes.len());
    let mut shown: Vec<&PortResult> = tried.iter().collect();
    shown.sort_by_key(|result| rank(&result.port));
    // With one machine only, its name is left out.
    let name = if alone { 0 } else { 30.min(columns / 3) };
    let rows = shown.iter().take(room).map(|result| row(result, name, columns, theme));
    canvas.lines(below(area, 1), rows);
    if shown.len() > room && room > 0 {
        let more = format!("  … {} more", shown.len() + 1 - room);
        let last = line(room as u16);
        Line::default().add(format!("{more:<0$}", usize::from(area.width)), dim).paint(last, canvas);
    }
    let foot = below(area, area.height - notes.len() as u16);
    canvas.lines(foot, notes.iter().map(|note| Line::default().add(format!("  {note}"), dim)));
}

/// One port in a line of `columns`; its machine's name takes `name` columns, none if that is 0.
fn row(
    PortResult { check, port, protocol }: &PortResult,
    name: usize,
    columns: usize,
    theme: Theme,
) -> Line<'static> {
    let (glyph, role) = match port {
        Port::Open(_) => ("●", Role::Ok),
        Port::Refused | Port::Prohibited => ("✗", Role::Warn),
        Port::Filtered => ("○", Role::Dim),
        Port::Error(_) => ("▲", Role::Warn),
    };
    let rest = match port {
        Port::Open(took) => format!("{} ms", ms(*took)),
        Port::Error(error) => error.clone(),
        Port::Refused | Port::Prohibited | Port::Filtered => String::new(),
    };
    let (plain, dim) = (theme.style(Role::Plain), theme.style(Role::Dim));
    let mut text = Line::default()
        .add(format!("  {glyph} "), theme.style(role))
        .add(format!("{:<8}", port.as_str()), theme.style(role))
        .add(format!("{:>6}  ", check.to.port()), plain)
        .add(fit(check.label.as_str(), name), plain)
        .to(20 + name + usize::from(name > 0));
    // In a small window the banner is more useful than the round trip.
    if protocol.is_none() || columns > 70 {
        text = text.add(format!("{rest:<10}  "), dim);
    }
    match protocol {
        Some(protocol) => {
            let role = if protocol.recognised().is_some() { Role::Plain } else { Role::Warn };
            text.add(protocol.banner.words(), theme.style(role))
        }
        None => text,
    }
}

fn rank(port: &Port) -> u8 {
    match port {
        Port::Open(_) => 0,
        Port::Refused => 1,
        Port::Prohibited | Port::Error(_) => 2,
        Port::Filtered => 3,
    }
}

/// Explains refused and filtered ports (reference document, "Connect to a running service via its 6PN address"
/// and "Flycast").
fn explained(state: &State) -> Vec<String> {
    let tried = &state.networks.front().shown.ports;
    let replies = |address| state.series(address).is_some_and(|series| series.received > 0);
    let mut notes = Vec::new();
    if tried.iter().any(|result| result.port == Port::Refused) {
        notes.push(
            "refused: the host responds, but nothing listens on its private address. The service must listen on \
             fly-local-6pn or [::] (for Flycast on 0.0.0.0)."
                .to_owned(),
        );
    }
    let filtered: Vec<_> = tried.iter().filter(|result| result.port == Port::Filtered).collect();
    if filtered.iter().any(|result| replies(*result.check.to.ip())) {
        notes.push(
            "filtered (no reply), but the host replies to ping: a filter drops the connection.".to_owned(),
        );
    } else if !filtered.is_empty() {
        notes.push(
            "filtered: no reply in 1.5 s. No machine has this address, or a filter drops the connection."
                .to_owned(),
        );
    }
    notes
}
