//! Follows the addresses of names: queries them now, and repeats it as long as they are followed.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use hickory_proto::rr::{Name, RecordType};

use super::capability::{Capability, Context, Topic, poll_set};
use super::report::{Command, Report};
use crate::dns::dig::name;
use crate::dns::exchange::{Exchange, Question};
use crate::net::Network;
use crate::text::Safe;

/// Query interval: the TTL of the platform's records (reference document, "Test the VPN tunnel").
const INTERVAL: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Names {
    wanted: Vec<(Safe, Name)>,
    /// Addresses of each name with a response.
    found: Arc<BTreeMap<Safe, Vec<Ipv6Addr>>>,
    ask_at: Option<Instant>,
    queries: FuturesUnordered<Query>,
    topic: Topic,
}

type Query = Pin<Box<dyn Future<Output = (Safe, Exchange)> + Send>>;

impl Names {
    /// Follows exactly these names from `now` on. An invalid name has no addresses.
    fn follow(&mut self, wanted: Vec<Safe>, now: Instant) {
        self.wanted = wanted
            .into_iter()
            .filter_map(|text| name::parse(text.as_str()).ok().map(|name| (text, name)))
            .collect();
        let Self { wanted, found, .. } = self;
        Arc::make_mut(found).retain(|text, _| wanted.iter().any(|(wanted, _)| wanted == text));
        self.ask_at = (!self.wanted.is_empty()).then_some(now);
    }

    /// Queries all names, if that is due. Without a link it waits.
    fn ask<N: Network>(&mut self, cx: &Context<N>) {
        if !cx.is_up() || self.ask_at.is_none_or(|at| at > cx.now) {
            return;
        }
        self.ask_at = Some(cx.now + INTERVAL);
        for (text, name) in self.wanted.clone() {
            let (client, options) = (cx.client.clone(), cx.options.clone());
            let question = Question::new(name, RecordType::AAAA);
            self.queries.push(Box::pin(async move { (text, client.ask(question, &options).await) }));
        }
    }

    /// Handles a response; returns whether anything is new. A failed query changes nothing.
    fn absorb(&mut self, text: &Safe, exchange: &Exchange) -> bool {
        let wanted = self.wanted.iter().any(|(wanted, _)| wanted == text);
        if !wanted || !exchange.settled().is_definite() {
            return false;
        }
        let addresses = exchange.addresses();
        if self.found.get(text).is_some_and(|known| *known == addresses) {
            return false;
        }
        Arc::make_mut(&mut self.found).insert(text.clone(), addresses);
        true
    }
}

impl<N: Network> Capability<N> for Names {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Follow(names) => {
                self.follow(names, cx.now);
                self.ask(cx);
                self.topic.ended(cx.now);
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let (text, exchange) = ready!(poll_set(&mut self.queries, task));
        if self.absorb(&text, &exchange) {
            self.topic.changed(cx.now);
        }
        Poll::Ready(())
    }

    fn due(&self, cx: &Context<N>) -> Option<Instant> {
        if cx.is_up() { self.ask_at } else { None }
    }

    fn on_time(&mut self, cx: &mut Context<N>) {
        self.ask(cx);
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        Some(Report::Names(self.found.clone()))
    }
}
