//! sixpane: 6PN in panes. A terminal explorer for a private IPv6 network over an embedded WireGuard tunnel.
//!
//! The map of the rooms, from the conf to what a person reads. Arrows point one way:
//!
//! ```text
//! conf ─▶ profile ─▶ net ─▶ dns ─▶ catalog ┐
//!                     └──────▶ probe ──────┴▶ engine ─▶ attach ─▶ app (state) ─▶ ui (frame)
//!                                                         └─────▶ commands (the same as text or JSON)
//! ```
//!
//! - [`text`]: bytes from outside made fit to show; the measures of text.
//! - [`clock`]: the time, and waits that may have no end.
//! - [`address`]: the anatomy of a 6PN address.
//! - [`error`]: the one shape an error has when a person meets it; exit codes.
//! - [`files`]: files read without blocking, and written whole or not at all.
//! - [`profile`]: a WireGuard conf → a typed [`profile::Profile`].
//! - [`net`]: the only room that sends a packet; the [`net::Network`] interface.
//! - [`dns`]: names into typed answers; the one path to a name server.
//! - [`catalog`]: what exists, as an immutable snapshot with the records behind each fact.
//! - [`probe`]: what measures: which probe leaves when, and what the replies make of it.
//! - [`doctor`]: facts into findings and one verdict.
//! - [`engine`]: one attached network: commands in, reports out.
//! - [`attach`]: a source (a conf) becomes an attachment: a network with a running engine. Above it only the doctor's
//!   checks of the conf know a conf.
//! - [`app`]: what the screens show and what keys do to it: a pure state machine.
//! - [`ui`]: the screens: a state in, a frame out.
//! - [`runtime`]: the terminal and the loop between `engine`, `app` and `ui`.
//! - [`settings`]: what the user decides once: flag, environment, file, default.
//! - [`state`]: what is kept between runs.
//! - [`commands`], [`cli`]: the headless twins and the command line.
//! - [`demo`]: an org in a box, for trying and testing; only commands and tests know it.
//!
//! The public interface is the command line. What tests, benches and fuzz targets need beside it is in `testing`, behind a
//! feature of that name which a release does not have.

#![cfg_attr(feature = "testing", allow(missing_docs, reason = "what only tests reach is not an interface"))]

pub(crate) mod address;
pub(crate) mod app;
pub(crate) mod attach;
pub(crate) mod catalog;
pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod commands;
pub(crate) mod demo;
pub(crate) mod dns;
pub(crate) mod doctor;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod net;
pub(crate) mod probe;
pub(crate) mod profile;
pub(crate) mod runtime;
pub(crate) mod settings;
pub(crate) mod state;
#[doc(hidden)]
#[cfg(feature = "testing")]
pub mod testing;
pub(crate) mod text;
pub(crate) mod ui;

pub use commands::main;
