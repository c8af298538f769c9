//! PLY: `float x y z` of the element `vertex`, binary little endian or text; headers through
//! `ply-rs`, in both directions.
//!
//! Reading takes any order and type of properties, further elements, and both byte orders; the
//! crate decodes each vertex into three numbers, chunk by chunk, so that memory follows what the
//! file holds and not what its header promises.
//!
//! Writing pushes the payload from our own chunks: the crate writes one vertex at a time on one
//! thread, with a look-up by name for each coordinate, and text with as many digits as `f32` has
//! rather than the grid's four decimals.
//!
//! # Source
//!
//! Greg Turk, *The PLY Polygon File Format*, 1994.

use std::io::{self, BufReader, ErrorKind, Read, SeekFrom, Write};
use std::path::Path;

use ply_rs::parser::{ParseError, Parser, Reader};
use ply_rs::ply::{
    Addable, ElementDef, Encoding, Header, Property, PropertyAccess, PropertyAccessResult,
    PropertyDef, PropertyType, ScalarType,
};
use ply_rs::writer::Writer;

use super::columns::write_lines;
use super::records::Source;
use super::stream::write_floats;
use super::text::{Lines, number, quoted};
use super::{Collector, one_line};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Longest header that is read; real ones have some hundred bytes.
const LONGEST_HEADER: usize = 1 << 20;

/// Vertices that are decoded at a time.
const CHUNK: usize = 16_384;

/// Writes the cloud. `comments` become comment lines.
pub(super) fn write(
    cloud: &Cloud,
    encoding: Encoding,
    comments: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = header(cloud.len(), encoding, comments);
    let mut text = Vec::new();
    Writer::<Vertex>::new().write_header(&mut text, &header)?;
    out.write_all(&text)?;
    match encoding {
        Encoding::Ascii => write_lines(cloud, b"", *b" ", b"\n", out),
        Encoding::BinaryLittleEndian => write_floats(cloud, out, f32::to_le_bytes),
        Encoding::BinaryBigEndian => write_floats(cloud, out, f32::to_be_bytes),
    }
}

fn header(count: usize, encoding: Encoding, comments: &[String]) -> Header {
    let mut vertex = ElementDef::new("vertex".to_owned());
    vertex.count = count;
    for axis in ["x", "y", "z"] {
        let float = PropertyType::Scalar(ScalarType::Float);
        vertex
            .properties
            .add(PropertyDef::new(axis.to_owned(), float));
    }
    let mut header = Header::new();
    header.encoding = encoding;
    header.comments = comments.iter().map(|comment| one_line(comment)).collect();
    header.elements.add(vertex);
    header
}

/// What the crate decodes a vertex into. Properties other than x, y and z are skipped.
#[derive(Clone, Copy, Default)]
struct Vertex([f64; 3]);

impl Vertex {
    fn set(&mut self, name: &str, value: f64) -> PropertyAccessResult {
        match name {
            "x" => self.0[0] = value,
            "y" => self.0[1] = value,
            "z" => self.0[2] = value,
            _ => return PropertyAccessResult::Ignored,
        }
        PropertyAccessResult::Set
    }
}

impl PropertyAccess for Vertex {
    fn new() -> Self {
        Self::default()
    }
    fn set_property(&mut self, _: &str, _: Property) -> PropertyAccessResult {
        PropertyAccessResult::Ignored
    }
    fn set_char(&mut self, name: &str, value: i8) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_uchar(&mut self, name: &str, value: u8) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_short(&mut self, name: &str, value: i16) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_ushort(&mut self, name: &str, value: u16) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_int(&mut self, name: &str, value: i32) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_uint(&mut self, name: &str, value: u32) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_float(&mut self, name: &str, value: f32) -> PropertyAccessResult {
        self.set(name, f64::from(value))
    }
    fn set_double(&mut self, name: &str, value: f64) -> PropertyAccessResult {
        self.set(name, value)
    }
}

/// Reads the vertices.
pub(super) fn read(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let fail = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let (header, header_len, header_lines) = read_header(path, &mut file)?;
    check_vertex(path, &header)?;
    check_room(path, &header, &mut file, header_len)?;
    file.seek(SeekFrom::Start(header_len as u64))
        .map_err(fail)?;
    let file = BufReader::with_capacity(1 << 18, file);
    match header.encoding {
        Encoding::Ascii => read_text(path, &header, header_lines, file),
        _ => read_binary(path, &header, file),
    }
}

