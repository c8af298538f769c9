//! Packing: points on a torus that all keep a least distance, nearly as dense as a square grid, yet
//! without a lattice.
//!
//! Two steps. [`relax`] lets points repel as soft discs in the continuum; it is run once, by
//! `examples/make_tile.rs`, and its result ships with the crate. [`settle`] takes such a packing
//! onto the whole-number grid of a file and moves points by grid steps until the least distance
//! holds there; it is run for each combination of spacing and precision.
//!
//! # Source
//!
//! Soft discs pushed apart: Lubachevsky and Stillinger, *Geometric properties of random disk
//! packings*, 1990, in the simpler form of repeated overlap removal.

use crate::random;

/// Points on a torus, by the cells of a square grid that covers it.
#[derive(Debug)]
struct TorusCells {
    per_side: usize,
    cell: f64,
    members: Vec<Vec<u32>>,
}

impl TorusCells {
    /// Cells at least `reach` wide, so that all within `reach` of a point are in 3 x 3 cells.
    fn new(points: &[[f64; 2]], period: f64, reach: f64) -> Self {
        let per_side = ((period / reach) as usize).max(1);
        let cell = period / per_side as f64;
        let mut cells = Self {
            per_side,
            cell,
            members: vec![Vec::new(); per_side * per_side],
        };
        for (index, &point) in points.iter().enumerate() {
            let home = cells.of(point);
            cells.members[home].push(index as u32);
        }
        cells
    }

    fn of(&self, [x, y]: [f64; 2]) -> usize {
        let place = |value: f64| ((value / self.cell) as usize).min(self.per_side - 1);
        place(y) * self.per_side + place(x)
    }

    fn around(&self, point: [f64; 2]) -> impl Iterator<Item = u32> + '_ {
        let home = self.of(point);
        let (column, row) = (home % self.per_side, home / self.per_side);
        let n = self.per_side;
        let steps = if n >= 3 { 3 } else { n };
        (0..steps * steps).flat_map(move |k| {
            let c = (column + n + k % steps - 1) % n;
            let r = (row + n + k / steps - 1) % n;
            self.members[r * n + c].iter().copied()
        })
    }

    fn shift(&mut self, index: u32, from: [f64; 2], to: [f64; 2]) {
        let (old, new) = (self.of(from), self.of(to));
        if old != new {
            self.members[old].retain(|&member| member != index);
            self.members[new].push(index);
        }
    }
}

/// The shortest difference of two coordinates from 0 to `period` on a torus.
fn wrapped(difference: f64, period: f64) -> f64 {
    // Without a division, or a call to round it: settling does little else.
    if difference > 0.5 * period {
        difference - period
    } else if difference < -0.5 * period {
        difference + period
    } else {
        difference
    }
}

/// Relaxes `count` random points on a torus of side `period` until none are closer than 1.
///
/// Returns the points after at most `rounds` rounds, and the least distance among them.
#[must_use]
pub fn relax(count: usize, period: f64, rounds: usize, seed: u64) -> (Vec<[f64; 2]>, f64) {
    let random = (0..count as u64)
        .map(|i| [2 * i, 2 * i + 1].map(|k| f64::from(random::unit(seed, k)) * period))
        .collect();
    push_apart(random, period, rounds)
}

/// Pushes points on a torus of side `period` apart until none are closer than 1.
///
/// Returns the points after at most `rounds` rounds, and the least distance among them before the
/// last one.
#[must_use]
pub fn push_apart(points: Vec<[f64; 2]>, period: f64, rounds: usize) -> (Vec<[f64; 2]>, f64) {
    let mut points = points;
    // Discs a little larger than asked for: the last overlaps fade only slowly.
    const SWOLLEN: f64 = 1.004;
    let mut least = 0.0;
    for _ in 0..rounds {
        let mut cells = TorusCells::new(&points, period, SWOLLEN);
        least = f64::INFINITY;
        for index in 0..points.len() {
            let point = points[index];
            let mut push = [0.0; 2];
            for other in cells.around(point) {
                if other as usize == index {
                    continue;
                }
                let [dx, dy] =
                    [0, 1].map(|axis| wrapped(point[axis] - points[other as usize][axis], period));
                let distance = dx.hypot(dy).max(1e-9);
                least = least.min(distance);
                if distance < SWOLLEN {
                    let share = 0.5 * (SWOLLEN - distance) / distance;
                    push[0] += share * dx;
                    push[1] += share * dy;
                }
            }
            let moved = [0, 1].map(|axis| (point[axis] + push[axis]).rem_euclid(period));
            let moved = moved.map(|value| if value >= period { 0.0 } else { value });
            cells.shift(index as u32, point, moved);
            points[index] = moved;
        }
        if least >= 1.0 {
            break;
        }
    }
    (points, least)
}

