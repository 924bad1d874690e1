//! A view written to a file, in the format that its ending says; and the same as plain text on the screen.

use std::fmt::Write as _;

use super::menu::Overlay;
use super::sheet::Sheet;
use super::{Effect, Pane, State, Tab};
use crate::dns::dig::text;

/// The endings, and what each makes.
pub const ENDINGS: [(&str, &str); 4] = [
    ("txt", "text, in columns"),
    ("csv", "comma-separated values"),
    ("json", "JSON, schema sixpane.sheet/1"),
    ("md", "a table of Markdown"),
];

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Where; `~/` is the user's folder.
    pub path: String,
    /// What.
    pub text: String,
    /// Whether a file that is there may go.
    pub overwrite: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is written.
    Done,
    /// There is one, and it was not said that it may go.
    Exists,
    /// Why it is not.
    Failed(String),
}

/// Writes what the view shows to `path`.
pub fn export(state: &mut State, path: &str, effects: &mut Vec<Effect>) {
    let sheet = Sheet::of(state);
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let text = match ending.as_deref() {
        Some("txt") => plain(state),
        Some("csv") => sheet.to_csv(),
        Some("json") => sheet.to_json(),
        Some("md") => sheet.to_markdown(),
        _ => return state.say("the ending says the format: .txt, .csv, .json or .md"),
    };
    effects.push(Effect::Save(Save { path: path.to_owned(), text, overwrite: false }));
}

/// Takes what came of it: a file that is there goes only where the user says so.
pub fn saved(state: &mut State, save: Save, came: Saved) {
    match came {
        Saved::Done => {
            let size = crate::text::bytes(save.text.len() as u64);
            state.say(format!("wrote {}, {size}", save.path));
        }
        Saved::Failed(why) => state.say(format!("{} was not written: {why}", save.path)),
        Saved::Exists => state.overlay = Some(Overlay::Overwrite(save)),
    }
}

/// The focused pane as plain text: all of its rows, not only those on the screen.
pub fn plain(state: &State) -> String {
    match (state.tab, state.focus) {
        (Tab::Dig, _) => answers(state),
        (Tab::Doctor, _) => findings(state),
        (Tab::Explore, Pane::Detail) => {
            let mut out = String::new();
            for (what, text) in super::copy::forms(state) {
                if matches!(what, "name" | "address") {
                    let _ = writeln!(out, "{what}  {text}");
                }
            }
            format!("{out}\n{}", Sheet::of(state).to_text())
        }
        _ => Sheet::of(state).to_text(),
    }
}

/// As `dig` prints them.
fn answers(state: &State) -> String {
    let Some(entry) = state.dig.entry() else { return String::new() };
    let Some(answered) = &entry.answered else { return format!("{}: no answer yet\n", entry.text) };
    let when = state.clock_at(answered.at);
    match &answered.exchanges {
        Err(error) => format!("{error}\n"),
        Ok(exchanges) => exchanges
            .iter()
            .map(|exchange| match (&exchange.result, &when) {
                (Ok(answer), Some(when)) => text::answer(exchange, answer, &entry.line.show, || when.clone()),
                (Ok(_), None) => String::new(),
                (Err(failure), _) => format!("{failure}\n"),
            })
            .collect(),
    }
}

/// Every check with all that is told of it.
fn findings(state: &State) -> String {
    let Some(diagnosis) = &state.view.diagnosis else { return String::new() };
    let mut out = format!("{}\n", diagnosis.verdict);
    for finding in &diagnosis.findings {
        let _ = writeln!(out, "\n{}  {}: {}", finding.status.as_str(), finding.group.as_str(), finding.title);
        let lines = [
            ("saw", vec![&finding.saw]),
            ("why", finding.why.iter().collect()),
            ("try", finding.remedy.iter().collect()),
        ];
        for (label, texts) in lines {
            for text in texts.into_iter().filter(|text| !text.is_empty()) {
                let _ = writeln!(out, "  {label}  {text}");
            }
        }
    }
    out
}
