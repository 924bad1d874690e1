//! Faults by seed, with their ground truth: component × mode × scope, and healthy worlds.
//!
//! [`FAULTS`] says for each fault which causes are true of it, from what was changed and not from what the doctor reports.
//! Faults that no observation from here distinguishes share a [`Fault::class`]; a test runs them against each other.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv6Addr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::world::{Conditions, Gateway, Host, Records, Server, Service};
use crate::demo::scenario::{App, Machine, Peer, Scenario};
use crate::doctor::Subject;
use crate::net::{LinkError, delivery};

/// The port that every machine's service has.
pub const PORT: u16 = 8080;

/// A world before its start.
#[derive(Clone)]
pub struct Setup {
    pub conf: String,
    pub conditions: Conditions,
    pub subject: Subject,
    /// Whether the fault begins after the network has been up for a while.
    pub later: bool,
}

pub struct Fault {
    pub name: &'static str,
    /// How near the component is: of two faults the nearer one has the lower number.
    pub distance: u8,
    /// Causes that are true of it, by their names for JSON.
    pub causes: &'static [&'static str],
    /// Faults with the same observations have the same class.
    pub class: &'static str,
    pub apply: fn(&mut Setup, &mut StdRng),
}

fn line(setup: &mut Setup, from: &str, to: &str) {
    assert!(setup.conf.contains(from), "{from}");
    setup.conf = setup.conf.replace(from, to);
}

fn system(kind: i32) -> delivery::SystemError {
    delivery::SystemError::from(&io::Error::from_raw_os_error(kind))
}

fn cannot_send(setup: &mut Setup, kind: i32) {
    let to = "192.0.2.10:51820".parse().unwrap();
    setup.conditions.host = Some(LinkError::Send { to, reason: system(kind) });
}

fn resolve(setup: &mut Setup, reason: &str) {
    setup.conditions.host =
        Some(LinkError::Resolve { name: "iad1.gateway.example".into(), reason: reason.into() });
}

/// The started machines of all apps, or of the app in question.
fn machines(setup: &Setup) -> Vec<Machine> {
    let app = setup.subject.app.as_ref().map(ToString::to_string);
    let apps = setup.conditions.lists.apps.iter();
    apps.filter(|one| app.as_ref().is_none_or(|app| *app == one.name))
        .flat_map(|app| app.machines.clone())
        .collect()
}

fn silence(setup: &mut Setup, which: impl Fn(&Machine) -> bool) {
    for machine in machines(setup).iter().filter(|machine| which(machine)) {
        setup.conditions.hosts.get_mut(&machine.address).unwrap().runs = false;
    }
}

fn one(setup: &Setup, dice: &mut StdRng) -> Machine {
    let all = machines(setup);
    all[dice.random_range(0..all.len())].clone()
}

/// Examines one app, which then is the one with the fault.
fn ask(setup: &mut Setup, text: &str) {
    setup.subject = Subject::read(text).unwrap();
}

fn ports(setup: &mut Setup, dice: &mut StdRng, all: bool, service: Service) {
    ask(setup, "app-0001:8080");
    let chosen = one(setup, dice).id;
    for machine in machines(setup).iter().filter(|machine| all || machine.id == chosen) {
        setup.conditions.hosts.get_mut(&machine.address).unwrap().ports.insert(PORT, service);
    }
}

fn service(setup: &mut Setup, dice: &mut StdRng, service: Service) {
    ports(setup, dice, true, service);
    ask(setup, "app-0001:8080/http");
}

fn flycast(setup: &mut Setup, service: Service) {
    ask(setup, "app-0001.flycast:8080/http");
    let address = setup.conditions.names.apps[1].flycast[0];
    setup.conditions.hosts.get_mut(&address).unwrap().ports.insert(PORT, service);
}

/// The host's part of an address (reference document, "6PN addresses in detail").
fn host_of(machine: &Machine) -> (u16, u16) {
    let groups = machine.address.segments();
    (groups[3], groups[4])
}

macro_rules! fault {
    ($name:literal, $distance:literal, $class:literal, [$($cause:literal),*], $apply:expr) => {
        Fault { name: $name, distance: $distance, class: $class, causes: &[$($cause),*], apply: $apply }
    };
}

