//! Depth files: grey PNG, JPEG, TIFF, WebP, BMP or GIF of 8 or 16 bit; TIFF, OpenEXR, PFM and NPY of
//! floating point.
//!
//! The file is told by its content, not by its name, and turned upright as a photo would be.
//! Values come out as they stand in the file; what is near is decided by the caller. Alpha 0 means
//! that nothing is known.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, ImageReader, Luma, imageops};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::{floats, open_exr};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::settings::DepthKind;

/// Largest depth map, in pixels: as for photos. A larger one adds nothing to a relief of some
/// 1000 x 1000 values, and takes over a gigabyte.
const MAX_PIXELS: u64 = 150_000_000;

/// Largest file, bytes: 150 MP in double precision and a little.
const MAX_BYTES: u64 = 1_300_000_000;

/// Largest mean difference between the channels, as a fraction of the range, of a picture that is
/// still grey. JPEG noise gives 0.01; false-colour depth (turbo, inferno) over 0.3.
const MAX_COLOUR: f64 = 0.06;

/// How the values of a depth file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// Whole numbers of 8 bits.
    Bits8,
    /// Whole numbers of 16 bits and more.
    Bits16,
    /// Floating point.
    Float,
}

impl Sample {
    /// The words for a report.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Bits8 => "8 bit",
            Self::Bits16 => "16 bit",
            Self::Float => "float",
        }
    }
}

/// The values of a depth file as they stand there, NaN where it says nothing.
pub(super) struct Stored {
    pub(super) values: Grid<f32>,
    pub(super) sample: Sample,
    /// What the values mean, where the file says so.
    pub(super) kind: Option<DepthKind>,
}

/// Reads a depth file, upright.
pub(super) fn read(path: &Path) -> Result<Stored> {
    let bytes = read_bytes(path)?;
    if open_exr::is_exr(&bytes) {
        return open_exr::decode(path, &bytes);
    }
    if floats::is_pfm(&bytes) {
        return floats::decode_pfm(path, &bytes);
    }
    if floats::is_npy(&bytes) {
        return floats::decode_npy(path, &bytes);
    }
    let (pixels, sample, orientation) = match bytes.get(..4) {
        Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+") => decode_tiff(path, &bytes)?,
        _ => decode_picture(path, &bytes)?,
    };
    let pixels = upright(pixels, orientation);
    let (width, height) = pixels.dimensions();
    let values = Grid::from_values(width as usize, height as usize, pixels.into_raw())
        .ok_or_else(|| Error::content(path, "holds no pixels", "give a depth map"))?;
    Ok(Stored {
        values,
        sample,
        kind: None,
    })
}

type Pixels = ImageBuffer<Luma<f32>, Vec<f32>>;

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let read_error = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let length = fs::metadata(path).map_err(read_error)?.len();
    if length > MAX_BYTES {
        return Err(Error::content(
            path,
            format!("depth map of {length} bytes, over the limit of {MAX_BYTES}"),
            "give a smaller one",
        ));
    }
    let bytes = fs::read(path).map_err(read_error)?;
    if bytes.is_empty() {
        return Err(Error::content(path, "is empty", "give a depth map"));
    }
    Ok(bytes)
}

/// Refuses a size that is 0 or over the limit.
pub(super) fn check_size(path: &Path, width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(Error::content(
            path,
            format!("depth map of {width} x {height} pixels, limit {MAX_PIXELS} in all"),
            "resize it; 1000 x 1000 is plenty",
        ));
    }
    Ok(())
}

/// The error for what a decoder cannot read.
pub(super) fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> Error {
    // Decoders may answer in several lines.
    let reason = reason.to_string().replace('\n', " ");
    Error::content(
        path,
        format!("depth map cannot be decoded: {reason}"),
        "export it again as grey PNG, TIFF, EXR, PFM or NPY",
    )
}

fn decode_picture(path: &Path, bytes: &[u8]) -> Result<(Pixels, Sample, Orientation)> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| unreadable(path, &error))?;
    let Some(format) = reader.format() else {
        return Err(Error::content(
            path,
            "is not a picture in a known format",
            "give the depth map as grey PNG, JPEG, TIFF, EXR, PFM or NPY",
        ));
    };
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        // The decoder would fill the missing rows with grey, a wall at mid depth.
        return Err(unreadable(path, &"the file ends before the picture does"));
    }
    // The pixel limit below is the real one; this one stops chunks that unpack without end.
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MAX_PIXELS * 8);
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| unreadable(path, &error))?;
    let (width, height) = decoder.dimensions();
    check_size(path, width, height)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| unreadable(path, &error))?;
    let (pixels, sample) = match &picture {
        DynamicImage::ImageLuma8(p) => (grey::<1, false>(path, p.as_raw())?, Sample::Bits8),
        DynamicImage::ImageLumaA8(p) => (grey::<2, true>(path, p.as_raw())?, Sample::Bits8),
        DynamicImage::ImageRgb8(p) => (grey::<3, false>(path, p.as_raw())?, Sample::Bits8),
        DynamicImage::ImageRgba8(p) => (grey::<4, true>(path, p.as_raw())?, Sample::Bits8),
        DynamicImage::ImageLuma16(p) => (grey::<1, false>(path, p.as_raw())?, Sample::Bits16),
        DynamicImage::ImageLumaA16(p) => (grey::<2, true>(path, p.as_raw())?, Sample::Bits16),
        DynamicImage::ImageRgb16(p) => (grey::<3, false>(path, p.as_raw())?, Sample::Bits16),
        DynamicImage::ImageRgba16(p) => (grey::<4, true>(path, p.as_raw())?, Sample::Bits16),
        other => {
            let kind = format!("pixels of type {:?} are not supported", other.color());
            return Err(unreadable(path, &kind));
        }
    };
    let pixels = ImageBuffer::from_raw(width, height, pixels)
        .ok_or_else(|| unreadable(path, &"rows are missing"))?;
    Ok((pixels, sample, orientation))
}

