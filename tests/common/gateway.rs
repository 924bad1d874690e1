//! The demo's gateway as a process of its own, and commands attached to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// `sixpane` in `folder`, as at home there.
pub fn sixpane(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sixpane"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command.env("LC_ALL", "C.UTF-8");
    command.env("HOME", folder).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Asserts the exit code, and gives standard output and standard error.
pub fn ends(output: &Output, code: i32) -> (String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}

/// The demo's gateway, with its own conf, in a folder of its own. It ends with this.
pub struct Gateway {
    pub folder: TempDir,
    pub conf: PathBuf,
    demo: Child,
}

impl Gateway {
    pub fn start() -> Self {
        Self::with("")
    }

    /// The same, with these events.
    pub fn with(events: &str) -> Self {
        Self::of("org.conf", &format!("{}{events}", Self::calm()))
    }

    /// The org of the demo, with nothing happening in it.
    pub fn calm() -> &'static str {
        include_str!("../../assets/demo.toml").split("[[event]]").next().unwrap()
    }

    /// A gateway of the org that `scenario` tells of, with a conf of this name.
    pub fn of(name: &str, scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("org.toml"), scenario).unwrap();
        let conf = folder.path().join(name);
        let words = ["demo", "--serve", "--scenario", "org.toml", "--conf-out", name];
        let mut demo = sixpane(folder.path(), &words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("# listening on 127.0.0.1:"), "{line}");
        Self { folder, conf, demo }
    }

    /// A command with the conf before its words, in a home of its own: a conf has one user at a time.
    pub fn command(&self, words: &[&str]) -> Command {
        let (first, rest) = words.split_first().unwrap();
        let mut all = vec![*first, self.conf.to_str().unwrap()];
        all.extend(rest);
        sixpane(self.folder.path(), &all)
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

/// Whether `program` is here; where others are required, it has to be.
pub fn there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    let required = std::env::var_os("SIXPANE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(found || !required, "{program} is not installed");
    if !found {
        let _ = writeln!(std::io::stderr(), "** SKIPPED: {program} is not installed");
    }
    found
}
