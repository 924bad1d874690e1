//! Text form of an exchange, as printed by `dig`.

use std::fmt::Write as _;

use jiff::ZonedDateTime;

use super::options::Show;
use super::types::{class_word, type_word};
use super::wire::{ADDITIONAL, ANSWER, AUTHORITY, FLAGS, Parts, Row, opcode_word};
use super::{edns, line::Line};
use super::{multiline, rdata};
use crate::dns::exchange::{Answer, Exchange, Transport, TryEnd};
use crate::dns::names;
use crate::dns::outcome::Outcome;
use crate::text::Safe;

/// Columns of TTL, class, type and data, with tab stops of eight.
const COLUMNS: [usize; 4] = [24, 32, 40, 48];
/// The same without the TTL or the class.
const FEWER: [usize; 3] = [24, 32, 40];

/// The first line, with the words of the line.
pub fn banner<W: AsRef<str>>(words: &[W], line: &Line) -> String {
    if !line.show.cmd || line.show.short {
        return String::new();
    }
    let words: Vec<_> = words.iter().map(|word| Safe::new(word.as_ref()).to_string()).collect();
    format!(
        "\n; <<>> sixpane {} <<>> {}\n;; global options: +cmd\n",
        env!("CARGO_PKG_VERSION"),
        words.join(" ")
    )
}

/// One answered exchange; `when` returns the time of the response. It is called only if the time is printed, since
/// reading the time zone takes longer than a query.
pub fn answer(
    exchange: &Exchange,
    answer: &Answer,
    show: &Show,
    when: impl FnOnce() -> ZonedDateTime,
) -> String {
    let Some(parts) = Parts::of(&answer.wire) else { return String::new() };
    if show.short {
        return short(&parts);
    }
    let mut out = String::new();
    tries(exchange, show, &mut out);
    let sent = exchange.sent.last().map(AsRef::as_ref);
    let no_edns = exchange.tries.iter().any(|attempt| matches!(attempt.end, TryEnd::NoEdns(_)));
    let remark = no_edns.then_some(";; the server does not support EDNS (FORMERR): retried without it");
    message(&parts, show, ";; Got answer:", remark, sent, &mut out);
    if show.comments && !parts.whole {
        out.push_str(
            ";; WARNING: the message is truncated or malformed; only its readable part is shown\n\n",
        );
    }
    if show.stats {
        let server = exchange.server;
        let _ = writeln!(
            out,
            ";; Query time: {} msec\n;; SERVER: {ip}#{}({ip}) ({})\n;; WHEN: {}\n;; MSG SIZE  rcvd: {}\n",
            answer.rtt.as_millis(),
            server.port(),
            answer.transport.as_str(),
            when().strftime("%a %b %d %H:%M:%S %Z %Y"),
            answer.wire.len(),
            ip = server.ip(),
        );
    }
    out
}

/// The tries before the response: each sent message, if requested, and the reason for the retry. A lost one is not shown.
fn tries(exchange: &Exchange, show: &Show, out: &mut String) {
    let mut lost = false;
    for (n, attempt) in exchange.tries.iter().enumerate() {
        let query = exchange.sent.get(n).filter(|_| show.query && !lost);
        if let Some(query) = query.and_then(|wire| Parts::of(wire)) {
            message(&query, show, ";; Sending:", None, None, out);
            if show.stats {
                let _ = writeln!(out, ";; QUERY SIZE: {}\n", query.wire.len());
            }
        }
        lost = matches!(attempt.end, TryEnd::NoResponse | TryEnd::Failed(_));
        if !show.comments {
            continue;
        }
        let over_tcp = exchange.tries.get(n + 1).is_some_and(|next| next.transport == Transport::Tcp);
        let _ = match attempt.end {
            TryEnd::Truncated(_) => writeln!(out, ";; Truncated, retrying in TCP mode."),
            TryEnd::BadCookie(_) if over_tcp => writeln!(out, ";; BADCOOKIE, retrying in TCP mode."),
            TryEnd::BadCookie(_) => writeln!(out, ";; BADCOOKIE, retrying."),
            TryEnd::BadVersion(_, version) => {
                writeln!(out, ";; BADVERS, retrying with EDNS version {version}.")
            }
            TryEnd::NoResponse | TryEnd::Failed(_) | TryEnd::NoEdns(_) | TryEnd::Response(_) => Ok(()),
        };
    }
}

