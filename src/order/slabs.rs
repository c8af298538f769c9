//! Slabs: slices of depth across the beam, and the sorting of points into them.

use rayon::prelude::*;

use crate::rows::Rows;

/// Slices of depth of equal thickness; slab `k` holds z in `k * thickness .. (k + 1) * thickness`,
/// the lower end included.
///
/// # Guarantees
///
/// - A point that a file's rounding moves by less than half a micrometre stays in its slab: the
///   borders lie half a micrometre below the multiples of the thickness, between the values that a
///   file with three decimals can hold. Without that, layers at 0.09, 0.18, 0.27 ... mm would fall
///   to either side by the rounding of `f32`, and two layers could share a slab.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slabs {
    thickness_mm: f64,
}

/// How far borders lie below the multiples of the thickness.
const BORDER_SHIFT_MM: f64 = 0.0005;

/// Thinner slabs would hold a fraction of a file's finest step.
const THINNEST_MM: f64 = 0.001;

impl Slabs {
    /// Slabs of a thickness; below 0.001 mm (or not a number) it is 0.001 mm.
    #[must_use]
    pub fn new(thickness_mm: f64) -> Self {
        Self {
            thickness_mm: thickness_mm.max(THINNEST_MM),
        }
    }

    /// The slab of a point at depth `z_mm`.
    #[must_use]
    pub fn of(self, z_mm: f32) -> i32 {
        let slab = (f64::from(z_mm) + BORDER_SHIFT_MM) / self.thickness_mm;
        // The next whole number below; `floor` is a call where processors may lack it.
        let toward_zero = slab as i32;
        toward_zero.saturating_sub(i32::from(f64::from(toward_zero) > slab))
    }

    /// Indices of all points, deepest slab first and in their old order within a slab, and where
    /// each slab that holds points starts (and the last ends).
    pub(super) fn sorted(self, z_mm: &[f32]) -> (Vec<u32>, Vec<usize>) {
        let slabs: Vec<i32> = z_mm.par_iter().map(|&z| self.of(z)).collect();
        let Some(least) = slabs.par_iter().copied().min() else {
            return (Vec::new(), vec![0]);
        };
        let most = slabs.par_iter().copied().max().unwrap_or(least);
        let span = i64::from(most) - i64::from(least) + 1;
        if span > MOST_COUNTED {
            return by_comparison(&slabs);
        }
        by_counting(&slabs, least, span as usize)
    }
}

/// Slabs that are sorted by counting, at most.
const MOST_COUNTED: i64 = 1 << 12;

/// For few slabs: linear in points.
fn by_counting(slabs: &[i32], least: i32, span: usize) -> (Vec<u32>, Vec<usize>) {
    let slab = |index: usize| (index as u32, (slabs[index] - least) as usize);
    let (order, mut starts) = Rows::new(slabs.len(), span, slab).joined();
    starts.dedup();
    (order, starts)
}

/// For any number of slabs.
fn by_comparison(slabs: &[i32]) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<u32> = (0..slabs.len() as u32).collect();
    order.par_sort_by_key(|&index| slabs[index as usize]);
    let mut starts = vec![0];
    for (place, pair) in order.windows(2).enumerate() {
        if slabs[pair[0] as usize] != slabs[pair[1] as usize] {
            starts.push(place + 1);
        }
    }
    starts.push(order.len());
    (order, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_at_multiples_of_the_thickness_have_a_slab_each() {
        for thickness_mm in [0.03, 0.07, 0.09, 0.1] {
            let slabs = Slabs::new(thickness_mm);
            for layer in -600..600i16 {
                let z_mm = (f64::from(layer) * thickness_mm) as f32;
                let stepwise_mm = f32::from(layer) * thickness_mm as f32;
                assert_eq!(slabs.of(z_mm), i32::from(layer), "{thickness_mm}");
                assert_eq!(slabs.of(stepwise_mm), i32::from(layer), "{thickness_mm}");
            }
        }
    }

    #[test]
    fn slabs_begin_at_their_lower_end() {
        let slabs = Slabs::new(1.0);
        for z_mm in [-2.5_f32, -1.0, -0.25, 0.0, 0.5, 3.0, 3.75] {
            assert_eq!(slabs.of(z_mm), (z_mm + 0.0005).floor() as i32);
        }
        let far = [-1e30_f32, 1e30, f32::NAN].map(|z_mm| slabs.of(z_mm));
        assert_eq!(far, [i32::MIN, i32::MAX, 0]);
    }

    #[test]
    fn both_ways_of_sorting_agree() {
        let slabs: Vec<i32> = (0..500).map(|i| (i * 7919) % 83 - 40).collect();
        let (order, starts) = by_counting(&slabs, -40, 83);
        assert_eq!((order, starts), by_comparison(&slabs));
    }
}
