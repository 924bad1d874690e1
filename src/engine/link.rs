//! The state of the link, and handshakes on command.

use std::sync::Arc;

use super::capability::{Capability, Context, Topic};
use super::report::{Command, Report};
use crate::net::Network;

pub struct Link {
    topic: Topic,
}

impl Link {
    /// Reports the current state immediately.
    pub fn new<N: Network>(cx: &Context<N>) -> Self {
        let mut topic = Topic::default();
        topic.ended(cx.now);
        Self { topic }
    }
}

impl<N: Network> Capability<N> for Link {
    fn command(&mut self, command: Command, cx: &mut Context<N>) -> Option<Command> {
        match command {
            Command::Rehandshake => cx.net.rehandshake(),
            other => return Some(other),
        }
        None
    }

    fn link_changed(&mut self, renewed: bool, cx: &mut Context<N>) {
        if renewed {
            self.topic.ended(cx.now);
        } else {
            self.topic.changed(cx.now);
        }
    }

    fn topic(&mut self) -> &mut Topic {
        &mut self.topic
    }

    fn report(&mut self, cx: &mut Context<N>) -> Option<Report> {
        Some(Report::Link(Arc::new(cx.link.borrow().clone())))
    }
}
