//! The engine over a network in memory, on a simulated clock.

use std::collections::BTreeMap;
use std::sync::Mutex;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{AAAA, TXT};
use hickory_proto::rr::{RData, Record};

use super::*;
use crate::catalog::Catalog;
use crate::catalog::place::Node;
use crate::clock::now;
use crate::dns::names;
use crate::net::fake::{Fake, Over, SERVER, up};
use crate::net::{LinkState, Phase};
use crate::probe::series::Target;

const RTT: Duration = Duration::from_millis(10);

type Zone = Arc<Mutex<BTreeMap<&'static str, &'static str>>>;

fn zone() -> Zone {
    Arc::new(Mutex::new(BTreeMap::from([
        ("_apps.internal.", "web"),
        (
            "_instances.internal.",
            "instance=148e21b7c93d89,app=web,ip=fdaa:0:18:a7b:7d:f066:b83b:2,region=iad",
        ),
        ("_peer.internal.", ""),
        ("vms.web.internal.", "148e21b7c93d89 iad"),
        ("148e21b7c93d89.vm.web.internal.", "fdaa:0:18:a7b:7d:f066:b83b:2"),
        ("app.process.web.internal.", "fdaa:0:18:a7b:7d:f066:b83b:2"),
    ])))
}

fn serve(
    zone: Zone,
    asked: Arc<Mutex<usize>>,
) -> impl FnMut(Over, &Message) -> Vec<(Duration, Vec<u8>)> + Send {
    move |_, query| {
        *asked.lock().unwrap() += 1;
        let mut reply = query.clone();
        reply.metadata.message_type = MessageType::Response;
        let name = query.queries[0].name().clone();
        match zone.lock().unwrap().get(names::show(&name).as_str()) {
            None => reply.metadata.response_code = ResponseCode::NXDomain,
            Some(text) => {
                let data = match text.parse() {
                    Ok(address) => RData::AAAA(AAAA(address)),
                    Err(_) => RData::TXT(TXT::new(vec![(*text).to_owned()])),
                };
                reply.add_answer(Record::from_rdata(name, 5, data));
            }
        }
        vec![(RTT, reply.to_vec().unwrap())]
    }
}

