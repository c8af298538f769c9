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

use std::f64::consts::PI;
use std::iter;

use rayon::prelude::*;

use self::blur::{Blur, Pixels};
use super::Quality;
use super::bands::{Band, Bands};
use super::candidates::{Candidates, Dot};
use super::spacing::Rule;
use super::target::Target;
use crate::error::Result;
use crate::grid::Grid;
use crate::run::Run;

/// Places of the grid are tried up to so much beyond the end of a step, units: a little more than the
/// diagonal of its squares. Cells of the bands have room for twice of it (`relocation.rs`).
const BESIDE_UNITS: f32 = 1.5;

/// The largest move of a point in one sweep, units.
pub(super) fn largest_move(target: &Target<'_>, rule: &Rule, quality: Quality) -> f64 {
    let sigma_px = match quality {
        Quality::Draft => blur::SPLINE_SIGMA_PX,
        Quality::Fine | Quality::Best => blur::GAUSSIAN_SIGMA_PX,
    };
    let work = quality.work();
    let apart = target.largest_move(rule, work.move_spacings);
    apart.min(work.move_sigmas * sigma_px * target.pixel)
}

/// Moves points in so many sweeps; none comes too close to another, leaves the safe volume or enters
/// black.
pub(super) fn polish(
    bands: Bands<Dot>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    quality: Quality,
    run: &Run,
) -> Result<Vec<Dot>> {
    match quality {
        Quality::Draft => {
            let blur = Blur::spline(target);
            through(&blur, bands, target, candidates, quality, run)
        }
        Quality::Fine | Quality::Best => {
            let blur = Blur::gaussian(target);
            through(&blur, bands, target, candidates, quality, run)
        }
    }
}

