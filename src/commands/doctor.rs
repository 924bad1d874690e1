//! `sixpane doctor`: what is wrong, why, and what to try; of one conf, or of several at once.

mod face;

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::around;
use super::conf;
use super::progress::Progress;
use super::session::Session;
use crate::cli::Failure;
use crate::doctor::facts::{Facts, Link};
use crate::doctor::judge::judge;
use crate::doctor::redact::redact;
use crate::doctor::{Diagnosis, Machine, Status, Subject};
use crate::engine::Settings;
use crate::engine::look::{self, Ours};
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::probe::speech::Speech;
use crate::profile::{Profile, find, parse};
use crate::state::Claim;
use crate::text::Safe;

pub use face::Face;

/// What is to be examined.
#[derive(Debug, Clone)]
pub struct Request {
    /// The confs; none means all that are found.
    pub confs: Vec<PathBuf>,
    /// Attach even though another sixpane uses the conf.
    pub force: bool,
    /// What one wants to reach.
    pub subject: Subject,
    /// How the report is printed.
    pub face: Face,
    /// Whether names and addresses are taken out of it.
    pub redact: bool,
}

/// Reads `web`, `web:8080`, `web:8080/http`, `web.flycast:80`.
///
/// # Errors
/// Where the port is none, or the protocol is not known.
pub fn subject(text: &str) -> Result<Subject, String> {
    let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let (port, speech) = match rest
        .map(|rest| rest.split_once('/').map_or((rest, None), |(p, s)| (p, Some(s))))
    {
        None => (None, None),
        Some((port, speech)) => {
            let port =
                port.parse().ok().filter(|&port: &u16| port > 0).ok_or(format!("`{port}` is no port"))?;
            let speech = match speech {
                Some(word) => Some(
                    Speech::read(word).ok_or(format!("`{word}` is not known: http or tls is expected"))?,
                ),
                None => None,
            };
            (Some(port), speech)
        }
    };
    let flycast = name.ends_with(".flycast");
    let name = name.strip_suffix(".internal").or_else(|| name.strip_suffix(".flycast")).unwrap_or(name);
    if name.is_empty() {
        return Err("the name of an app is expected".into());
    }
    Ok(Subject { app: Some(Safe::new(name)), flycast, port, speech, ..Subject::default() })
}

/// Reads a machine's ID or address.
///
/// # Errors
/// Where it is empty.
pub fn machine(text: &str) -> Result<Machine, String> {
    if text.is_empty() {
        return Err("a machine's ID or address is expected".into());
    }
    Ok(text.parse().map_or_else(|_| Machine::Id(Safe::new(text)), Machine::At))
}

/// A conf under examination.
enum Patient {
    /// It can be used, and is ours for as long.
    Whole(Arc<Profile>, Box<Facts>, Option<Claim>),
    /// Nothing can be asked with it: this is all there is to know.
    Known(Box<Facts>),
}

/// Examines the networks of the confs. The exit code is 1 where anything fails.
///
/// # Errors
/// Where there is no conf at all (exit 3), or no tunnel can be begun (exit 4).
pub async fn run(request: &Request, out: &mut impl Write) -> Result<Exit, Failure> {
    let confs = if request.confs.is_empty() { conf::found() } else { request.confs.clone() };
    if confs.is_empty() {
        find::only(&confs)?;
    }
    let alone = confs.len() == 1;
    let mut all = Vec::new();
    let mut rest: Vec<&PathBuf> = confs.iter().collect();
    // All at once; but two confs with one key would steal each other's replies.
    while !rest.is_empty() {
        let mut keys = HashSet::new();
        let mut patients = Vec::new();
        let mut later = Vec::new();
        for path in rest {
            match parse::load(path) {
                Ok(profile) if !keys.insert(profile.public_key()) => later.push(path),
                loaded => patients.push(admit(path, loaded, &confs, request)),
            }
        }
        rest = later;
        all.extend(try_join_all(patients.into_iter().map(|patient| examine(patient, alone))).await?);
    }
    compare(&mut all);
    if request.subject.system {
        for facts in all.iter_mut().filter(|facts| facts.conf.broken.is_none()) {
            facts.subject.system = true;
            facts.system = Some(look::look(&facts.conf, Ours::Ended).await);
        }
    }
    let mut exit = Exit::Ok;
    for (n, facts) in all.iter().enumerate() {
        let mut diagnosis = judge(facts);
        if request.redact {
            diagnosis = redact(&diagnosis);
        }
        if diagnosis.count(Status::Fail) > 0 {
            exit = Exit::Empty;
        }
        if n > 0 && request.face != Face::Json {
            writeln!(out)?;
        }
        let name = diagnosis.conf.clone();
        request.face.print(&diagnosis, (all.len() > 1).then_some(name.as_str()), out)?;
    }
    Ok(exit)
}

