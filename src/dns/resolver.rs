//! Resolves names to addresses: hickory's resolver, which follows aliases, on top of our DNS client. No cache, so that
//! its results always agree with `dig`.

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;

use futures_util::stream::{Stream, once};
use hickory_proto::op::{DnsRequest, DnsResponse};
use hickory_proto::rr::Name;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, DnsHandle, NetError};
use hickory_resolver::{ConnectionProvider, PoolContext, Resolver as Hickory};

use super::client::Client;
use super::exchange::{Options, Question};
use super::outcome::Outcome;
use crate::text::words;

#[derive(Clone)]
pub struct Resolver(Hickory<Provider>);

/// Reason why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    #[error("the name does not exist (NXDOMAIN)")]
    NoName,
    /// NOERROR without addresses, or another RCODE.
    #[error("no AAAA record ({0})")]
    Nothing(Outcome),
    #[error("{0}")]
    NoAnswer(String),
}

impl Resolver {
    /// Creates a resolver that uses `client`'s server.
    ///
    /// # Errors
    /// If hickory cannot be initialised.
    pub fn new(client: &Client) -> io::Result<Self> {
        let server =
            NameServerConfig::new(IpAddr::V6(*client.server().ip()), true, vec![ConnectionConfig::udp()]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let provider = Provider { client: client.clone(), runtime: TokioRuntimeProvider::default() };
        let mut builder = Hickory::builder_with_config(config, provider);
        let options = builder.options_mut();
        options.cache_size = 0;
        options.ip_strategy = LookupIpStrategy::Ipv6Only;
        options.use_hosts_file = ResolveHosts::Never;
        // Retries, timeouts and TCP are up to the client.
        options.attempts = 0;
        options.timeout = Options::default().timeout * 2;
        builder.build().map(Self).map_err(io::Error::other)
    }

    /// IPv6 addresses of `name` in the server's order; at least one.
    ///
    /// # Errors
    /// If there is none.
    pub async fn addresses(&self, name: Name) -> Result<Vec<Ipv6Addr>, NoAddress> {
        let found = self.0.lookup_ip(name).await.map_err(no_address)?;
        let addresses: Vec<_> = found
            .iter()
            .filter_map(|address| match address {
                IpAddr::V6(address) => Some(address),
                IpAddr::V4(_) => None,
            })
            .collect();
        if addresses.is_empty() { Err(NoAddress::Nothing(Outcome::NOERROR)) } else { Ok(addresses) }
    }
}

fn no_address(error: NetError) -> NoAddress {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(no)) => match Outcome::Rcode(no.response_code) {
            Outcome::NXDOMAIN => NoAddress::NoName,
            outcome => NoAddress::Nothing(outcome),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => NoAddress::NoAnswer(Outcome::Rcode(code).to_string()),
        other => NoAddress::NoAnswer(words(other)),
    }
}

/// Gives hickory "connections" that all are the same client.
#[derive(Clone)]
struct Provider {
    client: Client,
    runtime: TokioRuntimeProvider,
}

impl ConnectionProvider for Provider {
    type Conn = Handle;
    type FutureConn = Ready<Result<Handle, NetError>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        _: IpAddr,
        _: &ConnectionConfig,
        _: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        Ok(ready(Ok(Handle(self.client.clone()))))
    }

    fn runtime_provider(&self) -> &Self::RuntimeProvider {
        &self.runtime
    }
}

#[derive(Clone)]
struct Handle(Client);

impl DnsHandle for Handle {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    // Only for timers and tasks: packets are sent by the client.
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let client = self.0.clone();
        Box::pin(once(async move {
            let query = request.queries.first().ok_or(NetError::Message("no question"))?;
            let question = Question {
                name: query.name().clone(),
                rtype: query.query_type(),
                class: query.query_class(),
            };
            match client.ask(question, &Options::default()).await.result {
                Ok(answer) => Ok(DnsResponse::from_buffer(answer.wire.to_vec())?),
                Err(failure) => Err(NetError::Msg(failure.to_string())),
            }
        }))
    }
}
