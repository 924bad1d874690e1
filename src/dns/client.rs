//! DNS client: many concurrent queries over one UDP socket, each with its retries, and one shared TCP connection per
//! server.
//!
//! One task ([`task`]) owns all state; the design in short:
//!
//! - **Window.** At most a [`Window`](window::Window) of queries is in flight, so that neither the server nor a receive
//!   buffer overflows. It grows like TCP's: doubling per round trip, halved on heavy loss. Light loss is the link's own
//!   and does not shrink it; there, retries are only sent sooner. Interactive queries may exceed the window by
//!   [`SPARE`](task::SPARE), and are always sent before those of a walk.
//! - **Pacing.** On a path longer than 20 ms the queries of a walk are spread over the round trip; responses arrive in
//!   bursts, and each burst would otherwise trigger an equal burst of queries.
//! - **Retransmission.** A try over UDP waits for the expected round trip (RFC 6298) plus 50, 150, then 450 ms; then the
//!   query goes over TCP. Each try has its own message ID, so a late response is matched to its try and its round trip
//!   is measured correctly. While the link is down nothing is retried: the first query leaves with the handshake.
//! - **Lane.** The many queries of a walk share packets on an open TCP connection, about twenty to a packet, since each
//!   packet has its cost at both ends of a tunnel. One late response there means head-of-line blocking: for 30 s they are
//!   sent one by one over UDP.
//! - **Another path.** When the link comes up again or the peer's endpoint changes, all estimates are reset.

mod flight;
mod task;

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::exchange::{Exchange, Failure, Options, Question};
use crate::clock;
use crate::net::Network;
use flight::{Caller, Job};
use task::Task;

pub const PORT: u16 = 53;

/// Queued queries before callers of [`Client::ask`] have to wait.
const QUEUE: usize = 1024;
/// Queries that may be outstanding by [`Client::submit`].
pub const MANY: usize = 4096;

/// A handle for queries; clones share the socket, the connection and the window.
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
    /// Open the connection, unless it is open.
    Connect(SocketAddrV6),
}

impl Client {
    /// Creates a client over `net` with `server` as the default. Its task ends with the last clone.
    ///
    /// # Errors
    /// If no UDP socket can be bound.
    pub fn new<N: Network>(net: &N, server: Ipv6Addr) -> io::Result<Self> {
        let (orders, queue) = mpsc::channel(QUEUE);
        let (many, bulk) = mpsc::channel(MANY);
        let ignored = Arc::new(AtomicU64::new(0));
        let (tcp_events, tcp_inbox) = mpsc::channel(64);
        let task = Task::new(net, tcp_events, ignored.clone())?;
        tokio::spawn(task.run(queue, bulk, tcp_inbox));
        Ok(Self { orders, many, server: SocketAddrV6::new(server, PORT, 0, 0), ignored })
    }

    pub fn server(&self) -> SocketAddrV6 {
        self.server
    }

    /// Queries the default server.
    pub async fn ask(&self, question: Question, options: &Options) -> Exchange {
        self.ask_at(self.server, question, options).await
    }

    /// Queries `server`. Always returns, at the latest `options.timeout` after the query entered the window.
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
        let job = Job { question, options, server, submitted: clock::now(), caller: Caller::One(reply) };
        match self.orders.send(Order::Ask(job)).await {
            Ok(()) => answer.await.unwrap_or(closed),
            Err(_) => closed,
        }
    }

    /// Sends one of many queries to the default server. The response is sent to `answers` with its `number`. It has lower
    /// priority than [`Self::ask`] and may share the TCP connection. The caller has at most [`MANY`] outstanding, and
    /// capacity for their responses; anything beyond that is dropped.
    pub fn submit(
        &self,
        number: usize,
        question: Question,
        options: &Arc<Options>,
        answers: &mpsc::Sender<(usize, Exchange)>,
    ) {
        let caller = Caller::Many(number, answers.clone());
        let job = Job {
            question,
            options: Arc::clone(options),
            server: self.server,
            submitted: clock::now(),
            caller,
        };
        if let Err(error) = self.many.try_send(job) {
            let job = error.into_inner();
            let (question, server) = (job.question, job.server);
            job.caller.deliver(Exchange {
                question,
                server,
                tries: vec![],
                sent: vec![],
                result: Err(Failure::Closed),
            });
        }
    }

    /// Opens the TCP connection to the default server early: its SYN leaves with the first queries, which saves a round
    /// trip on a large response.
    pub fn connect(&self) {
        // Optional: when the queue is full, there is more urgent work.
        let _ = self.orders.try_send(Order::Connect(self.server));
    }

    /// Number of received messages that match no query of ours: late, duplicate or forged.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
