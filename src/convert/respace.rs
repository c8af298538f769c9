//! Makes the spacing of a cloud hold in the numbers of a file, moving and dropping few points.
//!
//! Everything happens on whole steps of the file's last decimal, so that what holds here holds in the
//! file. Points that stand too close form a graph; the points to be touched are a small cover of
//! its edges: after the neighbour of a point with one edge is taken (the best there is, and all
//! that chains and trees need), the one with the most edges. Each touched point then goes to the
//! nearest place at which it is far enough from all others, or is dropped where there is none
//! within reach. All others stay.
//!
//! Not promised: the least number. Finding it is as hard as finding the largest set of points that
//! may stay, which is not practical beyond some dozens.

use rayon::prelude::*;

use super::field::Field;
use super::reach::Reach;
use super::{Written, cover};
use crate::cloud::Cloud;
use crate::machine::Units;
use crate::spacing::neighbours;

/// A spacing to be kept, and where points may be moved.
pub(super) struct Respacing<'a> {
    /// The numbers of the file.
    pub(super) written: &'a Written,
    /// Least distance across the beam, mm.
    pub(super) xy_mm: f64,
    /// Least distance along the beam, mm.
    pub(super) z_mm: f64,
    /// Whether a place, mm in the portrait frame, lies where points should be: those that stand there
    /// stay there.
    pub(super) allowed: &'a (dyn Fn([f32; 3]) -> bool + Sync),
    /// Whether those that do not stand there have to go there as well.
    pub(super) strict: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Respaced {
    /// The points that are left, mm, in their old order.
    pub(super) cloud: Cloud,
    /// Their places in the old cloud.
    pub(super) kept: Vec<u32>,
    /// How far each point that was moved was moved, mm.
    pub(super) moved_mm: Vec<f64>,
    /// Points that were dropped.
    pub(super) dropped: u64,
}

/// A place in whole steps.
pub(super) type Steps = [i64; 3];

impl Respacing<'_> {
    /// The points on the steps of the file.
    pub(super) fn on_steps(&self, cloud: &Cloud) -> Cloud {
        let scale = Scale::new(self);
        let place = |index: usize| {
            let [x, y, z] = scale.to_mm(scale.to_steps(cloud.point(index)));
            (x, (y, z))
        };
        let (x, (y, z)) = (0..cloud.len()).into_par_iter().map(place).unzip();
        Cloud::from_arrays(x, y, z).expect("as many as before")
    }

    /// Respaces a cloud in millimetres of the portrait frame, all finite.
    pub(super) fn respace(&self, cloud: &Cloud) -> Respaced {
        let scale = Scale::new(self);
        let places: Vec<Steps> = (0..cloud.len())
            .into_par_iter()
            .map(|index| scale.to_steps(cloud.point(index)))
            .collect();
        let close = scale.close(&places);
        let touched = cover::cover(&close, &scale, &places);
        let field = Field::new(&scale, &places, &touched);
        let allowed = |from: Steps, to: Steps| {
            let bound = self.strict || (self.allowed)(scale.to_mm(from));
            !bound || (self.allowed)(scale.to_mm(to))
        };
        let settled = field.settled(&Reach::new(&scale), &allowed);
        let mut out = Respaced::default();
        for &index in &touched {
            let from = places[index as usize];
            match settled[&index] {
                // Its neighbours may have gone, so that it can stay.
                Some(to) if to != from => out.moved_mm.push(scale.way_mm(from, to)),
                Some(_) => {}
                None => out.dropped += 1,
            }
        }
        for index in 0..cloud.len() as u32 {
            match settled.get(&index) {
                Some(None) => continue,
                Some(Some(place)) => out.cloud.push(scale.to_mm(*place)),
                // Even those that stay go to the step that the file has for them.
                None => out.cloud.push(scale.to_mm(places[index as usize])),
            }
            out.kept.push(index);
        }
        out
    }
}

/// Between millimetres and steps, and distances in steps.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    steps_per_mm: f64,
    lift_steps: f64,
    /// The spacing in steps.
    xy: f64,
    z: f64,
    /// The squared distance below which two points are too close: 1, and a little more where the
    /// file's unit is not the millimetre and reading it back rounds once more.
    pub(super) least: f64,
}

