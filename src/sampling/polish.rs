//! Polish: one point after another moves to where the squared error of the blurred picture is least.
//!
//! The picture is seen through a Gaussian `SIGMA_PX` wide, about the finest that the points can show.
//! For each point the slope of the squared error by its place is summed over the pixels that it
//! reaches; a step against it leads to about the least error nearby, and of the places on the file's
//! grid around it the nearest free one is taken. The error is brought up to date at once, the rounding
//! onto the grid included: what one point must leave, its neighbours take. Relocation, where all move
//! at once, does the coarse scales before.
//!
//! Bands of points are done in two turns, every second band in each; within a turn no two bands
//! reach the same pixel or point, so the result does not depend on threads.
//!
//! # Source
//!
//! Analoui and Allebach, *Model-based halftoning using direct binary search*, 1992, there for the
//! pixels of a raster, here for points that move by a step of the file's grid.

use rayon::prelude::*;

use super::bands::{Band, Bands};
use super::candidates::{Candidates, Dot};
use super::target::Target;
use crate::error::Result;
use crate::grid::Grid;
use crate::run::Run;

/// Width of the Gaussian, standard deviation, in pixels of the target: 0.05 mm for eight layers at
/// 0.08 mm, two thirds of what an eye resolves at 250 mm.
const SIGMA_PX: f64 = 1.25;

/// Pixels along a side that a point reaches.
const TAPS: usize = 8;

/// Places within a pixel for which the Gaussian is tabulated.
const PLACES: usize = 128;

/// Pixels around the target's raster, so that every point reaches pixels only.
const BORDER_PX: usize = TAPS;

/// Largest move in one sweep, in standard deviations: farther, the slope misleads.
const LARGEST_MOVE_SIGMA: f64 = 0.5;

/// Places of the grid are tried up to so much beyond the end of a step, units: a little more than the
/// diagonal of its squares. Cells of the bands have room for twice of it (`relocation.rs`).
const BESIDE_UNITS: f32 = 1.5;

/// Moves points in so many sweeps; none comes too close to another, leaves the safe volume or enters
/// black.
pub(super) fn polish(
    mut bands: Bands<Dot>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    sweeps: u32,
    run: &Run,
) -> Result<Vec<Dot>> {
    let blur = Blur::new();
    let mut error = blur.of(target);
    let view = View {
        target,
        candidates,
        blur: &blur,
        per_unit: target.pixel.recip(),
        least: (candidates.rule.least_squared_xy() as f32).sqrt(),
        least_squared: candidates.rule.least_squared_xy(),
    };
    in_turns(&mut bands, target, &mut error, |band, _, _, pixels| {
        for dot in band.points() {
            pixels.add(&view.reach(dot), 1.0);
        }
        Ok(())
    })?;
    let mut moved = Vec::new();
    for sweep in 0..sweeps {
        if sweep > 0 {
            bands.swap_points(&mut moved);
            bands.rehome(&moved);
        }
        run.progress("polish", sweep as f32 / sweeps as f32);
        in_turns(
            &mut bands,
            target,
            &mut error,
            |band, index, others, pixels| {
                run.check()?;
                view.sweep(band, index, others, pixels);
                Ok(())
            },
        )?;
    }
    Ok(bands.into_points())
}