/// Whether an end marker follows the last start of a scan.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    last([0xFF, 0xD9]) > last([0xFF, 0xDA])
}

/// Grey values from interleaved channels, NaN where alpha is 0.
///
/// Grey stored as colour is the mean of its channels; a coloured picture is refused, since the
/// order of its depths is not that of its brightness.
pub(super) fn grey<const CHANNELS: usize, const ALPHA: bool>(
    path: &Path,
    samples: &[impl Copy + Into<f32>],
) -> Result<Vec<f32>> {
    let colours = CHANNELS - usize::from(ALPHA);
    let mut spread = 0.0f64;
    let mut sum = 0.0f64;
    let values = samples
        .chunks_exact(CHANNELS)
        .map(|pixel| {
            if ALPHA && pixel[colours].into() == 0.0 {
                return f32::NAN;
            }
            let channels = pixel[..colours].iter().map(|&channel| channel.into());
            let (mut low, mut high, mut total) = (f32::INFINITY, f32::NEG_INFINITY, 0.0);
            for channel in channels {
                low = low.min(channel);
                high = high.max(channel);
                total += channel;
            }
            spread += f64::from(high - low);
            sum += f64::from(high);
            if colours == 1 {
                total
            } else {
                total / colours as f32
            }
        })
        .collect();
    if spread > 2.0 * MAX_COLOUR * sum {
        return Err(Error::content(
            path,
            "depth map is coloured, so its order of near and far is not known",
            "give the depth as a grey picture",
        ));
    }
    Ok(values)
}

fn decode_tiff(path: &Path, bytes: &[u8]) -> Result<(Pixels, Sample, Orientation)> {
    let failed = |error: tiff::TiffError| unreadable(path, &error);
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(failed)?;
    let (width, height) = decoder.dimensions().map_err(failed)?;
    check_size(path, width, height)?;
    let channels = decoder.colortype().map_err(failed)?;
    if !matches!(channels, tiff::ColorType::Gray(_)) {
        let kind = format!("TIFF pixels of type {channels:?}, wanted one grey channel");
        return Err(unreadable(path, &kind));
    }
    let orientation = decoder
        .find_tag_unsigned::<u8>(Tag::Orientation)
        .ok()
        .flatten()
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms);
    // Room for the pixels in the widest type; less would refuse 150 MP in double precision.
    let mut limits = tiff::decoder::Limits::default();
    limits.decoding_buffer_size = width as usize * height as usize * 8;
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    let mut decoder = decoder.with_limits(limits);
    let (values, sample) = match decoder.read_image().map_err(failed)? {
        DecodingResult::U8(v) => (v.into_iter().map(f32::from).collect(), Sample::Bits8),
        DecodingResult::I8(v) => (v.into_iter().map(f32::from).collect(), Sample::Bits8),
        DecodingResult::U16(v) => (v.into_iter().map(f32::from).collect(), Sample::Bits16),
        DecodingResult::I16(v) => (v.into_iter().map(f32::from).collect(), Sample::Bits16),
        DecodingResult::U32(v) => (v.into_iter().map(|x| x as f32).collect(), Sample::Bits16),
        DecodingResult::I32(v) => (v.into_iter().map(|x| x as f32).collect(), Sample::Bits16),
        DecodingResult::U64(v) => (v.into_iter().map(|x| x as f32).collect(), Sample::Bits16),
        DecodingResult::I64(v) => (v.into_iter().map(|x| x as f32).collect(), Sample::Bits16),
        DecodingResult::F16(v) => (v.into_iter().map(f32::from).collect(), Sample::Float),
        DecodingResult::F32(v) => (v, Sample::Float),
        DecodingResult::F64(v) => (v.into_iter().map(|x| x as f32).collect(), Sample::Float),
    };
    let pixels = ImageBuffer::from_raw(width, height, values)
        .ok_or_else(|| unreadable(path, &"rows are missing"))?;
    Ok((pixels, sample, orientation))
}

