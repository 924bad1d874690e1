//! Contents and events of the demo network, from a TOML file.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use ipnet::Ipv6Net;
use serde::Deserialize;

use crate::error::{Error, Exit};
use crate::text::Safe;

const BUILT_IN: &str = include_str!("../../assets/demo.toml");

/// A network and its events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The /48 of the network.
    pub network: Ipv6Net,
    /// Round-trip time to the gateway and its name server, in milliseconds.
    #[serde(default)]
    pub gateway_ms: f64,
    #[serde(default, rename = "app")]
    pub apps: Vec<App>,
    #[serde(default, rename = "peer")]
    pub peers: Vec<Peer>,
    #[serde(default, rename = "forward")]
    pub forwards: Vec<Forward>,
    #[serde(default, rename = "event")]
    pub events: Vec<Event>,
    /// Seconds until the events repeat; 0: never.
    #[serde(default)]
    pub repeat_after: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub name: String,
    #[serde(default)]
    pub flycast: Vec<Ipv6Addr>,
    /// All machines, started or stopped.
    #[serde(default)]
    pub machines: Vec<Machine>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// 14 hex digits.
    pub id: String,
    pub region: String,
    pub address: Ipv6Addr,
    #[serde(default = "default_group")]
    pub group: String,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Whether it is started: a stopped machine is in no record and sends no reply.
    #[serde(default = "yes")]
    pub started: bool,
    /// Whether it replies to ping.
    #[serde(default = "yes")]
    pub answers: bool,
    /// Round-trip time beyond the gateway, in milliseconds.
    #[serde(default)]
    pub rtt_ms: f64,
    /// Share of lost probes, 0 to 1.
    #[serde(default)]
    pub loss: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Name; `interactive-*` is not in DNS (reference document, "Create your tunnel configuration").
    pub name: String,
    pub address: Ipv6Addr,
}

/// A public DNS record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Name, with or without its final dot.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, `MX`, `TXT` …
    pub rtype: String,
    /// In zone file format.
    pub data: String,
    /// TTL in seconds.
    #[serde(default = "default_ttl")]
    pub ttl: u32,
}

/// A change of a machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Seconds from the start.
    pub at: f64,
    pub machine: String,
    /// Starts or stops it.
    #[serde(default)]
    pub started: Option<bool>,
    /// Whether it replies to ping.
    #[serde(default)]
    pub answers: Option<bool>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub address: Option<Ipv6Addr>,
    /// New round-trip time, in milliseconds.
    #[serde(default)]
    pub rtt_ms: Option<f64>,
}

fn default_group() -> String {
    "app".into()
}

fn default_ttl() -> u32 {
    300
}

fn yes() -> bool {
    true
}

impl Scenario {
    ///
    /// # Errors
    /// Never for the built-in file, as a test ensures.
    pub fn built_in() -> Result<Self, Error> {
        Self::parse("assets/demo.toml", BUILT_IN)
    }

