//! The headless twins: each command prints what a view shows, as text or as JSON with a `schema` of its own.

pub mod addr;
pub mod ping;
pub mod session;
pub mod tree;