/// Calls `visit` for every band with its points and the pixels that they reach, every second band
/// at once; it may move the band's points and change the pixels.
fn in_turns(
    bands: &mut Bands<Dot>,
    target: &Target<'_>,
    error: &mut Grid<f32>,
    visit: impl Fn(&mut Band<Dot>, usize, &Bands<Dot>, &mut Pixels<'_>) -> Result<()> + Sync,
) -> Result<()> {
    let (width, height) = (error.width(), error.height());
    // The pixels' row in the middle of a band.
    let middle = |index: usize| {
        let v = (bands.middle(index) - target.y_min) / target.pixel;
        ((v.max(0.0) as usize) + BORDER_PX).min(height)
    };
    let count = bands.bands().len();
    let middles: Vec<usize> = (0..count).map(middle).collect();
    for turn in 0..2 {
        let mut parts = Vec::with_capacity(count / 2 + 1);
        let (mut rest, mut first) = (error.values_mut(), 0);
        for index in (turn..count).step_by(2) {
            let end = middles.get(index + 1).copied().unwrap_or(height);
            let begin = if index == 0 { 0 } else { middles[index - 1] };
            let (_, from) = rest.split_at_mut((begin - first) * width);
            let (values, after) = from.split_at_mut((end - begin) * width);
            let pixels = Pixels {
                values,
                width,
                first: begin,
            };
            parts.push((index, bands.take(index), pixels));
            (rest, first) = (after, end);
        }
        let done: Result<()> = parts
            .par_iter_mut()
            .with_max_len(1)
            .try_for_each(|(index, band, pixels)| visit(band, *index, bands, pixels));
        for (index, band, _) in parts {
            bands.put(index, band);
        }
        done?;
    }
    Ok(())
}

/// The Gaussian around one place along an axis.
#[derive(Clone, Copy, Debug)]
struct Taps {
    /// Its values at the pixels, which add up to 1.
    value: [f32; TAPS],
    /// Their derivatives by the place.
    slope: [f32; TAPS],
}

/// The Gaussian through which the picture is seen.
#[derive(Debug)]
struct Blur {
    places: Vec<Taps>,
}

impl Blur {
    fn new() -> Self {
        let taps = |place: usize| {
            let fraction = (place as f64 + 0.5) / PLACES as f64;
            let away = |k: usize| k as f64 - (TAPS / 2 - 1) as f64 - fraction;
            let bell = |k: usize| (-0.5 * (away(k) / SIGMA_PX).powi(2)).exp();
            let all: f64 = (0..TAPS).map(bell).sum();
            let variance = SIGMA_PX * SIGMA_PX;
            let of = |factor: &dyn Fn(f64) -> f64| {
                std::array::from_fn(|k| (bell(k) / all * factor(away(k))) as f32)
            };
            Taps {
                value: of(&|_| 1.0),
                slope: of(&|away| away / variance),
            }
        };
        Self {
            places: (0..PLACES).map(taps).collect(),
        }
    }

    /// The blurred wish, negative, with a border.
    fn of(&self, target: &Target<'_>) -> Grid<f32> {
        // Wishes are means over pixels already, which blurs by 1/12.
        const SIDE: usize = TAPS / 2;
        let variance = SIGMA_PX * SIGMA_PX - 1.0 / 12.0;
        let bell = |k: usize| (-0.5 * (k as f64 - SIDE as f64).powi(2) / variance).exp();
        let all: f64 = (0..=2 * SIDE).map(bell).sum();
        let weights: Vec<f32> = (0..=2 * SIDE).map(|k| (bell(k) / all) as f32).collect();
        let wish = &target.wish;
        let (width, height) = (wish.width() + 2 * BORDER_PX, wish.height() + 2 * BORDER_PX);
        let mut out = Grid::filled(width, height, 0.0f32);
        out.for_each_row(|row, values| {
            let mut column = vec![0.0f32; width + 2 * SIDE];
            for (k, weight) in weights.iter().enumerate() {
                let source = (row + k).checked_sub(BORDER_PX + SIDE);
                if let Some(source) = source.filter(|&source| source < wish.height()) {
                    let line = &mut column[SIDE + BORDER_PX..];
                    for (sum, wish) in line.iter_mut().zip(wish.row(source)) {
                        *sum += weight * wish;
                    }
                }
            }
            for (value, near) in values.iter_mut().zip(column.windows(2 * SIDE + 1)) {
                *value = -near.iter().zip(&weights).map(|(a, b)| a * b).sum::<f32>();
            }
        });
        out
    }
}

fn dot(a: &[f32; TAPS], b: &[f32; TAPS]) -> f32 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Rows of the error that one band may change.
struct Pixels<'a> {
    values: &'a mut [f32],
    width: usize,
    /// Number of the first row.
    first: usize,
}