/// The header, its length in bytes, and its number of lines.
fn read_header(path: &Path, file: &mut impl Source) -> Result<(Header, usize, u64)> {
    let mut bytes = Vec::new();
    file.take(LONGEST_HEADER as u64)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    let (mut length, mut lines) = (0, 0);
    let ended = bytes.split_inclusive(|&byte| byte == b'\n').any(|line| {
        length += line.len();
        lines += 1;
        line.trim_ascii() == b"end_header"
    });
    if !ended {
        return Err(Error::content(
            path,
            format!(
                "its PLY header has no `end_header` in the first {} bytes",
                bytes.len()
            ),
            "export the file again; it was cut short",
        ));
    }
    // Comments in other encodings than UTF-8 are no reason to refuse the points.
    let text = String::from_utf8_lossy(&bytes[..length]);
    let header = Parser::<Vertex>::new()
        .read_header(&mut Reader::new(text.as_bytes()))
        .map_err(|error| parse_error(path, &error, error.line().unwrap_or(1)))?;
    Ok((header, length, lines))
}

/// The crate's message may span lines and quote the file; ours is one line.
fn parse_error(path: &Path, error: &ParseError, line: usize) -> Error {
    let message = error.to_string();
    let message = message.split_once(": ").map_or(&*message, |(head, rest)| {
        if head.starts_with("Line ") {
            rest
        } else {
            &message
        }
    });
    Error::content(
        path,
        format!("line {line}: {}", quoted(message.as_bytes())),
        "export the file again as PLY 1.0",
    )
}

fn check_vertex(path: &Path, header: &Header) -> Result<()> {
    let missing = |what: &str| {
        Err(Error::content(
            path,
            format!("its PLY header has no {what}"),
            "export it with `element vertex` and the properties x, y, z",
        ))
    };
    let Some(vertex) = header.elements.get("vertex") else {
        return missing("element `vertex`");
    };
    for axis in ["x", "y", "z"] {
        match vertex
            .properties
            .get(axis)
            .map(|property| &property.data_type)
        {
            Some(PropertyType::Scalar(_)) => {}
            _ => return missing(&format!("number `{axis}` for each vertex")),
        }
    }
    let faces = header.elements.get("face").map_or(0, |face| face.count);
    if faces > 0 {
        return Err(Error::content(
            path,
            format!("holds a mesh of {faces} faces, not a cloud of points"),
            "sample the mesh to points first",
        ));
    }
    Ok(())
}

/// Refuses a header that promises more than the file has room for, before anything is read.
fn check_room(
    path: &Path,
    header: &Header,
    file: &mut impl Source,
    header_len: usize,
) -> Result<()> {
    let length = file.seek(SeekFrom::End(0)).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let room = length.saturating_sub(header_len as u64) as u128;
    let mut promised = 0;
    let mut exactly = header.encoding != Encoding::Ascii;
    for (name, element) in &header.elements {
        let least = match header.encoding {
            // A digit and a separator each; the last line may lack its newline.
            Encoding::Ascii => 2 * element.properties.len().max(1) as u128,
            _ => element
                .properties
                .values()
                .map(|property| least_size(&property.data_type))
                .sum(),
        };
        promised += element.count as u128 * least;
        let lists = |property: &PropertyDef| matches!(property.data_type, PropertyType::List(..));
        exactly &= element.count == 0 || !element.properties.values().any(lists);
        let needed = (element.count as u128 * least).saturating_sub(1);
        if needed > room {
            let count = element.count;
            return Err(Error::content(
                path,
                format!(
                    "its header promises {count} of `{name}`, at least {needed} bytes, and {room} follow"
                ),
                "export the file again; it was cut short or its header is wrong",
            ));
        }
    }
    let vertex = header.elements.get("vertex");
    let vertex = vertex.map_or(0, |vertex| {
        let properties = vertex.properties.values();
        properties
            .map(|property| least_size(&property.data_type))
            .sum::<u128>()
    });
    // Less than a point is an end of line or padding.
    if exactly && room >= promised + vertex.max(1) {
        return Err(more_than_promised(
            path,
            &format!("{} bytes follow", room - promised),
        ));
    }
    Ok(())
}

