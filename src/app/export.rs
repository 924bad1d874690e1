//! Writing a view to a file in the format of its extension, and showing it as plain text.

use super::{Effect, Out, Overlay, State};

/// Supported extensions and their formats.
pub const ENDINGS: [(&str, &str); 4] = [
    ("txt", "text in columns"),
    ("csv", "comma-separated values"),
    ("json", "JSON, schema sixpane.sheet/2"),
    ("md", "Markdown table"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Path; `~/` is the user's home directory.
    pub path: String,
    /// Contents of the file.
    pub text: String,
    /// Whether an existing file may be replaced.
    pub overwrite: bool,
}

/// Result of writing the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// The file exists and was not to be replaced.
    Exists,
    /// The reason of the failure.
    Failed(String),
}

/// Writes the current view to `path`.
pub fn export(state: &mut State, path: &str, out: &mut Out) {
    let sheet = state.front().table(state);
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let text = match ending.as_deref() {
        Some("txt") => state.front().plain(state),
        Some("csv") => sheet.to_csv(),
        Some("json") => sheet.to_json(),
        Some("md") => sheet.to_markdown(),
        _ => return state.say("The extension selects the format: .txt, .csv, .json or .md"),
    };
    out.push(Effect::Save(Save { path: path.to_owned(), text, overwrite: false }));
}

/// Handles the result; asks before an existing file is replaced.
pub fn saved(state: &mut State, save: Save, came: Saved) {
    match came {
        Saved::Done => {
            let size = crate::text::bytes(save.text.len() as u64);
            state.say(format!("Wrote {}, {size}", save.path));
        }
        Saved::Failed(why) => state.say(format!("Cannot write {}: {why}", save.path)),
        Saved::Exists => state.overlay = Some(Overlay::Overwrite(save)),
    }
}
