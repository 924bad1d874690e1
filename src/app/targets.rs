//! Who is pinged: by itself, politely, and because the user said so. What was asked for follows the catalog: a machine
//! that an app gains joins, one that goes says so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::{State, Tab, marked};
use crate::catalog::Catalog;
use crate::catalog::place::{self, Node};
use crate::dns::names::Form;
use crate::probe::series::{Aim, Series, Target};
use crate::text::{Safe, count};

/// Machines of the selected region that are pinged without being told to.
const POLITE: usize = 8;
/// Targets at once.
const MOST: usize = 1024;
/// Members of a wish that went and are still shown: those that went last. An app that is deployed all day has new
/// machines all day.
const KEPT_GONE: usize = 16;

/// Something that the user wants pinged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// A place in the tree: all machines or peers at or below it, as they come and go.
    Node(Node),
    /// The Flycast addresses of an app.
    Flycast(Safe),
    /// An address.
    Address(Ipv6Addr),
    /// A name, whatever it has for addresses.
    Name(Safe),
    /// An app, whose addresses take turns as a client's connections do: one line for all of them.
    Turns(Safe),
}

/// Who is pinged, and what is known of them.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    asked: BTreeSet<Wish>,
    /// Not pinged, though a wish means them.
    excluded: BTreeSet<Ipv6Addr>,
    /// Whom each wish has meant so far.
    meant: BTreeMap<Wish, BTreeMap<Target, Member>>,
    /// What is known of whom is pinged.
    known: HashMap<Ipv6Addr, Member>,
    /// The same of those whose addresses take turns.
    turning: HashMap<Target, Member>,
    /// How many more there are than are pinged.
    left_out: usize,
    /// Counts changes of the wishes.
    changes: u64,
    /// Counts looks at whom the wishes mean: who went is told from who went before.
    looks: u64,
    /// What the aims were made of last.
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

/// The addresses of names, as the name server last told them.
pub type Names = BTreeMap<Safe, Vec<Ipv6Addr>>;

/// A target and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whom.
    pub target: Target,
    /// The app, of a machine.
    pub app: Option<Safe>,
    /// The region of a machine; `gw` and `peer` of what is none.
    pub region: Option<Safe>,
    /// Whether the catalog has it no longer.
    pub gone: bool,
    /// At which look it had gone.
    went: u64,
    /// The addresses that take turns; `None` where it is its own alone.
    pub turns: Option<Vec<Ipv6Addr>>,
}

impl Member {
    fn new(label: Safe, address: Ipv6Addr, region: &str) -> Self {
        let region = (!region.is_empty()).then(|| region.into());
        Self { target: Target { label, address }, app: None, region, gone: false, went: 0, turns: None }
    }
}

impl Wishes {
    /// Whether the user asked for nobody.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether this is asked for.
    pub fn has(&self, wish: &Wish) -> bool {
        self.asked.contains(wish)
    }

    /// What is known of whom is pinged at `address`.
    pub fn member(&self, address: Ipv6Addr) -> Option<&Member> {
        self.known.get(&address)
    }

    /// What is known of whom `series` are the pings of.
    pub fn member_of(&self, series: &Series) -> Option<&Member> {
        if series.turns > 0 { self.turning.get(&series.target) } else { self.member(series.target.address) }
    }

    /// The names whose addresses are wanted.
    pub fn names(&self) -> Vec<Safe> {
        self.asked
            .iter()
            .filter_map(|wish| if let Wish::Name(name) = wish { Some(name.clone()) } else { None })
            .collect()
    }

    /// Targets that are too many to be pinged at once.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    fn insert(&mut self, wish: Wish) {
        self.changes += 1;
        self.asked.insert(wish);
    }

    fn remove(&mut self, wish: &Wish) {
        self.changes += 1;
        self.asked.remove(wish);
        self.meant.remove(wish);
    }

    fn remember(&mut self, wish: &Wish, mut now: Vec<Member>) {
        let meant = self.meant.entry(wish.clone()).or_default();
        // Who takes turns stays the same, whoever of them goes.
        if let (Wish::Turns(_), Some(target), Some(member)) = (wish, meant.keys().next(), now.first_mut()) {
            member.target = target.clone();
        }
        self.looks += 1;
        for member in meant.values_mut().filter(|member| !member.gone) {
            (member.gone, member.went) = (true, self.looks);
        }
        meant.extend(now.into_iter().map(|member| (member.target.clone(), member)));
        let mut gone: Vec<(u64, Target)> = meant
            .values()
            .filter(|member| member.gone)
            .map(|member| (member.went, member.target.clone()))
            .collect();
        gone.sort_by_key(|(went, _)| Reverse(*went));
        for (_, target) in gone.iter().skip(KEPT_GONE) {
            meant.remove(target);
        }
    }
}

