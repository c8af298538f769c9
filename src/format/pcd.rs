//! PCD, the point cloud format of the Point Cloud Library, version 0.7, as text and binary.
//!
//! Read with any further fields, types and counts, in any order; `binary_compressed` is refused with
//! a message. Written with x, y, z in single precision.
//!
//! # Source
//!
//! *The PCD (Point Cloud Data) file format*, documentation of the Point Cloud Library.

use std::io::{self, Read, SeekFrom, Write};
use std::path::Path;

use super::columns::write_lines;
use super::records::{Kind, LONGEST_RECORD, Scalar, Source, check_count, read_points, room};
use super::stream::write_floats;
use super::text::{Lines, number, quoted};
use super::{Collector, one_line};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Longest header that is read; real ones have some hundred bytes.
const LONGEST_HEADER: u64 = 1 << 16;

/// How the points are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Ascii,
    Binary,
}

/// Writes the cloud. `comments` become comment lines.
pub(super) fn write(
    cloud: &Cloud,
    data: Data,
    comments: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = cloud.len();
    writeln!(out, "# .PCD v0.7 - Point Cloud Data file format")?;
    for comment in comments {
        writeln!(out, "# {}", one_line(comment))?;
    }
    write!(
        out,
        "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {count}\nHEIGHT 1\n\
         VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\n"
    )?;
    match data {
        Data::Ascii => {
            out.write_all(b"DATA ascii\n")?;
            write_lines(cloud, b"", *b" ", b"\n", out)
        }
        Data::Binary => {
            out.write_all(b"DATA binary\n")?;
            write_floats(cloud, out, f32::to_le_bytes)
        }
    }
}

/// Reads the points.
pub(super) fn read(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let fail = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut head = Vec::new();
    (&mut file)
        .take(LONGEST_HEADER)
        .read_to_end(&mut head)
        .map_err(fail)?;
    let header = Header::parse(&head)
        .map_err(|problem| Error::content(path, problem, "export the file again as PCD 0.7"))?;
    file.seek(SeekFrom::Start(header.length as u64))
        .map_err(fail)?;
    match header.data {
        Data::Ascii => read_text(path, &header, file),
        Data::Binary => {
            let [x, y, z] = header.axes;
            let room = room(path, &mut file)?;
            check_count(path, header.points, header.record as u64, room)?;
            read_points(path, &mut file, header.points, header.record, |record| {
                [x, y, z].map(|axis| axis.scalar.decode(&record[axis.byte..]))
            })
        }
    }
}

fn read_text(path: &Path, header: &Header, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file).starting_at(header.lines);
    let mut points = Collector::new(path, "line");
    let last = header
        .axes
        .map(|axis| axis.word)
        .into_iter()
        .max()
        .unwrap_or(0);
    while let Some((line, text)) = lines.next_filled()? {
        let broken = |problem: String| {
            let remedy = "export the file again as PCD 0.7";
            Error::content(path, format!("line {line}: {problem}"), remedy)
        };
        if points.len() as u64 == header.points {
            let problem = format!("more than the {} points that are promised", header.points);
            return Err(broken(problem));
        }
        let mut point = [f64::NAN; 3];
        let mut found = 0;
        let words = text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        for (index, word) in words.take(last + 1).enumerate() {
            for (axis, value) in header.axes.iter().zip(&mut point) {
                if axis.word == index {
                    *value = number(word)
                        .ok_or_else(|| broken(format!("`{}` is not a number", quoted(word))))?;
                }
            }
            found = index + 1;
        }
        if found <= last {
            return Err(broken(format!(
                "{found} numbers, and at least {} are promised",
                last + 1
            )));
        }
        points.push(point, line)?;
    }
    if (points.len() as u64) < header.points {
        let problem = format!(
            "ends at line {} after {} of {} points",
            lines.line(),
            points.len(),
            header.points
        );
        let remedy = "export the file again; it was cut short or its header is wrong";
        return Err(Error::content(path, problem, remedy));
    }
    Ok(points.finish())
}

/// Where a coordinate lies in a point.
#[derive(Clone, Copy, Debug)]
struct Axis {
    scalar: Scalar,
    /// From the start of a binary record.
    byte: usize,
    /// Words before it on a line.
    word: usize,
}

/// What the header says.
struct Header {
    axes: [Axis; 3],
    /// Bytes of a binary record.
    record: usize,
    points: u64,
    data: Data,
    /// Bytes up to the points.
    length: usize,
    /// Lines up to the points.
    lines: u64,
}

