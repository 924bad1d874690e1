//! For the same question to the same server, `sixpane dig` prints what the real `dig` prints.

use std::fmt::Write as _;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::world::{possible, until};

/// A zone with every type that Knot writes, and with names and strings that want escapes.
fn types() -> String {
    let mut zone = include_str!("types.zone").to_owned();
    for n in 0..60 {
        let _ = writeln!(zone, "many TXT \"{n:03}{}\"", "x".repeat(180));
    }
    zone
}

/// What is asked: each name with each of its types.
fn questions(org: &Org) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut ask = |name: &str, types: &[&str]| {
        all.extend(types.iter().map(|rtype| (name.to_owned(), (*rtype).to_owned())));
    };
    for line in include_str!("types.zone").lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(owner), Some(rtype)) = (words.next(), words.next()) else { continue };
        if owner.starts_with(['$', ';']) || line.starts_with(' ') {
            continue;
        }
        let name = if owner == "@" { "types.".to_owned() } else { format!("{owner}.types.") };
        ask(&name, &[rtype]);
        ask(&name, &["TXT", "TYPE65281"]);
    }
    ask("types.", &["NS", "SOA", "MX", "ANY", "DNSKEY"]);
    ask("many.types.", &["TXT"]);
    ask("nothing.types.", &["A", "AAAA", "TXT"]);
    ask("below.delegated.types.", &["AAAA", "TXT"]);
    ask("anything.wild.types.", &["A", "AAAA"]);
    ask("example.com.", &["A"]);
    ask(".", &["NS"]);
    ask("version.bind.", &["TXT"]);
    for app in &org.apps {
        let name = &app.name;
        for form in ["", "vms.", "regions.", "global.", "iad.", "fra.", "app.process.", "top3.nearest.of."] {
            ask(&format!("{form}{name}.internal."), &["AAAA", "TXT", "A"]);
        }
        ask(&format!("{name}.flycast."), &["AAAA", "A"]);
    }
    for name in ["_apps", "_peer", "_instances", "my-peer._peer", "interactive-1._peer", "WEB", "nope"] {
        ask(&format!("{name}.internal."), &["TXT", "AAAA", "ANY"]);
    }
    all
}

/// The blocks of an output, one for each question: `first` begins each.
fn blocks(output: &[u8], first: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.split(&format!("{first}\n")).skip(1).map(|block| steady(block, &[";; Truncated"])).collect()
}

/// An output with what differs from run to run taken out, and the lines that begin with any of `but`.
fn steady(text: &str, but: &[&str]) -> String {
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !but.iter().any(|begin| line.starts_with(begin)))
        .map(|line| line.split(", id: ").next().unwrap_or(line).to_owned())
        .map(|line| match line.split_once("COOKIE: ") {
            // Its bytes are random; how many, and whether it is good, is not.
            Some((_, cookie)) => {
                let (bytes, state) = cookie.split_once(' ').unwrap_or((cookie, ""));
                format!("; COOKIE of {} {state}", bytes.len())
            }
            None => line,
        })
        .collect();
    lines.join("\n").trim_end().to_owned()
}

/// Asks `questions` with `options` of both; `first` begins each block of an output. Gives the count of equal ones
/// and the others: question, ours, theirs.
fn differences(
    gateway: &Gateway,
    questions: &[(String, String)],
    options: &[&str],
    first: &str,
) -> (usize, Vec<String>) {
    let (mut equal, mut different) = (0, Vec::new());
    // Where there are few of them each is asked alone, and all that is printed compared.
    let alone = questions.len() < 10;
    let blocks = |output: &[u8]| {
        if alone { vec![steady(&String::from_utf8_lossy(output), &[])] } else { blocks(output, first) }
    };
    for batch in questions.chunks(if alone { 1 } else { 50 }) {
        // Ours takes names and types as words; a name that reads like a type has its dot.
        let plain: Vec<&str> =
            batch.iter().flat_map(|(name, rtype)| [name.as_str(), rtype.as_str()]).collect();
        let mut ours = vec!["+nocmd"];
        ours.extend(options);
        ours.extend(&plain);
        let output = gateway.sixpane("dig", &ours);
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours = blocks(&output.stdout);
        let mut far = Vec::new();
        for (name, rtype) in batch {
            // Ours sends a cookie only with an option.
            let mut words = vec!["+nocookie", "+nocmd"];
            words.extend(options);
            words.extend(["-q", name, "-t", rtype]);
            far.extend(blocks(&gateway.dig(&words).stdout));
        }
        assert_eq!((ours.len(), far.len()), (batch.len(), batch.len()), "{options:?} {printed}");
        for ((question, ours), far) in batch.iter().zip(ours).zip(far) {
            if ours == far {
                equal += 1;
            } else {
                different.push(format!("--- {question:?} {options:?}\n--- ours\n{ours}\n--- dig\n{far}\n"));
            }
        }
    }
    (equal, different)
}

