//! In-memory [`Network`] for tests: one name server, implemented by a closure, on tokio's clock.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};

use super::{
    Arrival, Datagrams, EchoEvent, EchoKind, EchoRequest, Echoes, IcmpError, LinkState, Network, Phase,
};
use crate::clock::now;

pub const SERVER: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);

/// Transport of a query, as seen by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Udp,
    Tcp,
}

/// Handles a query: returns the messages to send back, each with a delay.
pub type Serve = Box<dyn FnMut(Over, &Message) -> Vec<(Duration, Vec<u8>)> + Send>;

/// Decides whether an echo request gets a reply.
pub type Answers = Box<dyn FnMut(&EchoRequest) -> bool + Send>;

/// Called on each requested re-handshake.
pub type OnHandshake = Box<dyn FnMut() + Send>;

#[derive(Clone)]
pub struct Fake {
    pub serve: Arc<Mutex<Serve>>,
    pub link: watch::Receiver<LinkState>,
    /// Source address of the server's datagrams.
    pub from: SocketAddrV6,
    /// Decides which echo requests get a reply.
    pub answers: Arc<Mutex<Answers>>,
    /// Round-trip time of an echo.
    pub rtt: Arc<Mutex<Duration>>,
    /// Called on each requested re-handshake.
    pub on_handshake: Arc<Mutex<OnHandshake>>,
}

pub struct FakeUdp {
    net: Fake,
    deliver: mpsc::UnboundedSender<Arrival>,
    inbox: AsyncMutex<mpsc::UnboundedReceiver<Arrival>>,
}

impl Datagrams for FakeUdp {
    fn send(&self, _: SocketAddrV6, payload: &[u8]) -> io::Result<()> {
        let query = Message::from_vec(payload).unwrap();
        for (delay, payload) in (self.net.serve.lock().unwrap())(Over::Udp, &query) {
            let (deliver, from) = (self.deliver.clone(), self.net.from);
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let arrival = if payload.is_empty() {
                    Arrival::Unreachable { to: from, by: SERVER, error: IcmpError::Unreachable(4) }
                } else {
                    Arrival::Datagram { from, payload, at: now() }
                };
                let _ = deliver.send(arrival);
            });
        }
        Ok(())
    }

    async fn recv(&self) -> io::Result<Arrival> {
        self.inbox.lock().await.recv().await.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

/// Echo source; replies arrive after [`Fake::rtt`].
pub struct FakeEcho {
    answers: Arc<Mutex<Answers>>,
    rtt: Arc<Mutex<Duration>>,
    deliver: mpsc::UnboundedSender<EchoEvent>,
    inbox: mpsc::UnboundedReceiver<EchoEvent>,
}

impl Echoes for FakeEcho {
    fn send(&self, request: EchoRequest) -> io::Result<Instant> {
        if !self.answers.lock().unwrap()(&request) {
            return Ok(now());
        }
        let deliver = self.deliver.clone();
        let sent = now();
        let rtt = *self.rtt.lock().unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(rtt).await;
            let kind = EchoKind::Reply { hop_limit: 61, bytes: request.payload + 8 };
            let _ = deliver.send(EchoEvent {
                seq: request.seq,
                to: request.to,
                from: request.to,
                sent,
                at: now(),
                kind,
            });
        });
        Ok(sent)
    }

    fn poll_recv(&mut self, task: &mut Context<'_>) -> Poll<io::Result<EchoEvent>> {
        self.inbox.poll_recv(task).map(|event| event.ok_or_else(|| io::ErrorKind::BrokenPipe.into()))
    }
}

impl Network for Fake {
    type Udp = FakeUdp;
    type Tcp = DuplexStream;
    type Echo = FakeEcho;

    fn udp(&self) -> io::Result<FakeUdp> {
        let (deliver, inbox) = mpsc::unbounded_channel();
        Ok(FakeUdp { net: self.clone(), deliver, inbox: AsyncMutex::new(inbox) })
    }

    async fn tcp(&self, _: SocketAddrV6) -> io::Result<DuplexStream> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let serve = self.serve.clone();
        tokio::spawn(async move {
            while let Ok(length) = theirs.read_u16().await {
                let mut wire = vec![0; usize::from(length)];
                theirs.read_exact(&mut wire).await.unwrap();
                let replies = serve.lock().unwrap()(Over::Tcp, &Message::from_vec(&wire).unwrap());
                if replies.is_empty() {
                    return;
                }
                for (delay, wire) in replies {
                    tokio::time::sleep(delay).await;
                    let mut frame = (wire.len() as u16).to_be_bytes().to_vec();
                    frame.extend(wire);
                    // One byte at a time, as TCP may deliver it.
                    for byte in frame {
                        theirs.write_u8(byte).await.unwrap();
                    }
                }
            }
        });
        Ok(ours)
    }

    fn echo(&self) -> io::Result<FakeEcho> {
        let (deliver, inbox) = mpsc::unbounded_channel();
        let (answers, rtt) = (self.answers.clone(), self.rtt.clone());
        Ok(FakeEcho { answers, rtt, deliver, inbox })
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.link.clone()
    }

    fn rehandshake(&self) {
        (self.on_handshake.lock().unwrap())();
    }
}

impl Fake {
    /// A network with `serve` on a link that is up. Dropping the sender ends the link.
    pub fn up(
        serve: impl FnMut(Over, &Message) -> Vec<(Duration, Vec<u8>)> + Send + 'static,
    ) -> (Self, watch::Sender<LinkState>) {
        let (state, link) = watch::channel(up());
        let from = SocketAddrV6::new(SERVER, 53, 0, 0);
        (
            Self {
                serve: Arc::new(Mutex::new(Box::new(serve))),
                link,
                from,
                answers: Arc::new(Mutex::new(Box::new(|_| true))),
                rtt: Arc::new(Mutex::new(Duration::from_millis(7))),
                on_handshake: Arc::new(Mutex::new(Box::new(|| ()))),
            },
            state,
        )
    }
}

/// State of a link that came up just now.
pub fn up() -> LinkState {
    LinkState { phase: Phase::Up, ..LinkState::new(now(), 1420) }
}
