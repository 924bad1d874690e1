//! Looks at an open port: first for a greeting without a request, then at the responses to HTTP and TLS, the likelier first.
//!
//! A service that closes after each request is asked once more, with a header of the PROXY protocol.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::net::Network;
use crate::probe::protocol::{LONGEST, Protocol, guesses};
use crate::probe::service::{End, Http, Service};
use crate::probe::tls;

/// Time for a service to speak first.
const FIRST: Duration = Duration::from_millis(200);
/// Time after which the second protocol is tried beside the first.
const BESIDE: Duration = Duration::from_millis(700);
/// Timeout of a response: long enough to distinguish a slow service from a silent one.
const PATIENCE: Duration = Duration::from_millis(3500);
/// Maximum size of the head of an HTTP response in bytes.
const HEAD: usize = 4096;

/// What comes back on one connection.
enum Seen {
    /// Bytes, the first after this time; it may have ended then.
    Data(Vec<u8>, Duration),
    Closed,
    Reset,
    Silent,
}

/// Looks at the open port `to`. `wanted` is tried first; `own` is our address, for the PROXY protocol.
pub async fn look<N: Network>(
    net: &N,
    to: SocketAddrV6,
    wanted: Option<Protocol>,
    host: &str,
    own: Ipv6Addr,
) -> Service {
    let start = Instant::now();
    let done = |end, first_byte| {
        let named = match &end {
            End::Tls(_, Some(certificate)) => Some(certificate.is_for(host)),
            _ => None,
        };
        Service { end, first_byte, named, waited: start.elapsed() }
    };
    let first = net.link().borrow().timeout(FIRST, 2);
    match exchange(net, to, &[], first, |bytes| bytes.contains(&b'\n') || bytes.len() >= 64).await {
        Seen::Data(bytes, after) => {
            let end = match End::of(Protocol::Tls, &bytes) {
                Some(End::Other(text)) => End::SpeaksFirst(text),
                other => other.unwrap_or(End::Silent),
            };
            return done(end, Some(after));
        }
        Seen::Closed => return done(End::ClosesAtOnce, None),
        Seen::Reset => return done(End::ResetsAtOnce, None),
        Seen::Silent => {}
    }
    let [mut one, mut two] = guesses(to.port());
    if wanted == Some(two) {
        (one, two) = (two, one);
    }
    let ended = Notify::new();
    let likely = async {
        let seen = request(net, to, one, host).await;
        ended.notify_one();
        seen
    };
    // Beside the first where that takes long, else after it.
    let other = async {
        let _ = timeout(BESIDE, ended.notified()).await;
        request(net, to, two, host).await
    };
    tokio::pin!(likely, other);
    let (first_seen, second_seen) = tokio::select! {
        seen = &mut likely => match decided(one, &seen) {
            Some((end, after)) => return done(end, Some(after)),
            None => (seen, other.await),
        },
        seen = &mut other => match decided(two, &seen) {
            Some((end, after)) => return done(end, Some(after)),
            None => (likely.await, seen),
        },
    };
    for (protocol, seen) in [(one, &first_seen), (two, &second_seen)] {
        if let Some((end, after)) = decided(protocol, seen) {
            return done(end, Some(after));
        }
    }
    let seen = [first_seen, second_seen];
    // HTTP that was taken for a rejection of plain text, which nothing else explains.
    if let Some((http, after)) = seen.iter().find_map(|seen| match seen {
        Seen::Data(bytes, after) => Http::read(bytes).map(|http| (http, *after)),
        _ => None,
    }) {
        return done(End::Http(http), Some(after));
    }
    if !seen.iter().all(|seen| matches!(seen, Seen::Silent))
        && let Some((http, after)) = proxied(net, to, host, own).await
    {
        return done(End::WantsProxy(http), Some(after));
    }
    let any = |is: fn(&Seen) -> bool| seen.iter().any(is);
    let end = if any(|seen| matches!(seen, Seen::Data(..))) {
        End::Tls("TLS".into(), None)
    } else if any(|seen| matches!(seen, Seen::Reset)) {
        End::Resets
    } else if any(|seen| matches!(seen, Seen::Closed)) {
        End::Closes
    } else {
        End::Silent
    };
    done(end, None)
}

fn decided(protocol: Protocol, seen: &Seen) -> Option<(End, Duration)> {
    match seen {
        Seen::Data(bytes, after) => End::of(protocol, bytes).map(|end| (end, *after)),
        _ => None,
    }
}

/// Sends the opening of `protocol`.
async fn request<N: Network>(net: &N, to: SocketAddrV6, protocol: Protocol, host: &str) -> Seen {
    let patience = net.link().borrow().timeout(PATIENCE, 4);
    exchange(net, to, &protocol.opening(Some(host), to), patience, is_enough).await
}

