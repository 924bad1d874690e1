//! Two faults of the lab at once: the nearer one must be named, and nothing false be said.
//!
//! What was said is the table in `pairs.txt`, beside; with `SIXPANE_WRITE_LAB=1` it is written again, with the times. The
//! times are not compared.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::lab::{FAULTS, Fault, side_by_side};
use crate::world::possible;

/// Two causes, the nearer one first, and which of them must be named: the nearer of what fails; where nothing fails, of
/// what is to be known.
type Pair = (&'static str, &'static str, Named);

#[derive(Clone, Copy, PartialEq)]
enum Named {
    Near,
    Far,
}
use Named::{Far, Near};

const PAIRS: &[Pair] = &[
    // What works in spite of it is no cause of what fails.
    ("conf world-readable", "UDP port closed", Far),
    ("conf world-readable", "nothing listens on the port", Far),
    ("conf world-readable", "conf name too long for Linux", Near),
    ("conf name too long for Linux", "name server refuses", Far),
    ("conf name too long for Linux", "wrong private key", Far),
    ("two confs for one org", "app is misspelt", Far),
    ("two confs for one org", "this machine is offline", Far),
    ("two confs with one key", "one machine of many", Far),
    ("two confs with one key", "WireGuard's port alone filtered", Far),
    ("DNS line is IPv4", "peer removed", Far),
    ("DNS line is IPv4", "records disagree: vms", Near),
    ("DNS line is IPv4", "UDP filtered", Far),
    ("conf broken", "peer removed", Near),
    // What the conf says of names explains nothing where there is no link.
    ("DNS line is a public resolver", "wrong public key of the gateway", Far),
    ("name server outside AllowedIPs", "UDP port closed", Far),
    ("AllowedIPs of another network", "peer removed", Far),
    ("DNS line is a public resolver", "one machine of many", Near),
    ("name server outside AllowedIPs", "conf world-readable", Near),
    ("AllowedIPs of another network", "app in another org", Near),
    ("clock set back", "peer removed", Near),
    ("endpoint name does not resolve", "conf world-readable", Near),
    ("no IPv6 here", "conf name too long for Linux", Near),
    ("no route to the endpoint", "two confs for one org", Near),
    ("ListenPort is taken", "conf world-readable", Near),
    ("UDP port closed", "MTU black hole", Near),
    ("PresharedKey at the gateway alone", "name server ended", Near),
    ("another Address than the peer's", "name server ended", Near),
    ("name server's port filtered", "one machine of many", Near),
    ("name server ended", "MTU black hole", Near),
    ("name server's address gone", "one machine of many", Near),
    ("name server fails", "all machines of the app", Near),
    ("DNS line names a machine", "nothing listens on the port", Near),
    ("a server that knows no .internal", "MTU black hole", Near),
    ("this peer is not listed", "no started machine", Far),
    ("named peer missing by the platform's fault", "one machine of many", Far),
    ("the peer was recreated", "all machines of the app", Far),
    ("records disagree: regions", "nothing listens on the port", Far),
    ("records disagree: AAAA", "conf world-readable", Far),
    ("MTU black hole", "one machine of many", Near),
    ("MTU black hole", "app is misspelt", Near),
    ("MTU black hole", "service on 127.0.0.1 alone", Near),
    ("one machine of many", "app is misspelt", Far),
    ("one machine of many", "port filtered", Far),
    ("stale address after a move", "conf name too long for Linux", Near),
    ("stale address after a move", "flycast without services", Near),
    ("flycast without services", "conf world-readable", Near),
    ("nothing listens on the port", "system's VPN is not up", Near),
    ("system has no route", "conf name too long for Linux", Near),
];

/// Consequences of a cause that are reported and true.
const BRINGS: &[(&str, &str)] = &[
    // The Flycast address of web leads nowhere, where nothing serves it.
    ("nothing listens on the port", "flycast-no-service"),
    ("service on 127.0.0.1 alone", "flycast-no-service"),
    ("port filtered", "flycast-no-service"),
    // The gateway is pinged by its name server's address.
    ("name server's address gone", "gateway-silent"),
    // The list says another address than the names.
    ("stale address after a move", "records-disagree"),
];

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pairs.txt");

