//! A TCP port of the requested app.

use super::Check;
use super::app::name;
use crate::doctor::facts::{Facts, Tried};
use crate::doctor::{Finding, Group};
use crate::probe::port::Port;
use crate::probe::protocol::Banner;
use crate::text::{ms, quoted};

pub const CHECKS: &[Check] = &[
    Check {
        id: "port",
        group: Group::Port,
        needs: &["name-server", "app"],
        title,
        applies: |facts| facts.subject.app.is_some() && !facts.subject.flycast,
        judge: port,
    },
    Check {
        id: "flycast-port",
        group: Group::Port,
        needs: &["name-server", "flycast"],
        title: |facts| match facts.subject.port {
            Some(port) => format!("{}.flycast accepts connections on port {port}", name(facts)),
            None => "Flycast port (give one as --app NAME.flycast:PORT)".into(),
        },
        applies: |facts| {
            let has = facts.flycast_ports.as_ref().is_some_and(|ports| !ports.is_empty());
            facts.subject.app.is_some() && (facts.subject.flycast || has)
        },
        judge: flycast_port,
    },
];

/// Judged behind the look at the service, which says more.
pub const PROTOCOL: &[Check] = &[Check {
    id: "protocol",
    group: Group::Port,
    needs: &["name-server", "port", "flycast-port", "service"],
    title: |facts| {
        let protocol = facts.subject.protocol.map_or("", |protocol| protocol.as_str());
        format!("{} responds in {protocol}", name(facts))
    },
    applies: |facts| facts.subject.protocol.is_some() && facts.subject.app.is_some(),
    judge: protocol,
}];

fn title(facts: &Facts) -> String {
    match facts.subject.port {
        Some(port) => format!("{} accepts connections on port {port}", name(facts)),
        None => "TCP port (give one as --app NAME:PORT)".into(),
    }
}

fn line(tried: &Tried, port: u16) -> String {
    let end = match &tried.port {
        Port::Open(took) => format!("open after {} ms", ms(*took)),
        Port::Refused => "refused".into(),
        Port::Prohibited => "prohibited, by an ICMPv6 error".into(),
        Port::Filtered => "filtered (no reply)".into(),
        Port::Error(error) => error.clone(),
    };
    let said = match &tried.banner {
        None => String::new(),
        Some(Banner::Fits(text) | Banner::Other(text)) => format!(", received `{text}`"),
        Some(banner @ Banner::Certified(..)) => format!(", {}", banner.words()),
        Some(Banner::Closed) => ", closed without data".into(),
        Some(Banner::NoData) => ", no data".into(),
    };
    format!("TCP {} port {port}: {end}{said}", tried.who)
}

fn is_open(tried: &Tried) -> bool {
    matches!(tried.port, Port::Open(_))
}

fn port(facts: &Facts) -> Option<Finding> {
    let Some(number) = facts.subject.port else {
        return Some(Finding::skip(title(facts), "No port was given."));
    };
    let name = name(facts);
    let ports = facts.ports.as_ref()?;
    if ports.is_empty() {
        return Some(Finding::skip(title(facts), "It has no known address."));
    }
    let open = ports.iter().filter(|tried| is_open(tried)).count();
    let took = ports.iter().find_map(|tried| match tried.port {
        Port::Open(took) => Some(took),
        _ => None,
    });
    let lines = ports.iter().map(|tried| line(tried, number));
    if open == ports.len() {
        return Some(Finding::pass(title(facts)).took(took).shown(lines));
    }
    let bad: Vec<String> =
        ports.iter().filter(|tried| !is_open(tried)).take(4).map(|tried| line(tried, number)).collect();
    let observed = format!("{open} of {} accept connections; {}.", ports.len(), bad.join(", "));
    let affects = format!("Connections to {name}.internal:{number} fail.");
    let word = quoted(name);
    let refused = ports.iter().any(|tried| tried.port == Port::Refused);
    let some = if open > 0 {
        format!(" on {} of {} machines", ports.len() - open, ports.len())
    } else {
        String::new()
    };
    let finding = if refused {
        Finding::fail("port-refused", format!("Nothing listens on port {number} of {name}{some}"))
            .cause(
                "The service listens on 127.0.0.1 or 0.0.0.0 only: it must listen on fly-local-6pn or [::].",
            )
            .cause("It listens on another port, or does not run.")
            .remedy(format!("bind to [::]:{number} or fly-local-6pn:{number}"))
            .remedy(format!("fly ssh console -a {word}, then list listening services: ss -ltnp"))
    } else if facts.machines.iter().flatten().any(|reach| reach.pings.answered > 0) {
        Finding::fail("port-silent", format!("Port {number} of {name} does not reply{some}"))
            .cause("A packet filter on the machine drops the connection: the machine itself replies to ping.")
            .cause("Its queue of connections is full: the service hangs.")
            .remedy(format!("fly ssh console -a {word}, then look for a full queue: ss -ltn"))
    } else {
        Finding::fail("port-silent", format!("Port {number} of {name} does not reply{some}"))
            .cause("The machine does not reply at all; see above.")
            .remedy(format!("sixpane ping {word}"))
    };
    Some(finding.took(took).observed(observed).affects(affects).shown(lines))
}

