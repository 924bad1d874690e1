//! The parts that views have in common.

pub mod chart;
pub mod hints;
pub mod line;
pub mod list;
pub mod panes;
