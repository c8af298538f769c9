//! The least distance in a cloud that keeps the spacing, or nearly: what every job is measured by before
//! its files appear.
//!
//! Points are sorted into rows of cells, slices in y and z, each row by columns: cells are twice as wide as
//! the distances that count, so that all those from a point are to the points of its own cell and of the
//! next ones, which lie in a few short runs of memory. A run is looked at in single precision, several points
//! at once and without a branch for any. That is exact for the steps of a file's grid; of other clouds, what
//! may be the least is looked at again in double precision. Linear in points and cells; 12 bytes a point
//! for a short time.

mod row;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use self::row::{LANES, Row, Scale, Slices};
use super::Metric;
use crate::cloud::{Cloud, extent};
use crate::rows::Rows;

/// Least distances up to this many spacings are found: packed clouds come to 1.00 to 1.05.
pub(super) const WIDTH: f64 = 1.0625;

/// Width and height of a cell, in widths.
const CELL_WIDTHS: f64 = 2.0;

/// Depth of a row in spacings: layers a spacing apart have one each, and in each all points have the
/// same z.
const SHEET: f64 = 1.0 - 1e-6;

/// Rows behind one another in which pairs may be closer than [`WIDTH`].
const SHEETS_BEHIND: usize = 2;

/// Cells for each point, at most; a picture that is dark but for some spots has less.
const MOST_CELLS: usize = 64;

/// Pairs looked at for each point of a row, at most; a cloud that keeps the spacing has far fewer.
const MOST_PAIRS: usize = 256;

/// Rows that are looked at one after the other.
const STRIP_ROWS: usize = 32;

/// What single precision may add to a squared distance that it cannot tell exactly, and much more.
const ROUNDING: f32 = 1.0 + 1e-5;

/// The least distance of two points in spacings, where it is above 0 and below [`WIDTH`], every point
/// is finite and no row is crowded; `None` otherwise, and where points are few in many cells.
pub(super) fn least_ratio(cloud: &Cloud, metric: &Metric) -> Option<f64> {
    let axes = [cloud.x_mm(), cloud.y_mm(), cloud.z_mm()];
    // What lies on a grid is finite.
    if metric.steps_per_mm.is_none() && !axes.into_iter().all(all_finite) {
        return None;
    }
    let [x, y, z] = axes.map(|values| extent(values).map(|mm| metric.steps(mm)));
    let side = CELL_WIDTHS * WIDTH * metric.xy;
    let columns = Slices::new(x, side);
    let (across, along) = (Slices::new(y, side), Slices::new(z, SHEET * metric.z));
    let in_sheet = across.count;
    let rows = along.count.saturating_mul(in_sheet);
    if rows.saturating_mul(columns.count) > cloud.len().saturating_mul(MOST_CELLS) {
        return None;
    }
    let by_row = Rows::new(cloud.len(), rows, |index| {
        let point = cloud.point(index).map(|mm| metric.steps(mm));
        (point, along.of(point[2]) * in_sheet + across.of(point[1]))
    });
    let scale = Scale::new(metric, [x, y, z]);
    let crowded = AtomicBool::new(false);
    let in_strips = |least: f64, look: &(dyn Fn(Range<usize>, &mut Search<'_>) + Sync)| {
        let strips = (0..rows.div_ceil(STRIP_ROWS)).into_par_iter();
        let least_of_strip = |strip: usize| {
            let first = strip * STRIP_ROWS;
            let mut search = Search::new(metric, scale, least);
            look(first..(first + STRIP_ROWS).min(rows), &mut search);
            if search.crowded {
                crowded.store(true, Ordering::Relaxed);
            }
            search.settled()
        };
        strips.map(least_of_strip).reduce(|| least, f64::min)
    };
    // Rows before a row have it among those that come after them. Those of its own sheet first.
    let least = in_strips(f64::INFINITY, &|strip, search| {
        let (mut own, mut next) = (Row::default(), Row::default());
        own.fill(by_row.pieces(strip.start), &columns, &scale);
        for row in strip {
            if row + 1 < rows {
                next.fill(by_row.pieces(row + 1), &columns, &scale);
            }
            let others = (row % in_sheet + 1 < in_sheet).then_some(&next);
            search.around(&own, others);
            std::mem::swap(&mut own, &mut next);
        }
    });
    // Most clouds stand in layers a spacing apart, and no pair of two layers is closer than that. Behind the
    // second sheet all pairs are farther apart than counts.
    let z_range = |row: usize| {
        let start = [f32::INFINITY, f32::NEG_INFINITY];
        by_row
            .pieces(row)
            .flatten()
            .fold(start, |[low, high], point| {
                [low.min(point[2]), high.max(point[2])]
            })
    };
    let z_ranges: Vec<[f32; 2]> = (0..rows)
        .into_par_iter()
        .with_min_len(64)
        .map(z_range)
        .collect();
    let least = in_strips(least, &|strip, search| {
        let (mut own, mut other) = (Row::default(), Row::default());
        for row in strip {
            let in_row = row % in_sheet;
            let first = row - usize::from(in_row > 0);
            let last = row + usize::from(in_row + 1 < in_sheet);
            let mut filled = false;
            let sheets = (1..=SHEETS_BEHIND).map(|sheet| sheet * in_sheet);
            let behind = sheets.flat_map(|sheet| first + sheet..(last + sheet + 1).min(rows));
            for behind in behind {
                let apart = f64::from(z_ranges[behind][0]) - f64::from(z_ranges[row][1]);
                if search.may_be_closer(apart) {
                    if !filled {
                        own.fill(by_row.pieces(row), &columns, &scale);
                        filled = true;
                    }
                    other.fill(by_row.pieces(behind), &columns, &scale);
                    search.pairs::<true>(&own, Some(&other));
                }
            }
        }
    });
    let least = metric.ratio(least);
    // A hair less than what was looked through, for rounding.
    let found = least > 0.0 && least < 0.999 * WIDTH;
    (found && !crowded.into_inner()).then_some(least)
}

fn all_finite(values: &[f32]) -> bool {
    // A chunk at a time and no way out of it, so that it becomes vector instructions.
    let in_chunk = |chunk: &[f32]| {
        chunk
            .iter()
            .fold(true, |all, value| all & value.is_finite())
    };
    values.par_chunks(1 << 14).all(in_chunk)
}

fn least_of_lanes(lanes: &[f32; LANES]) -> f32 {
    lanes.iter().copied().fold(f32::INFINITY, f32::min)
}

/// The search for the least distance in a strip.
struct Search<'a> {
    metric: &'a Metric,
    scale: Scale,
    /// As [`Metric::distance`] has it.
    least: f64,
    /// The least that a row of lanes came to, where that is exact.
    lanes: [f32; LANES],
    crowded: bool,
}

