//! NPY, NumPy's file of one array: points are the rows of an n x 3 array.
//!
//! Written as version 1.0, `<f4`, row by row. Read in versions 1 to 3, with floats and whole numbers
//! of any size and byte order, row by row or column by column; columns after the third are left out.
//!
//! # Source
//!
//! NumPy Enhancement Proposal 1, *A Simple File Format for NumPy Arrays*, and `numpy.lib.format`.

use std::io::{self, Read, Write};
use std::path::Path;

use super::Collector;
use super::records::{
    Kind, LONGEST_RECORD, Scalar, Source, check_count, for_each_record, read_points, room,
};
use super::stream::write_floats;
use super::text::quoted;
use crate::cloud::Cloud;
use crate::error::{Error, Result};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that is read; NumPy itself refuses more than 10,000 bytes.
const LONGEST_HEADER: usize = 1 << 16;

/// Writes the cloud.
pub(super) fn write(cloud: &Cloud, out: &mut dyn Write) -> io::Result<()> {
    let count = cloud.len();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 3), }}");
    // Blanks and a newline, so that the numbers start at a multiple of 64.
    let start = (10 + header.len() + 1).next_multiple_of(64);
    header = format!("{header:<width$}\n", width = start - 11);
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    write_floats(cloud, out, f32::to_le_bytes)
}

/// Reads the rows.
pub(super) fn read(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let header = read_header(path, &mut file)?;
    let Array {
        scalar,
        by_columns,
        rows,
        columns,
    } = array(&header).map_err(|problem| {
        let remedy = "save it as `numpy.save(name, points.astype('<f4'))` of an n x 3 array";
        Error::content(path, problem, remedy)
    })?;
    let size = scalar.size();
    check_count(path, rows, columns * size as u64, room(path, &mut file)?)?;
    if !by_columns {
        return read_points(path, &mut file, rows, columns as usize * size, |row| {
            [0, size, 2 * size].map(|at| scalar.decode(&row[at..]))
        });
    }
    let mut axes = [const { Vec::<f32>::new() }; 3];
    for axis in &mut axes {
        for_each_record(path, &mut file, rows, size, |value, _| {
            axis.push(scalar.decode(value) as f32);
            Ok(())
        })?;
    }
    let mut points = Collector::new(path, "point");
    for (number, ((&x, &y), &z)) in (1..).zip(axes[0].iter().zip(&axes[1]).zip(&axes[2])) {
        points.push([x, y, z].map(f64::from), number)?;
    }
    Ok(points.finish())
}

/// The text that describes the array; the file stands at the numbers afterwards.
fn read_header(path: &Path, file: &mut impl Read) -> Result<String> {
    let mut read = |count: usize| {
        let mut bytes = Vec::new();
        let found = file.take(count as u64).read_to_end(&mut bytes);
        let found = found.map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        if found < count {
            let problem = "ends within its header";
            let remedy = "save the array again; the file was cut short";
            return Err(Error::content(path, problem, remedy));
        }
        Ok(bytes)
    };
    let start = read(8)?;
    let length = match (&start[..6], start[6]) {
        (magic, _) if magic != MAGIC => {
            let problem = "byte 0: does not start as an NPY";
            return Err(Error::content(path, problem, "save it with `numpy.save`"));
        }
        (_, 1) => read(2)?
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
        (_, 2 | 3) => read(4)?
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
        (_, version) => {
            let problem = format!("byte 6: version {version} of NPY is not known, only 1 to 3");
            return Err(Error::content(path, problem, "save it with `numpy.save`"));
        }
    };
    if length > LONGEST_HEADER {
        let problem =
            format!("byte 8: its header of {length} bytes is longer than {LONGEST_HEADER}");
        return Err(Error::content(
            path,
            problem,
            "save an array without named fields",
        ));
    }
    Ok(String::from_utf8_lossy(&read(length)?).into_owned())
}

/// What the header says.
#[derive(Debug, PartialEq)]
struct Array {
    scalar: Scalar,
    by_columns: bool,
    rows: u64,
    columns: u64,
}

