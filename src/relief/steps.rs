//! Steps of whole numbers and small noise, smoothed away without touching edges.
//!
//! A map of 256 levels is a flight of stairs on every gentle slope. The true depth lies within half
//! a step of the stored value, so the map is blurred from wide to narrow and after each blur put
//! back to within half a step of what was stored: stairs become slopes, and no edge can move.
//! Noise, as JPEG leaves it, widens the band by what a robust measure of it says.
//!
//! Does not promise to restore detail finer than a step.

use rayon::prelude::*;

use crate::grid::Grid;

/// Radii of the blurs, px of the map. The widest bridges steps of some 60 px, which is a slope of
/// one level in 60 px: over 1200 px, a twelfth of the range.
const RADII_PX: [usize; 6] = [32, 16, 8, 4, 2, 1];

/// Fewer levels are taken for layers painted by hand, whose steps are meant.
const FEWEST_LEVELS: usize = 12;

/// More levels leave steps below 0.002 of the range, 10 micrometres in a relief of 5 mm: less
/// than a tenth of the distance between layers.
const MOST_LEVELS: usize = 512;

/// Widest band, as a fraction of the range 0..1: real relief of a face's features starts there.
const WIDEST_BAND: f32 = 0.02;

/// A narrower band smooths nothing that could be etched, and its square is 0 in single precision.
const NARROWEST_BAND: f32 = 1e-6;

/// How many standard deviations of noise the band admits; 2 holds 95 % of it.
const NOISE_SIGMAS: f32 = 2.0;

/// Reach of the last smoothing, px: half a block of a JPEG file, whose borders show otherwise.
const CALM_PX: usize = 4;

