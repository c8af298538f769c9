//! DXF as any program writes it: POINT entities of the drawing, everything else left out.
//!
//! Pairs of lines are read one by one, so that no tree of the drawing is held. Any version in text
//! form, with or without handles, `\n` or `\r\n`, exponents, further groups. A drawing of surfaces
//! instead of points is told apart with a message. Points inside block definitions are not placed.

use std::io::Read;
use std::path::Path;

use super::Collector;
use super::text::{Lines, number, quoted};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Entities of which a file is a mesh.
const FACES: [&[u8]; 2] = [b"3DFACE", b"MESH"];

/// Flags of a POLYLINE that is a mesh: of m x n vertices, or of faces (group 70).
const MESH_FLAGS: u32 = 16 | 64;

/// What the pairs that are read belong to.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// An entity of no interest, or the header and the tables.
    Other,
    /// The pair after `0 SECTION` names the section.
    SectionName,
    /// A POINT of the drawing, from that line on.
    Point(u64),
    /// A POLYLINE, which its flags may make a mesh.
    Polyline,
}

/// Reads the points of the drawing.
pub(super) fn read(path: &Path, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file);
    let mut points = Collector::new(path, "line");
    let mut place = Place::Other;
    let mut section = Section::Other;
    let mut left_out = LeftOut::default();
    let mut coordinates = [None; 3];
    let cut_short = |line: u64| {
        Error::content(
            path,
            format!("ends at line {line} without `EOF`"),
            "export the file again; it was cut short",
        )
    };
    loop {
        let Some((line, text)) = lines.next()? else {
            return Err(cut_short(lines.line()));
        };
        let code = group_code(path, line, text)?;
        let Some((line, value)) = lines.next()? else {
            return Err(cut_short(lines.line()));
        };
        let value = value.trim_ascii();
        match code {
            0 => {
                if let Place::Point(from) = place {
                    points.push(point(path, from, &mut coordinates)?, from)?;
                }
                place = match value {
                    b"EOF" => break,
                    b"SECTION" => Place::SectionName,
                    b"POINT" if section != Section::Blocks => Place::Point(line),
                    b"POLYLINE" => {
                        left_out.count(section, value);
                        Place::Polyline
                    }
                    _ => {
                        left_out.count(section, value);
                        Place::Other
                    }
                };
            }
            2 if place == Place::SectionName => section = Section::named(value),
            70 if place == Place::Polyline => {
                let flags = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                left_out.meshes += u64::from(flags.unwrap_or(0) & MESH_FLAGS != 0);
            }
            10 | 20 | 30 if matches!(place, Place::Point(_)) => {
                let value = number(value).ok_or_else(|| {
                    Error::content(
                        path,
                        format!("line {line}: `{}` is not a number", quoted(value)),
                        "a coordinate is written like -47.18, with `.` as the decimal sign",
                    )
                })?;
                coordinates[usize::from(code as u8 / 10 - 1)] = Some(value);
            }
            _ => {}
        }
    }
    left_out.refuse(path, points.is_empty())?;
    Ok(points.finish())
}

/// A section as far as it matters here.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Blocks,
    Entities,
    Other,
}

impl Section {
    fn named(name: &[u8]) -> Self {
        match name {
            b"BLOCKS" => Self::Blocks,
            b"ENTITIES" => Self::Entities,
            _ => Self::Other,
        }
    }
}

/// What the drawing holds besides the points that are read.
#[derive(Default)]
struct LeftOut {
    faces: u64,
    /// POLYLINEs that are meshes.
    meshes: u64,
    points_in_blocks: u64,
    others: u64,
    first_other: String,
}

impl LeftOut {
    fn count(&mut self, section: Section, kind: &[u8]) {
        match section {
            _ if FACES.contains(&kind) => self.faces += 1,
            Section::Blocks if kind == b"POINT" => self.points_in_blocks += 1,
            Section::Entities if kind != b"ENDSEC" => {
                if self.others == 0 {
                    self.first_other = quoted(kind);
                }
                self.others += 1;
            }
            _ => {}
        }
    }

