//! The target: how many points a plate wants in each pixel of the sampler's own raster.
//!
//! Rows run *up* here (row 0 is the lowest), like y, and all lengths are in units of the file's
//! grid, so that nothing in the sampler converts back and forth.

use super::spacing::Rule;
use crate::grid::Grid;
use crate::tone::ToneMap;

/// Points wanted per pixel.
#[derive(Debug)]
pub(super) struct Target {
    /// Left edge of the raster, units.
    pub(super) x_min: f64,
    /// Lower edge of the raster, units.
    pub(super) y_min: f64,
    /// Side of a pixel, units.
    pub(super) pixel: f64,
    /// Points per pixel that full white stands for.
    white: f32,
    /// Points wanted in each pixel; 0 where the tone map is black.
    pub(super) wish: Grid<f32>,
}

/// Side of a pixel in spacings of the union of all layers, `1 / sqrt(density)`.
///
/// Measured with twelve passes at 0.05 / 0.146 mm of blur: 0.7 gives 12.6 / 7.7 dB over the grid,
/// 0.9 gives 13.8 / 9.8, 1.1 gives 14.0 / 11.5, 1.3 gives 13.4 / 13.8, 1.6 gives 10.5 / 16.1.
const PIXEL_PER_UNION_SPACING: f64 = 1.1;

/// Empty pixels around the tone map, so that kernels and moved points never leave the raster.
const BORDER_PX: usize = 4;

impl Target {
    /// The wishes of a tone map whose full white stands for `density` points per square unit.
    pub(super) fn new(tone: &ToneMap, rule: &Rule, density: f64) -> Self {
        let pixel = (PIXEL_PER_UNION_SPACING / density.sqrt()).max(1.0);
        let white = (density * pixel * pixel) as f32;
        let unit = rule.unit_mm;
        let (tone_px, columns, rows) = (
            tone.frame.mm_per_px / unit,
            tone.grid.width(),
            tone.grid.height(),
        );
        let x_min = tone.frame.x_min_mm / unit - BORDER_PX as f64 * pixel;
        let y_max = tone.frame.y_max_mm / unit;
        let y_min = y_max - rows as f64 * tone_px - BORDER_PX as f64 * pixel;
        let side = |count: usize| (count as f64 * tone_px / pixel).ceil() as usize + 2 * BORDER_PX;
        let scale = density * pixel * pixel / f64::from(ToneMap::FULL);
        // So many samples a side and pixel that none of the map's pixels is passed over.
        let samples = (pixel / tone_px).ceil().max(1.0) as usize;
        let share = scale / (samples * samples) as f64;
        let columns_of: Vec<(usize, usize, f32)> = (0..side(columns) * samples)
            .map(|i| {
                let x = x_min + (i as f64 + 0.5) / samples as f64 * pixel;
                tap((x - tone.frame.x_min_mm / unit) / tone_px, columns)
            })
            .collect();
        let mut wish = Grid::filled(side(columns), side(rows), 0.0f32);
        wish.for_each_row(|row, values| {
            for sample in 0..samples {
                let y = y_min + (row as f64 + (sample as f64 + 0.5) / samples as f64) * pixel;
                let (upper, lower, fraction) = tap((y_max - y) / tone_px, rows);
                if upper == usize::MAX {
                    continue;
                }
                let (upper, lower) = (tone.grid.row(upper), tone.grid.row(lower));
                for (value, taps) in values.iter_mut().zip(columns_of.chunks_exact(samples)) {
                    let mut sum = 0.0;
                    for &(left, right, across) in taps {
                        if left == usize::MAX {
                            continue;
                        }
                        let mix = |row: &[u16]| {
                            let (a, b) = (f32::from(row[left]), f32::from(row[right]));
                            a + (b - a) * across
                        };
                        let (top, bottom) = (mix(upper), mix(lower));
                        sum += top + (bottom - top) * fraction;
                    }
                    *value += sum * share as f32;
                }
            }
        });
        Self {
            x_min,
            y_min,
            pixel,
            white,
            wish,
        }
    }

    /// Whether any point is wanted in the pixel that holds this place.
    pub(super) fn wants_at(&self, x: i32, y: i32) -> bool {
        let u = (f64::from(x) - self.x_min) / self.pixel;
        let v = (f64::from(y) - self.y_min) / self.pixel;
        let (width, height) = (self.wish.width() as f64, self.wish.height() as f64);
        let inside = u >= 0.0 && v >= 0.0 && u < width && v < height;
        inside && self.wish.at(u as usize, v as usize) > 0.0
    }

    /// The largest factor for all wishes that asks for no more than full white anywhere.
    pub(super) fn largest_factor(&self) -> f64 {
        let largest = self.wish.values().iter().copied().fold(0.0, f32::max);
        f64::from(self.white / largest.max(1e-9))
    }

    /// Multiplies all wishes.
    pub(super) fn scale(&mut self, factor: f64) {
        self.wish
            .values_mut()
            .iter_mut()
            .for_each(|wish| *wish *= factor as f32);
    }

    /// All points wanted.
    pub(super) fn total(&self) -> f64 {
        self.wish
            .values()
            .chunks(4096)
            .map(|c| f64::from(c.iter().sum::<f32>()))
            .sum()
    }
}

/// The two pixels whose centres lie around the coordinate `u`, and the weight of the second;
/// `usize::MAX` outside the map.
fn tap(u: f64, count: usize) -> (usize, usize, f32) {
    if u < 0.0 || u > count as f64 {
        return (usize::MAX, usize::MAX, 0.0);
    }
    let place = (u - 0.5).clamp(0.0, (count - 1) as f64);
    let first = place as usize;
    (
        first,
        (first + 1).min(count - 1),
        (place - first as f64) as f32,
    )
}
