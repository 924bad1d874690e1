//! A program on a terminal of its own: what it shows, keys for it, and how it leaves the terminal.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;
use vt100::{Parser, Screen};

/// How long anything may take before a test gives up. It is a bound, not a measure.
const PATIENCE: Duration = Duration::from_secs(20);

type Shown = Arc<(Mutex<Parser>, Condvar)>;

/// A program on a terminal.
pub struct Term {
    shown: Shown,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    pid: Option<u32>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    ended: Receiver<u32>,
    reader: Option<JoinHandle<()>>,
    /// The terminal's settings before the program started.
    before: String,
    /// Home of the program.
    home: TempDir,
}

pub fn sixpane() -> PathBuf {
    env!("CARGO_BIN_EXE_sixpane").into()
}

fn size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Term {
    /// `sixpane WORDS…` on a terminal of (columns, rows), in an empty home.
    pub fn sixpane(words: &[&str], at: (u16, u16)) -> Self {
        Self::start(sixpane(), words, at, &[])
    }

    /// Any program, with further environment.
    pub fn start(program: PathBuf, words: &[&str], at: (u16, u16), env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(at)).unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.cwd(home.path());
        // Where CI is set, colours are taken to be wanted, whatever the terminal.
        for name in ["CI", "NO_COLOR", "TMUX", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(name);
        }
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("RUST_BACKTRACE", "0");
        for (name, value) in env {
            command.env(name, value);
        }
        let before = settings(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shown: Shown = Arc::new((Mutex::new(Parser::new(some(at.1), some(at.0), 0)), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let theirs = shown.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            // An error is the other end going away.
            while let Ok(1..) = output.read(&mut buffer).inspect(|&count| {
                theirs.0.lock().unwrap().process(&buffer[..count]);
                theirs.1.notify_all();
            }) {}
        });
        let keys = pair.master.take_writer().unwrap();
        let (pid, killer) = (child.process_id(), child.clone_killer());
        let ended = ended(child);
        Self { shown, master: pair.master, keys, pid, killer, ended, reader: Some(reader), before, home }
    }

    /// The program's home, where it was started.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Types.
    pub fn keys(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen is as `wanted`.
    pub fn until(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut parser = self.shown.0.lock().unwrap();
        while !wanted(parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let screen = parser.screen().contents();
            assert!(!left.is_zero(), "{what} did not come; the screen is\n{screen}");
            parser = self.shown.1.wait_timeout(parser, left).unwrap().0;
        }
    }

    /// Shows the screen to `seen` now and after each change, for as long as `time`.
    pub fn watch(&self, time: Duration, mut seen: impl FnMut(&Screen)) {
        let deadline = Instant::now() + time;
        let mut parser = self.shown.0.lock().unwrap();
        loop {
            seen(parser.screen());
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            parser = self.shown.1.wait_timeout(parser, left).unwrap().0;
        }
    }

    /// Waits until the screen holds each of `texts`.
    pub fn sees(&self, texts: &[&str]) {
        self.until(&texts.join(", "), |screen| {
            let contents = screen.contents();
            texts.iter().all(|text| contents.contains(text))
        });
    }

    /// What is on the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.shown.0.lock().unwrap().screen())
    }

    pub fn resize(&self, (columns, rows): (u16, u16)) {
        self.shown.0.lock().unwrap().screen_mut().set_size(some(rows), some(columns));
        self.master.resize(size((columns, rows))).unwrap();
    }

    pub fn pid(&self) -> rustix::process::Pid {
        let raw = self.pid.and_then(|pid| i32::try_from(pid).ok());
        raw.and_then(rustix::process::Pid::from_raw).unwrap()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Reads no output of the program during `run`, which must not look at the screen.
    pub fn unread<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let shown = Arc::clone(&self.shown);
        let _held = shown.0.lock().unwrap();
        run(self)
    }

    /// Has the terminal accept no more output, as Ctrl-S does.
    pub fn stop_output(&self) {
        let slave = std::fs::File::open(self.master.tty_name().unwrap()).unwrap();
        rustix::termios::tcflow(slave, rustix::termios::Action::OOff).unwrap();
    }

    /// Waits for the end of the program and gives its exit code.
    pub fn exit_code(&self) -> u32 {
        wait(&self.ended)
    }

    /// The same; waits for all output, too.
    pub fn end(&mut self) -> u32 {
        let code = self.exit_code();
        self.read_all();
        code
    }

    /// Waits for all output of a program that has ended.
    pub fn read_all(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }

    /// Asserts that the settings of the terminal are as before.
    pub fn is_restored(&self) {
        assert_eq!(settings(self.master.as_ref()), self.before, "the terminal's own settings");
    }

    /// Asserts that the terminal is as it was before.
    pub fn is_sane(&self) {
        self.is_restored();
        self.screen(|screen| {
            assert!(!screen.alternate_screen(), "the main screen is back");
            assert!(!screen.hide_cursor(), "the cursor is shown");
            assert!(!screen.bracketed_paste(), "pastes are plain again");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
    }

    /// Asserts that the terminal is taken.
    pub fn is_taken(&self) {
        assert_ne!(settings(self.master.as_ref()), self.before);
        assert!(self.screen(Screen::alternate_screen));
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // The ID of one that has ended may be another's by now.
        if self.ended.try_recv() == Err(TryRecvError::Empty) {
            let _ = self.killer.kill();
            let _ = self.ended.recv_timeout(PATIENCE);
        }
    }
}

/// Sends the exit code of a process when it ends.
pub fn ended(mut child: Box<dyn Child + Send + Sync>) -> Receiver<u32> {
    let (printed, ended) = channel();
    std::thread::spawn(move || {
        let code = child.wait().map(|status| status.exit_code());
        // The receiver may be gone.
        let _ = code.map(|code| printed.send(code));
    });
    ended
}

/// Waits for the end of a process, and gives its exit code.
pub fn wait(ended: &Receiver<u32>) -> u32 {
    ended.recv_timeout(PATIENCE).expect("the process did not end")
}

/// The terminal's settings in words.
fn settings(master: &(dyn MasterPty + Send)) -> String {
    let t = master.get_termios().unwrap();
    format!("{:?} {:?} {:?}", t.input_flags, t.output_flags, t.local_flags)
}

fn some(length: u16) -> NonZeroU16 {
    // A terminal may have no columns; the picture of it has one.
    NonZeroU16::new(length.max(1)).unwrap()
}
