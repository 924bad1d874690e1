//! The Doctor view: the checks of a diagnosis, and the details of the selected one.

use std::fmt::Write as _;

use ratatui::crossterm::event::KeyCode;

use crate::app::command::{Argument, Context, Row, Value, when};
use crate::app::copy;
use crate::app::key::Key::{Char, Code};
use crate::app::sheet::{Sheet, millis, text};
use crate::app::{Out, State};
use crate::catalog::place::Node;
use crate::doctor::facts::{Around, Facts};
use crate::doctor::{Machine, Subject};
use crate::text::count;

/// Context of its keys.
pub const HERE: Context = Context::view("Doctor");

const UNEXAMINED: &str = "there is no diagnosis yet: {refresh} starts one";

/// State of the view.
#[derive(Debug, Clone, Default)]
pub struct Doctor {
    /// Check selected by the user; `None` selects the cause of the verdict.
    pub check: Option<usize>,
    /// Scroll offset of the selected check's details in rows, while they are shown.
    pub story: Option<u16>,
    /// Subject of the diagnosis.
    pub subject: Subject,
}

/// The subject of a diagnosis: an app, one of its ports, or a machine.
static SUBJECT: Argument = Argument { is_free: true, is_needed: false, values: subjects };

static ENTRY: Row = Row::new(
    "doctor",
    Context::EVERYWHERE,
    &[Char('4')],
    "Show the Doctor view: find faults and their causes",
    |s, typed, out| match typed {
        Some(typed) => diagnose_subject(s, typed, out),
        None => s.go(super::Tab::Doctor, out),
    },
)
.takes(&SUBJECT);

static STORY: Row = Row::new(
    "story",
    HERE,
    &[Code(KeyCode::Enter)],
    "Show the check's details and evidence, or the list",
    |s, _, _| s.views.doctor.story = if s.views.doctor.story.is_some() { None } else { Some(0) },
)
.hint(1, 10, "evidence")
.when(|s| when(s.chosen_check().is_some(), UNEXAMINED));

static ROWS: [Row; 2] = [
    STORY,
    Row::new(
        "system",
        HERE,
        &[Char('s')],
        "Include the system's own VPN in the checks, or leave it out",
        |s, _, out| {
            s.views.doctor.subject.system = !s.views.doctor.subject.system;
            s.say(if s.views.doctor.subject.system {
                "The system's own VPN is checked too; nothing is changed"
            } else {
                "The system's own VPN is not checked"
            });
            diagnose(s, out);
        },
    )
    .hint(5, 11, "system"),
];

fn subjects(state: &State) -> Vec<Value> {
    let all = Value::new("all", "the whole network");
    let port = Value::new("APP:8080/http", "a port and the protocol expected there");
    let apps = state.networks.front().shown.catalog.apps.iter().flat_map(|(name, app)| {
        let own = Value::new(name.to_string(), format!("app, {}", count(app.machines.len(), "machine")));
        let flycast = || Value::new(format!("{name}.flycast"), "its Flycast address");
        [Some(own), (!app.flycast.is_empty()).then(flycast)].into_iter().flatten()
    });
    std::iter::once(all).chain(apps).chain([port]).collect()
}

fn diagnose_subject(state: &mut State, typed: &str, out: &mut Out) {
    let subject = match Node::read(typed, &state.networks.front().shown.catalog) {
        Some(Node::Machine(app, id)) => {
            Ok(Subject { app: Some(app), machine: Some(Machine::Id(id)), ..Subject::default() })
        }
        _ if typed == "all" => Ok(Subject::default()),
        _ => Subject::read(typed),
    };
    match subject {
        Ok(subject) => {
            state.views.doctor.subject = Subject { system: state.views.doctor.subject.system, ..subject };
            state.leave_place();
            state.tab = super::Tab::Doctor;
            diagnose(state, out);
        }
        Err(why) => state.say(why),
    }
}

/// Starts a diagnosis of the network.
fn diagnose(state: &mut State, out: &mut Out) {
    (state.views.doctor.check, state.views.doctor.story) = (None, None);
    let facts = Facts::before(
        &state.networks.front().identity.conf,
        Around::default(),
        state.views.doctor.subject.clone(),
    );
    out.examine(facts);
}

#[derive(Debug)]
pub struct View;

