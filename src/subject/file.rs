//! A matte from a picture file.

use std::path::Path;

use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::photo;
use crate::subject::colors::box_means;
use crate::subject::refine::enlarged;

/// Largest ratio between the shapes (width over height) of matte and photo that passes without a
/// word: a cut-out tool that rounds 1000 x 667 to a tenth of it loses 0.4 %.
const SHAPE_WARNING: f64 = 1.01;

/// Largest ratio that is taken for the same picture: networks round sides to a multiple of 32, which
/// changes 640 x 427 by 5 %. Beyond, the matte's edge would stand beside the subject's.
const SHAPE_LIMIT: f64 = 1.06;

/// Below this a matte holds no subject: the first step of an 8-bit file.
const EMPTY_BELOW: f32 = 1.0 / 255.0;

/// Largest matte that is decoded where nothing else is said, millions of pixels.
const MEGAPIXELS: f64 = 150.0;

/// A matte of the photo's size.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) matte: Grid<f32>,
    pub(super) method: &'static str,
    pub(super) warnings: Vec<String>,
}

/// Reads a matte for a photo of `size` pixels.
pub(super) fn read(path: &Path, size: (usize, usize), max_megapixels: Option<f64>) -> Result<Read> {
    let picture = photo::decode(path, max_megapixels.unwrap_or(MEGAPIXELS))?;
    let mut warnings: Vec<String> = picture
        .warnings
        .iter()
        .map(|warning| format!("{}: {warning}", path.display()))
        .collect();
    let stored = (picture.luminance.width(), picture.luminance.height());
    warnings.extend(check_shape(path, stored, size)?);
    let (values, method) = match picture.alpha {
        Some(alpha) => (alpha, "alpha channel of a file"),
        // Stored greys are opacities; the decoder took them for display values.
        None => (picture.luminance.map(display), "grey of a file"),
    };
    let (least, most) = values
        .values()
        .iter()
        .fold((f32::INFINITY, 0.0_f32), |(least, most), &value| {
            (least.min(value), most.max(value))
        });
    if most < EMPTY_BELOW {
        return Err(Error::content(
            path,
            "the matte is black everywhere, so that nothing would be etched",
            "paint the subject white, or give --matte none",
        ));
    }
    if least > 1.0 - EMPTY_BELOW {
        warnings.push(format!(
            "the matte {} is white everywhere: the whole photo is etched",
            path.display()
        ));
    }
    Ok(Read {
        matte: resampled(values, size),
        method,
        warnings,
    })
}

/// The sRGB value of linear light, both 0 to 1 (IEC 61966-2-1).
fn display(light: f32) -> f32 {
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// Means of boxes where the matte is larger than the photo, bilinear where it is smaller.
fn resampled(values: Grid<f32>, (width, height): (usize, usize)) -> Grid<f32> {
    if (values.width(), values.height()) == (width, height) {
        return values;
    }
    let size = (width.min(values.width()), height.min(values.height()));
    enlarged(&box_means(&values, size, |value| value), (width, height))
}

/// Refuses a matte of another picture's shape; returns a warning for one that is only stretched.
fn check_shape(
    path: &Path,
    matte_px: (usize, usize),
    photo_px: (usize, usize),
) -> Result<Option<String>> {
    let shape = |(width, height): (usize, usize)| width as f64 / height as f64;
    let ratio = |a: f64, b: f64| (a / b).max(b / a);
    let off = ratio(shape(matte_px), shape(photo_px));
    // What rounding to whole pixels may change: half a pixel on the shorter side.
    let short = [matte_px.0, matte_px.1, photo_px.0, photo_px.1];
    let rounding = 1.0 + 0.5 / short.into_iter().min().unwrap_or(1) as f64;
    let sizes = format!(
        "the matte of {} x {} for a photo of {} x {}",
        matte_px.0, matte_px.1, photo_px.0, photo_px.1
    );
    if off > SHAPE_LIMIT.max(rounding) {
        let turned = ratio(1.0 / shape(matte_px), shape(photo_px)) < SHAPE_LIMIT;
        let (problem, remedy) = if turned {
            (
                format!("{sizes} lies on its side"),
                "turn the matte by a quarter",
            )
        } else {
            (
                format!("{sizes} has another shape (factor {off:.2}, limit {SHAPE_LIMIT})"),
                "give the matte of this photo, uncropped, of any size",
            )
        };
        return Err(Error::content(path, problem, remedy));
    }
    Ok((off > SHAPE_WARNING.max(rounding)).then(|| {
        format!("{sizes} has another shape (factor {off:.2}); it is stretched over the photo")
    }))
}
