//! Frames and keys over big orgs, in this process: `cargo bench --bench draw`. The ratios are of runs in turns.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "a bench prints, and ends where it cannot run"
)]

#[path = "../tests/common/big.rs"]
mod big;

use std::hint::black_box;
use std::sync::Arc;

use big::{Desk, SIZE, in_turns, quantile};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use sixpane::testing::engine::report::Report;
use sixpane::testing::probe::series::Series;

fn tell(what: &str, [a, b]: &[Vec<f64>; 2]) {
    let us = |times: &[f64], share| quantile(times, share) * 1e6;
    println!(
        "{what:<44} {:>7.3} of medians, {:>7.3} of minima  ({:.1} µs, {:.1} to {:.1}, by {:.1} µs, {:.1} to {:.1})",
        quantile(a, 0.5) / quantile(b, 0.5),
        a[0] / b[0],
        us(a, 0.5),
        us(a, 0.0),
        us(a, 1.0),
        us(b, 0.5),
        us(b, 0.0),
        us(b, 1.0),
    );
}

fn keys(apps: usize, machines: usize, name: &str, script: &[KeyCode]) {
    let mut desk = Desk::open(apps, machines);
    print_times(name, &format!("{:>6} machines", apps * machines), &times(&mut desk, script));
}

/// Seconds from key to frame, sorted.
fn times(desk: &mut Desk, script: &[KeyCode]) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..20 {
        times.extend(script.iter().map(|code| desk.key_to_frame(*code).as_secs_f64()));
    }
    times.sort_by(f64::total_cmp);
    times
}

fn print_times(name: &str, of: &str, times: &[f64]) {
    let ms = |share| quantile(times, share) * 1e3;
    println!(
        "{name:<34} {of:<15}  p50 {:>7.2} ms  p99 {:>7.2} ms  max {:>7.2} ms",
        ms(0.5),
        ms(0.99),
        ms(1.0)
    );
}

/// What many targets cost on the Ping view and in the tree: a report taken, a key pressed, and the frames after both.
fn pings() {
    let c = KeyCode::Char;
    let (mut many, mut few) = (Desk::pinging(1000), Desk::pinging(100));
    tell("frame of 1,000 pinged ÷ of 100", &in_turns(200, 10, || many.draw(), || few.draw()));
    let press = |desk: &mut Desk| {
        black_box(desk.key_to_frame(c('j')));
    };
    tell("key to frame, 1,000 pinged ÷ 100", &in_turns(200, 10, || press(&mut many), || press(&mut few)));
    let series = |desk: &Desk| desk.state.networks.front().shown.pings.clone();
    let (a, b) = (series(&many), series(&few));
    let report = |desk: &mut Desk, pings: &Arc<Vec<Series>>| {
        desk.report(Report::Pings(pings.clone()));
        desk.draw();
    };
    tell(
        "report and frame, 1,000 pinged ÷ 100",
        &in_turns(200, 10, || report(&mut many, &a), || report(&mut few, &b)),
    );
    for (view, before) in
        [("Ping view", vec![]), ("newest figures", vec![c('W')]), ("matrix", vec![c('W'), c('M')])]
    {
        let mut desk = Desk::pinging(1000);
        for code in before {
            desk.key(code);
        }
        let script = [c('j'), c('k'), KeyCode::PageDown, c('g')];
        print_times("1,000 pinged", view, &times(&mut desk, &script));
    }
    let mut desk = Desk::pinging(1000);
    desk.key(c('1'));
    print_times("1,000 pinged", "tree", &times(&mut desk, &[c('j'), c('k'), KeyCode::PageDown, c('g')]));
}

fn main() {
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    if std::env::var_os("ONLY_FRAMES").is_some() {
        let mut desk = Desk::open(1000, 10);
        for _ in 0..10_000 {
            desk.draw();
        }
        return;
    }
    if std::env::var_os("ONLY_PINGS").is_some() {
        return pings();
    }
    let mut desk = Desk::open(1000, 10);
    // What ratatui takes where nothing has changed: over cells that are full already, and over none.
    desk.draw();
    let full = desk.terminal.backend().buffer().clone();
    let mut ready = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut same = || {
        ready.draw(|frame| frame.buffer_mut().content.clone_from_slice(&full.content)).unwrap();
    };
    tell("frame of 11,000 rows ÷ the same cells copied", &in_turns(200, 10, || desk.draw(), &mut same));
    let mut nothing = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut empty = || {
        nothing.draw(|_| ()).unwrap();
    };
    tell("frame of 11,000 rows ÷ an empty frame", &in_turns(200, 10, || desk.draw(), &mut empty));
    let (mut large, mut small) = (Desk::open(1000, 100), Desk::open(100, 10));
    tell("frame of 100,000 rows ÷ of 1,000", &in_turns(200, 10, || large.draw(), || small.draw()));
    if std::env::var_os("ONLY_RATIOS").is_some() {
        return;
    }
    pings();
    let c = KeyCode::Char;
    for (apps, machines) in [(1000, 10), (1000, 100)] {
        keys(
            apps,
            machines,
            "typing a filter",
            &[c('/'), c('a'), c('p'), c('p'), c('-'), c('0'), c('4'), KeyCode::Esc],
        );
        keys(
            apps,
            machines,
            "typing an ID",
            &[c('/'), c('1'), c('4'), c('8'), c('e'), KeyCode::Enter, KeyCode::Esc],
        );
        keys(apps, machines, "moving", &[c('j'), c('k'), c('G'), c('g'), KeyCode::PageDown]);
        keys(apps, machines, "folding", &[c('g'), c('-'), c('+'), c('*'), c('*')]);
        keys(apps, machines, "sorting", &[c('s'), c('S')]);
    }
}
