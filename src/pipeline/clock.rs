//! Times the stages, and stops between them.

use std::time::Instant;

use crate::error::Result;
use crate::report::Stages;
use crate::run::Run;

/// Runs stages one after the other, each timed, until the run is stopped.
#[derive(Debug)]
pub(super) struct Clock<'a> {
    run: &'a Run,
    times: Stages,
}

impl<'a> Clock<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        Self {
            run,
            times: Stages::default(),
        }
    }

    /// The run that the stages belong to.
    pub(super) fn run(&self) -> &'a Run {
        self.run
    }

    /// Runs one stage, and says so.
    pub(super) fn time<T>(
        &mut self,
        stage: &'static str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.run.check()?;
        self.run.progress(stage, 0.0);
        let (done, ms) = timed(work)?;
        self.times.0.push((stage, ms));
        self.run.progress(stage, 1.0);
        Ok(done)
    }

    /// Runs two stages side by side, each timed; says so under the name of the second, which is the
    /// one that must not be cut off. Where both fail, the first one's error counts.
    pub(super) fn time_both<A: Send, B: Send>(
        &mut self,
        first: (&'static str, impl FnOnce() -> Result<A> + Send),
        second: (&'static str, impl FnOnce() -> Result<B> + Send),
    ) -> Result<(A, B)> {
        self.run.check()?;
        self.run.progress(second.0, 0.0);
        let (a, b) = rayon::join(|| timed(first.1), || timed(second.1));
        let ((a, a_ms), (b, b_ms)) = (a?, b?);
        self.times.0.extend([(first.0, a_ms), (second.0, b_ms)]);
        self.run.progress(second.0, 1.0);
        Ok((a, b))
    }

    /// The times so far.
    pub(super) fn into_times(self) -> Stages {
        self.times
    }
}

/// What a stage made, and how long it took, ms.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed().as_secs_f64() * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_stopped_run_starts_no_stage() {
        let run = Run::default();
        let mut clock = Clock::new(&run);
        clock.time("first", || Ok(())).unwrap();
        run.stop();
        let second = clock.time("second", || -> Result<()> { panic!("it started") });
        assert!(matches!(second, Err(Error::Cancelled)));
        assert_eq!(clock.into_times().0.len(), 1);
    }
}
