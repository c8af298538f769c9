//! The candidate tile: dense packings on a torus, one for each layer, that fit one another.
//!
//! Candidates are where points may stand before relocation. The layers of the tile are made
//! together: each keeps the spacing by itself, and their union is even as well, far below the
//! spacing. All points have a rank, such that those below any rank are even too, in the union and in
//! each layer: so a tone is shown by the points whose rank lies below it (`dither.rs`). The tile
//! repeats every ten millimetres or so.
//!
//! `examples/make_tile` makes the tiles, and tells how.

use rayon::prelude::*;

use super::packing;
use super::spacing::Rule;
use crate::random;

/// [`LAYERS`] times [`PACKED_POINTS`] points of a unit torus in the order of their ranks: x and y of
/// each as little-endian u16 (65536 = one period), then the layer of each, a byte. The density of a
/// layer times the squared least distance is [`PACKED_DENSITY`].
const PACKED: &[u8] = include_bytes!("tile.bin");

/// The same, settled on a grid of which the spacing is exactly 8 units: 0.08 mm in a file with two
/// decimals, the common case. In front a u16 with the period in units, which x and y are in too.
const SETTLED_8: &[u8] = include_bytes!("tile8.bin");

/// Layers of the shipped tile.
pub const LAYERS: usize = 8;

/// Points per squared least distance of one layer of the shipped packing. A square grid has 1.
/// Higher, the relaxation forms crystals (1.155 is hexagonal), and the layers have less room to fit
/// one another; lower, white is less bright.
pub const PACKED_DENSITY: f64 = 1.03;

/// Points of a layer of the shipped packing.
pub const PACKED_POINTS: usize = 16_384;

/// Bytes of a point: x, y, layer.
const POINT_BYTES: usize = 5;

/// A candidate of a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ranked {
    x: i32,
    y: i32,
    /// It is on where a greater part of all candidates is wanted, 0 to 1.
    threshold: f32,
}

/// The points of a stored tile that belong to its first layers, by rank: place and layer.
fn stored(bytes: &[u8], layers: usize) -> impl Iterator<Item = ([u16; 2], usize)> + '_ {
    let (places, layer_of) = bytes.split_at(bytes.len() / POINT_BYTES * (POINT_BYTES - 1));
    let place = |b: &[u8]| {
        [
            u16::from_le_bytes([b[0], b[1]]),
            u16::from_le_bytes([b[2], b[3]]),
        ]
    };
    let all = places.chunks_exact(4).map(place).zip(layer_of);
    all.map(|(place, &layer)| (place, usize::from(layer)))
        .filter(move |&(_, layer)| layer < layers)
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

/// Packings on the file's grid, before they are shifted for the layers of a plate.
#[derive(Debug)]
pub(super) struct Tile {
    period: i32,
    layers: Vec<Vec<Ranked>>,
}

impl Tile {
    /// The tile for plates of up to `layers` layers.
    pub(super) fn new(rule: &Rule, layers: usize) -> Self {
        let layers = layers.clamp(1, LAYERS);
        let least_squared = rule.least_squared_xy();
        if least_squared == 64 {
            let (period, points) = SETTLED_8.split_at(2);
            let period = i32::from(u16::from_le_bytes([period[0], period[1]]));
            let points = stored(points, layers);
            let points = points.map(|(place, layer)| (place.map(i32::from), layer));
            return Self::from_ranked(period, points.collect(), layers);
        }
        let period = period(rule.xy);
        let mut unit: Vec<Vec<[f64; 2]>> = vec![Vec::new(); layers];
        let mut ranks: Vec<Vec<u32>> = vec![Vec::new(); layers];
        for (rank, (place, layer)) in stored(PACKED, layers).enumerate() {
            unit[layer].push(place.map(|value| f64::from(value) / 65536.0));
            ranks[layer].push(rank as u32);
        }
        let settled: Vec<Vec<(u32, [i32; 2])>> = unit
            .par_iter()
            .map(|unit| packing::settle(unit, period, least_squared, 60))
            .collect();
        let mut by_rank: Vec<Option<([i32; 2], usize)>> = vec![None; layers * PACKED_POINTS];
        for (layer, points) in settled.into_iter().enumerate() {
            for (index, place) in points {
                by_rank[ranks[layer][index as usize] as usize] = Some((place, layer));
            }
        }
        Self::from_ranked(period, by_rank.into_iter().flatten().collect(), layers)
    }

