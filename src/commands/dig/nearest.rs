//! `+nearest`: pings the addresses of a response and compares their order to the round trips.

use std::io::Write;
use std::net::Ipv6Addr;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::session::Session;
use crate::dns::dig::notes;
use crate::dns::exchange::Exchange;
use crate::dns::names;
use crate::engine::report::{Command, Report};
use crate::error::{Error, Exit};
use crate::probe::ping::Plan;
use crate::probe::series::{PingTarget, Series, Target};
use crate::text::{Safe, count, ms, width};

/// Probes for each address.
const PROBES: u64 = 5;

pub(super) fn plan() -> Plan {
    Plan {
        interval: Duration::from_millis(200),
        timeout: Duration::from_secs(1),
        count: Some(PROBES),
        ..Plan::default()
    }
}

/// The round trips of an address.
pub(super) struct Measured {
    address: Ipv6Addr,
    sent: u64,
    answered: u64,
    /// Shortest, median and longest round trip.
    rtts: Option<[Duration; 3]>,
}

/// Pings the addresses of `exchange`; the result is in the order of the server. No probe is sent while the link is down,
/// for up to `timeout` at a time.
///
/// # Errors
/// If the network is closed or its link stays down (exit 4).
pub(super) async fn measure(
    session: &mut Session,
    exchange: &Exchange,
    timeout: Duration,
) -> Result<Vec<Measured>, Error> {
    let addresses = exchange.addresses();
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let closed = || Error::new(Exit::Tunnel, "the network was closed");
    let ping_targets = addresses
        .iter()
        .map(|&address| PingTarget::from(Target { label: Safe::new(address.to_string()), address }))
        .collect();
    session.engine.commands.send(Command::Ping(ping_targets)).await.map_err(|_| closed())?;
    let settled = |report: &Report| {
        let Report::Pings(series) = report else { return None };
        let of = |address| series.iter().find(|series| series.target.address == address);
        let all = addresses.iter().all(|&address| of(address).is_some_and(|s| s.settled() >= PROBES));
        all.then(|| series.clone())
    };
    let series = session.wait_for(timeout, settled).await?;
    let found = addresses.iter().filter_map(|&address| {
        let series = series.iter().find(|series| series.target.address == address)?;
        Some(measured(address, series))
    });
    Ok(found.collect())
}

fn measured(address: Ipv6Addr, series: &Series) -> Measured {
    let rtts = series.stats.as_ref().map(|stats| [stats.min, stats.p50, stats.max]);
    Measured { address, sent: series.sent, answered: series.received + series.late, rtts }
}

/// Prints the addresses in the order of the server with their round trips, and whether the orders agree.
///
/// # Errors
/// If the output cannot be written.
pub(super) fn print(
    found: &[Measured],
    conf: Option<&str>,
    exchange: &Exchange,
    as_json: bool,
    out: &mut impl Write,
) -> Result<(), Error> {
    let rtt = |address| found.iter().find(|one| one.address == address)?.rtts.map(|[_, p50, _]| p50);
    let agrees = notes::in_order(exchange, &rtt);
    if as_json {
        let mut object = json!({
            "schema": "sixpane.dig.nearest/2",
            "name": names::show(&exchange.question.name),
            "server": exchange.server.to_string(),
            "in_order": agrees,
            "addresses": found.iter().map(to_json).collect::<Vec<_>>(),
        });
        if let (Some(conf), Some(map)) = (conf, object.as_object_mut()) {
            map.insert("conf".into(), conf.into());
        }
        return Ok(writeln!(out, "{object}")?);
    }
    let of = conf.map(|conf| format!(" of {conf}")).unwrap_or_default();
    if found.is_empty() {
        return Ok(writeln!(out, ";; NEAREST{of}: no address to ping\n")?);
    }
    let probes = count(PROBES as usize, "ping");
    writeln!(out, ";; NEAREST{of}, in the order of the server, median of {probes} each:")?;
    let columns = found.iter().map(|one| width(&one.address.to_string())).max().unwrap_or(0);
    for (n, one) in found.iter().enumerate() {
        let rtt = match one.rtts {
            Some([min, p50, max]) => format!("{:>8} ms  ({} to {})", ms(p50), ms(min), ms(max)),
            None => "no reply".into(),
        };
        let lost = match one.sent - one.answered.min(one.sent) {
            lost @ 1.. if one.answered > 0 => format!("  {lost} of {} lost", one.sent),
            _ => String::new(),
        };
        writeln!(out, ";; {:>3}  {:<columns$}  {rtt}{lost}", n + 1, one.address)?;
    }
    let known = found.iter().filter(|one| one.rtts.is_some()).count();
    let all = if known < found.len() { format!(" of the {known} that reply") } else { String::new() };
    match agrees {
        Some(true) => writeln!(out, ";; the order of the server is that of the round trips{all}")?,
        Some(false) => writeln!(out, ";; the order of the server is not that of the round trips{all}")?,
        None => writeln!(out, ";; fewer than two addresses reply: no order to compare")?,
    }
    Ok(writeln!(out)?)
}

