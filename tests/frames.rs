//! What a frame costs does not depend on how large the org is.

#![allow(clippy::unwrap_used, dead_code, reason = "a test ends where it cannot go on")]

#[path = "common/big.rs"]
mod big;

use std::sync::Arc;

use big::{Desk, in_turns};
use ratatui::crossterm::event::KeyCode;
use sixpane::testing::engine::report::Report;
use sixpane::testing::probe::series::Series;

/// The least of many frames each, in turns: what else runs on the machine can only make them longer, and hits both.
fn ratio(large: &mut Desk, small: &mut Desk) -> f64 {
    let [large, small] = in_turns(20, 1, || large.draw(), || small.draw());
    large[0] / small[0]
}

#[test]
fn a_frame_over_a_hundred_thousand_rows_costs_what_one_over_a_thousand_does() {
    let (mut large, mut small) = (Desk::open(1000, 100), Desk::open(10, 100));
    // One quiet moment is enough to show it; a frame that walks over the rows takes ten times as long in all of them.
    let least = (0..20).map(|_| ratio(&mut large, &mut small)).fold(f64::INFINITY, f64::min);
    assert!(least <= 1.1, "{least}");
}

#[test]
fn a_thousand_pinged_cost_no_more_than_ten_times_a_hundred() {
    let (mut many, mut few) = (Desk::pinging(1000), Desk::pinging(100));
    let pings = |desk: &Desk| desk.state.networks.front().shown.pings.clone();
    let (many_pings, few_pings) = (pings(&many), pings(&few));
    // The list of targets, and all apps by regions: whoever looks through all pings for each row takes a hundred times
    // as long.
    for key in ['g', 'M'] {
        many.key(KeyCode::Char(key));
        few.key(KeyCode::Char(key));
        let cost = |desk: &mut Desk, printed: &Arc<Vec<Series>>| {
            desk.report(Report::Pings(printed.clone()));
            desk.draw();
        };
        let mut ratio = || {
            let turns = in_turns(5, 1, || cost(&mut many, &many_pings), || cost(&mut few, &few_pings));
            turns[0][0] / turns[1][0]
        };
        let least = (0..10).map(|_| ratio()).fold(f64::INFINITY, f64::min);
        assert!(least <= 10.0, "{key}: {least}");
    }
}
