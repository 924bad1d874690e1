//! Every cause as facts, and the verdict that names it.

use std::fmt::Write as _;

use super::*;
use crate::doctor::Subject;
use crate::doctor::facts::{AppSeen, Conf};
use crate::text::Safe;

#[expect(clippy::unnecessary_wraps, reason = "as the facts have it")]
fn asked(word: &str, entries: &[&str]) -> Option<Asked> {
    let entries: Vec<Safe> = entries.iter().map(Safe::new).collect();
    let rtt = (word != "timeout").then_some(Duration::from_millis(9));
    Some(Asked { word: word.into(), entries, rtt })
}

#[expect(clippy::unnecessary_wraps, reason = "as the facts have it")]
fn pings(sent: u32, answered: u32) -> Option<Pings> {
    Some(Pings { sent, answered, best: (answered > 0).then_some(Duration::from_millis(11)) })
}

fn reach(id: &str, answered: u32) -> Reach {
    Reach { app: "web".into(), id: id.into(), pings: pings(3, answered).unwrap() }
}

/// A healthy org, looked at with an app and a port.
fn healthy() -> Facts {
    let profile = crate::app::tests::profile();
    Facts {
        subject: Subject { app: Some("web".into()), port: Some(8080) },
        conf: Conf::of(&profile),
        link: Some(Link::Up { handshake: Some(Duration::from_millis(38)) }),
        apps: asked("NOERROR", &["web", "api"]),
        apps_at_own: None,
        instances: asked("NOERROR", &["148e"]),
        peers: asked("NOERROR", &["my-peer"]),
        listed: Some(true),
        conflicts: Some(vec![]),
        gateway: pings(3, 3),
        large: pings(3, 3),
        machines: Some(vec![reach("148e", 1), reach("3d8d", 1)]),
        app: Some(AppSeen {
            listed: Some(true),
            addresses: asked("NOERROR", &["fdaa::1"]).unwrap(),
            flycast: asked("NOERROR", &["fdaa::9"]).unwrap(),
        }),
        ports: Some(vec![("148e".into(), Port::Open(Duration::from_millis(12)))]),
        done: true,
    }
}

/// Nothing beyond the link.
fn dead(link: Link) -> Facts {
    Facts {
        link: Some(link),
        apps: None,
        instances: None,
        peers: None,
        listed: None,
        conflicts: None,
        gateway: None,
        large: None,
        machines: None,
        app: None,
        ports: None,
        ..healthy()
    }
}

type Change = Box<dyn Fn(&mut Facts)>;

/// A cause, the check that must name it, and what it does to a healthy org.
fn causes() -> Vec<(&'static str, &'static str, Change)> {
    let silent = || Link::Silent(5, Duration::from_secs(3));
    let of = |change: fn(&mut Facts)| -> Change { Box::new(change) };
    vec![
        ("nothing is wrong", "", of(|_| ())),
        ("conf world-readable", "conf-private", of(|f| f.conf.world_readable = true)),
        ("conf name too long for Linux", "conf-name", of(|f| f.conf.name_too_long = true)),
        ("name server outside AllowedIPs", "allowed-ips", of(|f| f.conf.dns_allowed = false)),
        ("endpoint name does not resolve", "handshake", of(|f| *f = dead(Link::NoName("NXDOMAIN".into())))),
        ("no route", "handshake", of(|f| *f = dead(Link::NoRoute("network is unreachable".into())))),
        ("UDP port closed", "handshake", of(|f| *f = dead(Link::Closed))),
        ("wrong key, peer removed or UDP filtered", "handshake", Box::new(move |f| *f = dead(silent()))),
        (
            "clock set back",
            "clock",
            Box::new(move |f| {
                *f = dead(silent());
                f.conf.clock_behind = Some(Duration::from_hours(2));
            }),
        ),
        (
            "handshake fine but no data",
            "traffic",
            of(|f| {
                *f = dead(Link::Up { handshake: None });
                f.apps = asked("timeout", &[]);
                f.gateway = pings(3, 0);
                f.large = pings(3, 0);
            }),
        ),
        ("MTU black hole", "mtu", of(|f| f.large = pings(3, 0))),
        ("DNS server silent", "name-server", of(|f| f.apps = asked("timeout", &[]))),
        ("DNS server refuses", "name-server", of(|f| f.apps = asked("REFUSED", &[]))),
        (
            "wrong DNS address in the conf",
            "name-server",
            of(|f| {
                f.apps = asked("timeout", &[]);
                f.apps_at_own = asked("NOERROR", &["web"]);
            }),
        ),
        (
            "org has no apps",
            "apps",
            of(|f| {
                f.apps = asked("NOERROR", &[]);
                f.subject = Subject::default();
                f.machines = Some(vec![]);
            }),
        ),
        (
            "app is in another org",
            "app",
            of(|f| {
                f.app = Some(AppSeen {
                    listed: Some(false),
                    addresses: asked("NXDOMAIN", &[]).unwrap(),
                    flycast: asked("NXDOMAIN", &[]).unwrap(),
                });
                f.ports = None;
            }),
        ),
        (
            "app has no started machine",
            "app",
            of(|f| {
                f.app = Some(AppSeen {
                    listed: Some(true),
                    addresses: asked("NOERROR", &[]).unwrap(),
                    flycast: asked("NXDOMAIN", &[]).unwrap(),
                });
                f.machines = Some(vec![]);
                f.ports = Some(vec![]);
            }),
        ),
        (
            "app's machines unreachable",
            "machines",
            of(|f| f.machines = Some(vec![reach("148e", 0), reach("3d8d", 0)])),
        ),
        (
            "one machine of many",
            SOME_SILENT,
            of(|f| f.machines = Some(vec![reach("148e", 1), reach("3d8d", 0)])),
        ),
        (
            "records disagree",
            "records",
            of(|f| f.conflicts = Some(vec!["vms.web names 3, _instances 2".into()])),
        ),
        (
            "service not listening on its private address",
            "port",
            of(|f| f.ports = Some(vec![("148e".into(), Port::Refused)])),
        ),
        ("port filtered", "port", of(|f| f.ports = Some(vec![("148e".into(), Port::Silent)]))),
        ("this peer is not listed", "peer-listed", of(|f| f.listed = Some(false))),
        ("packets are lost", "gateway", of(|f| f.gateway = pings(3, 2))),
    ]
}

