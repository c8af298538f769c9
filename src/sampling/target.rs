//! The target: how many points a plate wants in each pixel of the sampler's own raster.
//!
//! Rows run *up* here (row 0 is the lowest), like y, and all lengths are in units of the file's
//! grid, so that nothing in the sampler converts back and forth.

use super::spacing::Rule;
use crate::grid::{self, Grid};
use crate::tone::ToneMap;

/// Points wanted per pixel.
#[derive(Debug)]
pub(super) struct Target<'a> {
    tone: &'a ToneMap,
    /// Left and upper edge of the tone map, and its pixels a unit, units.
    tone_corner: [f64; 2],
    tone_px_per_unit: f64,
    /// Left edge of the raster, units.
    pub(super) x_min: f64,
    /// Lower edge of the raster, units.
    pub(super) y_min: f64,
    /// Side of a pixel, units.
    pub(super) pixel: f64,
    px_per_unit: f64,
    /// Points wanted in each pixel; 0 where the tone map is black.
    pub(super) wish: Grid<f32>,
}

/// Largest move at once in pixels, for budgets of few points.
const LARGEST_MOVE_PX: f64 = 0.15;

/// Empty pixels around the tone map, so that kernels and moved points never leave the raster.
const BORDER_PX: usize = 4;

/// Side of a pixel of so many spacings of points of that density, units.
pub(super) fn pixel(density: f64, spacings: f64) -> f64 {
    (spacings / density.sqrt()).max(1.0)
}

impl<'a> Target<'a> {
    /// The wishes of a tone map whose full white stands for `density` points per square unit, in pixels of
    /// `pixel` units.
    pub(super) fn new(tone: &'a ToneMap, rule: &Rule, density: f64, pixel: f64) -> Self {
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
            // Down first, then across: the same as bilinear samples, one after the other.
            let mut line = vec![0.0f32; columns];
            for sample in 0..samples {
                let y = y_min + (row as f64 + (sample as f64 + 0.5) / samples as f64) * pixel;
                let (upper, lower, fraction) = tap((y_max - y) / tone_px, rows);
                if upper == usize::MAX {
                    continue;
                }
                let pairs = tone.grid.row(upper).iter().zip(tone.grid.row(lower));
                for (sum, (&a, &b)) in line.iter_mut().zip(pairs) {
                    let (a, b) = (f32::from(a), f32::from(b));
                    *sum += a + (b - a) * fraction;
                }
            }
            for (value, taps) in values.iter_mut().zip(columns_of.chunks_exact(samples)) {
                let mut sum = 0.0;
                for &(left, right, across) in taps {
                    if left != usize::MAX {
                        sum += line[left] + (line[right] - line[left]) * across;
                    }
                }
                *value = sum * share as f32;
            }
        });
        Self {
            tone,
            tone_corner: [tone.frame.x_min_mm / unit, y_max],
            tone_px_per_unit: tone_px.recip(),
            x_min,
            y_min,
            pixel,
            px_per_unit: pixel.recip(),
            wish,
        }
    }

    /// The largest move of a point at once, units: so many xy spacings, or where points are much
    /// farther apart, a part of their distance.
    pub(super) fn largest_move(&self, rule: &Rule, spacings: f64) -> f64 {
        (spacings * rule.xy).max(LARGEST_MOVE_PX * self.pixel)
    }

    /// Points wanted in the pixel that holds this place; outside, in the nearest one.
    pub(super) fn at(&self, x: i32, y: i32) -> f32 {
        let (width, height) = (self.wish.width(), self.wish.height());
        // By way of i32, which processors convert to.
        let px = |at: i32, first: f64, count: usize| {
            let px = ((f64::from(at) - first) * self.px_per_unit) as i32;
            (px.max(0) as usize).min(count - 1)
        };
        self.wish
            .at(px(x, self.x_min, width), px(y, self.y_min, height))
    }

    /// Whether the tone map's pixel that holds this place is not black. The pixels here are coarser:
    /// by them, points would stand beyond an edge.
    pub(super) fn wants_at(&self, x: i32, y: i32) -> bool {
        let u = (f64::from(x) - self.tone_corner[0]) * self.tone_px_per_unit;
        let v = (self.tone_corner[1] - f64::from(y)) * self.tone_px_per_unit;
        let grid = &self.tone.grid;
        let (width, height) = (grid.width() as f64, grid.height() as f64);
        let inside = (u >= 0.0) & (v >= 0.0) & (u < width) & (v < height);
        // By way of i32, which processors convert to.
        inside && grid.at(u as i32 as usize, v as i32 as usize) > 0
    }
}

/// The two pixels whose centres lie around the coordinate `u`, and the weight of the second;
/// `usize::MAX` outside the map.
fn tap(u: f64, count: usize) -> (usize, usize, f32) {
    if u < 0.0 || u > count as f64 {
        return (usize::MAX, usize::MAX, 0.0);
    }
    grid::tap(u, count)
}
