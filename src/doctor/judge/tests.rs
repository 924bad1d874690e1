//! Every cause as facts, with the expected verdict.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use super::*;
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{
    Again, AppSeen, Around, Conf, Disagreement, DnsEnd, DnsPath, Link, Listed, Pings, Reach, Sibling, System,
    Tried,
};
use crate::doctor::{Machine, Subject};
use crate::net::delivery::{ErrorKind, Icmp, IcmpKind};
use crate::probe::port::Port;
use crate::probe::protocol::{Banner, Protocol};
use crate::probe::service::{End, Http, Service};
use crate::profile::parse::parse;
use crate::text::Safe;
use hickory_proto::op::ResponseCode;

pub(crate) const SERVFAIL: Outcome = Outcome::Rcode(ResponseCode::ServFail);
const REFUSED: Outcome = Outcome::Rcode(ResponseCode::Refused);

/// The addresses among `all`, and the entries of a list.
pub(crate) fn asked(outcome: Outcome, all: &[&str]) -> Lookup {
    let addresses = all.iter().filter_map(|text| text.parse().ok()).collect();
    let entries = all.iter().filter(|text| text.parse::<Ipv6Addr>().is_err()).map(Safe::new).collect();
    let rtt = (outcome != Outcome::Timeout).then_some(Duration::from_millis(9));
    Lookup { outcome, addresses, entries, rtt, lines: vec![] }
}

#[expect(clippy::unnecessary_wraps, reason = "as the facts have it")]
fn pings(sent: u32, answered: u32) -> Option<Pings> {
    Some(Pings { sent, answered, best: (answered > 0).then_some(Duration::from_millis(11)) })
}

fn address(n: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 0x7d, 0xf066, n, 2)
}

fn reach(id: &str, answered: u32) -> Reach {
    let again = (answered == 0).then_some(Again::Same);
    Reach { app: "web".into(), id: id.into(), address: address(1), pings: pings(3, answered).unwrap(), again }
}

fn tried(who: &str, port: Port) -> Tried {
    Tried { who: who.into(), port, banner: None, service: None }
}

fn dns_path(end: DnsEnd) -> DnsPath {
    DnsPath { sent: 4, end, elsewhere: None, waited: Duration::from_secs(4) }
}

fn reply(after: u64) -> DnsEnd {
    DnsEnd::Reply { after: Duration::from_millis(after), outcome: Outcome::NOERROR, truncated: false }
}

fn http(status: u16) -> Http {
    Http { line: Safe::new(format!("HTTP/1.1 {status}")), status, location: None }
}

/// One machine whose port is open, with this service.
#[expect(clippy::unnecessary_wraps, reason = "as the facts have it")]
fn behind(end: End) -> Option<Vec<Tried>> {
    let first_byte = Some(Duration::from_millis(20));
    let service = Service { end, first_byte, named: None, waited: Duration::from_secs(4) };
    Some(vec![Tried { service: Some(service), ..tried("148e21b7c93d89", open()) }])
}

fn open() -> Port {
    Port::Open(Duration::from_millis(12))
}

/// A healthy org, with an app and a port requested.
pub(crate) fn healthy() -> Facts {
    let profile = crate::app::tests::profile();
    let subject = Subject { app: Some("web".into()), port: Some(8080), ..Subject::default() };
    Facts {
        link: Some(Link::Up { handshake: Some(Duration::from_millis(38)) }),
        apps: Some(asked(Outcome::NOERROR, &["web", "api"])),
        instances: Some(asked(Outcome::NOERROR, &["148e21b7c93d89"])),
        peers: Some(asked(Outcome::NOERROR, &["my-peer"])),
        listed: Some(Listed::As("my-peer".into())),
        conflicts: Some(vec![]),
        gateway: pings(5, 5),
        large: pings(1, 1),
        strays: Some(0),
        late: Some(0),
        diverted: None,
        other_client: None,
        machines: Some(vec![reach("148e21b7c93d89", 1), reach("3d8d9930b01789", 1)]),
        machine_count: 2,
        app: Some(AppSeen {
            listed: Some(true),
            addresses: asked(Outcome::NOERROR, &["fdaa:0:18:a7b::1"]),
            flycast: asked(Outcome::NOERROR, &["fdaa:0:18:0:1::3"]),
        }),
        ports: Some(vec![tried("148e21b7c93d89", open())]),
        flycast_ports: Some(vec![tried("web.flycast", open())]),
        done: true,
        ..Facts::before(&profile.conf, Around::default(), subject)
    }
}