impl Pixels<'_> {
    /// The pixels in one row that a point reaches.
    fn row(&self, reach: &Reach<'_>, k: usize) -> &[f32; TAPS] {
        let start = (reach.row - self.first + k) * self.width + reach.column;
        self.values[start..start + TAPS]
            .try_into()
            .expect("so many")
    }

    fn add(&mut self, reach: &Reach<'_>, sign: f32) {
        for k in 0..TAPS {
            let start = (reach.row - self.first + k) * self.width + reach.column;
            let weight = sign * reach.y.value[k];
            let row: &mut [f32; TAPS] = (&mut self.values[start..start + TAPS])
                .try_into()
                .expect("so many");
            for (value, bell) in row.iter_mut().zip(&reach.x.value) {
                *value += weight * bell;
            }
        }
    }

    /// Takes a point from one place to another.
    fn shift(&mut self, from: &Reach<'_>, to: &Reach<'_>) {
        if (from.column, from.row) != (to.column, to.row) {
            self.add(from, -1.0);
            self.add(to, 1.0);
            return;
        }
        for k in 0..TAPS {
            let start = (to.row - self.first + k) * self.width + to.column;
            let (less, more) = (from.y.value[k], to.y.value[k]);
            let row: &mut [f32; TAPS] = (&mut self.values[start..start + TAPS])
                .try_into()
                .expect("so many");
            for (value, (old, new)) in row.iter_mut().zip(from.x.value.iter().zip(&to.x.value)) {
                *value += more * new - less * old;
            }
        }
    }

    /// The slope of half the squared error of all pixels by the place of a point.
    fn slope(&self, reach: &Reach<'_>) -> [f32; 2] {
        let (x, y) = (reach.x, reach.y);
        let mut sums = [[0.0f32; TAPS]; 2];
        for k in 0..TAPS {
            let row = self.row(reach, k);
            for (sum, weight) in sums.iter_mut().zip([y.value[k], y.slope[k]]) {
                for (sum, error) in sum.iter_mut().zip(row) {
                    *sum += weight * error;
                }
            }
        }
        [dot(&sums[0], &x.slope), dot(&sums[1], &x.value)]
    }
}

/// The pixels that a point reaches: the first column and row, and its Gaussian along both.
struct Reach<'a> {
    column: usize,
    row: usize,
    x: &'a Taps,
    y: &'a Taps,
}

/// What the slope is taken to grow by with each pixel away from the least error: 0.8 of what it grows
/// by around a gap of a point's own shape, `1 / (8 pi sigma^4)`. With the true second derivatives
/// instead, two sweeps gain 0.1 dB more at 0.05 mm of blur on a grid of 0.001 mm and 0.4 dB on one of
/// 0.01 mm, and six sweeps none, for a third more time; 0.5 and 1.4 of it lose up to 0.5 dB.
const CURVATURE: f32 =
    0.8 / (8.0 * std::f32::consts::PI * (SIGMA_PX * SIGMA_PX * SIGMA_PX * SIGMA_PX) as f32);

/// What a sweep looks at beside points and pixels.
struct View<'a> {
    target: &'a Target<'a>,
    candidates: &'a Candidates<'a>,
    blur: &'a Blur,
    /// Pixels of a unit.
    per_unit: f64,
    /// The least distance in a layer, units, and its square.
    least: f32,
    least_squared: i64,
}

