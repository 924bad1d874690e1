//! History of visited places across the views, with back and forward as in a browser.

use super::request::{Place, Request};
use super::{Out, State};

/// Number of places kept.
const KEPT: usize = 100;

/// Places before and after the current one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visits {
    back: Vec<Place>,
    forward: Vec<Place>,
}

impl Visits {
    /// Adds `place` as the newest; places after it are dropped.
    pub fn leave(&mut self, place: Place) {
        self.forward.clear();
        if self.back.last() != Some(&place) {
            self.back.push(place);
        }
        self.back.drain(..self.back.len().saturating_sub(KEPT));
    }

    /// The next place forward or back.
    pub fn leads(&self, forward: bool) -> bool {
        !if forward { &self.forward } else { &self.back }.is_empty()
    }

    fn step(&mut self, from: Option<Place>, forward: bool) -> Option<Place> {
        let (ahead, behind) =
            if forward { (&mut self.forward, &mut self.back) } else { (&mut self.back, &mut self.forward) };
        let place = ahead.pop().filter(|place| Some(place) != from.as_ref()).or_else(|| ahead.pop())?;
        behind.extend(from);
        Some(place)
    }
}

impl State {
    /// Adds the current place before a jump to another.
    pub fn leave_place(&mut self) {
        if let Some(place) = self.front().place(self) {
            self.visits.leave(place);
        }
    }

    /// Goes one place back or forward.
    pub fn walk_history(&mut self, forward: bool, out: &mut Out) {
        if let Some(place) = self.visits.step(self.front().place(self), forward) {
            out.request(Request::Return(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_forward_and_a_new_place() {
        let line = |text: &str| Place::Line(text.into());
        let mut visits = Visits::default();
        visits.leave(line("a"));
        visits.leave(line("b"));
        assert_eq!(visits.step(Some(line("c")), false), Some(line("b")));
        assert_eq!(visits.step(Some(line("b")), false), Some(line("a")));
        assert_eq!(visits.step(Some(line("a")), false), None);
        assert_eq!(visits.step(Some(line("a")), true), Some(line("b")));
        visits.leave(line("b"));
        assert!(!visits.leads(true) && visits.leads(false));
        for n in 0..300 {
            visits.leave(line(&n.to_string()));
        }
        assert_eq!(visits.back.len(), KEPT);
    }
}
