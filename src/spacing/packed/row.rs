//! A row of the points that are measured: cells along x, as separate arrays, and what squared distances are
//! counted in.

use std::ops::Range;

use super::super::Metric;
use super::WIDTH;
use crate::rounding::F32_COUNTS_TO;

/// Points of a run that are looked at together.
pub(super) const LANES: usize = 8;

/// Up to here whole numbers and their sums are exact in single precision.
const EXACT: f64 = F32_COUNTS_TO as f64;

/// Slices of equal width along an axis, in steps.
#[derive(Clone, Copy)]
pub(super) struct Slices {
    low: f32,
    per_step: f32,
    pub(super) count: usize,
}

impl Slices {
    pub(super) fn new([low, high]: [f32; 2], width: f64) -> Self {
        let mut slices = Self {
            low,
            per_step: width.recip() as f32,
            count: usize::MAX,
        };
        slices.count = slices.of(high).saturating_add(1);
        slices
    }

    /// Rounding may take a value to the next slice where it is a hair from the border.
    pub(super) fn of(&self, value: f32) -> usize {
        // By way of i32, which processors convert to.
        ((value - self.low) * self.per_step) as i32 as usize
    }
}

/// How rows hold steps.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// What steps across and along are multiplied by.
    pub(super) factors: [f32; 2],
    /// What squares along count then.
    pub(super) weight: f32,
    /// What squared distances are multiplied by for [`Metric::distance`].
    pub(super) unit: f64,
    /// Whether all that count are exact in single precision.
    pub(super) exact: bool,
}

impl Scale {
    /// For steps between those ends along each axis.
    pub(super) fn new(metric: &Metric, ends: [[f32; 2]; 3]) -> Self {
        let Metric { xy, z, .. } = *metric;
        let whole = |value: f64| value.fract() == 0.0 && value < EXACT;
        if metric.steps_per_mm.is_some() && whole(xy) && whole(z) {
            // Across times z and along times xy, both less what they have in common.
            let common = common_divisor(xy as u64, z as u64) as f64;
            let [across, along] = [z / common, xy / common];
            let counting = [across * WIDTH * xy, along * WIDTH * z].map(|steps| steps * steps);
            let farthest = ends
                .as_flattened()
                .iter()
                .fold(0.0, |far: f32, end| far.max(end.abs()));
            let largest = f64::from(farthest) * across.max(along);
            if largest < EXACT && counting[0] + counting[1] < EXACT {
                return Self {
                    factors: [across, along].map(|factor| factor as f32),
                    weight: 1.0,
                    unit: common * common,
                    exact: true,
                };
            }
        }
        Self {
            factors: [1.0; 2],
            weight: (xy / z).powi(2) as f32,
            unit: z * z,
            exact: false,
        }
    }
}

/// The greatest common divisor, by Euclid.
fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// The points of a row by columns, as separate arrays, scaled; behind them stand some at infinity.
#[derive(Default)]
pub(super) struct Row {
    /// First point of each column, and the end.
    pub(super) starts: Vec<u32>,
    x: Vec<f32>,
    y: Vec<f32>,
    pub(super) z: Vec<f32>,
    /// Whether all have the same z.
    pub(super) flat: bool,
    pub(super) columns: Vec<u32>,
}

impl Row {
    pub(super) fn fill<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a [[f32; 3]]> + Clone,
        columns: &Slices,
        scale: &Scale,
    ) {
        self.columns.clear();
        let of = |point: &[f32; 3]| columns.of(point[0]) as u32;
        for piece in pieces.clone() {
            self.columns.extend(piece.iter().map(of));
        }
        let count = self.columns.len();
        // What begins at a column is counted two places behind it, so that it is next when all are summed.
        self.starts.clear();
        self.starts.resize(columns.count + 2, 0);
        for &column in &self.columns {
            self.starts[column as usize + 2] += 1;
        }
        let mut end = 0;
        for start in &mut self.starts {
            end += *start;
            *start = end;
        }
        for axis in [&mut self.x, &mut self.y, &mut self.z] {
            axis.resize(count, 0.0);
            axis.resize(count + LANES, f32::INFINITY);
        }
        let [across, along] = scale.factors;
        let mut rest = &self.columns[..];
        for piece in pieces {
            let (columns, behind) = rest.split_at(piece.len());
            rest = behind;
            for (point, &column) in piece.iter().zip(columns) {
                let next = &mut self.starts[column as usize + 1];
                let slot = *next as usize;
                *next += 1;
                self.x[slot] = point[0] * across;
                self.y[slot] = point[1] * across;
                self.z[slot] = point[2] * along;
            }
        }
        let first = self.z[0];
        self.flat = self.z[..count]
            .iter()
            .fold(true, |flat, &z| flat & (z == first));
    }

    /// The points of some columns, as far as there are so many.
    pub(super) fn run(&self, columns: Range<usize>) -> Range<usize> {
        let last = self.starts.len() - 2;
        self.starts[columns.start] as usize..self.starts[columns.end.min(last)] as usize
    }

    pub(super) fn point(&self, index: usize) -> [f32; 3] {
        [self.x[index], self.y[index], self.z[index]]
    }

    /// Lowers `least` to `dx² + dy² + weight dz²` from a point to those of a run and some behind it, each lane
    /// to those of every so manieth; without the last part unless `DEEP`.
    pub(super) fn approach<const DEEP: bool>(
        &self,
        run: Range<usize>,
        [x, y, z]: [f32; 3],
        weight: f32,
        least: &mut [f32; LANES],
    ) {
        let span = run.start..run.start + run.len().next_multiple_of(LANES);
        let [xs, ys, zs] =
            [&self.x, &self.y, &self.z].map(|axis| axis[span.clone()].as_chunks::<LANES>().0);
        for ((xs, ys), zs) in xs.iter().zip(ys).zip(zs) {
            for k in 0..LANES {
                let (dx, dy) = (xs[k] - x, ys[k] - y);
                let mut squared = dx * dx + dy * dy;
                if DEEP {
                    let dz = zs[k] - z;
                    squared += weight * (dz * dz);
                }
                least[k] = if squared < least[k] {
                    squared
                } else {
                    least[k]
                };
            }
        }
    }
}
