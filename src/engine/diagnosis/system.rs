//! A look at the machine itself: is the system's own VPN up, does its route lead there, do names resolve? Over the
//! machine's own sockets, without rights; nothing is changed.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::dns::client::Client;
use crate::dns::exchange::Options;
use crate::dns::lookup::{Lookup, ask};
use crate::dns::names::Form;
use crate::dns::system::{place, servers};
use crate::doctor::facts::{Conf, System};
use crate::net::host::HostNetwork;
use crate::net::outside::{interface_in, source_to};

/// How long the system's tunnel may take to win its session back after ours has ended: it notices after 15 s without
/// a reply (WireGuard paper, §6.5), and shakes hands.
const BACK: Duration = Duration::from_secs(25);
/// Between two looks at whether it has.
const AGAIN: Duration = Duration::from_millis(250);
/// The most name servers that are asked.
const MOST: usize = 3;

/// How our own tunnel stands while the look is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// It is attached: with the same key, the system's could not answer.
    Attached,
    /// It was attached a moment ago, and has ended.
    Ended,
}

/// Looks for the network of `conf`.
pub async fn look(conf: &Conf, ours: Ours) -> System {
    let own = conf.own_dns();
    let interface = interface_in(conf.network, conf.address);
    let same_key = interface.as_ref().is_some_and(|(_, address)| *address == conf.address);
    let source = source_to(IpAddr::V6(own)).and_then(|source| match source {
        IpAddr::V6(source) => Some(source),
        IpAddr::V4(_) => None,
    });
    let resolvers = servers();
    let ours_attached = ours == Ours::Attached;
    let mut system = System { interface, same_key, source, ours_attached, resolvers, ..System::default() };
    if system.interface.is_none() || (same_key && ours_attached) {
        return system;
    }
    let net = HostNetwork::new(Instant::now().into_std());
    let Ok(client) = Client::new(&net, own) else { return system };
    let patient = same_key && ours == Ours::Ended;
    let end = Instant::now() + if patient { BACK } else { Duration::ZERO };
    let by_own = loop {
        let asked = ask(&client, place(IpAddr::V6(own)), &Form::Apps, &Options::default()).await;
        if asked.outcome.is_definite() || Instant::now() >= end {
            break asked;
        }
        tokio::time::sleep(AGAIN).await;
    };
    system.by_own = Some(by_own);
    // As a resolver library does it: the first server that answers is believed.
    let mut by_resolver: Option<Lookup> = None;
    for server in system.resolvers.iter().take(MOST) {
        let mut asked = ask(&client, place(*server), &Form::Apps, &Options::default()).await;
        let before = by_resolver.take().map(|before| before.lines).unwrap_or_default();
        asked.lines = before.into_iter().chain(asked.lines).collect();
        let silent = asked.rtt.is_none();
        by_resolver = Some(asked);
        if !silent {
            break;
        }
    }
    system.by_resolver = by_resolver;
    system
}
