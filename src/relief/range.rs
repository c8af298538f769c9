//! The range of a depth map, found so that stray values do not eat the relief's depth.

use crate::grid::Grid;

/// Part of the pixels at each end whose values may be strays.
const STRAY_SHARE: f64 = 0.01;

/// How far beyond the rest such values are still believed, as a fraction of the rest's range. A
/// nose is a hundredth of a portrait and stands out by a tenth; a wrong speck stands out by more
/// than all.
const BELIEVED: f32 = 0.25;

/// From the farthest to the nearest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    far: f32,
    near: f32,
}

impl Range {
    /// The range of the known values, where `seen` if given.
    pub(super) fn of(map: &Grid<f32>, seen: Option<&Grid<bool>>) -> Self {
        // 500,000 values settle a hundredth to a thousandth of it.
        let stride = map.values().len().div_ceil(500_000);
        let visible = |index: &usize| seen.is_none_or(|seen| seen.values()[*index]);
        let indices = (0..map.values().len()).step_by(stride).filter(visible);
        let known = indices.map(|index| map.values()[index]);
        let mut values: Vec<f32> = known.filter(|value| value.is_finite()).collect();
        if values.is_empty() {
            return Self {
                far: 0.0,
                near: 0.0,
            };
        }
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len() - 1;
        let stray = (last as f64 * STRAY_SHARE) as usize;
        let (low, high) = (values[stray], values[last - stray]);
        // Halves, so that the difference of huge values does not overflow.
        let slack = BELIEVED * (high / 2.0 - low / 2.0) * 2.0;
        Self {
            far: values[0].max(low - slack),
            near: values[last].min(high + slack),
        }
    }

    /// Whether there is nothing to tell near from far.
    pub(super) fn is_flat(self) -> bool {
        let size = self.far.abs().max(self.near.abs());
        // Single precision resolves 6e-8 of a value; a hundred times that is no depth.
        self.near / 2.0 - self.far / 2.0 <= size * 3e-6
    }

    /// 0 for the farthest, 1 for the nearest, strays held in between; 0 if flat.
    pub(super) fn fraction(self, value: f32) -> f32 {
        self.raw(value).clamp(0.0, 1.0)
    }

    /// As [`Range::fraction`], with strays held a little outside, NaN kept.
    pub(super) fn fraction_with_slack(self, value: f32) -> f32 {
        self.raw(value).clamp(-0.5, 1.5)
    }

    fn raw(self, value: f32) -> f32 {
        if self.is_flat() {
            return 0.0;
        }
        let (far, near) = (f64::from(self.far), f64::from(self.near));
        ((f64::from(value) - far) / (near - far)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strays_do_not_eat_the_range_and_a_nose_keeps_its_height() {
        let map = |odd: f32| {
            Grid::from_fn(100, 100, |column, row| match (column, row) {
                (40..44, 40..45) => odd,
                _ => column as f32 / 99.0,
            })
        };
        for odd in [50.0, f32::MAX, f32::INFINITY, f32::NAN] {
            let range = Range::of(&map(odd), None);
            assert!(range.near < 1.3 && range.far == 0.0, "{odd}: {range:?}");
        }
        assert_eq!(Range::of(&map(1.1), None).near, 1.1);
    }

    #[test]
    fn the_range_is_that_of_what_is_seen() {
        let map = Grid::from_fn(10, 10, |column, _| column as f32);
        let seen = Grid::from_fn(10, 10, |column, _| (3..6).contains(&column));
        assert_eq!(
            Range::of(&map, Some(&seen)),
            Range {
                far: 3.0,
                near: 5.0
            }
        );
    }

    #[test]
    fn odd_maps_are_flat() {
        for value in [0.0, 7.0, -1e30, f32::NAN, f32::INFINITY] {
            let range = Range::of(&Grid::filled(9, 9, value), None);
            assert!(range.is_flat());
            assert_eq!(range.fraction(7.0), 0.0);
        }
        let huge = Grid::from_fn(
            2,
            50,
            |column, _| if column == 0 { f32::MIN } else { f32::MAX },
        );
        let range = Range::of(&huge, None);
        assert_eq!((range.fraction(f32::MIN), range.fraction(0.0)), (0.0, 0.5));
    }
}
