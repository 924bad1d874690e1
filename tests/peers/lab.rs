//! The fault lab: causes made for real, and the one that the doctor names.
//!
//! What it must name, and what it said, is the table in `lab.txt`, beside; with `SIXPANE_WRITE_LAB=1` it is written
//! again, with the times. The times are not compared.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::{Gateway, write_private};
use crate::org::Org;
use crate::relay;
use crate::world::{keys, possible, run, until};

/// A cause, what makes it, what is asked for, and the fault that must be named; the empty one is none.
#[derive(Clone, Copy)]
pub struct Fault {
    pub cause: &'static str,
    pub make: fn(&mut Gateway, &Org),
    pub words: &'static [&'static str],
    pub named: &'static str,
    /// The org that it is made in, where that is not the usual one.
    org: Option<fn() -> Org>,
}

impl Fault {
    /// The org for this fault and another one.
    pub fn org_with(&self, other: &Self) -> Org {
        self.org.or(other.org).map_or_else(|| Org::small(0x18), |org| org())
    }
}

const fn fault(
    cause: &'static str,
    named: &'static str,
    words: &'static [&'static str],
    make: fn(&mut Gateway, &Org),
) -> Fault {
    Fault { cause, make, words, named, org: None }
}

const fn in_org(org: fn() -> Org, fault: Fault) -> Fault {
    Fault { org: Some(org), ..fault }
}

const SIXPANE: &str = env!("CARGO_BIN_EXE_sixpane");

