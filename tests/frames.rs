//! What a frame costs does not depend on how large the org is.

#![allow(clippy::unwrap_used, dead_code, reason = "a test ends where it cannot go on")]

#[path = "common/big.rs"]
mod big;

use big::{Desk, in_turns};

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
