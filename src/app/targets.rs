//! Ping targets: automatic ones, a few at a time, and those that the user added. The user's targets follow the catalog:
//! a new machine of a pinged app is added, one that is gone is marked as gone.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::State;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::host::{Host, Typed};
use crate::dns::names::Form;
use crate::engine::targets::{Known, Member, Names, TargetSpec, Targets, at};
use crate::probe::series::{PingTarget, Series, Target};
use crate::text::{Safe, count};

/// Number of machines in the selected region that are pinged automatically.
pub const POLITE: usize = 8;
/// Largest number of targets pinged at once.
const MOST: usize = 1024;
/// Targets that the user wants pinged, and the state of all pinged targets.
#[derive(Debug, Clone, Default)]
pub struct TargetList {
    wanted: Targets,
    /// Addresses that the user removed, although a wanted target includes them.
    excluded: BTreeSet<Ipv6Addr>,
    /// Pinged targets by address.
    known: HashMap<Ipv6Addr, Member>,
    /// Pinged round robins.
    round_robin: HashMap<Target, (TargetSpec, Member)>,
    /// Targets over the limit of [`MOST`].
    left_out: usize,
    /// Counts changes to the wanted targets.
    changes: u64,
    /// Inputs of the last result.
    made_of: Option<MadeOf>,
}

/// Inputs that decide which addresses are pinged.
#[derive(Debug, Clone)]
struct MadeOf {
    catalog: Arc<Catalog>,
    names: Arc<Names>,
    selected: Option<Node>,
    paused: bool,
    matrix: bool,
    nearest: Vec<Ipv6Addr>,
    changes: u64,
}

impl TargetList {
    /// Whether the user has added no target.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    pub fn has(&self, spec: &TargetSpec) -> bool {
        self.wanted.has(spec)
    }

    /// The pinged target at `address`.
    pub fn member(&self, address: Ipv6Addr) -> Option<&Member> {
        self.known.get(&address)
    }

    /// The target that `series` belongs to.
    pub fn member_of(&self, series: &Series) -> Option<&Member> {
        if series.round_robin > 0 {
            self.round_robin.get(&series.target).map(|(_, member)| member)
        } else {
            self.member(series.target.address)
        }
    }

    /// DNS names among the wanted targets.
    pub fn names(&self) -> Vec<Safe> {
        self.wanted.names()
    }

    /// Number of targets over the limit, not pinged.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    fn insert(&mut self, spec: TargetSpec) {
        self.changes += 1;
        self.wanted.add(spec);
    }

    fn remove(&mut self, spec: &TargetSpec) {
        self.changes += 1;
        self.wanted.remove(spec);
    }
}

/// The data of the shown network.
fn known(state: &State) -> Known<'_> {
    Known {
        catalog: &state.networks.front().shown.catalog,
        names: &state.networks.front().shown.names,
        gateway: state.networks.front().identity.dns.addr,
    }
}

/// The addresses to ping, if they changed: automatically the gateway and the machines of the selected region, and the
/// user's targets.
pub fn follow(state: &mut State) -> Option<Vec<PingTarget>> {
    let selected = state.views.explore.tree.selected().cloned();
    let network = state.networks.front();
    let (catalog, names) = (&network.shown.catalog.clone(), &network.shown.names.clone());
    let gateway = network.identity.dns.addr;
    let matrix = state.front().samples(state);
    let nearest = state.front().measured(state);
    let unchanged = state.networks.front().target_list.made_of.as_ref().is_some_and(|of| {
        Arc::ptr_eq(&of.catalog, catalog)
            && Arc::ptr_eq(&of.names, names)
            && of.selected == selected
            && of.paused == state.paused
            && of.matrix == matrix
            && of.nearest == nearest
            && of.changes == state.networks.front().target_list.changes
    });
    if unchanged {
        return None;
    }
    let mut members = Vec::new();
    if state.settings.auto_ping {
        members.push(Member::gateway(gateway));
        let region = match &selected {
            Some(Node::Machine(app, id)) => {
                catalog.machine(app, id).map(|machine| Node::Region(app.clone(), machine.region.clone()))
            }
            Some(node @ Node::Region(..)) => Some(node.clone()),
            _ => None,
        };
        members.extend(region.into_iter().flat_map(|node| at(catalog, &node)).take(POLITE));
    }
    let target_list = &mut state.networks.front_mut().target_list;
    target_list.wanted.update(Known { catalog, names, gateway });
    if matrix {
        members.extend(sample(catalog));
    }
    members.extend(nearest.iter().map(|&address| Member::owner(catalog, address)));
    // Gone targets come last, so that present ones keep their places and addresses.
    let mut wanted: Vec<(&TargetSpec, Member)> = target_list.wanted.members().collect();
    wanted.sort_by(|(a, one), (b, other)| (one.gone, a, &one.target).cmp(&(other.gone, b, &other.target)));
    let shared = |(spec, member): &(&TargetSpec, Member)| {
        member.round_robin.is_some().then(|| (member.target.clone(), ((*spec).clone(), member.clone())))
    };
    target_list.round_robin = wanted.iter().filter_map(shared).collect();
    members.extend(wanted.into_iter().map(|(_, member)| member));
    target_list.known.clear();
    let mut ping_targets = Vec::new();
    target_list.left_out = 0;
    for member in members {
        let address = member.target.address;
        let mut target = member.ping_target();
        target.paused |= state.paused;
        if member.round_robin.is_some() {
            ping_targets.push(target);
            continue;
        }
        if target_list.excluded.contains(&address) {
            continue;
        }
        if target_list.known.contains_key(&address) {
            continue;
        }
        if ping_targets.len() >= MOST {
            target_list.left_out += usize::from(!member.gone);
            continue;
        }
        ping_targets.push(target);
        target_list.known.insert(address, member);
    }
    let (catalog, names) = (catalog.clone(), names.clone());
    target_list.made_of = Some(MadeOf {
        catalog,
        names,
        selected,
        paused: state.paused,
        matrix,
        nearest,
        changes: target_list.changes,
    });
    Some(ping_targets)
}