impl Scale {
    fn new(respacing: &Respacing<'_>) -> Self {
        let written = respacing.written;
        let steps_per_mm = written.steps_per_unit() * written.coordinates.units.per_mm();
        let steps = |mm: f64| {
            let steps = mm * steps_per_mm;
            // 0.07 * 100 is 7.000000000000001.
            if (steps - steps.round()).abs() < 1e-9 * steps {
                steps.round()
            } else {
                steps
            }
        };
        Self {
            steps_per_mm,
            lift_steps: written.coordinates.lift_mm(written.thickness_mm) * steps_per_mm,
            xy: steps(respacing.xy_mm),
            z: steps(respacing.z_mm),
            least: match written.coordinates.units {
                // Single precision resolves 4e-6 mm near 60 mm, a twenty-thousandth of 0.08 mm.
                Units::In | Units::Um => 1.0002,
                // Whole steps are exact, but for the product of spacings.
                Units::Mm => 1.0 - 1e-12,
            },
        }
    }

    pub(super) fn to_steps(&self, [x, y, z]: [f32; 3]) -> Steps {
        let file =
            |value: f32, lift: f64| (f64::from(value) * self.steps_per_mm + lift).round() as i64;
        [file(x, 0.0), file(y, 0.0), file(z, self.lift_steps)]
    }

    fn to_mm(&self, [x, y, z]: Steps) -> [f32; 3] {
        let mm = |steps: i64, lift: f64| ((steps as f64 - lift) / self.steps_per_mm) as f32;
        [mm(x, 0.0), mm(y, 0.0), mm(z, self.lift_steps)]
    }

    /// The spacing across the beam and along it, in steps.
    pub(super) fn spacing(&self) -> [f64; 2] {
        [self.xy, self.z]
    }

    /// The squared distance in spacings.
    #[inline]
    pub(super) fn distance(&self, a: Steps, b: Steps) -> f64 {
        let square = |axis: usize| ((a[axis] - b[axis]) as f64).powi(2);
        (square(0) + square(1)) / (self.xy * self.xy) + square(2) / (self.z * self.z)
    }

    fn way_mm(&self, from: Steps, to: Steps) -> f64 {
        let square = |axis: usize| ((from[axis] - to[axis]) as f64).powi(2);
        (square(0) + square(1) + square(2)).sqrt() / self.steps_per_mm
    }

    pub(super) fn cell(&self, [x, y, z]: Steps) -> [i32; 3] {
        let index = |steps: i64, spacing: f64| (steps as f64 / spacing).floor() as i32;
        [index(x, self.xy), index(y, self.xy), index(z, self.z)]
    }

    /// The points that stand too close to another, in rising order. Some may not, by a hair.
    fn close(&self, places: &[Steps]) -> Vec<u32> {
        // In millimetres, which the search for neighbours knows; a thousandth wider, against
        // rounding.
        let mut cloud = Cloud::default();
        for &place in places {
            cloud.push(self.to_mm(place));
        }
        let wider = 1.001 * self.least.sqrt() / self.steps_per_mm;
        let near = neighbours(&cloud, self.xy * wider, self.z * wider);
        (0..places.len() as u32)
            .filter(|&index| near.is_close(index as usize))
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::Coordinates;
    use crate::random;
    use crate::spacing::closeness;

    fn written(units: Units, decimals: Option<u32>) -> Written {
        Written {
            coordinates: Coordinates {
                units,
                ..Coordinates::default()
            },
            decimals,
            thickness_mm: 10.0,
        }
    }

    fn respaced(cloud: &Cloud, written: &Written) -> Respaced {
        Respacing {
            written,
            xy_mm: 0.08,
            z_mm: 0.09,
            allowed: &|_| true,
            strict: false,
        }
        .respace(cloud)
    }

    /// The steps of a file in millimetres.
    pub(in crate::convert) fn scale_of(decimals: u32, xy_mm: f64, z_mm: f64) -> Scale {
        Scale::new(&Respacing {
            written: &written(Units::Mm, Some(decimals)),
            xy_mm,
            z_mm,
            allowed: &|_| true,
            strict: false,
        })
    }

    pub(in crate::convert) fn scattered(count: u64, seed: u64, side_mm: f32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            cloud.push([1, 2, 3].map(|axis| side_mm * random::unit(seed * 3 + axis, i)));
        }
        cloud
    }

