//! What several test programs share.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod gateway;
pub mod liar;
pub mod picture;
pub mod pty;
