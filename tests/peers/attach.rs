//! sixpane attaches to wireguard-go, and says what the zone says.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::world::{keys, possible, short, shown};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output, want: i32) {
    assert_eq!(output.status.code(), Some(want), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// App → (region, ID, address), sorted.
type Facts = BTreeMap<String, Vec<(String, String, Ipv6Addr)>>;

fn facts_of(org: &Org) -> Facts {
    org.apps
        .iter()
        .map(|app| {
            let mut machines: Vec<_> =
                app.machines.iter().map(|m| (m.region.to_owned(), m.id.clone(), m.address)).collect();
            machines.sort();
            (app.name.clone(), machines)
        })
        .collect()
}

fn facts_in(tree: &Value) -> Facts {
    let list = |value: &Value, key: &str| value[key].as_array().unwrap().clone();
    let word = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    list(tree, "apps")
        .iter()
        .map(|app| {
            let mut machines: Vec<_> = list(app, "regions")
                .iter()
                .flat_map(|region| {
                    list(region, "machines")
                        .into_iter()
                        .map(|m| (word(region, "name"), word(&m, "id"), word(&m, "address").parse().unwrap()))
                        .collect::<Vec<_>>()
                })
                .collect();
            machines.sort();
            (word(app, "name"), machines)
        })
        .collect()
}

fn tree(gateway: &Gateway) -> Value {
    let output = gateway.sixpane("tree", &["--json"]);
    code(&output, 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_tree_of_four_apps_is_the_zone() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let tree = tree(&gateway);
    assert_eq!(tree["schema"], "sixpane.tree/2");
    assert_eq!(facts_in(&tree), facts_of(&org));
    assert_eq!(tree["walk"]["method"], "instances");
    assert_eq!(tree["conflicts"].as_array().unwrap().len(), 0);
    assert_eq!(tree["peers"][0]["name"], "my-peer");
    assert_eq!(tree["peers"][0]["address"], Org::peer_address(0x18).to_string());
    assert_eq!(tree["apps"][3]["flycast"][0], "fdaa:0:18:0:1::3", "web is the last by name");
    // What the real dig says on the far side.
    for app in &org.apps {
        let name = format!("{}.internal", app.name);
        let far = short(&gateway.dig(&["+short", &name, "AAAA"]));
        let ours = short(&gateway.sixpane("dig", &["--short", &name]));
        assert_eq!(far, shown(app.machines.iter().map(|machine| machine.address)));
        assert_eq!(ours, far, "{name}");
    }
}

#[test]
fn the_tree_of_fifty_apps_is_the_zone_and_its_big_txt_comes_over_tcp() {
    if !possible() {
        return;
    }
    let names: Vec<String> = (0..51).map(|n| format!("some-app-{n:02}")).collect();
    let org = Org::of(0x2a, &names, 10);
    assert!(org.instances().len() >= 20_000, "{}", org.instances().len());
    let gateway = Gateway::start(&org);
    assert_eq!(facts_in(&tree(&gateway)), facts_of(&org));
    let output = gateway.sixpane("dig", &["_instances", "--json"]);
    code(&output, 0);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["transport"], "TCP");
    assert_eq!(answer["tries"][0]["end"], "truncated");
    let far = gateway.dig(&["+short", "+tcp", "_instances.internal", "TXT"]);
    let ours = gateway.sixpane("dig", &["+short", "_instances"]);
    assert_eq!(ours.stdout, far.stdout);
    assert_eq!(text(&ours.stdout).replace("\" \"", "").trim(), format!("\"{}\"", org.instances()));
}

#[test]
fn ping_distinguishes_reachable_and_unreachable_targets() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let machine = org.apps[0].machines[0].address.to_string();
    let output = gateway.sixpane("ping", &[&machine, "gateway", "-c", "3", "-i", "0.2"]);
    code(&output, 0);
    let said = text(&output.stdout);
    assert_eq!(said.matches("3 packets transmitted, 3 received, 0.0% packet loss").count(), 2, "{said}");
    let unused = gateway.sixpane("ping", &["fdaa:0:18:a7b:ffff::9", "-c", "1"]);
    code(&unused, 1);
    assert!(text(&unused.stdout).contains("0 received"), "{}", text(&unused.stdout));
    let by_name = gateway.sixpane("ping", &["web", "-c", "1", "-i", "0.2"]);
    code(&by_name, 0);
    assert_eq!(text(&by_name.stdout).matches("1 received").count(), 3);
    let nothing = gateway.sixpane("ping", &["no-such-app", "-c", "1"]);
    code(&nothing, 1);
    assert!(text(&nothing.stderr).contains("NXDOMAIN"));
}

