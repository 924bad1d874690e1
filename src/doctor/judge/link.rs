//! The tunnel: handshake and returning traffic.

use std::time::Duration;

use super::{Check, always};
use crate::doctor::facts::{Facts, Link};
use crate::doctor::{Finding, Group};
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
        title: |_| "Traffic comes back through the tunnel".into(),
        applies: always,
        judge: traffic,
    },
    // Only if it occurs: otherwise the observation is shown with the traffic.
    Check {
        id: "one-client",
        group: Group::Link,
        needs: &["handshake", "traffic"],
        title: |_| "Nobody else uses the key".into(),
        applies: |facts| {
            facts.strays.is_some_and(|strays| strays > 0) || facts.restored == Some(true) || too_many(facts)
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

const REMOVED: &str = "The peer was removed or has expired: fly wireguard list tells.";
const KEYS: &str = "The conf's keys are not (or no longer) those of a peer, or a PresharedKey does not match: silence is \
                    all that a gateway says then. A fresh conf tells.";
const BLOCKED: &str = "This network blocks UDP: another network tells, a phone's for instance.";

fn handshake(facts: &Facts) -> Option<Finding> {
    let endpoint = &facts.conf.endpoint;
    if facts.around.in_use.is_some() && facts.link.is_none() {
        return Some(Finding::skip("WireGuard handshake", "It needs the conf's key for itself."));
    }
    Some(match facts.link.as_ref()? {
        Link::Up { handshake } => Finding::pass("WireGuard handshake").took(*handshake),
        Link::NoName(reason) => {
            let finding = Finding::fail("endpoint-unresolved", "The endpoint's name does not resolve")
                .saw(format!("{endpoint}: {reason}."))
                .hurts("Everything.");
            let (own, typo) =
                ("This machine's own DNS does not work.", "The name is misspelt, or the gateway is gone.");
            // Error of a resolver that got no response.
            let finding = if reason.contains("emporary") {
                finding.why(own).why(typo).likely().remedy("check this machine's own DNS and network")
            } else {
                finding.why(typo).why(own)
            };
            finding
                .remedy("check the Endpoint line of the conf")
                .remedy("check this machine's own DNS and network")
        }
        Link::NoRoute { ipv6, reason } => no_route(facts, *ipv6, reason),
        Link::NoSocket(reason) => Finding::fail("no-socket", "No UDP socket can be opened")
            .saw(format!("{reason}."))
            .why("The ListenPort of the conf is taken, by the system's own WireGuard for instance.")
            .why("The system gives this process no socket.")
            .likely()
            .hurts("Everything.")
            .remedy(format!("wg-quick down {}", quoted(&facts.conf.name)))
            .remedy("take the ListenPort line out of the conf: a client needs none"),
        Link::Closed => Finding::fail("udp-port-closed", "The endpoint's UDP port is closed")
            .saw(format!("{endpoint} answers with ICMP port unreachable."))
            .why("The port in the conf is wrong.")
            .why("The gateway is down.")
            .hurts("Everything.")
            .remedy("check the port in the Endpoint line of the conf")
            .remedy("fly wireguard create makes a peer on another gateway"),
        Link::Silent(initiations, time) => silent(facts, *initiations).took(Some(*time)).saw(format!(
            "{initiations} initiations to {endpoint} in {} s, and no reply{}",
            time.as_secs(),
            match (facts.udp_comes_back, &facts.other_is_up) {
                (Some(true), _) =>
                    ". A datagram to a closed port there was answered: UDP gets through.".into(),
                (_, Some(other)) => format!(". {other} is attached: UDP gets through from here."),
                (Some(false), None) => ". A datagram to a closed port there brought no answer either.".into(),
                (None, None) => ".".to_owned(),
            }
        )),
    })
}

fn no_route(facts: &Facts, ipv6: bool, reason: &str) -> Finding {
    let endpoint = &facts.conf.endpoint;
    let host = endpoint.rsplit_once(':').map_or(endpoint.as_str(), |(host, _)| host);
    let finding = match (facts.ways, ipv6) {
        (Some((false, false)), _) => Finding::fail("offline", "This machine is offline")
            .why("It has no route to anywhere, neither over IPv4 nor over IPv6."),
        (Some((_, false)), true) => {
            Finding::fail("no-ipv6", "The endpoint is IPv6, and this machine has none")
                .why("This network gives no IPv6.")
                .remedy("fly wireguard create makes a peer whose endpoint has a name, and with it IPv4")
        }
        _ => Finding::fail("no-route", "Nothing can be sent to the endpoint")
            .why("This machine has no route there.")
            .why("A packet filter on this machine forbids it.")
            .remedy(format!("ip route get {}", quoted(host.trim_matches(['[', ']'])))),
    };
    finding
        .saw(format!("{endpoint}: {reason}."))
        .hurts("Everything.")
        .remedy("check this machine's own network")
}

/// Finding for a silent gateway: the causes that can be distinguished, and how to distinguish the rest.
fn silent(facts: &Facts, initiations: u64) -> Finding {
    const TITLE: &str = "The gateway does not answer the handshake";
    let fresh = "fly wireguard create [org] [region] [name], then start with the new conf";
    let reaches = facts.udp_comes_back == Some(true) || facts.other_is_up.is_some();
    let mut finding = if initiations == 0 {
        Finding::fail("no-answer", TITLE).why("Nothing could be sent in time.")
    } else if reaches {
        Finding::fail("peer-or-key", "The gateway does not answer the handshake, though UDP gets through")
            .why(REMOVED)
            .why(KEYS)
            .why("Something on the way drops WireGuard alone: another network tells.")
            .remedy("fly wireguard list")
            .remedy(fresh)
    } else {
        Finding::fail("no-answer", TITLE)
            .why(REMOVED)
            .why(KEYS)
            .why(BLOCKED)
            .remedy("fly wireguard list")
            .remedy(fresh)
            .remedy("try from another network; where UDP is blocked for good, flyctl alone can tunnel in TCP: fly wireguard websockets enable")
    };
    if facts.around.clock_behind.is_some() {
        finding = finding.why("The clock of this machine went back; see above.");
    }
    finding.hurts("Everything.")
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
        return Some(Finding::pass("Traffic comes back through the tunnel"));
    }
    let lines = facts.apps.iter().flat_map(|asked| asked.lines.clone());
    let finding = match facts.strays {
        Some(strays) if strays > 0 => {
            Finding::fail("same-key", "Another client uses the same key, and gets the replies")
                .saw(format!("{strays} datagrams came that are sealed for a session which is not ours; none for ours."))
                .why("Another machine or program is attached with the same conf: the gateway answers whoever shook hands last.")
                .why("The gateway lost our session, and kept an older one.")
                .likely()
        }
        _ => Finding::fail("no-data", "The handshake works, and no data comes back")
            .saw(match facts.restored {
                Some(_) => "Neither the name server nor a ping was answered, and no error came; another handshake changed nothing.",
                None => "Neither the name server nor a ping was answered, and no error came.",
            })
            .why("The gateway does not take this address from this peer: the Address line is not the one the peer was made with.")
            .why("Another client uses the same key, and gets the replies.")
            .why("The gateway's own name server is down: without a name there is nobody else to ask.")
            .why("Something on the way lets small handshakes through and nothing else."),
    };
    Some(
        finding
            .hurts("Everything.")
            .remedy("end whatever else uses this conf (wg-quick, an app, another machine), then run again")
            .remedy("fly wireguard create makes a fresh peer")
            .shown(lines),
    )
}

fn strays(facts: &Facts) -> Option<Finding> {
    const TITLE: &str = "Another client seems to use the same key";
    let strays = facts.strays.unwrap_or(0);
    if strays == 0 && facts.restored != Some(true) {
        let (handshakes, since) = facts.sessions?;
        return Some(
            Finding::warn("same-key", "The session is replaced again and again")
                .saw(format!("{handshakes} handshakes in {}, where one every two minutes would do.", ago(since)))
                .why("Another machine or program is attached with the same conf: each takes the session from the other.")
                .why("The network here is lost again and again: sleep, another Wi-Fi, a phone.")
                .hurts("Answers are lost now and then.")
                .remedy("end whatever else uses this conf (wg-quick, an app, another machine), then run again")
                .remedy("fly wireguard create makes a peer for each machine"),
        );
    }
    if strays == 0 {
        return Some({
            Finding::warn("same-key", TITLE)
                .saw("Right after the handshake nothing came back; another handshake brought the answers.")
                .why("Another machine or program is attached with the same conf, and shook hands after us: the gateway keeps one session for each key.")
                .why("The gateway, or the way to it, was down for a moment.")
                .likely()
                .hurts("Answers are lost now and then, on both sides.")
                .remedy("end whatever else uses this conf (wg-quick, an app, another machine), then run again")
                .remedy("fly wireguard create makes a peer for each machine")
        });
    }
    // A single one may be a leftover; more explain other losses.
    let finding =
        if strays < MANY { Finding::warn("same-key", TITLE) } else { Finding::fail("same-key", TITLE) };
    Some(
        finding
            .saw(format!("{strays} datagrams came that are sealed for a session which is not ours."))
            .why("Another machine or program is attached with the same conf: the gateway answers whoever shook hands last.")
            .why("The gateway was restarted, or answered an older session of ours.")
            .likely()
            .hurts("Answers are lost now and then, on both sides.")
            .remedy("end whatever else uses this conf (wg-quick, an app, another machine), then run again")
            .remedy("fly wireguard create makes a peer for each machine"),
    )
}
