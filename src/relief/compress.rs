//! Bas-relief: large steps of depth shrink, small ones stay, so that a face keeps its features in few
//! millimetres although a wall stands far behind it.
//!
//! Each difference between neighbours is made smaller by a logarithm, the more the larger it is,
//! and the surface that comes closest to the new differences is found: a Poisson equation. It is
//! solved from coarse to fine. Both ways between two levels are exact where the differences belong
//! to a surface, so that without compression the map comes out as it went in; where they do not, a
//! few relaxations on each level spread what is left.
//!
//! # Source
//!
//! Weyrich, Deng, Barnes, Rusinkiewicz, Finkelstein, *Digital bas-relief from 3D scenes*, 2007:
//! attenuation of gradients by a logarithm, and the Poisson equation. Their weights of frequency
//! bands are one here, the map's own roughness (`steps::calm`), which makes no halos at jumps.

use super::steps;
use crate::grid::Grid;

/// Compression at curve 1: a difference of ten times the usual one comes out as 3.6 times it.
const STRONGEST: f32 = 0.9;

/// Relaxations on each level: an assumption, not yet measured against more of them.
const RELAXATIONS: usize = 16;

/// Over-relaxation: 1 is none, 2 never ends.
const OVER: f32 = 1.6;

/// Sides at which a level is the coarsest, px.
const COARSEST_PX: usize = 4;

/// Roughness, as a fraction of the range, that counts as detail: wrinkles, hair, cloth.
const DETAIL_ROUGHNESS: f32 = 0.05;

/// Shrinks the jumps of a map without holes; `curve` from 0, as it is, to 1.
pub(super) fn compress(map: &Grid<f32>, curve: f32) -> Grid<f32> {
    if curve <= 0.0 {
        return map.clone();
    }
    let mut slopes = Slopes::of(map);
    let usual = slopes.usual();
    if usual <= 0.0 {
        return map.clone();
    }
    let alpha = STRONGEST * curve;
    let shrunk = |slope: f32| {
        let times = slope.abs() / usual;
        slope.signum() * usual * (alpha * times).ln_1p() / alpha
    };
    slopes.across = slopes.across.map(shrunk);
    slopes.down = slopes.down.map(shrunk);
    slopes.surface()
}

/// Makes a map's fine shapes `factor` times as high; 1 leaves it as it is.
pub(super) fn sharpen(map: &Grid<f32>, factor: f32) -> Grid<f32> {
    if factor == 1.0 {
        return map.clone();
    }
    let base = steps::calm(map, DETAIL_ROUGHNESS);
    Grid::from_fn(map.width(), map.height(), |column, row| {
        let base = base.at(column, row);
        base + factor * (map.at(column, row) - base)
    })
}

/// Differences to the neighbour on the right and to that below; 0 in the last column and row.
struct Slopes {
    across: Grid<f32>,
    down: Grid<f32>,
}

impl Slopes {
    fn of(map: &Grid<f32>) -> Self {
        let (width, height) = (map.width(), map.height());
        let difference = |column: usize, row: usize, x: usize, y: usize| {
            map.at(x.min(width - 1), y.min(height - 1)) - map.at(column, row)
        };
        Self {
            across: Grid::from_fn(width, height, |c, r| difference(c, r, c + 1, r)),
            down: Grid::from_fn(width, height, |c, r| difference(c, r, c, r + 1)),
        }
    }

    /// What slopes of the map usually are: the mean of all but the steepest hundredth.
    fn usual(&self) -> f32 {
        let both = self.across.values().iter().chain(self.down.values());
        let stride = (2 * self.across.values().len()).div_ceil(400_000);
        let mut slopes: Vec<f32> = both.step_by(stride).map(|slope| slope.abs()).collect();
        slopes.sort_unstable_by(f32::total_cmp);
        let count = (slopes.len() * 99).div_ceil(100);
        let sum: f64 = slopes[..count].iter().map(|&slope| f64::from(slope)).sum();
        (sum / count as f64) as f32
    }

    /// Differences between means of squares of two by two; exact for those of a surface.
    fn halved(&self) -> Self {
        let (width, height) = (self.across.width(), self.across.height());
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        // Beyond the border the map goes on level.
        let across = |x: usize, y: usize| {
            if x < width {
                self.across.at(x, y.min(height - 1))
            } else {
                0.0
            }
        };
        let down = |x: usize, y: usize| {
            if y < height {
                self.down.at(x.min(width - 1), y)
            } else {
                0.0
            }
        };
        Self {
            across: Grid::from_fn(half_width, half_height, |column, row| {
                if column + 1 == half_width {
                    return 0.0;
                }
                let way = |y| {
                    let x = 2 * column;
                    0.5 * across(x, y) + across(x + 1, y) + 0.5 * across(x + 2, y)
                };
                0.5 * (way(2 * row) + way(2 * row + 1))
            }),
            down: Grid::from_fn(half_width, half_height, |column, row| {
                if row + 1 == half_height {
                    return 0.0;
                }
                let way = |x| {
                    let y = 2 * row;
                    0.5 * down(x, y) + down(x, y + 1) + 0.5 * down(x, y + 2)
                };
                0.5 * (way(2 * column) + way(2 * column + 1))
            }),
        }
    }

    /// The surface whose differences come closest to these.
    fn surface(&self) -> Grid<f32> {
        let (width, height) = (self.across.width(), self.across.height());
        let mut surface = if width.max(height) <= COARSEST_PX {
            Grid::filled(width, height, 0.0)
        } else {
            self.refined(&self.halved().surface())
        };
        let rounds = if width.max(height) <= COARSEST_PX {
            10 * RELAXATIONS
        } else {
            RELAXATIONS
        };
        for _ in 0..rounds {
            self.relax(&mut surface);
        }
        surface
    }

