//! The program `glyptic`: reads the command line, runs one job, says what came of it.
//!
//! Exit codes: 0 done, 1 the job failed, 2 wrong usage, 130 stopped by Ctrl-C. Results go to
//! standard output; messages, warnings and progress to standard error.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
