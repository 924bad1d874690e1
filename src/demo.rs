//! The demo network: a WireGuard gateway, a name server, and machines that start, stop and move, inside this process and
//! reached over real loopback UDP with a generated conf. The rest of the program treats it like any other network.

pub mod gateway;
pub mod scenario;
pub mod zone;