    /// The values of each square of two by two from their mean and the differences among them.
    fn refined(&self, means: &Grid<f32>) -> Grid<f32> {
        let (width, height) = (self.across.width(), self.across.height());
        Grid::from_fn(width, height, |column, row| {
            let (x, y) = (column & !1, row & !1);
            let (right, below) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
            let across = |y| if right > x { self.across.at(x, y) } else { 0.0 };
            let down = |x| if below > y { self.down.at(x, y) } else { 0.0 };
            let (mean_across, mean_down) = (
                0.5 * (across(y) + across(below)),
                0.5 * (down(x) + down(right)),
            );
            let twist = 0.5 * (across(below) - across(y));
            let (u, v) = (
                if column > x { 0.5 } else { -0.5 },
                if row > y { 0.5 } else { -0.5 },
            );
            means.at(x / 2, y / 2) + u * mean_across + v * mean_down + 2.0 * u * v * twist
        })
    }

    /// Moves each value toward what its neighbours and the differences to them ask for.
    fn relax(&self, surface: &mut Grid<f32>) {
        let (width, height) = (surface.width(), surface.height());
        for row in 0..height {
            for column in 0..width {
                let (mut sum, mut count) = (0.0, 0.0);
                if column > 0 {
                    sum += surface.at(column - 1, row) + self.across.at(column - 1, row);
                    count += 1.0;
                }
                if column + 1 < width {
                    sum += surface.at(column + 1, row) - self.across.at(column, row);
                    count += 1.0;
                }
                if row > 0 {
                    sum += surface.at(column, row - 1) + self.down.at(column, row - 1);
                    count += 1.0;
                }
                if row + 1 < height {
                    sum += surface.at(column, row + 1) - self.down.at(column, row);
                    count += 1.0;
                }
                if count > 0.0 {
                    let here = surface.at(column, row);
                    surface.set(column, row, here + OVER * (sum / count - here));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A head with a nose and wrinkles, before a wall ten heads behind it.
    fn scene() -> Grid<f32> {
        Grid::from_fn(150, 131, |column, row| {
            let (x, y) = ((column as f32 - 75.0) / 50.0, (row as f32 - 65.0) / 50.0);
            let inside = 1.0 - x * x - y * y;
            if inside <= 0.0 {
                return -10.0;
            }
            let nose = 0.25 * (-(x / 0.15).powi(2) - (y / 0.2).powi(2)).exp();
            inside.sqrt() + nose + 0.02 * (40.0 * y).sin()
        })
    }

    #[test]
    fn the_differences_of_a_surface_give_that_surface() {
        for (width, height) in [(150, 131), (5, 1), (1, 9), (33, 64), (2, 2)] {
            let map = Grid::from_fn(width, height, |x, y| {
                f32::from(u8::from(x > width / 3)) + (0.3 * x as f32).sin() * (0.2 * y as f32).cos()
            });
            let surface = Slopes::of(&map).surface();
            let offset = surface.at(0, 0) - map.at(0, 0);
            for (a, b) in surface.values().iter().zip(map.values()) {
                assert!(
                    (a - b - offset).abs() < 1e-3,
                    "{width} x {height}: {a} for {b}"
                );
            }
        }
    }

    #[test]
    fn a_jump_shrinks_and_a_nose_keeps_its_height() {
        let map = scene();
        let share = |map: &Grid<f32>| {
            let least = map.values().iter().copied().fold(f32::INFINITY, f32::min);
            let largest = map
                .values()
                .iter()
                .copied()
                .fold(f32::NEG_INFINITY, f32::max);
            // The nose's tip above the skin beside it, of the whole range.
            (map.at(75, 65) - map.at(92, 65)) / (largest - least)
        };
        let mut last = share(&map);
        for curve in [0.25, 0.5, 1.0] {
            let now = share(&compress(&map, curve));
            assert!(now > last, "{now} at {curve}, {last} before");
            last = now;
        }
        assert!(last > 2.5 * share(&map), "{last} of {}", share(&map));
    }

    #[test]
    fn what_is_near_stays_nearer() {
        let map = scene();
        let flat = compress(&map, 1.0);
        assert!(flat.at(75, 65) > flat.at(75, 40) && flat.at(75, 40) > flat.at(75, 2));
        assert_eq!(compress(&map, 0.0), map);
        let level = Grid::filled(9, 9, 3.0);
        assert_eq!(compress(&level, 1.0), level);
    }

    #[test]
    fn detail_is_raised_and_jumps_are_not() {
        let map = scene().map(|value| value.max(-1.0) / 2.3);
        let sharp = sharpen(&map, 2.0);
        // Second differences over half a wave: the dome's own curve hardly counts.
        let wave = |map: &Grid<f32>| {
            let bend = |row| map.at(75, row - 4) - 2.0 * map.at(75, row) + map.at(75, row + 4);
            (84..100).map(|row| bend(row).abs()).sum::<f32>()
        };
        assert!(wave(&sharp) > 1.5 * wave(&map));
        for (a, b) in sharp.values().iter().zip(map.values()) {
            assert!((a - b).abs() < 0.1, "{a} for {b}");
        }
        assert_eq!(sharpen(&map, 1.0), map);
    }

    proptest! {
        #[test]
        fn any_map_gives_numbers(
            width in 1usize..20,
            height in 1usize..20,
            values in prop::collection::vec(-1e3f32..1e3, 400),
            curve in 0.0f32..1.0,
        ) {
            let map = Grid::from_values(width, height, values[..width * height].to_vec()).unwrap();
            prop_assert!(compress(&map, curve).values().iter().all(|value| value.is_finite()));
        }
    }
}
