//! What a diagnosis stands on: values that were seen, each absent until it was.

use std::net::Ipv6Addr;
use std::time::Duration;

use ipnet::Ipv6Net;

use super::Subject;
pub use crate::probe::port::Port;
use crate::profile::Profile;
use crate::profile::parse::{LONGEST_NAME, WORLD_READABLE};
use crate::text::Safe;

/// All facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is asked for.
    pub subject: Subject,
    /// The conf.
    pub conf: Conf,
    /// The link, once it stands or was given up.
    pub link: Option<Link>,
    /// `_apps.internal` at the conf's name server.
    pub apps: Option<Asked>,
    /// The same at `<prefix>::3`, where the conf names another server and that one did not tell.
    pub apps_at_own: Option<Asked>,
    /// `_instances.internal`.
    pub instances: Option<Asked>,
    /// `_peer.internal`.
    pub peers: Option<Asked>,
    /// Whether one of the listed peers has our address.
    pub listed: Option<bool>,
    /// Where records contradict each other, in words; after a whole walk.
    pub conflicts: Option<Vec<String>>,
    /// Small pings to the name server's address.
    pub gateway: Option<Pings>,
    /// Pings as large as the MTU lets through.
    pub large: Option<Pings>,
    /// Machines that were pinged: all, or those of the app.
    pub machines: Option<Vec<Reach>>,
    /// Whether the app is listed in `_apps`, and what its own name answered.
    pub app: Option<AppSeen>,
    /// The port on the app's machines.
    pub ports: Option<Vec<(Safe, Port)>>,
    /// Whether nothing more will come.
    pub done: bool,
}

/// What the conf says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact about the file")]
pub struct Conf {
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub endpoint: String,
    /// The name server.
    pub dns: Ipv6Addr,
    /// Whether that was derived.
    pub dns_derived: bool,
    /// Our address.
    pub address: Ipv6Addr,
    /// Its first 48 bits.
    pub network: Ipv6Net,
    /// Whether AllowedIPs hold the name server.
    pub dns_allowed: bool,
    /// Whether AllowedIPs hold the network.
    pub network_allowed: bool,
    /// Whether others on this machine can read the key.
    pub world_readable: bool,
    /// Whether Linux cannot load it under this name.
    pub name_too_long: bool,
    /// The MTU.
    pub mtu: u16,
    /// How far the clock went back since the conf was last attached.
    pub clock_behind: Option<Duration>,
}

impl Facts {
    /// What is known before anything is asked.
    pub fn before(profile: &Profile, subject: Subject) -> Self {
        Self {
            subject,
            conf: Conf::of(profile),
            link: None,
            apps: None,
            apps_at_own: None,
            instances: None,
            peers: None,
            listed: None,
            conflicts: None,
            gateway: None,
            large: None,
            machines: None,
            app: None,
            ports: None,
            done: false,
        }
    }
}

impl Conf {
    /// The facts of `profile`.
    pub fn of(profile: &Profile) -> Self {
        let allowed = &profile.peer.allowed_ips;
        let network = profile.network();
        Self {
            name: profile.name.clone(),
            endpoint: profile.peer.endpoint.to_string(),
            dns: profile.dns.addr,
            dns_derived: profile.dns.derived,
            address: profile.address(),
            network,
            dns_allowed: allowed.iter().any(|net| net.contains(&profile.dns.addr)),
            network_allowed: allowed.iter().any(|net| net.contains(&network)),
            world_readable: profile.notes.iter().any(|note| note.text == WORLD_READABLE),
            name_too_long: profile.name.chars().count() > LONGEST_NAME,
            mtu: profile.mtu,
            clock_behind: None,
        }
    }

    /// The network's own name server (reference document: `<prefix>::3`).
    pub fn own_dns(&self) -> Ipv6Addr {
        crate::address::dns_of(self.address)
    }
}

/// How the link came up, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It stands.
    Up {
        /// The handshake's round trip.
        handshake: Option<Duration>,
    },
    /// The endpoint's name does not resolve; why.
    NoName(String),
    /// Nothing can be sent; why.
    NoRoute(String),
    /// The UDP port is closed.
    Closed,
    /// No reply to this many initiations in this time.
    Silent(u64, Duration),
}

/// What a name answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `NOERROR`, `NXDOMAIN`, `timeout` …
    pub word: String,
    /// Entries or addresses.
    pub entries: Vec<Safe>,
    /// How long it took.
    pub rtt: Option<Duration>,
}

impl Asked {
    /// Whether the server said yes or no, in contrast to an error or silence.
    pub fn is_told(&self) -> bool {
        matches!(self.word.as_str(), "NOERROR" | "NXDOMAIN")
    }

    /// Whether nothing at all came.
    pub fn is_silent(&self) -> bool {
        !self.is_told() && !self.is_refusal()
    }

    /// Whether the server answered with an error.
    pub fn is_refusal(&self) -> bool {
        matches!(self.word.as_str(), "SERVFAIL" | "REFUSED" | "FORMERR" | "NOTIMP" | "NOTAUTH")
    }
}

/// Pings to one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pings {
    /// Sent.
    pub sent: u32,
    /// Answered.
    pub answered: u32,
    /// The shortest round trip.
    pub best: Option<Duration>,
}

/// Whether a machine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The app.
    pub app: Safe,
    /// The machine.
    pub id: Safe,
    /// What came of pinging it.
    pub pings: Pings,
}

/// What is known of the app that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSeen {
    /// Whether `_apps` lists it; `None` where `_apps` did not tell.
    pub listed: Option<bool>,
    /// `<app>.internal`.
    pub addresses: Asked,
    /// `<app>.flycast`.
    pub flycast: Asked,
}
