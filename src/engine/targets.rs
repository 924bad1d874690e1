//! Targets of pings: what was asked for, and the addresses that it stands for while the network changes. Values only:
//! the screens and `sixpane ping` both feed it with what the engine reports, and give its aims to the engine.
//!
//! A member that is no longer there stays as gone, so that its figures stay on the screen; of those that have gone,
//! each wish keeps the last few.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;

use crate::catalog::Catalog;
use crate::catalog::place::{self, Node};
use crate::probe::series::{Aim, Target};
use crate::text::Safe;

/// Gone members that a wish keeps: an app that is deployed all day has new machines all day.
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
    /// A name, and all its addresses.
    Name(Safe),
    /// The addresses of another wish, round robin, as a client's connections use them: one target for all of them.
    Turns(Box<Wish>),
    /// An address with a label of its own.
    Target(Target),
}

/// The addresses of names, as last answered.
pub type Names = BTreeMap<Safe, Vec<Ipv6Addr>>;

/// What is known of the network.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub catalog: &'a Catalog,
    pub names: &'a Names,
    pub gateway: Ipv6Addr,
}

/// A target, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub target: Target,
    /// The app of a machine.
    pub app: Option<Safe>,
    /// The region of a machine; `gw` and `peer` for others.
    pub region: Option<Safe>,
    /// Whether it is no longer there.
    pub gone: bool,
    /// The look that found it gone.
    went: u64,
    /// The addresses that are used round robin; `None`: only its own.
    pub turns: Option<Vec<Ipv6Addr>>,
}

/// What a look found changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub wish: Wish,
    pub address: Ipv6Addr,
    pub what: What,
}

/// What became of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    New,
    Gone,
    Back,
}

impl Wish {
    /// The members it stands for now, each by itself; `None` if its name has not been answered.
    pub fn members(&self, known: Known<'_>) -> Option<Vec<Member>> {
        Some(match self {
            Self::Node(node) => at(known.catalog, node),
            Self::Flycast(app) => {
                let label = Safe::new(format!("{app}.flycast"));
                let addresses =
                    known.catalog.apps.get(app).map(|app| app.flycast.clone()).unwrap_or_default();
                let member = |address| Member {
                    app: Some(app.clone()),
                    ..Member::new(Target { label: label.clone(), address }, None)
                };
                addresses.into_iter().map(member).collect()
            }
            Self::Address(address) if *address == known.gateway => vec![Member::gateway(*address)],
            Self::Address(address) => vec![Member::at(*address)],
            Self::Name(name) => {
                let addresses = known.names.get(name)?;
                let alone = addresses.len() == 1;
                let target = |&address| labelled(name, address, alone);
                addresses.iter().map(target).map(|target| Member::new(target, None)).collect()
            }
            Self::Turns(wish) => wish.members(known)?,
            Self::Target(target) => vec![Member::new(target.clone(), None)],
        })
    }

    /// What it is about: the inner wish, if its addresses are used round robin.
    fn inner(&self) -> &Self {
        if let Self::Turns(wish) = self { wish } else { self }
    }

    /// The name whose addresses it means.
    pub fn name(&self) -> Option<&Safe> {
        if let Self::Name(name) = self.inner() { Some(name) } else { None }
    }
}

/// The target at an address of `name`; `alone` if it is the only one.
pub fn labelled(name: &Safe, address: Ipv6Addr, alone: bool) -> Target {
    let label = if alone { name.clone() } else { Safe::new(format!("{name} {address}")) };
    Target { label, address }
}

impl Member {
    fn new(target: Target, region: Option<Safe>) -> Self {
        Self { target, app: None, region, gone: false, went: 0, turns: None }
    }

    pub fn gateway(address: Ipv6Addr) -> Self {
        Self::new(Target { label: "gateway".into(), address }, Some("gw".into()))
    }

    /// A member of which only the address is known.
    pub fn at(address: Ipv6Addr) -> Self {
        Self::new(Target { label: Safe::new(address.to_string()), address }, None)
    }

    /// The machine at `address`, or the address alone.
    pub fn owner(catalog: &Catalog, address: Ipv6Addr) -> Self {
        let machine = Node::at(address, catalog).filter(|node| matches!(node, Node::Machine(..)));
        let member = machine.and_then(|node| at(catalog, &node).into_iter().next());
        member.unwrap_or_else(|| Self::at(address))
    }

