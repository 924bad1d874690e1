//! The Doctor view: the verdict, the checks from near to far, and the story of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::Size;
use super::hits::Hits;
use super::parts::{Text, first_row, rule, side_by_side, tell, two_ends, wrap};
use super::theme::{Role, Theme};
use crate::app::State;
use crate::app::mouse::Spot;
use crate::doctor::{Diagnosis, Finding, Status};
use crate::text::{count, fit, ms, width};

/// Draws the view; gives where the selected check is.
pub fn draw(
    state: &State,
    theme: Theme,
    size: Size,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    let line = |n: u16| Rect { y: area.y + n, height: 1, ..area };
    let Some(diagnosis) = &state.view.diagnosis else {
        rule("Doctor", false, "", theme, line(0), buffer);
        let words = "  {refresh} examines the conf, the link, the name server, the org and the paths to its machines.";
        Text::new()
            .add(tell(state, theme, words), theme.style(Role::Dim))
            .paint(line(2.min(area.height - 1)), buffer);
        return None;
    };
    let role = match diagnosis.cause.and_then(|cause| diagnosis.findings.get(cause)).map(|f| f.status) {
        _ if !diagnosis.done => Role::Plain,
        Some(Status::Fail) => Role::Bad,
        Some(Status::Warn) => Role::Warn,
        _ => Role::Ok,
    };
    Text::new().add(format!(" {}", diagnosis.verdict), theme.style(role)).paint(line(0), buffer);
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let chosen = state.chosen_check();
    if let (Some(scroll), Some(finding)) = (state.story, chosen.and_then(|at| diagnosis.findings.get(at))) {
        let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        whole_story(state, finding, scroll, theme, rest, buffer);
        return Some(Position { x: rest.x, y: rest.y });
    }
    let subject = &diagnosis.facts.subject;
    let mut what = String::from("Checks");
    if !subject.is_all() {
        what = format!("{what}  {}", fit(&subject.to_string(), 24));
    }
    if subject.system {
        what.push_str("  and the system");
    }
    rule(&what, false, &tally(diagnosis), theme, line(1), buffer);
    if size == Size::Small {
        let story = chosen.and_then(|chosen| diagnosis.findings.get(chosen)).map_or(0, |_| 6);
        let list = Rect { height: below.height.saturating_sub(story), ..below };
        let cursor = checks(diagnosis, chosen, theme, list, buffer, hits);
        let rest = Rect { y: list.bottom(), height: below.height - list.height, ..below };
        story_of(state, diagnosis, theme, rest, buffer);
        return cursor;
    }
    let split = if size == Size::Wide { 56 } else { 44 };
    let [left, right] = side_by_side(below, split, theme, buffer);
    let cursor = checks(diagnosis, chosen, theme, left, buffer, hits);
    story_of(state, diagnosis, theme, right, buffer);
    cursor
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

/// The list, a heading before each group; scrolled so that the selected check is in sight.
fn checks(
    diagnosis: &Diagnosis,
    chosen: Option<usize>,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
    hits: &mut Hits,
) -> Option<Position> {
    hits.add(area, Spot::List);
    let mut rows: Vec<Result<usize, &'static str>> = Vec::new();
    let mut group = None;
    for (n, finding) in diagnosis.findings.iter().enumerate() {
        if group != Some(finding.group) {
            group = Some(finding.group);
            rows.push(Err(finding.group.as_str()));
        }
        rows.push(Ok(n));
    }
    let at = rows.iter().position(|row| row.ok() == chosen && chosen.is_some()).unwrap_or(0);
    let height = usize::from(area.height);
    let offset = first_row(at, rows.len(), height);
    let mut cursor = None;
    for (n, row) in rows.iter().enumerate().skip(offset).take(height) {
        let line = Rect { y: area.y + (n - offset) as u16, height: 1, ..area };
        let Ok(index) = *row else {
            let title = row.err().unwrap_or_default();
            Text::new().add(format!(" {title}"), theme.style(Role::Dim)).paint(line, buffer);
            continue;
        };
        let Some(finding) = diagnosis.findings.get(index) else { continue };
        let here = Some(index) == chosen;
        let (mark, role) = glyph(finding.status);
        let took = finding.took.map(|took| format!("{} ms ", ms(took))).unwrap_or_default();
        let room = usize::from(area.width).saturating_sub(width(&took) + 6);
        let style = if here { theme.strong() } else { theme.style(Role::Plain) };
        let left = Text::new()
            .add(if here { "▌ " } else { "  " }, theme.focused())
            .add(mark, theme.style(role))
            .add(format!(" {}", fit(&finding.title, room)), style);
        two_ends(
            left,
            Text::new().add(took, theme.style(Role::Dim)),
            (" ", theme.style(Role::Dim)),
            line,
            buffer,
        );
        hits.add(line, Spot::Row(index));
        if here {
            cursor = Some(Position { x: line.x, y: line.y });
        }
    }
    cursor
}

/// What the selected check has to say.
fn story_of(state: &State, diagnosis: &Diagnosis, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let Some(finding) = state.chosen_check().and_then(|chosen| diagnosis.findings.get(chosen)) else {
        return;
    };
    if area.height == 0 {
        return;
    }
    let columns = usize::from(area.width);
    let more = match finding.evidence.len() {
        0 => String::new(),
        n => tell(state, theme, &format!("{{story}} {} · ", count(n, "line"))),
    };
    let end = format!("{more}{}", finding.status.as_str());
    // The title goes before the evidence, of which the row of hints tells too.
    let cramped = width(&finding.title) + width(&end) + 4 > columns;
    let end = if cramped { finding.status.as_str().to_owned() } else { end };
    let title = fit(&finding.title, 60.min(columns.saturating_sub(width(&end) + 4)));
    rule(&title, false, &end, theme, Rect { height: 1, ..area }, buffer);
    for (n, text) in lines(finding, theme, columns).into_iter().take(usize::from(area.height) - 1).enumerate()
    {
        text.paint(Rect { y: area.y + 1 + n as u16, height: 1, ..area }, buffer);
    }
}

/// All that a check has to say and what it stands on, scrolled by rows.
fn whole_story(state: &State, finding: &Finding, scroll: u16, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let room = usize::from(area.height.saturating_sub(1));
    let mut all = lines(finding, theme, columns);
    if !finding.evidence.is_empty() {
        all.push(Text::new());
        all.push(Text::new().add("  Evidence", theme.style(Role::Dim)));
        for line in &finding.evidence {
            // Wrapped, it keeps what is before it in the line.
            let indent = 4 + line.len() - line.trim_start().len();
            let parts = wrap(line.trim_start(), columns.saturating_sub(indent + 1));
            all.extend(
                parts.into_iter().map(|part| Text::new().to(indent).add(part, theme.style(Role::Plain))),
            );
        }
    }
    let most = all.len().saturating_sub(room);
    let from = usize::from(scroll).min(most);
    let where_it_is = if most > 0 { format!("↑{from} ↓{} · ", most - from) } else { String::new() };
    let back = tell(state, theme, "{back}: the list");
    let end = format!("{where_it_is}{} · {back}", finding.status.as_str());
    let title = fit(&finding.title, columns.saturating_sub(width(&end) + 6));
    rule(&title, true, &end, theme, Rect { height: 1, ..area }, buffer);
    for (n, text) in all.into_iter().skip(from).take(room).enumerate() {
        text.paint(Rect { y: area.y + 1 + n as u16, height: 1, ..area }, buffer);
    }
}

fn lines(finding: &Finding, theme: Theme, columns: usize) -> Vec<Text<'static>> {
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str, role: Role| {
        if text.is_empty() {
            return;
        }
        for (n, part) in wrap(text, columns.saturating_sub(11)).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            lines.push(
                Text::new()
                    .add(format!("  {label}"), theme.style(Role::Dim))
                    .to(9)
                    .add(part, theme.style(role)),
            );
        }
    };
    add("Saw", &finding.saw, Role::Plain);
    for (n, why) in finding.why.iter().enumerate() {
        add(if n == 0 { "Why" } else { "  or" }, why, Role::Plain);
    }
    add("Hurts", &finding.hurts, Role::Plain);
    for (n, remedy) in finding.remedy.iter().enumerate() {
        add(if n == 0 { "Try" } else { "" }, remedy, Role::Accent);
    }
    lines
}
