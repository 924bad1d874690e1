//! How the program behaves between others: settings, colours, pipes, full disks, shells.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::gateway::{Gateway, ends, sixpane, there};
use common::pty::{self, Term};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a conf whose gateway takes datagrams and never answers.
fn silence() -> (TempDir, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let conf = format!(
        "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n\
         Address = fdaa:0:18:a7b:d6b:0:a:2/120\nDNS = fdaa:0:18::3\n[Peer]\n\
         PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = fdaa:0:18::/48\nEndpoint = {}\n",
        socket.local_addr().unwrap()
    );
    let path = folder.path().join("silent.conf");
    std::fs::write(&path, conf).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    (folder, socket)
}

fn write_settings(home: &Path, text: &str) {
    let folder = home.join(".config/sixpane");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("settings.toml"), text).unwrap();
}

fn run(home: &Path, words: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = sixpane(home, words);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "SIXPANE_TIMEOUT"] {
        command.env_remove(name);
    }
    command.envs(env.iter().copied()).output().unwrap()
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let (folder, _socket) = silence();
    let home = folder.path();
    write_settings(home, "timeout = 0.2\n");
    let patience = |flag: &[&str], env: &[(&str, &str)]| {
        let words: Vec<&str> = ["tree"].iter().chain(flag).copied().collect();
        ends(&run(home, &words, env), 4).1
    };
    assert!(patience(&["--timeout", "0.1"], &[("SIXPANE_TIMEOUT", "0.3")]).contains("in 100.0 ms"));
    assert!(patience(&[], &[("SIXPANE_TIMEOUT", "0.3")]).contains("in 300.0 ms"));
    assert!(patience(&[], &[]).contains("in 200.0 ms"));
    let (out, _) = ends(&run(home, &["settings", "--show"], &[("SIXPANE_THEME", "cvd")]), 0);
    let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("timeout = 0.2").ends_with("# the file"), "{out}");
    assert!(line("theme = \"cvd\"").ends_with("# SIXPANE_THEME"), "{out}");
    assert!(line("refresh = 5").ends_with("# default"), "{out}");
    let (_, err) = ends(&run(home, &["tree"], &[("SIXPANE_TIMEOUT", "soon")]), 2);
    assert!(err.contains("SIXPANE_TIMEOUT: seconds from 0.1 to 3600"), "{err}");
}

#[test]
fn an_error_in_the_file_is_reported_once_with_its_place_and_prevents_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let addr = ["addr", "fdaa:0:18:a7b:7d:f066:b83b:2"];
    for (text, printed) in [
        ("theme = \"pink\"\nmouse = 3\n", "settings.toml:1:9: theme: one of auto, dark, light, cvd, mono"),
        ("theme = \n", "settings.toml:1:"),
        ("version = 9\ntheme = \"dark\"\n", "is for a newer sixpane"),
        (
            "[keys]\nfreeze = \"X\"\nping = [\"X\"]\n",
            "settings.toml:3:1: [keys] is not used: `X` already means `freeze`",
        ),
        ("[keys]\npong = \"x\"\n", "settings.toml:2:1: [keys] is not used: unknown command `pong`"),
    ] {
        write_settings(home, text);
        let (out, err) = ends(&run(home, &addr, &[]), 0);
        assert!(out.contains("Network"), "{out}");
        assert!(err.contains(printed) && err.lines().count() == 1, "{err}");
        let (_, err) = ends(&run(home, &["settings", "--show"], &[]), 3);
        assert!(err.contains(printed), "{err}");
        let after = std::fs::read_to_string(home.join(".config/sixpane/settings.toml")).unwrap();
        assert_eq!(after, text, "it is never written");
    }
    let missing = home.join("missing.toml");
    let named = [("SIXPANE_SETTINGS", missing.to_str().unwrap())];
    assert!(ends(&run(home, &addr, &named), 0).1.contains("cannot be read"));
    std::fs::remove_dir_all(home.join(".config")).unwrap();
    assert_eq!(ends(&run(home, &addr, &[]), 0).1, "", "no file is no fault");
}

