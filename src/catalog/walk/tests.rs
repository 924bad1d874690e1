//! Walks over a network given as a table of names and responses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::catalog::Records;

type Zone = BTreeMap<&'static str, Vec<&'static str>>;

/// Responds like a server with `zone`; a name whose entry is `!` fails, one that begins with `~` is incomplete.
fn respond(zone: &Zone, form: &Form) -> Response {
    let mut response = Response {
        outcome: Outcome::NOERROR,
        reason: None,
        texts: vec![],
        addresses: vec![],
        rtt: Some(Duration::from_millis(9)),
        ttl: Some(Duration::from_secs(5)),
    };
    match zone.get(form.to_string().as_str()).map(Vec::as_slice) {
        None => response.outcome = Outcome::NXDOMAIN,
        Some(["!"]) => (response.outcome, response.rtt) = (Outcome::Timeout, None),
        Some(records) => {
            for record in records {
                match record.parse() {
                    _ if *record == "~" => response.outcome = Outcome::Incomplete,
                    Ok(address) => response.addresses.push(address),
                    Err(_) => response.texts.push(record.as_bytes().to_vec()),
                }
            }
        }
    }
    response
}

fn walk(before: Arc<Catalog>, zone: &Zone, scope: Scope, now: Instant) -> (Arc<Catalog>, Vec<String>) {
    let mut walk = Walk::new(before, scope, &[], now);
    let mut queried = Vec::new();
    while let Some(form) = walk.next_question() {
        queried.push(form.to_string());
        walk.absorb(&form, &respond(zone, &form), now);
    }
    assert!(walk.is_done());
    assert!(!walk.catalog().walk.running);
    (walk.catalog().clone(), queried)
}

fn zone() -> Zone {
    BTreeMap::from([
        ("_apps.internal", vec!["web,admin"]),
        (
            "_instances.internal",
            vec![
                "instance=148e21b7c93d89,app=web,ip=fdaa:0:18:a7b:7d:f066:b83b:2,region=iad;\
                 instance=5683d4e5f72089,app=web,ip=fdaa:0:18:a7b:7e:f066:b83c:2,region=syd",
            ],
        ),
        ("vms.web.internal", vec!["148e21b7c93d89 iad,5683d4e5f72089 syd"]),
        ("148e21b7c93d89.vm.web.internal", vec!["fdaa:0:18:a7b:7d:f066:b83b:2"]),
        ("5683d4e5f72089.vm.web.internal", vec!["fdaa:0:18:a7b:7e:f066:b83c:2"]),
        ("web.flycast", vec!["fdaa:0:18:0:1::3"]),
        ("_peer.internal", vec!["my-peer"]),
        ("my-peer._peer.internal", vec!["fdaa:0:18:a7b:d6b:0:a:2"]),
    ])
}

/// The tree in one line, for comparison.
fn tree(catalog: &Catalog) -> String {
    let mut out = String::new();
    for (name, app) in &catalog.apps {
        let _ = write!(out, "{name}[");
        for (id, m) in &app.machines {
            let region = m.region.as_ref().map_or("-", Safe::as_str);
            let _ = write!(out, " {id}@{region}={}", m.address.map_or("-".into(), |a| a.to_string()));
        }
        out += " ]";
    }
    for (name, peer) in &catalog.peers {
        let _ = write!(out, " {name}={:?}", peer.address);
    }
    out
}

#[test]
fn a_healthy_network_is_walked_without_duplicate_queries() {
    let (catalog, mut queried) = walk(Arc::default(), &zone(), Scope::Full, Instant::now());
    assert_eq!(catalog.walk.method, Method::Instances);
    assert_eq!(catalog.machine_count(), 2);
    assert_eq!(catalog.apps[&"web".into()].flycast, ["fdaa:0:18:0:1::3".parse::<Ipv6Addr>().unwrap()]);
    assert!(catalog.apps[&"admin".into()].complete && catalog.apps[&"admin".into()].machines.is_empty());
    assert_eq!(catalog.conflicts, []);
    assert_eq!(catalog.walk.problems, [""; 0]);
    let total = queried.len();
    queried.sort();
    queried.dedup();
    assert_eq!(queried.len(), total);
    assert!(!queried.iter().any(|name| name.contains(".vm.")), "{queried:?}");
}

