//! The Doctor view: the verdict, the list of checks, and the details of the selected check.

use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::mouse::Spot;
use crate::doctor::{Diagnosis, Finding, Status};
use crate::text::{count, fit, ms, width};
use crate::ui::canvas::{Canvas, Size};
use crate::ui::parts::line::{Columns as _, marked, wrap};
use crate::ui::parts::list::{below, first_row};
use crate::ui::theme::{Role, Theme};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let Canvas { state, theme, size, .. } = *canvas;
    let Some(diagnosis) = &state.networks.front().shown.diagnosis else {
        canvas.rule(area, "Doctor", false, "");
        let words = "  {refresh} examines the conf, the link, the name server, the org and the paths to its machines.";
        let line = Line::default().add(canvas.with_keys(words), theme.style(Role::Dim));
        return line.paint(below(area, 2.min(area.height - 1)), canvas);
    };
    let role = match diagnosis.cause.and_then(|cause| diagnosis.findings.get(cause)).map(|f| f.status) {
        _ if !diagnosis.done => Role::Plain,
        Some(Status::Fail) => Role::Bad,
        Some(Status::Warn) => Role::Warn,
        _ => Role::Ok,
    };
    Line::default().add(format!(" {}", diagnosis.verdict), theme.style(role)).paint(area, canvas);
    let chosen = state.chosen_check();
    let rest = below(area, 1);
    let finding = chosen.and_then(|at| diagnosis.findings.get(at));
    if let (Some(scroll), Some(finding)) = (state.views.doctor.story, finding) {
        full_details(canvas, rest, finding, scroll);
        canvas.cursor = Some(rest.as_position());
        return;
    }
    let subject = &diagnosis.facts.subject;
    let mut what = String::from("Checks");
    if !subject.is_all() {
        what = format!("{what}  {}", fit(&subject.to_string(), 24));
    }
    if subject.system {
        what.push_str("  and the system");
    }
    canvas.rule(rest, &what, false, &tally(diagnosis));
    let rest = below(rest, 1);
    let [list, story] = if size == Size::Small {
        let list = rest.height.saturating_sub(if finding.is_some() { 6 } else { 0 });
        [Rect { height: list, ..rest }, below(rest, list)]
    } else {
        canvas.side_by_side(rest, if size == Size::Wide { 56 } else { 44 })
    };
    checks(canvas, list, diagnosis, chosen);
    if let Some(finding) = finding {
        short_details(canvas, story, finding);
    }
}

fn tally(diagnosis: &Diagnosis) -> String {
    let n = |status| diagnosis.count(status);
    let waiting =
        if diagnosis.done { String::new() } else { format!(" · {} under way", n(Status::Waiting)) };
    format!(
        "{} ✓  {}  {}{waiting}",
        n(Status::Pass),
        count(n(Status::Warn), "warning"),
        count(n(Status::Fail), "failure")
    )
}

fn glyph(status: Status) -> (&'static str, Role) {
    match status {
        Status::Pass => ("✓", Role::Ok),
        Status::Warn => ("!", Role::Warn),
        Status::Fail => ("✗", Role::Bad),
        Status::Skip => ("·", Role::Dim),
        Status::Waiting => ("◐", Role::Dim),
    }
}

/// The list of checks under their group headings; scrolled so that the selected check is visible.
fn checks(canvas: &mut Canvas<'_>, area: Rect, diagnosis: &Diagnosis, chosen: Option<usize>) {
    let theme = canvas.theme;
    let dim = theme.style(Role::Dim);
    canvas.hits.add(area, Spot::List);
    let mut rows: Vec<Result<(usize, &Finding), &'static str>> = Vec::new();
    let mut group = None;
    for (n, finding) in diagnosis.findings.iter().enumerate() {
        if group != Some(finding.group) {
            group = Some(finding.group);
            rows.push(Err(finding.group.as_str()));
        }
        rows.push(Ok((n, finding)));
    }
    let is_chosen = |row: &Result<(usize, &Finding), _>| row.is_ok_and(|(n, _)| Some(n) == chosen);
    let at = rows.iter().position(is_chosen).unwrap_or(0);
    let offset = first_row(at, rows.len(), area.height.into());
    for (row, line) in rows.iter().skip(offset).zip(area.rows()) {
        let (n, finding) = match row {
            Ok(check) => *check,
            Err(title) => {
                Line::default().add(format!(" {title}"), dim).paint(line, canvas);
                continue;
            }
        };
        let here = Some(n) == chosen;
        let (mark, role) = glyph(finding.status);
        let took = finding.took.map(|took| format!("{} ms ", ms(took))).unwrap_or_default();
        let room = usize::from(area.width).saturating_sub(width(&took) + 6);
        let left = marked(here, theme)
            .add(mark, theme.style(role))
            .add(format!(" {}", fit(&finding.title, room)), theme.row(here));
        canvas.two_ends(line, left, Line::default().add(took, dim), (' ', dim));
        canvas.row(line, n, here);
    }
}

