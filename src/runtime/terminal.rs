//! The terminal: taken at the start, drawn on, and restored at every kind of end.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once, OnceLock};

use base64::Engine as _;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::crossterm::{Command, cursor, execute, queue};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::termios::{QueueSelector, tcflush};
use tokio::sync::Notify;

use super::output::{Frame as Bytes, Output};
use crate::error::{Error, Exit};

/// Whether the terminal is ours and has to be restored.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the terminal did not accept the sequences that restore it.
static STUCK: AtomicBool = AtomicBool::new(false);
/// Notified of a panic on any thread.
static PANICKED: Notify = Notify::const_new();

/// Ends when any thread has panicked.
pub async fn panicked() {
    PANICKED.notified().await;
}

/// Whether a message on standard error would block, because the terminal is stuck.
pub fn is_stuck() -> bool {
    STUCK.load(Ordering::SeqCst) && io::stderr().is_terminal()
}

/// Checks that there is a terminal for the screens.
///
/// # Errors
/// Where there is none (exit 2), with the headless command as a hint.
pub fn check() -> Result<(), Error> {
    let refuse = |why: &str| {
        Err(Error::new(Exit::Usage, "the screens need a terminal")
            .why(why)
            .hint("sixpane tree, or sixpane tree --json"))
    };
    if !io::stdin().is_terminal() {
        return refuse("standard input is none");
    }
    if !io::stdout().is_terminal() {
        return refuse("standard output is none");
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return refuse("TERM is dumb");
    }
    Ok(())
}

/// The terminal while it is ours.
pub struct Screen {
    output: Arc<Output>,
    /// Never dropped: the library's own drop prints to standard error where it fails.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Bytes>>>,
    /// Whether the terminal reports the mouse.
    mouse: bool,
    /// Whether plain text is shown instead of the screens, until a key is pressed.
    plain: bool,
}

impl Screen {
    /// Takes the terminal. It is restored when this is dropped, and before a panic is reported.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                if !is_stuck() {
                    report(info);
                }
                PANICKED.notify_one();
            }));
        });
        let output = output()?;
        take(&output)?;
        let terminal = ManuallyDrop::new(blank(&output).inspect_err(|_| give_back())?);
        Ok(Self { output, terminal, mouse: false, plain: false })
    }

    /// Whether the terminal has accepted everything: only then is a frame drawn.
    pub fn is_idle(&self) -> bool {
        self.output.is_idle()
    }

    pub async fn idle(&self) {
        self.output.idle().await;
    }

    /// Draws one frame; a terminal with synchronized updates shows it whole.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if area()? != self.terminal.get_frame().area() {
            self.repaint()?;
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Turns reports of the mouse on or off. With Shift the terminal selects text in either case.
    pub fn listen(&mut self, mouse: bool) -> io::Result<()> {
        if self.plain || self.mouse == mouse {
            return Ok(());
        }
        self.mouse = mouse;
        let out = self.terminal.backend_mut();
        if mouse { execute!(out, MouseOn) } else { execute!(out, DisableMouseCapture) }
    }

    /// Forgets what is on the screen, so that the next frame paints all of it.
    pub fn repaint(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.plain) {
            execute!(self.terminal.backend_mut(), EnterAlternateScreen)?;
        }
        // The library's drop shows a cursor that is hidden.
        self.terminal.show_cursor()?;
        drop(std::mem::replace(&mut *self.terminal, blank(&self.output)?));
        Ok(())
    }

    /// Restores the terminal, stops the job, and takes the terminal again when the shell continues it.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop()?;
        take(&self.output)?;
        (self.plain, self.mouse) = (false, false);
        self.repaint()
    }

    /// Shows `text` on the normal screen, where the terminal's own selection and scrolling work.
    pub fn show_plain(&mut self, text: &str) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        queue!(out, EndSynchronizedUpdate, DisableMouseCapture, LeaveAlternateScreen, cursor::Show)?;
        // The terminal is raw: a line feed does not return to the first column.
        write!(out, "\r\n{}\r\n[any key: back to sixpane]", text.trim_end().replace('\n', "\r\n"))?;
        (self.plain, self.mouse) = (true, false);
        self.terminal.backend_mut().flush()
    }

    /// Whether plain text is shown.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Copies `text` to the clipboard of the terminal, also of a remote one (OSC 52). `app` limits its length.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let sequence = osc52(text, std::env::var_os("TMUX").is_some());
        let out = self.terminal.backend_mut();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }
}

/// Stops the whole job like the terminal's own Ctrl-Z: a `cargo run` above us has to stop too.
pub fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?)
}

/// The output of the process: one writer for its whole life.
fn output() -> io::Result<Arc<Output>> {
    static OUTPUT: OnceLock<Arc<Output>> = OnceLock::new();
    if let Some(output) = OUTPUT.get() {
        return Ok(Arc::clone(output));
    }
    // Not `Stdout`, whose lock a write that blocks would hold.
    let terminal = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let started = Output::start(terminal)?;
    Ok(Arc::clone(OUTPUT.get_or_init(|| started)))
}

/// A blank terminal of a fixed size: to adapt it, the library queries the position of the cursor, and the terminal's
/// response can be lost among the keys.
fn blank(output: &Arc<Output>) -> io::Result<Terminal<CrosstermBackend<Bytes>>> {
    let mut backend = CrosstermBackend::new(Bytes::new(Arc::clone(output)));
    queue!(backend, Clear(ClearType::All))?;
    Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(area()?) })
}

fn area() -> io::Result<Rect> {
    size().map(|(columns, rows)| Rect::new(0, 0, columns, rows))
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Buttons, the wheel and drags (xterm modes 1000 and 1002) as SGR (1006). The library's own sequence turns on reports
/// of every move, too many for a slow link.
struct MouseOn;

impl Command for MouseOn {
    fn write_ansi(&self, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        out.write_str("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
    }
}

fn take(output: &Arc<Output>) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = Bytes::new(Arc::clone(output));
    enable_raw_mode()
        .and_then(|()| execute!(out, EnterAlternateScreen, EnableBracketedPaste))
        .inspect_err(|_| give_back())
}

/// Restores the terminal, once, as far as it accepts that.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    if let Ok(output) = output() {
        let mut last = Vec::new();
        let _ = queue!(
            last,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let discard = || {
            let _ = tcflush(io::stdout(), QueueSelector::OFlush);
        };
        STUCK.store(!output.finish(&last, discard), Ordering::SeqCst);
    }
    let _ = disable_raw_mode();
}

/// The sequence that sets the clipboard; tmux passes on what is wrapped for it.
fn osc52(text: &str, tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", base64::prelude::BASE64_STANDARD.encode(text));
    if tmux { format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")) } else { plain }
}

/// Debug builds panic after the first frame if the environment demands it, to test that the terminal is restored.
#[cfg(debug_assertions)]
pub fn panic_for_a_test() {
    if let Some(place) = std::env::var_os("SIXPANE_TEST_PANIC") {
        if place == "task" {
            tokio::spawn(async { panic!("a panic for a test, in a task") });
        } else {
            panic!("a panic for a test");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osc52_is_wrapped_for_tmux() {
        assert_eq!(osc52("hi", false), "\x1b]52;c;aGk=\x07");
        assert_eq!(osc52("hi", true), "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }
}
