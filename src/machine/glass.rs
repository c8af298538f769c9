//! Refraction: the index of N-BK7, the glass that K9 copies.
//!
//! # Source
//!
//! Schott, optical glass data sheet N-BK7 517642.251: coefficients of the Sellmeier formula.

/// Wavelengths for which the coefficients of N-BK7 hold, nm.
pub const N_BK7_RANGE_NM: [f64; 2] = [310.0, 2325.0];

/// `B` and `C` (square micrometres) of the Sellmeier formula of N-BK7.
const N_BK7: [(f64, f64); 3] = [
    (1.039_612_12, 0.006_000_698_67),
    (0.231_792_344, 0.020_017_914_4),
    (1.010_469_45, 103.560_653),
];

/// Index of refraction of N-BK7 at a wavelength in [`N_BK7_RANGE_NM`].
#[must_use]
pub fn n_bk7_index(wavelength_nm: f64) -> f64 {
    let square = (wavelength_nm / 1000.0).powi(2);
    let sum: f64 = N_BK7.iter().map(|(b, c)| b * square / (square - c)).sum();
    (1.0 + sum).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_bk7_has_the_published_index() {
        // Half of the last digit given.
        for (wavelength_nm, index) in [(355.0, 1.53815), (532.0, 1.51947), (1064.0, 1.50663)] {
            assert!((n_bk7_index(wavelength_nm) - index).abs() < 5.1e-6);
        }
    }
}
