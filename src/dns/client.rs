//! The one way to ask a name server: many questions at once over one UDP socket, each with its tries, and one
//! shared TCP connection for what UDP cannot carry.
//!
//! One task owns all state. In flight is at most a window that grows while answers come clean and halves when
//! one is lost, so that neither the server nor a receive buffer is flooded; the rest waits in order.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::{mpsc, oneshot, watch};

use super::exchange::{Answer, Exchange, Failure, Options, Question, Transport, Try, TryEnd};
use super::message::{self, Reply};
use super::tcp::{Connection, Event};
use crate::net::{Arrival, Datagrams, IcmpError, LinkState, Network};

/// The port of a name server.
pub const PORT: u16 = 53;

/// Over the measured round trip, how long each UDP try waits; after the last one the question goes over TCP.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(150), Duration::from_millis(450)];
/// The round trip assumed before one was measured.
const UNKNOWN_RTT: Duration = Duration::from_millis(200);
const FIRST_WINDOW: usize = 64;
const SMALLEST_WINDOW: usize = 8;
const LARGEST_WINDOW: usize = 256;
/// Questions that may wait for a place in the window before askers have to wait to put theirs.
const QUEUE: usize = 1024;

/// A handle to ask with; clones share the socket, the connection and the window.
#[derive(Debug, Clone)]
pub struct Client {
    jobs: mpsc::Sender<Job>,
    server: SocketAddrV6,
    ignored: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Job {
    question: Question,
    options: Options,
    server: SocketAddrV6,
    put: Instant,
    reply: oneshot::Sender<Exchange>,
}

impl Client {
    /// A client over `net` that asks `server` where nobody else is named. Its task ends with the last clone.
    ///
    /// # Errors
    /// Where no UDP socket can be bound.
    pub fn new<N: Network>(net: &N, server: Ipv6Addr) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let ignored = Arc::new(AtomicU64::new(0));
        let (tcp_events, tcp_inbox) = mpsc::channel(64);
        let asker = Asker {
            net: net.clone(),
            udp: net.udp()?,
            link: net.link(),
            tcp_events,
            connections: HashMap::new(),
            generation: 0,
            waiting: VecDeque::new(),
            flights: HashMap::new(),
            ids: HashMap::new(),
            deadlines: BTreeSet::new(),
            next_key: 0,
            window: Window::default(),
            rtt: Rtt::default(),
            ignored: ignored.clone(),
            rng: StdRng::from_rng(&mut rand::rng()),
        };
        tokio::spawn(asker.run(queue, tcp_inbox));
        Ok(Self { jobs, server: SocketAddrV6::new(server, PORT, 0, 0), ignored })
    }

    /// Whom we ask by default.
    pub fn server(&self) -> SocketAddrV6 {
        self.server
    }

    /// Asks the default server.
    pub async fn ask(&self, question: Question, options: &Options) -> Exchange {
        self.ask_at(self.server, question, options).await
    }

    /// Asks `server`. It always ends, `options.timeout` after it was put into the window at the latest.
    pub async fn ask_at(&self, server: SocketAddrV6, question: Question, options: &Options) -> Exchange {
        let (reply, answer) = oneshot::channel();
        let closed =
            Exchange { question: question.clone(), server, tries: vec![], outcome: Err(Failure::Closed) };
        let job = Job { question, options: options.clone(), server, put: clock(), reply };
        match self.jobs.send(job).await {
            Ok(()) => answer.await.unwrap_or(closed),
            Err(_) => closed,
        }
    }

    /// Messages that came and answered nothing of ours: late, duplicate, forged.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }
}

/// A question in flight.
#[derive(Debug)]
struct Flight {
    job: Job,
    /// When it was let into the window: its timeout runs from here.
    started: Instant,
    tries: Vec<Try>,
    /// The IDs of its tries, with which they can be answered.
    ids: Vec<u16>,
    /// UDP tries so far.
    udp_tries: usize,
    /// The TCP connection it waits on.
    connection: Option<u64>,
    tcp_tries: usize,
    edns: bool,
    /// When something has to be done about it next.
    due: Instant,
}

impl Flight {
    /// Whether another datagram may leave.
    fn may_try_udp(&self) -> bool {
        self.udp_tries < self.job.options.tries.unwrap_or(PATIENCE.len())
    }

    /// Whether the asker wants no more than the tries so far.
    fn is_last_try(&self) -> bool {
        self.job.options.tries.is_some_and(|tries| self.udp_tries >= tries)
    }
}

struct Asker<N: Network> {
    net: N,
    udp: N::Udp,
    link: watch::Receiver<LinkState>,
    tcp_events: mpsc::Sender<Event>,
    connections: HashMap<SocketAddrV6, Connection>,
    generation: u64,
    waiting: VecDeque<Job>,
    flights: HashMap<u64, Flight>,
    /// ID of a message → the flight and its try.
    ids: HashMap<u16, (u64, usize)>,
    deadlines: BTreeSet<(Instant, u64)>,
    next_key: u64,
    window: Window,
    rtt: Rtt,
    ignored: Arc<AtomicU64>,
    rng: StdRng,
}

