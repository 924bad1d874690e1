//! `sixpane tree`: the network as one walk found it, as text or as JSON.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::session::Session;
use crate::catalog::{Catalog, Machine, Method, Record};
use crate::cli::Failure;
use crate::engine::report::Report;
use crate::error::{Error, Exit};
use crate::profile::Profile;
use crate::text::{Safe, count, ms};

/// Walks once and prints what there is.
///
/// # Errors
/// Where the tunnel does not come up within `timeout` (exit 4), or no org-wide record is answered (exit 5).
pub async fn run(
    session: &mut Session,
    timeout: Duration,
    as_json: bool,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let catalog = session
        .wait_for(timeout, |report| match report {
            Report::Catalog(catalog) if catalog.walk.finished.is_some() && !catalog.walk.running => {
                Some(catalog.clone())
            }
            _ => None,
        })
        .await?;
    let answered =
        catalog.sources.values().any(|source| source.word == "NOERROR" || source.word == "NXDOMAIN");
    if !answered {
        let dns = session.profile.dns.addr;
        return Err(Error::new(Exit::Dns, format!("the name server {dns} does not answer"))
            .why(catalog.walk.problems.join("; "))
            .hint("check the DNS line of the conf: the network's own server is <prefix>::3")
            .hint(format!("sixpane ping {dns}"))
            .into());
    }
    if as_json {
        writeln!(out, "{}", to_json(&catalog, &session.profile))?;
    } else {
        to_text(&catalog, &session.profile, out)?;
    }
    for problem in &catalog.walk.problems {
        let _ = writeln!(std::io::stderr(), "sixpane: {problem}");
    }
    Ok(match (catalog.walk.problems.is_empty(), catalog.apps.is_empty()) {
        (false, _) => Exit::Partial,
        (true, true) => Exit::Empty,
        (true, false) => Exit::Ok,
    })
}

/// The tree for eyes: one line a node, indented by its depth.
fn to_text(catalog: &Catalog, profile: &Profile, out: &mut impl Write) -> std::io::Result<()> {
    let took = catalog.walk.took.map(|took| format!(" · {} ms", ms(took))).unwrap_or_default();
    writeln!(
        out,
        "{}  {} · {} · {}{took}",
        profile.name,
        profile.network(),
        count(catalog.apps.len(), "app"),
        count(catalog.machine_count(), "machine"),
    )?;
    if let Method::PerApp(why) = &catalog.walk.method {
        writeln!(out, "(walked app by app: {why})")?;
    }
    if catalog.apps.is_empty() {
        writeln!(out, "No apps are listed. Either none is running or this conf belongs to another org.")?;
    }
    for (name, app) in &catalog.apps {
        let flycast: Vec<String> = app.flycast.iter().map(ToString::to_string).collect();
        let flycast =
            if flycast.is_empty() { String::new() } else { format!("  flycast {}", flycast.join(" ")) };
        if app.machines.is_empty() {
            let why = if app.complete { "no started Machines" } else { "not known" };
            writeln!(out, "{name}  {why}{flycast}")?;
            continue;
        }
        writeln!(out, "{name}  {}{flycast}", app.machines.len())?;
        for (region, machines) in app.regions() {
            writeln!(out, "  {}  {}", region.map_or("(no region)", Safe::as_str), machines.len())?;
            for (id, machine) in machines {
                let address = machine.address.map_or("–".into(), |address| address.to_string());
                writeln!(out, "    {id}  {address}")?;
            }
        }
    }
    if !catalog.peers.is_empty() {
        writeln!(out, "peers  {}", catalog.peers.len())?;
        for (name, peer) in &catalog.peers {
            writeln!(out, "  {name}  {}", peer.address.map_or("–".into(), |address| address.to_string()))?;
        }
    }
    for conflict in &catalog.conflicts {
        let about = conflict.machine.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        writeln!(out, "! {}{about}: {}", conflict.app, conflict.text)?;
    }
    Ok(())
}

/// The tree for programs: schema `sixpane.tree/1`.
fn to_json(catalog: &Catalog, profile: &Profile) -> Value {
    let (method, reason) = match &catalog.walk.method {
        Method::Unknown => ("unknown", None),
        Method::Instances => ("instances", None),
        Method::PerApp(why) => ("per-app", Some(why)),
    };
    let apps: Vec<Value> = catalog
        .apps
        .iter()
        .map(|(name, app)| {
            let regions: Vec<Value> = app
                .regions()
                .into_iter()
                .map(|(region, machines)| {
                    let machines: Vec<Value> =
                        machines.into_iter().map(|(id, machine)| machine_json(id, machine)).collect();
                    json!({ "name": region, "machines": machines })
                })
                .collect();
            with_raw(
                json!({
                    "name": name,
                    "complete": app.complete,
                    "flycast": app.flycast,
                    "regions": regions,
                    "said_by": app.said_by.iter().map(|record| record.as_str()).collect::<Vec<_>>(),
                }),
                "name",
                name,
            )
        })
        .collect();
    let peers: Vec<Value> = catalog
        .peers
        .iter()
        .map(|(name, peer)| with_raw(json!({ "name": name, "address": peer.address }), "name", name))
        .collect();
    let conflicts: Vec<Value> = catalog
        .conflicts
        .iter()
        .map(|c| json!({ "app": c.app, "machine": c.machine, "text": c.text }))
        .collect();
    json!({
        "schema": "sixpane.tree/1",
        "conf": profile.name,
        "network": profile.network(),
        "address": profile.address(),
        "dns": { "address": profile.dns.addr, "derived": profile.dns.derived },
        "walk": {
            "method": method,
            "reason": reason,
            "questions": catalog.walk.asked,
            "ms": catalog.walk.took.map(|took| took.as_secs_f64() * 1e3),
            "problems": catalog.walk.problems,
        },
        "apps": apps,
        "peers": peers,
        "conflicts": conflicts,
    })
}

fn machine_json(id: &Safe, machine: &Machine) -> Value {
    let extra: serde_json::Map<String, Value> =
        machine.extra.iter().map(|(key, value)| (key.to_string(), json!(value))).collect();
    let said_by: Vec<&str> = machine.said_by.iter().copied().map(Record::as_str).collect();
    let mut object = json!({ "id": id, "address": machine.address, "said_by": said_by });
    if let (false, Some(map)) = (extra.is_empty(), object.as_object_mut()) {
        map.insert("extra".into(), extra.into());
    }
    with_raw(object, "id", id)
}

/// Adds `<key>_raw` in base64 where the bytes had to be escaped, so that nothing is lost on the way.
fn with_raw(mut object: Value, key: &str, text: &Safe) -> Value {
    use base64::Engine as _;
    if let (true, Some(map)) = (text.is_escaped(), object.as_object_mut()) {
        map.insert(format!("{key}_raw"), base64::prelude::BASE64_STANDARD.encode(text.raw()).into());
    }
    object
}
