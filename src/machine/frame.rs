//! From our frame to the machine's: mirror, compensation of z, axes, origin, unit, in this order.

use rayon::prelude::*;

use super::{Axes, Machine, Mirror, Units, ZCompensation};
use crate::cloud::{Cloud, decimal};
use crate::error::{Error, Result};

impl Machine {
    /// The cloud in the machine's own coordinates, in the same order.
    ///
    /// `entry_z_mm` is z of the flat face through which the beam enters, in our frame: half the
    /// thickness of the blank.
    ///
    /// With `z_compensation = "divide"` a point at depth d below that face is written at d / n: the
    /// way of the lens, since the cone of light is bent at the face. Distances between points are
    /// then no longer those in the glass. One open tool multiplies, which puts points too deep by
    /// the square of the index.
    #[must_use]
    pub fn to_machine_frame(&self, cloud: &Cloud, entry_z_mm: f64) -> Cloud {
        if self.takes_portrait() {
            return cloud.clone();
        }
        let turn = |index: usize| {
            let [x, y, z] = cloud.point(index).map(decimal);
            let (x, y) = match self.mirror {
                Mirror::None => (x, y),
                Mirror::X => (-x, y),
                Mirror::Y => (x, -y),
            };
            let z = match self.z_compensation {
                ZCompensation::Off => z,
                ZCompensation::Divide => entry_z_mm - (entry_z_mm - z) / self.refractive_index(),
            };
            let turned = self.axes.turned([x, y, z]);
            let scale = self.units.per_mm();
            let coordinate = |axis: usize| ((turned[axis] + self.origin_mm[axis]) * scale) as f32;
            (coordinate(0), (coordinate(1), coordinate(2)))
        };
        let (x, (y, z)) = (0..cloud.len()).into_par_iter().map(turn).unzip();
        Cloud::from_arrays(x, y, z).unwrap_or_default()
    }

    /// A cloud in the machine's coordinates back in our frame: what a file of them stands for in the
    /// glass.
    #[must_use]
    pub fn to_portrait_frame(&self, cloud: &Cloud, entry_z_mm: f64) -> Cloud {
        if self.takes_portrait() {
            return cloud.clone();
        }
        let scale = self.units.per_mm();
        let turn = |index: usize| {
            let point = cloud.point(index).map(decimal);
            let [x, y, z] = self
                .axes
                .turned_back([0, 1, 2].map(|i| point[i] / scale - self.origin_mm[i]));
            let (x, y) = match self.mirror {
                Mirror::None => (x, y),
                Mirror::X => (-x, y),
                Mirror::Y => (x, -y),
            };
            let z = entry_z_mm - (entry_z_mm - z) * self.z_stretch();
            (x as f32, (y as f32, z as f32))
        };
        let (x, (y, z)) = (0..cloud.len()).into_par_iter().map(turn).unzip();
        Cloud::from_arrays(x, y, z).unwrap_or_default()
    }

    /// Whether the machine takes our millimetres as they are.
    #[must_use]
    pub fn takes_portrait(&self) -> bool {
        self.mirror == Mirror::None
            && self.z_compensation == ZCompensation::Off
            && self.axes == Axes::SAME
            && self.origin_mm == [0.0; 3]
            && self.units == Units::Mm
    }

    /// How many millimetres of the glass one millimetre of the lens's way is.
    #[must_use]
    pub fn z_stretch(&self) -> f64 {
        match self.z_compensation {
            ZCompensation::Off => 1.0,
            ZCompensation::Divide => self.refractive_index(),
        }
    }

