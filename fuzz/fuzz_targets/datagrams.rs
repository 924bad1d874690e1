//! Datagrams of every size into a live tunnel. `cargo +nightly fuzz run datagrams`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sixpane::testing::net::fuzz::datagrams(bytes));
