//! Where a network comes from.

use std::path::PathBuf;

use super::{Loaded, shown};
use crate::profile::file;
use crate::profile::parse::{ConfError, parse};

/// Where a network comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A conf in a file.
    Conf(PathBuf),
    /// A conf that this process made.
    Generated { name: String, text: String },
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// Where it cannot be read or used.
    pub fn read(&self) -> Result<Loaded, ConfError> {
        let profile = match self {
            Self::Conf(path) => file::load(path)?,
            Self::Generated { name, text } => parse(name, text.as_bytes())?,
        };
        Ok(Loaded::new(self.clone(), profile))
    }

    /// Reads it again: `None` where there is nothing to read again, as from a generated conf.
    ///
    /// # Errors
    /// Where it cannot be read or used any more. A pipe can be read only once.
    pub fn read_again(&self) -> Result<Option<Loaded>, ConfError> {
        let Self::Conf(path) = self else { return Ok(None) };
        Ok(Some(Loaded::new(self.clone(), file::load_regular(path)?)))
    }

    /// The path, or the name of a generated conf; fit to show.
    pub fn label(&self) -> String {
        match self {
            Self::Conf(path) => shown(path).to_string(),
            Self::Generated { name, .. } => name.clone(),
        }
    }

    /// The conf's name: its file name without `.conf`; fit to show.
    pub fn name(&self) -> String {
        match self {
            Self::Conf(path) => {
                let name = path.file_stem().map_or(path.as_os_str(), |stem| stem);
                crate::text::Safe::new(name.as_encoded_bytes()).to_string()
            }
            Self::Generated { name, .. } => name.clone(),
        }
    }
}
