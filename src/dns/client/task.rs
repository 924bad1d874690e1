//! The client's task: queries in flight, their transport and retries, and the matching of responses. The design is
//! described in [`client`](super).

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt as _};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::{mpsc, watch};

use super::super::exchange::{Answer, Cookie, Exchange, Failure, Options, Transport, Try, TryEnd};
use super::super::message::{self, Reply};
use super::super::retry;
use super::super::tcp::{Connection, Event};
use super::super::window::{self, Pace, Rtt, Window};
use super::flight::{Flight, Job, REPEAT};
use super::{MANY, Order, QUEUE};
use crate::clock;
use crate::net::{Arrival, Datagrams, IcmpError, LinkState, Network};

/// Initial and maximum number of a walk's queries in flight on the TCP connection: TCP itself starts with two segments.
const LANE: (usize, usize) = (32, 1024);
/// Delay after which a response on the connection counts as head-of-line blocking.
const LANE_PATIENCE: Duration = Duration::from_millis(150);
/// Time for which a walk does not use a blocked connection.
const BARRED: Duration = Duration::from_secs(30);
/// On a shorter path the cost of packets is the limit, not the window: UDP beside the connection would only cost more.
const SHORT: Duration = Duration::from_millis(20);
/// On a short path, queries are sent in groups of this size while others are in flight: they share packets, where single
/// queries would take a packet each.
const TOGETHER: usize = 64;
/// Extra queries beyond the window, for interactive use during a walk.
pub const SPARE: usize = 16;
/// The TCP connection to the default server, as shared by the queries of a walk.
#[derive(Debug)]
struct Lane {
    /// Number of queries in flight on it.
    flying: usize,
    window: Window,
    /// Round-trip time on the connection, including its queue.
    rtt: Rtt,
    /// End of the time for which it is not used after blocking.
    barred: Option<Instant>,
}

impl Default for Lane {
    fn default() -> Self {
        Self { flying: 0, window: Window::new(LANE.0, LANE.1), rtt: Rtt::default(), barred: None }
    }
}

/// State of the client's task.
pub struct Task<N: Network> {
    net: N,
    udp: N::Udp,
    link: watch::Receiver<LinkState>,
    tcp_events: mpsc::Sender<Event>,
    connections: HashMap<SocketAddrV6, Connection>,
    generation: u64,
    waiting: VecDeque<Job>,
    /// Queries of walks, with lower priority than all others.
    bulk: VecDeque<Job>,
    flights: HashMap<u64, Box<Flight>>,
    /// Message ID → flight and number of its try.
    ids: HashMap<u16, (u64, usize)>,
    deadlines: BTreeSet<(Instant, u64)>,
    next_key: u64,
    window: Window,
    rtt: Rtt,
    lane: Lane,
    /// Path these estimates belong to: link-up time and peer endpoint.
    path: Option<(Instant, Option<SocketAddr>)>,
    /// Whether there was another path before.
    moved: bool,
    pace: Pace,
    /// Time at which pacing allows a walk's next query, if one waits for it.
    paced: Option<Instant>,
    ignored: Arc<AtomicU64>,
    rng: StdRng,
}

impl<N: Network> Task<N> {
    /// Creates the task over `net`; events of its connections arrive over `tcp_events`.
    pub fn new(net: &N, tcp_events: mpsc::Sender<Event>, ignored: Arc<AtomicU64>) -> io::Result<Self> {
        Ok(Self {
            net: net.clone(),
            udp: net.udp()?,
            link: net.link(),
            tcp_events,
            connections: HashMap::new(),
            generation: 0,
            waiting: VecDeque::new(),
            bulk: VecDeque::new(),
            flights: HashMap::new(),
            ids: HashMap::new(),
            deadlines: BTreeSet::new(),
            next_key: 0,
            window: Window::new(window::FIRST, window::LARGEST),
            rtt: Rtt::default(),
            lane: Lane::default(),
            path: None,
            moved: false,
            pace: Pace::default(),
            paced: None,
            ignored,
            rng: StdRng::from_rng(&mut rand::rng()),
        })
    }