/// Removes all facts beyond the link.
fn dead(facts: &mut Facts, link: Link) {
    facts.link = Some(link);
    (facts.apps, facts.instances, facts.peers, facts.listed, facts.conflicts) =
        (None, None, None, None, None);
    (facts.gateway, facts.large, facts.machines, facts.app) = (None, None, None, None);
    (facts.ports, facts.flycast_ports) = (None, None);
}

/// The conf with one line replaced.
fn conf(facts: &mut Facts, from: &str, to: &str) {
    use base64::Engine as _;
    let key = |byte: u8| base64::prelude::BASE64_STANDARD.encode([byte; 32]);
    let text = format!(
        "[Interface]\nPrivateKey = {}\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\nDNS = fdaa:0:18::3\n[Peer]\n\
         PublicKey = {}\nAllowedIPs = fdaa:0:18::/48\nEndpoint = 192.0.2.10:51820\n",
        key(1),
        key(2)
    );
    facts.conf = Conf::of(&parse("my-peer", text.replace(from, to).as_bytes()).unwrap());
}

fn silent() -> Link {
    Link::Silent(5, Duration::from_secs(4))
}

fn system() -> System {
    System {
        interface: Some(("wg0".into(), address(9))),
        source: Some(address(9)),
        resolvers: vec!["fdaa:0:18::3".parse().unwrap()],
        by_resolver: Some(asked(Outcome::NOERROR, &["web"])),
        by_own: Some(asked(Outcome::NOERROR, &["web"])),
        ..System::default()
    }
}

fn look(facts: &mut Facts, change: fn(&mut System)) {
    facts.subject.system = true;
    let mut system = system();
    change(&mut system);
    facts.system = Some(system);
}

fn responds_with(facts: &mut Facts, protocol: Protocol, banner: Banner) {
    facts.subject.protocol = Some(protocol);
    facts.ports = Some(vec![Tried { banner: Some(banner), ..tried("148e21b7c93d89", open()) }]);
}

fn app(facts: &mut Facts, listed: bool, addresses: Lookup) {
    let flycast = asked(Outcome::NXDOMAIN, &[]);
    facts.app = Some(AppSeen { listed: Some(listed), addresses, flycast });
    (facts.ports, facts.flycast_ports) = (None, None);
    facts.machines = Some(vec![]);
}

/// A cause, its expected fault, and the change that it makes to a healthy org.
type Cause = (&'static str, &'static str, fn(&mut Facts));

