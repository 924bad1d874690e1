//! Gathers the facts of a diagnosis: every question that can be asked is asked, at once where one does not need the
//! other, and each fact is told as soon as it is there.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::knock::knock;
use crate::catalog::Catalog;
use crate::dns::client::{Client, PORT};
use crate::dns::exchange::{Exchange, Options, Question};
use crate::dns::names::Form;
use crate::dns::payload;
use crate::doctor::facts::{AppSeen, Asked, Facts, Link, Pings, Port, Reach};
use crate::net::{EchoKind, EchoRequest, Echoes, Network, Trouble};
use crate::text::Safe;

/// How long a handshake may take: initiations leave at once, after 250 ms and after 1 s more.
const LINK: Duration = Duration::from_millis(3500);
/// How long the walk may take that all of this stands on.
const WALK: Duration = Duration::from_millis(1500);
/// Rounds of pings, and how long after a round the next one leaves for who has not answered.
const ROUNDS: u32 = 3;
const ROUND: Duration = Duration::from_millis(250);
/// Machines that are pinged, and whose port is tried.
const MOST_PINGED: usize = 64;
const MOST_TRIED: usize = 8;
/// IPv6 and ICMPv6 headers, in bytes (RFC 8200 §3, RFC 4443 §4.1).
const HEADERS: u16 = 48;
const SMALL: u16 = 56;

/// Gathers what is missing of `facts`, and sends them each time there are more; at the end with `done`.
pub async fn run<N: Network>(
    net: N,
    client: Client,
    catalog: watch::Receiver<Arc<Catalog>>,
    mut facts: Facts,
    told: mpsc::Sender<Facts>,
) {
    facts.link = Some(link(&net).await);
    let _ = told.send(facts.clone()).await;
    if matches!(facts.link, Some(Link::Up { .. })) {
        Examiner { net, client, catalog, told: told.clone() }.beyond(&mut facts).await;
    }
    facts.done = true;
    let _ = told.send(facts).await;
}

