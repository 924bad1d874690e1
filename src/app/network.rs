//! The attached networks: one state for each, in a list.
//!
//! # Freezing the screen
//!
//! A frozen screen shows the data of one moment while the work continues. Stopping the engine or holding back its
//! reports would not do: probes must be sent, and queues must not grow. So each network has its reports twice while the
//! screen is frozen. [`Network::shown`] is what the views read; it does not change. [`Network::later`] is a copy made at
//! the freeze, and every report goes there. At the end of the freeze `later` replaces `shown`, and the views are notified
//! once, with the catalog before and after: marks of new and gone rows compare these two.
//!
//! The copy is cheap, as all large parts are shared (`Arc`). No report is lost and none is queued: each replaces the one
//! before. Keys work as usual, on the shown data: a row that is gone meanwhile can be selected, and commands are sent
//! with its name. The response to a query of the user is shown at once, since it is no change of the data on the screen.
//! Ages still grow; the frame shows how long the screen has been frozen.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Instant;

use super::pinged::Places;
use super::targets::TargetList;
use crate::attach::Identity;
use crate::catalog::Catalog;
use crate::doctor::Diagnosis;
use crate::engine::report::{Detail, Event};
use crate::engine::targets::Names;
use crate::net::LinkState;
use crate::probe::port::PortResult;
use crate::probe::series::{PingTarget, Series};
use crate::probe::trace::Trace;
use crate::text::Safe;

/// Number of an attachment in this process. A new attachment has a new number, so that commands and reports of the one
/// before are not taken for its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkId(u32);

impl NetworkId {
    /// The number of the first attachment.
    pub const FIRST: Self = Self(0);

    /// The number of the attachment that replaces this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[derive(Debug, Clone)]
pub struct Network {
    pub id: NetworkId,
    pub identity: Arc<Identity>,
    pub shown: Shown,
    /// The newest reports while the screen is frozen.
    pub later: Option<Shown>,
    /// Start of the walk in progress.
    pub walking: Option<Instant>,
    /// Whether the banner of a link that is down, or of a walk that failed in part, is hidden.
    pub banner_hidden: bool,
    /// Targets that the user wants pinged.
    pub target_list: TargetList,
    /// Last list of targets sent to the engine.
    pub ping_targets: Vec<PingTarget>,
    /// Last list of names sent to the engine.
    pub asked_names: Vec<Safe>,
}

/// The last reports about a network.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    pub link: Option<Arc<LinkState>>,
    pub catalog: Arc<Catalog>,
    /// Errors of the last finished walk.
    pub problems: Vec<String>,
    /// Details of the selected node.
    pub detail: Option<Arc<Detail>>,
    pub pings: Arc<Vec<Series>>,
    /// Index of an address in `pings`.
    pub places: Places,
    pub trace: Option<Arc<Trace>>,
    pub ports: Arc<Vec<PortResult>>,
    /// Addresses of the names that are pinged.
    pub names: Arc<Names>,
    pub events: Arc<Vec<Event>>,
    pub diagnosis: Option<Arc<Diagnosis>>,
}

impl Shown {
    /// The series of a target at `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.places.find(&self.pings, address)
    }
}

/// The networks, with the one that the views show. Never empty.
#[derive(Debug, Clone)]
pub struct Networks {
    front: Network,
    others: Vec<Network>,
}

impl Networks {
    pub fn new(id: NetworkId, identity: Arc<Identity>) -> Self {
        let front = Network {
            id,
            identity,
            shown: Shown::default(),
            later: None,
            walking: None,
            banner_hidden: false,
            target_list: TargetList::default(),
            ping_targets: Vec::new(),
            asked_names: Vec::new(),
        };
        Self { front, others: Vec::new() }
    }

    /// The network that the views show.
    pub fn front(&self) -> &Network {
        &self.front
    }

    pub fn front_mut(&mut self) -> &mut Network {
        &mut self.front
    }

    /// The network with this number, if still attached.
    pub fn get_mut(&mut self, id: NetworkId) -> Option<&mut Network> {
        self.iter_mut().find(|network| network.id == id)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Network> {
        std::iter::once(&mut self.front).chain(&mut self.others)
    }
}
