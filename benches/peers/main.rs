//! sixpane beside other people's programs, in one run: `cargo bench --bench peers`, as root (see tests/peers).
//!
//! A wireguard-go and a Knot in one namespace; in another sixpane, and a wireguard-go with a TUN device over which
//! dig, ping and dnsperf ask the same. They take turns; medians, with the smallest and the largest, and their ratios
//! beside what was aimed at. A word picks a part: `cargo bench --bench peers -- way`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "a bench prints, and ends where it cannot run"
)]
#![allow(clippy::disallowed_methods, reason = "a pause between two runs is part of what is measured")]

mod flood;
#[path = "../../tests/peers/gateway.rs"]
mod gateway;
mod inside;
mod one;
#[path = "../../tests/peers/org.rs"]
mod org;
#[path = "../../tests/peers/relay.rs"]
mod relay;
mod tell;
mod way;
#[path = "../../tests/peers/world.rs"]
mod world;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "inside") {
        return inside::run(&words[1..]);
    }
    // `cargo test --benches` only builds it.
    if !words.iter().any(|word| word == "--bench") || !world::possible() {
        return;
    }
    let wanted = |part: &str| {
        let named: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
        named.is_empty() || named.iter().any(|word| *word == part)
    };
    if wanted("one") {
        one::measure();
    }
    if wanted("flood") {
        flood::measure();
    }
    if wanted("way") {
        way::measure();
    }
}
