//! `sixpane settings`: a template of the settings file, or the settings in effect with their sources.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use super::{Context, kept, plain};
use crate::app::keymap::{Keymap, Remap};
use crate::cli::args::SettingsFile;
use crate::error::{Error, Exit};
use crate::settings::file::{self, Note};
use crate::settings::{self, FILE_VARIABLE, Layer, Place, Settings, TABLE};
use crate::state;
use crate::text::Safe;

/// All sources but the flags.
#[derive(Debug)]
pub struct Sources {
    environment: Layer,
    file: Layer,
    path: Option<PathBuf>,
    notes: Vec<Note>,
    keymap: Keymap,
}

impl Sources {
    /// Reads the environment and the file.
    ///
    /// # Errors
    /// If a variable is not valid (exit 2). Errors in the file are reported by [`Self::note`].
    pub fn read() -> Result<Self, Error> {
        let environment = settings::from_environment(|name| std::env::var(name).ok())
            .map_err(|why| Error::new(Exit::Usage, why).hint("sixpane settings"))?;
        let named: Option<OsString> = std::env::var_os(FILE_VARIABLE).filter(|name| !name.is_empty());
        let required = named.is_some();
        let path = named
            .map(PathBuf::from)
            .or_else(|| state::config_dir().map(|folder| folder.join("settings.toml")));
        let (file, mut notes) = path.as_deref().map(|path| file::load(path, required)).unwrap_or_default();
        let remaps: Vec<_> = file.keys.iter().map(remap).collect();
        let keymap = Keymap::with(&remaps).unwrap_or_else(|clash| {
            let name = path.as_deref().map(|path| Safe::new(path.as_os_str().as_encoded_bytes()).to_string());
            let file = name.unwrap_or_default();
            notes.push(Note { file, at: Some(clash.at), text: format!("[keys] is not used: {}", clash.why) });
            Keymap::default()
        });
        Ok(Self { environment, file, path, notes, keymap })
    }

    /// The settings in effect; `flags` have precedence.
    pub fn resolve(&self, flags: &Layer) -> Settings {
        Settings::of(&[flags, &self.environment, &self.file])
    }

    /// The same for the screens: their last choices have the lowest precedence.
    pub fn on_screens(&self, flags: &Layer) -> Settings {
        Settings::of(&[flags, &self.environment, &self.file, &kept::chosen()])
    }

    pub fn keymap(&self) -> &Keymap {
        &self.keymap
    }

    /// The errors in the file, in one sentence.
    pub fn note(&self) -> Option<String> {
        file::one(&self.notes)
    }
}

fn remap(remap: &settings::Remap) -> Remap<Place> {
    Remap { action: remap.action.clone(), keys: remap.keys.clone(), at: remap.at }
}

/// Prints the commented defaults; with `show`, the settings in effect. The exit code is 3 if the file has an error.
///
/// # Errors
/// If the output cannot be written.
pub fn run(context: &mut Context<'_>, args: &SettingsFile) -> Result<Exit, Error> {
    let (sources, out) = (context.sources, &mut context.out);
    if !args.show {
        out.write_all(settings::commented().as_bytes())?;
        return Ok(Exit::Ok);
    }
    if let Some(path) = &sources.path {
        let there = if path.exists() { "" } else { " (there is none)" };
        writeln!(out, "# {}{there}", Safe::new(path.as_os_str().as_encoded_bytes()))?;
    }
    for setting in TABLE {
        let environment = setting.value(&sources.environment).map(|value| (value, setting.variable));
        let set = environment.or_else(|| setting.value(&sources.file).map(|value| (value, "the file")));
        let (value, from) = set.unwrap_or_else(|| (setting.default.into(), "default"));
        writeln!(out, "{:<50} # {from}", format!("{} = {value}", setting.name))?;
    }
    for note in &sources.notes {
        let _ = writeln!(plain::stderr(), "sixpane: {note}");
    }
    Ok(if sources.notes.is_empty() { Exit::Ok } else { Exit::Config })
}