#[test]
fn a_wrong_key_and_a_closed_port_have_messages_of_their_own() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let right = std::fs::read_to_string(&gateway.conf).unwrap();
    let (stranger, _) = keys();
    gateway.change_conf("PrivateKey", &stranger);
    let silent = gateway.sixpane("tree", &["--timeout", "2"]);
    code(&silent, 4);
    let said = text(&silent.stderr);
    assert!(
        said.contains("no handshake with 10.6.0.2:51820") && said.contains("fly wireguard list"),
        "{said}"
    );
    assert!(!said.contains(&stranger), "a key is never printed");
    std::fs::write(&gateway.conf, right).unwrap();
    gateway.change_conf("Endpoint", "10.6.0.2:9");
    let start = Instant::now();
    let closed = gateway.sixpane("tree", &["--timeout", "8"]);
    code(&closed, 4);
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "a closed port is known at once: {:?}",
        start.elapsed()
    );
    let said = text(&closed.stderr);
    assert!(said.contains("no tunnel to 10.6.0.2:9") && said.contains("check the port"), "{said}");
}

#[test]
fn another_org_behind_another_gateway_stays_invisible() {
    if !possible() {
        return;
    }
    let ours = Org::small(0x18);
    let theirs = Org::of(0x99, &["secret".to_owned(), "other".to_owned()], 2);
    let (gateway, other) = (Gateway::start(&ours), Gateway::start(&theirs));
    assert_eq!(facts_in(&tree(&gateway)), facts_of(&ours));
    assert_eq!(facts_in(&tree(&other)), facts_of(&theirs));
    code(&gateway.sixpane("dig", &["secret"]), 1);
    let machine = theirs.apps[0].machines[0].address.to_string();
    let ping = gateway.sixpane("ping", &[&machine, "-c", "1"]);
    assert_ne!(ping.status.code(), Some(0), "{}", text(&ping.stdout));
    let output = gateway.sixpane("tree", &["--json"]);
    assert!(!text(&output.stdout).contains("secret"));
}

#[test]
fn ports_tell_open_refused_and_silent_apart() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let machine = org.apps[0].machines[0].address.to_string();
    // Knot listens on the gateway's port 53; what is sent to the last address is dropped without a word.
    let silent = "fdaa:0:18:a7b:ffff::9";
    gateway.far.ip(&format!("-6 route add blackhole {silent}/128"));
    let output = gateway.sixpane("ports", &["gateway", &machine, silent, "53", "--json"]);
    code(&output, 0);
    let states: Vec<(String, String)> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["address"].as_str().unwrap().into(), line["state"].as_str().unwrap().into()))
        .collect();
    let want = [("fdaa:0:18::3", "open"), (machine.as_str(), "refused"), (silent, "filtered")];
    assert_eq!(states, want.map(|(address, state)| (address.to_owned(), state.to_owned())));
    let refused = gateway.sixpane("ports", &["web", "8080"]);
    code(&refused, 1);
    assert_eq!(text(&refused.stdout).matches("refused").count(), 3);
    assert!(text(&refused.stderr).contains("fly-local-6pn"));
}
