//! Encoding of queries, decoding of responses.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Header, Message, MessageType, OpCode, Query};
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};

use super::dig::wire::{ADDITIONAL, ANSWER, AUTHORITY, Parts, Row};
use super::exchange::{Cookie, Options, Question, Subnet};
use crate::text::words;

/// Encodes `question` as a message with `id`. `edns` overrides the options (a query is repeated without after FORMERR).
///
/// # Errors
/// If the name cannot be encoded.
pub fn write(question: &Question, options: &Options, id: u16, edns: bool) -> Result<Vec<u8>, String> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = options.recurse;
    message.metadata.authentic_data = options.authentic;
    message.metadata.checking_disabled = options.unchecked;
    let mut query = Query::query(question.name.clone(), question.rtype);
    query.set_query_class(question.class);
    message.add_query(query);
    if let Some(size) = options.edns.filter(|_| edns) {
        let mut opt = Edns::new();
        opt.set_max_payload(size).set_version(options.edns_version).set_dnssec_ok(options.dnssec);
        if options.nsid {
            opt.options_mut().insert(EdnsOption::Unknown(EdnsCode::NSID.into(), Vec::new()));
        }
        if let Some(subnet) = options.subnet {
            opt.options_mut().insert(EdnsOption::Unknown(EdnsCode::Subnet.into(), subnet_data(subnet)));
        }
        if let Some(Cookie::Given(cookie)) = &options.cookie {
            opt.options_mut().insert(EdnsOption::Unknown(EdnsCode::Cookie.into(), cookie.clone()));
        }
        message.set_edns(opt);
    }
    message.to_vec().map_err(words)
}

/// FAMILY, SOURCE PREFIX-LENGTH, SCOPE PREFIX-LENGTH, and the address up to the prefix, padded with zero bits
/// (RFC 7871 §6).
fn subnet_data(subnet: Subnet) -> Vec<u8> {
    let (family, address) = match subnet.address {
        None => (0, Vec::new()),
        Some(IpAddr::V4(address)) => (1, address.octets().to_vec()),
        Some(IpAddr::V6(address)) => (2, address.octets().to_vec()),
    };
    let bits = usize::from(subnet.prefix);
    let mut data = vec![0, family, subnet.prefix, 0];
    data.extend(address.iter().take(bits.div_ceil(8)));
    if let (Some(last), 1..) = (data.last_mut(), bits % 8) {
        *last &= 0xff << (8 - bits % 8);
    }
    data
}

/// The message ID (RFC 1035 §4.1.1).
pub fn id(wire: &[u8]) -> Option<u16> {
    wire.first_chunk().map(|&bytes| u16::from_be_bytes(bytes))
}

/// Result of decoding a message that has one of our IDs.
#[derive(Debug)]
pub enum Reply {
    /// A response to the query.
    Answer(Box<Message>),
    /// Not a response to the query: another question, or not a response at all.
    Stray,
    /// A response to the query that cannot be decoded.
    Malformed(String),
}

/// Decodes a message with the ID of `question`. A response repeats the question (RFC 5452 §9.1); without a question
/// section it is accepted only with an error code, as servers send it for FORMERR.
pub fn read(wire: &[u8], question: &Question) -> Reply {
    // QR must be set and the opcode must be QUERY.
    if wire.get(2).is_none_or(|flags| flags & 0xf8 != 0x80) {
        return Reply::Stray;
    }
    match Message::from_vec(wire).or_else(|error| without_malformed_records(wire).ok_or(error)) {
        Err(error) => Reply::Malformed(words(error)),
        Ok(message) => {
            let echoed = match message.queries.as_slice() {
                [] => u16::from(message.metadata.response_code) != 0,
                [q] => {
                    q.name() == &question.name
                        && q.query_type() == question.rtype
                        && q.query_class() == question.class
                }
                _ => false,
            };
            if echoed { Reply::Answer(Box::new(message)) } else { Reply::Stray }
        }
    }
}

