//! What measures: plain sample streams and their statistics, no I/O and no drawing.

pub mod alert;
pub mod ping;
pub mod port;
pub mod series;
pub mod speech;
pub mod stats;
pub mod trace;
