//! From a hard cut to a soft matte: the guided filter, with the colours of the photo as its guide.
//!
//! In every window the matte is written as a linear function of the colours, as closed-form matting
//! does too; hair and fur that the coarse cut has lost or swallowed come back. The photo's own light
//! guides the last step, from the small copy in colour to all of the photo's pixels.
//!
//! # Source
//!
//! K. He, J. Sun, X. Tang, *Guided image filtering*, IEEE TPAMI 35(6), 2013, section 3.6; K. He,
//! J. Sun, *Fast guided filter*, 2015, for the last step.

use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;

use crate::grid::Grid;
use crate::subject::colors::{box_means, perceptual_grid};

/// Window of the colour guide, share of the longer side: about as wide as a lock of hair.
const REACH: f32 = 0.012;

/// Below this variance of the colours a window counts as even and the matte is only smoothed.
const EVEN: f32 = 2e-4;

/// Window of the last step, pixels of the small copy.
const LAST_REACH_PX: usize = 2;

/// As [`EVEN`], for the photo's light.
const LAST_EVEN: f32 = 1e-3;

/// What the filter leaves of fog far from the edge is cut off at both ends.
const FOG: f32 = 0.08;

/// The soft matte on the pixels of the small copy in colour; `cut` may be smaller.
pub(super) fn soften(cut: &Grid<f32>, color: &Grid<[u8; 3]>) -> Grid<f32> {
    let (width, height) = (color.width(), color.height());
    let cut = enlarged(cut, (width, height));
    let guide = perceptual_grid(color);
    let reach = ((REACH * width.max(height) as f32).round() as usize).max(2);
    let soft = guided_by_color(&cut, &guide, reach);
    soft.map(|value| ((value - FOG) / (1.0 - 2.0 * FOG)).clamp(0.0, 1.0))
}

/// The matte on all pixels of the photo, from a smaller one.
pub(super) fn to_photo(matte: Grid<f32>, luminance: &Grid<f32>) -> Grid<f32> {
    let size = (luminance.width(), luminance.height());
    let small = (matte.width(), matte.height());
    if small == size {
        return matte;
    }
    // The root is near enough to display values, and cheap.
    let guide = box_means(luminance, small, |light| light.max(0.0).sqrt());
    let reach = LAST_REACH_PX;
    let mean = |values: Grid<f32>| box_mean(&values, reach);
    let product = |a: &Grid<f32>, b: &Grid<f32>| zip(a, b, |a, b| a * b);
    let (guides, mattes) = (mean(guide.clone()), mean(matte.clone()));
    let both = mean(product(&guide, &matte));
    let squares = mean(product(&guide, &guide));
    let slope = Grid::from_fn(small.0, small.1, |column, row| {
        let guide = guides.at(column, row);
        let covariance = both.at(column, row) - guide * mattes.at(column, row);
        covariance / ((squares.at(column, row) - guide * guide).max(0.0) + LAST_EVEN)
    });
    let offset = Grid::from_fn(small.0, small.1, |column, row| {
        mattes.at(column, row) - slope.at(column, row) * guides.at(column, row)
    });
    let (slope, offset) = (mean(slope), mean(offset));
    let scale = (
        small.0 as f32 / size.0 as f32,
        small.1 as f32 / size.1 as f32,
    );
    Grid::from_fn(size.0, size.1, |column, row| {
        let (u, v) = (
            (column as f32 + 0.5) * scale.0,
            (row as f32 + 0.5) * scale.1,
        );
        let light = luminance.at(column, row).max(0.0).sqrt();
        (slope.bilinear(u, v) * light + offset.bilinear(u, v)).clamp(0.0, 1.0)
    })
}

/// Bilinear enlargement, or reduction without averaging.
pub(super) fn enlarged(values: &Grid<f32>, (width, height): (usize, usize)) -> Grid<f32> {
    let scale = (
        values.width() as f32 / width as f32,
        values.height() as f32 / height as f32,
    );
    Grid::from_fn(width, height, |column, row| {
        let (u, v) = (column as f32 + 0.5, row as f32 + 0.5);
        values.bilinear(u * scale.0, v * scale.1)
    })
}

fn guided_by_color(matte: &Grid<f32>, guide: &Grid<[f32; 3]>, reach: usize) -> Grid<f32> {
    let (width, height) = (guide.width(), guide.height());
    let channel = |i: usize| guide.map(|color| color[i]);
    let channels = [channel(0), channel(1), channel(2)];
    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    // 13 rasters: matte, three channels, three products with the matte, six of the channels.
    let sources: Vec<(Option<usize>, Option<usize>)> = std::iter::once((None, None))
        .chain((0..3).map(|i| (Some(i), None)))
        .chain((0..3).map(|i| (Some(i), Some(3))))
        .chain(PAIRS.map(|(i, j)| (Some(i), Some(j))))
        .collect();
    let means: Vec<Grid<f32>> = sources
        .into_par_iter()
        .map(|source| match source {
            (None, _) => box_mean(matte, reach),
            (Some(i), None) => box_mean(&channels[i], reach),
            (Some(i), Some(3)) => box_mean(&zip(&channels[i], matte, |a, b| a * b), reach),
            (Some(i), Some(j)) => box_mean(&zip(&channels[i], &channels[j], |a, b| a * b), reach),
        })
        .collect();
    let coefficients = Grid::from_fn(width, height, |column, row| {
        let at = |raster: usize| means[raster].at(column, row);
        let (matte, mean) = (at(0), Vector3::new(at(1), at(2), at(3)));
        let with_matte = Vector3::new(at(4), at(5), at(6)) - mean * matte;
        let [aa, ab, ac, bb, bc, cc] = [7, 8, 9, 10, 11, 12].map(at);
        let products = Matrix3::new(aa, ab, ac, ab, bb, bc, ac, bc, cc);
        let variance = products - mean * mean.transpose() + Matrix3::identity() * EVEN;
        let slope = match variance.cholesky() {
            Some(roots) => roots.solve(&with_matte),
            None => Vector3::zeros(),
        };
        [slope.x, slope.y, slope.z, matte - slope.dot(&mean)]
    });
    drop(means);
    let smooth: Vec<Grid<f32>> = (0..4_usize)
        .into_par_iter()
        .map(|i| box_mean(&coefficients.map(|of| of[i]), reach))
        .collect();
    Grid::from_fn(width, height, |column, row| {
        let color = guide.at(column, row);
        let slopes = smooth[..3].iter().zip(color);
        smooth[3].at(column, row)
            + slopes
                .map(|(slope, value)| slope.at(column, row) * value)
                .sum::<f32>()
    })
}

