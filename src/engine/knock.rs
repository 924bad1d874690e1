//! Tries TCP ports through the tunnel.

use std::io::ErrorKind;
use std::net::SocketAddrV6;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::speak::hear;
use crate::net::Network;
use crate::probe::port::{Knock, Knocked, Port};
use crate::text::words;

/// How long a connection may take to be accepted or refused.
pub const PATIENCE: Duration = Duration::from_millis(1500);
/// Connections that are tried at once: what was asked for, and no flood.
const AT_ONCE: usize = 16;
/// Between the beginnings of two: 200 a second, as pings have it.
const PACE: Duration = Duration::from_millis(5);

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

/// Tries all of `knocks`, speaks to those that are open where that is wanted, and tells each as it is settled.
pub async fn run<N: Network>(net: N, knocks: Vec<Knock>, told: mpsc::Sender<Knocked>) {
    let start = Instant::now();
    let mut tried = stream::iter((0..).zip(knocks))
        .map(|(n, at)| {
            let net = net.clone();
            async move {
                sleep_until(start + PACE * n).await;
                let port = knock(&net, at.to).await;
                let heard = match (at.speak, &port) {
                    (Some(how), Port::Open(_)) => hear(&net, at.to, how, at.host.as_deref()).await,
                    _ => None,
                };
                Knocked { knock: at, port, heard }
            }
        })
        .buffered(AT_ONCE);
    while let Some(one) = tried.next().await {
        if told.send(one).await.is_err() {
            return;
        }
    }
}
