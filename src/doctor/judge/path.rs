//! Packets to the gateway and to machines.

use super::dns::noerror;
use super::{Check, USUAL_LOSS, always};
use crate::doctor::facts::{Again, Facts, Pings, Reach};
use crate::doctor::{Finding, Group};
use crate::text::{count, ms, quoted};

/// Fault: some of several machines do not reply.
pub const SOME_SILENT: &str = "some-machines-silent";

pub const CHECKS: &[Check] = &[
    Check {
        id: "gateway",
        group: Group::Path,
        needs: &["handshake", "traffic"],
        title: |_| "The gateway replies to ping".into(),
        applies: always,
        judge: gateway,
    },
    Check {
        id: "mtu",
        group: Group::Path,
        needs: &["handshake", "traffic"],
        title: large_title,
        applies: always,
        judge: large,
    },
    Check {
        id: "machines",
        group: Group::Path,
        needs: &["name-server"],
        title: |_| "The machines reply to ping".into(),
        applies: always,
        judge: machines,
    },
];

fn shown(to: impl std::fmt::Display, pings: Pings) -> String {
    let best = pings.best.map(|best| format!(", best {} ms", crate::text::ms(best))).unwrap_or_default();
    format!("ping {to}: {} of {} replies{best}", pings.answered, pings.sent)
}

fn gateway(facts: &Facts) -> Option<Finding> {
    const TITLE: &str = "The gateway replies to ping";
    let pings = facts.gateway?;
    let Pings { sent, answered, best } = pings;
    let to = facts.conf.own_dns();
    let finding = if answered == 0 {
        Finding::warn("gateway-silent", "The gateway does not reply to ping")
            .observed(format!("0 of {sent} replies from {to}; other data comes back."))
            .cause("The name server's address does not reply to ping.")
            .affects("Only this check and that of the MTU.")
            .remedy(format!("sixpane ping {to}"))
    } else if pings.lose_more_than(USUAL_LOSS) {
        let lost = 100.0 * f64::from(sent - answered) / f64::from(sent);
        let title = format!("Packets are lost on the path ({lost:.0} % of {sent} pings)");
        // With most packets lost nothing is usable.
        let fault = if pings.lose_more_than(0.5) { Finding::fail } else { Finding::warn };
        fault("packets-lost", title)
            .observed(format!("{answered} of {sent} pings to the gateway got a reply."))
            .cause("This machine's network is busy or weak, for example Wi-Fi or a phone.")
            .cause("The path to the gateway is busy or lossy.")
            .affects("Everything is slower.")
            .remedy("sixpane ping gateway")
    } else {
        let jitter = facts
            .round_trips
            .map(|trips| format!(", {} ms, jitter {} ms", ms(trips.median), ms(trips.jitter)));
        Finding::pass(format!("{TITLE} ({answered} of {sent}{})", jitter.unwrap_or_default()))
    };
    Some(finding.took(best).shown([shown(to, pings)]))
}

fn large_title(facts: &Facts) -> String {
    match facts.conf.mtu {
        0 => "A full-size packet comes back".into(),
        mtu => format!("A full-size packet comes back (MTU {mtu})"),
    }
}

fn large(facts: &Facts) -> Option<Finding> {
    let title = large_title(facts);
    let (small, large) = (facts.gateway?, facts.large?);
    let lines =
        [shown("with 56 bytes", small), shown(format!("with {} bytes in all", facts.conf.mtu), large)];
    let finding = if small.answered == 0 {
        Finding::skip(title, "Needs a gateway that replies to ping.")
    } else if large.answered > 0 {
        Finding::pass(title).took(large.best)
    } else if small.lose_more_than(USUAL_LOSS) {
        // These may have been lost by chance.
        Finding::skip(title, "Too many packets are lost to decide.")
    } else {
        Finding::fail("mtu-black-hole", "Large packets are lost on the path")
            .observed(format!(
                "{} of {} small pings got a reply, none of {} with {} bytes.",
                small.answered, small.sent, large.sent, facts.conf.mtu
            ))
            .cause("The path MTU is smaller than the conf's MTU, and no ICMPv6 error reports it.")
            .likely()
            .affects("Small responses work; transfers and large responses hang.")
            .remedy("MTU = 1280 in the [Interface] section of the conf")
    };
    Some(finding.shown(lines))
}

