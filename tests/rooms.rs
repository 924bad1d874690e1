//! The rooms of the source and their permitted dependencies, read from the source.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room, the rooms that it may import, and the reason.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("text", &[], "used by all rooms"),
    ("clock", &[], "the time, as tokio has it"),
    ("address", &[], "arithmetic on an address"),
    ("files", &[], "the system's files, whoever asks"),
    ("state", &["files"], "files of the user's, known by a key alone"),
    ("error", &["text"], "used by all rooms"),
    ("settings", &["files", "text"], "what the user decided, as values"),
    ("profile", &["address", "error", "text"], "a file's text in, a value out: no network"),
    ("net", &["clock", "profile", "text"], "sends packets, and knows nothing of what is in them"),
    ("dns", &["clock", "net", "text"], "asks over any Network"),
    (
        "doctor",
        &["address", "dns", "net", "probe", "profile", "text"],
        "facts in, a verdict out: no packet, no clock",
    ),
    ("catalog", &["dns", "text"], "what exists, as values: no packet, no clock"),
    ("probe", &["net", "text"], "what measures, on a clock that it is given"),
    (
        "engine",
        &["catalog", "clock", "dns", "doctor", "net", "probe", "text"],
        "one attached network, for screens and commands alike",
    ),
    (
        "attach",
        &["doctor", "engine", "error", "net", "profile", "state", "text"],
        "a source in, a running engine out",
    ),
    (
        "app",
        &["attach", "catalog", "dns", "doctor", "engine", "net", "probe", "settings", "text"],
        "a pure state machine over values",
    ),
    (
        "ui",
        &["address", "app", "catalog", "dns", "doctor", "engine", "net", "probe", "settings", "text"],
        "a state in, a frame out",
    ),
    (
        "runtime",
        &["app", "attach", "clock", "doctor", "engine", "error", "files", "ui", "text"],
        "the terminal and the loop",
    ),
    (
        "demo",
        &["address", "clock", "dns", "error", "net", "profile", "text"],
        "an org in a box: it shares only the protocols of both ends",
    ),
    (
        "commands",
        &[
            "address", "app", "attach", "catalog", "cli", "clock", "demo", "dns", "doctor", "engine",
            "error", "net", "probe", "runtime", "settings", "state", "text", "ui",
        ],
        "puts everything together",
    ),
    (
        "cli",
        &["catalog", "dns", "doctor", "error", "probe", "settings", "text"],
        "the words of the command line, and nothing of what they do",
    ),
];

/// Words that only some rooms may say: the rest gets time, sockets and terminals from them.
const WORDS: &[(&str, &[&str])] = &[
    ("Instant::now(", &["clock", "net", "dns", "engine", "runtime", "commands"]),
    ("SystemTime::now(", &["net", "attach", "commands"]),
    ("tokio::net", &["net"]),
    ("std::net::UdpSocket", &["net"]),
    ("std::net::TcpStream", &["net"]),
    ("socket2", &["net"]),
    ("tokio", &["attach", "clock", "net", "dns", "engine", "runtime", "commands"]),
    // The screens know the values of dns, and never ask.
    ("crate::dns::client", &["dns", "engine"]),
    ("crate::dns::resolver", &["dns", "commands"]),
    ("std::process::Command", &[]),
];

const LONGEST: usize = 800;

/// The views, each of the same name in `app` and in `ui`.
const VIEWS: [&str; 5] = ["explore", "dig", "ping", "doctor", "events"];

/// Rooms whose files still have cycles: this list only gets shorter.
const UNFINISHED: &[&str] = &[];

/// Whether a file only serves tests.
fn is_helper(file: &Path) -> bool {
    matches!(file.file_name().and_then(|name| name.to_str()), Some("fake.rs" | "sim.rs" | "fuzz.rs"))
}

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
        // Test helpers reach wherever they must.
        if matches!(room, "main" | "lib" | "testing")
            || inside.to_string_lossy().contains("tests")
            || is_helper(&path)
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

/// A source file of the crate without its tests: its module path from the crate's root, and its code.
struct Module {
    path: Vec<String>,
    code: String,
}

/// All modules of the crate, without test helpers.
fn modules() -> Vec<Module> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    all.iter()
        .filter_map(|file| {
            let inside = file.strip_prefix(&source).unwrap().with_extension("");
            let path: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if path.iter().any(|part| part.contains("test")) || is_helper(file) {
                return None;
            }
            Some(Module { path, code: without_tests(&std::fs::read_to_string(file).unwrap()) })
        })
        .collect()
}

