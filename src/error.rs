//! The one shape an error has when a person meets it: what failed, why we think so, what to try next.

use std::fmt;
use std::process::ExitCode;

/// How the process ends. The numbers are the table printed by `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It worked, and the answer is "yes".
    Ok = 0,
    /// Nothing found, or the answer is "no".
    Empty = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The configuration could not be read or used.
    Config = 3,
    /// The tunnel did not come up.
    Tunnel = 4,
    /// The name server did not answer, or answered with an error.
    Dns = 5,
    /// Some of it worked.
    Partial = 6,
    /// The terminal went away, as by SIGHUP.
    HungUp = 129,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error for people. `Display` gives `what: why`, with the hints on lines of their own.
///
/// Whatever of its text came from outside has passed through [`crate::text::Safe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What failed, as a short sentence without a full stop.
    pub what: String,
    /// Why we think so; empty where `what` says it all.
    pub why: String,
    /// What to try next, most likely first.
    pub hints: Vec<String>,
    /// The exit code of a process that ends with this.
    pub exit: Exit,
}

impl Error {
    /// An error that ends the process with `exit`.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), why: String::new(), hints: Vec::new(), exit }
    }

    /// Adds the reason.
    #[must_use]
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = why.to_string();
        self
    }

    /// Adds one thing to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Error {
    /// The error on one line, without what to try.
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
