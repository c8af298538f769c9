//! Relocation: points leave their candidates and move so that the error of tone falls.
//!
//! In each pass every point takes a step down the potential of the error, from the same picture of
//! all others. Spacing holds without order or locks: of two neighbours at the distance r, each may
//! come nearer to the other by at most half of what r exceeds the least distance, measured along
//! the line between them; whatever both do within that, they stay apart. So a pass is one parallel
//! loop whose result does not depend on threads. Layers keep apart by themselves (`stack.rs`).
//!
//! Coordinates are whole numbers; what rounding leaves of a step is kept and added to the next one,
//! or else points on a coarse grid would stop as soon as their steps are below half a unit.
//!
//! # Source
//!
//! Ahmed, Ren, Wonka, *Gaussian Blue Noise*, 2022, for continuous relocation by the gradient of a
//! blurred error; the potential is described in `potential.rs`; the half-gap rule is ours.

use rayon::prelude::*;

use super::bands::{Band, Bands};
use super::candidates::{Candidates, Dot};
use super::dither::Found;
use super::polish;
use super::potential::Pyramid;
use super::target::Target;
use super::work::Work;
use crate::error::Result;
use crate::grid::Grid;
use crate::rounding::nearest_f32;
use crate::run::Run;

/// Newton's step is multiplied by this, since smoothing takes part of it away. At 12 passes of a
/// portrait, 1 gives 0.8 dB less at 0.05 mm and 2.5 gives 0.7 dB less.
const RATE: f32 = 2.0;

/// Largest move in one pass, in xy spacings. Half of it loses 0.3 dB in the first passes, half as
/// much again loses 0.4 dB.
const LARGEST_MOVE: f64 = 0.2;

/// Moves points in so many passes and leaves them sorted into bands; none comes too close to another, leaves the safe volume or
/// enters black.
pub(super) fn relocate(
    found: Vec<Vec<Found>>,
    target: &Target<'_>,
    candidates: &Candidates<'_>,
    work: &Work,
    run: &Run,
) -> Result<Bands<Dot>> {
    let passes = work.passes;
    let rule = &candidates.rule;
    // Points farther apart than a cell cannot meet, whatever steps both take.
    // At least two pixels wide, so that the reach of points in pixels is less than half a band.
    let largest_move = target
        .largest_move(rule, LARGEST_MOVE)
        .max(polish::largest_move(target, rule, work));
    let reach = rule.xy * rule.least + 2.0 * largest_move;
    let cell = reach.max(2.0 * target.pixel).ceil() as i32 + 3;
    let runs: Vec<&[Found]> = found.iter().map(Vec::as_slice).collect();
    let mut bands = Bands::new(&runs, cell, candidates.layers, |found| found.dot);
    drop(found);
    // Both are kept from pass to pass: fresh memory would take a tenth of the time.
    let mut pyramid = Pyramid::default();
    let mut moved: Vec<Vec<Dot>> = vec![Vec::new(); bands.bands().len()];
    for pass in 0..passes {
        run.progress("relocation", pass as f32 / passes as f32);
        let error = pyramid.base(target.wish.width(), target.wish.height());
        bands.splat(target, error);
        error.for_each_row(|j, row| {
            for (value, wish) in row.iter_mut().zip(target.wish.row(j)) {
                *value -= wish;
            }
        });
        let step = Step {
            bands: &bands,
            target,
            candidates,
            potential: pyramid.potential(),
            largest_move: target.largest_move(rule, LARGEST_MOVE) as f32,
        };
        bands
            .bands()
            .par_iter()
            .with_max_len(1)
            .zip(&mut moved)
            .try_for_each(|(band, moved)| run.check().map(|()| step.band(band, moved)))?;
        bands.rehome(&moved);
    }
    Ok(bands)
}

/// One pass.
struct Step<'a> {
    bands: &'a Bands<Dot>,
    target: &'a Target<'a>,
    candidates: &'a Candidates<'a>,
    potential: &'a Grid<f32>,
    largest_move: f32,
}

/// A neighbour: where it is from here, in units, and how far one may go toward it.
struct Neighbour {
    toward: [f32; 2],
    /// The largest product of a step and `toward`.
    bound: f32,
}

