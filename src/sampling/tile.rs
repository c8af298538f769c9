//! The candidate tile: dense packings on a torus, one for each layer, that fit one another.
//!
//! Candidates are where points may stand before relocation. The layers of the tile are made
//! together: each keeps the spacing by itself, and their union is even as well, far below the
//! spacing. All points have a rank, such that those below any rank are even too, in the union and in
//! each layer, and each layer has the same share of them: so a tone is shown by the points whose rank
//! lies below it (`dither.rs`), and no layer is full while another has room. The tile repeats every ten
//! millimetres or so.
//!
//! `examples/make_tile` makes the tiles, and tells how.

use std::f64::consts::PI;
use std::iter;
use std::ops::Range;

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

/// Period, in units, of a tile of that packing density for a least squared distance in squared units.
///
/// On the file's grid a point keeps others off a number of places, and needs the room of a disc of
/// that area: a little less than its spacing. Rounding takes more than half a unit besides.
#[must_use]
pub fn period(least_squared: i64, density: f64) -> i32 {
    let side = |width: i64| {
        let left = least_squared - 1 - width * width;
        1 + 2 * (left as f64).sqrt() as i64
    };
    let least = (least_squared as f64).sqrt();
    let widest = ((least_squared - 1) as f64).sqrt() as i64;
    let kept_off: i64 = (-widest..=widest).map(side).sum();
    let disc = (kept_off as f64 / PI).sqrt();
    let spacing = (disc + ROUNDING_UNITS).max(least * LEAST_SPREAD);
    ((PACKED_POINTS as f64 / density).sqrt() * spacing).round() as i32
}

/// What a spacing needs beyond the disc, so that hardly a point finds no place. Half a unit makes white
/// brighter still, but leaves out several times as many, without any order, which a draft shows as noise.
const ROUNDING_UNITS: f64 = 0.6;

/// Places are stored rounded to less than a five hundredth of the spacing.
const LEAST_SPREAD: f64 = 1.002;

/// Packings on the file's grid, before they are shifted for the layers of a plate.
#[derive(Debug)]
pub(super) struct Tile {
    period: i32,
    layers: usize,
    /// By rank; a site's layer is that of the tile.
    sites: Vec<Site>,
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
        let period = period(least_squared, PACKED_DENSITY);
        let mut unit: Vec<Vec<[f64; 2]>> = vec![Vec::new(); layers];
        let mut ranks: Vec<Vec<u32>> = vec![Vec::new(); layers];
        for (rank, (place, layer)) in stored(PACKED, layers).enumerate() {
            unit[layer].push(place.map(|value| f64::from(value) / 65536.0));
            ranks[layer].push(rank as u32);
        }
        let settled: Vec<Vec<(u32, [i32; 2])>> = unit
            .par_iter()
            .map(|unit| packing::settle(unit, period, least_squared))
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
        let site = |(rank, ([x, y], layer)): (usize, ([i32; 2], usize))| Site {
            x,
            y,
            threshold: (rank as f32 + 0.5) * per_rank,
            layer: layer as u16,
        };
        Self {
            period,
            layers,
            sites: points.into_iter().enumerate().map(site).collect(),
        }
    }

    /// Points of a layer per square unit.
    pub(super) fn density(&self) -> f64 {
        self.sites.len() as f64 / self.layers as f64 / f64::from(self.period).powi(2)
    }

    /// The candidates of a plate of so many layers, in squares of about `side` units: those of layers
    /// that fit one another together, shifted and turned.
    pub(super) fn for_layers(&self, seed: u64, layers: usize, side: f64) -> Vec<Sites> {
        let per_side = (f64::from(self.period) / side)
            .round()
            .clamp(1.0, MOST_SQUARES);
        let groups = layers.div_ceil(LAYERS);
        (0..groups)
            .into_par_iter()
            .map(|group| {
                let first = group * LAYERS;
                let in_group = (layers - first).min(LAYERS);
                let bits = random::bits(seed, group as u64);
                let shift = [bits >> 3, bits >> 33].map(|part| (part % self.period as u64) as i32);
                let mut depth_of = [0; LAYERS];
                for depth in 0..in_group {
                    depth_of[shuffled(depth, in_group)] = first + depth;
                }
                // Ranked anew among themselves.
                let own = |site: &&Site| usize::from(site.layer) < in_group;
                let own: Vec<&Site> = self.sites.iter().filter(own).collect();
                let per_rank = 1.0 / own.len() as f32;
                let turned = own.iter().enumerate().map(|(rank, site)| {
                    let [x, y] = [site.x, site.y];
                    let [x, y] = if bits & 1 == 0 { [x, y] } else { [y, x] };
                    let x = if bits & 2 == 0 { x } else { -x };
                    let y = if bits & 4 == 0 { y } else { -y };
                    let [x, y] = [x + shift[0], y + shift[1]].map(|v| v.rem_euclid(self.period));
                    let layer = depth_of[usize::from(site.layer)] as u16;
                    Site {
                        x,
                        y,
                        threshold: (rank as f32 + 0.5) * per_rank,
                        layer,
                    }
                });
                Sites::new(in_group, self.period, per_side as i32, turned.collect())
            })
            .collect()
    }
}