impl<N: Network> Asker<N> {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>, mut tcp: mpsc::Receiver<Event>) {
        let mut open = true;
        while open || !self.flights.is_empty() || !self.waiting.is_empty() {
            while self.flights.len() < self.window.size()
                && let Some(job) = self.waiting.pop_front()
            {
                self.start(job);
            }
            let due = self.deadlines.first().map(|&(due, _)| due.into());
            let wake = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                job = queue.recv(), if open && self.waiting.len() < QUEUE => match job {
                    Some(job) => self.waiting.push_back(job),
                    None => open = false,
                },
                arrival = self.udp.recv() => match arrival {
                    Ok(arrival) => self.arrived(arrival),
                    Err(_) => return,
                },
                Some(event) = tcp.recv() => self.tcp_event(event),
                changed = self.link.changed() => match changed {
                    Ok(()) => self.link_changed(),
                    Err(_) => return,
                },
                () = wake => self.overdue(clock()),
            }
        }
    }

    fn start(&mut self, job: Job) {
        if job.reply.is_closed() {
            return;
        }
        let now = clock();
        let key = self.next_key;
        self.next_key += 1;
        let edns = job.options.edns.is_some();
        let tcp = job.options.tcp;
        let flight = Flight {
            job,
            started: now,
            tries: Vec::new(),
            ids: Vec::new(),
            udp_tries: 0,
            connection: None,
            tcp_tries: 0,
            edns,
            due: now,
        };
        self.deadlines.insert((now, key));
        self.flights.insert(key, flight);
        if tcp { self.try_tcp(key, now) } else { self.try_udp(key, now) }
    }

    fn try_udp(&mut self, key: u64, now: Instant) {
        let Some((index, wire)) = self.next_try(key, Transport::Udp, now) else { return };
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.udp_tries += 1;
        let sent = self.udp.send(flight.job.server, &wire);
        if let Err(error) = sent
            && let Some(attempt) = flight.tries.get_mut(index)
        {
            // A full queue is as good as a lost datagram: the next try may get through.
            attempt.end = TryEnd::Failed(crate::text::words(error));
        }
        self.schedule(key);
    }

    fn try_tcp(&mut self, key: u64, now: Instant) {
        let Some((_, wire)) = self.next_try(key, Transport::Tcp, now) else { return };
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.tcp_tries += 1;
        let server = flight.job.server;
        let (net, events, generation) = (&self.net, &self.tcp_events, &mut self.generation);
        let connection = self.connections.entry(server).or_insert_with(|| {
            *generation += 1;
            Connection::open(net, server, *generation, events.clone())
        });
        if !connection.send(&wire) {
            // It ended just now, and has not said so yet: its place is taken by a new one.
            *generation += 1;
            *connection = Connection::open(net, server, *generation, events.clone());
            connection.send(&wire);
        }
        flight.connection = Some(connection.generation);
        self.schedule(key);
    }

    /// Writes down a new try and makes its message, with an ID of its own, so that a late answer to an earlier
    /// try is known as that and its round trip is never mistaken.
    fn next_try(&mut self, key: u64, transport: Transport, now: Instant) -> Option<(usize, Vec<u8>)> {
        let id = self.free_id();
        let flight = self.flights.get_mut(&key)?;
        match message::write(&flight.job.question, &flight.job.options, id, flight.edns) {
            Ok(wire) => {
                let index = flight.tries.len();
                flight.tries.push(Try { sent: now - flight.job.put, transport, end: TryEnd::Silent });
                flight.ids.push(id);
                self.ids.insert(id, (key, index));
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
            // At most a few thousand of 65,536 are taken.
            let id = (self.rng.next_u32() >> 16) as u16;
            if !self.ids.contains_key(&id) {
                return id;
            }
        }
    }

    /// Sets the time at which something has to be done about a flight.
    fn schedule(&mut self, key: u64) {
        let up_since = self.up_since();
        let Some(flight) = self.flights.get_mut(&key) else { return };
        let end = flight.started + flight.job.options.timeout;
        let last = flight.tries.last().map(|t| (t.transport, flight.job.put + t.sent));
        let due = match (last, up_since) {
            // What was asked before the link stood leaves with the handshake's last message: its patience
            // begins there. While there is no link, asking again would only fill the queue.
            (Some((Transport::Udp, sent)), Some(up)) if !flight.is_last_try() => {
                let patience = PATIENCE[(flight.udp_tries.max(1) - 1).min(PATIENCE.len() - 1)];
                (sent.max(up) + self.rtt.expected() + patience).min(end)
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

    fn link_changed(&mut self) {
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
            let timeout = flight.job.options.timeout;
            let waits_on_udp = flight.tries.last().is_some_and(|t| t.transport == Transport::Udp);
            if now >= flight.started + timeout || flight.job.reply.is_closed() {
                self.finish(key, Err(Failure::Timeout(timeout)));
            } else {
                if waits_on_udp {
                    self.window.lost(now, self.rtt.expected());
                }
                if waits_on_udp && self.flights.get(&key).is_some_and(Flight::may_try_udp) {
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
            IcmpError::Unreachable(code) => {
                Failure::Unreachable(format!("{by} says: {}", unreachable_word(code)))
            }
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
        let now = clock();
        match event {
            Event::Frame { server, wire } => self.message(server, wire, Transport::Tcp, now),
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
                    if flight.tcp_tries < 2 {
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
        let known = message::id(&wire).and_then(|id| self.ids.get(&id).copied());
        let Some((key, index)) = known else { return self.ignore() };
        let Some(flight) = self.flights.get_mut(&key) else { return self.ignore() };
        let Some(attempt) = flight.tries.get_mut(index) else { return self.ignore() };
        if from.ip() != flight.job.server.ip()
            || from.port() != flight.job.server.port()
            || attempt.transport != transport
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
        let sent = flight.job.put + attempt.sent;
        let left = up_since.map_or(sent, |up| sent.max(up));
        let rtt = at.saturating_duration_since(left);
        if transport == Transport::Udp {
            self.rtt.measured(rtt);
            self.window.answered();
        }
        let code = u16::from(answered.metadata.response_code);
        if code == 1 && flight.edns {
            attempt.end = TryEnd::NoEdns(rtt);
            flight.edns = false;
            flight.udp_tries = 0;
            return if transport == Transport::Udp { self.try_udp(key, at) } else { self.try_tcp(key, at) };
        }
        if answered.metadata.truncation && transport == Transport::Udp && flight.job.options.follow_truncation
        {
            attempt.end = TryEnd::Truncated(rtt);
            return self.try_tcp(key, at);
        }
        attempt.end = TryEnd::Answered(rtt);
        let answer = Answer { message: Arc::new(*answered), wire: wire.into(), rtt, transport };
        self.finish(key, Ok(answer));
    }

    fn ignore(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }

    fn finish(&mut self, key: u64, outcome: Result<Answer, Failure>) {
        let Some(flight) = self.flights.remove(&key) else { return };
        self.deadlines.remove(&(flight.due, key));
        for id in &flight.ids {
            self.ids.remove(id);
        }
        let Job { question, server, reply, .. } = flight.job;
        // Nobody waits any more where the asker has gone.
        let _ = reply.send(Exchange { question, server, tries: flight.tries, outcome });
    }
}

/// Tokio's clock, so that a test may run it ahead.
fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// ICMPv6 destination unreachable codes (RFC 4443 §3.1).
fn unreachable_word(code: u8) -> String {
    match code {
        0 => "no route to it".into(),
        1 => "administratively prohibited".into(),
        2 => "beyond the scope of the source address".into(),
        3 => "address unreachable".into(),
        5 => "source address failed policy".into(),
        6 => "reject route".into(),
        other => format!("unreachable, code {other}"),
    }
}

/// How many questions may be in flight: one more for each window of clean answers, half on a loss, once a round trip.
#[derive(Debug)]
struct Window {
    size: usize,
    clean: usize,
    halved: Option<Instant>,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: FIRST_WINDOW, clean: 0, halved: None }
    }
}

impl Window {
    fn size(&self) -> usize {
        self.size
    }

    fn answered(&mut self) {
        self.clean += 1;
        if self.clean >= self.size {
            self.clean = 0;
            self.size = (self.size + 1).min(LARGEST_WINDOW);
        }
    }

    fn lost(&mut self, now: Instant, rtt: Duration) {
        if self.halved.is_none_or(|at| now.saturating_duration_since(at) > rtt) {
            self.size = (self.size / 2).max(SMALLEST_WINDOW);
            self.clean = 0;
            self.halved = Some(now);
        }
    }
}

/// Smoothed round trip and its variation (RFC 6298 §2).
#[derive(Debug, Default)]
struct Rtt {
    smoothed: Option<(Duration, Duration)>,
}

impl Rtt {
    fn measured(&mut self, rtt: Duration) {
        self.smoothed = Some(match self.smoothed {
            None => (rtt, rtt / 2),
            Some((mean, variation)) => ((mean * 7 + rtt) / 8, (variation * 3 + mean.abs_diff(rtt)) / 4),
        });
    }

    fn expected(&self) -> Duration {
        self.smoothed.map_or(UNKNOWN_RTT, |(mean, variation)| mean + variation * 4)
    }
}

#[cfg(test)]
mod tests;
