//! Prints the measurements in lines of one width.

use std::process::Output;
use std::time::{Duration, Instant};

/// A gateway takes at most one handshake of a peer in 20 ms.
const PAUSE: Duration = Duration::from_millis(200);

/// Figures of the same kind.
pub struct Figures(Vec<f64>);

impl Figures {
    pub fn new(mut all: Vec<f64>) -> Self {
        assert!(!all.is_empty());
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    pub fn median(&self) -> f64 {
        f64::midpoint(self.0[self.0.len() / 2], self.0[(self.0.len() - 1) / 2])
    }

    /// One line: the median, and the smallest and the largest.
    pub fn tell(&self, what: &str, unit: &str) {
        let (least, most) = (self.0[0], self.0[self.0.len() - 1]);
        let digits = if self.median() < 1000.0 { 2 } else { 0 };
        println!("{what:<62} {:>9.digits$} {unit}  ({least:.digits$} to {most:.digits$})", self.median());
    }
}

/// Ratios of runs that took turns, pair by pair, beside what is aimed at.
pub fn ratio(what: &str, ours: &[f64], theirs: &[f64], at_most: f64) {
    let all = Figures::new(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect());
    all.tell(what, "");
    let word = if all.median() <= at_most { "reached" } else { "NOT reached" };
    println!("{:<62} {at_most:>9.2}    {word}", "    at most");
}

/// How long a run took, in milliseconds, after a pause.
pub fn time(run: impl FnOnce() -> Output) -> f64 {
    std::thread::sleep(PAUSE);
    let start = Instant::now();
    let output = run();
    let took = start.elapsed().as_secs_f64() * 1e3;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    took
}
