//! What the tests, benches and fuzz targets outside the crate use of it; not part of the public interface.

pub mod app {
    pub use crate::app::{Message, Settings, State, network, update};
}
pub mod attach {
    pub use crate::attach::Source;
}
pub mod catalog {
    pub use crate::catalog::{App, Catalog, Machine, Record, WalkState, diff, walk};
}
pub mod demo {
    pub use crate::demo::scenario;
}
pub mod dns {
    pub use crate::dns::{client, dig, exchange, message, names, outcome, payload};
}
pub mod engine {
    pub use crate::engine::{Engine, Settings, report};
}
pub mod net {
    pub use crate::net::{
        IcmpError, LinkState, Network, Phase, fuzz, handles, packet, stack, tunnel, wireguard,
    };
}
pub mod probe {
    pub use crate::probe::{series, stats};
}
pub mod profile {
    pub use crate::profile::{DnsServer, Endpoint, Peer, Profile, Secret, file, parse, render};
}
pub mod text {
    pub use crate::text::Safe;
}
pub mod ui {
    pub use crate::ui::{draw, theme};
}
