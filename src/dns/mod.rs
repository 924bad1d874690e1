//! Names into typed answers. There is one path to a name server, [`client::Client`]: the walk, `dig` and every
//! check ask through it, so that no two views can disagree.

pub mod again;
pub mod client;
pub mod dig;
pub mod exchange;
pub mod lookup;
pub mod message;
pub mod names;
pub mod outcome;
pub mod payload;
pub mod resolver;
pub mod system;
pub mod tcp;
pub mod templates;
pub mod window;
