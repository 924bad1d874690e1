//! A place in the tree: an app, region, machine or peer, with its names, address, members and parent.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;

use super::Catalog;
use crate::dns::names::Form;
use crate::text::Safe;

/// Stored name of the list of peers; not valid as the name of an app.
const PEERS: &str = "_peer";

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    App(Safe),
    /// A region of an app; `None` for machines without a known region.
    Region(Safe, Option<Safe>),
    /// A machine: app, ID. Without the region, so that a machine that moves keeps its place.
    Machine(Safe, Safe),
    Peers,
    Peer(Safe),
}

/// A machine or a peer, at or below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// The app of a machine; `None` for a peer.
    pub app: Option<&'a Safe>,
    /// The machine's ID or the peer's name.
    pub name: &'a Safe,
    pub region: Option<&'a Safe>,
    /// 6PN address, if known.
    pub address: Option<Ipv6Addr>,
}

impl Node {
    /// The app itself or the app that contains it.
    pub fn app(&self) -> Option<&Safe> {
        match self {
            Self::App(app) | Self::Region(app, _) | Self::Machine(app, _) => Some(app),
            Self::Peers | Self::Peer(_) => None,
        }
    }

    /// The most informative DNS name.
    pub fn form(&self) -> Form {
        match self.clone() {
            Self::App(app) => Form::App(app),
            Self::Region(app, Some(region)) => Form::Region(region, app),
            Self::Region(app, None) => Form::Vms(app),
            Self::Machine(app, id) => Form::Vm(id, app),
            Self::Peers => Form::Peers,
            Self::Peer(peer) => Form::Peer(peer),
        }
    }

    /// The place with this DNS name, in the catalog or not; `None` for other names, such as lists.
    pub fn of_form(form: &Form) -> Option<Self> {
        Some(match form.clone() {
            Form::App(app) => Self::App(app),
            Form::Region(region, app) => Self::Region(app, Some(region)),
            Form::Vm(id, app) => Self::Machine(app, id),
            Form::Peers => Self::Peers,
            Form::Peer(peer) => Self::Peer(peer),
            _ => return None,
        })
    }

    /// The place in the catalog for a DNS name; the app, if the name itself has no place.
    pub fn about(form: &Form, catalog: &Catalog) -> Option<Self> {
        let node = Self::of_form(form).or_else(|| form.app().cloned().map(Self::App))?;
        node.exists(catalog).then_some(node)
    }

    /// The machine or peer with an address.
    pub fn at(address: Ipv6Addr, catalog: &Catalog) -> Option<Self> {
        if let Some((app, id)) = catalog.at(address) {
            return Some(Self::Machine(app.clone(), id.clone()));
        }
        let peer = catalog.peers.iter().find(|(_, peer)| peer.address == Some(address));
        peer.map(|(name, _)| Self::Peer(name.clone()))
    }

    pub fn exists(&self, catalog: &Catalog) -> bool {
        match self {
            Self::App(app) => catalog.apps.contains_key(app),
            Self::Region(app, region) => {
                catalog.apps.get(app).is_some_and(|app| app.machines.values().any(|m| m.region == *region))
            }
            Self::Machine(app, id) => catalog.machine(app, id).is_some(),
            Self::Peers => !catalog.peers.is_empty(),
            Self::Peer(peer) => catalog.peers.contains_key(peer),
        }
    }

    /// The address of a machine or a peer.
    pub fn address(&self, catalog: &Catalog) -> Option<Ipv6Addr> {
        match self {
            Self::Machine(app, id) => catalog.machine(app, id)?.address,
            Self::Peer(peer) => catalog.peers.get(peer)?.address,
            Self::App(_) | Self::Region(..) | Self::Peers => None,
        }
    }

    /// The machines or peers at or below it.
    pub fn members<'a>(&self, catalog: &'a Catalog) -> Vec<Member<'a>> {
        let of = |app: &Safe, wanted: &dyn Fn(&Safe, &Option<Safe>) -> bool| {
            let entry = catalog.apps.get_key_value(app);
            let machines = entry
                .into_iter()
                .flat_map(|(app, entry)| entry.machines.iter().map(move |(id, machine)| (app, id, machine)));
            machines
                .filter(|(_, id, machine)| wanted(id, &machine.region))
                .map(|(app, name, machine)| {
                    let (region, address) = (machine.region.as_ref(), machine.address);
                    Member { app: Some(app), name, region, address }
                })
                .collect()
        };
        let peer = |(name, peer): (&'a Safe, &'a super::Peer)| Member {
            app: None,
            name,
            region: None,
            address: peer.address,
        };
        match self {
            Self::App(app) => of(app, &|_, _| true),
            Self::Region(app, region) => of(app, &|_, other| other == region),
            Self::Machine(app, id) => of(app, &|other, _| other == id),
            Self::Peers => catalog.peers.iter().map(peer).collect(),
            Self::Peer(name) => catalog.peers.get_key_value(name).map(peer).into_iter().collect(),
        }
    }

    /// The places that contain it, innermost first; `region` is that of a machine.
    pub fn above(&self, region: impl FnOnce(&Safe, &Safe) -> Option<Safe>) -> Vec<Self> {
        match self {
            Self::Machine(app, id) => {
                vec![Self::Region(app.clone(), region(app, id)), Self::App(app.clone())]
            }
            Self::Region(app, _) => vec![Self::App(app.clone())],
            Self::Peer(_) => vec![Self::Peers],
            Self::App(_) | Self::Peers => Vec::new(),
        }
    }

    #[cfg(test)]
    pub fn parent(&self, catalog: &Catalog) -> Option<Self> {
        self.above(|app, id| catalog.machine(app, id)?.region.clone()).into_iter().next()
    }

    /// All places with a text form: apps with their regions and machines, then peers.
    pub fn all(catalog: &Catalog) -> impl Iterator<Item = Self> {
        let apps = catalog.apps.iter().flat_map(|(name, app)| {
            let regions: BTreeSet<&Safe> =
                app.machines.values().filter_map(|machine| machine.region.as_ref()).collect();
            let regions: Vec<Safe> = regions.into_iter().cloned().collect();
            let regions = regions.into_iter().map(|region| Self::Region(name.clone(), Some(region)));
            let machines = app.machines.keys().map(|id| Self::Machine(name.clone(), id.clone()));
            std::iter::once(Self::App(name.clone())).chain(regions).chain(machines)
        });
        apps.chain(catalog.peers.keys().cloned().map(Self::Peer))
    }

    /// The place in the catalog with this text form.
    pub fn read(text: &str, catalog: &Catalog) -> Option<Self> {
        Self::all(catalog).find(|node| node.to_string() == text)
    }

    /// Stored form of a place that can be folded; `None` if its name needed escaping.
    pub fn to_path(&self) -> Option<Vec<String>> {
        let plain = |name: &Safe| (!name.is_escaped()).then(|| name.to_string());
        match self {
            Self::Peers => Some(vec![PEERS.into()]),
            Self::App(app) => Some(vec![plain(app)?]),
            Self::Region(app, Some(region)) => Some(vec![plain(app)?, plain(region)?]),
            _ => None,
        }
    }

    pub fn from_path(path: &[String]) -> Option<Self> {
        match path {
            [one] if one == PEERS => Some(Self::Peers),
            [app] => Some(Self::App(Safe::new(app))),
            [app, region] => Some(Self::Region(Safe::new(app), Some(Safe::new(region)))),
            _ => None,
        }
    }
}

