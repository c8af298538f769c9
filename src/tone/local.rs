//! Local contrast: contrast-limited adaptive histogram equalisation, mixed in gently.
//!
//! The picture is cut into tiles, each with its own curve from the visible display values about it;
//! a pixel goes through the curves of the four tiles around it, weighted by nearness. A curve is a
//! cumulated histogram whose bins are cut off at a limit, which bounds its slope: noise in an even
//! background is not blown up. Where little is visible the whole picture's histogram stands in.
//!
//! # Source
//!
//! K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994.

use std::ops::Range;

use crate::ease::smoothstep;
use crate::grid::Grid;
use crate::tone::curve::{LANES, split};
use crate::tone::shown::Sample;

/// Tiles across the longer side of what is visible: a face that fills a heart spans three or four.
const TILES: usize = 6;

/// Intervals of a curve.
const BINS: usize = 64;

/// Largest slope of a curve before it is mixed in.
const SLOPE_LIMIT: f32 = 2.2;

/// Share of the equalised value in the result.
const STRENGTH: f32 = 0.3;

/// Display values below which the strength fades: equalising lifts a large black background out of
/// the black, with all its noise.
const SHADOWS_UNTIL: f32 = 0.2;

/// Weight of the whole picture's histogram in each tile's, as a share of a full tile.
const PRIOR: f32 = 0.3;

/// One tile's curve: display values at the borders of the bins.
type TileCurve = [f32; BINS + 1];

/// The curves of all tiles.
pub(super) struct Contrast {
    curves: Grid<TileCurve>,
    /// Side of a tile, px.
    side: usize,
    /// Columns between the same two tiles.
    stretches: Vec<Stretch>,
    /// How near the second of them is to each column.
    across: Vec<f32>,
}

/// Columns between the same two tiles.
#[derive(Debug)]
struct Stretch {
    columns: Range<usize>,
    tiles: [usize; 2],
}

impl Contrast {
    /// Judges display values of a picture of that size, of which the sample is a part.
    pub(super) fn judge(sample: &Sample, (width, height): (usize, usize)) -> Self {
        let side = width.max(height).div_ceil(TILES).max(1);
        let side = side.next_multiple_of(sample.step);
        let tiles = (width.div_ceil(side), height.div_ceil(side));
        let all = [0, 0, sample.values.width(), sample.values.height()];
        let whole = normalised(&histogram(sample, all));
        let curves = Grid::from_fn(tiles.0, tiles.1, |column, row| {
            tile_curve(sample, &whole, side / sample.step, (column, row))
        });
        let places: Vec<([usize; 2], f32)> = (0..width)
            .map(|column| between(column, side, tiles.0))
            .collect();
        let mut end = 0;
        let stretches = places.chunk_by(|a, b| a.0 == b.0).map(|stretch| {
            let start = end;
            end += stretch.len();
            Stretch {
                columns: start..end,
                tiles: stretch[0].0,
            }
        });
        Self {
            stretches: stretches.collect(),
            across: places.iter().map(|&(_, across)| across).collect(),
            curves,
            side,
        }
    }

    /// Raises the contrast of details in a row of display values from a column on; what has weight 0
    /// stays.
    pub(super) fn raise(&self, row: usize, first: usize, values: &mut [f32], weights: &[f32]) {
        let ([above, below], down) = between(row, self.side, self.curves.height());
        let pairs = self.curves.row(above).iter().zip(self.curves.row(below));
        let mixed = |(above, below): (&TileCurve, &TileCurve)| -> [[f32; 2]; BINS] {
            let at = |i: usize| above[i] * (1.0 - down) + below[i] * down;
            std::array::from_fn(|i| [at(i), at(i + 1) - at(i)])
        };
        let curves: Vec<[[f32; 2]; BINS]> = pairs.map(mixed).collect();
        let end = first + values.len();
        for Stretch { columns, tiles } in &self.stretches {
            let columns = columns.start.max(first)..columns.end.min(end);
            if columns.is_empty() {
                continue;
            }
            let curves = tiles.map(|tile| &curves[tile]);
            let across = &self.across[columns.clone()];
            let own = columns.start - first..columns.end - first;
            let (chunks, rest) = values[own.clone()].as_chunks_mut::<LANES>();
            let (weight_chunks, weight_rest) = weights[own].as_chunks();
            let (across_chunks, across_rest) = across.as_chunks();
            let all = chunks.iter_mut().zip(weight_chunks).zip(across_chunks);
            for ((values, weights), across) in all {
                *values = raised(curves, *values, *weights, *across);
            }
            let all = rest.iter_mut().zip(weight_rest).zip(across_rest);
            for ((value, &weight), &across) in all {
                [*value] = raised(curves, [*value], [weight], [across]);
            }
        }
    }
}

/// The curves of the tiles before and behind a pixel: values at the lower borders of the bins, and what
/// they rise by in them.
type Curves<'a> = [&'a [[f32; 2]; BINS]; 2];

