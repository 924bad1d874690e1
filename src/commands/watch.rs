//! `sixpane watch`: prints each change of the network, as text or JSON lines.

use std::io::Write;
use std::time::Instant;

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value, json};

use super::session::Session;
use super::style::{DIM, OK, STRONG, WARN, paint};
use super::{Context, interrupted};
use crate::catalog::diff::{Change, Pinged, Place};
use crate::cli::args::Watch;
use crate::clock;
use crate::engine::Settings;
use crate::engine::report::{Event, Report};
use crate::error::{Error, Exit};
use crate::settings;
use crate::text::{Safe, count};

/// Prints changes until interrupted.
///
/// # Errors
/// If the link does not come up in time, or the network is closed (exit 4).
pub async fn run(context: &mut Context<'_>, args: &Watch) -> Result<Exit, Error> {
    let refresh = args.refresh.or(context.settings.refresh.0).or(settings::Settings::default().refresh.0);
    let conf = args.conf.as_deref().or(args.common.conf()?);
    let settings = Settings { refresh, max_entries: context.settings.max_entries, ..Settings::default() };
    let mut session = Session::open(conf, args.common.force, settings)?;
    let (timeout, as_json) = (context.timeout(&args.common), args.common.json);
    let (interrupted, out) = (interrupted(), &mut context.out);
    tokio::pin!(interrupted);
    let first = session.wait_for(timeout, |report| match report {
        Report::Catalog(catalog) if catalog.walk.finished.is_some() => Some(catalog.clone()),
        _ => None,
    });
    let catalog = tokio::select! {
        first = first => first?,
        () = &mut interrupted => return Ok(Exit::Ok),
    };
    if as_json {
        let line = json!({
            "schema": "sixpane.watch/1",
            "kind": "watching",
            "at": stamp(clock::now()),
            "network": session.identity.network(),
            "apps": catalog.apps.len(),
            "machines": catalog.machine_count(),
        });
        writeln!(out, "{line}")?;
    } else {
        let (apps, machines) = (count(catalog.apps.len(), "app"), count(catalog.machine_count(), "machine"));
        let head = format!("watching {}: {apps} · {machines}", session.identity.network());
        writeln!(out, "{}", paint(DIM, head))?;
    }
    out.flush()?;
    let mut printed = 0;
    loop {
        tokio::select! {
            report = session.engine.reports.recv() => match report {
                Some(Report::Events(events)) => {
                    for event in events.iter().filter(|event| event.serial > printed) {
                        if as_json {
                            writeln!(out, "{}", to_json(event))?;
                        } else {
                            print(event, out)?;
                        }
                    }
                    printed = events.last().map_or(printed, |event| event.serial);
                    out.flush()?;
                }
                Some(_) => {}
                None => return Err(Error::new(Exit::Tunnel, "the network was closed")),
            },
            () = &mut interrupted => return Ok(Exit::Ok),
        }
    }
}

fn print(event: &Event, out: &mut impl Write) -> std::io::Result<()> {
    let change = &event.change;
    let style = match change {
        Change::AppCame(_)
        | Change::MachineCame(_)
        | Change::PeerCame(_)
        | Change::Agree(..)
        | Change::TargetReachable(..) => OK,
        Change::AppWent(_)
        | Change::MachineWent(_)
        | Change::PeerWent(_)
        | Change::Disagree(..)
        | Change::TargetUnreachable(_) => WARN,
        Change::MachineMoved(..) | Change::MachineReaddressed(..) | Change::RttMoved(..) => {
            anstyle::Style::new()
        }
    };
    let (at, subject) = (paint(DIM, time(event.at)), paint(STRONG, change.subject()));
    writeln!(out, "{at}  {subject}  {}", paint(style, change.clause()))
}

/// Local time of day.
pub(super) fn time(at: Instant) -> String {
    let here = wall(at).to_zoned_datetime(jiff::tz::TimeZone::system());
    here.strftime("%H:%M:%S").to_string()
}

/// UTC, to the millisecond (RFC 3339).
pub(super) fn stamp(at: Instant) -> String {
    let at = wall(at);
    at.round(Unit::Millisecond).unwrap_or(at).to_string()
}

fn wall(at: Instant) -> Timestamp {
    Timestamp::now() - clock::now().saturating_duration_since(at)
}

fn to_json(event: &Event) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.into(), value);
    put("schema", "sixpane.watch/1".into());
    put("kind", event.change.kind().into());
    put("at", stamp(event.at).into());
    let place = |place: &Place, put: &mut dyn FnMut(&str, Value) -> Option<Value>| {
        put("app", json!(place.app));
        put("machine", json!(place.id));
        put("region", json!(place.region));
        put("address", json!(place.address));
    };
    let target = |pinged: &Pinged, put: &mut dyn FnMut(&str, Value) -> Option<Value>| {
        put("target", json!(pinged.label));
        put("address", json!(pinged.address));
    };
    match &event.change {
        Change::AppCame(app) | Change::AppWent(app) => {
            put("app", json!(app));
        }
        Change::MachineCame(at) | Change::MachineWent(at) => place(at, &mut put),
        Change::MachineMoved(at, from) => {
            place(at, &mut put);
            put("from", json!(from));
        }
        Change::MachineReaddressed(at, from) => {
            place(at, &mut put);
            put("from", json!(from));
        }
        Change::PeerCame(peer) | Change::PeerWent(peer) => {
            put("peer", json!(peer));
        }
        Change::Disagree(app, machine, text) | Change::Agree(app, machine, text) => {
            put("app", json!(app));
            put("machine", json!(machine.as_ref().map(Safe::as_str)));
            put("text", text.as_str().into());
        }
        Change::TargetUnreachable(pinged) => target(pinged, &mut put),
        Change::TargetReachable(pinged, rtt) => {
            target(pinged, &mut put);
            put("rtt_ms", (rtt.as_secs_f64() * 1e3).into());
        }
        Change::RttMoved(pinged, from, to) => {
            target(pinged, &mut put);
            put("from_ms", (from.as_secs_f64() * 1e3).into());
            put("p50_ms", (to.as_secs_f64() * 1e3).into());
        }
    }
    map.into()
}
