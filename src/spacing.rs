//! The least distance between any two points of a cloud, in units of the spacing: what the promise
//! of the sampler is measured by, on the coordinates as a file holds them.
//!
//! The distance of two points is `sqrt((dx² + dy²) / xy² + dz² / z²)`; 1 is exactly the spacing.
//! A cloud that keeps the spacing, or nearly, is measured by rows (`packed.rs`). Any other goes the long
//! way: points are sorted into cells a little wider than the spacing. A pair closer than a cell's width lies
//! in one cell or in two that touch, and those are near in the sorted array too, row by row, so that
//! five pointers that only move forward meet every such pair. If no pair is that close, the cells
//! are widened and it is done again; if cells hold many points, they are narrowed first. n log n
//! for the sort, 24 bytes a point.
//!
//! Coordinates that are the `f32` nearest to a multiple of 0.01, 0.001 or 0.0001 mm stand for that
//! multiple: 0.08 and 0.16 mm are exactly 0.08 mm apart, which their `f32` are not.

mod nearest;
mod packed;

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::cloud::Cloud;
use crate::rounding::{F32_COUNTS_TO, nearest_f64};

pub use nearest::{ClosePair, Neighbours, neighbours};

/// How close the points of a cloud come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closeness {
    /// The least distance of two points in units of the spacing; `None` with fewer than two points.
    pub least_ratio: Option<f64>,
    /// Points that coincide with another: two for a pair, three for three in one place.
    pub duplicates: u64,
}

/// The least distance of two points in units of the spacing; `None` with fewer than two points.
///
/// Points with a coordinate that is not finite are left out.
///
/// # Panics
///
/// If a spacing is not positive and finite.
#[must_use]
pub fn least_ratio(cloud: &Cloud, xy_mm: f64, z_mm: f64) -> Option<f64> {
    closeness(cloud, xy_mm, z_mm).least_ratio
}

/// The least distance of two points, and the number of points that coincide with another.
///
/// Points with a coordinate that is not finite are left out.
///
/// # Panics
///
/// If a spacing is not positive and finite.
#[must_use]
pub fn closeness(cloud: &Cloud, xy_mm: f64, z_mm: f64) -> Closeness {
    let metric = Metric::new(cloud, xy_mm, z_mm);
    if let Some(least) = packed::least_ratio(cloud, &metric) {
        return Closeness {
            least_ratio: Some(least),
            duplicates: 0,
        };
    }
    let mut width = packed::WIDTH;
    loop {
        let cells = Cells::new(cloud, &metric, width);
        if cells.points.len() < 2 {
            return Closeness {
                least_ratio: None,
                duplicates: 0,
            };
        }
        let (near, duplicates) = cells.consecutive(&metric);
        if duplicates > 0 {
            return Closeness {
                least_ratio: Some(0.0),
                duplicates,
            };
        }
        let bound = near.min(cells.crowding()) * ROUNDING;
        if bound < cells.width * 0.5 && cells.width > cells.narrowest {
            width = bound;
            continue;
        }
        let least = cells.least(&metric);
        if least <= cells.width {
            return Closeness {
                least_ratio: Some(least),
                duplicates: 0,
            };
        }
        width = (least * ROUNDING).min(4.0 * cells.width);
    }
}

/// Widens a bound so that a pair exactly at the bound is still found in cells of that width.
const ROUNDING: f64 = 1.000_001;

/// Cells along an axis, at most; three indices of 21 bits fit a key, with a free cell at each end.
const MOST_CELLS: f64 = (1_u32 << 20) as f64;

/// A step in the key to the next row (y) and to the next sheet (z); along x it is 1.
const ROW: u64 = 1 << 21;
const SHEET: u64 = 1 << 42;

/// Millimetres to whole steps of the file's grid where there is one, and distances between them.
#[derive(Debug)]
struct Metric {
    /// Steps of the grid in a millimetre; `None` for a cloud on no grid, whose steps are 1 mm.
    steps_per_mm: Option<f64>,
    /// The spacing in steps.
    xy: f64,
    z: f64,
}

