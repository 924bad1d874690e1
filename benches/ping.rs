//! Pings beside the real ping, in one run: `cargo bench --bench ping`, as root (see tests/peers). `TURNS`, `PINGS` and
//! `SECONDS` in the environment make it shorter or longer.
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

/// A number from the environment: how often, how many, how long.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Turns that each of the two takes, pings in a turn, and seconds that a thousand targets are pinged.
fn turns() -> usize {
    number("TURNS", 5)
}
fn pings() -> usize {
    number("PINGS", 50)
}
fn seconds() -> usize {
    number("SECONDS", 20)
}

fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    f64::midpoint(all[all.len() / 2], all[(all.len() - 1) / 2])
}

/// What one turn came to.
struct Turn {
    /// Round trips in milliseconds.
    rtts: Vec<f64>,
    sent: u64,
    received: u64,
}

/// A turn of sixpane's.
fn ours(gateway: &Gateway, machine: &str) -> Turn {
    let count = pings().to_string();
    let output = gateway.sixpane("ping", &[machine, "-c", &count, "-i", "0.1", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.iter().find(|line| line["kind"] == "summary").unwrap();
    Turn {
        rtts: lines
            .iter()
            .filter(|line| line["state"] == "received")
            .map(|line| line["rtt_ms"].as_f64().unwrap())
            .collect(),
        sent: summary["sent"].as_u64().unwrap(),
        received: summary["received"].as_u64().unwrap(),
    }
}

/// A turn of ping's, through wireguard-go's TUN device.
fn theirs(gateway: &Gateway, machine: &str) -> Turn {
    let count = pings().to_string();
    let output = gateway.client.output("ping", &["-c", &count, "-i", "0.1", machine]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rtt = |line: &str| line.split("time=").nth(1)?.split(' ').next()?.parse().ok();
    let summary = text.lines().find(|line| line.contains("packets transmitted")).unwrap();
    let numbers: Vec<u64> = summary.split(' ').filter_map(|word| word.parse().ok()).collect();
    Turn { rtts: text.lines().filter_map(rtt).collect(), sent: numbers[0], received: numbers[1] }
}

/// The two in turns, so that whatever else the machine does slows both.
fn compare(gateway: &Gateway, machine: &str, when: &str) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    let mut counts = [[0; 2]; 2];
    for _ in 0..turns() {
        let (mut ours, mut theirs) = (ours(gateway, machine), theirs(gateway, machine));
        for (sums, turn) in counts.iter_mut().zip([&ours, &theirs]) {
            sums[0] += turn.sent;
            sums[1] += turn.received;
        }
        let (ours, theirs) = (median(&mut ours.rtts), median(&mut theirs.rtts));
        ratios.push(ours / theirs);
        a.push(ours);
        b.push(theirs);
    }
    println!("p50 {when}: ÷ {:.2} of medians", median(&mut a) / median(&mut b));
    let tell = |who: &str, all: &mut Vec<f64>, [sent, received]: [u64; 2]| {
        let middle = median(all);
        let (least, most) = (all[0], all[all.len() - 1]);
        println!("  {who:<22} {middle:.3} ms ({least:.3} to {most:.3}), {sent} sent, {received} received");
    };
    tell("sixpane", &mut a, counts[0]);
    tell("ping through TUN", &mut b, counts[1]);
    let middle = median(&mut ratios);
    println!("  turn by turn          ÷ {middle:.2} ({:.2} to {:.2})", ratios[0], ratios[ratios.len() - 1]);
}

/// A thousand targets once a second each: what is lost, and what it costs.
fn thousand() {
    let names: Vec<String> = (0..11).map(|n| format!("some-app-{n:02}")).collect();
    let org = Org::of(0x2c, &names, 100);
    let gateway = Gateway::start(&org);
    let count = seconds().to_string();
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
    let printed = String::from_utf8(output.stderr).unwrap();
    let times: Vec<f64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
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
