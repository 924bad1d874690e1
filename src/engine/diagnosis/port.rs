//! A TCP port for a diagnosis. It is checked more than once, since one lost packet proves nothing, and if it
//! is open, its service is looked at.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use tokio::time::sleep;

use super::super::connect::connect;
use super::service::look;
use crate::doctor::facts::Tried;
use crate::net::Network;
use crate::probe::port::Port;
use crate::probe::protocol::Protocol;
use crate::text::Safe;

/// Delays of the connection attempts; the first attempt with a response decides.
const STAGGER: [Duration; 3] = [Duration::ZERO, Duration::from_millis(300), Duration::from_millis(700)];

/// Checks the port at `to`, which belongs to `who`, and looks at its service; `host` is the host name that is sent, and
/// `own` our address.
pub async fn tried<N: Network>(
    net: &N,
    who: Safe,
    to: SocketAddrV6,
    protocol: Option<Protocol>,
    host: &str,
    own: Ipv6Addr,
) -> Tried {
    let one = |after: Duration| async move {
        sleep(after).await;
        connect(net, to).await
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
        if port != Port::Filtered || left == 0 {
            break port;
        }
    };
    let service = match port {
        Port::Open(_) => Some(look(net, to, protocol, host, own).await),
        _ => None,
    };
    let banner = protocol.and_then(|protocol| service.as_ref().map(|service| service.banner(protocol)));
    Tried { who, port, banner, service }
}
