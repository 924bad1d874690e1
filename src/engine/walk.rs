//! Walks the network: at the start, when the records may have changed, when the link comes back, and on command.

mod again;
mod running;
mod schedule;

use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::{Duration, Instant};

use self::again::{Again, Wanted};
use self::running::Running;
use self::schedule::Schedule;
use super::capability::{Capability, Context, Topic};
use super::report::{Command, Report};
use crate::catalog::Catalog;
use crate::catalog::walk::{Scope, Walk};
use crate::dns::exchange::{Exchange, Options};
use crate::net::Network;
use crate::text::Safe;

/// IPv6 and UDP headers, in bytes: the part of the MTU that a datagram's payload cannot use.
const HEADERS: u16 = 48;
/// Apps that one refresh checks in full, round robin.
const APPS_A_TURN: usize = 32;

/// The catalog, and the walks that keep it current.
pub struct Walks {
    /// Walk without a command.
    automatic: bool,
    /// Maximum number of apps, machines and peers.
    max_entries: usize,
    /// Catalog of the last finished walk.
    catalog: Arc<Catalog>,
    running: Option<Running>,
    refresh_at: Option<Instant>,
    schedule: Schedule,
    /// First app of the next refresh's round robin.
    turn: usize,
    /// Apps on the screen.
    shown: Vec<Safe>,
    /// Scopes requested during a running walk.
    wanted: Wanted,
    topic: Topic,
}

impl Walks {
    /// Starts the first walk, if `automatic`; `refresh` is the shortest pause between two.
    pub fn new<N: Network>(
        automatic: bool,
        refresh: Option<Duration>,
        max_entries: usize,
        cx: &Context<N>,
    ) -> Self {
        let mut walks = Self {
            automatic,
            max_entries,
            catalog: Arc::default(),
            running: None,
            refresh_at: None,
            schedule: Schedule::new(refresh, rand::random()),
            turn: 0,
            shown: Vec::new(),
            wanted: Wanted::default(),
            topic: Topic::default(),
        };
        if automatic {
            walks.start(Scope::Full, cx);
        }
        walks
    }

    fn start<N: Network>(&mut self, scope: Scope, cx: &Context<N>) {
        self.refresh_at = None;
        if scope == Scope::Full {
            cx.client.connect();
        }
        self.run(Walk::new(self.catalog.clone(), scope, &self.shown, cx.now), cx);
    }

    fn run<N: Network>(&mut self, walk: Walk, cx: &Context<N>) {
        // A response in one packet of the tunnel arrives complete. Fragments do not pass; the rest goes over TCP.
        let mtu = cx.link.borrow().mtu;
        let edns = cx.options.edns.map(|_| mtu.saturating_sub(HEADERS).max(512));
        let options = Options { edns, ..cx.options.clone() };
        self.running = Some(Running::begin(
            walk.with_most_entries(self.max_entries),
            cx.client.clone(),
            options,
            !cx.is_up(),
            cx.now,
        ));
        self.topic.changed(cx.now);
    }

    /// Starts the requested walk, unless one is running.
    fn start_wanted<N: Network>(&mut self, cx: &Context<N>) {
        if self.running.is_some() {
            return;
        }
        match self.wanted.take() {
            Some(Again::All) => self.start(Scope::Full, cx),
            Some(Again::Part(part)) => self.run(Walk::part(self.catalog.clone(), &part, cx.now), cx),
            None => {}
        }
    }

    /// The newest catalog: that of the running walk, if any.
    fn newest(&self) -> &Arc<Catalog> {
        self.running.as_ref().map_or(&self.catalog, |running| running.walk().catalog())
    }

    fn answered<N: Network>(&mut self, answers: &[(usize, Exchange)], cx: &mut Context<N>) {
        let Some(running) = &mut self.running else { return };
        let stood = running.walk().stands();
        running.absorb(answers, cx.now);
        let done = running.walk().is_done();
        // Before the link is up for the first time there are no responses. The link reports that; the walk starts
        // again with the link.
        if done && running.before_link && !cx.is_up() {
            self.running = None;
            self.wanted.join(None, &self.catalog);
            self.topic.ended(cx.now);
            return;
        }
        // A running walk edits its own catalog. Each report of it makes the next edit copy it, so reports have a
        // minimum interval.
        if done || (!stood && running.walk().stands()) {
            self.topic.ended(cx.now);
        } else {
            self.topic.changed(cx.now);
        }
        if done {
            self.finish(cx);
            self.start_wanted(cx);
        }
    }

    fn finish<N: Network>(&mut self, cx: &mut Context<N>) {
        self.catalog = self.newest().clone();
        cx.catalog.clone_from(&self.catalog);
        cx.walked.send_replace(self.catalog.clone());
        let ended = self.running.take();
        // A walk of a part does not change the time of the next refresh.
        if let Some(walk) = ended.as_ref().map(Running::walk).filter(|walk| !walk.is_part()) {
            let clean = self.catalog.walk.problems.is_empty();
            self.refresh_at = self.schedule.pause(walk.ttl(), clean).map(|pause| cx.now + pause);
        }
    }
}

impl<N: Network> Capability<N> for Walks {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Refresh(nodes) => {
                let catalog = self.newest().clone();
                self.wanted.join(nodes.as_deref(), &catalog);
                self.start_wanted(cx);
            }
            Command::Show(apps) => self.shown = apps,
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let Some(running) = &mut self.running else { return Poll::Pending };
        let answers = ready!(running.poll_answers(task));
        self.answered(&answers, cx);
        Poll::Ready(())
    }

    /// A refresh waits for the end of a running walk, and for the link.
    fn due(&self, cx: &Context<N>) -> Option<Instant> {
        if self.running.is_none() && cx.is_up() { self.refresh_at } else { None }
    }

    fn on_time(&mut self, cx: &mut Context<N>) {
        if self.due(cx).is_some_and(|at| at <= cx.now) {
            let scope = Scope::Turn { from: self.turn, apps: APPS_A_TURN };
            self.turn = (self.turn + APPS_A_TURN) % self.catalog.apps.len().max(1);
            self.start(scope, cx);
        }
    }

    fn link_changed(&mut self, renewed: bool, cx: &mut Context<N>) {
        // A walk that was requested or failed without a link starts once, when the link comes up. Failures on a working
        // link are left to the schedule.
        if renewed && self.automatic && cx.is_up() {
            self.start_wanted(cx);
            let failed = self.catalog.walk.finished.is_none() || !self.catalog.walk.problems.is_empty();
            if failed && self.running.is_none() {
                self.start(Scope::Full, cx);
            }
        }
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, cx: &mut Context<N>) -> Option<Report> {
        cx.catalog = self.newest().clone();
        Some(Report::Catalog(cx.catalog.clone()))
    }
}
