//! Collects the facts of a diagnosis. Checks that do not depend on each other run in parallel, and each fact is
//! reported as soon as it is known.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::below::below;
use super::others;
use super::pings::{Probe, burst, ping};
use super::port::tried;
use super::system;
use super::transports::transports;
use crate::catalog::agree::disagreements;
use crate::catalog::{Catalog, Conflict};
use crate::dns::client::{Client, PORT};
use crate::dns::exchange::Options;
use crate::dns::lookup::{Lookup, ask};
use crate::dns::names::Form;
use crate::dns::outcome::Outcome;
use crate::doctor::facts::{
    Again, AppSeen, Disagreement, Facts, Link, Listed, Pings, Reach, RoundTrips, Tried,
};
use crate::doctor::{Machine, Within};
use crate::net::underlying_host::UnderlyingHost;
use crate::net::{LinkError, Network};
use crate::text::{Safe, words};

/// Timeout of the first handshake: initiations are sent immediately, after 250 ms and after 1 s more. The protocol's
/// own retry interval (5 s) would be too long.
const LINK: Duration = Duration::from_millis(3500);
/// Timeout of the walk that the diagnosis is based on.
const WALK: Duration = Duration::from_millis(1500);
/// Timeout of a new handshake after a successful one, and of the first response after it.
const REHANDSHAKE: Duration = Duration::from_millis(800);
/// Maximum number of machines that are pinged, port-checked and, if they do not reply, looked up again.
const MOST_PINGED: usize = 64;
const MOST_TRIED: usize = 8;
/// Maximum number of apps whose own names are compared with the lists.
const MOST_COMPARED: usize = 64;
/// IPv6 and ICMPv6 headers, in bytes (RFC 8200 §3, RFC 4443 §4.1).
const HEADERS: u16 = 48;
/// Pings to the gateway: the first series, and a longer series if a reply is missing or loss is possible.
const PINGS: u32 = 5;
const MORE_PINGS: u32 = 20;
const MANY_PINGS: u32 = 75;

/// Collects the facts missing in `facts`, and sends them after each step; the last time with `done`.
pub async fn run<N: Network>(
    net: N,
    client: Client,
    catalog: watch::Receiver<Arc<Catalog>>,
    mut facts: Facts,
    reports: mpsc::Sender<Facts>,
) {
    let link = link(&net).await;
    below(&net, &mut facts);
    let host = net.underlying_host();
    match &link {
        Link::NoRoute { .. } => facts.ways = host.map(UnderlyingHost::default_routes),
        Link::Silent(..) => {
            let peer = net.link().borrow().endpoint;
            if let (Some(host), Some(peer)) = (host, peer) {
                facts.udp_comes_back = Some(host.closed_port_answers(peer).await);
            }
        }
        _ => {}
    }
    facts.link = Some(link);
    let _ = reports.send(facts.clone()).await;
    if facts.is_up() {
        let examiner = Examiner { net: net.clone(), client, catalog, reports: reports.clone() };
        let server = examiner.client.server();
        let ((), (udp, tcp)) = tokio::join!(examiner.beyond(&mut facts), transports(&net, server));
        (facts.dns_udp, facts.dns_tcp) = (Some(udp), Some(tcp));
        facts.diverted = others::diverted(&net, facts.conf.own_dns()).await;
        below(&net, &mut facts);
        let states = net.link();
        let state = states.borrow();
        facts.strays = Some(state.drops.strays);
        facts.late = Some(state.drops.late);
        facts.other_client =
            state.other_client.map(|at| Instant::now().into_std().saturating_duration_since(at));
        let since = state.first_handshake.map(|first| Instant::now().into_std() - first);
        facts.sessions = since.map(|since| (state.handshakes, since));
    }
    // With the same key, the system's tunnel cannot work while ours is attached: detach ours first.
    if facts.subject.system {
        let _ = reports.send(facts.clone()).await;
        facts.system = Some(system::look(&facts.conf, true).await);
    }
    facts.done = true;
    let _ = reports.send(facts).await;
}

