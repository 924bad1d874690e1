//! sixpane beside other people's programs, in one run: `cargo bench --bench peers`, as root (see tests/peers).
//!
//! A wireguard-go and a Knot in one namespace; in another sixpane, and a wireguard-go with a TUN device over which
//! the real dig asks the same. The two take turns, a pause between them; medians, with the smallest and the largest.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "a bench prints, and ends where it cannot run"
)]
#![allow(clippy::disallowed_methods, reason = "a pause between two runs is part of what is measured")]

#[path = "../tests/peers/gateway.rs"]
mod gateway;
#[path = "../tests/peers/org.rs"]
mod org;
#[path = "../tests/peers/world.rs"]
mod world;

use std::process::Output;
use std::time::{Duration, Instant};

use gateway::Gateway;
use org::Org;

const RUNS: usize = 10;
/// A gateway takes at most one handshake of a peer in 20 ms.
const PAUSE: Duration = Duration::from_millis(200);

/// How long each of ten runs took, in milliseconds, sorted.
fn times(mut run: impl FnMut() -> Output) -> Vec<f64> {
    let mut all: Vec<f64> = (0..RUNS)
        .map(|_| {
            std::thread::sleep(PAUSE);
            let start = Instant::now();
            let output = run();
            let took = start.elapsed().as_secs_f64() * 1e3;
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            took
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

fn median(times: &[f64]) -> f64 {
    f64::midpoint(times[times.len() / 2], times[(times.len() - 1) / 2])
}

fn tell(what: &str, times: &[f64]) {
    println!("{what:<58} {:>8.1} ms  ({:.1} to {:.1})", median(times), times[0], times[times.len() - 1]);
}

/// What dnsperf tells: questions a second, and questions lost.
struct Perf {
    rate: f64,
    lost: f64,
}

/// dnsperf with the questions of `file` once, at most `window` out at a time.
fn dnsperf(gateway: &Gateway, server: &str, file: &str, window: &str) -> Perf {
    let words = ["-s", server, "-d", file, "-n", "1", "-c", "1", "-T", "1", "-q", window, "-t", "2"];
    let output = gateway.client.output("dnsperf", &words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = |label: &str| -> f64 {
        let line =
            text.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label} in {text}"));
        let rest = line.split(label).nth(1).unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    Perf { rate: figure("Queries per second:"), lost: figure("Queries lost:") }
}

fn questions(org: &Org) -> Vec<String> {
    let mut all = Vec::new();
    for app in &org.apps {
        all.push(format!("vms.{}.internal TXT", app.name));
        all.extend(
            app.machines.iter().map(|machine| format!("{}.vm.{}.internal AAAA", machine.id, app.name)),
        );
    }
    all
}

/// Thousands of questions: ours by `dig -f` and by the walk of `tree`, beside dnsperf through a TUN device, and
/// beside dnsperf without any tunnel.
fn flood() {
    let names: Vec<String> = (0..1001).map(|n| format!("some-app-{n:04}")).collect();
    let org = Org::of(0x2b, &names, 10);
    let gateway = Gateway::start(&org);
    let _tun = gateway.tun(&org);
    let list = questions(&org);
    let file = gateway.folder.path().join("questions");
    std::fs::write(&file, list.join("\n") + "\n").unwrap();
    let file = file.to_str().unwrap();
    let dns = org.dns().to_string();
    let asked = list.len() as f64;
    let mut rates: [Vec<f64>; 4] = Default::default();
    for _ in 0..RUNS / 2 {
        let rate = |words: &[&str], command: &str| {
            std::thread::sleep(PAUSE);
            let start = Instant::now();
            let output = gateway.sixpane(command, words);
            let took = start.elapsed().as_secs_f64();
            let failed = String::from_utf8_lossy(&output.stderr).matches("did not answer").count();
            assert_eq!(failed, 0, "{}", String::from_utf8_lossy(&output.stderr));
            asked / took
        };
        rates[0].push(rate(&["-f", file, "+short"], "dig"));
        rates[1].push(rate(&["--json"], "tree"));
        let tun = ["64", "256"].map(|window| dnsperf(&gateway, &dns, file, window));
        let bare = ["64", "256"].map(|window| dnsperf(&gateway, "10.6.0.2", file, window));
        let best = |all: &[Perf; 2]| all.iter().filter(|p| p.lost == 0.0).map(|p| p.rate).fold(0.0, f64::max);
        rates[2].push(best(&tun));
        rates[3].push(best(&bare));
    }
    for (what, rate) in
        ["dig -f", "the walk of tree", "dnsperf through a TUN device", "dnsperf without a tunnel"]
            .into_iter()
            .zip(&mut rates)
    {
        rate.sort_by(f64::total_cmp);
        let (least, most) = (rate[0], rate[rate.len() - 1]);
        println!("{what:<58} {:>8.0} questions/s  ({least:.0} to {most:.0})", median(rate));
    }
    println!(
        "{:<58} {:>8.2}",
        "dig -f ÷ dnsperf through a TUN device",
        median(&rates[0]) / median(&rates[2])
    );
    println!(
        "{:<58} {:>8.2}",
        "time of the walk ÷ dnsperf through a TUN device",
        median(&rates[2]) / median(&rates[1])
    );
    println!(
        "{:<58} {:>8.2}",
        "time of the walk ÷ dnsperf without a tunnel",
        median(&rates[3]) / median(&rates[1])
    );
}

fn main() {
    // `cargo test --benches` only builds it.
    if !std::env::args().any(|word| word == "--bench") || !world::possible() {
        return;
    }
    let small = Org::small(0x18);
    let gateway = Gateway::start(&small);
    tell("tree, 4 apps: start to exit", &times(|| gateway.sixpane("tree", &["--json"])));
    let _tun = gateway.tun(&small);
    let name = "web.internal";
    let ours = times(|| gateway.sixpane("dig", &["+short", name]));
    let theirs = times(|| gateway.near_dig(&["+short", name, "AAAA"]));
    tell("dig, start to exit, with its own handshake", &ours);
    tell("the real dig over a wireguard-go that is up", &theirs);
    println!("{:<58} {:>8.2}", "ratio of the medians", median(&ours) / median(&theirs));
    let names: Vec<String> = (0..51).map(|n| format!("some-app-{n:02}")).collect();
    let big = Org::of(0x2a, &names, 10);
    let gateway = Gateway::start(&big);
    tell("tree, 50 apps of 10 machines: start to exit", &times(|| gateway.sixpane("tree", &["--json"])));
    drop(gateway);
    flood();
}
