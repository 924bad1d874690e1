//! Mouse targets. They are recorded while drawing, so that a click always matches the screen.

use ratatui::layout::{Position, Rect};

use crate::app::mouse::Spot;

/// Areas with their targets; of overlapping areas, the one added last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits(Vec<(Rect, Spot)>);

impl Hits {
    /// Adds `spot` at `area`.
    pub fn add(&mut self, area: Rect, spot: Spot) {
        self.0.push((area, spot));
    }

    /// Adds `spot` at `columns` of the row `area`, counted from its left.
    pub fn columns(&mut self, area: Rect, columns: std::ops::Range<usize>, spot: Spot) {
        let width = columns.len() as u16;
        let x = area.x.saturating_add(columns.start as u16);
        self.add(Rect { x, width, height: 1, ..area }.intersection(area), spot);
    }

    /// Finds the target at a position.
    pub fn at(&self, column: u16, row: u16) -> Option<Spot> {
        let place = Position { x: column, y: row };
        self.0.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, spot)| *spot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Tab;

    #[test]
    fn the_later_lies_above() {
        let mut hits = Hits::default();
        let area = Rect::new(0, 0, 10, 3);
        hits.add(area, Spot::List);
        hits.columns(Rect::new(0, 1, 10, 1), 4..6, Spot::Tab(Tab::Dig));
        assert_eq!(hits.at(4, 1), Some(Spot::Tab(Tab::Dig)));
        assert_eq!(hits.at(6, 1), Some(Spot::List));
        assert_eq!(hits.at(4, 3), None);
    }
}
