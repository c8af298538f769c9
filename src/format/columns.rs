//! Lines of columns: XYZ, ASC, TXT, CSV. Readers of the trade disagree on comments, so none are
//! written; a first line that names the columns is written where it is asked for.

use std::io::{self, Read, Write};
use std::path::Path;

use super::digits::LONGEST;
use super::stream::{points_in, write_points};
use super::text::{Lines, number, quoted};
use super::{Collector, Separator, TextSettings};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Writes the cloud; `separator` is the format's own, unless the settings name another.
pub(super) fn write(
    cloud: &Cloud,
    separator: Separator,
    settings: &TextSettings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let separator = [settings.separator.unwrap_or(separator).byte()];
    if settings.header {
        let names = ["x_mm", "y_mm", "z_mm"].map(str::as_bytes);
        out.write_all(&names.join(&separator[..]))?;
        out.write_all(b"\n")?;
    }
    if settings.decimals() == 4 {
        return write_lines(cloud, b"", separator, b"\n", out);
    }
    let decimals = settings.decimals();
    write_points(cloud.len(), 3 * LONGEST + 3, out, |range, cursor| {
        for [x, y, z] in points_in(cloud, range) {
            cursor.fixed(x, decimals);
            cursor.text(&separator);
            cursor.fixed(y, decimals);
            cursor.text(&separator);
            cursor.fixed(z, decimals);
            cursor.text(b"\n");
        }
    })
}

/// Writes three numbers of four decimals a line, between what starts and ends each line.
pub(super) fn write_lines(
    cloud: &Cloud,
    before: &[u8],
    separator: [u8; 1],
    after: &[u8],
    out: &mut dyn Write,
) -> io::Result<()> {
    let longest = 3 * LONGEST + before.len() + 2 + after.len();
    write_points(cloud.len(), longest, out, |range, cursor| {
        for [x, y, z] in points_in(cloud, range) {
            cursor.text(before);
            cursor.fixed4(x);
            cursor.text(&separator);
            cursor.fixed4(y);
            cursor.text(&separator);
            cursor.fixed4(z);
            cursor.text(after);
        }
    })
}

/// Reads lines of at least three numbers, between blanks, commas or semicolons; what follows the
/// third (intensity, colour) is left out. Lines that start with `#` or `//` are comments, and the
/// first line may name the columns. Decimal commas and empty columns are refused.
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
            Err(word) if may_name_columns && names_columns(word) => check_names(path, text)?,
            found => points.push(point(path, line, text, found)?, line)?,
        }
    }
    Ok(points.finish())
}

/// The point that a line of at least three numbers holds.
pub(super) fn point_in(path: &Path, line: u64, text: &[u8]) -> Result<[f64; 3]> {
    point(path, line, text, coordinates(text))
}

/// What was found in a line, if its separators have one meaning only.
#[inline]
fn point(
    path: &Path,
    line: u64,
    text: &[u8],
    found: std::result::Result<[f64; 3], &[u8]>,
) -> Result<[f64; 3]> {
    let point = found.map_err(|word| not_a_point(path, line, word))?;
    match check_separators(text) {
        Ok(()) => Ok(point),
        Err(problem) => {
            let problem = format!("line {line} {problem}");
            Err(Error::content(path, problem, REMEDY))
        }
    }
}

const REMEDY: &str = "a point is a line `x y z`, with `.` as the decimal sign";

/// Three numbers, or the first word that is none; empty where words are missing.
#[inline]
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