impl View<'_> {
    fn reach(&self, dot: &Dot) -> Reach<'_> {
        let target = self.target;
        let place = |at: i32, origin: f64| {
            let u = (f64::from(at) - origin) * self.per_unit + (BORDER_PX as f64 - 0.5);
            let whole = u as usize;
            let part = ((u - whole as f64) * PLACES as f64) as usize;
            (
                whole + 1 - TAPS / 2,
                &self.blur.places[part.min(PLACES - 1)],
            )
        };
        let (column, x) = place(dot.x, target.x_min);
        let (row, y) = place(dot.y, target.y_min);
        Reach { column, row, x, y }
    }

    fn sweep(
        &self,
        band: &mut Band<Dot>,
        index: usize,
        bands: &Bands<Dot>,
        pixels: &mut Pixels<'_>,
    ) {
        let rule = &self.candidates.rule;
        let per_px = self.target.pixel as f32;
        let limit_px = self.target.largest_move(rule) / self.target.pixel;
        let limit_px = limit_px.min(LARGEST_MOVE_SIGMA * SIGMA_PX);
        let limit = limit_px as f32 * per_px;
        let rate = -per_px / CURVATURE;
        let mut near = Vec::with_capacity(32);
        for slot in 0..band.points().len() {
            let dot = band.points()[slot];
            let reach = self.reach(&dot);
            let [x, y] = pixels.slope(&reach).map(|slope| slope * rate);
            let length = (x * x + y * y).sqrt();
            let shrink = limit / length.max(limit);
            let step = [x * shrink, y * shrink];
            if step[0].abs() < 0.5 && step[1].abs() < 0.5 {
                continue;
            }
            near.clear();
            let farthest = length.min(limit) + BESIDE_UNITS;
            let meets = self.least + farthest;
            let meets_squared = (meets * meets) as i64;
            bands.for_each_near_in((index, band), &dot, |other| {
                let away = [other.x - dot.x, other.y - dot.y];
                let [x, y] = away.map(i64::from);
                if (1..=meets_squared).contains(&(x * x + y * y)) {
                    near.push(away);
                }
            });
            let Some(moved) = self.moved(&dot, step, farthest, &near) else {
                continue;
            };
            pixels.shift(&reach, &self.reach(&moved));
            band.points_mut()[slot] = moved;
        }
    }

    /// A free place near the end of a step in units that is better than none, and no farther than
    /// `farthest`; `near` holds all points that come too close to such a place.
    fn moved(&self, dot: &Dot, best: [f32; 2], farthest: f32, near: &[[i32; 2]]) -> Option<Dot> {
        let squared = |[x, y]: [f32; 2]| x * x + y * y;
        let mut step = best;
        for _ in 0..3 {
            let mut blocked = None;
            // The squared error grows by the squared distance from the best place.
            for way in around(step) {
                let off = [0, 1].map(|axis| way[axis] as f32 - best[axis]);
                if squared(off) >= squared(best) {
                    break;
                }
                if squared(way.map(|units| units as f32)) > farthest * farthest {
                    continue;
                }
                let too_near = near.iter().find(|other| {
                    let [x, y] = [0, 1].map(|axis| i64::from(other[axis] - way[axis]));
                    x * x + y * y < self.least_squared
                });
                let Some(other) = too_near else {
                    let moved = Dot {
                        x: dot.x + way[0],
                        y: dot.y + way[1],
                        rest: [0; 2],
                        ..*dot
                    };
                    let allowed =
                        self.target.wants_at(moved.x, moved.y) && self.candidates.allows(&moved);
                    return allowed.then_some(moved);
                };
                blocked = blocked.or(Some(*other));
            }
            // Past the neighbour in the way: without the part of the step that goes too far to it.
            let toward = blocked?.map(|value| value as f32);
            let distance = squared(toward).sqrt();
            let along = (step[0] * toward[0] + step[1] * toward[1]) / distance;
            let back = (along - (distance - self.least)).max(0.5);
            step = [0, 1].map(|axis| step[axis] - back * toward[axis] / distance);
        }
        None
    }
}

/// The four places of the grid around a place between them, the nearest first.
fn around(place: [f32; 2]) -> impl Iterator<Item = [i32; 2]> {
    let nearest = place.map(rounded);
    (0..4).map(move |number| {
        let off = [0, 1].map(|axis| place[axis] - nearest[axis] as f32);
        // The axis along which the next place is less far comes first.
        let near_axis = usize::from(off[1].abs() > off[0].abs());
        let mut way = nearest;
        for (bit, axis) in [(1, near_axis), (2, 1 - near_axis)] {
            if number & bit != 0 {
                way[axis] += if off[axis] < 0.0 { -1 } else { 1 };
            }
        }
        way
    })
}

