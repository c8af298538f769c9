//! Into a blank: which place and scale, and which points lie in its safe volume.

use rayon::prelude::*;

use super::placing::Search;
use crate::blank::{Blank, SafeVolume};
use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::machine::Machine;

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

/// Scale and place at which a cloud is as large as the volume allows, and in the middle of the room
/// that is left there.
///
/// `guard_mm` is kept free for the rounding of the file. Not promised: the largest scale of all in
/// a volume of many lobes; it is never less than with the middle of the cloud's box in the middle
/// of the volume's.
pub(super) fn fit(cloud: &Cloud, volume: &SafeVolume, guard_mm: f64) -> Result<Fitted> {
    let Some((least, most)) = cloud.bounds() else {
        return Ok(Fitted {
            scale: 1.0,
            shift_mm: [0.0; 3],
        });
    };
    let [least, most] = [least, most].map(|corner| corner.map(f64::from));
    let middle = [0, 1, 2].map(|axis| (least[axis] + most[axis]) / 2.0);
    let extent = [0, 1, 2].map(|axis| most[axis] - least[axis]);
    let points: Vec<[f64; 3]> = (0..cloud.len())
        .into_par_iter()
        .map(|index| {
            let point = cloud.point(index).map(f64::from);
            [0, 1, 2].map(|axis| point[axis] - middle[axis])
        })
        .collect();
    let placed = Search::new(volume, guard_mm, extent).place(&points);
    let Some((placing, z_mm)) = placed else {
        return Err(Error::setting(
            "--fit",
            &"the points",
            "do not fit into the crystal at any scale",
            "choose another --blank, or lower --margin",
        ));
    };
    let scale = placing.scale;
    let [x_mm, y_mm] = placing.centre_mm;
    let centre = [x_mm, y_mm, z_mm];
    Ok(Fitted {
        scale,
        shift_mm: [0, 1, 2].map(|axis| centre[axis] - scale * middle[axis]),
    })
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
    if let Some(beam) = machine.beam() {
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
            let volume = machine.safe_volume(&blank).unwrap();
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

    /// What was done before places were searched: the largest scale with the middle of the cloud's
    /// box in the middle of the volume's.
    fn scale_by_the_box(cloud: &Cloud, volume: &SafeVolume) -> f64 {
        let (least, most) = cloud.bounds().unwrap();
        let middle = [0, 1, 2].map(|axis| f64::from(least[axis] + most[axis]) / 2.0);
        let [x0, y0, x1, y1] = volume.bounds_mm();
        let [x, y] = [(x0 + x1) / 2.0, (y0 + y1) / 2.0];
        let z = f64::from(volume.z_min_mm.at_mm(x, y) + volume.z_max_mm.at_mm(x, y)) / 2.0;
        let fits = |scale: f64| {
            cloud.points().all(|point| {
                let [a, b, c] =
                    [0, 1, 2].map(|axis| (f64::from(point[axis]) - middle[axis]) * scale);
                stands(volume, [a + x, b + y, c + z], 0.0)
            })
        };
        let (mut low, mut high) = (0.0, 1e3);
        for _ in 0..40 {
            let half = (low + high) / 2.0;
            if fits(half) {
                low = half;
            } else {
                high = half;
            }
        }
        low
    }

    /// A flat ring, or a disc where the inner radius is 0, around (7, -3).
    fn ring(inner: f64, outer: f64) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..20_000 {
            let [u, v, w] = [4, 5, 6].map(|axis| f64::from(random::unit(axis, i)));
            let radius = (inner * inner + u * (outer * outer - inner * inner)).sqrt();
            let (sine, cosine) = (v * std::f64::consts::TAU).sin_cos();
            let point = [7.0 + radius * cosine, radius * sine - 3.0, 0.1 * outer * w];
            cloud.push(point.map(|value| value as f32));
        }
        cloud
    }

    #[test]
    fn no_cloud_is_smaller_than_in_the_middle_and_a_disc_in_a_heart_is_larger() {
        for name in [
            "heart-20",
            "heart-30",
            "heart-80x70x40",
            "disc-40x10",
            "block-50x50x80",
        ] {
            let (blank, machine) = parts(name);
            let volume = machine.safe_volume(&blank).unwrap();
            for cloud in [ring(0.0, 8.0), ring(5.0, 6.0), ball(20_000, 3.0)] {
                let fitted = fit(&cloud, &volume, 0.0).unwrap();
                let by_the_box = scale_by_the_box(&cloud, &volume);
                // Both halve an interval until the rest is a millionth.
                assert!(
                    fitted.scale >= by_the_box * (1.0 - 1e-5),
                    "{name}: {} {by_the_box}",
                    fitted.scale
                );
                let inside = fitted.apply(&cloud);
                assert_eq!(safe_points(&inside, &blank, &machine).len(), cloud.len());
            }
        }
        // The widest place of a heart is above its middle.
        let (blank, machine) = parts("heart-30");
        let volume = machine.safe_volume(&blank).unwrap();
        let disc = ring(0.0, 8.0);
        let scale = fit(&disc, &volume, 0.0).unwrap().scale;
        assert!(scale > 1.1 * scale_by_the_box(&disc, &volume), "{scale}");
    }

    #[test]
    fn a_ring_goes_around_a_hole_where_that_is_larger() {
        let frame = crate::grid::Frame {
            x_min_mm: -20.0,
            y_max_mm: 20.0,
            mm_per_px: 0.05,
        };
        // A disc of 18 mm with a hole of 3 mm off its middle.
        let inset = crate::grid::Grid::from_fn(800, 800, |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            (18.0 - x.hypot(y)).min((x - 1.0).hypot(y + 2.0) - 3.0) as f32
        });
        let volume = SafeVolume {
            inset_mm: crate::grid::Raster { frame, grid: inset },
            z_min_mm: crate::blank::Bound::Constant(-4.0),
            z_max_mm: crate::blank::Bound::Constant(4.0),
        };
        let cloud = ring(9.5, 10.0);
        let fitted = fit(&cloud, &volume, 0.0).unwrap();
        assert!((fitted.scale - 1.8).abs() < 0.003, "{fitted:?}");
        let full = ring(0.0, 10.0);
        let fitted = fit(&full, &volume, 0.0).unwrap();
        // Between the hole and the rim, opposite to where the hole is off the middle:
        // (18 + sqrt(5) - 3) / 2.
        let best = (15.0 + 5.0_f64.sqrt()) / 20.0;
        // The rim of the cloud has gaps of a hundredth of its width.
        let range = best - 0.001..best * 1.01;
        assert!(range.contains(&fitted.scale), "{fitted:?} {best}");
    }

    #[test]
    fn the_place_does_not_depend_on_threads() {
        let (blank, machine) = parts("heart-30");
        let volume = machine.safe_volume(&blank).unwrap();
        let cloud = ring(2.0, 8.0);
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| fit(&cloud, &volume, 0.0).unwrap())
        });
        assert_eq!(one, three);
    }

    #[test]
    fn room_that_is_left_is_shared() {
        let (blank, machine) = parts("block-50x50x80");
        let volume = machine.safe_volume(&blank).unwrap();
        let mut cloud = Cloud::default();
        for x in [0.0, 10.0] {
            for (y, z) in [(0.0, 0.0), (2.0, 1.0)] {
                cloud.push([x, y, z]);
            }
        }
        let inside = fit(&cloud, &volume, 0.0).unwrap().apply(&cloud);
        let (least, most) = inside.bounds().unwrap();
        // The cone of light leaves less room at the back: the middle along z lies in front.
        for axis in [0, 1] {
            assert!(
                (least[axis] + most[axis]).abs() < 1e-3,
                "{least:?} {most:?}"
            );
        }
    }

    #[test]
    fn one_point_goes_to_the_middle() {
        let (blank, machine) = parts("heart-30");
        let volume = machine.safe_volume(&blank).unwrap();
        let mut cloud = Cloud::default();
        cloud.push([50.0, 50.0, 50.0]);
        let fitted = fit(&cloud, &volume, 0.0).unwrap();
        assert_eq!(fitted.scale, 1.0);
        assert_eq!(safe_points(&fitted.apply(&cloud), &blank, &machine), [0]);
        assert!(fit(&Cloud::default(), &volume, 0.0).is_ok());
    }
}