/// What is known of the conf at `path` before anything is asked.
fn admit(
    path: &Path,
    loaded: Result<Profile, parse::ConfError>,
    confs: &[PathBuf],
    request: &Request,
) -> Patient {
    // The system is looked at when ours has ended.
    let subject = Subject { system: false, ..request.subject.clone() };
    let profile = match loaded {
        Ok(profile) => Arc::new(profile),
        Err(error) => {
            let name = path.file_stem().map_or(path.as_os_str(), |stem| stem);
            let name = Safe::new(name.as_encoded_bytes());
            return Patient::Known(Box::new(Facts::broken(name.as_str(), error, subject)));
        }
    };
    let mut around = around::look(&profile, confs);
    match conf::try_claim(&profile, request.force) {
        Err(pid) => {
            around.in_use = Some(pid);
            let facts = Facts::before(&profile, around, subject);
            Patient::Known(Box::new(Facts { done: true, ..facts }))
        }
        Ok((claim, behind)) => {
            around.clock_behind = behind;
            if around.interface.is_some() {
                let _ = writeln!(
                    std::io::stderr(),
                    "sixpane: {}: the system's VPN has the same key; while sixpane asks, it gets no replies",
                    profile.name
                );
            }
            let facts = Facts::before(&profile, around, subject);
            Patient::Whole(profile, Box::new(facts), claim)
        }
    }
}

/// Attaches, gathers the facts, and ends the attachment.
async fn examine(patient: Patient, alone: bool) -> Result<Facts, Failure> {
    let (profile, facts, _claim) = match patient {
        Patient::Known(facts) => return Ok(*facts),
        Patient::Whole(profile, facts, claim) => (profile, facts, claim),
    };
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut session = Session::attach(profile, settings)?;
    let mut progress = Progress::new(clock());
    let closed = || Error::new(Exit::Tunnel, "the network was closed");
    if session.engine.commands.send(Command::Diagnose(facts)).await.is_err() {
        return Err(closed().into());
    }
    loop {
        match session.engine.reports.recv().await {
            Some(Report::Diagnosis(diagnosis)) if diagnosis.done => {
                return Ok(diagnosis.facts.as_ref().clone());
            }
            Some(Report::Diagnosis(diagnosis)) if alone => progress.show(clock(), || so_far(&diagnosis)),
            Some(_) => {}
            None => return Err(closed().into()),
        }
    }
}

fn so_far(diagnosis: &Diagnosis) -> String {
    let all = diagnosis.findings.len();
    let next = diagnosis.findings.iter().find(|finding| finding.status == Status::Waiting);
    let next = next.map_or("", |finding| finding.title.as_str());
    format!("{} of {all} checks … {next}", all - diagnosis.count(Status::Waiting))
}

fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What each network tells about the others: where the app is that one lacks, and that UDP gets through.
fn compare(all: &mut [Facts]) {
    if all.len() < 2 {
        return;
    }
    let lists = |facts: &Facts, app: &Safe| {
        facts.apps.as_ref().is_some_and(|asked| asked.word == "NOERROR" && asked.entries.contains(app))
    };
    for n in 0..all.len() {
        let others = || all.iter().enumerate().filter(|(other, _)| *other != n).map(|(_, facts)| facts);
        let found = all[n].subject.app.as_ref().map(|app| {
            others()
                .filter(|facts| lists(facts, app))
                .map(|facts| facts.conf.name.clone())
                .collect::<Vec<_>>()
        });
        let up = others().find(|facts| facts.is_up()).map(|facts| facts.conf.name.clone());
        let facts = &mut all[n];
        facts.elsewhere = found;
        if matches!(facts.link, Some(Link::Silent(..))) {
            facts.other_is_up = up;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_with_and_without_a_port() {
        let read = |text| subject(text).map(|s| (s.app.map(|app| app.to_string()), s.port));
        assert_eq!(read("web"), Ok((Some("web".into()), None)));
        assert_eq!(read("web.internal:8080"), Ok((Some("web".into()), Some(8080))));
        assert!(read("web:http").is_err() && read("web:0").is_err() && read("").is_err());
    }

    #[test]
    fn flycast_and_a_protocol() {
        let read = subject("web.flycast:443/tls").unwrap();
        assert_eq!((read.flycast, read.port, read.speech), (true, Some(443), Some(Speech::Tls)));
        assert!(subject("web:80/gopher").unwrap_err().contains("http or tls"));
        assert!(!subject("web:80").unwrap().flycast);
        assert_eq!(machine("148e21b7c93d89"), Ok(Machine::Id("148e21b7c93d89".into())));
        assert!(matches!(machine("fdaa:0:18::2"), Ok(Machine::At(_))));
    }
}
