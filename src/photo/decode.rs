//! File -> [`Stored`]: opens, recognises, checks the size, and calls the format's decoder.
//!
//! PNG, WebP, BMP and GIF go through `image`; JPEG and TIFF have files of their own. The decoders
//! read what strangers send: whatever one of them does, a panic included, ends in one line.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageResult, Limits};

use super::kind::{HEAD_BYTES, Kind};
use super::light::Sample;
use super::limit::PixelLimit;
use super::stored::{Alpha, Model, Samples, Stored};
use super::{jpeg, tiff};
use crate::error::{Error, Result};
use crate::grid::Grid;

/// Memory for what stands before the pixels of a PNG: profile, texts. Real profiles stay under
/// 4 MiB; without a cap a few kilobytes of compressed profile could ask for gigabytes.
const HEADER_BYTES: u64 = 64 << 20;

/// Decodes a file of any known format.
pub(super) fn stored(path: &Path, max_megapixels: f64) -> Result<Stored> {
    let limit = PixelLimit::new(max_megapixels)?;
    let (mut file, head) = open(path)?;
    let kind = Kind::of(path, &head)?;
    guarded(path, kind, || match kind {
        Kind::Jpeg => jpeg::stored(path, &read_all(path, &mut file, limit)?, limit),
        Kind::Tiff => tiff::stored(path, file, limit),
        Kind::Png => {
            check_png(path, &head, limit)?;
            through_image(path, kind, png(file), limit)
        }
        Kind::WebP => through_image(path, kind, WebPDecoder::new(file), limit),
        Kind::Bmp => through_image(path, kind, BmpDecoder::new(file), limit),
        Kind::Gif => through_image(path, kind, GifDecoder::new(file), limit),
    })
}

/// Turns a decoder's panic into an error: a photo must not take the program down.
pub(super) fn guarded<T>(path: &Path, kind: Kind, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(damaged(path, kind, "the decoder gave up")))
}

/// Decodes a JPEG, PNG or WebP from inside another file, which `path` names in errors, to the samples of
/// its first or, in colour, its green channel: 0 to 1, as stored, neither turned nor made light.
pub(crate) fn channel(path: &Path, bytes: &[u8], max_megapixels: f64) -> Result<Grid<f32>> {
    let limit = PixelLimit::new(max_megapixels)?;
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let kind = Kind::of(path, head)?;
    let source = Cursor::new(bytes);
    let stored = guarded(path, kind, || match kind {
        Kind::Jpeg => jpeg::stored(path, bytes, limit),
        Kind::Png => {
            check_png(path, head, limit)?;
            through_image(path, kind, png(source), limit)
        }
        Kind::WebP => through_image(path, kind, WebPDecoder::new(source), limit),
        _ => Err(unsupported(path, kind, "inside another file")),
    })?;
    let (channels, offset) = (stored.channels(), usize::from(stored.model != Model::Grey));
    let values = match &stored.samples {
        Samples::U8(samples) => units(samples, channels, offset),
        Samples::U16(samples) => units(samples, channels, offset),
        Samples::F32(samples) => units(samples, channels, offset),
    };
    Ok(Grid::from_values(stored.width, stored.height, values).expect("one sample a pixel"))
}

fn units<T: Sample>(samples: &[T], channels: usize, offset: usize) -> Vec<f32> {
    let channel = samples.iter().skip(offset).step_by(channels);
    channel.map(|sample| sample.unit()).collect()
}

/// Opens a regular file and reads its first bytes; the reader stands at the start again.
pub(crate) fn open(path: &Path) -> Result<(BufReader<File>, Vec<u8>)> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before opening: a pipe without a writer would block.
    let metadata = path.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::content(path, "is a folder", "name a photo in it"));
    }
    if !metadata.is_file() {
        return Err(Error::content(
            path,
            "is a device or a pipe, not a file",
            "save the photo to a file first",
        ));
    }
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref()
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok((file, head))
}

/// Reads a whole file that is not absurdly large for a photo within the limit.
fn read_all(path: &Path, file: &mut BufReader<File>, limit: PixelLimit) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit.file_bytes() + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() as u64 > limit.file_bytes() {
        return Err(Error::content(
            path,
            format!(
                "the JPEG file is larger than {} MB, more than its pixels can take",
                limit.file_bytes() / 1_000_000
            ),
            "save the photo again, or raise --max-megapixels",
        ));
    }
    Ok(bytes)
}