const CAUSES: &[Cause] = &[
    ("a new handshake brings the answers back", "session-lost", |f| f.restored = Some(true)),
    ("sessions are replaced again and again", "session-lost", |f| {
        f.sessions = Some((9, Duration::from_mins(2)));
    }),
    ("a packet filter on this machine", "local-firewall", |f| {
        f.link = Some(Link::NoRoute { ipv6: false, reason: "Operation not permitted".into() });
        (f.ways, f.system_error) = (Some((false, false)), Some(ErrorKind::Filtered));
    }),
    ("the conf's ListenPort is in use", "listen-port-taken", |f| {
        f.link = Some(Link::NoSocket("Address already in use".into()));
        f.system_error = Some(ErrorKind::PortTaken);
    }),
    ("the limit of open files", "no-files", |f| {
        f.link = Some(Link::NoSocket("Too many open files".into()));
        f.system_error = Some(ErrorKind::NoFiles);
    }),
    ("another service has the endpoint's port", "endpoint-not-wireguard", |f| {
        f.link = Some(Link::Silent(4, Duration::from_secs(3)));
        f.alien = Some(4);
    }),
    ("the endpoint's name is blocked", "endpoint-name-blocked", |f| {
        f.link = Some(Link::Silent(4, Duration::from_secs(3)));
        (f.conf.endpoint, f.endpoint) = ("gw.example:51820".into(), "0.0.0.0:51820".parse().ok());
    }),
    ("a router reports the endpoint's host as unreachable", "endpoint-unreachable", |f| {
        f.link = Some(Link::Silent(4, Duration::from_secs(3)));
        f.icmp = Some(Icmp { by: "192.0.2.1".parse().unwrap(), kind: IcmpKind::NoHost });
    }),
    ("the name server responds by TCP only", "dns-udp-dead", |f| {
        (f.dns_udp, f.dns_tcp) = (Some(dns_path(DnsEnd::Silent)), Some(dns_path(reply(9))));
    }),
    ("the name server responds by UDP only", "dns-tcp-dead", |f| {
        (f.dns_udp, f.dns_tcp) = (Some(dns_path(reply(9))), Some(dns_path(DnsEnd::Refused)));
    }),
    ("the name server takes three seconds", "dns-slow", |f| {
        (f.dns_udp, f.dns_tcp) = (Some(dns_path(reply(3000))), Some(dns_path(reply(3000))));
    }),
    ("the list of apps is truncated over TCP too", "dns-incomplete", |f| {
        f.apps = Some(asked(Outcome::Incomplete, &[]));
    }),
    ("HTTP 503", "http-error", |f| f.ports = behind(End::Http(http(503)))),
    ("the service closes connections at once", "port-closes", |f| f.ports = behind(End::ClosesAtOnce)),
    ("the service sends nothing", "service-silent", |f| f.ports = behind(End::Silent)),
    ("the PROXY protocol is expected", "proxy-protocol", |f| f.ports = behind(End::WantsProxy(http(200)))),
    ("HTTP 404 is a response", "", |f| f.ports = behind(End::Http(http(404)))),
    ("nothing is wrong", "", |_| ()),
    ("conf broken", "conf-broken", |f| {
        let error = parse("my-peer", b"[Interface]\nPrivateKey = x\n").unwrap_err();
        *f = Facts::broken("my-peer", error, f.subject.clone());
    }),
    ("conf world-readable", "conf-world-readable", |f| f.conf.world_readable = true),
    ("conf name too long for Linux", "conf-name-too-long", |f| f.conf.name_too_long = true),
    ("two confs for one org", "two-confs-one-org", |f| {
        f.around.siblings = vec![Sibling { name: "old".into(), same_key: false }];
    }),
    ("two confs with one key", "two-confs-one-key", |f| {
        f.around.siblings = vec![Sibling { name: "copy".into(), same_key: true }];
    }),
    ("conf in use by another sixpane", "conf-in-use", |f| {
        let conf = f.conf.clone();
        *f = Facts::before(&crate::app::tests::profile().conf, Around::default(), f.subject.clone());
        (f.conf, f.around.in_use, f.done) = (conf, Some(Some(4711)), true);
    }),
    ("the system's VPN has the same key", "system-has-the-key", |f| f.around.interface = Some("wg0".into())),
    ("DNS line is IPv4", "dns-line-foreign", |f| conf(f, "fdaa:0:18::3", "1.1.1.1")),
    ("DNS line of another network", "dns-line-foreign", |f| {
        conf(f, "fdaa:0:18::3", "2606:4700:4700::1111");
        f.apps = Some(asked(Outcome::Timeout, &[]));
        f.apps_at_own = Some(asked(Outcome::NOERROR, &["web"]));
    }),
    ("name server outside AllowedIPs", "dns-not-allowed", |f| {
        conf(f, "fdaa:0:18::/48", "fdaa:0:18:a7b::/64");
        f.apps = Some(asked(Outcome::Timeout, &[]));
    }),
    ("address outside AllowedIPs", "address-not-allowed", |f| conf(f, "fdaa:0:18::/48", "fdaa:0:18::/64")),
    ("endpoint name does not resolve", "endpoint-unresolved", |f| {
        dead(f, Link::NoName("Name or service not known".into()));
    }),
    ("this machine's own DNS does not answer", "endpoint-unresolved", |f| {
        dead(f, Link::NoName("Temporary failure in name resolution".into()));
    }),
    ("this machine is offline", "offline", |f| {
        dead(f, Link::NoRoute { ipv6: false, reason: "network is unreachable".into() });
        f.ways = Some((false, false));
    }),
    ("no IPv6 here", "no-ipv6", |f| {
        dead(f, Link::NoRoute { ipv6: true, reason: "network is unreachable".into() });
        f.ways = Some((true, false));
    }),
    ("no route to the endpoint", "no-route", |f| {
        dead(f, Link::NoRoute { ipv6: false, reason: "network is unreachable".into() });
        f.ways = Some((true, true));
    }),
    ("ListenPort is taken", "no-socket", |f| dead(f, Link::NoSocket("address already in use".into()))),
    ("UDP port closed", "udp-port-closed", |f| dead(f, Link::Closed)),
    ("UDP filtered", "no-answer", |f| {
        dead(f, silent());
        f.udp_comes_back = Some(false);
    }),
    ("wrong key or peer removed", "peer-or-key", |f| {
        dead(f, silent());
        f.udp_comes_back = Some(true);
    }),
    ("peer removed, another conf is attached", "peer-or-key", |f| {
        dead(f, silent());
        (f.udp_comes_back, f.other_is_up) = (Some(false), Some("other".into()));
    }),
    ("clock set back", "clock-back", |f| {
        dead(f, silent());
        f.around.clock_behind = Some(Duration::from_hours(2));
    }),
    ("handshake fine but no data", "no-data", |f| {
        dead(f, Link::Up { handshake: None });
        f.apps = Some(asked(Outcome::Timeout, &[]));
        (f.gateway, f.large, f.edge) = (pings(5, 0), pings(5, 0), Some(None));
    }),
    ("another client on the same key", "same-key", |f| {
        dead(f, Link::Up { handshake: None });
        f.apps = Some(asked(Outcome::Timeout, &[]));
        (f.gateway, f.large, f.edge, f.strays) = (pings(5, 0), pings(5, 0), Some(None), Some(9));
    }),
    ("another client now and then", "same-key", |f| f.strays = Some(1)),
    ("another client takes most replies", "same-key", |f| {
        f.strays = Some(7);
        f.machines.iter_mut().flatten().for_each(|machine| *machine = reach(machine.id.as_str(), 0));
    }),
    ("MTU black hole", "mtu-black-hole", |f| f.large = pings(5, 0)),
    ("packets are lost", "packets-lost", |f| f.gateway = pings(100, 70)),
    ("DNS server silent", "dns-silent", |f| f.apps = Some(asked(Outcome::Timeout, &[]))),
    ("DNS server gone, the gateway says so", "dns-silent", |f| {
        f.apps = Some(asked(Outcome::Timeout, &[]));
        (f.gateway, f.edge) = (pings(5, 0), Some(Some(address(7))));
    }),
    ("DNS server refuses", "dns-refuses", |f| f.apps = Some(asked(REFUSED, &[]))),
    ("DNS server fails", "dns-refuses", |f| f.apps = Some(asked(SERVFAIL, &[]))),
    ("wrong DNS address in the conf", "dns-wrong-address", |f| {
        conf(f, "DNS = fdaa:0:18::3", "DNS = fdaa:0:18::5");
        f.apps = Some(asked(Outcome::Timeout, &[]));
        f.apps_at_own = Some(asked(Outcome::NOERROR, &["web"]));
    }),
    ("some resolver that knows no .internal", "dns-not-ours", |f| {
        f.apps = Some(asked(Outcome::NXDOMAIN, &[]));
    }),
    ("org has no apps", "no-apps", |f| {
        f.apps = Some(asked(Outcome::NOERROR, &[]));
        (f.subject, f.machines) = (Subject::default(), Some(vec![]));
    }),
    ("this peer is not listed", "peer-unlisted", |f| f.listed = Some(Listed::No)),
    ("this peer's name is a generated one", "peer-unlisted", |f| {
        (f.listed, f.conf.name) = (Some(Listed::No), "interactive-4f2a91".into());
    }),
    ("named peer missing by the platform's fault", "peer-missing", |f| {
        f.listed = Some(Listed::NameOnly("my-peer".into()));
    }),
    ("the peer was recreated", "peer-another", |f| {
        f.listed = Some(Listed::Another("my-peer".into(), address(77)));
    }),
    ("records disagree", "records-disagree", |f| {
        let text = "_instances lists 148e21b7c93d89, vms.web does not".to_owned();
        f.conflicts = Some(vec![Disagreement { text, lasting: None }]);
    }),
    ("records disagree for long", "records-disagree", |f| {
        let text = "_instances lists 148e21b7c93d89, vms.web does not".to_owned();
        f.conflicts = Some(vec![Disagreement { text, lasting: Some(Duration::from_secs(40)) }]);
    }),
    ("one machine of many", SOME, |f| {
        f.machines = Some(vec![reach("148e21b7c93d89", 1), reach("3d8d9930b01789", 0)]);
    }),
    ("app's machines unreachable", "machines-silent", |f| {
        f.machines = Some(vec![reach("148e21b7c93d89", 0), reach("3d8d9930b01789", 0)]);
        f.ports = Some(vec![tried("148e21b7c93d89", Port::Filtered)]);
    }),
    ("stale address after a move", "stale-address", |f| {
        let again = Some(Again::At(address(44), pings(1, 1).unwrap()));
        f.machines = Some(vec![Reach { again, ..reach("148e21b7c93d89", 0) }, reach("3d8d9930b01789", 1)]);
    }),
    ("an address that nobody has any more", "stale-address", |f| {
        f.subject = Subject { machine: Some(Machine::At(address(5))), ..Subject::default() };
        (f.machine_known, f.machines) = (Some(false), Some(vec![]));
    }),
    ("a machine that is in no record", "machine-unknown", |f| {
        f.subject = Subject { machine: Some(Machine::Id("e28650".into())), ..Subject::default() };
        (f.machine_known, f.machines) = (Some(false), Some(vec![]));
    }),
    ("app is in another org", "app-unknown", |f| {
        f.subject.app = Some("billing".into());
        app(f, false, asked(Outcome::NXDOMAIN, &[]));
    }),
    ("app is in another conf's org", "app-elsewhere", |f| {
        f.subject.app = Some("billing".into());
        app(f, false, asked(Outcome::NXDOMAIN, &[]));
        f.elsewhere = Some(vec!["work".into()]);
    }),
    ("app is misspelt", "app-unknown", |f| {
        f.subject.app = Some("wbe".into());
        app(f, false, asked(Outcome::NXDOMAIN, &[]));
    }),
    ("app has no started machine", "app-stopped", |f| app(f, true, asked(Outcome::NOERROR, &[]))),
    ("flycast missing", "flycast-missing", |f| {
        f.subject.flycast = true;
        f.app.as_mut().unwrap().flycast = asked(Outcome::NXDOMAIN, &[]);
        f.flycast_ports = Some(vec![]);
    }),
    ("flycast without services", "flycast-no-service", |f| {
        f.subject.flycast = true;
        f.flycast_ports = Some(vec![tried("web.flycast", Port::Refused)]);
    }),
    ("flycast without services, beside a port that works", "flycast-no-service", |f| {
        f.flycast_ports = Some(vec![tried("web.flycast", Port::Filtered)]);
    }),
    ("service not listening on its private address", "port-refused", |f| {
        f.ports = Some(vec![tried("148e21b7c93d89", Port::Refused)]);
        f.flycast_ports = None;
    }),
    ("port filtered", "port-silent", |f| f.ports = Some(vec![tried("148e21b7c93d89", Port::Filtered)])),
    ("service has another protocol", "port-wrong-protocol", |f| {
        responds_with(f, Protocol::Http, Banner::Other("SSH-2.0-OpenSSH_9.2".into()));
    }),
    ("service closes where TLS is expected", "port-wrong-protocol", |f| {
        responds_with(f, Protocol::Tls, Banner::Closed);
    }),
    ("service sends nothing", "port-wrong-protocol", |f| responds_with(f, Protocol::Http, Banner::NoData)),
    ("service has the expected protocol", "", |f| {
        responds_with(f, Protocol::Http, Banner::Fits("HTTP/1.1 200 OK".into()));
    }),
    ("system's VPN works", "", |f| look(f, |_| ())),
    ("system's VPN is not up", "system-no-interface", |f| look(f, |s| *s = System::default())),
    ("system has no route", "system-no-route", |f| look(f, |s| s.source = None)),
    ("system's tunnel is stale", "system-tunnel-dead", |f| {
        look(f, |s| {
            s.by_own = Some(asked(Outcome::Timeout, &[]));
            s.by_resolver = Some(asked(Outcome::Timeout, &[]));
        });
    }),
    ("system asks another resolver", "system-dns", |f| {
        look(f, |s| {
            s.resolvers = vec!["192.168.1.1".parse().unwrap()];
            s.by_resolver = Some(asked(Outcome::NXDOMAIN, &[]));
        });
    }),
];

