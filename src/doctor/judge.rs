//! Facts into findings, and findings into a verdict.
//!
//! The checks are a table: a check says what it needs and judges the facts alone. Whatever it needs has been judged
//! before it; where that failed, the check is skipped and says for want of what.

mod app;
mod conf;
mod dns;
mod link;
mod org;
mod path;
mod port;
mod system;

use std::sync::Arc;
use std::time::Duration;

pub use app::nearest;

use super::facts::Facts;
use super::{Diagnosis, Finding, Group, Status, Sure};

/// A check.
pub struct Check {
    /// Its name for programs.
    pub id: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// The checks without which it cannot be tried, by their names.
    pub needs: &'static [&'static str],
    /// What it would say where all is well, and says while nothing is known.
    pub title: fn(&Facts) -> String,
    /// Whether it has a place among the findings.
    pub applies: fn(&Facts) -> bool,
    /// What the facts say; `None` while they are not there.
    pub judge: fn(&Facts) -> Option<Finding>,
}

/// The checks from near to far.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        conf::CHECKS,
        link::CHECKS,
        dns::CHECKS,
        org::CHECKS,
        path::CHECKS,
        app::CHECKS,
        port::CHECKS,
        system::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// Judges `facts`, as far as they are there.
pub fn judge(facts: &Facts) -> Diagnosis {
    let mut findings: Vec<Finding> = Vec::new();
    for check in checks().filter(|check| (check.applies)(facts)) {
        let missing = check.needs.iter().find_map(|need| {
            let found = findings.iter().find(|finding| finding.id == *need)?;
            let missing = found.status == Status::Fail || (found.status == Status::Skip && facts.done);
            // A chain of needs is told by its root.
            missing.then(|| found.needs.unwrap_or(found.id))
        });
        let mut finding = match missing {
            Some(need) => {
                let words = checks().find(|check| check.id == need).map(|check| (check.title)(facts));
                let mut finding = Finding::new(Status::Skip, (check.title)(facts))
                    .saw(format!("Skipped; it needs: {}.", lower(&words.unwrap_or_default())));
                finding.needs = Some(need);
                finding
            }
            None => (check.judge)(facts).unwrap_or_else(|| {
                // What will not come any more could not be tried.
                let status = if facts.done { Status::Skip } else { Status::Waiting };
                Finding::new(status, (check.title)(facts))
            }),
        };
        (finding.id, finding.group) = (check.id, check.group);
        findings.push(finding);
    }
    let cause = cause(&findings);
    let (verdict, mend) = verdict(facts, &findings, cause);
    let conf = facts.conf.name.clone();
    Diagnosis { conf, findings, verdict, mend, cause, facts: Arc::new(facts.clone()), done: facts.done }
}

/// What the conf says of names and addresses beyond the link: it explains nothing where the link does not stand.
const BEYOND: [&str; 2] = ["dns-line", "allowed-ips"];

/// The nearest failure; where there is none, the nearest warning. That some machines are silent explains less than
/// what was asked for and fails.
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

/// The sentence that names the cause, and the one that mends it.
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
    let sure = match finding.sure {
        Sure::Open => format!(" {} reasons fit alike.", finding.why.len()),
        Sure::Likely if finding.why.len() > 1 => " Another reason fits less well.".into(),
        Sure::Likely | Sure::Certain => String::new(),
    };
    let word = if finding.status == Status::Warn { "works, but " } else { "" };
    let mend = finding.remedy.first().map(|first| format!("Try: {first}")).unwrap_or_default();
    (format!("{connected}: {word}{}.{sure}", lower(&finding.title)), mend)
}

/// With a small first letter, unless the first word has other capitals.
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
            saw: String::new(),
            why: Vec::new(),
            sure: Sure::Certain,
            hurts: String::new(),
            remedy: Vec::new(),
            needs: None,
            evidence: Vec::new(),
        }
    }

    fn pass(title: impl Into<String>) -> Self {
        Self::new(Status::Pass, title)
    }

    fn skip(title: impl Into<String>, saw: impl Into<String>) -> Self {
        Self::new(Status::Skip, title).saw(saw)
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

    fn saw(mut self, saw: impl Into<String>) -> Self {
        self.saw = saw.into();
        self
    }

    /// One more reason. With the second the finding is open, unless [`Self::likely`] follows.
    fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        if self.why.len() > 1 {
            self.sure = Sure::Open;
        }
        self
    }

    /// The first reason fits best.
    fn likely(mut self) -> Self {
        self.sure = Sure::Likely;
        self
    }

    fn hurts(mut self, hurts: impl Into<String>) -> Self {
        self.hurts = hurts.into();
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy.push(remedy.into());
        self
    }

    fn shown(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }
}

/// For checks that every diagnosis has.
fn always(_: &Facts) -> bool {
    true
}

#[cfg(test)]
pub(crate) mod tests;