#[test]
fn files_of_earlier_versions_are_still_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut read = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("settings-") && path.extension().unwrap() == "toml" {
            let home = tempfile::tempdir().unwrap();
            let env = [("SIXPANE_SETTINGS", path.to_str().unwrap())];
            let (out, err) = ends(&run(home.path(), &["settings", "--show"], &env), 0);
            assert_eq!(err, "");
            let shown: String = out.lines().skip(1).flat_map(|line| [line, "\n"]).collect();
            assert_eq!(shown, std::fs::read_to_string(path.with_extension("shown")).unwrap(), "{name}");
            let (keys, _) = ends(&run(home.path(), &["keys"], &env), 0);
            assert!(
                keys.lines().any(|line| line.trim_start().starts_with("^O ") && line.ends_with(" ping")),
                "{keys}"
            );
            read += 1;
        }
    }
    assert!(read > 0);
}

#[test]
fn keys_of_the_settings_apply_on_the_screens_and_in_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[keys]\nquit = \"Q\"\n").unwrap();
    let env = [("SIXPANE_SETTINGS", file.to_str().unwrap())];
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["admin", "Q quit"]);
    term.keys("q/web");
    term.sees(&["/ web"]);
    term.keys("\x1b");
    term.sees(&["Q quit"]);
    term.keys("Q");
    assert_eq!(term.end(), 0);
    // What the user binds beats a default.
    std::fs::write(&file, "[keys]\nquit = \"p\"\n").unwrap();
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["admin", "p quit"]);
    term.keys("p");
    assert_eq!(term.end(), 0);
    std::fs::write(&file, "[keys]\nping = \"P\"\nquit = \"P\"\n").unwrap();
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["mine.toml:3:1: [keys] is not used"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn folds_and_order_come_back_and_a_strange_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap().to_owned();
    let env = [("XDG_STATE_HOME", state.as_str())];
    let kept = folder.path().join("sixpane/screen.json");
    let demo = || Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    let mut term = demo();
    term.sees(&["admin", "▾ api"]);
    term.keys("gj-");
    term.sees(&["▸ api"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    let json: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
    assert_eq!(json["version"], 1);
    let mut term = demo();
    term.sees(&["admin", "▸ api"]);
    term.keys("q");
    term.end();
    std::fs::write(&kept, "{\"version\": 2}").unwrap();
    let mut term = demo();
    term.sees(&["written by a newer sixpane"]);
    term.keys(">>q");
    term.end();
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "{\"version\": 2}");
    std::fs::write(&kept, "not JSON").unwrap();
    let mut term = demo();
    term.sees(&["is damaged and not used"]);
    term.keys(">>q");
    assert_eq!(term.end(), 0);
    assert_eq!(std::fs::read_to_string(kept.with_extension("json.damaged")).unwrap(), "not JSON");
    assert!(std::fs::read_to_string(&kept).unwrap().contains("\"split\": 4"));
}

#[test]
fn what_was_chosen_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let env = [("XDG_STATE_HOME", folder.path().to_str().unwrap())];
    let kept = folder.path().join("sixpane/screen.json");
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["admin", "▾ api"]);
    term.keys("gj->>");
    term.sees(&["▸ api"]);
    let wanted = |text: String| text.contains("\"split\": 4") && text.contains("\"closed\"");
    term.until("the file", |_| std::fs::read_to_string(&kept).is_ok_and(wanted));
    term.signal(rustix::process::Signal::KILL);
    term.end();
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["admin", "▸ api"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn a_state_folder_without_write_permission_is_reported_once_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sixpane"), "in the way").unwrap();
    let env = [("XDG_STATE_HOME", folder.path().to_str().unwrap())];
    let mut term = Term::start(pty::sixpane(), &["demo"], (120, 36), &env);
    term.sees(&["admin"]);
    term.keys(">>q");
    assert_eq!(term.end(), 0);
    let text = term.screen(|screen| screen.contents().replace('\n', ""));
    assert_eq!(text.matches("cannot be saved in").count(), 1, "{text}");
    assert_eq!(std::fs::read_to_string(folder.path().join("sixpane")).unwrap(), "in the way");
}