    /// Refuses a drawing that is not a cloud.
    fn refuse(&self, path: &Path, no_points: bool) -> Result<()> {
        let (problem, remedy) = if self.faces > 0 {
            (
                format!(
                    "holds a mesh of {} faces, not a cloud of points",
                    self.faces
                ),
                "sample the mesh to points first",
            )
        } else if self.meshes > 0 {
            (
                format!(
                    "holds {} polyface or polygon meshes, not a cloud of points",
                    self.meshes
                ),
                "sample the meshes to points first",
            )
        } else if no_points && self.points_in_blocks > 0 {
            (
                format!(
                    "holds all of its {} points inside blocks",
                    self.points_in_blocks
                ),
                "explode the blocks in the program that made it",
            )
        } else if no_points && self.others > 0 {
            (
                format!(
                    "holds no POINT, but {} other entities, the first a {}",
                    self.others, self.first_other
                ),
                "give a drawing of POINT entities",
            )
        } else {
            return Ok(());
        };
        Err(Error::content(path, problem, remedy))
    }
}

/// The group code, a small whole number.
fn group_code(path: &Path, line: u64, text: &[u8]) -> Result<i32> {
    let text = text.trim_ascii();
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            Error::content(
                path,
                format!("line {line}: `{}` is not a DXF group code", quoted(text)),
                "export the file again as DXF in text form",
            )
        })
}

/// The point whose groups were read; z is 0 where a flat drawing leaves it out.
fn point(path: &Path, line: u64, coordinates: &mut [Option<f64>; 3]) -> Result<[f64; 3]> {
    match std::mem::take(coordinates) {
        [Some(x), Some(y), z] => Ok([x, y, z.unwrap_or(0.0)]),
        _ => Err(Error::content(
            path,
            format!("the POINT at line {line} has no x or no y"),
            "export the file again; it was damaged",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};

    #[test]
    fn dxf_of_other_programs_is_read() {
        let foreign = b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n  9\r\n$ACADVER\r\n  1\r\nAC1027\r\n  0\r\nENDSEC\r\n\
            999\r\na remark\r\n  0\r\nSECTION\r\n  2\r\nBLOCKS\r\n  0\r\nPOINT\r\n 10\r\n9\r\n 20\r\n9\r\n  0\r\nENDSEC\r\n\
            0\r\nSECTION\r\n  2\r\nENTITIES\r\n  0\r\nPOINT\r\n  5\r\n1A\r\n330\r\n1F\r\n100\r\nAcDbEntity\r\n  8\r\nL\xe4yer\r\n\
            100\r\nAcDbPoint\r\n 10\r\n 1.25E+01 \r\n 20\r\n-7e-2\r\n 30\r\n+3\r\n210\r\n0\r\n\
            0\r\nLINE\r\n 10\r\n5\r\n 20\r\n5\r\n 11\r\n6\r\n 21\r\n6\r\n\
            0\r\nPOINT\r\n 20\r\n2\r\n 10\r\n1\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n";
        assert_eq!(
            points_of("a.dxf", foreign),
            [[12.5, -0.07, 3.0], [1.0, 2.0, 0.0]]
        );
    }

    #[test]
    fn dxf_that_holds_no_cloud_is_told_apart() {
        let with = |entities: &str| {
            format!("0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n").into_bytes()
        };
        let message = refusal("a.dxf", &with("0\n3DFACE\n10\n0\n0\n3DFACE\n10\n1\n"));
        assert_eq!(
            message,
            "holds a mesh of 2 faces, not a cloud of points; sample the mesh to points first"
        );
        let polyface = "0\nPOLYLINE\n66\n1\n 70\n    64\n0\nVERTEX\n70\n192\n10\n1\n0\nSEQEND\n";
        let message = refusal("a.dxf", &with(polyface));
        assert!(
            message.starts_with("holds 1 polyface or polygon meshes"),
            "{message}"
        );
        let message = refusal("a.dxf", &with("0\nLINE\n10\n0\n"));
        assert!(
            message.contains("no POINT, but 1 other entities, the first a LINE"),
            "{message}"
        );
        let message = refusal("a.dxf", &with("0\nPOINT\n10\n0\n0\nPOINT\n"));
        assert!(
            message.starts_with("the POINT at line 6 has no x or no y"),
            "{message}"
        );
        let message = refusal("a.dxf", &with("0\nPOINT\n10\nabc\n20\n0\n"));
        assert!(
            message.starts_with("line 8: `abc` is not a number"),
            "{message}"
        );
        let message = refusal("a.dxf", b"AutoCAD Binary DXF\r\n\x1a\0");
        assert!(message.contains("binary"), "{message}");
        let message = refusal("a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nPOINT\n10\n1");
        assert!(
            message.contains("ends at line 8 without `EOF`"),
            "{message}"
        );
        let message = refusal("a.dxf", b"a cat\nand a dog\n");
        assert!(
            message.starts_with("line 1: `a cat` is not a DXF group code"),
            "{message}"
        );
    }
}
