//! Keys in the memory of the process: what a reload leaves of the old ones, and that no core is dumped.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use regex::bytes::Regex;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::pty::{Term, sixpane};
use crate::world::{keys, possible, run, until};

/// Patterns for the forms in which a part of a key may be in memory.
fn forms(key: &str) -> Vec<(&'static str, Regex)> {
    let raw = BASE64_STANDARD.decode(key).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&raw);
    let pattern = |bytes: &[u8]| {
        let escaped = bytes.iter().fold("(?s-u)".to_owned(), |mut text, byte| {
            let _ = write!(text, "\\x{byte:02x}");
            text
        });
        Regex::new(&escaped).unwrap()
    };
    vec![
        ("raw", pattern(&raw[..16])),
        ("raw", pattern(&raw[16..])),
        ("base64", pattern(&key.as_bytes()[..20])),
        ("base64", pattern(&key.as_bytes()[20..40])),
        ("hex", pattern(&hex.as_bytes()[..20])),
        ("hex", pattern(&hex.as_bytes()[40..60])),
    ]
}

/// Places of `key` in the writable memory of the process `pid`.
fn found(pid: i32, key: &str) -> Vec<String> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let forms = forms(key);
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
    {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // An area may have been unmapped in the meantime.
        if memory.seek(SeekFrom::Start(from)).and_then(|_| memory.read_exact(&mut bytes)).is_err() {
            continue;
        }
        for (name, form) in &forms {
            found.extend(form.find_iter(&bytes).map(|at| format!("{name} at +{:x} of {line}", at.start())));
        }
    }
    found
}

#[test]
fn a_reload_leaves_nothing_of_the_old_keys_in_memory() {
    if !possible() {
        return;
    }
    let org = Org::small(0x60);
    let gateway = Gateway::start(&org);
    let [(old, old_public), (new, new_public)] = [keys(), keys()];
    let [old_shared, new_shared] = [keys().0, keys().0];
    let address = format!("{}/128", Org::peer_address(org.network));
    let endpoint = gateway.conf_line("Endpoint");
    let server = gateway.conf_line("PublicKey");
    let use_keys = |private: &str, public: &str, shared: &str| {
        let file = gateway.folder.path().join("shared.key");
        std::fs::write(&file, shared).unwrap();
        run(
            "wg",
            &[
                "set",
                &gateway.interface,
                "peer",
                public,
                "preshared-key",
                file.to_str().unwrap(),
                "allowed-ips",
                &address,
            ],
        );
        gateway.write_conf(&org, private, &server, &endpoint);
        gateway.change_conf("PersistentKeepalive", &format!("15\nPresharedKey = {shared}"));
    };
    run("wg", &["set", &gateway.interface, "peer", &gateway.peer_public, "remove"]);
    use_keys(&old, &old_public, &old_shared);
    let program = sixpane();
    let words =
        ["netns", "exec", &gateway.client.0, program.to_str().unwrap(), gateway.conf.to_str().unwrap()];
    let mut term = Term::start("/sbin/ip".into(), &words, (120, 36), &[]);
    term.sees(&["Explore", "web", "machines"]);
    let pid = term.pid().as_raw_nonzero().get();
    assert!(!found(pid, &old).is_empty() && !found(pid, &old_shared).is_empty(), "keys in use are found");
    use_keys(&new, &new_public, &new_shared);
    term.keys("R");
    term.sees(&["attached again"]);
    until("the new key's session", || !found(pid, &new).is_empty());
    until("the wiping of the old keys", || {
        let left: Vec<String> = [&old, &old_shared].into_iter().flat_map(|key| found(pid, key)).collect();
        for place in &left {
            println!("{place}");
        }
        left.is_empty()
    });
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let cores: Vec<&str> = limits.lines().filter(|line| line.starts_with("Max core file size")).collect();
    assert!(cores[0].split_whitespace().filter(|word| *word == "0").count() == 2, "{cores:?}");
    term.keys("q");
    assert_eq!(term.end(), 0);
}
