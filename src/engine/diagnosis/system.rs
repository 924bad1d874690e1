//! Check of this host itself: is the system's own VPN up, does its route point there, do names resolve? It uses the
//! host's own sockets, needs no privileges and changes nothing.

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
use crate::net::underlying_host::{interface_in, source_to};

/// Time that the system's tunnel may need to get its session back after ours has ended: it detects the loss after
/// 15 s without a reply (WireGuard paper, §6.5), and then does a handshake.
const BACK: Duration = Duration::from_secs(25);
/// Interval between two checks for that.
const AGAIN: Duration = Duration::from_millis(250);
/// Maximum number of name servers to query.
const MOST: usize = 3;

/// State of our own tunnel during the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// Attached: with the same key, the system's tunnel cannot work.
    Attached,
    /// Detached a moment ago.
    Ended,
}

/// Checks the system's access to the network of `conf`.
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
    // Like a resolver library: the first response counts.
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
