//! Observations that a diagnosis is based on; each is absent until it has been made.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use ipnet::Ipv6Net;

use super::Subject;
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::net::delivery::{ErrorKind, Icmp};
use crate::probe::port::Port;
use crate::probe::protocol::Banner;
use crate::probe::service::Service;
use crate::profile::Profile;
use crate::profile::parse::{ConfError, FOREIGN_DNS, LONGEST_NAME, SMALL_MTU, WORLD_READABLE};
use crate::text::Safe;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub subject: Subject,
    pub conf: Conf,
    /// Observations on this machine besides the conf.
    pub around: Around,
    /// The link, once it is up or has been given up.
    pub link: Option<Link>,
    /// Whether this machine has a route over IPv4 and over IPv6; checked if nothing can be sent.
    pub ways: Option<(bool, bool)>,
    /// Whether a datagram to a closed port of the gateway's host was answered with an ICMP error; checked if the handshake
    /// gets no response.
    pub udp_comes_back: Option<bool>,
    /// Kind of the error of the system that kept the link from coming up.
    pub system_error: Option<ErrorKind>,
    /// The last ICMP error about a datagram to the endpoint, other than that of a closed port.
    pub icmp: Option<Icmp>,
    /// Address of the endpoint that was tried last, or is in use.
    pub endpoint: Option<SocketAddr>,
    /// Datagrams from the endpoint that are not WireGuard.
    pub alien: Option<u64>,
    /// Whether a second handshake, after a first one without data, was answered.
    pub second_handshake: Option<bool>,
    /// Datagrams from the endpoint for a session that was never ours: another client uses our key.
    pub strays: Option<u64>,
    /// Datagrams from the endpoint for earlier sessions of ours.
    pub late: Option<u64>,
    /// Packets for our session that the gateway sent to another address: another client uses our key. Absent if nothing
    /// suggested a test.
    pub diverted: Option<u64>,
    /// Age of the last stray or diverted packet.
    pub other_client: Option<Duration>,
    /// Number of completed handshakes, and the age of the first.
    pub sessions: Option<(u64, Duration)>,
    /// Whether data came through a second session, after none came through a fresh one.
    pub restored: Option<bool>,
    /// Sender of an ICMPv6 error about a ping to the name server, or to an address without a host.
    #[expect(clippy::option_option, reason = "not asked yet, and no error came, are two facts")]
    pub edge: Option<Option<Ipv6Addr>>,
    /// `_apps.internal` at the conf's name server.
    pub apps: Option<Lookup>,
    /// The same at `<prefix>::3`, if the conf has another server and that one gave no definite response.
    pub apps_at_own: Option<Lookup>,
    /// `_apps.internal` at the conf's name server, by UDP alone and by TCP alone.
    pub dns_udp: Option<DnsPath>,
    pub dns_tcp: Option<DnsPath>,
    pub instances: Option<Lookup>,
    pub peers: Option<Lookup>,
    /// Our entry in `_peer.internal`.
    pub listed: Option<Listed>,
    /// Contradictions between records, after a full walk.
    pub conflicts: Option<Vec<Disagreement>>,
    /// Small pings to the name server's address.
    pub gateway: Option<Pings>,
    /// Round trips of the small pings.
    pub round_trips: Option<RoundTrips>,
    /// Pings of the full MTU.
    pub large: Option<Pings>,
    /// Pinged machines: all, those of the app, or a single one.
    pub machines: Option<Vec<Reach>>,
    /// Number of machines, pinged or not.
    pub machine_count: usize,
    /// The app in `_apps`, and the responses of its own names.
    pub app: Option<AppSeen>,
    /// The name of the region, process group or machine that was asked for.
    pub asked: Option<Lookup>,
    /// Pings of the addresses in the network that the app's name gives and no list has.
    pub named: Option<Vec<(Ipv6Addr, Pings)>>,
    /// Whether any record contains the machine in question.
    pub machine_known: Option<bool>,
    /// The port on the app's machines.
    pub ports: Option<Vec<Tried>>,
    /// The port on the app's Flycast address.
    pub flycast_ports: Option<Vec<Tried>>,
    /// Confs of other networks that list the app; if others were queried.
    pub elsewhere: Option<Vec<String>>,
    /// Another conf whose handshake succeeded from here at the same time.
    pub other_is_up: Option<String>,
    /// The system's own VPN, once checked.
    pub system: Option<System>,
    /// Whether all observations are complete.
    pub done: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact about the file")]