/// Waits for the link, or for an error that makes waiting useless.
async fn link<N: Network>(net: &N) -> Link {
    let mut states = net.link();
    let start = Instant::now();
    let settled = timeout(LINK, async {
        loop {
            {
                let state = states.borrow_and_update();
                match &state.error {
                    _ if state.is_up() => return Some(Link::Up { handshake: state.handshake_rtt }),
                    Some(LinkError::Resolve { reason, .. }) => return Some(Link::NoName(words(reason))),
                    Some(LinkError::Refused(_)) => return Some(Link::Closed),
                    Some(LinkError::Send { to, reason }) => {
                        return Some(Link::NoRoute { ipv6: to.is_ipv6(), reason: words(reason) });
                    }
                    Some(LinkError::Socket(reason)) => return Some(Link::NoSocket(words(reason))),
                    Some(LinkError::Silent(_)) | None => {}
                }
            }
            if states.changed().await.is_err() {
                return None;
            }
        }
    });
    match settled.await {
        Ok(Some(link)) => link,
        _ => Link::Silent(states.borrow().initiations, start.elapsed()),
    }
}

/// Results of the pings to the gateway.
struct Pinged {
    small: Pings,
    large: Pings,
    /// Sender of an ICMPv6 error.
    error_from: Option<Ipv6Addr>,
    round_trips: Vec<Duration>,
}

struct Examiner<N: Network> {
    net: N,
    client: Client,
    catalog: watch::Receiver<Arc<Catalog>>,
    reports: mpsc::Sender<Facts>,
}

impl<N: Network> Examiner<N> {
    async fn report(&self, facts: &Facts) {
        let _ = self.reports.send(facts.clone()).await;
    }

    /// Collects the facts that need a link.
    async fn beyond(&self, facts: &mut Facts) {
        let (mut named, mut pinged) = tokio::join!(self.names(&facts.conf.name), self.gateway(facts));
        let (apps, instances, peers, own) = &named;
        let silent = [apps, instances, peers, own].iter().all(|asked| asked.rtt.is_none());
        if silent && pinged.small.answered == 0 && pinged.error_from.is_none() {
            // The peer that did the latest handshake has the session: a new handshake from here takes it back.
            let renewed = self.renewed().await;
            let restored = renewed && self.responds().await;
            (facts.second_handshake, facts.restored) = (Some(renewed), Some(restored));
            if restored {
                (named, pinged) = tokio::join!(self.names(&facts.conf.name), self.gateway(facts));
            }
        }
        let (apps, instances, peers, own_name) = named;
        (facts.gateway, facts.large) = (Some(pinged.small), Some(pinged.large));
        facts.round_trips = RoundTrips::of(&pinged.round_trips);
        let complete = apps.outcome == Outcome::NOERROR;
        (facts.apps, facts.instances, facts.peers) = (Some(apps), Some(instances), Some(peers));
        if !complete {
            self.without_names(facts, pinged.error_from).await;
            return;
        }
        self.report(facts).await;
        let catalog = self.walked().await;
        facts.listed = self.listed(facts, &own_name, &catalog).await;
        if let Some(form) = facts.subject.form() {
            facts.asked = Some(self.ask(&form).await);
        }
        let machines = chosen(&catalog, facts);
        facts.machine_count = machines.len();
        if facts.subject.machine.is_some() {
            facts.machine_known = Some(!machines.is_empty());
        }
        self.report(facts).await;
        let machines: Vec<Place> = machines.into_iter().take(MOST_PINGED).collect();
        let (reached, (app, flycast_ports), ports, conflicts) = tokio::join!(
            self.reach(&machines),
            self.app(facts),
            self.ports(facts, &machines),
            self.compare(&catalog)
        );
        facts.machines = Some(reached);
        facts.named = self.named(facts, app.as_ref(), &catalog).await;
        (facts.app, facts.ports, facts.flycast_ports) = (app, ports, flycast_ports);
        facts.conflicts = Some(conflicts);
    }

    /// Does a new handshake, and returns whether it was answered.
    async fn renewed(&self) -> bool {
        let mut link = self.net.link();
        let before = link.borrow_and_update().last_handshake;
        self.net.rehandshake();
        let renewed = link.wait_for(|link| link.is_up() && link.last_handshake != before);
        timeout(link_timeout(&self.net, REHANDSHAKE), renewed).await.is_ok_and(|link| link.is_ok())
    }

    /// Whether the name server responds soon.
    async fn responds(&self) -> bool {
        let options = Options { timeout: link_timeout(&self.net, REHANDSHAKE), ..Options::default() };
        ask(&self.client, self.client.server(), &Form::Apps, &options).await.rtt.is_some()
    }