#[test]
fn without_instances_the_walk_by_app_gives_the_same_tree_and_reports_it() {
    let now = Instant::now();
    let (whole, _) = walk(Arc::default(), &zone(), Scope::Full, now);
    for broken in [vec!["!"], vec![], vec![""]] {
        let mut zone = zone();
        zone.insert("_instances.internal", broken);
        let (by_app, _) = walk(Arc::default(), &zone, Scope::Full, now);
        assert_eq!(tree(&by_app), tree(&whole));
        assert!(matches!(by_app.walk.method, Method::PerApp(_)), "{:?}", by_app.walk.method);
    }
    let mut zone = zone();
    zone.remove("_instances.internal");
    let (by_app, _) = walk(Arc::default(), &zone, Scope::Full, now);
    assert_eq!(by_app.walk.method, Method::PerApp("there is no _instances.internal".into()));
}

#[test]
fn a_machine_missing_in_instances_is_added_and_reported() {
    let mut zone = zone();
    zone.insert(
        "_instances.internal",
        vec!["instance=148e21b7c93d89,app=web,ip=fdaa:0:18:a7b:7d:f066:b83b:2,region=iad"],
    );
    let now = Instant::now();
    let (catalog, _) = walk(Arc::default(), &zone, Scope::Full, now);
    assert_eq!(tree(&catalog), tree(&walk(Arc::default(), &super::tests::zone(), Scope::Full, now).0));
    assert_eq!(catalog.conflicts.len(), 1);
    assert_eq!(catalog.conflicts[0].text, "vms.web lists it, _instances does not");
}

#[test]
fn facts_keep_their_records() {
    let (catalog, _) = walk(Arc::default(), &zone(), Scope::Full, Instant::now());
    let app = &catalog.apps[&"web".into()];
    assert_eq!(app.said_by, Records::from_iter([Record::Apps, Record::Instances, Record::Vms]));
    let machine = catalog.machine(&"web".into(), &"148e21b7c93d89".into()).unwrap();
    assert_eq!(machine.said_by, Records::from_iter([Record::Instances, Record::Vms]));
    assert_eq!(catalog.sources["_instances.internal TXT"].entries, 2);
}

#[test]
fn a_refresh_removes_only_entries_missing_from_a_response() {
    let t0 = Instant::now();
    let t1 = t0 + Duration::from_secs(5);
    let (first, _) = walk(Arc::default(), &zone(), Scope::Full, t0);

    // All queries fail: everything stays, with its age.
    let mut dead = zone();
    for answers in dead.values_mut() {
        *answers = vec!["!"];
    }
    let (stale, _) = walk(first.clone(), &dead, Scope::Full, t1);
    assert_eq!(tree(&stale), tree(&first));
    assert_eq!(stale.machine(&"web".into(), &"148e21b7c93d89".into()).unwrap().seen, Some(t0));
    assert!(!stale.walk.problems.is_empty());

    // A machine stops; an app and a peer are removed.
    let mut less = zone();
    less.insert("_apps.internal", vec!["web"]);
    less.insert("_peer.internal", vec![""]);
    less.insert(
        "_instances.internal",
        vec!["instance=148e21b7c93d89,app=web,ip=fdaa:0:18:a7b:99:f066:b83b:2,region=fra"],
    );
    less.insert("vms.web.internal", vec!["148e21b7c93d89 fra"]);
    let (after, _) = walk(first, &less, Scope::Full, t1);
    assert_eq!(tree(&after), "web[ 148e21b7c93d89@fra=fdaa:0:18:a7b:99:f066:b83b:2 ]");
}

#[test]
fn a_turn_queries_org_wide_records_and_a_few_apps() {
    let mut big = zone();
    big.insert("_apps.internal", vec!["a,b,c,d"]);
    big.insert(
        "_instances.internal",
        vec!["instance=1,app=a,ip=fdaa::1,region=x;instance=2,app=b,ip=fdaa::2,region=x;instance=3,app=c,ip=fdaa::4,region=x;instance=4,app=d,ip=fdaa::5,region=x"],
    );
    for (vms, id) in [
        ("vms.a.internal", "1 x"),
        ("vms.b.internal", "2 x"),
        ("vms.c.internal", "3 x"),
        ("vms.d.internal", "4 x"),
    ] {
        big.insert(vms, vec![id]);
    }
    let t0 = Instant::now();
    let (first, _) = walk(Arc::default(), &big, Scope::Full, t0);
    let (again, queried) = walk(first, &big, Scope::Turn { from: 3, apps: 2 }, t0 + Duration::from_secs(5));
    let vms: Vec<_> = queried.iter().filter(|name| name.starts_with("vms.")).collect();
    assert_eq!(vms, ["vms.a.internal", "vms.d.internal"]);
    assert_eq!(again.machine_count(), 4);
    assert_eq!(again.conflicts, []);
}