/// The nearest whole number, halves away from zero; the standard library's calls a function for it.
fn rounded(value: f32) -> i32 {
    (value + 0.5_f32.copysign(value)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    const SIDE: usize = 40;

    fn reach(blur: &Blur, [x, y]: [usize; 2]) -> Reach<'_> {
        Reach {
            column: 14,
            row: 15,
            x: &blur.places[x],
            y: &blur.places[y],
        }
    }

    /// Half the squared error of all pixels.
    fn half_squared(values: &[f32]) -> f64 {
        let squares = values.iter().map(|&value| f64::from(value).powi(2));
        0.5 * squares.sum::<f64>()
    }

    fn pixels(values: &mut [f32]) -> Pixels<'_> {
        Pixels {
            values,
            width: SIDE,
            first: 0,
        }
    }

    #[test]
    fn slopes_are_those_of_the_squared_error() {
        let blur = Blur::new();
        let mut values: Vec<f32> = (0..(SIDE * SIDE) as u64)
            .map(|k| random::unit(7, k) - 0.5)
            .collect();
        let mut pixels = pixels(&mut values);
        let place = [60, 70];
        let mut squared = |by: [i32; 2]| {
            let there = [0, 1].map(|axis| (place[axis] as i32 + by[axis]) as usize);
            pixels.add(&reach(&blur, there), 1.0);
            let squared = half_squared(pixels.values);
            pixels.add(&reach(&blur, there), -1.0);
            squared
        };
        // Differences over a sixteenth of a pixel.
        let step = 8.0 / PLACES as f64;
        let [right, left, up, down] = [[8, 0], [-8, 0], [0, 8], [0, -8]].map(&mut squared);
        pixels.add(&reach(&blur, place), 1.0);
        let slope = pixels.slope(&reach(&blur, place));
        let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 2e-3;
        assert!(near(slope[0], (right - left) / (2.0 * step)));
        assert!(near(slope[1], (up - down) / (2.0 * step)));
    }

    #[test]
    fn shifting_is_taking_away_and_adding() {
        let blur = Blur::new();
        for (column, row) in [(14, 15), (15, 15), (14, 14), (13, 16)] {
            let start = vec![0.25f32; SIDE * SIDE];
            let (mut once, mut twice) = (start.clone(), start);
            let from = reach(&blur, [10, 100]);
            let to = Reach {
                column,
                row,
                ..reach(&blur, [90, 20])
            };
            pixels(&mut once).shift(&from, &to);
            pixels(&mut twice).add(&from, -1.0);
            pixels(&mut twice).add(&to, 1.0);
            let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
            assert!(once.iter().zip(&twice).all(close));
        }
    }

    #[test]
    fn places_around_are_the_four_of_the_grid_nearest_first() {
        for k in 0..200 {
            let place = [0, 1].map(|axis| 10.0 * random::unit(3 + axis, k) - 5.0);
            let ways: Vec<[i32; 2]> = around(place).collect();
            let far = |[x, y]: [i32; 2]| (x as f32 - place[0]).hypot(y as f32 - place[1]);
            assert!(ways.is_sorted_by(|&a, &b| far(a) <= far(b) + 1e-5));
            for way in &ways {
                assert!((0..2).all(|axis| (way[axis] as f32 - place[axis]).abs() <= 1.0));
                assert_eq!(ways.iter().filter(|&other| other == way).count(), 1);
            }
        }
    }

    #[test]
    fn the_nearest_whole_number() {
        for value in [-2.0_f32, -1.6, -1.5, -0.25, 0.0, 0.25, 1.0, 1.5, 1.75] {
            assert_eq!(rounded(value), value.round() as i32);
        }
    }
}
