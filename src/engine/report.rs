//! What goes into an engine and what comes out: values only, so that the screens need no more than these.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::Catalog;
use crate::catalog::diff::Change;
use crate::catalog::place::Node;
use crate::dns::dig::ask::NoServer;
use crate::dns::dig::line::Line;
use crate::dns::exchange::Exchange;
use crate::dns::lookup::Lookup;
use crate::doctor::Diagnosis;
use crate::doctor::facts::Facts;
use crate::net::LinkState;
use crate::probe::port::{Knock, Knocked};
use crate::probe::series::{Aim, Series, Target};
use crate::probe::trace::{Trace, TracePlan};
use crate::text::Safe;

/// What the engine is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Ask about all at and below these again, now; `None` walks everything.
    Refresh(Option<Vec<Node>>),
    /// Ask for what is told about this node: its names and what each answers. Replaces the one before.
    Inspect(Node),
    /// Ping exactly these from now on; who was pinged before keeps its figures, an empty list stops.
    Ping(Vec<Aim>),
    /// Tell the addresses of exactly these names from now on, and again when they change.
    Follow(Vec<Safe>),
    /// Ping each target once in this time.
    PingEvery(Duration),
    /// Forget the ping figures of these targets, or of all.
    ClearPings(Option<Vec<Target>>),
    /// These apps are on somebody's screen: from the next walk on they are asked about first, and in every turn.
    Show(Vec<Safe>),
    /// Shake hands anew, now.
    Rehandshake,
    /// Trace the way to this target; `None` ends it. Replaces the one before.
    Trace(Option<(Target, TracePlan)>),
    /// Try these ports, a few at a time, and speak to those where that is wanted. Replaces the ones before.
    Ports(Vec<Knock>),
    /// Put this line to its servers. The number comes back with the answers.
    Dig(u64, Box<Line>),
    /// Find out what is wrong, from these facts on. Replaces the one before.
    Diagnose(Box<Facts>),
}

/// What the engine tells.
#[derive(Debug, Clone)]
pub enum Report {
    /// The link changed.
    Link(Arc<LinkState>),
    /// The catalog changed.
    Catalog(Arc<Catalog>),
    /// What an [`Command::Inspect`] found, so far.
    Detail(Arc<Detail>),
    /// The ping series changed.
    Pings(Arc<Vec<Series>>),
    /// The addresses of the followed names that were answered.
    Names(Arc<BTreeMap<Safe, Vec<Ipv6Addr>>>),
    /// The log of what changed in the network has grown: the whole of it, oldest first, at most [`EVENTS`].
    Events(Arc<Vec<Event>>),
    /// What a [`Command::Trace`] found, so far.
    Trace(Arc<Trace>),
    /// What came of [`Command::Ports`], in its order, so far.
    Ports(Arc<Vec<Knocked>>),
    /// What the lines of [`Command::Dig`] were answered, oldest first, at most [`DIGS`].
    Digs(Arc<Vec<Arc<Answered>>>),
    /// What a [`Command::Diagnose`] found, so far.
    Diagnosis(Arc<Diagnosis>),
}

/// Answered lines that are kept.
pub const DIGS: usize = 50;

/// An answered line.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The number that the line was put with.
    pub number: u64,
    /// When the last answer came.
    pub at: Instant,
    /// The exchanges in the order of the questions, those of one question side by side, one for each server.
    pub exchanges: Result<Vec<Exchange>, NoServer>,
}

/// Events that are kept.
pub const EVENTS: usize = 1000;

/// A change, and when it was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Counts all events from 1, so that a reader knows which are new.
    pub serial: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub change: Change,
}

/// What is told about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// About whom.
    pub node: Node,
    /// Its names in order of interest; the unanswered have no `answer`.
    pub names: Vec<NameRow>,
    /// The process group, where a query for it has this machine in its answer.
    pub group: Option<Safe>,
}

/// A name and what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// Without the final dot: `iad.web.internal`.
    pub name: String,
    /// `AAAA` or `TXT`.
    pub rtype: &'static str,
    /// What came, once it did.
    pub answer: Option<Lookup>,
}
