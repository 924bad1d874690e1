//! Facts into findings, and findings into a verdict.

use std::time::Duration;

use super::facts::{Asked, Facts, Link, Pings, Port, Reach};
use super::{Diagnosis, Finding, Group, Status};
use crate::text::{ago, count};

/// The finding that some machines of several do not answer.
const SOME_SILENT: &str = "some-machines";

/// Judges `facts`, as far as they are there.
pub fn judge(facts: &Facts) -> Diagnosis {
    let mut findings = vec![conf(facts), conf_private(facts), allowed(facts)];
    findings.extend(conf_name(facts));
    findings.push(clock(facts));
    findings.push(handshake(facts));
    findings.extend([traffic(facts), server(facts), apps(facts), listed(facts), agree(facts)]);
    findings.extend([gateway(facts), large(facts), machines(facts)]);
    if facts.subject.app.is_some() {
        findings.extend([app(facts), flycast(facts)]);
        findings.push(port(facts));
    }
    for finding in &mut findings {
        // What will not come any more could not be tried.
        if facts.done && finding.status == Status::Waiting {
            finding.status = Status::Skip;
        }
    }
    let cause = cause(&findings);
    let verdict = verdict(facts, &findings, cause);
    Diagnosis { findings, verdict, cause, done: facts.done }
}

/// The nearest failure; where there is none, the nearest warning. That some machines are silent explains less than
/// what was asked for and fails.
fn cause(findings: &[Finding]) -> Option<usize> {
    let first = |fits: &dyn Fn(&Finding) -> bool| findings.iter().position(fits);
    first(&|finding| finding.status == Status::Fail && finding.id != SOME_SILENT)
        .or_else(|| first(&|finding| finding.status == Status::Fail))
        .or_else(|| first(&|finding| finding.status == Status::Warn))
}

fn verdict(facts: &Facts, findings: &[Finding], cause: Option<usize>) -> String {
    let up = matches!(facts.link, Some(Link::Up { .. }));
    let connected = match (&facts.link, up) {
        (None, _) => return "Looking …".into(),
        (_, true) => "Connected",
        (_, false) => "Not connected",
    };
    let Some(finding) = cause.and_then(|cause| findings.get(cause)) else {
        let rest = if facts.done { "nothing is wrong" } else { "so far nothing is wrong" };
        return format!("{connected}: {rest}.");
    };
    let sure = if finding.why.len() > 1 { " Several causes fit; see below." } else { "" };
    let word = if finding.status == Status::Warn { "works, but " } else { "" };
    format!("{connected}: {word}{}.{sure}", lower(&finding.title))
}