pub struct Conf {
    /// Reason why it is unusable; then the other fields are meaningless.
    pub broken: Option<Broken>,
    pub name: String,
    pub endpoint: String,
    pub dns: Ipv6Addr,
    /// Whether the name server is derived from the address.
    pub dns_derived: bool,
    /// Whether the DNS line has a server outside of any 6PN network, so that ours is used.
    pub dns_foreign: bool,
    pub address: Ipv6Addr,
    /// Its /48 prefix.
    pub network: Ipv6Net,
    /// Whether AllowedIPs contain the name server.
    pub dns_allowed: bool,
    /// Whether AllowedIPs contain our own address, and with it the network's hosts.
    pub network_allowed: bool,
    /// Whether other users can read the private key.
    pub world_readable: bool,
    /// Whether the name is too long for a Linux interface.
    pub name_too_long: bool,
    pub mtu: u16,
    /// The MTU line, where it is too small for IPv6 and `mtu` is used in its place.
    pub small_mtu: Option<u16>,
    pub allowed_ips: Vec<Ipv6Net>,
}

/// An unusable conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Position: `my-peer.conf:3:14`, or the file alone.
    pub at: String,
    /// Error, without any key.
    pub why: String,
    pub hint: Option<String>,
}

/// Observations on this machine besides the conf: its clock, its other confs, other users of the key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Around {
    /// Time in seconds since 1970, to compare with the dates of certificates.
    pub now: Option<i64>,
    /// Distance that the clock went back since the conf was last attached.
    pub clock_behind: Option<Duration>,
    /// Another sixpane attached with the conf's key; its process ID, if known.
    #[expect(clippy::option_option, reason = "an attachment without a known process is one")]
    pub in_use: Option<Option<u32>>,
    /// Other confs of the same network on this machine.
    pub siblings: Vec<Sibling>,
    /// Interface of this machine with the conf's own address: the system's VPN uses the same key.
    pub interface: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    pub name: String,
    /// Whether it has the same key.
    pub same_key: bool,
}

impl Facts {
    /// Facts known before any packet is sent.
    pub fn before(conf: &Conf, around: Around, subject: Subject) -> Self {
        Self::of(conf.clone(), around, subject)
    }

    /// The facts of an unusable conf.
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
            system_error: None,
            icmp: None,
            endpoint: None,
            alien: None,
            second_handshake: None,
            strays: None,
            late: None,
            diverted: None,
            other_client: None,
            sessions: None,
            restored: None,
            edge: None,
            apps: None,
            apps_at_own: None,
            dns_udp: None,
            dns_tcp: None,
            instances: None,
            peers: None,
            listed: None,
            conflicts: None,
            gateway: None,
            round_trips: None,
            large: None,
            machines: None,
            machine_count: 0,
            app: None,
            asked: None,
            named: None,
            machine_known: None,
            ports: None,
            flycast_ports: None,
            elsewhere: None,
            other_is_up: None,
            system: None,
            done: false,
        }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.link, Some(Link::Up { .. }))
    }
}

impl Conf {
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
            small_mtu: profile.notes.iter().find_map(|note| {
                note.text.strip_prefix(SMALL_MTU)?.split(' ').next()?.parse().ok().filter(|mtu| *mtu < 1280)
            }),
            allowed_ips: allowed.clone(),
        }
    }

    fn broken(name: &str, error: ConfError) -> Self {
        let at = error.place();
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
            small_mtu: None,
            allowed_ips: Vec::new(),
        }
    }

    /// The network's own name server (reference document: `<prefix>::3`).
    pub fn own_dns(&self) -> Ipv6Addr {
        crate::address::dns_of(self.address)
    }
}

/// State of the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Up {
        /// Round-trip time of the handshake.
        handshake: Option<Duration>,
    },
    /// The endpoint's name does not resolve, with the reason.
    NoName(String),
    /// Nothing can be sent to the endpoint.
    NoRoute {
        /// Whether the endpoint is an IPv6 address.
        ipv6: bool,
        /// Error of the system.
        reason: String,
    },
    /// No socket could be opened, with the reason.
    NoSocket(String),
    Closed,
    /// No response to this many initiations in this time.
    Silent(u64, Duration),
}

/// Whether our address is among the peers of `_peer.internal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    As(Safe),
    /// Not in the list, but the conf's name resolves to our address.
    NameOnly(Safe),
    /// The conf's name belongs to a peer with another address.
    Another(Safe, Ipv6Addr),
    No,
}

/// A contradiction between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    pub text: String,
    /// Time since it was first seen; `None` if checked only once.
    pub lasting: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pings {
    pub sent: u32,
    pub answered: u32,
    /// Shortest round trip.
    pub best: Option<Duration>,
}

impl Pings {
    /// Bounds of the share that is lost: Wilson's interval at `deviations` standard deviations. Without pings, nothing is
    /// known: 0 to 1.
    pub fn loss_between(self, deviations: f64) -> (f64, f64) {
        if self.sent == 0 {
            return (0.0, 1.0);
        }
        let (z, n) = (deviations, f64::from(self.sent));
        let lost = f64::from(self.sent.saturating_sub(self.answered)) / n;
        let middle = lost + z * z / (2.0 * n);
        let spread = z * (lost * (1.0 - lost) / n + z * z / (4.0 * n * n)).sqrt();
        let whole = 1.0 + z * z / n;
        ((middle - spread) / whole, (middle + spread) / whole)
    }

