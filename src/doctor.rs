//! Diagnosis: named checks on facts, and one verdict. Pure, so that tests cover every cause.
//!
//! [`facts`] holds the observations, made by the engine; [`judge`] derives findings and verdict. [`redact`] removes names
//! and addresses, for sharing.

pub mod facts;
pub mod judge;
pub mod redact;
mod subject;

use std::sync::Arc;
use std::time::Duration;

use facts::Facts;
pub use subject::{Machine, Subject, Within};

/// Groups of checks, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Conf,
    Link,
    Dns,
    Org,
    Path,
    /// The app in question.
    App,
    Port,
    System,
}

impl Group {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pass,
    /// Noteworthy; the network works.
    Warn,
    Fail,
    /// Not tested: a needed check failed, or it was not requested.
    Skip,
    Waiting,
}

impl Status {
    /// One word, for JSON.
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

/// Confidence in the first cause of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// The only possible explanation.
    Certain,
    /// The best of several explanations.
    Likely,
    /// One of several equally likely explanations.
    Possible,
}

impl Confidence {
    /// One word, for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the check, for JSON: `handshake`.
    pub id: &'static str,
    pub group: Group,
    pub status: Status,
    /// Fault, for JSON: `udp-port-closed`. Empty without one.
    pub fault: &'static str,
    pub title: String,
    /// Time that the underlying exchange took.
    pub took: Option<Duration>,
    /// Observations.
    pub observed: String,
    /// Possible causes, most likely first.
    pub causes: Vec<String>,
    /// Confidence in the first cause.
    pub confidence: Confidence,
    /// Consequences.
    pub affects: String,
    /// Remedies, most useful first.
    pub remedies: Vec<String>,
    /// The failed check because of which this one was skipped.
    pub needs: Option<&'static str>,
    /// Exchanges behind the finding, line by line.
    pub evidence: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub conf: String,
    /// Findings from near to far.
    pub findings: Vec<Finding>,
    /// One sentence with the cause.
    pub verdict: String,
    /// One sentence with the remedy; may be empty.
    pub remedy: String,
    /// Index of the finding in the verdict.
    pub cause: Option<usize>,
    pub facts: Arc<Facts>,
    /// Whether all facts are in.
    pub done: bool,
}

impl Diagnosis {
    pub fn count(&self, status: Status) -> usize {
        self.findings.iter().filter(|finding| finding.status == status).count()
    }

    /// The finding in the verdict.
    pub fn named(&self) -> Option<&Finding> {
        self.cause.and_then(|cause| self.findings.get(cause))
    }
}