/// A cause can have a finer and a broader name; both are true of the fault.
pub const FAULTS: &[Fault] = &[
    fault!("conf: a key is cut", 0, "", ["conf-broken"], |s, _| line(s, "PublicKey=AgIC", "PublicKey=")),
    fault!("conf: DNS line of another network", 0, "", ["dns-line-foreign"], |s, _| line(
        s,
        "DNS=fdaa:0:18::3",
        "DNS=fdaa:0:99::3"
    )),
    fault!("conf: DNS line with a wrong address", 0, "", ["dns-wrong-address"], |s, _| line(
        s,
        "DNS=fdaa:0:18::3",
        "DNS=fdaa:0:18::53"
    )),
    fault!("conf: AllowedIPs lack the name server", 0, "", ["dns-not-allowed"], |s, _| line(
        s,
        "AllowedIPs=fdaa:0:18::/48",
        "AllowedIPs=fdaa:0:18:a00::/56"
    )),
    fault!(
        "conf: AllowedIPs of another network",
        0,
        "",
        ["address-not-allowed", "dns-not-allowed"],
        |s, _| line(s, "AllowedIPs=fdaa:0:18::/48", "AllowedIPs=fdaa:0:99::/48")
    ),
    fault!("conf: AllowedIPs lack machines", 0, "", ["machines-not-allowed"], |s, _| line(
        s,
        "AllowedIPs=fdaa:0:18::/48",
        "AllowedIPs=fdaa:0:18::/64, fdaa:0:18:a7b::/64"
    )),
    fault!("conf: MTU line under 1280", 0, "", ["mtu-too-small"], |s, _| line(
        s,
        "[Peer]",
        "MTU=1200\n[Peer]"
    )),
    fault!("host: no route", 1, "", ["offline", "no-route"], |s, _| cannot_send(s, 101)),
    fault!("host: a packet filter forbids to send", 1, "", ["local-firewall"], |s, _| cannot_send(s, 1)),
    fault!("host: no file descriptors", 1, "", ["no-files"], |s, _| s.conditions.host =
        Some(LinkError::Socket(system(24)))),
    fault!("host: the listen port is taken", 1, "", ["listen-port-taken"], |s, _| s.conditions.host =
        Some(LinkError::Socket(system(98)))),
    fault!("host: the endpoint's name does not resolve", 1, "", ["endpoint-unresolved"], |s, _| resolve(
        s,
        "no record found"
    )),
    fault!("path: a router prohibits", 2, "", ["endpoint-unreachable"], |s, _| {
        s.conditions.icmp = Some(delivery::Icmp {
            by: "198.51.100.1".parse().unwrap(),
            kind: delivery::IcmpKind::Prohibited,
        });
    }),
    fault!(
        "path up: UDP is dropped",
        2,
        "silent",
        ["no-answer", "udp-blocked", "wireguard-blocked", "peer-or-key"],
        |s, _| s.conditions.outbound = false
    ),
    fault!(
        "path down: UDP is dropped",
        2,
        "silent",
        ["no-answer", "udp-blocked", "wireguard-blocked", "peer-or-key"],
        |s, _| s.conditions.inbound = false
    ),
    fault!("gateway: port closed", 3, "", ["udp-port-closed"], |s, _| s.conditions.gateway.listens = false),
    fault!("gateway: another service on the port", 3, "", ["endpoint-not-wireguard"], |s, _| s
        .conditions
        .gateway
        .other_service =
        true),
    fault!(
        "gateway: the conf has another public key",
        3,
        "silent",
        ["no-answer", "peer-or-key", "udp-blocked", "wireguard-blocked"],
        |s, _| s.conditions.gateway.own_public_key = false
    ),
    fault!(
        "gateway: the peer was removed",
        3,
        "silent",
        ["no-answer", "peer-or-key", "udp-blocked", "wireguard-blocked"],
        |s, _| s.conditions.gateway.knows_peer = false
    ),
    fault!(
        "gateway: another preshared key",
        3,
        "silent",
        ["no-answer", "peer-or-key", "udp-blocked", "wireguard-blocked"],
        |s, _| s.conditions.gateway.same_preshared_key = false
    ),
    fault!(
        "gateway: a later timestamp is known",
        3,
        "silent",
        ["no-answer", "peer-or-key", "clock-back", "udp-blocked", "wireguard-blocked"],
        |s, _| s.conditions.gateway.stamp_is_newer = false
    ),
    fault!("session: Address is not the peer's", 4, "one-way", ["no-data", "address-or-route"], |s, _| s
        .conditions
        .gateway
        .allows_our_address =
        false),
    fault!(
        "session: the gateway has no route back",
        4,
        "one-way",
        ["no-data", "address-or-route"],
        |s, _| s.conditions.gateway.routes_back = false
    ),
    fault!("session: the path drops data", 4, "one-way", ["no-data", "address-or-route"], |s, _| s
        .conditions
        .data_passes =
        false),
    fault!("session: the peer is removed after a handshake", 4, "", ["peer-removed-now"], |s, _| {
        (s.conditions.gateway.removed_after, s.conditions.gateway.loses_session) = (Some(1), true);
    }),
    fault!("session: lost, and restored by a handshake", 4, "", ["same-key", "session-lost"], |s, _| s
        .conditions
        .gateway
        .loses_session =
        true),
    fault!("session: another client sends on the key", 4, "", ["same-key"], |s, dice| {
        (s.conditions.gateway.loses_session, s.conditions.gateway.strays) = (true, dice.random_range(1..200));
    }),
    fault!("path: packets are lost", 5, "", ["packets-lost"], |s, dice| s.conditions.loss =
        dice.random_range(0.08..0.4)),
    fault!("path: slow and jittery", 5, "", ["slow-path"], |s, dice| {
        s.conditions.rtt = Duration::from_millis(dice.random_range(2500..4000));
        s.conditions.jitter = Duration::from_millis(dice.random_range(800..2000));
    }),
    fault!("path: large packets vanish", 5, "", ["mtu-black-hole"], |s, dice| s.conditions.path_mtu =
        dice.random_range(1281..1400)),
    fault!("gateway: does not reply to ping", 5, "", ["gateway-silent"], |s, _| s.conditions.gateway.pings =
        false),
    fault!("DNS: silent by UDP and TCP", 6, "", ["dns-silent"], |s, _| (
        s.conditions.udp,
        s.conditions.tcp
    ) = (Server::Silent, Server::Silent)),
    fault!("DNS: port closed by UDP and TCP", 6, "", ["dns-silent"], |s, _| (
        s.conditions.udp,
        s.conditions.tcp
    ) =
        (Server::Refused, Server::Refused)),
    fault!("DNS: silent by UDP", 6, "", ["dns-udp-dead"], |s, _| s.conditions.udp = Server::Silent),
    fault!("DNS: silent by TCP", 6, "", ["dns-tcp-dead"], |s, _| s.conditions.tcp = Server::Silent),
    fault!("DNS: refuses TCP", 6, "", ["dns-tcp-dead"], |s, _| s.conditions.tcp = Server::Refused),
    fault!("DNS: closes TCP", 6, "", ["dns-tcp-dead"], |s, _| s.conditions.tcp = Server::Closes),
    fault!("DNS: slow", 6, "", ["dns-slow"], |s, dice| {
        let slow = Server::Slow(Duration::from_millis(dice.random_range(1500..3500)));
        (s.conditions.udp, s.conditions.tcp) = (slow, slow);
    }),
    fault!("DNS: SERVFAIL for all names", 6, "", ["dns-refuses"], |s, _| (
        s.conditions.udp,
        s.conditions.tcp
    ) =
        (Server::Code(ResponseCode::ServFail), Server::Code(ResponseCode::ServFail))),
    fault!("DNS: REFUSED for all names", 6, "", ["dns-refuses"], |s, _| (
        s.conditions.udp,
        s.conditions.tcp
    ) =
        (Server::Code(ResponseCode::Refused), Server::Code(ResponseCode::Refused))),
    fault!("DNS: another resolver", 6, "", ["dns-not-ours"], |s, _| (s.conditions.udp, s.conditions.tcp) =
        (Server::Code(ResponseCode::NXDomain), Server::Code(ResponseCode::NXDomain))),
    fault!("DNS: replies from another address", 6, "", ["dns-other-address"], |s, _| s.conditions.udp =
        Server::Elsewhere),
    fault!("DNS: truncates over TCP too", 6, "", ["dns-incomplete"], |s, _| (
        s.conditions.udp,
        s.conditions.tcp
    ) =
        (Server::Truncates, Server::Truncates)),
    fault!("records: no app", 7, "", ["no-apps"], |s, _| {
        s.conditions.lists.apps.clear();
        s.conditions.names.apps.clear();
    }),
    fault!("records: the peer has another name's address", 7, "", ["peer-another"], |s, _| s
        .conditions
        .names
        .peers[0]
        .address =
        Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 0xd6b, 0, 0xb, 2)),
    fault!("records: the peer is not listed", 7, "", ["peer-missing", "peer-unlisted"], |s, _| s
        .conditions
        .names
        .peers
        .clear()),
    fault!(
        "records: names lack a machine of the lists",
        7,
        "",
        ["records-disagree", "app-record-missing"],
        |s, dice| {
            let gone = one(s, dice).id;
            s.conditions
                .names
                .apps
                .iter_mut()
                .for_each(|app| app.machines.retain(|machine| machine.id != gone));
        }
    ),
    fault!("records: the app's name fails", 7, "", ["name-fails"], |s, _| {
        ask(s, "app-0001");
        s.conditions.failing.push((Records::AppName, Server::Code(ResponseCode::ServFail)));
    }),
    fault!("records: the app's name is silent", 7, "", ["name-fails", "app-unanswered"], |s, _| {
        ask(s, "app-0001");
        s.conditions.failing.push((Records::AppName, Server::Silent));
    }),
    fault!(
        "records: the app's name does not exist",
        7,
        "",
        ["app-record-missing", "records-disagree"],
        |s, _| {
            ask(s, "app-0001");
            s.conditions.failing.push((Records::AppName, Server::Code(ResponseCode::NXDomain)));
        }
    ),
    fault!("records: the app's name leads to another network", 7, "", ["names-foreign"], |s, _| {
        ask(s, "app-0001");
        for machine in &mut s.conditions.names.apps[1].machines {
            machine.address = Ipv6Addr::from(u128::from(machine.address) ^ (0x81 << 80));
        }
    }),
    fault!(
        "records: a list has a machine that is gone",
        7,
        "",
        ["list-stale", "records-disagree"],
        |s, dice| {
            let gone = one(s, dice);
            s.conditions.hosts.get_mut(&gone.address).unwrap().runs = false;
            s.conditions
                .names
                .apps
                .iter_mut()
                .for_each(|app| app.machines.retain(|machine| machine.id != gone.id));
        }
    ),
    fault!("records: a list has an old address", 7, "", ["stale-address"], |s, dice| {
        let moved = one(s, dice);
        let now = Ipv6Addr::from(u128::from(moved.address) ^ (0x55 << 48));
        let host = s
            .conditions
            .hosts
            .insert(moved.address, Host { runs: false, pings: false, ports: BTreeMap::new() })
            .unwrap();
        s.conditions.hosts.insert(now, host);
        let all = s.conditions.names.apps.iter_mut().flat_map(|app| &mut app.machines);
        all.filter(|machine| machine.id == moved.id).for_each(|machine| machine.address = now);
    }),
    fault!("app: misspelt", 7, "", ["app-misspelt", "app-unknown"], |s, _| ask(s, "app-00001")),
    fault!("app: of another network, or none", 7, "", ["app-unknown"], |s, _| ask(s, "quite-another")),
    fault!("app: stopped", 7, "", ["app-stopped"], |s, _| {
        ask(s, "app-0001");
        s.conditions.names.apps[1].machines.clear();
        s.conditions.lists.apps[1].machines.clear();
    }),
    fault!("machine: one is silent", 8, "", ["machine-silent", "some-machines-silent"], |s, dice| {
        let it = one(s, dice).id;
        silence(s, |m| m.id == it);
    }),
    fault!(
        "region: all its machines are silent",
        8,
        "",
        ["region-silent", "some-machines-silent"],
        |s, dice| {
            let it = one(s, dice).region;
            silence(s, |m| m.region == it);
        }
    ),
    fault!("host: all its machines are silent", 8, "", ["host-silent", "some-machines-silent"], |s, dice| {
        let it = host_of(&one(s, dice));
        silence(s, |m| host_of(m) == it);
    }),
    fault!(
        "process group: all its machines are silent",
        8,
        "",
        ["group-silent", "some-machines-silent"],
        |s, dice| {
            let it = one(s, dice).group;
            silence(s, |m| m.group == it);
        }
    ),
    fault!("machines: all are silent", 8, "", ["machines-silent"], |s, _| silence(s, |_| true)),
    fault!("machines: drop pings, serve the port", 8, "", ["ping-dropped"], |s, _| {
        ask(s, "app-0001:8080");
        s.conditions.hosts.values_mut().for_each(|host| host.pings = false);
    }),
    fault!("port: refused on all machines", 9, "", ["port-refused"], |s, dice| ports(
        s,
        dice,
        true,
        Service::Refused
    )),
    fault!("port: refused on one machine", 9, "", ["port-refused"], |s, dice| ports(
        s,
        dice,
        false,
        Service::Refused
    )),
    fault!("port: silent on all machines", 9, "", ["port-silent"], |s, dice| ports(
        s,
        dice,
        true,
        Service::Silent
    )),
    fault!("port: silent on one machine", 9, "", ["port-silent"], |s, dice| ports(
        s,
        dice,
        false,
        Service::Silent
    )),
    fault!("port: prohibited", 9, "", ["port-prohibited"], |s, dice| ports(
        s,
        dice,
        true,
        Service::Prohibited
    )),
    fault!("service: closes at once", 9, "", ["service-closes"], |s, dice| service(s, dice, Service::Closes)),
    fault!("service: accepts and is silent", 9, "", ["service-silent"], |s, dice| service(
        s,
        dice,
        Service::Mute
    )),
    fault!("service: responds with 502", 9, "", ["http-error"], |s, dice| service(
        s,
        dice,
        Service::Http(502)
    )),
    fault!("service: another protocol", 9, "", ["port-wrong-protocol"], |s, dice| service(
        s,
        dice,
        Service::Ssh
    )),
    fault!("Flycast: no address", 9, "", ["flycast-missing"], |s, _| {
        ask(s, "app-0001.flycast:8080");
        s.conditions.names.apps[1].flycast.clear();
    }),
    fault!("Flycast: the name fails", 9, "", ["name-fails"], |s, _| {
        ask(s, "app-0001.flycast:8080");
        s.conditions.failing.push((Records::Flycast, Server::Code(ResponseCode::ServFail)));
    }),
    fault!("Flycast: refuses the port", 9, "", ["flycast-no-service"], |s, _| flycast(s, Service::Refused)),
    fault!("Flycast: the port is silent", 9, "", ["flycast-no-service"], |s, _| flycast(s, Service::Silent)),
    fault!("Flycast: no backend", 9, "", ["flycast-no-backend"], |s, _| flycast(s, Service::Closes)),
    fault!("Flycast: redirects to HTTPS", 9, "", ["flycast-redirect"], |s, _| flycast(s, Service::Http(301))),
    fault!("records: _instances fails", 7, "", ["name-fails", "records-disagree"], |s, _| s
        .conditions
        .failing
        .push((Records::Instances, Server::Code(ResponseCode::ServFail)))),
];

