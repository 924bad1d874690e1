//! The tunnel: handshake and returning traffic.

use std::time::Duration;

use super::{Check, always};
use crate::doctor::facts::{Facts, Link, System};
use crate::doctor::{Finding, Group};
use crate::net::delivery::ErrorKind;
use crate::text::{ago, quoted};

pub const CHECKS: &[Check] = &[
    Check {
        id: "handshake",
        group: Group::Link,
        needs: &["conf"],
        title: |_| "WireGuard handshake".into(),
        applies: always,
        judge: handshake,
    },
    Check {
        id: "traffic",
        group: Group::Link,
        needs: &["handshake", "allowed-ips"],
        title: |_| "Data comes back through the tunnel".into(),
        applies: always,
        judge: traffic,
    },
    // Only if it occurs: otherwise the observation is shown with the traffic.
    Check {
        id: "one-client",
        group: Group::Link,
        needs: &["handshake", "traffic"],
        title: |_| "No other client uses the key".into(),
        applies: |facts| {
            facts.strays.is_some_and(|strays| strays > 0)
                || facts.diverted.is_some_and(|diverted| diverted > 0)
                || facts.restored == Some(true)
                || too_many(facts)
        },
        judge: strays,
    },
];

/// Number of datagrams for another session that is no coincidence.
const MANY: u64 = 3;

/// Whether sessions are replaced much faster than they expire, which takes two minutes (`Rekey-After-Time`, WireGuard
/// paper §6.1).
fn too_many(facts: &Facts) -> bool {
    facts.sessions.is_some_and(|(handshakes, since)| {
        handshakes >= 5 && since < Duration::from_secs(40) * u32::try_from(handshakes).unwrap_or(u32::MAX)
    })
}

/// Only where another client was seen.
const STOP_OTHER: &str =
    "disconnect all other clients with this conf (wg-quick, an app, another machine), then run again";
const REMOVED: &str = "The peer was removed or has expired: check with fly wireguard list.";
const KEYS: &str = "The conf's keys are not (or no longer) those of a peer, or a PresharedKey does not match: a gateway \
                    does not respond then. Check with a new conf.";
const BLOCKED: &str = "This network blocks UDP: check from another network, for example a phone's.";

fn handshake(facts: &Facts) -> Option<Finding> {
    let endpoint = &facts.conf.endpoint;
    if facts.around.in_use.is_some() && facts.link.is_none() {
        return Some(Finding::skip("WireGuard handshake", "Another program uses the conf's key."));
    }
    let spared = |system: &System| system.same_key && !system.ours_attached && system.interface.is_some();
    if facts.link.is_none() && facts.system.as_ref().is_some_and(spared) {
        let why = "Not tested: an interface of this host uses the conf's key, and a handshake would take its session.";
        return Some(Finding::skip("WireGuard handshake", why));
    }
    Some(match facts.link.as_ref()? {
        Link::Up { handshake } => Finding::pass("WireGuard handshake").took(*handshake),
        Link::NoName(reason) => {
            let finding = Finding::fail("endpoint-unresolved", "The endpoint's name does not resolve")
                .observed(format!("{endpoint}: {reason}."))
                .affects("All connections fail.");
            let (own, typo) = (
                "This machine's own DNS does not work.",
                "The name is misspelt, or the gateway no longer exists.",
            );
            // Error of a resolver that got no response.
            let finding = if reason.contains("emporary") {
                finding.cause(own).cause(typo).likely().remedy("check this machine's own DNS and network")
            } else {
                finding.cause(typo).cause(own)
            };
            finding
                .remedy("check the Endpoint line of the conf")
                .remedy("check this machine's own DNS and network")
        }
        Link::NoRoute { ipv6, reason } => no_route(facts, *ipv6, reason),
        Link::NoSocket(reason) => no_socket(facts, reason),
        Link::Closed => Finding::fail("udp-port-closed", "The endpoint's UDP port is closed")
            .observed(format!("{endpoint} answers with ICMP port unreachable."))
            .cause("The port in the conf is wrong.")
            .cause("The gateway is down.")
            .affects("All connections fail.")
            .remedy("check the port in the Endpoint line of the conf")
            .remedy("create a peer on another gateway: fly wireguard create"),
        Link::Silent(initiations, time) => silent(facts, *initiations).took(Some(*time)).observed(format!(
            "{initiations} initiations to {endpoint} in {} s without a reply{}",
            time.as_secs(),
            match (facts.udp_comes_back, &facts.other_is_up) {
                (Some(true), _) =>
                    ". A datagram to a closed port there got an ICMP error: UDP is not blocked.".into(),
                (_, Some(other)) => format!(". {other} connects from here: UDP is not blocked."),
                (Some(false), None) => ". A datagram to a closed port there got no reply either.".into(),
                (None, None) => ".".to_owned(),
            }
        )),
    })
}

