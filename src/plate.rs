//! A plate: what one exposure shows. Photos, text and frames are plates.

use crate::grid::Raster;
use crate::tone::ToneMap;

/// Tone map, relief and layers of one exposure.
#[derive(Clone, Debug)]
pub struct Plate {
    /// What the viewer sees: the fraction of the largest density.
    pub tone: ToneMap,
    /// Where the front layer stands.
    pub surface: Surface,
    /// How many layers lie behind one another, at least 1.
    pub layers: u32,
}

/// Where the front layer of a plate stands; the others lie behind it (-z).
#[derive(Clone, Debug)]
pub enum Surface {
    /// A plane at this z, mm.
    Flat(f32),
    /// A relief: z in mm over the front plane, bilinear between pixel centres.
    Relief(Raster),
}

impl Surface {
    /// The z of the front layer at a point, mm.
    #[must_use]
    pub fn z_mm(&self, x_mm: f64, y_mm: f64) -> f32 {
        match self {
            Self::Flat(z_mm) => *z_mm,
            Self::Relief(raster) => raster.at_mm(x_mm, y_mm),
        }
    }
}
