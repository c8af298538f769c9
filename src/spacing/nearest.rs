//! The nearest other point of each point, and the pairs that stand too close: what a file that
//! somebody else made is judged by.
//!
//! Points in one place are joined first. Then come rounds over cells that get twice as wide each
//! time; a round settles the points whose nearest neighbour is not farther than a cell is wide, and
//! the last one is that in which more than half are settled: that is all that percentiles up to the
//! median need. The cells of the first round are narrow enough to hold few points each. After it the
//! unsettled points of a cell are few, since they stand apart from one another, so that a round
//! costs a sort and a constant for each point, however the points crowd.

use rayon::prelude::*;

use super::{Cells, Metric, Placed, ROUNDING, ROW, SHEET};
use crate::cloud::Cloud;

/// Below this many spacings two points are too close, where coordinates are decimals of a file: the
/// last digits of a quotient are forgiven.
const CLOSE: f32 = 0.999_999;

/// Steps of single precision that are forgiven where coordinates are no decimals: one for each
/// coordinate of the two points, at the size of the largest.
const FORGIVEN_STEPS: f64 = 2.0;

/// Below how many spacings two points are too close.
fn too_close(cloud: &Cloud, metric: &Metric, least_mm: f64) -> f32 {
    if metric.steps_per_mm.is_some() {
        return CLOSE;
    }
    let largest = |values: &[f32]| values.par_iter().map(|x| x.abs()).reduce(|| 0.0, f32::max);
    let largest = largest(cloud.x_mm())
        .max(largest(cloud.y_mm()))
        .max(largest(cloud.z_mm()));
    let steps_mm = FORGIVEN_STEPS * f64::from(f32::EPSILON) * f64::from(largest);
    // A point a hundred metres away is no reason to forgive what can be seen.
    CLOSE.min((1.0 - steps_mm / least_mm) as f32).max(0.999)
}

/// Pairs that are told one by one.
const TOLD_PAIRS: usize = 10;

/// Width of the first cells in spacings. Most points of a picture have a neighbour that near.
const FIRST_WIDTH: f64 = 1.25;

/// Neighbours that a point in a crowd is compared with when pairs are counted. The half of them
/// that may stand so near without being too close is below 50.
const MOST_COMPARED: usize = 1024;

/// Points looked at by one worker in a row; fixed, so that results do not depend on threads.
const PIECE: usize = 16_384;

/// Two points that stand too close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosePair {
    /// Their places in the cloud, from 0, the lower one first.
    pub points: [u32; 2],
    /// Their distance in units of the spacing.
    pub ratio: f32,
}

/// How near the points of a cloud stand to one another, point by point.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// The distance of each point to the nearest other one, in units of the spacing, in the order
    /// of the cloud. Infinite for points that are not finite, and for those whose neighbour is
    /// farther away than that of more than half of the points.
    pub nearest: Vec<f32>,
    /// The least distance of two points in units of the spacing; `None` with fewer than two points.
    pub least_ratio: Option<f64>,
    /// Points that coincide with another: two for a pair, three for three in one place.
    pub duplicates: u64,
    /// Below this many spacings two points are too close: 1, but for the last digits of single
    /// precision.
    pub limit: f32,
    /// Pairs below the limit. Points in one place count once, and each further one there as a pair.
    pub close_pairs: u64,
    /// Whether `close_pairs` is all of them; in crowds they are not counted to the end.
    pub counted_all: bool,
    /// The closest pairs below the limit, at most ten, the closest first.
    pub closest: Vec<ClosePair>,
}

impl Neighbours {
    /// Whether a point stands too close to another.
    #[must_use]
    pub fn is_close(&self, index: usize) -> bool {
        self.nearest[index] < self.limit
    }

    /// The distance to the nearest other point that `percent` of the points do not exceed, in units
    /// of the spacing; `None` above 50 %, and with fewer than two points.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<f32> {
        self.least_ratio?;
        let mut nearest = self.nearest.clone();
        let rank = (percent.clamp(0.0, 100.0) / 100.0 * (nearest.len() - 1) as f64) as usize;
        let (_, value, _) = nearest.select_nth_unstable_by(rank, f32::total_cmp);
        value.is_finite().then_some(*value)
    }
}

