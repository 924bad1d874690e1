//! `sixpane doctor`: what is wrong, why, and what to try; of one conf, or of several at once.

mod board;
mod face;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::around;
use super::session::Session;
use super::{conf, plain};
use crate::cli::Failure;
use crate::clock;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{Facts, Link};
use crate::doctor::judge::judge;
use crate::doctor::redact::redact;
use crate::doctor::{Status, Subject};
use crate::engine::Settings;
use crate::engine::look::{self, Ours};
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::profile::{Profile, find, parse};
use crate::state::Claim;
use crate::text::Safe;

use board::Board;
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
    let board = RefCell::new(Board::new(confs.len(), clock::now()));
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
        all.extend(try_join_all(patients.into_iter().map(|patient| examine(patient, &board))).await?);
    }
    drop(board);
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
                    plain::stderr(),
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
async fn examine(patient: Patient, board: &RefCell<Board>) -> Result<Facts, Failure> {
    let (profile, facts, _claim) = match patient {
        Patient::Known(facts) => {
            board.borrow_mut().done();
            return Ok(*facts);
        }
        Patient::Whole(profile, facts, claim) => (profile, facts, claim),
    };
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut session = Session::attach(profile, settings)?;
    let closed = || Error::new(Exit::Tunnel, "the network was closed");
    if session.engine.commands.send(Command::Diagnose(facts)).await.is_err() {
        return Err(closed().into());
    }
    loop {
        match session.engine.reports.recv().await {
            Some(Report::Diagnosis(diagnosis)) if diagnosis.done => {
                board.borrow_mut().done();
                return Ok(diagnosis.facts.as_ref().clone());
            }
            Some(Report::Diagnosis(diagnosis)) => board.borrow_mut().show(diagnosis),
            Some(_) => {}
            None => return Err(closed().into()),
        }
    }
}

/// What each network tells about the others: where the app is that one lacks, and that UDP gets through.
fn compare(all: &mut [Facts]) {
    if all.len() < 2 {
        return;
    }
    let lists = |facts: &Facts, app: &Safe| {
        facts
            .apps
            .as_ref()
            .is_some_and(|asked| asked.outcome == Outcome::NOERROR && asked.entries.contains(app))
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
