//! The nearest free place within reach of a point.
//!
//! The places that are tried are a raster around the point, a row of them the bits of a word. Every
//! neighbour clears in each row the bits that are too near to it, which are one run; of those that
//! are left the nearest is taken.

use super::respace::{Scale, Steps};

/// How far a point may be moved, in spacings. The next free place of a full layer is that near; a
/// point farther away would show somewhere else.
const REACH: f64 = 1.0;

/// Places along a spacing that are tried, at most twice as many where a spacing is no whole number
/// of tens of steps: finer files are searched by steps of some of their last decimals.
const PLACES: f64 = 10.0;

/// The raster of places around a point.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// Steps from one place to the next, across the beam and along it.
    stride: [i64; 2],
    /// Places on each side across the beam; below 32, so that a row fits a word.
    wide: i64,
    /// Rows on each side along the beam.
    deep: i64,
    /// The bits of each row that are within reach; rows by z, then y.
    rows: Vec<u64>,
    /// All places within reach, its own first and the nearest before others.
    offsets: Vec<Offset>,
}

/// A place of the raster.
#[derive(Clone, Copy, Debug)]
struct Offset {
    steps: Steps,
    row: usize,
    bit: i64,
}

/// Room for the search of one point after another.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    rows: Vec<u64>,
    near: Vec<(f64, Steps)>,
}

impl Reach {
    pub(super) fn new(scale: &Scale) -> Self {
        let stride = scale
            .spacing()
            .map(|steps| (steps / PLACES).floor().max(1.0) as i64);
        let most =
            |axis: usize| (REACH * scale.spacing()[axis] / stride[axis] as f64).ceil() as i64;
        let (wide, deep) = (most(0), most(1));
        assert!(wide < 32, "a spacing has at most twice PLACES places");
        let side = (2 * wide + 1) as usize;
        let mut rows = vec![0; side * (2 * deep + 1) as usize];
        let mut offsets = Vec::new();
        for k in -deep..=deep {
            for j in -wide..=wide {
                for i in -wide..=wide {
                    let steps = [i * stride[0], j * stride[0], k * stride[1]];
                    let distance = scale.distance(steps, [0; 3]);
                    if distance <= REACH * REACH {
                        let (row, bit) =
                            ((k + deep) as usize * side + (j + wide) as usize, i + wide);
                        rows[row] |= 1 << bit;
                        offsets.push((distance, Offset { steps, row, bit }));
                    }
                }
            }
        }
        offsets.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.steps.cmp(&b.1.steps)));
        Self {
            stride,
            wide,
            deep,
            rows,
            offsets: offsets.into_iter().map(|(_, offset)| offset).collect(),
        }
    }

    pub(super) fn scratch(&self) -> Scratch {
        Scratch {
            rows: self.rows.clone(),
            near: Vec::new(),
        }
    }

    /// All ways within reach, the nearest first.
    #[cfg(test)]
    pub(super) fn offsets(&self) -> impl Iterator<Item = Steps> {
        self.offsets.iter().map(|offset| offset.steps)
    }

    /// The nearest place around `from` that is allowed and far enough from all others.
    pub(super) fn free_near(
        &self,
        scale: &Scale,
        from: Steps,
        others: &[Steps],
        scratch: &mut Scratch,
        allowed: impl Fn(Steps) -> bool,
    ) -> Option<Steps> {
        let Scratch { rows, near } = scratch;
        near.clear();
        // Farther ones are in no place's way.
        let farthest = (REACH + scale.least.sqrt()).powi(2);
        near.extend(
            others
                .iter()
                .map(|&other| (scale.distance(from, other), other))
                .filter(|(distance, _)| *distance < farthest),
        );
        if near.iter().all(|(distance, _)| *distance >= scale.least) && allowed(from) {
            return Some(from);
        }
        // The nearest clear the most; in a crowd some of them clear all.
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        rows.copy_from_slice(&self.rows);
        let mut left = self.offsets.len();
        for &(_, other) in near.iter() {
            let way = [0, 1, 2].map(|axis| other[axis] - from[axis]);
            left -= self.clear(scale, way, rows);
            if left == 0 {
                return None;
            }
        }
        self.offsets.iter().find_map(|offset| {
            if rows[offset.row] >> offset.bit & 1 == 0 {
                return None;
            }
            let place = [0, 1, 2].map(|axis| from[axis] + offset.steps[axis]);
            // Not left to the rounding of a square root.
            let free = |(_, other): &(f64, Steps)| scale.distance(place, *other) >= scale.least;
            (near.iter().all(free) && allowed(place)).then_some(place)
        })
    }

    /// Clears the places that are too near to a point at `way` from the middle; returns how many.
    fn clear(&self, scale: &Scale, way: Steps, rows: &mut [u64]) -> usize {
        let [xy, z] = scale.spacing();
        let side = (2 * self.wide + 1) as usize;
        let [x, y, z_way] = way.map(|steps| steps as f64);
        // Places whose distance from `at` is less than `reach`, both in steps.
        let run = |at: f64, reach: f64, stride: i64, most: i64| {
            let first = floor((at - reach) / stride as f64) + 1;
            let last = -floor(-(at + reach) / stride as f64) - 1;
            (first.max(-most), last.min(most))
        };
        let mut cleared = 0;
        let (first, last) = run(z_way, scale.least.sqrt() * z, self.stride[1], self.deep);
        for k in first..=last {
            let along = (k as f64 * self.stride[1] as f64 - z_way) / z;
            let rest = scale.least - along * along;
            if rest <= 0.0 {
                continue;
            }
            let (first, last) = run(y, rest.sqrt() * xy, self.stride[0], self.wide);
            for j in first..=last {
                let across = (j as f64 * self.stride[0] as f64 - y) / xy;
                let rest = rest - across * across;
                if rest <= 0.0 {
                    continue;
                }
                let (first, last) = run(x, rest.sqrt() * xy, self.stride[0], self.wide);
                if first <= last {
                    let bits = (u64::MAX >> (63 - (last - first))) << (first + self.wide);
                    let row = &mut rows[(k + self.deep) as usize * side + (j + self.wide) as usize];
                    cleared += (*row & bits).count_ones() as usize;
                    *row &= !bits;
                }
            }
        }
        cleared
    }
}

/// `f64::floor` without the call into the mathematics library, which took a seventh of the time.
#[inline]
fn floor(value: f64) -> i64 {
    let whole = value as i64;
    whole - i64::from(whole as f64 > value)
}
