//! `sixpane ping`: prints each reply and a summary, as the usual ping does or for programs.

mod print;

use std::sync::Arc;
use std::time::Duration;

use self::print::Printer;
use super::session::Session;
use super::target::{Found, resolve};
use super::{Context, conf, interrupted};
use crate::catalog::Catalog;
use crate::cli::args::{Format, Ping};
use crate::clock;
use crate::engine::Settings;
use crate::engine::report::{Command, Report};
use crate::engine::targets::{ChangeKind, Known, TargetChange, Targets};
use crate::engine::targets::{Names, TargetSpec};
use crate::error::{Error, Exit};
use crate::probe::ping::Plan;
use crate::probe::series::{PingTarget, Series, Target};

fn plan(args: &Ping) -> Plan {
    Plan {
        interval: args.interval,
        timeout: args.wait.unwrap_or(Plan::default().timeout),
        patient: args.wait.is_none(),
        count: args.count,
        payload: args.size,
        hop_limit: args.hop_limit,
        pace: Duration::from_secs(1) / args.pace,
    }
}

fn request(args: &Ping, targets: Vec<String>) -> Request {
    Request {
        targets,
        count: args.count,
        deadline: args.deadline,
        round_robin: args.round_robin,
        payload: args.size,
        format: if args.common.json { Format::Json } else { args.format },
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Addresses, names, or `gateway`.
    pub targets: Vec<String>,
    /// Probes for each; `None` until interrupted.
    pub count: Option<u64>,
    pub deadline: Option<Duration>,
    /// Ping the addresses of a name round robin, in one row.
    pub round_robin: bool,
    pub payload: u16,
    pub format: Format,
}

/// Pings until the count or the deadline is reached, or until interrupted; then prints the summary.
///
/// # Errors
/// If the link does not come up in time (exit 4), or a name has no address (exit 1 or 5).
pub async fn run(context: &mut Context<'_>, args: &Ping) -> Result<Exit, Error> {
    let (conf, targets) = conf::split(args.words.clone(), args.common.conf()?);
    if targets.is_empty() {
        return Err(Error::new(Exit::Usage, "no target").hint("sixpane ping gateway"));
    }
    let settings = Settings { walk: false, plan: plan(args), ..Settings::default() };
    let request = request(args, targets);
    let mut session = Session::open(conf.as_deref(), args.common.force, settings)?;
    let (timeout, interrupted) = (context.timeout(&args.common), interrupted());
    let (session, out) = (&mut session, &mut context.out);
    session.up(timeout).await?;
    let gateway = Target { label: "gateway".into(), address: session.identity.dns.addr };
    let mut group = Group::new(gateway.clone());
    for word in &request.targets {
        group.add(resolve(session, word).await?, request.round_robin);
    }
    let mut printer = Printer::new(request.format, request.payload, gateway.clone(), out);
    printer.begin(&group.targets())?;
    send(session, Command::Ping(group.ping_targets())).await?;
    send(session, Command::Follow(group.wanted.names())).await?;
    let deadline = clock::or_never(request.deadline.map(tokio::time::sleep));
    tokio::pin!(interrupted, deadline);
    let mut last: Arc<Vec<Series>> = Arc::default();
    loop {
        tokio::select! {
            report = session.engine.reports.recv() => match report {
                Some(Report::Pings(series)) => {
                    printer.progress(&series)?;
                    last = series;
                    let settled = |s: &Series| s.paused || request.count.is_some_and(|n| s.settled() >= n);
                    if !last.is_empty() && last.iter().all(settled) {
                        break;
                    }
                }
                Some(Report::Names(names)) => {
                    let news = group.follow(&names);
                    if !news.is_empty() {
                        printer.news(&news)?;
                        send(session, Command::Ping(group.ping_targets())).await?;
                    }
                }
                Some(_) => {}
                None => break,
            },
            () = &mut interrupted => break,
            () = &mut deadline => break,
        }
    }
    printer.end(&last)?;
    let answered = last.iter().any(|series| series.received + series.late > 0 && group.has(&series.target));
    Ok(if answered { Exit::Ok } else { Exit::Empty })
}

async fn send(session: &Session, command: Command) -> Result<(), Error> {
    let sent = session.engine.commands.send(command).await;
    sent.map_err(|_| Error::new(Exit::Tunnel, "the network was closed"))
}

/// The targets of all words, as the name server returns them.
#[derive(Debug)]
struct Group {
    gateway: Target,
    wanted: Targets,
}

impl Group {
    fn new(gateway: Target) -> Self {
        Self { gateway, wanted: Targets::default() }
    }

    fn add(&mut self, found: Found, round_robin: bool) {
        let Some(text) = found.name else {
            for target in found.targets {
                self.wanted.add(TargetSpec::Target(target));
            }
            self.update(&Names::new());
            return;
        };
        let name = TargetSpec::Name(text.clone());
        self.wanted.add(if round_robin { TargetSpec::RoundRobin(Box::new(name)) } else { name });
        let addresses = found.targets.iter().map(|target| target.address).collect();
        self.update(&[(text, addresses)].into());
    }

    fn update(&mut self, names: &Names) -> Vec<TargetChange> {
        let (catalog, gateway) = (&Catalog::default(), self.gateway.address);
        self.wanted.update(Known { catalog, names, gateway })
    }

    /// Updates the addresses of the names; returns the changes, in words.
    fn follow(&mut self, names: &Names) -> Vec<String> {
        let text = |TargetChange { spec, address, what }: TargetChange| {
            let name = spec.name()?;
            Some(match what {
                ChangeKind::Added => format!("{address} is a new address of {name}"),
                ChangeKind::Removed => format!("{address} is no longer an address of {name}"),
                ChangeKind::Returned => format!("{address} is again an address of {name}"),
            })
        };
        self.update(names).into_iter().filter_map(text).collect()
    }

    /// The targets of the words, including those that are gone.
    fn targets(&self) -> Vec<Target> {
        self.wanted.members().map(|(_, member)| member.target).collect()
    }

    fn has(&self, target: &Target) -> bool {
        self.wanted.members().any(|(_, member)| member.target == *target)
    }

    /// The same and the gateway, for comparison.
    fn ping_targets(&self) -> Vec<PingTarget> {
        let mut ping_targets: Vec<PingTarget> =
            self.wanted.members().map(|(_, member)| member.ping_target()).collect();
        if !ping_targets.iter().any(|target| target.target.address == self.gateway.address) {
            ping_targets.push(self.gateway.clone().into());
        }
        ping_targets
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;
    use crate::engine::targets::labelled;

    fn address(n: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n)
    }

    #[test]
    fn changed_addresses_of_a_name_are_reported() {
        let gateway = Target { label: "gateway".into(), address: address(3) };
        let mut group = Group::new(gateway.clone());
        let web = |n| labelled(&"web".into(), address(n), false);
        group.add(Found::following("web".into(), vec![web(1), web(2)]), false);
        group.add(Found { name: None, ..Found::following("gateway".into(), vec![gateway]) }, false);
        let names = |all: &[u16]| [("web".into(), all.iter().copied().map(address).collect())].into();
        assert!(group.follow(&names(&[2, 1])).is_empty());
        let news = group.follow(&names(&[2, 7]));
        assert_eq!(news, ["fdaa::1 is no longer an address of web", "fdaa::7 is a new address of web"]);
        assert_eq!(group.follow(&names(&[1, 2, 7])), ["fdaa::1 is again an address of web"]);
        assert_eq!(group.ping_targets().len(), 4, "the gateway is pinged once");
    }
}