    /// What a file for this machine says of its numbers, where its format has room: unit, frame.
    #[must_use]
    pub fn statement(&self) -> Vec<String> {
        let units = match self.units {
            Units::Mm => "units millimetres",
            Units::Um => "units micrometres",
            Units::In => "units inches",
        };
        let mut lines = vec![units.to_owned()];
        if self.takes_portrait() {
            let portrait = "x right, y up, z toward the viewer, origin at the centre of the blank";
            lines.push(format!("frame {portrait}"));
            return lines;
        }
        let [x, y, z] = self.origin_mm;
        lines.push(format!(
            "frame of {}: axes {}, centre of the blank at {x} {y} {z} mm",
            self.name, self.axes
        ));
        match self.mirror {
            Mirror::None => {}
            Mirror::X => lines.push("mirrored left to right".to_owned()),
            Mirror::Y => lines.push("mirrored top to bottom".to_owned()),
        }
        if self.z_compensation == ZCompensation::Divide {
            let index = self.refractive_index();
            lines.push(format!("depth below the entry face divided by {index:.5}"));
        }
        lines
    }

    /// Refuses a cloud with points deeper below the entry face than the focus reaches.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check_depth(&self, cloud: &Cloud, entry_z_mm: f64) -> Result<()> {
        let deepest_mm = cloud
            .bounds()
            .map_or(0.0, |(least, _)| entry_z_mm - f64::from(least[2]));
        if deepest_mm <= self.depth_range_mm {
            return Ok(());
        }
        Err(Error::setting(
            "--machine",
            &self.name,
            format!(
                "reaches {} mm below the entry face, and the deepest point lies at {deepest_mm:.2} mm",
                self.depth_range_mm
            ),
            "choose a thinner blank, or another machine",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Axes, Units};

    fn machine() -> Machine {
        Machine::find("green-532").unwrap()
    }

    fn cloud() -> Cloud {
        let mut cloud = Cloud::default();
        cloud.push([1.0, 2.0, 3.0]);
        cloud.push([-4.0, 5.0, -6.0]);
        cloud
    }

    #[test]
    fn the_built_in_machine_takes_points_as_they_are() {
        assert_eq!(machine().to_machine_frame(&cloud(), 6.0), cloud());
    }

    #[test]
    fn depth_is_divided_by_the_index() {
        let machine = Machine {
            index: Some(1.5),
            z_compensation: ZCompensation::Divide,
            ..machine()
        };
        // Depths 3 and 12 below the face at 6.
        let z = machine.to_machine_frame(&cloud(), 6.0).z_mm().to_vec();
        assert_eq!(z, [4.0, -2.0]);
    }

    #[test]
    fn mirror_axes_origin_and_unit_follow_one_another() {
        let machine = Machine {
            mirror: Mirror::X,
            axes: Axes::try_from("+y -x +z".to_owned()).unwrap(),
            origin_mm: [10.0, 20.0, 30.0],
            units: Units::Um,
            ..machine()
        };
        let turned = machine.to_machine_frame(&cloud(), 6.0);
        // x is mirrored before it becomes the second axis, reversed: twice turned around.
        assert_eq!(turned.point(0), [12_000.0, 21_000.0, 33_000.0]);
    }

    #[test]
    fn every_frame_leads_back() {
        let machine = Machine {
            mirror: Mirror::Y,
            axes: Axes::try_from("-y +x -z".to_owned()).unwrap(),
            origin_mm: [10.0, 20.0, 30.0],
            units: Units::In,
            z_compensation: ZCompensation::Divide,
            ..machine()
        };
        assert!(!machine.takes_portrait() && machine.statement().len() == 4);
        let there = machine.to_machine_frame(&cloud(), 6.0);
        assert_ne!(there, cloud());
        let back = machine.to_portrait_frame(&there, 6.0);
        for (a, b) in back.points().zip(cloud().points()) {
            assert!(
                (0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-5),
                "{a:?} {b:?}"
            );
        }
    }

    #[test]
    fn points_out_of_reach_are_refused() {
        assert!(machine().check_depth(&cloud(), 6.0).is_ok());
        assert!(machine().check_depth(&Cloud::default(), 6.0).is_ok());
        let fault = machine().check_depth(&cloud(), 95.0).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "--machine green-532: reaches 100 mm below the entry face, and the deepest point lies \
             at 101.00 mm; choose a thinner blank, or another machine"
        );
    }
}
