//! Point file formats, read and write, streaming; files appear whole or not at all.

mod atomic;
mod collect;
mod digits;
mod dxf;
mod dxf_read;
mod dxf_skeleton;
mod name;
mod ply;
mod stream;
mod text;
mod xyz;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use ply_rs::ply::Encoding;

pub use self::atomic::{Batch, Written, check_targets, write_whole};
use self::collect::Collector;

use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::settings::DxfDialect;

/// A point file format that glyptic writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// AutoCAD DXF with POINT entities.
    Dxf(DxfDialect),
    /// PLY, binary little endian.
    PlyBinary,
    /// PLY as text.
    PlyAscii,
    /// `x y z` a line.
    Xyz,
}

impl Format {
    /// Every format, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::Dxf(DxfDialect::Cockpit),
        Self::Dxf(DxfDialect::Venus3d),
        Self::Dxf(DxfDialect::R12),
        Self::Dxf(DxfDialect::Ac1015),
        Self::PlyBinary,
        Self::PlyAscii,
        Self::Xyz,
    ];

    /// The format that a file's extension (or a name: `dxf`, `ply`, `xyz`) asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub fn from_extension(extension: &str, dialect: DxfDialect, ascii: bool) -> Result<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "dxf" => Ok(Self::Dxf(dialect)),
            "ply" if ascii => Ok(Self::PlyAscii),
            "ply" => Ok(Self::PlyBinary),
            "xyz" => Ok(Self::Xyz),
            _ => Err(Error::Unknown {
                kind: "format",
                name: extension.to_owned(),
                known: "dxf, ply, xyz".to_owned(),
            }),
        }
    }

    /// The extension of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Dxf(_) => "dxf",
            Self::PlyBinary | Self::PlyAscii => "ply",
            Self::Xyz => "xyz",
        }
    }

    /// Digits after the decimal point; `None` for binary formats.
    #[must_use]
    pub fn decimals(self) -> Option<u32> {
        match self {
            Self::Dxf(DxfDialect::Cockpit | DxfDialect::Venus3d) => Some(2),
            Self::PlyBinary => None,
            _ => Some(4),
        }
    }
}

/// Writes a cloud; `comments` go where the format has room for them, below lines that tell units and
/// frame.
///
/// Chunks are formatted by all threads of rayon's current pool while others are written; memory does
/// not grow with the cloud.
///
/// # Errors
///
/// [`Error::Write`] with `path`: what `out` returns, or a coordinate that is not finite or beyond
/// 100 m.
pub fn write(
    cloud: &Cloud,
    format: Format,
    comments: &[String],
    path: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let frame = FRAME.map(str::to_owned);
    write_stating(cloud, format, &[&frame, comments].concat(), path, out)
}

/// As [`write()`], for coordinates in another unit or frame: `comments` say that themselves.
///
/// # Errors
///
/// Those of [`write()`].
pub fn write_stating(
    cloud: &Cloud,
    format: Format,
    comments: &[String],
    path: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let refused = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    check_finite(cloud).map_err(refused)?;
    match format {
        Format::Dxf(dialect) => dxf::write(cloud, dialect, comments, out),
        Format::PlyBinary => ply::write(cloud, Encoding::BinaryLittleEndian, comments, out),
        Format::PlyAscii => ply::write(cloud, Encoding::Ascii, comments, out),
        Format::Xyz => xyz::write(cloud, out),
    }
    .map_err(refused)
}

/// Reads a cloud from a file, told by its content, and by its extension where the content leaves
/// a choice.
///
/// Memory follows the file's length, not the counts in its header.
///
/// # Errors
///
/// [`Error::Read`]; [`Error::Content`] with line or vertex where the file is damaged, cut short,
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
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    (&file).take(4096).read_to_end(&mut head).map_err(fail)?;
    if head.is_empty() {
        return Err(Error::content(path, "is empty", "give a file of points"));
    }
    file.rewind().map_err(fail)?;
    let extension = path
        .extension()
        .map(|extension| extension.to_ascii_lowercase());
    let has_extension = |wanted: &str| extension.as_ref().is_some_and(|found| found == wanted);
    if head.starts_with(b"ply\n") || head.starts_with(b"ply\r") || has_extension("ply") {
        ply::read(path, file)
    } else if head.starts_with(b"AutoCAD Binary DXF") {
        let what = "is a DXF in binary form";
        Err(Error::content(path, what, "export it as DXF in text form"))
    } else if starts_as_dxf(&head) || has_extension("dxf") {
        dxf_read::read(path, file)
    } else {
        xyz::read(path, file)
    }
}

