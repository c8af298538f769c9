//! How to run, as opposed to what to make: progress and stopping.
//!
//! Stages call [`Run::check`] between pieces of work of at most some tens of milliseconds, so that
//! Ctrl-C ends a job within a second, and [`Run::progress`] where they know how far they are.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Tells an observer how far a stage is: its name and the fraction done, 0 to 1.
pub type Observer = dyn Fn(&str, f32) + Send + Sync;

/// Progress and stopping of one job.
#[derive(Default)]
pub struct Run {
    stop: AtomicBool,
    observer: Option<Box<Observer>>,
}

impl Run {
    /// A run that tells `observer` how far it is.
    #[must_use]
    pub fn observed(observer: Box<Observer>) -> Self {
        Self {
            stop: AtomicBool::new(false),
            observer: Some(observer),
        }
    }

    /// Asks the job to stop; it ends with [`Error::Cancelled`] at its next check.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Lets the job go on, or ends it.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] once [`Run::stop`] was called.
    pub fn check(&self) -> Result<()> {
        if self.stopped() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Tells the observer that `stage` is done to the fraction `done`.
    pub fn progress(&self, stage: &str, done: f32) {
        if let Some(observer) = &self.observer {
            observer(stage, done);
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("stopped", &self.stopped())
            .finish_non_exhaustive()
    }
}
