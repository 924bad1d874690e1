//! `sixpane doctor`: findings, their causes and remedies, for one or several confs.

mod board;
mod face;

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;

use futures_util::future::try_join_all;

use super::{Context, conf};
use crate::attach::list::{self, Item};
use crate::attach::{Claimed, Loaded};
use crate::cli::args::Doctor;
use crate::clock;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{Facts, Link};
use crate::doctor::judge::judge;
use crate::doctor::redact::redact;
use crate::doctor::{Status, Subject};
use crate::engine::Settings;
use crate::engine::diagnosis::system;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::text::Safe;

use board::Board;
use face::Face;

#[derive(Debug, Clone)]
struct Request {
    /// All confs found, if empty.
    confs: Vec<PathBuf>,
    /// Attach even if another sixpane uses the conf.
    force: bool,
    /// App, port or machine to check.
    subject: Subject,
    face: Face,
    /// Remove names and addresses from the report.
    redact: bool,
}

impl Request {
    fn new(args: &Doctor) -> Self {
        let face = match (args.common.json, args.markdown) {
            (true, _) => Face::Json,
            (_, true) => Face::Markdown,
            _ => Face::Text,
        };
        let (machine, system) = (args.machine.clone(), args.system);
        let subject = Subject { machine, system, ..args.app.clone().unwrap_or_default() };
        let confs = args.confs.iter().chain(&args.common.confs).cloned().collect();
        Self { confs, force: args.common.force, subject, face, redact: args.redact }
    }
}

/// A conf under examination.
enum Patient {
    /// It can be used, and is ours for as long.
    Whole(Loaded, Box<Facts>, Claimed),
    /// Nothing can be asked with it: this is all there is to know.
    Known(Box<Facts>),
}

/// Examines the networks of the confs. The exit code is 1 where anything fails.
///
/// # Errors
/// Where there is no conf at all (exit 3), or no tunnel can be begun (exit 4).
pub async fn run(context: &mut Context<'_>, args: &Doctor) -> Result<Exit, Error> {
    let request = &Request::new(args);
    let out = &mut context.out;
    let confs = list::named_or_found(&request.confs)?;
    let board = RefCell::new(Board::new(confs.len(), clock::now()));
    let mut all = Vec::new();
    // All at once; but two confs with one key would steal each other's replies.
    for round in list::rounds(list::read(&confs)) {
        let patients: Vec<_> = round.into_iter().map(|item| admit(item, &confs, request)).collect();
        all.extend(
            try_join_all(patients.into_iter().map(|patient| checked(patient, request, &board))).await?,
        );
    }
    drop(board);
    compare(&mut all);
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

/// Collects the facts that need no packet, and claims the conf.
fn admit(Item { source, loaded }: Item, confs: &[PathBuf], request: &Request) -> Patient {
    // The system is looked at when ours has ended.
    let subject = Subject { system: false, ..request.subject.clone() };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return Patient::Known(Box::new(Facts::broken(&source.name(), error, subject))),
    };
    let identity = loaded.identity().clone();
    let mut around = loaded.context(confs);
    match loaded.claim(request.force) {
        Err(in_use) => {
            around.in_use = Some(in_use.pid);
            let facts = Facts::before(&identity.conf, around, subject);
            Patient::Known(Box::new(Facts { done: true, ..facts }))
        }
        Ok(claimed) => {
            around.clock_behind = claimed.behind;
            if !request.subject.system {
                conf::warn_of_interface(&identity);
            }
            let facts = Facts::before(&identity.conf, around, subject);
            Patient::Whole(loaded, Box::new(facts), claimed)
        }
    }
}

/// Checks the system's own VPN first, if requested, and then the conf. With a key that an interface of this host uses,
/// nothing is attached: a handshake of ours would lock the system's VPN out for half a minute.
async fn checked(patient: Patient, request: &Request, board: &RefCell<Board>) -> Result<Facts, Error> {
    let conf = match &patient {
        Patient::Known(facts) | Patient::Whole(_, facts, _) => facts.conf.clone(),
    };
    if !request.subject.system || conf.broken.is_some() {
        return examine(patient, board).await;
    }
    let system = system::look(&conf, false).await;
    let spared = system.same_key && system.interface.is_some();
    let mut facts = match patient {
        Patient::Whole(_, facts, _) if spared => {
            board.borrow_mut().done();
            Facts { done: true, ..*facts }
        }
        patient => examine(patient, board).await?,
    };
    facts.subject.system = true;
    facts.system = Some(system);
    Ok(facts)
}

/// Attaches, gathers the facts, and ends the attachment.
async fn examine(patient: Patient, board: &RefCell<Board>) -> Result<Facts, Error> {
    let (loaded, facts, claimed) = match patient {
        Patient::Known(facts) => {
            board.borrow_mut().done();
            return Ok(*facts);
        }
        Patient::Whole(loaded, facts, claimed) => (loaded, facts, claimed),
    };
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut attached = loaded.attach(claimed, settings)?;
    let closed = || Error::new(Exit::Tunnel, "the network was closed");
    if attached.engine.commands.send(Command::Diagnose(facts)).await.is_err() {
        return Err(closed());
    }
    loop {
        match attached.engine.reports.recv().await {
            Some(Report::Diagnosis(diagnosis)) if diagnosis.done => {
                board.borrow_mut().done();
                return Ok(diagnosis.facts.as_ref().clone());
            }
            Some(Report::Diagnosis(diagnosis)) => board.borrow_mut().show(diagnosis),
            Some(_) => {}
            None => return Err(closed()),
        }
    }
}

/// Adds facts about the other networks: which of them has the app, and whether UDP works there.
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
