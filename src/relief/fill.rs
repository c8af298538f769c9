//! Holes of a depth map, filled smoothly from what lies around them.
//!
//! Push-pull: the map is halved again and again, each coarse pixel the mean of what is known under
//! it, until nothing is unknown; then each level takes what it lacks from the coarser one.
//! Cost: proportional to the pixels, whatever the size of the holes.
//!
//! # Source
//!
//! Gortler, Grzeszczuk, Szeliski, Cohen, *The Lumigraph*, 1996, section 3.4.

use crate::grid::Grid;

/// Fills every NaN; a map without any value becomes 0 everywhere.
pub(super) fn fill(map: Grid<f32>) -> Grid<f32> {
    if !map.values().iter().any(|value| value.is_nan()) {
        return map;
    }
    if map.width() == 1 && map.height() == 1 {
        return Grid::filled(1, 1, 0.0);
    }
    let coarse = fill(halve(&map));
    Grid::from_fn(map.width(), map.height(), |column, row| {
        let value = map.at(column, row);
        if value.is_nan() {
            coarse.bilinear((column as f32 + 0.5) / 2.0, (row as f32 + 0.5) / 2.0)
        } else {
            value
        }
    })
}

fn halve(map: &Grid<f32>) -> Grid<f32> {
    let (width, height) = (map.width(), map.height());
    Grid::from_fn(width.div_ceil(2), height.div_ceil(2), |column, row| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in 2 * row..(2 * row + 2).min(height) {
            for x in 2 * column..(2 * column + 2).min(width) {
                let value = map.at(x, y);
                if !value.is_nan() {
                    sum += value;
                    count += 1.0;
                }
            }
        }
        sum / count
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_stay_and_holes_take_their_surroundings() {
        let hole =
            |column: usize, row: usize| (20..45).contains(&column) && (10..30).contains(&row);
        let map = Grid::from_fn(64, 48, |column, row| {
            if hole(column, row) {
                f32::NAN
            } else {
                column as f32
            }
        });
        let filled = fill(map);
        for row in 0..48 {
            for column in 0..64 {
                let error = (filled.at(column, row) - column as f32).abs();
                let limit = if hole(column, row) { 8.0 } else { 0.0 };
                assert!(error <= limit, "{error} at {column}, {row}");
            }
        }
    }

    #[test]
    fn a_single_value_fills_everything_and_none_gives_zero() {
        let mut map = Grid::filled(33, 5, f32::NAN);
        assert!(fill(map.clone()).values().iter().all(|&value| value == 0.0));
        map.set(17, 3, 4.0);
        assert!(fill(map).values().iter().all(|&value| value == 4.0));
    }
}