    /// Runs until the last handle is dropped and all queries are answered.
    pub async fn run(
        mut self,
        mut queue: mpsc::Receiver<Order>,
        mut many: mpsc::Receiver<Job>,
        mut tcp: mpsc::Receiver<Event>,
    ) {
        self.path = self.current_path();
        let mut open = true;
        while open || !self.flights.is_empty() || !self.waiting.is_empty() || !self.bulk.is_empty() {
            self.fill();
            let due = self.deadlines.first().map(|&(due, _)| due).into_iter().chain(self.paced).min();
            let wake = clock::sleep_until(due);
            tokio::select! {
                order = queue.recv(), if open && self.waiting.len() < QUEUE && self.bulk.len() < MANY => {
                    open = order.is_some();
                    let more = std::iter::from_fn(|| queue.try_recv().ok()).take(QUEUE);
                    order.into_iter().chain(more).for_each(|order| self.accept(order));
                }
                Some(job) = many.recv(), if self.bulk.len() < MANY => {
                    self.bulk.push_back(job);
                    while let Ok(job) = many.try_recv() {
                        self.bulk.push_back(job);
                    }
                }
                arrival = self.udp.recv() => match arrival {
                    Ok(arrival) => self.arrived(arrival),
                    Err(_) => return,
                },
                Some(event) = tcp.recv() => {
                    self.tcp_event(event);
                    while let Ok(event) = tcp.try_recv() {
                        self.tcp_event(event);
                    }
                }
                changed = self.link.changed() => match changed {
                    Ok(()) => self.link_changed(),
                    Err(_) => return,
                },
                () = wake => self.overdue(clock::now()),
            }
        }
    }

    fn accept(&mut self, order: Order) {
        match order {
            Order::Ask(job) if job.options.shared => self.bulk.push_back(job),
            Order::Ask(job) => self.waiting.push_back(job),
            Order::Connect(server) => self.connect(server),
        }
    }

    /// Sends as many queued queries as the window and the lane allow.
    fn fill(&mut self) {
        while self.flying() < self.window.size() + SPARE
            && let Some(job) = self.waiting.pop_front()
        {
            self.start(job, false);
        }
        let short = self.rtt.least().is_some_and(|rtt| rtt < SHORT);
        let long = self.rtt.mean().filter(|_| !short);
        let gap = long.map(|rtt| Pace::gap(self.window.size(), rtt));
        let now = clock::now();
        self.paced = None;
        let mut room = self.lane.window.size().saturating_sub(self.lane.flying);
        if short && room.min(self.bulk.len()) < TOGETHER && self.lane.flying >= TOGETHER {
            room = 0;
        }
        while let Some(job) = self.bulk.front() {
            let many = job.options.shared || self.bulk.len() + self.lane.flying > window::FIRST;
            let in_lane = many && self.lane_flows(job.server);
            let lane = in_lane && room > 0;
            room -= usize::from(lane);
            if !lane && (self.flying() >= self.window.size() || (in_lane && short)) {
                break;
            }
            if let Some(gap) = gap.filter(|_| !lane)
                && let Err(later) = self.pace.leave(now, gap)
            {
                self.paced = Some(later);
                break;
            }
            if let Some(job) = self.bulk.pop_front() {
                self.start(job, lane);
            }
        }
    }

    /// Number of queries counted by the window.
    fn flying(&self) -> usize {
        self.flights.len() - self.lane.flying
    }

    /// Whether queries of a walk may share the connection to `server`.
    fn lane_flows(&self, server: SocketAddrV6) -> bool {
        self.lane.barred.is_none_or(|until| until <= clock::now())
            && self.connections.get(&server).is_some_and(|connection| connection.open)
    }

    /// Stops using the connection for a walk after head-of-line blocking.
    fn lane_stuck(&mut self, now: Instant) {
        let flying = self.lane.flying;
        self.lane = Lane { flying, barred: Some(now + BARRED), ..Lane::default() };
    }

    /// Removes a flight from the lane.
    fn leave_lane(&mut self, key: u64) {
        if let Some(flight) = self.flights.get_mut(&key).filter(|flight| flight.in_lane) {
            flight.in_lane = false;
            flight.connection = None;
            flight.tcp_tries = 0;
            self.lane.flying -= 1;
        }
    }

    fn connect(&mut self, server: SocketAddrV6) {
        let (net, events, generation) = (&self.net, &self.tcp_events, &mut self.generation);
        self.connections.entry(server).or_insert_with(|| {
            *generation += 1;
            Connection::open(net, server, *generation, events.clone())
        });
    }

