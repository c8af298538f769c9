//! Into a blank: which scale, and which points lie in its safe volume.

use rayon::prelude::*;

use crate::blank::{Beam, Blank, SafeVolume};
use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::machine::Machine;

/// Halvings of the range of scales: a millionth of it.
const HALVINGS: u32 = 20;

/// Clearance that may be missing: the last digits of coordinates in single precision, mm.
const ROUNDING_MM: f64 = 1e-5;

/// How a cloud was fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fitted {
    /// Factor on all coordinates.
    pub(super) scale: f64,
    /// What is added after that, mm.
    pub(super) shift_mm: [f64; 3],
}

impl Fitted {
    /// The cloud scaled and shifted.
    pub(super) fn apply(&self, cloud: &Cloud) -> Cloud {
        let values = |values: &[f32], axis: usize| -> Vec<f32> {
            values
                .par_iter()
                .map(|&value| (f64::from(value) * self.scale + self.shift_mm[axis]) as f32)
                .collect()
        };
        let (x, y, z) = (
            values(cloud.x_mm(), 0),
            values(cloud.y_mm(), 1),
            values(cloud.z_mm(), 2),
        );
        Cloud::from_arrays(x, y, z).expect("as many as before")
    }
}

/// The part of the blank that the machine may etch.
pub(super) fn safe_volume(blank: &Blank, machine: &Machine) -> Result<SafeVolume> {
    match Beam::new(machine.numerical_aperture, machine.refractive_index()) {
        Some(beam) => blank.safe_volume_for(&beam),
        None => blank.safe_volume(),
    }
}

/// The largest scale at which all points lie in the volume when the middle of their box stands in
/// the middle of the volume's; in a solid that bulges inward it may stand for less than it could.
///
/// `guard_mm` is kept free for the rounding of the file.
pub(super) fn fit(cloud: &Cloud, volume: &SafeVolume, guard_mm: f64) -> Result<Fitted> {
    let Some((least, most)) = cloud.bounds() else {
        return Ok(Fitted {
            scale: 1.0,
            shift_mm: [0.0; 3],
        });
    };
    let middle = |axis: usize| (f64::from(least[axis]) + f64::from(most[axis])) / 2.0;
    let [x0, y0, x1, y1] = volume.bounds_mm();
    let centre = [(x0 + x1) / 2.0, (y0 + y1) / 2.0];
    let (z0, z1) = (
        f64::from(volume.z_min_mm.at_mm(centre[0], centre[1])),
        f64::from(volume.z_max_mm.at_mm(centre[0], centre[1])),
    );
    let room = [x1 - x0, y1 - y0, z1 - z0];
    let centre = [centre[0], centre[1], (z0 + z1) / 2.0];
    let scaled = |scale: f64| Fitted {
        scale,
        shift_mm: [0, 1, 2].map(|axis| centre[axis] - scale * middle(axis)),
    };
    let inside = |scale: f64| {
        let fitted = scaled(scale);
        (0..cloud.len()).into_par_iter().all(|index| {
            let point = cloud.point(index).map(f64::from);
            let [x, y, z] = [0, 1, 2].map(|axis| point[axis] * scale + fitted.shift_mm[axis]);
            stands(volume, [x, y, z], guard_mm)
        })
    };
    let extent = |axis: usize| f64::from(most[axis]) - f64::from(least[axis]);
    let widest = (0..3)
        .map(|axis| room[axis] / extent(axis))
        .filter(|scale| scale.is_finite())
        .fold(f64::INFINITY, f64::min);
    // A single point has no size that could be scaled.
    let (mut low, mut high) = (0.0, if widest.is_finite() { widest } else { 1.0 });
    if inside(high) {
        return Ok(scaled(high));
    }
    for _ in 0..HALVINGS {
        let half = (low + high) / 2.0;
        if inside(half) {
            low = half;
        } else {
            high = half;
        }
    }
    if low > 0.0 {
        Ok(scaled(low))
    } else {
        Err(Error::setting(
            "--fit",
            &"the points",
            "do not fit into the crystal at any scale: its middle is not safe",
            "choose another --blank, or lower --margin",
        ))
    }
}