/// The response to HTTP after a header of the PROXY protocol, version 1.
async fn proxied<N: Network>(
    net: &N,
    to: SocketAddrV6,
    host: &str,
    own: Ipv6Addr,
) -> Option<(Http, Duration)> {
    let header = format!("PROXY TCP6 {own} {} 40000 {}\r\n", to.ip(), to.port());
    let request = [header.into_bytes(), Protocol::Http.opening(Some(host), to)].concat();
    let patience = net.link().borrow().timeout(PATIENCE / 2, 4);
    match exchange(net, to, &request, patience, is_enough).await {
        Seen::Data(bytes, after) => {
            Http::read(&bytes).filter(|http| http.status != 400).map(|http| (http, after))
        }
        _ => None,
    }
}

fn is_enough(response: &[u8]) -> bool {
    if tls::is_tls(response) {
        return tls::read(response).done;
    }
    if response.starts_with(b"HTTP/") {
        return response.windows(4).any(|end| end == b"\r\n\r\n") || response.len() >= HEAD;
    }
    response.len() >= 5 && (response.contains(&b'\n') || response.len() >= 512)
}

/// Sends `request` on a new connection, and reads until `enough`, the end, or the timeout after the connection.
async fn exchange<N: Network>(
    net: &N,
    to: SocketAddrV6,
    request: &[u8],
    patience: Duration,
    enough: impl Fn(&[u8]) -> bool,
) -> Seen {
    let connect = net.link().borrow().timeout(PATIENCE / 2, 3);
    let mut stream = match timeout(connect, net.tcp(to)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if is_reset(&error) => return Seen::Reset,
        _ => return Seen::Silent,
    };
    let start = Instant::now();
    let mut response = Vec::new();
    let mut first = None;
    let reading = async {
        if !request.is_empty() {
            stream.write_all(request).await?;
        }
        let mut piece = [0; 2048];
        while !enough(&response) && response.len() < LONGEST {
            let count = stream.read(&mut piece).await?;
            if count == 0 {
                break;
            }
            first.get_or_insert_with(|| start.elapsed());
            response.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
        io::Result::Ok(())
    };
    let read = timeout(patience, reading).await;
    match (first, read) {
        (Some(after), _) => Seen::Data(response, after),
        (None, Err(_)) => Seen::Silent,
        (None, Ok(Err(error))) if is_reset(&error) => Seen::Reset,
        (None, Ok(_)) => Seen::Closed,
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::clock;
    use crate::net::host::HostNetwork;

    /// Looks at a service on this machine that does this with each connection.
    async fn seen(serve: impl Fn(TcpStream) + Send + 'static) -> End {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
        let net = HostNetwork::new(clock::now());
        let to = SocketAddrV6::new(Ipv6Addr::LOCALHOST, port, 0, 0);
        look(&net, to, Some(Protocol::Http), "web.internal", Ipv6Addr::LOCALHOST).await.end
    }

    fn request_of(mut stream: &TcpStream) -> Vec<u8> {
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request).unwrap_or(0);
        request.truncate(count);
        request
    }

    fn http(line: &str) -> Http {
        Http::read(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes()).unwrap()
    }

    #[tokio::test]
    async fn what_a_service_says_by_itself() {
        let greeting = seen(|mut stream| {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
            request_of(&stream);
        });
        let (greeting, closed) = tokio::join!(greeting, seen(drop));
        assert_eq!(greeting, End::SpeaksFirst("SSH-2.0-OpenSSH_9.2".into()));
        assert_eq!(closed, End::ClosesAtOnce);
    }

    #[tokio::test]
    async fn responses_to_a_request() {
        let busy = seen(|mut stream| {
            request_of(&stream);
            let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\n\r\n");
        });
        let unknown = seen(|mut stream| {
            request_of(&stream);
            let _ = stream.write_all(b"-ERR unknown command\r\n");
        });
        let (busy, unknown) = tokio::join!(busy, unknown);
        assert_eq!(busy, End::Http(http("503 Busy")));
        assert_eq!(unknown, End::Other("-ERR unknown command".into()));
    }

    #[tokio::test]
    async fn a_service_that_closes_may_want_the_proxy_protocol() {
        let proxied = seen(|mut stream| {
            if request_of(&stream).starts_with(b"PROXY TCP6 ::1 ::1 40000 ") {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            }
        });
        let closes = seen(|stream| {
            request_of(&stream);
        });
        // Closed with a part of the request unread: a reset.
        let resets = seen(|mut stream| {
            let _ = stream.read(&mut [0; 1]);
        });
        let (proxied, closes, resets) = tokio::join!(proxied, closes, resets);
        assert_eq!(proxied, End::WantsProxy(http("200 OK")));
        assert_eq!((closes, resets), (End::Closes, End::Resets));
    }
}
