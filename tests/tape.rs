//! Plays `demo.tape` on a terminal, and fails where a screen that it waits for does not come.
//!
//! `SIXPANE_PICTURE=assets/demo.svg cargo test --test tape` plays it at its own pace and makes the README's picture of
//! what was to be seen.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::time::{Duration, Instant};

use common::picture::Film;
use common::pty::{Term, sixpane};
use regex::Regex;

const TAPE: &str = include_str!("../demo.tape");

/// What a line of a tape says, as far as ours use it (the VHS command reference).
#[derive(Debug)]
enum Step {
    /// What follows is about this: a comment.
    Chapter(String),
    Type(String),
    Key(&'static str),
    Wait(Regex),
    Sleep(Duration),
}

fn step(line: &str) -> Option<Step> {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let pattern = || {
        let inside = rest.trim().strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        Regex::new(inside.unwrap_or_else(|| panic!("{line}: a pattern between slashes is wanted"))).unwrap()
    };
    Some(match command {
        "#" => Step::Chapter(rest.trim_end_matches('.').to_owned()),
        // How a recording looks: nothing for this player.
        "Output" | "Set" | "Require" => return None,
        "Sleep" => {
            let seconds = rest.trim().strip_suffix('s').and_then(|seconds| seconds.parse().ok());
            Step::Sleep(Duration::from_secs_f64(
                seconds.unwrap_or_else(|| panic!("{line}: seconds are wanted")),
            ))
        }
        "Type" => {
            let text = rest.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Step::Type(text.unwrap_or_else(|| panic!("{line}: text between quotes is wanted")).to_owned())
        }
        "Enter" => Step::Key("\r"),
        "Escape" => Step::Key("\x1b"),
        "Tab" => Step::Key("\t"),
        "Down" => Step::Key("\x1b[B"),
        "Up" => Step::Key("\x1b[A"),
        "Wait+Screen" => Step::Wait(pattern()),
        _ => panic!("the player does not know `{line}`"),
    })
}

/// Between two keys of a text, as `Set TypingSpeed` says.
fn typing_speed() -> Duration {
    let line = TAPE.lines().find_map(|line| line.strip_prefix("Set TypingSpeed ")).unwrap();
    Duration::from_millis(line.trim_end_matches("ms").parse().unwrap())
}

fn steps() -> impl Iterator<Item = (&'static str, Step)> {
    // The head is about the tape, not about what it shows.
    let story = TAPE.lines().map(str::trim).skip_while(|line| !line.starts_with("Set TypingSpeed"));
    story.filter(|line| !line.is_empty()).filter_map(|line| Some((line, step(line)?)))
}

#[test]
fn the_tape_plays() {
    let picture = std::env::var_os("SIXPANE_PICTURE");
    let folder = sixpane().parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let mut term = Term::start("/bin/sh".into(), &["-i"], (120, 36), &[("PS1", "$ "), ("PATH", &path)]);
    term.sees(&["$ "]);
    let began = Instant::now();
    let mut film = picture.is_some().then(Film::default);
    let mut still = Duration::ZERO;
    let mut waited = 0;
    for (line, step) in steps() {
        match (step, &mut film) {
            (Step::Chapter(words), Some(film)) => film.caption(&words),
            (Step::Chapter(_) | Step::Sleep(_), None) => {}
            (Step::Type(text), None) => term.keys(&text),
            (Step::Key(key), None) => term.keys(key),
            (Step::Type(text), Some(film)) => {
                for key in text.chars() {
                    term.keys(&key.to_string());
                    term.watch(typing_speed(), |screen| film.take(began.elapsed(), screen));
                }
            }
            (Step::Key(key), Some(film)) => {
                term.watch(Duration::from_millis(400), |screen| film.take(began.elapsed(), screen));
                term.keys(key);
            }
            (Step::Sleep(time), Some(film)) => {
                term.watch(time, |screen| film.take(began.elapsed(), screen));
                // The machine that moved, in its tree, stands for all where nothing moves.
                if film.chapters() <= 2 {
                    still = began.elapsed();
                }
            }
            (Step::Wait(pattern), film) => {
                let film = std::cell::RefCell::new(film);
                term.until(line, |screen| {
                    if let Some(film) = film.borrow_mut().as_mut() {
                        film.take(began.elapsed(), screen);
                    }
                    pattern.is_match(&screen.contents())
                });
                waited += 1;
            }
        }
    }
    assert!(waited > 5);
    term.until("the end of the program", |screen| !screen.alternate_screen());
    if let (Some(film), Some(path)) = (film, picture) {
        std::fs::write(path, film.svg(still)).unwrap();
    }
}

#[test]
fn the_picture_is_of_this_tape() {
    let svg = include_str!("../assets/demo.svg");
    assert!(svg.len() < 300 << 10, "{} bytes are too many for a README", svg.len());
    for (_, step) in steps() {
        if let Step::Chapter(words) = step {
            let words = words.replace('&', "&amp;");
            assert!(
                svg.contains(&format!(">{words}</text>")),
                "no frame is about `{words}`: make the picture again"
            );
        }
    }
}
