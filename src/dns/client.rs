//! The one way to ask a name server: many questions at once over one UDP socket, each with its tries, and one
//! shared TCP connection for what UDP cannot carry.
//!
//! One task owns all state. In flight is at most a [`Window`](super::window::Window), so that neither the server nor a receive buffer is
//! flooded; the rest waits in order, and what a person asked goes before the many of a walk. Those many may share
//! the packets of the connection, where it stands: a packet holds twenty of them, and each packet has its price at
//! both ends of a tunnel. As soon as an answer is late there, they go one by one over UDP, where none waits for another.

mod asker;
mod flight;

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::exchange::{Exchange, Failure, Options, Question};
use crate::clock;
use crate::net::Network;
use asker::Asker;
use flight::{Asking, Job};

/// The port of a name server.
pub const PORT: u16 = 53;

/// Questions that may wait for a place in the window before askers have to wait to put theirs.
const QUEUE: usize = 1024;
/// Questions that may be out by [`Client::put`].
pub const MANY: usize = 4096;

/// A handle to ask with; clones share the socket, the connection and the window.
#[derive(Debug, Clone)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    many: mpsc::Sender<Job>,
    server: SocketAddrV6,
    ignored: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Order {
    Ask(Job),
    /// Open the connection, if there is none.
    Connect(SocketAddrV6),
}

impl Client {
    /// A client over `net` that asks `server` where nobody else is named. Its task ends with the last clone.
    ///
    /// # Errors
    /// Where no UDP socket can be bound.
    pub fn new<N: Network>(net: &N, server: Ipv6Addr) -> io::Result<Self> {
        let (orders, queue) = mpsc::channel(QUEUE);
        let (many, bulk) = mpsc::channel(MANY);
        let ignored = Arc::new(AtomicU64::new(0));
        let (tcp_events, tcp_inbox) = mpsc::channel(64);
        let asker = Asker::new(net, tcp_events, ignored.clone())?;
        tokio::spawn(asker.run(queue, bulk, tcp_inbox));
        Ok(Self { orders, many, server: SocketAddrV6::new(server, PORT, 0, 0), ignored })
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
        let closed = Exchange {
            question: question.clone(),
            server,
            tries: vec![],
            sent: vec![],
            result: Err(Failure::Closed),
        };
        let options = Arc::new(options.clone());
        let job = Job { question, options, server, put: clock::now(), asker: Asking::One(reply) };
        match self.orders.send(Order::Ask(job)).await {
            Ok(()) => answer.await.unwrap_or(closed),
            Err(_) => closed,
        }
    }

    /// Puts one of many questions to the default server. Its answer comes over `answers` with its `number`. It waits
    /// behind what is asked one by one, and may go over the shared connection. The caller has at most [`MANY`] of
    /// them out, and room for their answers; whatever is more is dropped.
    pub fn put(
        &self,
        number: usize,
        question: Question,
        options: &Arc<Options>,
        answers: &mpsc::Sender<(usize, Exchange)>,
    ) {
        let asker = Asking::Many(number, answers.clone());
        let job =
            Job { question, options: Arc::clone(options), server: self.server, put: clock::now(), asker };
        if let Err(error) = self.many.try_send(job) {
            let job = error.into_inner();
            let (question, server) = (job.question, job.server);
            job.asker.tell(Exchange {
                question,
                server,
                tries: vec![],
                sent: vec![],
                result: Err(Failure::Closed),
            });
        }
    }

    /// Opens the TCP connection to the default server before it is needed: its SYN leaves with the first questions,
    /// and a large answer costs a round trip less.
    pub fn connect(&self) {
        // Only a guess: where the queue is full, there is more urgent work.
        let _ = self.orders.try_send(Order::Connect(self.server));
    }

    /// Messages that came and answered nothing of ours: late, duplicate, forged.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
