//! Which values of a depth file say nothing: NaN, infinities, and zeros that stand apart.
//!
//! Many cameras write 0 where they found no depth, but 0 is also the honest far end of a map in
//! which bright is near, and the honest near end of a map stretched over all grey values. A region
//! of zeros is taken for a hole only if a jump separates it from everything around it, and then
//! only if
//!
//! - it is the near end of a map of 16 bits or floating point: no photo shows a thing at distance
//!   0, whatever the region's size; or
//! - it is small: a removed background is large, a failure of the camera is not.

use super::file::{Sample, Stored};
use crate::grid::Grid;
use crate::settings::Near;

/// Least step from zero to the neighbours of a hole in maps of distance, as a fraction of the
/// range: a camera that works from 0.2 m to 10 m has its nearest value at 0.02.
const DISTANCE_GAP: f32 = 1.0 / 64.0;

/// The same for small regions in other maps. An object's honest darkest spot is joined to the rest
/// by shades or by JPEG noise of at most some 10 levels of 255.
const SPECK_GAP: f32 = 1.0 / 16.0;

/// Largest part of the map that a region of missing depth covers. Shadows of a stereo camera were
/// seen up to 0.015; a background is over 0.1.
const SPECK_SHARE: f64 = 0.02;

/// Puts NaN where the map says nothing, and returns how much of it that is, 0 to 1.
pub(super) fn mark(stored: &mut Stored, near: Near) -> f64 {
    let distance = near == Near::Dark && stored.sample != Sample::Bits8;
    let mut mostly_positive = 0i64;
    for value in stored.values.values_mut() {
        if !value.is_finite() {
            *value = f32::NAN;
        }
        mostly_positive += i64::from(*value > 0.0) - i64::from(*value < 0.0);
    }
    if distance && mostly_positive > 0 {
        // Cameras also write -1 for "nothing"; no distance is negative.
        for value in stored.values.values_mut() {
            *value = value.max(0.0) + if value.is_nan() { f32::NAN } else { 0.0 };
        }
    }
    if stored.values.values().contains(&0.0) {
        mark_zeros(&mut stored.values, distance);
    }
    let holes = stored.values.values().iter().filter(|v| v.is_nan()).count();
    holes as f64 / stored.values.values().len() as f64
}

fn mark_zeros(values: &mut Grid<f32>, distance: bool) {
    let largest = |sum: f32, &value: &f32| sum.max(value.abs());
    let range = values.values().iter().fold(0.0, largest);
    let (gap, share) = if distance {
        (DISTANCE_GAP, 1.0)
    } else {
        (SPECK_GAP, SPECK_SHARE)
    };
    let most = (values.values().len() as f64 * share) as usize;
    let mut seen = Grid::filled(values.width(), values.height(), false);
    let mut region = Vec::new();
    for start in 0..values.values().len() {
        if values.values()[start] != 0.0 || seen.values()[start] {
            continue;
        }
        let step = flood(values, &mut seen, start, &mut region);
        if step > gap * range && region.len() <= most {
            for &index in &region {
                values.values_mut()[index] = f32::NAN;
            }
        }
    }
}

/// Collects the region of zeros around `start`; returns the least step to its neighbours, infinite
/// if there are none.
fn flood(values: &Grid<f32>, seen: &mut Grid<bool>, start: usize, region: &mut Vec<usize>) -> f32 {
    let (width, height) = (values.width(), values.height());
    let mut least_step = f32::INFINITY;
    region.clear();
    region.push(start);
    seen.values_mut()[start] = true;
    let mut next = 0;
    while let Some(&index) = region.get(next) {
        next += 1;
        let (column, row) = (index % width, index / width);
        let neighbours = [
            (column > 0).then(|| index - 1),
            (column + 1 < width).then_some(index + 1),
            (row > 0).then(|| index - width),
            (row + 1 < height).then_some(index + width),
        ];
        for neighbour in neighbours.into_iter().flatten() {
            let value = values.values()[neighbour];
            if value != 0.0 {
                // NaN neighbours do not count: `min` ignores them.
                least_step = least_step.min(value.abs());
            } else if !seen.values()[neighbour] {
                seen.values_mut()[neighbour] = true;
                region.push(neighbour);
            }
        }
    }
    least_step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(picture: &str, sample: Sample, near: Near) -> String {
        let rows: Vec<&str> = picture.split_whitespace().collect();
        let values = rows
            .iter()
            .flat_map(|row| row.bytes())
            .map(|byte| match byte {
                b'?' => f32::NAN,
                digit => f32::from(digit - b'0') * 20.0,
            });
        let values = Grid::from_values(rows[0].len(), rows.len(), values.collect()).unwrap();
        let mut stored = Stored {
            values,
            sample,
            kind: None,
        };
        mark(&mut stored, near);
        let values = stored.values.values();
        let text = |v: &f32| {
            if v.is_nan() {
                '?'
            } else {
                (b'0' + (v / 20.0) as u8) as char
            }
        };
        values.iter().map(text).collect()
    }

    #[test]
    fn a_distance_of_zero_is_a_hole_of_any_size() {
        let picture = "5500 5500 5505";
        assert_eq!(marked(picture, Sample::Bits16, Near::Dark), "55??55??55?5");
        assert_eq!(marked(picture, Sample::Float, Near::Dark), "55??55??55?5");
    }

    #[test]
    fn a_large_dark_background_stays() {
        let picture = "5500 5500 5505";
        for sample in [Sample::Bits8, Sample::Bits16, Sample::Float] {
            assert_eq!(marked(picture, sample, Near::Bright), "550055005505");
        }
    }

    #[test]
    fn a_speck_of_zero_is_a_hole_and_an_honest_valley_is_not() {
        // 99 values of 100 at 100, one zero: 1 per cent of the map.
        let mut values = vec![100.0; 100];
        values[45] = 0.0;
        for (beside, hole) in [(100.0, true), (5.0, false)] {
            values[46] = beside;
            let values = Grid::from_values(10, 10, values.clone()).unwrap();
            let mut stored = Stored {
                values,
                sample: Sample::Bits8,
                kind: None,
            };
            mark(&mut stored, Near::Bright);
            assert_eq!(stored.values.at(5, 4).is_nan(), hole);
        }
    }

    #[test]
    fn negative_distances_and_infinities_are_holes() {
        let values = vec![2.0, 3.0, -1.0, f32::INFINITY, 4.0, f32::NAN];
        let values = Grid::from_values(6, 1, values).unwrap();
        let mut stored = Stored {
            values,
            sample: Sample::Float,
            kind: None,
        };
        assert_eq!(mark(&mut stored, Near::Dark), 0.5);
        assert!(stored.values.at(2, 0).is_nan());
    }
}
