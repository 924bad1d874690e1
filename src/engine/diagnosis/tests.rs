//! No false alarm: a healthy org is examined repeatedly while up to two of a hundred packets are lost in each
//! direction, on a simulated clock. The seed decides which packets are lost.

mod generator;
mod world;
mod worlds;

use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;

use crate::clock;
use crate::demo::scenario::{Peer, Scenario};
use crate::demo::zone::respond;
use crate::doctor::facts::{Around, Facts};
use crate::doctor::{Status, Subject};
use crate::engine::report::{Command, Report};
use crate::engine::{Engine, Settings};
use crate::net::LinkState;
use crate::net::fake::{Fake, Over};

const RTT: Duration = Duration::from_millis(12);

/// A network with this org and the share `loss` of packets lost in each direction.
fn lossy(org: Scenario, loss: f64, seed: u64) -> (Fake, watch::Sender<LinkState>) {
    let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(seed)));
    let vanishes = move |dice: &Mutex<StdRng>| {
        let mut dice = dice.lock().unwrap();
        // Once for the request and once for the reply.
        dice.random_bool(loss) || dice.random_bool(loss)
    };
    let known: Vec<Ipv6Addr> = org
        .apps
        .iter()
        .flat_map(|app| app.machines.iter().filter(|machine| machine.started).map(|machine| machine.address))
        .chain([org.dns()])
        .collect();
    let known: std::collections::HashSet<Ipv6Addr> = known.into_iter().collect();
    let shared = dice.clone();
    let (fake, link) = Fake::up(move |over, query| {
        let tcp = over == Over::Tcp;
        if !tcp && vanishes(&shared) {
            return vec![];
        }
        respond(&org, &query.to_vec().unwrap(), tcp).map(|wire| (RTT, wire)).into_iter().collect()
    });
    *fake.answers.lock().unwrap() = Box::new(move |request| known.contains(&request.to) && !vanishes(&dice));
    (fake, link)
}

/// Faults reported for a healthy org of `apps` apps in a run with this seed; empty if all is well.
async fn alarms(apps: usize, seed: u64) -> Vec<String> {
    let mut org = Scenario::generated(apps, 3, seed);
    let profile = crate::app::tests::profile();
    org.peers = vec![Peer { name: "my-peer".into(), address: profile.address() }];
    let loss = 0.02 * (seed % 5) as f64 / 4.0;
    let (net, _link) = lossy(org, loss, seed);
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut engine = Engine::start(net, profile.dns.addr, settings).unwrap();
    // Every second run also examines an app.
    let app = (seed % 2 == 1).then(|| "app-0001".into());
    let facts = Facts::before(&profile.conf, Around::default(), Subject { app, ..Subject::default() });
    engine.commands.send(Command::Diagnose(Box::new(facts))).await.unwrap();
    loop {
        if let Report::Diagnosis(diagnosis) = engine.reports.recv().await.unwrap()
            && diagnosis.done
        {
            let bad = |status| matches!(status, Status::Fail | Status::Warn);
            let bad = diagnosis.findings.iter().filter(|finding| bad(finding.status));
            let mut all: Vec<String> = bad
                .map(|finding| format!("{} of {apps} apps, seed {seed}: {}", finding.fault, finding.title))
                .collect();
            // No check was skipped because a response was missing, either.
            let unasked = diagnosis.findings.iter().filter(|finding| finding.needs.is_some());
            all.extend(unasked.map(|finding| format!("seed {seed}: {} was skipped", finding.id)));
            return all;
        }
    }
}

async fn no_alarm(apps: usize, runs: u64) {
    let mut all = Vec::new();
    for seed in 0..runs {
        all.extend(alarms(apps, seed).await);
    }
    assert!(all.is_empty(), "{} alarms in {runs} runs:\n{}", all.len(), all.join("\n"));
}

/// Number of runs: `few`, unless the environment sets it.
fn runs(few: u64) -> u64 {
    std::env::var("SIXPANE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(few)
}

#[tokio::test(start_paused = true)]
async fn a_healthy_org_of_4_apps() {
    no_alarm(4, runs(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_org_of_50_apps() {
    no_alarm(50, runs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_healthy_org_of_1000_apps() {
    no_alarm(1000, runs(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_taken_by_another_peer_is_won_back_and_reported() {
    let mut org = Scenario::generated(4, 3, 1);
    let profile = crate::app::tests::profile();
    org.peers = vec![Peer { name: "my-peer".into(), address: profile.address() }];
    for comes_back in [true, false] {
        let (net, link) = lossy(org.clone(), 0.0, 1);
        let ours = Arc::new(Mutex::new(false));
        // Until another handshake, no data comes back.
        let (serve, shared) = (net.serve.clone(), ours.clone());
        let mut answer = std::mem::replace(&mut *serve.lock().unwrap(), Box::new(|_, _| vec![]));
        *serve.lock().unwrap() =
            Box::new(move |over, query| if *shared.lock().unwrap() { answer(over, query) } else { vec![] });
        let shared = ours.clone();
        let mut pong = std::mem::replace(&mut *net.answers.lock().unwrap(), Box::new(|_| false));
        *net.answers.lock().unwrap() = Box::new(move |request| *shared.lock().unwrap() && pong(request));
        *net.on_handshake.lock().unwrap() = Box::new(move || {
            *ours.lock().unwrap() = comes_back;
            link.send_modify(|link| link.last_handshake = Some(clock::now()));
        });
        let settings = Settings { refresh: None, ..Settings::default() };
        let mut engine = Engine::start(net, profile.dns.addr, settings).unwrap();
        let facts = Facts::before(&profile.conf, Around::default(), Subject::default());
        let began = clock::now();
        engine.commands.send(Command::Diagnose(Box::new(facts))).await.unwrap();
        let diagnosis = loop {
            match engine.reports.recv().await.unwrap() {
                Report::Diagnosis(diagnosis) if diagnosis.done => break diagnosis,
                _ => {}
            }
        };
        let named = diagnosis.named().unwrap();
        let confidence = named.confidence.as_str();
        let wanted = if comes_back { ("session-lost", "possible", 0) } else { ("no-data", "possible", 1) };
        assert_eq!((named.fault, confidence, diagnosis.count(Status::Fail)), wanted, "{}", diagnosis.verdict);
        assert!(clock::now() - began < Duration::from_secs(5), "{:?}", clock::now() - began);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_loses_30_of_100_is_reported_and_no_machine_is_blamed() {
    let profile = crate::app::tests::profile();
    let mut reported = 0;
    for seed in 0..20 {
        let mut org = Scenario::generated(4, 3, seed);
        org.peers = vec![Peer { name: "my-peer".into(), address: profile.address() }];
        let (net, _link) = lossy(org, 0.3, seed);
        let settings = Settings { refresh: None, ..Settings::default() };
        let mut engine = Engine::start(net, profile.dns.addr, settings).unwrap();
        let facts = Facts::before(&profile.conf, Around::default(), Subject::default());
        engine.commands.send(Command::Diagnose(Box::new(facts))).await.unwrap();
        let diagnosis = loop {
            match engine.reports.recv().await.unwrap() {
                Report::Diagnosis(diagnosis) if diagnosis.done => break diagnosis,
                _ => {}
            }
        };
        let failures: Vec<_> = diagnosis.findings.iter().filter(|f| f.status == Status::Fail).collect();
        assert!(failures.is_empty(), "seed {seed}: {failures:?}");
        reported += usize::from(diagnosis.named().is_some_and(|finding| finding.fault == "packets-lost"));
    }
    // Even five pings may all get replies.
    assert!(reported >= 18, "{reported} of 20");
}
