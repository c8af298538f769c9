//! Reading any file of points: which format it is, told by its content first.

use std::fs::File;
use std::io::{self, Read, SeekFrom};
use std::path::Path;

#[cfg(feature = "las")]
use super::las;
use super::records::Source;
use super::{bspc, cad, columns, dxf_read, npy, obj, pcd, ply, pts};
use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::photo::recognised;

/// Formats that are read and never written: extension and title.
pub const READ_ONLY: [(&str, &str); 1] = [("cad", "Cockpit3D, lines 0 501 x y z")];

/// Reads a cloud from a file, told by its content, and by its extension where the content leaves
/// a choice.
///
/// Memory follows the file's length, not the counts in its header.
///
/// # Errors
///
/// [`Error::Read`]; [`Error::Content`] with line, byte or point where the file is damaged, cut short,
/// a mesh, not a point file, or holds coordinates that are not finite or beyond 100 m.
pub fn read(path: &Path) -> Result<Cloud> {
    let fail = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before it is opened: opening a pipe waits for somebody to write into it.
    let meta = std::fs::metadata(path).map_err(fail)?;
    if !meta.is_file() && !meta.is_dir() {
        let what = "is not a regular file";
        return Err(Error::content(
            path,
            what,
            "write its content to a file first",
        ));
    }
    read_source(path, File::open(path).map_err(fail)?)
}

/// Reads a cloud from the bytes of a file as [`read`] does; `name` stands for the file in messages, and its
/// extension counts.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_bytes(name: &Path, bytes: &[u8]) -> Result<Cloud> {
    read_source(name, io::Cursor::new(bytes))
}

fn read_source(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let fail = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut head = Vec::new();
    (&mut file)
        .take(4096)
        .read_to_end(&mut head)
        .map_err(fail)?;
    if head.is_empty() {
        return Err(Error::content(path, "is empty", "give a file of points"));
    }
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let kind = by_content(&head).or_else(|| by_extension(extension.as_deref()?));
    match kind.unwrap_or(Kind::Columns) {
        Kind::Ply => ply::read(path, file),
        Kind::Dxf => dxf_read::read(path, file),
        Kind::Bspc => bspc::read(path, file),
        Kind::Npy => npy::read(path, file),
        Kind::Pcd => pcd::read(path, file),
        Kind::Pts => pts::read(path, file),
        Kind::Obj => obj::read(path, file),
        Kind::Cad => cad::read(path, file),
        #[cfg(feature = "las")]
        Kind::Las => las::read(path, file),
        Kind::Columns => columns::read(path, file),
        Kind::Other(what, remedy) => Err(Error::content(path, what, remedy)),
        Kind::Foreign(what) => {
            let remedy = match what.ends_with("archive") {
                true => "unpack it, and give the file of points in it",
                false => "give a file of points; `glyptic etch` makes one from a photo",
            };
            Err(Error::content(
                path,
                format!("is {what}, not a file of points"),
                remedy,
            ))
        }
    }
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ply,
    Dxf,
    Bspc,
    Npy,
    Pcd,
    Pts,
    Obj,
    Cad,
    #[cfg(feature = "las")]
    Las,
    Columns,
    /// Known, and not read: what it is, and what the user can do.
    Other(&'static str, &'static str),
    /// A picture, a document or an archive: what it is.
    Foreign(&'static str),
}

#[cfg(feature = "las")]
const LAS: Kind = Kind::Las;
#[cfg(not(feature = "las"))]
const LAS: Kind = Kind::Other(
    "is a LAS, which this glyptic was built without",
    "build it with the feature `las`",
);

/// What the first bytes tell for sure.
fn by_content(head: &[u8]) -> Option<Kind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let starts = |with: &[u8]| head.starts_with(with);
    if starts(b"ply\n") || starts(b"ply\r") {
        Some(Kind::Ply)
    } else if starts(b"AutoCAD Binary DXF") {
        let what = "is a DXF in binary form";
        Some(Kind::Other(what, "export it as DXF in text form"))
    } else if starts(b"BSPC") {
        Some(Kind::Bspc)
    } else if starts(b"\x93NUMPY") {
        Some(Kind::Npy)
    } else if starts(b"LASF") {
        Some(LAS)
    } else if starts(b"# .PCD") || starts(b"VERSION .") || starts(b"VERSION 0.") {
        Some(Kind::Pcd)
    } else if starts_as_dxf(head) {
        Some(Kind::Dxf)
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        let what = "is text of 16 bits a letter";
        Some(Kind::Other(what, "save it as plain ASCII or UTF-8"))
    } else {
        recognised(head).map(Kind::Foreign)
    }
}