const SOME: &str = path::SOME_SILENT;

fn named(facts: &Facts) -> (&'static str, Diagnosis) {
    let diagnosis = judge(facts);
    (diagnosis.named().map_or("", |finding| finding.fault), diagnosis)
}

#[test]
fn every_cause_is_reported_and_nothing_false() {
    let mut table = String::new();
    let mut right = 0;
    for (cause, fault, change) in CAUSES {
        let mut facts = healthy();
        change(&mut facts);
        let (named, diagnosis) = named(&facts);
        right += usize::from(named == *fault);
        assert_eq!(named, *fault, "{cause}: {}", diagnosis.verdict);
        let failures: Vec<_> =
            diagnosis.findings.iter().filter(|f| f.status == Status::Fail).map(|f| f.id).collect();
        // One cause makes one failure; these are reported beside their consequences.
        let follow = [
            &["clock", "handshake"][..],
            &["dns-line", "name-server"],
            &["allowed-ips", "name-server"],
            &["machines", "port"],
            &["one-client", "machines"],
        ];
        assert!(failures.len() <= 1 || follow.contains(&failures.as_slice()), "{cause}: {failures:?}");
        assert_eq!(diagnosis.count(Status::Waiting), 0, "all is settled where all facts are in");
        for finding in &diagnosis.findings {
            let complete =
                !finding.causes.is_empty() && !finding.affects.is_empty() && !finding.remedies.is_empty();
            assert!(
                complete || !matches!(finding.status, Status::Fail | Status::Warn),
                "{cause}: {}",
                finding.id
            );
            // With two possible reasons, a finding is never certain.
            assert!(
                finding.causes.len() < 2 || finding.confidence != Confidence::Certain,
                "{cause}: {}",
                finding.id
            );
        }
        let confidence = diagnosis.named().map_or("certain", |finding| finding.confidence.as_str());
        let named = if named.is_empty() { "–" } else { named };
        let _ = writeln!(
            table,
            "{cause:<52} {named:<22} {confidence:<8} {} {}",
            diagnosis.verdict, diagnosis.remedy
        );
    }
    let _ = writeln!(table, "{right} of {} named right", CAUSES.len());
    insta::assert_snapshot!("cause_and_verdict", table);
}

