//! Measurements: sample streams and their statistics, without I/O or drawing.

pub mod alert;
pub mod certificate;
pub mod figures;
pub mod ping;
pub mod port;
pub mod protocol;
pub mod series;
pub mod service;
pub mod stats;
pub mod tls;
pub mod trace;