fn machines(facts: &Facts) -> Option<Finding> {
    const TITLE: &str = "The machines reply to ping";
    noerror(facts.apps.as_ref())?;
    let machines = facts.machines.as_ref()?;
    let all = machines.len();
    if all == 0 {
        return Some(Finding::skip(TITLE, "No address is known."));
    }
    let best = machines.iter().filter_map(|reach| reach.pings.best).min();
    let lines = machines
        .iter()
        .take(16)
        .map(|reach| format!("{}/{} {}", reach.app, reach.id, shown(reach.address, reach.pings)));
    // A machine that has stopped since the walk is not a failure.
    let gone = machines.iter().filter(|reach| reach.again == Some(Again::Gone)).count();
    let silent: Vec<&Reach> = machines
        .iter()
        .filter(|reach| reach.pings.answered == 0 && reach.again != Some(Again::Gone))
        .collect();
    let Some(first) = silent.first() else {
        let rest = facts.machine_count.saturating_sub(all);
        let of = if rest > 0 { format!(" ({rest} more were not pinged)") } else { String::new() };
        let stopped = if gone > 0 { format!("; {gone} stopped meanwhile") } else { String::new() };
        let title = format!("{} replied to ping{of}{stopped}", count(all - gone, "machine"));
        return Some(Finding::pass(title).took(best).shown(lines));
    };
    if silent.len() < all && facts.gateway.is_some_and(|pings| pings.lose_more_than(USUAL_LOSS)) {
        let observed = format!(
            "{} of {all} did not reply, but the link loses too many packets to decide.",
            silent.len()
        );
        return Some(Finding::skip(TITLE, observed).shown(lines));
    }
    let stale = machines.iter().find_map(|reach| match reach.again {
        Some(Again::At(address, pings)) if pings.answered > 0 => Some((reach, address)),
        _ => None,
    });
    if let Some((reach, now)) = stale {
        return Some(
            Finding::fail(
                "stale-address",
                format!("{} has moved, and a record still has its old address", reach.id),
            )
            .observed(format!(
                "_instances.internal has {}, which does not reply; {}.vm.{}.internal has {now}, which replies.",
                reach.address, reach.id, reach.app
            ))
            .cause("The machine was moved to another host: its address changed, and not all records are updated yet.")
            .affects("Connections to the old address fail.")
            .remedy(format!(
                "use the name, not the address: {}",
                quoted(&format!("{}.vm.{}.internal", reach.id, reach.app))
            ))
            .remedy("run again in ten seconds: the TTL is five")
            .shown(lines),
        );
    }
    let names: Vec<String> =
        silent.iter().take(4).map(|reach| format!("{}/{}", reach.app, reach.id)).collect();
    let more = if silent.len() > names.len() { " …" } else { "" };
    let name = quoted(&format!("{}.vm.{}.internal", first.id, first.app));
    let (fault, title) = if silent.len() == all {
        let title = match all {
            1 => format!("The machine {} does not reply to ping", first.id),
            _ => format!("None of {} replies to ping", count(all, "machine")),
        };
        ("machines-silent", title)
    } else {
        let verb = if silent.len() == 1 { "does" } else { "do" };
        (SOME_SILENT, format!("{} of {} {verb} not reply to ping", silent.len(), count(all, "machine")))
    };
    Some(
        Finding::fail(fault, title)
            .took(best)
            .observed(format!("{}{more}; the link itself works.", names.join(" ")))
            .cause("The machine hangs or has just stopped.")
            .cause("It runs but does not reply to ping: check a port.")
            .affects("Requests to it fail.")
            .remedy(format!("fly machine status {}", quoted(first.id.as_str())))
            .remedy(format!("sixpane ping {name}"))
            .remedy(format!("sixpane ports {name}"))
            .shown(lines),
    )
}
