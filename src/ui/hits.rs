//! What is where on the screen: drawn with it, so that a click means what the eye sees.

use ratatui::layout::{Position, Rect};

use crate::app::mouse::Spot;

/// Places on the screen; where two overlap, the later lies above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits(Vec<(Rect, Spot)>);

impl Hits {
    /// `spot` is at `area`.
    pub fn add(&mut self, area: Rect, spot: Spot) {
        self.0.push((area, spot));
    }

    /// `spot` is at the `columns` of the row `area`, counted from its left.
    pub fn columns(&mut self, area: Rect, columns: std::ops::Range<usize>, spot: Spot) {
        let width = columns.len() as u16;
        let x = area.x.saturating_add(columns.start as u16);
        self.add(Rect { x, width, height: 1, ..area }.intersection(area), spot);
    }

    /// What is at a place.
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
