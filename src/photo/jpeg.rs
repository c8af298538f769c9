//! JPEG: baseline and progressive; grey, YCbCr, RGB, and CMYK or YCCK as Adobe writes them.
//!
//! The decoder is `zune-jpeg`, the one that `image` uses, spoken to directly for two reasons. It
//! can deliver the four inks, which a CMYK profile needs. And it decodes a cut-off file as if it
//! were whole, with the missing rows in mid-grey: here the end marker is looked for, and the rows
//! that never arrived are counted.

use std::ops::Range;
use std::path::Path;

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode::{damaged, one_line, orientation, unsupported};
use super::kind::Kind;
use super::limit::PixelLimit;
use super::stored::{Alpha, Model, Samples, Stored};
use crate::error::Result;

/// Marker of the segment by which Adobe's programs tell that inks are stored inverted.
const APP14: u8 = 0xee;
/// What the decoder fills rows with that it has no data for.
const FILL: u8 = 128;
/// Least fraction of the rows that must have arrived. Half a picture of a face is no pendant, and
/// a transfer that broke off earlier is better repeated.
const LEAST_DECODED: f64 = 0.5;

/// The parts of a JPEG stream.
#[derive(Debug, Default)]
pub(crate) struct Anatomy {
    /// Marker and content of each segment that has a length, up to the end marker.
    pub(crate) segments: Vec<(u8, Range<usize>)>,
    /// Where the byte after the end marker is; `None` if the stream breaks off before.
    pub(crate) end: Option<usize>,
}

/// Finds the segments and the end of the JPEG stream that `bytes` begin with. Linear in the
/// length of the stream; what follows its end marker is not read.
pub(crate) fn anatomy(bytes: &[u8]) -> Anatomy {
    let mut found = Anatomy::default();
    let mut at = 2;
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|r| r.iter().position(|&b| b == 0xff))
    {
        at += offset + 1;
        let Some(&marker) = bytes.get(at) else { break };
        match marker {
            // Fill byte, escaped 0xff in the data, markers without content.
            0xff => continue,
            0x00 | 0x01 | 0xd0..=0xd8 => at += 1,
            0xd9 => {
                found.end = Some(at + 1);
                break;
            }
            _ => {
                let Some(&[high, low]) = bytes.get(at + 1..).and_then(|r| r.first_chunk::<2>())
                else {
                    break;
                };
                let length = usize::from(u16::from_be_bytes([high, low])).max(2);
                let content = at + 3..at + 1 + length;
                at = content.end;
                if content.end <= bytes.len() {
                    found.segments.push((marker, content));
                }
            }
        }
    }
    found
}

/// Decodes a JPEG file in memory.
pub(super) fn stored(path: &Path, bytes: &[u8], limit: PixelLimit) -> Result<Stored> {
    let failed = |error: DecodeErrors| match error {
        DecodeErrors::Unsupported(what) => unsupported(path, Kind::Jpeg, &format!("{what:?}")),
        other => damaged(path, Kind::Jpeg, &other.to_string()),
    };
    let mut header = decoder(bytes, Strictness::Lenient);
    header.decode_headers().map_err(failed)?;
    let info = header
        .info()
        .ok_or_else(|| damaged(path, Kind::Jpeg, "it has no header"))?;
    limit.check(path, info.width.into(), info.height.into())?;
    let (model, colors) = match (info.components, header.input_colorspace()) {
        (1, _) => (Model::Grey, ColorSpace::Luma),
        (3, _) => (Model::Rgb, ColorSpace::RGB),
        (4, Some(inks @ (ColorSpace::CMYK | ColorSpace::YCCK))) => (Model::Cmyk, inks),
        (count, _) => {
            let what = format!("{count} colour components");
            return Err(unsupported(path, Kind::Jpeg, &what));
        }
    };

    let anatomy = anatomy(bytes);
    let (mut samples, complaint) = decode(bytes, colors).map_err(failed)?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let known_rows = if complaint.is_some() {
        known_rows(&samples, width * model.channels())
    } else {
        height
    };
    let decoded = known_rows as f64 / height as f64;
    if decoded < LEAST_DECODED {
        let why = format!("only the upper {:.0} % of it arrived", 100.0 * decoded);
        return Err(damaged(path, Kind::Jpeg, &why));
    }

    let inverted = anatomy
        .segments
        .iter()
        .any(|(marker, content)| *marker == APP14 && bytes[content.clone()].starts_with(b"Adobe"));
    match colors {
        ColorSpace::YCCK => inks_from_ycck(&mut samples),
        ColorSpace::CMYK if inverted => samples.iter_mut().for_each(|ink| *ink = 255 - *ink),
        _ => {}
    }
    let mut stored = Stored::new((width, height), model, Alpha::None, Samples::U8(samples))
        .ok_or_else(|| damaged(path, Kind::Jpeg, "its samples do not fit its size"))?;
    stored.orientation = orientation(header.exif().map(Vec::as_slice));
    stored.profile = header.icc_profile();
    stored.known_rows = known_rows;
    stored.warnings = if known_rows < height {
        vec![format!(
            "the JPEG file is damaged or cut off: the lowest {} of {height} rows are missing and \
             stay empty",
            height - known_rows
        )]
    } else if anatomy.end.is_none() {
        let what = "the JPEG file ends before its end marker; its lowest rows or finest detail \
                    may be wrong";
        vec![what.to_owned()]
    } else {
        let warn =
            |why| format!("the JPEG file is damaged ({why}); parts of the photo may be wrong");
        complaint.map(warn).into_iter().collect()
    };
    Ok(stored)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Lenient,
    Strict,
}

