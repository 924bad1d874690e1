//! A question on its way: who waits for it, what was tried, and how long each try may take.

use std::net::SocketAddrV6;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::super::exchange::{Exchange, Options, Question, Try, TryEnd};

/// Over the measured round trip, how long each UDP try waits; after the last one the question goes over TCP.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(150), Duration::from_millis(450)];
/// The same for a datagram beside what waits on the connection.
pub const REPEAT: Duration = Duration::from_millis(150);

/// A question and who waits for its answer.
#[derive(Debug)]
pub struct Job {
    pub question: Question,
    pub options: Arc<Options>,
    pub server: SocketAddrV6,
    pub put: Instant,
    pub asker: Asking,
}

/// Who waits for an answer.
#[derive(Debug)]
pub enum Asking {
    One(oneshot::Sender<Exchange>),
    /// Somebody with many questions, who knows them by number.
    Many(usize, mpsc::Sender<(usize, Exchange)>),
}

impl Asking {
    pub fn has_gone(&self) -> bool {
        match self {
            Self::One(reply) => reply.is_closed(),
            Self::Many(_, replies) => replies.is_closed(),
        }
    }

    pub fn tell(self, exchange: Exchange) {
        // Nobody waits any more where the asker has gone.
        match self {
            Self::One(reply) => drop(reply.send(exchange)),
            Self::Many(number, replies) => drop(replies.try_send((number, exchange))),
        }
    }
}

/// A question in flight.
#[derive(Debug)]
pub struct Flight {
    pub job: Job,
    /// When it was let into the window: its timeout runs from here.
    pub started: Instant,
    pub tries: Vec<Try>,
    /// The message of each try, where the asker wants them.
    pub sent: Vec<Arc<[u8]>>,
    /// The IDs of its tries, with which they can be answered: of the first one, and of the others.
    pub id: u16,
    pub further_ids: Vec<u16>,
    /// UDP tries so far.
    pub udp_tries: usize,
    /// The TCP connection it waits on.
    pub connection: Option<u64>,
    pub tcp_tries: usize,
    /// Whether it is counted in the [`Lane`].
    pub in_lane: bool,
    pub edns: bool,
    /// When something has to be done about it next.
    pub due: Instant,
}

impl Flight {
    /// Whether another datagram may leave.
    pub fn may_try_udp(&self) -> bool {
        self.udp_tries < self.job.options.tries.unwrap_or(PATIENCE.len())
    }

    /// Whether a datagram goes out beside what waits on the connection. Where one packet in ten is lost a connection
    /// stands still for a second at a time; of the many questions of a walk some always wait there, and one datagram
    /// more is as good as any before. What was cut has to come over the connection.
    pub fn may_repeat(&self) -> bool {
        let many = self.job.options.shared || matches!(self.job.asker, Asking::Many(..));
        let cut = self.tries.iter().any(|attempt| matches!(attempt.end, TryEnd::Truncated(_)));
        many && !cut && !self.job.options.tcp && self.job.options.tries.is_none()
    }

    /// How long the last datagram waits over the round trip. On a link that loses some of what is sent a question of a
    /// walk does not wait longer each time: the server is not slow.
    pub fn patience(&self, thin: bool) -> Duration {
        match PATIENCE.get(self.udp_tries.max(1) - 1) {
            _ if thin && self.may_repeat() => PATIENCE[0],
            Some(patience) => *patience,
            None => REPEAT,
        }
    }

    /// Whether the asker wants no more than the tries so far.
    pub fn is_last_try(&self) -> bool {
        self.job.options.tries.is_some_and(|tries| self.udp_tries >= tries)
    }
}