    /// Whether our address belongs to a listed peer; `None` if a name without a response may be ours.
    async fn listed(&self, facts: &Facts, own_name: &Lookup, catalog: &Catalog) -> Option<Listed> {
        let own = facts.conf.address;
        let name = Safe::new(&facts.conf.name);
        let names = &facts.peers.as_ref().filter(|peers| peers.outcome == Outcome::NOERROR)?.entries;
        let address = own_name.addresses.first().copied();
        if address == Some(own) {
            return Some(if names.contains(&name) { Listed::As(name) } else { Listed::NameOnly(name) });
        }
        let known = |name: &Safe| catalog.peers.get(name).and_then(|peer| peer.address);
        if let Some(name) = names.iter().find(|name| known(name) == Some(own)) {
            return Some(Listed::As(name.clone()));
        }
        // The walk may not have reached all of them yet.
        let open = names.iter().filter(|name| known(name).is_none()).take(MOST_COMPARED);
        let asked =
            join_all(open.map(|name| async move { (name, self.ask(&Form::Peer(name.clone())).await) })).await;
        if let Some((name, _)) = asked.iter().find(|(_, asked)| asked.addresses.first() == Some(&own)) {
            return Some(Listed::As((*name).clone()));
        }
        if !own_name.outcome.is_definite() || asked.iter().any(|(_, asked)| !asked.outcome.is_definite()) {
            return None;
        }
        Some(address.map_or(Listed::No, |address| Listed::Another(name, address)))
    }

    /// Collects the facts available without DNS: the response of another server, and whether any data comes back.
    /// `error_from` is the sender of an ICMPv6 error about a ping to the server.
    async fn without_names(&self, facts: &mut Facts, error_from: Option<Ipv6Addr>) {
        let own = facts.conf.own_dns();
        if facts.conf.dns != own {
            facts.apps_at_own = Some(self.ask_at(own, &Form::Apps).await);
        }
        if error_from.is_some() {
            facts.edge = Some(error_from);
        } else if facts.gateway.is_some_and(|pings| pings.answered == 0) {
            // A ping that must be discarded: a router on the path, or the gateway, sends an error.
            let mut groups = facts.conf.network.addr().segments();
            groups[3..].copy_from_slice(&[0xffff; 5]);
            let probe = Probe { hop_limit: 1, ..Probe::new(Ipv6Addr::from(groups), Probe::SMALL, 1) };
            let seen = ping(&self.net, vec![probe]).await;
            facts.edge = Some(seen.first().and_then(|seen| seen.error_from));
        }
        self.report(facts).await;
    }

    /// Pings the gateway: a few small packets, more if some are lost, and large packets.
    async fn gateway(&self, facts: &Facts) -> Pinged {
        // The gateway is always <prefix>::3, even if the conf has another name server.
        let (to, large) = (facts.conf.own_dns(), facts.conf.mtu.saturating_sub(HEADERS));
        let probes = vec![Probe::new(to, Probe::SMALL, PINGS), Probe::new(to, large, 1)];
        let seen = ping(&self.net, probes).await;
        let of = |n: usize| seen.get(n).map(|seen| seen.pings).unwrap_or_default();
        let error_from = seen.iter().find_map(|seen| seen.error_from);
        let mut pinged = Pinged { small: of(0), large: of(1), error_from, round_trips: Vec::new() };
        if pinged.small.answered > 0 {
            // With a third of the packets lost, a few may still all get replies.
            for count in [MORE_PINGS, MANY_PINGS] {
                let (pings, round_trips) = burst(&self.net, to, count).await;
                pinged.small = add(pinged.small, pings);
                pinged.round_trips.extend(round_trips);
                if pinged.small.sent.saturating_sub(pinged.small.answered) <= 2 {
                    break;
                }
            }
        }
        pinged
    }

    /// Queries the org-wide names, and the expected name of this peer.
    async fn names(&self, conf: &str) -> (Lookup, Lookup, Lookup, Lookup) {
        let ask = |form: Form| async move { self.ask(&form).await };
        let (mut apps, instances, peers, own) = tokio::join!(
            ask(Form::Apps),
            ask(Form::Instances),
            ask(Form::Peers),
            ask(Form::Peer(Safe::new(conf)))
        );
        // The server responds to other queries: this query may have been lost. Send it again.
        if apps.rtt.is_none() && [&instances, &peers, &own].iter().any(|asked| asked.rtt.is_some()) {
            apps = ask(Form::Apps).await;
        }
        (apps, instances, peers, own)
    }

