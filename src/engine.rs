//! The work of one attached network: commands in, reports out. The screens and the headless commands use the same
//! engine, so that they can never disagree.
//!
//! The engine is a list of capabilities (see [`capability`]), each in its own file or folder here, and a loop that
//! calls one after the other. To add one: write its file, add it to the list in [`Engine::start`], and add its command
//! and its report to [`report`]. No other file changes.
//!
//! A report is the whole state, not a change. A report that the reader did not take in time is replaced by the next,
//! so a slow reader never delays the engine and always gets the final state.

mod capability;
mod connect;
mod details;
pub mod diagnosis;
mod dig;
mod events;
mod link;
mod names;
mod ping;
mod ports;
pub mod report;
pub mod targets;
mod trace;
mod walk;

use std::future::poll_fn;
use std::io;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use self::capability::{Capability, Context};
use self::report::{Command, Report};
use crate::catalog::walk::MOST_ENTRIES;
use crate::clock;
use crate::dns::client::Client;
use crate::dns::exchange::Options;
use crate::net::Network;
use crate::probe::ping::Plan;

#[cfg(test)]
mod tests;

const COMMANDS: usize = 64;
const REPORTS: usize = 256;

/// Settings of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Shortest pause between the end of a walk and the start of the next; a longer TTL of the records makes it longer.
    /// `None` walks once, and then on command only.
    pub refresh: Option<Duration>,
    /// Options of the DNS client.
    pub options: Options,
    /// Payload, interval and timeout of pings.
    pub plan: Plan,
    /// Maximum number of apps, machines and peers in the catalog.
    pub max_entries: usize,
    /// Walk automatically, not on command only.
    pub walk: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The TTL of the platform's records (reference document, "Test the VPN tunnel").
            refresh: Some(Duration::from_secs(5)),
            options: Options::default(),
            plan: Plan::default(),
            max_entries: MOST_ENTRIES,
            walk: true,
        }
    }
}

/// Both ends of a running engine. It stops when `commands` is dropped.
#[derive(Debug)]
pub struct Engine {
    pub commands: mpsc::Sender<Command>,
    pub reports: mpsc::Receiver<Report>,
    /// Client for the name server, for queries outside the engine.
    pub client: Client,
}

impl Engine {
    /// Starts the engine over `net`, with the name server at `dns`. It sends the first queries immediately.
    ///
    /// # Errors
    /// Fails if the network has no free socket.
    pub fn start<N: Network>(net: N, dns: Ipv6Addr, settings: Settings) -> io::Result<Self> {
        let client = Client::new(&net, dns)?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (outbox, reports) = mpsc::channel(REPORTS);
        let echo = net.echo()?;
        let cx = Context {
            link: net.link(),
            net,
            client: client.clone(),
            options: settings.options,
            now: clock::now(),
            catalog: Arc::default(),
            walked: watch::channel(Arc::default()).0,
            changes: Vec::new(),
            closed: false,
        };
        let walks = walk::Walks::new(settings.walk, settings.refresh, settings.max_entries, &cx);
        // If several reports are due, the first in this list is sent first.
        let capabilities: Vec<Box<dyn Capability<N>>> = vec![
            Box::new(link::Link::new(&cx)),
            Box::new(walks),
            Box::new(details::Details::new(&cx)),
            Box::new(ping::Ping::new(echo, settings.plan)),
            Box::new(names::Names::default()),
            Box::new(events::Events::new(&cx)),
            Box::new(diagnosis::Diagnoses::default()),
            Box::new(dig::Digs::default()),
            Box::new(trace::Traces::default()),
            Box::new(ports::Ports::default()),
        ];
        tokio::spawn(Core { capabilities, cx }.run(inbox, outbox));
        Ok(Self { commands, reports, client })
    }
}

struct Core<N: Network> {
    capabilities: Vec<Box<dyn Capability<N>>>,
    cx: Context<N>,
}

impl<N: Network> Core<N> {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>, outbox: mpsc::Sender<Report>) {
        let mut link = self.cx.link.clone();
        let mut since = link.borrow_and_update().since;
        while !self.cx.closed {
            self.cx.now = clock::now();
            let report_due = self.next_report();
            let report_now = report_due.is_some_and(|due| due <= self.cx.now);
            let due = self.capabilities.iter().filter_map(|one| one.due(&self.cx));
            let wake = due.chain(report_due.filter(|_| !report_now)).min();
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.command(command),
                    None => return,
                },
                permit = outbox.reserve(), if report_now => match permit {
                    Ok(permit) => if let Some(report) = self.report() { permit.send(report) },
                    Err(_) => return,
                },
                () = poll_fn(|task| self.poll(task)) => {}
                changed = link.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let before = std::mem::replace(&mut since, link.borrow_and_update().since);
                    self.each(|one, cx| one.link_changed(before != since, cx));
                }
                () = clock::sleep_until(wake) => self.each(|one, cx| one.on_time(cx)),
            }
        }
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Capability<N>, &mut Context<N>)) {
        self.cx.now = clock::now();
        for one in &mut self.capabilities {
            act(one.as_mut(), &mut self.cx);
        }
    }

    fn command(&mut self, command: Command) {
        let mut open = Some(command);
        self.each(|one, cx| open = open.take().and_then(|command| one.command(command, cx)));
        debug_assert!(open.is_none(), "no capability takes {open:?}");
    }

    /// Lets each capability handle its events. A busy capability does not block the others.
    fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        let mut any = false;
        self.each(|one, cx| any |= one.poll(task, cx).is_ready());
        if any { Poll::Ready(()) } else { Poll::Pending }
    }

    fn next_report(&mut self) -> Option<Instant> {
        self.capabilities.iter_mut().filter_map(|one| one.topic().due()).min()
    }

    /// Takes the first report that is due.
    fn report(&mut self) -> Option<Report> {
        self.cx.now = clock::now();
        let due = self.capabilities.iter_mut().find_map(|one| one.topic().take(self.cx.now).then_some(one));
        due.and_then(|one| one.report(&mut self.cx))
    }
}
