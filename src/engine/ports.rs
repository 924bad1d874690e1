//! Checks TCP ports and their protocols, in a task of its own.

use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::capability::{Capability, Context, Topic, poll_inbox};
use super::connect::{check_protocols, connect};
use super::report::{Command, Report};
use crate::net::Network;
use crate::probe::port::{Port, PortCheck, PortResult};

/// Maximum number of parallel connections: fast enough, and no flood.
const AT_ONCE: usize = 16;
/// Interval between the starts of two connections: 200 a second, the same as for pings.
const PACE: Duration = Duration::from_millis(5);

#[derive(Default)]
pub struct Ports {
    inbox: Option<mpsc::Receiver<PortResult>>,
    checked: Arc<Vec<PortResult>>,
    topic: Topic,
}

impl<N: Network> Capability<N> for Ports {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Ports(checks) => {
                let (sender, inbox) = mpsc::channel(64);
                self.inbox = Some(inbox);
                self.checked = Arc::default();
                tokio::spawn(run(cx.net.clone(), checks, sender));
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let port = ready!(poll_inbox(&mut self.inbox, task));
        Arc::make_mut(&mut self.checked).push(port);
        self.topic.changed(cx.now);
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        Some(Report::Ports(self.checked.clone()))
    }
}

/// Checks all of `checks` in order, and the protocols of open ports if requested.
async fn run<N: Network>(net: N, checks: Vec<PortCheck>, results: mpsc::Sender<PortResult>) {
    let start = Instant::now();
    let mut tried = stream::iter((0..).zip(checks))
        .map(|(n, at)| {
            let net = net.clone();
            async move {
                sleep_until(start + PACE * n).await;
                let port = connect(&net, at.to).await;
                let protocol = match (at.protocols, &port) {
                    (Some(protocols), Port::Open(_)) => {
                        check_protocols(&net, at.to, protocols, at.host.as_deref()).await
                    }
                    _ => None,
                };
                PortResult { check: at, port, protocol }
            }
        })
        .buffered(AT_ONCE);
    while let Some(one) = tried.next().await {
        if results.send(one).await.is_err() {
            return;
        }
    }
}
