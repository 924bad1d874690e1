//! The commands as they are typed: what they print, and their exit codes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::OnceLock;

use common::gateway::{Gateway, ends, sixpane, text};
use common::liar::{Do, Liar, aaaa};
use serde_json::Value;

#[test]
fn tree_as_text_and_as_json() {
    let gateway = Gateway::start();
    let (out, err) = ends(&gateway.run(&["tree"]), 0);
    for line in [
        "web  9  flycast fdaa:0:18:0:1::3",
        "    148e21b7c93d89  fdaa:0:18:a7b:7d:f066:b83b:2",
        "admin  no started machines",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
    assert_eq!(err, "");
    let (out, _) = ends(&gateway.run(&["tree", "--json"]), 0);
    let tree: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(tree["schema"], "sixpane.tree/2");
    assert_eq!(tree["network"], "fdaa:0:18::/48");
    let machines = tree["apps"].as_array().unwrap().iter().flat_map(|app| app["regions"].as_array().unwrap());
    assert_eq!(machines.map(|region| region["machines"].as_array().unwrap().len()).sum::<usize>(), 24);
}

#[test]
fn dig_distinguishes_found_not_found_and_no_response() {
    let gateway = Gateway::start();
    let (out, _) = ends(&gateway.run(&["dig", "db", "+short"]), 0);
    assert_eq!(out.lines().count(), 3);
    let (_, err) = ends(&gateway.run(&["dig", "nope"]), 1);
    assert_eq!(err, "", "standard error is not a terminal");
    let (out, err) = ends(&gateway.run(&["dig", "nope", "+explain"]), 1);
    assert!(err.contains("no app `nope`") && !err.contains("did you mean"), "{err}");
    assert!(out.contains("status: NXDOMAIN") && !out.contains("note"), "{out}");
    let (out, err) = ends(&gateway.run(&["dig", "wbe", "+explain", "+short"]), 1);
    assert!(err.ends_with("did you mean web.internal?\n") && out.is_empty(), "{err}");
    for (asked, meant) in [
        ("vms.wbe.internal", "vms.web.internal"),
        ("idd.web.internal", "iad.web.internal"),
        ("148e21b7c93d98.vm.web.internal", "148e21b7c93d89.vm.web.internal"),
        ("ofice._peer.internal", "office._peer.internal"),
        ("top3.nearest.of.web.", "top3.nearest.of.web.internal"),
    ] {
        let (_, err) = ends(&gateway.run(&["dig", asked, "+explain"]), 1);
        assert!(err.contains(&format!("did you mean {meant}")), "{asked}: {err}");
    }
    let (_, err) = ends(&gateway.run(&["dig", "admin", "+explain"]), 1);
    assert!(err.contains("no started machine"), "{err}");
    let (_, err) = ends(&gateway.run(&["dig", "web", "@fdaa:0:18::99", "+time=1"]), 5);
    assert!(err.contains("no response from [fdaa:0:18::99]:53 for web.internal."), "{err}");
    let (_, err) = ends(&gateway.run(&["dig", "web", "+fast"]), 2);
    assert!(err.contains("`+fast`") && err.contains("+short"), "{err}");
    let (out, _) = ends(&gateway.run(&["dig", "web", "db", "_apps", "--json"]), 0);
    let kinds: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(kinds[2]["message"]["answerRRs"][0]["rdataTXT"], "\"web,api,db,cache,jobs,admin\"");
    assert!(kinds.iter().all(|kind| kind["schema"] == "sixpane.dig/1" && kind["status"] == "NOERROR"));
}

#[test]
fn two_servers_are_compared() {
    let gateway = Gateway::start();
    // The gateway's own server, and one that is none.
    let both = ["dig", "db", "@fdaa:0:18::3", "@fdaa:0:18::3"];
    let (out, _) = ends(&gateway.run(&both), 0);
    assert_eq!(out.matches(";; Got answer:").count(), 2, "{out}");
    assert!(out.ends_with(";; fdaa:0:18::3 compared to fdaa:0:18::3: the same\n\n"), "{out}");
    let words = ["dig", "db", "@fdaa:0:18::3", "@fdaa:0:18::99", "+time=1", "+short"];
    let (out, err) = ends(&gateway.run(&words), 5);
    assert!(out.starts_with(";; fdaa:0:18::3:\nfdaa:0:18:a7b:7d:db00:1:2\n"), "{out}");
    assert!(
        out.ends_with("fdaa:0:18::99 compared to fdaa:0:18::3: 1 difference\n;; NOERROR → unreachable\n"),
        "{out}"
    );
    assert!(err.contains("no response from [fdaa:0:18::99]:53"), "{err}");
}

#[test]
fn two_networks_are_compared() {
    let gateway = Gateway::start();
    let other = Gateway::calm().replace("fdaa:0:18:", "fdaa:0:19:").replace("\"jobs\"", "\"tasks\"");
    let other = Gateway::of("other.conf", &other);
    let conf = other.conf.to_str().unwrap();
    let (out, err) = ends(&gateway.run(&["dig", conf, "_apps", "+short"]), 1);
    let want = ";; org:\n\"web,api,db,cache,jobs,admin\"\n;; other:\n\"web,api,db,cache,tasks,admin\"\n\
                ;; other compared to org: 2 differences\n;; - jobs\n;; + tasks\n";
    assert_eq!((out.as_str(), err.as_str()), (want, ""));
    let (out, _) = ends(&gateway.run(&["dig", conf, "_apps", "--json"]), 1);
    let all: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&all[0]["conf"], &all[1]["conf"], all.len()), (&"org".into(), &"other".into(), 3));
    assert_eq!((&all[2]["schema"], &all[2]["same"]), (&"sixpane.dig.difference/1".into(), &false.into()));
    assert_eq!(all[2]["second"], serde_json::json!({ "conf": "other", "server": "[fdaa:0:19::3]:53" }));
    let differences = serde_json::json!([
        { "kind": "removed", "record": "jobs" },
        { "kind": "added", "record": "tasks" },
    ]);
    assert_eq!(all[2]["differences"], differences);
    let (out, _) = ends(&gateway.run(&["dig", conf, "_peer"]), 0);
    assert!(out.contains(";; other compared to org: the same"), "{out}");
    // One of them cannot be asked: the other's answer is a part of what was wanted.
    let (out, err) = ends(&gateway.run(&["dig", "missing.conf", "_apps", "+short"]), 6);
    assert_eq!(out, "\"web,api,db,cache,jobs,admin\"\n");
    assert!(err.contains("missing.conf: cannot read it"), "{err}");
    let (_, err) = ends(&gateway.run(&["tree", "--conf", "a.conf", "--conf", "b.conf"]), 2);
    assert!(err.contains("too many confs"), "{err}");
}