impl<'a> Search<'a> {
    fn new(metric: &'a Metric, scale: Scale, least: f64) -> Self {
        Self {
            metric,
            scale,
            least,
            lanes: [f32::INFINITY; LANES],
            crowded: false,
        }
    }

    /// The least of all that was looked at, as [`Metric::distance`] has it.
    fn settled(self) -> f64 {
        let lanes = f64::from(least_of_lanes(&self.lanes)) * self.scale.unit;
        self.least.min(lanes)
    }

    /// Whether two points that are `apart` along z can be closer than the closest pair so far.
    fn may_be_closer(&self, apart: f64) -> bool {
        let along = apart.max(0.0) * self.metric.xy;
        along * along < self.least
    }

    /// Looks at all pairs of a row, and of one of its points and one of the next row.
    fn around(&mut self, own: &Row, next: Option<&Row>) {
        let next = next.filter(|next| !next.columns.is_empty());
        if own.flat && next.is_none_or(|next| next.flat && next.z[0] == own.z[0]) {
            self.pairs::<false>(own, None);
            next.inspect(|next| self.pairs::<false>(own, Some(next)));
        } else {
            self.pairs::<true>(own, None);
            next.inspect(|next| self.pairs::<true>(own, Some(next)));
        }
    }

    /// Looks at all pairs of a row, or of one of its points and one of another row.
    fn pairs<const DEEP: bool>(&mut self, own: &Row, other: Option<&Row>) {
        let mut looked_at = 0;
        for column in 0..own.starts.len() - 2 {
            let points = own.run(column..column + 1);
            if points.is_empty() {
                continue;
            }
            let run = match other {
                Some(other) => other.run(column.saturating_sub(1)..column + 2),
                None => own.run(column..column + 2),
            };
            looked_at += points.len() * run.len();
            self.crowded |= looked_at > MOST_PAIRS * own.columns.len();
            if self.crowded {
                return;
            }
            for index in points {
                let place = own.point(index);
                match other {
                    Some(other) => self.look::<DEEP>(place, other, run.clone()),
                    None => self.look::<DEEP>(place, own, index + 1..run.end),
                }
            }
        }
    }

