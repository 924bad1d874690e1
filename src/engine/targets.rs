//! Targets of pings: the user's selections, and their current addresses while the network changes. Values only: the
//! screens and `sixpane ping` both pass in the engine's reports, and send the resulting ping targets to the engine.
//!
//! A member that no longer exists stays, marked as gone, so that its statistics stay on the screen; each selection keeps
//! the last few of these.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;

use crate::catalog::Catalog;
use crate::catalog::place::{self, Node};
use crate::probe::series::{PingTarget, Target};
use crate::text::Safe;

/// Maximum number of gone members kept: an app that is deployed all day has new machines all day.
const KEPT_GONE: usize = 16;

/// A selection of targets to ping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetSpec {
    /// A place in the tree: all current machines or peers at or below it.
    Node(Node),
    /// The Flycast addresses of an app.
    Flycast(Safe),
    Address(Ipv6Addr),
    /// A name, and all its addresses.
    Name(Safe),
    /// The addresses of another selection, round robin, as a client's connections use them: one target for all of them.
    RoundRobin(Box<TargetSpec>),
    /// An address with a label of its own.
    Target(Target),
}

/// Addresses of names in their last responses.
pub type Names = BTreeMap<Safe, Vec<Ipv6Addr>>;

/// Current state of the network.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub catalog: &'a Catalog,
    pub names: &'a Names,
    pub gateway: Ipv6Addr,
}

/// A target with its app and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub target: Target,
    /// The app of a machine.
    pub app: Option<Safe>,
    /// The region of a machine; `gw` and `peer` for others.
    pub region: Option<Safe>,
    /// Whether it no longer exists.
    pub gone: bool,
    /// Number of the update in which it was removed.
    removed_at: u64,
    /// Addresses probed round robin; `None`: only its own.
    pub round_robin: Option<Vec<Ipv6Addr>>,
}

/// A change of an address, found by [`Targets::update`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetChange {
    pub spec: TargetSpec,
    pub address: Ipv6Addr,
    pub what: ChangeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
    Returned,
}

impl TargetSpec {
    /// Current members, without round robin; `None` if its name has had no response.
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
            Self::RoundRobin(spec) => spec.members(known)?,
            Self::Target(target) => vec![Member::new(target.clone(), None)],
        })
    }

    /// The inner selection of a round robin, or itself.
    fn inner(&self) -> &Self {
        if let Self::RoundRobin(spec) = self { spec } else { self }
    }

    /// The name whose addresses are selected.
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
        Self { target, app: None, region, gone: false, removed_at: 0, round_robin: None }
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

    pub fn ping_target(&self) -> PingTarget {
        PingTarget {
            target: self.target.clone(),
            paused: self.gone,
            round_robin: self.round_robin.clone().unwrap_or_default(),
        }
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

/// All selections, with their current and gone members.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    entries: Vec<Entry>,
    /// Number of updates, to find the members removed last.
    updates: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    spec: TargetSpec,
    /// In order of appearance.
    members: Vec<Member>,
    /// The one target of a round robin; it stays the same when an address is removed.
    shared: Option<Target>,
}

impl Targets {
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn has(&self, spec: &TargetSpec) -> bool {
        self.entries.iter().any(|entry| entry.spec == *spec)
    }

    pub fn add(&mut self, spec: TargetSpec) {
        if !self.has(&spec) {
            self.entries.push(Entry { spec, members: Vec::new(), shared: None });
        }
    }

    pub fn remove(&mut self, spec: &TargetSpec) {
        self.entries.retain(|entry| entry.spec != *spec);
    }

    /// Removes the selections of this address alone, and the gone members with it.
    pub fn remove_address(&mut self, address: Ipv6Addr) {
        let has = |member: &Member| member.target.address == address;
        self.entries.retain(|entry| entry.is_round_robin() || !entry.members.iter().all(has));
        for entry in self.entries.iter_mut().filter(|entry| !entry.is_round_robin()) {
            entry.members.retain(|member| !member.gone || !has(member));
        }
    }

    /// Names whose addresses must be followed.
    pub fn names(&self) -> Vec<Safe> {
        self.entries.iter().filter_map(|entry| entry.spec.name().cloned()).collect()
    }

    /// Updates the members; returns the changes.
    pub fn update(&mut self, known: Known<'_>) -> Vec<TargetChange> {
        let mut changes = Vec::new();
        for entry in &mut self.entries {
            self.updates += 1;
            entry.update(known, self.updates, &mut changes);
        }
        changes
    }

    /// The members of each selection, gone or not, in order of appearance; a round robin is one member.
    pub fn members(&self) -> impl Iterator<Item = (&TargetSpec, Member)> {
        self.entries.iter().flat_map(|entry| {
            let members = entry.shared_member().map_or_else(|| entry.members.clone(), |member| vec![member]);
            members.into_iter().map(|member| (&entry.spec, member))
        })
    }
}

impl Entry {
    fn is_round_robin(&self) -> bool {
        matches!(self.spec, TargetSpec::RoundRobin(_))
    }