fn to_json(one: &Measured) -> Value {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    json!({
        "address": one.address,
        "sent": one.sent,
        "received": one.answered,
        "min_ms": one.rtts.map(|[min, _, _]| millis(min)),
        "p50_ms": one.rtts.map(|[_, p50, _]| millis(p50)),
        "max_ms": one.rtts.map(|[_, _, max]| millis(max)),
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::app::tests::loaded;
    use crate::attach::Claimed;
    use crate::dns::dig::tests::{aaaa, exchange};
    use crate::engine::Settings;
    use crate::net::fake::{Fake, up};
    use crate::net::{LinkState, Phase};

    const TIMEOUT: Duration = Duration::from_secs(3);

    fn down() -> LinkState {
        LinkState { phase: Phase::Down, ..up() }
    }

    /// Measures two addresses on a link that changes meanwhile, each time after a while; says how long it took.
    async fn measured_while(changes: Vec<(u64, LinkState)>) -> (Result<Vec<Measured>, Error>, Duration) {
        let name = "vms.web.internal";
        let exchange = exchange(name, 0, vec![aaaa(name, "fdaa::1"), aaaa(name, "fdaa::2")]);
        let (net, link) = Fake::up(|_, _| Vec::new());
        let settings = Settings { walk: false, plan: plan(), ..Settings::default() };
        let attachment = loaded("fdaa:0:18").attach_over(net, Claimed::default(), settings).unwrap();
        let mut session = Session::from(attachment);
        session.up(TIMEOUT).await.unwrap();
        let began = Instant::now();
        let change = async {
            for (after, state) in changes {
                sleep(Duration::from_millis(after)).await;
                link.send(state).unwrap();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            found = measure(&mut session, &exchange, TIMEOUT) => (found, began.elapsed()),
            () = change => unreachable!(),
            () = sleep(Duration::from_hours(1)) => panic!("it waits for ever"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_that_goes_down_is_waited_for_up_to_the_timeout() {
        let (found, took) = measured_while(Vec::new()).await;
        assert!(found.unwrap().iter().all(|one| one.answered == PROBES) && took < TIMEOUT, "{took:?}");
        let (found, took) = measured_while(vec![(300, down())]).await;
        let error = found.err().expect("nothing can be found");
        assert_eq!(error.exit, Exit::Tunnel);
        let fell = Duration::from_millis(300);
        assert!(took >= fell + TIMEOUT && took < fell + TIMEOUT * 2, "{took:?}");
        // It comes up again each time before the timeout.
        let (found, _) =
            measured_while(vec![(300, down()), (2_900, up()), (300, down()), (2_900, up())]).await;
        assert_eq!(found.map(|found| found.len()).ok(), Some(2));
    }
}
