//! For the same question to the same server, `sixpane dig` prints what the real `dig` prints.

use std::fmt::Write as _;

use crate::gateway::Gateway;
use crate::org::Org;
use crate::world::possible;

/// Types whose data we show as bytes (RFC 3597) where `dig` writes it out: no private network has them, and each
/// wants a format of its own.
const DIFFERENT: [&str; 3] = ["LOC", "APL", "IPSECKEY"];

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

/// The answers of an output, each from its header on, with what differs from run to run taken out.
fn answers(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.split(";; Got answer:\n")
        .skip(1)
        .map(|answer| {
            let lines: Vec<String> = answer
                .lines()
                .filter(|line| !line.starts_with(";; Truncated"))
                .map(|line| line.split(", id: ").next().unwrap_or(line).to_owned())
                .collect();
            lines.join("\n").trim_end().to_owned()
        })
        .collect()
}

#[test]
fn the_same_question_has_the_same_face() {
    if !possible() {
        return;
    }
    let org = Org::small(0x18);
    let gateway = Gateway::with_zones(&org, &[("types", types())]);
    let questions = questions(&org);
    assert!(questions.len() >= 300, "{} questions", questions.len());
    let (mut equal, mut different) = (0, Vec::new());
    for batch in questions.chunks(50) {
        let options = ["+nostats", "+nocmd"];
        // Ours takes names and types as words; a name that reads like a type has its dot.
        let plain: Vec<&str> =
            batch.iter().flat_map(|(name, rtype)| [name.as_str(), rtype.as_str()]).collect();
        let mut ours = options.to_vec();
        ours.extend(&plain);
        let mut theirs = vec!["+nocookie"];
        theirs.extend(options);
        let output = gateway.sixpane("dig", &ours);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours = answers(&output.stdout);
        let mut far = Vec::new();
        for (name, rtype) in batch {
            let mut words = theirs.clone();
            words.extend(["-q", name, "-t", rtype]);
            far.extend(answers(&gateway.dig(&words).stdout));
        }
        assert_eq!((ours.len(), far.len()), (batch.len(), batch.len()), "{told}");
        for ((question, ours), far) in batch.iter().zip(ours).zip(far) {
            if ours == far { equal += 1 } else { different.push((question, ours, far)) }
        }
    }
    println!("{equal} of {} outputs are equal", questions.len());
    for (question, ours, far) in &different {
        println!("--- {question:?}\n--- ours\n{ours}\n--- dig\n{far}\n");
    }
    let different: Vec<&str> = different.iter().map(|((_, rtype), ..)| rtype.as_str()).collect();
    assert_eq!(different, DIFFERENT);
}
