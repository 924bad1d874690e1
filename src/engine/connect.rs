//! One TCP port: the connection attempt, and the check of its protocol.

use std::io::ErrorKind;
use std::net::SocketAddrV6;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use crate::net::Network;
use crate::probe::port::Port;
use crate::probe::protocol::{self, Banner, LONGEST, Protocol, ProtocolCheck, Protocols};
use crate::text::words;

/// Timeout of a connection attempt.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Timeout of a connection attempt, longer on a slow link.
fn patience<N: Network>(net: &N) -> Duration {
    net.link().borrow().timeout(PATIENCE, 3)
}

/// Connects to `to`, and closes the connection immediately.
pub async fn connect<N: Network>(net: &N, to: SocketAddrV6) -> Port {
    let start = Instant::now();
    match timeout(patience(net), net.tcp(to)).await {
        Ok(Ok(_)) => Port::Open(start.elapsed()),
        Ok(Err(error)) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Port::Refused,
            ErrorKind::PermissionDenied => Port::Prohibited,
            ErrorKind::TimedOut => Port::Filtered,
            _ => Port::Error(words(error)),
        },
        Err(_) => Port::Filtered,
    }
}

/// Checks protocols on an open port until one identifies the service; otherwise returns the first result.
pub async fn check_protocols<N: Network>(
    net: &N,
    to: SocketAddrV6,
    protocols: Protocols,
    host: Option<&str>,
) -> Option<ProtocolCheck> {
    let mut first = None;
    for protocol in protocols.in_order(to.port()) {
        let banner = check_protocol(net, to, protocol, host).await;
        if banner.is_conclusive() || (first.is_some() && banner.fits()) {
            return Some(ProtocolCheck { protocol, banner });
        }
        first.get_or_insert(ProtocolCheck { protocol, banner });
    }
    first
}

/// Sends the opening of `protocol` on a new connection, and evaluates the response.
pub async fn check_protocol<N: Network>(
    net: &N,
    to: SocketAddrV6,
    protocol: Protocol,
    host: Option<&str>,
) -> Banner {
    let Ok(Ok(mut stream)) = timeout(patience(net), net.tcp(to)).await else { return Banner::NoData };
    let mut response = Vec::new();
    let reading = timeout(net.link().borrow().timeout(protocol::PATIENCE, 4), async {
        if stream.write_all(&protocol.opening(host, to)).await.is_err() {
            return;
        }
        let mut piece = [0; 2048];
        // Read only as much as identifies the service.
        while !protocol.is_enough(&response) && response.len() < LONGEST {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(n) => response.extend_from_slice(piece.get(..n).unwrap_or_default()),
            }
        }
    });
    match reading.await {
        Err(_) if response.is_empty() => Banner::NoData,
        _ => protocol.judge(&response),
    }
}
