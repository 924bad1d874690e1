//! Output of `sixpane ping`: text like that of ping, JSON lines, CSV and Markdown.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::args::Format;
use crate::commands::plain;
use crate::commands::style::{BAD, DIM, STRONG, WARN, paint};
use crate::commands::watch::stamp;
use crate::probe::figures::Figure;
use crate::probe::figures::{COUNTS, TIMES};
use crate::probe::series::{Reply, ReplyKind, Series, Stray, Target};
use crate::probe::stats::Stats;
use crate::text::Safe;
use crate::text::escape::{csv, markdown};

/// Prints each reply once: every report contains the whole series.
pub struct Printer<'a, W: Write> {
    format: Format,
    payload: u16,
    gateway: Target,
    out: &'a mut W,
    /// Serial of the last printed reply of each target.
    printed: HashMap<Target, u64>,
    /// Whether the gateway is pinged only for comparison.
    gateway_aside: bool,
}

impl<'a, W: Write> Printer<'a, W> {
    pub fn new(format: Format, payload: u16, gateway: Target, out: &'a mut W) -> Self {
        Self { format, payload, gateway, out, printed: HashMap::new(), gateway_aside: true }
    }

    pub fn begin(&mut self, targets: &[Target]) -> io::Result<()> {
        self.gateway_aside = !targets.iter().any(|target| target.address == self.gateway.address);
        match self.format {
            Format::Text => {
                for Target { label, address } in targets {
                    writeln!(
                        self.out,
                        "PING {label} ({address}) through the tunnel, {} data bytes",
                        self.payload
                    )?;
                }
            }
            Format::Csv => {
                writeln!(self.out, "at,target,address,seq,state,rtt_ms,from,hop_limit,bytes,error")?;
            }
            Format::Json | Format::Markdown => {}
        }
        self.out.flush()
    }

    /// Prints the new replies.
    pub fn progress(&mut self, series: &[Series]) -> io::Result<()> {
        for one in series {
            if self.gateway_aside && one.target.address == self.gateway.address {
                continue;
            }
            let printed = self.printed.get(&one.target).copied().unwrap_or(0);
            for reply in one.replies.iter().filter(|reply| reply.serial > printed) {
                match self.format {
                    Format::Text => {
                        writeln!(self.out, "{}", paint(style(&reply.kind), reply_text(&one.target, reply)))?;
                    }
                    Format::Json => writeln!(self.out, "{}", reply_json(&one.target, reply))?,
                    Format::Csv => writeln!(self.out, "{}", reply_csv(&one.target, reply))?,
                    Format::Markdown => {}
                }
            }
            if let Some(newest) = one.replies.last().filter(|newest| newest.serial > printed) {
                self.printed.insert(one.target.clone(), newest.serial);
            }
        }
        self.out.flush()
    }

    pub fn news(&mut self, news: &[String]) -> io::Result<()> {
        for line in news {
            match self.format {
                Format::Text => writeln!(self.out, "{line}")?,
                Format::Json => {
                    writeln!(
                        self.out,
                        "{}",
                        json!({"schema": "sixpane.ping/2", "kind": "change", "text": line})
                    )?;
                }
                // Standard output has only rows.
                Format::Csv | Format::Markdown => writeln!(plain::stderr(), "sixpane: {line}")?,
            }
        }
        self.out.flush()
    }

    pub fn end(&mut self, series: &[Series]) -> io::Result<()> {
        let gateway = series.iter().find(|one| one.target.address == self.gateway.address);
        let gateway = gateway.and_then(|one| one.stats).map(|stats| stats.p50);
        let aside = self.gateway_aside;
        let own = series.iter().filter(|one| !(aside && one.target.address == self.gateway.address));
        if self.format == Format::Markdown {
            writeln!(self.out, "{}", heading_markdown())?;
        }
        for one in own {
            match self.format {
                Format::Text => summary_text(one, gateway.filter(|_| one.target != self.gateway), self.out)?,
                Format::Json => writeln!(self.out, "{}", summary_json(one, gateway))?,
                Format::Markdown => writeln!(self.out, "{}", summary_markdown(one))?,
                Format::Csv => {}
            }
        }
        self.out.flush()
    }
}

/// Plain for a normal reply.
fn style(kind: &ReplyKind) -> anstyle::Style {
    match kind {
        ReplyKind::Answered { .. } => anstyle::Style::new(),
        ReplyKind::Lost { .. } | ReplyKind::Error(_) | ReplyKind::Unsent(_) => BAD,
        ReplyKind::Late { .. } | ReplyKind::Duplicate { .. } | ReplyKind::Stray(_) => WARN,
    }
}

