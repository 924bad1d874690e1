//! Sends all queries of a line to its servers at once.

use std::net::{Ipv6Addr, SocketAddrV6};

use super::line::Line;
use super::name::{self, NameError};
use crate::dns::client::{Client, PORT};
use crate::dns::exchange::Exchange;
use crate::dns::host::{Host, HostError, Typed};
use crate::dns::resolver::{NoAddress, Resolver};
use crate::text::{Safe, words};

/// Reason why a server cannot be queried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoServer {
    /// The tunnel carries only IPv6.
    #[error("the server {0} cannot be queried: it is an IPv4 address, and the tunnel carries only IPv6")]
    Ipv4(Safe),
    /// Neither an address nor a name.
    #[error("the server `{0}` is neither an address nor a name: {1}")]
    Word(Safe, NameError),
    /// A name without an address.
    #[error("the server {0} has no address: {1}")]
    NoAddress(Safe, NoAddress),
}

/// Sends all queries of `line` at once. Returns the exchanges in the order of the questions; those of one question are
/// adjacent, one per server.
///
/// # Errors
/// If a server is not valid.
pub async fn send(client: &Client, line: &Line) -> Result<Vec<Exchange>, NoServer> {
    let addresses = line.servers.iter().map(|word| address(client, word));
    let addresses = futures_util::future::try_join_all(addresses).await?;
    let mut servers: Vec<_> =
        addresses.into_iter().map(|address| SocketAddrV6::new(address, line.port, 0, 0)).collect();
    if servers.is_empty() {
        let port = if line.port == PORT { client.server().port() } else { line.port };
        servers.push(SocketAddrV6::new(*client.server().ip(), port, 0, 0));
    }
    let questions = line.asks.iter().flat_map(|ask| {
        servers.iter().map(|&server| client.ask_at(server, ask.question.clone(), &line.options))
    });
    Ok(futures_util::future::join_all(questions).await)
}

/// Resolves the server named by `word`.
async fn address(client: &Client, word: &str) -> Result<Ipv6Addr, NoServer> {
    let shown = Safe::new(word);
    let name = match Typed::read(word) {
        Ok(Typed { host: Host::Address(address), .. }) => return Ok(address),
        Ok(Typed { host: Host::Name(name), .. }) => name,
        Err(HostError::Ipv4(_)) => return Err(NoServer::Ipv4(shown)),
        Err(_) => word.to_owned(),
    };
    let name = name::parse(&name).map_err(|error| NoServer::Word(shown.clone(), error))?;
    let resolver = match Resolver::new(client) {
        Ok(resolver) => resolver,
        Err(error) => return Err(NoServer::NoAddress(shown, NoAddress::NoAnswer(words(error)))),
    };
    let addresses = resolver.addresses(name).await.map_err(|error| NoServer::NoAddress(shown, error))?;
    // There is at least one.
    Ok(addresses.first().copied().unwrap_or(Ipv6Addr::UNSPECIFIED))
}