fn named(facts: &Facts) -> (&'static str, Diagnosis) {
    let diagnosis = judge(facts);
    let id = diagnosis.cause.map_or("", |cause| diagnosis.findings[cause].id);
    (id, diagnosis)
}

#[test]
fn every_cause_is_named_and_nothing_false_is_said() {
    let mut table = String::new();
    for (cause, id, change) in causes() {
        let mut facts = healthy();
        change(&mut facts);
        let (named, diagnosis) = named(&facts);
        assert_eq!(named, id, "{cause}: {}", diagnosis.verdict);
        let failures: Vec<_> =
            diagnosis.findings.iter().filter(|f| f.status == Status::Fail).map(|f| f.id).collect();
        // One cause makes one failure; the clock's is told beside the silence that it makes.
        assert!(failures.len() <= 1 || failures == ["clock", "handshake"], "{cause}: {failures:?}");
        assert_eq!(diagnosis.count(Status::Waiting), 0, "all is settled where all facts are in");
        for finding in diagnosis.findings.iter().filter(|f| f.status == Status::Fail) {
            assert!(
                !finding.why.is_empty() && !finding.hurts.is_empty() && !finding.remedy.is_empty(),
                "{cause}"
            );
        }
        let _ = writeln!(table, "{cause:<46} {}", diagnosis.verdict);
    }
    insta::assert_snapshot!("cause_and_verdict", table);
}

#[test]
fn of_two_causes_the_nearer_one_is_named_and_no_third_one() {
    let all = causes();
    let mut pairs = 0;
    for (n, (a, first, change)) in all.iter().enumerate() {
        for (b, second, other) in &all[n + 1..] {
            // Causes that replace all facts are tried alone; here those that leave the rest as it was.
            let whole = |id: &str| matches!(id, "handshake" | "clock" | "traffic" | "");
            if whole(first) || whole(second) || first == second {
                continue;
            }
            let mut facts = healthy();
            other(&mut facts);
            change(&mut facts);
            let (named, diagnosis) = named(&facts);
            assert!(named == *first || named == *second, "{a} + {b}: {}", diagnosis.verdict);
            for finding in diagnosis.findings.iter().filter(|f| f.status == Status::Fail) {
                assert!(
                    finding.id == *first || finding.id == *second,
                    "{a} + {b}: {} is claimed",
                    finding.id
                );
            }
            let place = |id: &str| diagnosis.findings.iter().position(|finding| finding.id == id);
            let status = |id: &str| place(id).map(|place| diagnosis.findings[place].status);
            let farther = if named == *first { second } else { first };
            if named != SOME_SILENT && *farther != SOME_SILENT && status(farther) == status(named) {
                assert!(place(named) < place(farther), "{a} + {b}: {}", diagnosis.verdict);
            }
            pairs += 1;
        }
    }
    assert!(pairs >= 30, "{pairs} pairs");
}

#[test]
fn before_anything_is_known_nothing_is_claimed() {
    let facts = Facts { link: None, done: false, ..dead(Link::Closed) };
    let diagnosis = judge(&facts);
    assert_eq!((diagnosis.cause, diagnosis.count(Status::Fail)), (None, 0));
    assert!(diagnosis.count(Status::Waiting) > 5);
    assert_eq!(diagnosis.verdict, "Looking …");
}