#[test]
fn colours_are_for_terminals_and_for_whoever_asks() {
    let gateway = Gateway::start();
    let coloured = |words: &[&str], env: &[(&str, &str)]| {
        let mut command = gateway.command(words);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(env.iter().copied());
        ends(&command.output().unwrap(), 0).0.contains('\u{1b}')
    };
    assert!(!coloured(&["tree"], &[]), "a pipe");
    assert!(coloured(&["tree", "--color", "always"], &[]));
    assert!(coloured(&["tree"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["tree", "--color=never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(
        coloured(&["tree", "--color", "always"], &[("NO_COLOR", "1"), ("TERM", "dumb")]),
        "a flag is stronger"
    );
    assert!(!coloured(&["tree", "--json", "--color", "always"], &[]), "JSON has no colours");
    let conf = gateway.conf.to_str().unwrap();
    let terminal = |env: &[(&str, &str)]| {
        let mut term = Term::start(pty::sixpane(), &["tree", conf], (120, 36), env);
        assert_eq!(term.end(), 0);
        term.screen(|screen| {
            let cells = (0..36).flat_map(|row| (0..120).map(move |column| (row, column)));
            let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
            cells.any(|cell| cell.bold() || cell.fgcolor() != vt100::Color::Default)
        })
    };
    assert!(terminal(&[]));
    assert!(!terminal(&[("NO_COLOR", "1")]));
    assert!(!terminal(&[("TERM", "dumb")]));
}

#[test]
fn progress_is_for_terminals_and_leaves_nothing_behind() {
    let (folder, _socket) = silence();
    let conf = folder.path().join("silent.conf");
    let conf = conf.to_str().unwrap();
    let output = run(folder.path(), &["tree", conf, "--timeout", "0.6"], &[]);
    let (out, err) = ends(&output, 4);
    assert!(out.is_empty() && !err.contains("waiting for a handshake") && !err.contains('\r'), "{err}");
    let term =
        |env: &[(&str, &str)]| Term::start(pty::sixpane(), &["tree", conf, "--timeout", "2"], (120, 36), env);
    let mut seen = term(&[]);
    seen.sees(&["waiting for a handshake with 127.0.0.1:"]);
    assert_eq!(seen.end(), 4);
    seen.screen(|screen| {
        assert!(
            !screen.contents().contains("waiting for a handshake")
                && screen.contents().contains("no handshake with")
        );
    });
    let mut dumb = term(&[("TERM", "dumb")]);
    assert_eq!(dumb.end(), 4);
    dumb.screen(|screen| {
        assert!(screen.contents().starts_with("sixpane: no handshake"), "{}", screen.contents());
    });
}

/// A short run of every command that attaches; `watch` is interrupted after its first line.
const LOOKING: &[&[&str]] = &[
    &["tree"],
    &["dig", "web", "vms.web.internal"],
    &["dig", "nothing.internal"],
    &["ping", "gateway", "web", "-c", "2", "-i", "0.2"],
    &["trace", "gateway", "-c", "1"],
    &["ports", "gateway", "80", "81"],
    &["doctor"],
    &["find", "web"],
    &["watch"],
];

/// What it prints, in colour or not, with these variables beside.
fn printed(gateway: &Gateway, words: &[&str], env: &[(&str, &str)]) -> String {
    let mut command = match words {
        ["addr", rest @ ..] => sixpane(gateway.folder.path(), &[&["addr"][..], rest].concat()),
        ["find", name, rest @ ..] => {
            let conf = gateway.conf.to_str().unwrap();
            sixpane(gateway.folder.path(), &[&["find", name, conf][..], rest].concat())
        }
        _ => gateway.command(words),
    };
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(env.iter().copied());
    if words.first() != Some(&"watch") {
        let output = command.output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{words:?}: {output:?}");
        return String::from_utf8(output.stdout).unwrap();
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn every_command_is_coloured_only_on_demand() {
    let gateway = Gateway::start();
    for words in LOOKING.iter().filter(|words| !matches!(words[0], "dig" | "trace" | "find")) {
        let coloured = |more: &[&str], env: &[(&str, &str)]| {
            printed(&gateway, &[words, more].concat(), env).contains('\u{1b}')
        };
        assert!(!coloured(&[], &[]), "{words:?} in a pipe");
        assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), "{words:?}: a flag is stronger");
        assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]), "{words:?}");
        assert!(!coloured(&["--json"], &[("CLICOLOR_FORCE", "1")]), "{words:?}: JSON has no colours");
    }
}

