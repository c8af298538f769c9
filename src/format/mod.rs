//! Point file formats, read and write, streaming; files appear whole or not at all.

mod atomic;
mod bspc;
mod cad;
mod collect;
mod columns;
mod digits;
mod dxf;
mod dxf_read;
mod dxf_skeleton;
#[cfg(feature = "las")]
mod las;
mod name;
mod npy;
mod obj;
mod pcd;
mod ply;
mod pts;
mod read;
mod records;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod text_settings;

use std::io::{self, Write};
use std::path::Path;

use ply_rs::ply::Encoding;

pub use self::atomic::{Batch, Written, check_targets, write_whole};
use self::collect::Collector;
pub(crate) use self::digits::LARGEST_COORDINATE;
pub use self::name::Format;
pub use self::read::{READ_ONLY, read, read_bytes};
pub use self::text_settings::{Separator, TextSettings};

use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Writes a cloud as [`write_with`] does, with the default [`TextSettings`].
///
/// # Errors
///
/// Those of [`write_with`].
pub fn write(
    cloud: &Cloud,
    format: Format,
    comments: &[String],
    path: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    write_with(cloud, format, comments, &TextSettings::default(), path, out)
}

/// Writes a cloud; `comments` go where the format has room for them, below lines that tell units and
/// frame. `text` says how lines of columns look.
///
/// Chunks are formatted by all threads of rayon's current pool while others are written; memory does
/// not grow with the cloud.
///
/// # Errors
///
/// [`Error::Setting`] for decimals out of range; [`Error::Write`] with `path`: what `out` returns, a
/// coordinate that is not finite or beyond 100 m, or a number of points that the format cannot hold
/// (BSPC: none, or more than 10 million).
pub fn write_with(
    cloud: &Cloud,
    format: Format,
    comments: &[String],
    text: &TextSettings,
    path: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let frame = FRAME.map(str::to_owned);
    write_stating(cloud, format, &[&frame, comments].concat(), text, path, out)
}

/// As [`write_with`], for coordinates in another unit or frame: `comments` say that themselves.
///
/// # Errors
///
/// Those of [`write_with`].
pub fn write_stating(
    cloud: &Cloud,
    format: Format,
    comments: &[String],
    text: &TextSettings,
    path: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let refused = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    text.check()?;
    check_finite(cloud).map_err(refused)?;
    match format {
        Format::Dxf(dialect) => dxf::write(cloud, dialect, comments, out),
        Format::PlyBinary => ply::write(cloud, Encoding::BinaryLittleEndian, comments, out),
        Format::PlyAscii => ply::write(cloud, Encoding::Ascii, comments, out),
        Format::Xyz | Format::Asc | Format::Txt => {
            columns::write(cloud, Separator::Space, text, out)
        }
        Format::Csv => columns::write(cloud, Separator::Comma, text, out),
        Format::Pts => pts::write(cloud, out),
        Format::PcdBinary => pcd::write(cloud, pcd::Data::Binary, comments, out),
        Format::PcdAscii => pcd::write(cloud, pcd::Data::Ascii, comments, out),
        Format::Bspc => bspc::write(cloud, out),
        Format::Obj => obj::write(cloud, comments, out),
        Format::Npy => npy::write(cloud, out),
        #[cfg(feature = "las")]
        Format::Las => las::write(cloud, comments, out),
    }
    .map_err(refused)
}

/// What every file that has room for comments says of its numbers.
const FRAME: [&str; 2] = [
    "units millimetres",
    "frame x right, y up, z toward the viewer, origin at the centre of the blank",
];

/// Refuses coordinates that have no digits.
fn check_finite(cloud: &Cloud) -> io::Result<()> {
    let within = |value: &f32| value.abs() <= LARGEST_COORDINATE;
    for (axis, values) in [
        ("x", cloud.x_mm()),
        ("y", cloud.y_mm()),
        ("z", cloud.z_mm()),
    ] {
        // Without a way out of the loop it takes the speed of memory; the place is found afterwards.
        if !values.iter().fold(true, |all, value| all & within(value)) {
            let index = values.iter().position(|value| !within(value)).unwrap_or(0);
            let (number, value, limit) = (index + 1, values[index], LARGEST_COORDINATE);
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "point {number} has {axis} = {value}; coordinates are at most {limit} in the unit of the file"
                ),
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
