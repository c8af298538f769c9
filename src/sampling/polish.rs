//! Polish: one point after another moves to where the squared error of the blurred picture is least.
//!
//! The picture is seen through a bell (`blur.rs`), about the finest that the points can show.
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

mod blur;
mod places;

use std::f64::consts::PI;
use std::mem;

use rayon::prelude::*;

use self::blur::{Blur, Pixels};
use self::places::{Near, Places};
use super::bands::{Band, Bands};
use super::candidates::{Candidates, Dot};
use super::spacing::Rule;
use super::target::Target;
use super::work::{Bell, Work};
use crate::error::Result;
use crate::grid::Grid;
use crate::rounding::nearest_f32;
use crate::run::Run;

/// Places of the grid are tried up to so much beyond the end of a step, units: a little more than the
/// diagonal of its squares. Cells of the bands have room for twice of it (`relocation.rs`).
const BESIDE_UNITS: f32 = 1.5;

/// The largest move of a point in one sweep, units.
pub(super) fn largest_move(target: &Target<'_>, rule: &Rule, work: &Work) -> f64 {
    let apart = target.largest_move(rule, work.move_spacings);
    apart.min(work.move_sigmas * work.bell.sigma_px() * target.pixel)
}

/// Moves points in so many sweeps, and tells them band by band; none comes too close to another, leaves the safe volume or enters
/// black.
pub(super) fn polish(
    bands: Bands<Dot>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    work: &Work,
    run: &Run,
) -> Result<Vec<Vec<Dot>>> {
    match work.bell {
        Bell::Spline => {
            let blur = Blur::spline(target);
            through(&blur, bands, target, candidates, work, run)
        }
        Bell::Gaussian => {
            let blur = Blur::gaussian(target);
            through(&blur, bands, target, candidates, work, run)
        }
    }
}

/// The same for the picture seen through a bell.
fn through<const TAPS: usize>(
    blur: &Blur<TAPS>,
    mut bands: Bands<Dot>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    work: &Work,
    run: &Run,
) -> Result<Vec<Vec<Dot>>> {
    let sweeps = work.sweeps;
    let mut error = blur.of(target);
    let view = View {
        target,
        candidates,
        blur,
        limit: largest_move(target, &candidates.rule, work) as f32,
        // Half a unit is rounded to none.
        counting: (work.least_move_spacings * candidates.rule.xy).max(0.5) as f32,
        rate: -(blur.pixel / curvature(blur.sigma_px)) as f32,
        least: (candidates.rule.least_squared_xy() as f32).sqrt(),
        least_squared: places::no_less(candidates.rule.least_squared_xy()),
    };
    let mut places = places::of(&bands);
    in_turns(
        &mut bands,
        &mut places,
        blur,
        &mut error,
        |own, _, _, pixels| {
            for dot in own.band.points() {
                pixels.add(&blur.reach(dot), 1.0);
            }
            Ok(())
        },
    )?;
    let mut moved = Vec::new();
    for sweep in 0..sweeps {
        if sweep > 0 {
            bands.swap_points(&mut moved);
            bands.rehome(&moved);
            places = places::of(&bands);
        }
        run.progress("polish", sweep as f32 / sweeps as f32);
        in_turns(
            &mut bands,
            &mut places,
            blur,
            &mut error,
            |own, bands, places, pixels| {
                run.check()?;
                view.sweep(own, bands, places, pixels);
                Ok(())
            },
        )?;
    }
    Ok(bands.into_points())
}

/// A band that is taken out.
struct Own {
    index: usize,
    band: Band<Dot>,
    places: Places,
}

/// Calls `visit` for every band with the bands and places of all others and the pixels that its points
/// reach, every second band at once; it may move the band's points and change the pixels.
fn in_turns<const TAPS: usize>(
    bands: &mut Bands<Dot>,
    places: &mut [Places],
    blur: &Blur<TAPS>,
    error: &mut Grid<f32>,
    visit: impl Fn(&mut Own, &Bands<Dot>, &[Places], &mut Pixels<'_, TAPS>) -> Result<()> + Sync,
) -> Result<()> {
    let (width, height) = (error.width(), error.height());
    // The pixels' row in the middle of a band.
    let middle = |index: usize| blur.row_at(bands.middle(index)).min(height);
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
            let own = Own {
                index,
                band: bands.take(index),
                places: mem::take(&mut places[index]),
            };
            parts.push((own, pixels));
            (rest, first) = (after, end);
        }
        let others = &*places;
        let done: Result<()> = parts
            .par_iter_mut()
            .with_max_len(1)
            .try_for_each(|(own, pixels)| visit(own, bands, others, pixels));
        for (own, _) in parts {
            bands.put(own.index, own.band);
            places[own.index] = own.places;
        }
        done?;
    }
    Ok(())
}

/// What the slope is taken to grow by with each pixel away from the least error: 0.8 of what it grows
/// by around a gap of a point's own shape, `1 / (8 pi sigma^4)`. With the true second derivatives
/// instead, two sweeps gain 0.1 dB more at 0.05 mm of blur on a grid of 0.001 mm and 0.4 dB on one of
/// 0.01 mm, and six sweeps none, for a third more time; 0.5 and 1.4 of it lose up to 0.5 dB.
fn curvature(sigma_px: f64) -> f64 {
    0.8 / (8.0 * PI * sigma_px.powi(4))
}

/// How often a step that is blocked slides along what is in its way.
const SLIDES: usize = 3;