/// The nearest other point of each point.
///
/// Points with a coordinate that is not finite are left out. Some 40 bytes a point.
///
/// # Panics
///
/// If a spacing is not positive and finite, or the cloud has more than `u32::MAX` points.
#[must_use]
pub fn neighbours(cloud: &Cloud, xy_mm: f64, z_mm: f64) -> Neighbours {
    assert!(u32::try_from(cloud.len()).is_ok(), "indices are u32");
    let metric = Metric::new(cloud, xy_mm, z_mm);
    let mut search = Search {
        found: vec![Found::NONE; cloud.len()],
        least: f64::INFINITY,
        settled: 0,
        duplicates: 0,
        close_pairs: None,
        limit: too_close(cloud, &metric, xy_mm.min(z_mm)),
    };
    let mut cells = Cells::new(cloud, &metric, FIRST_WIDTH);
    let finite = cells.points.len();
    let copies = search.join_coincident(&mut cells);
    loop {
        let bound = cells.crowding() * ROUNDING;
        if bound >= cells.width * 0.5 || cells.width <= cells.narrowest {
            break;
        }
        cells.arrange(&metric, bound);
    }
    if cells.points.len() > 1 {
        search.round(&cells, &metric);
        while search.close_pairs.is_none() || 2 * search.settled <= finite {
            cells.arrange(&metric, 2.0 * cells.width);
            search.round(&cells, &metric);
        }
    }
    let (close_pairs, counted_all) = search.close_pairs.unwrap_or((0, true));
    Neighbours {
        closest: search.closest(),
        nearest: search.found.iter().map(|found| found.ratio).collect(),
        least_ratio: (finite > 1).then_some(search.least),
        duplicates: search.duplicates,
        close_pairs: close_pairs + copies,
        counted_all,
        limit: search.limit,
    }
}

/// What is known of a point.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Distance to the nearest other point, in spacings; infinite while it is not settled.
    ratio: f32,
    /// That point.
    partner: u32,
}

impl Found {
    const NONE: Self = Self {
        ratio: f32::INFINITY,
        partner: u32::MAX,
    };
}

/// The search, between rounds.
#[derive(Debug)]
struct Search {
    /// In the order of the cloud.
    found: Vec<Found>,
    least: f64,
    settled: usize,
    duplicates: u64,
    /// The number of pairs, and whether it is complete; `None` until cells are wide enough.
    close_pairs: Option<(u64, bool)>,
    limit: f32,
}

/// What a round finds for one point of the array.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// As [`Metric::distance`] has it.
    distance: f64,
    partner: u32,
    close: u32,
    complete: bool,
}

impl Search {
    /// Leaves one point of those in one place; returns how many were taken out.
    fn join_coincident(&mut self, cells: &mut Cells) -> u64 {
        let mut copies = 0;
        let found = &mut self.found;
        let duplicates = &mut self.duplicates;
        let mut settle = |index: u32, partner: u32| {
            let place = &mut found[index as usize];
            if place.ratio > 0.0 {
                *duplicates += 1;
                *place = Found {
                    ratio: 0.0,
                    partner,
                };
            }
        };
        cells.points.dedup_by(|later, kept| {
            let same = later.coincides(kept);
            if same {
                copies += 1;
                settle(kept.index, later.index);
                settle(later.index, kept.index);
            }
            same
        });
        if copies > 0 {
            self.least = 0.0;
            self.settled = self.duplicates as usize;
        }
        copies
    }

    /// Settles the points that have a neighbour within the width of a cell.
    fn round(&mut self, cells: &Cells, metric: &Metric) {
        let count = self.close_pairs.is_none() && cells.width >= 1.0;
        let (found, limit) = (&self.found, count.then_some(self.limit));
        let pieces: Vec<Vec<Seen>> = (0..cells.points.len().div_ceil(PIECE))
            .into_par_iter()
            .map(|piece| {
                let start = piece * PIECE;
                let end = (start + PIECE).min(cells.points.len());
                look_around(cells, metric, found, limit, start..end)
            })
            .collect();
        let (mut close, mut complete) = (0, true);
        for (point, seen) in cells.points.iter().zip(pieces.iter().flatten()) {
            close += u64::from(seen.close);
            complete &= seen.complete;
            let ratio = metric.ratio(seen.distance);
            let place = &mut self.found[point.index as usize];
            if ratio <= cells.width && place.ratio == f32::INFINITY {
                *place = Found {
                    ratio: ratio as f32,
                    partner: seen.partner,
                };
                self.settled += 1;
                self.least = self.least.min(ratio);
            }
        }
        if count {
            // Each pair was met from both sides.
            self.close_pairs = Some((close.div_ceil(2), complete));
        }
    }

