//! PTS, as Leica's scanners write it: the number of points on a line, then `x y z intensity r g b`
//! a line; a file may hold several such blocks.
//!
//! All points are written alike, intensity and colour 255: bright on a dark ground, and within the
//! range of every reader (Leica's intensities run from -2048 to 2047).

use std::io::{self, Read, Write};
use std::path::Path;

use super::Collector;
use super::columns::{point_in, write_lines};
use super::text::{Lines, quoted};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Writes the cloud with four decimals.
pub(super) fn write(cloud: &Cloud, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", cloud.len())?;
    write_lines(cloud, b"", *b" ", b" 255 255 255 255\n", out)
}

/// Reads all blocks. The count is checked, never allocated.
pub(super) fn read(path: &Path, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file);
    let mut points = Collector::new(path, "line");
    let (mut promised, mut found) = (0_u64, 0_u64);
    let mut first = true;
    while let Some((line, text)) = lines.next_filled()? {
        if found == promised {
            promised = count(path, line, text, first)?;
            (found, first) = (0, false);
            continue;
        }
        let point = point_in(path, line, text)?;
        points.push(point, line)?;
        found += 1;
    }
    if found < promised {
        return Err(Error::content(
            path,
            format!(
                "ends at line {} after {found} of {promised} points",
                lines.line()
            ),
            "export the file again; it was cut short or its count is wrong",
        ));
    }
    Ok(points.finish())
}

fn count(path: &Path, line: u64, text: &[u8], first: bool) -> Result<u64> {
    let count = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    count.ok_or_else(|| {
        let text = quoted(text);
        let (problem, remedy) = if first {
            (
                format!("line {line}: `{text}` is not the number of points"),
                "a PTS starts with its number of points; rename lines of x y z alone to .xyz",
            )
        } else {
            (
                format!("line {line}: `{text}` follows the last of the points that were promised"),
                "export the file again; its count is wrong",
            )
        };
        Error::content(path, problem, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    #[test]
    fn the_count_comes_first_and_seven_columns_follow() {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        let mut out = Vec::new();
        write(&cloud, &mut out).unwrap();
        assert_eq!(out, b"1\n8.1200 -47.1800 -10.7800 255 255 255 255\n");
    }

    #[test]
    fn blocks_of_any_columns_are_read() {
        let text = b"2\r\n1 2 3\r\n4 5 6 -2048\r\n0\r\n1\r\n7 8 9 1 2 3 4\r\n";
        let expected = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
        assert_eq!(points_of("a.pts", text), expected);
    }

    #[test]
    fn a_wrong_count_is_refused() {
        for (text, expected) in [
            ("3\n1 2 3\n", "ends at line 2 after 1 of 3 points"),
            (
                "1099511627776\n1 2 3\n",
                "ends at line 2 after 1 of 1099511627776 points",
            ),
            ("1\n1 2 3\n4 5 6\n", "line 3: `4 5 6` follows the last"),
            ("1 2 3\n", "line 1: `1 2 3` is not the number of points"),
            ("-1\n", "line 1: `-1` is not the number of points"),
            ("1\n1 two 3\n", "line 2: `two` is not a number"),
            ("1\n1 2 nan\n", "line 2: z = NaN is not finite"),
        ] {
            let message = refusal("a.pts", text.as_bytes());
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
