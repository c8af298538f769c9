//! TIFF: 1 to 32 bits a sample, integer or float, grey, RGB, CMYK, YCbCr, with or without alpha.
//!
//! The `tiff` crate is spoken to directly: `image` refuses float grey and does not tell whether
//! colours are premultiplied. Not decoded: palettes, Lab, signed samples; raw files of cameras in
//! TIFF's clothes (DNG) hold only a thumbnail where a photo is expected and are refused.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::metadata::Orientation;
use tiff::ColorType;
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::decode::{damaged, unsupported};
use super::jpeg::rgb_from_ycbcr;
use super::kind::Kind;
use super::limit::PixelLimit;
use super::stored::{Alpha, Model, Samples, Stored};
use crate::error::{Error, Result};

/// Largest value of a tag: profiles take the most, CMYK ones a few megabytes.
const TAG_BYTES: usize = 32 << 20;
/// The tag that makes a TIFF file a DNG.
const DNG_VERSION: Tag = Tag::Unknown(50706);

type Reader = Decoder<BufReader<File>>;

/// Decodes the first picture of a TIFF file.
pub(super) fn stored(path: &Path, file: BufReader<File>, limit: PixelLimit) -> Result<Stored> {
    let failed = |error: TiffError| tiff_error(path, &error);
    let mut reader = Decoder::new(file).map_err(failed)?;
    let (width, height) = reader.dimensions().map_err(failed)?;
    limit.check(path, width.into(), height.into())?;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(limit.bytes()).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = TAG_BYTES;
    reader = reader.with_limits(limits);
    if matches!(reader.find_tag(DNG_VERSION), Ok(Some(_))) {
        return Err(Error::content(
            path,
            "is a camera raw file (DNG), which is not decoded",
            "develop it first and save it as TIFF or JPEG",
        ));
    }

    let color = reader.colortype().map_err(failed)?;
    let (model, alpha) = meaning(&mut reader, color)
        .ok_or_else(|| unsupported(path, Kind::Tiff, &format!("{color:?}")))?;
    let orientation = reader
        .find_tag_unsigned::<u8>(Tag::Orientation)
        .ok()
        .flatten()
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms);
    let profile = reader.get_tag_u8_vec(Tag::IccProfile).ok();

    let mut decoded = DecodingResult::U8(Vec::new());
    let layout = reader.read_image_to_buffer(&mut decoded).map_err(failed)?;
    let size = (width as usize, height as usize);
    if let (ColorType::Gray(bits @ (1 | 2 | 4)), DecodingResult::U8(packed)) = (color, &decoded) {
        decoded = DecodingResult::U8(unpack(packed, size.0, bits));
    }
    let channels = model.channels() + usize::from(alpha != Alpha::None);
    let mut samples = samples(decoded, if layout.planes > 1 { channels } else { 1 })
        .ok_or_else(|| unsupported(path, Kind::Tiff, "signed or 64-bit integer samples"))?;
    if let (ColorType::YCbCr(_), Samples::U8(values)) = (color, &mut samples) {
        for pixel in values.as_chunks_mut::<3>().0 {
            *pixel = rgb_from_ycbcr(*pixel);
        }
    }
    let mut warnings = Vec::new();
    if let Samples::F32(values) = &mut samples {
        warnings = fit_floats(path, values, channels, model)?;
    }
    let mut stored = Stored::new(size, model, alpha, samples)
        .ok_or_else(|| damaged(path, Kind::Tiff, "its samples do not fit its size"))?;
    stored.orientation = orientation;
    stored.profile = profile;
    stored.warnings = warnings;
    Ok(stored)
}

/// What the channels are; `None` for what is not decoded.
fn meaning(reader: &mut Reader, color: ColorType) -> Option<(Model, Alpha)> {
    let extra = reader
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
        .ok()
        .flatten()
        .and_then(|extra| extra.first().copied());
    let alpha = match extra {
        Some(1) => Alpha::Premultiplied,
        // Simple writers add opacity to RGB and do not say so.
        Some(2) | None => Alpha::Straight,
        Some(_) => Alpha::Unrelated,
    };
    Some(match color {
        ColorType::Gray(1 | 2 | 4 | 8 | 16 | 32 | 64) => (Model::Grey, Alpha::None),
        ColorType::Multiband {
            bit_depth: 8 | 16 | 32 | 64,
            num_samples: 2,
        } => (Model::Grey, alpha),
        ColorType::RGB(8 | 16 | 32 | 64) | ColorType::YCbCr(8) => (Model::Rgb, Alpha::None),
        ColorType::RGBA(8 | 16 | 32 | 64) => (Model::Rgb, alpha),
        ColorType::CMYK(8 | 16 | 32 | 64) => (Model::Cmyk, Alpha::None),
        ColorType::CMYKA(8 | 16 | 32 | 64) => (Model::Cmyk, alpha),
        _ => return None,
    })
}

/// Spreads samples of 1, 2 or 4 bits to bytes; each row begins on a byte.
fn unpack(packed: &[u8], width: usize, bits: u8) -> Vec<u8> {
    let per_byte = usize::from(8 / bits);
    let largest = (1u16 << bits) - 1;
    packed
        .chunks(width.div_ceil(per_byte))
        .flat_map(|row| {
            (0..width).map(move |column| {
                let byte = row.get(column / per_byte).copied().unwrap_or(0);
                let shift = 8 - bits * (1 + (column % per_byte) as u8);
                ((u16::from(byte >> shift) & largest) * 255 / largest) as u8
            })
        })
        .collect()
}

