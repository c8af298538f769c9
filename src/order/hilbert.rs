//! A first tour: the points of a slab along a Hilbert curve.
//!
//! Strips travel as far over a full square, but jump the holes of the winding bands that slabs of
//! relief clouds are: 2.8 times the travel on a relief like that of `benches/ordering.rs`. The
//! nearest neighbour is a better tour than the curve before `shorten.rs` and a worse one after it
//! (2 % on the flat cloud, 0.6 % on the relief), for more than three times the time.
//!
//! # Source
//!
//! Bartholdi, Platzman, *Heuristics based on spacefilling curves for combinatorial problems in
//! Euclidean space*, 1988.

use rayon::prelude::*;

use super::Stop;

/// Levels of the curve that one look-up goes down.
const STEP: u32 = 3;

/// Look-ups for a position, at most: 32,768 cells along a side, 1 micrometre of a picture of 30 mm.
const MOST_STEPS: u32 = 5;

/// For each of the curve's four orientations and each of the 8 x 8 cells (x, then y): the cell's
/// place along the curve, and above it the orientation inside of the cell.
const TABLE: [[u16; 64]; 4] = table();

/// Bits of the place in an entry of the table.
const PLACE_BITS: u32 = 2 * STEP;

/// Orientations: bit 0 exchanges x and y, bit 1 turns both around.
const fn table() -> [[u16; 64]; 4] {
    let mut table = [[0; 64]; 4];
    let mut start = 0;
    while start < 4 {
        let mut cell = 0;
        while cell < 64 {
            let (mut place, mut orientation) = (0, start as u16);
            let mut level = STEP;
            while level > 0 {
                level -= 1;
                let mut x = (cell as u16 >> (STEP + level)) & 1;
                let mut y = (cell as u16 >> level) & 1;
                if orientation & 2 != 0 {
                    (x, y) = (1 - x, 1 - y);
                }
                if orientation & 1 != 0 {
                    (x, y) = (y, x);
                }
                place = place << 2 | ((3 * x) ^ y);
                if y == 0 {
                    orientation ^= if x == 1 { 3 } else { 1 };
                }
            }
            table[start][cell] = orientation << PLACE_BITS | place;
            cell += 1;
        }
        start += 1;
    }
    table
}

/// Place of a cell along the curve over `8^steps` cells a side, which starts at (0, 0) and ends at
/// the largest x and y = 0 (for an odd number of levels) or the largest y and x = 0.
fn place(x: u32, y: u32, steps: u32) -> u32 {
    let (mut place, mut orientation) = (0, 0);
    for step in (0..steps).rev() {
        let bits = |value: u32| (value >> (STEP * step) & 7) as usize;
        let entry = u32::from(TABLE[orientation][bits(x) << STEP | bits(y)]);
        place = place << PLACE_BITS | (entry & ((1 << PLACE_BITS) - 1));
        orientation = (entry >> PLACE_BITS) as usize;
    }
    place
}

/// The stops along a Hilbert curve over their bounding square; those of one cell in their order.
pub(super) fn tour(stops: &[Stop]) -> Vec<Stop> {
    // Four cells a point would do for points spread evenly over the square.
    let points_bits = stops.len().max(1).ilog2() + 3;
    let steps = points_bits.div_ceil(PLACE_BITS).min(MOST_STEPS);
    let range = |values: &dyn Fn(&Stop) -> f32| {
        let finite = stops.iter().map(values).filter(|value| value.is_finite());
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let (x_min, x_max) = range(&|stop| stop.x_mm);
    let (y_min, y_max) = range(&|stop| stop.y_mm);
    let side_mm = (x_max - x_min).max(y_max - y_min).max(f32::MIN_POSITIVE);
    let last = ((1u32 << (STEP * steps)) - 1) as f32;
    let cells_per_mm = last / side_mm;
    // `as` takes what is negative or not a number to cell 0.
    let cell = |value: f32, least: f32| ((value - least) * cells_per_mm).min(last) as u32;
    let keys: Vec<u64> = stops
        .par_iter()
        .with_min_len(TOGETHER)
        .enumerate()
        .map(|(index, stop)| {
            let along = place(cell(stop.x_mm, x_min), cell(stop.y_mm, y_min), steps);
            u64::from(along) << 32 | index as u64
        })
        .collect();
    sorted(keys, PLACE_BITS * steps)
        .into_par_iter()
        .with_min_len(TOGETHER)
        .map(|key| stops[key as u32 as usize])
        .collect()
}

/// Stops that one thread looks at, at least.
const TOGETHER: usize = 1 << 13;

/// Fewer are sorted by comparing.
const FEW: usize = 256;

/// Sorts by the bits from 32 to `32 + bits`; equal ones keep their order. Up to three passes of
/// counting.
fn sorted(mut keys: Vec<u64>, bits: u32) -> Vec<u64> {
    if keys.len() < FEW {
        keys.sort_unstable();
        return keys;
    }
    let passes = bits.div_ceil(12);
    let digit_bits = bits.div_ceil(passes);
    let mut out = vec![0; keys.len()];
    for pass in 0..passes {
        let digit = |key: u64| (key >> (32 + pass * digit_bits) & ((1 << digit_bits) - 1)) as usize;
        let mut next = vec![0u32; 1 << digit_bits];
        for &key in &keys {
            next[digit(key)] += 1;
        }
        let mut start = 0;
        for slot in &mut next {
            start += std::mem::replace(slot, start);
        }
        for &key in &keys {
            let slot = &mut next[digit(key)];
            out[*slot as usize] = key;
            *slot += 1;
        }
        std::mem::swap(&mut keys, &mut out);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_every_cell_by_steps_of_one() {
        for steps in [1, 2, 3] {
            let side = 1u32 << (STEP * steps);
            let mut cells = vec![(-1, -1); (side * side) as usize];
            for y in 0..side {
                for x in 0..side {
                    cells[place(x, y, steps) as usize] = (x as i32, y as i32);
                }
            }
            for pair in cells.windows(2) {
                let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
                assert_eq!(dx.abs() + dy.abs(), 1, "{pair:?}");
            }
        }
    }

    #[test]
    fn sorting_by_digits_agrees_with_sorting_by_comparing() {
        for (count, bits) in [(300, 6), (5000, 12), (5000, 18), (70_000, 30)] {
            let key = |index| crate::random::bits(5, index) >> (64 - bits) << 32 | index;
            let keys: Vec<u64> = (0..count).map(key).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            assert_eq!(sorted(keys, bits), expected);
        }
    }
}
