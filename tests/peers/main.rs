//! sixpane against other people's programs, in network namespaces: wireguard-go, Knot, dig and ping. Because the demo
//! shares code with the client, only these prove anything.
//!
//! Needs Linux, root and a few Debian packages. Where they are missing each test says so loudly and passes; with
//! `SIXPANE_REQUIRE_PEERS=1` that is a failure.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a test found is read by people")]
#![allow(dead_code, reason = "the bench beside it uses some of this alone")]

mod attach;
mod dig;
mod gateway;
mod lab;
mod memory;
mod odd;
mod org;
mod orgs;
mod pairs;
mod ping;
#[path = "../common/pty.rs"]
mod pty;
mod relay;
mod same_key;
mod serve;
mod slow;
mod world;
