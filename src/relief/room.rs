//! Room: how near and how far the front layer of a relief may stand at each pixel of its raster.

use crate::blank::{Bound, SafeVolume};
use crate::grid::{Frame, Grid, Raster};

/// Bounds of the front layer, mm.
pub(super) struct Room {
    /// Least z, the layers behind considered.
    pub(super) z_min_mm: Limit,
    /// Largest z, the jitter before considered.
    pub(super) z_max_mm: Limit,
}

/// One bound over a raster.
pub(super) enum Limit {
    Constant(f32),
    Varying(Grid<f32>),
}

impl Limit {
    pub(super) fn at(&self, column: usize, row: usize) -> f32 {
        match self {
            Self::Constant(z_mm) => *z_mm,
            Self::Varying(grid) => grid.at(column, row),
        }
    }

    /// The middle one of the values where `seen`.
    pub(super) fn median(&self, seen: &Grid<bool>) -> f32 {
        match self {
            Self::Constant(z_mm) => *z_mm,
            Self::Varying(grid) => {
                let all = grid.values().iter().zip(seen.values());
                let mut values: Vec<f32> = all.filter(|(_, s)| **s).map(|(z, _)| *z).collect();
                if values.is_empty() {
                    values.extend_from_slice(grid.values());
                }
                let middle = values.len() / 2;
                *values.select_nth_unstable_by(middle, f32::total_cmp).1
            }
        }
    }
}

impl Room {
    /// The room in a volume for a front layer with points up to so far before and behind it.
    pub(super) fn new(
        volume: &SafeVolume,
        around_mm: [f64; 2],
        frame: Frame,
        raster_px: (usize, usize),
    ) -> Self {
        let [before, behind] = around_mm.map(|mm| mm as f32);
        // The lower bound is the upper one of a world turned back to front.
        Self {
            z_min_mm: match &volume.z_min_mm {
                Bound::Constant(z_mm) => Limit::Constant(z_mm + behind),
                Bound::Varying(raster) => Limit::Varying(
                    least_around(raster, frame, raster_px, |z| -z).map(|z| behind - z),
                ),
            },
            z_max_mm: match &volume.z_max_mm {
                Bound::Constant(z_mm) => Limit::Constant(z_mm - before),
                Bound::Varying(raster) => {
                    let least = least_around(raster, frame, raster_px, |z| z);
                    Limit::Varying(least.map(|z| z - before))
                }
            },
        }
    }

    /// Puts a surface inside; where there is no room for all layers, into the middle.
    pub(super) fn hold(&self, surface: &mut Grid<f32>) {
        surface.for_each_row(|row, values| {
            for (column, z) in values.iter_mut().enumerate() {
                let low = self.z_min_mm.at(column, row);
                let high = self.z_max_mm.at(column, row);
                *z = if low <= high {
                    z.clamp(low, high)
                } else {
                    0.5 * (low + high)
                };
            }
        });
    }
}

/// Least value of `sign` of a bound over all places whose interpolated surface depends on a pixel.
///
/// These are the squares of two pixels around its centre. A bilinear bound has its least value over
/// a rectangle at a corner, at one of its own pixel centres inside, or where lines through
/// those meet the rectangle's sides.
fn least_around(
    bound: &Raster,
    frame: Frame,
    raster_px: (usize, usize),
    sign: fn(f32) -> f32,
) -> Grid<f32> {
    let ratio = frame.mm_per_px / bound.frame.mm_per_px;
    Grid::from_fn(raster_px.0, raster_px.1, |column, row| {
        let (x_mm, y_mm) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        let (u, v) = bound.frame.to_px(x_mm, y_mm);
        let mut least = f32::INFINITY;
        for v in stations(v - ratio, v + ratio, bound.grid.height()) {
            for u in stations(u - ratio, u + ratio, bound.grid.width()) {
                least = least.min(sign(bound.grid.bilinear(u as f32, v as f32)));
            }
        }
        least
    })
}

/// Both ends of a span, and the pixel centres inside.
fn stations(from: f64, to: f64, length: usize) -> impl Iterator<Item = f64> {
    let first = (from - 0.5).ceil().max(0.0) as usize;
    let centres = (first..length).map(|index| index as f64 + 0.5);
    [from, to]
        .into_iter()
        .chain(centres.take_while(move |&centre| centre < to))
}
