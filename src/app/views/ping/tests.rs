//! Ping targets as keys, the palette and the catalog change them.

use super::*;
use crate::app::network::NetworkId;
use crate::app::subject::TOO_MANY;
use crate::app::targets::read;
use crate::app::tests::{ORG, Session};
use crate::app::{Effect, Tab, sentence};
use crate::engine::report::Command;
use crate::engine::targets::{TargetSpec, at};
use crate::probe::series::PingTarget;

/// Labels of the targets last sent to the engine, `-` before paused ones.
fn pinged(s: &Session) -> String {
    let show =
        |target: &PingTarget| format!("{}{}", if target.paused { "-" } else { "" }, target.target.label);
    s.state.networks.front().ping_targets.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn p_pins_and_unpins() {
    let mut s = Session::attached();
    s.keys("/17815<enter>Gp<esc>g");
    assert_eq!(pinged(&s), "gateway 17815dd2b06689");
    s.keys("/17815<enter>Gp");
    assert!(s.state.networks.front().target_list.is_empty());
    s.keys("<esc>g");
    assert_eq!(pinged(&s), "gateway");
}

#[test]
fn targets_follow_the_catalog() {
    let mut s = Session::attached();
    s.keys("/api<enter>gP<esc>G");
    assert_eq!(pinged(&s), "gateway 2874d13b5f0e68 e2865a6e82319b");
    // Addresses depend on the position in the list.
    s.catalog(&[ORG[0], "api:iad/2874d13b5f0e68"]);
    assert_eq!(pinged(&s), "gateway 2874d13b5f0e68 -e2865a6e82319b", "a gone machine is paused");
    let gone = s.state.networks.front().ping_targets[2].target.address;
    assert!(s.state.networks.front().target_list.member(gone).unwrap().gone);
    s.catalog(&[ORG[0], "api:iad/2874d13b5f0e68,fra/9185ffffffffff"]);
    // The new machine has the address of the gone one, so the target is not gone.
    assert_eq!(pinged(&s), "gateway 2874d13b5f0e68 9185ffffffffff");
}

#[test]
fn a_typed_target_is_read() {
    let s = Session::attached();
    let read = |text: &str| read(&s.state, text);
    let node = |node| Ok(TargetSpec::Node(node));
    assert_eq!(read("web"), node(Node::App("web".into())));
    assert_eq!(read("web.internal"), node(Node::App("web".into())));
    assert_eq!(read("iad.web.internal"), node(Node::Region("web".into(), Some("iad".into()))));
    let machine = Node::Machine("web".into(), "148e21b7c93d89".into());
    for text in ["148e21b7c93d89", "web/148e21b7c93d89", "148e21b7c93d89.vm.web.internal"] {
        assert_eq!(read(text), node(machine.clone()), "{text}");
    }
    assert_eq!(read("peers/my-peer"), node(Node::Peer("my-peer".into())));
    assert_eq!(read("gateway"), Ok(TargetSpec::Address(s.state.networks.front().identity.dns.addr)));
    assert_eq!(read("fdaa::1"), Ok(TargetSpec::Address("fdaa::1".parse().unwrap())));
    assert_eq!(read("db.example.com"), Ok(TargetSpec::Name("db.example.com".into())));
    assert!(read("a..b").unwrap_err().contains("not a target"));
}

#[test]
fn an_app_is_pinged_round_robin() {
    let mut s = Session::attached();
    s.keys("/api<enter>g");
    s.keys("T");
    let round_robin = |s: &Session| {
        let target = s
            .state
            .networks
            .front()
            .ping_targets
            .iter()
            .find(|target| !target.round_robin.is_empty())
            .cloned();
        target.map(|target| (target.target, target.round_robin, target.paused))
    };
    let machines = at(&s.state.networks.front().shown.catalog, &Node::App("api".into()));
    let addresses: Vec<Ipv6Addr> = machines.into_iter().map(|member| member.target.address).collect();
    let (target, first, paused) = round_robin(&s).unwrap();
    assert_eq!((target.label.as_str(), &first, paused), ("api.internal", &addresses, false));
    // A new machine joins the round robin, and the figures continue, although the first one is gone.
    s.catalog(&["api:lhr/e2865a6e82319b,fra/9185ffffffffff", ORG[0]]);
    let (later, now, _) = round_robin(&s).unwrap();
    assert_eq!((&later, now.len()), (&target, 2));
    s.catalog(&[ORG[0], "api"]);
    let (later, _, paused) = round_robin(&s).unwrap();
    assert_eq!((later, paused), (target.clone(), true), "no machine is left");
    // A machine of the app has a row of its own, and both can be selected.
    s.catalog(&ORG[..2]);
    s.keys("P3");
    let all: Vec<Series> = s
        .state
        .networks
        .front()
        .ping_targets
        .iter()
        .map(|target| Series { round_robin: target.round_robin.len(), ..Series::new(target.target.clone()) })
        .collect();
    s.report(crate::engine::report::Report::Pings(std::sync::Arc::new(all)));
    let labels = |s: &Session| {
        s.state.ping_rows().iter().map(|row| row.series.target.label.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(labels(&s).len(), 4, "{:?}", labels(&s));
    for _ in 0..4 {
        if s.state.chosen_series().unwrap().round_robin > 0 {
            break;
        }
        s.keys("j");
    }
    assert_eq!(s.state.pinged_node(), Some(Node::App("api".into())));
    assert!(subject::traceable(&s.state, spec(&s.state)).is_err(), "two targets have two routes");
    s.keys("x");
    assert!(round_robin(&s).is_none() && s.state.networks.front().ping_targets.len() == 3, "{}", pinged(&s));
}

#[test]
fn the_matrix_has_a_selected_cell() {
    let mut s = Session::attached();
    s.keys("M");
    let node = |s: &Session| s.state.pinged_node();
    let region = |app: &str, region: &str| Some(Node::Region(app.into(), Some(region.into())));
    // api, web by fra, iad, lhr, syd.
    assert_eq!(node(&s), Some(Node::App("api".into())), "it has nothing in fra");
    s.keys("l");
    assert_eq!(node(&s), region("api", "iad"));
    s.keys("jllll");
    assert_eq!(node(&s), region("web", "syd"));
    assert_eq!(s.state.toast(), Some("This is the last region"));
    s.keys("hhhh");
    assert_eq!((node(&s), s.state.toast()), (region("web", "fra"), Some("This is the first region")));
    s.keys("<enter>");
    assert_eq!(s.state.views.explore.tree.selected().cloned(), region("web", "fra"));
}

#[test]
fn a_name_is_added_and_its_addresses_are_pinged() {
    let mut s = Session::attached();
    s.keys(":ping other.internal<enter>");
    let follow = Effect::Ask(NetworkId::FIRST, Command::Follow(vec!["other.internal".into()]));
    assert!(s.effects.contains(&follow), "{:?}", s.effects);
    let names = [("other.internal".into(), vec!["fdaa::9".parse().unwrap()])];
    s.report(crate::engine::report::Report::Names(std::sync::Arc::new(names.into())));
    assert_eq!(pinged(&s), "gateway other.internal");
    assert!(s.state.networks.front().ping_targets.iter().all(|target| !target.paused));
}

#[test]
fn a_target_is_added_with_its_key() {
    let mut s = Session::attached();
    s.keys("3aother.internal<enter>");
    let follow = Effect::Ask(NetworkId::FIRST, Command::Follow(vec!["other.internal".into()]));
    assert!(s.effects.contains(&follow), "{:?}", s.effects);
}

#[test]
fn a_requested_target_replaces_the_matrix() {
    for key in ["t", "o"] {
        let mut s = machine_pinged();
        s.keys("M1");
        s.keys("/17815<enter>G");
        s.keys(key);
        assert!(s.state.views.ping.matrix.is_none() && s.state.views.ping.lower != Lower::Chart, "{key}");
    }
}

/// A session in the Ping view, with a machine of the org selected and pinged.
fn machine_pinged() -> Session {
    let mut s = Session::attached();
    s.keys("/17815<enter>Gp3");
    let all: Vec<Series> = s
        .state
        .networks
        .front()
        .ping_targets
        .iter()
        .map(|target| Series::new(target.target.clone()))
        .rev()
        .collect();
    s.state.choose_ping(all[0].target.clone());
    s.report(crate::engine::report::Report::Pings(all.into()));
    s
}

#[test]
fn a_trace_ends_when_it_is_hidden() {
    let ends = |s: &Session| s.effects.contains(&Effect::Ask(NetworkId::FIRST, Command::Trace(None)));
    for keys in ["v", "V", "o", "O", "<esc>", ":ports 22<enter>"] {
        let mut s = machine_pinged();
        s.keys("t");
        assert!(matches!(s.effects.as_slice(), [Effect::Ask(_, Command::Trace(Some(_)))]), "{:?}", s.effects);
        s.keys("j");
        assert!(!ends(&s), "it is still shown");
        s.keys(keys);
        assert_ne!(s.state.views.ping.lower, Lower::Trace);
        assert!(ends(&s), "{keys}: {:?}", s.effects);
        s.keys("j");
        assert!(!ends(&s), "once");
    }
}

#[test]
fn gone_machines_leave_room_for_present_ones() {
    let mut s = Session::new();
    let deploy = |n: usize| format!("web:iad/{:014x}", 0xfff - n);
    s.catalog(&[&deploy(0)]);
    s.keys("/web<enter>gP<esc>");
    // Each deploy has another machine at another address. Labels fall, so new ones sort first, and the last is gone.
    for n in 1..100 {
        let others = ["a:".to_owned() + &vec![format!("iad/{n:014x}"); n].join(",")];
        s.catalog(&[&others[0], &deploy(n)]);
    }
    let gone: Vec<&str> = s
        .state
        .networks
        .front()
        .ping_targets
        .iter()
        .filter(|target| target.paused)
        .map(|target| target.target.label.as_str())
        .collect();
    assert_eq!(gone.len(), 16, "{gone:?}");
    for n in 99 - 16..99 {
        assert!(gone.contains(&format!("{:014x}", 0xfff - n).as_str()), "the last ones are gone: {gone:?}");
    }
    assert_eq!(s.state.networks.front().target_list.left_out(), 0);
    // At the limit, present machines have priority.
    let many = |from: usize| {
        let all: Vec<String> = (from..from + 1100).map(|n| format!("iad/{n:014x}")).collect();
        format!("web:{}", all.join(","))
    };
    s.catalog(&[&many(0x100_000)]);
    let paused =
        |s: &Session| s.state.networks.front().ping_targets.iter().filter(|target| target.paused).count();
    assert_eq!(
        (s.state.networks.front().ping_targets.len(), paused(&s)),
        (1024, 0),
        "all targets are present machines"
    );
    assert_eq!(s.state.networks.front().target_list.left_out(), 1101 - 1024, "with the gateway");
}

#[test]
fn connections_are_counted_per_port_and_a_refusal_changes_nothing() {
    let checks = |s: &Session| {
        s.effects.iter().find_map(|effect| match effect {
            Effect::Ask(_, Command::Ports(checks)) => Some(checks.len()),
            _ => None,
        })
    };
    let many = |s: &mut Session| {
        let all: Vec<String> = (0..65).map(|n| format!("iad/{n:014x}")).collect();
        s.catalog(&[&format!("big:{}", all.join(","))]);
        s.keys("g");
    };
    let mut s = Session::new();
    many(&mut s);
    s.keys("o");
    assert_eq!(
        (s.state.tab, s.state.toast(), checks(&s)),
        (Tab::Explore, Some(&*sentence(TOO_MANY.into())), None)
    );
    assert!(s.state.networks.front().target_list.is_empty(), "it is not pinged either");
    s.keys(":ports 22<enter>");
    assert_eq!((s.state.tab, checks(&s)), (Tab::Ping, Some(65)), "{:?}", s.state.toast());
    // No port at all.
    let mut s = Session::new();
    s.state.settings.ports = Arc::default();
    many(&mut s);
    s.keys("o");
    assert!(s.state.toast().unwrap().starts_with("The settings list no ports"), "{:?}", s.state.toast());
    assert_eq!((s.state.tab, checks(&s)), (Tab::Explore, None));
    s.keys(":ports 22<enter>");
    assert_eq!(checks(&s), Some(65), "{:?}", s.state.toast());
}
