//! Turns facts into findings, and findings into a verdict.
//!
//! The checks are a table, from near to far: conf, link, DNS, org, path, app, port, system. Each one states the checks
//! that it needs and judges facts only. If a needed check failed or was skipped, the check is skipped and names the root
//! of the chain, so that one cause produces one failure and not ten.
//!
//! The cause is the *nearest* failure, since whatever lies beyond it depends on it. Exceptions:
//!
//! - Without a link, findings on the conf's names and addresses beyond it explain nothing ([`BEYOND`]).
//! - Some silent machines out of many explain less than a failure of the requested app or port.
//! - Without any failure the nearest warning is the cause.
//!
//! Each finding lists its possible reasons, most likely first, with a confidence: certain if the observations allow no
//! other explanation, likely if one fits best, open if several fit equally well. With a second reason a finding is open,
//! unless the check marks it as likely; it is never certain. Facts arrive one after another, and a check without its
//! facts is pending: a finding made is not revoked by a later fact.

mod app;
mod conf;
mod dns;
mod link;
mod org;
mod path;
mod port;
mod service;
mod system;

use std::sync::Arc;
use std::time::Duration;

pub use app::nearest;

use super::facts::Facts;
use super::{Confidence, Diagnosis, Finding, Group, Status};

/// Accepted loss of round trips: two percent each way, and a little.
const USUAL_LOSS: f64 = 0.05;

pub struct Check {
    /// Name for JSON.
    pub id: &'static str,
    pub group: Group,
    /// Checks that must pass first, by name.
    pub needs: &'static [&'static str],
    /// Title if all is well, or while pending.
    pub title: fn(&Facts) -> String,
    /// Whether it is among the findings.
    pub applies: fn(&Facts) -> bool,
    /// Finding from the facts; `None` while they are incomplete.
    pub judge: fn(&Facts) -> Option<Finding>,
}

/// All checks, from near to far.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        conf::CHECKS,
        link::CHECKS,
        dns::CHECKS,
        org::CHECKS,
        path::CHECKS,
        app::CHECKS,
        port::CHECKS,
        service::CHECKS,
        port::PROTOCOL,
        system::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// Judges `facts`, complete or not.
pub fn judge(facts: &Facts) -> Diagnosis {
    let mut findings: Vec<Finding> = Vec::new();
    for check in checks().filter(|check| (check.applies)(facts)) {
        let missing = check.needs.iter().find_map(|need| {
            let found = findings.iter().find(|finding| finding.id == *need)?;
            let missing = found.status == Status::Fail || (found.status == Status::Skip && facts.done);
            // Name the root of a chain of needed checks.
            missing.then(|| found.needs.unwrap_or(found.id))
        });
        let mut finding = match missing {
            Some(need) => {
                let words = checks().find(|check| check.id == need).map(|check| (check.title)(facts));
                let mut finding = Finding::new(Status::Skip, (check.title)(facts))
                    .observed(format!("Skipped; it needs: {}.", lower(&words.unwrap_or_default())));
                finding.needs = Some(need);
                finding
            }
            None => (check.judge)(facts).unwrap_or_else(|| {
                // With all facts in, a check without a finding could not be done.
                let status = if facts.done { Status::Skip } else { Status::Waiting };
                Finding::new(status, (check.title)(facts))
            }),
        };
        (finding.id, finding.group) = (check.id, check.group);
        findings.push(finding);
    }
    let cause = cause(&findings);
    let (verdict, remedy) = verdict(facts, &findings, cause);
    let conf = facts.conf.name.clone();
    Diagnosis { conf, findings, verdict, remedy, cause, facts: Arc::new(facts.clone()), done: facts.done }
}

/// Findings on the conf beyond the link; they explain nothing without a link.
const BEYOND: [&str; 2] = ["dns-line", "allowed-ips"];

