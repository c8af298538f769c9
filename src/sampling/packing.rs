//! Packing: points on a torus that all keep a least distance, nearly as dense as a square grid, yet
//! without a lattice.
//!
//! Two steps. [`relax`] lets points repel as soft discs in the continuum; it is run once, by
//! `examples/make_tile`, and its result ships with the crate. [`settle`] takes such a packing
//! onto the whole-number grid of a file and moves points by grid steps until the least distance
//! holds there; it is run for each combination of spacing and precision.
//!
//! # Source
//!
//! Soft discs pushed apart: Lubachevsky and Stillinger, *Geometric properties of random disk
//! packings*, 1990, in the simpler form of repeated overlap removal. Settling: Minton and others,
//! *Minimizing conflicts: a heuristic repair method for constraint satisfaction and scheduling
//! problems*, 1992.

use std::collections::VecDeque;

use crate::random;

/// Points on a torus, by the cells of a square grid that covers it.
#[derive(Debug)]
struct TorusCells {
    per_side: usize,
    per_unit: f64,
    /// The point of each cell that came last.
    last: Vec<u32>,
    /// The point of the same cell that came before each.
    before: Vec<u32>,
}

/// No point.
const NONE: u32 = u32::MAX;

impl TorusCells {
    /// Cells at least `reach` wide, so that all within `reach` of a point are in 3 x 3 cells.
    fn new(points: &[[f64; 2]], period: f64, reach: f64) -> Self {
        let per_side = ((period / reach) as usize).max(1);
        let mut cells = Self {
            per_side,
            per_unit: per_side as f64 / period,
            last: vec![NONE; per_side * per_side],
            before: vec![NONE; points.len()],
        };
        for (index, &point) in points.iter().enumerate() {
            cells.insert(index as u32, point);
        }
        cells
    }

    fn of(&self, point: [f64; 2]) -> [usize; 2] {
        point.map(|value| ((value * self.per_unit) as usize).min(self.per_side - 1))
    }

    fn slot(&self, [column, row]: [usize; 2]) -> usize {
        row * self.per_side + column
    }

    fn insert(&mut self, index: u32, point: [f64; 2]) {
        let home = self.slot(self.of(point));
        self.before[index as usize] = self.last[home];
        self.last[home] = index;
    }

    fn around(&self, point: [f64; 2], mut visit: impl FnMut(u32)) {
        let [columns, rows] = self.of(point).map(|at| self.beside(at));
        let count = self.per_side.min(3);
        for &row in &rows[..count] {
            for &column in &columns[..count] {
                let mut index = self.last[self.slot([column, row])];
                while index != NONE {
                    visit(index);
                    index = self.before[index as usize];
                }
            }
        }
    }

    /// A cell of a row, and those before and after it; the first `per_side` of them are different.
    fn beside(&self, at: usize) -> [usize; 3] {
        let end = self.per_side - 1;
        [
            at,
            if at == 0 { end } else { at - 1 },
            if at == end { 0 } else { at + 1 },
        ]
    }

