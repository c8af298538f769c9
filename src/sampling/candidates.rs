//! Candidates: the places where points of a plate may stand before relocation.
//!
//! The candidates of a layer are one copy of the tile, as far as they lie inside the safe volume
//! and keep their distance from the plates that were sampled before.

use super::bands::Bands;
use super::spacing::Rule;
use super::stack::Stack;
use super::target::Target;
use super::tile::{LayerTile, Tile};
use crate::blank::SafeVolume;
use crate::plate::Plate;
use crate::random;

/// A point in the front plane and its layer, in units of the file's grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dot {
    pub(super) x: i32,
    pub(super) y: i32,
    /// The layer within its plate.
    pub(super) layer: u16,
    /// What rounding to the grid left of the last step, in parts of [`Dot::REST`] of a unit.
    pub(super) rest: [i8; 2],
}

impl Dot {
    /// Parts of a unit in which [`Dot::rest`] is counted.
    pub(super) const REST: f32 = 254.0;
}

/// The sheets of one plate, and what limits them.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    pub(super) rule: Rule,
    pub(super) layers: usize,
    volume: &'a SafeVolume,
    stack: Stack,
    /// Largest random shift along z, units.
    jitter: i32,
    seed: u64,
    tiles: Vec<LayerTile>,
    /// The points of plates sampled before.
    others: Option<&'a Bands<[i32; 3]>>,
    /// Whether the z bounds need a look at every place.
    bounded: bool,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(
        plate: &Plate,
        volume: &'a SafeVolume,
        tile: &Tile,
        rule: Rule,
        jitter: i32,
        seed: u64,
        others: Option<&'a Bands<[i32; 3]>>,
    ) -> Self {
        let stack = Stack::new(plate, &rule, jitter);
        let layers = plate.layers as usize;
        let bounded = others.is_some() || !always_within(&stack, layers, jitter, volume, &rule);
        let tiles = (0..layers as u64)
            .map(|layer| tile.for_layer(seed, layer))
            .collect();
        Self {
            rule,
            layers,
            volume,
            stack,
            jitter,
            seed,
            tiles,
            others,
            bounded,
        }
    }

    /// The z of a point, units; jitter is a function of the place.
    pub(super) fn z(&self, dot: &Dot) -> i32 {
        let z = self
            .stack
            .z(usize::from(dot.layer), dot.x, dot.y, self.rule.unit_mm);
        if self.jitter == 0 {
            return z;
        }
        let key = u64::from(dot.x as u32) << 32 | u64::from(dot.y as u32);
        let range = 2 * self.jitter as u64 + 1;
        z + (random::bits(self.seed ^ u64::from(dot.layer), key) % range) as i32 - self.jitter
    }

    /// Whether a point may stand at its place, as far as the blank and other plates are concerned.
    pub(super) fn allows(&self, dot: &Dot) -> bool {
        let unit = self.rule.unit_mm;
        let (x_mm, y_mm) = (f64::from(dot.x) * unit, f64::from(dot.y) * unit);
        if !self.bounded {
            return self.volume.inset_mm.at_mm(x_mm, y_mm) >= 0.0;
        }
        let z = self.z(dot);
        self.volume
            .contains(x_mm, y_mm, (f64::from(z) * unit) as f32)
            && self.others.is_none_or(|others| {
                let mut free = true;
                others.for_each_near(&[dot.x, dot.y, z], |other| {
                    free &= self
                        .rule
                        .keeps(other[0] - dot.x, other[1] - dot.y, other[2] - z);
                });
                free
            })
    }

    /// The candidates in a rectangle of the target's pixels, by pixel.
    pub(super) fn by_pixel(&self, target: &Target, first: [usize; 2], size: [usize; 2]) -> ByPixel {
        let edge = |origin: f64, px: usize| (origin + px as f64 * target.pixel).ceil() as i32;
        let low = [edge(target.x_min, first[0]), edge(target.y_min, first[1])];
        let high = [
            edge(target.x_min, first[0] + size[0]),
            edge(target.y_min, first[1] + size[1]),
        ];
        let mut found: Vec<(u32, Dot)> = Vec::new();
        let mut starts = vec![0u32; size[0] * size[1] + 1];
        let per_px = target.pixel.recip() as f32;
        let place = |value: i32, origin: f64, first: usize, size: usize| {
            let px = (f64::from(value) - origin - first as f64 * target.pixel) as f32 * per_px;
            (px as usize).min(size - 1)
        };
        for (layer, tile) in self.tiles.iter().enumerate() {
            tile.for_each_in(low, high, |x, y| {
                let column = place(x, target.x_min, first[0], size[0]);
                let row = place(y, target.y_min, first[1], size[1]);
                let dot = Dot {
                    x,
                    y,
                    layer: layer as u16,
                    rest: [0; 2],
                };
                if target.wish.at(first[0] + column, first[1] + row) > 0.0 && self.allows(&dot) {
                    let pixel = row * size[0] + column;
                    starts[pixel + 1] += 1;
                    found.push((pixel as u32, dot));
                }
            });
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut sorted = vec![Dot::default(); found.len()];
        for (pixel, dot) in found {
            let slot = &mut next[pixel as usize];
            sorted[*slot as usize] = dot;
            *slot += 1;
        }
        ByPixel { starts, sorted }
    }
}

/// The candidates of a block, by pixel.
#[derive(Debug)]
pub(super) struct ByPixel {
    starts: Vec<u32>,
    sorted: Vec<Dot>,
}

impl ByPixel {
    /// The candidates of the pixel with that number, row after row.
    pub(super) fn of_pixel(&self, pixel: usize) -> &[Dot] {
        &self.sorted[self.starts[pixel] as usize..self.starts[pixel + 1] as usize]
    }
}

/// Whether all layers of a flat stack lie within constant bounds of z, so that only x and y matter.
fn always_within(
    stack: &Stack,
    layers: usize,
    jitter: i32,
    volume: &SafeVolume,
    rule: &Rule,
) -> bool {
    use crate::blank::Bound;
    let (Stack::Flat { front, pitch }, Bound::Constant(low), Bound::Constant(high)) =
        (stack, &volume.z_min_mm, &volume.z_max_mm)
    else {
        return false;
    };
    let mm = |z: i32| (f64::from(z) * rule.unit_mm) as f32;
    let back = front - (layers as i32 - 1) * pitch;
    mm(back - jitter) >= *low && mm(front + jitter) <= *high
}
