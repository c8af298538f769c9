//! The spacing rule on the file's grid: all coordinates are whole numbers of `precision_mm`.

use super::Spacing;

/// Coordinates up to this many mm keep their distances in a file of binary single precision.
///
/// Half the distance between neighbouring `f32` just below 128 mm, for two points, in a diagonal.
const SINGLE_PRECISION_ERROR_MM: f64 = 3.9e-6 * 2.0 * 1.5;

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
        let slack = if spacing.single_precision {
            SINGLE_PRECISION_ERROR_MM / finest_mm
        } else {
            0.0
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
