//! Refreshes requested by the user: everything, or the selected parts.

use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::catalog::walk::Part;

/// Scope of a requested refresh; it starts as soon as no walk is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    All,
    Part(Part),
}

/// Requested refreshes that have not started.
#[derive(Debug, Default)]
pub struct Wanted(Option<Again>);

impl Wanted {
    /// Adds all at and below `nodes`, or everything.
    pub fn join(&mut self, nodes: Option<&[Node]>, catalog: &Catalog) {
        let part = nodes.map(|nodes| of(nodes, catalog)).filter(|part| !part.is_empty());
        self.0 = match (self.0.take(), part) {
            (Some(Again::All), _) | (_, None) => Some(Again::All),
            (None, Some(part)) => Some(Again::Part(part)),
            (Some(Again::Part(mut before)), Some(part)) => {
                before.join(part);
                Some(Again::Part(before))
            }
        };
    }

    /// Takes the scope to start now.
    pub fn take(&mut self) -> Option<Again> {
        self.0.take()
    }
}

/// All at and below these nodes.
fn of(nodes: &[Node], catalog: &Catalog) -> Part {
    let mut part = Part::default();
    for node in nodes {
        match node {
            Node::Peers => {
                part.peers = true;
                part.of_peers.extend(catalog.peers.keys().cloned());
            }
            Node::Peer(peer) => drop(part.of_peers.insert(peer.clone())),
            Node::Machine(app, id) => drop(part.apps.entry(app.clone()).or_default().insert(id.clone())),
            Node::App(app) | Node::Region(app, _) => {
                let machines = part.apps.entry(app.clone()).or_default();
                let below = catalog.apps.get(app).into_iter().flat_map(|app| &app.machines);
                let below = below.filter(|(_, machine)| match node {
                    Node::Region(_, region) => machine.region == *region,
                    _ => true,
                });
                machines.extend(below.map(|(id, _)| id.clone()));
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{App, Machine};
    use crate::text::Safe;
    use std::sync::Arc;

    fn catalog() -> Catalog {
        let mut app = App::default();
        for (id, region) in [("a", "iad"), ("b", "iad"), ("c", "fra")] {
            let machine = Machine { region: Some(region.into()), ..Machine::default() };
            app.machines.insert(id.into(), machine);
        }
        let mut catalog = Catalog::default();
        catalog.apps.insert("web".into(), Arc::new(app));
        catalog
    }

    fn machines(part: &Part) -> Vec<&str> {
        part.apps.get(&Safe::new("web")).into_iter().flatten().map(Safe::as_str).collect()
    }

    #[test]
    fn a_place_includes_everything_below_and_all_replaces_a_part() {
        let catalog = catalog();
        let web = || Safe::new("web");
        assert_eq!(machines(&of(&[Node::App(web())], &catalog)), ["a", "b", "c"]);
        let region = Node::Region(web(), Some("iad".into()));
        assert_eq!(machines(&of(std::slice::from_ref(&region), &catalog)), ["a", "b"]);
        let mut wanted = Wanted::default();
        wanted.join(Some(&[Node::Machine(web(), "c".into())]), &catalog);
        wanted.join(Some(&[region, Node::Peer("p".into())]), &catalog);
        let Some(Again::Part(part)) = &wanted.0 else { panic!("{wanted:?}") };
        assert_eq!(
            (machines(part).as_slice(), part.of_peers.len(), part.peers),
            (&["a", "b", "c"][..], 1, false)
        );
        wanted.join(None, &catalog);
        wanted.join(Some(&[Node::Peers]), &catalog);
        assert_eq!(wanted.take(), Some(Again::All));
        assert_eq!(wanted.take(), None);
    }
}