#[test]
fn an_empty_network_is_valid() {
    for apps in [vec![], vec![""], vec![","]] {
        let zone = BTreeMap::from([
            ("_apps.internal", apps),
            ("_instances.internal", vec![""]),
            ("_peer.internal", vec![""]),
        ]);
        let (catalog, _) = walk(Arc::default(), &zone, Scope::Full, Instant::now());
        assert!(catalog.apps.is_empty() && catalog.walk.problems.is_empty());
    }
}

#[test]
fn unusual_names_are_walked_as_well() {
    let mut zone = zone();
    zone.insert("_apps.internal", vec!["web,\u{1b}[2J,a b"]);
    let (catalog, _) = walk(Arc::default(), &zone, Scope::Full, Instant::now());
    assert_eq!(catalog.apps.keys().map(Safe::as_str).collect::<Vec<_>>(), ["\\027[2J", "a b", "web"]);
}

#[test]
fn the_screen_is_queried_first_and_flycast_last() {
    let now = Instant::now();
    let names: Vec<String> = (0..50).map(|n| format!("app-{n:02}")).collect();
    let list: &'static str = names.join(",").leak();
    let zone = BTreeMap::from([("_apps.internal", vec![list])]);
    for scope in [Scope::Full, Scope::Turn { from: 3, apps: 2 }] {
        let before = match scope {
            Scope::Full | Scope::Part => Arc::default(),
            Scope::Turn { .. } => {
                let mut full = zone.clone();
                full.insert("_instances.internal", vec!["instance=a,app=app-00"]);
                walk(Arc::default(), &full, Scope::Full, now).0
            }
        };
        let mut zone = zone.clone();
        zone.insert("_instances.internal", vec![list_of_instances(&names)]);
        let mut walk = Walk::new(before, scope, &["app-40".into(), "gone".into()], now);
        let mut queried = Vec::new();
        while let Some(form) = walk.next_question() {
            queried.push(form.to_string());
            assert_eq!(walk.stands(), queried.len() > 2, "_apps and _instances list it");
            walk.absorb(&form, &respond(&zone, &form), now);
        }
        let first_app = queried.iter().find(|name| name.starts_with("vms."));
        assert_eq!(first_app.map(String::as_str), Some("vms.app-40.internal"));
        let first_flycast = queried.iter().position(|name| name.ends_with(".flycast")).unwrap();
        assert!(queried[first_flycast..].iter().all(|name| name.ends_with(".flycast")), "{queried:?}");
        let wanted = if scope == Scope::Full { 50 } else { 3 };
        assert_eq!(queried.len() - first_flycast, wanted);
        assert!(!queried.iter().any(|name| name.contains("gone")));
    }
}

fn list_of_instances(names: &[String]) -> &'static str {
    let all: Vec<String> =
        names.iter().map(|name| format!("instance=m,app={name},ip=fdaa::1,region=iad")).collect();
    all.join(";").leak()
}

fn walk_part(before: Arc<Catalog>, zone: &Zone, part: &Part, now: Instant) -> (Arc<Catalog>, Vec<String>) {
    let mut walk = Walk::part(before, part, now);
    let mut queried = Vec::new();
    while let Some(form) = walk.next_question() {
        queried.push(form.to_string());
        walk.absorb(&form, &respond(zone, &form), now);
    }
    assert!(walk.is_done() && walk.is_part());
    (walk.catalog().clone(), queried)
}

/// `web` and some of its machines.
fn web(machines: &[&str]) -> Part {
    let machines = machines.iter().map(Safe::new).collect();
    Part { apps: BTreeMap::from([("web".into(), machines)]), ..Part::default() }
}