/// Display values with more contrast where they have weight, each `across` of the way from the first curve
/// to the second.
fn raised<const N: usize>(
    curves: Curves<'_>,
    values: [f32; N],
    weights: [f32; N],
    across: [f32; N],
) -> [f32; N] {
    let (bins, parts) = split::<N, BINS>(values);
    let found = bins.map(|bin| curves.map(|curve| curve[bin.min(BINS - 1)]));
    std::array::from_fn(|k| {
        let [first, second] = found[k].map(|[value, rise]| value + rise * parts[k]);
        let equalised = first + (second - first) * across[k];
        let strength = STRENGTH * smoothstep(values[k] * (1.0 / SHADOWS_UNTIL));
        let raised = values[k] + strength * (equalised - values[k]);
        if weights[k] == 0.0 { values[k] } else { raised }
    })
}

/// The curve of one tile, from a window that reaches half a tile beyond it on each side:
/// neighbouring curves differ less. `side` in pixels of the sample.
fn tile_curve(
    sample: &Sample,
    whole: &[f32; BINS],
    side: usize,
    (column, row): (usize, usize),
) -> TileCurve {
    let reach = |tile: usize, limit: usize| {
        let start = (tile * side).saturating_sub(side / 2);
        (start, ((tile + 1) * side + side / 2).min(limit))
    };
    let (left, right) = reach(column, sample.values.width());
    let (top, bottom) = reach(row, sample.values.height());
    let mut bins = histogram(sample, [left, top, right, bottom]);
    let prior = PRIOR * (4 * side * side) as f32;
    for (bin, share) in bins.iter_mut().zip(whole) {
        *bin += prior * share;
    }
    curve(&limited(&normalised(&bins)))
}

/// The two tiles whose centres lie about a pixel, and how near the second is, on one axis.
fn between(pixel: usize, side: usize, tiles: usize) -> ([usize; 2], f32) {
    let at = ((pixel as f32 + 0.5) / side as f32 - 0.5).clamp(0.0, (tiles - 1) as f32);
    let tile = at as usize;
    ([tile, (tile + 1).min(tiles - 1)], at - tile as f32)
}

/// Weights by display value in a window `[left, top, right, bottom]` of the sample.
fn histogram(sample: &Sample, [left, top, right, bottom]: [usize; 4]) -> [f32; BINS] {
    // A part of the rows and columns tells as much: tiles have thousands of pixels.
    let step = ((right - left).max(bottom - top) / 128).max(2);
    let mut bins = [0.0; BINS];
    let each = (step * step) as f32;
    for row in (top..bottom).step_by(step) {
        let values = &sample.values.row(row)[left..right];
        let weights = &sample.weight.row(row)[left..right];
        for (&value, &weight) in values.iter().zip(weights).step_by(step) {
            let bin = (value * BINS as f32) as i32 as usize;
            bins[bin.min(BINS - 1)] += each * weight;
        }
    }
    bins
}

/// Bins that add up to 1; all alike where there is nothing.
fn normalised(bins: &[f32; BINS]) -> [f32; BINS] {
    let total: f32 = bins.iter().sum();
    if total <= 0.0 {
        return [1.0 / BINS as f32; BINS];
    }
    let mut shares = *bins;
    for share in &mut shares {
        *share /= total;
    }
    shares
}

/// Cuts bins off at the limit of the slope and hands the rest out evenly.
fn limited(bins: &[f32; BINS]) -> [f32; BINS] {
    let limit = SLOPE_LIMIT / BINS as f32;
    let mut bins = *bins;
    // What is handed out may pass the limit again; after some rounds hardly anything does.
    for _ in 0..8 {
        let excess: f32 = bins.iter().map(|bin| (bin - limit).max(0.0)).sum();
        for bin in &mut bins {
            *bin = bin.min(limit) + excess / BINS as f32;
        }
    }
    bins
}

/// The cumulated bins: from 0 at black to 1 at white.
fn curve(bins: &[f32; BINS]) -> TileCurve {
    let mut curve = [0.0; BINS + 1];
    for (i, bin) in bins.iter().enumerate() {
        curve[i + 1] = curve[i] + bin;
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(before: &Grid<f32>) -> Grid<f32> {
        let size = (before.width(), before.height());
        let sample = Sample {
            step: 1,
            values: before.clone(),
            weight: Grid::filled(size.0, size.1, 1.0),
        };
        let contrast = Contrast::judge(&sample, size);
        let mut after = before.clone();
        after.for_each_row(|row, values| contrast.raise(row, 0, values, &vec![1.0; size.0]));
        after
    }

    #[test]
    fn faint_detail_gains_contrast_within_the_limit() {
        // A faint checker on a wide ramp.
        let before = Grid::from_fn(300, 300, |column, row| {
            let checker = ((column / 6 + row / 6) % 2) as f32;
            0.3 + 0.4 * column as f32 / 300.0 + 0.04 * checker
        });
        let after = raised(&before);
        // Light minus dark field, one above the other in the same column.
        let step = |grid: &Grid<f32>| grid.at(153, 156) - grid.at(153, 150);
        let gain = step(&after) / step(&before);
        let most = 1.0 + STRENGTH * (SLOPE_LIMIT * 1.1 - 1.0);
        assert!(gain > 1.1 && gain < most, "{gain}");
    }

    #[test]
    fn black_and_white_stay_and_order_is_kept_within_a_tile() {
        let grid = raised(&Grid::from_fn(60, 60, |column, _| column as f32 / 59.0));
        assert_eq!(grid.at(0, 30), 0.0);
        assert!((grid.at(59, 30) - 1.0).abs() < 1e-5);
        for column in 1..60 {
            assert!(grid.at(column, 30) > grid.at(column - 1, 30), "at {column}");
        }
    }
}
