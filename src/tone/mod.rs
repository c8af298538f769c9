//! Tone: photo -> [`ToneMap`], the fraction of the largest density wanted at each place.
//!
//! The photo is brought to the map's pixels once (`reduce`). Then either nothing else is done to
//! its light (`linear`), or it is developed for glass (`auto`); in the end it fades out toward the
//! safe outline and is 0 outside of it.

mod auto;
mod curve;
mod fade;
mod levels;
mod local;
mod reduce;
mod shown;

use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use rayon::prelude::*;

use crate::blank::SafeVolume;
use crate::error::Result;
use crate::grid::{Frame, Grid};
use crate::photo::Photo;
use crate::placement::Placement;
use crate::settings::{ToneMode, ToneSettings, limits};

use self::auto::Development;
use self::curve::display_of_light;
use self::fade::Fade;
use self::levels::FLAT_BELOW;
use self::reduce::{Cover, Plane, Reduced, reduce};
use self::shown::{Shown, opaque};

/// Largest side of a map pixel, mm, of a photo whose own are not larger: a third of what an eye resolves at
/// 250 mm.
const PIXEL_MM: f64 = 0.025;

/// Largest side of a map pixel of any photo, mm: half of what an eye resolves.
const COARSEST_PIXEL_MM: f64 = 0.0365;

/// The photo's own pixels are taken if they are at least so large a part of those that are wanted: a fifth
/// more pixels at most, and nothing is filtered.
const OWN_FROM: f64 = 0.9;

/// Most pixels on a side; only areas beyond 200 mm get coarser ones.
const SIDE_LIMIT_PX: f64 = 8192.0;

/// What the sampler is asked to show: the fraction of the largest density at each pixel.
///
/// Values are 16-bit: 0 is no point at all, 65535 is the largest density that the spacing allows.
/// They are what `--tone-map` writes, bit for bit. Between pixel centres the map is bilinear;
/// outside its outermost pixel centres it keeps their value up to the frame's edge, and is 0 beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct ToneMap {
    /// Where the map lies.
    pub frame: Frame,
    /// The values, top row first (largest y).
    pub grid: Grid<u16>,
}

impl ToneMap {
    /// The value that stands for the largest density.
    pub const FULL: u16 = u16::MAX;

    /// Mean of all values as a fraction of full, times the map's area: mm2 at full density.
    #[must_use]
    pub fn full_area_mm2(&self) -> f64 {
        // The sum of so many values has 32 bits, and vectors hold more of those.
        let parts = self.grid.values().par_chunks(1 << 16);
        let of_part = |part: &[u16]| part.iter().map(|&value| u32::from(value)).sum::<u32>();
        let sum: u64 = parts.map(|part| u64::from(of_part(part))).sum();
        sum as f64 / f64::from(Self::FULL) * self.frame.mm_per_px * self.frame.mm_per_px
    }

    /// The largest value as a fraction of full.
    #[must_use]
    pub fn brightest(&self) -> f64 {
        let brightest = self.grid.values().par_iter().copied().max();
        f64::from(brightest.unwrap_or(0)) / f64::from(Self::FULL)
    }

    /// The map as a 16-bit grey PNG file, value for value, top row (largest y) first.
    ///
    /// # Panics
    ///
    /// If a side has more than 2^31 pixels, which a map of a safe area never has.
    #[must_use]
    pub fn to_png(&self) -> Vec<u8> {
        const FITS: &str = "a tone map's sides are below 2^31 and memory takes what is written";
        let side = |length: usize| u32::try_from(length).expect(FITS);
        let (width, height) = (side(self.grid.width()), side(self.grid.height()));
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(
                bytemuck::cast_slice(self.grid.values()),
                width,
                height,
                image::ExtendedColorType::L16,
            )
            .expect(FITS);
        bytes
    }
}

/// A tone map and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Toned {
    /// The map, over the whole safe area and nothing more.
    pub map: ToneMap,
    /// What the user should know: a flat photo, nothing visible.
    pub warnings: Vec<String>,
}