fn no_socket(facts: &Facts, reason: &str) -> Finding {
    let finding = match facts.system_error {
        Some(ErrorKind::PortTaken) => {
            Finding::fail("listen-port-taken", "The conf's ListenPort is in use on this machine")
                .cause("Another program, for example the system's own WireGuard, has the port.")
                .remedy("remove the ListenPort line from the conf: a client does not need it")
        }
        Some(ErrorKind::NoFiles) => Finding::fail("no-files", "This process may open no more files")
            .cause("The limit of open files is too low.")
            .remedy("ulimit -n 1024"),
        Some(ErrorKind::Filtered) => Finding::fail("no-socket", "The system does not allow a UDP socket")
            .cause("A security policy on this machine forbids it.")
            .remedy("check the sandbox or security policy of this process"),
        _ => Finding::fail("no-socket", "No UDP socket can be opened")
            .cause("The system does not allow this process to open a socket.")
            .likely()
            .remedy("check the limits and the security policy of this process"),
    };
    finding.observed(format!("{reason}.")).affects("All connections fail.")
}

fn no_route(facts: &Facts, ipv6: bool, reason: &str) -> Finding {
    let endpoint = &facts.conf.endpoint;
    let host = endpoint.rsplit_once(':').map_or(endpoint.as_str(), |(host, _)| host);
    let finding = match (facts.ways, ipv6) {
        // The system itself says so, whatever the routes are.
        _ if facts.system_error == Some(ErrorKind::Filtered) => {
            Finding::fail("local-firewall", "The system does not permit packets to the endpoint")
                .cause("A packet filter on this machine blocks them.")
                .cause("A security policy or sandbox forbids them to this process.")
                .likely()
                .remedy(format!("allow outgoing UDP to {endpoint} in this machine's firewall"))
                .remedy("sudo nft list ruleset")
        }
        (Some((false, false)), _) => Finding::fail("offline", "This machine is offline")
            .cause("It has no route to the internet over IPv4 or IPv6."),
        (Some((_, false)), true) => {
            Finding::fail("no-ipv6", "The endpoint is IPv6, and this machine has no IPv6")
                .cause("This network has no IPv6.")
                .remedy("create a peer whose endpoint is a name, which also has IPv4: fly wireguard create")
        }
        _ => Finding::fail("no-route", "Nothing can be sent to the endpoint")
            .cause("This machine has no route to it.")
            .cause("A packet filter on this machine blocks it.")
            .remedy(format!("ip route get {}", quoted(host.trim_matches(['[', ']'])))),
    };
    finding
        .observed(format!("{endpoint}: {reason}."))
        .affects("All connections fail.")
        .remedy("check this machine's own network")
}

/// Finding for a silent gateway: the causes that can be distinguished, and how to distinguish the rest.
fn silent(facts: &Facts, initiations: u64) -> Finding {
    const TITLE: &str = "The gateway does not respond to the handshake";
    let fresh = "fly wireguard create [org] [region] [name], then start with the new conf";
    let reaches = facts.udp_comes_back == Some(true) || facts.other_is_up.is_some();
    let blocked_name = facts
        .endpoint
        .map(|endpoint| endpoint.ip())
        .filter(|ip| ip.is_unspecified() || ip.is_loopback())
        .filter(|ip| !facts.conf.endpoint.contains(&ip.to_string()));
    let mut finding = if initiations == 0 {
        Finding::fail("no-answer", TITLE).cause("No packet could be sent before the timeout.")
    } else if let Some(ip) = blocked_name {
        Finding::fail(
            "endpoint-name-blocked",
            format!("The endpoint's name resolves to {ip}, this machine itself"),
        )
        .cause("This machine's DNS blocks the name, for example a filter for advertisements.")
        .cause("The hosts file has an entry for the name.")
        .likely()
        .remedy("check this machine's DNS filter and /etc/hosts")
    } else if let Some(icmp) = facts.icmp {
        Finding::fail("endpoint-unreachable", "The endpoint is unreachable")
            .cause(format!("{} reports: {}.", icmp.by, icmp.kind))
            .remedy("check the address in the Endpoint line of the conf")
            .remedy("check this machine's own network")
    } else if facts.alien.is_some_and(|alien| alien > 0) {
        Finding::fail("endpoint-not-wireguard", "Another service responds at the endpoint, not WireGuard")
            .cause("The port or address in the Endpoint line of the conf is wrong.")
            .cause("A device on the path responds in place of the gateway.")
            .likely()
            .remedy("check the Endpoint line of the conf")
            .remedy("try another network")
    } else if reaches {
        Finding::fail(
            "peer-or-key",
            "The gateway does not respond to the handshake, though UDP is not blocked",
        )
        .cause(REMOVED)
        .cause(KEYS)
        .cause("A network on the path blocks WireGuard: check from another network.")
        .remedy("fly wireguard list")
        .remedy(fresh)
    } else {
        Finding::fail("no-answer", TITLE)
            .cause(REMOVED)
            .cause(KEYS)
            .cause(BLOCKED)
            .remedy("fly wireguard list")
            .remedy(fresh)
            .remedy("try another network; if UDP is always blocked, flyctl can tunnel over TCP: fly wireguard websockets enable")
    };
    if facts.around.clock_behind.is_some() {
        finding = finding.cause("The clock of this machine was set back; see above.");
    }
    finding.affects("All connections fail.")
}