/// Checks the size in the first chunk of a PNG; its decoder makes room for rows before it can be
/// asked.
fn check_png(path: &Path, head: &[u8], limit: PixelLimit) -> Result<()> {
    let number = |at: usize| {
        let bytes = head.get(at..)?.first_chunk()?;
        Some(u64::from(u32::from_be_bytes(*bytes)))
    };
    match (number(16), number(20)) {
        (Some(width), Some(height)) => limit.check(path, width, height),
        _ => Err(damaged(path, Kind::Png, "it has no header")),
    }
}

/// A decoder of PNG that has read all that stands before the pixels.
pub(super) fn png<R: BufRead + Seek>(source: R) -> ImageResult<PngDecoder<R>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(HEADER_BYTES);
    PngDecoder::with_limits(source, limits)
}

/// Decodes with one of `image`'s decoders, size and memory checked before.
fn through_image(
    path: &Path,
    kind: Kind,
    decoder: ImageResult<impl ImageDecoder>,
    limit: PixelLimit,
) -> Result<Stored> {
    let failed = |error: ImageError| image_error(path, kind, &error);
    let mut decoder = decoder.map_err(failed)?;
    let (width, height) = decoder.dimensions();
    limit.check(path, width.into(), height.into())?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limit.bytes());
    // `from_decoder` allocates whatever the decoder asks for; this is where it is refused.
    limits.reserve(decoder.total_bytes()).map_err(failed)?;
    decoder.set_limits(limits).map_err(failed)?;

    let mut warnings = Vec::new();
    let profile = decoder.icc_profile().unwrap_or_else(|_| {
        warnings.push("the colour profile cannot be read; sRGB is assumed".to_owned());
        None
    });
    let exif = decoder.exif_metadata().ok().flatten();
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    let mut stored =
        from_image(image).ok_or_else(|| damaged(path, kind, "its samples do not fit its size"))?;
    stored.orientation = orientation(exif.as_deref());
    stored.profile = profile;
    stored.warnings = warnings;
    Ok(stored)
}

fn from_image(image: DynamicImage) -> Option<Stored> {
    use DynamicImage as Image;
    let size = (image.width() as usize, image.height() as usize);
    let (model, alpha, samples) = match image {
        Image::ImageLuma8(b) => (Model::Grey, Alpha::None, Samples::U8(b.into_raw())),
        Image::ImageLumaA8(b) => (Model::Grey, Alpha::Straight, Samples::U8(b.into_raw())),
        Image::ImageRgb8(b) => (Model::Rgb, Alpha::None, Samples::U8(b.into_raw())),
        Image::ImageRgba8(b) => (Model::Rgb, Alpha::Straight, Samples::U8(b.into_raw())),
        Image::ImageLuma16(b) => (Model::Grey, Alpha::None, Samples::U16(b.into_raw())),
        Image::ImageLumaA16(b) => (Model::Grey, Alpha::Straight, Samples::U16(b.into_raw())),
        Image::ImageRgb16(b) => (Model::Rgb, Alpha::None, Samples::U16(b.into_raw())),
        Image::ImageRgba16(b) => (Model::Rgb, Alpha::Straight, Samples::U16(b.into_raw())),
        other => (
            Model::Rgb,
            Alpha::Straight,
            Samples::F32(other.into_rgba32f().into_raw()),
        ),
    };
    Stored::new(size, model, alpha, samples)
}

/// The orientation in a block of EXIF data; upright where there is none.
pub(super) fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// A decoder's words as part of a line of ours.
pub(super) fn one_line(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_matches(['.', '"']).to_owned()
}

/// The error for a file of a known format that does not decode.
pub(super) fn damaged(path: &Path, kind: Kind, why: &str) -> Error {
    Error::content(
        path,
        format!(
            "the {} file is damaged or cut off ({})",
            kind.name(),
            one_line(why)
        ),
        "copy it again, or save it anew from the original",
    )
}

/// The error for a file that is sound, and whose variant of the format is not decoded.
pub(super) fn unsupported(path: &Path, kind: Kind, what: &str) -> Error {
    Error::content(
        path,
        format!(
            "this kind of {} is not decoded ({})",
            kind.name(),
            one_line(what)
        ),
        "save it as plain PNG, TIFF or JPEG",
    )
}

fn image_error(path: &Path, kind: Kind, error: &ImageError) -> Error {
    match error {
        ImageError::Unsupported(what) => unsupported(path, kind, &what.to_string()),
        ImageError::Limits(_) => Error::content(
            path,
            format!("the {} file asks for too much memory", kind.name()),
            "save it anew, or raise --max-megapixels",
        ),
        ImageError::IoError(why) => damaged(path, kind, &why.to_string()),
        other => damaged(path, kind, &other.to_string()),
    }
}
