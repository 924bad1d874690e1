//! The network's name server.

use std::time::Duration;

use super::link::anything_came;
use super::{Check, USUAL_LOSS, always};
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{DnsEnd, DnsPath, Facts};
use crate::doctor::{Finding, Group};
use crate::text::ms;

pub const CHECKS: &[Check] = &[
    Check {
        id: "name-server",
        group: Group::Dns,
        needs: &["handshake", "traffic", "dns-line"],
        title,
        applies: always,
        judge: server,
    },
    Check {
        id: "name-server-transports",
        group: Group::Dns,
        needs: &["handshake", "traffic", "name-server"],
        title: |_| "The name server responds by UDP and by TCP".into(),
        // Without a response to the first query, the check above reports it.
        applies: |facts| {
            let tested = facts.dns_udp.is_some() || facts.dns_tcp.is_some();
            tested && facts.apps.as_ref().is_some_and(|asked| asked.rtt.is_some())
        },
        judge: transports,
    },
];

fn title(facts: &Facts) -> String {
    if facts.conf.broken.is_some() {
        return "The name server responds".into();
    }
    format!("{} responds", facts.conf.dns)
}

/// Most programs query by UDP alone, and fall back to TCP for long lists.
fn transports(facts: &Facts) -> Option<Finding> {
    const SLOW: Duration = Duration::from_secs(1);
    let (udp, tcp) = (facts.dns_udp.as_ref()?, facts.dns_tcp.as_ref()?);
    let reply = |path: &DnsPath| match path.end {
        DnsEnd::Reply { after, .. } => Some(after),
        _ => None,
    };
    let usual = facts.round_trips.map_or(Duration::ZERO, |trips| trips.median);
    let title = "The name server responds by UDP and by TCP";
    let dns = facts.conf.dns;
    if facts.gateway.is_some_and(|pings| pings.answered > 0 && pings.lose_more_than(USUAL_LOSS)) {
        return Some(Finding::skip(title, "Too many packets are lost to decide."));
    }
    Some(match (reply(udp), reply(tcp)) {
        (Some(after), Some(_)) if after > SLOW + 2 * usual => {
            Finding::warn("dns-slow", "The name server is slow")
                .observed(format!("{dns} responded by UDP after {} ms.", ms(after)))
                .cause("The name server is overloaded.")
                .cause("UDP to port 53 is delayed on the path.")
                .affects("Programs may take it for down.")
                .remedy("wait a while and check the platform's status page")
        }
        (Some(_), Some(_)) => Finding::pass(title).took(reply(udp)),
        (None, Some(_)) => match udp.elsewhere {
            Some(other) => {
                Finding::fail("dns-other-address", "The name server responds from another address")
                    .observed(format!("The response to a query to {dns} came from {}.", other.ip()))
                    .cause("The name server, or a device on the path, uses the wrong source address.")
                    .affects("Programs that query by UDP, as most do, get no response.")
                    .remedy("report it to the operator of the network")
            }
            None => Finding::fail("dns-udp-dead", "The name server responds by TCP, not by UDP")
                .observed(match udp.end {
                    DnsEnd::Unreachable(by) => format!("{by} sent an ICMPv6 error about a query by UDP."),
                    _ => format!(
                        "{} queries by UDP to {dns} without a response in {} ms.",
                        udp.sent,
                        ms(udp.waited)
                    ),
                })
                .cause("UDP to port 53 is blocked inside the tunnel or at the gateway.")
                .cause("The name server accepts only TCP.")
                .affects("Programs that query by UDP, as most do, get no response. sixpane uses TCP then.")
                .remedy(format!("dig +tcp _apps.internal TXT @{dns}")),
        },
        (Some(_), None) => Finding::warn("dns-tcp-dead", "The name server responds by UDP, not by TCP")
            .observed(format!("No response by TCP from {dns} in {} ms.", ms(tcp.waited)))
            .cause("TCP to port 53 is blocked inside the tunnel or at the gateway.")
            .cause("The name server accepts only UDP.")
            .affects("Lists that are too long for a datagram cannot be read.")
            .remedy(format!("dig +tcp _apps.internal TXT @{dns}")),
        (None, None) => Finding::skip(title, "No response by either."),
    })
}

/// The lookup, if it ended with NOERROR.
pub fn noerror(asked: Option<&Lookup>) -> Option<&Lookup> {
    asked.filter(|asked| asked.outcome == Outcome::NOERROR)
}

