//! An error as shown to the user: what failed, the reason, and hints.

use std::fmt;
use std::process::ExitCode;

/// Exit status of the process, as listed by `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success, or a positive result.
    Ok = 0,
    /// Not found, or a negative result.
    Empty = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The configuration could not be read or used.
    Config = 3,
    Tunnel = 4,
    /// No response, or an error, from the name server.
    Dns = 5,
    /// Partial success.
    Partial = 6,
    /// The terminal was closed (SIGHUP).
    HungUp = 129,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error for the user. `Display` gives `what: why`, with each hint on its own line.
///
/// Text from outside is sanitized by [`crate::text::Safe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What failed: a short sentence without a full stop.
    pub what: String,
    /// Reason; may be empty.
    pub why: String,
    /// Hints, most likely first.
    pub hints: Vec<String>,
    /// Exit status of a process that ends with this error.
    pub exit: Exit,
}

impl Error {
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), why: String::new(), hints: Vec::new(), exit }
    }

    #[must_use]
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = why.to_string();
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Error {
    /// The error on one line, without hints.
    pub fn line(&self) -> String {
        if self.why.is_empty() { self.what.clone() } else { format!("{}: {}", self.what, self.why) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())?;
        for hint in &self.hints {
            write!(f, "\n  try: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_puts_the_hint_on_its_own_line() {
        let error = Error::new(Exit::Config, "cannot read my.conf").why("no such file").hint("sixpane demo");
        assert_eq!(error.to_string(), "cannot read my.conf: no such file\n  try: sixpane demo");
    }
}
