//! One TCP port: the connection attempt, and the check of its protocol.

use std::io::ErrorKind;
use std::net::SocketAddrV6;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use crate::net::Network;
use crate::probe::port::Port;
use crate::probe::speech::{self, Heard, LONGEST, Speak, Speech, Spoken};
use crate::text::words;

/// Timeout of a connection attempt.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Timeout of a connection attempt, longer on a slow link.
fn patience<N: Network>(net: &N) -> Duration {
    net.link().borrow().timeout(PATIENCE, 3)
}

/// Connects to `to`, and closes the connection immediately.
pub async fn knock<N: Network>(net: &N, to: SocketAddrV6) -> Port {
    let start = Instant::now();
    match timeout(patience(net), net.tcp(to)).await {
        Ok(Ok(_)) => Port::Open(start.elapsed()),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Port::Refused,
            ErrorKind::TimedOut => Port::Silent,
            _ => Port::Error(words(error)),
        },
        Err(_) => Port::Silent,
    }
}

/// Checks protocols on an open port until one identifies the service; otherwise returns the first result.
pub async fn hear<N: Network>(net: &N, to: SocketAddrV6, how: Speak, host: Option<&str>) -> Option<Heard> {
    let mut first = None;
    for speech in how.speeches(to.port()) {
        let spoken = speak(net, to, speech, host).await;
        if spoken.tells() || (first.is_some() && spoken.fits()) {
            return Some(Heard { speech, spoken });
        }
        first.get_or_insert(Heard { speech, spoken });
    }
    first
}

/// Sends the opening of `speech` on a new connection, and evaluates the response.
pub async fn speak<N: Network>(net: &N, to: SocketAddrV6, speech: Speech, host: Option<&str>) -> Spoken {
    let Ok(Ok(mut stream)) = timeout(patience(net), net.tcp(to)).await else { return Spoken::Silent };
    let mut heard = Vec::new();
    let said = timeout(net.link().borrow().timeout(speech::PATIENCE, 4), async {
        if stream.write_all(&speech.opening(host, to)).await.is_err() {
            return;
        }
        let mut piece = [0; 2048];
        // Read only as much as identifies the service.
        while !speech.is_enough(&heard) && heard.len() < LONGEST {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(n) => heard.extend_from_slice(piece.get(..n).unwrap_or_default()),
            }
        }
    });
    match said.await {
        Err(_) if heard.is_empty() => Spoken::Silent,
        _ => speech.judge(&heard),
    }
}