#[test]
fn without_utf8_all_output_for_people_is_ascii_with_the_same_content() {
    let gateway = Gateway::start();
    let words_of = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| w.len() > 3).map(str::to_owned).collect()
    };
    for words in LOOKING {
        let rich = printed(&gateway, words, &[("LC_ALL", "C.UTF-8")]);
        let plain = printed(&gateway, words, &[("LC_ALL", "C")]);
        assert!(plain.is_ascii(), "{words:?}: {plain}");
        // What is measured differs from run to run: the tree and the names do not.
        if matches!(words[0], "tree" | "find") {
            assert!(!rich.is_ascii(), "{words:?} shows glyphs: {rich}");
            assert_eq!(words_of(&plain), words_of(&rich), "{words:?}");
        }
    }
    let none = sixpane(gateway.folder.path(), &["keys"])
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env_remove("LANG")
        .output()
        .unwrap();
    assert!(ends(&none, 0).0.is_ascii(), "no locale is C");
    let (_, err) =
        ends(&sixpane(gateway.folder.path(), &["tree", "no.conf"]).env("LC_ALL", "C").output().unwrap(), 3);
    assert!(err.is_ascii(), "{err}");
    // The user's word is stronger.
    let printed =
        sixpane(gateway.folder.path(), &["keys"]).env("LC_ALL", "C").env("SIXPANE_ASCII", "false").output();
    assert!(ends(&printed.unwrap(), 0).0.contains('↵'));
}

#[test]
fn every_object_that_is_printed_names_its_schema() {
    let gateway = Gateway::start();
    let folder = gateway.folder.path();
    std::fs::write(folder.join("names"), "web\nnothing.internal\n_apps.internal\n").unwrap();
    let more: &[&[&str]] = &[
        &["addr", "fdaa:0:18:a7b:7d:f066:b83b:2"],
        &["dig", "-f", "names"],
        &["ping", "web", "-c", "1", "--format", "json"],
    ];
    let mut met = Vec::new();
    for words in LOOKING.iter().chain(more) {
        let words =
            if words.contains(&"--format") { words.to_vec() } else { [words, &["--json"][..]].concat() };
        let text = printed(&gateway, &words, &[]);
        let objects: Vec<Value> =
            serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().unwrap();
        assert!(!objects.is_empty(), "{words:?} prints nothing");
        for object in objects {
            let schema = object["schema"].as_str().unwrap_or_else(|| panic!("{words:?}: {object}"));
            let (name, version) = schema.strip_prefix("sixpane.").unwrap().split_once('/').unwrap();
            assert!(!name.is_empty() && version.parse::<u32>().is_ok_and(|version| version > 0), "{schema}");
        }
        met.push(words[0]);
    }
    // No command with --json is left out.
    let (help, _) = ends(&sixpane(folder, &["--help"]).output().unwrap(), 0);
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = commands.lines().filter_map(|line| line.split_whitespace().next());
    for command in names.filter(|name| *name != "help") {
        let (about, _) = ends(&sixpane(folder, &[command, "--help"]).output().unwrap(), 0);
        if about.contains("--json") {
            assert!(met.contains(&command), "{command} is not tried");
        }
    }
}

/// What prints much without a network.
const TELLING: &[&[&str]] =
    &[&["--help"], &["settings"], &["keys"], &["keys", "--markdown"], &["completions", "zsh"], &["man"]];

#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for words in TELLING {
        let mut child =
            sixpane(folder.path(), words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let (_, err) = ends(&child.wait_with_output().unwrap(), 0);
        assert_eq!(err, "", "{words:?}");
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (_, err) = ends(&sixpane(folder.path(), words).stdout(full).output().unwrap(), 1);
        assert!(err.contains("cannot write the output: No space left on device"), "{words:?}: {err}");
    }
}

/// A shell with our completions, as it comes out of the box, once it shows `prompt`.
fn shell(program: &str, words: &[&str], prompt: &str, load: &str) -> Term {
    let folder = pty::sixpane().parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut term = Term::start(program.into(), words, (120, 36), &[("PS1", "> "), ("PATH", &path)]);
    term.sees(&[prompt]);
    // The word is whole only in what it prints.
    term.keys(&format!("{load}; echo loa''ded\r"));
    term.sees(&["loaded"]);
    std::fs::write(term.home().join("my-peer.conf"), "").unwrap();
    term
}

fn completes(term: &mut Term) {
    for (typed, wanted) in [
        ("sixpane docto", "sixpane doctor"),
        ("sixpane tree --js", "sixpane tree --json"),
        ("sixpane completions powe", "sixpane completions powershell"),
        ("sixpane keys --mark", "sixpane keys --markdown"),
        ("sixpane my-p", "sixpane my-peer.conf"),
        ("sixpane tree my-p", "sixpane tree my-peer.conf"),
    ] {
        term.keys(typed);
        term.sees(&[typed]);
        term.keys("\t");
        term.sees(&[wanted]);
        // Away with the line.
        term.keys("\x15");
        term.until("an empty line", |screen| {
            let row = usize::from(screen.cursor_position().0);
            !screen.contents().lines().nth(row).unwrap_or_default().contains("sixpane")
        });
    }
}

