//! What the service behind an open port does: a port that accepts connections is not yet a service that works.

use std::time::Duration;

use super::Check;
use super::app::name;
use crate::doctor::facts::{Facts, Tried};
use crate::doctor::{Finding, Group};
use crate::probe::service::{End, Service};
use crate::text::{ms, quoted};

pub const CHECKS: &[Check] = &[Check {
    id: "service",
    group: Group::Port,
    needs: &["name-server", "port", "flycast-port"],
    title,
    applies: |facts| facts.subject.port.is_some() && !looked(facts).is_empty(),
    judge: service,
}];

/// A first byte later than this is slow, on top of the round trips of the link.
const SLOW: Duration = Duration::from_secs(2);

fn title(facts: &Facts) -> String {
    let port = facts.subject.port.unwrap_or_default();
    let zone = if facts.subject.flycast { ".flycast" } else { "" };
    format!("The service on port {port} of {}{zone} responds", name(facts))
}

/// The open ports with a look at their service.
fn looked(facts: &Facts) -> Vec<(&Tried, &Service)> {
    let tried = if facts.subject.flycast { &facts.flycast_ports } else { &facts.ports };
    tried.iter().flatten().filter_map(|tried| Some((tried, tried.service.as_ref()?))).collect()
}

/// What is wrong with a service, and how bad it is; the worst first.
fn rank(facts: &Facts, service: &Service) -> Option<u8> {
    Some(match &service.end {
        End::ClosesAtOnce | End::ResetsAtOnce => 0,
        End::Closes | End::Resets => 1,
        End::Silent => 2,
        End::WantsProxy(_) => 3,
        End::Http(http) if http.status >= 500 => 4,
        End::Tls(_, Some(certificate)) if expired(facts, certificate.until) => 5,
        End::Tls(..) if service.named == Some(false) => 6,
        End::Http(http) if facts.subject.flycast && is_https(http.location.as_ref()) => 7,
        _ if service.first_byte.is_some_and(|first| first > SLOW + 4 * round_trip(facts)) => 8,
        _ => return None,
    })
}

fn round_trip(facts: &Facts) -> Duration {
    facts.round_trips.map(|trips| trips.median).unwrap_or_default()
}

fn is_https(location: Option<&crate::text::Safe>) -> bool {
    location.is_some_and(|location| location.as_str().starts_with("https:"))
}

fn expired(facts: &Facts, until: i64) -> bool {
    facts.around.now.is_some_and(|now| until < now)
}

fn describe(service: &Service) -> String {
    match &service.end {
        End::SpeaksFirst(text) => format!("it sends `{text}` first"),
        End::Http(http) | End::WantsProxy(http) => format!("HTTP: {}", http.line),
        End::Tls(version, _) => version.to_string(),
        End::Other(text) => format!("it responds with `{text}`"),
        End::ClosesAtOnce => "it accepts and closes the connection".into(),
        End::ResetsAtOnce => "it accepts and resets the connection".into(),
        End::Closes => "it closes the connection after a request, without a response".into(),
        End::Resets => "it resets the connection after a request".into(),
        End::Silent => format!("no data in {} ms", ms(service.waited)),
    }
}

fn service(facts: &Facts) -> Option<Finding> {
    let all = looked(facts);
    let lines = all.iter().map(|(tried, service)| format!("TCP {}: {}", tried.who, describe(service)));
    let (app, port) = (name(facts), facts.subject.port?);
    let word = quoted(app);
    let bad: Vec<(u8, &Service)> =
        all.iter().filter_map(|(_, service)| Some((rank(facts, service)?, *service))).collect();
    let Some((rank, worst)) = bad.iter().min_by_key(|(rank, _)| *rank).copied() else {
        let (_, first) = all.first()?;
        return Some(
            Finding::pass(title(facts))
                .observed(format!("{}.", describe(first)))
                .took(first.first_byte)
                .shown(lines),
        );
    };
    let some = if bad.len() < all.len() {
        format!(" on {} of {} machines", bad.len(), all.len())
    } else {
        String::new()
    };
    let at = format!("port {port} of {app}");
    let logs = format!("fly logs -a {word}");
    let finding = match (rank, &worst.end) {
        (0 | 1, _) if facts.subject.flycast => {
            Finding::fail("flycast-no-backend", format!("Flycast accepts {at}, and has no machine for it"))
                .cause(
                    "No started machine of the app passes its health checks, or the service does not listen.",
                )
                .cause("The service itself closes the connection.")
                .likely()
                .remedy(format!("fly status -a {word}"))
                .remedy(logs)
        }
        (0 | 1, _) => Finding::fail(
            "port-closes",
            format!("The service on {at} closes connections without a response{some}"),
        )
        .cause("The service fails when it handles a connection.")
        .cause("The service expects another protocol.")
        .remedy(logs),
        (2, _) => Finding::fail(
            "service-silent",
            format!("The service on {at} accepts connections and sends nothing{some}"),
        )
        .cause("The service hangs.")
        .cause("The service expects another protocol.")
        .remedy(logs),
        (3, _) => {
            Finding::fail("proxy-protocol", format!("The service on {at} expects the PROXY protocol{some}"))
                .cause("Its configuration requires a PROXY protocol header before each connection.")
                .remedy(
                    "turn off proxy_proto in the [[services.ports]] section of fly.toml, or send the header",
                )
        }
        (4, End::Http(http)) => Finding::fail(
            "http-error",
            format!("The service on {at} responds with HTTP {}{some}", http.status),
        )
        .cause("The service, or the proxy before it, reports an error of its own.")
        .remedy(logs),
        (5, _) => Finding::fail("certificate-expired", format!("The certificate on {at} has expired{some}"))
            .cause("The certificate was not renewed.")
            .cause("This machine's clock is ahead.")
            .likely()
            .remedy("renew the certificate"),
        (6, _) => {
            Finding::warn("certificate-name", format!("The certificate on {at} is for another name{some}"))
                .cause("The certificate was issued for another host.")
                .remedy("use the name in the certificate, or issue one for this name")
        }
        (7, _) => Finding::warn("flycast-redirect", format!("{app}.flycast redirects port {port} to HTTPS"))
            .cause("force_https is on: Flycast is HTTP only.")
            .cause("The app itself redirects.")
            .likely()
            .remedy("set force_https = false in fly.toml"),
        _ => Finding::warn("service-slow", format!("The service on {at} is slow{some}"))
            .cause("The service is overloaded, or waits for another one.")
            .remedy(logs),
    };
    let first =
        worst.first_byte.map(|first| format!(", first byte after {} ms", ms(first))).unwrap_or_default();
    Some(
        finding
            .observed(format!("{}{first}.", describe(worst)))
            .affects(format!("Requests to {app}:{port} fail or are slow."))
            .shown(lines),
    )
}
