//! Who may know whom: the rooms of the house and the arrows between them, read from the source itself.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room, whom it may know, and why not more.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("text", &[], "everybody stands on it"),
    ("address", &[], "arithmetic on an address"),
    ("state", &[], "files of the user's, known by a key alone"),
    ("error", &["text"], "everybody stands on it"),
    ("settings", &["text"], "what the user decided, as values"),
    ("profile", &["address", "error", "text"], "a file's text in, a value out: no network"),
    ("net", &["profile", "text"], "sends packets, and knows nothing of what is in them"),
    ("dns", &["net", "text"], "asks over any Network"),
    ("doctor", &["address", "probe", "profile", "text"], "facts in, a verdict out: no packet, no clock"),
    ("catalog", &["dns", "text"], "what exists, as values: no packet, no clock"),
    ("probe", &["net", "text"], "what measures, on a clock that it is given"),
    (
        "engine",
        &["catalog", "dns", "doctor", "net", "probe", "text"],
        "one attached network, for screens and commands alike",
    ),
    (
        "app",
        &["catalog", "dns", "doctor", "engine", "net", "probe", "profile", "settings", "text"],
        "a pure state machine over values",
    ),
    (
        "ui",
        &["address", "app", "catalog", "dns", "doctor", "engine", "net", "probe", "settings", "text"],
        "a state in, a frame out",
    ),
    ("runtime", &["app", "doctor", "engine", "error", "profile", "ui", "text"], "the terminal and the loop"),
    (
        "demo",
        &["address", "dns", "error", "net", "profile", "text"],
        "an org in a box: it shares only what both ends speak",
    ),
    (
        "commands",
        &[
            "address", "app", "catalog", "cli", "demo", "dns", "doctor", "engine", "error", "net", "probe",
            "profile", "runtime", "settings", "state", "text", "ui",
        ],
        "puts everything together",
    ),
    ("cli", &["commands", "doctor", "engine", "error", "probe", "settings", "text"], "the command line"),
];

/// Words that only some rooms may say: the rest gets time, sockets and terminals from them.
const WORDS: &[(&str, &[&str])] = &[
    ("Instant::now(", &["net", "dns", "engine", "runtime", "commands"]),
    ("SystemTime::now(", &["net", "commands"]),
    ("tokio::net", &["net"]),
    ("std::net::UdpSocket", &["net"]),
    ("std::net::TcpStream", &["net"]),
    ("socket2", &["net"]),
    ("tokio", &["net", "dns", "engine", "runtime", "commands"]),
    // The screens know the values of dns, and never ask.
    ("crate::dns::client", &["dns", "engine"]),
    ("crate::dns::resolver", &["dns", "commands"]),
    ("std::process::Command", &[]),
];

const LONGEST: usize = 800;

/// What of `text`, a file of `room`, breaks the rules.
fn faults(room: &str, text: &str) -> Vec<String> {
    let code = without_tests(text);
    let mut faults = Vec::new();
    let Some((_, allowed, why)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
        return vec![format!("the room {room} is not in the table")];
    };
    for known in known_rooms(&code) {
        if known != room && !allowed.contains(&known.as_str()) {
            faults.push(format!("{room} knows {known}, and may not: {why}"));
        }
    }
    for (word, rooms) in WORDS {
        if code.contains(word) && !rooms.contains(&room) && room != "demo" {
            faults.push(format!("{room} says {word}, which is for {rooms:?}"));
        }
    }
    if text.lines().count() > LONGEST {
        faults.push(format!("{room}: a file of more than {LONGEST} lines is two files"));
    }
    faults
}

/// The code without comments and without what stands behind the first `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn known_rooms(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect()
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn every_room_keeps_to_itself() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    assert!(all.len() > 60);
    let mut found = Vec::new();
    for path in all {
        let inside = path.strip_prefix(&source).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs");
        let name = path.file_name().unwrap().to_str().unwrap();
        // Test helpers reach wherever they must.
        if matches!(room, "main" | "lib")
            || name.contains("tests")
            || matches!(name, "fake.rs" | "sim.rs" | "fuzz.rs")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        found.extend(faults(room, &text).into_iter().map(|fault| format!("{}: {fault}", inside.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_fault_is_found() {
    assert!(faults("net", "use crate::dns::client::Client;")[0].contains("net knows dns"));
    assert!(faults("ui", "let now = std::time::Instant::now();")[0].contains("ui says Instant::now("));
    assert!(faults("attic", "")[0].contains("not in the table"));
    assert!(!faults("text", &"\n".repeat(900)).is_empty());
    assert!(faults("net", "// crate::dns\n#[cfg(test)]\nuse crate::dns::names;").is_empty());
}
