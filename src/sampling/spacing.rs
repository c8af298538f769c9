//! The spacing rule on the file's grid: all coordinates are whole numbers of `precision_mm`.

use super::Spacing;

/// What binary single precision takes of a distance at most, mm, at coordinates up to [`FINER_TO_MM`]; beyond them it is
/// twice that.
///
/// Half the distance between neighbouring `f32` just below 128 mm, for two points, in a diagonal.
const SINGLE_PRECISION_ERROR_MM: f64 = 3.9e-6 * 2.0 * 1.5;

/// Up to here a step of single precision is 7.6e-6 mm.
const FINER_TO_MM: f64 = 128.0;

/// The least distance between points, in units of the file's grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    /// Least distance across the beam, units.
    pub(super) xy: f64,
    /// Least distance along the beam, units.
    pub(super) z: f64,
    /// What the scaled distance must reach: 1, or a little more where files round again.
    pub(super) least: f64,
    /// Side of a unit, mm.
    pub(super) unit_mm: f64,
}

impl Rule {
    pub(super) fn new(spacing: &Spacing) -> Self {
        let finest_mm = spacing.xy_mm.min(spacing.z_mm);
        let slack = match spacing.single_precision_to_mm {
            Some(largest_mm) if largest_mm > FINER_TO_MM => {
                2.0 * SINGLE_PRECISION_ERROR_MM / finest_mm
            }
            Some(_) => SINGLE_PRECISION_ERROR_MM / finest_mm,
            None => 0.0,
        };
        Self {
            xy: spacing.xy_mm / spacing.precision_mm,
            z: spacing.z_mm / spacing.precision_mm,
            least: 1.0 + slack,
            unit_mm: spacing.precision_mm,
        }
    }

    /// Whether two points this far apart, in units, may both stand.
    pub(super) fn keeps(&self, dx: i32, dy: i32, dz: i32) -> bool {
        let (dx, dy, dz) = (f64::from(dx), f64::from(dy), f64::from(dz));
        let scaled = (dx * dx + dy * dy) / (self.xy * self.xy) + dz * dz / (self.z * self.z);
        // The last digits of the divisions must not forbid what is exactly the spacing.
        scaled >= self.least * self.least - 1e-11
    }

    /// The least squared distance, in squared units, of two points in one plane across the beam.
    pub(super) fn least_squared_xy(&self) -> i64 {
        ((self.xy * self.least).powi(2) - 1e-6).ceil() as i64
    }

    /// The least whole number of units between two layers whose points move freely, each by up to
    /// `jitter` units along z.
    pub(super) fn layer_pitch(&self, jitter: i32) -> i32 {
        (self.z * self.least - 1e-9).ceil() as i32 + 2 * jitter
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pairs_that_may_stand_keep_the_spacing_as_single_precision_has_them(
            largest_mm in prop_oneof![Just(60.0), Just(128.0), Just(150.0)],
            place in (0.0..1.0f64, -1.0..1.0f64),
            xy_mm in prop_oneof![Just(0.08), Just(0.5)],
        ) {
            let spacing = Spacing {
                xy_mm,
                z_mm: xy_mm,
                precision_mm: 0.001,
                single_precision_to_mm: Some(largest_mm),
            };
            let rule = Rule::new(&spacing);
            // Near the rim, where steps are widest.
            let unit = |share: f64| ((largest_mm - 1.0 - share.abs()) * 1000.0) as i32;
            let (x, y) = (unit(place.0), unit(place.1));
            let single = |unit: i32| f64::from((f64::from(unit) / 1000.0) as f32);
            let side = (xy_mm * 1000.0) as i32 + 2;
            let pairs = (0..side).flat_map(|dx| (0..side).map(move |dy| (dx, dy)));
            // The nearest that may stand.
            for (dx, dy) in pairs.filter(|&(dx, dy)| rule.keeps(dx, dy, 0) && !rule.keeps(dx - 1, dy, 0)) {
                let away = [(x, dx), (y, dy)].map(|(at, by)| single(at + by) - single(at));
                prop_assert!(away[0].hypot(away[1]) >= xy_mm, "{x} {y} {dx} {dy}");
            }
        }
    }
}