/// Index of the cause: the nearest failure, or else the nearest warning. Some silent machines explain less than a failure
/// of the requested app or port.
fn cause(findings: &[Finding]) -> Option<usize> {
    let first = |fits: &dyn Fn(&Finding) -> bool| findings.iter().position(fits);
    let fails = |finding: &Finding| finding.status == Status::Fail;
    let dead = findings.iter().any(|finding| finding.id == "handshake" && fails(finding));
    let explains =
        |finding: &Finding| finding.fault != path::SOME_SILENT && !(dead && BEYOND.contains(&finding.id));
    first(&|finding| fails(finding) && explains(finding))
        .or_else(|| first(&|finding| finding.status == Status::Fail))
        .or_else(|| first(&|finding| finding.status == Status::Warn))
}

/// The sentence with the cause, and the one with the remedy.
fn verdict(facts: &Facts, findings: &[Finding], cause: Option<usize>) -> (String, String) {
    let connected = match &facts.link {
        _ if facts.is_up() => "Connected",
        None if !facts.done && facts.conf.broken.is_none() => return ("Looking …".into(), String::new()),
        _ => "Not connected",
    };
    let Some(finding) = cause.and_then(|cause| findings.get(cause)) else {
        let rest = if facts.done { "nothing is wrong" } else { "so far nothing is wrong" };
        return (format!("{connected}: {rest}."), String::new());
    };
    let confidence = match finding.confidence {
        Confidence::Possible => format!(" {} causes are equally likely.", number(finding.causes.len())),
        Confidence::Likely if finding.causes.len() > 1 => " Another cause is less likely.".into(),
        Confidence::Likely | Confidence::Certain => String::new(),
    };
    let word = if finding.status == Status::Warn { "works, but " } else { "" };
    let remedy = finding.remedies.first().map(|first| format!("Try: {first}")).unwrap_or_default();
    (format!("{connected}: {word}{}.{confidence}", lower(&finding.title)), remedy)
}

/// A small number as a word.
fn number(n: usize) -> String {
    match n {
        2 => "Two".into(),
        3 => "Three".into(),
        4 => "Four".into(),
        _ => n.to_string(),
    }
}

/// Lower-cases the first letter, unless the first word has other capitals.
fn lower(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !word.chars().skip(1).any(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

impl Finding {
    fn new(status: Status, title: impl Into<String>) -> Self {
        Self {
            id: "",
            group: Group::Conf,
            status,
            fault: "",
            title: title.into(),
            took: None,
            observed: String::new(),
            causes: Vec::new(),
            confidence: Confidence::Certain,
            affects: String::new(),
            remedies: Vec::new(),
            needs: None,
            evidence: Vec::new(),
        }
    }

    fn pass(title: impl Into<String>) -> Self {
        Self::new(Status::Pass, title)
    }

    fn skip(title: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::new(Status::Skip, title).observed(observed)
    }

    fn warn(fault: &'static str, title: impl Into<String>) -> Self {
        Self { fault, ..Self::new(Status::Warn, title) }
    }

    fn fail(fault: &'static str, title: impl Into<String>) -> Self {
        Self { fault, ..Self::new(Status::Fail, title) }
    }

    fn took(mut self, took: Option<Duration>) -> Self {
        self.took = took;
        self
    }

    fn observed(mut self, observed: impl Into<String>) -> Self {
        self.observed = observed.into();
        self
    }

    /// Adds a reason. With the second the finding is open, unless [`Self::likely`] follows.
    fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        if self.causes.len() > 1 {
            self.confidence = Confidence::Possible;
        }
        self
    }

    /// Marks the first reason as the best explanation.
    fn likely(mut self) -> Self {
        self.confidence = Confidence::Likely;
        self
    }

    fn affects(mut self, affects: impl Into<String>) -> Self {
        self.affects = affects.into();
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedies.push(remedy.into());
        self
    }

    fn shown(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }
}

fn always(_: &Facts) -> bool {
    true
}

#[cfg(test)]
pub(crate) mod tests;