fn of(cause: &str) -> &'static Fault {
    FAULTS.iter().find(|fault| fault.cause == cause).unwrap_or_else(|| panic!("no fault is called {cause}"))
}

/// A row of the table, or what is wrong.
fn examine((first, second, named): Pair) -> Result<String, String> {
    let (near, far) = (of(first), of(second));
    let what = format!("{first} + {second}");
    let org = near.org_with(far);
    let mut gateway = Gateway::start(&org);
    (near.make)(&mut gateway, &org);
    (far.make)(&mut gateway, &org);
    let mut words = vec!["--json"];
    for fault in [near, far] {
        let asked = words.contains(&"--app") && fault.words.contains(&"--app");
        words.extend(fault.words.iter().filter(|_| !asked));
    }
    let start = Instant::now();
    let output = gateway.sixpane("doctor", &words);
    let ms = start.elapsed().as_millis();
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Value = serde_json::from_str(&text)
        .map_err(|_| format!("{what}: {text} {}", String::from_utf8_lossy(&output.stderr)))?;
    let bad = printed["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "failure" || finding["status"] == "warning");
    let bad: BTreeSet<&str> = bad.map(|finding| finding["fault"].as_str().unwrap()).collect();
    let verdict = printed["verdict"].as_str().unwrap();
    let wanted = if named == Near { near.named } else { far.named };
    if printed["fault"] != wanted {
        return Err(format!("{what}: {wanted} is to be named, and {} was: {verdict}", printed["fault"]));
    }
    let other = if named == Near { far.named } else { near.named };
    let brought = |fault: &str| {
        BRINGS.iter().any(|(cause, brings)| [first, second].contains(cause) && *brings == fault)
    };
    let both = [wanted, other];
    if let Some(false_one) = bad.iter().find(|fault| !both.contains(fault) && !brought(fault)) {
        return Err(format!("{what}: {false_one} is reported, and false"));
    }
    let sure = printed["confidence"].as_str().unwrap();
    let also = if wanted != other && bad.contains(other) { other } else { "–" };
    Ok(format!("{first:<43} {second:<43} {wanted:<20} {sure:<8} {also:<20} {ms:>6}"))
}

#[test]
fn of_two_faults_the_nearer_one_is_the_cause() {
    if !possible() {
        return;
    }
    let only = std::env::var("SIXPANE_LAB").ok();
    let meant = |(first, second, _): &&Pair| {
        only.as_ref().is_none_or(|only| format!("{first} + {second}").contains(only))
    };
    let pairs: Vec<&Pair> = PAIRS.iter().filter(meant).collect();
    let rows = side_by_side(pairs.len(), |at| {
        std::panic::catch_unwind(|| examine(*pairs[at]))
            .unwrap_or_else(|_| Err(format!("{:?} could not be made", (pairs[at].0, pairs[at].1))))
    });
    let mut table = format!(
        "{:<43} {:<43} {:<20} {:<8} {:<20} {:>6}\n",
        "the nearer one", "the farther one", "named", "level", "also", "ms"
    );
    let (right, wrong): (Vec<_>, Vec<_>) = rows.into_iter().partition(Result::is_ok);
    for row in right.iter().flatten() {
        let _ = writeln!(table, "{row}");
    }
    let _ = writeln!(table, "{} of {} pairs reported correctly", right.len(), pairs.len());
    println!("{table}");
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if only.is_some() {
        return;
    }
    if std::env::var_os("SIXPANE_WRITE_LAB").is_some() {
        std::fs::write(TABLE, &table).unwrap();
        return;
    }
    let timeless = |table: &str| -> Vec<String> {
        table
            .lines()
            .map(|line| line.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned())
            .collect()
    };
    let kept = std::fs::read_to_string(Path::new(TABLE)).unwrap();
    assert_eq!(timeless(&table), timeless(&kept), "SIXPANE_WRITE_LAB=1 writes the table again");
}