    /// Parses a scenario; `name` is used in errors.
    ///
    /// # Errors
    /// With line and column, if it is invalid (exit 3).
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let name = Safe::new(name);
        let mut scenario: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| {
                let before = &text.as_bytes()[..span.start.min(text.len())];
                let line = before.split(|&byte| byte == b'\n').count();
                let column =
                    String::from_utf8_lossy(before).chars().rev().take_while(|&c| c != '\n').count() + 1;
                format!(":{line}:{column}")
            });
            Error::new(Exit::Config, format!("{name}{}", place.unwrap_or_default()))
                .why(Safe::new(error.message()))
                .hint("assets/demo.toml is an example with every field")
        })?;
        let fail = |why: String| Error::new(Exit::Config, name.to_string()).why(Safe::new(why));
        if scenario.network.prefix_len() != 48 {
            return Err(fail(format!("network {} is not a /48", scenario.network)));
        }
        let addresses = scenario
            .apps
            .iter()
            .flat_map(|app| app.machines.iter().map(|m| m.address).chain(app.flycast.iter().copied()));
        for address in addresses.chain(scenario.peers.iter().map(|peer| peer.address)) {
            if !scenario.network.contains(&address) {
                return Err(fail(format!("{address} is not in {}", scenario.network)));
            }
        }
        for event in &scenario.events {
            if scenario.machine(&event.machine).is_none() {
                return Err(fail(format!("an event names machine {}, which no app has", event.machine)));
            }
        }
        scenario.events.sort_by(|a, b| a.at.total_cmp(&b.at));
        Ok(scenario)
    }

    /// A network of `apps` × `machines`, reproducible by `seed`: for tests and benches.
    #[cfg(any(test, feature = "testing"))]
    pub fn generated(apps: usize, machines: usize, seed: u64) -> Self {
        const REGIONS: [&str; 8] = ["iad", "fra", "syd", "lhr", "nrt", "gru", "ord", "ams"];
        use rand::{RngExt as _, SeedableRng as _};
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        let apps = (0..apps).map(|a| App {
            name: format!("app-{a:04}"),
            flycast: vec![],
            machines: (0..machines)
                .map(|m| {
                    let host = (rng.random::<u16>(), rng.random::<u16>());
                    let number = (a * machines + m) as u32;
                    let address = Ipv6Addr::new(
                        0xfdaa,
                        0,
                        0x18,
                        0x0a00 | (host.0 & 0xff),
                        host.1,
                        (number >> 16) as u16 + 1,
                        number as u16,
                        2,
                    );
                    Machine {
                        id: format!("{:014x}", rng.random::<u64>() >> 8),
                        region: REGIONS[rng.random_range(0..REGIONS.len())].into(),
                        address,
                        group: default_group(),
                        metadata: BTreeMap::new(),
                        started: true,
                        answers: true,
                        rtt_ms: 0.0,
                        loss: 0.0,
                    }
                })
                .collect(),
        });
        Self {
            network: Ipv6Net::new_assert(Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 0), 48),
            gateway_ms: 0.0,
            apps: apps.collect(),
            peers: vec![],
            forwards: vec![],
            events: vec![],
            repeat_after: 0.0,
        }
    }

    /// The name server: the prefix and `::3`.
    pub fn dns(&self) -> Ipv6Addr {
        crate::address::dns_of(self.network.addr())
    }

    pub fn machine(&self, id: &str) -> Option<&Machine> {
        self.apps.iter().flat_map(|app| &app.machines).find(|machine| machine.id == id)
    }

    /// The started machine at `address`.
    pub fn at(&self, address: Ipv6Addr) -> Option<&Machine> {
        self.apps.iter().flat_map(|app| &app.machines).find(|m| m.started && m.address == address)
    }

    pub fn apply(&mut self, event: &Event) {
        let machines = self.apps.iter_mut().flat_map(|app| &mut app.machines);
        for machine in machines.filter(|machine| machine.id == event.machine) {
            machine.started = event.started.unwrap_or(machine.started);
            machine.answers = event.answers.unwrap_or(machine.answers);
            machine.address = event.address.unwrap_or(machine.address);
            machine.rtt_ms = event.rtt_ms.unwrap_or(machine.rtt_ms);
            if let Some(region) = &event.region {
                machine.region.clone_from(region);
            }
        }
    }
}

/// Milliseconds as a duration; zero if invalid.
pub fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_scenario_is_valid() {
        let org = Scenario::built_in().unwrap();
        assert!(org.apps.iter().any(|app| app.machines.iter().all(|m| !m.started)));
        assert!(org.peers.iter().any(|peer| peer.name.starts_with("interactive-")));
        let mut ids: Vec<_> = org.apps.iter().flat_map(|app| &app.machines).map(|m| &m.id).collect();
        let n = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), n);
        assert!(ids.iter().all(|id| id.len() == 14 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }

    #[test]
    fn errors_name_the_place() {
        let error = Scenario::parse("x.toml", "network = \"fdaa:0:18::/48\"\nwhat = 1\n").unwrap_err();
        assert!(error.to_string().starts_with("x.toml:2:1: "), "{error}");
        let error = Scenario::parse("x.toml", "network = \"fdaa::/16\"").unwrap_err();
        assert!(error.to_string().contains("not a /48"));
        let event = "network = \"fdaa:0:18::/48\"\nevent = [{ at = 1, machine = \"x\" }]";
        assert!(Scenario::parse("x.toml", event).unwrap_err().to_string().contains("which no app has"));
    }

    #[test]
    fn a_generated_network_is_reproducible() {
        let ids =
            |s: &Scenario| s.apps.iter().flat_map(|a| &a.machines).map(|m| m.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&Scenario::generated(5, 4, 7)), ids(&Scenario::generated(5, 4, 7)));
        assert_ne!(ids(&Scenario::generated(5, 4, 7)), ids(&Scenario::generated(5, 4, 8)));
    }
}
