//! The screens on a real terminal: what they show, and that every way of ending gives the terminal back.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod common;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::pty::{Term, ended, sixpane, wait};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::Signal;
use vt100::Screen;

const WIDE: (u16, u16) = (120, 36);

/// The demo, with its tree on the screen.
fn demo(at: (u16, u16), env: &[(&str, &str)]) -> Term {
    let term = Term::start(sixpane(), &["demo"], at, env);
    term.sees(&["admin", "api", "●", "machines"]);
    term
}

#[test]
fn the_tree_is_shown_at_every_size_and_q_quits() {
    for at in [WIDE, (80, 24), (60, 15)] {
        let mut term = Term::sixpane(&["demo"], at);
        term.sees(&["[1", "Explore", "admin", "fdaa:0:18::/48"]);
        term.is_taken();
        term.keys("q");
        assert_eq!(term.end(), 0);
        term.is_sane();
    }
}

#[test]
fn signals_end_with_their_status_and_a_sane_terminal() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131)] {
        let mut term = demo(WIDE, &[]);
        term.signal(signal);
        assert_eq!(term.end(), code, "{signal:?}");
        term.is_sane();
    }
}

#[test]
fn control_c_quits() {
    let mut term = demo(WIDE, &[]);
    // The gateway is pinged by itself, from the start.
    term.sees(&["gw "]);
    term.keys("\x03");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_on_any_thread_is_reported_on_a_restored_terminal() {
    for (place, words) in [("1", "a panic for a test"), ("task", "a panic for a test, in a task")] {
        let mut term = Term::start(sixpane(), &["demo"], WIDE, &[("SIXPANE_TEST_PANIC", place)]);
        assert_eq!(term.end(), 101, "{place}");
        term.is_sane();
        let text = term.screen(|screen| screen.contents().replace('\n', ""));
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_closed_terminal_ends_the_process() {
    let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(sixpane());
    command.arg("demo");
    command.env("TERM", "xterm-256color");
    let child = pair.slave.spawn_command(command).unwrap();
    let ended = ended(child);
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("admin") {
        let count = output.read(&mut buffer).unwrap();
        seen.extend_from_slice(&buffer[..count]);
    }
    drop(output);
    drop(pair.master);
    assert_eq!(wait(&ended), 129);
}

#[test]
fn a_signal_ends_the_program_while_nothing_reads_the_terminal() {
    let mut term = demo(WIDE, &[]);
    let code = term.unread(|term| {
        // More frames than the kernel buffers.
        (0..200).for_each(|_| term.keys("51"));
        term.signal(Signal::TERM);
        term.exit_code()
    });
    assert_eq!(code, 143);
    term.read_all();
    term.is_sane();
}

#[test]
fn keys_and_signals_are_read_while_the_terminal_accepts_no_output() {
    for (key, signal, code) in [("q", None, 0), ("5", Some(Signal::TERM), 143)] {
        let mut term = demo(WIDE, &[]);
        term.stop_output();
        term.keys("5");
        term.keys(key);
        if let Some(signal) = signal {
            term.signal(signal);
        }
        assert_eq!(term.exit_code(), code);
        term.is_restored();
    }
}

#[test]
fn control_z_stops_the_job_and_fg_paints_it_again() {
    let mut term = Term::start("/bin/sh".into(), &["-i"], WIDE, &[("PS1", "ready> ")]);
    term.sees(&["ready>"]);
    term.keys(&format!("{} demo; echo ended with $?\r", sixpane().display()));
    term.sees(&["admin", "web", "●"]);
    term.keys("\x1a");
    term.until("the second prompt", |screen| screen.contents().matches("ready>").count() == 2);
    term.screen(|screen| assert!(!screen.hide_cursor() && !screen.bracketed_paste()));
    term.keys("fg\r");
    term.until("the tree again", |screen| screen.alternate_screen() && screen.contents().contains("admin"));
    term.sees(&["q quit"]);
    term.keys("q");
    term.until("the third prompt", |screen| screen.contents().matches("ready>").count() == 3);
    term.keys("exit\r");
    term.end();
}

#[test]
fn a_window_that_is_too_small_shows_a_message_until_it_grows() {
    let mut term = demo((80, 24), &[]);
    term.resize((48, 12));
    term.sees(&["sixpane needs 60×15", "this is 48×12"]);
    for at in [(1, 1), (0, 24), (80, 0), (0, 0), (20, 5), (500, 200), (60, 15)] {
        term.resize(at);
    }
    term.sees(&["Explore", "admin"]);
    term.resize(WIDE);
    term.sees(&["sixpane", "COUNT", "machines"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn no_color_means_none_and_a_plain_locale_plain_glyphs() {
    let coloured = |term: &Term| {
        term.screen(|screen| {
            let (rows, columns) = screen.size();
            (0..rows.get())
                .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
                .filter_map(|(row, column)| screen.cell(row, column))
                .any(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    };
    assert!(coloured(&demo(WIDE, &[])));
    assert!(!coloured(&demo(WIDE, &[("NO_COLOR", "1")])));
    let plain = Term::start(sixpane(), &["demo"], WIDE, &[("LANG", "C")]);
    plain.sees(&["Explore", "admin", "* up"]);
    assert!(plain.screen(|screen| screen.contents().is_ascii()));
}

#[test]
fn a_paste_is_text_and_never_keys() {
    let mut term = demo(WIDE, &[]);
    term.keys("\x1b[200~qqq\x03 q\r\x1b[201~");
    term.keys("/web");
    term.sees(&["/ web"]);
    term.keys("\x1b[200~\x1b[201~\x1b");
    term.sees(&["q quit"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
}

#[test]
fn without_a_terminal_the_headless_command_is_named() {
    let mut term = Term::start(sixpane(), &["demo"], WIDE, &[("TERM", "dumb")]);
    assert_eq!(term.end(), 2);
    assert!(term.screen(|screen| screen.contents().contains("sixpane tree")));
    let piped = Command::new(sixpane()).arg("demo").stdin(Stdio::null()).output().unwrap();
    assert_eq!(piped.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&piped.stderr).contains("sixpane tree"));
}

/// A conf that leads nowhere, with this key.
fn conf(key: char) -> String {
    format!(
        "[Interface]\nPrivateKey = {}E=\nAddress = fdaa:0:18:a7b:d6b:0:a:2/120\nDNS = fdaa:0:18::3\n[Peer]\n\
         PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = fdaa:0:18::/48\n\
         Endpoint = 127.0.0.1:9\n",
        key.to_string().repeat(42)
    )
}

#[test]
fn several_confs_are_chosen_from_and_a_bad_reload_keeps_the_tunnel() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let one = write("one.conf", &conf('A'));
    write("two.conf", &conf('B').replace("Endpoint = 127.0.0.1:9", "Endpoint = 127.0.0.1"));
    let cd = format!("cd {} && exec {}", folder.path().display(), sixpane().display());
    let mut term = Term::start("/bin/sh".into(), &["-c", &cd], WIDE, &[]);
    term.sees(&["Which network?", "one.conf", "two.conf:8:"]);
    term.keys("j\r");
    term.sees(&["This conf cannot be used"]);
    term.keys("k\r");
    term.sees(&["Explore", "one  fdaa:0:18::/48", "127.0.0.1:9"]);
    term.keys("R");
    term.sees(&["Refreshing everything"]);
    write("one.conf", "nonsense");
    term.keys("R");
    term.sees(&["The conf in use is unchanged"]);
    std::fs::write(&one, conf('A').replace("127.0.0.1:9", "127.0.0.1:11")).unwrap();
    term.keys("R");
    term.sees(&["The conf has changed: attached again", "127.0.0.1:11"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

/// Writes a conf that only its owner reads.
fn write_conf(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_conf_that_has_become_a_pipe_is_refused_and_the_screens_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.conf");
    write_conf(&path, &conf('A'));
    let mut term = Term::sixpane(&[path.to_str().unwrap()], WIDE);
    term.sees(&["Explore", "127.0.0.1:9"]);
    std::fs::remove_file(&path).unwrap();
    fifo(&path);
    term.keys("R");
    term.sees(&["The conf in use is unchanged", "it is a pipe"]);
    term.keys("5");
    term.sees(&["[5 Events]"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn a_reload_does_not_wait_for_a_claim_that_is_a_pipe() {
    let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("one.conf");
    write_conf(&path, &conf('A'));
    let env = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut term = Term::start(sixpane(), &[path.to_str().unwrap()], WIDE, &env);
    term.sees(&["Explore", "127.0.0.1:9"]);
    let other = conf('B');
    let key = sixpane::testing::profile::parse::parse("one", other.as_bytes()).unwrap().public_key();
    let name: String = data_encoding::HEXLOWER.encode(&key[..8]);
    fifo(&state.path().join(format!("sixpane/{name}.peer")));
    write_conf(&path, &other);
    term.keys("R");
    term.sees(&["attached again"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn an_export_to_a_pipe_is_refused() {
    let mut term = demo(WIDE, &[]);
    fifo(&term.home().join("sixpane-explore.txt"));
    term.keys(":export sixpane-explore.txt\r");
    term.sees(&["y overwrite"]);
    term.keys("y");
    term.sees(&["not a regular file"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn state_that_another_process_has_locked_leaves_the_keys_alone() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir(state.path().join("sixpane")).unwrap();
    let mut term = demo(WIDE, &[("XDG_STATE_HOME", state.path().to_str().unwrap())]);
    let lock = std::fs::File::create(state.path().join("sixpane/screen.lock")).unwrap();
    lock.lock().unwrap();
    term.keys("jj<");
    term.keys("5");
    term.sees(&["[5 Events]"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn a_conf_that_cannot_be_read_can_be_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    // The shell waits for no writer where it opens the pipe for both.
    let line = format!("exec 3<>{}; exec {} /dev/fd/3", pipe.display(), sixpane().display());
    let mut term = Term::start("/bin/sh".into(), &["-c", &format!("echo ready; {line}")], WIDE, &[]);
    term.sees(&["ready"]);
    term.keys("\x03");
    assert_ne!(term.end(), 0);
    let mut term = Term::sixpane(&[pipe.to_str().unwrap()], WIDE);
    assert_eq!(term.end(), 3);
    assert!(term.screen(|screen| screen.contents().contains("a conf is a regular file")));
}

#[test]
fn the_mouse_works_and_is_released() {
    let mut term = demo(WIDE, &[]);
    term.until("the mouse", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::ButtonMotion
            && screen.mouse_protocol_encoding() == vt100::MouseProtocolEncoding::Sgr
    });
    let (row, column) = term.screen(|screen| {
        let line = screen.contents().lines().next().unwrap().to_owned();
        (1, line.find("5 Events").unwrap() + 1)
    });
    term.keys(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
    term.sees(&["[5 Events]"]);
    term.keys(":mouse off\r");
    term.until("no mouse", |screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn plain_text_is_on_the_normal_screen_until_a_key() {
    let mut term = demo(WIDE, &[]);
    term.keys("Z");
    term.until("plain text", |screen| {
        !screen.alternate_screen()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
            && screen.contents().contains("any key: back to sixpane")
    });
    term.keys("x");
    term.until("the screens", Screen::alternate_screen);
    term.sees(&["[1 Explore]", "machines"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}

#[test]
fn a_first_run_shows_instructions_and_offers_the_demo() {
    let mut term = Term::start(sixpane(), &[], (80, 24), &[]);
    term.sees(&["fly wireguard create", "[org] [region] [name]", "demo"]);
    term.keys("r\r");
    term.sees(&["[1 Explore]", "admin"]);
    term.keys("q");
    assert_eq!(term.end(), 0);
    term.is_sane();
}
