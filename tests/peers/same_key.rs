//! Another client on the conf's key: wireguard-go in a namespace of its own, which pings all the time.

use crate::gateway::{Gateway, write_private};
use crate::org::Org;
use crate::world::{Running, Space, possible, run, until, wireguard};

/// Runs against a gateway that was started for each: our handshake locks wireguard-go out until its clock has passed our
/// timestamp.
const RUNS: usize = 20;

/// A second client with the conf's key, over a link of its own.
struct Other {
    _ping: Running,
    _wireguard: Running,
    _space: Space,
}

impl Other {
    fn start(gateway: &Gateway, org: &Org) -> Self {
        let space = Space::new("o");
        Space::cable(&space, &gateway.far, "10.7.0");
        let (running, interface) = wireguard(&space);
        let key = gateway.folder.path().join("other.key");
        write_private(&key, &gateway.conf_line("PrivateKey"));
        let (public, prefix) = (gateway.conf_line("PublicKey"), org.prefix());
        let words = ["set", &interface, "private-key", key.to_str().unwrap(), "peer", &public];
        run("wg", &[&words[..], &["allowed-ips", &prefix, "endpoint", "10.7.0.2:51820"]].concat());
        space.ip(&format!("link set {interface} up mtu 1420"));
        space.ip(&format!("-6 addr add {}/128 dev {interface} nodad", Org::peer_address(org.network)));
        space.ip(&format!("-6 route add {prefix} dev {interface}"));
        let dns = org.dns().to_string();
        until("a reply to the other client", || {
            space.output("ping", &["-c", "1", "-W", "1", &dns]).status.success()
        });
        let ping = space.start("ping", &["-q", "-i", "0.02", &dns], &[]);
        Self { _ping: ping, _wireguard: running, _space: space }
    }
}

/// Faults that the doctor finds, and its output.
fn found(gateway: &Gateway) -> (Vec<String>, String) {
    let output = gateway.sixpane("doctor", &["--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let json: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    (findings.filter_map(|finding| finding["fault"].as_str().map(str::to_owned)).collect(), text)
}

#[test]
fn another_client_is_noticed_while_it_sends() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let mut noticed = 0;
    for n in 0..RUNS {
        let gateway = Gateway::start(&org);
        let other = Other::start(&gateway, &org);
        let (faults, text) = found(&gateway);
        if faults.iter().any(|fault| fault == "same-key") {
            noticed += 1;
        } else {
            println!("run {n}: {text}");
        }
        drop(other);
    }
    assert_eq!(noticed, RUNS);
}

#[test]
fn without_another_client_none_is_noticed() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    // One run right after another: data for the sessions before may still be under way.
    for n in 0..RUNS {
        let (faults, text) = found(&gateway);
        assert!(faults.is_empty(), "{n}: {text}");
    }
}

#[test]
fn the_system_check_leaves_an_interface_with_the_same_key_alone() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let _system = gateway.tun_of_conf(&org);
    let output = gateway.sixpane("doctor", &["--system", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("system-tunnel-dead"), "{text}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("gets no replies"), "{output:?}");
    // Its session is still there.
    let dns = org.dns().to_string();
    assert!(gateway.client.output("ping", &["-c", "1", "-W", "1", &dns]).status.success());
    // Other commands take it, and say so.
    let output = gateway.sixpane("tree", &["--json"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("gets no replies"), "{output:?}");
}
