//! One attached network: it owns a `Network` and runs walk, details and pings in one task; commands in, reports out.
//! The screens and the headless commands stand on the same engine, so that they can never disagree.
//!
//! A report tells how things stand, not what changed: one that was not taken in time is replaced by the next, so a
//! slow reader never holds the engine up and never misses the end of a story.

mod again;
mod detail;
mod examine;
mod knock;
pub mod look;
mod names;
pub mod report;
mod rounds;
mod schedule;
mod speak;
mod tracing;
mod walking;

use std::future::Future;
use std::io;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_proto::rr::RecordType;
use tokio::sync::{mpsc, watch};

use crate::catalog::Catalog;
use crate::catalog::diff::{Change, Pinged, changes};
use crate::catalog::walk::{Scope, Walk};
use crate::clock;
use crate::dns::client::Client;
use crate::dns::dig::ask::put;
use crate::dns::exchange::{Exchange, Options, Question};
use crate::doctor::Diagnosis;
use crate::doctor::facts::Facts;
use crate::doctor::judge::judge;
use crate::engine::report::{Answered, Command, DIGS, EVENTS, Event, Report};
use crate::net::{Echoes, LinkState, Network};
use crate::probe::alert::Alert;
use crate::probe::ping::{Pinger, Plan, Unsent};
use crate::probe::port::Knocked;
use crate::probe::series::Target;
use crate::probe::trace::Trace;
use crate::text::{Safe, words};
use again::{Again, Wanted};
use detail::Inspection;
use names::Names;
use schedule::Schedule;
use walking::Walking;

/// Bytes of an IPv6 and a UDP header: what of the MTU a datagram's payload cannot have.
const HEADERS: u16 = 48;
/// Apps that a refresh checks in full, in turns.
const APPS_A_TURN: usize = 32;
/// Between two reports of the same kind, while much is happening.
const REPORT_GAP: Duration = Duration::from_millis(33);
/// The same for each of many that are told of together: a thousand pinged targets are told ten times a second.
const REPORT_PRICE: Duration = Duration::from_micros(100);
/// However many there are.
const REPORT_SLOWEST: Duration = Duration::from_millis(250);
const COMMANDS: usize = 64;
const REPORTS: usize = 256;

/// How an engine works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The least between the end of a walk and the start of the next: records that stay true for longer are asked
    /// for more rarely. `None` walks once, and when told to.
    pub refresh: Option<Duration>,
    /// How questions are asked.
    pub options: Options,
    /// How pings are sent.
    pub plan: Plan,
    /// Whether to walk at all.
    pub walk: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The TTL of the platform's records (reference document, "Test the VPN tunnel").
            refresh: Some(Duration::from_secs(5)),
            options: Options::default(),
            plan: Plan::default(),
            walk: true,
        }
    }
}

/// The two ends of a running engine. It stops when `commands` is dropped.
#[derive(Debug)]
pub struct Engine {
    /// Orders go in here.
    pub commands: mpsc::Sender<Command>,
    /// How things stand comes out here.
    pub reports: mpsc::Receiver<Report>,
    /// The one way to ask a name server, for questions of one's own.
    pub client: Client,
}

impl Engine {
    /// Starts the engine over `net`, with the name server at `dns`. The first questions are put at once.
    ///
    /// # Errors
    /// Where the network gives no socket.
    pub fn start<N: Network>(net: N, dns: Ipv6Addr, settings: Settings) -> io::Result<Self> {
        let client = Client::new(&net, dns)?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (outbox, reports) = mpsc::channel(REPORTS);
        let core = Core {
            link: net.link(),
            link_since: None,
            echo: net.echo()?,
            net,
            client: client.clone(),
            catalog: Arc::default(),
            walk: None,
            refresh_at: None,
            turn: 0,
            pinger: Pinger::new(settings.plan.clone()),
            names: Names::default(),
            named: FuturesUnordered::new(),
            inspection: None,
            details: FuturesUnordered::new(),
            news: News::default(),
            known: None,
            events: Arc::default(),
            walked: watch::channel(Arc::default()).0,
            facts: None,
            diagnosis: None,
            knocks: None,
            ports: Arc::default(),
            traces: None,
            trace: None,
            asked: FuturesUnordered::new(),
            digs: Arc::default(),
            shown: Vec::new(),
            again: Wanted::default(),
            schedule: Schedule::new(settings.refresh, rand::random()),
            settings,
        };
        tokio::spawn(core.run(inbox, outbox));
        Ok(Self { commands, reports, client })
    }
}

