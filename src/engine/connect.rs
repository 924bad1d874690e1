//! One TCP port: whether it is open, and what it speaks.

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

/// On a slow link a connection takes longer.
fn patience<N: Network>(net: &N) -> Duration {
    net.link().borrow().timeout(PATIENCE, 3)
}

/// Connects to `to` and closes at once.
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

/// Speaks to an open port until somebody says who he is; where nobody does, what was heard first stands.
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

/// Says the first words of `speech` on a connection of its own, and hears what comes.
pub async fn speak<N: Network>(net: &N, to: SocketAddrV6, speech: Speech, host: Option<&str>) -> Spoken {
    let Ok(Ok(mut stream)) = timeout(patience(net), net.tcp(to)).await else { return Spoken::Silent };
    let mut heard = Vec::new();
    let said = timeout(net.link().borrow().timeout(speech::PATIENCE, 4), async {
        if stream.write_all(&speech.opening(host, to)).await.is_err() {
            return;
        }
        let mut piece = [0; 2048];
        // Enough to tell what it is; the rest is not asked for.
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
