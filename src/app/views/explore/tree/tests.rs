//! The tree as keys and catalogs change it.

use super::*;
use crate::app::tests::Session;
use crate::engine::report::Report;
use std::sync::Arc;
use std::time::Duration;

fn found(filter: &str) -> Vec<String> {
    let mut s = Session::attached();
    s.catalog(&[
        "dashboard-backend:iad/abcdef00000001,fra/dbb0000000000b",
        "web:iad/148e21b7c93d89,fra/17815dd2b06689",
        "web-admin",
    ]);
    s.wait(11);
    ping(&mut s);
    s.keys("/").keys(filter);
    leaves(&s)
}

/// The rows without rows below them.
fn leaves(s: &Session) -> Vec<String> {
    let rows = s.state.views.explore.tree.rows().filter(|row| row.open.is_none());
    rows.map(|row| match row.node {
        Node::App(name) | Node::Peer(name) => name.to_string(),
        Node::Machine(app, id) => format!("{app}/{}", &id.as_str()[..4]),
        Node::Region(..) | Node::Peers => "?".into(),
    })
    .collect()
}

/// `148e…` answers in 80 ms, `1781…` lost its last probe.
fn ping(s: &mut Session) {
    let series = |id: &str, newest: Option<u64>| {
        let catalog = &s.state.networks.front().shown.catalog;
        let address = catalog.machine(&"web".into(), &id.into()).unwrap().address.unwrap();
        crate::app::tests::pinged(id, address, newest)
    };
    let pings = vec![series("148e21b7c93d89", Some(80)), series("17815dd2b06689", None)];
    s.report(Report::Pings(Arc::new(pings)));
}

#[test]
fn words_find_names_ids_and_addresses() {
    assert_eq!(found("148e"), ["web/148e"]);
    assert_eq!(found("WEB-"), ["web-admin"], "case does not matter");
    assert_eq!(found("b83f"), ["web/1781"], "a part of an address");
    assert_eq!(found(":b83f:2"), ["web/1781"]);
    assert_eq!(found("my-p"), ["my-peer"]);
    assert_eq!(found("web iad"), ["web/148e"], "all words match");
}

#[test]
fn scattered_letters_match_a_name_if_no_name_contains_them() {
    assert_eq!(found("dshbck"), ["dashboard-backend/dbb0", "dashboard-backend/abcd"]);
    // An ID that contains it does not hide the name that has its letters.
    assert_eq!(found("dbb"), ["dashboard-backend/dbb0", "dashboard-backend/abcd"]);
    assert_eq!(found("web/148"), ["web/148e"], "a path as it is written");
    assert_eq!(found("wb"), ["web/1781", "web/148e", "web-admin"]);
    assert_eq!(found("zzz"), [""; 0]);
}

#[test]
fn terms_exclude_and_compare_with_one_property() {
    assert_eq!(found("!iad !peer"), ["dashboard-backend/dbb0", "web/1781", "web-admin"]);
    assert_eq!(found("app:web region:iad"), ["web/148e"]);
    assert_eq!(found("region:fra !app:web"), ["dashboard-backend/dbb0"]);
    assert_eq!(found("rtt>50"), ["web/148e"]);
    assert_eq!(found("rtt>80"), [""; 0]);
    assert_eq!(found("rtt<81ms"), ["web/148e"]);
    assert_eq!(found("lost"), ["web/1781"]);
    assert_eq!(found("app:web !lost"), ["web/148e", "web-admin"]);
}

#[test]
fn a_filter_for_pings_follows_them() {
    let mut s = Session::attached();
    s.keys("/lost");
    assert_eq!(leaves(&s), [""; 0]);
    ping(&mut s);
    assert_eq!(leaves(&s), ["web/1781"]);
}

#[test]
fn rows_are_sorted_by_name_count_region_and_round_trip() {
    let mut s = Session::attached();
    s.catalog(&["a:syd/1000", "b:fra/2000,fra/2001", "c:iad/3000,fra/3001,iad/3002", "d"]);
    s.wait(11);
    s.keys("*");
    let apps = |s: &Session| -> String {
        let nodes = s.state.views.explore.tree.rows().map(|row| row.node);
        nodes
            .filter_map(|node| if let Node::App(app) = node { Some(app.to_string()) } else { None })
            .collect()
    };
    assert_eq!(apps(&s), "abcd");
    s.keys("S");
    assert_eq!(apps(&s), "dcba");
    s.keys("Ss");
    assert_eq!(apps(&s), "cbad");
    s.keys("s");
    assert_eq!((apps(&s).as_str(), s.state.views.explore.tree.sort()), ("bcad", Sort::Region));
    s.keys("s");
    let address =
        s.state.networks.front().shown.catalog.machine(&"c".into(), &"3002".into()).unwrap().address.unwrap();
    s.report(Report::Pings(Arc::new(vec![crate::app::tests::pinged("3002", address, Some(3))])));
    assert_eq!(apps(&s), "cabd", "the one with a round trip first");
    assert_eq!(leaves(&s)[..3], ["c/3002", "c/3000", "c/3001"]);
}

#[test]
fn changes_are_marked_in_place_and_counted_on_folded_rows() {
    let mut s = Session::attached();
    s.keys("*");
    s.catalog(&[
        "web:ams/148e21b7c93d89,fra/17815dd2b06689,syd/5683d4e5f72089,iad/new",
        "api:iad/2874d13b5f0e68",
    ]);
    let moved = Node::Machine("web".into(), "148e21b7c93d89".into());
    assert_eq!(s.state.views.explore.tree.mark(&moved, s.now), Some(&Mark::Moved(Some("iad".into()))));
    let web = s.state.views.explore.tree.rows().find(|row| row.node == Node::App("web".into())).unwrap();
    // Addresses in this org are numbered, so the two others have new ones too.
    assert_eq!(web.tally, Tally { came: 1, went: 2, changed: 3 });
    let admin = s.state.views.explore.tree.rows().find(|row| row.node == Node::App("admin".into())).unwrap();
    assert!(admin.gone);
    assert_eq!(s.state.next_tick().map(|at| at - s.now), Some(Duration::from_secs(10)));
    s.wait(10);
    assert_eq!(s.state.views.explore.tree.mark(&moved, s.now), None);
    let rows: Vec<Row> = s.state.views.explore.tree.rows().collect();
    assert!(rows.iter().all(|row| !row.gone && row.tally == Tally::default()));
}

#[test]
fn a_selection_in_a_folded_row_moves_to_its_parent() {
    let mut s = Session::attached();
    s.keys("/148e<enter>G<esc>");
    assert!(s.rows().contains(">    148e21b7c93d89"));
    s.keys("**");
    let selected = s.state.views.explore.tree.selected();
    assert!(matches!(selected, Some(Node::Machine(..) | Node::App(_))), "{selected:?}");
    s.keys("*");
    assert_eq!(s.state.views.explore.tree.selected(), Some(&Node::App("web".into())));
}

#[test]
fn every_row_is_found_by_its_index_and_its_node() {
    let mut s = Session::attached();
    for keys in ["", "*", "*", "jj+", "/iad", "<esc>s"] {
        s.keys(keys);
        let tree = &s.state.views.explore.tree;
        assert_eq!(tree.rows().count(), tree.len());
        for (at, row) in tree.rows().enumerate() {
            assert_eq!(tree.index.find(&row.node), Some(at), "{row:?}");
        }
        assert_eq!(tree.row(tree.len()), None);
    }
}
