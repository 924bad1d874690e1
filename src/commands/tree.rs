//! `sixpane tree`: the network, from one walk, as text or JSON.

mod json;

use std::io::Write;

use super::session::Session;
use super::style::{STRONG, WARN, paint};
use super::{Context, plain};
use crate::attach::Identity;
use crate::catalog::path::TreePath;
use crate::catalog::{Catalog, Method};
use crate::cli::args::Tree;
use crate::engine::Settings;
use crate::engine::report::Report;
use crate::error::{Error, Exit};
use crate::text::{Safe, count, ms};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The part to print.
    pub at: TreePath,
    /// 1: apps; 2: also regions; 3: also machines.
    pub depth: Option<u8>,
    pub json: bool,
}

impl Request {
    fn shows(&self, level: u8) -> bool {
        self.depth.is_none_or(|depth| level <= depth)
    }
}

/// Walks once and prints the tree.
///
/// # Errors
/// If the link does not come up in time (exit 4), or no org-wide query is answered (exit 5).
pub async fn run(context: &mut Context<'_>, args: &Tree) -> Result<Exit, Error> {
    let settings =
        Settings { refresh: None, max_entries: context.settings.max_entries, ..Settings::default() };
    let conf = args.conf.as_deref().or(args.common.conf()?);
    let mut session = Session::open(conf, args.common.force, settings)?;
    let at = args.at.clone().unwrap_or_default();
    let request = Request { at, depth: args.depth, json: args.common.json };
    let timeout = context.timeout(&args.common);
    let out = &mut context.out;
    let catalog = session
        .wait_for(timeout, |report| match report {
            Report::Catalog(catalog) if catalog.walk.finished.is_some() && !catalog.walk.running => {
                Some(catalog.clone())
            }
            _ => None,
        })
        .await?;
    let answered = catalog.sources.values().any(|source| source.outcome.is_definite());
    if !answered {
        let dns = session.identity.dns.addr;
        return Err(Error::new(Exit::Dns, format!("no valid response from the name server {dns}"))
            .why(catalog.walk.problems.join("; "))
            .hint("check the DNS line of the conf: the name server of the network is <prefix>::3")
            .hint(format!("sixpane ping {dns}")));
    }
    if let Some(missing) = missing(&catalog, &request.at) {
        return Err(Error::new(Exit::Empty, missing).hint("sixpane tree shows everything"));
    }
    if request.json {
        json::write(&catalog, &session.identity, &request, out)?;
    } else {
        to_text(&catalog, &session.identity, &request, out)?;
    }
    for problem in &catalog.walk.problems {
        let _ = writeln!(plain::stderr(), "sixpane: {problem}");
    }
    Ok(match (catalog.walk.problems.is_empty(), catalog.apps.is_empty()) {
        (false, _) => Exit::Partial,
        (true, true) => Exit::Empty,
        (true, false) => Exit::Ok,
    })
}

/// The missing part of a path, in words.
fn missing(catalog: &Catalog, at: &TreePath) -> Option<String> {
    let name = at.app.as_ref()?;
    let Some(app) = catalog.apps.get(name) else { return Some(format!("there is no app {name}")) };
    let regions = app.regions();
    let region = at.region.as_ref()?;
    let Some(machines) = regions.get(&Some(region)) else {
        return Some(format!("{name} has no machine in {region}"));
    };
    let id = at.machine.as_ref()?;
    let there = machines.iter().any(|(here, _)| *here == id);
    (!there).then(|| format!("there is no machine {id} in {name}/{region}"))
}

/// One line per node, indented by its depth.
fn to_text(
    catalog: &Catalog,
    identity: &Identity,
    request: &Request,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let at = &request.at;
    let took = catalog.walk.took.map(|took| format!(" · {} ms", ms(took))).unwrap_or_default();
    writeln!(
        out,
        "{}  {} · {} · {}{took}",
        paint(STRONG, &identity.name),
        identity.network(),
        count(catalog.apps.len(), "app"),
        count(catalog.machine_count(), "machine"),
    )?;
    if let Method::PerApp(why) = &catalog.walk.method {
        writeln!(out, "(queried app by app: {why})")?;
    }
    if catalog.apps.is_empty() && catalog.walk.problems.is_empty() {
        writeln!(out, "No apps are listed. Either none is running or this conf belongs to another network.")?;
    }
    for (name, app) in catalog.apps.iter().filter(|(name, _)| at.has_app(name)) {
        let flycast: Vec<String> = app.flycast.iter().map(ToString::to_string).collect();
        let flycast =
            if flycast.is_empty() { String::new() } else { format!("  flycast {}", flycast.join(" ")) };
        if app.machines.is_empty() {
            let why = if app.complete { "no started machines" } else { "not known" };
            writeln!(out, "{}  {}{flycast}", paint(STRONG, name), paint(WARN, why))?;
            continue;
        }
        writeln!(out, "{}  {}{flycast}", paint(STRONG, name), app.machines.len())?;
        for (region, machines) in app.regions() {
            if !at.has_region(region) || !request.shows(2) {
                continue;
            }
            writeln!(out, "  {}  {}", region.map_or("(no region)", Safe::as_str), machines.len())?;
            for (id, machine) in machines {
                if !at.has_machine(id) || !request.shows(3) {
                    continue;
                }
                let address = machine.address.map_or("–".into(), |address| address.to_string());
                writeln!(out, "    {id}  {address}")?;
            }
        }
    }
    if at.app.is_none() && !catalog.peers.is_empty() {
        writeln!(out, "{}  {}", paint(STRONG, "peers"), catalog.peers.len())?;
        for (name, peer) in &catalog.peers {
            writeln!(out, "  {name}  {}", peer.address.map_or("–".into(), |address| address.to_string()))?;
        }
    }
    for conflict in catalog.conflicts.iter().filter(|conflict| at.has_app(&conflict.app)) {
        let about = conflict.machine.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        writeln!(out, "{} {}{about}: {}", paint(WARN, "!"), conflict.app, conflict.text)?;
    }
    Ok(())
}
