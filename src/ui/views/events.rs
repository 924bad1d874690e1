//! The Events view: changes, newest first.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::mouse::Spot;
use crate::catalog::diff::Change;
use crate::text::{count, fit, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::line::{Columns as _, marked, wrap};
use crate::ui::parts::list::{below, first_row, lines};
use crate::ui::theme::Role;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    canvas.hits.add(area, Spot::List);
    let total = state.shown_events().count();
    canvas.rule(area, &count(total, "event"), false, "newest first");
    let Some(chosen) = state.chosen_row() else { return empty(canvas, below(area, 2)) };
    let line = lines(area);
    let heading = u16::from(size != Size::Small);
    let about = if size == Size::Wide { 34 } else { 24 };
    let dim = theme.style(Role::Dim);
    if heading > 0 {
        let names = Line::default().add("  TIME", dim).to(14).add("WHERE", dim).to(14 + about);
        names.add("WHAT", dim).paint(line(1), canvas);
    }
    // Text that does not fit its column is shown in full below the list.
    let clause = state.shown_events().nth(chosen).map(|event| event.change.clause()).unwrap_or_default();
    let columns = usize::from(area.width);
    let full = if 14 + about + width(&clause) > columns { wrap(&clause, columns - 3) } else { Vec::new() };
    let foot = if full.is_empty() { 0 } else { full.len() as u16 + 1 };
    let foot = if foot + heading + 3 > area.height { 0 } else { foot };
    if foot > 0 {
        let foot = below(area, area.height - foot);
        canvas.rule(foot, "", false, "selected");
        let plain = theme.style(Role::Plain);
        canvas.lines(below(foot, 1), full.iter().map(|part| Line::default().add(format!("  {part}"), plain)));
    }
    let top = below(area, 1 + heading);
    let rows = Rect { height: top.height.saturating_sub(foot), ..top };
    let offset = first_row(chosen, total, rows.height.into());
    for ((n, event), here) in state.shown_events().enumerate().skip(offset).zip(rows.rows()) {
        let (mark, role) = glyph(&event.change);
        marked(n == chosen, theme)
            .add(state.time_of_day(event.at), dim)
            .to(12)
            .add(mark, theme.style(role))
            .to(14)
            .add(fit(&event.change.subject(), about - 2), theme.row(n == chosen))
            .to(14 + about)
            .add(event.change.clause(), theme.style(role))
            .paint(here, canvas);
        canvas.row(here, n, n == chosen);
    }
}

fn empty(canvas: &mut Canvas<'_>, area: Rect) {
    let log = &canvas.state.views.events;
    let why = match (log.filter.is_empty(), log.was_cleared()) {
        (true, false) => {
            "Nothing has changed since sixpane attached. Machines that start, stop or move appear here."
        }
        (true, true) => {
            "Nothing has changed since the list was cleared. Machines that start, stop or move appear here."
        }
        (false, _) => "No event matches the filter. {back} clears it.",
    };
    canvas.prose(area, &[why]);
}

/// Glyph of a change, with its role.
fn glyph(change: &Change) -> (&'static str, Role) {
    match change {
        Change::AppCame(_) | Change::MachineCame(_) | Change::PeerCame(_) | Change::TargetReachable(..) => {
            ("●", Role::Ok)
        }
        Change::AppWent(_) | Change::MachineWent(_) | Change::PeerWent(_) => ("✗", Role::Warn),
        Change::MachineMoved(..) | Change::MachineReaddressed(..) => ("→", Role::Accent),
        Change::Disagree(..) => ("▲", Role::Warn),
        Change::Agree(..) => ("✓", Role::Ok),
        Change::TargetUnreachable(_) => ("○", Role::Warn),
        Change::RttMoved(..) => ("▲", Role::Accent),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::tests::Session;
    use crate::ui::tests::{SIZES, screen};
    use crate::ui::theme::Theme;

    #[test]
    fn events() {
        use crate::app::tests::log;
        use crate::catalog::diff::{Change, Place};
        let mut s = Session::attached();
        s.state.clock = Some((s.now, "2026-11-24T14:03:00+00:00[UTC]".parse().unwrap()));
        s.keys("5");
        for at in SIZES {
            let name = format!("no_events_{}x{}", at.0, at.1);
            insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, true));
        }
        let place = |id: &str, region: &str| Place {
            app: "web".into(),
            id: id.into(),
            region: Some(region.into()),
            address: "fdaa:0:18:a7b:7d:f066:b83b:2".parse().ok(),
        };
        let changes = vec![
            Change::AppCame("web".into()),
            Change::MachineCame(place("17815dd2b06689", "fra")),
            Change::MachineMoved(place("5683d4e5f72089", "syd"), Some("ams".into())),
            Change::MachineReaddressed(place("5683d4e5f72089", "syd"), "fdaa:0:18:a7b:1::2".parse().ok()),
            Change::MachineWent(place("91851e2c0d3e83", "fra")),
            Change::PeerCame("other-peer".into()),
            Change::Disagree("api".into(), None, "_instances names 2 machines, vms.api 3".into()),
        ];
        log(&mut s, changes);
        s.keys("jj");
        for at in SIZES {
            let name = format!("events_{}x{}", at.0, at.1);
            insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, true));
        }
    }
}