/// Whether anything has come through the tunnel; `None` while unknown.
pub fn anything_came(facts: &Facts) -> Option<bool> {
    let lookups = [&facts.apps, &facts.apps_at_own, &facts.instances, &facts.peers];
    let dns = lookups.iter().any(|asked| asked.as_ref().is_some_and(|asked| asked.rtt.is_some()));
    let pinged = facts.gateway.is_some_and(|pings| pings.answered > 0)
        || facts.machines.iter().flatten().any(|reach| reach.pings.answered > 0);
    if dns || pinged || matches!(facts.edge, Some(Some(_))) {
        return Some(true);
    }
    (facts.apps.is_some() && facts.gateway.is_some() && (facts.edge.is_some() || facts.done)).then_some(false)
}

fn traffic(facts: &Facts) -> Option<Finding> {
    facts.link.as_ref()?;
    if anything_came(facts)? {
        return Some(Finding::pass("Data comes back through the tunnel"));
    }
    let lines = facts.apps.iter().flat_map(|asked| asked.lines.clone());
    let strays = facts.strays.unwrap_or(0) + facts.diverted.unwrap_or(0);
    let finding = match facts.second_handshake {
        _ if strays > 0 => {
            Finding::fail("same-key", "Another client uses the same key and gets the replies")
                .observed(format!("{strays} datagrams were for a session that was never ours; none were for ours."))
                .cause("Another machine or program uses the same conf: the gateway replies to the last one that made a handshake.")
                .likely()
                .remedy(STOP_OTHER)
        }
        Some(false) => {
            Finding::fail("peer-removed-now", "The gateway responded to one handshake, and ignores the next")
                .observed("No data came back after a handshake, and a second handshake got no response.")
                .cause("The peer was removed a moment ago: check with fly wireguard list.")
                .cause("The gateway, or the path to it, failed a moment ago, or is very slow.")
                .remedy("fly wireguard list")
        }
        _ => Finding::fail("no-data", "Handshake succeeds but no data comes back")
            .observed(match facts.restored {
                Some(_) => "No response from the name server or to a ping, and no error; another handshake changed nothing.",
                None => "No response from the name server or to a ping, and no error.",
            })
            .cause("The gateway does not accept this address from this peer: the Address line differs from the one that the peer was created with.")
            .cause("The gateway has no route back to this peer.")
            .cause("The gateway's own name server is down: without names there is no other target to check.")
            .cause("A network on the path passes small handshakes and drops everything else.")
            .remedy("compare the Address line of the conf with the list of fly wireguard list"),
    };
    Some(
        finding
            .affects("All connections fail.")
            .remedy("create a new peer: fly wireguard create")
            .shown(lines),
    )
}

fn strays(facts: &Facts) -> Option<Finding> {
    const TITLE: &str = "Another client seems to use the same key";
    let strays = facts.strays.unwrap_or(0) + facts.diverted.unwrap_or(0);
    if strays == 0 && facts.restored != Some(true) {
        let (handshakes, since) = facts.sessions?;
        return Some(
            Finding::warn("session-lost", "The session is replaced repeatedly")
                .observed(format!(
                    "{handshakes} handshakes in {}; one every two minutes is normal.",
                    ago(since)
                ))
                .cause("The network here is lost repeatedly: sleep, Wi-Fi roaming, a phone.")
                .cause("The gateway restarts repeatedly.")
                .cause(
                    "Another machine or program uses the same conf: each takes the session from the other.",
                )
                .affects("Some replies are lost.")
                .remedy("sixpane ping gateway"),
        );
    }
    if strays == 0 {
        return Some({
            Finding::warn("session-lost", "The session was lost once and made again")
                .observed("No data came back after the handshake, but it did after another one.")
                .cause("The gateway or the path to it was down for a moment.")
                .cause("Another machine or program uses the same conf and made a handshake after ours: the gateway keeps one session per key.")
                .affects("Some replies were lost.")
                .remedy("sixpane ping gateway")
        });
    }
    // A single one may be a copy that was sent again on the path; more explain other losses.
    let finding =
        if strays < MANY { Finding::warn("same-key", TITLE) } else { Finding::fail("same-key", TITLE) };
    Some(
        finding
            .observed(format!("{strays} datagrams were for another client."))
            .cause("Another machine or program uses the same conf: the gateway replies to the last one that made a handshake.")
            .likely()
            .affects("Some replies are lost, on both sides.")
            .remedy(STOP_OTHER)
            .remedy("create one peer per machine: fly wireguard create"),
    )
}