/// Side of a map pixel for so many points per mm2 in projection at full white, mm: as far as those
/// points are apart, as far as an eye could see it and the photo has it: no pixel is larger than both
/// 0.025 mm and the photo's own.
#[must_use]
pub fn pixel_mm(density_per_mm2: f64, mm_per_photo_px: f64) -> f64 {
    let apart_mm = density_per_mm2.max(1e-9).sqrt().recip();
    let largest_mm = mm_per_photo_px.clamp(PIXEL_MM, COARSEST_PIXEL_MM);
    let wanted_mm = apart_mm.clamp(PIXEL_MM, largest_mm);
    if (OWN_FROM * wanted_mm..=wanted_mm).contains(&mm_per_photo_px) {
        mm_per_photo_px
    } else {
        wanted_mm
    }
}

/// Makes the tone map of a placed photo, with pixels of `pixel_mm`; `matte` has the photo's size, 0
/// to 1.
///
/// Levels and contrast are judged on what is visible, or, where there is a `subject`, of the
/// photo's size too, on what is visible of that.
///
/// # Errors
///
/// [`crate::Error::Setting`] for a tone setting out of range.
///
/// # Panics
///
/// If matte or subject have not the photo's size.
pub fn tone_map(
    photo: &Photo,
    matte: Option<&Grid<f32>>,
    subject: Option<&Grid<f32>>,
    placement: &Placement,
    volume: &SafeVolume,
    pixel_mm: f64,
    settings: &ToneSettings,
) -> Result<Toned> {
    limits::check_tone(settings)?;
    for matte in [matte, subject].into_iter().flatten() {
        let size = (photo.luminance.width(), photo.luminance.height());
        assert_eq!(
            (matte.width(), matte.height()),
            size,
            "a matte has the photo's size"
        );
    }
    let corner_mm = own_pixels_corner_mm(placement, pixel_mm);
    let (frame, size) = map_frame(volume.bounds_mm(), pixel_mm, corner_mm);
    let Reduced { light, cover } = reduce(&photo.luminance, matte, placement, &frame, size);
    let fade = Fade::new(settings, photo, placement, &frame);
    let counting_mm = fade.counting_mm();
    let inset_mm = volume.inset_mm.resampled(&frame, size.0, counting_mm);
    let subject = subject.map(|subject| reduce(subject, None, placement, &frame, size).light);
    let shown = Shown::new(&cover, subject, &inset_mm);

    let mut warnings = Vec::new();
    let (grid, flat) = match settings.mode {
        ToneMode::Linear => {
            warnings.extend(without_effect(settings));
            // Light times matte, and nothing else.
            let grid = fade.quantise(&inset_mm, size, |part, densities| {
                let cover = &cover.row(part.row)[part.columns.clone()];
                let light = light.row(part.row);
                let pixels = light[part.columns].iter().zip(cover);
                for (density, (light, cover)) in densities.iter_mut().zip(pixels) {
                    *density = if settings.invert {
                        cover - light
                    } else {
                        *light
                    };
                }
            });
            (grid, is_flat(&light, &cover, &shown))
        }
        ToneMode::Auto => {
            let development = Development::judge(&light, &cover, &shown, settings);
            let grid = fade.quantise(&inset_mm, size, |part, densities| {
                let light = &light.row(part.row)[part.columns.clone()];
                let cover = &cover.row(part.row)[part.columns.clone()];
                let weights = shown.part(&part);
                development.densities(&part, light, cover, &weights, densities);
            });
            (grid, development.flat)
        }
    };
    let map = ToneMap { frame, grid };
    if map.grid.values().iter().all(|&value| value == 0) {
        warnings.push(NOTHING_VISIBLE.to_owned());
    } else if flat {
        warnings.push(FLAT.to_owned());
    }
    Ok(Toned { map, warnings })
}

const FLAT: &str = "the photo is one even grey where it is etched: nothing can be recognised; \
                    take another photo or another --crop";

const NOTHING_VISIBLE: &str = "nothing of the photo is visible in the safe area: it is black, \
                               transparent or lies outside; check --crop, --offset and the matte, \
                               or try --invert";