/// Refuses what separators could mean in two ways around the first three words: a comma without blanks
/// beside separators of another kind, which may be a decimal sign where no number has a point, and two
/// commas or semicolons with nothing between them.
#[inline]
fn check_separators(text: &[u8]) -> std::result::Result<(), &'static str> {
    if !text.iter().any(|byte| matches!(byte, b',' | b';')) {
        return Ok(());
    }
    let is_separator = |byte: &u8| matches!(byte, b' ' | b'\t' | b',' | b';');
    let (mut bare_comma, mut other, mut dotted) = (false, false, false);
    let mut rest = text;
    for gap in 0..=3 {
        let length = rest.iter().take_while(|byte| is_separator(byte)).count();
        let (between, after) = rest.split_at(length);
        let marks = between
            .iter()
            .filter(|byte| matches!(byte, b',' | b';'))
            .count();
        if after.is_empty() {
            break;
        }
        if marks > usize::from(gap > 0) && gap < 3 {
            return Err("has an empty column");
        }
        if gap > 0 {
            let bare = between == b",";
            bare_comma |= bare;
            other |= !bare;
        }
        let length = after.iter().take_while(|byte| !is_separator(byte)).count();
        let (word, after) = after.split_at(length);
        dotted |= word.contains(&b'.');
        rest = after;
    }
    if bare_comma && other && !dotted {
        return Err(
            "has commas that may be decimal signs, since other separators stand beside them",
        );
    }
    Ok(())
}

/// Refuses a first line that names x, y and z, a column each, but not as the first three.
fn check_names(path: &Path, text: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(text).to_lowercase();
    let marks = [',', ';', '\t'];
    let columns: Vec<&str> = if text.contains(marks) {
        text.split(marks).collect()
    } else {
        // Units stand apart too.
        let unit =
            |word: &&str| !word.starts_with(['(', '[']) && !["mm", "um", "in"].contains(word);
        text.split_whitespace().filter(unit).collect()
    };
    let axes: Vec<Option<&str>> = columns.iter().map(|name| axis_of(name)).collect();
    let once = |axis: &str| axes.iter().filter(|&&found| found == Some(axis)).count() == 1;
    let first = [Some("x"), Some("y"), Some("z")];
    if !["x", "y", "z"].into_iter().all(once) || axes.starts_with(&first) {
        return Ok(());
    }
    Err(Error::content(
        path,
        format!(
            "line 1 names the columns {}",
            quoted(columns.join(", ").as_bytes())
        ),
        "put x, y and z first, in this order",
    ))
}

/// `x` of `"x"`, `x_mm`, `x (mm)`, `point x`.
fn axis_of(column: &str) -> Option<&str> {
    let mut words = column.split(|c: char| !c.is_alphanumeric());
    words.find(|word| ["x", "y", "z"].contains(word))
}

/// `x`, `"X"`, `X_mm`: a name, and not binary or a damaged number.
fn names_columns(word: &[u8]) -> bool {
    word.trim_ascii_start()
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'"')
        && word.iter().all(|byte| byte.is_ascii_graphic())
}