/// A network in which all is well, within what the path of a phone or a satellite does.
pub fn healthy(seed: u64, apps: usize) -> Setup {
    let mut dice = StdRng::seed_from_u64(seed);
    let (org, hosts) = org(apps, &mut dice);
    let rtt = [2, 15, 40, 120, 300, 700, 1200, 2000][dice.random_range(0..8)];
    let calm = dice.random_bool(0.5);
    let slow_dns = dice.random_bool(0.2);
    let server = if slow_dns {
        Server::Slow(Duration::from_millis(dice.random_range(50..400)))
    } else {
        Server::Works
    };
    let key = |group: &str, end: &str| group.repeat(10) + end;
    let (own_key, peer_key) = (key("AQEB", "AQE="), key("AgIC", "AgI="));
    let conf = format!(
        "[Interface]\nPrivateKey={own_key}\n\
         Address=fdaa:0:18:a7b:d6b:0:a:2/120\nDNS=fdaa:0:18::3\n[Peer]\nPublicKey={peer_key}\n\
         AllowedIPs=fdaa:0:18::/48\nEndpoint=192.0.2.10:51820\n"
    );
    let conditions = Conditions {
        rtt: Duration::from_millis(rtt),
        jitter: Duration::from_millis(if calm { 1 } else { dice.random_range(0..=(rtt / 2).max(5)) }),
        loss: if calm { 0.0 } else { dice.random_range(0.0..0.015) },
        duplicates: if calm { 0.0 } else { dice.random_range(0.0..0.03) },
        path_mtu: 1420,
        host: None,
        outbound: true,
        inbound: true,
        data_passes: true,
        icmp: None,
        gateway: Gateway {
            listens: true,
            other_service: false,
            own_public_key: true,
            knows_peer: true,
            same_preshared_key: true,
            stamp_is_newer: true,
            allows_our_address: true,
            routes_back: true,
            removed_after: None,
            loses_session: false,
            strays: 0,
            pings: true,
        },
        udp: server,
        tcp: server,
        names: org.clone(),
        lists: org,
        failing: vec![],
        hosts,
        allowed_ips: vec![],
    };
    let text = ["", "", "app-0001", "app-0001:8080", "app-0001:8080/http", "app-0001.flycast:8080"];
    let text = text[dice.random_range(0..text.len())];
    let subject = if text.is_empty() { Subject::default() } else { Subject::read(text).unwrap() };
    Setup { conf, conditions, subject, later: dice.random_bool(0.3) }
}