/// The samples interleaved, from as many planes as there are; `None` for kinds without a scale.
fn samples(decoded: DecodingResult, planes: usize) -> Option<Samples> {
    Some(match decoded {
        DecodingResult::U8(v) => Samples::U8(interleave(v, planes)),
        DecodingResult::U16(v) => Samples::U16(interleave(v, planes)),
        DecodingResult::U32(v) => {
            let scale = 1.0 / f64::from(u32::MAX);
            let values = v.iter().map(|&x| (f64::from(x) * scale) as f32).collect();
            Samples::F32(interleave(values, planes))
        }
        DecodingResult::F16(v) => {
            let values = v.iter().map(|x| x.to_f32()).collect();
            Samples::F32(interleave(values, planes))
        }
        DecodingResult::F32(v) => Samples::F32(interleave(v, planes)),
        DecodingResult::F64(v) => {
            let values = v.iter().map(|&x| x as f32).collect();
            Samples::F32(interleave(values, planes))
        }
        _ => return None,
    })
}

fn interleave<T: Copy>(values: Vec<T>, planes: usize) -> Vec<T> {
    if planes <= 1 {
        return values;
    }
    let pixels = values.len() / planes;
    (0..pixels)
        .flat_map(|pixel| (0..planes).map(move |plane| pixel + plane * pixels))
        .map(|at| values[at])
        .collect()
}

/// Checks float samples and brings them to 0..1, with a word on what had to be done.
///
/// Programs that convert 8-bit photos to float keep 0..255: if most positive samples are above
/// white, the scale is taken to be that of 8 or 16 bits.
fn fit_floats(
    path: &Path,
    values: &mut [f32],
    channels: usize,
    model: Model,
) -> Result<Vec<String>> {
    let colors = || {
        values
            .chunks_exact(channels)
            .flat_map(|pixel| &pixel[..model.channels()])
    };
    let (mut unknown, mut known, mut positive, mut above, mut most) =
        (0u64, 0u64, 0u64, 0u64, 0f32);
    for &value in colors() {
        if value.is_finite() {
            known += 1;
            positive += u64::from(value > 0.0);
            above += u64::from(value > 1.0);
            most = most.max(value);
        } else {
            unknown += 1;
        }
    }
    if known == 0 {
        return Err(Error::content(
            path,
            "all float samples are NaN or infinite",
            "save the photo again with samples from 0 to 1",
        ));
    }
    let mut warnings = Vec::new();
    if unknown > 0 {
        warnings.push(format!(
            "{unknown} of {} float samples are NaN or infinite; their pixels stay empty",
            known + unknown
        ));
    }
    if above * 2 > positive {
        let scale = [255.0, 65_535.0]
            .into_iter()
            .find(|&scale| most <= scale)
            .unwrap_or(most);
        warnings.push(format!(
            "float samples reach {most}, where 1 is white; {scale} is taken as white"
        ));
        for pixel in values.chunks_exact_mut(channels) {
            pixel[..model.channels()]
                .iter_mut()
                .for_each(|v| *v /= scale);
        }
    } else if above > 0 {
        warnings.push(format!(
            "{above} of {known} float samples are brighter than white (1) and are cut to it"
        ));
    }
    Ok(warnings)
}

fn tiff_error(path: &Path, error: &TiffError) -> Error {
    match error {
        TiffError::UnsupportedError(what) => unsupported(path, Kind::Tiff, &what.to_string()),
        TiffError::LimitsExceeded => Error::content(
            path,
            "the TIFF file asks for too much memory",
            "save it anew, or raise --max-megapixels",
        ),
        other => damaged(path, Kind::Tiff, &other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_spread_row_by_row() {
        assert_eq!(
            unpack(&[0b1010_0000, 0b0100_0000], 3, 1),
            [255, 0, 255, 0, 255, 0]
        );
        assert_eq!(unpack(&[0x1b], 4, 2), [0, 85, 170, 255]);
        assert_eq!(unpack(&[0xf0, 0x80], 3, 4), [255, 0, 136]);
    }

    #[test]
    fn planes_become_pixels() {
        assert_eq!(
            interleave(vec![1, 2, 10, 20, 100, 200], 3),
            [1, 10, 100, 2, 20, 200]
        );
    }

    #[test]
    fn floats_on_the_scale_of_bytes_are_brought_down() {
        let path = Path::new("a.tif");
        let mut values = vec![0.0, 0.0, 0.0, 255.0, 51.0];
        let warnings = fit_floats(path, &mut values, 1, Model::Grey).unwrap();
        assert_eq!(values, [0.0, 0.0, 0.0, 1.0, 0.2]);
        assert_eq!(warnings.len(), 1);
        let mut values = vec![0.5, 0.7, 3.0, f32::NAN];
        assert_eq!(
            fit_floats(path, &mut values, 1, Model::Grey).unwrap().len(),
            2
        );
        assert_eq!(values[2], 3.0);
        assert!(fit_floats(path, &mut [f32::NAN], 1, Model::Grey).is_err());
    }
}