fn flycast_port(facts: &Facts) -> Option<Finding> {
    let name = name(facts);
    let Some(number) = facts.subject.port else {
        return Some(Finding::skip(
            "Flycast port (give one as --app NAME.flycast:PORT)",
            "No port was given.",
        ));
    };
    let ports = facts.flycast_ports.as_ref()?;
    let title = format!("{name}.flycast accepts connections on port {number}");
    let lines = ports.iter().map(|tried| line(tried, number));
    let Some(first) = ports.first() else { return Some(Finding::skip(title, "It has no address.")) };
    if let Port::Open(took) = first.port {
        return Some(Finding::pass(title).took(Some(took)).shown(lines));
    }
    let words = format!("{name}.flycast does not accept connections on port {number}");
    // If the machines' port was requested, Flycast is a side issue.
    let finding = if facts.subject.flycast {
        Finding::fail("flycast-no-service", words)
    } else {
        Finding::warn("flycast-no-service", words)
    };
    Some(
        finding
            .observed(format!("{}.", line(first, number)))
            .cause(format!("The app has no service with port {number} in fly.toml, [services] or [http_service], or it is not deployed."))
            .cause("The service does not listen on 0.0.0.0: for Flycast, fly-local-6pn alone is not enough.")
            .cause("force_https is on: Flycast is HTTP only.")
            .affects(format!("Connections to {name}.flycast:{number} fail."))
            .remedy(format!("fly services list -a {}", quoted(name)))
            .remedy("bind to 0.0.0.0 and [::], declare the service, deploy")
            .shown(lines),
    )
}

fn protocol(facts: &Facts) -> Option<Finding> {
    let protocol = facts.subject.protocol?;
    let (name, number) = (name(facts), facts.subject.port?);
    let tried = if facts.subject.flycast { facts.flycast_ports.as_ref() } else { facts.ports.as_ref() }?;
    let banner: Vec<_> =
        tried.iter().filter_map(|tried| tried.banner.as_ref().map(|banner| (tried, banner))).collect();
    let title = format!("{name} responds in {}", protocol.as_str());
    let lines = tried.iter().map(|tried| line(tried, number));
    let odd = banner.iter().find(|(_, banner)| !banner.fits());
    let Some((tried, odd)) = odd else {
        let said = banner.first().map(|(tried, _)| line(tried, number))?;
        return Some(Finding::pass(title).observed(format!("{said}.")).shown(lines));
    };
    let finding = Finding::fail(
        "port-wrong-protocol",
        format!("Port {number} of {name} does not respond in {}", protocol.as_str()),
    )
    .observed(format!("{}.", line(tried, number)));
    let finding = match odd {
        Banner::Other(_) => {
            finding.cause("Another service listens there, or the same one with another protocol.").likely()
        }
        Banner::Closed => finding
            .cause(format!(
                "The service expects another protocol than {}, for example TLS instead of plain text or vice versa.",
                protocol.as_str()
            ))
            .cause("It closes connections from unknown addresses."),
        _ => finding.cause("The service expects another protocol.").cause("It accepts connections but hangs."),
    };
    Some(
        finding
            .affects(format!("Connections with {} to {name}.internal:{number} fail.", protocol.as_str()))
            .remedy(format!("check which service of {} uses port {number}", quoted(name)))
            .shown(lines),
    )
}
