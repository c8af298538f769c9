//! [`Stored`] -> [`Photo`]: samples become luminance and opacity.

use std::path::Path;

use rayon::prelude::*;

use super::Photo;
use super::curve::interpolate;
use super::orientation::Turn;
use super::profile::Light;
use super::stored::{Alpha, Model, Samples, Stored};
use crate::error::{Error, Result};
use crate::grid::Grid;

/// Opacity below which nothing of a photo would be etched: half a step of 8 bits.
const LEAST_ALPHA: f32 = 0.5 / 255.0;

/// Pixels that are converted together where samples need more than a look-up.
const BLOCK: usize = 1024;

/// Whether a value is not a number; without a way out of the inner loop, which the compiler then
/// turns into vector instructions.
fn has_nan(values: &[f32]) -> bool {
    let in_chunk = |chunk: &[f32]| chunk.iter().fold(false, |nan, y| nan | y.is_nan());
    values.par_chunks(1 << 16).any(in_chunk)
}

/// Makes the photo of a decoded file.
///
/// # Errors
///
/// [`Error::Content`] if it is transparent everywhere.
pub(super) fn photo(path: &Path, stored: &Stored) -> Result<Photo> {
    let (light, profile_warning) = light(stored);
    let (mut luminance, mut alpha) = match &stored.samples {
        Samples::U8(samples) => grids(stored, &light, samples),
        Samples::U16(samples) => grids(stored, &light, samples),
        Samples::F32(samples) => grids(stored, &light, samples),
    };
    forget_unknown_rows(stored, &mut luminance);
    let floats = matches!(stored.samples, Samples::F32(_));
    let may_be_unknown = floats || stored.known_rows != stored.height;
    if may_be_unknown && has_nan(luminance.values()) {
        let opaque = || Grid::filled(luminance.width(), luminance.height(), 1.0);
        let alpha = alpha.get_or_insert_with(opaque);
        let known = alpha.values_mut().par_iter_mut().zip(luminance.values());
        known
            .filter(|(_, y)| y.is_nan())
            .for_each(|(alpha, _)| *alpha = 0.0);
    }
    if let Some(alpha) = &alpha {
        if alpha.values().par_iter().all(|&alpha| alpha < LEAST_ALPHA) {
            return Err(Error::content(
                path,
                "the photo is fully transparent, nothing of it would be etched",
                "give a photo with an opaque part, or remove its alpha channel",
            ));
        }
        let pixels = luminance.values_mut().par_iter_mut().zip(alpha.values());
        pixels
            .filter(|(_, alpha)| **alpha == 0.0)
            .for_each(|(y, _)| *y = 0.0);
    }
    let warnings = stored
        .warnings
        .iter()
        .cloned()
        .chain(profile_warning)
        .collect();
    Ok(Photo {
        luminance,
        alpha,
        warnings,
    })
}

/// How the samples of a decoded file become light, and what is to be said of its profile.
pub(super) fn light(stored: &Stored) -> (Light, Option<String>) {
    let coarse = matches!(stored.samples, Samples::U8(_)) && stored.alpha != Alpha::Premultiplied;
    Light::new(stored.profile.as_deref(), stored.model, coarse)
}

/// A sample of one of the three depths that files have.
pub(super) trait Sample: Copy + Send + Sync {
    /// The sample from 0 to 1.
    fn unit(self) -> f32;
    /// The entry of a curve for this sample.
    fn look_up(self, curve: &[f32]) -> f32;
}

impl Sample for u8 {
    fn unit(self) -> f32 {
        f32::from(self) / 255.0
    }
    fn look_up(self, curve: &[f32]) -> f32 {
        curve[usize::from(self)]
    }
}

impl Sample for u16 {
    fn unit(self) -> f32 {
        f32::from(self) / 65_535.0
    }
    fn look_up(self, curve: &[f32]) -> f32 {
        curve[usize::from(self)]
    }
}

impl Sample for f32 {
    fn unit(self) -> f32 {
        self
    }
    fn look_up(self, curve: &[f32]) -> f32 {
        interpolate(curve, self)
    }
}

