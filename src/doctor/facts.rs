//! What a diagnosis stands on: values that were seen, each absent until it was.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use ipnet::Ipv6Net;

use super::Subject;
use crate::dns::lookup::Lookup;
use crate::probe::port::Port;
use crate::probe::speech::Spoken;
use crate::profile::Profile;
use crate::profile::parse::{ConfError, FOREIGN_DNS, LONGEST_NAME, WORLD_READABLE};
use crate::text::Safe;

/// All facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is asked for.
    pub subject: Subject,
    /// The conf.
    pub conf: Conf,
    /// What this machine knows beside the conf.
    pub around: Around,
    /// The link, once it stands or was given up.
    pub link: Option<Link>,
    /// Whether this machine has a way out over IPv4 and over IPv6; looked at where nothing can be sent.
    pub ways: Option<(bool, bool)>,
    /// Whether a datagram to a port where nothing listens brought the gateway's host to say so; tried where the
    /// handshake is not answered.
    pub udp_comes_back: Option<bool>,
    /// Datagrams that came for a session that is not ours, from the gateway.
    pub strays: Option<u64>,
    /// Handshakes that were answered, and how long ago the first one was.
    pub sessions: Option<(u64, Duration)>,
    /// Where nothing came through a session that was fresh: whether answers came through another one, right after.
    pub restored: Option<bool>,
    /// Who answered with an ICMPv6 error to a ping that nobody should answer.
    pub edge: Option<Option<Ipv6Addr>>,
    /// `_apps.internal` at the conf's name server.
    pub apps: Option<Lookup>,
    /// The same at `<prefix>::3`, where the conf names another server and that one did not tell.
    pub apps_at_own: Option<Lookup>,
    /// `_instances.internal`.
    pub instances: Option<Lookup>,
    /// `_peer.internal`.
    pub peers: Option<Lookup>,
    /// Whether our address is among the listed peers.
    pub listed: Option<Listed>,
    /// Where records contradict each other; after a whole walk.
    pub conflicts: Option<Vec<Disagreement>>,
    /// Small pings to the name server's address.
    pub gateway: Option<Pings>,
    /// Pings as large as the MTU lets through.
    pub large: Option<Pings>,
    /// Machines that were pinged: all, those of the app, or the one that is asked for.
    pub machines: Option<Vec<Reach>>,
    /// How many there are, pinged or not.
    pub machine_count: usize,
    /// Whether the app is listed in `_apps`, and what its own names answered.
    pub app: Option<AppSeen>,
    /// Whether any record names the machine that is asked for.
    pub machine_known: Option<bool>,
    /// The port on the app's machines.
    pub ports: Option<Vec<Tried>>,
    /// The port on the app's Flycast address.
    pub flycast_ports: Option<Vec<Tried>>,
    /// Other confs' networks that list the app, by the confs' names; where others were asked.
    pub elsewhere: Option<Vec<String>>,
    /// Another conf whose handshake was answered from here at the same time.
    pub other_is_up: Option<String>,
    /// The system's own VPN, once it was looked at.
    pub system: Option<System>,
    /// Whether nothing more will come.
    pub done: bool,
}

/// What the conf says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact about the file")]
pub struct Conf {
    /// Why it cannot be used; then nothing else here means anything.
    pub broken: Option<Broken>,
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub endpoint: String,
    /// The name server.
    pub dns: Ipv6Addr,
    /// Whether that was derived.
    pub dns_derived: bool,
    /// Whether the DNS line names a server that is none of a 6PN network, for which ours was taken.
    pub dns_foreign: bool,
    /// Our address.
    pub address: Ipv6Addr,
    /// Its first 48 bits.
    pub network: Ipv6Net,
    /// Whether AllowedIPs hold the name server.
    pub dns_allowed: bool,
    /// Whether AllowedIPs hold our own address, and with it the network's hosts.
    pub network_allowed: bool,
    /// Whether others on this machine can read the key.
    pub world_readable: bool,
    /// Whether Linux cannot load it under this name.
    pub name_too_long: bool,
    /// The MTU.
    pub mtu: u16,
}

/// A conf that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Where: `my-peer.conf:3:14`, or the file alone.
    pub at: String,
    /// What is wrong, without any key.
    pub why: String,
    /// What it should be.
    pub hint: Option<String>,
}

/// What this machine knows beside the conf: its clock, its other confs, who else may use the key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Around {
    /// How far the clock went back since the conf was last attached.
    pub clock_behind: Option<Duration>,
    /// Another sixpane that is attached with the conf's key; its process, where that is known.
    pub in_use: Option<Option<u32>>,
    /// Other confs here that lead to the same network.
    pub siblings: Vec<Sibling>,
    /// The address of an interface of this machine that is the conf's own: the system's VPN has the same key.
    pub interface: Option<String>,
}

/// Another conf for the same network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Its name.
    pub name: String,
    /// Whether it has the same key.
    pub same_key: bool,
}

impl Facts {
    /// What is known before anything is asked.
    pub fn before(conf: &Conf, around: Around, subject: Subject) -> Self {
        Self::of(conf.clone(), around, subject)
    }

    /// What is known of a conf that cannot be used: all there is to know.
    pub fn broken(name: &str, error: ConfError, subject: Subject) -> Self {
        let facts = Self::of(Conf::broken(name, error), Around::default(), subject);
        Self { done: true, ..facts }
    }