/// With a small first letter, unless the first word has other capitals.
fn lower(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !word.chars().skip(1).any(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn finding(id: &'static str, group: Group, status: Status, title: impl Into<String>) -> Finding {
    Finding {
        id,
        group,
        status,
        title: title.into(),
        took: None,
        saw: String::new(),
        why: Vec::new(),
        hurts: String::new(),
        remedy: Vec::new(),
    }
}

impl Finding {
    fn took(mut self, took: Option<Duration>) -> Self {
        self.took = took;
        self
    }

    fn saw(mut self, saw: impl Into<String>) -> Self {
        self.saw = saw.into();
        self
    }

    fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    fn hurts(mut self, hurts: impl Into<String>) -> Self {
        self.hurts = hurts.into();
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy.push(remedy.into());
        self
    }
}

fn conf(facts: &Facts) -> Finding {
    let conf = &facts.conf;
    finding("conf", Group::Conf, Status::Pass, format!("{} can be used", conf.name)).saw(format!(
        "Address {} in {}, endpoint {}, DNS {}{}.",
        conf.address,
        conf.network,
        conf.endpoint,
        conf.dns,
        if conf.dns_derived { " (derived)" } else { "" }
    ))
}

fn conf_private(facts: &Facts) -> Finding {
    if facts.conf.world_readable {
        finding(
            "conf-private",
            Group::Conf,
            Status::Warn,
            "Others on this machine can read the conf's private key",
        )
        .saw("The file's mode lets everybody read it.")
        .why("It was made or copied without care for its mode.")
        .hurts("Whoever reads it can attach as you.")
        .remedy(format!("chmod 600 {}.conf", facts.conf.name))
    } else {
        finding("conf-private", Group::Conf, Status::Pass, "Only its owner can read the conf")
    }
}

fn allowed(facts: &Facts) -> Finding {
    let conf = &facts.conf;
    if conf.dns_allowed && conf.network_allowed {
        return finding(
            "allowed-ips",
            Group::Conf,
            Status::Pass,
            "AllowedIPs hold the network and its name server",
        );
    }
    let what = if conf.dns_allowed { "the network" } else { "the name server" };
    finding("allowed-ips", Group::Conf, Status::Fail, format!("AllowedIPs do not hold {what}"))
        .saw(format!("Network {}, DNS {}.", conf.network, conf.dns))
        .why("The AllowedIPs line was edited, or belongs to another network.")
        .hurts("Packets to it do not enter the tunnel.")
        .remedy(format!("AllowedIPs = {}", conf.network))
        .remedy("fly wireguard create makes a fresh conf")
}

/// Only where there is something to tell: it matters to other programs, not to us.
fn conf_name(facts: &Facts) -> Option<Finding> {
    facts.conf.name_too_long.then(|| {
        finding("conf-name", Group::Conf, Status::Warn, "The conf's name is too long for wg-quick on Linux")
            .saw(format!("{} has more than 15 characters.", facts.conf.name))
            .why("Linux takes at most 15 characters for the name of an interface.")
            .hurts("wg-quick cannot load it. sixpane can.")
            .remedy("give the file a shorter name")
    })
}

fn clock(facts: &Facts) -> Finding {
    match facts.conf.clock_behind {
        None => finding("clock", Group::Conf, Status::Pass, "The clock has not gone back"),
        Some(behind) => {
            let status =
                if matches!(facts.link, Some(Link::Silent(..))) { Status::Fail } else { Status::Warn };
            finding("clock", Group::Conf, status, format!("This machine's clock went back by {}", ago(behind)))
                .saw("The conf was attached at a later time than it is now.")
                .why("A gateway ignores handshakes that are older than the last one (WireGuard's replay protection).")
                .hurts("No handshake until the clock has caught up.")
                .remedy("set the clock")
        }
    }
}

fn handshake(facts: &Facts) -> Finding {
    let endpoint = &facts.conf.endpoint;
    match &facts.link {
        None => finding("handshake", Group::Link, Status::Waiting, "WireGuard handshake"),
        Some(Link::Up { handshake }) => {
            finding("handshake", Group::Link, Status::Pass, "WireGuard handshake").took(*handshake)
        }
        Some(Link::NoName(reason)) => {
            finding("handshake", Group::Link, Status::Fail, "The endpoint's name does not resolve")
                .saw(format!("{endpoint}: {reason}."))
                .why("The name is misspelt, or this machine's own DNS does not work.")
                .hurts("Everything.")
                .remedy("check the Endpoint line of the conf")
                .remedy("check this machine's own DNS and network")
        }
        Some(Link::NoRoute(reason)) => {
            finding("handshake", Group::Link, Status::Fail, "Nothing can be sent to the endpoint")
                .saw(format!("{endpoint}: {reason}."))
                .why("This machine has no route there: it is offline, or the endpoint is IPv6 and it has none.")
                .hurts("Everything.")
                .remedy("check this machine's own network")
        }
        Some(Link::Closed) => finding("handshake", Group::Link, Status::Fail, "The endpoint's UDP port is closed")
            .saw(format!("{endpoint} answers with ICMP port unreachable."))
            .why("The port in the conf is wrong, or the gateway is down.")
            .hurts("Everything.")
            .remedy("check the port in the Endpoint line of the conf")
            .remedy("fly wireguard create makes a peer on another gateway"),
        Some(Link::Silent(initiations, time)) => {
            finding("handshake", Group::Link, Status::Fail, "The gateway does not answer the handshake")
                .took(Some(*time))
                .saw(format!("{initiations} initiations to {endpoint} in {} s, and no reply.", time.as_secs()))
                .why("The peer was removed or has expired: fly wireguard list tells.")
                .why("The conf's keys are not (or no longer) those of a peer: silence is all that a gateway says then.")
                .why("This network blocks UDP: another network tells, a phone's for instance.")
                .hurts("Everything.")
                .remedy("fly wireguard list")
                .remedy("fly wireguard create [org] [region] [name], then start with the new conf")
                .remedy("try from another network")
        }
    }
}

fn is_up(facts: &Facts) -> bool {
    matches!(facts.link, Some(Link::Up { .. }))
}

/// A check that has to wait for the link, or for good.
fn needs_link(facts: &Facts, id: &'static str, group: Group, title: &str) -> Finding {
    match facts.link {
        None => finding(id, group, Status::Waiting, title),
        _ => finding(id, group, Status::Skip, title).saw("It needs the handshake."),
    }
}

/// Whether anything at all has come through the tunnel; `None` while that is open.
fn anything_came(facts: &Facts) -> Option<bool> {
    let told = [&facts.apps, &facts.apps_at_own, &facts.instances, &facts.peers];
    let dns = told.iter().any(|asked| asked.as_ref().is_some_and(|asked| asked.rtt.is_some()));
    let pinged = facts.gateway.is_some_and(|pings| pings.answered > 0)
        || facts.machines.iter().flatten().any(|reach| reach.pings.answered > 0);
    if dns || pinged {
        return Some(true);
    }
    (facts.apps.is_some() && facts.gateway.is_some()).then_some(false)
}

fn traffic(facts: &Facts) -> Finding {
    const TITLE: &str = "Traffic comes back through the tunnel";
    if !is_up(facts) {
        return needs_link(facts, "traffic", Group::Link, TITLE);
    }
    match anything_came(facts) {
        None => finding("traffic", Group::Link, Status::Waiting, TITLE),
        Some(true) => finding("traffic", Group::Link, Status::Pass, TITLE),
        Some(false) => finding("traffic", Group::Link, Status::Fail, "The handshake works, and no data comes back")
            .saw("Neither the name server nor a ping was answered.")
            .why("The gateway does not route this peer's address: the Address line is not the one the peer was made with.")
            .why("Another client uses the same key, and gets the replies.")
            .why("The gateway's own name server is down: without a name there is nobody else to ask.")
            .why("Something on the way lets small handshakes through and nothing else.")
            .hurts("Everything.")
            .remedy("end whatever else uses this conf (wg-quick, an app, another sixpane), then run again")
            .remedy("fly wireguard create makes a fresh peer"),
    }
}

fn server(facts: &Facts) -> Finding {
    let dns = facts.conf.dns;
    let title = format!("{dns} answers");
    if !is_up(facts) {
        return needs_link(facts, "name-server", Group::Dns, &title);
    }
    let Some(asked) = &facts.apps else {
        return finding("name-server", Group::Dns, Status::Waiting, title);
    };
    if anything_came(facts) == Some(false) {
        return finding("name-server", Group::Dns, Status::Skip, title)
            .saw("It needs traffic that comes back.");
    }
    let own = facts.conf.own_dns();
    let own_tells = facts.apps_at_own.as_ref().is_some_and(|asked| asked.word == "NOERROR");
    if asked.word == "NOERROR" {
        return finding("name-server", Group::Dns, Status::Pass, title).took(asked.rtt);
    }
    if own_tells {
        return finding("name-server", Group::Dns, Status::Fail, "The conf names the wrong name server")
            .saw(format!("{dns}: {}. {own}: NOERROR.", asked.word))
            .why("The DNS line is not of this network: its own server is <prefix>::3.")
            .hurts("No name of the network resolves; addresses work.")
            .remedy(format!("DNS = {own}"));
    }
    if asked.is_refusal() {
        return finding(
            "name-server",
            Group::Dns,
            Status::Fail,
            format!("The name server answers {}", asked.word),
        )
        .saw(format!("_apps.internal TXT at {dns}: {}.", asked.word))
        .why("The server does not serve this peer, or has trouble of its own.")
        .hurts("No name of the network resolves; addresses work.")
        .remedy(format!("sixpane dig _apps @{own}"))
        .remedy("try again in a while; the platform's status page tells of trouble");
    }
    if asked.word == "NXDOMAIN" {
        return finding(
            "name-server",
            Group::Dns,
            Status::Fail,
            "The name server does not know the network's names",
        )
        .saw(format!("_apps.internal TXT at {dns}: NXDOMAIN."))
        .why("It is some resolver, not the network's own, which is <prefix>::3.")
        .hurts("No name of the network resolves; addresses work.")
        .remedy(format!("DNS = {own}"));
    }
    finding("name-server", Group::Dns, Status::Fail, "The name server does not answer")
        .saw(format!("_apps.internal TXT at {dns}: {}; other traffic comes through.", asked.word))
        .why("The server is down, or the DNS line of the conf is wrong.")
        .hurts("No name of the network resolves; addresses work.")
        .remedy(format!("sixpane dig _apps @{own}"))
}

/// Needs an answer from the name server.
fn needs_dns(facts: &Facts, id: &'static str, group: Group, title: &str) -> Finding {
    match (&facts.link, &facts.apps) {
        (None, _) | (Some(Link::Up { .. }), None) => finding(id, group, Status::Waiting, title),
        _ => finding(id, group, Status::Skip, title).saw("It needs the name server."),
    }
}

fn told(asked: Option<&Asked>) -> Option<&Asked> {
    asked.filter(|asked| asked.word == "NOERROR")
}

fn apps(facts: &Facts) -> Finding {
    let Some(asked) = told(facts.apps.as_ref()) else {
        return needs_dns(facts, "apps", Group::Org, "_apps.internal lists the apps");
    };
    if asked.entries.is_empty() {
        return finding("apps", Group::Org, Status::Warn, "The network has no apps")
            .took(asked.rtt)
            .saw("_apps.internal is empty.")
            .why("No app runs in this org.")
            .why("The conf belongs to another org than you think.")
            .hurts("There is nothing to reach.")
            .remedy("fly apps list --org ORG")
            .remedy("sixpane with the conf of another org");
    }
    let names: Vec<&str> = asked.entries.iter().take(12).map(crate::text::Safe::as_str).collect();
    let more = if asked.entries.len() > names.len() { " …" } else { "" };
    finding(
        "apps",
        Group::Org,
        Status::Pass,
        format!("_apps.internal lists {}", count(asked.entries.len(), "app")),
    )
    .took(asked.rtt)
    .saw(format!("{}{more}", names.join(" ")))
    .why("An app missing here is in another org, or has never been made.")
}

fn listed(facts: &Facts) -> Finding {
    const TITLE: &str = "This peer is listed in _peer.internal";
    let Some(asked) = told(facts.peers.as_ref()) else {
        return needs_dns(facts, "peer-listed", Group::Org, TITLE);
    };
    match facts.listed {
        None => finding("peer-listed", Group::Org, Status::Waiting, TITLE),
        Some(true) => finding("peer-listed", Group::Org, Status::Pass, TITLE).took(asked.rtt),
        Some(false) => finding("peer-listed", Group::Org, Status::Warn, "This peer is not listed")
            .took(asked.rtt)
            .saw(format!(
                "_peer.internal has {}, and none has our address {}.",
                count(asked.entries.len(), "name"),
                facts.conf.address
            ))
            .why("A peer made without a name gets one that begins with interactive-, and those are left out of DNS.")
            .why("The platform has not listed a named peer, which happens.")
            .hurts("Others cannot reach this machine by name. All else works.")
            .remedy("fly wireguard create [org] [region] [name]"),
    }
}

fn agree(facts: &Facts) -> Finding {
    const TITLE: &str = "The records agree with each other";
    match &facts.conflicts {
        None if told(facts.apps.as_ref()).is_some() => finding("records", Group::Org, Status::Waiting, TITLE),
        None => needs_dns(facts, "records", Group::Org, TITLE),
        Some(conflicts) if conflicts.is_empty() => finding("records", Group::Org, Status::Pass, TITLE),
        Some(conflicts) => finding("records", Group::Org, Status::Warn, "Records of the network disagree")
            .saw(conflicts.iter().take(4).cloned().collect::<Vec<_>>().join("; "))
            .why("A machine has just started, stopped or moved, and not every record tells yet.")
            .hurts("A name may lead to a machine that is gone, or leave one out.")
            .remedy("run again in ten seconds: the TTL is five"),
    }
}

fn gateway(facts: &Facts) -> Finding {
    const TITLE: &str = "The gateway answers ping";
    if !is_up(facts) {
        return needs_link(facts, "gateway", Group::Path, TITLE);
    }
    let Some(pings) = facts.gateway else { return finding("gateway", Group::Path, Status::Waiting, TITLE) };
    let Pings { sent, answered, best } = pings;
    if answered == sent {
        return finding("gateway", Group::Path, Status::Pass, format!("{TITLE} ({answered} of {sent})"))
            .took(best);
    }
    if answered > 0 {
        return finding(
            "gateway",
            Group::Path,
            Status::Warn,
            format!("Packets are lost on the way ({answered} of {sent} answered)"),
        )
        .took(best)
        .why("This machine's network is busy or weak: Wi-Fi, a phone.")
        .hurts("Everything is slower.")
        .remedy("sixpane ping gateway");
    }
    if anything_came(facts) == Some(false) {
        return finding("gateway", Group::Path, Status::Skip, TITLE).saw("It needs traffic that comes back.");
    }
    finding("gateway", Group::Path, Status::Warn, "The gateway does not answer ping")
        .saw(format!("0 of {sent} from {}; names are answered.", facts.conf.dns))
        .why("The name server's address does not answer pings.")
        .hurts("Nothing but this measure.")
}

fn large(facts: &Facts) -> Finding {
    let title = format!("A full-size packet comes back (MTU {})", facts.conf.mtu);
    if !is_up(facts) {
        return needs_link(facts, "mtu", Group::Path, &title);
    }
    let (Some(small), Some(large)) = (facts.gateway, facts.large) else {
        return finding("mtu", Group::Path, Status::Waiting, title);
    };
    if small.answered == 0 {
        return finding("mtu", Group::Path, Status::Skip, title).saw("It needs a gateway that answers ping.");
    }
    if large.answered > 0 {
        return finding("mtu", Group::Path, Status::Pass, title).took(large.best);
    }
    if small.answered < small.sent {
        // Lost like the others, perhaps.
        return finding("mtu", Group::Path, Status::Skip, title).saw("Too much is lost to tell.");
    }
    finding("mtu", Group::Path, Status::Fail, "Large packets are lost on the way")
        .saw(format!(
            "{} of {} small pings and none of {} with {} bytes came back.",
            small.answered, small.sent, large.sent, facts.conf.mtu
        ))
        .why("A network on the way carries less than the conf's MTU, and does not say so.")
        .hurts("Small answers work; transfers and large answers hang.")
        .remedy("MTU = 1280 in the [Interface] section of the conf")
}

fn machines(facts: &Facts) -> Finding {
    const TITLE: &str = "The machines answer ping";
    if !is_up(facts) {
        return needs_link(facts, "machines", Group::Path, TITLE);
    }
    let Some(machines) = &facts.machines else {
        let waits = told(facts.apps.as_ref()).is_some() || facts.apps.is_none();
        let status = if waits { Status::Waiting } else { Status::Skip };
        return finding("machines", Group::Path, status, TITLE);
    };
    let silent: Vec<&Reach> = machines.iter().filter(|reach| reach.pings.answered == 0).collect();
    let best = machines.iter().filter_map(|reach| reach.pings.best).min();
    let all = machines.len();
    if all == 0 {
        return finding("machines", Group::Path, Status::Skip, TITLE).saw("No address is known.");
    }
    if silent.is_empty() {
        let title = format!("{} answered ping", count(all, "machine"));
        return finding("machines", Group::Path, Status::Pass, title).took(best);
    }
    let names: Vec<String> =
        silent.iter().take(4).map(|reach| format!("{}/{}", reach.app, reach.id)).collect();
    let more = if silent.len() > names.len() { " …" } else { "" };
    let title = if silent.len() == all {
        format!("None of {} answers ping", count(all, "machine"))
    } else {
        let verb = if silent.len() == 1 { "does" } else { "do" };
        format!("{} of {} {verb} not answer ping", silent.len(), count(all, "machine"))
    };
    let id = if silent.len() == all { "machines" } else { SOME_SILENT };
    finding(id, Group::Path, Status::Fail, title)
        .took(best)
        .saw(format!("{}{more}", names.join(" ")))
        .why("The machine hangs, has just stopped, or does not answer pings; the link itself works.")
        .hurts("Requests that are sent to it.")
        .remedy(format!("fly machine status {}", silent.first().map_or("ID", |reach| reach.id.as_str())))
        .remedy(format!(
            "sixpane ping {}",
            silent.first().map_or("ID".into(), |r| format!("{}.vm.{}.internal", r.id, r.app))
        ))
}

fn app(facts: &Facts) -> Finding {
    let name = facts.subject.app.as_ref().map_or("", crate::text::Safe::as_str);
    let Some(seen) = &facts.app else {
        return needs_dns(facts, "app", Group::App, &format!("{name} has started machines"));
    };
    let addresses = &seen.addresses;
    if addresses.word == "NOERROR" && !addresses.entries.is_empty() {
        let title = format!("{name}.internal has {}", addresses_word(addresses.entries.len()));
        return finding("app", Group::App, Status::Pass, title).took(addresses.rtt);
    }
    if seen.listed == Some(true) {
        return finding("app", Group::App, Status::Fail, format!("{name} has no started machine"))
            .took(addresses.rtt)
            .saw(format!("_apps.internal lists it; {name}.internal: {}, no address.", addresses.word))
            .why("All of its machines are stopped: those are not in DNS.")
            .hurts(format!("Nothing of {name} can be reached."))
            .remedy(format!("fly machine list -a {name}"))
            .remedy(format!("fly machine start -a {name}"));
    }
    if seen.listed == Some(false) {
        return finding("app", Group::App, Status::Fail, format!("{name} is not in this network"))
            .took(addresses.rtt)
            .saw(format!("_apps.internal does not list it; {name}.internal: {}.", addresses.word))
            .why("It is in another org: the conf of that org finds it.")
            .why("It is misspelt, or was never made.")
            .hurts(format!("Nothing of {name} can be reached from here."))
            .remedy(format!("fly status -a {name} tells its org"));
    }
    finding("app", Group::App, Status::Fail, format!("{name}.internal does not answer"))
        .saw(format!("{name}.internal AAAA: {}.", addresses.word))
        .why("The name server did not tell.")
        .remedy(format!("sixpane dig {name}"))
}

fn addresses_word(n: usize) -> String {
    if n == 1 { "1 address".into() } else { format!("{n} addresses") }
}

fn flycast(facts: &Facts) -> Finding {
    let name = facts.subject.app.as_ref().map_or("", crate::text::Safe::as_str);
    let Some(seen) = &facts.app else {
        return needs_dns(facts, "flycast", Group::App, &format!("{name}.flycast"));
    };
    if seen.flycast.entries.is_empty() {
        finding("flycast", Group::App, Status::Skip, format!("{name} has no Flycast address"))
            .saw(format!("{name}.flycast AAAA: {}.", seen.flycast.word))
            .remedy(format!("fly ips allocate-v6 --private -a {name}"))
    } else {
        finding("flycast", Group::App, Status::Pass, format!("{name}.flycast has an address"))
            .took(seen.flycast.rtt)
    }
}

fn port(facts: &Facts) -> Finding {
    let Some(number) = facts.subject.port else {
        return finding("port", Group::Port, Status::Skip, "TCP port (give one as --app NAME:PORT)");
    };
    let name = facts.subject.app.as_ref().map_or("", crate::text::Safe::as_str);
    let title = format!("{name} accepts connections on port {number}");
    let Some(ports) = &facts.ports else {
        return needs_dns(facts, "port", Group::Port, &title);
    };
    let open = ports.iter().filter(|(_, port)| matches!(port, Port::Open(_))).count();
    let took = ports.iter().find_map(|(_, port)| match port {
        Port::Open(took) => Some(*took),
        _ => None,
    });
    if ports.is_empty() {
        return finding("port", Group::Port, Status::Skip, title).saw("No address of it is known.");
    }
    if open == ports.len() {
        return finding("port", Group::Port, Status::Pass, title).took(took);
    }
    let bad: Vec<String> = ports
        .iter()
        .filter_map(|(id, port)| match port {
            Port::Open(_) => None,
            Port::Refused => Some(format!("{id} refused")),
            Port::Silent => Some(format!("{id} silent")),
            Port::Error(error) => Some(format!("{id}: {error}")),
        })
        .take(4)
        .collect();
    let saw = format!("{open} of {} accept; {}.", ports.len(), bad.join(", "));
    if ports.iter().any(|(_, port)| *port == Port::Refused) {
        return finding(
            "port",
            Group::Port,
            Status::Fail,
            format!("Nothing listens on port {number} of {name}"),
        )
        .took(took)
        .saw(saw)
        .why("The service listens on 127.0.0.1 or 0.0.0.0 only: it must listen on fly-local-6pn or [::].")
        .why("It listens on another port, or does not run.")
        .hurts(format!("Connections to {name}.internal:{number}."))
        .remedy(format!("bind to [::]:{number} or fly-local-6pn:{number}"));
    }
    finding("port", Group::Port, Status::Fail, format!("Port {number} of {name} is silent"))
        .saw(saw)
        .why("A packet filter on the machine drops the connection.")
        .why("The machine hangs.")
        .hurts(format!("Connections to {name}.internal:{number}."))
        .remedy(format!("sixpane ping {name}"))
}

#[cfg(test)]
mod tests;
