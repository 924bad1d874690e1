//! One attached network: it owns a `Network` and runs walk, probes and checks as tasks; commands in, reports out.
//! The screens and the headless commands stand on the same engine, so that they can never disagree.

pub mod report;
