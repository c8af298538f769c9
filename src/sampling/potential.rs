//! The potential: where there are too many points it is high, where too few it is low, and points
//! that run downhill even out the error on all scales at once.
//!
//! With e = points - wish per pixel, the displacement u that cancels e obeys div(w u) = e to first
//! order, so u = -grad(c) / w with -laplace(c) = e. The Green's function of that equation is
//! the potential of charges in the plane: points repel one another, the wish attracts them. It is
//! summed here from Gaussians of doubling width on a pyramid of rasters, from about 1.4 pixels to
//! some 0.7 mm; below, the kernel is smooth, so that a single point does not feel the raster.
//!
//! # Source
//!
//! Schmaltz, Gwosdek, Bruhn, Weickert, *Electrostatic halftoning*, 2010, for points as charges.
//! The step by the inverse Laplacian is Newton's step of linearised optimal transport.

use crate::grid::Grid;

/// Number of rasters in the pyramid.
const LEVELS: usize = 6;

/// Weights of the levels, in squared pixels of the finest: half the difference of the variances
/// between which a level's Gaussian stands for the integral of all Gaussians.
const WEIGHTS: [f32; LEVELS] = [1.7, 4.0, 16.0, 64.0, 256.0, 1024.0];

/// The potential of the error `points - wish`, on the same raster.
pub(super) fn potential(error: Grid<f32>) -> Grid<f32> {
    descend(error, 0)
}

fn descend(error: Grid<f32>, level: usize) -> Grid<f32> {
    let mut smooth = smoothed(&error);
    drop(error);
    if level == 0 {
        smooth = smoothed(&smooth);
    }
    let coarser = (level + 1 < LEVELS && smooth.width() > 4 && smooth.height() > 4)
        .then(|| descend(halved(&smooth), level + 1));
    let weight = WEIGHTS[level];
    match coarser {
        None => smooth.for_each_row(|_, row| row.iter_mut().for_each(|value| *value *= weight)),
        Some(coarse) => smooth.for_each_row(|j, row| {
            // Each fine pixel lies 3/4 toward the coarse pixel that holds it, 1/4 to the next one.
            let near = (j / 2).min(coarse.height() - 1);
            let far = if j % 2 == 0 {
                near.saturating_sub(1)
            } else {
                near + 1
            };
            let (near, far) = (coarse.row(near), coarse.row(far.min(coarse.height() - 1)));
            let last = near.len() - 1;
            let mix = |i: usize| 0.75 * near[i] + 0.25 * far[i];
            let mut before = mix(0);
            let mut here = before;
            for (i, pair) in row.chunks_mut(2).enumerate() {
                let after = mix((i + 1).min(last));
                pair[0] = pair[0] * weight + 0.75 * here + 0.25 * before;
                if let Some(value) = pair.get_mut(1) {
                    *value = *value * weight + 0.75 * here + 0.25 * after;
                }
                (before, here) = (here, after);
            }
        }),
    }
    smooth
}

/// Smooths by the binomial 1 4 6 4 1 in both directions (variance 1); 0 outside.
fn smoothed(grid: &Grid<f32>) -> Grid<f32> {
    let (width, height) = (grid.width(), grid.height());
    let mut out = Grid::filled(width, height, 0.0f32);
    out.for_each_row(|j, row| {
        let mut column = vec![0.0f32; width + 4];
        for (k, weight) in [1.0f32, 4.0, 6.0, 4.0, 1.0].into_iter().enumerate() {
            if let Some(source) = (j + k).checked_sub(2).filter(|&source| source < height) {
                for (sum, value) in column[2..].iter_mut().zip(grid.row(source)) {
                    *sum += weight * value;
                }
            }
        }
        for (value, c) in row.iter_mut().zip(column.windows(5)) {
            *value = (c[0] + c[4] + 4.0 * (c[1] + c[3]) + 6.0 * c[2]) * (1.0 / 256.0);
        }
    });
    out
}

/// The means of 2 x 2 pixels; a last odd row or column meets zeros.
fn halved(grid: &Grid<f32>) -> Grid<f32> {
    let (width, height) = (grid.width().div_ceil(2), grid.height().div_ceil(2));
    let mut out = Grid::filled(width, height, 0.0f32);
    out.for_each_row(|j, row| {
        for source in 2 * j..(2 * j + 2).min(grid.height()) {
            for (value, pair) in row.iter_mut().zip(grid.row(source).chunks(2)) {
                *value += 0.25 * pair.iter().sum::<f32>();
            }
        }
    });
    out
}