/// What every file that has room for comments says of its numbers.
const FRAME: [&str; 2] = [
    "units millimetres",
    "frame x right, y up, z toward the viewer, origin at the centre of the blank",
];

/// Whether the first pair of lines is that of a DXF: a section, or a remark.
fn starts_as_dxf(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    matches!(
        (lines.next(), lines.next()),
        (Some(b"0"), Some(b"SECTION")) | (Some(b"999"), Some(_))
    )
}

/// Refuses coordinates that have no digits.
fn check_finite(cloud: &Cloud) -> io::Result<()> {
    let within = |value: &f32| value.abs() <= digits::LARGEST_MM;
    for (axis, values) in [
        ("x", cloud.x_mm()),
        ("y", cloud.y_mm()),
        ("z", cloud.z_mm()),
    ] {
        // Without a way out of the loop it takes the speed of memory; the place is found afterwards.
        if !values.iter().fold(true, |all, value| all & within(value)) {
            let index = values.iter().position(|value| !within(value)).unwrap_or(0);
            let (number, value, limit) = (index + 1, values[index], digits::LARGEST_MM);
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("point {number} has {axis} = {value}; coordinates are at most {limit} mm"),
            ));
        }
    }
    Ok(())
}

/// A comment on one line, in ASCII, as every format's readers take it.
fn one_line(comment: &str) -> String {
    let plain = |c: char| match c {
        ' '..='~' => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    };
    comment.trim().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    /// Writes and reads back through a file, as a user does.
    fn round_trip(cloud: &Cloud, format: Format) -> Result<Cloud> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join("cloud")
            .with_extension(format.extension());
        let comment = "made by a test, größer\nthan ASCII".to_owned();
        write_whole(&path, |out| write(cloud, format, &[comment], &path, out))?;
        read(&path)
    }

    fn read_bytes(name: &str, bytes: &[u8]) -> Result<Cloud> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    }

    /// Reads what must be refused; the message without the path.
    fn refusal(name: &str, bytes: &[u8]) -> String {
        let error = read_bytes(name, bytes).expect_err(name);
        let message = error.to_string();
        assert!(!message.contains('\n'), "one line: {message}");
        assert!(matches!(error, Error::Content { .. }), "{message}");
        message
            .split_once(&format!("{name}: "))
            .expect("the path")
            .1
            .to_owned()
    }

    fn on_grid(points: &[[i32; 3]], step: f64) -> Cloud {
        let mut cloud = Cloud::default();
        for point in points {
            cloud.push(point.map(|n| (f64::from(n) * step) as f32));
        }
        cloud
    }

    #[test]
    fn formats_have_distinct_ways_and_known_extensions() {
        for format in Format::ALL {
            let found = Format::from_extension(format.extension(), DxfDialect::Cockpit, false);
            assert!(found.is_ok(), "{format:?}");
        }
        assert!(Format::from_extension("doc", DxfDialect::Cockpit, false).is_err());
    }

    #[test]
    fn an_empty_cloud_survives_every_format() {
        for format in Format::ALL {
            match round_trip(&Cloud::default(), format) {
                Ok(cloud) => assert!(cloud.is_empty(), "{format:?}"),
                // Text without a header has nothing to say.
                Err(error) => assert_eq!(format, Format::Xyz, "{error}"),
            }
        }
    }

    #[test]
    fn coordinates_without_digits_are_not_written() {
        for bad in [f32::NAN, f32::INFINITY, 1e9] {
            let mut cloud = on_grid(&[[0, 0, 0]], 1.0);
            cloud.push([0.0, bad, 0.0]);
            for format in Format::ALL {
                let error = round_trip(&cloud, format).unwrap_err().to_string();
                assert!(error.contains("point 2 has y = "), "{error}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn clouds_survive_every_format_within_its_precision(
            points in prop::collection::vec([-62_500_i32..62_500, -62_500..62_500, -30_000..30_000], 1..200)
        ) {
            let fine = on_grid(&points, 0.001);
            let coarse = on_grid(&points, 0.01);
            for format in Format::ALL {
                prop_assert_eq!(&round_trip(&coarse, format).unwrap(), &coarse, "{:?}", format);
                if format.decimals() != Some(2) {
                    prop_assert_eq!(&round_trip(&fine, format).unwrap(), &fine, "{:?}", format);
                }
            }
        }

        #[test]
        fn damaged_files_are_refused_or_read_and_never_panic(
            cut in 0.0_f64..1.0, place in 0.0_f64..1.0, byte in any::<u8>()
        ) {
            let cloud = on_grid(&[[1, 2, 3], [-400, 500, 60], [7, 8, -9]], 0.01);
            for format in Format::ALL {
                let mut bytes = Vec::new();
                write(&cloud, format, &[], Path::new("test"), &mut bytes).unwrap();
                let name = format!("cloud.{}", format.extension());
                let cut = (cut * bytes.len() as f64) as usize;
                if let Ok(read) = read_bytes(&name, &bytes[..cut]) {
                    // Text without a count or an end cannot tell; everything else must.
                    let only_newlines_lost = bytes[cut..].iter().all(|byte| *byte == b'\n');
                    prop_assert!(format == Format::Xyz || format == Format::PlyAscii || only_newlines_lost);
                    prop_assert!(read.len() <= cloud.len());
                }
                let place = (place * bytes.len() as f64) as usize;
                bytes[place] = byte;
                if let Ok(read) = read_bytes(&name, &bytes) {
                    prop_assert!(read.len() <= cloud.len() + 1);
                    prop_assert!(read.points().flatten().all(f32::is_finite));
                }
            }
        }
    }

    #[test]
    fn dxf_of_other_programs_is_read() {
        let foreign = b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n  9\r\n$ACADVER\r\n  1\r\nAC1027\r\n  0\r\nENDSEC\r\n\
            999\r\na remark\r\n  0\r\nSECTION\r\n  2\r\nBLOCKS\r\n  0\r\nPOINT\r\n 10\r\n9\r\n 20\r\n9\r\n  0\r\nENDSEC\r\n\
            0\r\nSECTION\r\n  2\r\nENTITIES\r\n  0\r\nPOINT\r\n  5\r\n1A\r\n330\r\n1F\r\n100\r\nAcDbEntity\r\n  8\r\nL\xe4yer\r\n\
            100\r\nAcDbPoint\r\n 10\r\n 1.25E+01 \r\n 20\r\n-7e-2\r\n 30\r\n+3\r\n210\r\n0\r\n\
            0\r\nLINE\r\n 10\r\n5\r\n 20\r\n5\r\n 11\r\n6\r\n 21\r\n6\r\n\
            0\r\nPOINT\r\n 20\r\n2\r\n 10\r\n1\r\n  0\r\nENDSEC\r\n  0\r\nEOF\r\n";
        let cloud = read_bytes("a.dxf", foreign).unwrap();
        assert_eq!(
            cloud.points().collect::<Vec<_>>(),
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
            let cloud = read_bytes("a.ply", &bytes).unwrap();
            assert_eq!(cloud.points().collect::<Vec<_>>(), [[7.0, 0.5, -10.78]]);
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
            let found = read_bytes("a.ply", &with(format, &nothing, "123456789012"));
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
        let message = refusal("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\n");
        assert!(message.contains("no `end_header`"), "{message}");
        let message = refusal("a.ply", b"ply\nformat cuneiform 1.0\nend_header\n");
        assert!(message.starts_with("line 2: "), "{message}");
    }

    #[test]
    fn lines_of_numbers_are_read_with_any_separator() {
        let text = b"x,y,z\n# a remark\n1,2,3\n4;5;6;255\n\n 7\t8  9e0 1 2 3\r\n//end\n";
        let cloud = read_bytes("a.csv", text).unwrap();
        let expected = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]];
        assert_eq!(cloud.points().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_that_are_no_points_are_refused_with_their_number() {
        for (bytes, expected) in [
            (&b"1 2 3\n1 2\n"[..], "line 2 has fewer than three numbers"),
            (b"1 2 3\n\n1 2 cat\n", "line 3: `cat` is not a number"),
            (b"1 2 3\n1 inf 3\n", "line 2: y = inf is not finite"),
            (b"1 2 1e300\n", "line 1: z = 1"),
            (b"\x89PNG\r\n\x1a\n\0\0", "line 1: "),
            (b"", "is empty"),
        ] {
            let message = refusal("a.xyz", bytes);
            assert!(message.starts_with(expected), "{message}");
        }
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
