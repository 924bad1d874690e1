//! Names into typed answers. There is one path to a name server, the client: the walk, `dig` and every
//! check ask through it, so that no two views can disagree.

pub mod exchange;
pub mod names;
pub mod payload;