    async fn ask(&self, form: &Form) -> Lookup {
        self.ask_at(*self.client.server().ip(), form).await
    }

    async fn ask_at(&self, server: Ipv6Addr, form: &Form) -> Lookup {
        ask(&self.client, SocketAddrV6::new(server, PORT, 0, 0), form, &Options::default()).await
    }

    /// The catalog of a complete walk; waits for it if necessary.
    async fn walked(&self) -> Arc<Catalog> {
        let mut catalog = self.catalog.clone();
        let walked = catalog.wait_for(|catalog| catalog.walk.finished.is_some());
        let found = timeout(link_timeout(&self.net, WALK), walked)
            .await
            .ok()
            .and_then(Result::ok)
            .map(|catalog| catalog.clone());
        found.unwrap_or_else(|| self.catalog.borrow().clone())
    }

    /// Compares the lists with each other, and with the apps' own names.
    async fn compare(&self, catalog: &Catalog) -> Vec<Disagreement> {
        let now = Instant::now().into_std();
        let apps = catalog.apps.iter().filter(|(_, app)| app.complete).take(MOST_COMPARED);
        let found = join_all(apps.map(|(name, app)| async move {
            let (app_form, regions_form) = (Form::App(name.clone()), Form::Regions(name.clone()));
            let (addresses, regions) = tokio::join!(self.ask(&app_form), self.ask(&regions_form));
            // A missing response contradicts nothing.
            let addresses = (addresses.outcome == Outcome::NOERROR).then_some(addresses.addresses);
            let regions = (regions.outcome == Outcome::NOERROR).then_some(regions.entries);
            disagreements(name, app, addresses.as_deref(), regions.as_deref())
        }))
        .await;
        let known = catalog.conflicts.iter().cloned();
        let mut all: Vec<Conflict> = known.collect();
        for conflict in found.into_iter().flatten() {
            if !all.iter().any(|known| known.app == conflict.app && known.text == conflict.text) {
                all.push(conflict);
            }
        }
        all.into_iter()
            .map(|conflict| Disagreement {
                text: format!("{}: {}", conflict.app, conflict.text),
                lasting: conflict.since.map(|since| now.saturating_duration_since(since)),
            })
            .collect()
    }

    /// Pings the machines, and looks up those that do not reply.
    async fn reach(&self, machines: &[Place]) -> Vec<Reach> {
        let probes = machines.iter().map(|place| Probe::new(place.address, Probe::SMALL, 1)).collect();
        let seen = ping(&self.net, probes).await;
        let mut reached: Vec<Reach> = machines
            .iter()
            .zip(seen)
            .map(|(place, seen)| Reach {
                app: place.app.clone(),
                id: place.id.clone(),
                address: place.address,
                pings: seen.pings,
                again: None,
            })
            .collect();
        // If other machines needed a second ping, packets are being lost: ping those without a reply once more.
        let lossy = reached.iter().any(|reach| reach.pings.answered > 0 && reach.pings.sent > 1);
        if lossy {
            let mut silent: Vec<&mut Reach> =
                reached.iter_mut().filter(|reach| reach.pings.answered == 0).collect();
            let probes = silent.iter().map(|reach| Probe::new(reach.address, Probe::SMALL, 1)).collect();
            for (reach, seen) in silent.iter_mut().zip(ping(&self.net, probes).await) {
                reach.pings = add(reach.pings, seen.pings);
            }
        }
        let silent = reached.iter_mut().filter(|reach| reach.pings.answered == 0).take(MOST_TRIED);
        join_all(silent.map(|reach| async {
            reach.again = Some(self.again(reach).await);
        }))
        .await;
        reached
    }

    /// Looks up the own name of a machine that does not reply: it may have a new address.
    async fn again(&self, reach: &Reach) -> Again {
        let asked = self.ask(&Form::Vm(reach.id.clone(), reach.app.clone())).await;
        if !asked.outcome.is_definite() {
            return Again::Unknown;
        }
        match asked.addresses.first().copied() {
            None => Again::Gone,
            Some(now) if now == reach.address => Again::Same,
            Some(now) => {
                let seen = ping(&self.net, vec![Probe::new(now, Probe::SMALL, 1)]).await;
                Again::At(now, seen.first().map(|seen| seen.pings).unwrap_or_default())
            }
        }
    }

