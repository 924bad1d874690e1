//! Retries that the response itself asks for (BADCOOKIE, RFC 7873; BADVERS, RFC 6891), as in `dig`.

use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::exchange::{Cookie, Options, Transport, Try, TryEnd};

/// BADVERS (RFC 6891 §9) and BADCOOKIE (RFC 7873 §8).
const BADVERS: u16 = 16;
const BADCOOKIE: u16 = 23;
/// Size of a client cookie in bytes (RFC 7873 §4.1).
const CLIENT: usize = 8;

/// Parameters of a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// End of the try that got this response.
    pub end: TryEnd,
    /// Options of the next try.
    pub options: Options,
    pub transport: Transport,
}

/// The retry that `answer` asks for, if any; `answer` was received `rtt` after a query with `options`. Each kind of
/// retry is bounded: a cookie once over UDP and once over TCP, a version only while it decreases.
pub fn requested(
    answer: &Message,
    options: &Options,
    tries: &[Try],
    transport: Transport,
    rtt: Duration,
) -> Option<Retry> {
    let edns = answer.edns.as_ref().filter(|_| options.edns.is_some())?;
    match u16::from(answer.metadata.response_code) {
        BADVERS if options.negotiate_edns && edns.version() < options.edns_version => {
            let options = Options { edns_version: edns.version(), ..options.clone() };
            Some(Retry { end: TryEnd::BadVersion(rtt, edns.version()), options, transport })
        }
        // Over TCP a cookie adds nothing to the connection (RFC 7873 §5.3).
        BADCOOKIE if options.renew_cookie && transport == Transport::Udp => {
            let Some(Cookie::Given(ours)) = &options.cookie else { return None };
            let Some(EdnsOption::Unknown(_, theirs)) = edns.option(EdnsCode::Cookie) else { return None };
            // A cookie for another client part is not for us.
            let good = theirs.get(..CLIENT) == ours.get(..CLIENT) && (16..=40).contains(&theirs.len());
            let before = tries.iter().any(|attempt| matches!(attempt.end, TryEnd::BadCookie(_)));
            good.then(|| Retry {
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
    fn a_cookie_is_renewed_once_over_udp_then_once_over_tcp() {
        let options = Options { cookie: Some(Cookie::Given(b"ourshere".to_vec())), ..Options::default() };
        let ms = Duration::from_millis(9);
        let request = |cookie: &[u8], tries: &[Try], transport| {
            requested(&answer(BADCOOKIE, 0, cookie), &options, tries, transport, ms)
        };
        let theirs = b"ourshere and the server's";
        let retry = request(theirs, &[], Transport::Udp).unwrap();
        assert_eq!(retry.options.cookie, Some(Cookie::Given(theirs.to_vec())));
        assert_eq!((retry.transport, &retry.end), (Transport::Udp, &TryEnd::BadCookie(ms)));
        let tries = [Try { sent: ms, transport: Transport::Udp, end: retry.end }];
        assert_eq!(request(theirs, &tries, Transport::Udp).unwrap().transport, Transport::Tcp);
        assert_eq!(request(theirs, &tries, Transport::Tcp), None);
        // Not ours, none, too short, too long.
        for bad in [&b"cookie of another client"[..], b"", b"ourshere1234567", &[b'o'; 41]] {
            assert_eq!(request(bad, &[], Transport::Udp), None);
        }
        let without = Options { renew_cookie: false, ..options.clone() };
        assert_eq!(requested(&answer(BADCOOKIE, 0, theirs), &without, &[], Transport::Udp, ms), None);
    }

    #[test]
    fn the_version_only_decreases() {
        let options = Options { edns_version: 5, ..Options::default() };
        let request = |version, options: &Options| {
            requested(&answer(BADVERS, version, b""), options, &[], Transport::Tcp, Duration::ZERO)
        };
        let retry = request(0, &options).unwrap();
        assert_eq!((retry.options.edns_version, retry.transport), (0, Transport::Tcp));
        assert_eq!(request(0, &retry.options), None);
        assert_eq!(request(5, &options), None);
        assert_eq!(request(6, &options), None);
        assert_eq!(request(0, &Options { negotiate_edns: false, ..options }), None);
    }
}
