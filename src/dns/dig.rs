//! The question and its answer as `dig` knows them: the grammar of its line, and the faces of an exchange.
//!
//! - [`line`]: words → [`line::Line`]; [`options`] is the `+` part of it, [`name`] reads a name.
//! - [`ask`]: a line put to its servers.
//! - [`wire`]: a message taken apart as it came; [`rdata`], [`svcb`] and [`edns`] write its data;
//!   [`types`] is the table behind them.
//! - [`text`] and [`json`]: the faces.
//! - [`notes`]: what an answer means on this network.

pub mod ask;
pub mod edns;
pub mod json;
pub mod line;
pub mod name;
pub mod notes;
pub mod options;
pub mod rdata;
pub mod svcb;
pub mod text;
pub mod types;
pub mod wire;