fn decoder(bytes: &[u8], strictness: Strictness) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default()
        .set_strict_mode(strictness == Strictness::Strict)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
}

/// Decodes strictly, and if the strict decoder has a complaint, as well as can be.
///
/// JPEG has no checksum: damage that still reads as valid codes is found by nobody.
fn decode(
    bytes: &[u8],
    colors: ColorSpace,
) -> std::result::Result<(Vec<u8>, Option<String>), DecodeErrors> {
    let decode = |strictness| {
        let mut decoder = decoder(bytes, strictness);
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(colors));
        decoder.decode()
    };
    match decode(Strictness::Strict) {
        Ok(samples) => Ok((samples, None)),
        Err(complaint) => {
            let complaint = one_line(&complaint.to_string());
            decode(Strictness::Lenient).map(|samples| (samples, Some(complaint)))
        }
    }
}

/// Rows from the top down to the last one that is not all [`FILL`].
fn known_rows(samples: &[u8], row_bytes: usize) -> usize {
    let unknown = samples
        .rchunks_exact(row_bytes)
        .take_while(|row| row.iter().all(|&value| value == FILL))
        .count();
    samples.len() / row_bytes - unknown
}

/// Turns YCCK into amounts of ink, in place.
///
/// # Source
///
/// ITU-T T.872 (2012), 6.1 and 6.5.3: YCC is the transform of the *inverted* inks, and Adobe's
/// files invert all four once more; so red, green and blue of the plain YCbCr transform are the
/// inks, and K stands inverted.
fn inks_from_ycck(samples: &mut [u8]) {
    for [c, m, y, k] in samples.as_chunks_mut::<4>().0 {
        [*c, *m, *y] = rgb_from_ycbcr([*c, *m, *y]);
        *k = 255 - *k;
    }
}

/// Red, green and blue of a full-range YCbCr value.
///
/// # Source
///
/// ITU-T T.871 (JFIF, 2011), section 7.
pub(super) fn rgb_from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|value| (value + 0.5).clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_marker_of_a_thumbnail_is_not_the_end() {
        // APP1 with a whole thumbnail inside, then a scan with an escaped 0xff and a restart.
        let mut bytes = b"\xff\xd8\xff\xe1\x00\x08\xff\xd8\xff\xd9\x01\x02".to_vec();
        bytes.extend(b"\xff\xda\x00\x04\x01\x02\x11\xff\x00\x22\xff\xd3\x33");
        let cut = anatomy(&bytes);
        assert_eq!(cut.end, None);
        assert_eq!(cut.segments.len(), 2);
        assert_eq!(cut.segments[0], (0xe1, 6..12));
        bytes.extend(b"\xff\xd9trailing");
        assert_eq!(anatomy(&bytes).end, Some(bytes.len() - 8));
    }

    #[test]
    fn ycbcr_meets_its_corners() {
        assert_eq!(rgb_from_ycbcr([255, 128, 128]), [255; 3]);
        assert_eq!(rgb_from_ycbcr([76, 85, 255]), [254, 0, 0]);
        assert_eq!(rgb_from_ycbcr([29, 255, 107]), [0, 0, 254]);
    }

    #[test]
    fn only_rows_at_the_bottom_count_as_missing() {
        let rows = [[FILL; 4], [1, 128, 128, 128], [FILL; 4], [FILL; 4]];
        assert_eq!(known_rows(rows.as_flattened(), 4), 2);
    }
}