    fn start(&mut self, mut job: Job, lane: bool) {
        if job.caller.is_gone() {
            return;
        }
        if job.options.cookie == Some(Cookie::Fresh) {
            let cookie = Some(Cookie::Given(self.rng.next_u64().to_be_bytes().to_vec()));
            job.options = Arc::new(Options { cookie, ..(*job.options).clone() });
        }
        let now = clock::now();
        let key = self.next_key;
        self.next_key += 1;
        let edns = job.options.edns.is_some();
        let tcp = job.options.tcp;
        let flight = Box::new(Flight {
            job,
            started: now,
            tries: Vec::new(),
            sent: Vec::new(),
            id: 0,
            further_ids: Vec::new(),
            udp_tries: 0,
            connection: None,
            tcp_tries: 0,
            in_lane: lane,
            edns,
            due: now,
        });
        self.deadlines.insert((now, key));
        self.flights.insert(key, flight);
        self.lane.flying += usize::from(lane);
        if tcp || lane { self.try_tcp(key, now) } else { self.try_udp(key, now) }
    }

    fn try_udp(&mut self, key: u64, now: Instant) {
        let Some((index, wire)) = self.next_try(key, Transport::Udp, now) else { return };
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.udp_tries += 1;
        let sent = self.udp.send(flight.job.server, &wire);
        if let Err(error) = sent
            && let Some(attempt) = flight.tries.get_mut(index)
        {
            // A full queue counts as a lost datagram: the next try may succeed.
            attempt.end = TryEnd::Failed(crate::text::words(error));
        }
        self.schedule(key);
    }

    fn try_tcp(&mut self, key: u64, now: Instant) {
        let Some((_, wire)) = self.next_try(key, Transport::Tcp, now) else { return };
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.tcp_tries += 1;
        let server = flight.job.server;
        self.connect(server);
        let Some(connection) = self.connections.get_mut(&server) else { return };
        if !connection.send(&wire) {
            // It ended just now, and its event is still queued: open a new one.
            self.generation += 1;
            *connection = Connection::open(&self.net, server, self.generation, self.tcp_events.clone());
            connection.send(&wire);
        }
        let generation = connection.generation;
        if let Some(flight) = self.flights.get_mut(&key) {
            flight.connection = Some(generation);
        }
        self.schedule(key);
    }

    /// Adds a try with its own message ID, so that a late response is matched to the right try.
    fn next_try(&mut self, key: u64, transport: Transport, now: Instant) -> Option<(usize, Vec<u8>)> {
        let id = self.free_id();
        let flight = self.flights.get_mut(&key)?;
        match message::write(&flight.job.question, &flight.job.options, id, flight.edns) {
            Ok(wire) => {
                let index = flight.tries.len();
                flight.tries.reserve_exact(1);
                flight.tries.push(Try {
                    sent: now - flight.job.submitted,
                    transport,
                    end: TryEnd::NoResponse,
                });
                if index == 0 {
                    flight.id = id;
                } else {
                    flight.further_ids.push(id);
                }
                self.ids.insert(id, (key, index));
                if flight.job.options.keep_query {
                    flight.sent.push(wire.as_slice().into());
                }
                Some((index, wire))
            }
            Err(reason) => {
                self.finish(key, Err(Failure::Unsendable(reason)));
                None
            }
        }
    }

    fn free_id(&mut self) -> u16 {
        loop {
            // At most a few thousand of 65,536 are in use.
            let id = (self.rng.next_u32() >> 16) as u16;
            if !self.ids.contains_key(&id) {
                return id;
            }
        }
    }

    /// Sets the time of the next action for a flight.
    fn schedule(&mut self, key: u64) {
        let up_since = self.up_since();
        let lossy = self.window.is_lossy(clock::now(), self.rtt.expected());
        let Some(flight) = self.flights.get_mut(&key) else { return };
        let end = flight.end(&self.link.borrow());
        let last = flight.tries.last().map(|t| (t.transport, flight.job.submitted + t.sent));
        let due = match (last, up_since) {
            // A query sent before the link was up leaves with the handshake's last message: its timer starts there.
            // While the link is down, retries would only fill the queue.
            (Some((Transport::Udp, sent)), Some(up)) if !flight.is_last_try() => {
                (sent.max(up) + self.rtt.expected() + flight.patience(lossy)).min(end)
            }
            (Some((Transport::Tcp, sent)), Some(up)) if !flight.in_lane && flight.may_repeat() => {
                (sent.max(up) + self.rtt.expected() + REPEAT).min(end)
            }
            (Some((Transport::Tcp, sent)), Some(up)) if flight.in_lane => {
                let expected =
                    self.lane.rtt.mean().map_or(self.rtt.expected() * 2, |_| self.lane.rtt.expected());
                (sent.max(up) + expected + LANE_PATIENCE).min(end)
            }
            _ => end,
        };
        self.deadlines.remove(&(flight.due, key));
        flight.due = due;
        self.deadlines.insert((due, key));
    }