fn zones(org: &Org, change: impl Fn(String) -> String) -> [(&'static str, String); 2] {
    [("internal", change(org.internal())), ("flycast", org.flycast())]
}

/// A service on the first machine of `web`, made of what socat does with a connection.
fn service(gateway: &mut Gateway, org: &Org, port: u16, what: &str) {
    let address = org.apps[0].machines[0].address;
    let listen = format!("TCP6-LISTEN:{port},bind=[{address}],reuseaddr,fork");
    gateway.keep(gateway.far.start("socat", &[&listen, what], &[]));
    until("the service", || listens_tcp(gateway, port));
}

fn listens_tcp(gateway: &Gateway, port: u16) -> bool {
    let table = gateway.far.output("cat", &["/proc/net/tcp6", "/proc/net/tcp"]);
    String::from_utf8_lossy(&table.stdout).lines().any(|line| line.contains(&format!(":{port:04X} ")))
}

/// `web` with one machine.
fn single() -> Org {
    let mut org = Org::small(0x18);
    org.apps[0].machines.truncate(1);
    org.apps[0].flycast = None;
    org
}

fn remove_machine(gateway: &Gateway, org: &Org, app: usize, machine: usize) {
    let address = org.apps[app].machines[machine].address;
    gateway.far.ip(&format!("-6 addr del {address}/128 dev lo"));
    gateway.far.ip(&format!("-6 route add blackhole {address}/128"));
}

/// A way out of the client's namespace, so that it is not offline.
fn way_out(gateway: &Gateway) {
    gateway.client.ip("route add default via 10.6.0.2");
}

pub const FAULTS: &[Fault] = &[
    fault("nothing is wrong", "", &["--app", "web"], |_, _| ()),
    // Conf.
    fault("conf broken", "conf-broken", &[], |g, _| g.change_conf("PrivateKey", "nonsense")),
    fault("conf is no WireGuard conf", "conf-broken", &[], |g, _| write_private(&g.conf, "server {}\n")),
    fault("conf world-readable", "conf-world-readable", &[], |g, _| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&g.conf, std::fs::Permissions::from_mode(0o644)).unwrap();
    }),
    fault("conf name too long for Linux", "conf-name-too-long", &[], |g, _| {
        g.rename_conf("a-name-too-long-for-linux");
    }),
    fault("two confs for one org", "two-confs-one-org", &[], |g, _| {
        let text = std::fs::read_to_string(&g.conf).unwrap();
        let text = text.replace(&g.conf_line("PrivateKey"), &keys().0);
        write_private(&g.conf.with_file_name("other.conf"), &text);
    }),
    fault("two confs with one key", "two-confs-one-key", &[], |g, _| {
        std::fs::copy(&g.conf, g.conf.with_file_name("copy.conf")).unwrap();
    }),
    fault("conf in use by another sixpane", "conf-in-use", &[], |g, _| {
        let words = ["watch", g.conf.to_str().unwrap()];
        let env = [("XDG_STATE_HOME", g.folder.path().to_str().unwrap())];
        g.keep(g.client.start(SIXPANE, &words, &env));
        let claims = g.folder.path().join("sixpane");
        until("the claim", || {
            let claim = std::fs::read_dir(&claims).ok().and_then(|mut all| all.next()?.ok());
            claim.is_some_and(|claim| std::fs::metadata(claim.path()).is_ok_and(|m| m.len() > 0))
        });
    }),
    fault("the system's VPN has the same key", "system-has-the-key", &[], |g, org| {
        let running = g.tun_of_conf(org);
        g.keep(running);
    }),
    fault("DNS line is IPv4", "dns-line-foreign", &[], |g, _| g.change_conf("DNS", "1.1.1.1")),
    fault("DNS line is a public resolver", "dns-line-foreign", &[], |g, _| {
        g.change_conf("DNS", "2606:4700:4700::1111");
    }),
    fault("name server outside AllowedIPs", "dns-not-allowed", &[], |g, _| {
        g.change_conf("AllowedIPs", "fdaa:0:18:a7b::/64");
    }),
    fault("AllowedIPs of another network", "address-not-allowed", &[], |g, _| {
        g.change_conf("AllowedIPs", "fdaa:0:19::/48");
    }),
    fault("clock set back", "clock-back", &[], |g, _| {
        // Two hours ahead the gateway hears of us; then the clock is right again.
        let words = ["--exclude-monotonic", "-f", "+2h", SIXPANE, "tree", g.conf.to_str().unwrap()];
        let env = [("XDG_STATE_HOME", g.folder.path())];
        let output = g.client.command("faketime", &words).envs(env).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }),
    // Link.
    fault("endpoint name does not resolve", "endpoint-unresolved", &[], |g, _| {
        g.change_conf("Endpoint", "no-such-name.invalid:9");
    }),
    fault("endpoint name, and the machine's DNS is dead", "endpoint-unresolved", &[], |g, _| {
        g.client.resolver("127.0.0.1");
        g.change_conf("Endpoint", "iad1.gateway.example:9");
    }),
    fault("this machine is offline", "offline", &[], |g, _| g.change_conf("Endpoint", "203.0.113.1:9")),
    fault("no IPv6 here", "no-ipv6", &[], |g, _| {
        way_out(g);
        g.change_conf("Endpoint", "[2001:db8::1]:51820");
    }),
    fault("no route to the endpoint", "no-route", &[], |g, _| {
        way_out(g);
        g.client.ip("route add unreachable 203.0.113.1");
        g.change_conf("Endpoint", "203.0.113.1:51820");
    }),
    fault("ListenPort is taken", "listen-port-taken", &[], |g, _| {
        g.keep(g.client.start("socat", &["UDP4-LISTEN:4500,reuseaddr=0", "-"], &[]));
        until("socat's port", || g.client.listens(4500));
        let text = std::fs::read_to_string(&g.conf).unwrap();
        write_private(&g.conf, &text.replace("[Interface]", "[Interface]\nListenPort = 4500"));
    }),
    fault("UDP port closed", "udp-port-closed", &[], |g, _| g.change_conf("Endpoint", "10.6.0.2:9")),
    fault("UDP filtered", "no-answer", &[], |g, _| g.far.filter(&["ip meta l4proto udp drop"])),
    fault("WireGuard's port alone filtered", "peer-or-key", &[], |g, _| {
        g.far.filter(&["ip udp dport 51820 drop"]);
    }),
    fault("wrong private key", "peer-or-key", &[], |g, _| g.change_conf("PrivateKey", &keys().0)),
    fault("wrong public key of the gateway", "peer-or-key", &[], |g, _| {
        g.change_conf("PublicKey", &keys().1);
    }),
    fault("peer removed", "peer-or-key", &[], |g, _| {
        run("wg", &["set", &g.interface, "peer", &g.peer_public, "remove"]);
    }),
    fault("PresharedKey at the gateway alone", "peer-or-key", &[], |g, _| {
        let key = g.folder.path().join("psk");
        std::fs::write(&key, keys().0).unwrap();
        run("wg", &["set", &g.interface, "peer", &g.peer_public, "preshared-key", key.to_str().unwrap()]);
    }),
    fault("another client on the same key", "same-key", &[], |g, _| {
        // The gateway keeps one session per key: the client with the last handshake gets the replies. The other one pings
        // all the time, so each takes the session from the other.
        g.keep(relay::start(&g.far, 51_821, "127.0.0.1:51820", Duration::from_millis(150), 0.0, 0));
        let elsewhere = g.folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        let other = elsewhere.join("other.conf");
        std::fs::copy(&g.conf, &other).unwrap();
        g.change_conf("Endpoint", "10.6.0.2:51821");
        let words = ["ping", other.to_str().unwrap(), "gateway", "--force", "-i", "0.1", "-c", "200"];
        g.keep(g.client.start(SIXPANE, &words, &[("XDG_STATE_HOME", "/nonexistent")]));
    }),
    fault("another Address than the peer's", "no-data", &[], |g, _| {
        g.change_conf("Address", "fdaa:0:18:a7b:ffff::2/120");
    }),
    // DNS.
    fault("name server's port filtered", "dns-silent", &[], |g, _| {
        g.far.filter(&["ip6 udp dport 53 drop", "ip6 tcp dport 53 drop"]);
    }),
    fault("name server ended", "dns-silent", &[], |g, _| g.end_server()),
    fault("name server's address gone", "dns-silent", &[], |g, _| {
        g.far.ip("-6 addr del fdaa:0:18::3/128 dev lo");
    }),
    fault("name server refuses", "dns-refuses", &[], |g, org| g.serve(&[("flycast", org.flycast())])),
    fault("name server fails", "dns-refuses", &[], |g, _| g.serve(&[("internal", "nonsense".into())])),
    fault("DNS line names a machine", "dns-wrong-address", &[], |g, org| {
        g.change_conf("DNS", &org.apps[1].machines[0].address.to_string());
    }),
    fault("a server that knows no .internal", "dns-not-ours", &[], |g, _| {
        // As of some other network: the zone is there, and none of ours in it.
        let zone = "$TTL 5\n@ SOA ns hostmaster 1 3600 600 86400 5\n@ NS ns\nns AAAA ::1\n";
        g.serve(&[("internal", zone.into())]);
    }),
    // Org.
    in_org(|| Org { apps: vec![], ..Org::small(0x18) }, fault("org has no apps", "no-apps", &[], |_, _| ())),
    in_org(
        || Org { peers: vec![], ..Org::small(0x18) },
        fault("this peer is not listed", "peer-unlisted", &[], |_, _| ()),
    ),
    fault("named peer missing by the platform's fault", "peer-missing", &[], |g, org| {
        g.serve(&zones(org, |zone| zone.replace("_peer TXT \"my-peer\"", "_peer TXT \"office\"")));
    }),
    fault("the peer was recreated", "peer-another", &[], |g, org| {
        let own = Org::peer_address(org.network).to_string();
        g.serve(&zones(org, |zone| zone.replace(&own, "fdaa:0:18:a7b:d6b:0:77:2")));
    }),
    fault("records disagree: vms", "records-disagree", &[], |g, org| {
        let first = format!("{} {},", org.apps[0].machines[0].id, org.apps[0].machines[0].region);
        g.serve(&zones(org, |zone| zone.replacen(&format!("vms.web TXT \"{first}"), "vms.web TXT \"", 1)));
    }),
    fault("records disagree: regions", "records-disagree", &[], |g, org| {
        g.serve(&zones(org, |zone| zone.replace("regions.web TXT \"fra,", "regions.web TXT \"nrt,fra,")));
    }),
    fault("records disagree: AAAA", "records-disagree", &[], |g, org| {
        let line = format!("\nweb AAAA {}", org.apps[0].machines[0].address);
        g.serve(&zones(org, |zone| zone.replace(&line, "")));
    }),
    // Path.
    fault("MTU black hole", "mtu-black-hole", &[], |g, _| g.far.filter(&["ip udp length gt 1300 drop"])),
    fault("every third packet is lost", "packets-lost", &[], |g, _| {
        g.far.filter(&["ip meta l4proto udp numgen inc mod 3 < 1 drop"]);
    }),
    fault("one machine of many", "some-machines-silent", &[], |g, org| remove_machine(g, org, 1, 0)),
    fault("all machines of the app", "machines-silent", &["--app", "web"], |g, org| {
        (0..3).for_each(|machine| remove_machine(g, org, 0, machine));
    }),
    fault("stale address after a move", "stale-address", &[], |g, org| {
        let old = format!("ip={}", org.apps[0].machines[0].address);
        g.serve(&zones(org, |zone| zone.replace(&old, "ip=fdaa:0:18:a7b:99::2")));
        g.far.ip("-6 route add blackhole fdaa:0:18:a7b:99::2/128");
    }),
    // App.
    fault("app in another org", "app-unknown", &["--app", "elsewhere"], |_, _| ()),
    fault("app is misspelt", "app-unknown", &["--app", "wbe"], |_, _| ()),
    fault("no started machine", "app-stopped", &["--app", "admin"], |_, _| ()),
    fault("a machine that is in no record", "machine-unknown", &["--machine", "148e21b7c93d89"], |_, _| ()),
    fault(
        "an address without a machine",
        "stale-address",
        &["--machine", "fdaa:0:18:a7b:1:2:3:2"],
        |_, _| (),
    ),
    fault("flycast missing", "flycast-missing", &["--app", "api.flycast:80"], |_, _| ()),
    fault("flycast without services", "flycast-no-service", &["--app", "web.flycast:80"], |g, org| {
        g.far.ip(&format!("addr add {}/128 dev lo", org.apps[0].flycast.unwrap()));
    }),
    // Port.
    fault("nothing listens on the port", "port-refused", &["--app", "web:8080"], |_, _| ()),
    fault("service on 127.0.0.1 alone", "port-refused", &["--app", "web:8081"], |g, _| {
        g.keep(g.far.start("socat", &["TCP4-LISTEN:8081,bind=127.0.0.1,fork", "PIPE"], &[]));
        until("the service", || listens_tcp(g, 8081));
    }),
    fault("port filtered", "port-silent", &["--app", "web:8080"], |g, _| {
        g.far.filter(&["ip6 tcp dport 8080 drop"]);
    }),
    in_org(
        single,
        fault(
            "service has another protocol",
            "port-wrong-protocol",
            &["--app", "web:8080/http"],
            |g, org| {
                service(g, org, 8080, "SYSTEM:echo SSH-2.0-OpenSSH_9.2; sleep 3");
            },
        ),
    ),
    in_org(
        single,
        fault("service hangs", "service-silent", &["--app", "web:8080/tls"], |g, org| {
            service(g, org, 8080, "SYSTEM:sleep 9");
        }),
    ),
    in_org(
        single,
        fault("service has HTTP", "", &["--app", "web:8080/http"], |g, org| {
            let answer = g.folder.path().join("answer.txt");
            std::fs::write(&answer, "HTTP/1.1 200 OK\r\n\r\n").unwrap();
            service(g, org, 8080, &format!("SYSTEM:cat {}; sleep 1", answer.display()));
        }),
    ),
    // The system's own VPN.
    fault("system's VPN works", "", &["--system"], |g, org| {
        g.client.resolver(&org.dns().to_string());
        let running = g.tun(org);
        g.keep(running);
    }),
    fault("system's VPN is not up", "system-no-interface", &["--system"], |_, _| ()),
    fault("system has no route", "system-no-route", &["--system"], |g, org| {
        let running = g.tun(org);
        g.keep(running);
        g.client.ip(&format!("-6 route del {}", org.prefix()));
    }),
    fault("system's tunnel is stale", "system-tunnel-dead", &["--system"], |g, org| {
        let running = g.tun(org);
        g.keep(running);
        let peers = run("wg", &["show", &g.interface, "peers"]);
        let other = peers.lines().find(|key| *key != g.peer_public).unwrap();
        run("wg", &["set", &g.interface, "peer", other, "remove"]);
    }),
    fault("system asks another resolver", "system-dns", &["--system"], |g, org| {
        g.client.resolver("127.0.0.1");
        let running = g.tun(org);
        g.keep(running);
    }),
];