/// Apps with machines in several regions, hosts and process groups, and a Flycast address for each.
fn org(apps: usize, dice: &mut StdRng) -> (Scenario, std::collections::HashMap<Ipv6Addr, Host>) {
    const REGIONS: [&str; 4] = ["iad", "fra", "syd", "nrt"];
    let mut org = Scenario::generated(0, 0, 0);
    org.peers = vec![Peer { name: "my-peer".into(), address: "fdaa:0:18:a7b:d6b:0:a:2".parse().unwrap() }];
    let mut hosts = std::collections::HashMap::new();
    let serving = || Host { runs: true, pings: true, ports: [(PORT, Service::Http(200))].into() };
    let mut number = 0;
    for app in 0..apps {
        let cast = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 1, 0, app as u16, 0x10);
        hosts.insert(cast, Host { pings: false, ..serving() });
        let machines = (0..dice.random_range(2..6)).map(|index| {
            number += 1;
            let region = dice.random_range(0..REGIONS.len());
            let host = dice.random_range(1..4u16);
            let address = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa00 + region as u16, host, 1, number, 2);
            hosts.insert(address, serving());
            Machine {
                id: format!("{:014x}", dice.random::<u64>() >> 8),
                region: REGIONS[region].into(),
                address,
                group: if index % 2 == 0 { "app" } else { "worker" }.into(),
                metadata: BTreeMap::new(),
                started: true,
                answers: true,
                rtt_ms: 0.0,
                loss: 0.0,
            }
        });
        let machines = machines.collect();
        org.apps.push(App { name: format!("app-{app:04}"), flycast: vec![cast], machines });
    }
    (org, hosts)
}

/// A healthy world of the seed with these faults.
pub fn broken(seed: u64, faults: &[&Fault]) -> Setup {
    let mut dice = StdRng::seed_from_u64(seed ^ 0x5eed);
    let mut setup = healthy(seed, dice.random_range(3..9));
    for fault in faults {
        (fault.apply)(&mut setup, &mut dice);
    }
    setup
}
