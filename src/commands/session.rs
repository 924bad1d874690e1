//! An attached network for a headless command: the engine, the conf it came from, and what its link does.

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
use crate::net::{LinkState, Trouble};
use crate::text::{ago, ms, words};

/// An attachment at work for one command.
#[derive(Debug)]
pub struct Session {
    /// The network.
    pub identity: Arc<Identity>,
    /// The engine.
    pub engine: Engine,
    /// The link as last told.
    link: Option<Arc<LinkState>>,
    /// Keeps the claim on the conf.
    _origin: Origin,
}

impl From<Attachment> for Session {
    fn from(Attachment { identity, engine, origin }: Attachment) -> Self {
        Self { identity, engine, link: None, _origin: origin }
    }
}

impl Session {
    /// Loads the conf at `path`, or the only one there is, claims it and attaches with it.
    ///
    /// # Errors
    /// Where the conf cannot be used (exit 3), is in use (exit 4), or the tunnel cannot be begun (exit 4).
    pub fn open(path: Option<&Path>, force: bool, settings: Settings) -> Result<Self, Error> {
        Self::attach(conf::load_named(path)?, force, settings)
    }

    /// Claims the conf of `loaded` and attaches with it; the handshake leaves at once.
    ///
    /// # Errors
    /// Where the conf is in use, or the tunnel cannot even be begun (exit 4).
    pub fn attach(loaded: Loaded, force: bool, settings: Settings) -> Result<Self, Error> {
        let claimed = conf::claim(&loaded, force)?;
        Ok(loaded.attach(claimed, settings)?.into())
    }

    /// Reads reports until `pick` takes one. The link may take `timeout` to stand up, each time; after that, what `pick`
    /// waits for has its own bounds.
    ///
    /// # Errors
    /// Where the link does not stand in time (exit 4), with what is known of the reason.
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
                        // One that falls has the whole time again to come back.
                        if up && !link.is_up() {
                            patience.as_mut().reset(tokio::time::Instant::now() + timeout);
                        }
                        self.link = Some(link.clone());
                        if let Some(trouble) = hopeless(link) {
                            return Err(self.no_link(timeout, Some(&trouble)));
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
                    let trouble = self.link.as_ref().and_then(|link| link.trouble.clone());
                    return Err(self.no_link(timeout, trouble.as_ref()));
                }
            }
        }
    }

    /// Waits until the link stands.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
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
    /// Where there is none.
    pub async fn addresses(&self, name: Name) -> Result<Vec<Ipv6Addr>, NoAddress> {
        let resolver =
            Resolver::new(&self.engine.client).map_err(|error| NoAddress::NoAnswer(words(error)))?;
        resolver.addresses(name).await
    }

    fn no_link(&self, timeout: Duration, trouble: Option<&Trouble>) -> Error {
        let endpoint = &self.identity.endpoint;
        let initiations = self.link.as_ref().map_or(0, |link| link.initiations);
        match trouble {
            Some(trouble @ Trouble::Resolve { .. }) => {
                Error::new(Exit::Tunnel, format!("cannot find {endpoint}"))
                    .why(trouble)
                    .hint("check the Endpoint line of the conf, and that this machine has DNS")
            }
            Some(trouble @ Trouble::Refused(_)) => {
                Error::new(Exit::Tunnel, format!("no tunnel to {endpoint}"))
                    .why(trouble)
                    .hint("check the port in the Endpoint line of the conf")
                    .hint("the gateway may be down: fly wireguard create makes a peer on another one")
            }
            Some(trouble @ (Trouble::Send { .. } | Trouble::Socket(_))) => {
                Error::new(Exit::Tunnel, format!("no tunnel to {endpoint}"))
                    .why(trouble)
                    .hint("check this machine's own network; an IPv6 endpoint needs IPv6 here")
            }
            Some(Trouble::Silent(_)) | None => {
                Error::new(Exit::Tunnel, format!("no handshake with {endpoint}"))
                    .why(format!("{initiations} initiations in {} ms, and no reply", ms(timeout)))
                    .hint("the peer may have been removed: fly wireguard list")
                    .hint("the conf's keys may be of another peer: fly wireguard create makes a new one")
                    .hint("a PresharedKey that does not match, or a clock set back, looks the same")
                    .hint("this network may block UDP: try another one")
            }
        }
    }
}

/// What is being waited for, in words.
fn waiting(endpoint: &str, up: bool, walk: Option<&WalkState>, waited: Duration) -> String {
    match walk {
        _ if !up => format!("waiting for a handshake with {endpoint} ({})", ago(waited)),
        Some(walk) if walk.running && walk.apps_done > 0 => {
            format!("walking: {} asked, {} settled", walk.asked, walk.settled)
        }
        Some(walk) if walk.running => "walking: asking what there is".into(),
        _ => format!("waiting for an answer ({})", ago(waited)),
    }
}

/// What waiting longer cannot mend.
fn hopeless(link: &LinkState) -> Option<Trouble> {
    match &link.trouble {
        Some(trouble @ (Trouble::Refused(_) | Trouble::Resolve { .. } | Trouble::Socket(_)))
            if !link.is_up() =>
        {
            Some(trouble.clone())
        }
        _ => None,
    }
}