/// Labs that work side by side: most of the time each waits.
const AT_ONCE: usize = 6;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/lab.txt");

/// What `work` makes of each number below `all`, a few of them at once.
pub fn side_by_side<T: Send>(all: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= all {
                        return;
                    }
                    let made = work(at);
                    done.lock().unwrap().push((at, made));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    assert_eq!(done.len(), all);
    done.into_iter().map(|(_, made)| made).collect()
}

struct Row {
    cause: &'static str,
    named: String,
    sure: String,
    ms: u128,
    verdict: String,
}

fn examine(fault: &Fault) -> Result<Row, String> {
    let cause = fault.cause;
    let org = fault.org_with(fault);
    let mut gateway = Gateway::start(&org);
    (fault.make)(&mut gateway, &org);
    let mut words = vec!["--json"];
    words.extend(fault.words);
    let start = Instant::now();
    let output = gateway.sixpane("doctor", &words);
    let ms = start.elapsed().as_millis();
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Value = serde_json::from_str(&text)
        .map_err(|_| format!("{cause}: {text} {}", String::from_utf8_lossy(&output.stderr)))?;
    let word = |key: &str| printed[key].as_str().unwrap_or("–").to_owned();
    let fails = printed["findings"].as_array().unwrap().iter().any(|finding| finding["status"] == "failure");
    if output.status.code() != Some(i32::from(fails)) {
        return Err(format!("{cause}: exit {:?} with failures: {fails}", output.status.code()));
    }
    let verdict = format!("{} {}", word("verdict"), word("remedy"));
    let verdict = verdict.replace(gateway.folder.path().to_str().unwrap(), "…");
    Ok(Row { cause, named: word("fault"), sure: word("confidence"), ms, verdict: masked(&verdict) })
}

