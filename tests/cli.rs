//! The commands as they are typed: what they print, and their exit codes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::OnceLock;

use common::gateway::{Gateway, ends, sixpane, text};
use serde_json::Value;

#[test]
fn tree_as_text_and_as_json() {
    let gateway = Gateway::start();
    let (out, err) = ends(&gateway.run(&["tree"]), 0);
    for line in [
        "web  9  flycast fdaa:0:18:0:1::3",
        "    148e21b7c93d89  fdaa:0:18:a7b:7d:f066:b83b:2",
        "admin  no started Machines",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
    assert_eq!(err, "");
    let (out, _) = ends(&gateway.run(&["tree", "--json"]), 0);
    let tree: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(tree["schema"], "sixpane.tree/1");
    assert_eq!(tree["network"], "fdaa:0:18::/48");
    let machines = tree["apps"].as_array().unwrap().iter().flat_map(|app| app["regions"].as_array().unwrap());
    assert_eq!(machines.map(|region| region["machines"].as_array().unwrap().len()).sum::<usize>(), 24);
}

#[test]
fn dig_says_found_not_found_and_nothing() {
    let gateway = Gateway::start();
    let (out, _) = ends(&gateway.run(&["dig", "db", "+short"]), 0);
    assert_eq!(out.lines().count(), 3);
    let (_, err) = ends(&gateway.run(&["dig", "nope"]), 1);
    assert!(err.contains("no app `nope`"), "{err}");
    let (_, err) = ends(&gateway.run(&["dig", "admin"]), 1);
    assert!(err.contains("no started Machine"), "{err}");
    let (_, err) = ends(&gateway.run(&["dig", "web", "@fdaa:0:18::99", "+time=1"]), 5);
    assert!(err.contains("did not answer for web.internal."), "{err}");
    let (_, err) = ends(&gateway.run(&["dig", "web", "+fast"]), 2);
    assert!(err.contains("`+fast`") && err.contains("+short"), "{err}");
    let (out, _) = ends(&gateway.run(&["dig", "web", "db", "_apps", "--json"]), 0);
    let kinds: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(kinds[2]["message"]["answerRRs"][0]["rdataTXT"], "\"web,api,db,cache,jobs,admin\"");
    assert!(kinds.iter().all(|kind| kind["schema"] == "sixpane.dig/1" && kind["status"] == "NOERROR"));
}

#[test]
fn ping_counts_and_ends_with_what_it_found() {
    let gateway = Gateway::start();
    let (out, _) =
        ends(&gateway.run(&["ping", "gateway", "fdaa:0:18:a7b:7d:f066:b83b:2", "-c", "3", "-i", "0.1"]), 0);
    assert_eq!(out.matches("3 packets transmitted, 3 received, 0.0% packet loss").count(), 2, "{out}");
    let (out, _) = ends(&gateway.run(&["ping", "fdaa:0:18:a7b:a2:aa10:9c01:2", "-c", "1", "--json"]), 1);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["kind"], &last["received"], &last["lost"]), (&"summary".into(), &0.into(), &1.into()));
    let (_, err) = ends(&gateway.run(&["ping", "nope", "-c", "1"]), 1);
    assert!(err.contains("cannot reach nope: there is no such name (NXDOMAIN)"), "{err}");
}

