//! An org made up for a test, and the zone that says it.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

pub struct Machine {
    pub id: String,
    pub region: &'static str,
    pub address: Ipv6Addr,
}

pub struct App {
    pub name: String,
    pub machines: Vec<Machine>,
    pub flycast: Option<Ipv6Addr>,
}

/// An org in the network `fdaa:<network>::/48`, whose network field is one group.
pub struct Org {
    pub network: u16,
    pub apps: Vec<App>,
    pub peers: Vec<(String, Ipv6Addr)>,
}

const REGIONS: [&str; 3] = ["iad", "fra", "syd"];

impl Org {
    /// `apps` apps with `machines` machines each; the last app has none that is started.
    pub fn of(network: u16, names: &[String], machines: usize) -> Self {
        let last = names.len() - 1;
        let app = |(n, name): (usize, &String)| App {
            name: name.clone(),
            machines: (0..if n == last { 0 } else { machines })
                .map(|m| Machine {
                    id: format!("{:014x}", 0x0014_8e21_0000_0000_u64 + (n as u64) * 4096 + m as u64),
                    region: REGIONS[(n + m) % 3],
                    address: Ipv6Addr::new(0xfdaa, 0, network, 0xa7b, n as u16, m as u16, 0xb83b, 2),
                })
                .collect(),
            flycast: (n == 0).then(|| Ipv6Addr::new(0xfdaa, 0, network, 0, 1, 0, 0, 3)),
        };
        let apps = names.iter().enumerate().map(app).collect();
        let peers = vec![("my-peer".to_owned(), Self::peer_address(network))];
        Self { network, apps, peers }
    }

    /// Four apps of which everybody has one.
    pub fn small(network: u16) -> Self {
        Self::of(network, &["web", "api", "db", "admin"].map(str::to_owned), 3)
    }

    pub fn peer_address(network: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, network, 0xa7b, 0xd6b, 0, 0xa, 2)
    }

    /// A second peer, for a tunnel beside ours.
    pub fn tun_address(network: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, network, 0xa7b, 0xd6b, 0, 0xb, 2)
    }

    pub fn dns(&self) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, self.network, 0, 0, 0, 0, 3)
    }

    pub fn prefix(&self) -> String {
        format!("fdaa:0:{:x}::/48", self.network)
    }

    /// Every address that answers ping.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.apps.iter().flat_map(|app| app.machines.iter().map(|machine| machine.address))
    }

    /// The payload of `_instances`.
    pub fn instances(&self) -> String {
        let all: Vec<String> = self
            .apps
            .iter()
            .flat_map(|app| {
                app.machines.iter().map(|machine| {
                    format!(
                        "instance={},app={},ip={},region={}",
                        machine.id, app.name, machine.address, machine.region
                    )
                })
            })
            .collect();
        all.join(";")
    }

    /// The zone file of `internal.`
    pub fn internal(&self) -> String {
        let mut zone = head();
        let names: Vec<&str> = self.apps.iter().map(|app| app.name.as_str()).collect();
        let peers: Vec<&str> = self.peers.iter().map(|(name, _)| name.as_str()).collect();
        txt(&mut zone, "_apps", &names.join(","));
        txt(&mut zone, "_peer", &peers.join(","));
        // A record holds 65,535 bytes at most, with a length before each 255 (RFC 1035 §3.3.14).
        if self.instances().len() < 65_000 {
            txt(&mut zone, "_instances", &self.instances());
        }
        for (name, address) in &self.peers {
            aaaa(&mut zone, &format!("{name}._peer"), *address);
        }
        for app in &self.apps {
            let name = &app.name;
            let vms: Vec<String> = app.machines.iter().map(|m| format!("{} {}", m.id, m.region)).collect();
            txt(&mut zone, &format!("vms.{name}"), &vms.join(","));
            let mut regions: Vec<&str> = app.machines.iter().map(|m| m.region).collect();
            regions.sort_unstable();
            regions.dedup();
            txt(&mut zone, &format!("regions.{name}"), &regions.join(","));
            for machine in &app.machines {
                let Machine { id, region, address } = machine;
                for owner in [
                    name.clone(),
                    format!("global.{name}"),
                    format!("{region}.{name}"),
                    format!("{id}.vm.{name}"),
                    format!("app.process.{name}"),
                ] {
                    aaaa(&mut zone, &owner, *address);
                }
            }
        }
        zone
    }

    /// The zone file of `flycast.`
    pub fn flycast(&self) -> String {
        let mut zone = head();
        for app in &self.apps {
            if let Some(address) = app.flycast {
                aaaa(&mut zone, &app.name, address);
            }
        }
        zone
    }
}

fn head() -> String {
    "$TTL 5\n@ SOA ns hostmaster 1 3600 600 86400 5\n@ NS ns\nns AAAA ::1\n".into()
}

fn aaaa(zone: &mut String, owner: &str, address: Ipv6Addr) {
    let _ = writeln!(zone, "{owner} AAAA {address}");
}

/// One TXT record, its payload cut at 255 bytes wherever that falls.
fn txt(zone: &mut String, owner: &str, payload: &str) {
    let _ = write!(zone, "{owner} TXT");
    let pieces: Vec<&[u8]> = payload.as_bytes().chunks(255).collect();
    if pieces.is_empty() {
        zone.push_str(" \"\"");
    }
    for piece in pieces {
        let _ = write!(zone, " \"{}\"", std::str::from_utf8(piece).unwrap());
    }
    zone.push('\n');
}