    fn up_since(&self) -> Option<Instant> {
        let link = self.link.borrow();
        link.is_up().then_some(link.since)
    }

    fn current_path(&self) -> Option<(Instant, Option<SocketAddr>)> {
        let link = self.link.borrow();
        link.is_up().then_some((link.since, link.endpoint))
    }

    fn link_changed(&mut self) {
        let path = self.current_path();
        if path.is_some() && path != self.path && std::mem::replace(&mut self.path, path).is_some() {
            // The host or the peer has moved: the estimates no longer apply.
            self.moved = true;
            self.rtt = Rtt::default();
            self.window = Window::new(window::FIRST, window::LARGEST);
            self.lane.window = Window::new(LANE.0, LANE.1);
            self.lane.rtt = Rtt::default();
        }
        let keys: Vec<u64> = self.flights.keys().copied().collect();
        for key in keys {
            self.schedule(key);
        }
    }

    fn overdue(&mut self, now: Instant) {
        while let Some(&(due, key)) = self.deadlines.first() {
            if due > now {
                break;
            }
            let Some(flight) = self.flights.get(&key) else {
                self.deadlines.pop_first();
                continue;
            };
            let end = flight.end(&self.link.borrow());
            let last = flight.tries.last();
            let waits_on_udp = last.is_some_and(|t| t.transport == Transport::Udp);
            let sent = flight.job.submitted + last.map_or(Duration::ZERO, |t| t.sent);
            if now >= end || flight.job.caller.is_gone() {
                let timeout = end.saturating_duration_since(flight.started);
                self.finish(key, Err(Failure::Timeout(timeout)));
            } else if flight.in_lane {
                self.lane_stuck(now);
                self.leave_lane(key);
                self.try_udp(key, now);
            } else {
                if waits_on_udp {
                    self.window.lost(now, sent);
                }
                let over_udp = |flight: &Flight| {
                    let beside = flight.connection.is_some() && flight.may_repeat();
                    beside || (waits_on_udp && flight.may_try_udp())
                };
                if self.flights.get(&key).is_some_and(|flight| over_udp(flight)) {
                    self.try_udp(key, now);
                } else {
                    self.try_tcp(key, now);
                }
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Datagram { from, payload, at } => self.message(from, payload, Transport::Udp, at),
            Arrival::Unreachable { to, by, error } => self.unreachable(to, by, error),
        }
    }

    fn unreachable(&mut self, to: SocketAddrV6, by: Ipv6Addr, error: IcmpError) {
        let failure = match error {
            IcmpError::Unreachable(4) => Failure::Refused,
            IcmpError::Unreachable(_) => Failure::Unreachable(format!("{error}, from {by}")),
            _ => return,
        };
        let keys: Vec<u64> = self
            .flights
            .iter()
            .filter(|(_, f)| {
                f.job.server == to && f.tries.last().is_some_and(|t| t.transport == Transport::Udp)
            })
            .map(|(&key, _)| key)
            .collect();
        for key in keys {
            if let Some(attempt) = self.flights.get_mut(&key).and_then(|f| f.tries.last_mut()) {
                attempt.end = TryEnd::Failed(failure.to_string());
            }
            self.finish(key, Err(failure.clone()));
        }
    }

    fn tcp_event(&mut self, event: Event) {
        let now = clock::now();
        match event {
            Event::Open { server, generation } => {
                if let Some(connection) = self.connections.get_mut(&server)
                    && connection.generation == generation
                {
                    connection.open = true;
                }
            }
            Event::Frames { server, wires } => {
                for wire in wires {
                    self.message(server, wire, Transport::Tcp, now);
                }
            }
            Event::Closed { server, generation, reason } => {
                if self.connections.get(&server).is_some_and(|c| c.generation == generation) {
                    self.connections.remove(&server);
                }
                let keys: Vec<u64> = self
                    .flights
                    .iter()
                    .filter(|(_, f)| f.connection == Some(generation))
                    .map(|(&key, _)| key)
                    .collect();
                for key in keys {
                    let Some(flight) = self.flights.get_mut(&key) else { continue };
                    flight.connection = None;
                    if let Some(attempt) = flight.tries.last_mut() {
                        attempt.end = TryEnd::Failed(reason.clone());
                    }
                    if flight.in_lane {
                        self.lane_stuck(now);
                        self.leave_lane(key);
                        self.try_udp(key, now);
                    } else if flight.tcp_tries < 2 {
                        self.try_tcp(key, now);
                    } else {
                        self.finish(key, Err(Failure::Tcp(reason.clone())));
                    }
                }
            }
        }
    }

    fn message(&mut self, from: SocketAddrV6, wire: Vec<u8>, transport: Transport, at: Instant) {
        let up_since = self.up_since();
        // A window that only waits for pacing counts as full.
        let flying = if self.paced.is_some() { self.window.size() } else { self.flying() };
        let known = message::id(&wire).and_then(|id| self.ids.get(&id).copied());
        let Some((key, index)) = known else { return self.ignore() };
        let Some(flight) = self.flights.get_mut(&key) else { return self.ignore() };
        let Some(attempt) = flight.tries.get_mut(index) else { return self.ignore() };
        if from.ip() != flight.job.server.ip()
            || from.port() != flight.job.server.port()
            || attempt.transport != transport
            // A duplicate of a response that was handled already.
            || !matches!(attempt.end, TryEnd::NoResponse | TryEnd::Failed(_))
        {
            return self.ignore();
        }
        let answered = match message::read(&wire, &flight.job.question) {
            Reply::Stray => return self.ignore(),
            Reply::Malformed(reason) => {
                attempt.end = TryEnd::Failed(format!("not a DNS message: {reason}"));
                return self.finish(key, Err(Failure::Malformed(reason)));
            }
            Reply::Answer(message) => message,
        };
        let sent = flight.job.submitted + attempt.sent;
        let left = up_since.map_or(sent, |up| sent.max(up));
        let rtt = at.saturating_duration_since(left);
        // Queries sent over the previous path are not measured.
        let comparable = !self.moved || sent >= left;
        if comparable && transport == Transport::Udp {
            self.rtt.measured(rtt);
            self.window.answered(rtt, flying);
        } else if comparable && flight.in_lane {
            self.lane.rtt.measured(rtt);
            self.lane.window.answered(rtt, self.lane.flying + TOGETHER);
        }
        let code = u16::from(answered.metadata.response_code);
        if code == 1 && flight.edns {
            attempt.end = TryEnd::NoEdns(rtt);
            flight.edns = false;
            flight.udp_tries = 0;
            return if transport == Transport::Udp { self.try_udp(key, at) } else { self.try_tcp(key, at) };
        }
        if let Some(retry) = retry::requested(&answered, &flight.job.options, &flight.tries, transport, rtt) {
            if let Some(attempt) = flight.tries.get_mut(index) {
                attempt.end = retry.end;
            }
            flight.job.options = Arc::new(retry.options);
            flight.udp_tries = 0;
            return match retry.transport {
                Transport::Udp => self.try_udp(key, at),
                Transport::Tcp => self.try_tcp(key, at),
            };
        }
        let Some(attempt) = flight.tries.get_mut(index) else { return self.ignore() };
        if answered.metadata.truncation && transport == Transport::Udp && flight.job.options.follow_truncation
        {
            attempt.end = TryEnd::Truncated(rtt);
            return self.try_tcp(key, at);
        }
        attempt.end = TryEnd::Response(rtt);
        let answer = Answer { message: Arc::new(*answered), wire: wire.into(), rtt, transport };
        self.finish(key, Ok(answer));
    }

    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    fn finish(&mut self, key: u64, result: Result<Answer, Failure>) {
        self.leave_lane(key);
        let Some(flight) = self.flights.remove(&key) else { return };
        self.deadlines.remove(&(flight.due, key));
        for id in flight.further_ids.iter().chain([&flight.id]) {
            self.ids.remove(id);
        }
        let flight = *flight;
        let Job { question, server, caller, .. } = flight.job;
        caller.deliver(Exchange { question, server, tries: flight.tries, sent: flight.sent, result });
    }
}
