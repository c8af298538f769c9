//! Progress by stage with the time left, on a terminal only.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Fineness of the bar.
const STEPS: u64 = 1000;

/// What is going on, for the terminal and for Ctrl-C.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    stage: Arc<Mutex<String>>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Progress that is shown where standard error is a terminal, unless `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        Self {
            stage: Arc::default(),
            bar: shown.then(bar),
        }
    }

    /// Takes note that `stage` is done to the fraction `done`.
    pub(crate) fn observe(&self, stage: &str, done: f32) {
        if let Ok(mut current) = self.stage.lock()
            && *current != stage
        {
            stage.clone_into(&mut current);
            if let Some(bar) = &self.bar {
                bar.reset();
                bar.set_message(stage.to_owned());
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position((done.clamp(0.0, 1.0) * STEPS as f32) as u64);
        }
    }

    /// Whether files are being written.
    pub(crate) fn is_writing(&self) -> bool {
        self.stage.lock().is_ok_and(|stage| *stage == "write")
    }

    /// Takes the bar off the terminal.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr_with_hz(10));
    let template = "{msg:9} {wide_bar} {percent:>3} %  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
