//! Names to typed answers. All queries go through one client, [`client::Client`], so that the walk, `dig` and every check
//! agree.

pub mod client;
pub mod dig;
pub mod exchange;
pub mod host;
pub mod lookup;
pub mod message;
pub mod names;
pub mod outcome;
pub mod payload;
pub mod resolver;
pub mod retry;
pub mod system;
pub mod tcp;
pub mod templates;
pub mod window;
