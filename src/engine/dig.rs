//! Sends the queries of dig lines, and keeps the last responses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use futures_util::stream::FuturesUnordered;

use super::capability::{Capability, Context, Topic, poll_set};
use super::report::{Answered, Command, DIGS, Report};
use crate::clock;
use crate::dns::dig::query::send;
use crate::net::Network;

#[derive(Default)]
pub struct Digs {
    open: FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>>,
    log: Arc<Vec<Arc<Answered>>>,
    topic: Topic,
}

impl<N: Network> Capability<N> for Digs {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Dig(number, line) => {
                let client = cx.client.clone();
                self.open.push(Box::pin(async move {
                    let exchanges = send(&client, &line).await;
                    Answered { number, at: clock::now(), exchanges }
                }));
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let answered = ready!(poll_set(&mut self.open, task));
        let log = Arc::make_mut(&mut self.log);
        log.push(Arc::new(answered));
        log.drain(..log.len().saturating_sub(DIGS));
        self.topic.ended(cx.now);
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        Some(Report::Digs(self.log.clone()))
    }
}