/// A message under `title`; `sent` is its query.
fn message(
    parts: &Parts<'_>,
    show: &Show,
    title: &str,
    remark: Option<&str>,
    sent: Option<&[u8]>,
    out: &mut String,
) {
    if show.comments {
        header(parts, title, remark, sent, out);
    }
    if show.question {
        if show.comments {
            out.push_str(";; QUESTION SECTION:\n");
        }
        for asked in &parts.questions {
            let mut line = Columns::new(names::show(&asked.name));
            let [class, rtype] = match (show.ttl, show.class) {
                _ if show.multiline => [COLUMNS[0]; 2],
                (true, true) => [COLUMNS[1], COLUMNS[2]],
                (false, false) => [COLUMNS[0]; 2],
                _ => [FEWER[0], FEWER[1]],
            };
            line.at(class, &class_word(asked.class));
            line.at(rtype, &type_word(asked.rtype));
            let _ = writeln!(out, ";{}", line.text);
        }
        if show.comments {
            out.push('\n');
        }
    }
    for (section, on, title) in [
        (ANSWER, show.answer, "ANSWER"),
        (AUTHORITY, show.authority, "AUTHORITY"),
        (ADDITIONAL, show.additional, "ADDITIONAL"),
    ] {
        let rows = &parts.sections[section];
        if !on || rows.is_empty() {
            continue;
        }
        if show.comments {
            let _ = writeln!(out, ";; {title} SECTION:");
        }
        for row in rows {
            let _ = writeln!(out, "{}", record(parts, row, show));
        }
        if show.comments {
            out.push('\n');
        }
    }
}

fn header(parts: &Parts<'_>, title: &str, remark: Option<&str>, sent: Option<&[u8]>, out: &mut String) {
    let _ = writeln!(
        out,
        "{title}\n;; ->>HEADER<<- opcode: {}, status: {}, id: {}",
        opcode_word(parts.opcode()),
        Outcome::Rcode(parts.rcode().into()),
        parts.id
    );
    let mut flags = String::new();
    for (word, _) in FLAGS.iter().filter(|(_, bit)| parts.flag(*bit)) {
        flags.push(' ');
        flags.push_str(word);
    }
    let reserved = if parts.flag(0x40) { "; MBZ: 0x4" } else { "" };
    let [questions, answers, authority, additional] = parts.counts;
    let _ = writeln!(
        out,
        ";; flags:{flags}{reserved}; QUERY: {questions}, ANSWER: {answers}, AUTHORITY: {authority}, \
         ADDITIONAL: {additional}"
    );
    // A query requests recursion, a response states whether it is available.
    if parts.flag(0x8000) && parts.flag(0x100) && !parts.flag(0x80) {
        out.push_str(";; WARNING: recursion requested but not available\n");
    }
    if let Some(remark) = remark {
        let _ = writeln!(out, "{remark}");
    }
    out.push('\n');
    if let Some(opt) = &parts.opt {
        out.push_str(";; OPT PSEUDOSECTION:\n");
        for line in edns::lines(parts, opt, sent) {
            let _ = writeln!(out, "{line}");
        }
    }
}

/// The data of the answers, one per line.
fn short(parts: &Parts<'_>) -> String {
    parts.sections[ANSWER].iter().fold(String::new(), |mut out, row| {
        let _ = writeln!(out, "{}", rdata::show(parts.wire, &row.rdata, row.rtype, row.class));
        out
    })
}

pub fn record(parts: &Parts<'_>, row: &Row, show: &Show) -> String {
    let mut line = Columns::new(names::show(&row.owner));
    let mut words = Vec::with_capacity(4);
    if show.ttl {
        words.push(row.ttl.to_string());
    }
    if show.class {
        words.push(class_word(row.class));
    }
    words.push(type_word(row.rtype));
    words.push(if show.multiline {
        multiline::data(parts, row)
    } else {
        rdata::show(parts.wire, &row.rdata, row.rtype, row.class)
    });
    let columns = match words.len() {
        4 if show.multiline => &[24, 24, 24, 32][..],
        3 if show.multiline => &[24, 24, 32],
        2 if show.multiline => &[24, 32],
        4 => &COLUMNS[..],
        3 => &FEWER[..],
        // Without both, the type takes the column of the TTL.
        _ => &COLUMNS[..2],
    };
    for (word, &column) in words.iter().zip(columns) {
        line.at(column, word);
    }
    line.text
}

