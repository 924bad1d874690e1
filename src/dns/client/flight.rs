//! A query in flight: its caller, its tries, and their timeouts.

use std::net::SocketAddrV6;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::super::exchange::{Exchange, Options, Question, Try, TryEnd};
use crate::net::LinkState;

/// Timeout of each UDP try in addition to the expected round trip; then the query goes over TCP.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(150), Duration::from_millis(450)];
/// The same for a datagram sent while the query waits on the connection.
pub const REPEAT: Duration = Duration::from_millis(150);

/// A query and its caller.
#[derive(Debug)]
pub struct Job {
    pub question: Question,
    pub options: Arc<Options>,
    pub server: SocketAddrV6,
    pub submitted: Instant,
    pub caller: Caller,
}

/// Destination of the result.
#[derive(Debug)]
pub enum Caller {
    One(oneshot::Sender<Exchange>),
    /// A caller with many queries, identified by number.
    Many(usize, mpsc::Sender<(usize, Exchange)>),
}

impl Caller {
    pub fn is_gone(&self) -> bool {
        match self {
            Self::One(reply) => reply.is_closed(),
            Self::Many(_, replies) => replies.is_closed(),
        }
    }

    pub fn deliver(self, exchange: Exchange) {
        // The caller may have gone.
        match self {
            Self::One(reply) => drop(reply.send(exchange)),
            Self::Many(number, replies) => drop(replies.try_send((number, exchange))),
        }
    }
}

#[derive(Debug)]
pub struct Flight {
    pub job: Job,
    /// Time of entry into the window, from which the timeout runs.
    pub started: Instant,
    pub tries: Vec<Try>,
    /// The message of each try, if requested.
    pub sent: Vec<Arc<[u8]>>,
    /// Message ID of the first try; further tries have their own.
    pub id: u16,
    pub further_ids: Vec<u16>,
    pub udp_tries: usize,
    /// The TCP connection that it waits on.
    pub connection: Option<u64>,
    pub tcp_tries: usize,
    /// Whether the [`Lane`] counts it.
    pub in_lane: bool,
    pub edns: bool,
    /// Time of the next action.
    pub due: Instant,
}

impl Flight {
    /// Time of the timeout. On a slow link a query may take long without being lost: once the link is up it has five
    /// round trips, which suffice for a truncated response that is fetched over TCP.
    pub fn end(&self, link: &LinkState) -> Instant {
        let options = &self.job.options;
        if !link.is_up() || !options.patient {
            return self.started + options.timeout;
        }
        self.started.max(link.since) + link.timeout(options.timeout, 5)
    }

    /// Whether another datagram may be sent.
    pub fn may_try_udp(&self) -> bool {
        self.udp_tries < self.job.options.tries.unwrap_or(PATIENCE.len())
    }

    /// Whether to send a datagram while the query waits on the connection. With one packet in ten lost, a connection stalls
    /// for a second at a time; a walk always has queries waiting there, and another datagram is likely to succeed. A
    /// truncated response has to come over the connection.
    pub fn may_repeat(&self) -> bool {
        let many = self.job.options.shared || matches!(self.job.caller, Caller::Many(..));
        let cut = self.tries.iter().any(|attempt| matches!(attempt.end, TryEnd::Truncated(_)));
        many && !cut && !self.job.options.tcp && self.job.options.tries.is_none()
    }

    /// Timeout of the last datagram in addition to the round trip. On a lossy link the queries of a walk do not back off:
    /// the server is not slow.
    pub fn patience(&self, lossy: bool) -> Duration {
        match PATIENCE.get(self.udp_tries.max(1) - 1) {
            _ if lossy && self.may_repeat() => PATIENCE[0],
            Some(patience) => *patience,
            None => REPEAT,
        }
    }

    /// Whether the caller's limit of tries is reached.
    pub fn is_last_try(&self) -> bool {
        self.job.options.tries.is_some_and(|tries| self.udp_tries >= tries)
    }
}
