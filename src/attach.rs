//! Attachments: a *source* (a conf) becomes a network with a running engine.
//!
//! A [`Source`] is read into a [`Loaded`], which claims the conf and starts the engine: an [`Attachment`]. Everything
//! above knows a network by its [`Identity`] and never sees a conf; only the doctor's conf checks do. An attachment is
//! one item of a list: commands that work on several networks at once share [`list`], and one is the common case.
//!
//! Everything here but [`Loaded::attach`] may block on a file: the screens call it on a thread of its own.

mod context;
pub mod find;
pub mod list;
mod source;

use std::fmt;
use std::io;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::Ipv6Net;
use tokio::sync::watch;

use crate::doctor::facts::{Around, Conf};
use crate::engine::{Engine, Settings};
use crate::error::{Error, Exit};
use crate::net::tunnel::{Known, Tunnel};
use crate::net::{LinkState, Network};
use crate::profile::{DnsServer, Note, Profile};
use crate::state::{self, Asked, Claim};
use crate::text::Safe;

pub use source::Source;

/// Facts about a network from its source, before a packet is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the conf, sanitized.
    pub name: String,
    /// The conf's path; `None` for a generated conf.
    pub path: Option<PathBuf>,
    /// The network's name server.
    pub dns: DnsServer,
    /// Endpoint of the peer, as in the conf.
    pub endpoint: String,
    /// Problems in the conf that do not prevent attaching.
    pub notes: Vec<Note>,
    /// The facts that the doctor checks.
    pub conf: Conf,
}

impl Identity {
    fn of(profile: &Profile) -> Self {
        Self {
            name: profile.name.clone(),
            path: profile.path.clone(),
            dns: profile.dns,
            endpoint: profile.peer.endpoint.to_string(),
            notes: profile.notes.clone(),
            conf: Conf::of(profile),
        }
    }

    /// Our own address in the network.
    pub fn address(&self) -> Ipv6Addr {
        self.conf.address
    }

    /// The network's prefix, a /48.
    pub fn network(&self) -> Ipv6Net {
        self.conf.network
    }
}

/// A source that has been read and can be attached to.
#[derive(Debug, Clone)]
pub struct Loaded {
    source: Source,
    profile: Arc<Profile>,
    identity: Arc<Identity>,
}

impl Loaded {
    fn new(source: Source, profile: Profile) -> Self {
        let identity = Arc::new(Identity::of(&profile));
        Self { source, profile: Arc::new(profile), identity }
    }

    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Our own public key: two attachments with one key steal each other's replies.
    pub fn public_key(&self) -> [u8; 32] {
        self.profile.public_key()
    }

    /// Context of the conf on this host; `given` are further confs to compare with it. No packet is sent.
    pub fn context(&self, given: &[PathBuf]) -> Around {
        context::of(&self.profile, given)
    }

    /// Claims the conf for this process, unless `force` is set. Without a writable state folder nothing is claimed.
    ///
    /// # Errors
    /// If another process is attached with the same key.
    pub fn claim(&self, force: bool) -> Result<Claimed, InUse> {
        let free = Claimed { claim: None, behind: None, force };
        // No other process knows a generated conf.
        let (Some(dir), Some(path)) = (state::dir(), &self.profile.path) else { return Ok(free) };
        match state::claim(&dir, &self.public_key(), SystemTime::now(), rand::random::<u32>() >> 8) {
            Err(_) => Ok(free),
            Ok(Asked::Theirs(_)) if force => Ok(free),
            Ok(Asked::Theirs(pid)) => Err(InUse { path: path.clone(), pid }),
            Ok(Asked::Ours { claim, behind }) => Ok(Claimed { claim: Some(Arc::new(claim)), behind, force }),
        }
    }

