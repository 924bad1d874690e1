//! Plays `demo.tape` on a terminal, and fails where a screen that it waits for does not come.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use common::pty::{Term, sixpane};
use regex::Regex;

/// What a line of a tape says, as far as ours use it (the VHS command reference).
#[derive(Debug)]
enum Step {
    Type(String),
    Wait(Regex),
}

fn step(line: &str) -> Option<Step> {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let pattern = || {
        let inside = rest.trim().strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        Regex::new(inside.unwrap_or_else(|| panic!("{line}: a pattern between slashes is wanted"))).unwrap()
    };
    Some(match command {
        // How a recording looks, and how long it rests: nothing for a test.
        "Output" | "Set" | "Sleep" | "Require" => return None,
        "Type" => {
            let text = rest.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Step::Type(text.unwrap_or_else(|| panic!("{line}: text between quotes is wanted")).to_owned())
        }
        "Enter" => Step::Type("\r".into()),
        "Escape" => Step::Type("\x1b".into()),
        "Tab" => Step::Type("\t".into()),
        "Down" => Step::Type("\x1b[B".into()),
        "Up" => Step::Type("\x1b[A".into()),
        "Wait+Screen" => Step::Wait(pattern()),
        _ => panic!("the player does not know `{line}`"),
    })
}

#[test]
fn the_tape_plays() {
    let tape = include_str!("../demo.tape");
    let folder = sixpane().parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let mut term = Term::start("/bin/sh".into(), &["-i"], (120, 36), &[("PS1", "> "), ("PATH", &path)]);
    term.sees(&["> "]);
    let mut waited = 0;
    for line in tape.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match step(line) {
            None => {}
            Some(Step::Type(text)) => term.keys(&text),
            Some(Step::Wait(pattern)) => {
                term.until(line, |screen| pattern.is_match(&screen.contents()));
                waited += 1;
            }
        }
    }
    assert!(waited > 5);
    term.until("the end of the program", |screen| !screen.alternate_screen());
}
