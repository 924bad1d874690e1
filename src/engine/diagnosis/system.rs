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

/// Timeout of each query.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Maximum number of name servers to query.
const MOST: usize = 3;

/// Checks the system's access to the network of `conf`, in at most 4.5 s. `attached`: our own tunnel is; with the same key,
/// the system's cannot work then and is not checked.
pub async fn look(conf: &Conf, attached: bool) -> System {
    let own = conf.own_dns();
    let interface = interface_in(conf.network, conf.address);
    let same_key = interface.as_ref().is_some_and(|(_, address)| *address == conf.address);
    let source = source_to(IpAddr::V6(own)).and_then(|source| match source {
        IpAddr::V6(source) => Some(source),
        IpAddr::V4(_) => None,
    });
    let resolvers = servers();
    let mut system =
        System { interface, same_key, source, ours_attached: attached, resolvers, ..System::default() };
    if system.interface.is_none() || (same_key && attached) {
        return system;
    }
    let net = HostNetwork::new(Instant::now().into_std());
    let Ok(client) = Client::new(&net, own) else { return system };
    let options = Options { timeout: PATIENCE, ..Options::default() };
    let (by_own, by_resolver) = tokio::join!(
        ask(&client, place(IpAddr::V6(own)), &Form::Apps, &options),
        by_resolvers(&client, &system.resolvers, &options)
    );
    (system.by_own, system.by_resolver) = (Some(by_own), by_resolver);
    system
}

/// The first response of the resolvers, in their order, as for a resolver library.
async fn by_resolvers(client: &Client, resolvers: &[IpAddr], options: &Options) -> Option<Lookup> {
    let mut last: Option<Lookup> = None;
    for server in resolvers.iter().take(MOST) {
        let mut asked = ask(client, place(*server), &Form::Apps, options).await;
        let before = last.take().map(|before| before.lines).unwrap_or_default();
        asked.lines = before.into_iter().chain(asked.lines).collect();
        let silent = asked.rtt.is_none();
        last = Some(asked);
        if !silent {
            break;
        }
    }
    last
}
