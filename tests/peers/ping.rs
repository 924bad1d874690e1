//! Pings, traces and ports against wireguard-go and the kernel behind it: what we count is what the far side saw.

use std::io::Read as _;
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::gateway::Gateway;
use crate::odd;
use crate::org::Org;
use crate::world::{Running, Space, possible, unique, until};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a field of the summaries adds up to.
fn sum(output: &Output, field: &str) -> u64 {
    let all = lines(output);
    let summaries = all.iter().filter(|line| line["kind"] == "summary");
    summaries.map(|line| line[field].as_u64().unwrap()).sum()
}

/// `nft` inside a namespace.
fn nft(space: &Space, rules: &str) {
    let output = space.output("nft", &[rules]);
    assert!(output.status.success(), "nft {rules}: {}", text(&output.stderr));
}

/// A tcpdump of ICMPv6 that has begun, and what it prints.
fn dump(space: &Space, interface: &str) -> Child {
    let words = ["-i", interface, "-n", "-l", "--immediate-mode", "icmp6"];
    let mut command = space.command("tcpdump", &words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut byte = [0];
    let mut stderr = child.stderr.take().unwrap();
    while !said.contains("listening on") {
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "tcpdump: {said}");
        said.push(byte[0].into());
    }
    child.stderr = Some(stderr);
    child
}