/// The error for a line whose `word` is no number, or missing.
fn not_a_point(path: &Path, line: u64, word: &[u8]) -> Error {
    let problem = if word.is_empty() {
        format!("line {line} has fewer than three numbers")
    } else {
        format!("line {line}: `{}` is not a number", quoted(word))
    };
    Error::content(path, problem, REMEDY)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    fn text_of(separator: Separator, settings: &TextSettings) -> String {
        let mut cloud = Cloud::default();
        cloud.push([1.5, -0.0625, 1234.0]);
        cloud.push([-0.000_001, 0.000_001, 7.25]);
        let mut out = Vec::new();
        write(&cloud, separator, settings, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_written_as_the_settings_say() {
        let plain = TextSettings::default();
        assert_eq!(
            text_of(Separator::Space, &plain),
            "1.5000 -0.0625 1234.0000\n0.0000 0.0000 7.2500\n"
        );
        assert_eq!(
            text_of(
                Separator::Comma,
                &TextSettings {
                    header: true,
                    ..plain
                }
            ),
            "x_mm,y_mm,z_mm\n1.5000,-0.0625,1234.0000\n0.0000,0.0000,7.2500\n"
        );
        let fine = TextSettings {
            separator: Some(Separator::Semicolon),
            header: false,
            decimals: Some(6),
        };
        assert_eq!(
            text_of(Separator::Comma, &fine),
            "1.500000;-0.062500;1234.000000\n-0.000001;0.000001;7.250000\n"
        );
        let coarse = TextSettings {
            decimals: Some(2),
            ..plain
        };
        assert_eq!(
            text_of(Separator::Tab, &coarse),
            "1.50\t-0.06\t1234.00\n0.00\t0.00\t7.25\n"
        );
    }

    #[test]
    fn lines_of_numbers_are_read_with_any_separator() {
        let text = b"x,y,z\n# a remark\n1,2,3\n4;5;6;255\n\n 7\t8  9e0 1 2 3\r\n//end\n";
        let expected = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
        assert_eq!(points_of("a.csv", text), expected);
    }

    #[test]
    fn separators_with_two_meanings_are_refused() {
        for bytes in [
            &b"1,5;2,5;3,5\n"[..],
            b"12,5 3,25 7,1\n",
            b"1,5\t2\t3,5\n",
            b"1 2 3,5\n",
            b"1,5, 2,5, 3,5\n",
        ] {
            let message = refusal("a.xyz", bytes);
            assert!(
                message.starts_with("line 1 has commas that may be"),
                "{message}"
            );
        }
        for bytes in [&b"1,,2,3\n"[..], b"1;2; ;3\n", b",1,2,3\n"] {
            let message = refusal("a.csv", bytes);
            assert!(
                message.starts_with("line 1 has an empty column"),
                "{message}"
            );
        }
        for bytes in [
            &b"1,2,3\n"[..],
            b"1, 2, 3\n",
            b"1 , 2 , 3\n",
            b"1;2;3\n",
            b"1,2,3,,,\n",
            b"1,2,3,255,0,0\n",
            b"1.0,2.0,3.0 255\n",
            b"  1.000,  2.000,3.000\n",
            b"1;2;3;4,5\n",
            b" 1 2 3 \n",
        ] {
            assert_eq!(points_of("a.csv", bytes), [[1.0, 2.0, 3.0]], "{bytes:?}");
        }
    }

    #[test]
    fn names_of_columns_in_another_order_are_refused() {
        for bytes in [
            &b"index,x,y,z\n1,2,3,4\n"[..],
            b"z,y,x\n1,2,3\n",
            b"\"Y\";\"X\";\"Z\"\n1;2;3\n",
        ] {
            let message = refusal("a.csv", bytes);
            assert!(message.starts_with("line 1 names the columns"), "{message}");
        }
        for bytes in [
            &b"x,y,z,i\n1,2,3,4\n"[..],
            b"X_mm Y_mm Z_mm\n1 2 3\n",
            b"X (mm); Y (mm); Z (mm)\n1;2;3\n",
            b"X (um),Y (um),Z (um)\n1,2,3\n",
            b"x,y, z, intensity\n1,2,3,4\n",
            b"Point X\tPoint Y\tPoint Z\n1\t2\t3\n",
            b"X [mm] Y [mm] Z [mm]\n1 2 3\n",
            b"east north up\n1 2 3\n",
        ] {
            assert_eq!(points_of("a.csv", bytes), [[1.0, 2.0, 3.0]], "{bytes:?}");
        }
    }

    #[test]
    fn lines_that_are_no_points_are_refused_with_their_number() {
        for (bytes, expected) in [
            (&b"1 2 3\n1 2\n"[..], "line 2 has fewer than three numbers"),
            (b"1 2 3\n\n1 2 cat\n", "line 3: `cat` is not a number"),
            (b"1 2 3\n1 inf 3\n", "line 2: y = inf is not finite"),
            (b"1 2 1e300\n", "line 1: z = 1"),
            (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG picture"),
            (b"\x89png\n", "line 1: "),
            (b"", "is empty"),
        ] {
            let message = refusal("a.xyz", bytes);
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
