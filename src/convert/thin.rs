//! Fewer points with the same tone: those whose neighbours in the front view stand nearest, measured
//! by the density there, go first, one after the other, until the budget is met.
//!
//! What is left is as even as the picture lets it, without the clumps and gaps that leaving out points
//! at random would make, and each part of the picture keeps its share. It is done by halves at most,
//! so that few neighbours count for each point.
//!
//! # Source
//!
//! Cem Yuksel, *Sample elimination for generating Poisson disk sample sets*, 2015, with radii that
//! follow the local density.

use std::collections::BinaryHeap;

use rayon::prelude::*;

use crate::cloud::Cloud;

/// Points on average in a cell of the raster of densities; nine cells count for each. Fewer are
/// noise, more blur the tone's edges.
const POINTS_PER_CELL: f64 = 4.0;

/// The most cells along a side: a file may hold a point a hundred metres away.
const MOST_CELLS: f64 = 4096.0;

/// Falloff of the weight between two points, as in the source.
const ALPHA: i32 = 8;

/// The points to keep, as places in the cloud in rising order: `budget` of them, or all.
///
/// Coordinates are finite.
pub(super) fn thin(cloud: &Cloud, budget: usize) -> Vec<u32> {
    let mut kept: Vec<u32> = (0..cloud.len() as u32).collect();
    while kept.len() > budget {
        let next = budget.max(kept.len() / 2);
        kept = eliminate(cloud, &kept, next);
    }
    kept
}

/// Leaves `budget` of the points `kept`, half of them or more.
fn eliminate(cloud: &Cloud, kept: &[u32], budget: usize) -> Vec<u32> {
    let points: Vec<[f32; 2]> = kept
        .iter()
        .map(|&index| [cloud.x_mm()[index as usize], cloud.y_mm()[index as usize]])
        .collect();
    let share = budget as f64 / kept.len() as f64;
    let raster = Raster::new(&points);
    // Radius of discs that would fill the room if only the budget were left: the largest distance
    // that all of them could have is twice that.
    let radius_mm: Vec<f32> = points
        .par_iter()
        .map(|&point| {
            let density = raster.density_per_mm2(point) * share;
            (1.0 / (2.0 * 3.0_f64.sqrt() * density)).sqrt() as f32
        })
        .collect();
    let neighbours: Vec<Vec<(u32, f32)>> = (0..points.len())
        .into_par_iter()
        .map(|index| raster.weights(index, &points, &radius_mm))
        .collect();
    let mut weight: Vec<f32> = neighbours
        .iter()
        .map(|near| near.iter().map(|(_, weight)| weight).sum())
        .collect();
    let mut gone = vec![false; points.len()];
    let mut heap: BinaryHeap<Heaviest> = (0..points.len() as u32)
        .map(|index| Heaviest(weight[index as usize], index))
        .collect();
    let mut left = points.len();
    while left > budget
        && let Some(Heaviest(then, index)) = heap.pop()
    {
        let place = index as usize;
        if gone[place] {
            continue;
        }
        // Weights only fall: an entry that is too heavy goes back to where it belongs now.
        if weight[place] < then {
            heap.push(Heaviest(weight[place], index));
            continue;
        }
        gone[place] = true;
        left -= 1;
        for &(other, share) in &neighbours[place] {
            weight[other as usize] -= share;
        }
    }
    let stays = |(&index, gone): (&u32, &bool)| (!gone).then_some(index);
    kept.iter().zip(&gone).filter_map(stays).collect()
}

/// A point in the heap: the heaviest first, the later of two in the file.
#[derive(Clone, Copy, Debug)]
struct Heaviest(f32, u32);

impl Ord for Heaviest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Heaviest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Heaviest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Heaviest {}