    /// The closest pairs.
    fn closest(&self) -> Vec<ClosePair> {
        let mut pairs: Vec<ClosePair> = (0..self.found.len() as u32)
            .zip(&self.found)
            .filter(|(_, found)| found.ratio < self.limit)
            .map(|(index, found)| ClosePair {
                points: [index.min(found.partner), index.max(found.partner)],
                ratio: found.ratio,
            })
            .collect();
        let order = |a: &ClosePair, b: &ClosePair| {
            a.ratio
                .total_cmp(&b.ratio)
                .then_with(|| a.points.cmp(&b.points))
        };
        // A pair may stand there twice, so that twice as many are enough.
        let first = 2 * TOLD_PAIRS;
        if pairs.len() > first {
            pairs.select_nth_unstable_by(first - 1, order);
            pairs.truncate(first);
        }
        pairs.sort_unstable_by(order);
        pairs.dedup();
        pairs.truncate(TOLD_PAIRS);
        pairs
    }
}

/// For each point of a range of the array the nearest one in its cell and the cells that touch it,
/// and the number of those that stand too close.
fn look_around(
    cells: &Cells,
    metric: &Metric,
    found: &[Found],
    count_below: Option<f32>,
    range: std::ops::Range<usize>,
) -> Vec<Seen> {
    /// The rows that touch a cell, its own among them.
    const ROWS: [u64; 9] = [
        0,
        ROW,
        2 * ROW,
        SHEET,
        SHEET + ROW,
        SHEET + 2 * ROW,
        2 * SHEET,
        2 * SHEET + ROW,
        2 * SHEET + 2 * ROW,
    ];
    /// From the key of a cell back to the first of those 27.
    const BACK: u64 = SHEET + ROW + 1;
    let points = &cells.points;
    let first = points[range.start].key - BACK;
    let mut from = ROWS.map(|row| points.partition_point(|point| point.key < first + row));
    let too_close = f64::from(count_below.unwrap_or(0.0)) * metric.xy * metric.z;
    let too_close = too_close * too_close;
    let mut out = Vec::with_capacity(range.len());
    for place in range {
        let point = &points[place];
        let mut seen = Seen {
            distance: f64::INFINITY,
            partner: u32::MAX,
            close: 0,
            complete: true,
        };
        let settled = found[point.index as usize].ratio < f32::INFINITY;
        if settled && count_below.is_none() {
            out.push(seen);
            continue;
        }
        let mut compared = 0;
        for (from, row) in from.iter_mut().zip(ROWS) {
            let wanted = point.key - BACK + row;
            while points.get(*from).is_some_and(|other| other.key < wanted) {
                *from += 1;
            }
            for (other, offset) in points[*from..].iter().zip(*from..) {
                if other.key > wanted + 2 {
                    break;
                }
                if settled && compared == MOST_COMPARED {
                    seen.complete = false;
                    break;
                }
                compared += 1;
                if offset != place {
                    compare(metric, point, other, too_close, &mut seen);
                }
            }
        }
        out.push(seen);
    }
    out
}

