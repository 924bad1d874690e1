//! The terminal: taken, given back on every way of ending, and drawn upon.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

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
use tokio::sync::Notify;

use crate::error::{Error, Exit};

/// Whether the terminal is ours, for whoever has to give it back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Rung by a panic on any thread.
static PANICKED: Notify = Notify::const_new();

/// Ends when any thread has panicked.
pub async fn panicked() {
    PANICKED.notified().await;
}

/// Whether there is a terminal to show anything on.
///
/// # Errors
/// Where there is none (exit 2), with what to use in its place.
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
    /// Never dropped: where the terminal has gone away the library's own drop prints to it, and panics.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    /// Whether the terminal sends what the mouse does.
    mouse: bool,
    /// Whether plain text is shown in the place of the screens, until a key is pressed.
    plain: bool,
}

impl Screen {
    /// Takes the terminal. It is given back when this is dropped, and before a panic is told.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let told = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                told(info);
                PANICKED.notify_one();
            }));
        });
        take()?;
        blank()
            .map(|terminal| Self { terminal: ManuallyDrop::new(terminal), mouse: false, plain: false })
            .inspect_err(|_| give_back())
    }

    /// Draws one frame; a terminal that knows how shows it whole.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if area()? != self.terminal.get_frame().area() {
            self.repaint()?;
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Has the terminal send what the mouse does, or keep it. With Shift it selects text in either case.
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
        // A terminal that shows its cursor has nothing to put right when it is dropped.
        self.terminal.show_cursor()?;
        drop(std::mem::replace(&mut *self.terminal, blank()?));
        Ok(())
    }

    /// Gives the terminal back, stops the job, and takes it again when the shell continues it.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop()?;
        take()?;
        (self.plain, self.mouse) = (false, false);
        self.repaint()
    }

    /// Shows `text` on the normal screen, where the terminal's own selection and scrolling work.
    pub fn show_plain(&mut self, text: &str) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        queue!(out, EndSynchronizedUpdate, DisableMouseCapture, LeaveAlternateScreen, cursor::Show)?;
        // The terminal is raw: a line does not begin by itself.
        write!(out, "\r\n{}\r\n[any key: back to sixpane]", text.trim_end().replace('\n', "\r\n"))?;
        (self.plain, self.mouse) = (true, false);
        self.terminal.backend_mut().flush()
    }

    /// Whether plain text is shown.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Puts `text` into the clipboard of the terminal, which may be far away (OSC 52). How long it may be, `app` knows.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let sequence = osc52(text, std::env::var_os("TMUX").is_some());
        let out = self.terminal.backend_mut();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }
}

/// Stops the whole job, as the terminal's own Ctrl-Z would: a `cargo run` around us has to stop too.
pub fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?)
}

/// A terminal with nothing on it. Its size is fixed: where the library is let to adapt it, it asks the terminal where
/// the cursor is, and the answer may be lost between the keys.
fn blank() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let mut backend = CrosstermBackend::new(BufWriter::new(io::stdout()));
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

/// Buttons, the wheel and drags (xterm modes 1000 and 1002) as SGR (1006). What the library turns on would send every
/// move of the pointer too, which over a slow link is much for nothing.
struct MouseOn;

impl Command for MouseOn {
    fn write_ansi(&self, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        out.write_str("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()
        .and_then(|()| execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste))
        .inspect_err(|_| give_back())
}

/// Does what can be done, once; a terminal that is gone takes nothing back.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
    }
}

/// The sequence that sets the clipboard; tmux passes on what is wrapped for it.
fn osc52(text: &str, tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", base64::prelude::BASE64_STANDARD.encode(text));
    if tmux { format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")) } else { plain }
}

/// Debug builds panic after the first frame when they are told to, so that a test can see the terminal restored.
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