/// Who is to be pinged, where that has changed: the gateway and the machines of the selected region by themselves, and
/// whom the user said.
pub fn follow(state: &mut State) -> Option<Vec<Aim>> {
    let selected = state.tree.selected().cloned();
    let (catalog, names) = (&state.view.catalog, &state.view.names);
    let matrix = state.tab == Tab::Ping && state.ping.matrix.is_some();
    let nearest = if state.tab == Tab::Dig { state.dig.nearest() } else { Vec::new() };
    let unchanged = state.wishes.made_of.as_ref().is_some_and(|of| {
        Arc::ptr_eq(&of.catalog, catalog)
            && Arc::ptr_eq(&of.names, names)
            && of.selected == selected
            && of.paused == state.paused
            && of.matrix == matrix
            && of.nearest == nearest
            && of.changes == state.wishes.changes
    });
    if unchanged {
        return None;
    }
    let mut members = Vec::new();
    if state.settings.auto_ping {
        members.push(Member::new("gateway".into(), state.profile.dns.addr, "gw"));
        let region = match &selected {
            Some(Node::Machine(app, id)) => {
                catalog.machine(app, id).map(|machine| Node::Region(app.clone(), machine.region.clone()))
            }
            Some(node @ Node::Region(..)) => Some(node.clone()),
            _ => None,
        };
        members.extend(region.into_iter().flat_map(|node| at(catalog, &node)).take(POLITE));
    }
    let wishes = &mut state.wishes;
    for wish in wishes.asked.clone() {
        let now = meaning(&wish, catalog, names, state.profile.dns.addr);
        wishes.remember(&wish, now);
    }
    if matrix {
        members.extend(super::matrix::sample(catalog));
    }
    members.extend(nearest.iter().map(|&address| whose(catalog, address)));
    // Who went takes no place, and no address, from who is there.
    let meant = || wishes.meant.values().flat_map(BTreeMap::values);
    members.extend(meant().filter(|member| !member.gone).cloned());
    members.extend(meant().filter(|member| member.gone).cloned());
    wishes.known.clear();
    wishes.turning.clear();
    let mut aims = Vec::new();
    wishes.left_out = 0;
    for member in members {
        let address = member.target.address;
        if let Some(turns) = &member.turns {
            let turns = if member.gone { vec![address] } else { turns.clone() };
            aims.push(Aim { target: member.target.clone(), held: false, turns });
            wishes.turning.insert(member.target.clone(), member);
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
        aims.push(Aim::from(member.target.clone()));
        wishes.known.insert(address, member);
    }
    for aim in &mut aims {
        let known = match aim.turns.as_slice() {
            [] => wishes.known.get(&aim.target.address),
            _ => wishes.turning.get(&aim.target),
        };
        let gone = known.is_some_and(|member| member.gone);
        aim.held = state.paused || gone;
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

/// Whom a wish means now.
fn meaning(wish: &Wish, catalog: &Catalog, names: &Names, gateway: Ipv6Addr) -> Vec<Member> {
    match wish {
        Wish::Node(node) => at(catalog, node),
        Wish::Flycast(app) => {
            let label: Safe = format!("{app}.flycast").as_str().into();
            let addresses = catalog.apps.get(app).map(|app| app.flycast.clone()).unwrap_or_default();
            addresses
                .into_iter()
                .map(|address| Member { app: Some(app.clone()), ..Member::new(label.clone(), address, "") })
                .collect()
        }
        Wish::Address(address) if *address == gateway => vec![Member::new("gateway".into(), gateway, "gw")],
        Wish::Address(address) => {
            let text = address.to_string();
            vec![Member::new(text.as_str().into(), *address, "")]
        }
        Wish::Name(name) => {
            let addresses = names.get(name).map(Vec::as_slice).unwrap_or_default();
            let label = |address: &Ipv6Addr| match addresses {
                [_] => name.clone(),
                _ => Safe::new(format!("{name} {address}")),
            };
            addresses.iter().map(|address| Member::new(label(address), *address, "")).collect()
        }
        Wish::Turns(app) => {
            let all = at(catalog, &Node::App(app.clone()));
            let turns: Vec<Ipv6Addr> = all.iter().map(|member| member.target.address).collect();
            let label = Safe::new(format!("{app}.internal"));
            let member = |first: &Ipv6Addr| Member::new(label, *first, "");
            let member = turns.first().map(member);
            member
                .map(|member| Member { app: Some(app.clone()), turns: Some(turns), ..member })
                .into_iter()
                .collect()
        }
    }
}

/// The machine at `address`, or whoever is there.
fn whose(catalog: &Catalog, address: Ipv6Addr) -> Member {
    let machine = Node::at(address, catalog).filter(|node| matches!(node, Node::Machine(..)));
    let member = machine.and_then(|node| at(catalog, &node).into_iter().next());
    member.unwrap_or_else(|| Member::new(Safe::new(address.to_string()), address, ""))
}

/// The machines or peers at or below a node, as far as their addresses are known.
pub fn at(catalog: &Catalog, node: &Node) -> Vec<Member> {
    let member = |one: &place::Member<'_>| {
        let target = Target { label: one.name.clone(), address: one.address? };
        let region = if one.app.is_some() { one.region.cloned() } else { Some("peer".into()) };
        Some(Member { target, app: one.app.cloned(), region, gone: false, went: 0, turns: None })
    };
    node.members(catalog).iter().filter_map(member).collect()
}

/// Pings the selected row, or all below it; or no longer, where that is done already.
pub fn toggle_pings(state: &mut State, below: bool) {
    if state.has_marked() {
        return marked::toggle_pings(state);
    }
    let Some(node) = state.tree.selected().cloned() else { return };
    let members = at(&state.view.catalog, &node).len();
    if !below && !matches!(node, Node::Machine(..) | Node::Peer(_)) && members > POLITE {
        return state.say(state.keyed(&format!("{members} machines: {{ping-below}} pings all below")));
    }
    toggle(state, Wish::Node(node));
}

/// Pings the app of what is selected in turns; or no longer, where that is done already.
pub fn toggle_turns(state: &mut State) {
    let Some(app) = state.subject_app() else { return };
    let wish = Wish::Turns(app.clone());
    if state.wishes.has(&wish) {
        state.wishes.remove(&wish);
        return state.say(format!("no longer pinging {app} in turns"));
    }
    want(state, wish);
    state.say(format!("pinging the addresses of {app} in turns, as a client would ask them"));
}

/// Pings what `wish` means; or no longer, where that is done already.
pub fn toggle(state: &mut State, wish: Wish) {
    let members = meaning(&wish, &state.view.catalog, &state.view.names, state.profile.dns.addr).len();
    if state.wishes.has(&wish) {
        state.wishes.remove(&wish);
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
    for member in meaning(&wish, &state.view.catalog, &state.view.names, state.profile.dns.addr) {
        if member.turns.is_none() {
            state.wishes.excluded.remove(&member.target.address);
        }
    }
    state.wishes.insert(wish);
    state.paused = false;
}

/// No longer pings `target`.
pub fn unwant(state: &mut State, target: &Target) {
    let wishes = &mut state.wishes;
    let address = target.address;
    if let Some(app) = wishes.turning.get(target).and_then(|member| member.app.clone()) {
        return wishes.remove(&Wish::Turns(app));
    }
    let alone = |meant: &BTreeMap<Target, Member>| meant.keys().all(|target| target.address == address);
    let only: Vec<Wish> = wishes
        .meant
        .iter()
        .filter(|(wish, meant)| !matches!(wish, Wish::Turns(_)) && alone(meant))
        .map(|(wish, _)| wish.clone())
        .collect();
    for wish in only {
        wishes.remove(&wish);
    }
    let others = wishes.meant.iter_mut().filter(|(wish, _)| !matches!(wish, Wish::Turns(_)));
    for (_, meant) in others {
        meant.retain(|target, member| target.address != address || !member.gone);
    }
    wishes.excluded.insert(address);
    wishes.changes += 1;
}

/// What is meant by a target as it is typed: `gateway`, an address, a place (`web/iad`), a machine's ID, a name.
///
/// # Errors
/// Where it is none of these, in words.
pub fn read(state: &State, text: &str) -> Result<Wish, String> {
    let text = text.trim();
    let catalog = &state.view.catalog;
    if text == "gateway" {
        return Ok(Wish::Address(state.profile.dns.addr));
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