/// Whether the first pair of lines is that of a DXF: a section, or a remark.
fn starts_as_dxf(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    matches!(
        (lines.next(), lines.next()),
        (Some(b"0"), Some(b"SECTION")) | (Some(b"999"), Some(_))
    )
}

/// What the name says, in small letters.
fn by_extension(extension: &str) -> Option<Kind> {
    match extension {
        "ply" => Some(Kind::Ply),
        "dxf" => Some(Kind::Dxf),
        "bspc" => Some(Kind::Bspc),
        "npy" => Some(Kind::Npy),
        "pcd" => Some(Kind::Pcd),
        "pts" => Some(Kind::Pts),
        "obj" => Some(Kind::Obj),
        "cad" => Some(Kind::Cad),
        "las" | "laz" => Some(LAS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::tests::{points_of, refusal};
    use super::*;

    #[test]
    fn content_goes_before_the_name() {
        let dxf = b"0\nSECTION\n2\nENTITIES\n0\nPOINT\n10\n1\n20\n2\n30\n3\n0\nENDSEC\n0\nEOF\n";
        for name in ["a.dxf", "a.xyz", "a.obj", "a", "a.doc"] {
            assert_eq!(points_of(name, dxf), [[1.0, 2.0, 3.0]], "{name}");
        }
        let npy = refusal("a.xyz", b"\x93NUMPY");
        assert!(npy.starts_with("ends within its header"), "{npy}");
    }

    #[test]
    fn a_mark_of_utf_8_is_no_part_of_the_first_line() {
        assert_eq!(
            points_of("a.xyz", b"\xef\xbb\xbf1 2 3\n"),
            [[1.0, 2.0, 3.0]]
        );
        let dxf =
            b"\xef\xbb\xbf0\nSECTION\n2\nENTITIES\n0\nPOINT\n10\n1\n20\n2\n0\nENDSEC\n0\nEOF\n";
        assert_eq!(points_of("a", dxf), [[1.0, 2.0, 0.0]]);
        let wide = refusal("a.txt", b"\xff\xfe1\0 \x002\0");
        assert!(wide.contains("16 bits"), "{wide}");
    }

    #[test]
    fn pictures_and_archives_are_named_whatever_they_are_called() {
        for (head, what) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "a PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
            (b"GIF89a\x01\0\x01\0", "a GIF picture"),
            (b"II*\0\x08\0\0\0", "a TIFF picture"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"BM\x9a\0\0\0\0\0", "a BMP picture"),
            (b"\0\0\0\x24ftypheic\0\0\0\0", "a HEIC photo"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (b"\x1f\x8b\x08\0", "a gzip archive"),
        ] {
            for name in ["a", "a.png", "a.xyz", "a.ply", "a.obj"] {
                let line = refusal(name, head);
                assert!(
                    line.starts_with(&format!("is {what}, not a file of points; ")),
                    "{line}"
                );
                let archive = what.ends_with("archive");
                assert_eq!(line.contains("unpack it"), archive, "{line}");
                assert_ne!(line.contains("glyptic etch"), archive, "{line}");
            }
        }
        // Letters that begin a picture too.
        let text = points_of("a.txt", b"BM of columns\n1 2 3\n");
        assert_eq!(text, [[1.0, 2.0, 3.0]]);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(Error::Read { .. })));
        assert!(matches!(
            read(&folder.path().join("missing.xyz")),
            Err(Error::Read { .. })
        ));
        let device = PathBuf::from("/dev/zero");
        assert!(!device.exists() || read(&device).is_err());
    }
}