/// Waits for the link, or for what makes waiting useless.
async fn link<N: Network>(net: &N) -> Link {
    let mut states = net.link();
    let start = Instant::now();
    let settled = timeout(LINK, async {
        loop {
            {
                let state = states.borrow_and_update();
                match &state.trouble {
                    _ if state.is_up() => return Some(Link::Up { handshake: state.handshake_rtt }),
                    Some(Trouble::Resolve { reason, .. }) => return Some(Link::NoName(reason.clone())),
                    Some(Trouble::Refused(_)) => return Some(Link::Closed),
                    Some(Trouble::Send { reason, .. } | Trouble::Socket(reason)) => {
                        return Some(Link::NoRoute(reason.clone()));
                    }
                    Some(Trouble::Silent(_)) | None => {}
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

struct Examiner<N: Network> {
    net: N,
    client: Client,
    catalog: watch::Receiver<Arc<Catalog>>,
    told: mpsc::Sender<Facts>,
}

impl<N: Network> Examiner<N> {
    async fn tell(&self, facts: &Facts) {
        let _ = self.told.send(facts.clone()).await;
    }

    /// All that needs the link.
    async fn beyond(&self, facts: &mut Facts) {
        let gateway = facts.conf.dns;
        let large = facts.conf.mtu.saturating_sub(HEADERS);
        let probes = vec![Probe::new(gateway, SMALL, ROUNDS), Probe::new(gateway, large, 1)];
        let (asked, pinged) = tokio::join!(self.names(), self.ping(probes));
        let [apps, instances, peers] = asked;
        facts.apps = Some(apps);
        facts.instances = Some(instances);
        facts.gateway = pinged.first().copied();
        facts.large = pinged.get(1).copied();
        facts.peers = Some(peers);
        self.tell(facts).await;
        let told = facts.apps.as_ref().is_some_and(|asked| asked.word == "NOERROR");
        if !told && facts.conf.dns != facts.conf.own_dns() {
            facts.apps_at_own = Some(self.ask_at(facts.conf.own_dns(), &Form::Apps).await);
        }
        if !told {
            return;
        }
        let catalog = self.walked().await;
        facts.conflicts = Some(catalog.conflicts.iter().map(|c| format!("{}: {}", c.app, c.text)).collect());
        let own = facts.conf.address;
        facts.listed = Some(catalog.peers.values().any(|peer| peer.address == Some(own)));
        self.tell(facts).await;
        let subject = facts.subject.app.clone();
        let machines: Vec<(Safe, Safe, Ipv6Addr)> = catalog
            .apps
            .iter()
            .filter(|(name, _)| subject.as_ref().is_none_or(|app| app == *name))
            .flat_map(|(name, app)| app.machines.iter().map(move |(id, machine)| (name, id, machine)))
            .filter_map(|(name, id, machine)| Some((name.clone(), id.clone(), machine.address?)))
            .take(MOST_PINGED)
            .collect();
        let probes = machines.iter().map(|(_, _, address)| Probe::new(*address, SMALL, 1)).collect();
        let (pinged, (app, ports)) = tokio::join!(self.ping(probes), self.app(subject, facts, &machines));
        let reach = machines.iter().zip(pinged);
        facts.machines = Some(
            reach.map(|((app, id, _), pings)| Reach { app: app.clone(), id: id.clone(), pings }).collect(),
        );
        facts.app = app;
        facts.ports = ports;
    }

    /// The org-wide names.
    async fn names(&self) -> [Asked; 3] {
        let ask = |form: Form| async move { self.ask(&form).await };
        let (apps, instances, peers) = tokio::join!(ask(Form::Apps), ask(Form::Instances), ask(Form::Peers));
        [apps, instances, peers]
    }

    async fn ask(&self, form: &Form) -> Asked {
        self.ask_at(*self.client.server().ip(), form).await
    }

    async fn ask_at(&self, server: Ipv6Addr, form: &Form) -> Asked {
        let Ok(name) = form.name() else {
            return Asked { word: "unsendable".into(), entries: vec![], rtt: None };
        };
        let server = SocketAddrV6::new(server, PORT, 0, 0);
        let question = Question::new(name, form.record_type());
        seen(form, &self.client.ask_at(server, question, &Options::default()).await)
    }

    /// The catalog of a whole walk, waited for where there is none yet.
    async fn walked(&self) -> Arc<Catalog> {
        let mut catalog = self.catalog.clone();
        let walked = catalog.wait_for(|catalog| catalog.walk.finished.is_some());
        let found = timeout(WALK, walked).await.ok().and_then(Result::ok).map(|catalog| catalog.clone());
        found.unwrap_or_else(|| self.catalog.borrow().clone())
    }

    /// What is asked about the app, and its port.
    async fn app(
        &self,
        app: Option<Safe>,
        facts: &Facts,
        machines: &[(Safe, Safe, Ipv6Addr)],
    ) -> (Option<AppSeen>, Option<Vec<(Safe, Port)>>) {
        let Some(app) = app else { return (None, None) };
        let listed = facts.apps.as_ref().map(|asked| asked.entries.contains(&app));
        let (own, flycast) = (Form::App(app.clone()), Form::Flycast(app));
        let (addresses, flycast) = tokio::join!(self.ask(&own), self.ask(&flycast));
        let seen = AppSeen { listed, addresses, flycast };
        let Some(port) = facts.subject.port else { return (Some(seen), None) };
        let tries = machines.iter().take(MOST_TRIED).map(|(_, id, address)| async move {
            (id.clone(), knock(&self.net, SocketAddrV6::new(*address, port, 0, 0)).await)
        });
        (Some(seen), Some(futures_util::future::join_all(tries).await))
    }

    /// Sends each probe in rounds until it has had enough answers.
    async fn ping(&self, mut probes: Vec<Probe>) -> Vec<Pings> {
        let Ok(echo) = self.net.echo() else { return probes.iter().map(|probe| probe.pings).collect() };
        let mut sent: Vec<(usize, std::time::Instant)> = Vec::new();
        for _ in 0..ROUNDS {
            for (index, probe) in probes.iter_mut().enumerate() {
                if probe.pings.answered >= probe.wanted {
                    continue;
                }
                let seq = sent.len() as u16;
                let request = EchoRequest { to: probe.to, seq, hop_limit: 64, payload: probe.payload };
                if let Ok(at) = echo.send(request) {
                    probe.pings.sent += 1;
                    sent.push((index, at));
                }
            }
            let round = Instant::now() + ROUND;
            while probes.iter().any(|probe| probe.pings.answered < probe.pings.sent) {
                let Ok(Ok(event)) = tokio::time::timeout_at(round, echo.recv()).await else { break };
                let Some((index, at)) = sent.get(usize::from(event.seq)) else { continue };
                if let (EchoKind::Reply { .. }, Some(probe)) = (event.kind, probes.get_mut(*index)) {
                    let rtt = event.at.saturating_duration_since(*at);
                    probe.pings.answered += 1;
                    probe.pings.best = Some(probe.pings.best.map_or(rtt, |best| best.min(rtt)));
                }
            }
        }
        probes.iter().map(|probe| probe.pings).collect()
    }
}

struct Probe {
    to: Ipv6Addr,
    payload: u16,
    /// Answers after which no more are sent.
    wanted: u32,
    pings: Pings,
}

impl Probe {
    fn new(to: Ipv6Addr, payload: u16, wanted: u32) -> Self {
        Self { to, payload, wanted, pings: Pings::default() }
    }
}

/// An exchange as a fact.
fn seen(form: &Form, exchange: &Exchange) -> Asked {
    let texts = exchange.texts();
    let entries = match form {
        Form::Instances => texts.iter().flat_map(|text| payload::instances(text).0).map(|i| i.id).collect(),
        _ if texts.is_empty() => exchange.addresses().iter().map(|a| Safe::new(a.to_string())).collect(),
        _ => texts.iter().flat_map(|text| payload::list(text)).collect(),
    };
    Asked { word: exchange.word(), entries, rtt: exchange.rtt() }
}