impl Metric {
    fn new(cloud: &Cloud, xy_mm: f64, z_mm: f64) -> Self {
        assert!(
            [xy_mm, z_mm].iter().all(|mm| mm.is_finite() && *mm > 0.0),
            "a spacing is positive and finite"
        );
        let steps_per_mm = [100.0, 1000.0, 10_000.0].into_iter().find(|&per_mm| {
            // A block at a time and no way out of it, so that it becomes vector instructions.
            let block_on =
                |block: &[f32]| block.iter().fold(true, |on, &x| on & lies_on(x, per_mm));
            let all_on = |chunk: &[f32]| chunk.chunks(64).all(block_on);
            [cloud.x_mm(), cloud.y_mm(), cloud.z_mm()]
                .iter()
                .all(|values| values.par_chunks(1 << 14).all(all_on))
        });
        let steps = |mm: f64| {
            let steps = mm * steps_per_mm.unwrap_or(1.0);
            // 0.07 * 100 is 7.000000000000001.
            if (steps - steps.round()).abs() < 1e-9 * steps {
                steps.round()
            } else {
                steps
            }
        };
        Self {
            steps_per_mm,
            xy: steps(xy_mm),
            z: steps(z_mm),
        }
    }

    fn steps(&self, mm: f32) -> f32 {
        match self.steps_per_mm {
            Some(per_mm) => nearest_f64(f64::from(mm) * per_mm) as f32,
            // Joins the two zeros.
            None => mm + 0.0,
        }
    }

    /// The squared distance, times `xy² z²`: exact for whole steps.
    #[inline]
    fn distance(&self, a: &[f32; 3], b: &[f32; 3]) -> f64 {
        let square = |axis: usize| (f64::from(a[axis]) - f64::from(b[axis])).powi(2);
        (square(0) + square(1)) * (self.z * self.z) + square(2) * (self.xy * self.xy)
    }

    fn ratio(&self, distance: f64) -> f64 {
        (distance / (self.xy * self.xy * self.z * self.z)).sqrt()
    }
}

/// Whether `x` is the `f32` nearest to a whole number of steps that `f32` counts exactly.
#[inline]
fn lies_on(x: f32, steps_per_mm: f64) -> bool {
    let steps = nearest_f64(f64::from(x) * steps_per_mm);
    steps.abs() <= f64::from(F32_COUNTS_TO) && (steps / steps_per_mm) as f32 == x
}

/// A point in steps, with the key of its cell and its place in the cloud.
#[derive(Clone, Copy, Debug)]
struct Placed {
    key: u64,
    x: f32,
    y: f32,
    z: f32,
    index: u32,
}

impl Placed {
    fn place(&self) -> [f32; 3] {
        [self.x, self.y, self.z]
    }

    fn order(&self, other: &Self) -> Ordering {
        self.key
            .cmp(&other.key)
            .then_with(|| self.x.total_cmp(&other.x))
            .then_with(|| self.y.total_cmp(&other.y))
            .then_with(|| self.z.total_cmp(&other.z))
            .then_with(|| self.index.cmp(&other.index))
    }

    fn coincides(&self, other: &Self) -> bool {
        (self.x, self.y, self.z) == (other.x, other.y, other.z)
    }
}

fn least_of(a: [f32; 6], b: [f32; 6]) -> [f32; 6] {
    std::array::from_fn(|k| a[k].min(b[k]))
}

/// The points sorted by cell, within a cell by coordinates.
#[derive(Debug)]
struct Cells {
    points: Vec<Placed>,
    /// Width of a cell in spacings.
    width: f64,
    /// The narrowest cells that the extent of the cloud allows.
    narrowest: f64,
}

impl Cells {
    fn new(cloud: &Cloud, metric: &Metric, width: f64) -> Self {
        let mut points: Vec<Placed> = (0..cloud.len())
            .into_par_iter()
            .map(|index| {
                let [x, y, z] = cloud.point(index).map(|mm| metric.steps(mm));
                let index = index as u32;
                Placed {
                    key: 0,
                    x,
                    y,
                    z,
                    index,
                }
            })
            .collect();
        // Not while collecting: that would take twice the memory.
        points.retain(|p| [p.x, p.y, p.z].iter().all(|value| value.is_finite()));
        let mut cells = Self {
            points,
            width,
            narrowest: 0.0,
        };
        cells.arrange(metric, width);
        cells
    }

