//! One shared DNS connection over TCP: frames with a two-byte length (RFC 1035 §4.2.2), pipelined queries, responses in
//! any order (RFC 7766 §6.2.1.1).

use std::net::SocketAddrV6;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::net::Network;
use crate::text::words;

#[derive(Debug)]
pub enum Event {
    /// The connection is established.
    Open {
        server: SocketAddrV6,
        /// Number of the connection.
        generation: u64,
    },
    Frames {
        server: SocketAddrV6,
        /// The messages without their length prefix.
        wires: Vec<Vec<u8>>,
    },
    /// The connection has ended or was never established.
    Closed {
        server: SocketAddrV6,
        /// Number of the connection.
        generation: u64,
        reason: String,
    },
}

/// Sending half of a connection; dropping it closes the connection.
#[derive(Debug)]
pub struct Connection {
    frames: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
    /// Distinguishes this connection from earlier ones to the same server.
    pub generation: u64,
    /// Whether it is established.
    pub open: bool,
}

/// Maximum number of queued messages; larger than the client's window.
const QUEUE: usize = 4096;
/// Maximum number of messages per write: they share packets.
const BATCH: usize = 128;
/// Size of the read buffer in bytes.
const BUFFER: usize = 16 * 1024;

impl Connection {
    /// Starts to connect. Messages sent meanwhile are queued.
    pub fn open<N: Network>(
        net: &N,
        server: SocketAddrV6,
        generation: u64,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let (frames, queue) = mpsc::channel(QUEUE);
        let net = net.clone();
        let task = tokio::spawn(async move {
            let reason = match run(&net, server, generation, queue, &events).await {
                Ok(()) => return,
                Err(error) => words(error),
            };
            let _ = events.send(Event::Closed { server, generation, reason }).await;
        });
        Self { frames, task, generation, open: false }
    }

    /// Queues a message; false if the connection has ended or its queue is full.
    pub fn send(&self, wire: &[u8]) -> bool {
        let Ok(length) = u16::try_from(wire.len()) else { return false };
        let mut frame = Vec::with_capacity(wire.len() + 2);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(wire);
        self.frames.try_send(frame).is_ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn holds_a_frame(bytes: &[u8]) -> bool {
    bytes
        .split_first_chunk()
        .is_some_and(|(&length, rest)| rest.len() >= usize::from(u16::from_be_bytes(length)))
}

async fn run<N: Network>(
    net: &N,
    server: SocketAddrV6,
    generation: u64,
    mut queue: mpsc::Receiver<Vec<u8>>,
    events: &mpsc::Sender<Event>,
) -> std::io::Result<()> {
    let (reader, mut writer) = tokio::io::split(net.tcp(server).await?);
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    if events.send(Event::Open { server, generation }).await.is_err() {
        return Ok(());
    }
    let write = async {
        let mut frames = Vec::new();
        while queue.recv_many(&mut frames, BATCH).await > 0 {
            writer.write_all(&frames.concat()).await?;
            writer.flush().await?;
            frames.clear();
        }
        Ok(())
    };
    let read = async {
        let mut wires = Vec::new();
        loop {
            let length = reader.read_u16().await?;
            if length == 0 {
                return Err(std::io::Error::other("an empty message"));
            }
            let mut wire = vec![0; usize::from(length)];
            reader.read_exact(&mut wire).await?;
            wires.push(wire);
            // Deliver complete messages together, without waiting for an incomplete one.
            if !holds_a_frame(reader.buffer())
                && events.send(Event::Frames { server, wires: std::mem::take(&mut wires) }).await.is_err()
            {
                return Ok(());
            }
        }
    };
    tokio::select! { end = write => end, end = read => end }
}
