//! Why can't I reach it? Named checks over facts, and one verdict: pure, so that every cause is a row in a test.
//!
//! [`facts`] holds what was seen, [`judge`] makes of it the findings and the verdict. Who gathers the facts is the
//! engine's business.

pub mod facts;
pub mod judge;

use std::time::Duration;

use crate::text::Safe;

/// What one wants to reach.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// An app.
    pub app: Option<Safe>,
    /// A TCP port on its machines.
    pub port: Option<u16>,
}

/// Where a check belongs, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The file.
    Conf,
    /// The tunnel.
    Link,
    /// The name server.
    Dns,
    /// What the org is made of.
    Org,
    /// Packets to machines.
    Path,
    /// The app that was asked for.
    App,
    /// Its port.
    Port,
}

impl Group {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conf => "Conf",
            Self::Link => "Link",
            Self::Dns => "DNS",
            Self::Org => "Org",
            Self::Path => "Path",
            Self::App => "App",
            Self::Port => "Port",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Pass,
    /// Something to know; the network works.
    Warn,
    /// Something does not work.
    Fail,
    /// It could not be tried: what it needs failed, or it was not asked for.
    Skip,
    /// Not known yet.
    Waiting,
}

impl Status {
    /// In a word, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warning",
            Self::Fail => "failure",
            Self::Skip => "skipped",
            Self::Waiting => "waiting",
        }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A name for programs: `handshake`.
    pub id: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// How it ended.
    pub status: Status,
    /// One line.
    pub title: String,
    /// How long what it stands on took.
    pub took: Option<Duration>,
    /// What was seen.
    pub saw: String,
    /// Why that may be, most likely first; where several fit, all of them.
    pub why: Vec<String>,
    /// What does not work because of it.
    pub hurts: String,
    /// What to try, most useful first.
    pub remedy: Vec<String>,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The checks from near to far.
    pub findings: Vec<Finding>,
    /// One sentence.
    pub verdict: String,
    /// The finding that the verdict names: its place in `findings`.
    pub cause: Option<usize>,
    /// Whether all facts are in.
    pub done: bool,
}

impl Diagnosis {
    /// How many ended so.
    pub fn count(&self, status: Status) -> usize {
        self.findings.iter().filter(|finding| finding.status == status).count()
    }
}
