//! The one error type of the library.
//!
//! Every message is one line: what, the value, the limit, the remedy; lower case, no full stop.

use std::io;
use std::path::PathBuf;

/// A `Result` with glyptic's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong with what a user gives to glyptic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file as the user named it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be created, written or renamed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file as the user named it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file was read, and its content cannot be used.
    #[error("{}: {problem}; {remedy}", path.display())]
    Content {
        /// The file as the user named it.
        path: PathBuf,
        /// What is wrong, with the value, the limit, and the line or byte where there is one.
        problem: String,
        /// What the user can do.
        remedy: String,
    },
    /// A setting is outside what is possible.
    #[error("{setting} {value}: {limit}; {remedy}")]
    Setting {
        /// The setting, as the command line names it: `--spacing`.
        setting: &'static str,
        /// The value as given, with its unit.
        value: String,
        /// The limit that it breaks, as a clause: `is finer than the file's grid of 0.01 mm`.
        limit: String,
        /// What the user can do.
        remedy: String,
    },
    /// A name that is in none of the tables.
    #[error("unknown {kind} `{name}`; known: {known}")]
    Unknown {
        /// What was looked for: `blank`, `machine`, `format`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The names that exist, separated by commas.
        known: String,
    },
    /// A cloud breaks what glyptic promises of every cloud: a fault of glyptic, not of the user.
    #[error("{what}; this is a fault in glyptic and no file was written; please report it")]
    Promise {
        /// What is broken, with the value.
        what: String,
    },
    /// The job was stopped from outside (Ctrl-C).
    #[error("stopped before the job was done; no file was written")]
    Cancelled,
}

impl Error {
    /// A [`Error::Setting`] from anything that converts to text.
    pub fn setting(
        setting: &'static str,
        value: &dyn ToString,
        limit: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Setting {
            setting,
            value: value.to_string(),
            limit: limit.into(),
            remedy: remedy.into(),
        }
    }

    /// A [`Error::Content`] from anything that converts to text.
    pub fn content(
        path: impl Into<PathBuf>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Content {
            path: path.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}