/// Points that the header does not count would be lost without a word.
fn more_than_promised(path: &Path, what: &str) -> Error {
    Error::content(
        path,
        format!("{what} the last point that its header promises"),
        "export the file again; its header is wrong, or two files were put together",
    )
}

fn least_size(kind: &PropertyType) -> u128 {
    match kind {
        PropertyType::Scalar(kind) | PropertyType::List(kind, _) => match kind {
            ScalarType::Char | ScalarType::UChar => 1,
            ScalarType::Short | ScalarType::UShort => 2,
            ScalarType::Int | ScalarType::UInt | ScalarType::Float => 4,
            ScalarType::Double => 8,
        },
    }
}

fn read_binary(path: &Path, header: &Header, file: impl io::BufRead) -> Result<Cloud> {
    let parser = Parser::<Vertex>::new();
    let mut reader = Reader::new(file);
    let mut points = Collector::new(path, "vertex");
    for (name, element) in &header.elements {
        let mut piece = element.clone();
        let mut done = 0;
        // An element without properties takes no bytes, however many are promised.
        while done < element.count && !element.properties.is_empty() {
            piece.count = CHUNK.min(element.count - done);
            let vertices = parser
                .read_payload_for_element(&mut reader, &piece, header)
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => Error::content(
                        path,
                        format!(
                            "ends before `{name}` number {} of {}",
                            done + piece.count,
                            element.count
                        ),
                        "export the file again; it was cut short",
                    ),
                    _ => parse_error(path, &error, error.line().unwrap_or(0)),
                })?;
            done += piece.count;
            if name == "vertex" {
                for Vertex(point) in vertices {
                    points.push(point, points.len() as u64 + 1)?;
                }
            }
        }
        if name == "vertex" {
            break;
        }
    }
    Ok(points.finish())
}

fn read_text(path: &Path, header: &Header, header_lines: u64, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file).starting_at(header_lines);
    let mut points = Collector::new(path, "line");
    for (name, element) in &header.elements {
        for index in 0..element.count {
            let Some((number, line)) = lines.next_filled()? else {
                return Err(Error::content(
                    path,
                    format!(
                        "ends before `{name}` number {} of {}",
                        index + 1,
                        element.count
                    ),
                    "export the file again; it was cut short",
                ));
            };
            if name != "vertex" {
                continue;
            }
            let point = text_vertex(line, element).map_err(|problem| {
                Error::content(
                    path,
                    format!("line {number}: {problem}"),
                    "write each vertex on a line, with `.` as the decimal sign",
                )
            })?;
            points.push(point, number)?;
        }
        if name == "vertex" {
            break;
        }
    }
    let others = header
        .elements
        .iter()
        .skip_while(|(name, _)| *name != "vertex");
    if others.skip(1).all(|(_, element)| element.count == 0) {
        while let Some((number, line)) = lines.next_filled()? {
            // Ctrl-Z of old, or padding.
            if !line.iter().all(u8::is_ascii_control) {
                return Err(more_than_promised(path, &format!("line {number} follows")));
            }
        }
    }
    Ok(points.finish())
}

/// The coordinates of a vertex in text form. The crate's own way takes ten times as long, and its messages
/// span lines.
fn text_vertex(line: &[u8], element: &ElementDef) -> std::result::Result<[f64; 3], String> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let mut next = |name: &str| {
        let word = words.next().ok_or_else(|| format!("`{name}` is missing"))?;
        number(word).ok_or_else(|| format!("`{}` is not a number for `{name}`", quoted(word)))
    };
    let mut vertex = Vertex::default();
    for (name, property) in &element.properties {
        let value = next(name)?;
        match property.data_type {
            PropertyType::Scalar(_) => {
                vertex.set(name, value);
            }
            // As many words follow; more than the line has end in an error.
            PropertyType::List(..) => {
                for _ in 0..value as u64 {
                    next(name)?;
                }
            }
        }
    }
    Ok(vertex.0)
}

#[cfg(test)]
mod tests {
    use super::super::read_bytes;
    use super::super::tests::{points_of, refusal};
    use super::*;