#[test]
fn what_we_count_is_what_the_far_side_saw() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let machine = org.apps[0].machines[0].address.to_string();
    let mut dump = dump(&gateway.far, &gateway.interface);
    let output = gateway.sixpane("ping", &[&machine, "-c", "40", "-i", "0.1", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // What is sent last is seen last.
    let end = gateway.far.output("ping", &["-c", "1", "-s", "999", "-I", &gateway.interface, &machine]);
    drop(end);
    end_of(&mut dump);
    let mut seen = String::new();
    dump.stdout.take().unwrap().read_to_string(&mut seen).unwrap();
    let count = |what: &str| {
        let of = |line: &&str| line.contains(&machine) && line.contains(what);
        seen.lines().filter(of).count() as u64
    };
    assert_eq!((sum(&output, "sent"), sum(&output, "received")), (40, 40));
    assert_eq!((count("echo request"), count("echo reply")), (40, 40), "{seen}");
}

/// Ends tcpdump as a person does, so that it prints all that it has.
fn end_of(dump: &mut Child) {
    let pid = dump.id().to_string();
    crate::world::run("kill", &["-INT", &pid]);
    dump.wait().unwrap();
}

#[test]
fn loss_is_counted_exactly_over_a_thousand_probes() {
    if !possible() {
        return;
    }
    let org = Org::of(0x18, &["web".to_owned(), "none".to_owned()], 50);
    let gateway = Gateway::start(&org);
    nft(&gateway.far, "add table ip6 loss");
    nft(&gateway.far, "add chain ip6 loss in { type filter hook input priority 0; }");
    for (rule, lost) in [("numgen inc mod 20 == 0", 50), ("numgen inc mod 10 < 3", 300), ("", 1000)] {
        nft(&gateway.far, "flush chain ip6 loss in");
        // Of the machines' addresses alone: the gateway is pinged beside them, to compare with.
        let to = format!("ip6 daddr != {}", org.dns());
        nft(&gateway.far, &format!("add rule ip6 loss in {to} icmpv6 type echo-request {rule} drop"));
        let words = ["web", "-c", "20", "-i", "0.1", "-W", "1", "--pace", "1000", "--json"];
        let output = gateway.sixpane("ping", &words);
        let printed =
            [sum(&output, "sent"), sum(&output, "received"), sum(&output, "lost"), sum(&output, "late")];
        assert_eq!(printed, [1000, 1000 - lost, lost, 0], "{rule}");
        assert_eq!(output.status.code(), Some(i32::from(lost == 1000)));
    }
}

#[test]
fn duplicates_late_replies_and_strays_are_counted_exactly_over_a_thousand_probes() {
    if !possible() {
        return;
    }
    let org = Org::of(0x18, &["web".to_owned(), "none".to_owned()], 50);
    let gateway = Gateway::start(&org);
    let hosts: Vec<_> = org.addresses().collect();
    let _odd = odd::start(&gateway.far, org.dns(), &hosts, Org::peer_address(org.network));
    // The last ten of a host are answered as they should be: what is late has come by then.
    let words = ["web", "-c", "20", "-i", "0.2", "-W", "1", "--pace", "1000", "--json"];
    let output = gateway.sixpane("ping", &words);
    let printed = ["sent", "received", "lost", "late", "duplicates", "strays", "errors"]
        .map(|field| sum(&output, field));
    // Of each of the fifty hosts: one of each kind, and two that are strays beside the right answer.
    assert_eq!(printed, [1000, 900, 50, 50, 50, 100, 0], "{}", text(&output.stderr));
    let kinds = |kind: &str| lines(&output).iter().filter(|line| line["state"] == kind).count();
    assert_eq!((kinds("duplicate"), kinds("late"), kinds("stray")), (50, 50, 100));
}

/// A host one hop behind the gateway, over a cable that takes `mtu` bytes.
fn behind(gateway: &Gateway, address: &str, mtu: u32) -> Space {
    let host = Space::new("h");
    let (a, b) = (unique("x"), unique("y"));
    crate::world::run(
        "ip",
        &["-n", &gateway.far.0, "link", "add", &a, "type", "veth", "peer", "name", &b, "netns", &host.0],
    );
    for (space, own, link) in [(&gateway.far, "fd00::1", &a), (&host, "fd00::2", &b)] {
        space.ip(&format!("-6 addr add {own}/64 dev {link} nodad"));
        space.ip(&format!("link set {link} mtu {mtu} up"));
    }
    host.ip(&format!("-6 addr add {address}/128 dev lo nodad"));
    host.ip("-6 route add default via fd00::1");
    gateway.far.ip(&format!("-6 route add {address}/128 via fd00::2"));
    let forward = gateway.far.output("sysctl", &["-w", "net.ipv6.conf.all.forwarding=1"]);
    assert!(forward.status.success(), "{}", text(&forward.stderr));
    // The two have to find each other on the cable first.
    until("the way behind the gateway", || {
        gateway.far.output("ping", &["-c", "1", "-W", "1", address]).status.success()
    });
    host
}

#[test]
fn a_trace_shows_the_hops_and_the_path_mtu() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let address = "fdaa:0:18:a7b:aaaa::2";
    let _host = behind(&gateway, address, 1300);
    let output = gateway.sixpane("trace", &[address, "-c", "3", "-i", "0.2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let trace = &lines(&output)[0];
    let hops = trace["hops"].as_array().unwrap();
    assert_eq!((trace["reached"].as_bool(), hops.len()), (Some(true), 2), "{trace}");
    assert_eq!(hops[1]["from"][0]["address"], address);
    assert_eq!((&hops[1]["sent"], &hops[1]["lost"]), (&3.into(), &0.into()));
    assert_eq!(trace["mtu"]["fits"], 1300);
    assert_eq!(trace["mtu"]["reported_by"], hops[0]["from"][0]["address"], "the router said it");
    let unused = gateway.sixpane("trace", &["fdaa:0:18:a7b:ffff::9", "-c", "1", "-m", "3"]);
    assert_eq!(unused.status.code(), Some(1), "{}", text(&unused.stdout));
}

#[test]
fn ports_of_services_that_listen_here_there_and_behind_a_filter() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let machine = org.apps[0].machines[0].address.to_string();
    let listen = |what: &str| -> Running { gateway.far.start("socat", &[what, "EXEC:cat"], &[]) };
    let _all = [
        listen("TCP6-LISTEN:8080,fork,reuseaddr"),
        listen("TCP4-LISTEN:8081,bind=127.0.0.1,fork,reuseaddr"),
        listen("TCP6-LISTEN:8082,fork,reuseaddr"),
    ];
    nft(&gateway.far, "add table ip6 filter");
    nft(&gateway.far, "add chain ip6 filter in { type filter hook input priority 0; }");
    nft(&gateway.far, "add rule ip6 filter in tcp dport 8082 drop");
    until("the three services", || {
        let table = gateway.far.output("cat", &["/proc/net/tcp", "/proc/net/tcp6"]);
        let table = text(&table.stdout);
        [8080, 8081, 8082].iter().all(|port| table.contains(&format!(":{port:04X} ")))
    });
    let output = gateway.sixpane("ports", &[&machine, "8080-8082", "--json"]);
    let states: Vec<String> = lines(&output)
        .iter()
        .map(|line| format!("{} {}", line["port"], line["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, ["8080 open", "8081 refused", "8082 filtered"]);
}

#[test]
fn protocols_of_services_are_recognised() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::start(&org);
    let folder = gateway.folder.path();
    let (key, certificate) = (folder.join("tls.key"), folder.join("tls.pem"));
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let answer = folder.join("answer.txt");
    std::fs::write(&answer, "HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    let names = "subjectAltName=DNS:web.internal,DNS:*.web.internal";
    let curve = "ec_paramgen_curve:prime256v1";
    crate::world::run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            curve,
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=throw-away",
            "-addext",
            names,
        ],
    );
    let tls = |port: &str, more: &[&str]| {
        let mut words =
            vec!["s_server", "-6", "-accept", port, "-key", key, "-cert", certificate, "-quiet", "-www"];
        words.extend(more);
        gateway.far.start("openssl", &words, &[])
    };
    let says = |port: u16, what: &str| {
        gateway.far.start("socat", &[&format!("TCP6-LISTEN:{port},fork,reuseaddr"), what], &[])
    };
    let _all = [
        tls("[::]:8443", &[]),
        tls("[::]:9443", &["-tls1_3"]),
        // On an unusual port.
        tls("[::]:8081", &[]),
        says(8080, &format!("SYSTEM:cat {}; sleep 1", answer.display())),
        says(2222, "SYSTEM:echo SSH-2.0-OpenSSH_9.2; sleep 3"),
        says(2223, "SYSTEM:sleep 9"),
    ];
    until("the services", || {
        let table = text(&gateway.far.output("cat", &["/proc/net/tcp6"]).stdout);
        [8443, 9443, 8081, 8080, 2222, 2223].iter().all(|port| table.contains(&format!(":{port:04X} ")))
    });
    // By its name, so that it is asked for by it; one machine of three is enough.
    let name = format!("{}.vm.web.internal", org.apps[0].machines[0].id);
    let words = [&name, "8443", "9443", "8081", "8080", "2222", "2223", "7", "--protocol", "--json"];
    let output = gateway.sixpane("ports", &words);
    let lines = lines(&output);
    let of = |port: u16| &lines.iter().find(|line| line["port"] == port).unwrap()["protocol"];
    for port in [8443, 8081] {
        assert_eq!(of(port)["name"], "tls", "{port}: {}", of(port));
        assert_eq!(of(port)["certificate"]["names"], serde_json::json!(["web.internal", "*.web.internal"]));
        assert_eq!(of(port)["certificate"]["issuer"], "throw-away");
    }
    assert_eq!((&of(9443)["name"], &of(9443)["certificate"]), (&"tls".into(), &Value::Null));
    assert!(of(9443)["banner"].as_str().unwrap().contains("TLS 1.3 only"), "{}", of(9443));
    assert_eq!((&of(8080)["name"], &of(8080)["banner"]), (&"http".into(), &"HTTP/1.1 204 No Content".into()));
    assert_eq!(of(2222)["name"], Value::Null);
    assert!(of(2222)["banner"].as_str().unwrap().contains("SSH-2.0-OpenSSH_9.2"), "{}", of(2222));
    assert_eq!(of(2223)["banner"], "no data");
    assert_eq!(of(7), &Value::Null, "a closed port has no protocol check");
    // And for people.
    let output = gateway.sixpane("ports", &[&name, "8443", "--protocol=tls"]);
    assert!(
        text(&output.stdout).contains("TLS 1.2, certificate of web.internal and 1 more name, by throw-away")
    );
}