/// Where the photo's upper left corner lies, mm, if its own pixels can be the map's: it lies straight, and
/// they are as large.
fn own_pixels_corner_mm(placement: &Placement, pixel_mm: f64) -> Option<[f64; 2]> {
    let m = placement.photo_to_blank.matrix();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * pixel_mm;
    let own = m[(0, 1)] == 0.0
        && m[(1, 0)] == 0.0
        && near(m[(0, 0)], pixel_mm)
        && near(m[(1, 1)], -pixel_mm);
    own.then_some([m[(0, 2)], m[(1, 2)]])
}

/// The frame over a bounding box and its size in pixels: centred on it, or with a corner of four pixels
/// at `corner_mm`.
fn map_frame(
    [x_min_mm, y_min_mm, x_max_mm, y_max_mm]: [f64; 4],
    pixel_mm: f64,
    corner_mm: Option<[f64; 2]>,
) -> (Frame, (usize, usize)) {
    let (width_mm, height_mm) = (x_max_mm - x_min_mm, y_max_mm - y_min_mm);
    let mm_per_px = pixel_mm.max(width_mm.max(height_mm) / SIDE_LIMIT_PX);
    // A millionth of a pixel too much is rounding, not another pixel.
    const ROUNDING_PX: f64 = 1e-6;
    if let Some([x_mm, y_mm]) = corner_mm.filter(|_| mm_per_px == pixel_mm) {
        let px = |mm: f64| mm / mm_per_px;
        let left = (px(x_min_mm - x_mm) + ROUNDING_PX).floor();
        let right = (px(x_max_mm - x_mm) - ROUNDING_PX).ceil().max(left + 1.0);
        let top = (px(y_mm - y_max_mm) + ROUNDING_PX).floor();
        let bottom = (px(y_mm - y_min_mm) - ROUNDING_PX).ceil().max(top + 1.0);
        let frame = Frame {
            x_min_mm: x_mm + left * mm_per_px,
            y_max_mm: y_mm - top * mm_per_px,
            mm_per_px,
        };
        return (frame, ((right - left) as usize, (bottom - top) as usize));
    }
    let pixels = |length_mm: f64| ((length_mm / mm_per_px - ROUNDING_PX).ceil() as usize).max(1);
    let size = (pixels(width_mm), pixels(height_mm));
    let frame = Frame {
        x_min_mm: f64::midpoint(x_min_mm, x_max_mm) - 0.5 * mm_per_px * size.0 as f64,
        y_max_mm: f64::midpoint(y_min_mm, y_max_mm) + 0.5 * mm_per_px * size.1 as f64,
        mm_per_px,
    };
    (frame, size)
}

/// Whether all that is visible has the same light, give or take a few steps of an 8-bit file.
fn is_flat(light: &Plane<'_>, cover: &Cover, shown: &Shown<'_>) -> bool {
    let range = |row: usize| {
        let (light, cover) = (light.row(row), cover.row(row));
        let pixels = light.iter().zip(&*cover);
        let visible = pixels
            .zip(shown.row(row))
            .filter(|&(_, weight)| weight > 0.5);
        visible
            .map(|((&light, &cover), _)| opaque(light, cover))
            .fold((f32::INFINITY, 0.0_f32), |(low, high), light| {
                (low.min(light), high.max(light))
            })
    };
    let (low, high) = (0..light.height()).into_par_iter().map(range).reduce(
        || (f32::INFINITY, 0.0),
        |(low, high), (least, most)| (low.min(least), high.max(most)),
    );
    // Nothing visible is not flat.
    low <= high && display_of_light(high) - display_of_light(low) < FLAT_BELOW
}

/// Says which settings `linear` passes over.
fn without_effect(settings: &ToneSettings) -> Option<String> {
    let default = ToneSettings::default();
    let changed = [
        ("--toning", settings.toning != default.toning),
        ("--floor", settings.floor != default.floor),
        ("--ceiling", settings.ceiling != default.ceiling),
        ("--brightness", settings.brightness != default.brightness),
        ("--contrast", settings.contrast != default.contrast),
    ];
    let names: Vec<&str> = changed
        .iter()
        .filter_map(|&(name, changed)| changed.then_some(name))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "--tone linear does nothing but scale light: {} without effect; use --tone auto",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