    /// Sorts the points into cells of another width.
    fn arrange(&mut self, metric: &Metric, width: f64) {
        let points = &mut self.points;
        let ends = points
            .par_iter()
            .fold(
                || [f32::INFINITY; 6],
                |ends, p| least_of(ends, [p.x, p.y, p.z, -p.x, -p.y, -p.z]),
            )
            .reduce(|| [f32::INFINITY; 6], least_of);
        let [x0, y0, z0] = [0, 1, 2].map(|axis| f64::from(ends[axis]));
        let [x1, y1, z1] = [3, 4, 5].map(|axis| -f64::from(ends[axis]));
        let extent = ((x1 - x0).max(y1 - y0) / metric.xy).max((z1 - z0) / metric.z);
        self.narrowest = extent / MOST_CELLS;
        self.width = width.max(self.narrowest);
        let (xy, z) = (
            1.0 / (self.width * metric.xy),
            1.0 / (self.width * metric.z),
        );
        points.par_iter_mut().for_each(|point| {
            // One free cell at each end, so that keys of neighbours never run over.
            let cell =
                |value: f32, low: f64, scale: f64| 1 + ((f64::from(value) - low) * scale) as u64;
            point.key =
                cell(point.z, z0, z) * SHEET + cell(point.y, y0, xy) * ROW + cell(point.x, x0, xy);
        });
        // By key alone, which compares in one instruction; few cells hold more than one point.
        points.par_sort_unstable_by_key(|point| point.key);
        points
            .par_chunk_by_mut(|a, b| a.key == b.key)
            .filter(|cell| cell.len() > 1)
            .for_each(|cell| cell.sort_unstable_by(Placed::order));
    }

    /// The least distance of points next to each other in the array, in spacings, and the number of
    /// points that coincide with another: those are next to each other.
    fn consecutive(&self, metric: &Metric) -> (f64, u64) {
        let points = &self.points;
        let near = points
            .par_windows(2)
            .map(|pair| metric.distance(&pair[0].place(), &pair[1].place()))
            .reduce(|| f64::INFINITY, f64::min);
        if near > 0.0 {
            return (metric.ratio(near), 0);
        }
        let duplicates = (0..points.len())
            .into_par_iter()
            .filter(|&i| {
                (i > 0 && points[i].coincides(&points[i - 1]))
                    || points
                        .get(i + 1)
                        .is_some_and(|next| points[i].coincides(next))
            })
            .count();
        (metric.ratio(near), duplicates as u64)
    }

    /// A bound on the least distance, in spacings, from the fullest cell: of n³ + 1 points in a cube two
    /// share one of its n³ parts. Infinite where no cell is crowded.
    fn crowding(&self) -> f64 {
        const CROWD: usize = 64;
        let fullest = self
            .points
            .par_chunk_by(|a, b| a.key == b.key)
            .map(<[Placed]>::len)
            .max()
            .unwrap_or(0);
        if fullest <= CROWD {
            return f64::INFINITY;
        }
        let parts = ((fullest - 1) as f64).cbrt().floor().max(1.0);
        self.width * 3.0_f64.sqrt() / parts
    }

    /// The least distance of two points in one cell or in cells that touch, in spacings.
    fn least(&self, metric: &Metric) -> f64 {
        const PIECE: usize = 16_384;
        let pieces = self.points.len().div_ceil(PIECE);
        let least = (0..pieces)
            .into_par_iter()
            .map(|piece| {
                let start = piece * PIECE;
                let end = (start + PIECE).min(self.points.len());
                self.least_from(metric, start, end)
            })
            .reduce(|| f64::INFINITY, f64::min);
        metric.ratio(least)
    }

    /// The same over pairs whose first point in the array is one of `start..end`, squared.
    fn least_from(&self, metric: &Metric, start: usize, end: usize) -> f64 {
        /// The rows after a cell's own that touch it; those before it have it among theirs.
        const ROWS: [u64; 4] = [ROW, SHEET - ROW, SHEET, SHEET + ROW];
        let points = &self.points;
        let first = points[start].key;
        let mut from = ROWS.map(|row| points.partition_point(|point| point.key < first + row - 1));
        let mut least = f64::INFINITY;
        for (i, point) in points[start..end].iter().enumerate() {
            let mut compare = |others: &[Placed], last: u64| {
                for other in others.iter().take_while(|other| other.key <= last) {
                    least = least.min(metric.distance(&point.place(), &other.place()));
                }
            };
            compare(&points[start + i + 1..], point.key + 1);
            for (from, row) in from.iter_mut().zip(ROWS) {
                let wanted = point.key + row - 1;
                while points.get(*from).is_some_and(|other| other.key < wanted) {
                    *from += 1;
                }
                compare(&points[*from..], wanted + 2);
            }
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow twin: all pairs.
    fn reference(points: &[[f64; 3]], xy: f64, z: f64) -> (Option<f64>, u64) {
        let mut nearest = vec![f64::INFINITY; points.len()];
        for (i, a) in points.iter().enumerate() {
            for (j, b) in points.iter().enumerate() {
                if i != j {
                    let lateral = ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)) / (xy * xy);
                    let ratio = (lateral + ((a[2] - b[2]) / z).powi(2)).sqrt();
                    nearest[i] = nearest[i].min(ratio);
                }
            }
        }
        let least = nearest.iter().copied().reduce(f64::min);
        let duplicates = nearest.iter().filter(|ratio| **ratio == 0.0).count();
        (least.filter(|_| points.len() > 1), duplicates as u64)
    }