/// The decodable part of a message in which some records are malformed. Those remain in the wire form, from which dig
/// formats its output.
fn without_malformed_records(wire: &[u8]) -> Option<Message> {
    let parts = Parts::of(wire).filter(|parts| parts.whole)?;
    let header = Header::read(&mut BinDecoder::new(wire)).ok()?;
    let mut message = Message::new(header.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata = header.metadata;
    for asked in &parts.questions {
        let mut query = Query::query(asked.name.clone(), asked.rtype.into());
        query.set_query_class(asked.class.into());
        message.add_query(query);
    }
    let decoded = |rows: &[Row]| -> Vec<Record> {
        rows.iter()
            .filter_map(|row| {
                let mut decoder = BinDecoder::new(wire.get(..row.rdata.end)?);
                decoder.read_slice(row.start).ok()?;
                Record::read(&mut decoder).ok()
            })
            .collect()
    };
    message.add_answers(decoded(&parts.sections[ANSWER]));
    message.add_authorities(decoded(&parts.sections[AUTHORITY]));
    message.add_additionals(decoded(&parts.sections[ADDITIONAL]));
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::{Name, RecordType};
    use proptest::prelude::*;

    fn question(name: &str) -> Question {
        Question::new(Name::from_ascii(name).unwrap(), RecordType::AAAA)
    }

    fn reply(name: &str, change: impl Fn(&mut Vec<u8>)) -> Reply {
        let mut wire = write(&question(name), &Options::default(), 7, true).unwrap();
        wire[2] |= 0x80;
        change(&mut wire);
        read(&wire, &question("web.internal."))
    }

    #[test]
    fn only_a_response_to_the_same_question_is_an_answer() {
        assert!(matches!(reply("web.internal.", |_| ()), Reply::Answer(_)));
        assert!(matches!(reply("WEB.internal.", |_| ()), Reply::Answer(_)));
        assert!(matches!(reply("api.internal.", |_| ()), Reply::Stray));
        assert!(matches!(reply("web.internal.", |w| w[2] &= 0x7f), Reply::Stray));
        assert!(matches!(reply("web.internal.", |w| w.truncate(14)), Reply::Malformed(_)));
        assert!(matches!(reply("web.internal.", |w| w.truncate(1)), Reply::Stray));
    }

    #[test]
    fn options_and_flags_are_encoded() {
        let options = Options {
            nsid: true,
            subnet: Some(Subnet { address: Some("192.0.2.255".parse().unwrap()), prefix: 28 }),
            cookie: Some(Cookie::Given(b"cookies!".to_vec())),
            ..Options::default()
        };
        let wire = write(&question("web.internal."), &options, 7, true).unwrap();
        let parts = Parts::of(&wire).unwrap();
        let data = parts.rdata(parts.opt.as_ref().unwrap());
        assert_eq!(data, b"\0\x03\0\0\0\x08\0\x08\0\x01\x1c\0\xc0\0\x02\xf0\0\x0a\0\x08cookies!");
        let of = |address: &str, prefix| subnet_data(Subnet { address: address.parse().ok(), prefix });
        assert_eq!(of("2001:db8::1", 32), b"\0\x02\x20\0\x20\x01\x0d\xb8");
        assert_eq!(of("", 0), b"\0\0\0\0");
    }

    #[test]
    fn a_malformed_record_does_not_hide_the_others() {
        // An A record of three bytes, rejected by the decoder, and an AAAA record.
        let mut wire = write(&question("web.internal."), &Options::default(), 7, false).unwrap();
        wire[2] |= 0x80;
        wire[7] = 2;
        wire.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x03abc");
        wire.extend(b"\xc0\x0c\0\x1c\0\x01\0\0\0\x05\0\x10");
        wire.extend([0xfd; 16]);
        assert!(Message::from_vec(&wire).is_err());
        let Reply::Answer(message) = read(&wire, &question("web.internal.")) else { panic!("refused") };
        assert_eq!((message.answers.len(), message.answers[0].record_type()), (1, RecordType::AAAA));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(wire in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&wire, &question("web.internal."));
        }

        #[test]
        fn a_corrupted_response_never_panics(at in 0_usize..60, bit in 0_u8..8) {
            let _ = reply("web.internal.", |w| if let Some(byte) = w.get_mut(at) { *byte ^= 1 << bit });
        }
    }
}
