//! XYZ: `x y z` a line. Readers of the trade disagree on comments, so none are written.

use std::io::{self, Read, Write};
use std::path::Path;

use super::Collector;
use super::digits::LONGEST;
use super::stream::{points_in, write_points};
use super::text::{Lines, number, quoted};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Writes the cloud with four decimals.
pub(super) fn write(cloud: &Cloud, out: &mut dyn Write) -> io::Result<()> {
    write_points(cloud.len(), 3 * LONGEST + 3, out, |range, cursor| {
        for [x, y, z] in points_in(cloud, range) {
            cursor.fixed4(x);
            cursor.text(b" ");
            cursor.fixed4(y);
            cursor.text(b" ");
            cursor.fixed4(z);
            cursor.text(b"\n");
        }
    })
}

/// Reads lines of at least three numbers, between blanks, commas or semicolons; what follows the
/// third (intensity, colour) is left out. Lines that start with `#` or `//` are comments, and the first line
/// may name the columns.
pub(super) fn read(path: &Path, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file);
    let mut points = Collector::new(path, "line");
    let mut first = true;
    while let Some((line, text)) = lines.next_filled()? {
        if text.starts_with(b"#") || text.starts_with(b"//") {
            continue;
        }
        let may_name_columns = std::mem::take(&mut first);
        match coordinates(text) {
            Ok(point) => points.push(point, line)?,
            Err(word) if may_name_columns && names_columns(word) => {}
            Err(word) => return Err(not_a_point(path, line, word)),
        }
    }
    Ok(points.finish())
}

/// Three numbers, or the first word that is none; empty where words are missing.
fn coordinates(text: &[u8]) -> std::result::Result<[f64; 3], &[u8]> {
    let mut words = text
        .split(|byte| matches!(byte, b' ' | b'\t' | b',' | b';'))
        .filter(|word| !word.is_empty());
    let mut point = [0.0; 3];
    for value in &mut point {
        let word = words.next().unwrap_or_default();
        *value = number(word).ok_or(word)?;
    }
    Ok(point)
}

/// `x`, `"X"`, `X_mm`: a name, and not binary or a damaged number.
fn names_columns(word: &[u8]) -> bool {
    word.trim_ascii_start()
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'"')
        && word.iter().all(|byte| byte.is_ascii_graphic())
}

fn not_a_point(path: &Path, line: u64, word: &[u8]) -> Error {
    let problem = if word.is_empty() {
        format!("line {line} has fewer than three numbers")
    } else {
        format!("line {line}: `{}` is not a number", quoted(word))
    };
    Error::content(
        path,
        problem,
        "a point is a line `x y z`, with `.` as the decimal sign",
    )
}