    /// Whether more than `share` is lost, almost certainly: the lower bound of Wilson's interval at 3.3 standard deviations.
    /// A few losses among few probes are normal.
    pub fn lose_more_than(self, share: f64) -> bool {
        self.sent > 0 && self.loss_between(3.3).0 > share
    }
}

/// Round trips of several pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrips {
    pub count: usize,
    pub least: Duration,
    pub median: Duration,
    pub most: Duration,
    /// Mean difference of two in a row (RFC 3550 §6.4.1 without its smoothing).
    pub jitter: Duration,
}

impl RoundTrips {
    /// Of round trips in the order of the requests.
    pub fn of(all: &[Duration]) -> Option<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_unstable();
        let steps: Duration = all.windows(2).map(|pair| pair[0].abs_diff(pair[1])).sum();
        Some(Self {
            count: all.len(),
            least: *sorted.first()?,
            median: sorted[sorted.len() / 2],
            most: *sorted.last()?,
            jitter: steps / u32::try_from(all.len() - 1).ok()?.max(1),
        })
    }
}

/// A name server over one transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsPath {
    /// Number of queries sent.
    pub sent: u32,
    pub end: DnsEnd,
    /// Another address or port that the response came from; such a response is ignored.
    pub elsewhere: Option<SocketAddrV6>,
    /// Time until the end, or until it was given up.
    pub waited: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsEnd {
    /// A response, this time after its query.
    Reply { after: Duration, outcome: Outcome, truncated: bool },
    /// No response.
    Silent,
    /// TCP: connection refused.
    Refused,
    /// UDP: an ICMPv6 error from this address.
    Unreachable(Ipv6Addr),
    /// TCP: accepted, and closed without a response.
    Closed,
    /// TCP: another error on connecting.
    Failed,
}

/// Ping results of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub app: Safe,
    pub id: Safe,
    /// Pinged address.
    pub address: Ipv6Addr,
    pub pings: Pings,
    /// Second lookup of its name, if it did not reply.
    pub again: Option<Again>,
}

/// Result of a second lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// It has this address now; ping results there.
    At(Ipv6Addr, Pings),
    Same,
    /// Its name no longer exists: it has stopped.
    Gone,
    /// The lookup failed.
    Unknown,
}

/// Records of the app in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSeen {
    /// Whether `_apps` lists it; `None` without a definite response.
    pub listed: Option<bool>,
    /// `<app>.internal`.
    pub addresses: Lookup,
    /// `<app>.flycast`.
    pub flycast: Lookup,
}

/// Port check on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The machine, or the Flycast name.
    pub who: Safe,
    pub port: Port,
    /// Result of the protocol check, if requested.
    pub banner: Option<Banner>,
    /// What the service does with a connection, if the port is open.
    pub service: Option<Service>,
}

/// The machine's own connection to the network: a VPN by wg-quick or an app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// An interface with an address in the network, and that address.
    pub interface: Option<(String, Ipv6Addr)>,
    /// Whether that address is the conf's own: the key is the same.
    pub same_key: bool,
    /// Source address to the network's name server; `None` without a route.
    pub source: Option<Ipv6Addr>,
    /// Whether our own tunnel was attached meanwhile: with the same key, the system's could not be tested.
    pub ours_attached: bool,
    pub resolvers: Vec<IpAddr>,
    /// Their response for `_apps.internal`; `None` without any.
    pub by_resolver: Option<Lookup>,
    /// Response of `<prefix>::3` over the machine's own sockets; `None` if not queried.
    pub by_own: Option<Lookup>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_have_a_median_and_a_jitter() {
        let ms = |all: &[u64]| all.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        let of = RoundTrips::of(&ms(&[10, 30, 20, 20])).unwrap();
        let [ten, twenty, thirty] = [10, 20, 30].map(Duration::from_millis);
        assert_eq!((of.count, of.least, of.median, of.most, of.jitter), (4, ten, twenty, thirty, ten));
        assert_eq!(RoundTrips::of(&ms(&[10])).unwrap().jitter, Duration::ZERO);
        assert_eq!(RoundTrips::of(&[]), None);
    }

    #[test]
    fn a_loss_has_bounds() {
        let pings = |sent, answered| Pings { sent, answered, ..Pings::default() };
        let (least, most) = pings(100, 90).loss_between(1.96);
        assert!((0.05..0.06).contains(&least) && (0.17..0.18).contains(&most), "{least} {most}");
        assert_eq!(pings(0, 0).loss_between(3.3), (0.0, 1.0));
        assert!(!pings(0, 0).lose_more_than(0.0) && pings(100, 70).lose_more_than(0.1));
        assert!(!pings(25, 24).lose_more_than(0.01));
    }
}
