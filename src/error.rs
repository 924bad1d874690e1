//! An error as shown to the user: what failed, the reason, and hints.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

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
#[derive(Debug, Clone)]
pub struct Error {
    /// Short description of the failure, without a full stop.
    pub what: String,
    /// Reason; may be empty.
    pub why: String,
    /// Hints, most likely first.
    pub hints: Vec<String>,
    /// Exit status of a process that ends with this error.
    pub exit: Exit,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// Whether the reader of our output has gone away.
    unread: bool,
}

impl Error {
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), why: String::new(), hints: Vec::new(), exit, source: None, unread: false }
    }

    #[must_use]
    pub fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = why.to_string();
        self
    }

    /// Adds the reason, and keeps it as the source.
    #[must_use]
    pub fn because(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let with_why = self.why(&source);
        Self { source: Some(Arc::new(source)), ..with_why }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Error {
    /// Whether the output's reader has gone away, as `head` does; that is not a failure.
    pub fn is_unread(&self) -> bool {
        self.unread
    }

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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The error of writing the output.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let unread = error.kind() == io::ErrorKind::BrokenPipe;
        Self { unread, ..Self::new(Exit::Empty, "cannot write the output").because(error) }
    }
}

/// The source is left out: two errors are equal if their texts are.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let parts = |error: &Self| (error.what.clone(), error.why.clone(), error.hints.clone(), error.exit);
        parts(self) == parts(other)
    }
}

impl Eq for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_puts_the_hint_on_its_own_line() {
        let error = Error::new(Exit::Config, "cannot read my.conf").why("no such file").hint("sixpane demo");
        assert_eq!(error.to_string(), "cannot read my.conf: no such file\n  try: sixpane demo");
    }

    #[test]
    fn the_source_is_kept_beside_the_hint() {
        use std::error::Error as _;
        let io = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = Error::new(Exit::Config, "cannot read my.conf").because(io).hint("sixpane demo");
        assert_eq!(error.line(), "cannot read my.conf: no such file");
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
        assert_eq!((source.kind(), error.hints.len()), (io::ErrorKind::NotFound, 1));
        assert_eq!(
            error,
            Error::new(Exit::Config, "cannot read my.conf").why("no such file").hint("sixpane demo")
        );
        assert!(!error.is_unread() && Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).is_unread());
    }
}