/// Text form: `web`, `web/iad`, `web/148e21b7c93d89`, `peers/my-peer`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(app) | Self::Region(app, None) => write!(f, "{app}"),
            Self::Region(app, Some(region)) => write!(f, "{app}/{region}"),
            Self::Machine(app, id) => write!(f, "{app}/{id}"),
            Self::Peers => f.write_str("peers"),
            Self::Peer(peer) => write!(f, "peers/{peer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{App, Machine, Peer};

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        let mut web = App::default();
        let machine = |region: Option<&str>, n: u16| {
            (region.map(Into::into), Some(Ipv6Addr::from([n, 0, 0, 0, 0, 0, 0, 1])))
        };
        for (id, (region, address)) in
            [("m1", machine(Some("iad"), 1)), ("m2", machine(Some("fra"), 2)), ("m3", machine(None, 3))]
        {
            web.machines.insert(id.into(), Machine { region, address, ..Machine::default() });
        }
        catalog.apps.insert("web".into(), Arc::new(web));
        let address = Some(Ipv6Addr::LOCALHOST);
        catalog.peers.insert("my-peer".into(), Peer { address, ..Peer::default() });
        catalog
    }

    #[test]
    fn a_place_is_read_back_from_its_text_its_name_and_its_address() {
        let catalog = catalog();
        let all: Vec<Node> = Node::all(&catalog).collect();
        let texts: Vec<String> = all.iter().map(Node::to_string).collect();
        assert_eq!(texts, ["web", "web/fra", "web/iad", "web/m1", "web/m2", "web/m3", "peers/my-peer"]);
        for node in all {
            assert_eq!(Node::read(&node.to_string(), &catalog).as_ref(), Some(&node));
            assert_eq!(Node::of_form(&node.form()).as_ref(), Some(&node));
            assert_eq!(Node::about(&node.form(), &catalog).as_ref(), Some(&node));
            assert!(node.exists(&catalog));
            if let Some(address) = node.address(&catalog) {
                assert_eq!(Node::at(address, &catalog), Some(node));
            }
        }
        assert_eq!(Node::read("web/zzz", &catalog), None);
        assert_eq!(Node::about(&Form::Vms("web".into()), &catalog), Some(Node::App("web".into())));
        assert_eq!(Node::about(&Form::App("api".into()), &catalog), None);
        assert!(!Node::Region("web".into(), Some("syd".into())).exists(&catalog));
    }

    #[test]
    fn members_are_at_or_below_and_parents_above() {
        let catalog = catalog();
        let members =
            |node: Node| node.members(&catalog).iter().map(|one| one.name.to_string()).collect::<Vec<_>>();
        assert_eq!(members(Node::App("web".into())), ["m1", "m2", "m3"]);
        assert_eq!(members(Node::Region("web".into(), None)), ["m3"]);
        assert_eq!(members(Node::Machine("web".into(), "m2".into())), ["m2"]);
        assert_eq!(members(Node::Peers), ["my-peer"]);
        assert_eq!(members(Node::Peer("other".into())), [""; 0]);
        let machine = Node::Machine("web".into(), "m1".into());
        assert_eq!(machine.parent(&catalog), Some(Node::Region("web".into(), Some("iad".into()))));
        assert_eq!(Node::App("web".into()).parent(&catalog), None);
    }

    #[test]
    fn what_can_be_folded_is_kept_as_a_path() {
        for node in [Node::Peers, Node::App("web".into()), Node::Region("web".into(), Some("iad".into()))] {
            assert_eq!(node.to_path().and_then(|path| Node::from_path(&path)), Some(node));
        }
        assert_eq!(Node::App(Safe::new(b"a\x1bb")).to_path(), None);
        assert_eq!(Node::from_path(&[]), None);
    }
}
