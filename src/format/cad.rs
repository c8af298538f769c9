//! Cockpit3D's `.cad`: a header that is not documented, then a line `0 501 x y z` for each point.
//! Read, never written: nobody outside knows what its machines make of the header.
//!
//! # Source
//!
//! The open repository Arctic-Crystal-Memories-Pipeline, `pipeline-converter/docs/format-notes.md`.

use std::io::Read;
use std::path::Path;

use super::Collector;
use super::columns::point_in;
use super::text::{Lines, quoted};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Reads the points. Lines before the first are the header; after it every line is a point.
pub(super) fn read(path: &Path, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file);
    let mut points = Collector::new(path, "line");
    while let Some((line, text)) = lines.next_filled()? {
        match point_of(text) {
            Some(rest) => {
                let point = point_in(path, line, rest)?;
                points.push(point, line)?;
            }
            None if points.is_empty() => {}
            None => {
                return Err(Error::content(
                    path,
                    format!(
                        "line {line}: `{}` is not a point `0 501 x y z`",
                        quoted(text)
                    ),
                    "export the file again; it was damaged",
                ));
            }
        }
    }
    if points.is_empty() {
        return Err(Error::content(
            path,
            format!("has no point `0 501 x y z` in its {} lines", lines.line()),
            "give a .cad that Cockpit3D exported",
        ));
    }
    Ok(points.finish())
}

/// What follows `0 501`.
fn point_of(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"0")?;
    let rest = rest
        .trim_ascii_start()
        .strip_prefix(b"501")
        .filter(|_| rest != rest.trim_ascii_start())?;
    (rest.is_empty() || rest[0].is_ascii_whitespace()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};

    #[test]
    fn points_follow_a_header_of_any_text() {
        let text = b"Cockpit3D \xff\nSIZE\n125 110 47\n0 5010 1 1 1\n0 501 8.12 -47.18 -10.78\n0\t501  7.5 8.0 0.0\r\n\n";
        assert_eq!(
            points_of("a.cad", text),
            [[8.12, -47.18, -10.78], [7.5, 8.0, 0.0]]
        );
    }

    #[test]
    fn damaged_points_are_refused_with_their_line() {
        for (text, expected) in [
            ("header\n", "has no point `0 501 x y z` in its 1 lines"),
            (
                "0 501 1 2 3\n0 501 1 2\n",
                "line 2 has fewer than three numbers",
            ),
            ("0 501 1 2 3\n0 501 1 2 x\n", "line 2: `x` is not a number"),
            ("0 501 1 2 3\nheader\n", "line 2: `header` is not a point"),
            ("0 501 1 2 inf\n", "line 1: z = inf is not finite"),
            ("0 501\n", "line 1 has fewer than three numbers"),
        ] {
            let message = refusal("a.cad", text.as_bytes());
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