impl Step<'_> {
    fn band(&self, band: &Band<Dot>, moved: &mut Vec<Dot>) {
        let mut near = Vec::with_capacity(32);
        moved.clear();
        moved.extend(band.points().iter().map(|dot| self.moved(dot, &mut near)));
    }

    fn moved(&self, dot: &Dot, near: &mut Vec<Neighbour>) -> Dot {
        let Some([x, y]) = self.wanted(dot) else {
            return *dot;
        };
        let still = Dot {
            rest: [0; 2],
            ..*dot
        };
        let [rest_x, rest_y] = dot.rest.map(|part| f32::from(part) / Dot::REST);
        let mut step = [x + rest_x, y + rest_y];
        if step[0].abs() < 0.5 && step[1].abs() < 0.5 {
            return Dot {
                rest: step.map(|value| (value * Dot::REST) as i8),
                ..*dot
            };
        }
        self.neighbours(dot, near);
        let limit = self.largest_move;
        for attempt in 0..3 {
            let way = step.map(nearest_f32);
            if way == [0.0; 2] {
                return still;
            }
            let mut free = way[0] * way[0] + way[1] * way[1] <= limit * limit + 2.0;
            if !free {
                step = step.map(|value| 0.7 * value);
            }
            for other in near.iter() {
                let along = way[0] * other.toward[0] + way[1] * other.toward[1];
                if along > other.bound {
                    free = false;
                    // Give up the part that goes too far toward this neighbour.
                    let squared = other.toward[0].powi(2) + other.toward[1].powi(2);
                    let back = (along - other.bound) / squared;
                    step[0] -= back * other.toward[0];
                    step[1] -= back * other.toward[1];
                }
            }
            if free {
                let rest = [0, 1].map(|axis| ((step[axis] - way[axis]) * Dot::REST) as i8);
                let (x, y) = (dot.x + way[0] as i32, dot.y + way[1] as i32);
                let moved = Dot { x, y, rest, ..*dot };
                let allowed = self.target.wants_at(x, y) && self.candidates.allows(&moved);
                return if allowed { moved } else { still };
            }
            if attempt == 1 {
                step = step.map(|value| 0.5 * value);
            }
        }
        still
    }

    /// The step down the potential, in units; `None` at the raster's edge.
    fn wanted(&self, dot: &Dot) -> Option<[f32; 2]> {
        let target = self.target;
        let u = ((f64::from(dot.x) - target.x_min) / target.pixel) as f32;
        let v = ((f64::from(dot.y) - target.y_min) / target.pixel) as f32;
        let (i, j) = (u as usize, v as usize);
        let (width, height) = (self.potential.width(), self.potential.height());
        if i < 1 || j < 1 || i + 2 > width || j + 2 > height {
            return None;
        }
        // Quadratic B-splines over 3 x 3 pixels, and their slopes.
        let spline = |f: f32| {
            [
                0.5 * (0.5 - f) * (0.5 - f),
                0.75 - f * f,
                0.5 * (0.5 + f) * (0.5 + f),
            ]
        };
        let slope = |f: f32| [f - 0.5, -2.0 * f, f + 0.5];
        let (fx, fy) = (u - i as f32 - 0.5, v - j as f32 - 0.5);
        let (wx, wy, sx, sy) = (spline(fx), spline(fy), slope(fx), slope(fy));
        let (mut gx, mut gy, mut density) = (0.0, 0.0, 0.0);
        for b in 0..3 {
            let c = &self.potential.row(j + b - 1)[i - 1..i + 2];
            let w = &target.wish.row(j + b - 1)[i - 1..i + 2];
            gx += wy[b] * (sx[0] * c[0] + sx[1] * c[1] + sx[2] * c[2]);
            gy += sy[b] * (wx[0] * c[0] + wx[1] * c[1] + wx[2] * c[2]);
            density += wy[b] * (wx[0] * w[0] + wx[1] * w[1] + wx[2] * w[2]);
        }
        let rate = -RATE * target.pixel as f32 / density.max(1e-4);
        let (x, y) = (gx * rate, gy * rate);
        let limit = self.largest_move;
        let shrink = (limit / (x * x + y * y).sqrt().max(1e-9)).min(1.0);
        Some([x * shrink, y * shrink])
    }

    fn neighbours(&self, dot: &Dot, near: &mut Vec<Neighbour>) {
        near.clear();
        let reach = self.bands.cell() as f32;
        // A hair more than the rule, for the rounding of single precision below.
        let least = (self.candidates.rule.xy * self.candidates.rule.least) as f32 * (1.0 + 2e-6);
        self.bands.for_each_near(dot, |other| {
            let toward = [(other.x - dot.x) as f32, (other.y - dot.y) as f32];
            let squared = toward[0] * toward[0] + toward[1] * toward[1];
            if squared < reach * reach && squared > 0.0 {
                let distance = squared.sqrt();
                let bound = (0.5 * distance * (distance - least)).max(0.0);
                near.push(Neighbour { toward, bound });
            }
        });
    }
}