type Answers<K> = FuturesUnordered<Pin<Box<dyn Future<Output = (K, Exchange)> + Send>>>;

struct Core<N: Network> {
    net: N,
    link: watch::Receiver<LinkState>,
    /// Since when the link is as it was last seen.
    link_since: Option<Instant>,
    echo: N::Echo,
    client: Client,
    settings: Settings,
    catalog: Arc<Catalog>,
    walk: Option<Walking>,
    refresh_at: Option<Instant>,
    schedule: Schedule,
    /// The apps on the screen.
    shown: Vec<Safe>,
    /// What somebody wants asked again.
    again: Wanted,
    /// Where the next refresh's turn of apps begins.
    turn: usize,
    pinger: Pinger,
    names: Names,
    named: Answers<Safe>,
    inspection: Option<Inspection>,
    details: Answers<usize>,
    news: News,
    /// The catalog as the last walk left it: what changes are told against.
    known: Option<Arc<Catalog>>,
    events: Arc<Vec<Event>>,
    /// The same catalog, for whoever waits for one.
    walked: watch::Sender<Arc<Catalog>>,
    /// Facts of the diagnosis under way, as they come.
    facts: Option<mpsc::Receiver<Facts>>,
    diagnosis: Option<Arc<Diagnosis>>,
    /// Ports as they are settled.
    knocks: Option<mpsc::Receiver<Knocked>>,
    ports: Arc<Vec<Knocked>>,
    /// The trace under way.
    traces: Option<mpsc::Receiver<Arc<Trace>>>,
    trace: Option<Arc<Trace>>,
    /// Lines that wait for their answers.
    asked: FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>>,
    digs: Arc<Vec<Arc<Answered>>>,
}

/// What has changed and is not told yet, and when each was told last.
#[derive(Debug, Default)]
struct News {
    link: Topic,
    catalog: Topic,
    detail: Topic,
    pings: Topic,
    names: Topic,
    events: Topic,
    diagnosis: Topic,
    digs: Topic,
    ports: Topic,
    trace: Topic,
}

#[derive(Debug, Default)]
struct Topic {
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Topic {
    /// Something changed at `now`: tell it, but not sooner than a gap after the last time.
    fn changed(&mut self, now: Instant) {
        self.changed_among(now, 0);
    }

    /// The same for one of `many`: to tell of all of them each time has its price.
    fn changed_among(&mut self, now: Instant, many: usize) {
        let gap = REPORT_GAP.max(REPORT_PRICE * u32::try_from(many).unwrap_or(u32::MAX)).min(REPORT_SLOWEST);
        let earliest = self.told.map_or(now, |told| (told + gap).max(now));
        self.due.get_or_insert(earliest);
    }

    /// Something ended at `now`: tell it without delay.
    fn ended(&mut self, now: Instant) {
        self.due = Some(now);
    }

    fn take(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.told = Some(now);
        }
        due
    }
}

impl News {
    fn next(&self) -> Option<Instant> {
        [
            &self.link,
            &self.catalog,
            &self.detail,
            &self.pings,
            &self.names,
            &self.events,
            &self.diagnosis,
            &self.digs,
            &self.ports,
            &self.trace,
        ]
        .into_iter()
        .filter_map(|topic| topic.due)
        .min()
    }
}