    fn from_ranked(period: i32, points: Vec<([i32; 2], usize)>, layers: usize) -> Self {
        let per_rank = 1.0 / points.len() as f32;
        let mut tile = Self {
            period,
            layers: vec![Vec::new(); layers],
        };
        for (rank, ([x, y], layer)) in points.into_iter().enumerate() {
            let threshold = (rank as f32 + 0.5) * per_rank;
            tile.layers[layer].push(Ranked { x, y, threshold });
        }
        tile
    }

    /// Points of a layer per square unit.
    pub(super) fn density(&self) -> f64 {
        let points: usize = self.layers.iter().map(Vec::len).sum();
        points as f64 / self.layers.len() as f64 / f64::from(self.period).powi(2)
    }

    /// The candidates of one of so many layers. Layers that fit one another are shifted and turned
    /// together.
    pub(super) fn for_layer(&self, seed: u64, layer: usize, layers: usize) -> LayerTile {
        let group = layer / LAYERS;
        let bits = random::bits(seed, group as u64);
        let shift = [bits >> 3, bits >> 33].map(|part| (part % self.period as u64) as i32);
        let in_group = (layers - group * LAYERS).min(LAYERS);
        let points = &self.layers[shuffled(layer % LAYERS, in_group)];
        let turned = points.iter().map(|&Ranked { x, y, threshold }| {
            let [x, y] = if bits & 1 == 0 { [x, y] } else { [y, x] };
            let x = if bits & 2 == 0 { x } else { -x };
            let y = if bits & 4 == 0 { y } else { -y };
            let [x, y] = [x + shift[0], y + shift[1]].map(|v| v.rem_euclid(self.period));
            Ranked { x, y, threshold }
        });
        LayerTile::new(self.period, turned.collect())
    }
}

/// Which layer of the tile stands at a depth. The tile's first and second layer fill each other's
/// gaps; one behind the other they would line up for who looks from aside.
fn shuffled(depth: usize, layers: usize) -> usize {
    let step = if layers.is_multiple_of(3) { 5 } else { 3 };
    depth * step % layers
}

/// The candidates of one layer, periodic over the whole plane, found by place.
#[derive(Debug)]
pub(super) struct LayerTile {
    period: i32,
    bucket: i32,
    per_side: i32,
    starts: Vec<u32>,
    points: Vec<Ranked>,
}

impl LayerTile {
    fn new(period: i32, points: Vec<Ranked>) -> Self {
        let wanted = (points.len() as f64 / 8.0).sqrt().max(1.0);
        let bucket = (f64::from(period) / wanted).ceil().max(1.0) as i32;
        let per_side = (period + bucket - 1) / bucket;
        let home = |point: &Ranked| (point.y / bucket * per_side + point.x / bucket) as usize;
        let mut starts = vec![0u32; (per_side * per_side) as usize + 1];
        for point in &points {
            starts[home(point) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        // Within a bucket by rank, as they come.
        let mut next = starts.clone();
        let mut sorted = vec![Ranked::default(); points.len()];
        for point in points {
            let slot = &mut next[home(&point)];
            sorted[*slot as usize] = point;
            *slot += 1;
        }
        Self {
            period,
            bucket,
            per_side,
            starts,
            points: sorted,
        }
    }

    /// Calls `visit` with x, y and threshold of every candidate with `x0 <= x < x1` and
    /// `y0 <= y < y1`, in a fixed order.
    pub(super) fn for_each_in(
        &self,
        [x0, y0]: [i32; 2],
        [x1, y1]: [i32; 2],
        mut visit: impl FnMut(i32, i32, f32),
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
                    for point in &self.points[begin as usize..end as usize] {
                        let (x, y) = (point.x + left, point.y + low);
                        if x >= x0 && x < x1 && y >= y0 && y < y1 {
                            visit(x, y, point.threshold);
                        }
                    }
                }
            }
        }
    }
}