    fn cloud_of(points: &[[f64; 3]]) -> Cloud {
        let mut cloud = Cloud::default();
        for point in points {
            cloud.push(point.map(|mm| mm as f32));
        }
        cloud
    }

    #[test]
    fn a_square_grid_at_the_spacing_keeps_it_exactly() {
        let mut points = Vec::new();
        for i in 0..4000 {
            let (x, y, z) = (i % 20, i / 20 % 20, i / 400);
            let [x, y, z] = [x * 8 - 2000, y * 8 + 13, z * 9].map(|n| f64::from(n) / 100.0);
            points.push([x, y, z]);
        }
        assert_eq!(least_ratio(&cloud_of(&points), 0.08, 0.09), Some(1.0));
        assert_eq!(least_ratio(&cloud_of(&points), 0.07, 0.07), Some(8.0 / 7.0));
        points[2000][0] += 0.001;
        assert!(least_ratio(&cloud_of(&points), 0.08, 0.09).unwrap() < 1.0);
    }

    #[test]
    fn few_points_have_no_ratio() {
        assert_eq!(least_ratio(&Cloud::default(), 0.1, 0.1), None);
        assert_eq!(least_ratio(&cloud_of(&[[1.0; 3]]), 0.1, 0.1), None);
        let odd = cloud_of(&[[1.0; 3], [f64::NAN, 0.0, 0.0], [2.0, 1.0, 1.0]]);
        assert_eq!(least_ratio(&odd, 0.1, 0.1), Some(10.0));
    }

    #[test]
    fn far_and_crowded_points_end_in_time() {
        let far = cloud_of(&[[-90_000.0, 0.0, 0.0], [90_000.0, 0.0, 0.0]]);
        let ratio = least_ratio(&far, 0.08, 0.09).unwrap();
        assert!((ratio / (180_000.0 / 0.08) - 1.0).abs() < 1e-9, "{ratio}");
        let same = cloud_of(&vec![[1.0, 2.0, 3.0]; 100_000]);
        assert_eq!(closeness(&same, 0.08, 0.09).duplicates, 100_000);
        let crowded: Vec<[f64; 3]> = (0..100_000)
            .map(|i| [i % 50, i / 50 % 50, i / 2500].map(|n| f64::from(n) / 1000.0))
            .collect();
        let ratio = least_ratio(&cloud_of(&crowded), 0.08, 0.09).unwrap();
        assert!((ratio - 0.001 / 0.09).abs() < 1e-12, "{ratio}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn it_is_the_least_over_all_pairs(
            points in prop::collection::vec([-300_i32..300, -300..300, -100..100], 0..150),
            reach in 1_i32..40, xy in 1_u32..20, z in 1_u32..20
        ) {
            // On the grid of 0.01 mm: the twin gets the decimals themselves.
            let points: Vec<[f64; 3]> =
                points.iter().map(|p| p.map(|n| f64::from(n / reach) / 100.0)).collect();
            let (xy, z) = (f64::from(xy) / 100.0, f64::from(z) / 100.0);
            let found = closeness(&cloud_of(&points), xy, z);
            let (least, duplicates) = reference(&points, xy, z);
            prop_assert_eq!(found.duplicates, duplicates);
            match (found.least_ratio, least) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * b, "{} {}", a, b),
                (a, b) => prop_assert_eq!(a, b),
            }
        }

        #[test]
        fn it_holds_for_clouds_on_no_grid(
            points in prop::collection::vec([-3.0_f32..3.0, -3.0..3.0, -1.0..1.0], 2..150),
            xy in 0.01_f64..5.0, z in 0.01_f64..5.0
        ) {
            let points: Vec<[f64; 3]> = points.iter().map(|p| p.map(f64::from)).collect();
            let found = closeness(&cloud_of(&points), xy, z);
            let (least, _) = reference(&points, xy, z);
            prop_assert!((found.least_ratio.unwrap() - least.unwrap()).abs() < 1e-9 * least.unwrap().max(1e-9));
        }
    }
}
