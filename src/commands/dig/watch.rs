//! `sixpane dig --watch`: repeats a line and prints changes of the responses.

use std::fmt::Display;
use std::future::Future;
use std::io::Write;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::time::MissedTickBehavior;

use super::super::style::{BAD, DIM, OK, WARN, paint};
use super::super::watch::{stamp, time};
use super::print::exit_of;
use super::{Org, Request, no_server, warn};
use crate::dns::dig::changes::{self, Changes};
use crate::dns::dig::compare::{self, Difference};
use crate::dns::dig::line::{Ask, Line};
use crate::dns::dig::types::type_word;
use crate::dns::dig::{json as face, query};
use crate::dns::exchange::Exchange;
use crate::dns::names;
use crate::error::{Error, Exit};
use crate::text::count;

/// Sends the line of `request` at an interval, until `interrupted` ends. The first response is printed in full, then only
/// changes. The exit code is that of the last responses.
///
/// # Errors
/// If a server is not valid, or has no address at the start.
pub(super) async fn run(
    orgs: &[Org],
    request: &Request,
    every: Duration,
    interrupted: impl Future<Output = ()>,
    out: &mut impl Write,
) -> Result<Exit, Error> {
    tokio::pin!(interrupted);
    let Some(line) = request.lines.first() else { return Ok(Exit::Ok) };
    let mut known: Vec<Changes> = orgs.iter().map(|_| Changes::default()).collect();
    let mut printer = Printer { json: request.json, every, line, out };
    let mut exit = Exit::Ok;
    let mut round = tokio::time::interval(every);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let queries = async {
            round.tick().await;
            join_all(orgs.iter().map(|org| query::send(&org.session.engine.client, line))).await
        };
        let answered = tokio::select! {
            answered = queries => answered,
            () = &mut interrupted => return Ok(exit),
        };
        let now = crate::clock::now();
        exit = Exit::Ok;
        for ((org, known), exchanges) in orgs.iter().zip(&mut known).zip(answered) {
            let conf = (orgs.len() > 1).then_some(org.name.as_str());
            let exchanges = match exchanges.map_err(|error| no_server(&error)) {
                Ok(exchanges) => exchanges,
                Err(error) if known.is_empty() => return Err(error),
                // It had an address before and may have one later.
                Err(error) => {
                    warn(&error);
                    continue;
                }
            };
            let worst = exchanges.iter().map(exit_of).max_by_key(|exit| *exit as u8);
            exit = if worst.map_or(0, |exit| exit as u8) > exit as u8 { worst.unwrap_or(exit) } else { exit };
            let first = known.is_empty();
            let found = known.take(line, &exchanges);
            for (n, exchange) in exchanges.iter().enumerate() {
                let Some(ask) = line.asks.get(n / line.servers.len().max(1)) else { break };
                if first {
                    printer.begin(now, conf, ask, exchange)?;
                }
                for (_, difference) in found.iter().filter(|(at, _)| *at == n) {
                    printer.change(now, conf, exchange, difference)?;
                }
            }
        }
        printer.out.flush()?;
    }
}

struct Printer<'a, W> {
    json: bool,
    every: Duration,
    line: &'a Line,
    out: &'a mut W,
}

impl<W: Write> Printer<'_, W> {
    /// Prints the first response in full.
    fn begin(
        &mut self,
        at: Instant,
        conf: Option<&str>,
        ask: &Ask,
        exchange: &Exchange,
    ) -> std::io::Result<()> {
        let records: Vec<String> =
            compare::contents(ask.form.as_ref(), exchange).into_iter().map(|(record, _)| record).collect();
        if self.json {
            let mut map = object("watching", at, conf, exchange);
            map.insert("every_s".into(), self.every.as_secs_f64().into());
            map.insert("status".into(), exchange.outcome().to_string().into());
            map.insert("records".into(), records.into());
            return writeln!(self.out, "{}", Value::from(map));
        }
        let question = &exchange.question;
        let (name, rtype) = (names::show(&question.name), type_word(question.rtype.into()));
        let head = format!(
            "watching {name} {rtype} @{} every {} s: {}, {}",
            exchange.server.ip(),
            self.every.as_secs_f64(),
            exchange.outcome(),
            count(records.len(), "record")
        );
        self.row(at, conf, exchange, head)?;
        records.iter().try_for_each(|record| self.row(at, conf, exchange, format!("  {record}")))
    }

    fn change(
        &mut self,
        at: Instant,
        conf: Option<&str>,
        exchange: &Exchange,
        difference: &Difference,
    ) -> std::io::Result<()> {
        if self.json {
            let mut map = object(difference.kind(), at, conf, exchange);
            if let Value::Object(what) = face::difference(difference) {
                map.extend(what);
            }
            return writeln!(self.out, "{}", Value::from(map));
        }
        let style = match difference {
            Difference::Added(_) => OK,
            Difference::Removed(_) => BAD,
            _ => WARN,
        };
        self.row(at, conf, exchange, paint(style, difference))
    }

    fn row(
        &mut self,
        at: Instant,
        conf: Option<&str>,
        exchange: &Exchange,
        what: impl Display,
    ) -> std::io::Result<()> {
        let conf = conf.map(|conf| format!("{conf}  ")).unwrap_or_default();
        let about = changes::about(self.line, exchange).map(|about| format!("{about}  ")).unwrap_or_default();
        writeln!(self.out, "{}  {}{what}", paint(DIM, time(at)), paint(DIM, conf + &about))
    }
}

fn object(kind: &str, at: Instant, conf: Option<&str>, exchange: &Exchange) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("schema".into(), "sixpane.dig.watch/1".into());
    map.insert("kind".into(), kind.into());
    map.insert("at".into(), stamp(at).into());
    map.extend(conf.map(|conf| ("conf".to_owned(), json!(conf))));
    map.insert("name".into(), names::show(&exchange.question.name).into());
    map.insert("type".into(), type_word(exchange.question.rtype.into()).into());
    map.insert("server".into(), exchange.server.to_string().into());
    map
}
