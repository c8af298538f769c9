//! What so many points can show at most, spacing or not: they go down the slope of the very error that is measured.
//!
//! Each point in turn takes Newton's step to where the squared error at one blur is least, with all others standing,
//! as in `sampling/polish.rs`, but on the measuring raster, to any place, and however near to others. What is
//! found is a minimum near the start, not the least of all; it tells how much of the error
//! is owed to spacing, grid and haste, and how much to the number of points.

use glyptic::grid::Grid;

const SWEEPS: usize = 60;

/// Standard deviations at which the bell ends.
const REACH: f64 = 3.5;

/// Largest move in a sweep, standard deviations.
const LARGEST_MOVE: f64 = 0.5;

/// The bell along an axis, at the pixels that it reaches, and its slope by the place.
struct Bell {
    sigma: f64,
    first: usize,
    value: Vec<f32>,
    slope: Vec<f32>,
}

impl Bell {
    fn new(sigma: f64) -> Self {
        Self {
            sigma,
            first: 0,
            value: Vec::new(),
            slope: Vec::new(),
        }
    }

    /// Moves it to a place in pixels of a line of so many.
    fn stand_at(&mut self, at: f64, length: usize) {
        let reach = REACH * self.sigma;
        self.first = (at - reach).max(0.0) as usize;
        let end = ((at + reach) as usize + 1).min(length);
        let scale = 1.0 / (self.sigma * std::f64::consts::TAU.sqrt());
        self.value.clear();
        self.slope.clear();
        for px in self.first..end {
            let away = (px as f64 + 0.5 - at) / self.sigma;
            let value = scale * (-0.5 * away * away).exp();
            self.value.push(value as f32);
            self.slope.push((value * away / self.sigma) as f32);
        }
    }
}

/// Moves points, in pixels, so that the error falls: `error` is the blurred picture of no points, the wish taken off,
/// in points per pixel; `sigma` the blur in pixels. Points outside of the raster stay.
pub(crate) fn descend(points: &mut [[f64; 2]], error: &mut Grid<f32>, sigma: f64) {
    let (width, height) = (error.width(), error.height());
    let mut bells = [Bell::new(sigma), Bell::new(sigma)];
    let sides = [width, height];
    let stand = |bells: &mut [Bell; 2], point: &[f64; 2]| {
        for ((bell, at), side) in bells.iter_mut().zip(point).zip(sides) {
            bell.stand_at(*at, side);
        }
    };
    let inside =
        |point: &[f64; 2]| (0..2).all(|axis| (0.0..sides[axis] as f64).contains(&point[axis]));
    for point in points.iter().filter(|point| inside(point)) {
        stand(&mut bells, point);
        add(error, &bells, 1.0);
    }
    // What the slope grows by with a pixel around the least error of one point: its bell's own squared slope.
    let curvature = 1.0 / (8.0 * std::f64::consts::PI * sigma.powi(4));
    let limit = LARGEST_MOVE * sigma;
    for _ in 0..SWEEPS {
        for point in points.iter_mut().filter(|point| inside(point)) {
            stand(&mut bells, point);
            let step = slope(error, &bells).map(|slope| -slope / curvature);
            let shrink = (limit / step[0].hypot(step[1]).max(1e-9)).min(1.0);
            let next = [0, 1].map(|axis| point[axis] + shrink * step[axis]);
            if inside(&next) {
                add(error, &bells, -1.0);
                stand(&mut bells, &next);
                add(error, &bells, 1.0);
                *point = next;
            }
        }
    }
}

fn add(error: &mut Grid<f32>, [across, down]: &[Bell; 2], sign: f32) {
    let width = error.width();
    let first = down.first * width + across.first;
    let rows = error.values_mut()[first..].chunks_mut(width);
    for (row, weight) in rows.zip(&down.value) {
        for (value, bell) in row.iter_mut().zip(&across.value) {
            *value += sign * weight * bell;
        }
    }
}

/// The slope of half the squared error by the place of a point.
fn slope(error: &Grid<f32>, [across, down]: &[Bell; 2]) -> [f64; 2] {
    let mut sums = [0.0f64; 2];
    for (k, (value, slope)) in down.value.iter().zip(&down.slope).enumerate() {
        let row = &error.row(down.first + k)[across.first..];
        let along = |weights: &[f32]| -> f32 { row.iter().zip(weights).map(|(a, b)| a * b).sum() };
        sums[0] += f64::from(value * along(&across.slope));
        sums[1] += f64::from(slope * along(&across.value));
    }
    sums
}
