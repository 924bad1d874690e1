//! The tree as JSON, schema `sixpane.tree/2`. It borrows from the catalog: a large network costs only its text.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::Ipv6Addr;

use serde::Serialize;

use super::Request;
use crate::attach::Identity;
use crate::catalog::{App, Catalog, Machine, Method, Record};

use crate::text::Safe;

#[derive(Serialize)]
struct Tree<'a> {
    schema: &'static str,
    conf: &'a str,
    network: String,
    address: Ipv6Addr,
    dns: Dns,
    walk: Walk<'a>,
    apps: Vec<AppJson<'a>>,
    peers: Vec<Peer<'a>>,
    conflicts: Vec<Conflict<'a>>,
}

#[derive(Serialize)]
struct Dns {
    address: Ipv6Addr,
    derived: bool,
}

#[derive(Serialize)]
struct Walk<'a> {
    method: &'static str,
    reason: Option<&'a str>,
    queries: usize,
    ms: Option<f64>,
    problems: &'a [String],
}

#[derive(Serialize)]
struct AppJson<'a> {
    name: &'a Safe,
    complete: bool,
    flycast: &'a [Ipv6Addr],
    count: usize,
    /// `None` if the depth excludes them.
    regions: Option<Vec<Region<'a>>>,
    records: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_raw: Option<String>,
}

#[derive(Serialize)]
struct Region<'a> {
    name: Option<&'a Safe>,
    count: usize,
    /// As in the app.
    machines: Option<Vec<MachineJson<'a>>>,
}

#[derive(Serialize)]
struct MachineJson<'a> {
    id: &'a Safe,
    address: Option<Ipv6Addr>,
    records: Vec<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<&'a str, &'a Safe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_raw: Option<String>,
}

#[derive(Serialize)]
struct Peer<'a> {
    name: &'a Safe,
    address: Option<Ipv6Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_raw: Option<String>,
}

#[derive(Serialize)]
struct Conflict<'a> {
    app: &'a Safe,
    machine: Option<&'a Safe>,
    text: &'a str,
}

pub fn write(
    catalog: &Catalog,
    identity: &Identity,
    request: &Request,
    out: &mut impl Write,
) -> io::Result<()> {
    let walk = &catalog.walk;
    let (method, reason) = match &walk.method {
        Method::Unknown => ("unknown", None),
        Method::Instances => ("instances", None),
        Method::PerApp(why) => ("per-app", Some(why.as_str())),
    };
    let at = &request.at;
    let apps = catalog.apps.iter().filter(|(name, _)| at.has_app(name));
    let peers = catalog.peers.iter().filter(|_| at.app.is_none());
    let conflicts = catalog.conflicts.iter().filter(|conflict| at.has_app(&conflict.app));
    let tree = Tree {
        schema: "sixpane.tree/2",
        conf: &identity.name,
        network: identity.network().to_string(),
        address: identity.address(),
        dns: Dns { address: identity.dns.addr, derived: identity.dns.derived },
        walk: Walk {
            method,
            reason,
            queries: walk.queries,
            ms: walk.took.map(|took| took.as_secs_f64() * 1e3),
            problems: &walk.problems,
        },
        apps: apps.map(|(name, app)| app_json(name, app, request)).collect(),
        peers: peers.map(|(name, peer)| Peer { name, address: peer.address, name_raw: raw(name) }).collect(),
        conflicts: conflicts
            .map(|c| Conflict { app: &c.app, machine: c.machine.as_ref(), text: &c.text })
            .collect(),
    };
    serde_json::to_writer(&mut *out, &tree)?;
    writeln!(out)
}

fn app_json<'a>(name: &'a Safe, app: &'a App, request: &Request) -> AppJson<'a> {
    let regions = app.regions().into_iter();
    let wanted = regions.filter(|(region, _)| request.at.has_region(*region));
    AppJson {
        name,
        complete: app.complete,
        flycast: &app.flycast,
        count: app.machines.len(),
        regions: request
            .shows(2)
            .then(|| wanted.map(|(region, machines)| region_json(region, &machines, request)).collect()),
        records: app.said_by.iter().map(Record::as_str).collect(),
        name_raw: raw(name),
    }
}

fn region_json<'a>(
    name: Option<&'a Safe>,
    machines: &[(&'a Safe, &'a Machine)],
    request: &Request,
) -> Region<'a> {
    let wanted = machines.iter().filter(|(id, _)| request.at.has_machine(id));
    Region {
        name,
        count: machines.len(),
        machines: request.shows(3).then(|| wanted.map(|(id, machine)| machine_json(id, machine)).collect()),
    }
}

fn machine_json<'a>(id: &'a Safe, machine: &'a Machine) -> MachineJson<'a> {
    MachineJson {
        id,
        address: machine.address,
        records: machine.said_by.iter().map(Record::as_str).collect(),
        extra: machine.extra.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        id_raw: raw(id),
    }
}

/// The bytes in base64, if they had to be escaped: the JSON loses nothing.
fn raw(text: &Safe) -> Option<String> {
    use base64::Engine as _;
    text.is_escaped().then(|| base64::prelude::BASE64_STANDARD.encode(text.raw()))
}
