//! Names that carry a size: `block-50x50x80`, `disc-40x10`, `rect-50x30x8-4`.

use std::collections::BTreeMap;

use super::table::Definition;
use crate::error::{Error, Result};
use crate::units::{self, Mm};

/// The patterns, for lists and messages.
pub(super) const PATTERNS: [&str; 3] = ["block-WxHxD", "disc-DxT", "rect-WxHxD-R"];

/// The blank of a name that carries a size; `None` for another name.
///
/// # Errors
///
/// [`Error::Setting`] if the name begins like a pattern and goes on differently.
pub(super) fn definition(name: &str) -> Result<Option<Definition>> {
    let Some((shape, rest)) = name.split_once('-') else {
        return Ok(None);
    };
    let (pattern, example, parsed) = match shape {
        "block" => (PATTERNS[0], "block-50x50x80", block(rest)),
        "disc" => (PATTERNS[1], "disc-40x10", disc(rest)),
        "rect" => (PATTERNS[2], "rect-50x30x8-4", rounded(rest)),
        _ => return Ok(None),
    };
    let Some((outline, size, corner_mm)) = parsed else {
        return Err(Error::setting(
            "--blank",
            &name,
            format!("is not of the form {pattern}"),
            format!("write lengths like {example}"),
        ));
    };
    let given = |what: &str| (what.to_owned(), "given by its name".to_owned());
    Ok(Some(Definition {
        name: name.to_owned(),
        kind: "block".to_owned(),
        outline: Some(outline.to_owned()),
        corner_mm,
        size_mm: Some(size.map(Mm::get)),
        source: BTreeMap::from([given("size")]),
        ..Definition::default()
    }))
}

type Parsed = Option<(&'static str, [Mm; 3], f64)>;

fn block(text: &str) -> Parsed {
    Some(("rectangle", units::lengths(text)?, 0.0))
}

fn disc(text: &str) -> Parsed {
    let [diameter, thickness] = units::lengths(text)?;
    Some(("ellipse", [diameter, diameter, thickness], 0.0))
}

fn rounded(text: &str) -> Parsed {
    let (size, radius) = text.rsplit_once('-')?;
    let radius: Mm = radius.parse().ok()?;
    Some(("rectangle", units::lengths(size)?, radius.get()))
}