/// Questions, options of both, and what begins each block of an output.
type Run<'a> = (&'a [(String, String)], &'a [&'a str], &'a str);

#[test]
fn the_same_query_has_the_same_output() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let signed = "$TTL 5\n@ SOA ns hostmaster 2026 3600 600 86400 5\n@ NS ns\nns AAAA fdaa:0:18::3\n\
                  a A 192.0.2.1\ntxt TXT \"one\" \"two\"\n*.wild A 192.0.2.2\n";
    let gateway = Gateway::with_zones(&org, &[("types", types()), ("signed", signed.to_owned())]);
    until("Knot's signatures", || !gateway.dig(&["+short", "signed.", "DNSKEY"]).stdout.is_empty());
    let every = questions(&org);
    assert!(every.len() >= 300, "{} questions", every.len());
    let of = |words: &[(&str, &str)]| -> Vec<(String, String)> {
        words.iter().map(|(name, rtype)| ((*name).to_owned(), (*rtype).to_owned())).collect()
    };
    let secured = of(&[
        ("signed.", "SOA"),
        ("signed.", "DNSKEY"),
        ("signed.", "CDS"),
        ("a.signed.", "A"),
        ("a.signed.", "AAAA"),
        ("txt.signed.", "TXT"),
        ("b.wild.signed.", "A"),
        ("nope.signed.", "A"),
    ]);
    let few =
        of(&[("a.types.", "A"), ("txt.types.", "TXT"), ("nope.types.", "A"), ("_apps.internal.", "TXT")]);
    // One of each type: what they are asked for besides says nothing new here.
    let typed: Vec<_> = every
        .iter()
        .filter(|(name, rtype)| name.ends_with("types.") && rtype != "TYPE65281")
        .cloned()
        .collect();
    let got = ";; Got answer:";
    let sending = ";; Sending:";
    let runs: &[Run<'_>] = &[
        (&every, &["+nostats"], got),
        (&typed, &["+nostats", "+multiline"], got),
        (&secured, &["+nostats", "+dnssec"], got),
        (&secured, &["+nostats", "+dnssec", "+multiline"], got),
        (&secured, &["+nostats", "+dnssec", "+tcp", "+norecurse", "+cdflag"], got),
        (&few, &["+nostats", "+nsid"], got),
        (&few, &["+nostats", "+cookie"], got),
        (&few, &["+nostats", "+cookie", "+nobadcookie"], got),
        (&few, &["+nostats", "+edns=1"], got),
        (&few, &["+nostats", "+edns=3", "+noednsnegotiation", "+qr"], sending),
        (&few, &["+nostats", "+cookie=0102030405060708"], got),
        (&few, &["+nostats", "+qr"], sending),
        (&few, &["+nostats", "+qr", "+nsid", "+subnet=192.0.2.255/28", "+cookie", "+dnssec"], sending),
        (&few, &["+nostats", "+qr", "+subnet=2001:db8::1"], sending),
        (&few, &["+nostats", "+qr", "+subnet=0", "+bufsize=4096", "+noadflag"], sending),
        (&few, &["+nostats", "+qr", "+noedns", "+nottlid"], sending),
        (&few, &["+nostats", "+noclass", "+multiline"], got),
        (&few, &["+nostats", "+nottlid", "+noclass"], got),
    ];
    let (mut equal, mut different) = (0, Vec::new());
    for (questions, options, first) in runs {
        let (same, other) = differences(&gateway, questions, options, first);
        equal += same;
        different.extend(other);
    }
    // A name in another script, which the real one accepts only with an option.
    let words = ["+nocmd", "+nostats", "bücher.types.", "A"];
    let ours = steady(&String::from_utf8_lossy(&gateway.sixpane("dig", &words).stdout), &[]);
    let server = format!("@{}", org.dns());
    let mut far = vec![server.as_str(), "+nocookie", "+idnin", "+noidnout"];
    far.extend(words);
    let far = gateway.far.command("dig", &far).env("LC_ALL", "C.UTF-8").output().unwrap();
    let far = steady(&String::from_utf8_lossy(&far.stdout), &[]);
    assert!(ours.contains("xn--bcher-kva.types.\t5\tIN\tA\t192.0.2.4"), "{ours}");
    if ours == far {
        equal += 1;
    } else {
        different.push(format!("--- IDN\n--- ours\n{ours}\n--- dig\n{far}\n"));
    }
    println!("{equal} of {} outputs are equal", equal + different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
