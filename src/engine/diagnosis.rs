//! Diagnosis of the network: collects facts in a task of its own, and judges them as they arrive.

mod below;
mod examine;
mod others;
mod pings;
mod port;
mod service;
pub mod system;
mod transports;

use std::sync::Arc;
use std::task::{self, Poll, ready};

use tokio::sync::mpsc;

use super::capability::{Capability, Context, Topic, poll_inbox};
use super::report::{Command, Report};
use crate::doctor::Diagnosis;
use crate::doctor::facts::Facts;
use crate::doctor::judge::judge;
use crate::net::Network;

#[cfg(test)]
mod tests;

#[derive(Default)]
pub struct Diagnoses {
    inbox: Option<mpsc::Receiver<Facts>>,
    diagnosis: Option<Arc<Diagnosis>>,
    topic: Topic,
}

impl Diagnoses {
    fn judge<N: Network>(&mut self, facts: &Facts, cx: &Context<N>) {
        self.diagnosis = Some(Arc::new(judge(facts)));
        self.topic.ended(cx.now);
    }
}

impl<N: Network> Capability<N> for Diagnoses {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Diagnose(facts) => {
                let (sender, inbox) = mpsc::channel(8);
                self.inbox = Some(inbox);
                self.judge(&facts, cx);
                let walked = cx.walked.subscribe();
                tokio::spawn(examine::run(cx.net.clone(), cx.client.clone(), walked, *facts, sender));
            }
            other => return Some(other),
        }
        None
    }

    fn poll(&mut self, task: &mut task::Context<'_>, cx: &mut Context<N>) -> Poll<()> {
        let facts = ready!(poll_inbox(&mut self.inbox, task));
        self.judge(&facts, cx);
        Poll::Ready(())
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, _: &mut Context<N>) -> Option<Report> {
        self.diagnosis.clone().map(Report::Diagnosis)
    }
}
