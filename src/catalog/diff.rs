//! Differences between two snapshots: the entries of the event log. A partly failed walk keeps the machines that it could
//! not query, so its failures are never reported as stopped machines.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use super::{Catalog, Conflict, Machine};
use crate::text::{Safe, ms};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new app in the list.
    AppCame(Safe),
    /// An app no longer in the list.
    AppWent(Safe),
    /// A new machine in the list: started or created.
    MachineCame(Place),
    /// A machine no longer in the list: stopped or destroyed.
    MachineWent(Place),
    /// A machine with a new region; the old one.
    MachineMoved(Place, Option<Safe>),
    /// A machine with a new address; the old one.
    MachineReaddressed(Place, Option<Ipv6Addr>),
    /// A new peer in the list.
    PeerCame(Safe),
    /// A peer no longer in the list.
    PeerWent(Safe),
    /// Two records contradict each other: app, machine, text.
    Disagree(Safe, Option<Safe>, String),
    /// The contradiction has ended.
    Agree(Safe, Option<Safe>, String),
    /// A pinged target no longer replies.
    TargetUnreachable(Pinged),
    /// A pinged target replies again, with this round trip.
    TargetReachable(Pinged, Duration),
    /// The median round trip of a pinged target has changed: before, now.
    RttMoved(Pinged, Duration, Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinged {
    pub label: Safe,
    pub address: Ipv6Addr,
}

/// A machine and its current or last location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub app: Safe,
    pub id: Safe,
    /// Region, if a record has it.
    pub region: Option<Safe>,
    /// Address, if a record has it.
    pub address: Option<Ipv6Addr>,
}

impl Place {
    fn new(app: &Safe, id: &Safe, machine: &Machine) -> Self {
        Self { app: app.clone(), id: id.clone(), region: machine.region.clone(), address: machine.address }
    }
}

impl Change {
    /// Kind, for JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AppCame(_) => "app-appeared",
            Self::AppWent(_) => "app-gone",
            Self::MachineCame(_) => "machine-appeared",
            Self::MachineWent(_) => "machine-gone",
            Self::MachineMoved(..) => "machine-moved",
            Self::MachineReaddressed(..) => "machine-readdressed",
            Self::PeerCame(_) => "peer-appeared",
            Self::PeerWent(_) => "peer-gone",
            Self::Disagree(..) => "records-disagree",
            Self::Agree(..) => "records-agree",
            Self::TargetUnreachable(_) => "target-unreachable",
            Self::TargetReachable(..) => "target-reachable",
            Self::RttMoved(..) => "target-rtt-moved",
        }
    }

    /// Subject: `web`, `web/148e21b7c93d89`, `peer my-peer`.
    pub fn subject(&self) -> String {
        match self {
            Self::AppCame(app) | Self::AppWent(app) => app.to_string(),
            Self::MachineCame(place)
            | Self::MachineWent(place)
            | Self::MachineMoved(place, _)
            | Self::MachineReaddressed(place, _) => format!("{}/{}", place.app, place.id),
            Self::PeerCame(peer) | Self::PeerWent(peer) => format!("peer {peer}"),
            Self::Disagree(app, id, _) | Self::Agree(app, id, _) => match id {
                Some(id) => format!("{app}/{id}"),
                None => app.to_string(),
            },
            Self::TargetUnreachable(pinged)
            | Self::TargetReachable(pinged, _)
            | Self::RttMoved(pinged, ..) => pinged.label.to_string(),
        }
    }

    /// Description, as a clause.
    pub fn clause(&self) -> String {
        let region = |region: &Option<Safe>| region.as_ref().map_or("–".to_owned(), ToString::to_string);
        let address =
            |address: &Option<Ipv6Addr>| address.map_or("–".to_owned(), |address| address.to_string());
        match self {
            Self::AppCame(_) => "is a new app".into(),
            Self::AppWent(_) | Self::PeerWent(_) => "is no longer listed".into(),
            Self::MachineCame(place) => {
                format!("started in {} at {}", region(&place.region), address(&place.address))
            }
            Self::MachineWent(place) => {
                format!("is gone from {}: stopped or destroyed", region(&place.region))
            }
            Self::MachineMoved(place, from) => {
                format!("moved from {} to {}", region(from), region(&place.region))
            }
            Self::MachineReaddressed(place, from) => {
                format!("has a new address: {} was {}", address(&place.address), address(from))
            }
            Self::PeerCame(_) => "is a new peer".into(),
            Self::Disagree(_, _, text) => format!("records disagree: {text}"),
            Self::Agree(_, _, text) => format!("records agree again; it was: {text}"),
            Self::TargetUnreachable(_) => "no longer replies to ping".into(),
            Self::TargetReachable(_, rtt) => format!("replies to ping again, in {} ms", ms(*rtt)),
            Self::RttMoved(_, from, to) => {
                let word = if to > from { "slower" } else { "faster" };
                format!("is {word}: median {} ms was {}", ms(*to), ms(*from))
            }
        }
    }
}