/// Number of machines per app and region that are pinged for the matrix.
pub const SAMPLE: usize = 2;

/// The targets of the matrix: some machines of each app in each region.
fn sample(catalog: &Catalog) -> Vec<Member> {
    let mut all = Vec::new();
    for (name, app) in &catalog.apps {
        for region in app.regions().into_keys() {
            let node = Node::Region(name.clone(), region.cloned());
            all.extend(at(catalog, &node).into_iter().take(SAMPLE));
        }
    }
    all
}

/// Starts or stops to ping an app's addresses round robin.
pub fn toggle_turns(state: &mut State, app: &Safe) {
    let spec = TargetSpec::RoundRobin(Box::new(TargetSpec::Node(Node::App(app.clone()))));
    if state.networks.front().target_list.has(&spec) {
        state.networks.front_mut().target_list.remove(&spec);
        return state.say(format!("Stopped pinging {app} round robin"));
    }
    want(state, spec);
    state.say(format!("Pinging {app}: round robin over its addresses"));
}

/// Starts or stops to ping `spec`.
pub fn toggle(state: &mut State, spec: TargetSpec) {
    let members = spec.members(known(state)).unwrap_or_default().len();
    if state.networks.front().target_list.has(&spec) {
        state.networks.front_mut().target_list.remove(&spec);
        return state.say(format!("Stopped pinging {}", count(members, "target")));
    }
    if members == 0 {
        return state.say("Nothing to ping here: no known address");
    }
    want(state, spec);
    let rest = members.saturating_sub(MOST);
    let rest = if rest > 0 { format!(" ({rest} left out)") } else { String::new() };
    state.say(format!("Pinging {}{rest}", count(members, "target")));
}

/// Starts to ping `spec`, including addresses that were removed before.
pub fn want(state: &mut State, spec: TargetSpec) {
    if !matches!(spec, TargetSpec::RoundRobin(_)) {
        for member in spec.members(known(state)).unwrap_or_default() {
            state.networks.front_mut().target_list.excluded.remove(&member.target.address);
        }
    }
    state.networks.front_mut().target_list.insert(spec);
    state.paused = false;
}

/// Stops to ping `target`.
pub fn unwant(state: &mut State, target: &Target) {
    let target_list = &mut state.networks.front_mut().target_list;
    let address = target.address;
    if let Some((spec, _)) = target_list.round_robin.get(target).cloned() {
        return target_list.remove(&spec);
    }
    target_list.wanted.remove_address(address);
    target_list.excluded.insert(address);
    target_list.changes += 1;
}

/// Reads a typed target: `gateway`, an address, a place (`web/iad`), a machine ID or a name.
///
/// # Errors
/// The reason why it is not a target.
pub fn read(state: &State, text: &str) -> Result<TargetSpec, String> {
    let network = state.networks.front();
    let catalog = &network.shown.catalog;
    let typed = Typed::read(text).map_err(|why| format!("Not a target: {why}"))?;
    let text = match &typed.host {
        Host::Address(address) if *address == network.identity.conf.address => {
            return Err(format!("{address} is this peer itself"));
        }
        Host::Address(address) => return Ok(TargetSpec::Address(*address)),
        Host::Name(name) => name.as_str(),
    };
    if let Some(ports) = &typed.ports {
        return Err(format!("A ping has no port: ping it, select it and type `:ports {}`", Safe::new(ports)));
    }
    if let Some(node) = Node::read(text, catalog) {
        return Ok(TargetSpec::Node(node));
    }
    if catalog.peers.contains_key(&Safe::new(text)) {
        return Ok(TargetSpec::Node(Node::Peer(Safe::new(text))));
    }
    if text == "gateway" {
        return Ok(TargetSpec::Address(network.identity.dns.addr));
    }
    let id = Safe::new(text);
    if let Some(app) = catalog.apps.iter().find(|(_, app)| app.machines.contains_key(&id)) {
        return Ok(TargetSpec::Node(Node::Machine(app.0.clone(), id)));
    }
    match crate::dns::dig::name::parse(text) {
        Ok(name) => Ok(of_form(Form::parse(&name), catalog).unwrap_or(TargetSpec::Name(id))),
        Err(error) => Err(format!("`{id}` is not a target: {error}")),
    }
}

/// The target of a name that belongs to a place in the tree.
fn of_form(form: Option<Form>, catalog: &Catalog) -> Option<TargetSpec> {
    let form = form?;
    let known = |app: &Safe| catalog.apps.get(app);
    match Node::of_form(&form) {
        // A region without machines can get some later.
        Some(Node::Region(app, region)) => known(&app).map(|_| TargetSpec::Node(Node::Region(app, region))),
        Some(Node::Peers) => None,
        Some(node) => node.exists(catalog).then_some(TargetSpec::Node(node)),
        None => match form {
            Form::Flycast(app) => {
                known(&app).filter(|app| !app.flycast.is_empty()).map(|_| TargetSpec::Flycast(app))
            }
            _ => None,
        },
    }
}