    pub fn aim(&self) -> Aim {
        Aim { target: self.target.clone(), held: self.gone, turns: self.turns.clone().unwrap_or_default() }
    }
}

/// The machines or peers at or below a place whose addresses are known.
pub fn at(catalog: &Catalog, node: &Node) -> Vec<Member> {
    let member = |one: &place::Member<'_>| {
        let target = Target { label: one.name.clone(), address: one.address? };
        let region = if one.app.is_some() { one.region.cloned() } else { Some("peer".into()) };
        Some(Member { app: one.app.cloned(), ..Member::new(target, region) })
    };
    node.members(catalog).iter().filter_map(member).collect()
}

/// All that is wanted, with the members that it has had.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    entries: Vec<Entry>,
    /// Counts the looks, to know which members went last.
    looks: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    wish: Wish,
    /// In order of appearance.
    members: Vec<Member>,
    /// The one target of a round robin; it stays the same, whichever address goes.
    shared: Option<Target>,
}

impl Targets {
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn has(&self, wish: &Wish) -> bool {
        self.entries.iter().any(|entry| entry.wish == *wish)
    }

    pub fn add(&mut self, wish: Wish) {
        if !self.has(&wish) {
            self.entries.push(Entry { wish, members: Vec::new(), shared: None });
        }
    }

    pub fn remove(&mut self, wish: &Wish) {
        self.entries.retain(|entry| entry.wish != *wish);
    }

    /// Removes the wishes that mean this address alone, and the gone members that had it.
    pub fn remove_address(&mut self, address: Ipv6Addr) {
        let has = |member: &Member| member.target.address == address;
        self.entries.retain(|entry| entry.is_round_robin() || !entry.members.iter().all(has));
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_round_robin()) {
            entry.members.retain(|member| !member.gone || !has(member));
        }
    }

    /// The names whose addresses are to be followed.
    pub fn names(&self) -> Vec<Safe> {
        self.entries.iter().filter_map(|entry| entry.wish.name().cloned()).collect()
    }

    /// Takes what the wishes stand for now; returns what changed.
    pub fn look(&mut self, known: Known<'_>) -> Vec<News> {
        let mut news = Vec::new();
        for entry in &mut self.entries {
            self.looks += 1;
            entry.look(known, self.looks, &mut news);
        }
        news
    }

    /// The members of each wish, gone or not, in order of appearance; a round robin is one member.
    pub fn members(&self) -> impl Iterator<Item = (&Wish, Member)> {
        self.entries.iter().flat_map(|entry| {
            let members = entry.turning().map_or_else(|| entry.members.clone(), |member| vec![member]);
            members.into_iter().map(|member| (&entry.wish, member))
        })
    }
}

impl Entry {
    fn is_round_robin(&self) -> bool {
        matches!(self.wish, Wish::Turns(_))
    }

    fn look(&mut self, known: Known<'_>, look: u64, news: &mut Vec<News>) {
        let Some(mut now) = self.wish.members(known) else { return };
        if let Some(name) = self.wish.name() {
            // Figures belong to a label and an address: a member keeps its label when others join.
            for Member { target, .. } in &mut now {
                let before = self.members.iter().find(|member| member.target.address == target.address);
                *target = match before {
                    Some(before) => before.target.clone(),
                    None => labelled(name, target.address, self.members.is_empty() && target.label == *name),
                };
            }
        }
        let mut report = |member: &Member, what| {
            news.push(News { wish: self.wish.clone(), address: member.target.address, what });
        };
        let places: HashMap<Target, usize> =
            now.iter().enumerate().map(|(at, member)| (member.target.clone(), at)).collect();
        let mut now: Vec<Option<Member>> = now.into_iter().map(Some).collect();
        for member in &mut self.members {
            let found = places.get(&member.target).and_then(|&at| now.get_mut(at)?.take());
            match (found, member.gone) {
                (None, false) => {
                    (member.gone, member.went) = (true, look);
                    report(member, What::Gone);
                }
                (None, true) => {}
                (Some(found), gone) => {
                    *member = found;
                    if gone {
                        report(member, What::Back);
                    }
                }
            }
        }
        now.iter().flatten().for_each(|member| report(member, What::New));
        self.members.extend(now.into_iter().flatten());
        self.forget();
        if let (Wish::Turns(of), None, Some(first)) = (&self.wish, &self.shared, self.members.first()) {
            let label = match &**of {
                Wish::Node(Node::App(app)) => Safe::new(format!("{app}.internal")),
                Wish::Name(name) => name.clone(),
                _ => first.target.label.clone(),
            };
            self.shared = Some(Target { label, address: first.target.address });
        }
    }