    fn of(conf: Conf, around: Around, subject: Subject) -> Self {
        Self {
            subject,
            conf,
            around,
            link: None,
            ways: None,
            udp_comes_back: None,
            strays: None,
            sessions: None,
            restored: None,
            edge: None,
            apps: None,
            apps_at_own: None,
            instances: None,
            peers: None,
            listed: None,
            conflicts: None,
            gateway: None,
            large: None,
            machines: None,
            machine_count: 0,
            app: None,
            machine_known: None,
            ports: None,
            flycast_ports: None,
            elsewhere: None,
            other_is_up: None,
            system: None,
            done: false,
        }
    }

    /// Whether the link stands.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Some(Link::Up { .. }))
    }
}

impl Conf {
    /// The facts of `profile`.
    pub fn of(profile: &Profile) -> Self {
        let allowed = &profile.peer.allowed_ips;
        Self {
            broken: None,
            name: profile.name.clone(),
            endpoint: profile.peer.endpoint.to_string(),
            dns: profile.dns.addr,
            dns_derived: profile.dns.derived,
            dns_foreign: profile.notes.iter().any(|note| note.text.starts_with(FOREIGN_DNS)),
            address: profile.address(),
            network: profile.network(),
            dns_allowed: allowed.iter().any(|net| net.contains(&profile.dns.addr)),
            network_allowed: allowed.iter().any(|net| net.contains(&profile.address())),
            world_readable: profile.notes.iter().any(|note| note.text == WORLD_READABLE),
            name_too_long: profile.name.chars().count() > LONGEST_NAME,
            mtu: profile.mtu,
        }
    }

    fn broken(name: &str, error: ConfError) -> Self {
        let at = match error.at {
            Some((line, column)) => format!("{}:{line}:{column}", error.file),
            None => error.file,
        };
        Self {
            broken: Some(Broken { at, why: error.why, hint: error.hint }),
            name: name.to_owned(),
            endpoint: String::new(),
            dns: Ipv6Addr::UNSPECIFIED,
            dns_derived: false,
            dns_foreign: false,
            address: Ipv6Addr::UNSPECIFIED,
            network: Ipv6Net::default(),
            dns_allowed: true,
            network_allowed: true,
            world_readable: false,
            name_too_long: false,
            mtu: 0,
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
    /// Nothing can be sent there.
    NoRoute {
        /// Whether there is an IPv6 address.
        ipv6: bool,
        /// Why, in the system's words.
        reason: String,
    },
    /// No socket can be had to send from; why.
    NoSocket(String),
    /// The UDP port is closed.
    Closed,
    /// No reply to this many initiations in this time.
    Silent(u64, Duration),
}

/// Whether our address is among the peers of `_peer.internal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Under this name.
    As(Safe),
    /// The list lacks it, and the name that the conf has answers with our address.
    NameOnly(Safe),
    /// The name that the conf has is a peer's with another address.
    Another(Safe, Ipv6Addr),
    /// Nothing has it.
    No,
}

/// Two records that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Who says what.
    pub text: String,
    /// For how long it has been seen; `None` where it was looked at once.
    pub lasting: Option<Duration>,
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

impl Pings {
    /// Whether more than `share` is lost, as good as surely: the lower bound of Wilson's interval at 3.3 standard
    /// deviations. A few losses among few probes are weather.
    pub fn lose_more_than(self, share: f64) -> bool {
        const Z: f64 = 3.3;
        if self.sent == 0 {
            return false;
        }
        let n = f64::from(self.sent);
        let lost = f64::from(self.sent.saturating_sub(self.answered)) / n;
        let middle = lost + Z * Z / (2.0 * n);
        let spread = Z * (lost * (1.0 - lost) / n + Z * Z / (4.0 * n * n)).sqrt();
        (middle - spread) / (1.0 + Z * Z / n) > share
    }
}

/// Whether a machine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The app.
    pub app: Safe,
    /// The machine.
    pub id: Safe,
    /// Where it was pinged.
    pub address: Ipv6Addr,
    /// What came of it.
    pub pings: Pings,
    /// What its own name says now, where it was silent and was asked for again.
    pub again: Option<Again>,
}

/// A second look at a machine that was silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// It has this address now, and answers there or not.
    At(Ipv6Addr, Pings),
    /// The same address.
    Same,
    /// Its name is no longer there: it has stopped.
    Gone,
    /// That could not be learned.
    Unknown,
}

/// What is known of the app that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSeen {
    /// Whether `_apps` lists it; `None` where `_apps` did not tell.
    pub listed: Option<bool>,
    /// `<app>.internal`.
    pub addresses: Lookup,
    /// `<app>.flycast`.
    pub flycast: Lookup,
}

/// A port on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The machine, or the Flycast name.
    pub who: Safe,
    /// What the connection came to.
    pub port: Port,
    /// What was said on it, where that was asked for.
    pub spoken: Option<Spoken>,
}

/// What the machine itself has of the network: the VPN that wg-quick or an app set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// An interface with an address in the network, and that address.
    pub interface: Option<(String, Ipv6Addr)>,
    /// Whether that address is the conf's own: it has the same key.
    pub same_key: bool,
    /// The address from which this machine would send to the network's name server; `None` without a route.
    pub source: Option<Ipv6Addr>,
    /// Whether our own tunnel was attached meanwhile: with the same key, the system's could not be asked.
    pub ours_attached: bool,
    /// The system's name servers.
    pub resolvers: Vec<IpAddr>,
    /// What they answer for `_apps.internal`; absent without any.
    pub by_resolver: Option<Lookup>,
    /// What `<prefix>::3` answers over the machine's own sockets; absent where it was not asked.
    pub by_own: Option<Lookup>,
}