/// Changes from `before` to `after`, sorted by name.
pub fn changes(before: &Catalog, after: &Catalog) -> Vec<Change> {
    let mut changes = Vec::new();
    let empty = BTreeMap::new();
    let mut apps: Vec<&Safe> = before.apps.keys().chain(after.apps.keys()).collect();
    apps.sort();
    apps.dedup();
    for app in apps {
        let (was, is) = (before.apps.get(app), after.apps.get(app));
        match (was, is) {
            (None, Some(_)) => changes.push(Change::AppCame(app.clone())),
            (Some(_), None) => changes.push(Change::AppWent(app.clone())),
            // Shared by both snapshots: nothing in it has changed.
            (Some(was), Some(is)) if Arc::ptr_eq(was, is) => continue,
            _ => {}
        }
        machines(
            app,
            was.map_or(&empty, |app| &app.machines),
            is.map_or(&empty, |app| &app.machines),
            &mut changes,
        );
    }
    let new_peers = after.peers.keys().filter(|peer| !before.peers.contains_key(*peer));
    changes.extend(new_peers.map(|peer| Change::PeerCame(peer.clone())));
    let old_peers = before.peers.keys().filter(|peer| !after.peers.contains_key(*peer));
    changes.extend(old_peers.map(|peer| Change::PeerWent(peer.clone())));
    // A short contradiction is only propagation; report those that last.
    let same = |a: &Conflict, b: &Conflict| (&a.app, &a.machine, &a.text) == (&b.app, &b.machine, &b.text);
    for conflict in after.lasting().filter(|one| !before.lasting().any(|known| same(known, one))) {
        let c = conflict.clone();
        changes.push(Change::Disagree(c.app, c.machine, c.text));
    }
    for conflict in before.lasting().filter(|one| !after.conflicts.iter().any(|left| same(left, one))) {
        let c = conflict.clone();
        changes.push(Change::Agree(c.app, c.machine, c.text));
    }
    changes
}

fn machines(
    app: &Safe,
    was: &BTreeMap<Safe, Machine>,
    is: &BTreeMap<Safe, Machine>,
    changes: &mut Vec<Change>,
) {
    for (id, machine) in is {
        let place = || Place::new(app, id, machine);
        let Some(before) = was.get(id) else {
            changes.push(Change::MachineCame(place()));
            continue;
        };
        // A value not known before has not changed.
        if before.region.is_some() && before.region != machine.region {
            changes.push(Change::MachineMoved(place(), before.region.clone()));
        }
        if before.address.is_some() && before.address != machine.address {
            changes.push(Change::MachineReaddressed(place(), before.address));
        }
    }
    for (id, machine) in was.iter().filter(|(id, _)| !is.contains_key(*id)) {
        changes.push(Change::MachineWent(Place::new(app, id, machine)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::catalog::{App, Peer};

    /// `web:iad/a@1,fra/b@2 api:` and so on; after `@` comes the end of the address.
    fn org(text: &str) -> Catalog {
        let mut catalog = Catalog::default();
        for app in text.split_whitespace() {
            let (name, machines) = app.split_once(':').unwrap();
            let mut entry = App::default();
            for machine in machines.split(',').filter(|machine| !machine.is_empty()) {
                let (region, rest) = machine.split_once('/').unwrap();
                let (id, end) = rest.split_once('@').unwrap();
                let address = format!("fdaa::{end}").parse().ok();
                let region = (region != "?").then(|| region.into());
                entry.machines.insert(id.into(), Machine { region, address, ..Machine::default() });
            }
            catalog.apps.insert(name.into(), Arc::new(entry));
        }
        catalog
    }

    fn shown(before: &Catalog, after: &Catalog) -> Vec<String> {
        changes(before, after).iter().map(|c| format!("{} {}", c.subject(), c.clause())).collect()
    }

    #[test]
    fn each_kind_of_change() {
        let before = org("api:iad/c@3 web:iad/a@1,fra/b@2,?/e@5");
        let after = org("new:iad/d@4 web:ams/a@9,fra/b@2,syd/e@5");
        assert_eq!(
            shown(&before, &after),
            [
                "api is no longer listed",
                "api/c is gone from iad: stopped or destroyed",
                "new is a new app",
                "new/d started in iad at fdaa::4",
                "web/a moved from iad to ams",
                "web/a has a new address: fdaa::9 was fdaa::1",
            ]
        );
        assert!(shown(&after, &after).is_empty());
    }

    #[test]
    fn peers_and_lasting_conflicts() {
        let began = std::time::Instant::now();
        let at = |seconds, conflict: bool| {
            let mut org = org("web:iad/a@1");
            org.walk.finished = Some(began + Duration::from_secs(seconds));
            if conflict {
                let text = "vms lists none".into();
                org.conflicts.push(Conflict { app: "web".into(), machine: None, text, since: Some(began) });
            }
            org
        };
        let mut after = at(5, true);
        after.peers.insert("me".into(), Peer::default());
        assert_eq!(
            shown(&at(0, false), &after),
            ["peer me is a new peer"],
            "a new contradiction may be propagation"
        );
        assert_eq!(
            shown(&after, &at(11, true)),
            ["peer me is no longer listed", "web records disagree: vms lists none"]
        );
        assert!(shown(&at(11, true), &at(16, true)).is_empty(), "reported once");
        assert_eq!(shown(&at(11, true), &at(16, false)), ["web records agree again; it was: vms lists none"]);
        assert!(
            shown(&at(5, true), &at(10, false)).is_empty(),
            "the end of an unreported contradiction is not reported"
        );
    }
}
