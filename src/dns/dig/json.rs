//! JSON form of an exchange: schema `sixpane.dig/1`; messages use the names of RFC 8427.

use data_encoding::HEXUPPER;
use serde_json::{Map, Value, json};

use super::compare::Difference;
use super::line::Ask;
use super::notes;
use super::rdata;
use super::types::{class_word, type_word};
use super::wire::{ADDITIONAL, ANSWER, AUTHORITY, Parts, Row};
use crate::dns::exchange::{Exchange, Try, TryEnd};
use crate::dns::names;

/// The exchange for `ask`: tries, outcome and notes.
pub fn exchange(ask: &Ask, exchange: &Exchange) -> Value {
    let question = &exchange.question;
    let mut object = json!({
        "schema": "sixpane.dig/1",
        "name": names::show(&question.name),
        "type": type_word(question.rtype.into()),
        "class": class_word(question.class.into()),
        "type_given": ask.type_given,
        "server": exchange.server.to_string(),
        "status": exchange.outcome().to_string(),
        "tries": exchange.tries.iter().map(attempt).collect::<Vec<_>>(),
        "notes": notes::of(ask, exchange),
    });
    let Some(map) = object.as_object_mut() else { return object };
    match &exchange.result {
        Ok(answer) => {
            map.insert("transport".into(), answer.transport.as_str().into());
            map.insert("ms".into(), millis(answer.rtt));
            map.insert("bytes".into(), answer.wire.len().into());
            map.insert("message".into(), Parts::of(&answer.wire).map(|parts| message(&parts)).into());
        }
        Err(failure) => {
            map.insert("error".into(), failure.to_string().into());
        }
    }
    object
}

/// A difference: its kind and the changed values.
pub fn difference(difference: &Difference) -> Value {
    let kind = difference.kind();
    match difference {
        Difference::Status(first, second) => {
            json!({ "kind": kind, "first": first.to_string(), "second": second.to_string() })
        }
        Difference::Removed(what) | Difference::Added(what) => json!({ "kind": kind, "record": what }),
        Difference::Ttl(what, first, second) => {
            json!({ "kind": kind, "record": what, "first": first, "second": second })
        }
        Difference::Order => json!({ "kind": kind }),
    }
}

fn millis(time: std::time::Duration) -> Value {
    (time.as_secs_f64() * 1e3).into()
}

fn attempt(attempt: &Try) -> Value {
    let (end, after) = match &attempt.end {
        TryEnd::Response(after) => ("response", Some(*after)),
        TryEnd::Truncated(after) => ("truncated", Some(*after)),
        TryEnd::NoEdns(after) => ("formerr", Some(*after)),
        TryEnd::BadCookie(after) => ("badcookie", Some(*after)),
        TryEnd::BadVersion(after, _) => ("badvers", Some(*after)),
        TryEnd::NoResponse => ("no-response", None),
        TryEnd::Failed(reason) => (reason.as_str(), None),
    };
    json!({
        "sent_ms": millis(attempt.sent),
        "transport": attempt.transport.as_str(),
        "end": end,
        "ms": after.map(millis),
    })
}

/// A message (RFC 8427 §2).
pub fn message(parts: &Parts<'_>) -> Value {
    let flag = |bit| u8::from(parts.flag(bit));
    let [questions, answers, authority, additional] = parts.counts;
    let rows =
        |section: usize| -> Vec<Value> { parts.sections[section].iter().map(|r| row(parts, r)).collect() };
    let question: Vec<Value> = parts
        .questions
        .iter()
        .map(|question| {
            json!({
                "NAME": names::show(&question.name),
                "TYPE": question.rtype,
                "TYPEname": type_word(question.rtype),
                "CLASS": question.class,
                "CLASSname": class_word(question.class),
            })
        })
        .collect();
    let mut extra = rows(ADDITIONAL);
    extra.extend(parts.opt.as_ref().map(|opt| row(parts, opt)));
    json!({
        "ID": parts.id,
        "QR": flag(0x8000),
        "Opcode": parts.opcode(),
        "AA": flag(0x400),
        "TC": flag(0x200),
        "RD": flag(0x100),
        "RA": flag(0x80),
        "AD": flag(0x20),
        "CD": flag(0x10),
        "RCODE": parts.rcode(),
        "QDCOUNT": questions,
        "ANCOUNT": answers,
        "NSCOUNT": authority,
        "ARCOUNT": additional,
        "questionRRs": question,
        "answerRRs": rows(ANSWER),
        "authorityRRs": rows(AUTHORITY),
        "additionalRRs": extra,
    })
}

fn row(parts: &Parts<'_>, row: &Row) -> Value {
    let data = parts.rdata(row);
    let word = type_word(row.rtype);
    let mut map = Map::new();
    map.insert("NAME".into(), names::show(&row.owner).into());
    map.insert("TYPE".into(), row.rtype.into());
    map.insert("TYPEname".into(), word.as_str().into());
    map.insert("CLASS".into(), row.class.into());
    map.insert("CLASSname".into(), class_word(row.class).into());
    map.insert("TTL".into(), row.ttl.into());
    map.insert("RDLENGTH".into(), data.len().into());
    map.insert("RDATAHEX".into(), HEXUPPER.encode(data).into());
    map.insert(format!("rdata{word}"), rdata::show(parts.wire, &row.rdata, row.rtype, row.class).into());
    map.into()
}
