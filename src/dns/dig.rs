//! The question and its answer as `dig` knows them: the grammar of its line, and the faces of an exchange.
//!
//! - [`line`]: words → [`line::Line`]; [`options`] is the `+` part of it, [`name`] reads a name.
//! - [`ask`]: a line put to its servers.
//! - [`wire`]: a message taken apart as it came; [`rdata`] and [`edns`] write its data;
//!   [`types`] is the table behind them.
//! - [`text`], [`multiline`] and [`json`]: the faces.
//! - [`fields`]: what each byte of a message is.
//! - [`lists`]: the entries of the platform's lists; [`compare`]: what differs between two answers;
//!   [`changes`]: and between each and the next.
//! - [`notes`]: what an answer means on this network; [`meant`]: what may have been meant where there is no such name;
//!   [`spelling`]: the same, with the lists that it takes asked for.

pub mod ask;
pub mod changes;
pub mod compare;
pub mod edns;
pub mod error;
pub mod fields;
pub mod json;
pub mod line;
pub mod lists;
pub mod meant;
pub mod multiline;
pub mod name;
pub mod notes;
pub mod options;
pub mod rdata;
pub mod spelling;
pub mod text;
pub mod types;
pub mod wire;

#[cfg(test)]
pub(crate) mod tests;
