//! The candidate tile: a dense packing on a torus, one transformed copy for each layer.
//!
//! Candidates are where points may stand before relocation. A tile repeats every ten millimetres or
//! so; copies for different layers are turned, mirrored and shifted against one another, so that
//! layers share no columns.

use super::packing;
use super::spacing::Rule;
use crate::random;

/// 16384 points of a unit torus as pairs of little-endian u16 (65536 = one period), x before y,
/// relaxed by `examples/make_tile.rs`. The density times the squared least distance is
/// [`PACKED_DENSITY`].
const PACKED: &[u8] = include_bytes!("tile.bin");

/// The same, settled on a grid of which the spacing is exactly 8 units: 0.08 mm in a file with two
/// decimals, the common case. Pairs of little-endian u16, in units; the first pair is the period.
const SETTLED_8: &[u8] = include_bytes!("tile8.bin");

/// Points per squared least distance of the shipped packing. A square grid has 1. Higher, the
/// relaxation forms crystals (1.155 is hexagonal); lower, white is less bright.
pub const PACKED_DENSITY: f64 = 1.03;

/// Points of the shipped packing.
pub const PACKED_POINTS: usize = 16_384;

fn pairs(bytes: &[u8]) -> impl Iterator<Item = [u16; 2]> + '_ {
    bytes.chunks_exact(4).map(|b| {
        [
            u16::from_le_bytes([b[0], b[1]]),
            u16::from_le_bytes([b[2], b[3]]),
        ]
    })
}

/// The shipped packing on a unit torus.
#[must_use]
pub fn packed() -> Vec<[f64; 2]> {
    pairs(PACKED)
        .map(|pair| pair.map(|value| f64::from(value) / 65536.0))
        .collect()
}

/// Period, in units, of the tile for a least distance of `xy` units.
///
/// Rounding onto the grid moves each point by up to half a unit, so the packing is spread by a
/// part of a unit in each spacing. Less spread, and [`packing::settle`] drops points that find no
/// place; more, and white loses density for nothing. Measured at 8 units: 0.90 of a square grid's
/// density at 0.04 and at 0.08 of the spacing, 0.915 between 0.05 and 0.06.
#[must_use]
pub fn period(xy: f64) -> i32 {
    let spread = 1.0 + (0.45 / xy).max(0.004);
    ((PACKED_POINTS as f64 / PACKED_DENSITY).sqrt() * xy * spread).round() as i32
}

/// A packing on the file's grid, before it is copied for the layers.
#[derive(Debug)]
pub(super) struct Tile {
    period: i32,
    points: Vec<[i32; 2]>,
}

impl Tile {
    pub(super) fn new(rule: &Rule) -> Self {
        let least_squared = rule.least_squared_xy();
        if least_squared == 64 {
            let mut stored = pairs(SETTLED_8).map(|pair| pair.map(i32::from));
            let period = stored.next().map_or(1, |[period, _]| period);
            return Self {
                period,
                points: stored.collect(),
            };
        }
        let period = period(rule.xy);
        Self {
            period,
            points: packing::settle(&packed(), period, least_squared, 60),
        }
    }

    /// Points per square unit.
    pub(super) fn density(&self) -> f64 {
        self.points.len() as f64 / f64::from(self.period).powi(2)
    }

    /// The copy for one layer.
    pub(super) fn for_layer(&self, seed: u64, layer: u64) -> LayerTile {
        let bits = random::bits(seed, layer);
        let shift = [bits >> 3, bits >> 33].map(|part| (part % self.period as u64) as i32);
        let turned = self.points.iter().map(|&[x, y]| {
            let [x, y] = if bits & 1 == 0 { [x, y] } else { [y, x] };
            let x = if bits & 2 == 0 { x } else { -x };
            let y = if bits & 4 == 0 { y } else { -y };
            [x + shift[0], y + shift[1]].map(|value| value.rem_euclid(self.period))
        });
        LayerTile::new(self.period, turned.collect())
    }
}

/// The candidates of one layer, periodic over the whole plane, found by place.
#[derive(Debug)]
pub(super) struct LayerTile {
    period: i32,
    bucket: i32,
    per_side: i32,
    starts: Vec<u32>,
    points: Vec<[i32; 2]>,
}

impl LayerTile {
    fn new(period: i32, points: Vec<[i32; 2]>) -> Self {
        let wanted = (points.len() as f64 / 8.0).sqrt().max(1.0);
        let bucket = (f64::from(period) / wanted).ceil().max(1.0) as i32;
        let per_side = (period + bucket - 1) / bucket;
        let home = |[x, y]: [i32; 2]| (y / bucket * per_side + x / bucket) as usize;
        let mut sorted = points;
        sorted.sort_by_key(|&point| (home(point), point));
        let mut starts = vec![0u32; (per_side * per_side) as usize + 1];
        for &point in &sorted {
            starts[home(point) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        Self {
            period,
            bucket,
            per_side,
            starts,
            points: sorted,
        }
    }

    /// Calls `visit` for every candidate with `x0 <= x < x1` and `y0 <= y < y1`, in a fixed order.
    pub(super) fn for_each_in(
        &self,
        [x0, y0]: [i32; 2],
        [x1, y1]: [i32; 2],
        mut visit: impl FnMut(i32, i32),
    ) {
        let tile = |value: i32| value.div_euclid(self.period);
        for tile_y in tile(y0)..=tile(y1 - 1) {
            for tile_x in tile(x0)..=tile(x1 - 1) {
                let (left, low) = (tile_x * self.period, tile_y * self.period);
                let first = |from: i32, origin: i32| (from - origin).max(0) / self.bucket;
                let last = |to: i32, origin: i32| {
                    ((to - 1 - origin).min(self.period - 1) / self.bucket).min(self.per_side - 1)
                };
                for row in first(y0, low)..=last(y1, low) {
                    let begin = self.starts[(row * self.per_side + first(x0, left)) as usize];
                    let end = self.starts[(row * self.per_side + last(x1, left)) as usize + 1];
                    for &[x, y] in &self.points[begin as usize..end as usize] {
                        let (x, y) = (x + left, y + low);
                        if x >= x0 && x < x1 && y >= y0 && y < y1 {
                            visit(x, y);
                        }
                    }
                }
            }
        }
    }
}
