//! Traces the route to one target, in a task of its own.

use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use tokio::sync::mpsc;

use super::capability::{Capability, Context, Topic, poll_inbox};
use super::report::{Command, Report};
use crate::clock;
use crate::net::{Echoes, Network};
use crate::probe::series::Target;
use crate::probe::trace::{Trace, TracePlan, Tracer};

/// Minimum interval between two reports of the task.
const GAP: Duration = Duration::from_millis(100);

#[derive(Default)]
pub struct Traces {
    inbox: Option<mpsc::Receiver<Arc<Trace>>>,
    trace: Option<Arc<Trace>>,
    topic: Topic,
}

impl<N: Network> Capability<N> for Traces {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Trace(wanted) => {
                self.trace = None;
                self.inbox = wanted.map(|(target, plan)| {
                    let (sender, inbox) = mpsc::channel(4);
                    tokio::spawn(run(cx.net.clone(), target, plan, sender));
                    inbox
                });
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        self.trace = Some(ready!(poll_inbox(&mut self.inbox, task)));
        self.topic.changed(cx.now);
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        self.trace.clone().map(Report::Trace)
    }
}

/// Traces until all rounds are done or the receiver is dropped. Without a link it waits.
async fn run<N: Network>(net: N, target: Target, mut plan: TracePlan, reports: mpsc::Sender<Arc<Trace>>) {
    let Ok(mut echo) = net.echo() else { return };
    let mut link = net.link();
    let own = link.borrow().mtu;
    plan.mtu = plan.mtu.map(|mtu| mtu.min(own));
    let timeout = plan.timeout;
    let mut tracer = Tracer::new(target, plan, clock::now());
    let mut report_at = Some(clock::now());
    loop {
        let now = clock::now();
        let up = {
            let link = link.borrow_and_update();
            tracer.set_timeout(link.timeout(timeout, 3));
            link.is_up()
        };
        while let Some(request) = up.then(|| tracer.poll(now)).flatten() {
            // If the queue is full, the probe is lost, as in a real network.
            let _ = echo.send(request);
            report_at.get_or_insert(now + GAP);
        }
        let done = tracer.is_done();
        if done || report_at.is_some_and(|at| at <= now) {
            report_at = None;
            if reports.send(Arc::new(tracer.trace())).await.is_err() || done {
                return;
            }
        }
        let due = if up { tracer.next_due() } else { None };
        let wake = due.into_iter().chain(report_at).min();
        let asleep = clock::sleep_until(wake);
        tokio::select! {
            event = echo.recv() => match event {
                Ok(event) => {
                    tracer.absorb(&event);
                    report_at.get_or_insert(clock::now() + GAP);
                }
                Err(_) => return,
            },
            () = asleep => {}
            changed = link.changed() => if changed.is_err() { return },
            () = reports.closed() => return,
        }
    }
}
