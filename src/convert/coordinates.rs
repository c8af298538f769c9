//! What the numbers of a file mean: unit and frame. The library itself knows millimetres in the
//! portrait frame alone; this is the door for files that have others.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::{Cloud, decimal};
use crate::machine::Units;

/// Where a file counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFrame {
    /// x right, y up, z toward the viewer, origin at the blank's centre.
    #[default]
    Portrait,
    /// The blank lies on its back on the machine's bed: x right, y to the back, z up toward the
    /// laser, origin on the bed below the blank's centre. The axes are those of the portrait; z is
    /// larger by half the thickness.
    Bed,
}

/// What the numbers of a file mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coordinates {
    /// Where they count from.
    pub frame: FileFrame,
    /// What they count.
    pub units: Units,
}

impl Coordinates {
    /// What a file with these says of its numbers, where its format has room: unit and frame.
    #[must_use]
    pub fn statement(self) -> [String; 2] {
        let units = match self.units {
            Units::Mm => "millimetres",
            Units::Um => "micrometres",
            Units::In => "inches",
        };
        let frame = match self.frame {
            FileFrame::Portrait => {
                "x right, y up, z toward the viewer, origin at the centre of the blank"
            }
            FileFrame::Bed => {
                "bed: x right, y to the back, z up toward the laser, origin on the bed below the \
                 centre of the blank"
            }
        };
        [format!("units {units}"), format!("frame {frame}")]
    }

    /// A file's numbers as millimetres in the portrait frame of a blank of this thickness.
    #[must_use]
    pub fn to_portrait(self, cloud: &Cloud, thickness_mm: f64) -> Cloud {
        let (scale, lift_mm) = (1.0 / self.units.per_mm(), self.lift_mm(thickness_mm));
        self.mapped(cloud, |[x, y, z]| {
            [x * scale, y * scale, z * scale - lift_mm]
        })
    }

    /// Millimetres in the portrait frame as the file's numbers.
    #[must_use]
    pub fn from_portrait(self, cloud: &Cloud, thickness_mm: f64) -> Cloud {
        let (scale, lift_mm) = (self.units.per_mm(), self.lift_mm(thickness_mm));
        self.mapped(cloud, |[x, y, z]| {
            [x * scale, y * scale, (z + lift_mm) * scale]
        })
    }

    pub(super) fn lift_mm(self, thickness_mm: f64) -> f64 {
        match self.frame {
            FileFrame::Portrait => 0.0,
            FileFrame::Bed => thickness_mm / 2.0,
        }
    }

    /// Nothing is touched where nothing changes.
    fn mapped(self, cloud: &Cloud, change: impl Fn([f64; 3]) -> [f64; 3] + Sync) -> Cloud {
        if self == Self::default() {
            return cloud.clone();
        }
        let turn = |index: usize| {
            let [x, y, z] = change(cloud.point(index).map(decimal)).map(|value| value as f32);
            (x, (y, z))
        };
        let (x, (y, z)) = (0..cloud.len()).into_par_iter().map(turn).unzip();
        Cloud::from_arrays(x, y, z).expect("as many as before")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bed_counts_from_below_the_blank() {
        let mut cloud = Cloud::default();
        cloud.push([25.4, -50.8, 0.4]);
        let bed = Coordinates {
            frame: FileFrame::Bed,
            units: Units::Mm,
        };
        assert_eq!(bed.from_portrait(&cloud, 10.0).point(0), [25.4, -50.8, 5.4]);
        let inches = Coordinates {
            units: Units::In,
            ..bed
        };
        let written = inches.from_portrait(&cloud, 50.0);
        assert_eq!(written.point(0), [1.0, -2.0, 1.0]);
        assert_eq!(inches.to_portrait(&written, 50.0), cloud);
    }

    #[test]
    fn points_on_a_grid_stay_on_it() {
        let mut cloud = Cloud::default();
        for i in -9000..9000_i16 {
            cloud.push([1.0, 10.0, 100.0].map(|n| (f64::from(i) / 1000.0 * n) as f32));
        }
        let bed = Coordinates {
            frame: FileFrame::Bed,
            units: Units::Mm,
        };
        let there = bed.from_portrait(&cloud, 47.3);
        assert_eq!(bed.to_portrait(&there, 47.3), cloud);
        let z = |i: usize| there.z_mm()[i];
        assert_eq!([z(0), z(1)], [-876.35, -876.25]);
    }

    #[test]
    fn plain_coordinates_are_left_alone() {
        let mut cloud = Cloud::default();
        cloud.push([0.1, f32::MIN_POSITIVE, 1e30]);
        assert_eq!(Coordinates::default().to_portrait(&cloud, 7.0), cloud);
    }
}