/// Takes points of a unit torus (0..1) onto a whole-number torus of side `period`, where the
/// squared distance of any two becomes at least `least_squared`.
///
/// Returns the points that stand, each with its index; points that no step frees are left out.
#[must_use]
pub fn settle(
    unit: &[[f64; 2]],
    period: i32,
    least_squared: i64,
    sweeps: usize,
) -> Vec<(u32, [i32; 2])> {
    let size = f64::from(period);
    let least = (least_squared as f64).sqrt();
    let mut points: Vec<[f64; 2]> = unit
        .iter()
        .map(|point| point.map(|value| ((value * size).round() as i32).rem_euclid(period)))
        .map(|point| point.map(f64::from))
        .collect();
    let mut cells = TorusCells::new(&points, size, least + 2.5);
    // The overlap at a place: the sum of missing distances, squared; 0 where the place is free.
    let overlap = |cells: &TorusCells, points: &[[f64; 2]], place: [f64; 2], index: usize| {
        let mut sum = 0.0;
        for other in cells.around(place) {
            if other as usize != index {
                let [dx, dy] =
                    [0, 1].map(|axis| wrapped(place[axis] - points[other as usize][axis], size));
                let squared = dx * dx + dy * dy;
                if squared < least_squared as f64 {
                    sum += (least - squared.sqrt()).powi(2) + 1e-3;
                }
            }
        }
        sum
    };
    let mut suspects: Vec<usize> = (0..points.len()).collect();
    for sweep in 0..sweeps {
        let mut next = Vec::new();
        for &index in &suspects {
            let here = points[index];
            let now = overlap(&cells, &points, here, index);
            if now == 0.0 {
                continue;
            }
            let mut best = (now, here);
            for step in 0..24u64 {
                // The 24 places of a 5 x 5 neighbourhood, from another one first each time.
                let turn = (step + random::bits(sweep as u64, index as u64) % 24) % 24;
                let k = if turn >= 12 { turn + 1 } else { turn };
                let place = [
                    here[0] + (k % 5) as f64 - 2.0,
                    here[1] + (k / 5) as f64 - 2.0,
                ]
                .map(|value| value.rem_euclid(size));
                let there = overlap(&cells, &points, place, index);
                if there < best.0 {
                    best = (there, place);
                }
            }
            if best.1 != here {
                cells.shift(index as u32, here, best.1);
                points[index] = best.1;
                next.extend(cells.around(best.1).map(|other| other as usize));
            } else {
                next.push(index);
            }
        }
        next.sort_unstable();
        next.dedup();
        suspects = next;
        if suspects.is_empty() {
            break;
        }
    }
    keep_free(&points, size, least_squared)
}

/// The points in order, without those closer than allowed to an earlier one that was kept.
fn keep_free(points: &[[f64; 2]], period: f64, least_squared: i64) -> Vec<(u32, [i32; 2])> {
    let mut kept = Vec::with_capacity(points.len());
    let mut cells = TorusCells::new(&[], period, (least_squared as f64).sqrt() + 1.0);
    for (index, &point) in points.iter().enumerate() {
        let free = cells.around(point).all(|other| {
            let other = points[other as usize];
            let [dx, dy] = [0, 1].map(|axis| wrapped(point[axis] - other[axis], period));
            dx * dx + dy * dy >= least_squared as f64
        });
        if free {
            let home = cells.of(point);
            cells.members[home].push(index as u32);
            kept.push((index as u32, point.map(|value| value as i32)));
        }
    }
    kept
}
