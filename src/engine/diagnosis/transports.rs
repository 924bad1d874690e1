//! The name server by UDP and by TCP, each on its own: the DNS client uses one where the other fails, and hides that.

use std::io;
use std::net::SocketAddrV6;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until, timeout};

use crate::dns::exchange::{Options, Question};
use crate::dns::message::{self, Reply};
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{DnsEnd, DnsPath};
use crate::net::{Arrival, Datagrams as _, Network};

/// Times of the datagrams.
const TRIES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(2)];
/// Timeout of both: long enough to distinguish a slow server from a silent one.
const PATIENCE: Duration = Duration::from_secs(4);

/// Queries `server` for `_apps.internal` by UDP and by TCP.
pub async fn transports<N: Network>(net: &N, server: SocketAddrV6) -> (DnsPath, DnsPath) {
    tokio::join!(udp(net, server), tcp(net, server))
}

fn query(id: u16) -> Option<(Question, Vec<u8>)> {
    let question = Question::new(Form::Apps.name().ok()?, Form::Apps.record_type());
    let wire = message::write(&question, &Options::default(), id, true).ok()?;
    Some((question, wire))
}

/// A response to the query, sent `after` ago.
fn replied(wire: &[u8], question: &Question, after: Duration) -> Option<DnsEnd> {
    match message::read(wire, question) {
        Reply::Answer(message) => {
            let (outcome, truncated) =
                (Outcome::Rcode(message.metadata.response_code), message.metadata.truncation);
            Some(DnsEnd::Reply { after, outcome, truncated })
        }
        Reply::Malformed(_) => Some(DnsEnd::Reply { after, outcome: Outcome::Malformed, truncated: false }),
        Reply::Stray => None,
    }
}

async fn udp<N: Network>(net: &N, server: SocketAddrV6) -> DnsPath {
    let start = Instant::now();
    let end = start + net.link().borrow().timeout(PATIENCE, 4);
    let mut path = DnsPath { sent: 0, end: DnsEnd::Silent, elsewhere: None, waited: Duration::ZERO };
    let Ok(socket) = net.udp() else { return path };
    let first: u16 = rand::random();
    let Some((question, _)) = query(first) else { return path };
    let mut departures: Vec<Instant> = Vec::new();
    loop {
        let due = TRIES.get(departures.len()).map_or(end, |after| (start + *after).min(end));
        tokio::select! {
            () = sleep_until(due) => {
                if departures.len() == TRIES.len() || due == end {
                    break;
                }
                let id = first.wrapping_add(departures.len() as u16);
                if let Some((_, wire)) = query(id) && socket.send(server, &wire).is_ok() {
                    path.sent += 1;
                }
                departures.push(Instant::now());
            }
            arrival = socket.recv() => match arrival {
                Ok(Arrival::Datagram { from, payload, .. }) => {
                    let number = message::id(&payload).map(|id| id.wrapping_sub(first));
                    let Some(sent) = number.and_then(|number| departures.get(usize::from(number))) else { continue };
                    let Some(reply) = replied(&payload, &question, sent.elapsed()) else { continue };
                    if (from.ip(), from.port()) == (server.ip(), server.port()) {
                        path.end = reply;
                        break;
                    }
                    path.elsewhere = Some(from);
                }
                Ok(Arrival::Unreachable { by, .. }) => {
                    path.end = DnsEnd::Unreachable(by);
                    break;
                }
                Err(_) => break,
            }
        }
    }
    path.waited = start.elapsed();
    path
}

async fn tcp<N: Network>(net: &N, server: SocketAddrV6) -> DnsPath {
    let start = Instant::now();
    let patience = net.link().borrow().timeout(PATIENCE, 5);
    let exchange = async {
        let (question, wire) = query(rand::random())?;
        let mut stream = match net.tcp(server).await {
            Ok(stream) => stream,
            Err(error) => return Some(refused(&error)),
        };
        let mut frame = (wire.len() as u16).to_be_bytes().to_vec();
        frame.extend(wire);
        let sent = Instant::now();
        let response = async {
            stream.write_all(&frame).await?;
            let mut response = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut response).await?;
            io::Result::Ok(response)
        };
        match response.await {
            Ok(response) => replied(&response, &question, sent.elapsed()),
            Err(_) => Some(DnsEnd::Closed),
        }
    };
    let end = timeout(patience, exchange).await.ok().flatten().unwrap_or(DnsEnd::Silent);
    DnsPath { sent: 1, end, elsewhere: None, waited: start.elapsed() }
}

fn refused(error: &io::Error) -> DnsEnd {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => DnsEnd::Refused,
        io::ErrorKind::TimedOut => DnsEnd::Silent,
        _ => DnsEnd::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::scenario::Scenario;
    use crate::demo::zone::respond;
    use crate::net::fake::{Fake, Over, SERVER};

    const RTT: Duration = Duration::from_millis(12);

    /// Ends of both, where the name server takes this long by UDP and by TCP, or is silent; `port` is that of its replies.
    async fn ends(udp: Option<Duration>, tcp: Option<Duration>, port: u16) -> (DnsPath, DnsPath) {
        let org = Scenario::generated(3, 2, 1);
        let (mut fake, _link) = Fake::up(move |over, query| {
            let delay = if over == Over::Udp { udp } else { tcp };
            let wire = respond(&org, &query.to_vec().unwrap(), over == Over::Tcp);
            delay.zip(wire).into_iter().collect()
        });
        fake.from.set_port(port);
        transports(&fake, SocketAddrV6::new(SERVER, 53, 0, 0)).await
    }

    fn reply(after: Duration) -> DnsEnd {
        DnsEnd::Reply { after, outcome: Outcome::NOERROR, truncated: false }
    }

    #[tokio::test(start_paused = true)]
    async fn each_transport_is_tested_by_itself() {
        let (udp, tcp) = ends(Some(RTT), Some(RTT), 53).await;
        assert_eq!((udp.end, tcp.end), (reply(RTT), reply(RTT)));
        assert_eq!((udp.sent, udp.elsewhere), (1, None));
        let (udp, tcp) = ends(None, Some(RTT), 53).await;
        assert_eq!((udp.end, udp.sent, udp.waited, tcp.end), (DnsEnd::Silent, 4, PATIENCE, reply(RTT)));
        let (udp, tcp) = ends(Some(RTT), None, 53).await;
        assert_eq!((udp.end, tcp.end), (reply(RTT), DnsEnd::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_name_server_is_not_a_silent_one() {
        let slow = Duration::from_secs(3);
        let (udp, tcp) = ends(Some(slow), Some(slow), 53).await;
        assert_eq!((udp.end, udp.sent, tcp.end), (reply(slow), 4, reply(slow)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_from_another_port_does_not_count() {
        let (udp, _) = ends(Some(RTT), Some(RTT), 5353).await;
        assert_eq!((udp.end, udp.elsewhere.map(|from| from.port())), (DnsEnd::Silent, Some(5353)));
    }
}
