//! The points of a cloud that do not lie deep enough inside a blank.

use rayon::prelude::*;

use super::{Blank, CHUNK};
use crate::cloud::Cloud;

/// A point that lies nearer to the surface than it may.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shallow {
    /// Its place in the cloud, from 0.
    pub index: u32,
    /// Its clearance, mm: negative outside the blank, minus infinity where it is not finite.
    pub clearance_mm: f64,
}

impl Blank {
    /// The points whose clearance is below `least_mm`, in the order of the cloud.
    ///
    /// Costs what [`Blank::least_clearance_mm`] does, and 30 ns to 1 us more for each point found.
    #[must_use]
    pub fn shallower_than(&self, least_mm: f64, cloud: &Cloud) -> Vec<Shallow> {
        let chunks: Vec<Vec<Shallow>> = (0..cloud.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut found = Vec::new();
                for index in chunk * CHUNK..cloud.len().min((chunk + 1) * CHUNK) {
                    let point = cloud.point(index).map(f64::from);
                    let finite = point.iter().all(|value| value.is_finite());
                    if finite && self.solid.clearance_floor_mm(point) >= least_mm {
                        continue;
                    }
                    let clearance_mm = self.clearance_mm(point);
                    if clearance_mm < least_mm {
                        let index = index as u32;
                        found.push(Shallow {
                            index,
                            clearance_mm,
                        });
                    }
                }
                found
            })
            .collect();
        chunks.concat()
    }

    /// Whether a point keeps the blank's border: the room to the bounding box that its definition
    /// asks for beside the margin.
    #[must_use]
    pub fn keeps_border(&self, point_mm: [f64; 3]) -> bool {
        let (low, high) = self.solid.bounds();
        // A hundredth of what the coarsest file resolves, for points in single precision.
        const ROUNDING_MM: f64 = 1e-4;
        (0..3).all(|axis| {
            let border_mm = self.border_mm[axis] - ROUNDING_MM;
            border_mm <= 0.0
                || (point_mm[axis] >= low[axis] + border_mm
                    && point_mm[axis] <= high[axis] - border_mm)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::settings::BlankSettings;

    #[test]
    fn exactly_the_points_above_the_limit_are_found() {
        for name in ["heart-30", "disc-40x10", "block-30x30x12"] {
            let blank = Blank::find(&BlankSettings {
                name: name.to_owned(),
                ..BlankSettings::default()
            })
            .unwrap();
            let mut cloud = Cloud::default();
            for i in 0..20_000 {
                cloud.push([1, 2, 3].map(|axis| 40.0 * (random::unit(axis, i) - 0.5)));
            }
            cloud.push([0.0, f32::NAN, 0.0]);
            let found = blank.shallower_than(2.0, &cloud);
            let slow: Vec<Shallow> = (0..cloud.len())
                .map(|index| Shallow {
                    index: index as u32,
                    clearance_mm: blank.clearance_mm(cloud.point(index).map(f64::from)),
                })
                .filter(|shallow| shallow.clearance_mm < 2.0)
                .collect();
            assert_eq!(found, slow, "{name}");
            assert!(found.len() > 1000);
        }
    }

    #[test]
    fn a_border_is_counted_from_the_bounding_box() {
        let mut blank = Blank::find(&BlankSettings {
            name: "block-30x40x20".to_owned(),
            ..BlankSettings::default()
        })
        .unwrap();
        blank.border_mm = [5.0, 0.0, 2.0];
        assert!(blank.keeps_border([-10.0, 19.9, 8.0]));
        assert!(!blank.keeps_border([-10.1, 0.0, 0.0]));
        assert!(!blank.keeps_border([0.0, 0.0, 8.1]));
    }
}