/// Numbers that differ from run to run.
pub fn masked(text: &str) -> String {
    let masks = [
        (r"process \d+", "process N"),
        (r"\b\d+h\d\dm", "NhNNm"),
        (r"\d+ % of \d+", "N % of N"),
        (r"interface sp\w+", "interface wgN"),
        (r"\bsp\d+w\d+\b", "wgN"),
    ];
    masks.iter().fold(text.to_owned(), |text, (from, to)| {
        regex::Regex::new(from).unwrap().replace_all(&text, *to).into_owned()
    })
}

#[test]
fn the_doctor_names_causes_that_are_made_for_real() {
    if !possible() {
        return;
    }
    let only = std::env::var("SIXPANE_LAB").ok();
    let faults: Vec<&Fault> =
        FAULTS.iter().filter(|fault| only.as_ref().is_none_or(|only| fault.cause.contains(only))).collect();
    let rows = side_by_side(faults.len(), |at| {
        std::panic::catch_unwind(|| examine(faults[at]))
            .unwrap_or_else(|_| Err(format!("{}: could not be made", faults[at].cause)))
    });
    let mut wrong = Vec::new();
    let mut confident = Vec::new();
    let mut table = format!("{:<46} {:<22} {:<8} {:>6}  verdict\n", "cause", "named", "level", "ms");
    for (fault, row) in faults.iter().zip(rows) {
        match row {
            Err(why) => wrong.push(why),
            Ok(row) => {
                let expected = if fault.named.is_empty() { "–" } else { fault.named };
                if row.named != expected {
                    wrong.push(format!("{}: {} {}", row.cause, row.named, row.verdict));
                    if row.sure == "certain" {
                        confident.push(row.cause);
                    }
                }
                let Row { cause, named, sure, ms, verdict } = row;
                let _ = writeln!(table, "{cause:<46} {named:<22} {sure:<8} {ms:>6}  {verdict}");
            }
        }
    }
    let right = faults.len() - wrong.len();
    let _ = writeln!(table, "{right} of {} named right", faults.len());
    println!("{table}");
    assert!(confident.is_empty(), "wrong and sure of it: {confident:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if only.is_some() {
        return;
    }
    if std::env::var_os("SIXPANE_WRITE_LAB").is_some() {
        std::fs::write(TABLE, &table).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(Path::new(TABLE)).unwrap();
    assert_eq!(without_times(&table), without_times(&kept), "SIXPANE_WRITE_LAB=1 writes the table again");
}

/// The table without its column of times. The report of a second client depends on the packets that it took.
fn without_times(table: &str) -> Vec<String> {
    table
        .lines()
        .map(|line| {
            // By columns: some signs are several bytes long.
            let head: String = line.chars().take(78).collect();
            let rest: String = line.chars().skip(86).collect();
            if head.contains(" same-key ") { head } else { head + &rest }
        })
        .collect()
}
