//! Commands and reports of an engine. They are plain values, so the screens depend on nothing else of it.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalog::Catalog;
use crate::catalog::diff::Change;
use crate::catalog::place::Node;
use crate::dns::dig::line::Line;
use crate::dns::dig::query::NoServer;
use crate::dns::exchange::Exchange;
use crate::dns::lookup::Lookup;
use crate::doctor::Diagnosis;
use crate::doctor::facts::Facts;
use crate::net::LinkState;
use crate::probe::port::{PortCheck, PortResult};
use crate::probe::series::{PingTarget, Series, Target};
use crate::probe::trace::{Trace, TracePlan};
use crate::text::Safe;

/// A command to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Refresh all at and below these nodes now; `None` walks everything.
    Refresh(Option<Vec<Node>>),
    /// Query the details of this node: its names and their responses. Replaces the previous node.
    Inspect(Node),
    /// Ping exactly these targets from now on; earlier targets keep their statistics, an empty list stops.
    Ping(Vec<PingTarget>),
    /// Report the addresses of exactly these names from now on, and each time they change.
    Follow(Vec<Safe>),
    /// Interval between two pings to each target.
    PingEvery(Duration),
    /// Clear the ping statistics of these targets, or of all.
    ClearPings(Option<Vec<Target>>),
    /// Apps on the screen: the following walks query them first and always.
    Show(Vec<Safe>),
    /// Start a new handshake now.
    Rehandshake,
    /// Trace the route to this target; `None` stops. Replaces the previous trace.
    Trace(Option<(Target, TracePlan)>),
    /// Check these ports, a few at a time, with a protocol check if requested. Replaces the previous check.
    Ports(Vec<PortCheck>),
    /// Send the queries of this dig line. The number is returned with the responses.
    Dig(u64, Box<Line>),
    /// Diagnose the network, starting with these facts. Replaces the previous diagnosis.
    Diagnose(Box<Facts>),
}

/// A report from the engine.
#[derive(Debug, Clone)]
pub enum Report {
    /// Current state of the link.
    Link(Arc<LinkState>),
    Catalog(Arc<Catalog>),
    /// Details from [`Command::Inspect`], so far.
    Detail(Arc<Detail>),
    Pings(Arc<Vec<Series>>),
    /// Addresses of the followed names that have a response.
    Names(Arc<BTreeMap<Safe, Vec<Ipv6Addr>>>),
    /// The whole event log, oldest first, at most [`EVENTS`].
    Events(Arc<Vec<Event>>),
    /// Hops from [`Command::Trace`], so far.
    Trace(Arc<Trace>),
    /// Results of [`Command::Ports`] in the same order, so far.
    Ports(Arc<Vec<PortResult>>),
    /// Responses to the lines of [`Command::Dig`], oldest first, at most [`DIGS`].
    Digs(Arc<Vec<Arc<Answered>>>),
    /// Findings of [`Command::Diagnose`], so far.
    Diagnosis(Arc<Diagnosis>),
}

/// Maximum number of stored dig lines.
pub const DIGS: usize = 50;

/// A dig line with its responses.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Number given with the command.
    pub number: u64,
    /// Time of the last response.
    pub at: Instant,
    /// Exchanges in the order of the questions; for each question, one exchange per server.
    pub exchanges: Result<Vec<Exchange>, NoServer>,
}

/// Maximum number of stored events.
pub const EVENTS: usize = 1000;

/// A change and the time at which it was detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Number of the event, counted from 1, so that a reader knows which are new.
    pub serial: u64,
    pub at: Instant,
    pub change: Change,
}

/// Details of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    pub node: Node,
    /// Its names, the most important first; `answer` is empty until the response arrives.
    pub names: Vec<NameRow>,
    /// Process group; known if the query for that group has this machine in its response.
    pub group: Option<Safe>,
}

/// A name with its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// Without the final dot: `iad.web.internal`.
    pub name: String,
    /// `AAAA` or `TXT`.
    pub rtype: &'static str,
    /// Response, as soon as it has arrived.
    pub answer: Option<Lookup>,
}
