//! The least distance in a cloud that keeps the spacing, or nearly: what every job is measured by before
//! its files appear.
//!
//! Points are sorted into rows: slices in y and z a little wider than the spacing. A pair closer than that
//! lies in one row or in two that touch, and in a row sorted by x it stands within a short stretch: a pointer
//! for each row, which only moves forward, meets every such pair. Linear in points and rows; 24 bytes a
//! point for a short time.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::rows::by_row;
use super::{Metric, least_of};
use crate::cloud::Cloud;

/// Width of a row in spacings: packed clouds come to 1.00 to 1.05, and wider ones only hold more pairs to
/// look at.
pub(super) const WIDTH: f64 = 1.0625;

/// Pairs looked at for each point of a row, at most; a cloud that keeps the spacing has far fewer.
const MOST_PAIRS: usize = 64;

/// The least distance of two points in spacings, where it is above 0 and below [`WIDTH`], every point
/// is finite and no row is crowded; `None` otherwise, and where there are more rows than points.
pub(super) fn least_ratio(cloud: &Cloud, metric: &Metric) -> Option<f64> {
    let place = |index: usize| cloud.point(index).map(|mm| metric.steps(mm));
    let ends = (0..cloud.len())
        .into_par_iter()
        .with_min_len(1 << 12)
        .fold(
            || ([f32::INFINITY; 6], true),
            |(ends, finite), index| {
                let [x, y, z] = place(index);
                let all = x.is_finite() & y.is_finite() & z.is_finite();
                (least_of(ends, [x, y, z, -x, -y, -z]), finite & all)
            },
        )
        .reduce(
            || ([f32::INFINITY; 6], true),
            |(a, all), (b, too)| (least_of(a, b), all & too),
        );
    let ([_, y0, z0, _, y1, z1], true) = ends else {
        return None;
    };
    let [y0, z0, y1, z1] = [y0, z0, -y1, -z1].map(f64::from);
    let (reach, deep) = (WIDTH * metric.xy, WIDTH * metric.z);
    let along = |value: f64, low: f64, width: f64| ((value - low) / width) as usize;
    let in_sheet = along(y1, y0, reach).saturating_add(1);
    let rows = along(z1, z0, deep)
        .saturating_add(1)
        .saturating_mul(in_sheet);
    if rows > cloud.len() {
        return None;
    }
    let (points, starts) = by_row(
        cloud.len(),
        rows,
        |index| {
            let point = place(index);
            let (y, z) = (f64::from(point[1]), f64::from(point[2]));
            (point, along(z, z0, deep) * in_sheet + along(y, y0, reach))
        },
        |row: &mut [[f32; 3]]| row.sort_unstable_by(|a, b| a[0].total_cmp(&b[0])),
    );
    let row = |row: usize| &points[starts[row]..starts[row + 1]];
    let crowded = AtomicBool::new(false);
    let search = |index: usize, least: f64, look: &dyn Fn(&mut Search<'_>)| {
        let mut search = Search {
            metric,
            reach,
            own: row(index),
            least,
            pairs: 0,
        };
        look(&mut search);
        if search.is_crowded() {
            crowded.store(true, Ordering::Relaxed);
        }
        search.least
    };
    let least_of_rows = |least: f64, look: &(dyn Fn(usize, f64) -> f64 + Sync)| {
        let rows = (0..rows).into_par_iter().with_min_len(64);
        rows.map(|index| look(index, least))
            .reduce(|| least, f64::min)
    };
    // Rows before a row have it among those that come after them. Those of its own sheet first.
    let least = least_of_rows(f64::INFINITY, &|index, least| {
        search(index, least, &|search| {
            search.among_themselves();
            if index % in_sheet + 1 < in_sheet {
                search.with(row(index + 1), reach);
            }
        })
    });
    // Most clouds stand in layers a spacing apart, and no pair of two layers is closer than that.
    let z_range = |row: &[[f32; 3]]| {
        row.iter()
            .fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], point| {
                [low.min(point[2]), high.max(point[2])]
            })
    };
    let z_ranges: Vec<[f32; 2]> = (0..rows)
        .into_par_iter()
        .with_min_len(64)
        .map(|index| z_range(row(index)))
        .collect();
    let least = least_of_rows(least, &|index, least| {
        let in_row = index % in_sheet;
        let behind = index + in_sheet;
        let first = behind - usize::from(in_row > 0);
        let last = behind + usize::from(in_row + 1 < in_sheet);
        search(index, least, &|search| {
            for other in first..(last + 1).min(rows) {
                let apart = f64::from(z_ranges[other][0]) - f64::from(z_ranges[index][1]);
                let left = search.left_across(apart);
                if left > 0.0 {
                    search.with(row(other), left.min(reach));
                }
            }
        })
    });
    let least = metric.ratio(least);
    // A hair less than what was looked through, for rounding.
    let found = least > 0.0 && least < 0.999 * WIDTH;
    (found && !crowded.into_inner()).then_some(least)
}

/// The search for the least distance from the points of one row.
struct Search<'a> {
    metric: &'a Metric,
    /// No pair farther apart in x is looked at, steps.
    reach: f64,
    own: &'a [[f32; 3]],
    /// As [`Metric::distance`] has it.
    least: f64,
    pairs: usize,
}

impl Search<'_> {
    fn is_crowded(&self) -> bool {
        self.pairs > MOST_PAIRS * self.own.len()
    }

    fn among_themselves(&mut self) {
        for (index, point) in self.own.iter().enumerate() {
            self.compare(point, &self.own[index + 1..], self.reach);
        }
    }

    /// How far two points that are `apart` along z may be apart across and still be the closest pair so
    /// far, steps; 0 if they cannot.
    fn left_across(&self, apart: f64) -> f64 {
        let along = apart.max(0.0) * self.metric.xy;
        let left = self.least - along * along;
        // A hair more, for rounding, but not where nothing is left.
        left.max(0.0).sqrt() / self.metric.z * (1.0 + 1e-9)
    }

    /// Looks at the points of another row that are at most `reach` away in x.
    fn with(&mut self, others: &[[f32; 3]], reach: f64) {
        let mut from = 0;
        for point in self.own {
            let low = f64::from(point[0]) - reach;
            let before = |other: &&[f32; 3]| f64::from(other[0]) < low;
            from += others[from..].iter().take_while(before).count();
            self.compare(point, &others[from..], reach);
        }
    }

    /// Looks at the first of others that are sorted by x.
    fn compare(&mut self, point: &[f32; 3], others: &[[f32; 3]], reach: f64) {
        if self.is_crowded() {
            return;
        }
        let high = f64::from(point[0]) + reach;
        let near = |other: &&[f32; 3]| f64::from(other[0]) <= high;
        for other in others.iter().take_while(near) {
            self.least = self.least.min(self.metric.distance(point, other));
            self.pairs += 1;
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