/// Whether a point lies in the volume, and keeps this distance to its borders.
pub(super) fn stands(volume: &SafeVolume, [x, y, z]: [f64; 3], guard_mm: f64) -> bool {
    f64::from(volume.inset_mm.at_mm(x, y)) >= guard_mm
        && z >= f64::from(volume.z_min_mm.at_mm(x, y)) + guard_mm
        && z <= f64::from(volume.z_max_mm.at_mm(x, y)) - guard_mm
}

/// The places of the points that keep margin and border and are in the beam's reach, in rising
/// order.
pub(super) fn safe_points(cloud: &Cloud, blank: &Blank, machine: &Machine) -> Vec<u32> {
    let mut safe = vec![true; cloud.len()];
    for shallow in blank.shallower_than(blank.margin_mm - ROUNDING_MM, cloud) {
        safe[shallow.index as usize] = false;
    }
    if let Some(beam) = Beam::new(machine.numerical_aperture, machine.refractive_index()) {
        let reached = blank.reached(&beam, cloud);
        for (safe, reached) in safe.iter_mut().zip(reached) {
            *safe &= reached;
        }
    }
    (0..cloud.len() as u32)
        .filter(|&index| {
            let point = cloud.point(index as usize).map(f64::from);
            safe[index as usize] && blank.keeps_border(point)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::settings::BlankSettings;

    fn parts(name: &str) -> (Blank, Machine) {
        let blank = Blank::find(&BlankSettings {
            name: name.to_owned(),
            ..BlankSettings::default()
        });
        (blank.unwrap(), Machine::find("green-532").unwrap())
    }

    fn ball(count: u64, radius: f32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            let point = [1, 2, 3].map(|axis| 2.0 * random::unit(axis, i) - 1.0);
            if point.iter().map(|value| value * value).sum::<f32>() <= 1.0 {
                let [x, y, z] = point.map(|value| radius * value);
                cloud.push([x + 100.0, y, z - 7.0]);
            }
        }
        cloud
    }

    #[test]
    fn a_fitted_cloud_is_safe_and_no_smaller_than_needed() {
        for name in ["heart-30", "heart-80x70x40", "disc-40x10", "block-50x50x80"] {
            let (blank, machine) = parts(name);
            let volume = safe_volume(&blank, &machine).unwrap();
            for radius in [0.5, 5.0, 500.0] {
                let cloud = ball(20_000, radius);
                let fitted = fit(&cloud, &volume, 0.0).unwrap();
                let inside = fitted.apply(&cloud);
                let safe = safe_points(&inside, &blank, &machine).len();
                assert_eq!(safe, cloud.len(), "{name} {radius}");
                let larger = Fitted {
                    scale: 1.002 * fitted.scale,
                    shift_mm: [0, 1, 2].map(|axis| {
                        let middle = [100.0, 0.0, -7.0][axis];
                        fitted.shift_mm[axis] - 0.002 * fitted.scale * middle
                    }),
                };
                let outside = larger.apply(&cloud);
                assert!(safe_points(&outside, &blank, &machine).len() < cloud.len());
            }
        }
    }

    #[test]
    fn one_point_goes_to_the_middle() {
        let (blank, machine) = parts("heart-30");
        let volume = safe_volume(&blank, &machine).unwrap();
        let mut cloud = Cloud::default();
        cloud.push([50.0, 50.0, 50.0]);
        let fitted = fit(&cloud, &volume, 0.0).unwrap();
        assert_eq!(fitted.scale, 1.0);
        assert_eq!(safe_points(&fitted.apply(&cloud), &blank, &machine), [0]);
        assert!(fit(&Cloud::default(), &volume, 0.0).is_ok());
    }
}
