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
        title: |_| "The conf is readable only by its owner".into(),
        applies: always,
        judge: private,
    },
    Check {
        id: "dns-line",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "The DNS line belongs to this network".into(),
        applies: always,
        judge: dns_line,
    },
    Check {
        id: "allowed-ips",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "AllowedIPs contain the network and its name server".into(),
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
        title: |_| "No other conf here is for the same network".into(),
        applies: |facts| !facts.around.siblings.is_empty(),
        judge: siblings,
    },
    Check {
        id: "clock",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "The clock was not set back".into(),
        applies: always,
        judge: clock,
    },
    Check {
        id: "conf-free",
        group: Group::Conf,
        needs: &["conf"],
        title: |_| "No other program here uses the conf's key".into(),
        applies: always,
        judge: free,
    },
];

fn conf_title(facts: &Facts) -> String {
    format!("{} is valid", facts.conf.name)
}

fn conf(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    if let Some(broken) = &conf.broken {
        let mut finding = Finding::fail("conf-broken", format!("The conf is invalid: {}", broken.why))
            .observed(format!("{}: {}.", broken.at, broken.why))
            .cause("The file was edited or truncated, or was not written by `fly wireguard create`.")
            .affects("Everything: without a conf there is no tunnel.");
        if let Some(hint) = &broken.hint {
            finding = finding.remedy(hint.clone());
        }
        return Some(finding.remedy("create a new conf: fly wireguard create [org] [region] [name]"));
    }
    let derived = if conf.dns_derived { " (derived)" } else { "" };
    Some(Finding::pass(conf_title(facts)).observed(format!(
        "Address {} in {}, endpoint {}, DNS {}{derived}.",
        conf.address, conf.network, conf.endpoint, conf.dns
    )))
}

fn private(facts: &Facts) -> Option<Finding> {
    if !facts.conf.world_readable {
        return Some(Finding::pass("The conf is readable only by its owner"));
    }
    Some(
        Finding::warn("conf-world-readable", "The conf's private key is readable by other users")
            .observed("The file's mode allows all users to read it.")
            .cause("It was created or copied with default permissions.")
            .affects("Any user who reads it can connect as you.")
            .remedy(format!("chmod 600 {}", quoted(&format!("{}.conf", facts.conf.name)))),
    )
}

/// A common mistake (flyctl issue 469): `.internal` is sent to a resolver outside the network.
fn dns_line(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    let own = conf.own_dns();
    let title = "The DNS line belongs to this network";
    if conf.dns_foreign && conf.dns_derived {
        return Some(
            Finding::warn("dns-line-foreign", "The conf's DNS line has a server of another network")
                .observed(format!("It is an IPv4 address; sixpane uses {own} instead."))
                .cause("The line was edited, for example as for a VPN to the internet.")
                .affects("wg-quick and other programs send queries for .internal to that server, which has no such names. sixpane is not affected.")
                .remedy(format!("DNS = {own}")),
        );
    }
    if conf.network.contains(&conf.dns) {
        let finding = Finding::pass(title);
        return Some(if conf.dns_derived {
            finding.observed("The conf has none; the address is derived.")
        } else {
            finding
        });
    }
    Some(
        Finding::fail("dns-line-foreign", "The conf's DNS line has a server of another network")
            .observed(format!("DNS {}, network {}.", conf.dns, conf.network))
            .cause(
                "The line was edited, or comes from another conf: the network's own server is <prefix>::3.",
            )
            .affects("No name of the network resolves; addresses work.")
            .remedy(format!("DNS = {own}")),
    )
}

fn allowed(facts: &Facts) -> Option<Finding> {
    let conf = &facts.conf;
    let dns_inside = conf.dns_allowed || !conf.network.contains(&conf.dns);
    if dns_inside && conf.network_allowed {
        return Some(Finding::pass("AllowedIPs contain the network and its name server"));
    }
    let (fault, what) = if conf.network_allowed {
        ("dns-not-allowed", "the name server")
    } else {
        ("address-not-allowed", "the conf's own address")
    };
    Some(
        Finding::fail(fault, format!("AllowedIPs do not contain {what}"))
            .observed(format!("Address {}, network {}, DNS {}.", conf.address, conf.network, conf.dns))
            .cause("The AllowedIPs line was edited, or belongs to another network.")
            .affects("Packets to addresses outside of AllowedIPs do not enter the tunnel.")
            .remedy(format!("AllowedIPs = {}", conf.network))
            .remedy("create a new conf: fly wireguard create"),
    )
}

fn name(facts: &Facts) -> Option<Finding> {
    Some(
        Finding::warn("conf-name-too-long", "The conf's name is too long for wg-quick on Linux")
            .observed(format!("{} has more than 15 characters.", facts.conf.name))
            .cause("On Linux the name of an interface has at most 15 characters.")
            .affects("wg-quick cannot load it. sixpane can.")
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
                .observed(format!("Also for {}: {names}.", facts.conf.network))
                .cause("One is a copy of the other.")
                .affects("Only one of them can be attached at a time: the gateway keeps one session per key.")
                .remedy("delete the copy, or create a second peer: fly wireguard create"),
        );
    }
    Some(
        Finding::warn("two-confs-one-org", "Another conf here is for the same network")
            .observed(format!("Also for {}: {names}.", facts.conf.network))
            .cause("Two peers were created for one org.")
            .affects(
                "Nothing in sixpane. If the system loads both, their routes conflict, and only one is used.",
            )
            .remedy(
                "list the peers of the org with fly wireguard list, remove one with fly wireguard remove",
            ),
    )
}

fn clock(facts: &Facts) -> Option<Finding> {
    let Some(behind) = facts.around.clock_behind else {
        return Some(Finding::pass("The clock was not set back"));
    };
    let title = format!("This machine's clock was set back by {}", ago(behind));
    let finding = match facts.link {
        Some(Link::Silent(..)) => Finding::fail("clock-back", title),
        _ => Finding::warn("clock-back", title),
    };
    Some(
        finding
            .observed("The conf was last used at a later time than now.")
            .cause("A gateway ignores handshakes that are older than the last one (WireGuard's replay protection).")
            .likely()
            .affects("No handshake succeeds until the clock has caught up.")
            .remedy("set the clock: timedatectl set-ntp true"),
    )
}

fn free(facts: &Facts) -> Option<Finding> {
    const TWO: &str = "A gateway keeps one session per key: two clients take each other's replies.";
    let around = &facts.around;
    if let Some(pid) = around.in_use {
        let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
        return Some(
            Finding::fail("conf-in-use", format!("Another sixpane{who} uses this conf"))
                .observed("It has locked the conf's key.")
                .cause(TWO)
                .affects("No packet was sent, so as not to disturb it.")
                .remedy("close the other sixpane, or use its Doctor view (4)")
                .remedy("create a second peer: fly wireguard create")
                .remedy("attach anyway: --force"),
        );
    }
    let Some(interface) = &around.interface else {
        return Some(Finding::pass("No other program here uses the conf's key"));
    };
    Some(
        Finding::warn("system-has-the-key", format!("The system's interface {interface} uses the same conf"))
            .observed(format!("{interface} has the conf's own address {}.", facts.conf.address))
            .cause(TWO)
            .affects("While sixpane is connected, the system's tunnel gets no replies, and vice versa.")
            .remedy(format!("wg-quick down {}", quoted(&facts.conf.name)))
            .remedy("create a second peer for sixpane: fly wireguard create"),
    )
}
