//! The conf and its surroundings on this machine.
#![expect(clippy::unnecessary_wraps, reason = "all checks have one shape; these facts are always there")]

use super::{Check, always};
use crate::doctor::facts::{Facts, Link};
use crate::doctor::{Finding, Group};
use crate::text::{ago, quoted};

pub const CHECKS: &[Check] = &[
    Check { id: "conf", group: Group::Conf, needs: &[], title: conf_title, applies: always, judge: conf },
    Check {
        id: "conf-private",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "Only its owner can read the conf".into(),
        applies: always,
        judge: private,
    },
    Check {
        id: "dns-line",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "The DNS line is of this network".into(),
        applies: always,
        judge: dns_line,
    },
    Check {
        id: "allowed-ips",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "AllowedIPs hold the network and its name server".into(),
        applies: always,
        judge: allowed,
    },
    // Only if there is something to report: it concerns other programs.
    Check {
        id: "conf-name",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "The conf's name is short enough for Linux".into(),
        applies: |facts| facts.conf.name_too_long,
        judge: name,
    },
    Check {
        id: "one-conf",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "No other conf here leads to the same network".into(),
        applies: |facts| !facts.around.siblings.is_empty(),
        judge: siblings,
    },
    Check {
        id: "clock",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "The clock has not gone back".into(),
        applies: always,
        judge: clock,
    },
    Check {
        id: "conf-free",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "Nobody else here uses the conf's key".into(),
        applies: always,
        judge: free,
    },
];

fn conf_title(facts: &Facts) -> String {
    format!("{} can be used", facts.conf.name)
}

fn conf(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    if let Some(broken) = &conf.broken {
        let mut finding = Finding::fail("conf-broken", format!("The conf cannot be used: {}", broken.why))
            .saw(format!("{}: {}.", broken.at, broken.why))
            .why("The file was edited or cut, or is not what `fly wireguard create` wrote.")
            .hurts("Everything: there is nothing to attach with.");
        if let Some(hint) = &broken.hint {
            finding = finding.remedy(hint.clone());
        }
        return Some(finding.remedy("fly wireguard create [org] [region] [name] makes a fresh conf"));
    }
    let derived = if conf.dns_derived { " (derived)" } else { "" };
    Some(Finding::pass(conf_title(facts)).saw(format!(
        "Address {} in {}, endpoint {}, DNS {}{derived}.",
        conf.address, conf.network, conf.endpoint, conf.dns
    )))
}

fn private(facts: &Facts) -> Option<Finding> {
    if !facts.conf.world_readable {
        return Some(Finding::pass("Only its owner can read the conf"));
    }
    Some(
        Finding::warn("conf-world-readable", "Others on this machine can read the conf's private key")
            .saw("The file's mode lets everybody read it.")
            .why("It was made or copied without care for its mode.")
            .hurts("Whoever reads it can attach as you.")
            .remedy(format!("chmod 600 {}", quoted(&format!("{}.conf", facts.conf.name)))),
    )
}

/// A common mistake (flyctl issue 469): `.internal` is sent to a resolver outside the network.
fn dns_line(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    let own = conf.own_dns();
    let title = "The DNS line is of this network";
    if conf.dns_foreign && conf.dns_derived {
        return Some(
            Finding::warn("dns-line-foreign", "The conf's DNS line names a server of another network")
                .saw(format!("It is an IPv4 address; {own} is asked in its place."))
                .why("The line was edited, as for a VPN that leads to the internet.")
                .hurts("wg-quick and other programs ask that server for .internal, and it knows none of it. sixpane does not.")
                .remedy(format!("DNS = {own}")),
        );
    }
    if conf.network.contains(&conf.dns) {
        let finding = Finding::pass(title);
        return Some(if conf.dns_derived { finding.saw("There is none; it was derived.") } else { finding });
    }
    Some(
        Finding::fail("dns-line-foreign", "The conf's DNS line names a server of another network")
            .saw(format!("DNS {}, network {}.", conf.dns, conf.network))
            .why("The line was edited, or is of another conf: the network's own server is <prefix>::3.")
            .hurts("No name of the network resolves; addresses work.")
            .remedy(format!("DNS = {own}")),
    )
}

