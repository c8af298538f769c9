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

use crate::grid::Grid;
use crate::tone::curve::smoothstep;

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

/// Raises the contrast of details of display values in place; what has weight 0 is not judged.
pub(super) fn raise_contrast(display: &mut Grid<f32>, weight: &Grid<f32>) {
    let (width, height) = (display.width(), display.height());
    let side = width.max(height).div_ceil(TILES).max(1);
    let tiles = (width.div_ceil(side), height.div_ceil(side));
    let whole = normalised(&histogram(display, weight, [0, 0, width, height]));
    let curves = Grid::from_fn(tiles.0, tiles.1, |column, row| {
        tile_curve(display, weight, &whole, side, (column, row))
    });
    display.for_each_row(|row, values| {
        through_curves(values, weight.row(row), row, &curves, side);
    });
}

/// The curve of one tile, from a window that reaches half a tile beyond it on each side:
/// neighbouring curves differ less.
fn tile_curve(
    display: &Grid<f32>,
    weight: &Grid<f32>,
    whole: &[f32; BINS],
    side: usize,
    (column, row): (usize, usize),
) -> TileCurve {
    let reach = |tile: usize, limit: usize| {
        let start = (tile * side).saturating_sub(side / 2);
        (start, ((tile + 1) * side + side / 2).min(limit))
    };
    let (left, right) = reach(column, display.width());
    let (top, bottom) = reach(row, display.height());
    let mut bins = histogram(display, weight, [left, top, right, bottom]);
    let prior = PRIOR * (4 * side * side) as f32;
    for (bin, share) in bins.iter_mut().zip(whole) {
        *bin += prior * share;
    }
    curve(&limited(&normalised(&bins)))
}

/// Sends what is visible of a row through the curves of the tiles around each pixel.
fn through_curves(
    values: &mut [f32],
    weights: &[f32],
    row: usize,
    curves: &Grid<TileCurve>,
    side: usize,
) {
    let (rows, down) = between(row, side, curves.height());
    let (above, below) = (curves.row(rows.0), curves.row(rows.1));
    for (column, (value, &weight)) in values.iter_mut().zip(weights).enumerate() {
        if weight == 0.0 {
            continue;
        }
        let (columns, across) = between(column, side, curves.width());
        let blend = |curves: &[TileCurve]| {
            look_up(&curves[columns.0], *value) * (1.0 - across)
                + look_up(&curves[columns.1], *value) * across
        };
        let equalised = blend(above) * (1.0 - down) + blend(below) * down;
        *value += STRENGTH * smoothstep(*value / SHADOWS_UNTIL) * (equalised - *value);
    }
}

/// The two tiles whose centres lie about a pixel, and how near the second is, on one axis.
fn between(pixel: usize, side: usize, tiles: usize) -> ((usize, usize), f32) {
    let at = ((pixel as f32 + 0.5) / side as f32 - 0.5).clamp(0.0, (tiles - 1) as f32);
    let tile = at as usize;
    ((tile, (tile + 1).min(tiles - 1)), at - tile as f32)
}

/// Weights by display value in a window `[left, top, right, bottom]`.
fn histogram(
    display: &Grid<f32>,
    weight: &Grid<f32>,
    [left, top, right, bottom]: [usize; 4],
) -> [f32; BINS] {
    // A part of the rows and columns tells as much: tiles have tens of thousands of pixels.
    let step = ((right - left).max(bottom - top) / 128).max(2);
    let mut bins = [0.0; BINS];
    let each = (step * step) as f32;
    for row in (top..bottom).step_by(step) {
        let (values, weights) = (
            &display.row(row)[left..right],
            &weight.row(row)[left..right],
        );
        for (&value, &weight) in values.iter().zip(weights).step_by(step) {
            let bin = (value * BINS as f32) as usize;
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

fn look_up(curve: &TileCurve, value: f32) -> f32 {
    let scaled = value * BINS as f32;
    let bin = (scaled as usize).min(BINS - 1);
    let (low, high) = (curve[bin], curve[bin + 1]);
    low + (high - low) * (scaled - bin as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faint_detail_gains_contrast_within_the_limit() {
        // A faint checker on a wide ramp.
        let before = Grid::from_fn(300, 300, |column, row| {
            let checker = ((column / 6 + row / 6) % 2) as f32;
            0.3 + 0.4 * column as f32 / 300.0 + 0.04 * checker
        });
        let mut after = before.clone();
        raise_contrast(&mut after, &Grid::filled(300, 300, 1.0));
        // Light minus dark field, one above the other in the same column.
        let step = |grid: &Grid<f32>| grid.at(153, 156) - grid.at(153, 150);
        let gain = step(&after) / step(&before);
        let most = 1.0 + STRENGTH * (SLOPE_LIMIT * 1.1 - 1.0);
        assert!(gain > 1.1 && gain < most, "{gain}");
    }

    #[test]
    fn black_and_white_stay_and_order_is_kept_within_a_tile() {
        let mut grid = Grid::from_fn(60, 60, |column, _| column as f32 / 59.0);
        raise_contrast(&mut grid, &Grid::filled(60, 60, 1.0));
        assert_eq!(grid.at(0, 30), 0.0);
        assert!((grid.at(59, 30) - 1.0).abs() < 1e-5);
        for column in 1..60 {
            assert!(grid.at(column, 30) > grid.at(column - 1, 30), "at {column}");
        }
    }
}