    /// Looks at the pairs of a point and those of a run.
    fn look<const DEEP: bool>(&mut self, place: [f32; 3], row: &Row, run: Range<usize>) {
        let weight = self.scale.weight;
        if self.scale.exact {
            row.approach::<DEEP>(run, place, weight, &mut self.lanes);
            return;
        }
        let mut lanes = [f32::INFINITY; LANES];
        row.approach::<DEEP>(run.clone(), place, weight, &mut lanes);
        let about = least_of_lanes(&lanes) / ROUNDING;
        if f64::from(about) * self.scale.unit < self.least {
            // What is not exact is not scaled.
            for index in run {
                let distance = self.metric.distance(&place, &row.point(index));
                self.least = self.least.min(distance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random;

    /// Points of a grid in space, `pitch` spacings apart and each shifted by up to `shift` of them.
    fn packed(
        sides: [usize; 3],
        pitch: [f64; 2],
        shift: [f64; 2],
        seed: u64,
        step_mm: f64,
    ) -> Cloud {
        let mut cloud = Cloud::default();
        for index in 0..sides[0] * sides[1] * sides[2] {
            let at = [
                index % sides[0],
                index / sides[0] % sides[1],
                index / sides[0] / sides[1],
            ];
            let place = |axis: usize, spacing: f64, pitch: f64, shift: f64| {
                let by = f64::from(random::unit(seed + axis as u64, index as u64)) - 0.5;
                let mm = spacing * (pitch * at[axis] as f64 + shift * by) - 1.0;
                ((mm / step_mm).round() * step_mm) as f32
            };
            cloud.push([
                place(0, XY_MM, pitch[0], shift[0]),
                place(1, XY_MM, pitch[0], shift[0]),
                place(2, Z_MM, pitch[1], shift[1]),
            ]);
        }
        cloud
    }

    const XY_MM: f64 = 0.08;
    const Z_MM: f64 = 0.09;

    /// The slow twin: all pairs.
    fn reference(cloud: &Cloud, metric: &Metric) -> f64 {
        let points: Vec<[f32; 3]> = cloud
            .points()
            .map(|p| p.map(|mm| metric.steps(mm)))
            .collect();
        let pairs = points.iter().enumerate().flat_map(|(index, a)| {
            let later = &points[index + 1..];
            later.iter().map(move |b| metric.distance(a, b))
        });
        metric.ratio(pairs.fold(f64::INFINITY, f64::min))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn it_is_the_least_over_all_pairs(
            across in 4usize..14,
            up in 4usize..14,
            layers in 1usize..6,
            pitch in prop::sample::select(vec![[1.0, 1.0], [1.02, 1.0], [1.04, 1.03], [1.2, 1.0], [0.9, 0.5]]),
            shift in prop::sample::select(vec![[0.0, 0.0], [0.05, 0.0], [0.3, 0.0], [0.1, 0.2], [1.0, 1.0]]),
            step_mm in prop::sample::select(vec![0.01, 0.001, 1e-5]),
            seed: u64,
        ) {
            let cloud = packed([across, up, layers], pitch, shift, seed >> 8, step_mm);
            let metric = Metric::new(&cloud, XY_MM, Z_MM);
            let expected = reference(&cloud, &metric);
            match least_ratio(&cloud, &metric) {
                Some(least) => prop_assert_eq!(least, expected),
                // Out of its range, or rows of too few points.
                None => prop_assert!(expected == 0.0 || expected > 1.06 || across < 8),
            }
        }
    }

    #[test]
    fn what_is_no_packing_goes_the_long_way() {
        let metric = |cloud: &Cloud| Metric::new(cloud, XY_MM, Z_MM);
        let mut cloud = packed([20, 20, 4], [1.02, 1.0], [0.0, 0.0], 1, 0.001);
        assert!(least_ratio(&cloud, &metric(&cloud)).is_some());
        cloud.push([f32::NAN, 0.0, 0.0]);
        assert_eq!(least_ratio(&cloud, &metric(&cloud)), None);
        // All in one place, all far apart, all in a crowd.
        let mut same = Cloud::default();
        let mut far = Cloud::default();
        let mut crowd = Cloud::default();
        for i in 0..4000u16 {
            same.push([1.0; 3]);
            far.push([f32::from(i), f32::from(i % 7), 0.0]);
            crowd.push([1e-5 * f32::from(i), 0.0, 0.0]);
        }
        for cloud in [same, far, crowd, Cloud::default()] {
            assert_eq!(least_ratio(&cloud, &metric(&cloud)), None);
        }
    }
}
