//! The network's name server.

use super::link::anything_came;
use super::{Check, always};
use crate::dns::lookup::Lookup;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::Facts;
use crate::doctor::{Finding, Group};

pub const CHECKS: &[Check] = &[Check {
    id: "name-server",
    group: Group::Dns,
    needs: &["handshake", "traffic", "dns-line"],
    title,
    applies: always,
    judge: server,
}];

fn title(facts: &Facts) -> String {
    if facts.conf.broken.is_some() {
        return "The name server responds".into();
    }
    format!("{} responds", facts.conf.dns)
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