#[inline]
fn compare(metric: &Metric, point: &Placed, other: &Placed, too_close: f64, seen: &mut Seen) {
    let distance = metric.distance(&point.place(), &other.place());
    seen.close += u32::from(distance < too_close);
    // Of two equally near, the first in the cloud: the array's order depends on the cells.
    if distance < seen.distance || (distance == seen.distance && other.index < seen.partner) {
        seen.distance = distance;
        seen.partner = other.index;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random;
    use crate::spacing::closeness;

    /// The slow twin: for each point the distance to the nearest other one.
    fn reference(points: &[[f64; 3]], xy: f64, z: f64) -> (Vec<f64>, u64) {
        let mut close = 0;
        let mut nearest = vec![f64::INFINITY; points.len()];
        for (i, a) in points.iter().enumerate() {
            for (j, b) in points.iter().enumerate() {
                if i != j {
                    let lateral = ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)) / (xy * xy);
                    let ratio = (lateral + ((a[2] - b[2]) / z).powi(2)).sqrt();
                    nearest[i] = nearest[i].min(ratio);
                    close += u64::from(i < j && ratio < f64::from(CLOSE));
                }
            }
        }
        (nearest, close)
    }

    fn cloud_of(points: &[[f64; 3]]) -> Cloud {
        let mut cloud = Cloud::default();
        for point in points {
            cloud.push(point.map(|mm| mm as f32));
        }
        cloud
    }

    fn scattered(count: u64, side_mm: f32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            cloud.push([1, 2, 3].map(|axis| side_mm * random::unit(axis, i)));
        }
        cloud
    }

    #[test]
    fn a_point_that_was_moved_too_near_is_told_with_its_neighbour() {
        let mut points: Vec<[f64; 3]> = (0..1000)
            .map(|i| [i % 10, i / 10 % 10, i / 100].map(|n| f64::from(n) * 0.1))
            .collect();
        points[123][0] += 0.05;
        let near = neighbours(&cloud_of(&points), 0.08, 0.09);
        assert_eq!((near.close_pairs, near.duplicates), (1, 0));
        assert_eq!(near.closest.len(), 1);
        assert_eq!(near.closest[0].points, [123, 124]);
        assert!((near.closest[0].ratio - 0.05 / 0.08).abs() < 1e-6);
        assert!(near.is_close(123) && near.is_close(124) && !near.is_close(122));
        assert!((near.percentile(50.0).unwrap() - 0.1 / 0.09).abs() < 1e-6);
    }

    #[test]
    fn copies_are_pairs_and_duplicates() {
        let mut points = vec![[1.0, 1.0, 1.0]; 3];
        points.push([5.0, 1.0, 1.0]);
        points.push([f64::NAN, 1.0, 1.0]);
        let near = neighbours(&cloud_of(&points), 0.08, 0.09);
        assert_eq!((near.close_pairs, near.duplicates), (2, 3));
        assert_eq!(near.least_ratio, Some(0.0));
        assert_eq!(near.nearest[..3], [0.0; 3]);
        assert!(near.nearest[4].is_infinite() && !near.is_close(4));
        let few = neighbours(&Cloud::default(), 0.1, 0.1);
        assert_eq!((few.least_ratio, few.percentile(1.0)), (None, None));
    }

    #[test]
    fn crowds_end_in_time() {
        let same = neighbours(&cloud_of(&vec![[1.0; 3]; 200_000]), 0.08, 0.09);
        assert_eq!(same.duplicates, 200_000);
        // 100,000 points in a tenth of a spacing, and as many far apart.
        let mut crowd = scattered(100_000, 0.01);
        for i in 0..100_000_u64 {
            crowd.push([4, 5, 6].map(|axis| 50.0 * random::unit(axis, i)));
        }
        let near = neighbours(&crowd, 0.08, 0.09);
        let least = closeness(&crowd, 0.08, 0.09).least_ratio;
        assert_eq!(near.least_ratio, least);
        assert!(near.close_pairs > 10_000_000 && !near.counted_all);
        assert!((0..100_000).all(|index| near.is_close(index)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn it_is_the_nearest_over_all_pairs(
            points in prop::collection::vec([-300_i32..300, -300..300, -100..100], 0..150),
            reach in 1_i32..40, xy in 1_u32..20, z in 1_u32..20
        ) {
            let points: Vec<[f64; 3]> =
                points.iter().map(|p| p.map(|n| f64::from(n / reach) / 100.0)).collect();
            let (xy, z) = (f64::from(xy) / 100.0, f64::from(z) / 100.0);
            let cloud = cloud_of(&points);
            let near = neighbours(&cloud, xy, z);
            let (nearest, close) = reference(&points, xy, z);
            let exact = closeness(&cloud, xy, z);
            prop_assert_eq!(near.duplicates, exact.duplicates);
            prop_assert_eq!(near.least_ratio.is_some(), exact.least_ratio.is_some());
            let least = near.least_ratio.unwrap_or(0.0) - exact.least_ratio.unwrap_or(0.0);
            prop_assert!(least.abs() < 1e-12);
            let mut sorted = nearest.clone();
            sorted.sort_by(f64::total_cmp);
            for (found, wanted) in near.nearest.iter().zip(&nearest) {
                let settled = (f64::from(*found) - wanted).abs() < 1e-5 * wanted;
                prop_assert!(settled || *found == 0.0 && *wanted == 0.0
                    || found.is_infinite() && *wanted >= sorted[(sorted.len() - 1) / 2]);
            }
            if near.duplicates == 0 {
                prop_assert_eq!(near.close_pairs, close);
            } else {
                prop_assert!(near.close_pairs <= close && near.close_pairs > 0);
            }
            for percent in [1.0, 5.0, 50.0] {
                if points.len() > 1 {
                    let wanted = sorted[(percent / 100.0 * (points.len() - 1) as f64) as usize];
                    let found = f64::from(near.percentile(percent).unwrap());
                    prop_assert!((found - wanted).abs() <= 1e-5 * wanted, "{} {}", found, wanted);
                }
            }
        }

        #[test]
        fn threads_change_nothing(count in 0_u64..3000, side_mm in 0.5_f32..10.0) {
            let cloud = scattered(count, side_mm);
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build().unwrap().install(|| neighbours(&cloud, 0.08, 0.09))
            };
            prop_assert_eq!(on(1), on(3));
        }
    }
}