/// The selected check in short, beside or below the list.
fn short_details(canvas: &mut Canvas<'_>, area: Rect, finding: &Finding) {
    let columns = usize::from(area.width);
    let more = match finding.evidence.len() {
        0 => String::new(),
        n => canvas.with_keys(&format!("{{story}} {} · ", count(n, "line"))),
    };
    let end = format!("{more}{}", finding.status.as_str());
    // If both do not fit, the title stays: the hints show the number of evidence lines too.
    let cramped = width(&finding.title) + width(&end) + 4 > columns;
    let end = if cramped { finding.status.as_str().to_owned() } else { end };
    let title = fit(&finding.title, 60.min(columns.saturating_sub(width(&end) + 4)));
    canvas.rule(area, &title, false, &end);
    canvas.lines(below(area, 1), sections(finding, canvas.theme, columns));
}

/// The selected check with its evidence, scrolled by rows.
fn full_details(canvas: &mut Canvas<'_>, area: Rect, finding: &Finding, scroll: u16) {
    let theme = canvas.theme;
    let columns = usize::from(area.width);
    let mut all = sections(finding, theme, columns);
    if !finding.evidence.is_empty() {
        all.push(Line::default());
        all.push(Line::default().add("  Evidence", theme.style(Role::Dim)));
        let plain = theme.style(Role::Plain);
        for line in &finding.evidence {
            // Wrapped lines keep their indentation.
            let indent = 4 + line.len() - line.trim_start().len();
            let parts = wrap(line.trim_start(), columns.saturating_sub(indent + 1));
            all.extend(parts.into_iter().map(|part| Line::default().to(indent).add(part, plain)));
        }
    }
    let most = all.len().saturating_sub(area.height.saturating_sub(1).into());
    let from = usize::from(scroll).min(most);
    let where_it_is = if most > 0 { format!("↑{from} ↓{} · ", most - from) } else { String::new() };
    let end = format!("{where_it_is}{} · {}", finding.status.as_str(), canvas.with_keys("{back}: the list"));
    let title = fit(&finding.title, columns.saturating_sub(width(&end) + 6));
    canvas.rule(area, &title, true, &end);
    canvas.lines(below(area, 1), all.into_iter().skip(from));
}

/// Observation, causes, effects and remedies of a check.
fn sections(finding: &Finding, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str, role: Role| {
        if text.is_empty() {
            return;
        }
        for (n, part) in wrap(text, columns.saturating_sub(11)).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            lines.push(
                Line::default()
                    .add(format!("  {label}"), theme.style(Role::Dim))
                    .to(9)
                    .add(part, theme.style(role)),
            );
        }
    };
    add("Found", &finding.observed, Role::Plain);
    for (n, why) in finding.causes.iter().enumerate() {
        add(if n == 0 { "Cause" } else { "  or" }, why, Role::Plain);
    }
    add("Effect", &finding.affects, Role::Plain);
    for (n, remedy) in finding.remedies.iter().enumerate() {
        add(if n == 0 { "Try" } else { "" }, remedy, Role::Accent);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::app::tests::Session;
    use crate::engine::report::Report;
    use crate::ui::tests::{SIZES, screen};
    use crate::ui::theme::Theme;

    #[test]
    fn the_doctor() {
        use crate::doctor::Subject;
        use crate::doctor::facts::{Around, Facts, Link};
        let mut s = Session::attached();
        s.keys("4");
        insta::assert_snapshot!("doctor_waits_80x24", screen(&s.state, Theme::default(), (80, 24), false));
        let mut facts =
            Facts::before(&s.state.networks.front().identity.conf, Around::default(), Subject::default());
        facts.link = Some(Link::Silent(5, Duration::from_secs(3)));
        facts.done = true;
        s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
        for at in SIZES {
            let name = format!("doctor_{}x{}", at.0, at.1);
            insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, true));
        }
        // A check with evidence, its details in full, and the system checked while we are attached.
        let mut facts = crate::doctor::judge::tests::healthy();
        facts.subject.system = true;
        let own = facts.conf.address;
        facts.system = Some(crate::doctor::facts::System {
            interface: Some(("wg0".into(), own)),
            same_key: true,
            ours_attached: true,
            source: Some(own),
            ..Default::default()
        });
        let tries = (0..12).map(|n| {
            format!("  UDP at +{n}50.0 ms: no response, and no response to any of the retries after it")
        });
        let server = facts.apps.as_mut().unwrap();
        (server.outcome, server.lines) = (
            crate::doctor::judge::tests::SERVFAIL,
            vec!["_apps.internal TXT @fdaa:0:18::3: SERVFAIL".into()],
        );
        server.lines.extend(tries);
        s.report(Report::Diagnosis(Arc::new(crate::doctor::judge::judge(&facts))));
        insta::assert_snapshot!("doctor_subject_80x24", screen(&s.state, Theme::default(), SIZES[1], false));
        s.keys("<enter>jj");
        for at in SIZES {
            let name = format!("doctor_story_{}x{}", at.0, at.1);
            insta::assert_snapshot!(name, screen(&s.state, Theme::default(), at, false));
        }
        s.keys("<enter>G");
        let at = s
            .state
            .networks
            .front()
            .shown
            .diagnosis
            .as_ref()
            .unwrap()
            .findings
            .iter()
            .position(|f| f.id == "system-server");
        s.state.views.doctor.check = at;
        insta::assert_snapshot!("doctor_system_80x24", screen(&s.state, Theme::default(), SIZES[1], false));
    }
}