/// Causes that limit what can be known: no farther cause can be combined with them.
fn is_whole(fault: &str) -> bool {
    matches!(
        fault,
        "" | "conf-broken"
            | "conf-in-use"
            | "endpoint-unresolved"
            | "offline"
            | "no-ipv6"
            | "no-route"
            | "no-socket"
            | "udp-port-closed"
            | "no-answer"
            | "peer-or-key"
            | "clock-back"
            | "no-data"
    )
}

/// The fact that a fault's cause writes, if several causes write it.
fn same_fact(fault: &str) -> Option<&'static str> {
    Some(match fault {
        "dns-line-foreign" | "dns-not-allowed" | "address-not-allowed" | "dns-wrong-address" => "conf",
        SOME | "machines-silent" | "stale-address" | "machine-unknown" | "app-stopped" => "machines",
        "system-no-interface" | "system-no-route" | "system-tunnel-dead" | "system-dns" => "system",
        "port-refused" | "port-silent" | "port-wrong-protocol" => "port",
        _ => return None,
    })
}

#[test]
fn of_two_causes_the_nearer_one_is_reported() {
    let mut pairs = 0;
    for (n, (a, first, change)) in CAUSES.iter().enumerate() {
        for (b, second, other) in &CAUSES[n + 1..] {
            // Two that write the same fact cannot occur together.
            if first.is_empty()
                || first == second
                || is_whole(second)
                || (same_fact(first).is_some() && same_fact(first) == same_fact(second))
            {
                continue;
            }
            let mut facts = healthy();
            other(&mut facts);
            let alone = judge(&facts);
            change(&mut facts);
            let (named, diagnosis) = named(&facts);
            // The two may be of one check, and the second change undoes the first.
            let fault = if first.is_empty() { second } else { first };
            assert!(named == *first || named == *second, "{a} + {b}: {named} {}", diagnosis.verdict);
            let found = |fault: &str| diagnosis.findings.iter().find(|finding| finding.fault == fault);
            assert!(found(fault).is_some() || found(second).is_some(), "{a} + {b}");
            for finding in diagnosis.findings.iter().filter(|f| f.status == Status::Fail) {
                let known =
                    alone.findings.iter().any(|f| f.status == Status::Fail && f.fault == finding.fault);
                let own = {
                    let mut facts = healthy();
                    change(&mut facts);
                    judge(&facts).findings.iter().any(|f| f.fault == finding.fault)
                };
                // One fact can cause another's fault: no app is found without any response.
                let either = finding.fault == *first || finding.fault == *second;
                assert!(known || own || either, "{a} + {b}: {} is claimed", finding.fault);
            }
            let place = |fault: &str| diagnosis.findings.iter().position(|finding| finding.fault == fault);
            let farther = if named == *first { second } else { first };
            let dead = diagnosis.findings.iter().any(|f| f.id == "handshake" && f.status == Status::Fail);
            let beyond = |fault| place(fault).is_some_and(|at| BEYOND.contains(&diagnosis.findings[at].id));
            if dead && beyond(farther) {
                continue;
            }
            assert!(!(dead && beyond(named)), "{a} + {b}: {}", diagnosis.verdict);
            if let (Some(near), Some(far)) = (place(named), place(farther))
                && named != SOME
                && *farther != SOME
                && diagnosis.findings[near].status == diagnosis.findings[far].status
            {
                assert!(near < far, "{a} + {b}: {}", diagnosis.verdict);
            }
            pairs += 1;
        }
    }
    assert!(pairs >= 300, "{pairs} pairs");
}

