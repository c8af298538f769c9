//! Rounding to the nearest whole number, halves to even, by an addition and a subtraction: numbers of
//! 1.5 times 2^23 (2^52 in double precision) have no fractions. Processors without an instruction for it
//! do that several times faster, and several values at a time.

/// Up to here `f32` holds every whole number.
pub(crate) const F32_COUNTS_TO: i32 = 1 << 24;

/// The nearest whole number to a value from -2^22 to 2^22.
#[inline]
pub(crate) fn nearest_f32(value: f32) -> f32 {
    const WHOLE: f32 = 12_582_912.0;
    (value + WHOLE) - WHOLE
}

/// The nearest whole number to a value from -2^51 to 2^51.
#[inline]
pub(crate) fn nearest_f64(value: f64) -> f64 {
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    (value + WHOLE) - WHOLE
}

/// The nearest whole number to a value from 0 to 2^23 - 1: the last bits of what has no fractions.
#[inline]
pub(crate) fn nearest_u32(value: f32) -> u32 {
    const WHOLE: f32 = 8_388_608.0;
    (value + WHOLE).to_bits() & 0x7f_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_whole_number() {
        for value in [
            -2.5_f32,
            -2.0,
            -1.6,
            -0.25,
            0.0,
            0.25,
            0.5,
            1.0,
            1.5,
            1.75,
            1e6,
            4_194_303.5,
        ] {
            assert_eq!(nearest_f32(value), value.round_ties_even());
            assert_eq!(
                nearest_f64(value.into()),
                f64::from(value).round_ties_even()
            );
        }
        assert_eq!(
            nearest_f64(2_251_799_813_685_246.5),
            2_251_799_813_685_246.0
        );
    }

    #[test]
    fn the_nearest_number_to_count_with() {
        for value in [0, 1, 2, 255, 65_535, 8_388_607] {
            assert_eq!(nearest_u32(value as f32), value);
        }
        assert_eq!([0.4, 0.6, 1.5, 2.5].map(nearest_u32), [0, 1, 2, 2]);
    }
}