/// Squares along a side of the tile, at most; there are hardly more points.
const MOST_SQUARES: f64 = 256.0;

/// Which layer of the tile stands at a depth. The tile's first and second layer fill each other's
/// gaps; one behind the other they would line up for who looks from aside.
fn shuffled(depth: usize, layers: usize) -> usize {
    let step = if layers.is_multiple_of(3) { 5 } else { 3 };
    depth * step % layers
}

/// A candidate of a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Site {
    pub(super) x: i32,
    pub(super) y: i32,
    /// It is on where a greater part of all candidates is wanted, 0 to 1.
    pub(super) threshold: f32,
    pub(super) layer: u16,
}

/// Candidates of layers that fit one another, periodic over the whole plane, by squares.
#[derive(Debug)]
pub(super) struct Sites {
    /// How many layers.
    pub(super) layers: usize,
    period: i32,
    /// Squares along a side of the tile.
    per_side: i32,
    /// First site of each square, and the end.
    starts: Vec<u32>,
    /// The first place of each column or row of squares in the tile, and the end.
    edges: Vec<i32>,
    /// By square, within a square by rank.
    sites: Vec<Site>,
}

impl Sites {
    /// Squares of candidates that come by rank.
    fn new(layers: usize, period: i32, per_side: i32, by_rank: Vec<Site>) -> Self {
        let edges = edges(period, per_side);
        let widths = edges.windows(2).map(|ends| (ends[1] - ends[0]) as usize);
        let along: Vec<u16> = (0..)
            .zip(widths)
            .flat_map(|(at, width)| iter::repeat_n(at, width))
            .collect();
        let of = |at: i32| usize::from(along[at as usize]);
        let home = |site: &Site| of(site.y) * per_side as usize + of(site.x);
        let mut starts = vec![0u32; (per_side * per_side) as usize + 1];
        for site in &by_rank {
            starts[home(site) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut sites = vec![Site::default(); by_rank.len()];
        for site in by_rank {
            let slot = &mut next[home(&site)];
            sites[*slot as usize] = site;
            *slot += 1;
        }
        Self {
            layers,
            period,
            per_side,
            starts,
            edges,
            sites,
        }
    }

    /// Sites per square unit, of all its layers.
    pub(super) fn density(&self) -> f64 {
        self.sites.len() as f64 / f64::from(self.period).powi(2)
    }

    /// The first place of the squares of a column or row, counted from the origin.
    pub(super) fn first_place(&self, at: i32) -> i32 {
        let own = at.rem_euclid(self.per_side) as usize;
        at.div_euclid(self.per_side) * self.period + self.edges[own]
    }

    /// The columns or rows of squares that hold the places from `low` to `high`.
    pub(super) fn squares_from_to(&self, low: f64, high: f64) -> Range<i32> {
        let at = |place: f64| {
            let place = place.floor() as i32;
            let within = place.rem_euclid(self.period);
            let until = self.edges.partition_point(|&edge| edge <= within) as i32;
            place.div_euclid(self.period) * self.per_side + until - 1
        };
        at(low)..at(high) + 1
    }

    /// The candidates of a square, counted from the origin, by rank; and what is to be added to their
    /// places.
    pub(super) fn square(&self, column: i32, row: i32) -> ([i32; 2], &[Site]) {
        let tile = [column, row].map(|at| at.div_euclid(self.per_side));
        let [column, row] = [column, row].map(|at| at.rem_euclid(self.per_side));
        let square = (row * self.per_side + column) as usize;
        let range = self.starts[square] as usize..self.starts[square + 1] as usize;
        (tile.map(|at| at * self.period), &self.sites[range])
    }
}

/// The first places of columns or rows of squares, which are of uneven width, and the end.
///
/// Where squares all alike want about a point each, the points take on the squares' rhythm: a lattice,
/// which no pass removes, since it is even.
fn edges(period: i32, per_side: i32) -> Vec<i32> {
    let width = f64::from(period) / f64::from(per_side);
    let edge = |at: i32| {
        let aside = if at % per_side == 0 {
            0.0
        } else {
            UNEVEN * f64::from(2.0 * random::unit(EDGES, at as u64) - 1.0)
        };
        ((f64::from(at) + aside) * width).ceil() as i32
    };
    (0..=per_side).map(edge).collect()
}

/// How far the edge of a square lies aside at most, in widths of a square. Without, the spectrum of a dark
/// grey seen from 30 degrees has a value of 3.6 times its ring's mean (`tests/lattice.rs`); with 0.4, of 2.2,
/// which is noise.
const UNEVEN: f64 = 0.4;

/// The stream of random numbers that the edges are made from.
const EDGES: u64 = 0x6564_6765;

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a square grid's density, what a layer of the tile reaches at a spacing of whole units.
    #[test]
    fn a_layer_is_dense_on_any_grid() {
        let shares = [
            (3, 0.78),
            (4, 0.84),
            (5, 0.91),
            (6, 0.86),
            (7, 0.91),
            (8, 0.93),
            (9, 0.91),
            (10, 0.93),
            (15, 0.95),
            (20, 0.96),
            (80, 1.0),
        ];
        for (units, least) in shares {
            let rule = Rule {
                xy: f64::from(units),
                z: 9.0,
                least: 1.0,
                unit_mm: 0.01,
            };
            let tile = Tile::new(&rule, 1);
            let share = tile.density() * rule.xy * rule.xy;
            assert!(share >= least, "{share} at {units} units");
            let left_out = PACKED_POINTS - tile.sites.len();
            assert!(
                left_out < PACKED_POINTS / 50,
                "{left_out} left out at {units}"
            );
        }
    }

    /// What is full in a tone that is not white gives its points no room, and a lattice from aside.
    #[test]
    fn layers_come_on_together() {
        for (bytes, least_share) in [(PACKED, 0.999), (&SETTLED_8[2..], 0.99)] {
            for layers in [2, 4, LAYERS] {
                let layer_of: Vec<usize> = stored(bytes, layers).map(|(_, layer)| layer).collect();
                for tenths in 1..=10 {
                    let mut count = vec![0; layers];
                    for &layer in &layer_of[..layer_of.len() * tenths / 10] {
                        count[layer] += 1;
                    }
                    let [least, most] =
                        [count.iter().min(), count.iter().max()].map(Option::unwrap);
                    let share = f64::from(*least) / f64::from(*most);
                    assert!(share >= least_share, "{count:?} at {tenths} tenths");
                }
            }
        }
    }
}