#[test]
fn without_facts_there_is_no_finding() {
    let profile = crate::app::tests::profile();
    let mut facts = Facts::before(&profile.conf, Around::default(), healthy().subject);
    let diagnosis = judge(&facts);
    assert_eq!((diagnosis.cause, diagnosis.count(Status::Fail)), (None, 0));
    assert!(diagnosis.count(Status::Waiting) > 5);
    assert_eq!(diagnosis.verdict, "Looking …");
    // Facts arrive one after another, and no finding is revoked.
    let whole = healthy();
    facts.link = whole.link.clone();
    assert_eq!(judge(&facts).cause, None);
    facts.apps = Some(asked(Outcome::Timeout, &[]));
    assert_eq!(judge(&facts).cause, None, "whether anything else comes back is not known yet");
}

#[test]
fn a_skipped_check_names_what_it_needs() {
    let mut facts = healthy();
    dead(&mut facts, Link::Closed);
    let diagnosis = judge(&facts);
    for finding in diagnosis.findings.iter().filter(|finding| finding.status == Status::Skip) {
        assert_eq!(finding.needs, Some("handshake"), "{}", finding.id);
        assert_eq!(finding.observed, "Skipped; it needs: WireGuard handshake.");
    }
    let ids: Vec<_> = checks().map(|check| check.id).collect();
    for (n, check) in checks().enumerate() {
        for need in check.needs {
            assert!(ids[..n].contains(need), "{} is judged before {need}", check.id);
        }
    }
    let groups: Vec<_> = checks().map(|check| check.group).collect();
    assert!(groups.is_sorted());
}