fn allowed(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    let dns_inside = conf.dns_allowed || !conf.network.contains(&conf.dns);
    if dns_inside && conf.network_allowed {
        return Some(Finding::pass("AllowedIPs hold the network and its name server"));
    }
    let (fault, what) = if conf.network_allowed {
        ("dns-not-allowed", "the name server")
    } else {
        ("address-not-allowed", "the conf's own address")
    };
    Some(
        Finding::fail(fault, format!("AllowedIPs do not hold {what}"))
            .saw(format!("Address {}, network {}, DNS {}.", conf.address, conf.network, conf.dns))
            .why("The AllowedIPs line was edited, or belongs to another network.")
            .hurts("Packets to what lies outside do not enter the tunnel.")
            .remedy(format!("AllowedIPs = {}", conf.network))
            .remedy("fly wireguard create makes a fresh conf"),
    )
}

fn name(facts: &Facts) -> Option<Finding> {
    Some(
        Finding::warn("conf-name-too-long", "The conf's name is too long for wg-quick on Linux")
            .saw(format!("{} has more than 15 characters.", facts.conf.name))
            .why("Linux takes at most 15 characters for the name of an interface.")
            .hurts("wg-quick cannot load it. sixpane can.")
            .remedy("give the file a shorter name"),
    )
}

fn siblings(facts: &Facts) -> Option<Finding> {
    let all = &facts.around.siblings;
    let names: Vec<&str> = all.iter().map(|sibling| sibling.name.as_str()).collect();
    let names = names.join(", ");
    if all.iter().any(|sibling| sibling.same_key) {
        return Some(
            Finding::warn("two-confs-one-key", "Another conf here has the same key")
                .saw(format!("Of {} as well: {names}.", facts.conf.network))
                .why("One was copied from the other.")
                .hurts(
                    "Only one of them can be attached at a time: the gateway keeps one session for each key.",
                )
                .remedy("delete the copy, or make a second peer: fly wireguard create"),
        );
    }
    Some(
        Finding::warn("two-confs-one-org", "Another conf here leads to the same network")
            .saw(format!("Of {} as well: {names}.", facts.conf.network))
            .why("Two peers were made for one org.")
            .hurts("Nothing here. Loaded by the system at once, their routes are the same, and one wins.")
            .remedy("fly wireguard list shows the peers of the org; fly wireguard remove ends one"),
    )
}

fn clock(facts: &Facts) -> Option<Finding> {
    let Some(behind) = facts.around.clock_behind else {
        return Some(Finding::pass("The clock has not gone back"));
    };
    let title = format!("This machine's clock went back by {}", ago(behind));
    let finding = match facts.link {
        Some(Link::Silent(..)) => Finding::fail("clock-back", title),
        _ => Finding::warn("clock-back", title),
    };
    Some(
        finding
            .saw("The conf was attached at a later time than it is now.")
            .why("A gateway ignores handshakes that are older than the last one (WireGuard's replay protection).")
            .likely()
            .hurts("No handshake until the clock has caught up.")
            .remedy("set the clock: timedatectl set-ntp true"),
    )
}

fn free(facts: &Facts) -> Option<Finding> {
    const TWO: &str = "A gateway keeps one session for each key: two clients steal each other's replies.";
    let around = &facts.around;
    if let Some(pid) = around.in_use {
        let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
        return Some(
            Finding::fail("conf-in-use", format!("Another sixpane{who} is attached with this conf"))
                .saw("It holds the claim on the conf's key.")
                .why(TWO)
                .hurts("Nothing was sent from here, so as not to disturb it.")
                .remedy("end the other one, or look at its Doctor view: 4")
                .remedy("make a second peer: fly wireguard create")
                .remedy("--force attaches all the same"),
        );
    }
    let Some(interface) = &around.interface else {
        return Some(Finding::pass("Nobody else here uses the conf's key"));
    };
    Some(
        Finding::warn("system-has-the-key", format!("The system's interface {interface} uses the same conf"))
            .saw(format!("{interface} has the conf's own address {}.", facts.conf.address))
            .why(TWO)
            .hurts("While sixpane is attached, the system's tunnel gets no replies, and the other way round.")
            .remedy(format!("wg-quick down {}", quoted(&facts.conf.name)))
            .remedy("make a second peer for sixpane: fly wireguard create"),
    )
}