/// The step between neighbouring levels of a map whose range is about 0..1; 0 where it has none.
pub(super) fn step(map: &Grid<f32>) -> f32 {
    let stride = map.values().len().div_ceil(200_000);
    let known = map.values().iter().step_by(stride).copied();
    let mut levels: Vec<f32> = known.filter(|value| !value.is_nan()).collect();
    levels.sort_unstable_by(f32::total_cmp);
    levels.dedup();
    if !(FEWEST_LEVELS..=MOST_LEVELS).contains(&levels.len()) {
        return 0.0;
    }
    let mut gaps: Vec<f32> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = gaps.len() / 2;
    *gaps.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Smooths a map whose range is about 0..1, without holes, within half a `step` and its noise.
pub(super) fn smooth(map: &Grid<f32>, step: f32) -> Grid<f32> {
    let band = (0.5 * step + NOISE_SIGMAS * noise(map)).min(WIDEST_BAND.max(0.5 * step));
    if band <= NARROWEST_BAND {
        return map.clone();
    }
    let mut smooth = map.clone();
    for radius in RADII_PX {
        // Two boxes make a tent, which leaves no ridges along the axes that an eye could see.
        smooth = blur(&blur(&smooth, radius), radius);
        smooth.for_each_row(|row, values| {
            for (value, &stored) in values.iter_mut().zip(map.row(row)) {
                *value = value.clamp(stored - band, stored + band);
            }
        });
    }
    calm(&smooth, 2.0 * band)
}

/// Smooths what is rough by less than `roughness` within [`CALM_PX`], and leaves what is rougher.
///
/// # Source
///
/// The guided filter with the map as its own guide: He, Sun, Tang, *Guided image filtering*, 2010.
pub(super) fn calm(map: &Grid<f32>, roughness: f32) -> Grid<f32> {
    let mean = blur(map, CALM_PX);
    let square = blur(&map.map(|value| value * value), CALM_PX);
    let share = Grid::from_fn(map.width(), map.height(), |column, row| {
        let mean = mean.at(column, row);
        let variance = (square.at(column, row) - mean * mean).max(0.0);
        variance / (variance + roughness * roughness)
    });
    let offset = Grid::from_fn(map.width(), map.height(), |column, row| {
        (1.0 - share.at(column, row)) * mean.at(column, row)
    });
    let (share, offset) = (blur(&share, CALM_PX), blur(&offset, CALM_PX));
    Grid::from_fn(map.width(), map.height(), |column, row| {
        share.at(column, row) * map.at(column, row) + offset.at(column, row)
    })
}

/// Standard deviation of white noise, blind to slopes, to edges and to wide stairs.
///
/// # Source
///
/// Kernel: Immerkaer, *Fast noise variance estimation*, 1996; its median instead of the mean, since
/// edges fill a good part of a depth map.
fn noise(map: &Grid<f32>) -> f32 {
    let (width, height) = (map.width(), map.height());
    if width < 3 || height < 3 {
        return 0.0;
    }
    let stride = ((width * height) as f64 / 100_000.0).sqrt().ceil() as usize;
    let mut answers = Vec::new();
    for row in (1..height - 1).step_by(stride) {
        let [above, here, below] = [map.row(row - 1), map.row(row), map.row(row + 1)];
        for x in (1..width - 1).step_by(stride) {
            let second = |line: &[f32]| line[x - 1] - 2.0 * line[x] + line[x + 1];
            answers.push((second(above) - 2.0 * second(here) + second(below)).abs());
        }
    }
    let middle = answers.len() / 2;
    // The kernel's norm is 6; the median of |normal| is 0.6745 standard deviations.
    *answers.select_nth_unstable_by(middle, f32::total_cmp).1 / (6.0 * 0.6745)
}

/// Mean over squares of side 2 * `radius` + 1, narrower at the border.
pub(super) fn blur(map: &Grid<f32>, radius: usize) -> Grid<f32> {
    let across = blur_rows(map, radius);
    blur_columns(&across, radius)
}

/// Rows of one strip of columns: a strip of this width stays in the first-level cache.
const STRIP_PX: usize = 64;

fn blur_columns(map: &Grid<f32>, radius: usize) -> Grid<f32> {
    let (width, height) = (map.width(), map.height());
    let strips: Vec<Vec<f32>> = (0..width.div_ceil(STRIP_PX))
        .into_par_iter()
        .map(|strip| {
            let from = strip * STRIP_PX;
            let columns = from..(from + STRIP_PX).min(width);
            let mut sums = vec![0.0f64; columns.len()];
            let mut out = Vec::with_capacity(columns.len() * height);
            let change = |sums: &mut [f64], row: usize, sign: f64| {
                let values = &map.row(row)[columns.clone()];
                sums.iter_mut()
                    .zip(values)
                    .for_each(|(sum, &v)| *sum += sign * f64::from(v));
            };
            for row in 0..radius.min(height) {
                change(&mut sums, row, 1.0);
            }
            for row in 0..height {
                if row + radius < height {
                    change(&mut sums, row + radius, 1.0);
                }
                if row > radius {
                    change(&mut sums, row - radius - 1, -1.0);
                }
                let count = (row + radius).min(height - 1) - row.saturating_sub(radius) + 1;
                out.extend(sums.iter().map(|sum| (sum / count as f64) as f32));
            }
            out
        })
        .collect();
    Grid::from_fn(width, height, |column, row| {
        let strip = &strips[column / STRIP_PX];
        strip[row * (strip.len() / height) + column % STRIP_PX]
    })
}

fn blur_rows(map: &Grid<f32>, radius: usize) -> Grid<f32> {
    let width = map.width();
    let mut out = Grid::filled(width, map.height(), 0.0);
    out.for_each_row(|row, values| {
        let source = map.row(row);
        // In double precision a running sum does not drift.
        let mut sum: f64 = source[..radius.min(width)]
            .iter()
            .map(|&v| f64::from(v))
            .sum();
        for (x, value) in values.iter_mut().enumerate() {
            if x + radius < width {
                sum += f64::from(source[x + radius]);
            }
            if x > radius {
                sum -= f64::from(source[x - radius - 1]);
            }
            let count = (x + radius).min(width - 1) - x.saturating_sub(radius) + 1;
            *value = (sum / count as f64) as f32;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terraced(slope_per_px: f32) -> (Grid<f32>, Grid<f32>) {
        let exact = Grid::from_fn(400, 60, |column, row| {
            (column as f32 + 0.3 * row as f32) * slope_per_px
        });
        let stored = exact.map(|value| (value * 255.0).round() / 255.0);
        (exact, stored)
    }

    #[test]
    fn stairs_become_slopes() {
        for slope_per_px in [1.0 / 255.0 / 25.0, 1.0 / 255.0 / 6.0] {
            let (exact, stored) = terraced(slope_per_px);
            let smooth = smooth(&stored, step(&stored).max(1.0 / 255.0));
            // Away from the border, where the blur sees one side only.
            let worst = |map: &Grid<f32>| {
                let inside = (100..300).map(|x| (map.at(x + 1, 30) - map.at(x, 30)) / slope_per_px);
                inside.fold(0.0f32, |worst, relative| worst.max((relative - 1.0).abs()))
            };
            assert!(worst(&stored) > 4.0, "the test's stairs are none");
            assert!(worst(&smooth) < 0.5, "slope off by {}", worst(&smooth));
            assert!((smooth.at(200, 30) - exact.at(200, 30)).abs() < 0.6 / 255.0);
        }
    }

    #[test]
    fn edges_stay_where_they_are() {
        let stored = Grid::from_fn(200, 40, |column, _| {
            let wall = if column < 100 { 0.2 } else { 0.8 };
            ((wall + column as f32 * 0.0007) * 255.0f32).round() / 255.0
        });
        let smooth = smooth(&stored, step(&stored));
        for (a, b) in smooth.values().iter().zip(stored.values()) {
            // Half a step from the band, the rest from the last smoothing; the wall is 153 steps high.
            assert!((a - b).abs() <= 1.5 / 255.0, "moved by {}", a - b);
        }
    }

    #[test]
    fn levels_are_told_from_layers_and_from_continuous_maps() {
        let (_, stored) = terraced(0.002);
        assert!((step(&stored) - 1.0 / 255.0).abs() < 1e-6);
        assert_eq!(
            step(&Grid::from_fn(64, 64, |x, _| (x / 16) as f32 / 3.0)),
            0.0
        );
        assert_eq!(
            step(&Grid::from_fn(64, 64, |x, y| (x * 64 + y) as f32)),
            0.0
        );
    }

    #[test]
    fn noise_is_measured_on_slopes_and_beside_edges() {
        let sigma = 0.01;
        let map = Grid::from_fn(120, 90, |x, y| {
            let uniform = crate::random::unit(5, (y * 120 + x) as u64) - 0.5;
            let wall = if x > 60 { 0.5 } else { 0.0 };
            wall + 0.002 * y as f32 + uniform * sigma * 12.0f32.sqrt()
        });
        assert!((noise(&map) / sigma - 1.0).abs() < 0.15, "{}", noise(&map));
    }
}
