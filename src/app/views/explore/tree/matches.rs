//! Steps between matches of the filter: rows that match themselves, not the rows above or below them.

use super::Tree;
use super::filter::Judge;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::probe::series::Series;
use crate::text::Safe;

/// Result of a step to another match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The match was found.
    Here,
    /// The match was found after the end of the tree.
    Round,
    /// There is no other match.
    NoOther,
}

impl Tree {
    /// Selects the next or previous match.
    #[expect(clippy::wrong_self_convention, reason = "it goes there")]
    pub fn to_match(&mut self, forward: bool, catalog: &Catalog, pings: &[Series]) -> Found {
        let (here, rows) = (self.position(), self.len());
        let mut judge = Judge::new(&self.filter, catalog, pings);
        let round = |by: usize| if forward { (here + by) % rows } else { (here + rows - by) % rows };
        let found = (1..rows)
            .map(round)
            .find(|at| self.row(*at).is_some_and(|row| self.is_match(&mut judge, &row.node, catalog)));
        let Some(found) = found else { return Found::NoOther };
        self.select(found);
        if (found > here) == forward { Found::Here } else { Found::Round }
    }

    /// Whether a row matches the filter itself, not only through its parent.
    fn is_match(&self, judge: &mut Judge<'_>, node: &Node, catalog: &Catalog) -> bool {
        match node {
            Node::App(app) => {
                let bits = judge.app(app);
                judge.means_app(bits)
            }
            Node::Region(app, region) => {
                let bits = judge.app(app);
                let own = judge.region(bits, region.as_ref());
                !judge.means_app(bits) && judge.means_app(own)
            }
            Node::Machine(app, id) => {
                let ghost = || self.marks.ghost(app, id);
                let Some(machine) = catalog.machine(app, id).or_else(ghost) else { return false };
                let bits = judge.app(app);
                let bits = judge.region(bits, machine.region.as_ref());
                let region = machine.region.as_ref().map_or("", Safe::as_str);
                !judge.means_app(bits) && judge.means_machine(bits, [app.as_str(), region], id, machine)
            }
            Node::Peers => false,
            Node::Peer(peer) => judge.means_peer(peer, catalog.peers.get(peer).and_then(|peer| peer.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::tests::Session;

    fn walked(filter: &str, keys: &str) -> Vec<String> {
        let mut s = Session::attached();
        s.keys(&format!("/{filter}<enter>g"));
        keys.chars()
            .map(|key| {
                s.keys(&key.to_string());
                let rows = s.rows();
                let row = rows.lines().find(|line| line.starts_with('>')).unwrap_or("none");
                format!("{}{}", row.trim_start_matches(['>', ' ']), s.state.toast().unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn n_steps_from_match_to_match() {
        assert_eq!(walked("iad", "nnn"), ["iad", "iad", "iadContinued from the top"]);
        assert_eq!(walked("web", "n"), ["webNo other match"]);
        assert_eq!(walked("api iad", "n"), ["iad"], "each word matches at its own row");
        assert_eq!(walked("5683", "n"), ["5683d4e5f72089"]);
    }
}
