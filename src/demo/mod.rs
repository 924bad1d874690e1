//! An org in a box: a WireGuard gateway, a name server and machines that come, go and move, in this process,
//! reached over real loopback UDP with a conf that it generates. From that conf on nobody knows that it is a demo.

pub mod gateway;
pub mod scenario;
pub mod zone;
