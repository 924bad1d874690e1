//! A diagnosis as text, Markdown or JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::commands::style::{BAD, DIM, OK, STRONG, WARN, paint};
use crate::doctor::{Diagnosis, Finding, Status};
use crate::text::escape::markdown as markdown_text;
use crate::text::{count, ms};

/// The format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Text,
    Markdown,
    /// One object per line.
    Json,
}

impl Face {
    /// Prints `diagnosis`, with the name of the conf as a heading if there are several.
    pub fn print(self, diagnosis: &Diagnosis, conf: Option<&str>, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Text => text(diagnosis, conf, out),
            Self::Markdown => markdown(diagnosis, conf, out),
            Self::Json => writeln!(out, "{}", to_json(diagnosis)),
        }
    }
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Pass => "✓",
        Status::Warn => "!",
        Status::Fail => "✗",
        Status::Skip | Status::Waiting => "·",
    }
}

fn style(status: Status) -> anstyle::Style {
    match status {
        Status::Pass => OK,
        Status::Warn => WARN,
        Status::Fail => BAD,
        Status::Skip | Status::Waiting => DIM,
    }
}

fn tally(diagnosis: &Diagnosis) -> String {
    let n = |status| diagnosis.count(status);
    let (pass, warn, fail, skip) = (n(Status::Pass), n(Status::Warn), n(Status::Fail), n(Status::Skip));
    format!("{pass} passed, {}, {}, {skip} skipped", count(warn, "warning"), count(fail, "failure"))
}

fn text(diagnosis: &Diagnosis, conf: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    if let Some(conf) = conf {
        writeln!(out, "{}", paint(STRONG, format!("── {conf} ──")))?;
    }
    let mut group = None;
    for finding in &diagnosis.findings {
        if group != Some(finding.group) {
            group = Some(finding.group);
            writeln!(out, "{}", paint(DIM, finding.group.as_str()))?;
        }
        let took = finding.took.map(|took| format!("  {} ms", ms(took))).unwrap_or_default();
        let needs = finding.needs.map(|needs| format!("  (needs {needs})")).unwrap_or_default();
        let mark = paint(style(finding.status), mark(finding.status));
        writeln!(out, "  {mark} {}{}", finding.title, paint(DIM, took + &needs))?;
        if matches!(finding.status, Status::Fail | Status::Warn) {
            details(finding, "      ", out)?;
        }
    }
    let verdict = diagnosis.named().map_or(Status::Pass, |finding| finding.status);
    writeln!(out, "\n{}", paint(style(verdict), &diagnosis.verdict))?;
    if !diagnosis.remedy.is_empty() {
        writeln!(out, "{}", diagnosis.remedy)?;
    }
    writeln!(out, "{}", tally(diagnosis))
}

fn details(finding: &Finding, indent: &str, out: &mut impl Write) -> io::Result<()> {
    let mut line = |label: &str, text: &str| {
        if text.is_empty() { Ok(()) } else { writeln!(out, "{indent}{label:<6} {text}") }
    };
    line("Found", &finding.observed)?;
    for (n, why) in finding.causes.iter().enumerate() {
        line(if n == 0 { "Cause" } else { "  or" }, why)?;
    }
    line("Effect", &finding.affects)?;
    for (n, remedy) in finding.remedies.iter().enumerate() {
        line(if n == 0 { "Try" } else { "" }, remedy)?;
    }
    Ok(())
}

fn markdown(diagnosis: &Diagnosis, conf: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    if let Some(conf) = conf {
        writeln!(out, "## {}\n", markdown_text(conf))?;
    }
    writeln!(out, "**{}**", markdown_text(&diagnosis.verdict))?;
    if !diagnosis.remedy.is_empty() {
        writeln!(out, "{}", markdown_text(&diagnosis.remedy))?;
    }
    writeln!(out, "\n{}\n", tally(diagnosis))?;
    writeln!(out, "| | check | found | ms |\n|---|---|---|---|")?;
    for finding in &diagnosis.findings {
        let took = finding.took.map(ms).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {took} |",
            mark(finding.status),
            finding.group.as_str(),
            markdown_text(&finding.title)
        )?;
    }
    for finding in diagnosis.findings.iter().filter(|f| matches!(f.status, Status::Fail | Status::Warn)) {
        writeln!(out, "\n### {}\n\n```text", markdown_text(&finding.title))?;
        details(finding, "", out)?;
        for line in &finding.evidence {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "```")?;
    }
    Ok(())
}

fn to_json(diagnosis: &Diagnosis) -> Value {
    let findings: Vec<Value> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            json!({
                "id": finding.id,
                "group": finding.group.as_str(),
                "status": finding.status.as_str(),
                "fault": Some(finding.fault).filter(|fault| !fault.is_empty()),
                "title": finding.title,
                "ms": finding.took.map(|took| took.as_secs_f64() * 1e3),
                "observed": finding.observed,
                "causes": finding.causes,
                "confidence": finding.confidence.as_str(),
                "affects": finding.affects,
                "remedies": finding.remedies,
                "needs": finding.needs,
                "evidence": finding.evidence,
            })
        })
        .collect();
    let named = diagnosis.named();
    json!({
        "schema": "sixpane.doctor/2",
        "conf": diagnosis.conf,
        "verdict": diagnosis.verdict,
        "remedy": diagnosis.remedy,
        "cause": named.map(|finding| finding.id),
        "fault": named.map(|finding| finding.fault),
        "confidence": named.map(|finding| finding.confidence.as_str()),
        "findings": findings,
    })
}