/// Luminance (NaN where unknown) and opacity, upright.
fn grids<T: Sample>(
    stored: &Stored,
    light: &Light,
    samples: &[T],
) -> (Grid<f32>, Option<Grid<f32>>) {
    match stored.channels() {
        1 => grids_of(stored, light, samples.as_chunks::<1>().0),
        2 => grids_of(stored, light, samples.as_chunks::<2>().0),
        3 => grids_of(stored, light, samples.as_chunks::<3>().0),
        4 => grids_of(stored, light, samples.as_chunks::<4>().0),
        _ => grids_of(stored, light, samples.as_chunks::<5>().0),
    }
}

fn grids_of<T: Sample, const N: usize>(
    stored: &Stored,
    light: &Light,
    pixels: &[[T; N]],
) -> (Grid<f32>, Option<Grid<f32>>) {
    let turn = Turn::new(stored.orientation, stored.width, stored.height);
    let direct = light.is_direct() && stored.alpha != Alpha::Premultiplied;
    let luminance = turn.upright(pixels, |pixels, luminance| match (direct, stored.model) {
        (true, Model::Grey) => look_up_grey(light, pixels, luminance),
        (true, Model::Rgb) => look_up_rgb(light, pixels, luminance),
        _ => convert(stored, light, pixels, luminance),
    });
    let opacity = |pixel: &[T; N]| pixel[N - 1].unit();
    let transparent = matches!(stored.alpha, Alpha::Straight | Alpha::Premultiplied)
        && !pixels.par_iter().all(|pixel| opacity(pixel) >= 1.0);
    let alpha = transparent.then(|| {
        turn.upright(pixels, |pixels, alpha| {
            for (pixel, alpha) in pixels.iter().zip(alpha) {
                let opacity = opacity(pixel);
                *alpha = if opacity.is_nan() {
                    0.0
                } else {
                    opacity.clamp(0.0, 1.0)
                };
            }
        })
    });
    (luminance, alpha)
}

fn look_up_grey<T: Sample, const N: usize>(light: &Light, pixels: &[[T; N]], to: &mut [f32]) {
    let curve = &light.curves()[0];
    for (pixel, y) in pixels.iter().zip(to) {
        *y = pixel[0].look_up(curve).clamp(0.0, 1.0);
    }
}

fn look_up_rgb<T: Sample, const N: usize>(light: &Light, pixels: &[[T; N]], to: &mut [f32]) {
    let [red, green, blue] = light.curves() else {
        unreachable!("RGB has three curves")
    };
    for (pixel, y) in pixels.iter().zip(to) {
        let sum = pixel[0].look_up(red) + pixel[1].look_up(green) + pixel[2].look_up(blue);
        *y = sum.clamp(0.0, 1.0);
    }
}

/// The long way: samples as floats, made independent of opacity, through the profile's tables.
fn convert<T: Sample, const N: usize>(
    stored: &Stored,
    light: &Light,
    pixels: &[[T; N]],
    luminance: &mut [f32],
) {
    let mut samples = Vec::with_capacity(BLOCK.min(pixels.len()) * stored.model.channels());
    for (pixels, luminance) in pixels.chunks(BLOCK).zip(luminance.chunks_mut(BLOCK)) {
        samples.clear();
        samples.extend(pixels.iter().flat_map(|pixel| colors(stored, pixel)));
        light.luminance(&samples, luminance);
        luminance.iter_mut().for_each(|y| *y = y.clamp(0.0, 1.0));
    }
}

/// Colour samples of a pixel from 0 to 1, alpha not counted and not multiplied in.
pub(super) fn colors<'a, T: Sample, const N: usize>(
    stored: &Stored,
    pixel: &'a [T; N],
) -> impl Iterator<Item = f32> + 'a {
    let opacity = match stored.alpha {
        Alpha::Premultiplied => pixel[N - 1].unit(),
        _ => 1.0,
    };
    let scale = if opacity > 0.0 { 1.0 / opacity } else { 1.0 };
    pixel[..stored.model.channels()]
        .iter()
        .map(move |sample| sample.unit() * scale)
}

/// Makes rows that were never decoded unknown.
fn forget_unknown_rows(stored: &Stored, luminance: &mut Grid<f32>) {
    if stored.known_rows == stored.height {
        return;
    }
    let turn = Turn::new(stored.orientation, stored.width, stored.height);
    let known = stored.known_rows * stored.width;
    luminance.for_each_row(|row, values| {
        for (column, y) in values.iter_mut().enumerate() {
            if turn.stored(column, row) >= known {
                *y = f32::NAN;
            }
        }
    });
}
