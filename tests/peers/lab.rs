//! The fault lab: causes made for real, and the one that the doctor names.

use std::time::Instant;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::world::{keys, possible};

/// A cause, what makes it, what is asked for, and the finding that must be named.
type Fault = (&'static str, fn(&Gateway, &Org), &'static [&'static str], Option<&'static str>);

const FAULTS: &[Fault] = &[
    ("nothing is wrong", |_, _| (), &["--app", "web"], None),
    ("wrong key", |gateway, _| gateway.change_conf("PrivateKey", &keys().0), &[], Some("handshake")),
    ("UDP port closed", |gateway, _| gateway.change_conf("Endpoint", "10.6.0.2:9"), &[], Some("handshake")),
    ("no route", |gateway, _| gateway.change_conf("Endpoint", "192.0.2.1:9"), &[], Some("handshake")),
    (
        "endpoint name does not resolve",
        |gateway, _| gateway.change_conf("Endpoint", "no-such-name.invalid:9"),
        &[],
        Some("handshake"),
    ),
    (
        "another Address than the peer's",
        |gateway, _| gateway.change_conf("Address", "fdaa:0:18:a7b:ffff::2/120"),
        &[],
        Some("traffic"),
    ),
    (
        "name server silent",
        |gateway, _| gateway.far.ip("-6 addr del fdaa:0:18::3/128 dev lo"),
        &[],
        Some("traffic"),
    ),
    (
        "wrong DNS line",
        |gateway, _| gateway.change_conf("DNS", "fdaa:0:18:a7b:0:0:b83b:2"),
        &[],
        Some("name-server"),
    ),
    ("app in another org", |_, _| (), &["--app", "elsewhere"], Some("app")),
    ("no started machine", |_, _| (), &["--app", "admin"], Some("app")),
    (
        "one machine of many",
        |gateway, org| gateway.far.ip(&format!("-6 addr del {}/128 dev lo", org.apps[1].machines[0].address)),
        &[],
        Some("some-machines"),
    ),
    (
        "all machines of the app",
        |gateway, org| {
            for machine in &org.apps[0].machines {
                gateway.far.ip(&format!("-6 addr del {}/128 dev lo", machine.address));
            }
        },
        &["--app", "web"],
        Some("machines"),
    ),
    ("nothing listens on the port", |_, _| (), &["--app", "web:8080"], Some("port")),
    (
        "large packets are lost",
        // What is larger than the far side's MTU is dropped there without a word: it speaks of it to our address,
        // and the answer to that is what is too large.
        |gateway, _| gateway.far.ip(&format!("link set {} mtu 1300", gateway.interface)),
        &[],
        Some("mtu"),
    ),
    (
        "AllowedIPs of another network",
        |gateway, _| gateway.change_conf("AllowedIPs", "fdaa:0:19::/48"),
        &[],
        Some("allowed-ips"),
    ),
    (
        "conf world-readable",
        |gateway, _| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&gateway.conf, std::fs::Permissions::from_mode(0o644)).unwrap();
        },
        &[],
        Some("conf-private"),
    ),
];

#[test]
fn the_doctor_names_causes_that_are_made_for_real() {
    if !possible() {
        return;
    }
    let mut wrong = Vec::new();
    println!("{:<34} {:<16} {:>6}  verdict", "cause", "named", "ms");
    for (cause, make, words, expected) in FAULTS {
        let org = Org::small(0x18);
        let gateway = Gateway::start(&org);
        make(&gateway, &org);
        let mut all = vec!["--json"];
        all.extend(*words);
        let start = Instant::now();
        let output = gateway.sixpane("doctor", &all);
        let took = start.elapsed().as_millis();
        let told: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{cause}: {}", String::from_utf8_lossy(&output.stderr)));
        let named = told["cause"].as_str();
        println!("{cause:<34} {:<16} {took:>6}  {}", named.unwrap_or("–"), told["verdict"].as_str().unwrap());
        if named != *expected {
            wrong.push(format!("{cause}: {named:?}"));
        }
        let fails = told["findings"].as_array().unwrap().iter().any(|finding| finding["status"] == "failure");
        assert_eq!(output.status.code(), Some(i32::from(fails)), "{cause}");
    }
    println!("{} of {} named right", FAULTS.len() - wrong.len(), FAULTS.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}
