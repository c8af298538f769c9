//! Photo files -> [`Photo`]: linear luminance, upright, in a known light.
//!
//! First stage of the pipeline. The file is recognised by its content, its size is checked
//! against the limit before memory is taken, the decoder of its format delivers the stored
//! samples, and these become luminance row by row, through the file's colour profile and its
//! EXIF orientation, in parallel over groups of rows.
//!
//! Rules that hold for all formats:
//!
//! - No profile means sRGB, for float samples too (0 is black, 1 is white).
//! - Pixels that are unknown (undecoded rows of a cut-off JPEG, NaN) become transparent.
//! - Where alpha is 0, luminance is 0: whatever colour stands there never shows.
//!
//! Not promised: HDR gain maps, PNG `gAMA` and `cICP` chunks, and all pictures of a file but the
//! first are ignored.

mod color;
mod curve;
pub(crate) mod decode;
mod jpeg;
mod kind;
mod light;
mod limit;
pub(crate) mod metadata;
pub(crate) mod orientation;
mod profile;
mod stored;
mod tiff;

use std::path::Path;

use crate::error::Result;
use crate::grid::Grid;

pub(crate) use kind::recognised;

/// A decoded photo, upright, in linear light.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Relative luminance in linear light (CIE Y, white = 1), 0 to 1.
    pub luminance: Grid<f32>,
    /// Opacity, 0 to 1, of the same size; `None` where the file has none or is opaque everywhere.
    pub alpha: Option<Grid<f32>>,
    /// What the user should know: damaged parts, unusable profile.
    pub warnings: Vec<String>,
}

/// Decodes a photo by its content.
///
/// Holds the stored samples and the luminance at the same time: 5 bytes a pixel for 8-bit grey, 7
/// for RGB, 10 for 16-bit RGB, 4 more with an alpha channel. Progressive JPEG takes 2 more a
/// sample while it is decoded.
///
/// # Errors
///
/// [`crate::Error::Read`], [`crate::Error::Content`]; [`crate::Error::Setting`] for a limit that
/// is not a positive number.
pub fn decode(path: &Path, max_megapixels: f64) -> Result<Photo> {
    let stored = decode::stored(path, max_megapixels)?;
    light::photo(path, &stored)
}

/// Decodes a photo and a small copy of its colours: sRGB, upright, at most about
/// [`COLOR_PIXELS`] pixels, over the whole photo. Finding the subject needs colours; nothing else
/// does.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_in_color(path: &Path, max_megapixels: f64) -> Result<(Photo, Grid<[u8; 3]>)> {
    let stored = decode::stored(path, max_megapixels)?;
    let color = color::small_copy(&stored);
    Ok((light::photo(path, &stored)?, color))
}

/// Most pixels of the small copy in colour. A megapixel keeps hair of a portrait apart, and is
/// what a segmentation can work on in a second.
pub const COLOR_PIXELS: usize = 1_000_000;