impl super::View for View {
    fn name(&self) -> &'static str {
        HERE.title()
    }

    fn rows(&self) -> &'static [Row] {
        &ROWS
    }

    fn entry(&self) -> &'static Row {
        &ENTRY
    }

    fn context(&self, _: &State) -> Context {
        HERE
    }

    fn step(&self, state: &mut State, by: isize) {
        let findings =
            state.networks.front().shown.diagnosis.as_ref().map_or(&[][..], |diagnosis| &diagnosis.findings);
        let Some(check) = state.chosen_check() else { return };
        if let Some(story) = state.views.doctor.story {
            // Upper limit: no line of it wraps to more than a few rows.
            let most = findings
                .get(check)
                .map_or(0, |finding| 4 * (8 + finding.evidence.len() + finding.causes.len()));
            state.views.doctor.story = Some(usize::from(story).saturating_add_signed(by).min(most) as u16);
        } else {
            state.views.doctor.check =
                Some(check.saturating_add_signed(by).min(findings.len().saturating_sub(1)));
        }
    }

    fn select(&self, state: &mut State, row: usize) -> bool {
        let at = state.chosen_check();
        state.views.doctor.check = Some(row);
        at == Some(row)
    }

    fn open(&self, state: &mut State, out: &mut Out) {
        state.attempt(&STORY, None, out);
    }

    fn back(&self, state: &mut State) -> bool {
        state.views.doctor.story.take().is_some()
    }

    fn table(&self, state: &State) -> Sheet {
        sheet(state)
    }

    fn plain(&self, state: &State) -> String {
        findings(state)
    }

    fn copyable(&self, state: &State) -> Result<(), &'static str> {
        when(state.chosen_check().is_some(), UNEXAMINED)
    }

    fn copied(&self, state: &State) -> Option<(&'static str, String)> {
        let finding = state.networks.front().shown.diagnosis.as_ref()?.findings.get(state.chosen_check()?)?;
        let remedy = finding.remedies.first().unwrap_or(&finding.title);
        Some(("suggestion:", remedy.clone()))
    }

    fn forms(&self, state: &State) -> Vec<(&'static str, String)> {
        let suggestion = self.copied(state).map(|(_, text)| ("suggestion", text));
        let rest = copy::forms(state, self.named(state), &self.table(state));
        suggestion.into_iter().chain(rest).collect()
    }

    fn shown(&self, state: &State) -> Result<(), &'static str> {
        when(state.networks.front().shown.diagnosis.is_some(), UNEXAMINED)
    }

    fn refresh(&self, state: &mut State, out: &mut Out) {
        diagnose(state, out);
    }

    fn enter(&self, state: &mut State, out: &mut Out) {
        if state.networks.front().shown.diagnosis.is_none() {
            diagnose(state, out);
        }
    }
}

impl State {
    /// Index of the selected check.
    pub fn chosen_check(&self) -> Option<usize> {
        let diagnosis = self.networks.front().shown.diagnosis.as_ref()?;
        let last = diagnosis.findings.len().checked_sub(1)?;
        Some(self.views.doctor.check.or(diagnosis.cause).unwrap_or(0).min(last))
    }
}

/// The checks and their results.
fn sheet(state: &State) -> Sheet {
    let findings = state.networks.front().shown.diagnosis.iter().flat_map(|diagnosis| &diagnosis.findings);
    let rows = findings
        .map(|finding| {
            vec![
                text(finding.group.as_str()),
                text(finding.id),
                text(finding.status.as_str()),
                text(&finding.title),
                text(&finding.observed),
                text(finding.remedies.join(" / ")),
                millis(finding.took),
            ]
        })
        .collect();
    let columns = vec!["group", "check", "result", "title", "observed", "remedy", "time_ms"];
    Sheet { name: "doctor", columns, rows, chosen: state.chosen_check() }
}

/// All checks as plain text with evidence, reasons and remedies.
fn findings(state: &State) -> String {
    let Some(diagnosis) = &state.networks.front().shown.diagnosis else { return String::new() };
    let mut out = format!("{}\n", diagnosis.verdict);
    for finding in &diagnosis.findings {
        let _ = writeln!(out, "\n{}  {}: {}", finding.status.as_str(), finding.group.as_str(), finding.title);
        let lines = [
            ("found", vec![&finding.observed]),
            ("cause", finding.causes.iter().collect()),
            ("try", finding.remedies.iter().collect()),
        ];
        for (label, texts) in lines {
            for text in texts.into_iter().filter(|text| !text.is_empty()) {
                let _ = writeln!(out, "  {label}  {text}");
            }
        }
    }
    out
}