    /// Drops gone members, but for those that went last.
    fn forget(&mut self) {
        let gone = self.members.iter().filter(|member| member.gone);
        let mut gone: Vec<(Reverse<u64>, Target)> =
            gone.map(|member| (Reverse(member.went), member.target.clone())).collect();
        gone.sort();
        let old = gone.split_off(KEPT_GONE.min(gone.len()));
        if !old.is_empty() {
            self.members.retain(|member| !old.iter().any(|(_, target)| *target == member.target));
        }
    }

    /// The one member of a round robin. A name with one address is an ordinary target.
    fn turning(&self) -> Option<Member> {
        let target = self.shared.clone()?;
        if self.wish.name().is_some() && self.members.len() == 1 {
            return None;
        }
        let there = self.members.iter().filter(|member| !member.gone);
        let mut turns: Vec<Ipv6Addr> = there.map(|member| member.target.address).collect();
        let gone = turns.is_empty();
        if gone {
            turns.push(target.address);
        }
        let app = self.members.first().and_then(|member| member.app.clone());
        Some(Member { app, gone, turns: Some(turns), ..Member::new(target, None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Ipv6Addr = address(3);

    const fn address(n: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n)
    }

    /// What changed when `web` has these addresses.
    fn look(targets: &mut Targets, addresses: &[u16]) -> Vec<(u16, What)> {
        let names = [("web".into(), addresses.iter().copied().map(address).collect())].into();
        let news = targets.look(Known { catalog: &Catalog::default(), names: &names, gateway: GATEWAY });
        news.into_iter().map(|news| (news.address.segments()[7], news.what)).collect()
    }

    fn aims(targets: &Targets) -> Vec<Aim> {
        targets.members().map(|(_, member)| member.aim()).collect()
    }

    #[test]
    fn a_name_is_followed() {
        let mut targets = Targets::default();
        targets.add(Wish::Name("web".into()));
        targets.add(Wish::Address(GATEWAY));
        assert_eq!(targets.names(), ["web".into()]);
        assert_eq!(look(&mut targets, &[1, 2]).len(), 3);
        assert_eq!(look(&mut targets, &[2, 1]), []);
        assert_eq!(look(&mut targets, &[2, 7]), [(1, What::Gone), (7, What::New)]);
        let held: Vec<bool> = aims(&targets).iter().map(|aim| aim.held).collect();
        assert_eq!(held, [true, false, false, false]);
        assert_eq!(look(&mut targets, &[1, 2, 7]), [(1, What::Back)]);
        targets.look(Known { catalog: &Catalog::default(), names: &Names::new(), gateway: GATEWAY });
        assert!(aims(&targets).iter().all(|aim| !aim.held), "a name that is not answered changes nothing");
        targets.remove_address(GATEWAY);
        assert_eq!(aims(&targets).len(), 3);
    }

    #[test]
    fn a_member_keeps_its_label_when_others_join() {
        let mut targets = Targets::default();
        targets.add(Wish::Name("web".into()));
        look(&mut targets, &[1]);
        look(&mut targets, &[1, 2]);
        let labels: Vec<String> = aims(&targets).iter().map(|aim| aim.target.label.to_string()).collect();
        assert_eq!(labels, ["web", "web fdaa::2"]);
    }

    #[test]
    fn a_round_robin_is_one_target() {
        let mut targets = Targets::default();
        targets.add(Wish::Turns(Box::new(Wish::Name("web".into()))));
        look(&mut targets, &[1, 2]);
        let first = aims(&targets);
        assert_eq!((first.len(), first[0].target.label.as_str()), (1, "web"));
        assert_eq!(first[0].turns, [address(1), address(2)]);
        look(&mut targets, &[2, 7]);
        let later = aims(&targets);
        assert_eq!((&later[0].target, later[0].held), (&first[0].target, false), "it stays the same");
        assert_eq!(later[0].turns, [address(2), address(7)]);
        look(&mut targets, &[]);
        assert!(aims(&targets)[0].held);
    }

    #[test]
    fn only_the_last_gone_members_are_kept() {
        let mut targets = Targets::default();
        targets.add(Wish::Name("web".into()));
        for n in 1..100 {
            look(&mut targets, &[n]);
        }
        assert_eq!(aims(&targets).len(), KEPT_GONE + 1);
    }
}