/// A line in columns, separated by tabs or at least one blank.
struct Columns {
    text: String,
    width: usize,
}

impl Columns {
    fn new(text: String) -> Self {
        Self { width: text.len(), text }
    }

    fn at(&mut self, column: usize, word: &str) {
        const TAB: usize = 8;
        let column = column.max(self.width + 1);
        let tabs = column / TAB - self.width / TAB;
        let blanks = if tabs > 0 { column % TAB } else { column - self.width };
        self.text.extend(std::iter::repeat_n('\t', tabs));
        self.text.extend(std::iter::repeat_n(' ', blanks));
        self.text.push_str(word);
        self.width = column + word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::dig::line;
    use crate::dns::exchange::Try;
    use hickory_proto::op::{Message, MessageType, OpCode, Query};
    use hickory_proto::rr::rdata::{AAAA, TXT};
    use hickory_proto::rr::{RData, Record};
    use std::sync::Arc;
    use std::time::Duration;

    fn exchange(words: &[&str], records: Vec<Record>) -> (Line, Exchange) {
        let line = line::parse(words).unwrap();
        let question = line.asks[0].question.clone();
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.authoritative = true;
        message.add_query(Query::query(question.name.clone(), question.rtype));
        for record in records {
            message.add_answer(record);
        }
        let wire: Arc<[u8]> = message.to_vec().unwrap().into();
        let rtt = Duration::from_micros(11_200);
        let end = TryEnd::Response(rtt);
        let exchange = Exchange {
            question,
            server: "[fdaa:0:18::3]:53".parse().unwrap(),
            sent: vec![],
            tries: vec![Try { sent: Duration::ZERO, transport: Transport::Udp, end }],
            result: Ok(Answer { message: Arc::new(message), wire, rtt, transport: Transport::Udp }),
        };
        (line, exchange)
    }

    fn shown(words: &[&str], records: Vec<Record>) -> String {
        let (line, exchange) = exchange(words, records);
        let when =
            jiff::Timestamp::from_second(1_795_523_104).unwrap().to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let Ok(got) = &exchange.result else { unreachable!() };
        banner(words, &line) + &answer(&exchange, got, &line.show, || when)
    }

    fn aaaa(owner: &str) -> Record {
        let mut name = hickory_proto::rr::Name::from_ascii(owner).unwrap();
        name.set_fqdn(true);
        Record::from_rdata(name, 5, RData::AAAA(AAAA("fdaa:0:18:a7b:7d:f066:b83b:2".parse().unwrap())))
    }

    #[test]
    fn the_whole_output() {
        insta::assert_snapshot!(shown(&["web"], vec![aaaa("web.internal.")]));
    }

    #[test]
    fn one_section_and_short_output() {
        let text = RData::TXT(TXT::from_bytes(vec![b"web,api", b"a\"b\xff"]));
        let record = Record::from_rdata("_apps.internal.".parse().unwrap(), 5, text);
        let records = vec![record];
        assert_eq!(
            shown(&["_apps", "+noall", "+answer"], records.clone()),
            "_apps.internal.\t\t5\tIN\tTXT\t\"web,api\" \"a\\\"b\\255\"\n"
        );
        assert_eq!(shown(&["_apps", "+short"], records), "\"web,api\" \"a\\\"b\\255\"\n");
    }

    #[test]
    fn columns_of_long_names_keep_one_blank() {
        for (owner, want) in [
            ("a-name-of-23-characters.", "a-name-of-23-characters. 5\tIN\tAAAA"),
            ("some-name-that-is-31-long-here.", "some-name-that-is-31-long-here.\t5 IN\tAAAA"),
        ] {
            let text = shown(&["web", "+noall", "+answer"], vec![aaaa(owner)]);
            assert!(text.starts_with(want), "{text:?}");
        }
        let text = shown(&["web", "+noall", "+answer", "+nottlid"], vec![aaaa("web.internal.")]);
        assert_eq!(text, "web.internal.\t\tIN\tAAAA\tfdaa:0:18:a7b:7d:f066:b83b:2\n");
    }
}