    /// Takes a point to where it stands now.
    fn shift(&mut self, index: u32, from: [f64; 2], to: [f64; 2]) {
        let old = self.slot(self.of(from));
        if old == self.slot(self.of(to)) {
            return;
        }
        let next = self.before[index as usize];
        if self.last[old] == index {
            self.last[old] = next;
        } else {
            let mut at = self.last[old] as usize;
            while self.before[at] != index {
                at = self.before[at] as usize;
            }
            self.before[at] = next;
        }
        self.insert(index, to);
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
            cells.around(point, |other| {
                if other as usize == index {
                    return;
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
            });
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
/// A point too close to others goes to the place, up to two units away in x and in y, that is too
/// close to the fewest, and by the least; or to another one that is no worse, lest all get stuck.
/// Returns the points that stand, each with its index; of those that find no place in some visits, the
/// last are left out.
#[must_use]
pub fn settle(unit: &[[f64; 2]], period: i32, least_squared: i64) -> Vec<(u32, [i32; 2])> {
    let mut field = Field::new(unit, period, least_squared);
    let mut near = Vec::new();
    let all = 0..unit.len() as u32;
    let mut crowded: Vec<bool> = all.clone().map(|i| field.look(i, &mut near)).collect();
    let mut suspects: VecDeque<u32> = all.clone().filter(|&i| crowded[i as usize]).collect();
    let mut waiting = crowded.clone();
    for visit in 0..VISITS * suspects.len() as u64 {
        let Some(index) = suspects.pop_front() else {
            break;
        };
        waiting[index as usize] = false;
        crowded[index as usize] = field.look(index, &mut near);
        if !crowded[index as usize] {
            continue;
        }
        let Some(step) = field.best_step(&near, random::bits(visit, u64::from(index))) else {
            continue;
        };
        // Whoever is close to others, or is so now, may find another place.
        for &(other, away) in near.iter().chain([&(index, step)]) {
            let name = other as usize;
            crowded[name] |= field.missing(away, step) > 0.0;
            if crowded[name] && !waiting[name] {
                waiting[name] = true;
                suspects.push_back(other);
            }
        }
        field.shift(index, step);
    }
    let mut stands = vec![true; unit.len()];
    for index in all.filter(|&index| crowded[index as usize]) {
        field.look(index, &mut near);
        // On a torus hardly wider than a step, others may not have been found to be close.
        let before = |other: u32| other < index || !crowded[other as usize];
        let in_the_way = |&(other, away): &Neighbour| {
            before(other) && stands[other as usize] && field.missing(away, [0.0; 2]) > 0.0
        };
        stands[index as usize] = !near.iter().any(in_the_way);
    }
    let standing = field.points.iter().enumerate();
    let standing = standing.filter(|&(index, _)| stands[index]);
    standing
        .map(|(index, point)| (index as u32, point.map(|value| value as i32)))
        .collect()
}

/// Visits of [`settle`], for each point that is too close to others at first; more free hardly one.
const VISITS: u64 = 3;

/// The steps to the places of 5 x 5; that in the middle leads nowhere.
const STEPS: [[f64; 2]; 25] = {
    let mut steps = [[0.0; 2]; 25];
    let mut k = 0;
    while k < 25 {
        steps[k] = [(k % 5) as f64 - 2.0, (k / 5) as f64 - 2.0];
        k += 1;
    }
    steps
};

/// The step to where a point is.
const STAY: usize = 12;

/// A point and how far it is from another one.
type Neighbour = (u32, [f64; 2]);

/// Points that settle on whole numbers.
struct Field {
    size: f64,
    least_squared: f64,
    /// Points this far away overlap with no place that [`STEPS`] lead to.
    reach_squared: f64,
    points: Vec<[f64; 2]>,
    cells: TorusCells,
}

impl Field {
    fn new(unit: &[[f64; 2]], period: i32, least_squared: i64) -> Self {
        let size = f64::from(period);
        let whole = |value: f64| f64::from(((value * size).round() as i32).rem_euclid(period));
        let points: Vec<[f64; 2]> = unit.iter().map(|point| point.map(whole)).collect();
        let least_squared = least_squared as f64;
        let reach = least_squared.sqrt() + 8f64.sqrt();
        Self {
            size,
            least_squared,
            reach_squared: reach * reach,
            cells: TorusCells::new(&points, size, reach),
            points,
        }
    }

    /// Finds the neighbours of a point; returns whether it is too close to any.
    fn look(&self, index: u32, near: &mut Vec<Neighbour>) -> bool {
        let here = self.points[index as usize];
        near.clear();
        self.cells.around(here, |other| {
            let at = self.points[other as usize];
            let [dx, dy] = [0, 1].map(|axis| wrapped(at[axis] - here[axis], self.size));
            if dx * dx + dy * dy < self.reach_squared && other != index {
                near.push((other, [dx, dy]));
            }
        });
        near.iter()
            .any(|&(_, away)| self.missing(away, [0.0; 2]) > 0.0)
    }

    /// What the squared distance to a point so far away lacks after a step; 0 without overlap.
    fn missing(&self, away: [f64; 2], step: [f64; 2]) -> f64 {
        let [dx, dy] = [0, 1].map(|axis| away[axis] - step[axis]);
        (self.least_squared - (dx * dx + dy * dy)).max(0.0)
    }

    /// The step to the best place among these neighbours, in an order given by chance; none if all
    /// are worse than to stay.
    fn best_step(&self, near: &[Neighbour], chance: u64) -> Option<[f64; 2]> {
        let mut overlaps = [0.0; STEPS.len()];
        for &(_, away) in near {
            for (overlap, &step) in overlaps.iter_mut().zip(&STEPS) {
                let missing = self.missing(away, step);
                // To be close to one more weighs more than how close.
                let one = if missing > 0.0 {
                    self.least_squared
                } else {
                    0.0
                };
                *overlap += missing * missing + one * one;
            }
        }
        let first = (chance % STEPS.len() as u64) as usize;
        let mut best = STAY;
        for k in (first..STEPS.len()).chain(0..first) {
            if overlaps[k] < overlaps[best] || (overlaps[k] == overlaps[best] && best == STAY) {
                best = k;
            }
        }
        (best != STAY).then(|| STEPS[best])
    }

    fn shift(&mut self, index: u32, step: [f64; 2]) {
        let here = self.points[index as usize];
        let to = [0, 1].map(|axis| (here[axis] + step[axis]).rem_euclid(self.size));
        self.cells.shift(index, here, to);
        self.points[index as usize] = to;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn settled_points_keep_their_distance(
            count in 1usize..300,
            period in 1i32..400,
            least_squared in 1i64..500,
            seed: u64,
        ) {
            let (unit, _) = relax(count, 1.0, 0, seed);
            let settled = settle(&unit, period, least_squared);
            prop_assert!(!settled.is_empty());
            prop_assert!(settled.is_sorted_by_key(|&(index, _)| index));
            for (k, (index, [x, y])) in settled.iter().enumerate() {
                prop_assert!((*index as usize) < count);
                prop_assert!((0..period).contains(x) && (0..period).contains(y));
                for (_, [u, v]) in &settled[..k] {
                    let squared: i64 = [x - u, y - v]
                        .map(|d| i64::from(d.abs().min(period - d.abs())).pow(2))
                        .iter()
                        .sum();
                    prop_assert!(squared >= least_squared, "{squared} < {least_squared}");
                }
            }
        }
    }

    #[test]
    fn points_with_room_stay_where_they_are() {
        let unit = [[0.1, 0.1], [0.5, 0.1], [0.98, 0.52]];
        let settled = settle(&unit, 100, 100);
        assert_eq!(settled, [(0, [10, 10]), (1, [50, 10]), (2, [98, 52])]);
    }
}
