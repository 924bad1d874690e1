//! The doctor over generated worlds, and the table of what it made of them. `SIXPANE_WORLDS=N` sets the number of worlds per
//! fault (one by default), `SIXPANE_SEED` the first seed, and `SIXPANE_UPDATE=1` writes the table to `tests/worlds.txt`:
//!
//! ```text
//! SIXPANE_WORLDS=20 SIXPANE_SEED=1 SIXPANE_UPDATE=1 cargo test --lib worlds::table
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::generator::{FAULTS, Fault, Setup, broken, healthy};
use super::world::World;
use crate::doctor::facts::{Around, Conf, Facts};
use crate::doctor::judge::judge;
use crate::doctor::{Confidence, Diagnosis, Status};
use crate::engine::report::{Command, Report};
use crate::engine::{Engine, Settings};
use crate::profile::parse::parse;

/// Examines a world, in virtual time.
async fn examine(setup: &Setup, seed: u64) -> Diagnosis {
    let profile = match parse("my-peer", setup.conf.as_bytes()) {
        Ok(profile) => profile,
        Err(error) => return judge(&Facts::broken("my-peer", error, setup.subject.clone())),
    };
    let conf = Conf::of(&profile);
    let mut conditions = setup.conditions.clone();
    conditions.allowed_ips.clone_from(&conf.allowed_ips);
    let beyond_link =
        conditions.host.is_none() && conditions.gateway.listens && !conditions.gateway.loses_session;
    let net = if setup.later && beyond_link {
        let mut before = healthy(seed, conditions.lists.apps.len()).conditions;
        before.allowed_ips.clone_from(&conf.allowed_ips);
        (before.lists, before.names, before.hosts) =
            (conditions.lists.clone(), conditions.names.clone(), conditions.hosts.clone());
        before.gateway = conditions.gateway.clone();
        (before.outbound, before.inbound, before.icmp) =
            (conditions.outbound, conditions.inbound, conditions.icmp);
        World::start(before, seed)
    } else {
        World::start(conditions.clone(), seed)
    };
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut engine = Engine::start(net.clone(), conf.dns, settings).unwrap();
    if setup.later && beyond_link {
        let until = tokio::time::Instant::now() + Duration::from_secs(8);
        while tokio::time::timeout_at(until, engine.reports.recv()).await.is_ok() {}
        net.change(conditions);
    }
    let facts = Facts::before(&conf, Around::default(), setup.subject.clone());
    engine.commands.send(Command::Diagnose(Box::new(facts))).await.unwrap();
    loop {
        match engine.reports.recv().await.unwrap() {
            Report::Diagnosis(diagnosis) if diagnosis.done => return (*diagnosis).clone(),
            _ => {}
        }
    }
}

fn run(setup: &Setup, seed: u64) -> Diagnosis {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(examine(setup, seed))
}

/// What a diagnosis is worth, given what is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// The verdict has a true cause.
    Named,
    /// Another finding has one.
    Listed,
    /// The verdict has another cause, as possible only.
    Vague,
    /// The verdict has another cause, as certain or likely.
    False,
    /// No finding.
    Missed,
}

