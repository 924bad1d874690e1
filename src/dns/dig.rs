//! The grammar and the output formats of `dig`.
//!
//! - [`line`]: words → [`line::Line`]; [`options`] parses `+options`, [`name`] parses names.
//! - [`query`]: sends a line's queries to its servers.
//! - [`wire`]: a raw message, record by record; [`rdata`] and [`edns`] format its data; [`types`] is the table of types.
//! - [`text`], [`multiline`] and [`json`]: output formats.
//! - [`fields`]: the meaning of each byte of a message.
//! - [`lists`]: entries of the platform's TXT lists; [`compare`]: differences between two responses; [`changes`]:
//!   differences between consecutive responses.
//! - [`notes`]: hints on what a response means in this network; [`suggest`]: similar names for a name that does not exist;
//!   [`spelling`]: the same, with the lists queried first.

pub mod changes;
pub mod compare;
pub mod edns;
pub mod error;
pub mod fields;
pub mod json;
pub mod line;
pub mod lists;
pub mod multiline;
pub mod name;
pub mod notes;
pub mod options;
pub mod query;
pub mod rdata;
pub mod spelling;
pub mod suggest;
pub mod text;
pub mod types;
pub mod wire;

#[cfg(test)]
pub(crate) mod tests;
