//! How the answers for programs are written: JSON for people to read too, and its schema.

use schemars::JsonSchema;
use serde::Serialize;

/// A value as an indented JSON document, with a newline at its end.
///
/// # Panics
///
/// If a key is not text, which no type of glyptic has.
pub(crate) fn document(value: &impl Serialize) -> String {
    let mut json = serde_json::to_string_pretty(value).expect("all keys are text");
    json.push('\n');
    json
}

/// The JSON Schema of a type's documents, as [`document`] writes it.
pub(crate) fn schema_of<T: JsonSchema>() -> String {
    document(&schemars::schema_for!(T))
}
