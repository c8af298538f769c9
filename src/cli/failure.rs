//! How a run fails: one line on standard error, and an exit code.

use std::error::Error as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use glyptic::Error;

/// Why a run ends without a result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line cannot be understood.
    Usage(String),
    /// Help or version was asked for: no failure at all.
    Help(clap::Error),
    /// The job failed.
    Job(Error),
    /// The result is bad news, and was printed: a file that is not safe.
    Verdict,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Job(error)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Help(error),
            _ => Self::Usage(usage_in_one_line(&error.render().to_string())),
        }
    }
}

impl Failure {
    /// Says what went wrong, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (line, code) = match self {
            Self::Help(error) => {
                // A closed pipe leaves nobody to tell.
                let _ = error.print();
                return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            }
            Self::Verdict => return ExitCode::FAILURE,
            Self::Usage(line) => (line, 2),
            Self::Job(error) => (in_one_line(&error), code_of(&error)),
        };
        eprintln!("glyptic: error: {}", printable(&line));
        ExitCode::from(code)
    }
}

/// A setting that cannot be met and a name that nobody knows are wrong usage, wherever they stood.
fn code_of(error: &Error) -> u8 {
    match error {
        Error::Setting { .. } | Error::Unknown { .. } => 2,
        Error::Cancelled => 130,
        _ => 1,
    }
}

/// An error and its sources, as far as it does not tell them itself.
fn in_one_line(error: &Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_line = cause.to_string();
        if !line.contains(&cause_line) {
            line.push_str(": ");
            line.push_str(&cause_line);
        }
        source = cause.source();
    }
    line
}

/// What clap says in several paragraphs, in one line: what is wrong, its tip, where to read on.
fn usage_in_one_line(rendered: &str) -> String {
    let paragraphs = rendered
        .lines()
        .take_while(|line| !line.starts_with("Usage:"));
    let parts: Vec<&str> = paragraphs
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .map(|line| {
            line.trim_start_matches("error: ")
                .trim_start_matches("tip: ")
        })
        .collect();
    let mut line = String::new();
    for part in parts {
        match line.chars().last() {
            None => {}
            Some(':') => line.push(' '),
            Some(_) => line.push_str("; "),
        }
        line.push_str(part);
    }
    line.push_str("; see --help");
    line
}

/// A line without line breaks and other characters that move the cursor, which a file's name may
/// hold.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_source_is_told_once() {
        let source = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = Error::Read {
            path: "a.jpg".into(),
            source,
        };
        assert_eq!(in_one_line(&error), "cannot read a.jpg: no such file");
    }

    #[test]
    fn several_paragraphs_become_one_line() {
        let rendered = "error: unexpected argument '--blnk' found\n\n  tip: a similar argument \
                        exists: '--blank'\n\nUsage: glyptic etch\n\nFor more information, try \
                        '--help'.\n";
        assert_eq!(
            usage_in_one_line(rendered),
            "unexpected argument '--blnk' found; a similar argument exists: '--blank'; see --help"
        );
    }

    #[test]
    fn names_of_files_cannot_break_the_line() {
        assert_eq!(printable("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
    }
}