#[test]
fn nearest_compares_the_order_to_round_trips() {
    let gateway = Gateway::start();
    let name = "top9.nearest.of.db.internal";
    let (out, _) = ends(&gateway.run(&["dig", name, "+short", "+nearest"]), 0);
    let rows: Vec<&str> = out.lines().filter(|line| line.contains(" ms  (")).collect();
    assert_eq!(rows.len(), 3, "{out}");
    assert!(out.contains(";; NEAREST, in the order of the server, median of 5 pings each:"), "{out}");
    let (out, _) = ends(&gateway.run(&["dig", "web", "+nearest", "--json"]), 0);
    let printed: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(printed["schema"], "sixpane.dig.nearest/2");
    let addresses = printed["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 9);
    let silent: Vec<&Value> = addresses.iter().filter(|one| one["received"] == 0).collect();
    assert_eq!(silent.len(), 1, "the machine that is silent: {printed}");
    assert!(silent[0]["p50_ms"].is_null());
    let (out, _) = ends(&gateway.run(&["dig", "admin", "+short", "+nearest"]), 1);
    assert!(out.contains("no address to ping"), "{out}");
}

#[test]
fn a_watched_query_prints_changes_until_interrupted() {
    let event = "[[event]]\nat = 1\nmachine = \"148e21b7c93d89\"\nstarted = false\n";
    for json in [true, false] {
        let gateway = Gateway::with(event);
        let mut words = vec!["dig", "web", "--watch", "0.1"];
        words.extend(json.then_some("--json"));
        let mut watch = gateway.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(watch.stdout.take().unwrap());
        let mut next = || {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line
        };
        if json {
            let first: Value = serde_json::from_str(&next()).unwrap();
            assert_eq!(
                (&first["schema"], &first["kind"]),
                (&"sixpane.dig.watch/1".into(), &"watching".into())
            );
            assert_eq!((first["records"].as_array().unwrap().len(), &first["every_s"]), (9, &0.1.into()));
            let gone: Value = serde_json::from_str(&next()).unwrap();
            assert_eq!((&gone["kind"], &gone["name"]), (&"removed".into(), &"web.internal.".into()));
            assert_eq!(gone["record"], "AAAA fdaa:0:18:a7b:7d:f066:b83b:2");
            assert!(gone["at"].as_str().unwrap().ends_with('Z'));
        } else {
            let first = next();
            assert!(first.ends_with("every 0.1 s: NOERROR, 9 records\n"), "{first}");
            assert!((0..9).all(|_| next().contains("    AAAA fdaa:0:18:")));
            let gone = next();
            assert_eq!(gone.get(8..), Some("  - AAAA fdaa:0:18:a7b:7d:f066:b83b:2\n"), "{gone}");
        }
        let pid = rustix::process::Pid::from_child(&watch);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(watch.wait().unwrap().code(), Some(0));
    }
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
    assert!(err.contains("cannot reach nope: the name does not exist (NXDOMAIN)"), "{err}");
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
    // The read end is held: a writer without a reader would end.
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
    let printed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&printed["schema"], &printed["dns"]), (&"sixpane.addr/1".into(), &"fdaa:0:18::3".into()));
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
fn a_conf_error_is_one_line_without_the_key() {
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
        assert!(!err.contains(&short[..12]), "a key is never printed");
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
    // It is used: nothing listens there.
    let (_, err) = ends(&tree(), 4);
    assert!(err.contains("127.0.0.1:9"), "{err}");
    std::fs::write(folder.path().join("b.conf"), conf(KEY)).unwrap();
    let (_, err) = ends(&tree(), 2);
    assert!(
        err.contains("2 confs found; name one with --conf")
            && err.contains("a.conf")
            && err.contains("b.conf"),
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

/// Every option that the parser knows is in the help and in the manual.
#[test]
fn the_options_of_a_dig_line_are_in_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let (help, _) = ends(&sixpane(folder.path(), &["dig", "--help"]).output().unwrap(), 0);
    let (manual, _) = ends(&sixpane(folder.path(), &["man"]).output().unwrap(), 0);
    for known in sixpane::testing::dns::dig::options::KNOWN {
        let written = format!("+{}", known.written());
        let printed =
            |line: &str| line.split_whitespace().next() == Some(&written) && line.ends_with(known.words);
        assert!(help.lines().any(printed), "{written} in\n{help}");
        let page = manual.replace("\\*(Aq", "'").replace("\\-", "-");
        assert!(page.contains(&format!("\n\\fB{written}\\fR\n{}\n", known.words)), "{written}");
    }
    let (short, _) = ends(&sixpane(folder.path(), &["dig", "-h"]).output().unwrap(), 0);
    assert!(short.contains("--help"), "{short}");
}

#[test]
fn watch_prints_each_change_until_interrupted() {
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
fn a_batch_keeps_its_order_and_names_each_failure() {
    let gateway = Gateway::start();
    let batch = gateway.folder.path().join("batch");
    std::fs::write(&batch, "# names\n\n_apps\nweb AAAA\nweb @fdaa:0:18::99\ndb\n").unwrap();
    let file = batch.to_str().unwrap();
    let (out, err) = ends(&gateway.run(&["dig", "+short", "+time=1", "-f", file]), 6);
    assert_eq!(out.lines().count(), 1 + 9 + 3);
    assert!(out.starts_with("\"web,api,db,cache,jobs,admin\"\n"));
    assert!(err.contains("no response from [fdaa:0:18::99]:53 for web.internal."), "{err}");
    std::fs::write(&batch, "_apps\nweb +fast\n").unwrap();
    let (_, err) = ends(&gateway.run(&["dig", "-f", file]), 2);
    assert!(err.contains("batch:2: unknown option `+fast`"), "{err}");
}

#[test]
fn ten_thousand_queries_keep_their_order_and_each_failure_is_named() {
    const SILENT: [usize; 4] = [0, 5000, 5001, 9999];
    let number = |name: &str| name[1..name.find('.').unwrap()].parse::<usize>().unwrap();
    let address = |n: usize| format!("fdaa:0:18::1:{n:x}");
    let liar = Liar::new(move |query| {
        let n = number(&query.name());
        if SILENT.contains(&n) { vec![] } else { vec![Do::Say(query.answer(&[aaaa(&address(n))]))] }
    });
    let batch = liar.folder.path().join("batch");
    let questions: Vec<String> = (0..10_000).map(|n| format!("m{n}\n")).collect();
    std::fs::write(&batch, questions.concat()).unwrap();
    let file = batch.to_str().unwrap();
    let (out, err) = ends(&liar.run(&["dig", "+short", "+time=2", "-f", file]), 6);
    let want: Vec<String> = (0..10_000).filter(|n| !SILENT.contains(n)).map(|n| address(n) + "\n").collect();
    assert!(out == want.concat(), "{} lines", out.lines().count());
    for n in SILENT {
        assert!(
            err.contains(&format!("no response from [fdaa:0:18::3]:53 for m{n}.internal.")),
            "{n}: {err}"
        );
    }
    assert_eq!(err.matches("no response from").count(), SILENT.len(), "{err}");
    let (out, _) = ends(&liar.run(&["dig", "--json", "+time=2", "-f", file]), 6);
    let mut count = 0;
    for (n, line) in out.lines().enumerate() {
        let printed: Value = serde_json::from_str(line).unwrap();
        let status = if SILENT.contains(&n) { "timeout" } else { "NOERROR" };
        assert_eq!(
            (&printed["name"], &printed["status"]),
            (&format!("m{n}.internal.").into(), &status.into())
        );
        count += 1;
    }
    assert_eq!(count, 10_000);
}

const MACHINE: &str = "fdaa:0:18:a7b:7d:f066:b83b:2";

/// The forms of the reference document's table of `.internal` names, without that ending.
const BARE: [(&str, &str); 13] = [
    ("web", "AAAA"),
    ("top2.nearest.of.web", "AAAA"),
    ("148e21b7c93d89.vm.web", "AAAA"),
    ("vms.web", "TXT"),
    ("app.process.web", "AAAA"),
    ("iad.web", "AAAA"),
    ("global.web", "AAAA"),
    ("regions.web", "TXT"),
    ("leader.role.kv._metadata.web", "AAAA"),
    ("_apps", "TXT"),
    ("_peer", "TXT"),
    ("office._peer", "AAAA"),
    ("_instances", "TXT"),
];

#[test]
fn a_name_as_the_screens_show_it_is_the_same_everywhere() {
    let gateway = Gateway::start();
    let sorted = |out: String| {
        let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    for (bare, rtype) in BARE {
        let whole = sorted(ends(&gateway.run(&["dig", &format!("{bare}.internal."), rtype, "+short"]), 0).0);
        let short = sorted(ends(&gateway.run(&["dig", bare, "+short"]), 0).0);
        assert_eq!(short, whole, "dig {bare}");
        if rtype != "AAAA" {
            continue;
        }
        let addresses = |words: &[&str]| {
            let output = gateway.run(words);
            let out = String::from_utf8(output.stdout).unwrap();
            let mut found: Vec<String> = out
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .filter(|value| value["target"] != "gateway")
                .filter_map(|value| Some(value["address"].as_str()?.to_owned()))
                .collect();
            found.sort();
            found.dedup();
            (found, String::from_utf8(output.stderr).unwrap())
        };
        for words in [["ping", bare, "-c1", "--json"], ["ports", bare, "1", "--json"]] {
            let (found, err) = addresses(&words);
            assert_eq!(found, whole, "{words:?}: {err}");
        }
        let (found, err) = addresses(&["trace", bare, "-c1", "--no-mtu", "--json"]);
        assert!(found.len() == 1 && whole.contains(&found[0]), "trace {bare}: {found:?} {err}");
        if bare.contains("web") {
            let conf = gateway.conf.to_str().unwrap();
            ends(&sixpane(gateway.folder.path(), &["find", bare, conf]).output().unwrap(), 0);
        }
    }
}

#[test]
fn what_is_pasted_is_read_in_every_command() {
    let gateway = Gateway::start();
    for text in [
        MACHINE.to_owned(),
        format!("[{MACHINE}]"),
        format!("{MACHINE}/120"),
        format!("{MACHINE}%wg0"),
        "148e21b7c93d89".into(),
        "web/148e21b7c93d89".into(),
        "148e21b7c93d89.vm.web".into(),
        format!("http://[{MACHINE}]/path"),
        "HTTPS://148E21B7C93D89.VM.WEB.internal./".into(),
    ] {
        let (out, _) = ends(&gateway.run(&["ping", &text, "-c1", "--json"]), 0);
        assert!(out.contains(&format!("\"{MACHINE}\"")), "{text}: {out}");
    }
    ends(&sixpane(gateway.folder.path(), &["addr", &format!("{MACHINE}/120")]).output().unwrap(), 0);
    let conf = std::fs::read_to_string(&gateway.conf).unwrap();
    let own = conf.lines().find_map(|line| line.strip_prefix("Address = ")).unwrap();
    for (text, words) in [
        ("10.0.0.1", "10.0.0.1 is an IPv4 address"),
        ("web:8080", "sixpane ports web 8080"),
        ("http://web.internal:8080/", "has a port, which"),
        ("fdaa:0:18", "not an IPv6 address"),
        (own, "is this peer itself"),
        ("wbe", "a similar name is web"),
        ("192.168.0.1:443", "192.168.0.1 is an IPv4 address"),
    ] {
        for command in ["ping", "trace"] {
            let output = gateway.run(&[command, text, "-c", "1"]);
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(err.contains(words), "{command} {text}: {err}");
        }
    }
    for text in
        ["web:8080", "http://web.internal:8080/path", "[fdaa:0:18:a7b:7d:f066:b83b:2]:8080", "web/iad"]
    {
        let output = gateway.run(&["ports", text, "8080", "--json"]);
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(out.contains("\"port\":8080"), "{text}: {out}{}", String::from_utf8_lossy(&output.stderr));
    }
    let (out, _) = ends(&gateway.run(&["dig", "web", "@fdaa:0:18::3#53", "+short"]), 0);
    assert!(out.contains(MACHINE), "{out}");
}
