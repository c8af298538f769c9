//! From the depth map's pixels to the relief's, with jumps of depth moved to the photo's edges.
//!
//! Away from jumps a quadratic B-spline interpolates: smooth in value and slope, and blind to the
//! photo, whose brightness must never become geometry. Near a jump the depths around fall into a
//! near and a far group; the pixel joins the group whose places in the photo are as light as
//! itself and close by, and takes that group's depth. Where both are equally light, the position in the
//! depth map decides.
//!
//! Does not promise to find edges that the photo does not show, nor to part more than two depths
//! that meet within seven pixels of the map.
//!
//! # Source
//!
//! The weights are those of Kopf, Cohen, Lischinski, Uyttendaele, *Joint bilateral upsampling*, 2007;
//! the vote between two groups instead of a mean keeps jumps from becoming ramps.

use super::window::Window;
use crate::ease::smoothstep_between;
use crate::grid::Grid;

/// Reach around a pixel of the depth map in which a jump is looked for, px of the map. Networks
/// blur their jumps over some 4 px; with 2 those were missed, with 5 thin things were lost.
const REACH: usize = 3;

/// Side of the square that is looked at.
const SIDE: usize = 2 * REACH + 1;

/// Least difference of near and far group that is a jump, as a fraction of the range: 0.3 mm in a
/// relief of 5 mm, three layers. Below, slopes would be cut into steps.
const LEAST_JUMP: f32 = 0.06;

/// Squared distance of the groups' means over the sum of their variances, from which a jump is
/// believed and beyond which it is certain. A plain slope has 6, a clean jump much over 20.
const JUMP_CLEARNESS: (f32, f32) = (8.0, 16.0);

/// Difference of lightness (0..1) at which a place counts 0.6: a few times the noise of a photo.
const LIGHTNESS_SIGMA: f32 = 0.05;

/// Distance at which a place counts 0.6, px of the depth map.
const PLACE_SIGMA: f32 = 1.3;

/// What a place of quite another lightness still counts, so that where nothing around is alike the
/// position decides.
const LEAST_LIKENESS: f32 = 1e-3;

/// What a pixel of the map counts that lies in mid-air between near and far, a mixture.
const LEAST_TRUST: f32 = 0.02;

/// Brings `map`, without holes and with a range of about 0..1, to the raster; `lightness` is the
/// photo's, 0..1.
pub(super) fn upsample(map: &Window, lightness: &Window, raster_px: (usize, usize)) -> Grid<f32> {
    let places = Places::new(map, lightness);
    Grid::from_fn(raster_px.0, raster_px.1, |column, row| {
        let (u, v) = map.at_raster_px(column, row);
        let smooth = spline(&map.grid, u, v);
        let (x, y) = (pixel(u, map.grid.width()), pixel(v, map.grid.height()));
        if !places.jump.at(x, y) {
            return smooth;
        }
        let (light_u, light_v) = lightness.at_raster_px(column, row);
        let light = lightness.grid.bilinear(light_u, light_v);
        places.vote(u, v, light, smooth)
    })
}

fn pixel(at: f32, length: usize) -> usize {
    (at.max(0.0) as usize).min(length - 1)
}

/// Quadratic B-spline through the nine nearest pixels; continuous in value and slope.
fn spline(map: &Grid<f32>, u: f32, v: f32) -> f32 {
    let (x, y) = (pixel(u, map.width()), pixel(v, map.height()));
    let weights = |offset: f32| {
        let t = offset.clamp(-0.5, 0.5);
        [
            0.5 * (0.5 - t).powi(2),
            0.75 - t * t,
            0.5 * (0.5 + t).powi(2),
        ]
    };
    let across = weights(u - x as f32 - 0.5);
    let down = weights(v - y as f32 - 0.5);
    let columns = [x.saturating_sub(1), x, (x + 1).min(map.width() - 1)];
    let rows = [y.saturating_sub(1), y, (y + 1).min(map.height() - 1)];
    let mut sum = 0.0;
    for (&row, &weight_down) in rows.iter().zip(&down) {
        let line = map.row(row);
        let mean: f32 = columns
            .iter()
            .zip(&across)
            .map(|(&c, &w)| w * line[c])
            .sum();
        sum += weight_down * mean;
    }
    sum
}

/// What is known of each pixel of the depth map.
struct Places<'a> {
    map: &'a Grid<f32>,
    /// Lightness of the photo there.
    light: Grid<f32>,
    /// 1 on a plateau, low in mid-air between near and far.
    trust: Grid<f32>,
    /// Whether depths jump within reach.
    jump: Grid<bool>,
    /// Likeness of two lightnesses by their difference in 255ths.
    likeness: [f32; 256],
}

