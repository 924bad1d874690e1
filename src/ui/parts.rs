//! Parts shared by several views.

pub mod chart;
pub mod hints;
pub mod line;
pub mod list;
pub mod panes;
