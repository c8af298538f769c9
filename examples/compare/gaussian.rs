//! Gaussian blue noise: A. Ahmed, J. Ren, P. Wonka, SIGGRAPH Asia 2022, in its adaptive form (their section on adaptive
//! sampling and algorithm 2), over the union of all layers.
//!
//! Each point carries a Gaussian of one mass, as wide as points of the density around it are apart; each pixel one of
//! its wish, as wide as a pixel. Points go down the gradient of the squared difference between the two sums: they
//! repel one another and are drawn to the tone. The density at a point is that of points and pixels around it, found
//! again in each round.
//!
//! Other than in the paper: kernels end at four standard deviations, so that a round is linear in the points; a point's
//! step is scaled by its kernel's width and keeps a part of the last (momentum), which carries tone farther in as many
//! rounds; the density has a fixed factor rather than one that is normalised in each round. A hundred rounds need
//! not reach the minimum. Nothing keeps the spacing in space.

use std::ops::Range;

use glyptic::Cloud;
use glyptic::grid::Grid;
use rayon::prelude::*;

use crate::cells::Cells;
use crate::stack::{Random, Stack};

const ROUNDS: usize = 100;

/// Length of a step, and the part of the last step that is kept: with 1 and 0.9 points do not come to rest.
const STEP: f32 = 0.5;
const MOMENTUM: f32 = 0.8;

/// Variance of a kernel in squares of the spacing: that of two together is half the square, the paper's sigma of 1
/// over the root of 2 for images. With twice as much points do not come to rest, and the finest blur loses 9 dB.
const VARIANCE: f32 = 0.25;

/// Standard deviations at which a kernel ends.
const REACH: f32 = 4.0;

/// Least density that kernels follow, points per pixel; below, they would reach over hundreds of pixels.
const SPARSEST: f32 = 0.004;

#[derive(Clone, Copy)]
struct Point {
    at: [f64; 2],
    step: [f32; 2],
    /// Points per pixel around it.
    density: f32,
}

/// What acts on a point, and the density that it meets, unscaled.
#[derive(Clone, Copy, Default)]
struct Pull {
    force: [f32; 2],
    density: f32,
}

struct Field<'a> {
    wishes: &'a Grid<f64>,
    points: &'a [Point],
    cells: Cells,
}

/// Points whose blurred sum is close to the blurred tone, the blur following the density.
pub(crate) fn gaussian_blue_noise(stack: &Stack<'_>) -> Cloud {
    let wishes = stack.wishes();
    let mut random = Random::new(4);
    let start = |at: [f64; 2]| Point {
        at,
        step: [0.0; 2],
        density: (wishes.at(at[0] as usize, at[1] as usize) as f32).max(SPARSEST),
    };
    let mut points: Vec<Point> = stack.sites(&mut random).into_iter().map(start).collect();
    for _ in 0..ROUNDS {
        let places: Vec<[f64; 2]> = points.iter().map(|point| point.at).collect();
        let field = Field {
            wishes: &wishes,
            points: &points,
            cells: Cells::new(&places, wishes.width(), wishes.height()),
        };
        points = (0..points.len())
            .into_par_iter()
            .with_min_len(256)
            .map(|index| field.moved(index))
            .collect();
    }
    stack.scattered(points.iter().map(|point| point.at), &mut random)
}

impl Field<'_> {
    fn moved(&self, index: usize) -> Point {
        let Point { at, step, density } = self.points[index];
        let (points, pixels) = (self.of_points(index), self.of_pixels(index));
        // The gradient in units of the kernel, so that dense and sparse points take as many rounds.
        let scale = STEP * (2.0 * VARIANCE / density).powi(2);
        let mut step =
            [0, 1].map(|k| MOMENTUM * step[k] + scale * (points.force[k] - pixels.force[k]));
        let limit = 0.5 / density.sqrt();
        let length = step[0].hypot(step[1]);
        if length > limit {
            step = step.map(|part| part * limit / length);
        }
        let next = [0, 1].map(|k| at[k] + f64::from(step[k]));
        let (width, height) = (self.wishes.width() as f64, self.wishes.height() as f64);
        let inside = (0.0..width).contains(&next[0]) && (0.0..height).contains(&next[1]);
        let lit = inside && self.wishes.at(next[0] as usize, next[1] as usize) > 0.0;
        let (at, step) = if lit { (next, step) } else { (at, [0.0; 2]) };
        // In an even field both sums are pi times the density, that of points but for the one itself.
        let met = (points.density + pixels.density) / (std::f32::consts::TAU - 1.0);
        let density = met.max(SPARSEST);
        Point { at, step, density }
    }

    /// Other points push a point away.
    fn of_points(&self, index: usize) -> Pull {
        let Point { at, density, .. } = self.points[index];
        let own = VARIANCE / density;
        let reach = f64::from(REACH * (2.0 * own).sqrt());
        let columns = around(at[0], reach, self.wishes.width());
        let mut pull = Pull::default();
        for row in around(at[1], reach, self.wishes.height()) {
            for &other in self.cells.in_row(row, columns.clone()) {
                if other as usize == index {
                    continue;
                }
                let Point {
                    at: there, density, ..
                } = self.points[other as usize];
                let way = [0, 1].map(|k| (at[k] - there[k]) as f32);
                let square = way[0] * way[0] + way[1] * way[1];
                let variance = own + VARIANCE / density;
                let weight = (-0.5 * square / variance).exp() / (variance * variance);
                pull.force[0] += way[0] * weight;
                pull.force[1] += way[1] * weight;
                pull.density += density * (-density * square).exp();
            }
        }
        pull
    }

    /// Pixels draw a point, by their wishes; the force is away from them.
    fn of_pixels(&self, index: usize) -> Pull {
        let Point { at, density, .. } = self.points[index];
        // A pixel's kernel is that of a point a pixel.
        let variance = VARIANCE / density + VARIANCE;
        let reach = REACH * variance.sqrt();
        let columns = around(at[0], f64::from(reach), self.wishes.width());
        let mut pull = Pull::default();
        for row in around(at[1], f64::from(reach), self.wishes.height()) {
            let v = (at[1] - row as f64 - 0.5) as f32;
            let line = &self.wishes.row(row)[columns.clone()];
            for (column, &wish) in columns.clone().zip(line) {
                let (u, wish) = ((at[0] - column as f64 - 0.5) as f32, wish as f32);
                let square = u * u + v * v;
                let weight = wish * (-0.5 * square / variance).exp() / (variance * variance);
                pull.force[0] += u * weight;
                pull.force[1] += v * weight;
                if square < REACH * REACH {
                    pull.density += wish * (-square).exp();
                }
            }
        }
        pull
    }
}

/// Pixels within reach of a place on an axis.
fn around(at: f64, reach: f64, limit: usize) -> Range<usize> {
    (at - reach).max(0.0) as usize..((at + reach) as usize + 1).min(limit)
}
