//! Exchanges built by hand, for tests of output and comparison.

use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::{AAAA, TXT};
use hickory_proto::rr::{Name, RData, Record};

use super::line;
use crate::dns::exchange::{Answer, Exchange, Failure, Question, Transport, Try, TryEnd};

/// The question of the line `words`.
pub(crate) fn question(words: &str) -> Question {
    let words: Vec<_> = words.split_whitespace().collect();
    line::parse(&words).unwrap().asks[0].question.clone()
}

/// An exchange for the line `words`: `code` and these records after 9.1 ms.
pub(crate) fn exchange(words: &str, code: u16, records: Vec<Record>) -> Exchange {
    let question = question(words);
    let mut message = Message::new(7, MessageType::Response, OpCode::Query);
    message.metadata.response_code = code.into();
    message.metadata.authoritative = true;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(question.name.clone(), question.rtype));
    message.add_answers(records);
    let rtt = Duration::from_micros(9_100);
    let wire = message.to_vec().unwrap().into();
    Exchange {
        question,
        server: "[fdaa:0:18::3]:53".parse().unwrap(),
        sent: vec![],
        tries: vec![Try { sent: Duration::ZERO, transport: Transport::Udp, end: TryEnd::Response(rtt) }],
        result: Ok(Answer { message: Arc::new(message), wire, rtt, transport: Transport::Udp }),
    }
}

/// An exchange without a response.
pub(crate) fn silent(words: &str) -> Exchange {
    let sent = |ms| Duration::from_millis(ms);
    let attempt = |ms, transport| Try { sent: sent(ms), transport, end: TryEnd::NoResponse };
    Exchange {
        question: question(words),
        server: "[fdaa:0:18::3]:53".parse().unwrap(),
        sent: vec![],
        tries: vec![
            attempt(0, Transport::Udp),
            attempt(250, Transport::Udp),
            attempt(600, Transport::Udp),
            attempt(1250, Transport::Tcp),
        ],
        result: Err(Failure::Timeout(Duration::from_secs(2))),
    }
}

fn owner(name: &str) -> Name {
    super::name::parse(name).unwrap()
}

pub(crate) fn aaaa(name: &str, address: &str) -> Record {
    Record::from_rdata(owner(name), 5, RData::AAAA(AAAA(address.parse().unwrap())))
}

pub(crate) fn txt(name: &str, strings: &[&[u8]]) -> Record {
    Record::from_rdata(owner(name), 5, RData::TXT(TXT::from_bytes(strings.to_vec())))
}