#[test]
fn a_part_is_queried_and_the_rest_stays() {
    let t0 = Instant::now();
    let t1 = t0 + Duration::from_mins(1);
    let mut zone = zone();
    zone.insert("_apps.internal", vec!["web,admin,api"]);
    zone.insert("vms.api.internal", vec!["!"]);
    let (before, _) = walk(Arc::default(), &zone, Scope::Full, t0);
    assert_eq!(before.walk.problems, ["vms.api.internal TXT: timeout"]);

    // Meanwhile one machine moved, one stopped, one started; so did others outside the part.
    zone.insert("vms.web.internal", vec!["148e21b7c93d89 fra,0000000000000a iad"]);
    zone.insert("148e21b7c93d89.vm.web.internal", vec!["fdaa:0:18:a7b:9:9:9:2"]);
    zone.remove("5683d4e5f72089.vm.web.internal");
    zone.insert("0000000000000a.vm.web.internal", vec!["fdaa:0:18:a7b:7:7:7:2"]);
    zone.insert("_apps.internal", vec!["web"]);
    let (after, mut queried) =
        walk_part(before.clone(), &zone, &web(&["148e21b7c93d89", "5683d4e5f72089"]), t1);
    queried.sort();
    assert_eq!(
        queried,
        [
            "0000000000000a.vm.web.internal",
            "148e21b7c93d89.vm.web.internal",
            "5683d4e5f72089.vm.web.internal",
            "regions.web.internal",
            "vms.web.internal",
            "web.flycast",
            "web.internal"
        ]
    );
    assert_eq!(
        tree(&after),
        "admin[ ]api[ ]web[ 0000000000000a@iad=fdaa:0:18:a7b:7:7:7:2 \
         148e21b7c93d89@fra=fdaa:0:18:a7b:9:9:9:2 ] my-peer=Some(fdaa:0:18:a7b:d6b:0:a:2)"
    );
    // The result of the full walk is kept: its time, and its failures.
    assert_eq!((after.walk.finished, &after.walk.problems), (Some(t0), &before.walk.problems));
    assert!(after.apps[&"admin".into()].complete && !after.apps[&"api".into()].complete);
    let moved = after.machine(&"web".into(), &"148e21b7c93d89".into()).unwrap();
    assert!(!moved.said_by.contains(Record::Instances), "the contradiction is resolved");

    // An earlier failure that is answered now is no longer a problem.
    zone.insert("vms.api.internal", vec![""]);
    let api = Part { apps: BTreeMap::from([("api".into(), BTreeSet::new())]), ..Part::default() };
    let (repaired, _) = walk_part(after, &zone, &api, t1);
    assert_eq!(repaired.walk.problems, [""; 0]);
    assert!(repaired.apps[&"api".into()].complete);
}

#[test]
fn a_part_that_fails_turns_stale_and_keeps_its_rows() {
    let t0 = Instant::now();
    let t1 = t0 + Duration::from_mins(1);
    let (before, _) = walk(Arc::default(), &zone(), Scope::Full, t0);
    let mut dead = zone();
    for answers in dead.values_mut() {
        *answers = vec!["!"];
    }
    let (after, _) = walk_part(before.clone(), &dead, &web(&["148e21b7c93d89"]), t1);
    assert_eq!(tree(&after), tree(&before));
    let app = &after.apps[&"web".into()];
    let machine = &app.machines[&"148e21b7c93d89".into()];
    assert_eq!(after.stale(app, machine), Some(t0));
    assert_eq!(after.stale_app(&after.apps[&"admin".into()]), None);
    assert!(after.walk.problems.contains(&"vms.web.internal TXT: timeout".to_owned()));
    // The next response repairs it.
    let (repaired, _) = walk_part(after, &zone(), &web(&["148e21b7c93d89"]), t1);
    assert_eq!(repaired.stale_app(&repaired.apps[&"web".into()]), None);
    assert_eq!(repaired.walk.problems, [""; 0]);
}

#[test]
fn a_contradiction_outside_the_part_stays() {
    let mut zone = zone();
    zone.insert(
        "_instances.internal",
        vec!["instance=148e21b7c93d89,app=web,ip=fdaa:0:18:a7b:7d:f066:b83b:2,region=iad"],
    );
    let now = Instant::now();
    let (before, _) = walk(Arc::default(), &zone, Scope::Full, now);
    let (after, _) = walk_part(before.clone(), &zone, &web(&[]), now + Duration::from_secs(1));
    assert_eq!(before.conflicts.len(), 1);
    assert!(after.conflicts.contains(&before.conflicts[0]), "{:?}", after.conflicts);
}

#[test]
fn a_contradiction_resolved_in_the_part_is_removed() {
    let mut wrong = zone();
    wrong.insert("web.internal", vec!["fdaa:0:18:a7b:9:9:9:2"]);
    let now = Instant::now();
    let (whole, _) = walk(Arc::default(), &zone(), Scope::Full, now);
    let (before, _) = walk_part(whole, &wrong, &web(&[]), now + Duration::from_secs(1));
    assert!(!before.conflicts.is_empty());
    let (after, _) = walk_part(before, &zone(), &web(&[]), now + Duration::from_secs(2));
    assert_eq!(after.conflicts, []);
}