#[test]
fn an_interrupt_prints_the_summary() {
    let gateway = Gateway::start();
    let mut ping = gateway.command(&["ping", "gateway", "-i", "0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(ping.stdout.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("icmp_seq=2") {
        assert!(out.read_line(&mut seen).unwrap() > 0, "{seen}");
    }
    let pid = rustix::process::Pid::from_child(&ping);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    out.read_to_string(&mut seen).unwrap();
    assert_eq!(ping.wait().unwrap().code(), Some(0));
    assert!(seen.contains("ping statistics ---") && seen.contains("0.0% packet loss"), "{seen}");
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
    let gateway = Gateway::start();
    let mut tree =
        gateway.command(&["tree", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(tree.stdout.take());
    let output = tree.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = gateway.command(&["tree"]).stdout(full).output().unwrap();
    let (_, err) = ends(&output, 1);
    assert!(err.contains("cannot write the output"), "{err}");
}

#[test]
fn a_conf_has_one_user_at_a_time() {
    let gateway = Gateway::start();
    let mut first =
        gateway.command(&["ping", "gateway", "-i", "0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // Held: whoever prints for nobody ends.
    let mut out = BufReader::new(first.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let (_, err) = ends(&gateway.run(&["dig", "web"]), 4);
    assert!(err.contains(&format!("in use by another sixpane (process {})", first.id())), "{err}");
    ends(&gateway.run(&["dig", "web", "--force"]), 0);
    first.kill().unwrap();
    first.wait().unwrap();
    ends(&gateway.run(&["dig", "web"]), 0);
}

#[test]
fn addr_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        sixpane(folder.path(), &["addr", "fdaa:0:18:a7b:7d:f066:b83b:2", "--json"]).output().unwrap();
    let (out, _) = ends(&output, 0);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["schema"], &told["dns"]), (&"sixpane.addr/1".into(), &"fdaa:0:18::3".into()));
    ends(&sixpane(folder.path(), &["addr", "web"]).output().unwrap(), 2);
}

const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

fn conf(key: &str) -> String {
    format!(
        "[Interface]\nPrivateKey = {key}\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\nDNS = fdaa:0:18::3\n[Peer]\n\
         PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = fdaa:0:18::/48\n\
         Endpoint = 127.0.0.1:9\n"
    )
}

#[test]
fn a_conf_that_cannot_be_used_is_told_in_one_line_without_its_key() {
    static SHORT: OnceLock<String> = OnceLock::new();
    let short = SHORT.get_or_init(|| KEY[..40].to_owned());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("empty.conf", "");
    write("short.conf", &conf(short));
    std::fs::create_dir(folder.path().join("folder.conf")).unwrap();
    for (name, words) in [
        ("missing.conf", "missing.conf"),
        ("folder.conf", "folder.conf"),
        ("empty.conf", "not a WireGuard configuration"),
        ("short.conf", "short.conf:2:14"),
    ] {
        let (out, err) = ends(&sixpane(folder.path(), &["tree", name]).output().unwrap(), 3);
        assert_eq!(out, "");
        assert!(err.contains(words), "{err}");
        assert!(!err.contains(&short[..12]), "a key is never told");
    }
}

#[test]
fn without_a_conf_the_only_one_is_taken_and_several_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let tree = || sixpane(folder.path(), &["tree", "--timeout", "0.2"]).output().unwrap();
    let (_, err) = ends(&tree(), 3);
    assert!(err.contains("no WireGuard conf found") && err.contains("sixpane demo"), "{err}");
    let config = folder.path().join(".config/sixpane");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("a.conf"), conf(KEY)).unwrap();
    // It is used: nobody listens there.
    let (_, err) = ends(&tree(), 4);
    assert!(err.contains("127.0.0.1:9"), "{err}");
    std::fs::write(folder.path().join("b.conf"), conf(KEY)).unwrap();
    let (_, err) = ends(&tree(), 2);
    assert!(
        err.contains("2 confs found, say which") && err.contains("a.conf") && err.contains("b.conf"),
        "{err}"
    );
}

#[test]
fn a_wrong_line_is_usage() {
    let folder = tempfile::tempdir().unwrap();
    for words in
        [&["tree", "--fast"][..], &["ping"], &["ping", "web", "-c", "0"], &["dig"], &["--refresh", "0"]]
    {
        ends(&sixpane(folder.path(), words).output().unwrap(), 2);
    }
    let (help, _) = ends(&sixpane(folder.path(), &["--help"]).output().unwrap(), 0);
    assert!(help.contains("Exit codes:"));
}

#[test]
fn watch_tells_each_change_until_it_is_interrupted() {
    let event = "[[event]]\nat = 1\nmachine = \"148e21b7c93d89\"\nstarted = false\n";
    let gateway = Gateway::with(event);
    let words = ["watch", "--refresh", "0.1", "--json"];
    let mut watch = gateway.command(&words).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(watch.stdout.take().unwrap());
    let mut next = || -> Value {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    let first = next();
    assert_eq!((&first["schema"], &first["kind"]), (&"sixpane.watch/1".into(), &"watching".into()));
    let gone = next();
    assert_eq!((&gone["kind"], &gone["machine"]), (&"machine-gone".into(), &"148e21b7c93d89".into()));
    assert_eq!((&gone["app"], &gone["region"]), (&"web".into(), &"iad".into()));
    let pid = rustix::process::Pid::from_child(&watch);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[test]
fn a_batch_is_answered_in_its_order_and_names_what_failed() {
    let gateway = Gateway::start();
    let batch = gateway.folder.path().join("batch");
    std::fs::write(&batch, "# names\n\n_apps\nweb AAAA\nweb @fdaa:0:18::99\ndb\n").unwrap();
    let file = batch.to_str().unwrap();
    let (out, err) = ends(&gateway.run(&["dig", "+short", "+time=1", "-f", file]), 6);
    assert_eq!(out.lines().count(), 1 + 9 + 3);
    assert!(out.starts_with("\"web,api,db,cache,jobs,admin\"\n"));
    assert!(err.contains("[fdaa:0:18::99]:53 did not answer for web.internal."), "{err}");
    std::fs::write(&batch, "_apps\nweb +fast\n").unwrap();
    let (_, err) = ends(&gateway.run(&["dig", "-f", file]), 2);
    assert!(err.contains("batch:2: there is no option `+fast`"), "{err}");
}
