//! Wavefront OBJ of points: `v x y z` a line. A mesh is told apart by its faces.
//!
//! # Source
//!
//! *Object Files (.obj)*, appendix B1 of the Advanced Visualizer manual, Wavefront Technologies.

use std::io::{self, Read, Write};
use std::path::Path;

use super::columns::{point_in, write_lines};
use super::text::{Lines, quoted};
use super::{Collector, one_line};
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Statements that say nothing about where points lie.
const OTHERS: &[&[u8]] = &[
    b"vn",
    b"vt",
    b"vp",
    b"p",
    b"l",
    b"g",
    b"o",
    b"s",
    b"mg",
    b"usemtl",
    b"mtllib",
    b"usemap",
    b"maplib",
    b"lod",
    b"bevel",
    b"c_interp",
    b"d_interp",
    b"shadow_obj",
    b"trace_obj",
    b"ctech",
    b"stech",
    b"cstype",
    b"deg",
    b"bmat",
    b"step",
    b"curv2",
    b"parm",
    b"trim",
    b"hole",
    b"scrv",
    b"sp",
    b"end",
    b"con",
];

/// Statements that make a file a mesh or a surface; `fo` is an old spelling of `f`.
const FACES: &[&[u8]] = &[b"f", b"fo", b"curv", b"surf"];

/// Writes the cloud with four decimals. `comments` become comment lines.
pub(super) fn write(cloud: &Cloud, comments: &[String], out: &mut dyn Write) -> io::Result<()> {
    for comment in comments {
        writeln!(out, "# {}", one_line(comment))?;
    }
    write_lines(cloud, b"v ", *b" ", b"\n", out)
}

/// Reads the vertices; what follows the third number (weight, colour) is left out.
pub(super) fn read(path: &Path, file: impl Read) -> Result<Cloud> {
    let mut lines = Lines::new(path, file);
    let mut points = Collector::new(path, "line");
    let mut faces = 0_u64;
    let mut continued = false;
    while let Some((line, text)) = lines.next_filled()? {
        // The rest of a long statement; vertices and faces that were broken so are of no program.
        let is_rest = std::mem::replace(&mut continued, text.ends_with(b"\\"));
        if is_rest || text.starts_with(b"#") {
            continue;
        }
        let end = text.iter().position(u8::is_ascii_whitespace);
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        match word {
            b"v" => {
                let point = point_in(path, line, rest)?;
                points.push(point, line)?;
            }
            _ if FACES.contains(&word) => faces += 1,
            _ if OTHERS.contains(&word) => {}
            _ => {
                return Err(Error::content(
                    path,
                    format!("line {line}: `{}` is not a statement of OBJ", quoted(word)),
                    "give an OBJ of vertices, lines `v x y z`",
                ));
            }
        }
    }
    if faces > 0 {
        return Err(Error::content(
            path,
            format!("holds a mesh of {faces} faces, not a cloud of points"),
            "sample the mesh to points first",
        ));
    }
    Ok(points.finish())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    #[test]
    fn a_vertex_is_a_line() {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        let mut out = Vec::new();
        write(&cloud, &["two\nlines".to_owned()], &mut out).unwrap();
        assert_eq!(out, b"# two lines\nv 8.1200 -47.1800 -10.7800\n");
    }

    #[test]
    fn vertices_are_found_among_other_statements() {
        let text = b"# cat\r\nmtllib a.mtl\r\no body\r\nv  1 2 3 1.0\r\nvn 0 0 1\r\nv\t4 5e0 6 0.1 0.2 0.3\r\np 1 \\\r\n2\r\n";
        assert_eq!(points_of("a.obj", text), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    }

    #[test]
    fn meshes_and_other_texts_are_told_apart() {
        for (text, expected) in [
            (
                "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
                "holds a mesh of 1 faces",
            ),
            ("v 0 0\n", "line 1 has fewer than three numbers"),
            ("v 0 0 cat\n", "line 1: `cat` is not a number"),
            ("v 0 nan 0\n", "line 1: y = NaN is not finite"),
            ("v 0 0 0\n1 2 3\n", "line 2: `1` is not a statement of OBJ"),
        ] {
            let message = refusal("a.obj", text.as_bytes());
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
