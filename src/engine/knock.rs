//! Tries TCP ports through the tunnel.

use std::io::ErrorKind;
use std::net::SocketAddrV6;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::net::Network;
use crate::probe::port::{Knock, Port};
use crate::text::words;

/// How long a connection may take to be accepted or refused.
pub const PATIENCE: Duration = Duration::from_millis(1500);
/// Connections that are tried at once: what was asked for, and no flood.
const AT_ONCE: usize = 16;

/// Connects to `to` and closes at once.
pub async fn knock<N: Network>(net: &N, to: SocketAddrV6) -> Port {
    let start = Instant::now();
    match timeout(PATIENCE, net.tcp(to)).await {
        Ok(Ok(_)) => Port::Open(start.elapsed()),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Port::Refused,
            ErrorKind::TimedOut => Port::Silent,
            _ => Port::Error(words(error)),
        },
        Err(_) => Port::Silent,
    }
}

/// Tries all of `knocks`, and tells each as it is settled.
pub async fn run<N: Network>(net: N, knocks: Vec<Knock>, told: mpsc::Sender<(Knock, Port)>) {
    let mut tried = stream::iter(knocks)
        .map(|at| {
            let net = net.clone();
            async move {
                let port = knock(&net, at.to).await;
                (at, port)
            }
        })
        .buffered(AT_ONCE);
    while let Some(one) = tried.next().await {
        if told.send(one).await.is_err() {
            return;
        }
    }
}