#[test]
fn peers_are_a_part_too() {
    let now = Instant::now();
    let (before, _) = walk(Arc::default(), &zone(), Scope::Full, now);
    let part = Part { peers: true, of_peers: BTreeSet::from(["my-peer".into()]), ..Part::default() };
    let mut zone = zone();
    zone.insert("_peer.internal", vec!["my-peer,other"]);
    zone.insert("other._peer.internal", vec!["fdaa:0:18:a7b:d6b:0:b:2"]);
    let (after, queried) = walk_part(before, &zone, &part, now + Duration::from_secs(1));
    assert_eq!(queried.len(), 3, "{queried:?}");
    assert_eq!(after.peers.len(), 2);
    assert!(after.peers[&"other".into()].address.is_some());
}

#[test]
fn an_incomplete_response_adds_and_removes_nothing() {
    let t0 = Instant::now();
    let t1 = t0 + Duration::from_mins(1);
    let (before, _) = walk(Arc::default(), &zone(), Scope::Full, t0);
    for (name, records) in [
        ("_apps.internal", vec!["~", "web,new"]),
        ("_apps.internal", vec!["~"]),
        ("_instances.internal", vec!["~"]),
        ("vms.web.internal", vec!["~", "148e21b7c93d89 iad"]),
        ("_peer.internal", vec!["~"]),
    ] {
        let mut cut = zone();
        let adds = records.contains(&"web,new");
        // What only the cut response would have named is nowhere else.
        cut.insert("_instances.internal", vec!["~"]);
        cut.insert(name, records);
        let (after, _) = walk(before.clone(), &cut, Scope::Full, t1);
        for (app, entry) in &before.apps {
            let kept: Vec<_> = after.apps[app].machines.keys().collect();
            assert_eq!(kept, entry.machines.keys().collect::<Vec<_>>(), "{name}");
        }
        assert!(before.peers.keys().all(|peer| after.peers.contains_key(peer)), "{name}");
        assert_eq!(after.apps.contains_key(&"new".into()), adds, "{name}");
        assert!(after.walk.problems.iter().any(|problem| problem.contains("incomplete response")));
    }
}

#[test]
fn endless_lists_fill_the_catalog_up_to_its_bound_and_are_partial() {
    let list = |count: usize, one: &str| {
        (0..count).fold(String::new(), |mut text, n| {
            let _ = write!(text, "{one}{n},");
            text
        })
    };
    let now = Instant::now();
    for (apps, machines, peers) in [(900, 0, 0), (3, 900, 0), (3, 3, 900), (30, 30, 0)] {
        let mut walk = Walk::new(Arc::default(), Scope::Full, &[], now).with_most_entries(100);
        let mut queried = 0;
        while let Some(form) = walk.next_question() {
            queried += 1;
            let text = match &form {
                Form::Apps => list(apps, "app"),
                Form::Vms(_) => list(machines, "m"),
                Form::Peers => list(peers, "peer"),
                _ => String::new(),
            };
            let mut response = respond(&zone(), &form);
            (response.outcome, response.texts) = (Outcome::NOERROR, vec![text.into_bytes()]);
            walk.absorb(&form, &response, now);
        }
        let catalog = walk.catalog();
        assert_eq!(catalog.apps.len() + catalog.machine_count() + catalog.peers.len(), 100);
        assert!(queried < 400, "{queried} queries");
        let problems = catalog.walk.problems.join("; ");
        assert!(problems.contains("more than 100 apps, machines and peers"), "{problems}");
        // The same again adds nothing.
        let again = Walk::new(catalog.clone(), Scope::Full, &[], now).with_most_entries(100);
        assert_eq!(again.entries, 100);
    }
}

#[test]
fn a_walk_that_takes_too_long_ends_with_what_it_has() {
    let now = Instant::now();
    let mut walk = Walk::new(Arc::default(), Scope::Full, &[], now);
    while let Some(form) = walk.next_question() {
        let at = if form == Form::Apps { now } else { now + Duration::from_mins(6) };
        walk.absorb(&form, &respond(&zone(), &form), at);
    }
    let problems = walk.catalog().walk.problems.join("; ");
    assert!(walk.is_done() && problems.contains("takes longer than 5 minutes"), "{problems}");
}
