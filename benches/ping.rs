//! Pings beside the real ping, in one run: `cargo bench --bench ping`, as root (see tests/peers).
//!
//! A wireguard-go in one namespace; in another sixpane, and a wireguard-go with a TUN device through which the real
//! ping asks the same machine. The two take turns, on a quiet machine and while `stress` takes every core.

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

use std::time::Duration;

use gateway::Gateway;
use org::Org;
use serde_json::Value;

const TURNS: usize = 5;

fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    f64::midpoint(all[all.len() / 2], all[(all.len() - 1) / 2])
}

/// The round trips that sixpane tells, in milliseconds.
fn ours(gateway: &Gateway, machine: &str) -> Vec<f64> {
    let output = gateway.sixpane("ping", &[machine, "-c", "50", "-i", "0.1", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "reply").map(|line| line["rtt_ms"].as_f64().unwrap()).collect()
}

/// The round trips that ping tells.
fn theirs(gateway: &Gateway, machine: &str) -> Vec<f64> {
    let output = gateway.client.output("ping", &["-c", "50", "-i", "0.1", machine]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split("time=").nth(1)?.split(' ').next()?.parse().ok()).collect()
}

fn compare(gateway: &Gateway, machine: &str, when: &str) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        a.push(median(&mut ours(gateway, machine)));
        b.push(median(&mut theirs(gateway, machine)));
    }
    let (ours, theirs) = (median(&mut a), median(&mut b));
    println!(
        "p50 {when:<28} sixpane {ours:.3} ms ({:.3} to {:.3})  ping through TUN {theirs:.3} ms ({:.3} to {:.3})  ÷ {:.2}",
        a[0],
        a[TURNS - 1],
        b[0],
        b[TURNS - 1],
        ours / theirs
    );
}

/// A thousand targets once a second each: what is lost, and what it costs.
fn thousand() {
    const SECONDS: u64 = 20;
    let names: Vec<String> = (0..11).map(|n| format!("some-app-{n:02}")).collect();
    let org = Org::of(0x2c, &names, 100);
    let gateway = Gateway::start(&org);
    let count = SECONDS.to_string();
    let mut words = vec!["ping", gateway.conf.to_str().unwrap()];
    words.extend(names.iter().take(10).map(String::as_str));
    words.extend(["-c", &count, "--pace", "1200", "--json"]);
    let line = format!("TIMEFORMAT='%U %S %R'; time {} {}", env!("CARGO_BIN_EXE_sixpane"), words.join(" "));
    let mut command = gateway.client.command("bash", &["-c", &line]);
    let output = command.env("XDG_STATE_HOME", gateway.folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut sums = [0; 3];
    for line in text.lines().filter(|line| line.contains("\"kind\":\"summary\"")) {
        let line: Value = serde_json::from_str(line).unwrap();
        for (sum, field) in sums.iter_mut().zip(["sent", "received", "late"]) {
            *sum += line[field].as_u64().unwrap();
        }
    }
    let told = String::from_utf8(output.stderr).unwrap();
    let times: Vec<f64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let share = (times[0] + times[1]) / times[2] * 100.0;
    let [sent, received, late] = sums;
    println!(
        "1,000 targets at 1/s: {sent} sent, {received} received, {late} late, {share:.1} % of a core, JSON lines and all"
    );
}

fn main() {
    // `cargo test --benches` only builds it.
    if !std::env::args().any(|word| word == "--bench") || !world::possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let _tun = gateway.tun(&org);
    let machine = org.apps[0].machines[0].address.to_string();
    compare(&gateway, &machine, "on a quiet machine");
    let cores = std::thread::available_parallelism().map_or(2, usize::from).to_string();
    let load = gateway.client.start("stress", &["--cpu", &cores], &[]);
    std::thread::sleep(Duration::from_secs(1));
    compare(&gateway, &machine, "while stress takes all cores");
    drop(load);
    drop(gateway);
    thousand();
}