/// The front view in cells: how many points stand where, and which.
struct Raster {
    x_min_mm: f32,
    y_min_mm: f32,
    side_mm: f32,
    columns: usize,
    rows: usize,
    /// Where the points of each cell start in `members`, and the end.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Raster {
    fn new(points: &[[f32; 2]]) -> Self {
        let range = |axis: usize| {
            points
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), point| {
                    (low.min(point[axis]), high.max(point[axis]))
                })
        };
        let ((x0, x1), (y0, y1)) = (range(0), range(1));
        let (width, height) = (f64::from(x1 - x0), f64::from(y1 - y0));
        let area = (width * height).max(1e-6);
        let side = (area * POINTS_PER_CELL / points.len() as f64)
            .sqrt()
            .max(width.max(height) / MOST_CELLS)
            .max(1e-3);
        let (columns, rows) = ((width / side) as usize + 1, (height / side) as usize + 1);
        let mut raster = Self {
            x_min_mm: x0,
            y_min_mm: y0,
            side_mm: side as f32,
            columns,
            rows,
            starts: vec![0; columns * rows + 1],
            members: vec![0; points.len()],
        };
        for &point in points {
            let cell = raster.cell(point);
            raster.starts[cell + 1] += 1;
        }
        for cell in 0..columns * rows {
            raster.starts[cell + 1] += raster.starts[cell];
        }
        let mut next = raster.starts.clone();
        for (index, &point) in points.iter().enumerate() {
            let slot = &mut next[raster.cell(point)];
            raster.members[*slot as usize] = index as u32;
            *slot += 1;
        }
        raster
    }

    fn place(&self, [x, y]: [f32; 2]) -> (usize, usize) {
        let index = |value: f32, count: usize| ((value / self.side_mm) as usize).min(count - 1);
        (
            index(x - self.x_min_mm, self.columns),
            index(y - self.y_min_mm, self.rows),
        )
    }

    fn cell(&self, point: [f32; 2]) -> usize {
        let (column, row) = self.place(point);
        row * self.columns + column
    }

    /// The points of the cells `columns` of a row.
    fn members(&self, row: usize, columns: std::ops::RangeInclusive<usize>) -> &[u32] {
        let first = self.starts[row * self.columns + columns.start()] as usize;
        let last = self.starts[row * self.columns + columns.end() + 1] as usize;
        &self.members[first..last]
    }

    /// Points per mm2 in the nine cells around a point.
    fn density_per_mm2(&self, point: [f32; 2]) -> f64 {
        let (column, row) = self.place(point);
        let columns = column.saturating_sub(1)..=(column + 1).min(self.columns - 1);
        let rows = row.saturating_sub(1)..=(row + 1).min(self.rows - 1);
        let cells = columns.clone().count() * rows.clone().count();
        let points: usize = rows
            .map(|row| self.members(row, columns.clone()).len())
            .sum();
        points as f64 / (cells as f64 * f64::from(self.side_mm).powi(2))
    }

    /// The points near another one, and how much each weighs on it.
    fn weights(&self, index: usize, points: &[[f32; 2]], radius_mm: &[f32]) -> Vec<(u32, f32)> {
        let [x, y] = points[index];
        // Where the other's disc is larger it is met from there as well, since the sum counts.
        let reach = 4.0 * radius_mm[index];
        let (first, top) = self.place([x - reach, y - reach]);
        let (last, bottom) = self.place([x + reach, y + reach]);
        let mut near = Vec::new();
        for row in top..=bottom {
            for &other in self.members(row, first..=last) {
                let [u, v] = points[other as usize];
                let both = radius_mm[index] + radius_mm[other as usize];
                let distance = (u - x).hypot(v - y);
                // Both see each other, or neither does.
                let seen = distance < both
                    && both <= 4.0 * radius_mm[index].min(radius_mm[other as usize]);
                if other as usize != index && seen {
                    near.push((other, (1.0 - distance / both).powi(ALPHA)));
                }
            }
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    /// Points of which the right half has four times as many as the left.
    fn halves(count: u64) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            let [u, v, w] = [1, 2, 3].map(|axis| random::unit(axis, i));
            let x = if i % 5 == 0 { -10.0 * u } else { 10.0 * u };
            cloud.push([x, 10.0 * v, w]);
        }
        cloud
    }

    /// Mean and standard deviation of the number of points in squares of 1 mm.
    fn counts(cloud: &Cloud, kept: &[u32], right: bool) -> (f64, f64) {
        let mut counts = [0_u32; 64];
        for &index in kept {
            let [x, y, _] = cloud.point(index as usize);
            let x = if right { x } else { -x };
            // Without the squares at the edges, which have fewer neighbours.
            if (1.0..9.0).contains(&x) && (1.0..9.0).contains(&y) {
                counts[(y as usize - 1) * 8 + x as usize - 1] += 1;
            }
        }
        let mean = f64::from(counts.iter().sum::<u32>()) / 64.0;
        let square = |&n: &u32| (f64::from(n) - mean).powi(2);
        (mean, (counts.iter().map(square).sum::<f64>() / 64.0).sqrt())
    }

    #[test]
    fn the_budget_is_met_exactly() {
        let cloud = halves(5000);
        for budget in [0, 1, 2, 999, 2500, 2501, 4999, 5000, 6000] {
            let kept = thin(&cloud, budget);
            assert_eq!(kept.len(), budget.min(5000));
            assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let mut same = Cloud::default();
        (0..1000).for_each(|_| same.push([1.0; 3]));
        assert_eq!(thin(&same, 10).len(), 10);
        assert!(thin(&Cloud::default(), 10).is_empty());
    }

    #[test]
    fn each_part_keeps_its_share_and_is_more_even_than_chance() {
        let cloud = halves(50_000);
        let kept = thin(&cloud, 12_500);
        let ((dark, dark_spread), (bright, bright_spread)) =
            (counts(&cloud, &kept, false), counts(&cloud, &kept, true));
        assert!((dark / 25.0 - 1.0).abs() < 0.08, "{dark}");
        assert!((bright / 100.0 - 1.0).abs() < 0.05, "{bright}");
        // By chance 5 and 10, and as much again from the points before.
        assert!(
            dark_spread < 4.5 && bright_spread < 8.0,
            "{dark_spread} {bright_spread}"
        );
    }

    #[test]
    fn what_is_left_stands_apart() {
        let cloud = halves(20_000);
        let kept = thin(&cloud, 5000);
        let every: Vec<u32> = (0..20_000).step_by(4).collect();
        let mean_nearest = |kept: &[u32]| {
            let nearest = |&a: &u32| {
                let [x, y, _] = cloud.point(a as usize);
                let others = kept.iter().filter(|&&b| b != a);
                let way = others.map(|&b| {
                    let [u, v, _] = cloud.point(b as usize);
                    (u - x).hypot(v - y)
                });
                way.fold(f32::INFINITY, f32::min)
            };
            kept.iter().take(1000).map(nearest).sum::<f32>() / 1000.0
        };
        let (even, chance) = (mean_nearest(&kept), mean_nearest(&every));
        assert!(even > 1.4 * chance, "{even} {chance}");
    }
}
