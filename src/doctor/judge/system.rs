//! The system's own VPN, compared with ours: our tunnel already proves that peer and gateway work.

use super::Check;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{Facts, System};
use crate::doctor::{Finding, Group};
use crate::text::quoted;

const OURS: &str = "sixpane's own tunnel works with this conf: the peer and the gateway are fine.";

pub const CHECKS: &[Check] = &[
    Check {
        id: "system-interface",
        group: Group::System,
        needs: &["conf"],
        title: |_| "An interface of this machine is in the network".into(),
        applies: |facts| facts.subject.system,
        judge: interface,
    },
    Check {
        id: "system-route",
        group: Group::System,
        needs: &["system-interface"],
        title: |_| "The network's route uses it".into(),
        applies: |facts| facts.subject.system,
        judge: route,
    },
    Check {
        id: "system-server",
        group: Group::System,
        needs: &["system-interface", "system-route"],
        title: |facts| format!("{} responds to the machine's own sockets", facts.conf.own_dns()),
        applies: |facts| facts.subject.system,
        judge: server,
    },
    Check {
        id: "system-resolver",
        group: Group::System,
        needs: &["system-interface", "system-route", "system-server"],
        title: |_| "The system's resolver resolves .internal".into(),
        applies: |facts| facts.subject.system,
        judge: resolver,
    },
];

/// Mentions that our tunnel works, if that was observed.
fn ours(facts: &Facts, finding: Finding) -> Finding {
    let works = facts.apps.as_ref().is_some_and(|apps| apps.outcome.is_definite());
    let observed = format!(
        "{} {}",
        finding.observed,
        if works { OURS } else { "sixpane's own tunnel does not work either." }
    );
    finding.observed(observed)
}

fn up(facts: &Facts) -> String {
    format!("wg-quick up {}", quoted(&facts.conf.name))
}

fn interface(facts: &Facts) -> Option<Finding> {
    let system = facts.system.as_ref()?;
    if let Some((name, address)) = &system.interface {
        let observed = if system.same_key && system.ours_attached {
            format!(
                "{name} has {address}, the conf's own address: it has the same key. While ours is attached, it gets no \
                 replies."
            )
        } else if system.same_key {
            format!(
                "{name} has {address}, the conf's own address: it has the same key. It was checked in place of ours."
            )
        } else {
            format!("{name} has {address}, the address of another peer.")
        };
        return Some(Finding::pass(format!("{name} is in the network")).observed(observed));
    }
    Some(ours(
        facts,
        Finding::fail("system-no-interface", "The system has no interface in this network")
            .observed(format!("No interface of this machine has an address in {}.", facts.conf.network))
            .cause("The system's VPN is not up, or it belongs to another org.")
            .affects("Every program except sixpane.")
            .remedy(up(facts)),
    ))
}

fn route(facts: &Facts) -> Option<Finding> {
    let system = facts.system.as_ref()?;
    let (name, _) = system.interface.as_ref()?;
    let network = facts.conf.network;
    match system.source {
        Some(source) if network.contains(&source) => {
            Some(Finding::pass("The network's route uses it").observed(format!("Sent from {source}.")))
        }
        source => Some(ours(
            facts,
            Finding::fail("system-no-route", format!("The system has no route to {network} through {name}"))
                .observed(match source {
                    Some(source) => format!("Packets to {} are sent from {source}, outside of the tunnel.", facts.conf.own_dns()),
                    None => format!("There is no route to {}.", facts.conf.own_dns()),
                })
                .cause("The interface was configured manually, AllowedIPs do not contain the network, or Table = off.")
                .cause("Another VPN's route is more specific.")
                .affects("Every program except sixpane.")
                .remedy(format!("ip -6 route add {network} dev {}", quoted(name)))
                .remedy(format!("wg-quick down {0}, then wg-quick up {0}", quoted(&facts.conf.name))),
        )),
    }
}

fn server(facts: &Facts) -> Option<Finding> {
    let system = facts.system.as_ref()?;
    let own = facts.conf.own_dns();
    let Some(asked) = &system.by_own else {
        let held = system.ours_attached && system.same_key && system.interface.is_some();
        // With the same key, the two tunnels would take each other's replies.
        let why = "Not checked: it has the same key, and our tunnel is open. Close sixpane and run sixpane doctor --system, \
                   which checks one tunnel after the other.";
        return held.then(|| Finding::skip(format!("{own} responds to the machine's own sockets"), why));
    };
    if asked.outcome.is_definite() {
        let title = format!("{own} responds to the machine's own sockets");
        return Some(Finding::pass(title).took(asked.rtt).shown(asked.lines.clone()));
    }
    let finding = Finding::fail("system-tunnel-dead", "The system's tunnel is up, but no data comes back")
        .observed(format!("_apps.internal TXT at {own}, from the machine's own socket: {}.", asked.outcome))
        .cause("Its handshake failed or has expired: the interface remains after the peer was removed, or after sleep.")
        .cause("Another client uses the same key and gets the replies.")
        .affects("Every program except sixpane.")
        .remedy(format!("wg-quick down {0}, then wg-quick up {0}", quoted(&facts.conf.name)))
        .remedy("check the time of its last handshake: sudo wg show")
        .shown(asked.lines.clone());
    Some(ours(facts, finding))
}

fn resolver(facts: &Facts) -> Option<Finding> {
    let system = facts.system.as_ref()?;
    let own = facts.conf.own_dns();
    let list = resolvers(system);
    match &system.by_resolver {
        Some(asked) if asked.outcome == Outcome::NOERROR && !asked.entries.is_empty() => Some(
            Finding::pass("The system's resolver resolves .internal")
                .took(asked.rtt)
                .observed(list)
                .shown(asked.lines.clone()),
        ),
        asked => {
            let word = asked.as_ref().map_or("there is none".into(), |asked| asked.outcome.to_string());
            let finding = Finding::fail("system-dns", "The system's resolver does not resolve .internal")
                .observed(format!("{list} _apps.internal TXT: {word}."))
                .cause(format!(
                    "The conf's DNS line was not applied: the system uses another resolver than {own}."
                ))
                .affects("Names of the network do not resolve in programs that use the system's resolver. Addresses work.")
                .remedy("sudo apt install openresolv (or resolvconf), then wg-quick down and up")
                .remedy(format!(
                    "resolvectl dns INTERFACE {own}; resolvectl domain INTERFACE ~internal ~flycast"
                ))
                .remedy(format!("query the right server: dig @{own} NAME.internal AAAA"))
                .shown(asked.iter().flat_map(|asked| asked.lines.clone()));
            Some(ours(facts, finding))
        }
    }
}

fn resolvers(system: &System) -> String {
    let list: Vec<String> = system.resolvers.iter().map(ToString::to_string).collect();
    match list.len() {
        0 => "The system has no name server.".into(),
        _ => format!("The system uses {}.", list.join(", ")),
    }
}