/// Reads the header's Python dictionary, of which writers vary the order and the blanks only.
fn array(header: &str) -> std::result::Result<Array, String> {
    let value = |key: &str| {
        let (_, rest) = header.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let missing = |key: &str| format!("its header does not tell `{key}`");
    let descr = value("descr").ok_or_else(|| missing("descr"))?;
    let order = value("fortran_order").ok_or_else(|| missing("fortran_order"))?;
    let shape = value("shape").ok_or_else(|| missing("shape"))?;

    let descr = descr
        .strip_prefix('\'')
        .and_then(|descr| descr.split_once('\''));
    let (descr, _) = descr.ok_or("holds records with named fields, not plain numbers")?;
    let scalar = scalar(descr)
        .ok_or_else(|| format!("holds numbers of type `{}`", quoted(descr.as_bytes())))?;
    let by_columns = match order {
        order if order.starts_with("True") => true,
        order if order.starts_with("False") => false,
        _ => return Err(missing("fortran_order")),
    };
    let (shape, _) = shape
        .strip_prefix('(')
        .and_then(|shape| shape.split_once(')'))
        .ok_or_else(|| missing("shape"))?;
    let sides: Option<Vec<u64>> = shape
        .trim_end_matches([',', ' '])
        .split(',')
        .map(|side| side.trim().parse().ok())
        .collect();
    match sides.as_deref() {
        Some(&[rows, columns @ 3..=LONGEST_COLUMNS]) => Ok(Array {
            scalar,
            by_columns,
            rows,
            columns,
        }),
        _ => Err(format!(
            "holds an array of shape ({}), not of n x 3 numbers",
            quoted(shape.as_bytes())
        )),
    }
}

/// Most columns; with the largest numbers they make the longest record.
const LONGEST_COLUMNS: u64 = LONGEST_RECORD / 8;

/// `<f4`, `>i2`, `|u1`...
fn scalar(descr: &str) -> Option<Scalar> {
    let mut letters = descr.chars();
    let big_endian = match letters.next()? {
        '<' | '|' | '=' => false,
        '>' => true,
        _ => return None,
    };
    let kind = match letters.next()? {
        'f' => Kind::Float,
        'i' => Kind::Signed,
        'u' => Kind::Unsigned,
        _ => return None,
    };
    Scalar::new(kind, letters.as_str().parse().ok()?, big_endian)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    fn file(version: u8, header: &str, numbers: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        let length = header.len() as u32;
        bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(header.as_bytes());
        bytes.extend(numbers);
        bytes
    }

    fn bytes<const N: usize, T: Copy>(values: &[T], to: fn(T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(|&value| to(value)).collect()
    }

    #[test]
    fn the_bytes_are_those_that_numpy_writes() {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        let mut out = Vec::new();
        write(&cloud, &mut out).unwrap();
        // numpy.save of the same array, numpy 1.24.
        let mut expected =
            b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
                .to_vec();
        expected.resize(127, b' ');
        expected.push(b'\n');
        expected.extend(bytes(&[8.12, -47.18, -10.78], f32::to_le_bytes));
        assert_eq!(out, expected);
    }

    #[test]
    fn rows_and_columns_of_any_number_are_read() {
        let expected = [[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]];
        let rows = [1, 2, 3, 9, -4, 5, 6, 9];
        let by_rows = "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 4), }\n";
        let found = points_of("a.npy", &file(1, by_rows, &bytes(&rows, i16::to_be_bytes)));
        assert_eq!(found, expected);
        let by_columns = "{'shape':(2,3),'fortran_order':True,'descr':'<f8'}";
        let columns = [1.0, -4.0, 2.0, 5.0, 3.0, 6.0];
        let found = points_of(
            "a",
            &file(3, by_columns, &bytes(&columns, f64::to_le_bytes)),
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn arrays_that_are_no_points_are_refused() {
        let with = |descr: &str, order: &str, shape: &str| {
            let header =
                format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
            file(1, &header, &[0; 24])
        };
        for (bytes, expected) in [
            (
                with("'<f4'", "False", "(1099511627776, 3)"),
                "its header promises 1099511627776 points of 12 bytes",
            ),
            (
                with("'<f4'", "False", "(18446744073709551615, 3)"),
                "its header promises 18446744073709551615",
            ),
            (
                with("'<f4'", "False", "(1, 3)"),
                "its header promises 1 points of 12 bytes, 12 bytes, and 24",
            ),
            (
                with("'<f4'", "True", "(3, 3)"),
                "its header promises 3 points of 12 bytes, 36 bytes, and 24",
            ),
            (
                with("'<f4'", "False", "(6,)"),
                "holds an array of shape (6,)",
            ),
            (
                with("'<f4'", "False", "(3, 2)"),
                "holds an array of shape (3, 2)",
            ),
            (
                with("'<f4'", "False", "(2, 3, 1)"),
                "holds an array of shape (2, 3, 1)",
            ),
            (
                with("'<f4'", "False", "(0, 99999999999)"),
                "holds an array of shape (0, 99999999999)",
            ),
            (
                with("'<c8'", "False", "(1, 3)"),
                "holds numbers of type `<c8`",
            ),
            (
                with("[('x', '<f4')]", "False", "(2,)"),
                "holds records with named fields",
            ),
            (
                with("'<f4'", "Maybe", "(2, 3)"),
                "its header does not tell `fortran_order`",
            ),
            (file(1, "{}", &[]), "its header does not tell `descr`"),
            (file(9, "", &[]), "byte 6: version 9"),
            (
                b"\x93NUMPY\x01\0\xff\xff{".to_vec(),
                "ends within its header",
            ),
            (
                b"\x93NUMPY\x02\0\xff\xff\xff\xff{".to_vec(),
                "byte 8: its header of 4294967295 bytes",
            ),
            (b"NUMPY".to_vec(), "ends within its header"),
            (
                b"1 2 3\n4 5 6\n".to_vec(),
                "byte 0: does not start as an NPY",
            ),
        ] {
            let message = refusal("a.npy", &bytes);
            assert!(message.starts_with(expected), "{message}");
        }
        for order in ["False", "True"] {
            let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': (1, 3)}}");
            let numbers = bytes(&[0.0, f32::INFINITY, 0.0], f32::to_le_bytes);
            let message = refusal("a.npy", &file(1, &header, &numbers));
            assert!(
                message.starts_with("point 1: y = inf is not finite"),
                "{message}"
            );
        }
    }
}
