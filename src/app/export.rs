//! A view written to a file, in the format that its ending says; and the same as plain text on the screen.

use super::{Effect, Out, Overlay, State};

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
pub fn export(state: &mut State, path: &str, out: &mut Out) {
    let sheet = state.front().table(state);
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let text = match ending.as_deref() {
        Some("txt") => state.front().plain(state),
        Some("csv") => sheet.to_csv(),
        Some("json") => sheet.to_json(),
        Some("md") => sheet.to_markdown(),
        _ => return state.say("the ending says the format: .txt, .csv, .json or .md"),
    };
    out.push(Effect::Save(Save { path: path.to_owned(), text, overwrite: false }));
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