impl Header {
    /// From the start of the file; the problem with its line, if there is one.
    fn parse(head: &[u8]) -> std::result::Result<Self, String> {
        let mut entries: Vec<(&str, Vec<&str>)> = Vec::new();
        let (mut length, mut lines) = (0, 0_u64);
        let data = loop {
            let Some(line) = head[length..].split_inclusive(|&byte| byte == b'\n').next() else {
                return Err(format!("line {lines}: its PCD header ends without `DATA`"));
            };
            length += line.len();
            lines += 1;
            if line.starts_with(b"#") || line.trim_ascii().is_empty() {
                continue;
            }
            let odd = || {
                format!(
                    "line {lines}: `{}` is not a line of a PCD header",
                    quoted(line)
                )
            };
            let mut words = std::str::from_utf8(line)
                .map_err(|_| odd())?
                .split_whitespace();
            let key = words.next().ok_or_else(odd)?;
            match key {
                "DATA" => break words.next().unwrap_or_default(),
                "VERSION" | "FIELDS" | "COLUMNS" | "SIZE" | "TYPE" | "COUNT" | "WIDTH"
                | "HEIGHT" | "VIEWPOINT" | "POINTS" => entries.push((key, words.collect())),
                _ => return Err(odd()),
            }
        };
        let data = match data {
            "ascii" => Data::Ascii,
            "binary" => Data::Binary,
            other => {
                let other = quoted(other.as_bytes());
                return Err(format!(
                    "line {lines}: DATA is `{other}`, not ascii or binary"
                ));
            }
        };
        let (axes, record) = layout(&entries)?;
        Ok(Self {
            axes,
            record,
            points: points(&entries)?,
            data,
            length,
            lines,
        })
    }
}

type Entries<'a> = [(&'a str, Vec<&'a str>)];

fn entry<'a>(entries: &'a Entries<'_>, key: &str) -> Option<&'a [&'a str]> {
    let found = entries.iter().find(|(name, _)| *name == key);
    found.map(|(_, words)| words.as_slice())
}

/// `POINTS`, which is the product of `WIDTH` and `HEIGHT` where all are given.
fn points(entries: &Entries<'_>) -> std::result::Result<u64, String> {
    let number = |key: &str| -> std::result::Result<Option<u64>, String> {
        let Some(words) = entry(entries, key) else {
            return Ok(None);
        };
        match words {
            [word] if word.parse::<u64>().is_ok() => Ok(word.parse().ok()),
            _ => Err(format!("its PCD header has no whole number after `{key}`")),
        }
    };
    let product = match (number("WIDTH")?, number("HEIGHT")?) {
        (Some(width), Some(height)) => Some(
            width
                .checked_mul(height)
                .ok_or("its WIDTH x HEIGHT is beyond all files")?,
        ),
        _ => None,
    };
    match (number("POINTS")?, product) {
        (Some(points), Some(product)) if points != product => Err(format!(
            "its header promises {points} POINTS, but WIDTH x HEIGHT is {product}"
        )),
        (Some(points), _) | (None, Some(points)) => Ok(points),
        (None, None) => Err("its PCD header has no `POINTS`".to_owned()),
    }
}

