//! How the answers for programs are written: JSON for people to read too, and its schema.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A value as an indented JSON document, with a newline at its end.
///
/// # Panics
///
/// If a key is not text, or a path is not Unicode and not written by [`path`], which no type of glyptic has.
pub(crate) fn document(value: &impl Serialize) -> String {
    let mut json = serde_json::to_string_pretty(value).expect("all keys are text");
    json.push('\n');
    json
}

/// A path as text. JSON has no way for one that is not Unicode: what is odd in it is replaced by a sign that says so.
pub(crate) fn path<S: Serializer>(path: impl AsRef<Path>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.as_ref().to_string_lossy())
}

/// The same of a path that there may be.
pub(crate) fn path_if_any<S: Serializer>(any: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    match any {
        Some(some) => to.serialize_some(&some.to_string_lossy()),
        None => to.serialize_none(),
    }
}

/// The JSON Schema of a type's documents, as [`document`] writes it.
pub(crate) fn schema_of<T: JsonSchema>() -> String {
    document(&schemars::schema_for!(T))
}