fn server(facts: &Facts) -> Option<Finding> {
    let dns = facts.conf.dns;
    let own = facts.conf.own_dns();
    let asked = facts.apps.as_ref()?;
    let affects = "No name of the network resolves; addresses work.";
    let lines = asked.lines.iter().chain(facts.apps_at_own.iter().flat_map(|own| &own.lines)).cloned();
    if asked.outcome == Outcome::NOERROR {
        return Some(Finding::pass(title(facts)).took(asked.rtt).shown(lines));
    }
    // Other traffic decides between a silent server and a silent network.
    anything_came(facts)?;
    if dns != own && facts.apps_at_own.is_none() && !facts.done {
        return None;
    }
    // The queries of the two transports come in last; a response to one of them is not silence.
    if asked.rtt.is_none() && (facts.dns_udp.is_none() || facts.dns_tcp.is_none()) && !facts.done {
        return None;
    }
    let replied = |path: &Option<DnsPath>| {
        path.as_ref().is_some_and(|path| matches!(path.end, DnsEnd::Reply { .. }) || path.elsewhere.is_some())
    };
    if asked.rtt.is_none() && (replied(&facts.dns_udp) || replied(&facts.dns_tcp)) {
        let finding = transports(facts).filter(|finding| !finding.fault.is_empty());
        return Some(finding.unwrap_or_else(|| {
            Finding::warn("dns-unsteady", "The name server responds to some queries only")
                .observed(format!(
                    "_apps.internal TXT at {dns}: {}; a later query got a response.",
                    asked.outcome
                ))
                .cause("Packets are lost on the path.")
                .cause("The name server is overloaded.")
                .affects("Some names do not resolve at the first try.")
                .remedy(format!("sixpane ping {dns}"))
                .shown(lines)
        }));
    }
    let finding = if facts.apps_at_own.as_ref().is_some_and(|asked| asked.outcome == Outcome::NOERROR) {
        Finding::fail("dns-wrong-address", "The conf has the wrong name server")
            .observed(format!("{dns}: {}. {own}: NOERROR.", asked.outcome))
            .cause("The DNS line does not belong to this network: its own server is <prefix>::3.")
            .remedy(format!("DNS = {own}"))
    } else if asked.outcome.is_refusal() {
        Finding::fail("dns-refuses", format!("The name server responds with {}", asked.outcome))
            .observed(format!("_apps.internal TXT at {dns}: {}.", asked.outcome))
            .cause("The server does not serve this peer.")
            .cause("The server has an internal error.")
            .remedy(format!("sixpane dig _apps @{own}"))
            .remedy("wait a while and check the platform's status page")
    } else if asked.outcome == Outcome::NXDOMAIN {
        Finding::fail("dns-not-ours", "The name server does not know the network's names")
            .observed(format!("_apps.internal TXT at {dns}: NXDOMAIN."))
            .cause("It is another resolver, not the network's own, which is <prefix>::3.")
            .likely()
            .remedy(format!("DNS = {own}"))
    } else if asked.outcome == Outcome::Incomplete {
        Finding::fail("dns-incomplete", "The list of apps cannot be read in full")
            .observed(format!(
                "_apps.internal TXT at {dns}: the response is truncated by TCP too, or has invalid records."
            ))
            .cause("The list is too long for one DNS message.")
            .cause("The name server sends invalid records.")
            .remedy(format!("sixpane dig _apps TXT @{dns}"))
    } else if asked.outcome == Outcome::PortClosed {
        Finding::fail("dns-silent", "Nothing listens on the name server's port")
            .observed(format!("{dns} reports that port 53 is closed."))
            .cause("The gateway's name server is down.")
            .cause("The DNS line of the conf has a machine that is not a name server.")
            .likely()
            .remedy("wait a while and check the platform's status page")
            .remedy(format!("DNS = {own}"))
    } else if dns == own {
        Finding::fail("dns-silent", "The name server does not respond")
            .observed(format!("_apps.internal TXT at {dns}: {}; other data comes back.", asked.outcome))
            .cause("The gateway's name server is down.")
            .cause("A network on the path blocks port 53.")
            .likely()
            .remedy("wait a while and check the platform's status page")
            .remedy(format!("sixpane dig _apps @{own} +tcp"))
    } else {
        Finding::fail("dns-silent", "The name server does not respond")
            .observed(format!(
                "_apps.internal TXT at {dns}: {}; at {own}: {}.",
                asked.outcome,
                facts.apps_at_own.as_ref().map_or("not queried".into(), |asked| asked.outcome.to_string())
            ))
            .cause("The DNS line of the conf is wrong.")
            .cause("The gateway's name server is down.")
            .remedy(format!("DNS = {own}"))
            .remedy(format!("sixpane dig _apps @{own}"))
    };
    Some(finding.affects(affects).shown(lines))
}