fn upright(pixels: Pixels, orientation: Orientation) -> Pixels {
    match orientation {
        Orientation::NoTransforms => pixels,
        Orientation::Rotate90 => imageops::rotate90(&pixels),
        Orientation::Rotate180 => imageops::rotate180(&pixels),
        Orientation::Rotate270 => imageops::rotate270(&pixels),
        Orientation::FlipHorizontal => imageops::flip_horizontal(&pixels),
        Orientation::FlipVertical => imageops::flip_vertical(&pixels),
        Orientation::Rotate90FlipH => imageops::flip_horizontal(&imageops::rotate90(&pixels)),
        Orientation::Rotate270FlipH => imageops::flip_horizontal(&imageops::rotate270(&pixels)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::{ExtendedColorType, ImageEncoder};
    use std::path::PathBuf;
    use tiff::encoder::{TiffEncoder, colortype};

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn png(data: &[u8], width: u32, height: u32, kind: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(data, width, height, kind)
            .unwrap();
        bytes
    }

    fn tiff_f32(values: &[f32], width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        TiffEncoder::new(&mut bytes)
            .unwrap()
            .write_image::<colortype::Gray32Float>(width, height, values)
            .unwrap();
        bytes.into_inner()
    }

    fn message(bytes: &[u8]) -> String {
        let (_folder, path) = file("depth.png", bytes);
        let text = read(&path).err().expect("it should be refused").to_string();
        assert!(!text.contains('\n'), "more than one line: {text}");
        text
    }

    #[test]
    fn values_come_out_as_they_stand_in_the_file() {
        let (_folder, path) = file("x", &png(&[0, 7, 255, 9], 2, 2, ExtendedColorType::L8));
        let stored = read(&path).unwrap();
        assert_eq!(stored.values.values(), [0.0, 7.0, 255.0, 9.0]);
        assert_eq!(stored.sample, Sample::Bits8);

        let wide: Vec<u8> = [513u16, 65535]
            .iter()
            .flat_map(|v| v.to_ne_bytes())
            .collect();
        let (_folder, path) = file("x", &png(&wide, 2, 1, ExtendedColorType::L16));
        let stored = read(&path).unwrap();
        assert_eq!(stored.values.values(), [513.0, 65535.0]);
        assert_eq!(stored.sample, Sample::Bits16);

        let (_folder, path) = file("x", &tiff_f32(&[1.5, f32::NAN, -2.0, 1e30], 4, 1));
        let stored = read(&path).unwrap();
        assert_eq!(stored.values.at(0, 0), 1.5);
        assert!(stored.values.at(1, 0).is_nan());
        assert_eq!(stored.values.at(3, 0), 1e30);
        assert_eq!(stored.sample, Sample::Float);
    }

    #[test]
    fn grey_stored_as_colour_is_read_and_alpha_zero_says_nothing() {
        let data = [50, 50, 50, 255, 60, 60, 60, 0];
        let (_folder, path) = file("x", &png(&data, 2, 1, ExtendedColorType::Rgba8));
        let stored = read(&path).unwrap();
        assert_eq!(stored.values.at(0, 0), 50.0);
        assert!(stored.values.at(1, 0).is_nan());
    }

    #[test]
    fn coloured_pictures_are_refused() {
        let data = [200, 30, 10, 20, 180, 90];
        let text = message(&png(&data, 2, 1, ExtendedColorType::Rgb8));
        assert!(text.contains("coloured"), "{text}");
    }

    #[test]
    fn bad_files_get_one_line() {
        assert!(message(b"").contains("empty"));
        assert!(message(b"this is text").contains("not a picture"));
        assert!(message(b"II*\0\x08\0\0\0").contains("cannot be decoded"));
        let whole = png(&[9; 400], 20, 20, ExtendedColorType::L8);
        assert!(message(&whole[..whole.len() / 2]).contains("cannot be decoded"));
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg)
            .encode(&[90; 6400], 80, 80, ExtendedColorType::L8)
            .unwrap();
        assert!(message(&jpeg[..jpeg.len() - 20]).contains("ends before"));
        let float = tiff_f32(&[0.5; 400], 20, 20);
        assert!(message(&float[..float.len() - 900]).contains("cannot be decoded"));
    }

    #[test]
    fn bombs_are_refused_before_memory_is_taken() {
        let mut bytes = png(&[9; 4], 2, 2, ExtendedColorType::L8);
        // Width and height stand at 16 and 20 in the header chunk, whose checksum ends at 33.
        bytes[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
        let text = message(&bytes);
        assert!(text.contains("limit") || text.contains("decoded"), "{text}");
    }

    #[test]
    fn missing_files_and_folders_cannot_be_read() {
        for path in ["/no/such/depth.png", "/"] {
            let error = read(Path::new(path)).err().unwrap();
            assert!(matches!(error, Error::Read { .. }), "{error}");
        }
    }
}