    fn update(&mut self, known: Known<'_>, update: u64, changes: &mut Vec<TargetChange>) {
        let Some(mut now) = self.spec.members(known) else { return };
        if let Some(name) = self.spec.name() {
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
            changes.push(TargetChange { spec: self.spec.clone(), address: member.target.address, what });
        };
        let places: HashMap<Target, usize> =
            now.iter().enumerate().map(|(at, member)| (member.target.clone(), at)).collect();
        let mut now: Vec<Option<Member>> = now.into_iter().map(Some).collect();
        for member in &mut self.members {
            let found = places.get(&member.target).and_then(|&at| now.get_mut(at)?.take());
            match (found, member.gone) {
                (None, false) => {
                    (member.gone, member.removed_at) = (true, update);
                    report(member, ChangeKind::Removed);
                }
                (None, true) => {}
                (Some(found), gone) => {
                    *member = found;
                    if gone {
                        report(member, ChangeKind::Returned);
                    }
                }
            }
        }
        now.iter().flatten().for_each(|member| report(member, ChangeKind::Added));
        self.members.extend(now.into_iter().flatten());
        self.forget();
        if let (TargetSpec::RoundRobin(of), None, Some(first)) =
            (&self.spec, &self.shared, self.members.first())
        {
            let label = match &**of {
                TargetSpec::Node(Node::App(app)) => Safe::new(format!("{app}.internal")),
                TargetSpec::Name(name) => name.clone(),
                _ => first.target.label.clone(),
            };
            self.shared = Some(Target { label, address: first.target.address });
        }
    }

    /// Drops gone members except those removed last.
    fn forget(&mut self) {
        let gone = self.members.iter().filter(|member| member.gone);
        let mut gone: Vec<(Reverse<u64>, Target)> =
            gone.map(|member| (Reverse(member.removed_at), member.target.clone())).collect();
        gone.sort();
        let old = gone.split_off(KEPT_GONE.min(gone.len()));
        if !old.is_empty() {
            self.members.retain(|member| !old.iter().any(|(_, target)| *target == member.target));
        }
    }

    /// The one member of a round robin. A name with one address is an ordinary target.
    fn shared_member(&self) -> Option<Member> {
        let target = self.shared.clone()?;
        if self.spec.name().is_some() && self.members.len() == 1 {
            return None;
        }
        let there = self.members.iter().filter(|member| !member.gone);
        let mut round_robin: Vec<Ipv6Addr> = there.map(|member| member.target.address).collect();
        let gone = round_robin.is_empty();
        if gone {
            round_robin.push(target.address);
        }
        let app = self.members.first().and_then(|member| member.app.clone());
        Some(Member { app, gone, round_robin: Some(round_robin), ..Member::new(target, None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Ipv6Addr = address(3);

    const fn address(n: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n)
    }

    /// Changes when `web` has these addresses.
    fn update(targets: &mut Targets, addresses: &[u16]) -> Vec<(u16, ChangeKind)> {
        let names = [("web".into(), addresses.iter().copied().map(address).collect())].into();
        let changes = targets.update(Known { catalog: &Catalog::default(), names: &names, gateway: GATEWAY });
        changes.into_iter().map(|changes| (changes.address.segments()[7], changes.what)).collect()
    }

    fn ping_targets(targets: &Targets) -> Vec<PingTarget> {
        targets.members().map(|(_, member)| member.ping_target()).collect()
    }

    #[test]
    fn a_name_is_followed() {
        let mut targets = Targets::default();
        targets.add(TargetSpec::Name("web".into()));
        targets.add(TargetSpec::Address(GATEWAY));
        assert_eq!(targets.names(), ["web".into()]);
        assert_eq!(update(&mut targets, &[1, 2]).len(), 3);
        assert_eq!(update(&mut targets, &[2, 1]), []);
        assert_eq!(update(&mut targets, &[2, 7]), [(1, ChangeKind::Removed), (7, ChangeKind::Added)]);
        let paused: Vec<bool> = ping_targets(&targets).iter().map(|target| target.paused).collect();
        assert_eq!(paused, [true, false, false, false]);
        assert_eq!(update(&mut targets, &[1, 2, 7]), [(1, ChangeKind::Returned)]);
        targets.update(Known { catalog: &Catalog::default(), names: &Names::new(), gateway: GATEWAY });
        assert!(
            ping_targets(&targets).iter().all(|target| !target.paused),
            "a name without a response changes nothing"
        );
        targets.remove_address(GATEWAY);
        assert_eq!(ping_targets(&targets).len(), 3);
    }

    #[test]
    fn a_member_keeps_its_label_when_others_join() {
        let mut targets = Targets::default();
        targets.add(TargetSpec::Name("web".into()));
        update(&mut targets, &[1]);
        update(&mut targets, &[1, 2]);
        let labels: Vec<String> =
            ping_targets(&targets).iter().map(|target| target.target.label.to_string()).collect();
        assert_eq!(labels, ["web", "web fdaa::2"]);
    }

    #[test]
    fn a_round_robin_is_one_target() {
        let mut targets = Targets::default();
        targets.add(TargetSpec::RoundRobin(Box::new(TargetSpec::Name("web".into()))));
        update(&mut targets, &[1, 2]);
        let first = ping_targets(&targets);
        assert_eq!((first.len(), first[0].target.label.as_str()), (1, "web"));
        assert_eq!(first[0].round_robin, [address(1), address(2)]);
        update(&mut targets, &[2, 7]);
        let later = ping_targets(&targets);
        assert_eq!(
            (&later[0].target, later[0].paused),
            (&first[0].target, false),
            "the target stays the same"
        );
        assert_eq!(later[0].round_robin, [address(2), address(7)]);
        update(&mut targets, &[]);
        assert!(ping_targets(&targets)[0].paused);
    }

    #[test]
    fn only_the_last_gone_members_are_kept() {
        let mut targets = Targets::default();
        targets.add(TargetSpec::Name("web".into()));
        for n in 1..100 {
            update(&mut targets, &[n]);
        }
        assert_eq!(ping_targets(&targets).len(), KEPT_GONE + 1);
    }
}
