//! Why can't I reach it? Named checks over facts, and one verdict: pure, so that every cause is a row in a test.
//!
//! [`facts`] holds what was seen, [`judge`] makes of it the findings and the verdict. Who gathers the facts is the
//! engine's business. [`redact`] takes the names out of what was found, for sharing.

pub mod facts;
pub mod judge;
pub mod redact;
mod subject;

use std::sync::Arc;
use std::time::Duration;

use facts::Facts;
pub use subject::{Machine, Subject};

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
    /// The system's own VPN.
    System,
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
            Self::System => "System",
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

/// How sure a finding is of its first reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// What was seen has no other explanation.
    Certain,
    /// One explanation fits best.
    Likely,
    /// Several fit alike.
    Open,
}

impl Sure {
    /// In a word, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Open => "open",
        }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check's name for programs: `handshake`.
    pub id: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// How it ended.
    pub status: Status,
    /// What is wrong, for programs: `udp-port-closed`. Empty where nothing is.
    pub fault: &'static str,
    /// One line.
    pub title: String,
    /// How long what it stands on took.
    pub took: Option<Duration>,
    /// What was seen.
    pub saw: String,
    /// Why that may be, most likely first; where several fit, all of them.
    pub why: Vec<String>,
    /// How sure the first of these is.
    pub sure: Sure,
    /// What does not work because of it.
    pub hurts: String,
    /// What to try, most useful first.
    pub remedy: Vec<String>,
    /// The check that this one needed, where it was skipped for that.
    pub needs: Option<&'static str>,
    /// The very exchanges that it stands on, line by line.
    pub evidence: Vec<String>,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The conf's name.
    pub conf: String,
    /// The checks from near to far.
    pub findings: Vec<Finding>,
    /// One sentence that names the cause.
    pub verdict: String,
    /// One that mends it; empty where there is nothing to mend.
    pub mend: String,
    /// The finding that the verdict names: its place in `findings`.
    pub cause: Option<usize>,
    /// What it stands on.
    pub facts: Arc<Facts>,
    /// Whether all facts are in.
    pub done: bool,
}

impl Diagnosis {
    /// How many ended so.
    pub fn count(&self, status: Status) -> usize {
        self.findings.iter().filter(|finding| finding.status == status).count()
    }

    /// The finding that the verdict names.
    pub fn named(&self) -> Option<&Finding> {
        self.cause.and_then(|cause| self.findings.get(cause))
    }
}