    /// Pings the addresses that the app's name gives and no list has.
    async fn named(
        &self,
        facts: &Facts,
        app: Option<&AppSeen>,
        catalog: &Catalog,
    ) -> Option<Vec<(Ipv6Addr, Pings)>> {
        let listed: Vec<Ipv6Addr> = catalog
            .apps
            .get(facts.subject.app.as_ref()?)
            .into_iter()
            .flat_map(|app| app.machines.values().filter_map(|machine| machine.address))
            .collect();
        let unlisted = app?.addresses.addresses.iter().copied();
        let unlisted: Vec<Ipv6Addr> = unlisted
            .filter(|address| !listed.contains(address) && facts.conf.network.contains(address))
            .take(MOST_TRIED)
            .collect();
        let probes = unlisted.iter().map(|address| Probe::new(*address, Probe::SMALL, 1)).collect();
        let seen = ping(&self.net, probes).await;
        Some(unlisted.into_iter().zip(seen.into_iter().map(|seen| seen.pings)).collect())
    }

    /// Collects the facts about the app: its records, and the port on its Flycast address.
    async fn app(&self, facts: &Facts) -> (Option<AppSeen>, Option<Vec<Tried>>) {
        let Some(app) = facts.subject.app.clone() else { return (None, None) };
        let listed = facts.apps.as_ref().map(|asked| asked.entries.contains(&app));
        let (own, flycast) = (Form::App(app.clone()), Form::Flycast(app.clone()));
        let (addresses, flycast) = tokio::join!(self.ask(&own), self.ask(&flycast));
        let address = flycast.addresses.first().copied();
        let seen = AppSeen { listed, addresses, flycast };
        let Some(port) = facts.subject.port else { return (Some(seen), None) };
        let name = Safe::new(format!("{app}.flycast"));
        let host = name.to_string();
        let protocol = facts.subject.protocol.filter(|_| facts.subject.flycast);
        let one = |address| {
            let to = SocketAddrV6::new(address, port, 0, 0);
            tried(&self.net, name.clone(), to, protocol, &host, facts.conf.address)
        };
        (Some(seen), Some(join_all(address.into_iter().map(one)).await))
    }

    /// Checks the port on the machines.
    async fn ports(&self, facts: &Facts, machines: &[Place]) -> Option<Vec<Tried>> {
        let subject = &facts.subject;
        let port = subject.port.filter(|_| subject.app.is_some() || subject.machine.is_some())?;
        let machines: &[Place] = if subject.flycast { &[] } else { machines };
        let checks = machines.iter().take(MOST_TRIED).map(|place| async move {
            let (to, host) =
                (SocketAddrV6::new(place.address, port, 0, 0), format!("{}.internal", place.app));
            tried(&self.net, place.id.clone(), to, subject.protocol, &host, facts.conf.address).await
        });
        Some(join_all(checks).await)
    }
}

/// A timeout, longer on a slow link.
fn link_timeout<N: Network>(net: &N, usual: Duration) -> Duration {
    net.link().borrow().timeout(usual, 5)
}

/// A machine with a known address.
struct Place {
    app: Safe,
    id: Safe,
    address: Ipv6Addr,
}

/// Machines to check: one, those of an app, or all.
fn chosen(catalog: &Catalog, facts: &Facts) -> Vec<Place> {
    let subject = &facts.subject;
    let all = catalog.apps.iter().filter(|(name, _)| subject.app.as_ref().is_none_or(|app| app == *name));
    all.flat_map(|(name, app)| app.machines.iter().map(move |(id, machine)| (name, id, machine)))
        .filter(|(_, _, machine)| match &subject.within {
            None => true,
            Some(Within::Region(region)) => machine.region.as_ref() == Some(region),
            // No list has the process groups: its name gives the addresses.
            Some(Within::Group(_)) => {
                let asked = facts.asked.iter().flat_map(|asked| &asked.addresses);
                machine.address.is_some_and(|address| asked.into_iter().any(|one| *one == address))
            }
        })
        .filter_map(|(name, id, machine)| {
            Some(Place { app: name.clone(), id: id.clone(), address: machine.address? })
        })
        .filter(|place| match &subject.machine {
            None => true,
            Some(Machine::Id(id)) => *id == place.id,
            Some(Machine::At(address)) => *address == place.address,
        })
        .collect()
}

fn add(a: Pings, b: Pings) -> Pings {
    let best = [a.best, b.best].into_iter().flatten().min();
    Pings { sent: a.sent + b.sent, answered: a.answered + b.answered, best }
}
