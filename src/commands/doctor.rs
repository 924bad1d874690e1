//! `sixpane doctor`: what is wrong, why, and what to try; as text, Markdown or JSON.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::conf;
use super::session::Session;
use crate::cli::Failure;
use crate::doctor::facts::Facts;
use crate::doctor::{Diagnosis, Finding, Status, Subject};
use crate::engine::Settings;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::text::{Safe, ms};

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// For eyes.
    Text,
    /// For sharing.
    Markdown,
    /// For programs.
    Json,
}

/// Reads `web` or `web:8080`.
///
/// # Errors
/// Where the port is none.
pub fn subject(text: &str) -> Result<Subject, String> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => {
            let port: u16 =
                port.parse().ok().filter(|&port| port > 0).ok_or(format!("`{port}` is no port"))?;
            (name, Some(port))
        }
        None => (text, None),
    };
    let name = name.strip_suffix(".internal").unwrap_or(name);
    Ok(Subject { app: Some(Safe::new(name)), port })
}

/// Examines the network of the conf at `path`. The exit code is 1 where anything fails.
///
/// # Errors
/// Where the conf cannot be used (exit 3) or is in use (exit 4).
pub async fn run(
    path: Option<&Path>,
    force: bool,
    subject: Subject,
    face: Face,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let profile = conf::load(path)?;
    let (_claim, behind) = conf::claim_quietly(&profile, force)?;
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut session = Session::attach(profile, settings)?;
    let mut facts = Facts::before(&session.profile, subject);
    facts.conf.clock_behind = behind;
    if session.engine.commands.send(Command::Diagnose(Box::new(facts))).await.is_err() {
        return Err(Error::new(Exit::Tunnel, "the network was closed").into());
    }
    loop {
        match session.engine.reports.recv().await {
            Some(Report::Diagnosis(diagnosis)) if diagnosis.done => {
                match face {
                    Face::Text => text(&diagnosis, out)?,
                    Face::Markdown => markdown(&diagnosis, out)?,
                    Face::Json => writeln!(out, "{}", to_json(&diagnosis))?,
                }
                return Ok(if diagnosis.count(Status::Fail) > 0 { Exit::Empty } else { Exit::Ok });
            }
            Some(_) => {}
            None => return Err(Error::new(Exit::Tunnel, "the network was closed").into()),
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

fn tally(diagnosis: &Diagnosis) -> String {
    let n = |status| diagnosis.count(status);
    let (pass, warn, fail, skip) = (n(Status::Pass), n(Status::Warn), n(Status::Fail), n(Status::Skip));
    format!("{pass} passed, {warn} warnings, {fail} failures, {skip} skipped")
}

fn text(diagnosis: &Diagnosis, out: &mut impl Write) -> std::io::Result<()> {
    let mut group = None;
    for finding in &diagnosis.findings {
        if group != Some(finding.group) {
            group = Some(finding.group);
            writeln!(out, "{}", finding.group.as_str())?;
        }
        let took = finding.took.map(|took| format!("  {} ms", ms(took))).unwrap_or_default();
        writeln!(out, "  {} {}{took}", mark(finding.status), finding.title)?;
        if matches!(finding.status, Status::Fail | Status::Warn) {
            story(finding, "      ", out)?;
        }
    }
    writeln!(out, "\n{}\n{}", diagnosis.verdict, tally(diagnosis))
}

/// What a finding has to say, line by line.
fn story(finding: &Finding, indent: &str, out: &mut impl Write) -> std::io::Result<()> {
    let mut line = |label: &str, text: &str| {
        if text.is_empty() { Ok(()) } else { writeln!(out, "{indent}{label:<6} {text}") }
    };
    line("Saw", &finding.saw)?;
    for (n, why) in finding.why.iter().enumerate() {
        line(if n == 0 { "Why" } else { "  or" }, why)?;
    }
    line("Hurts", &finding.hurts)?;
    for (n, remedy) in finding.remedy.iter().enumerate() {
        line(if n == 0 { "Try" } else { "" }, remedy)?;
    }
    Ok(())
}

fn markdown(diagnosis: &Diagnosis, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "**{}**\n\n{}\n", diagnosis.verdict, tally(diagnosis))?;
    writeln!(out, "| | check | found | ms |\n|---|---|---|---|")?;
    for finding in &diagnosis.findings {
        let cell = |text: &str| text.replace('|', "\\|");
        let took = finding.took.map(ms).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {took} |",
            mark(finding.status),
            cell(finding.group.as_str()),
            cell(&finding.title)
        )?;
    }
    for finding in diagnosis.findings.iter().filter(|f| matches!(f.status, Status::Fail | Status::Warn)) {
        writeln!(out, "\n### {}\n\n```text", finding.title)?;
        story(finding, "", out)?;
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
                "title": finding.title,
                "ms": finding.took.map(|took| took.as_secs_f64() * 1e3),
                "saw": finding.saw,
                "why": finding.why,
                "hurts": finding.hurts,
                "try": finding.remedy,
            })
        })
        .collect();
    json!({
        "schema": "sixpane.doctor/1",
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause.and_then(|cause| diagnosis.findings.get(cause)).map(|finding| finding.id),
        "findings": findings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_with_and_without_a_port() {
        let read = |text| subject(text).map(|s| (s.app.map(|app| app.to_string()), s.port));
        assert_eq!(read("web"), Ok((Some("web".into()), None)));
        assert_eq!(read("web.internal:8080"), Ok((Some("web".into()), Some(8080))));
        assert!(read("web:http").is_err() && read("web:0").is_err());
    }
}
