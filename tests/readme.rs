//! README and docs are correct: their commands run, their flags exist, the table of keys is generated.
//!
//! `SIXPANE_UPDATE=1 cargo test --test readme` updates the table of keys.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::gateway::{Gateway, ends, sixpane, there};
use common::pty::{self, Term};
use rustix::process::{Pid, Signal, kill_process_group};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
/// Prefix of a command that builds and runs the program from a clone.
const FROM_CLONE: &str = "cargo run --release -- ";
const BEGIN: &str = "<!-- sixpane keys --markdown -->\n";
const END: &str = "<!-- end -->";

fn readme() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// The README and all files of docs.
fn pages() -> String {
    let docs = std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let mut paths: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let docs: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    readme() + &docs.concat()
}

/// The inline code of a text, without code blocks.
fn spans(text: &str) -> Vec<String> {
    let outside: String = text.split("```").step_by(2).collect();
    outside.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// The lines of all `sh` blocks, without their comments.
fn commands(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => {
                let command = line.split("  #").next().unwrap_or_default().trim();
                found.extend((!command.is_empty()).then(|| command.to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// A search path with the program and a substitute for `fly`, which accepts the same arguments and writes the conf of the
/// demo's gateway.
fn bin(folder: &Path, conf: &Path) -> String {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    let fly = bin.join("fly");
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2 $#\" = 'wireguard create 6' ] && cp '{}' \"$6\" && rm '{0}'\n",
        conf.display()
    );
    std::fs::write(&fly, script).unwrap();
    std::fs::set_permissions(&fly, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ours = pty::sixpane().parent().unwrap().display().to_string();
    format!("{}:{ours}:{}", bin.display(), std::env::var("PATH").unwrap())
}

/// Whether the command opens the screens.
fn is_screens(command: &str) -> bool {
    let mut words = command.split(' ');
    let (program, first) = (words.next(), words.next().unwrap_or_default());
    program == Some("sixpane") && (command == "sixpane demo" || first.contains(".conf"))
}

/// The way a command ran.
#[derive(PartialEq, Eq)]
enum Ran {
    /// Only CI runs it: it takes minutes.
    ByCi,
    Screens,
    Headless,
}

/// Runs a command of a document or a help text in `home`.
fn try_command(command: &str, home: &Path, path: &str) -> Ran {
    let command = match command.strip_prefix(FROM_CLONE) {
        Some(arguments) => format!("sixpane {arguments}"),
        None => command.to_owned(),
    };
    if command.starts_with("cargo ") {
        assert!(include_str!("../.ci/run").contains(&command), ".ci/run does not run `{command}`");
        return Ran::ByCi;
    }
    if is_screens(&command) {
        let env = [("PATH", path), ("HOME", home.to_str().unwrap())];
        let cd = format!("cd '{}' && exec {command}", home.display());
        let mut term = Term::start("/bin/sh".into(), &["-c", &cd], (120, 36), &env);
        term.sees(&["Explore", "24 machines", "q quit"]);
        term.keys("q");
        assert_eq!(term.end(), 0, "{command}");
        return Ran::Screens;
    }
    // A command that hangs is recognised by its exit code.
    let mut shell = Command::new("timeout");
    shell.args(["60", "/bin/sh", "-c", &command]).current_dir(home).env("HOME", home).env("PATH", path);
    shell.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = shell.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    let endless = command.starts_with("sixpane watch") || command.starts_with("sixpane demo --serve");
    if endless {
        // Interrupt it after its first line.
        out.read_line(&mut text).unwrap();
        kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    }
    out.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    let (code, err) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    // Exit code 1 is a negative result: one machine of the demo does not reply.
    assert!(matches!(code, Some(0 | 1)) || endless, "{command}: {code:?}\n{text}{err}");
    let silent = ["mkdir", "chmod", "fly"].iter().any(|word| command.starts_with(word));
    assert!(silent || command.contains(" > ") || !text.trim().is_empty(), "{command} prints nothing\n{err}");
    Ran::Headless
}

#[test]
fn every_command_runs() {
    if !there("jq") {
        return;
    }
    let gateway = Gateway::start();
    let home = gateway.folder.path();
    let path = bin(home, &gateway.conf);
    let ran: Vec<Ran> = commands(&pages()).iter().map(|command| try_command(command, home, &path)).collect();
    let count = |kind: &Ran| ran.iter().filter(|ran| *ran == kind).count();
    assert!(count(&Ran::Headless) > 12 && count(&Ran::Screens) == 2);
    assert!(std::fs::read_to_string(home.join("report.md")).unwrap().contains("| check |"));
}

#[test]
fn every_example_of_the_help_runs() {
    if !there("man") {
        return;
    }
    let gateway = Gateway::start();
    let home = gateway.folder.path();
    let path = bin(home, &gateway.conf);
    std::fs::rename(&gateway.conf, home.join("my-peer.conf")).unwrap();
    let help = |words: &[&str]| ends(&sixpane(home, words).output().unwrap(), 0).0;
    let all = help(&["--help"]);
    let listed = all.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names =
        listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut texts = vec![all.clone()];
    texts.extend(names.map(|name| help(&[name, "--help"])));
    assert!(texts.len() > 14);
    for text in &texts {
        let examples: Vec<&str> = text
            .split("Examples:\n")
            .nth(1)
            .unwrap_or_else(|| panic!("no examples: {text}"))
            .lines()
            .filter_map(|line| line.strip_prefix("  ").filter(|line| line.starts_with("sixpane ")))
            .collect();
        assert!((3..=5).contains(&examples.len()), "{text}");
        for example in examples {
            try_command(example, home, &path);
            // The conf of the demo would be a second one in the folder.
            let _ = std::fs::remove_file(home.join("demo.conf"));
        }
    }
}

#[test]
fn all_flags_and_commands_exist() {
    let folder = tempfile::tempdir().unwrap();
    let text = pages();
    let help = |words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().chain(["--help"]).collect();
        ends(&sixpane(folder.path(), &words).output().unwrap(), 0).0
    };
    let all = help(&[]);
    let listed: Vec<&str> = all
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut seen = 0;
    for span in spans(&text).iter().filter(|span| span.starts_with("sixpane ")) {
        let words: Vec<&str> = span.split_whitespace().skip(1).collect();
        let command = words.iter().find(|word| listed.contains(*word));
        let help = command.map_or_else(|| all.clone(), |command| help(&[command]));
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(*flag), "`{span}`: there is no {flag}");
        }
        let named = words.first().is_some_and(|word| listed.contains(word) || word.contains(".conf"));
        assert!(named, "`{span}` is no command");
        seen += 1;
    }
    assert!(seen > 10);
    for command in listed.iter().filter(|command| **command != "help") {
        assert!(text.contains(&format!("`sixpane {command}")), "{command} is not documented");
    }
}

#[test]
fn the_table_of_keys_is_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, _) = ends(&sixpane(folder.path(), &["keys", "--markdown"]).output().unwrap(), 0);
    let text = std::fs::read_to_string(KEYS).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let wanted = format!("\n{keys}\n");
    if std::env::var_os("SIXPANE_UPDATE").is_some() {
        std::fs::write(KEYS, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(
            table == wanted,
            "the table of keys is out of date: SIXPANE_UPDATE=1 cargo test --test readme"
        );
    }
}

#[test]
fn the_readme_starts_with_one_command_and_is_short() {
    let text = readme();
    assert!(text.lines().count() < 250, "{} lines", text.lines().count());
    assert_eq!(commands(&text).first().map(String::as_str), Some("cargo run --release -- demo"));
    let ci = include_str!("../.ci/run");
    for span in spans(&text).iter().filter(|span| span.starts_with("cargo ")) {
        assert!(ci.lines().any(|line| line.starts_with(span.as_str())), ".ci/run does not run `{span}`");
    }
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links {
        assert!(Path::new(ROOT).join(link).exists(), "{link} does not exist");
    }
}