#[test]
fn a_few_lost_pings_are_no_failure() {
    let lost = |sent, answered| pings(sent, answered).unwrap().lose_more_than(USUAL_LOSS);
    assert!(!lost(5, 4) && !lost(25, 21) && !lost(100, 88) && !lost(0, 0));
    assert!(lost(25, 15) && lost(100, 85) && lost(5, 0));
}

#[test]
fn a_hostile_name_in_a_remedy_is_quoted_for_the_shell() {
    let hostile = "x|`reboot`";
    let mut facts = healthy();
    facts.machines = Some(vec![reach(hostile, 0)]);
    let silent = judge(&facts);
    assert_eq!(silent.named().unwrap().remedies[0], format!("fly machine status '{hostile}'"));
    let mut facts = healthy();
    facts.subject.app = Some("x|reboat".into());
    facts.apps = Some(asked(Outcome::NOERROR, &["x|reboot"]));
    app(&mut facts, false, asked(Outcome::NXDOMAIN, &[]));
    facts.conf.name = "a;b".into();
    facts.conf.world_readable = true;
    let unknown = judge(&facts);
    assert_eq!(unknown.named().unwrap().remedies[0], "sixpane doctor --app 'x|reboot'");
    // All commands of all remedies.
    for remedy in silent.findings.iter().chain(&unknown.findings).flat_map(|finding| &finding.remedies) {
        let bare: String = remedy.split('\'').step_by(2).collect();
        assert!(!bare.contains(['|', '`']) && !bare.contains("a;b"), "{remedy}");
    }
}
