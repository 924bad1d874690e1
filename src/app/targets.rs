//! Ping targets: automatic ones, a few at a time, and those that the user added. The user's targets follow the catalog:
//! a new machine of a pinged app is added, one that is gone is marked as gone.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::State;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::names::Form;
use crate::engine::targets::{Known, Member, Names, Targets, Wish, at};
use crate::probe::series::{Aim, Series, Target};
use crate::text::{Safe, count};

/// Number of machines in the selected region that are pinged automatically.
pub const POLITE: usize = 8;
/// Largest number of targets pinged at once.
const MOST: usize = 1024;
/// Targets that the user wants pinged, and the state of all pinged targets.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    wanted: Targets,
    /// Addresses that the user removed, although a wanted target includes them.
    excluded: BTreeSet<Ipv6Addr>,
    /// Pinged targets by address.
    known: HashMap<Ipv6Addr, Member>,
    /// Pinged round robins.
    turning: HashMap<Target, (Wish, Member)>,
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

impl Wishes {
    /// Whether the user has added no target.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    pub fn has(&self, wish: &Wish) -> bool {
        self.wanted.has(wish)
    }

    /// The pinged target at `address`.
    pub fn member(&self, address: Ipv6Addr) -> Option<&Member> {
        self.known.get(&address)
    }

    /// The target that `series` belongs to.
    pub fn member_of(&self, series: &Series) -> Option<&Member> {
        if series.turns > 0 {
            self.turning.get(&series.target).map(|(_, member)| member)
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

    fn insert(&mut self, wish: Wish) {
        self.changes += 1;
        self.wanted.add(wish);
    }

    fn remove(&mut self, wish: &Wish) {
        self.changes += 1;
        self.wanted.remove(wish);
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
pub fn follow(state: &mut State) -> Option<Vec<Aim>> {
    let selected = state.views.explore.tree.selected().cloned();
    let network = state.networks.front();
    let (catalog, names) = (&network.shown.catalog.clone(), &network.shown.names.clone());
    let gateway = network.identity.dns.addr;
    let matrix = state.front().samples(state);
    let nearest = state.front().measured(state);
    let unchanged = state.networks.front().wishes.made_of.as_ref().is_some_and(|of| {
        Arc::ptr_eq(&of.catalog, catalog)
            && Arc::ptr_eq(&of.names, names)
            && of.selected == selected
            && of.paused == state.paused
            && of.matrix == matrix
            && of.nearest == nearest
            && of.changes == state.networks.front().wishes.changes
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
    let wishes = &mut state.networks.front_mut().wishes;
    wishes.wanted.look(Known { catalog, names, gateway });
    if matrix {
        members.extend(sample(catalog));
    }
    members.extend(nearest.iter().map(|&address| Member::owner(catalog, address)));
    // Gone targets come last, so that present ones keep their places and addresses.
    let mut wanted: Vec<(&Wish, Member)> = wishes.wanted.members().collect();
    wanted.sort_by(|(a, one), (b, other)| (one.gone, a, &one.target).cmp(&(other.gone, b, &other.target)));
    let shared = |(wish, member): &(&Wish, Member)| {
        member.turns.is_some().then(|| (member.target.clone(), ((*wish).clone(), member.clone())))
    };
    wishes.turning = wanted.iter().filter_map(shared).collect();
    members.extend(wanted.into_iter().map(|(_, member)| member));
    wishes.known.clear();
    let mut aims = Vec::new();
    wishes.left_out = 0;
    for member in members {
        let address = member.target.address;
        let mut aim = member.aim();
        aim.held |= state.paused;
        if member.turns.is_some() {
            aims.push(aim);
            continue;
        }
        if wishes.excluded.contains(&address) {
            continue;
        }
        if wishes.known.contains_key(&address) {
            continue;
        }
        if aims.len() >= MOST {
            wishes.left_out += usize::from(!member.gone);
            continue;
        }
        aims.push(aim);
        wishes.known.insert(address, member);
    }
    let (catalog, names) = (catalog.clone(), names.clone());
    wishes.made_of = Some(MadeOf {
        catalog,
        names,
        selected,
        paused: state.paused,
        matrix,
        nearest,
        changes: wishes.changes,
    });
    Some(aims)
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
    let wish = Wish::Turns(Box::new(Wish::Node(Node::App(app.clone()))));
    if state.networks.front().wishes.has(&wish) {
        state.networks.front_mut().wishes.remove(&wish);
        return state.say(format!("Stopped pinging {app} round robin"));
    }
    want(state, wish);
    state.say(format!("Pinging {app}: round robin over its addresses"));
}

/// Starts or stops to ping `wish`.
pub fn toggle(state: &mut State, wish: Wish) {
    let members = wish.members(known(state)).unwrap_or_default().len();
    if state.networks.front().wishes.has(&wish) {
        state.networks.front_mut().wishes.remove(&wish);
        return state.say(format!("Stopped pinging {}", count(members, "target")));
    }
    if members == 0 {
        return state.say("Nothing to ping here: no known address");
    }
    want(state, wish);
    let rest = members.saturating_sub(MOST);
    let rest = if rest > 0 { format!(" ({rest} left out)") } else { String::new() };
    state.say(format!("Pinging {}{rest}", count(members, "target")));
}

/// Starts to ping `wish`, including addresses that were removed before.
pub fn want(state: &mut State, wish: Wish) {
    if !matches!(wish, Wish::Turns(_)) {
        for member in wish.members(known(state)).unwrap_or_default() {
            state.networks.front_mut().wishes.excluded.remove(&member.target.address);
        }
    }
    state.networks.front_mut().wishes.insert(wish);
    state.paused = false;
}

/// Stops to ping `target`.
pub fn unwant(state: &mut State, target: &Target) {
    let wishes = &mut state.networks.front_mut().wishes;
    let address = target.address;
    if let Some((wish, _)) = wishes.turning.get(target).cloned() {
        return wishes.remove(&wish);
    }
    wishes.wanted.remove_address(address);
    wishes.excluded.insert(address);
    wishes.changes += 1;
}

/// Reads a typed target: `gateway`, an address, a place (`web/iad`), a machine ID or a name.
///
/// # Errors
/// The reason why it is not a target.
pub fn read(state: &State, text: &str) -> Result<Wish, String> {
    let text = text.trim();
    let catalog = &state.networks.front().shown.catalog;
    if text == "gateway" {
        return Ok(Wish::Address(state.networks.front().identity.dns.addr));
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(Wish::Address(address));
    }
    if let Some(node) = Node::read(text, catalog) {
        return Ok(Wish::Node(node));
    }
    let id = Safe::new(text);
    if let Some(app) = catalog.apps.iter().find(|(_, app)| app.machines.contains_key(&id)) {
        return Ok(Wish::Node(Node::Machine(app.0.clone(), id)));
    }
    match crate::dns::dig::name::parse(text) {
        Ok(name) => Ok(of_form(Form::parse(&name), catalog).unwrap_or(Wish::Name(id))),
        Err(error) => Err(format!("`{id}` is not a target: {error}")),
    }
}

/// The target of a name that belongs to a place in the tree.
fn of_form(form: Option<Form>, catalog: &Catalog) -> Option<Wish> {
    let form = form?;
    let known = |app: &Safe| catalog.apps.get(app);
    match Node::of_form(&form) {
        // A region without machines can get some later.
        Some(Node::Region(app, region)) => known(&app).map(|_| Wish::Node(Node::Region(app, region))),
        Some(Node::Peers) => None,
        Some(node) => node.exists(catalog).then_some(Wish::Node(node)),
        None => match form {
            Form::Flycast(app) => {
                known(&app).filter(|app| !app.flycast.is_empty()).map(|_| Wish::Flycast(app))
            }
            _ => None,
        },
    }
}