/// The same for the picture seen through a bell.
fn through<const TAPS: usize>(
    blur: &Blur<TAPS>,
    mut bands: Bands<Dot>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    quality: Quality,
    run: &Run,
) -> Result<Vec<Dot>> {
    let sweeps = quality.work().sweeps;
    let mut error = blur.of(target);
    let view = View {
        target,
        candidates,
        blur,
        limit: largest_move(target, &candidates.rule, quality) as f32,
        rate: -(blur.pixel / curvature(blur.sigma_px)) as f32,
        least: (candidates.rule.least_squared_xy() as f32).sqrt(),
        least_squared: candidates.rule.least_squared_xy(),
    };
    in_turns(&mut bands, blur, &mut error, |band, _, _, pixels| {
        for dot in band.points() {
            pixels.add(&blur.reach(dot), 1.0);
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
            blur,
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
fn in_turns<const TAPS: usize>(
    bands: &mut Bands<Dot>,
    blur: &Blur<TAPS>,
    error: &mut Grid<f32>,
    visit: impl Fn(&mut Band<Dot>, usize, &Bands<Dot>, &mut Pixels<'_, TAPS>) -> Result<()> + Sync,
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

/// What the slope is taken to grow by with each pixel away from the least error: 0.8 of what it grows
/// by around a gap of a point's own shape, `1 / (8 pi sigma^4)`. With the true second derivatives
/// instead, two sweeps gain 0.1 dB more at 0.05 mm of blur on a grid of 0.001 mm and 0.4 dB on one of
/// 0.01 mm, and six sweeps none, for a third more time; 0.5 and 1.4 of it lose up to 0.5 dB.
fn curvature(sigma_px: f64) -> f64 {
    0.8 / (8.0 * PI * sigma_px.powi(4))
}

/// What the place nearest to the end of a step is.
enum Nearest {
    Free(Dot),
    /// Another point is too close.
    Taken,
    /// Black, outside of the safe volume, or no better than none.
    Forbidden,
}

/// What a sweep looks at beside points and pixels.
struct View<'a, const TAPS: usize> {
    target: &'a Target<'a>,
    candidates: &'a Candidates<'a>,
    blur: &'a Blur<TAPS>,
    /// Largest move, units.
    limit: f32,
    /// What makes a step in units of a slope.
    rate: f32,
    /// The least distance in a layer, units, and its square.
    least: f32,
    least_squared: i64,
}

impl<const TAPS: usize> View<'_, TAPS> {
    fn sweep(
        &self,
        band: &mut Band<Dot>,
        index: usize,
        bands: &Bands<Dot>,
        pixels: &mut Pixels<'_, TAPS>,
    ) {
        let (limit, rate) = (self.limit, self.rate);
        let mut near = Vec::with_capacity(32);
        for slot in 0..band.points().len() {
            let dot = band.points()[slot];
            let reach = self.blur.reach(&dot);
            let [x, y] = pixels.slope(&reach).map(|slope| slope * rate);
            let length = (x * x + y * y).sqrt();
            let shrink = limit / length.max(limit);
            let step = [x * shrink, y * shrink];
            if step[0].abs() < 0.5 && step[1].abs() < 0.5 {
                continue;
            }
            let here = (index, &*band);
            let moved = match self.nearest(&dot, step, bands, here) {
                Nearest::Free(moved) => Some(moved),
                Nearest::Forbidden => None,
                Nearest::Taken => {
                    let farthest = length.min(limit) + BESIDE_UNITS;
                    self.collect(&dot, farthest, bands, here, &mut near);
                    self.moved(&dot, step, farthest, &near)
                }
            };
            let Some(moved) = moved else {
                continue;
            };
            pixels.shift(&reach, &self.blur.reach(&moved));
            band.points_mut()[slot] = moved;
        }
    }

    /// The place of the grid nearest to the end of a step in units: most are free. `here` is the dot's band,
    /// taken out.
    fn nearest(
        &self,
        dot: &Dot,
        step: [f32; 2],
        bands: &Bands<Dot>,
        here: (usize, &Band<Dot>),
    ) -> Nearest {
        let way = step.map(rounded);
        let off: f32 = (0..2)
            .map(|axis| (way[axis] as f32 - step[axis]).powi(2))
            .sum();
        if off >= step[0] * step[0] + step[1] * step[1] {
            return Nearest::Forbidden;
        }
        let moved = Dot {
            x: dot.x + way[0],
            y: dot.y + way[1],
            rest: [0; 2],
            ..*dot
        };
        // No way out of the loop: a branch that is guessed wrongly costs more than all it could save.
        let mut taken = false;
        bands.for_each_near_in(here, dot, |other| {
            let [x, y] = [other.x - moved.x, other.y - moved.y].map(i64::from);
            let itself = (other.x == dot.x) & (other.y == dot.y);
            taken |= (x * x + y * y < self.least_squared) & !itself;
        });
        if taken {
            Nearest::Taken
        } else if self.allows(&moved) {
            Nearest::Free(moved)
        } else {
            Nearest::Forbidden
        }
    }

    fn allows(&self, dot: &Dot) -> bool {
        self.target.wants_at(dot.x, dot.y) && self.candidates.allows(dot)
    }

    /// Sets `near` to where the points are, from a dot, that come too close to a place no farther than
    /// `farthest`.
    fn collect(
        &self,
        dot: &Dot,
        farthest: f32,
        bands: &Bands<Dot>,
        here: (usize, &Band<Dot>),
        near: &mut Vec<[i32; 2]>,
    ) {
        near.clear();
        // A hair more, for the rounding of single precision.
        let meets = (self.least + farthest) * (1.0 + 1e-6);
        let meets_squared = (meets * meets) as i64;
        bands.for_each_near_in(here, dot, |other| {
            let away = [other.x - dot.x, other.y - dot.y];
            let [x, y] = away.map(i64::from);
            if (1..=meets_squared).contains(&(x * x + y * y)) {
                near.push(away);
            }
        });
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
                    return self.allows(&moved).then_some(moved);
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
    // Most are free, so the others are made only when they are asked for.
    iter::once(nearest).chain(iter::once_with(move || others(place, nearest)).flatten())
}

/// The three next to the nearest one.
fn others(place: [f32; 2], nearest: [i32; 2]) -> [[i32; 2]; 3] {
    let off = [0, 1].map(|axis| place[axis] - nearest[axis] as f32);
    let [x, y] = off.map(|off| if off < 0.0 { -1 } else { 1 });
    let ([across, up], both) = ([[x, 0], [0, y]], [x, y]);
    // The axis along which the next place is less far comes first.
    let order = if off[1].abs() > off[0].abs() {
        [up, across, both]
    } else {
        [across, up, both]
    };
    order.map(|[x, y]| [nearest[0] + x, nearest[1] + y])
}

/// The nearest whole number, halves away from zero; the standard library's calls a function for it.
fn rounded(value: f32) -> i32 {
    (value + 0.5_f32.copysign(value)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

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