    #[test]
    fn ply_in_any_order_and_type_is_read() {
        let header = |format: &str| {
            format!(
                "ply\r\nformat {format} 1.0\r\ncomment L\u{e4}yer\r\nelement camera 2\r\n\
                 property list uchar int parts\r\nelement vertex 1\r\nproperty uchar red\r\n\
                 property double z\r\nproperty list uchar short ring\r\nproperty short x\r\n\
                 property float y\r\nelement face 0\r\nproperty list uchar int vertex_indices\r\n\
                 end_header\r\n"
            )
            .into_bytes()
        };
        let mut little = header("binary_little_endian");
        little.extend([1, 5, 0, 0, 0, 0, 255]);
        little.extend((-10.78_f64).to_le_bytes());
        little.extend([2, 1, 0, 1, 0]);
        little.extend(7_i16.to_le_bytes());
        little.extend(0.5_f32.to_le_bytes());
        let mut big = header("binary_big_endian");
        big.extend([1, 0, 0, 0, 5, 0, 255]);
        big.extend((-10.78_f64).to_be_bytes());
        big.extend([2, 0, 1, 0, 1]);
        big.extend(7_i16.to_be_bytes());
        big.extend(0.5_f32.to_be_bytes());
        let mut text = header("ascii");
        text.extend(b"1 5\r\n0\r\n255 -10.78 2 1 1 7 5e-1\r\n");
        for bytes in [little, big, text] {
            assert_eq!(points_of("a.ply", &bytes), [[7.0, 0.5, -10.78]]);
        }
    }

    #[test]
    fn ply_that_lies_is_refused_at_once() {
        let with = |format: &str, elements: &str, payload: &str| {
            format!("ply\nformat {format} 1.0\n{elements}end_header\n{payload}").into_bytes()
        };
        let xyz = "property float x\nproperty float y\nproperty float z\n";
        for format in ["binary_little_endian", "binary_big_endian", "ascii"] {
            let vertices = format!("element vertex {}\n{xyz}", 1_u64 << 40);
            let message = refusal("a.ply", &with(format, &vertices, "1 2 3\n"));
            assert!(
                message.contains("promises 1099511627776 of `vertex`"),
                "{message}"
            );
            let nothing = format!("element nothing {}\nelement vertex 1\n{xyz}", 1_u64 << 60);
            let found = read_bytes(Path::new("a.ply"), &with(format, &nothing, "123456789012"));
            assert!(format == "ascii" || found.is_ok());
        }
        let faces = format!("element vertex 1\n{xyz}element face 7\nproperty list uchar int v\n");
        let message = refusal("a.ply", &with("ascii", &faces, "1 2 3\n"));
        assert!(message.contains("a mesh of 7 faces"), "{message}");
        let flat = "element vertex 1\nproperty float x\nproperty float y\n";
        let message = refusal("a.ply", &with("ascii", flat, "1 2\n"));
        assert!(message.contains("no number `z`"), "{message}");
        let three = format!("element vertex 3\n{xyz}");
        let message = refusal("a.ply", &with("ascii", &three, "1 2 3\n1 2 cat\n1 2 3\n"));
        assert!(
            message.starts_with("line 9: `cat` is not a number for `z`"),
            "{message}"
        );
        let message = refusal("a.ply", &with("ascii", &three, "1 2 3\n1 2 nan\n1 2 3\n"));
        assert!(
            message.starts_with("line 9: z = NaN is not finite"),
            "{message}"
        );
        let one = format!("element vertex 1\n{xyz}element face 0\nproperty list uchar int v\n");
        let message = refusal("a.ply", &with("ascii", &one, "1 2 3\n\n4 5 6\n"));
        assert!(
            message.starts_with("line 12 follows the last point"),
            "{message}"
        );
        let message = refusal(
            "a.ply",
            &with("binary_little_endian", &one, "123456789012345678901234567"),
        );
        assert!(
            message.starts_with("15 bytes follow the last point"),
            "{message}"
        );
        for (format, padded) in [
            ("ascii", "1 2 3\n\x1a\n"),
            ("binary_little_endian", "123456789012\n"),
        ] {
            let found = read_bytes(Path::new("a.ply"), &with(format, &one, padded));
            assert_eq!(found.unwrap().len(), 1);
        }
        let message = refusal("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\n");
        assert!(message.contains("no `end_header`"), "{message}");
        let message = refusal("a.ply", b"ply\nformat cuneiform 1.0\nend_header\n");
        assert!(message.starts_with("line 2: "), "{message}");
    }
}