fn reply_text(target: &Target, reply: &Reply) -> String {
    let (seq, from) = (reply.number, reply.from);
    match &reply.kind {
        ReplyKind::Answered { rtt, hop_limit, bytes } => {
            format!("{bytes} bytes from {from}: icmp_seq={seq} ttl={hop_limit} time={} ms", precise(*rtt))
        }
        ReplyKind::Lost { after } => {
            format!("no reply from {from}: icmp_seq={seq} within {} ms", after.as_millis())
        }
        ReplyKind::Late { rtt } => {
            format!("late reply from {from}: icmp_seq={seq} time={} ms (late, not lost)", precise(*rtt))
        }
        ReplyKind::Duplicate { rtt } => {
            format!("reply from {from}: icmp_seq={seq} time={} ms (DUP!)", precise(*rtt))
        }
        ReplyKind::Stray(stray) => format!("from {from}: {} (STRAY!)", stray_words(*stray)),
        ReplyKind::Error(error) => format!("From {from} icmp_seq={seq} {error}"),
        ReplyKind::Unsent(why) => format!("to {}: icmp_seq={seq} not sent: {why}", target.address),
    }
}

/// Why a reply belongs to no probe.
fn stray_words(stray: Stray) -> String {
    match stray {
        Stray::Ident(ident) => format!("a reply with the identifier {ident}, which is not ours"),
        Stray::Seq(seq) => format!("a reply with the sequence number {seq}, which was not sent"),
        Stray::Sender(sender) => format!("a reply of {sender} to a probe for another address"),
    }
}

fn precise(rtt: Duration) -> String {
    format!("{:.3}", millis(rtt))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// `min/avg/max/mdev = …`, as ping ends.
pub fn rtt_line(stats: &Stats) -> String {
    let all = [stats.min, stats.avg, stats.max, stats.mdev].map(precise);
    format!("rtt min/avg/max/mdev = {} ms", all.join("/"))
}

fn summary_text(series: &Series, gateway: Option<Duration>, out: &mut impl Write) -> io::Result<()> {
    use std::fmt::Write as _;

    let title = format!("--- {} ping statistics ---", series.target.label);
    writeln!(out, "\n{}", paint(STRONG, title))?;
    let mut extra = String::new();
    for (n, what) in [
        (series.late, "late"),
        (series.duplicates, "duplicates"),
        (series.errors, "errors"),
        (series.strays, "strays"),
    ] {
        if n > 0 {
            let _ = write!(extra, ", +{n} {what}");
        }
    }
    if series.in_flight() > 0 {
        let _ = write!(extra, ", {} still in flight", series.in_flight());
    }
    let loss = series.loss().unwrap_or(0.0) * 100.0;
    let (sent, received) = (series.sent, series.received);
    let style = match (received, series.loss()) {
        (0, Some(_)) => BAD,
        (_, Some(loss)) if loss > 0.0 => WARN,
        _ => anstyle::Style::new(),
    };
    let missing = paint(style, format!("{loss:.1}% packet loss"));
    writeln!(out, "{sent} packets transmitted, {received} received, {missing}{extra}")?;
    if let Some(stats) = series.stats {
        let all = [stats.p50, stats.p95, stats.p99, stats.jitter].map(precise);
        writeln!(out, "{}", rtt_line(&stats))?;
        writeln!(out, "rtt p50/p95/p99/jitter = {} ms", all.join("/"))?;
        if let Some(gateway) = gateway {
            let beyond = precise(stats.p50.saturating_sub(gateway));
            let words =
                format!("p50 of the gateway: {} ms; beyond the gateway: {beyond} ms", precise(gateway));
            writeln!(out, "{}", paint(DIM, words))?;
        }
    }
    Ok(())
}

/// State, round trip and error of a reply.
fn parts(reply: &Reply) -> (&'static str, Option<f64>, Option<String>) {
    match &reply.kind {
        ReplyKind::Answered { rtt, .. } => ("received", Some(millis(*rtt)), None),
        ReplyKind::Lost { .. } => ("lost", None, None),
        ReplyKind::Late { rtt } => ("late", Some(millis(*rtt)), None),
        ReplyKind::Duplicate { rtt } => ("duplicate", Some(millis(*rtt)), None),
        ReplyKind::Stray(stray) => ("stray", None, Some(stray_words(*stray))),
        ReplyKind::Error(error) => ("error", None, Some(error.to_string())),
        ReplyKind::Unsent(why) => ("unsent", None, Some(why.clone())),
    }
}

fn reply_json(target: &Target, reply: &Reply) -> Value {
    let (state, rtt, error) = parts(reply);
    let mut object = json!({
        "schema": "sixpane.ping/2",
        "kind": "reply",
        "at": stamp(reply.at),
        "target": target.label,
        "address": target.address,
        "seq": reply.number,
        "state": state,
        "rtt_ms": rtt,
        "from": reply.from,
    });
    if let Some(map) = object.as_object_mut() {
        if let ReplyKind::Answered { hop_limit, bytes, .. } = reply.kind {
            map.insert("hop_limit".into(), hop_limit.into());
            map.insert("bytes".into(), bytes.into());
        }
        map.extend(error.map(|error| ("error".into(), error.into())));
    }
    object
}

fn reply_csv(target: &Target, reply: &Reply) -> String {
    let (state, rtt, error) = parts(reply);
    let (hop_limit, bytes) = match reply.kind {
        ReplyKind::Answered { hop_limit, bytes, .. } => (hop_limit.to_string(), bytes.to_string()),
        _ => Default::default(),
    };
    [
        stamp(reply.at),
        csv(target.label.as_str()).into_owned(),
        target.address.to_string(),
        reply.number.to_string(),
        state.into(),
        rtt.map(|rtt| format!("{rtt:.3}")).unwrap_or_default(),
        reply.from.to_string(),
        hop_limit,
        bytes,
        error.map(|error| csv(Safe::new(error).as_str()).into_owned()).unwrap_or_default(),
    ]
    .join(",")
}

fn summary_json(series: &Series, gateway: Option<Duration>) -> Value {
    let mut object = json!({
        "schema": "sixpane.ping/2",
        "kind": "summary",
        "target": series.target.label,
        "address": series.target.address,
    });
    if let Some(map) = object.as_object_mut() {
        map.extend(COUNTS.map(|(name, count)| (name.into(), count(series).into())));
        map.insert("loss".into(), series.loss().into());
        let stats = series.stats.as_ref();
        map.extend(TIMES.map(|(name, pick)| (name.into(), stats.map(|stats| millis(pick(stats))).into())));
        map.insert("gateway_p50_ms".into(), gateway.map(millis).into());
    }
    object
}

/// The times of the table: all but the last round trip.
fn table_times() -> impl Iterator<Item = &'static Figure<Stats, Duration>> {
    TIMES.iter().filter(|(name, _)| *name != "last_ms")
}