/// What a sweep looks at beside points and pixels.
struct View<'a, const TAPS: usize> {
    target: &'a Target<'a>,
    candidates: &'a Candidates<'a>,
    blur: &'a Blur<TAPS>,
    /// Largest move, units.
    limit: f32,
    /// Moves count from so much along an axis on, units.
    counting: f32,
    /// What makes a step in units of a slope.
    rate: f32,
    /// The least distance in a layer, units, and its square.
    least: f32,
    least_squared: f32,
}

impl<const TAPS: usize> View<'_, TAPS> {
    fn sweep(
        &self,
        own: &mut Own,
        bands: &Bands<Dot>,
        places: &[Places],
        pixels: &mut Pixels<'_, TAPS>,
    ) {
        let (limit, rate) = (self.limit, self.rate);
        let Own {
            index,
            band,
            places: here,
        } = own;
        let mut near = Near::default();
        for slot in 0..band.points().len() {
            let dot = band.points()[slot];
            let reach = self.blur.reach(&dot);
            let [x, y] = pixels.slope(&reach).map(|slope| slope * rate);
            let length = (x * x + y * y).sqrt();
            let shrink = limit / length.max(limit);
            let step = [x * shrink, y * shrink];
            if step[0].abs() < self.counting && step[1].abs() < self.counting {
                continue;
            }
            let rows = bands.rows_near(&dot, |number| {
                if number == *index {
                    Some(&*band)
                } else {
                    bands.bands().get(number)
                }
            });
            let farthest = length.min(limit) + BESIDE_UNITS;
            let place = here.take(slot);
            near.clear();
            for (number, range) in rows {
                let places = if number == *index {
                    Some(&*here)
                } else {
                    places.get(number)
                };
                if let Some(places) = places {
                    near.add(places, range, place, self.least + farthest);
                }
            }
            let moved = self.moved(&dot, step, farthest, &near).unwrap_or(dot);
            here.put(slot, place, [moved.x - dot.x, moved.y - dot.y]);
            if (moved.x, moved.y) != (dot.x, dot.y) {
                pixels.shift(&reach, &self.blur.reach(&moved));
                band.points_mut()[slot] = moved;
            }
        }
    }

    fn allows(&self, dot: &Dot) -> bool {
        self.target.wants_at(dot.x, dot.y) && self.candidates.allows(dot)
    }

    /// A free place near the end of a step in units that is better than none, and no farther than
    /// `farthest`; `near` holds all points that come too close to such a place.
    ///
    /// The four places are looked at together: one by one, each would be a branch that depends on the picture.
    fn moved(&self, dot: &Dot, best: [f32; 2], farthest: f32, near: &Near) -> Option<Dot> {
        let squared = |x: f32, y: f32| x * x + y * y;
        let none_squared = squared(best[0], best[1]);
        let mut step = best;
        for _ in 0..SLIDES {
            let [xs, ys] = around(step);
            let blocked = near.block([xs, ys], self.least_squared);
            let (mut free, mut in_the_way) = (0u32, 0u32);
            for k in 0..4 {
                let (x, y) = (xs[k], ys[k]);
                // The squared error grows by the squared distance from the best place.
                let better = squared(x - best[0], y - best[1]) < none_squared;
                let tried = better & (squared(x, y) <= farthest * farthest);
                free |= u32::from(tried & !blocked[k]) << k;
                in_the_way |= u32::from(tried & blocked[k]) << k;
            }
            if free != 0 {
                let k = free.trailing_zeros() as usize;
                let moved = Dot {
                    x: dot.x + xs[k] as i32,
                    y: dot.y + ys[k] as i32,
                    rest: [0; 2],
                    ..*dot
                };
                return self.allows(&moved).then_some(moved);
            }
            if in_the_way == 0 {
                return None;
            }
            // Past the neighbour in the way: without the part of the step that goes too far to it.
            let k = in_the_way.trailing_zeros() as usize;
            let [x, y] = near.nearest_to([xs[k], ys[k]])?;
            let distance = squared(x, y).sqrt();
            let along = (step[0] * x + step[1] * y) / distance;
            let back = (along - (distance - self.least)).max(0.5) / distance;
            step = [step[0] - back * x, step[1] - back * y];
        }
        None
    }
}

/// The four places of the grid around a place between them, the nearest first: all x, then all y.
fn around([x, y]: [f32; 2]) -> [[f32; 4]; 2] {
    let (column, row) = (nearest_f32(x), nearest_f32(y));
    let [off_x, off_y] = [x - column, y - row];
    let [right, up] = [off_x, off_y].map(|off| 1.0_f32.copysign(off));
    // The axis along which the next place is less far comes first.
    let (first, second) = if off_y.abs() > off_x.abs() {
        ([0.0, up], [right, 0.0])
    } else {
        ([right, 0.0], [0.0, up])
    };
    [
        [
            column,
            column + first[0],
            column + second[0],
            column + right,
        ],
        [row, row + first[1], row + second[1], row + up],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn places_around_are_the_four_of_the_grid_nearest_first() {
        for k in 0..200 {
            let place = [0, 1].map(|axis| 10.0 * random::unit(3 + axis, k) - 5.0);
            let [xs, ys] = around(place);
            let ways = [0, 1, 2, 3].map(|k| [xs[k], ys[k]]);
            let far = |[x, y]: [f32; 2]| (x - place[0]).hypot(y - place[1]);
            assert!(ways.is_sorted_by(|&a, &b| far(a) <= far(b) + 1e-5));
            for way in &ways {
                assert!((0..2).all(|axis| (way[axis] - place[axis]).abs() <= 1.0));
                assert_eq!(ways.iter().filter(|&other| other == way).count(), 1);
            }
        }
    }
}