#[test]
fn bash_completes() {
    completes(&mut shell(
        "/bin/bash",
        &["--norc", "--noprofile", "-i"],
        "> ",
        "eval \"$(sixpane completions bash)\"",
    ));
}

#[test]
fn zsh_completes() {
    if there("zsh") {
        let load = "autoload -Uz compinit && compinit -u -D && source <(sixpane completions zsh)";
        completes(&mut shell("zsh", &["-f", "-i"], "> ", load));
    }
}

#[test]
fn fish_completes() {
    if there("fish") {
        let load = "sixpane completions fish | source";
        let plain = "function fish_prompt; printf '> '; end; function fish_greeting; end";
        completes(&mut shell("fish", &["--no-config", "-i", "-C", plain], "> ", load));
    }
}

#[test]
fn powershell_completes_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (script, _) = ends(&sixpane(folder.path(), &["completions", "powershell"]).output().unwrap(), 0);
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName 'sixpane'"));
    for command in
        ["tree", "dig", "ping", "ports", "doctor", "watch", "demo", "settings", "keys", "man", "addr"]
    {
        assert!(script.contains(&format!("[CompletionResult]::new('{command}', '{command}'")), "{command}");
    }
}

#[test]
fn the_manual_page_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let (page, _) = ends(&sixpane(folder.path(), &["man"]).output().unwrap(), 0);
    let path = folder.path().join("sixpane.1");
    std::fs::write(&path, &page).unwrap();
    if there("man") {
        let output = Command::new("man")
            .args(["--warnings", "-l"])
            .arg(&path)
            .env("MANWIDTH", "100")
            .env("MAN_KEEP_FORMATTING", "")
            .env("LANG", "C.UTF-8")
            .output()
            .unwrap();
        let (text, err) = ends(&output, 0);
        assert_eq!(err, "", "no warnings");
        for heading in
            ["NAME", "SYNOPSIS", "COMMANDS", "KEYS", "SETTINGS", "ENVIRONMENT", "FILES", "EXIT STATUS"]
        {
            assert!(text.lines().any(|line| line == heading), "{heading} in\n{text}");
        }
        for words in ["sixpane doctor", "Freeze the screen", "SIXPANE_REFRESH", "NO_COLOR", "partial result"]
        {
            assert!(text.contains(words), "{words} in\n{text}");
        }
    }
}

#[test]
fn with_few_file_descriptors_there_are_words_and_no_panic() {
    let (folder, _socket) = silence();
    let conf = folder.path().join("silent.conf");
    for limit in 4..=16 {
        let limited = |program: &str| {
            let line = format!("ulimit -n {limit}; exec {program}");
            let home = folder.path().to_str().unwrap();
            Command::new("/bin/sh").args(["-c", &line]).env("HOME", home).output().unwrap()
        };
        let program = env!("CARGO_BIN_EXE_sixpane");
        let output = limited(&format!("{program} tree {} --timeout 0.1", conf.display()));
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{limit}: {words}");
        assert!(words.starts_with("sixpane: ") && !words.contains("panicked"), "{limit}: {words}");
    }
}

#[test]
fn state_is_only_for_its_owner_whatever_the_umask() {
    let (folder, _socket) = silence();
    let line = format!(
        "umask 000; exec {} tree {} --timeout 0.1",
        env!("CARGO_BIN_EXE_sixpane"),
        folder.path().join("silent.conf").display()
    );
    let home = folder.path();
    let command = || {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).env("HOME", home).env_remove("XDG_STATE_HOME");
        command
    };
    command().output().unwrap();
    let state = home.join(".local/state/sixpane");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let claims: Vec<_> = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!((mode(&state), claims.len(), mode(&claims[0])), (0o700, 1, 0o600));
    // Through a symlink another file of the user's would be overwritten.
    let precious = home.join("precious");
    std::fs::write(&precious, "kept").unwrap();
    std::fs::remove_file(&claims[0]).unwrap();
    std::os::unix::fs::symlink(&precious, &claims[0]).unwrap();
    command().output().unwrap();
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "kept");
}