/// Where x, y and z lie, and the bytes of a record.
fn layout(entries: &Entries<'_>) -> std::result::Result<([Axis; 3], usize), String> {
    let missing = |key: &str| format!("its PCD header has no `{key}`");
    let fields = entry(entries, "FIELDS")
        .or_else(|| entry(entries, "COLUMNS"))
        .ok_or_else(|| missing("FIELDS"))?;
    let sizes = entry(entries, "SIZE").ok_or_else(|| missing("SIZE"))?;
    let types = entry(entries, "TYPE").ok_or_else(|| missing("TYPE"))?;
    let ones = vec!["1"; fields.len()];
    let counts = entry(entries, "COUNT").unwrap_or(&ones);
    if [sizes.len(), types.len(), counts.len()] != [fields.len(); 3] {
        return Err(format!(
            "its PCD header has {} FIELDS, but {} of SIZE, {} of TYPE and {} of COUNT",
            fields.len(),
            sizes.len(),
            types.len(),
            counts.len()
        ));
    }
    let mut axes = [None; 3];
    let (mut byte, mut word) = (0_u64, 0_u64);
    for (index, name) in fields.iter().enumerate() {
        let odd = || {
            format!(
                "its field `{}` has an unknown SIZE, TYPE or COUNT",
                quoted(name.as_bytes())
            )
        };
        let size: u64 = sizes[index].parse().map_err(|_| odd())?;
        let count: u64 = counts[index].parse().map_err(|_| odd())?;
        let kind = match types[index] {
            "F" => Kind::Float,
            "I" => Kind::Signed,
            "U" => Kind::Unsigned,
            _ => return Err(odd()),
        };
        let scalar = Scalar::new(kind, size.min(16) as usize, false).ok_or_else(odd)?;
        if let Some(axis) = ["x", "y", "z"].iter().position(|axis| axis == name) {
            if count != 1 {
                return Err(odd());
            }
            axes[axis] = Some(Axis {
                scalar,
                byte: byte as usize,
                word: word as usize,
            });
        }
        word = word.saturating_add(count);
        byte = byte.saturating_add(count.saturating_mul(size));
        if byte > LONGEST_RECORD {
            return Err(format!(
                "a point of it is longer than {LONGEST_RECORD} bytes"
            ));
        }
    }
    match axes {
        [Some(x), Some(y), Some(z)] => Ok(([x, y, z], byte as usize)),
        _ => Err("its FIELDS are not x, y and z among others".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    const PLAIN: &str = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\n\
        VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 1\nDATA ";

    #[test]
    fn the_header_is_that_of_the_layout() {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        let written = |data| {
            let mut out = Vec::new();
            write(&cloud, data, &["two\nlines".to_owned()], &mut out).unwrap();
            out
        };
        let head = format!("# .PCD v0.7 - Point Cloud Data file format\n# two lines\n{PLAIN}");
        let text = format!("{head}ascii\n8.1200 -47.1800 -10.7800\n");
        assert_eq!(written(Data::Ascii), text.as_bytes());
        let mut binary = format!("{head}binary\n").into_bytes();
        binary.extend([8.12_f32, -47.18, -10.78].map(f32::to_le_bytes).concat());
        assert_eq!(written(Data::Binary), binary);
    }

    #[test]
    fn fields_of_any_order_and_type_are_read() {
        let head = "# .PCD v.7\r\nVERSION 0.7\r\nFIELDS rgb z normal x y\r\nSIZE 4 8 4 2 4\r\nTYPE U F F I F\r\n\
            COUNT 1 1 3 1 1\r\nWIDTH 1\r\nHEIGHT 1\r\nPOINTS 1\r\nDATA ";
        let mut binary = format!("{head}binary\r\n").into_bytes();
        binary.extend([1, 2, 3, 4]);
        binary.extend((-10.78_f64).to_le_bytes());
        binary.extend([0; 12]);
        binary.extend(7_i16.to_le_bytes());
        binary.extend(0.5_f32.to_le_bytes());
        assert_eq!(points_of("a.pcd", &binary), [[7.0, 0.5, -10.78]]);
        let text = format!("{head}ascii\r\n255 -10.78 nan nan nan 7 5e-1\r\n");
        assert_eq!(
            points_of("without extension", text.as_bytes()),
            [[7.0, 0.5, -10.78]]
        );
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let many = PLAIN.replace("WIDTH 1", "WIDTH 1099511627776");
        let many = many.replace("POINTS 1", "POINTS 1099511627776");
        let with = |from: &str, to: &str| PLAIN.replace(from, to) + "ascii\n1 2 3\n";
        for (text, expected) in [
            (
                format!("{many}ascii\n1 2 3\n"),
                "ends at line 11 after 1 of 1099511627776 points",
            ),
            (
                format!("{many}binary\n123456789012"),
                "its header promises 1099511627776 points of 12 bytes",
            ),
            (
                format!("{PLAIN}binary\n12345678901"),
                "its header promises 1 points of 12 bytes, 12 bytes, and 11",
            ),
            (
                format!("{PLAIN}binary_compressed\n"),
                "line 10: DATA is `binary_compressed`",
            ),
            (
                format!("{PLAIN}ascii\n1 2 3\n4 5 6\n"),
                "line 12: more than the 1 points",
            ),
            (
                format!("{PLAIN}ascii\n1 2\n"),
                "line 11: 2 numbers, and at least 3",
            ),
            (
                format!("{PLAIN}ascii\n1 2 cat\n"),
                "line 11: `cat` is not a number",
            ),
            (
                format!("{PLAIN}ascii\n1 nan 3\n"),
                "line 11: y = NaN is not finite",
            ),
            (
                with("POINTS 1", "POINTS 2"),
                "its header promises 2 POINTS, but WIDTH x HEIGHT is 1",
            ),
            (
                with("POINTS 1", "POINTS -1"),
                "its PCD header has no whole number after `POINTS`",
            ),
            (
                with("x y z", "x y"),
                "its PCD header has 2 FIELDS, but 3 of SIZE",
            ),
            (with("x y z", "x y i"), "its FIELDS are not x, y and z"),
            (
                with("SIZE 4 4 4", "SIZE 4 4 3"),
                "its field `z` has an unknown SIZE",
            ),
            (
                with("TYPE F F F", "TYPE F X F"),
                "its field `y` has an unknown SIZE, TYPE",
            ),
            (
                with("COUNT 1 1 1", "COUNT 1 1 9999999999"),
                "its field `z` has an unknown",
            ),
            (
                with("VIEWPOINT 0", "VIEWPORT 0"),
                "line 8: `VIEWPORT 0 0 0 1 0 0 0` is not a line",
            ),
            (
                "VERSION .7\n".to_owned(),
                "line 1: its PCD header ends without `DATA`",
            ),
        ] {
            let message = refusal("a.pcd", text.as_bytes());
            assert!(message.starts_with(expected), "{message}");
        }
        let wide = PLAIN
            .replace("x y z", "x y z f")
            .replace("4 4 4", "4 4 4 8");
        let wide = wide
            .replace("F F F", "F F F F")
            .replace("1 1 1\n", "1 1 1 99999999999999999999\n");
        assert!(
            refusal("a.pcd", (wide.clone() + "binary\n").as_bytes()).contains("`f` has an unknown")
        );
        let wide = wide.replace("99999999999999999999", "18446744073709551615");
        assert!(
            refusal("a.pcd", (wide + "binary\n").as_bytes()).contains("longer than 65536 bytes")
        );
    }
}
