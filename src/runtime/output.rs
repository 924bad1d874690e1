//! Output to the terminal, on a thread of its own.
//!
//! A terminal can refuse output for any length of time: the reader of the PTY is stopped, or the link to it is slow. A
//! write to it then blocks. The thread that reads keys and signals must not, so it only appends to a buffer; the
//! writer takes the whole buffer and writes it in parts.
//!
//! No queue of frames forms: a frame is drawn only while the writer is idle, and shows the state of that moment. A
//! frame is the difference to the one before, so none that was drawn may be dropped.
//!
//! At the end the terminal is restored by output too. [`Output::finish`] waits for it as long as the terminal accepts
//! anything. Once it has accepted nothing for a while, the frame under way is discarded, also in the kernel's buffer:
//! that makes room for the sequences that restore the terminal, and its reader finds them whenever it goes on.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Bytes per write: progress is visible after each.
const PART: usize = 4096;
/// Bytes that wait at most; more are dropped.
const MOST: usize = 4 << 20;
/// A terminal that has accepted nothing for this long is stuck.
const STUCK: Duration = Duration::from_millis(500);

/// The writer's side and ours.
#[derive(Debug, Default)]
pub struct Output {
    state: Mutex<State>,
    /// Bytes wait for the writer.
    filled: Condvar,
    /// The writer has written a part.
    progress: Condvar,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    /// Parts written so far.
    parts: u64,
    /// Whether the rest of what the writer has taken is to be skipped.
    skip: bool,
    error: Option<io::Error>,
}

impl State {
    fn is_idle(&self) -> bool {
        self.error.is_some() || (self.waiting.is_empty() && !self.writing)
    }
}

impl Output {
    /// Starts a thread that writes to `terminal`.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(terminal: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let output = Arc::new(Self::default());
        let writer = Arc::clone(&output);
        std::thread::Builder::new().name("terminal".into()).spawn(move || writer.write_all_to(terminal))?;
        Ok(output)
    }

    /// Whether everything is written, or nothing more can be.
    pub fn is_idle(&self) -> bool {
        self.lock().is_idle()
    }

    /// Waits until [`Self::is_idle`]. Only one task waits at a time.
    pub async fn idle(&self) {
        while !self.is_idle() {
            self.idle.notified().await;
        }
    }

    /// Waits until everything is written. Where the terminal is stuck, `discard` is called once to empty the kernel's
    /// buffer, and of what waits only `last` is still written. Returns whether the terminal has accepted it.
    pub fn finish(&self, last: &[u8], discard: impl FnOnce()) -> bool {
        self.append(last);
        if self.drain() {
            return true;
        }
        let mut state = self.lock();
        // CAN ends a sequence that was cut.
        state.waiting = [b"\x18", last].concat();
        state.skip = state.writing;
        drop(state);
        discard();
        self.drain()
    }

    /// Waits until everything is written or the terminal is stuck; returns whether all is written.
    fn drain(&self) -> bool {
        let mut state = self.lock();
        while !state.is_idle() {
            let before = state.parts;
            let (after, waited) =
                self.progress.wait_timeout(state, STUCK).unwrap_or_else(PoisonError::into_inner);
            state = after;
            if waited.timed_out() && state.parts == before && !state.is_idle() {
                return false;
            }
        }
        state.error.is_none()
    }

    fn append(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + bytes.len() <= MOST {
            state.waiting.extend_from_slice(bytes);
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut terminal: impl Write) {
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() {
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let bytes = std::mem::take(&mut state.waiting);
            state.writing = true;
            drop(state);
            let result = self.write_parts(&bytes, &mut terminal);
            let mut state = self.lock();
            (state.writing, state.skip) = (false, false);
            state.error = result.err();
            let failed = state.error.is_some();
            drop(state);
            self.progress.notify_all();
            self.idle.notify_one();
            if failed {
                return;
            }
        }
    }

    fn write_parts(&self, bytes: &[u8], terminal: &mut impl Write) -> io::Result<()> {
        for part in bytes.chunks(PART) {
            if self.lock().skip {
                break;
            }
            terminal.write_all(part)?;
            terminal.flush()?;
            self.lock().parts += 1;
            self.progress.notify_all();
        }
        Ok(())
    }
}

/// Collects a frame and appends it whole to an output when it is flushed.
#[derive(Debug)]
pub struct Frame {
    output: Arc<Output>,
    bytes: Vec<u8>,
}

impl Frame {
    pub fn new(output: Arc<Output>) -> Self {
        Self { output, bytes: Vec::new() }
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// # Errors
    /// The error of an earlier write, once.
    fn flush(&mut self) -> io::Result<()> {
        self.output.append(&self.bytes);
        self.bytes.clear();
        let failed = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
        self.output.lock().error.as_ref().map_or(Ok(()), |error| Err(failed(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A terminal that accepts a part for each permit; without a sender of permits it fails.
    struct Slow {
        permits: Receiver<()>,
        shown: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let _ = self.shown.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Arc<Output>, Sender<()>, Receiver<Vec<u8>>) {
        let ((permit, permits), (shown, seen)) = (channel(), channel());
        (Output::start(Slow { permits, shown }).unwrap(), permit, seen)
    }

    #[tokio::test]
    async fn a_frame_waits_for_the_terminal_and_its_writer_does_not() {
        let (output, permit, seen) = slow();
        assert!(output.is_idle());
        let mut frame = Frame::new(output.clone());
        frame.write_all(b"one ").unwrap();
        frame.write_all(b"frame").unwrap();
        frame.flush().unwrap();
        assert!(!output.is_idle());
        permit.send(()).unwrap();
        output.idle().await;
        assert_eq!(seen.recv().unwrap(), b"one frame");
    }

    #[tokio::test]
    async fn a_terminal_that_has_gone_away_is_reported_at_the_next_flush() {
        let (output, permit, _seen) = slow();
        drop(permit);
        let mut frame = Frame::new(output.clone());
        frame.write_all(b"x").unwrap();
        frame.flush().unwrap();
        output.idle().await;
        assert!(frame.flush().is_err());
        assert!(!output.finish(b"end", || ()), "nothing is waited for");
    }

    #[test]
    fn a_stuck_terminal_is_restored_before_the_rest_of_the_frame() {
        let (output, permit, seen) = slow();
        output.append(&[b'x'; PART * 3]);
        // Emptying the kernel's buffer makes room for the part under way and for the end.
        let discard = || [(), ()].into_iter().for_each(|()| permit.send(()).unwrap());
        assert!(output.finish(b"end", discard));
        assert_eq!(seen.recv().unwrap(), [b'x'; PART]);
        assert_eq!(seen.recv().unwrap(), b"\x18end");
    }
}
