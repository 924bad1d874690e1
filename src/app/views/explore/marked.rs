//! The rows that commands of the tree act on: the marked ones, or the selected one.

use crate::app::State;
use crate::app::targets;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::engine::targets::{TargetSpec, at};
use crate::text::{Safe, count};

impl State {
    /// The marked rows, or the selected one if none is marked.
    pub fn meant(&self) -> Vec<Node> {
        let marked = self.views.explore.tree.marked();
        if marked.is_empty() {
            self.views.explore.tree.selected().cloned().into_iter().collect()
        } else {
            marked.iter().cloned().collect()
        }
    }
}

/// Starts to ping all marked rows, or stops if all are pinged already.
pub fn toggle_pings(state: &mut State) {
    let (known, specs): (Vec<bool>, Vec<TargetSpec>) = state
        .meant()
        .into_iter()
        .filter(|node| !at(&state.networks.front().shown.catalog, node).is_empty())
        .map(|node| {
            let spec = TargetSpec::Node(node);
            (state.networks.front().target_list.has(&spec), spec)
        })
        .unzip();
    if specs.is_empty() {
        return state.say("Nothing to ping here: no known address");
    }
    let rows = count(specs.len(), "marked row");
    if known.iter().all(|known| *known) {
        for spec in specs {
            targets::toggle(state, spec);
        }
        return state.say(format!("Stopped pinging {rows}"));
    }
    for spec in specs {
        targets::want(state, spec);
    }
    state.say(format!("Pinging {rows}"));
}

/// Whether one of `nodes` is this machine or contains it.
pub fn holds(nodes: &std::collections::BTreeSet<Node>, catalog: &Catalog, app: &Safe, id: &Safe) -> bool {
    let region = || catalog.machine(app, id).and_then(|machine| machine.region.clone());
    nodes.contains(&Node::App(app.clone()))
        || nodes.contains(&Node::Machine(app.clone(), id.clone()))
        || nodes.contains(&Node::Region(app.clone(), region()))
}

#[cfg(test)]
mod tests {
    use crate::app::Effect;
    use crate::app::tests::Session;
    use crate::engine::report::Command;

    fn copied(s: &Session) -> &str {
        s.effects
            .iter()
            .find_map(|effect| if let Effect::Copy(text) = effect { Some(text.as_str()) } else { None })
            .unwrap()
    }

    #[test]
    fn keys_act_on_the_marked_rows_and_esc_clears_the_marks() {
        let mut s = Session::attached();
        s.keys("/fra<enter>Gm<esc>/syd<enter>Gm<esc>");
        assert_eq!(s.state.views.explore.tree.marked().len(), 2);
        s.keys("y");
        assert_eq!(copied(&s).lines().count(), 2, "{:?}", s.effects);
        assert!(s.state.toast().unwrap().starts_with("Copied the addresses, 2 lines"));
        s.keys("p");
        let ping_targets = |s: &Session| {
            let ping_targets = s.effects.iter().find_map(|effect| match effect {
                Effect::Ask(_, Command::Ping(ping_targets)) => Some(ping_targets.len()),
                _ => None,
            });
            ping_targets.unwrap_or(0)
        };
        assert_eq!(
            (s.state.toast(), ping_targets(&s)),
            (Some("Pinging 2 marked rows"), 3),
            "the marked ones, of which one is selected, and the gateway"
        );
        s.keys("p");
        assert_eq!((s.state.toast(), ping_targets(&s)), (Some("Stopped pinging 2 marked rows"), 2));
        s.keys("r");
        let refresh = s.effects.iter().find_map(|effect| match effect {
            Effect::Ask(_, Command::Refresh(nodes)) => nodes.clone(),
            _ => None,
        });
        assert_eq!(refresh.map(|nodes| nodes.len()), Some(2));
        s.keys(":copy-as csv<enter>");
        assert_eq!(copied(&s).lines().count(), 3, "a heading and the two: {}", copied(&s));
        s.keys(":copy-as dig<enter>");
        assert_eq!(copied(&s).lines().count(), 2);
        s.keys("<esc>");
        assert!(s.state.views.explore.tree.marked().is_empty());
    }

    #[test]
    fn a_mark_ends_with_its_row_and_stays_on_a_folded_one() {
        let mut s = Session::attached();
        s.keys("/17815<enter>Gm<esc>");
        s.keys("**");
        assert_eq!(s.state.views.explore.tree.marked().len(), 1, "folded");
        s.catalog(&["web:iad/148e21b7c93d89"]);
        assert!(s.state.views.explore.tree.marked().is_empty());
    }

    #[test]
    fn d_queries_all_marked_rows_in_one_line() {
        let mut s = Session::attached();
        s.keys("gjmG<esc>gm");
        let names = s.state.meant().len();
        s.keys("d");
        let asks = s.effects.iter().find_map(|effect| match effect {
            Effect::Ask(_, Command::Dig(_, line)) => Some(line.asks.len()),
            _ => None,
        });
        assert_eq!(asks, Some(names));
    }
}
