//! Work that may block, on threads of its own.
//!
//! A file can be a pipe without a writer, or on a server that does not respond; the tables of the host can be slow.
//! The thread that reads keys and signals never waits for them: it passes the job to a lane and receives the result as a
//! message. A lane runs one job at a time, in order, and its queue is short: a stuck job neither collects others behind
//! it nor delays another lane. A slow job is reported once. The thread of a stuck job ends with the process.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::app::export::{Save, Saved};
use crate::app::kept::Folds;
use crate::app::network::NetworkId;
use crate::attach::Attachment;
use crate::clock;
use crate::doctor::facts::Facts;
use crate::error::Error;

/// A job that takes longer than this is reported.
const SLOW: Duration = Duration::from_secs(1);

/// The result of a job.
#[derive(Debug)]
pub enum Done {
    /// The source was read again.
    Reloaded(NetworkId, Box<Reloaded>),
    /// Facts with the context of the host.
    Context(NetworkId, Box<Facts>),
    /// Result of writing a file.
    Saved(Save, Saved),
    /// Result of storing the layout and folds.
    Kept(Result<(), String>),
    /// The history was written.
    Remembered,
}

/// The new attachment, with the stored folds if its network is another one; `None` if the source is unchanged.
pub type Reloaded = Result<Option<(Attachment, Option<Folds>)>, Error>;

type Job = (String, Box<dyn FnOnce() -> Done + Send>);

#[derive(Debug)]
struct Running {
    what: String,
    /// Time at which it is reported as slow; `None` after that.
    slow_at: Option<Instant>,
    task: JoinHandle<Done>,
}

/// A queue of jobs that run one after the other.
#[derive(Default)]
pub struct Lane {
    running: Option<Running>,
    waiting: VecDeque<Job>,
    /// Maximum length of the queue.
    most: usize,
}

impl Lane {
    fn holding(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Runs `job` after those before it. `what` is its activity, as in "reading my.conf".
    ///
    /// # Errors
    /// If the queue is full, the running activity: the job is dropped.
    pub fn push(
        &mut self,
        what: impl Into<String>,
        job: impl FnOnce() -> Done + Send + 'static,
    ) -> Result<(), String> {
        if let Some(running) = self.running.as_ref().filter(|_| self.waiting.len() >= self.most) {
            return Err(format!("still {}", running.what));
        }
        self.waiting.push_back((what.into(), Box::new(job)));
        self.start();
        Ok(())
    }

    /// Discards all jobs and their results.
    pub fn forget(&mut self) {
        *self = Self::holding(self.most);
    }

    /// Whether the running job was reported as slow.
    pub fn is_slow(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.slow_at.is_none())
    }

    /// Whether there is no job.
    pub fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    fn start(&mut self) {
        if self.running.is_none()
            && let Some((what, job)) = self.waiting.pop_front()
        {
            let task = tokio::task::spawn_blocking(job);
            self.running = Some(Running { what, slow_at: Some(clock::now() + SLOW), task });
        }
    }

    /// Waits for the next result; forever without a job. Cancel-safe.
    async fn next(&mut self) -> Done {
        loop {
            let Some(running) = &mut self.running else { return std::future::pending().await };
            let done = (&mut running.task).await;
            self.running = None;
            self.start();
            // A job that panicked ends the program.
            if let Ok(done) = done {
                return done;
            }
        }
    }
}

pub struct Work {
    /// Reading the source again.
    pub reload: Lane,
    /// Examining the host for the doctor.
    pub context: Lane,
    pub save: Lane,
    /// Storing layout, folds and history.
    pub keep: Lane,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            reload: Lane::holding(0),
            context: Lane::holding(0),
            save: Lane::holding(16),
            keep: Lane::holding(64),
        }
    }
}

impl Work {
    fn lanes(&mut self) -> [&mut Lane; 4] {
        [&mut self.reload, &mut self.context, &mut self.save, &mut self.keep]
    }

    /// Waits for the next result of any lane. Cancel-safe.
    pub async fn next(&mut self) -> Done {
        let Self { reload, context, save, keep } = self;
        tokio::select! {
            done = reload.next() => done,
            done = context.next() => done,
            done = save.next() => done,
            done = keep.next() => done,
        }
    }

    /// Time of the next report of a slow job.
    pub fn slow_at(&self) -> Option<Instant> {
        let lanes = [&self.reload, &self.context, &self.save, &self.keep];
        lanes.into_iter().filter_map(|lane| lane.running.as_ref()?.slow_at).min()
    }

    /// A job that has become slow; each is returned once.
    pub fn slow(&mut self, now: Instant) -> Option<String> {
        self.lanes().into_iter().filter_map(|lane| lane.running.as_mut()).find_map(|running| {
            running.slow_at.take_if(|at| *at <= now).map(|_| format!("still {}", running.what))
        })
    }

    /// Waits until everything is written; `kept` receives the results of storing the layout.
    pub async fn settle(&mut self, mut kept: impl FnMut(Result<(), String>)) {
        while !(self.save.is_idle() && self.keep.is_idle()) {
            tokio::select! {
                _ = self.save.next() => {}
                done = self.keep.next() => if let Done::Kept(result) = done {
                    kept(result);
                },
            }
        }
    }

    /// The activities that are not finished.
    pub fn unwritten(&self) -> Vec<String> {
        let lanes = [&self.save, &self.keep];
        lanes
            .into_iter()
            .filter_map(|lane| lane.running.as_ref().map(|running| running.what.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn saved(path: &str) -> Done {
        Done::Saved(Save { path: path.into(), text: String::new(), overwrite: false }, Saved::Done)
    }

    fn path(done: Done) -> String {
        match done {
            Done::Saved(save, _) => save.path,
            done => panic!("{done:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_of_a_lane_run_in_order() {
        let mut work = Work::default();
        for n in 0..5 {
            work.save.push("writing", move || saved(&n.to_string())).unwrap();
        }
        for n in 0..5 {
            assert_eq!(path(work.next().await), n.to_string());
        }
        assert!(work.save.is_idle());
    }

    #[tokio::test]
    async fn a_stuck_job_is_reported_once_and_holds_up_nothing_else() {
        let mut work = Work::default();
        let (open, gate) = channel::<()>();
        work.reload
            .push("reading my.conf", move || {
                let _ = gate.recv();
                Done::Remembered
            })
            .unwrap();
        let again = work.reload.push("reading my.conf", || Done::Remembered);
        assert_eq!(again, Err("still reading my.conf".into()), "a second one does not pile up");
        work.save.push("writing", || saved("a")).unwrap();
        assert_eq!(path(work.next().await), "a");
        let slow_at = work.slow_at().unwrap();
        assert_eq!(work.slow(slow_at.checked_sub(Duration::from_millis(1)).unwrap()), None);
        assert_eq!(work.slow(slow_at), Some("still reading my.conf".into()));
        assert_eq!((work.slow(slow_at), work.slow_at()), (None, None));
        drop(open);
        assert!(matches!(work.next().await, Done::Remembered));
        assert!(work.reload.push("reading my.conf", || Done::Remembered).is_ok());
    }

    #[tokio::test]
    async fn forgotten_jobs_have_no_result() {
        let mut work = Work::default();
        work.context.push("looking", || Done::Remembered).unwrap();
        work.context.forget();
        work.save.push("writing", || saved("a")).unwrap();
        assert_eq!(path(work.next().await), "a");
        assert!(work.context.is_idle());
    }
}
