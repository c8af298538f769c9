//! Candidates: the places where points of a plate may stand before relocation.
//!
//! The candidates of a layer are one copy of the tile, as far as they lie inside the safe volume
//! and keep their distance from the plates that were sampled before.

use super::bands::Bands;
use super::spacing::Rule;
use super::stack::Stack;
use super::target::Target;
use super::tile::Sites;
use crate::blank::{Bound, SafeVolume};
use crate::grid::Grid;
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
    /// The places, by groups of layers that fit one another.
    pub(super) groups: Vec<Sites>,
    /// Candidates per square unit, of all layers.
    density: f64,
    /// The points of plates sampled before.
    others: Option<&'a Bands<[i32; 3]>>,
    /// Whether the z bounds need a look at every place.
    bounded: bool,
    /// Where any point may stand without a closer look.
    sure: Option<Sure>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(
        plate: &Plate,
        volume: &'a SafeVolume,
        groups: Vec<Sites>,
        rule: Rule,
        jitter: i32,
        seed: u64,
        others: Option<&'a Bands<[i32; 3]>>,
    ) -> Self {
        let stack = Stack::new(plate, &rule, jitter);
        let layers = plate.layers as usize;
        let sure = match others {
            Some(_) => None,
            None => Sure::find(&stack, layers, jitter, volume, &rule),
        };
        let bounded = others.is_some() || !always_within(&stack, layers, jitter, volume, &rule);
        Self {
            rule,
            layers,
            volume,
            stack,
            jitter,
            seed,
            density: groups.iter().map(Sites::density).sum(),
            groups,
            others,
            bounded,
            sure,
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
        if self.is_sure(dot) {
            return true;
        }
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

    /// Whether a point may stand at its place, and any other around it.
    pub(super) fn is_sure(&self, dot: &Dot) -> bool {
        let sure = self.sure.as_ref();
        sure.is_some_and(|sure| sure.at(dot.x, dot.y))
    }

    /// Whether any point between two corners may stand, those included.
    pub(super) fn is_sure_within(&self, low: [i32; 2], high: [i32; 2]) -> bool {
        let sure = self.sure.as_ref();
        sure.is_some_and(|sure| sure.within(low, high))
    }

    /// Candidates per pixel of the target, of all layers.
    pub(super) fn capacity(&self, target: &Target<'_>) -> f32 {
        (self.density * target.pixel * target.pixel) as f32
    }
}

/// Squares of the front plane in which every point of a flat stack lies inside the safe volume.
#[derive(Debug)]
struct Sure {
    /// Left and upper edge of the squares, units.
    corner: [f64; 2],
    per_unit: f64,
    squares: Grid<bool>,
}

impl Sure {
    /// Side of a square in pixels of the safe volume's rasters.
    const SIDE_PX: usize = 8;

    fn find(
        stack: &Stack,
        layers: usize,
        jitter: i32,
        volume: &SafeVolume,
        rule: &Rule,
    ) -> Option<Self> {
        let Stack::Flat { front, pitch } = stack else {
            return None;
        };
        let mm = |z: i32| (f64::from(z) * rule.unit_mm) as f32;
        let back_mm = mm(front - (layers as i32 - 1) * pitch - jitter);
        let front_mm = mm(front + jitter);
        let inset = &volume.inset_mm;
        let (width, height) = (inset.grid.width(), inset.grid.height());
        let same = |bound: &Bound| match bound {
            Bound::Constant(_) => true,
            Bound::Varying(raster) => {
                let size = (raster.grid.width(), raster.grid.height());
                raster.frame == inset.frame && size == (width, height)
            }
        };
        if !same(&volume.z_min_mm) || !same(&volume.z_max_mm) {
            return None;
        }
        let at = |bound: &Bound, column, row| match bound {
            Bound::Constant(z_mm) => *z_mm,
            Bound::Varying(raster) => raster.grid.at(column, row),
        };
        // A point is judged by the four pixels around it, so those beside the square count too.
        let reach = |square: usize, length: usize| {
            let first = square * Self::SIDE_PX;
            first.saturating_sub(1)..(first + Self::SIDE_PX + 1).min(length)
        };
        let squares = Grid::from_fn(
            width.div_ceil(Self::SIDE_PX),
            height.div_ceil(Self::SIDE_PX),
            |column, row| {
                reach(row, height).all(|row| {
                    reach(column, width).all(|column| {
                        inset.grid.at(column, row) >= 0.0
                            && at(&volume.z_min_mm, column, row) <= back_mm
                            && at(&volume.z_max_mm, column, row) >= front_mm
                    })
                })
            },
        );
        Some(Self {
            corner: [inset.frame.x_min_mm, inset.frame.y_max_mm].map(|mm| mm / rule.unit_mm),
            per_unit: rule.unit_mm / (inset.frame.mm_per_px * Self::SIDE_PX as f64),
            squares,
        })
    }

    fn at(&self, x: i32, y: i32) -> bool {
        let [column, row] = self.square(x, y);
        self.squares.at(column, row)
    }

    fn within(&self, [x0, y0]: [i32; 2], [x1, y1]: [i32; 2]) -> bool {
        let ([left, low], [right, high]) = (self.square(x0, y0), self.square(x1, y1));
        (high..=low).all(|row| self.squares.row(row)[left..=right].iter().all(|&sure| sure))
    }

    fn square(&self, x: i32, y: i32) -> [usize; 2] {
        // Outside of the raster its border counts, here as there.
        let column = ((f64::from(x) - self.corner[0]) * self.per_unit) as usize;
        let row = ((self.corner[1] - f64::from(y)) * self.per_unit) as usize;
        let (width, height) = (self.squares.width(), self.squares.height());
        [column.min(width - 1), row.min(height - 1)]
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
    let (Stack::Flat { front, pitch }, Bound::Constant(low), Bound::Constant(high)) =
        (stack, &volume.z_min_mm, &volume.z_max_mm)
    else {
        return false;
    };
    let mm = |z: i32| (f64::from(z) * rule.unit_mm) as f32;
    let back = front - (layers as i32 - 1) * pitch;
    mm(back - jitter) >= *low && mm(front + jitter) <= *high
}
