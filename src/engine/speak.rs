//! A TCP port for a diagnosis: tried more than once, since one lost packet is no verdict, and spoken to where that
//! was asked for.

use std::net::SocketAddrV6;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use super::knock::{PATIENCE, knock};
use crate::doctor::facts::Tried;
use crate::net::Network;
use crate::probe::port::Port;
use crate::probe::speech::{self, Heard, LONGEST, Speak, Speech, Spoken};
use crate::text::Safe;

/// Connections are begun so long after each other; the first that ends in an answer counts.
const STAGGER: [Duration; 3] = [Duration::ZERO, Duration::from_millis(300), Duration::from_millis(700)];

/// Tries the port at `to`, which belongs to `who`; `host` is the name to ask a service for.
pub async fn tried<N: Network>(
    net: &N,
    who: Safe,
    to: SocketAddrV6,
    speech: Option<Speech>,
    host: &str,
) -> Tried {
    let one = |after: Duration| async move {
        sleep(after).await;
        knock(net, to).await
    };
    let [first, second, third] = STAGGER.map(one);
    tokio::pin!(first, second, third);
    let mut left = 3;
    let mut ends = [false; 3];
    let port = loop {
        let (index, port) = tokio::select! {
            port = &mut first, if !ends[0] => (0, port),
            port = &mut second, if !ends[1] => (1, port),
            port = &mut third, if !ends[2] => (2, port),
        };
        ends[index] = true;
        left -= 1;
        if port != Port::Silent || left == 0 {
            break port;
        }
    };
    let spoken = match (speech, &port) {
        (Some(speech), Port::Open(_)) => Some(speak(net, to, speech, Some(host)).await),
        _ => None,
    };
    Tried { who, port, spoken }
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
async fn speak<N: Network>(net: &N, to: SocketAddrV6, speech: Speech, host: Option<&str>) -> Spoken {
    let Ok(Ok(mut stream)) = timeout(PATIENCE, net.tcp(to)).await else { return Spoken::Silent };
    let mut heard = Vec::new();
    let said = timeout(speech::PATIENCE, async {
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