fn mark(diagnosis: &Diagnosis, near: &[&str], all: &[&str]) -> Mark {
    let bad = |status| matches!(status, Status::Fail | Status::Warn);
    let named = diagnosis.named().filter(|finding| bad(finding.status));
    let Some(named) = named else { return Mark::Missed };
    if near.contains(&named.fault) {
        return Mark::Named;
    }
    let sure = named.confidence != Confidence::Possible;
    if sure && !all.contains(&named.fault) {
        return Mark::False;
    }
    let mut others = diagnosis.findings.iter().filter(|finding| bad(finding.status));
    if others.any(|finding| near.contains(&finding.fault)) { Mark::Listed } else { Mark::Vague }
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<&'static str, BTreeMap<Mark, usize>>,
    verdicts: BTreeMap<&'static str, BTreeMap<String, usize>>,
    /// By confidence: true verdicts and all.
    calibration: BTreeMap<&'static str, (usize, usize)>,
    /// A seed to replay, by fault and verdict.
    seeds: BTreeMap<(&'static str, String), u64>,
}

impl Table {
    fn add(
        &mut self,
        row: &'static str,
        diagnosis: &Diagnosis,
        near: &[&str],
        all: &[&str],
        seed: u64,
    ) -> Mark {
        let mark = mark(diagnosis, near, all);
        *self.rows.entry(row).or_default().entry(mark).or_default() += 1;
        let verdict = diagnosis
            .named()
            .map_or("none".into(), |named| format!("{} ({})", named.fault, named.confidence.as_str()));
        *self.verdicts.entry(row).or_default().entry(verdict.clone()).or_default() += 1;
        self.seeds.entry((row, verdict)).or_insert(seed);
        if let Some(named) = diagnosis.named() {
            let cell = self.calibration.entry(named.confidence.as_str()).or_default();
            cell.0 += usize::from(all.contains(&named.fault));
            cell.1 += 1;
        }
        mark
    }

    fn share(&self, marks: &[Mark]) -> f64 {
        let count = |wanted: &dyn Fn(&Mark) -> bool| -> usize {
            self.rows.values().flatten().filter(|(mark, _)| wanted(mark)).map(|(_, n)| n).sum()
        };
        100.0 * count(&|mark| marks.contains(mark)) as f64 / count(&|_| true).max(1) as f64
    }

    fn figures(&self) -> String {
        let mut text = String::new();
        for (label, marks) in [
            ("named", &[Mark::Named][..]),
            ("named or listed", &[Mark::Named, Mark::Listed]),
            ("vague", &[Mark::Vague]),
            ("missed", &[Mark::Missed]),
            ("false with certain or likely", &[Mark::False]),
        ] {
            let _ = writeln!(text, "{label}: {:.1} %", self.share(marks));
        }
        for (confidence, (right, all)) in &self.calibration {
            let _ = writeln!(text, "{confidence}: true in {right} of {all}");
        }
        text
    }

    fn cells(&self) -> String {
        let mut text = String::new();
        for (row, marks) in &self.rows {
            let of = |mark| marks.get(&mark).copied().unwrap_or(0);
            let all: usize = marks.values().sum();
            let _ = writeln!(
                text,
                "{row}: {all} worlds, named {}, listed {}, vague {}, missed {}, false {}",
                of(Mark::Named),
                of(Mark::Listed),
                of(Mark::Vague),
                of(Mark::Missed),
                of(Mark::False),
            );
            for (verdict, n) in &self.verdicts[row] {
                let seed = self.seeds[&(*row, verdict.clone())];
                let _ = writeln!(text, "    {n} × {verdict}, for example seed {seed}");
            }
        }
        text
    }
}

/// `per_fault` worlds of each fault.
fn singles(start: u64, per_fault: u64) -> Table {
    let mut table = Table::default();
    for (index, fault) in FAULTS.iter().enumerate() {
        for n in 0..per_fault {
            let seed = start + index as u64 * 1_000_003 + n;
            let diagnosis = run(&broken(seed, &[fault]), seed);
            table.add(fault.name, &diagnosis, fault.causes, fault.causes, seed);
        }
    }
    table
}

/// Worlds with two faults at different distances.
fn pairs(start: u64, count: u64) -> Table {
    let mut table = Table::default();
    let mut seed = start;
    let mut made = 0;
    while made < count {
        seed += 1;
        let at = |n: u64| &FAULTS[(n % FAULTS.len() as u64) as usize];
        let (a, b): (&Fault, &Fault) = (at(seed.wrapping_mul(31)), at(seed.wrapping_mul(17) / 7));
        let (near, far) = if a.distance < b.distance { (a, b) } else { (b, a) };
        // Without the app there are no machines that could have the other fault.
        let no_app = near.name.starts_with("app:") || near.name == "records: no app";
        if near.distance == far.distance || near.distance == 0 || no_app {
            continue;
        }
        made += 1;
        let diagnosis = run(&broken(seed, &[near, far]), seed);
        let all: Vec<&str> = near.causes.iter().chain(far.causes).copied().collect();
        table.add("pair", &diagnosis, near.causes, &all, seed);
    }
    table
}

/// Failures and warnings in `count` healthy worlds, with a seed for each fault.
fn alarms(start: u64, count: u64) -> (usize, usize, BTreeMap<&'static str, (usize, u64)>) {
    let (mut failures, mut warnings, mut faults) = (0, 0, BTreeMap::new());
    for seed in start..start + count {
        let apps = if seed % 100 == 99 { 200 } else { 2 + (seed % 7) as usize };
        let diagnosis = run(&healthy(seed, apps), seed);
        failures += usize::from(diagnosis.count(Status::Fail) > 0);
        warnings += usize::from(diagnosis.count(Status::Fail) == 0 && diagnosis.count(Status::Warn) > 0);
        for finding in &diagnosis.findings {
            if matches!(finding.status, Status::Fail | Status::Warn) {
                faults.entry(finding.fault).or_insert((0, seed)).0 += 1;
            }
        }
    }
    (failures, warnings, faults)
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn table() {
    let (start, count) = (number("SIXPANE_SEED", 1), number("SIXPANE_WORLDS", 1));
    let single = singles(start, count);
    let pair = pairs(start, 30 * count);
    let healthy = 200 * count;
    let (failures, warnings, faults) = alarms(start, healthy);
    let mut text = format!(
        "Generated by the command in src/engine/diagnosis/tests/worlds.rs; start seed {start}.\n\n\
         {} faults × {count} worlds\n{}\nPairs\n{}\n{healthy} healthy worlds: {failures} with a failure, {warnings} with a warning\n",
        FAULTS.len(),
        single.figures(),
        pair.figures(),
    );
    for (fault, (n, seed)) in faults {
        let _ = writeln!(text, "    {n} × {fault}, for example seed {seed}");
    }
    let _ = write!(text, "\n{}\n{}", single.cells(), pair.cells());
    println!("{text}");
    if std::env::var_os("SIXPANE_UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/worlds.txt");
        std::fs::write(path, text).unwrap();
    }
    // Bounds that the doctor reaches; they only get tighter.
    assert_eq!(single.rows.len(), FAULTS.len());
    let (named, listed) = (single.share(&[Mark::Named]), single.share(&[Mark::Named, Mark::Listed]));
    assert!(named >= 80.0 && listed >= 85.0, "{}{}", single.figures(), single.cells());
    assert!(single.share(&[Mark::False]) <= 1.5 && pair.share(&[Mark::False]) <= 4.0, "{}", pair.figures());
    assert_eq!(failures, 0);
}

#[test]
fn faults_of_one_class_have_the_same_observations() {
    let mut classes: BTreeMap<&str, Vec<&Fault>> = BTreeMap::new();
    for fault in FAULTS.iter().filter(|fault| !fault.class.is_empty()) {
        classes.entry(fault.class).or_default().push(fault);
    }
    assert!(classes.values().all(|faults| faults.len() > 1));
    for seed in 0..3 {
        for (class, faults) in &classes {
            let seen = |fault: &Fault| {
                let mut setup = broken(seed, &[fault]);
                (setup.conditions.loss, setup.conditions.jitter, setup.later) = (0.0, Duration::ZERO, false);
                (*run(&setup, seed).facts).clone()
            };
            let first = seen(faults[0]);
            for fault in &faults[1..] {
                assert_eq!(first, seen(fault), "{class}: {} and {}", faults[0].name, fault.name);
            }
        }
    }
}