/// Every path in `code` that begins with `crate`, `super` or `self`, with the braces of `use` taken apart.
fn paths(code: &str) -> Vec<Vec<String>> {
    let start = regex::Regex::new(r"\b(crate|super|self)::").unwrap();
    let mut found = Vec::new();
    for at in start.find_iter(code) {
        let before = code[..at.start()].chars().next_back();
        if !matches!(before, Some(':')) {
            expand(&code[at.start()..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Reads one path or a brace group of paths behind `prefix`; returns the rest of the text.
fn expand<'a>(mut text: &'a str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let before = prefix.len();
    loop {
        text = text.trim_start();
        if let Some(inside) = text.strip_prefix('{') {
            text = inside.trim_start();
            while !text.starts_with('}') && !text.is_empty() {
                let rest = expand(text, prefix, found);
                let rest = rest.trim_start().trim_start_matches(|c: char| c != ',' && c != '}');
                text = rest.trim_start_matches(',').trim_start();
            }
            text = text.strip_prefix('}').unwrap_or(text);
            break;
        }
        let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        text = &text[word.len()..];
        if !word.is_empty() {
            prefix.push(word);
        }
        match text.strip_prefix("::") {
            Some(rest) if !rest.starts_with('<') => text = rest,
            _ => {
                found.push(prefix.clone());
                break;
            }
        }
    }
    prefix.truncate(before);
    text
}

/// The module that a path in the module `from` leads to: its place in `modules`.
fn target(modules: &[Module], from: &[String], path: &[String]) -> Option<usize> {
    let mut whole: Vec<String> = match path[0].as_str() {
        "crate" => Vec::new(),
        _ => from.to_vec(),
    };
    for word in path {
        match word.as_str() {
            "crate" | "self" => {}
            "super" => {
                whole.pop();
            }
            word => whole.push(word.to_owned()),
        }
    }
    (1..=whole.len()).rev().find_map(|n| modules.iter().position(|module| module.path == whole[..n]))
}

/// The arrows between the files of one room, without those between a module and its descendants.
fn arrows(modules: &[Module]) -> Vec<BTreeSet<usize>> {
    let arrow = |from: usize, path: &Vec<String>| {
        let to = target(modules, &modules[from].path, path)?;
        let (a, b) = (&modules[from].path, &modules[to].path);
        (a[0] == b[0] && !a.starts_with(b) && !b.starts_with(a)).then_some(to)
    };
    (0..modules.len())
        .map(|from| paths(&modules[from].code).iter().filter_map(|path| arrow(from, path)).collect())
        .collect()
}

/// The groups of nodes that can reach each other.
fn cycles(arrows: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reach = |from: usize| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            open.extend(arrows[at].iter().copied().filter(|&next| seen.insert(next)));
        }
        seen
    };
    let reached: Vec<_> = (0..arrows.len()).map(reach).collect();
    let mut groups: Vec<Vec<usize>> = (0..arrows.len())
        .map(|a| (0..arrows.len()).filter(|&b| reached[a].contains(&b) && reached[b].contains(&a)).collect())
        .filter(|group: &Vec<usize>| !group.is_empty())
        .collect();
    groups.sort();
    groups.dedup();
    groups
}

#[test]
fn the_table_of_rooms_has_no_cycle() {
    let place = |room: &str| ROOMS.iter().position(|(name, ..)| *name == room).unwrap();
    let arrows: Vec<BTreeSet<usize>> =
        ROOMS.iter().map(|(_, allowed, _)| allowed.iter().map(|room| place(room)).collect()).collect();
    let mut found = cycles(&arrows);
    found.retain(|group| !group.iter().all(|&room| UNFINISHED.contains(&ROOMS[room].0)));
    let names: Vec<Vec<&str>> =
        found.iter().map(|group| group.iter().map(|&room| ROOMS[room].0).collect()).collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn the_files_of_a_room_have_no_cycle_but_parent_and_child() {
    let modules = modules();
    let arrows = arrows(&modules);
    assert!(arrows.iter().map(BTreeSet::len).sum::<usize>() > 100, "the arrows are not read");
    let name = |&at: &usize| modules[at].path.join("::");
    let mut found = Vec::new();
    for group in cycles(&arrows) {
        if UNFINISHED.contains(&modules[group[0]].path[0].as_str()) {
            continue;
        }
        for from in &group {
            for to in arrows[*from].iter().filter(|to| group.contains(to)) {
                found.push(format!("{} -> {}", name(from), name(to)));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn paths_are_read_with_their_braces() {
    let read = |code: &str| -> Vec<String> { paths(code).iter().map(|path| path.join("::")).collect() };
    assert_eq!(
        read("use super::{a::{B, c}, d as e, self}; fn f() { crate::x::y() }"),
        ["super::a::B", "super::a::c", "super::d", "super::self", "crate::x::y"]
    );
    let modules = [module("app::dig::rows"), module("app::dig"), module("app::tree")];
    let to = |path: &str| {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        target(&modules, &modules[0].path, &path)
    };
    assert_eq!(
        (to("super::Dig"), to("super::super::tree::Row"), to("crate::app::dig::rows::X")),
        (Some(1), Some(2), Some(0))
    );
    assert_eq!(cycles(&[[1].into(), [2].into(), [1].into()]), [vec![1, 2]]);
}

fn module(path: &str) -> Module {
    Module { path: path.split("::").map(str::to_owned).collect(), code: String::new() }
}

#[test]
fn no_room_exports_what_is_another_rooms() {
    let found: Vec<String> = modules()
        .iter()
        .flat_map(|module| {
            let room = &module.path[0];
            let other = |line: &&str| {
                let path = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
                line.trim().starts_with("pub")
                    && path.strip_prefix("use crate::").is_some_and(|path| !path.starts_with(room))
            };
            module.code.lines().filter(other).map(|line| format!("{room}: {line}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_view_names_another() {
    let mut found = Vec::new();
    for Module { path, code } in modules() {
        let [_, views, own, ..] = path.as_slice() else { continue };
        if views != "views" {
            continue;
        }
        for path in paths(code.as_str()) {
            let names = path.iter().position(|word| word == "views").and_then(|at| path.get(at + 1));
            if names.is_some_and(|view| VIEWS.contains(&view.as_str()) && view != own) {
                found.push(format!("{own}: {}", path.join("::")));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_response_code_is_compared_as_text() {
    let compared =
        regex::Regex::new(r#"[!=]= *"(NOERROR|NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP|timeout)""#).unwrap();
    let found: Vec<String> = modules()
        .iter()
        .filter_map(|module| {
            Some(format!("{}: {}", module.path.join("::"), compared.find(&module.code)?.as_str()))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
