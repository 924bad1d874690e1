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
}
