//! The org: whether it is the right one, contains this peer, and has consistent records.

use std::time::Duration;

use super::dns::noerror;
use super::{Check, always};
use crate::doctor::facts::{Facts, Listed};
use crate::doctor::{Finding, Group};
use crate::text::{Safe, ago, count};

/// Twice the TTL of the platform's records (reference document, "Test the VPN tunnel"): a contradiction that lasts longer
/// is not caused by propagation.
pub const LASTING: Duration = Duration::from_secs(10);

pub const CHECKS: &[Check] = &[
    Check {
        id: "apps",
        group: Group::Org,
        needs: &["name-server"],
        title: |_| "_apps.internal lists the apps".into(),
        applies: always,
        judge: apps,
    },
    Check {
        id: "org",
        group: Group::Org,
        needs: &["name-server"],
        title: |_| "Identity of the org".into(),
        applies: always,
        judge: org,
    },
    Check {
        id: "peer-listed",
        group: Group::Org,
        needs: &["name-server"],
        title: |_| "This peer is listed in _peer.internal".into(),
        applies: always,
        judge: listed,
    },
    Check {
        id: "records",
        group: Group::Org,
        needs: &["name-server"],
        title: |_| "The records are consistent".into(),
        applies: always,
        judge: agree,
    },
];

fn some(names: &[Safe]) -> String {
    let first: Vec<&str> = names.iter().take(12).map(Safe::as_str).collect();
    let more = if names.len() > first.len() { " …" } else { "" };
    format!("{}{more}", first.join(" "))
}

fn apps(facts: &Facts) -> Option<Finding> {
    let asked = noerror(facts.apps.as_ref())?;
    if asked.entries.is_empty() {
        return Some(
            Finding::warn("no-apps", "The network has no apps")
                .took(asked.rtt)
                .observed("_apps.internal is empty.")
                .cause("No app runs in this org.")
                .cause("The conf belongs to another org than expected.")
                .affects("There is nothing to reach.")
                .remedy("fly apps list --org ORG")
                .remedy("start sixpane with the conf of another org")
                .shown(asked.lines.clone()),
        );
    }
    Some(
        Finding::pass(format!("_apps.internal lists {}", count(asked.entries.len(), "app")))
            .took(asked.rtt)
            .observed(some(&asked.entries))
            .cause("An app that is missing here belongs to another org, or was never created.")
            .shown(asked.lines.clone()),
    )
}

/// Observations that distinguish orgs.
fn org(facts: &Facts) -> Option<Finding> {
    let asked = noerror(facts.apps.as_ref())?;
    let us = match &facts.listed {
        Some(Listed::As(name) | Listed::NameOnly(name)) => name.to_string(),
        Some(Listed::Another(..) | Listed::No) => "no name".into(),
        None => "–".into(),
    };
    let conf = &facts.conf;
    Some(Finding::pass(format!("This is the org of {}, by {}", conf.network, conf.name)).observed(format!(
        "Gateway {}. This peer: {us}. Apps: {}.",
        conf.endpoint,
        if asked.entries.is_empty() { "none".into() } else { some(&asked.entries) }
    )))
}

fn listed(facts: &Facts) -> Option<Finding> {
    let asked = noerror(facts.peers.as_ref())?;
    let address = facts.conf.address;
    let (names, conf) = (count(asked.entries.len(), "name"), &facts.conf.name);
    let interactive = "A peer created without a name is called interactive-…, and such peers are not in DNS.";
    let fault = "The platform sometimes omits a named peer: fly wireguard list shows the peer's name.";
    let finding = match facts.listed.as_ref()? {
        Listed::As(name) => {
            return Some(
                Finding::pass(format!("This peer is listed as {name}")).took(asked.rtt).shown(asked.lines.clone()),
            );
        }
        Listed::NameOnly(name) => {
            Finding::warn("peer-missing", format!("This peer is not listed, though {name}._peer.internal has its address"))
                .observed(format!("_peer.internal has {names}, and none is {name}."))
                .cause("The platform sometimes omits a named peer: the name itself works.")
                .affects("Programs that read the list do not find this machine. Everything else works.")
                .remedy("report it to the platform, or try a new peer: fly wireguard create [org] [region] [name]")
        }
        Listed::Another(name, other) => Finding::warn("peer-another", format!("The name {name} belongs to another peer"))
            .observed(format!("{name}._peer.internal is {other}; the conf's address is {address}, which no peer in the list has."))
            .cause("The conf is older than the peer, which was created again under the same name.")
            .cause(format!("The file is named {conf} by coincidence; its peer has another name or none."))
            .affects("Connections to this machine by that name reach another one.")
            .remedy("fly wireguard list"),
        Listed::No => {
            let finding = Finding::warn("peer-unlisted", "This peer is not listed")
                .observed(format!("_peer.internal has {names}, and none has our address {address}."));
            let finding = if conf.starts_with("interactive-") {
                finding.cause(interactive).cause(fault).likely()
            } else {
                finding.cause(interactive).cause(fault)
            };
            finding
                .affects("Others cannot reach this machine by name. Everything else works.")
                .remedy("check whether the peer has a name: fly wireguard list")
                .remedy("fly wireguard create [org] [region] [name]")
        }
    };
    Some(finding.took(asked.rtt).shown(asked.lines.clone()))
}

fn agree(facts: &Facts) -> Option<Finding> {
    const TITLE: &str = "The records are consistent";
    let conflicts = facts.conflicts.as_ref()?;
    let Some(first) = conflicts.iter().max_by_key(|conflict| conflict.lasting) else {
        return Some(Finding::pass(TITLE));
    };
    let texts = conflicts.iter().map(|conflict| conflict.text.clone());
    let observed = texts.clone().take(3).collect::<Vec<_>>().join("; ");
    let finding = match first.lasting.filter(|lasting| *lasting >= LASTING) {
        Some(lasting) => Finding::warn("records-disagree", format!("Records have contradicted each other for {}", ago(lasting)))
            .observed(format!("{observed}. That is longer than two TTLs."))
            .cause("The platform's name servers are behind, or have a wrong record."),
        None => Finding::warn("records-disagree", "Records contradict each other")
            .observed(format!("{observed}. Checked once."))
            .cause("A machine has just started, stopped or moved, and not all records are updated yet.")
            .cause("The platform's name servers have a wrong record: the contradiction remains after ten seconds.")
            .likely()
            .remedy("run again in ten seconds: the TTL is five"),
    };
    Some(
        finding
            .affects("A name may resolve to a machine that is gone, or lack one.")
            .remedy("compare with the running machines: fly machine list -a NAME")
            .shown(texts),
    )
}