    /// Attaches through the embedded tunnel; the handshake leaves at once.
    ///
    /// # Errors
    /// If the tunnel cannot be started (exit 4).
    pub fn attach(self, claimed: Claimed, settings: Settings) -> Result<Attachment, Error> {
        let endpoint = self.profile.peer.endpoint.to_string();
        let known = claimed.claim.as_ref().map_or_else(Known::default, |claim| Known {
            rtt: claim.round_trip(&endpoint),
            indices: claim.indices().to_vec(),
        });
        let tunnel = Tunnel::attach(&self.profile, known).map_err(cannot_attach)?;
        if let Some(claim) = &claimed.claim {
            tokio::spawn(keep_round_trip(tunnel.link(), Arc::clone(claim), endpoint));
        }
        self.attach_over(tunnel, claimed, settings)
    }

    /// Starts the engine over `net`.
    ///
    /// # Errors
    /// If the network gives no socket (exit 4).
    pub fn attach_over<N: Network>(
        self,
        net: N,
        claimed: Claimed,
        settings: Settings,
    ) -> Result<Attachment, Error> {
        let engine = Engine::start(net, self.identity.dns.addr, settings.clone()).map_err(cannot_attach)?;
        let identity = Arc::clone(&self.identity);
        Ok(Attachment { identity, engine, origin: Origin { loaded: self, claimed, settings } })
    }
}

/// Exclusive use of a conf until it is dropped.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    claim: Option<Arc<Claim>>,
    /// How far the host's clock went back since the conf was last attached.
    pub behind: Option<Duration>,
    force: bool,
}

/// Another process is attached with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    path: PathBuf,
    /// The process ID, if known.
    pub pid: Option<u32>,
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is in use by another sixpane", shown(&self.path))?;
        self.pid.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
    }
}

impl std::error::Error for InUse {}

impl From<InUse> for Error {
    fn from(in_use: InUse) -> Self {
        Self::new(Exit::Tunnel, in_use.to_string())
            .why("a gateway keeps one session per key, so each would receive the other's replies")
            .hint("close the other sixpane, or create a second peer: fly wireguard create")
            .hint("attach anyway: --force")
    }
}

#[derive(Debug)]
pub struct Attachment {
    pub identity: Arc<Identity>,
    pub engine: Engine,
    pub origin: Origin,
}

/// Source and options of an attachment, to attach to it again.
#[derive(Debug, Clone)]
pub struct Origin {
    loaded: Loaded,
    claimed: Claimed,
    settings: Settings,
}

impl Origin {
    /// Reads the source again and attaches if it has changed; `None` if it has not.
    ///
    /// # Errors
    /// If the source cannot be used any more, or the tunnel cannot be started.
    pub fn reload(&self) -> Result<Option<Attachment>, Error> {
        let Some(new) = self.loaded.source.read_again()? else { return Ok(None) };
        if new.profile == self.loaded.profile {
            return Ok(None);
        }
        // A claim is on a key.
        let same_key = new.profile.private_key == self.loaded.profile.private_key;
        let claimed = if same_key { self.claimed.clone() } else { new.claim(self.claimed.force)? };
        new.attach(claimed, self.settings.clone()).map(Some)
    }

    /// Context of the network on this host, for the doctor.
    pub fn context(&self) -> Around {
        Around { clock_behind: self.claimed.behind, ..self.loaded.context(&[]) }
    }

    /// Label of the source that [`Self::reload`] reads.
    pub fn label(&self) -> String {
        self.loaded.source.label()
    }
}

/// Keeps the round trip of the first handshake for the next attachment.
async fn keep_round_trip(mut link: watch::Receiver<LinkState>, claim: Arc<Claim>, endpoint: String) {
    let measured = link.wait_for(|link| link.handshake_rtt.is_some()).await;
    if let Some(rtt) = measured.ok().and_then(|link| link.handshake_rtt) {
        // Without it the next attachment is as good as the first.
        let _ = tokio::task::spawn_blocking(move || claim.keep_round_trip(&endpoint, rtt)).await;
    }
}

fn shown(path: &Path) -> Safe {
    Safe::new(path.as_os_str().as_encoded_bytes())
}

fn cannot_attach(error: io::Error) -> Error {
    Error::new(Exit::Tunnel, "cannot start the tunnel").because(error)
}