fn zip(a: &Grid<f32>, b: &Grid<f32>, with: impl Fn(f32, f32) -> f32) -> Grid<f32> {
    let values = a.values().iter().zip(b.values());
    let values = values.map(|(&a, &b)| with(a, b)).collect();
    Grid::from_values(a.width(), a.height(), values).expect("both have one size")
}

/// The mean over windows of `2 reach + 1` pixels a side, less at the border.
fn box_mean(values: &Grid<f32>, reach: usize) -> Grid<f32> {
    let (width, height) = (values.width(), values.height());
    let mut across = Vec::with_capacity(width * height);
    let mut sums = vec![0.0_f64; width + 1];
    for row in 0..height {
        let mut sum = 0.0;
        for (next, &value) in sums[1..].iter_mut().zip(values.row(row)) {
            sum += f64::from(value);
            *next = sum;
        }
        across.extend((0..width).map(|column| {
            let (from, to) = (
                column.saturating_sub(reach),
                (column + reach + 1).min(width),
            );
            ((sums[to] - sums[from]) / (to - from) as f64) as f32
        }));
    }
    let mut means = Vec::with_capacity(width * height);
    let mut window = vec![0.0_f64; width];
    let add = |window: &mut [f64], row: usize, sign: f64| {
        for (sum, &value) in window.iter_mut().zip(&across[row * width..][..width]) {
            *sum += sign * f64::from(value);
        }
    };
    for row in 0..reach.min(height) {
        add(&mut window, row, 1.0);
    }
    for row in 0..height {
        if row + reach < height {
            add(&mut window, row + reach, 1.0);
        }
        if row > reach {
            add(&mut window, row - reach - 1, -1.0);
        }
        let count = (row + reach + 1).min(height) - row.saturating_sub(reach);
        let share = 1.0 / count as f64;
        means.extend(window.iter().map(|&sum| (sum * share) as f32));
    }
    Grid::from_values(width, height, means).expect("one mean a pixel")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn box_means_are_those_of_their_windows(
            width in 1..12usize,
            height in 1..12usize,
            reach in 0..6usize,
            seed in any::<u64>(),
        ) {
            let value = |c: usize, r: usize| random::unit(seed, (r * width + c) as u64);
            let means = box_mean(&Grid::from_fn(width, height, value), reach);
            for row in 0..height {
                for column in 0..width {
                    let rows = row.saturating_sub(reach)..(row + reach + 1).min(height);
                    let columns = column.saturating_sub(reach)..(column + reach + 1).min(width);
                    let count = (rows.len() * columns.len()) as f32;
                    let sum: f32 = rows
                        .flat_map(|r| columns.clone().map(move |c| (c, r)))
                        .map(|(c, r)| value(c, r))
                        .sum();
                    prop_assert!((means.at(column, row) - sum / count).abs() < 1e-5);
                }
            }
        }

        #[test]
        fn any_size_gets_a_matte_of_its_own_size(
            width in 1..40usize,
            height in 1..40usize,
            (small_width, small_height) in (1..20usize, 1..20usize),
            seed in any::<u64>(),
        ) {
            let value = |c: usize, r: usize| random::unit(seed, (r * 50 + c) as u64);
            let cut = Grid::from_fn(small_width, small_height, value);
            let color = Grid::from_fn(width, height, |c, r| [(255.0 * value(c, r)) as u8; 3]);
            let soft = soften(&cut, &color);
            let luminance = Grid::from_fn(2 * width + 1, 3 * height, value);
            let full = to_photo(soft, &luminance);
            prop_assert_eq!((full.width(), full.height()), (2 * width + 1, 3 * height));
            prop_assert!(full.values().iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn a_shifted_cut_finds_back_to_the_colour_edge() {
        let color = Grid::from_fn(800, 100, |column, _| {
            if column < 400 {
                [40, 60, 40]
            } else {
                [200, 150, 120]
            }
        });
        for shift in [-3, 3] {
            let start = 400_usize.wrapping_add_signed(shift);
            let cut = Grid::from_fn(800, 100, |column, _| f32::from(u8::from(column >= start)));
            let soft = soften(&cut, &color);
            assert!(soft.at(401, 50) > 0.6, "{shift}: {}", soft.at(401, 50));
            assert!(soft.at(398, 50) < 0.4, "{shift}: {}", soft.at(398, 50));
            assert!(soft.at(600, 50) > 0.99 && soft.at(200, 50) < 0.01);
        }
    }
}