fn heading_markdown() -> String {
    let times: Vec<&str> = table_times().map(|(name, _)| name.trim_end_matches("_ms")).collect();
    let rule = "--:|".repeat(3 + times.len());
    format!("| target | sent | received | loss | {} |\n|---|{rule}", times.join(" | "))
}

fn summary_markdown(series: &Series) -> String {
    let stats = series.stats.as_ref();
    let label = markdown(series.target.label.as_str());
    let loss = series.loss().map_or_else(|| "–".into(), |loss| format!("{:.1}%", loss * 100.0));
    let mut cells = vec![label, series.sent.to_string(), series.received.to_string(), loss];
    cells.extend(
        table_times().map(|(_, pick)| stats.map_or_else(|| "–".into(), |stats| precise(pick(stats)))),
    );
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Instant;

    fn printed(format: Format) -> String {
        let address = "fdaa:0:18:a7b::2".parse().unwrap();
        let target = Target { label: "web, \"x\"|y".into(), address };
        let now = Instant::now();
        let ms = Duration::from_millis;
        let kinds = [
            ReplyKind::Answered { rtt: ms(12), hop_limit: 61, bytes: 64 },
            ReplyKind::Lost { after: ms(2000) },
            ReplyKind::Late { rtt: ms(2500) },
            ReplyKind::Duplicate { rtt: ms(13) },
            ReplyKind::Error(crate::net::IcmpError::PacketTooBig(1280)),
            ReplyKind::Stray(Stray::Ident(7)),
            ReplyKind::Unsent("it does not fit".into()),
        ];
        let replies = kinds.into_iter().zip(1..);
        let replies = replies.map(|(kind, n)| Reply { serial: n, number: n, at: now, from: address, kind });
        let tally = crate::probe::stats::of_window([ms(12)].into_iter());
        let series = Series {
            sent: 5,
            received: 1,
            late: 1,
            lost: 1,
            errors: 2,
            duplicates: 1,
            strays: 1,
            replies: Arc::new(replies.collect()),
            stats: tally,
            ..Series::new(target.clone())
        };
        let gateway = Target { label: "gateway".into(), address: "fdaa:0:18::3".parse().unwrap() };
        let near = Series {
            stats: crate::probe::stats::of_window([ms(11)].into_iter()),
            ..Series::new(gateway.clone())
        };
        let mut out = Vec::new();
        let mut printer = Printer::new(format, 56, gateway, &mut out);
        printer.begin(&[target]).unwrap();
        printer.progress(&[series.clone(), near.clone()]).unwrap();
        printer.progress(&[series.clone(), near.clone()]).unwrap();
        printer.end(&[series, near]).unwrap();
        // The time of day differs.
        let text = String::from_utf8(out).unwrap();
        let text = anstream::adapter::strip_str(&text).to_string();
        regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap().replace_all(&text, "TIME").into_owned()
    }

    #[test]
    fn every_state_in_every_format() {
        let all = [Format::Text, Format::Json, Format::Csv, Format::Markdown].map(printed);
        insta::assert_snapshot!(all.join("\n=====\n"));
    }
}