impl<'a> Places<'a> {
    fn new(map: &'a Window, lightness: &Window) -> Self {
        let grid = &map.grid;
        let (width, height) = (grid.width(), grid.height());
        let (low, high) = extremes(grid, 1);
        let trust = Grid::from_fn(width, height, |column, row| {
            let (low, high) = (low.at(column, row), high.at(column, row));
            let value = grid.at(column, row);
            let mixture = (high - value).min(value - low) / (high - low).max(1e-6);
            (1.0 - 2.0 * mixture).powi(2).max(LEAST_TRUST)
        });
        let (low, high) = extremes(grid, REACH);
        let jump = Grid::from_fn(width, height, |column, row| {
            high.at(column, row) - low.at(column, row) > LEAST_JUMP
        });
        // Windows differ by a scale and a shift of the same photo.
        let to_light = lightness.from_raster * map.from_raster.inverse();
        let light = Grid::from_fn(width, height, |column, row| {
            let centre = nalgebra::Point2::new(column as f64 + 0.5, row as f64 + 0.5);
            let point = to_light * centre;
            lightness.grid.bilinear(point.x as f32, point.y as f32)
        });
        let likeness = std::array::from_fn(|difference| {
            gauss(difference as f32 / 255.0 / LIGHTNESS_SIGMA) + LEAST_LIKENESS
        });
        Self {
            map: grid,
            light,
            trust,
            jump,
            likeness,
        }
    }

    /// The depth at (`u`, `v`) of a pixel of lightness `light`; `smooth` where no jump is clear.
    fn vote(&self, u: f32, v: f32, light: f32, smooth: f32) -> f32 {
        let (width, height) = (self.map.width(), self.map.height());
        let (x, y) = (pixel(u, width), pixel(v, height));
        let near_u: [f32; SIDE] = std::array::from_fn(|i| {
            gauss((x as f32 + i as f32 - REACH as f32 + 0.5 - u) / PLACE_SIGMA)
        });
        let near_v: [f32; SIDE] = std::array::from_fn(|j| {
            gauss((y as f32 + j as f32 - REACH as f32 + 0.5 - v) / PLACE_SIGMA)
        });
        let columns = x.saturating_sub(REACH)..(x + REACH + 1).min(width);
        let rows = y.saturating_sub(REACH)..(y + REACH + 1).min(height);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for row in rows.clone() {
            for &value in &self.map.row(row)[columns.clone()] {
                low = low.min(value);
                high = high.max(value);
            }
        }
        let middle = 0.5 * (low + high);
        let mut groups = [Group::default(); 2];
        for row in rows {
            for column in columns.clone() {
                let value = self.map.at(column, row);
                let place = near_u[column + REACH - x] * near_v[row + REACH - y];
                let weight = place * self.trust.at(column, row);
                let difference = (self.light.at(column, row) - light).abs();
                let like = self.likeness[((difference * 255.0) as usize).min(255)];
                groups[usize::from(value > middle)].add(value, weight, like);
            }
        }
        let [far, near] = groups;
        let between = near.mean() - far.mean();
        let clearness = between * between / (near.variance() + far.variance()).max(1e-9);
        let certain = smoothstep_between(JUMP_CLEARNESS.0, JUMP_CLEARNESS.1, clearness)
            * smoothstep_between(LEAST_JUMP, 2.0 * LEAST_JUMP, between);
        if certain <= 0.0 {
            return smooth;
        }
        // Squared votes: the pixel takes a side rather than the middle.
        let (near_vote, far_vote) = (near.likes * near.likes, far.likes * far.likes);
        let share = near_vote / (near_vote + far_vote).max(f32::MIN_POSITIVE);
        let depth = far.like_mean() + share * (near.like_mean() - far.like_mean());
        smooth + certain * (depth - smooth)
    }
}

/// Sums over the near or the far group around a pixel.
#[derive(Clone, Copy, Default)]
struct Group {
    weights: f32,
    values: f32,
    squares: f32,
    likes: f32,
    like_values: f32,
}

impl Group {
    fn add(&mut self, value: f32, weight: f32, like: f32) {
        self.weights += weight;
        self.values += weight * value;
        self.squares += weight * value * value;
        self.likes += weight * like;
        self.like_values += weight * like * value;
    }

    fn mean(&self) -> f32 {
        self.values / self.weights.max(f32::MIN_POSITIVE)
    }

    fn variance(&self) -> f32 {
        let mean = self.mean();
        (self.squares / self.weights.max(f32::MIN_POSITIVE) - mean * mean).max(0.0)
    }

    fn like_mean(&self) -> f32 {
        self.like_values / self.likes.max(f32::MIN_POSITIVE)
    }
}

fn gauss(x: f32) -> f32 {
    (-0.5 * x * x).exp()
}

/// Least and largest value within `reach` px of each pixel.
fn extremes(map: &Grid<f32>, reach: usize) -> (Grid<f32>, Grid<f32>) {
    let pick = |choose: fn(f32, f32) -> f32| {
        let across = Grid::from_fn(map.width(), map.height(), |column, row| {
            let columns = column.saturating_sub(reach)..(column + reach + 1).min(map.width());
            let values = map.row(row)[columns].iter().copied();
            values.reduce(choose).unwrap_or(0.0)
        });
        Grid::from_fn(map.width(), map.height(), |column, row| {
            let rows = row.saturating_sub(reach)..(row + reach + 1).min(map.height());
            let values = rows.map(|row| across.at(column, row));
            values.reduce(choose).unwrap_or(0.0)
        })
    };
    (pick(f32::min), pick(f32::max))
}
