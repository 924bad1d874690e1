//! The README is true: its commands run, its flags exist, its table of keys is the program's own.
//!
//! `SIXPANE_UPDATE=1 cargo test --test readme` writes the table of keys anew.

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

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- sixpane keys --markdown -->\n";
const END: &str = "<!-- end -->";

fn readme() -> String {
    std::fs::read_to_string(PATH).unwrap()
}

/// The lines of all `sh` blocks, without their comments.
fn commands(readme: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in readme.lines() {
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

/// A folder for a shell: the programs of the README in its path, and in the place of the platform's own tool one that
/// takes the same words and gives the conf of the demo's gateway.
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

/// Whether the command shows the screens.
fn is_screens(command: &str) -> bool {
    let mut words = command.split(' ');
    let (program, first) = (words.next(), words.next().unwrap_or_default());
    program == Some("sixpane") && (command == "sixpane demo" || first.contains(".conf"))
}

#[test]
fn every_command_runs() {
    if !there("jq") {
        return;
    }
    let gateway = Gateway::start();
    let home = gateway.folder.path();
    let path = bin(home, &gateway.conf);
    let ci = include_str!("../.ci/run");
    let (mut ran, mut screens) = (0, 0);
    for command in commands(&readme()) {
        if command.starts_with("cargo ") {
            // It takes minutes: the one that runs before every change does it.
            assert!(ci.contains(&command), ".ci/run does not run `{command}`");
        } else if is_screens(&command) {
            let env = [("PATH", path.as_str()), ("HOME", home.to_str().unwrap())];
            let cd = format!("cd '{}' && exec {command}", home.display());
            let mut term = Term::start("/bin/sh".into(), &["-c", &cd], (120, 36), &env);
            term.sees(&["Explore", "24 machines", "q quit"]);
            term.keys("q");
            assert_eq!(term.end(), 0, "{command}");
            screens += 1;
        } else {
            // Nothing here takes long; what hangs is told by its exit code.
            let mut shell = Command::new("timeout");
            shell
                .args(["60", "/bin/sh", "-c", &command])
                .current_dir(home)
                .env("HOME", home)
                .env("PATH", &path);
            shell.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
            shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
            let mut child = shell.spawn().unwrap();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            let mut text = String::new();
            if command.starts_with("sixpane watch") {
                // It goes on until it is interrupted, as soon as it has told something.
                out.read_line(&mut text).unwrap();
                kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
            }
            out.read_to_string(&mut text).unwrap();
            let told = child.wait_with_output().unwrap();
            let (code, err) = (told.status.code(), String::from_utf8_lossy(&told.stderr).into_owned());
            // "The answer is no" is an answer: one machine of the demo is silent.
            let fine = matches!(code, Some(0 | 1)) || command.starts_with("sixpane watch");
            assert!(fine, "{command}: {code:?}\n{text}{err}");
            let silent = ["mkdir", "chmod", "fly"].iter().any(|word| command.starts_with(word));
            assert!(
                silent || command.contains(" > ") || !text.trim().is_empty(),
                "{command} says nothing\n{err}"
            );
            ran += 1;
        }
    }
    assert!(ran > 12 && screens == 2, "{ran} commands and {screens} screens");
    assert!(std::fs::read_to_string(home.join("report.md")).unwrap().contains("| check |"));
}

#[test]
fn every_flag_and_command_that_is_named_exists() {
    let folder = tempfile::tempdir().unwrap();
    let text = readme();
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
    for span in text.split('`').skip(1).step_by(2).filter(|span| span.starts_with("sixpane ")) {
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
        assert!(text.contains(&format!("`sixpane {command}")), "{command} is told nowhere");
    }
}

#[test]
fn the_keys_are_the_programs_own() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, _) = ends(&sixpane(folder.path(), &["keys", "--markdown"]).output().unwrap(), 0);
    let text = readme();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let wanted = format!("\n{keys}\n");
    if std::env::var_os("SIXPANE_UPDATE").is_some() {
        std::fs::write(PATH, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(table == wanted, "the table of keys is another: SIXPANE_UPDATE=1 cargo test --test readme");
    }
}
