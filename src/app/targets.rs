//! Who is pinged: by itself, politely, and because the user said so. What was asked for follows the catalog: a machine
//! that an app gains joins, one that goes says so.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::State;
use super::network::Network;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::dns::names::Form;
use crate::engine::targets::{Known, Member, Names, Targets, Wish, at};
use crate::probe::series::{Aim, Series, Target};
use crate::text::{Safe, count};

/// Machines of the selected region that are pinged without being told to.
pub const POLITE: usize = 8;
/// Targets at once.
const MOST: usize = 1024;
/// What the user wants pinged, and what is known of all that is pinged.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    wanted: Targets,
    /// Not pinged, though a wish means them.
    excluded: BTreeSet<Ipv6Addr>,
    /// The members that are pinged.
    known: HashMap<Ipv6Addr, Member>,
    /// The same of round robins.
    turning: HashMap<Target, (Wish, Member)>,
    /// Targets beyond [`MOST`].
    left_out: usize,
    /// Counts changes of the wishes.
    changes: u64,
    /// What the aims were last made of.
    made_of: Option<MadeOf>,
}

/// What the aims depend on.
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
    /// Whether the user asked for nothing.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    pub fn has(&self, wish: &Wish) -> bool {
        self.wanted.has(wish)
    }

    /// What is pinged at `address`.
    pub fn member(&self, address: Ipv6Addr) -> Option<&Member> {
        self.known.get(&address)
    }

    /// What `series` are the pings of.
    pub fn member_of(&self, series: &Series) -> Option<&Member> {
        if series.turns > 0 {
            self.turning.get(&series.target).map(|(_, member)| member)
        } else {
            self.member(series.target.address)
        }
    }

    /// The names whose addresses are wanted.
    pub fn names(&self) -> Vec<Safe> {
        self.wanted.names()
    }

    /// Targets that are too many to be pinged at once.
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

/// What is known of the network that is shown.
fn known(state: &State) -> Known<'_> {
    Known {
        catalog: &state.networks.front().shown.catalog,
        names: &state.networks.front().shown.names,
        gateway: state.networks.front().identity.dns.addr,
    }
}

/// Who is to be pinged, where that has changed: the gateway and the machines of the selected region by themselves, and
/// whom the user said.
pub fn follow(state: &mut State) -> Option<Vec<Aim>> {
    let selected = state.views.explore.tree.selected().cloned();
    let Network { shown, identity, .. } = state.networks.front();
    let (catalog, names) = (&shown.catalog.clone(), &shown.names.clone());
    let gateway = identity.dns.addr;
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
    // What is gone takes no place, and no address, from what is there.
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

/// Machines of an app in a region that are pinged for the matrix.
pub const SAMPLE: usize = 2;

/// What the matrix wants pinged: some machines of each app in each region.
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

/// Pings an app in turns; or no longer, where that is done already.
pub fn toggle_turns(state: &mut State, app: &Safe) {
    let wish = Wish::Turns(Box::new(Wish::Node(Node::App(app.clone()))));
    if state.networks.front().wishes.has(&wish) {
        state.networks.front_mut().wishes.remove(&wish);
        return state.say(format!("no longer pinging {app} in turns"));
    }
    want(state, wish);
    state.say(format!("pinging the addresses of {app} in turns, as a client would ask them"));
}

/// Pings what `wish` means; or no longer, where that is done already.
pub fn toggle(state: &mut State, wish: Wish) {
    let members = wish.members(known(state)).unwrap_or_default().len();
    if state.networks.front().wishes.has(&wish) {
        state.networks.front_mut().wishes.remove(&wish);
        return state.say(format!("no longer pinging {}", count(members, "target")));
    }
    if members == 0 {
        return state.say("nothing to ping here: no address is known");
    }
    want(state, wish);
    let rest = members.saturating_sub(MOST);
    let rest = if rest > 0 { format!(" ({rest} left out)") } else { String::new() };
    state.say(format!("pinging {}{rest}", count(members, "target")));
}

/// Pings what `wish` means from now on, whatever was excluded of it before.
pub fn want(state: &mut State, wish: Wish) {
    if !matches!(wish, Wish::Turns(_)) {
        for member in wish.members(known(state)).unwrap_or_default() {
            state.networks.front_mut().wishes.excluded.remove(&member.target.address);
        }
    }
    state.networks.front_mut().wishes.insert(wish);
    state.paused = false;
}

/// No longer pings `target`.
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

/// What is meant by a target as it is typed: `gateway`, an address, a place (`web/iad`), a machine's ID, a name.
///
/// # Errors
/// Where it is none of these, in words.
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
        Err(error) => Err(format!("`{id}` is no target: {error}")),
    }
}

/// A name that stands for a place in the tree.
fn of_form(form: Option<Form>, catalog: &Catalog) -> Option<Wish> {
    let form = form?;
    let known = |app: &Safe| catalog.apps.get(app);
    match Node::of_form(&form) {
        // Machines may come to a region that has none yet.
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