async fn catalog(engine: &mut Engine, wanted: impl Fn(&Catalog) -> bool) -> Arc<Catalog> {
    loop {
        if let Report::Catalog(catalog) = engine.reports.recv().await.unwrap()
            && wanted(&catalog)
        {
            return catalog;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_tree_is_complete_after_two_round_trips() {
    let (net, _link) = Fake::up(serve(zone(), Arc::default()));
    let began = now();
    let mut engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    let tree = catalog(&mut engine, |c| c.walk.finished.is_some()).await;
    assert_eq!(tree.machine_count(), 1);
    assert_eq!(tree.walk.finished.map(|at| at - began), Some(RTT * 2));
    // Partial results are reported before the end.
    assert!(now() - began < RTT * 3);
}

#[tokio::test(start_paused = true)]
async fn it_refreshes_automatically_and_detects_changes() {
    let zone = zone();
    let (net, _link) = Fake::up(serve(zone.clone(), Arc::default()));
    let mut engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    catalog(&mut engine, |c| c.walk.finished.is_some()).await;
    zone.lock().unwrap().insert("_apps.internal.", "web,api");
    let began = now();
    catalog(&mut engine, |c| c.apps.len() == 2).await;
    assert!(now() - began < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn refreshing_a_part_does_not_move_the_next_refresh() {
    let (zone, counted) = (zone(), Arc::new(Mutex::new(0)));
    let (net, _link) = Fake::up(serve(zone.clone(), counted.clone()));
    let settings = Settings { refresh: Some(Duration::from_secs(30)), ..Settings::default() };
    let mut engine = Engine::start(net, SERVER, settings).unwrap();
    let first = catalog(&mut engine, |c| c.walk.finished.is_some() && !c.walk.running).await;
    let before = *counted.lock().unwrap();
    {
        let mut zone = zone.lock().unwrap();
        zone.insert("148e21b7c93d89.vm.web.internal.", "fdaa:0:18:a7b:9:9:9:2");
        zone.insert("_apps.internal.", "web,api");
    }
    let node = Node::Machine("web".into(), "148e21b7c93d89".into());
    engine.commands.send(Command::Refresh(Some(vec![node]))).await.unwrap();
    let moved = "fdaa:0:18:a7b:9:9:9:2".parse().ok();
    let address = |c: &Catalog| c.machine(&"web".into(), &"148e21b7c93d89".into()).unwrap().address;
    let part = catalog(&mut engine, |c| address(c) == moved && !c.walk.running).await;
    assert_eq!(*counted.lock().unwrap() - before, 5, "vms, the app, its regions, Flycast, the machine");
    assert_eq!((part.walk.finished, part.apps.len()), (first.walk.finished, 1), "no other query");
    // Requested during a walk, everything is walked after it.
    engine.commands.send(Command::Refresh(Some(vec![Node::App("web".into())]))).await.unwrap();
    engine.commands.send(Command::Refresh(None)).await.unwrap();
    let whole = catalog(&mut engine, |c| c.apps.len() == 2 && !c.walk.running).await;
    assert!(now() - whole.walk.finished.unwrap() < RTT);
    assert!(whole.walk.finished > first.walk.finished);
    let later = catalog(&mut engine, |c| c.walk.finished > whole.walk.finished).await;
    let pause = later.walk.finished.unwrap() - whole.walk.finished.unwrap();
    assert!(pause > Duration::from_secs(26) && pause < Duration::from_secs(34), "{pause:?}");
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_are_retried_at_the_schedules_pace() {
    let (zone, counted) = (zone(), Arc::new(Mutex::new(0)));
    zone.lock().unwrap().insert("_instances.internal.", "instance=148e21b7c93d89,app");
    let (net, link) = Fake::up(serve(zone, counted.clone()));
    let settings = Settings { refresh: Some(Duration::from_secs(30)), ..Settings::default() };
    let mut engine = Engine::start(net, SERVER, settings).unwrap();
    let first = catalog(&mut engine, |c| c.walk.finished.is_some() && !c.walk.running).await;
    assert!(!first.walk.problems.is_empty());
    let before = *counted.lock().unwrap();
    for _ in 0..20 {
        link.send_modify(|link| link.received_bytes += 100);
        let quiet = catalog(&mut engine, |c| c.walk.finished > first.walk.finished);
        assert!(tokio::time::timeout(Duration::from_secs(1), quiet).await.is_err());
    }
    assert_eq!(*counted.lock().unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_due_without_a_link_starts_with_the_link() {
    let (net, link) = Fake::up(serve(zone(), Arc::default()));
    let mut engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    let first = catalog(&mut engine, |c| c.walk.finished.is_some() && !c.walk.running).await;
    let change = |phase| {
        link.send_modify(|link| {
            link.phase = phase;
            link.since = now();
        });
    };
    change(Phase::Down);
    let nothing = catalog(&mut engine, |c| c.walk.finished > first.walk.finished);
    assert!(tokio::time::timeout(Duration::from_mins(2), nothing).await.is_err());
    // A refresh without a link fails, and must not be shown as running for ever.
    engine.commands.send(Command::Refresh(None)).await.unwrap();
    catalog(&mut engine, |c| c.walk.running).await;
    catalog(&mut engine, |c| !c.walk.running).await;
    let back = now();
    change(Phase::Up);
    let later = catalog(&mut engine, |c| c.walk.finished > first.walk.finished).await;
    assert!(later.walk.finished.unwrap() - back < RTT * 4, "{:?}", later.walk.finished.unwrap() - back);
}

#[tokio::test(start_paused = true)]
async fn without_refresh_no_query_is_sent_for_an_hour() {
    let asked = Arc::new(Mutex::new(0));
    let (net, _link) = Fake::up(serve(zone(), asked.clone()));
    let settings = Settings { refresh: None, ..Settings::default() };
    let mut engine = Engine::start(net, SERVER, settings).unwrap();
    catalog(&mut engine, |c| c.walk.finished.is_some()).await;
    let before = *asked.lock().unwrap();
    let more = tokio::time::timeout(Duration::from_hours(1), async {
        while let Some(report) = engine.reports.recv().await {
            assert!(!matches!(report, Report::Catalog(c) if c.walk.running));
        }
    });
    assert!(more.await.is_err(), "the engine is still running");
    assert_eq!(*asked.lock().unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_machine_is_inspected_by_its_names() {
    let (net, _link) = Fake::up(serve(zone(), Arc::default()));
    let mut engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    catalog(&mut engine, |c| c.walk.finished.is_some()).await;
    let node = Node::Machine("web".into(), "148e21b7c93d89".into());
    engine.commands.send(Command::Inspect(node.clone())).await.unwrap();
    let detail = loop {
        if let Report::Detail(detail) = engine.reports.recv().await.unwrap()
            && detail.names.iter().all(|row| row.answer.is_some())
        {
            break detail;
        }
    };
    assert_eq!((&detail.node, detail.group.as_ref()), (&node, Some(&"app".into())));
    let words: Vec<_> = detail
        .names
        .iter()
        .map(|row| format!("{} {}", row.name, row.answer.as_ref().unwrap().outcome))
        .collect();
    assert_eq!(
        words,
        [
            "148e21b7c93d89.vm.web.internal NOERROR",
            "iad.web.internal NXDOMAIN",
            "app.process.web.internal NOERROR",
            "top3.nearest.of.web.internal NXDOMAIN",
            "web.flycast NXDOMAIN",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn pings_are_counted_and_end() {
    let (net, _link) = Fake::up(serve(zone(), Arc::default()));
    let plan = Plan { count: Some(3), ..Plan::default() };
    let settings = Settings { plan, walk: false, ..Settings::default() };
    let mut engine = Engine::start(net, SERVER, settings).unwrap();
    let target = Target { label: "gateway".into(), address: SERVER };
    engine.commands.send(Command::Ping(vec![target.into()])).await.unwrap();
    let series = loop {
        if let Report::Pings(series) = engine.reports.recv().await.unwrap()
            && series.first().is_some_and(|s| s.received == 3)
        {
            break series;
        }
    };
    assert_eq!((series[0].sent, series[0].lost), (3, 0));
    assert_eq!(series[0].stats.unwrap().avg, Duration::from_millis(7));
}

#[tokio::test(start_paused = true)]
async fn a_walk_without_a_link_reports_nothing_and_restarts_with_the_link() {
    let (mut net, state) = Fake::up(serve(zone(), Arc::default()));
    let (gate, link) = watch::channel(LinkState::new(now(), 1420));
    net.link = link;
    // Like a tunnel without a session yet: all sent packets are lost.
    let open = Arc::new(Mutex::new(false));
    let (inner, door) = (net.serve.clone(), open.clone());
    net.serve = Arc::new(Mutex::new(Box::new(move |over, query| {
        if *door.lock().unwrap() { inner.lock().unwrap()(over, query) } else { vec![] }
    })));
    let mut engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        *open.lock().unwrap() = true;
        gate.send(up()).unwrap();
        let _state = state;
        std::future::pending::<()>().await;
    });
    let mut phases = Vec::new();
    loop {
        match engine.reports.recv().await.unwrap() {
            Report::Link(link) => phases.push(link.phase),
            Report::Catalog(c) if c.walk.finished.is_some() => {
                assert_eq!(c.walk.problems, [""; 0]);
                assert_eq!(c.machine_count(), 1);
                break;
            }
            _ => {}
        }
    }
    assert_eq!(phases, [Phase::Resolving, Phase::Up]);
}

#[tokio::test(start_paused = true)]
async fn the_engine_ends_with_its_owner() {
    let (net, link) = Fake::up(serve(zone(), Arc::default()));
    let engine = Engine::start(net, SERVER, Settings::default()).unwrap();
    drop(engine);
    link.closed().await;
}