    /// A square grid at exactly the spacing, in steps of 0.01 mm.
    fn full(side: i32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..side * side {
            let [x, y] = [i % side * 8, i / side * 8].map(|n| (f64::from(n) / 100.0) as f32);
            cloud.push([x, y, 0.0]);
        }
        cloud
    }

    #[test]
    fn what_keeps_the_spacing_is_left_alone() {
        let cloud = full(30);
        for decimals in [Some(2), Some(4), None] {
            let out = respaced(&cloud, &written(Units::Mm, decimals));
            assert_eq!(out.cloud, cloud);
            assert_eq!((out.moved_mm.len(), out.dropped), (0, 0));
        }
    }

    #[test]
    fn a_copy_is_moved_and_what_it_copies_stays() {
        let mut cloud = full(10);
        cloud.push(cloud.point(44));
        let out = respaced(&cloud, &written(Units::Mm, Some(2)));
        assert_eq!((out.moved_mm.len(), out.dropped), (1, 0));
        for index in 0..100 {
            assert_eq!(out.cloud.point(index), cloud.point(index));
        }
        // In front of its own layer or behind it.
        assert!((out.moved_mm[0] - 0.09).abs() < 0.03, "{:?}", out.moved_mm);
    }

    #[test]
    fn only_one_point_between_two_others_is_touched() {
        let mut cloud = Cloud::default();
        for x in [0.0, 0.05, 0.1, 1.0] {
            cloud.push([x, 0.0, 0.0]);
        }
        let out = respaced(&cloud, &written(Units::Mm, Some(2)));
        assert_eq!((out.moved_mm.len(), out.dropped), (1, 0));
        assert_eq!(out.cloud.point(0), [0.0, 0.0, 0.0]);
        assert_eq!(out.cloud.point(2), [0.1, 0.0, 0.0]);
    }

    #[test]
    fn points_without_a_place_are_dropped() {
        let cloud = full(10);
        let mut crowded = cloud.clone();
        for index in 0..100 {
            crowded.push(cloud.point(index));
        }
        let written = written(Units::Mm, Some(2));
        let out = Respacing {
            written: &written,
            xy_mm: 0.08,
            z_mm: 0.09,
            allowed: &|[x, y, z]| z == 0.0 && x <= 0.72 && y <= 0.72 && x >= 0.0 && y >= 0.0,
            strict: false,
        }
        .respace(&crowded);
        assert_eq!((out.cloud, out.dropped), (cloud, 100));
    }

    #[test]
    fn crowds_end_in_time() {
        let mut cloud = Cloud::default();
        for _ in 0..20_000 {
            cloud.push([1.0, 2.0, 3.0]);
        }
        let crowd = scattered(20_000, 5, 0.3);
        crowd.points().for_each(|point| cloud.push(point));
        let out = respaced(&cloud, &written(Units::Mm, Some(2)));
        let found = closeness(&out.cloud, 0.08, 0.09);
        assert!(found.least_ratio.unwrap() >= 1.0);
        assert_eq!(out.cloud.len() as u64 + out.dropped, 40_000);
        assert!(out.cloud.len() > 100);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_spacing_holds_in_the_numbers_of_every_file(
            count in 2_u64..1500, seed in 0_u64..1000, side_mm in 0.3_f32..6.0,
            decimals in prop::sample::select(vec![Some(2), Some(4), None]),
            units in prop::sample::select(vec![Units::Mm, Units::Um, Units::In]),
        ) {
            let cloud = scattered(count, seed, side_mm);
            let written = written(units, decimals);
            let out = respaced(&cloud, &written);
            let read = written.read_back(&out.cloud);
            let found = closeness(&read, 0.08, 0.09);
            if let Some(ratio) = found.least_ratio {
                prop_assert!(ratio >= 1.0, "{} in {:?} {:?}", ratio, units, decimals);
            }
            prop_assert_eq!(out.cloud.len() as u64 + out.dropped, count);
            // No more are touched than stand too close, and none goes farther than a spacing.
            let before = neighbours(&written.read_back(&cloud), 0.081, 0.091);
            let close = before.nearest.iter().filter(|&&ratio| ratio < 1.0).count();
            prop_assert!(out.moved_mm.len() + out.dropped as usize <= close);
            prop_assert!(out.moved_mm.iter().all(|&mm| mm <= 0.0901));
            prop_assert!(out.kept.is_sorted());
        }
    }
}
