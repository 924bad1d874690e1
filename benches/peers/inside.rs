//! The part in the client's namespace: this program, started again there. Each part prints plain figures.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, RecordType};
use sixpane::testing::dns::client::Client;
use sixpane::testing::dns::exchange::{Options, Question};
use sixpane::testing::engine::report::Report;
use sixpane::testing::engine::{Engine, Settings};
use sixpane::testing::net::Network as _;
use sixpane::testing::net::tunnel::{Known, Tunnel};
use sixpane::testing::profile::Profile;
use sixpane::testing::profile::file::load;

use crate::gateway::Gateway;

/// The time of one question over a tunnel that is up: the median of `count`, in microseconds.
pub fn one(gateway: &Gateway, name: &str, count: usize) -> f64 {
    say(gateway, &["one", &conf(gateway), name, &count.to_string()])[0]
}

/// The peak of our memory with a tree of so many machines, in kB.
pub fn peak(gateway: &Gateway, machines: usize) -> u64 {
    say(gateway, &["peak", &conf(gateway), &machines.to_string()])[0] as u64
}

/// When a tree of so many machines stood, and when the walk ended, after the start, in milliseconds; and how many
/// questions were not answered.
pub fn tree(gateway: &Gateway, conf: &Path, machines: usize) -> [f64; 3] {
    say(gateway, &["tree", conf.to_str().unwrap(), &machines.to_string()]).try_into().unwrap()
}

fn conf(gateway: &Gateway) -> String {
    gateway.conf.to_str().unwrap().to_owned()
}

fn say(gateway: &Gateway, words: &[&str]) -> Vec<f64> {
    let program = std::env::current_exe().unwrap();
    let mut all = vec!["inside"];
    all.extend(words);
    let output = gateway.client.command(program.to_str().unwrap(), &all).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(|word| word.parse().unwrap()).collect()
}

/// Runs a part.
pub fn run(words: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    runtime.block_on(async {
        match words.as_slice() {
            ["one", conf, name, count] => ask_one(&profile(conf), name, count.parse().unwrap()).await,
            ["tree", conf, machines] => grow(&profile(conf), machines.parse().unwrap()).await,
            ["peak", conf, machines] => {
                grow_quietly(&profile(conf), machines.parse().unwrap()).await;
                println!("{}", crate::one::peak_of(std::process::id()));
            }
            other => panic!("{other:?}"),
        }
    });
}

fn profile(conf: &str) -> Profile {
    load(Path::new(conf)).unwrap()
}

async fn ask_one(profile: &Profile, name: &str, count: usize) {
    let tunnel = Tunnel::attach(profile, Known::default()).unwrap();
    let client = Client::new(&tunnel, profile.dns.addr).unwrap();
    let question = Question::new(Name::from_ascii(format!("{name}.")).unwrap(), RecordType::AAAA);
    let mut all = Vec::new();
    for _ in 0..=count {
        let start = Instant::now();
        client.ask(question.clone(), &Options::default()).await.result.unwrap();
        all.push(start.elapsed().as_secs_f64() * 1e6);
    }
    // The first one waited for the handshake.
    all.remove(0);
    all.sort_by(f64::total_cmp);
    println!("{}", all[all.len() / 2]);
}

async fn grow(profile: &Profile, machines: usize) {
    let start = Instant::now();
    let tunnel = Tunnel::attach(profile, Known::default()).unwrap();
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut engine = Engine::start(tunnel, profile.dns.addr, settings).unwrap();
    let mut stood = None;
    loop {
        let Report::Catalog(catalog) = engine.reports.recv().await.unwrap() else { continue };
        let all = || catalog.apps.values().flat_map(|app| app.machines.values());
        if stood.is_none() && all().filter(|m| m.address.is_some() && m.region.is_some()).count() >= machines
        {
            stood = Some(start.elapsed());
        }
        if catalog.walk.finished.is_some() && !catalog.walk.running {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let stood = stood.map_or(f64::NAN, ms);
            println!("{stood} {} {}", ms(start.elapsed()), catalog.walk.problems.len());
            return;
        }
    }
}

/// Walks twice, as who keeps it open does: two catalogs are there at a time.
async fn grow_quietly(profile: &Profile, machines: usize) {
    let tunnel = Tunnel::attach(profile, Known::default()).unwrap();
    let _link = tunnel.link();
    let settings = Settings { refresh: Some(Duration::from_millis(10)), ..Settings::default() };
    let mut engine = Engine::start(tunnel, profile.dns.addr, settings).unwrap();
    let mut walks = std::collections::BTreeSet::new();
    let mut shown = Arc::default();
    while walks.len() < 2 {
        let Report::Catalog(catalog) = engine.reports.recv().await.unwrap() else { continue };
        walks.extend(catalog.walk.finished.filter(|_| catalog.machine_count() >= machines));
        shown = catalog;
    }
    drop(shown);
}
