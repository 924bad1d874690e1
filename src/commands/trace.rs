//! `sixpane trace`: the route to a target, with loss and round trips per hop, and the path MTU.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::progress::Progress;
use super::session::Session;
use super::target::resolve;
use super::{Context, conf, interrupted};
use crate::cli::args;
use crate::clock;
use crate::engine::Settings;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::probe::stats::Stats;
use crate::probe::trace::{Mtu, Trace, TracePlan};
use crate::text::ms;

/// `terminal`: whether the output is a terminal.
fn plan(args: &args::Trace, terminal: bool) -> TracePlan {
    TracePlan {
        interval: args.interval,
        // Output into a pipe has to end.
        rounds: args.count.or((!terminal).then_some(10)),
        most: args.max_hops,
        mtu: (!args.no_mtu).then_some(u16::MAX),
        ..TracePlan::default()
    }
}

/// Traces the target for the given rounds, or until interrupted; then prints the route. The exit code is 1 if the
/// target was not reached.
///
/// # Errors
/// If the link does not come up in time (exit 4), or the name has no address (exit 1 or 5).
pub async fn run(context: &mut Context<'_>, args: &args::Trace) -> Result<Exit, Error> {
    let (conf, targets) = conf::split(args.words.clone(), args.common.conf()?);
    let [word] = targets.as_slice() else {
        return Err(Error::new(Exit::Usage, "trace takes one target").hint("sixpane trace web"));
    };
    let plan = plan(args, io::stdout().is_terminal());
    let settings = Settings { walk: false, ..Settings::default() };
    let mut session = Session::open(conf.as_deref(), args.common.force, settings)?;
    let (timeout, interrupted) = (context.timeout(&args.common), interrupted());
    let (session, out) = (&mut session, &mut context.out);
    session.up(timeout).await?;
    let Some(target) = resolve(session, word).await?.targets.into_iter().next() else {
        return Err(Error::new(Exit::Empty, "no target"));
    };
    let rounds = plan.rounds;
    let command = Command::Trace(Some((target, plan)));
    if session.engine.commands.send(command).await.is_err() {
        return Err(Error::new(Exit::Tunnel, "the network was closed"));
    }
    tokio::pin!(interrupted);
    let mut last: Option<Arc<Trace>> = None;
    let mut progress = Progress::new(clock::now());
    loop {
        tokio::select! {
            report = session.engine.reports.recv() => match report {
                Some(Report::Trace(trace)) => {
                    progress.show(clock::now(), || so_far(&trace));
                    let done = rounds.is_some() && trace.done;
                    last = Some(trace);
                    if done {
                        break;
                    }
                }
                Some(_) => {}
                None => break,
            },
            () = &mut interrupted => break,
        }
    }
    drop(progress);
    let Some(trace) = last else { return Ok(Exit::Empty) };
    if args.common.json {
        print_json(&trace, out)?;
    } else {
        print_text(&trace, session.identity.dns.addr, out)?;
    }
    out.flush()?;
    Ok(if trace.is_reached() { Exit::Ok } else { Exit::Empty })
}

fn so_far(trace: &Trace) -> String {
    let hops = crate::text::count(trace.hops.len(), "hop");
    let reached = if trace.is_reached() { "reached" } else { "not reached yet" };
    let last = trace.hops.last().and_then(|hop| hop.stats);
    let last = last.map(|stats| format!(", last {} ms", ms(stats.last))).unwrap_or_default();
    let rounds = trace.rounds;
    format!("round {rounds}: {hops}, {} {reached}{last}; stop with Ctrl-C", trace.target.label)
}

fn print_text(trace: &Trace, gateway: std::net::Ipv6Addr, out: &mut impl Write) -> std::io::Result<()> {
    let target = &trace.target;
    writeln!(out, "TRACE {} ({}) through the tunnel, {} rounds", target.label, target.address, trace.rounds)?;
    writeln!(
        out,
        "{:>3}  {:<40} {:>6} {:>5} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "HOP", "ADDRESS", "LOSS", "SENT", "LAST", "AVG", "BEST", "WORST", "MDEV"
    )?;
    for hop in &trace.hops {
        let by = hop.by.first().map_or_else(|| "*".to_owned(), |(by, _)| by.to_string());
        let loss = hop.loss().map_or_else(|| "–".into(), |loss| format!("{:.1}%", loss * 100.0));
        let stat =
            |pick: fn(Stats) -> Duration| hop.stats.map_or_else(|| "–".into(), |stats| ms(pick(stats)));
        let own = if hop.by.first().is_some_and(|(by, _)| *by == gateway) { "  gateway" } else { "" };
        let error = hop.error.as_ref().map(|error| format!("  {error}")).unwrap_or_default();
        writeln!(
            out,
            "{:>3}  {by:<40} {loss:>6} {:>5} {:>8} {:>8} {:>8} {:>8} {:>8}{own}{error}",
            hop.limit,
            hop.sent,
            stat(|s| s.last),
            stat(|s| s.avg),
            stat(|s| s.min),
            stat(|s| s.max),
            stat(|s| s.mdev),
        )?;
        for (other, times) in hop.by.iter().skip(1) {
            writeln!(out, "     {other:<40} {times} of {} replies", hop.received)?;
        }
    }
    if !trace.is_reached() {
        writeln!(out, "     no reply from the target")?;
    }
    if let Some(words) = mtu_words(&trace.mtu) {
        writeln!(out, "{words}")?;
    }
    Ok(())
}

/// The path MTU as a sentence.
pub fn mtu_words(mtu: &Mtu) -> Option<String> {
    let by = mtu.by.map(|by| format!(" (reported by {by})")).unwrap_or_default();
    match (mtu.fits, mtu.too_big) {
        (Some(fits), None) => Some(format!("path MTU {fits} bytes, the maximum of the tunnel")),
        (Some(fits), Some(_)) if mtu.black_hole => {
            Some(format!("path MTU {fits} bytes; larger packets are lost without an ICMP error"))
        }
        (Some(fits), Some(_)) => Some(format!("path MTU {fits} bytes{by}")),
        (None, Some(too_big)) if mtu.done => Some(format!("path MTU below {too_big} bytes{by}")),
        _ => None,
    }
}

fn print_json(trace: &Trace, out: &mut impl Write) -> std::io::Result<()> {
    let hops: Vec<_> = trace
        .hops
        .iter()
        .map(|hop| {
            let stat = |pick: fn(Stats) -> Duration| hop.stats.map(|stats| pick(stats).as_secs_f64() * 1e3);
            let by: Vec<_> =
                hop.by.iter().map(|(by, times)| json!({"address": by, "replies": times})).collect();
            json!({
                "hop": hop.limit,
                "from": by,
                "sent": hop.sent,
                "received": hop.received,
                "lost": hop.lost,
                "loss": hop.loss(),
                "last_ms": stat(|s| s.last),
                "avg_ms": stat(|s| s.avg),
                "best_ms": stat(|s| s.min),
                "worst_ms": stat(|s| s.max),
                "mdev_ms": stat(|s| s.mdev),
                "error": hop.error,
            })
        })
        .collect();
    let object = json!({
        "schema": "sixpane.trace/2",
        "target": trace.target.label,
        "address": trace.target.address,
        "rounds": trace.rounds,
        "reached": trace.is_reached(),
        "hops": hops,
        "mtu": {
            "fits": trace.mtu.fits,
            "too_big": trace.mtu.too_big,
            "reported_by": trace.mtu.by,
            "black_hole": trace.mtu.black_hole,
        },
    });
    writeln!(out, "{object}")
}
