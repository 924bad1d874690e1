//! When an answer only says how to ask: BADCOOKIE and BADVERS, the way `dig` takes them.

use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::exchange::{Cookie, Options, Transport, Try, TryEnd};

/// BADVERS (RFC 6891 §9) and BADCOOKIE (RFC 7873 §8).
const BADVERS: u16 = 16;
const BADCOOKIE: u16 = 23;
/// Bytes of a client's part of a cookie (RFC 7873 §4.1).
const CLIENT: usize = 8;

/// How to ask once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// How the try that was answered so ended.
    pub end: TryEnd,
    /// The options of the next one.
    pub options: Options,
    /// How it goes.
    pub transport: Transport,
}

/// What `answer`, which came `rtt` after it was asked with `options`, wants asked again. Each is followed a bounded
/// number of times: a cookie once over UDP and once over TCP, a version as long as it falls.
pub fn asks(
    answer: &Message,
    options: &Options,
    tries: &[Try],
    transport: Transport,
    rtt: Duration,
) -> Option<Again> {
    let edns = answer.edns.as_ref().filter(|_| options.edns.is_some())?;
    match u16::from(answer.metadata.response_code) {
        BADVERS if options.negotiate_edns && edns.version() < options.edns_version => {
            let options = Options { edns_version: edns.version(), ..options.clone() };
            Some(Again { end: TryEnd::BadVersion(rtt, edns.version()), options, transport })
        }
        // Over TCP the cookie says nothing that the connection does not (RFC 7873 §5.3).
        BADCOOKIE if options.renew_cookie && transport == Transport::Udp => {
            let Some(Cookie::Given(ours)) = &options.cookie else { return None };
            let Some(EdnsOption::Unknown(_, theirs)) = edns.option(EdnsCode::Cookie) else { return None };
            // One that is not made for our part of it is somebody else's.
            let good = theirs.get(..CLIENT) == ours.get(..CLIENT) && (16..=40).contains(&theirs.len());
            let before = tries.iter().any(|attempt| matches!(attempt.end, TryEnd::BadCookie(_)));
            good.then(|| Again {
                end: TryEnd::BadCookie(rtt),
                options: Options { cookie: Some(Cookie::Given(theirs.clone())), ..options.clone() },
                transport: if before { Transport::Tcp } else { Transport::Udp },
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{Edns, MessageType, OpCode};

    fn answer(code: u16, version: u8, cookie: &[u8]) -> Message {
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.metadata.response_code = code.into();
        let mut edns = Edns::new();
        edns.set_version(version);
        if !cookie.is_empty() {
            edns.options_mut().insert(EdnsOption::Unknown(10, cookie.to_vec()));
        }
        message.set_edns(edns);
        message
    }

    #[test]
    fn a_cookie_is_renewed_once_and_then_over_tcp_and_never_there() {
        let options = Options { cookie: Some(Cookie::Given(b"ourshere".to_vec())), ..Options::default() };
        let ms = Duration::from_millis(9);
        let ask = |cookie: &[u8], tries: &[Try], transport| {
            asks(&answer(BADCOOKIE, 0, cookie), &options, tries, transport, ms)
        };
        let theirs = b"ourshere and the server's";
        let again = ask(theirs, &[], Transport::Udp).unwrap();
        assert_eq!(again.options.cookie, Some(Cookie::Given(theirs.to_vec())));
        assert_eq!((again.transport, &again.end), (Transport::Udp, &TryEnd::BadCookie(ms)));
        let tries = [Try { sent: ms, transport: Transport::Udp, end: again.end }];
        assert_eq!(ask(theirs, &tries, Transport::Udp).unwrap().transport, Transport::Tcp);
        assert_eq!(ask(theirs, &tries, Transport::Tcp), None);
        // Not ours, none, too short, too long.
        for bad in [&b"somebody else's cookie"[..], b"", b"ourshere1234567", &[b'o'; 41]] {
            assert_eq!(ask(bad, &[], Transport::Udp), None);
        }
        let without = Options { renew_cookie: false, ..options.clone() };
        assert_eq!(asks(&answer(BADCOOKIE, 0, theirs), &without, &[], Transport::Udp, ms), None);
    }

    #[test]
    fn a_version_is_lowered_and_never_raised() {
        let options = Options { edns_version: 5, ..Options::default() };
        let ask = |version, options: &Options| {
            asks(&answer(BADVERS, version, b""), options, &[], Transport::Tcp, Duration::ZERO)
        };
        let again = ask(0, &options).unwrap();
        assert_eq!((again.options.edns_version, again.transport), (0, Transport::Tcp));
        assert_eq!(ask(0, &again.options), None);
        assert_eq!(ask(5, &options), None);
        assert_eq!(ask(6, &options), None);
        assert_eq!(ask(0, &Options { negotiate_edns: false, ..options }), None);
    }
}