impl<N: Network> Core<N> {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>, outbox: mpsc::Sender<Report>) {
        self.news.link.ended(clock::now());
        self.link_since = Some(self.link.borrow().since);
        if self.settings.walk {
            self.start_walk(Scope::Full);
        }
        loop {
            let now = clock::now();
            let tell_now = self.news.next().is_some_and(|due| due <= now);
            let wake = [
                self.news.next().filter(|_| !tell_now),
                self.refresh_due(),
                self.ping_due(),
                self.names_due(),
            ]
            .into_iter()
            .flatten()
            .min();
            let asleep = clock::sleep_until(wake);
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                permit = outbox.reserve(), if tell_now => match permit {
                    Ok(permit) => if let Some(report) = self.tell(clock::now()) { permit.send(report) },
                    Err(_) => return,
                },
                answers = clock::or_never(self.walk.as_mut().map(Walking::answers)) => self.answered(&answers),
                Some((row, exchange)) = self.details.next(), if !self.details.is_empty() => {
                    if let Some(inspection) = &mut self.inspection {
                        inspection.absorb(row, &exchange);
                        self.news.detail.changed(clock::now());
                    }
                }
                Some((word, exchange)) = self.named.next(), if !self.named.is_empty() => {
                    if self.names.absorb(&word, &exchange) {
                        self.news.names.changed(clock::now());
                    }
                }
                event = self.echo.recv() => match event {
                    Ok(event) => {
                        self.pinger.absorb(&event);
                        self.note_alerts();
                        self.news.pings.changed_among(clock::now(), self.pinger.targets());
                    }
                    Err(_) => return,
                },
                Some(answered) = self.asked.next(), if !self.asked.is_empty() => {
                    let log = Arc::make_mut(&mut self.digs);
                    log.push(Arc::new(answered));
                    log.drain(..log.len().saturating_sub(DIGS));
                    self.news.digs.ended(clock::now());
                }
                trace = clock::or_never(self.traces.as_mut().map(mpsc::Receiver::recv)) => match trace {
                    Some(trace) => {
                        self.trace = Some(trace);
                        self.news.trace.changed(clock::now());
                    }
                    None => self.traces = None,
                },
                port = clock::or_never(self.knocks.as_mut().map(mpsc::Receiver::recv)) => match port {
                    Some(port) => {
                        Arc::make_mut(&mut self.ports).push(port);
                        self.news.ports.changed(clock::now());
                    }
                    None => self.knocks = None,
                },
                facts = clock::or_never(self.facts.as_mut().map(mpsc::Receiver::recv)) => match facts {
                    Some(facts) => self.news_of(&facts),
                    None => self.facts = None,
                },
                changed = self.link.changed() => match changed {
                    Ok(()) => self.link_changed(),
                    Err(_) => return,
                },
                () = asleep => self.on_time(clock::now()),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Refresh(nodes) => {
                let catalog = self.catalog().clone();
                self.again.join(nodes.as_deref(), &catalog);
                self.ask_again();
            }
            Command::Inspect(node) => {
                self.inspection = Some(Inspection::new(node, self.catalog()));
                self.ask_details();
                self.news.detail.ended(clock::now());
            }
            Command::Ping(targets) => {
                self.pinger.set_targets(targets, clock::now());
                self.news.pings.ended(clock::now());
            }
            Command::Follow(names) => {
                self.names.follow(names, clock::now());
                self.ask_names();
                self.news.names.ended(clock::now());
            }
            Command::PingEvery(interval) => self.pinger.set_interval(interval, clock::now()),
            Command::ClearPings(targets) => {
                self.pinger.clear(targets.as_deref());
                self.news.pings.ended(clock::now());
            }
            Command::Show(apps) => self.shown = apps,
            Command::Rehandshake => self.net.rehandshake(),
            Command::Trace(wanted) => {
                self.trace = None;
                self.traces = wanted.map(|(target, plan)| {
                    let (told, inbox) = mpsc::channel(4);
                    tokio::spawn(tracing::run(self.net.clone(), target, plan, told));
                    inbox
                });
            }
            Command::Ports(knocks) => {
                let (told, inbox) = mpsc::channel(64);
                self.knocks = Some(inbox);
                self.ports = Arc::default();
                tokio::spawn(knock::run(self.net.clone(), knocks, told));
            }
            Command::Dig(number, line) => {
                let client = self.client.clone();
                self.asked.push(Box::pin(async move {
                    let exchanges = put(&client, &line).await;
                    Answered { number, at: clock::now(), exchanges }
                }));
            }
            Command::Diagnose(facts) => self.diagnose(*facts),
        }
    }

    fn diagnose(&mut self, facts: Facts) {
        let (told, inbox) = mpsc::channel(8);
        self.facts = Some(inbox);
        self.news_of(&facts);
        let (net, client, walked) = (self.net.clone(), self.client.clone(), self.walked.subscribe());
        tokio::spawn(examine::run(net, client, walked, facts, told));
    }

    fn news_of(&mut self, facts: &Facts) {
        self.diagnosis = Some(Arc::new(judge(facts)));
        self.news.diagnosis.ended(clock::now());
    }

    fn is_up(&self) -> bool {
        self.link.borrow().is_up()
    }

    fn link_changed(&mut self) {
        let (up, since) = {
            let link = self.link.borrow_and_update();
            (link.is_up(), link.since)
        };
        let now = clock::now();
        // Bytes are told at a pace; that the link stands or fell, at once.
        let anew = self.link_since.replace(since) != Some(since);
        if anew {
            self.news.link.ended(now);
        } else {
            self.news.link.changed(now);
        }
        // What was wanted or failed while there was no link is asked for as soon as it stands, once: what fails over a
        // link that stands is the schedule's.
        if anew && up && self.settings.walk {
            self.ask_again();
            let failed = self.catalog.walk.finished.is_none() || !self.catalog.walk.problems.is_empty();
            if failed && self.walk.is_none() {
                self.start_walk(Scope::Full);
            }
        }
    }

    fn start_walk(&mut self, scope: Scope) {
        self.refresh_at = None;
        if scope == Scope::Full {
            self.client.connect();
        }
        self.walk_on(Walk::new(self.catalog.clone(), scope, &self.shown, clock::now()));
    }

    fn walk_on(&mut self, walk: Walk) {
        // What fits one packet of the tunnel comes whole: no fragments come through, and what is cut comes by TCP.
        let mtu = self.link.borrow().mtu;
        let edns = self.settings.options.edns.map(|_| mtu.saturating_sub(HEADERS).max(512));
        let options = Options { edns, ..self.settings.options.clone() };
        self.walk = Some(Walking::begin(walk, self.client.clone(), options, !self.is_up(), clock::now()));
        self.news.catalog.changed(clock::now());
    }

    /// Begins what was asked for while a walk was under way, once that has ended.
    fn ask_again(&mut self) {
        if self.walk.is_some() {
            return;
        }
        match self.again.take() {
            Some(Again::All) => self.start_walk(Scope::Full),
            Some(Again::Part(part)) => {
                self.walk_on(Walk::part(self.catalog.clone(), &part, clock::now()));
            }
            None => {}
        }
    }

    fn answered(&mut self, answers: &[(usize, Exchange)]) {
        let now = clock::now();
        let Some(walking) = &mut self.walk else { return };
        let stood = walking.walk().stands();
        walking.absorb(answers, now);
        let done = walking.walk().is_done();
        let stands_now = !stood && walking.walk().stands();
        // A link that never stood answers nothing: that is told as the link's state, and the walk begins
        // again with the link.
        if done && walking.before_link && !self.is_up() {
            self.walk = None;
            self.again.join(None, &self.catalog);
            self.news.catalog.ended(now);
            return;
        }
        // The walk works on a catalog of its own. Each time that is told, the next answer costs a copy: it is told at
        // a pace.
        if stands_now {
            self.news.catalog.ended(now);
        } else {
            self.news.catalog.changed(now);
        }
        if done {
            self.catalog = self.catalog().clone();
            let walked = self.walk.take();
            self.news.catalog.ended(now);
            self.note_changes(now);
            // A part that was asked for in between changes nothing of when all is asked again.
            if let Some(walk) = walked.as_ref().map(Walking::walk).filter(|walk| !walk.is_part()) {
                let clean = self.catalog.walk.problems.is_empty();
                self.refresh_at = self.schedule.pause(walk.ttl(), clean).map(|pause| now + pause);
            }
            if let Some(inspection) = &mut self.inspection {
                inspection.refresh(&self.catalog);
                self.ask_details();
            }
            self.ask_again();
        }
    }

    /// Adds to the log what the walk that just ended found changed.
    fn note_changes(&mut self, now: Instant) {
        self.walked.send_replace(self.catalog.clone());
        let Some(before) = self.known.replace(self.catalog.clone()) else { return };
        self.note(changes(&before, &self.catalog), now);
    }

    /// Adds to the log what the pings of the targets are worth a word for.
    fn note_alerts(&mut self) {
        let alerts = self.pinger.take_alerts().map(|(Target { label, address }, alert)| {
            let pinged = Pinged { label, address };
            match alert {
                Alert::Silent => Change::Silent(pinged),
                Alert::Answers(rtt) => Change::Answers(pinged, rtt),
                Alert::Moved { from, to } => Change::RttMoved(pinged, from, to),
            }
        });
        let alerts = alerts.collect();
        self.note(alerts, clock::now());
    }

    fn note(&mut self, changes: Vec<Change>, now: Instant) {
        if changes.is_empty() {
            return;
        }
        let log = Arc::make_mut(&mut self.events);
        let mut serial = log.last().map_or(0, |event| event.serial);
        log.extend(changes.into_iter().map(|change| {
            serial += 1;
            Event { serial, at: now, change }
        }));
        log.drain(..log.len().saturating_sub(EVENTS));
        self.news.events.ended(now);
    }

    /// The newest catalog: of the walk under way, where there is one.
    fn catalog(&self) -> &Arc<Catalog> {
        self.walk.as_ref().map_or(&self.catalog, |walking| walking.walk().catalog())
    }

    fn ask_details(&mut self) {
        self.details.clear();
        let Some(inspection) = &self.inspection else { return };
        for (row, form) in inspection.forms().iter().enumerate() {
            let Ok(name) = form.name() else { continue };
            let (client, options) = (self.client.clone(), self.settings.options.clone());
            let question = Question::new(name, form.record_type());
            self.details.push(Box::pin(async move { (row, client.ask(question, &options).await) }));
        }
    }

    fn ask_names(&mut self) {
        if !self.is_up() {
            return;
        }
        for (word, name) in self.names.due(clock::now()) {
            let (client, options) = (self.client.clone(), self.settings.options.clone());
            let question = Question::new(name, RecordType::AAAA);
            self.named.push(Box::pin(async move { (word, client.ask(question, &options).await) }));
        }
    }

    /// When the tree is asked for again; a walk under way ends first. Without a link it waits.
    fn refresh_due(&self) -> Option<Instant> {
        if self.walk.is_none() && self.is_up() { self.refresh_at } else { None }
    }

    /// When names are asked for again. Without a link they wait.
    fn names_due(&self) -> Option<Instant> {
        if self.is_up() { self.names.next_due() } else { None }
    }

    /// When the pinger has something to do. While there is no link, probes are held.
    fn ping_due(&self) -> Option<Instant> {
        if self.is_up() { self.pinger.next_due() } else { None }
    }

    fn on_time(&mut self, now: Instant) {
        if self.refresh_due().is_some_and(|at| at <= now) {
            let scope = Scope::Turn { from: self.turn, apps: APPS_A_TURN };
            self.turn = (self.turn + APPS_A_TURN) % self.catalog.apps.len().max(1);
            self.start_walk(scope);
        }
        self.ask_names();
        if self.ping_due().is_some_and(|due| due <= now) {
            while let Some(request) = self.pinger.poll(now) {
                let sent = self.echo.send(request).map_err(|error| match error.kind() {
                    io::ErrorKind::WouldBlock => Unsent::Busy,
                    _ => Unsent::Refused(words(error)),
                });
                self.pinger.sent(request.seq, sent);
            }
            self.note_alerts();
            self.news.pings.changed_among(now, self.pinger.targets());
        }
    }

    /// The most urgent thing that is to be told.
    fn tell(&mut self, now: Instant) -> Option<Report> {
        if self.news.link.take(now) {
            Some(Report::Link(Arc::new(self.link.borrow().clone())))
        } else if self.news.catalog.take(now) {
            Some(Report::Catalog(self.catalog().clone()))
        } else if self.news.detail.take(now) {
            self.inspection.as_ref().map(|inspection| Report::Detail(Arc::new(inspection.detail().clone())))
        } else if self.news.pings.take(now) {
            Some(Report::Pings(Arc::new(self.pinger.series())))
        } else if self.news.names.take(now) {
            Some(Report::Names(self.names.told()))
        } else if self.news.events.take(now) {
            Some(Report::Events(self.events.clone()))
        } else if self.news.diagnosis.take(now) {
            self.diagnosis.clone().map(Report::Diagnosis)
        } else if self.news.digs.take(now) {
            Some(Report::Digs(self.digs.clone()))
        } else if self.news.trace.take(now) {
            self.trace.clone().map(Report::Trace)
        } else if self.news.ports.take(now) {
            Some(Report::Ports(self.ports.clone()))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod alert_tests;
#[cfg(test)]
mod false_alarm_tests;
