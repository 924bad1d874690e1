//! The attached networks: one state for each, in a list.

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

/// Number of an attachment in this process. One that replaces another has a new number, so that what was meant for the
/// first is never taken for the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkId(u32);

impl NetworkId {
    /// The number of the first attachment.
    pub const FIRST: Self = Self(0);

    /// The number of an attachment in the place of this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An attached network.
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
    /// Changes, oldest first.
    pub events: Arc<Vec<Event>>,
    pub diagnosis: Option<Arc<Diagnosis>>,
}

impl Shown {
    /// The series of a target at `address`.
    pub fn series(&self, address: Ipv6Addr) -> Option<&Series> {
        self.places.find(&self.pings, address)
    }
}

/// The networks, and which of them the views show. There is always one.
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

    /// The network with this number, unless it is attached no longer.
    pub fn get_mut(&mut self, id: NetworkId) -> Option<&mut Network> {
        self.iter_mut().find(|network| network.id == id)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Network> {
        std::iter::once(&mut self.front).chain(&mut self.others)
    }
}
