//! An attached network for a headless command: the engine, its conf and the state of its link.

use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::rr::Name;

use super::conf;
use super::progress::Progress;
use crate::attach::{Attachment, Identity, Loaded, Origin};
use crate::catalog::WalkState;
use crate::clock;
use crate::dns::resolver::{NoAddress, Resolver};
use crate::engine::report::Report;
use crate::engine::{Engine, Settings};
use crate::error::{Error, Exit};
use crate::net::{LinkError, LinkState};
use crate::text::{ago, ms, words};

#[derive(Debug)]
pub struct Session {
    pub identity: Arc<Identity>,
    pub engine: Engine,
    /// The last reported state.
    link: Option<Arc<LinkState>>,
    /// Holds the claim on the conf.
    _origin: Origin,
}

impl From<Attachment> for Session {
    fn from(Attachment { identity, engine, origin }: Attachment) -> Self {
        Self { identity, engine, link: None, _origin: origin }
    }
}

impl Session {
    /// Attaches with the conf at `path`; without a path, with the only conf found.
    ///
    /// # Errors
    /// If the conf cannot be used (exit 3) or is in use, or the tunnel cannot be started (exit 4).
    pub fn open(path: Option<&Path>, force: bool, settings: Settings) -> Result<Self, Error> {
        Self::attach(conf::load_named(path)?, force, settings)
    }

    /// Claims the conf and attaches with it; the handshake is sent immediately.
    ///
    /// # Errors
    /// If the conf is in use or the tunnel cannot be started (exit 4).
    pub fn attach(loaded: Loaded, force: bool, settings: Settings) -> Result<Self, Error> {
        let claimed = conf::claim(&loaded, force)?;
        Ok(loaded.attach(claimed, settings)?.into())
    }

    /// Reads reports until `pick` returns a value. `timeout` limits each wait for the link; the report that `pick` waits
    /// for has its own limits.
    ///
    /// # Errors
    /// If the link does not come up in time (exit 4), with the reason as far as known.
    pub async fn wait_for<T>(
        &mut self,
        timeout: Duration,
        mut pick: impl FnMut(&Report) -> Option<T>,
    ) -> Result<T, Error> {
        let patience = tokio::time::sleep(timeout);
        tokio::pin!(patience);
        let began = clock::now();
        let mut progress = Progress::new(began);
        let mut walk = None;
        loop {
            let up = self.link.as_ref().is_some_and(|link| link.is_up());
            let due = clock::sleep_until(progress.due());
            tokio::select! {
                report = self.engine.reports.recv() => {
                    let Some(report) = report else {
                        return Err(Error::new(Exit::Tunnel, "the network was closed"));
                    };
                    if let Report::Link(link) = &report {
                        // A link that goes down has the whole timeout to come up again.
                        if up && !link.is_up() {
                            patience.as_mut().reset(tokio::time::Instant::now() + timeout);
                        }
                        self.link = Some(link.clone());
                        if let Some(error) = hopeless(link) {
                            return Err(self.no_link(timeout, Some(&error)));
                        }
                    }
                    if let Report::Catalog(catalog) = &report {
                        walk = Some(catalog.walk.clone());
                    }
                    if let Some(picked) = pick(&report) {
                        return Ok(picked);
                    }
                }
                () = due => progress.show(clock::now(), || {
                    let endpoint = &self.identity.endpoint;
                    waiting(endpoint, up, walk.as_ref(), clock::now().saturating_duration_since(began))
                }),
                () = &mut patience, if !up => {
                    let error = self.link.as_ref().and_then(|link| link.error.clone());
                    return Err(self.no_link(timeout, error.as_ref()));
                }
            }
        }
    }

    /// Waits until the link is up.
    ///
    /// # Errors
    /// As in [`Self::wait_for`].
    pub async fn up(&mut self, timeout: Duration) -> Result<(), Error> {
        if self.link.as_ref().is_some_and(|link| link.is_up()) {
            return Ok(());
        }
        self.wait_for(timeout, |report| match report {
            Report::Link(link) if link.is_up() => Some(()),
            _ => None,
        })
        .await
    }

    /// The IPv6 addresses of `name`, in the server's order; at least one.
    ///
    /// # Errors
    /// If there is none.
    pub async fn addresses(&self, name: Name) -> Result<Vec<Ipv6Addr>, NoAddress> {
        let resolver =
            Resolver::new(&self.engine.client).map_err(|error| NoAddress::NoAnswer(words(error)))?;
        resolver.addresses(name).await
    }

    fn no_link(&self, timeout: Duration, error: Option<&LinkError>) -> Error {
        let endpoint = &self.identity.endpoint;
        let initiations = self.link.as_ref().map_or(0, |link| link.initiations);
        match error {
            Some(error @ LinkError::Resolve { .. }) => {
                Error::new(Exit::Tunnel, format!("cannot resolve {endpoint}"))
                    .why(error)
                    .hint("check the Endpoint line of the conf and the DNS of this host")
            }
            Some(error @ LinkError::Refused(_)) => {
                Error::new(Exit::Tunnel, format!("no tunnel to {endpoint}"))
                    .why(error)
                    .hint("check the port in the Endpoint line of the conf")
                    .hint("the gateway may be down: create a peer on another one with fly wireguard create")
            }
            Some(error @ (LinkError::Send { .. } | LinkError::Socket(_))) => {
                Error::new(Exit::Tunnel, format!("no tunnel to {endpoint}"))
                    .why(error)
                    .hint("check the network of this host; an IPv6 endpoint needs IPv6")
            }
            Some(LinkError::Silent(_)) | None => Error::new(
                Exit::Tunnel,
                format!("no handshake with {endpoint}"),
            )
            .why(format!("{initiations} initiations sent in {} ms, no reply", ms(timeout)))
            .hint("the peer may have been removed: fly wireguard list")
            .hint(
                "the keys of the conf may belong to another peer: create a new one with fly wireguard create",
            )
            .hint("a wrong PresharedKey or a clock that was set back has the same effect")
            .hint("this network may block UDP: try another network"),
        }
    }
}

fn waiting(endpoint: &str, up: bool, walk: Option<&WalkState>, waited: Duration) -> String {
    match walk {
        _ if !up => format!("waiting for a handshake with {endpoint} ({})", ago(waited)),
        Some(walk) if walk.running && walk.apps_done > 0 => {
            format!("walk: {} queries sent, {} answered", walk.queries, walk.settled)
        }
        Some(walk) if walk.running => "walk: reading the list of apps".into(),
        _ => format!("waiting for a response ({})", ago(waited)),
    }
}

/// The link error that a longer wait cannot resolve.
fn hopeless(link: &LinkState) -> Option<LinkError> {
    match &link.error {
        Some(error @ (LinkError::Refused(_) | LinkError::Resolve { .. } | LinkError::Socket(_)))
            if !link.is_up() =>
        {
            Some(error.clone())
        }
        _ => None,
    }
}
