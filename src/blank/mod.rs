//! Blanks: the solid crystals, and the part of them that may hold points.
//!
//! A [`Blank`] comes by name from the table `blanks.toml` or the user's folder, from a pattern such
//! as `block-50x50x80`, or from a file: a definition in TOML, a mesh, a drawing, a template of
//! Cockpit3D. It is a prism (an outline with a thickness, a bevel, holes) or a closed mesh, and
//! answers how deep inside a point lies. [`Blank::safe_volume`] is what the sampler sees of it.

mod build;
mod contour;
mod distance;
mod drawing;
mod dxf_outline;
pub(crate) mod edt;
mod entry;
mod find;
mod heart;
mod mesh;
mod mesh_file;
mod outline;
mod pattern;
mod prism;
mod safe;
mod safe_mesh;
mod shallow;
mod solid;
mod table;
mod template;
mod volume;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

pub use entry::Beam;
pub use prism::Hole;
pub use shallow::Shallow;
pub use table::Glass;
pub use volume::{Bound, SafeVolume};

use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::settings::BlankSettings;
use crate::units::Size;
use crate::user_folder::user_folder;
use entry::Entry;
use solid::Solid;

/// Points that one worker looks at in a row; fixed, so that results do not depend on threads.
const CHUNK: usize = 1 << 15;

/// Points of which a box is looked at first. Fewer make more boxes, more make them larger.
const BLOCK: usize = 32;

/// A solid crystal, its centre at the origin, its front toward +z.
#[derive(Clone, Debug)]
pub struct Blank {
    /// Its name in the table, or the file it came from.
    pub name: String,
    /// What it is sold as: `pendant`, `key chain`, `block`.
    pub kind: String,
    /// Its bounding box.
    pub size: Size,
    /// Least distance of points to its surface, mm.
    pub margin_mm: f64,
    /// Room to keep free between points and the bounding box along x, y and z, mm.
    pub border_mm: [f64; 3],
    /// Width and depth of the bevel around front and back at 45 degrees, mm; 0 is a sharp edge.
    /// Points under the front's bevel are out of the beam's reach, and not in the safe volume.
    pub bevel_mm: f64,
    /// Holes from front to back.
    pub holes: Vec<Hole>,
    /// What it is made of.
    pub glass: Glass,
    /// Where each number comes from; `assumption` where nobody has measured it yet.
    pub sources: BTreeMap<String, String>,
    /// The files that it was read from: definition, drawing, mesh. None for one of the table.
    pub files: Vec<PathBuf>,
    solid: Arc<Solid>,
}

impl Blank {
    /// The blank that the settings name, scaled to the size that they give.
    ///
    /// The name is that of a file (`.toml`, `.template`, `.obj`, `.stl`, `.ply`, `.svg`, `.dxf`), of a
    /// definition in the user's folder, of the table, or a pattern. The outline is scaled per
    /// axis, as Cockpit3D does; bevel, diameter of the hole and its distance from the cleft stay,
    /// since tools do not scale.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::Setting`] (size, margin), [`Error::Read`], [`Error::Content`].
    pub fn find(settings: &BlankSettings) -> Result<Self> {
        find::blank(settings, Self::user_folder().as_deref())
    }

    /// Whether a number (`size`, `margin`, `bevel`, `hole`) is an assumption of ours that no source states.
    #[must_use]
    pub fn is_assumed(&self, number: &str) -> bool {
        self.sources
            .get(number)
            .is_some_and(|source| source.starts_with("assumption"))
    }

    /// All blanks of the table, in its order.
    ///
    /// # Panics
    ///
    /// Never: a test builds every blank of the table.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let settings = BlankSettings::default();
        let build = |definition| build::blank(definition, None, &settings);
        table::blanks()
            .par_iter()
            .map(|definition| build(definition).expect("the built-in table is tested"))
            .collect()
    }

    /// The folder in which users keep their own definitions: `$XDG_DATA_HOME/glyptic/blanks`, or
    /// `~/.local/share/glyptic/blanks`.
    #[must_use]
    pub fn user_folder() -> Option<PathBuf> {
        user_folder("blanks")
    }

    /// The definitions of a folder, sorted by file name, each with what came of it; none if there
    /// is no such folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Vec<(PathBuf, Result<Self>)> {
        find::in_folder(folder)
    }

    /// What a name may be besides those of [`Blank::all`], for lists and messages.
    #[must_use]
    pub fn patterns() -> &'static [&'static str] {
        &pattern::PATTERNS
    }

    /// Signed distance from a point in mm to the surface of the solid, mm, positive inside;
    /// holes and bevels are part of the surface. Minus infinity for a point that is not finite.
    #[must_use]
    pub fn clearance_mm(&self, point_mm: [f64; 3]) -> f64 {
        if point_mm.iter().all(|value| value.is_finite()) {
            self.solid.clearance_mm(point_mm)
        } else {
            f64::NEG_INFINITY
        }
    }

    /// The least clearance of all points, mm; `None` without points, minus infinity if one of them is
    /// not finite.
    ///
    /// A table tells the least clearance of a box around every few points; what the points of the lowest
    /// box have spares most others a closer look. In an order of short travel boxes are small; in any other it
    /// takes longer.
    #[must_use]
    pub fn least_clearance_mm(&self, cloud: &Cloud) -> Option<f64> {
        let block = |index: usize| {
            let start = index * BLOCK;
            start..cloud.len().min(start + BLOCK)
        };
        let least_in = |index: usize, bound_mm: f64| {
            let points = block(index).map(|index| cloud.point(index).map(f64::from));
            self.solid.least_clearance_mm(points, bound_mm)
        };
        let floors_mm: Option<Vec<f64>> = (0..cloud.len().div_ceil(BLOCK))
            .into_par_iter()
            .with_min_len(1 << 10)
            .map(|index| {
                let ends = [cloud.x_mm(), cloud.y_mm(), cloud.z_mm()].map(|values| {
                    let values = &values[block(index)];
                    let start = [f32::INFINITY, f32::NEG_INFINITY, 0.0];
                    values.iter().fold(start, |[low, high, zero], &value| {
                        // Stays zero only while all are finite.
                        [low.min(value), high.max(value), zero + 0.0 * value]
                    })
                });
                let finite = ends.iter().all(|&[_, _, zero]| zero == 0.0);
                finite.then(|| {
                    let [low, high] = [0, 1].map(|end| ends.map(|ends| f64::from(ends[end])));
                    self.solid.box_floor_mm(low, high)
                })
            })
            .collect();
        let Some(floors_mm) = floors_mm else {
            return Some(f64::NEG_INFINITY);
        };
        let boxes = floors_mm.iter().enumerate();
        let (lowest, _) = boxes.min_by(|a, b| a.1.total_cmp(b.1))?;
        let bound_mm = least_in(lowest, f64::INFINITY);
        let closer = floors_mm
            .par_iter()
            .with_min_len(1 << 8)
            .enumerate()
            .filter(|(_, floor_mm)| **floor_mm < bound_mm)
            .map(|(index, _)| least_in(index, bound_mm));
        Some(closer.reduce(|| bound_mm, f64::min))
    }

    /// What lies deeper inside than the margin and the border, and not under the bevel.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when nothing does.
    pub fn safe_volume(&self) -> Result<SafeVolume> {
        self.check_margin()?;
        let volume = self
            .solid
            .volume(self.margin_mm, self.bevel_mm)
            .map_err(|largest_mm| self.margin_too_large(largest_mm))?;
        if self.border_mm == [0.0; 3] {
            return Ok(volume);
        }
        let (low, high) = self.solid.bounds();
        let low = [0, 1, 2].map(|axis| low[axis] + self.border_mm[axis]);
        let high = [0, 1, 2].map(|axis| high[axis] - self.border_mm[axis]);
        let volume = volume.within_box(low, high);
        volume.ok_or_else(|| {
            let [x, y, z] = self.border_mm;
            let text = format!("of {}", self.name);
            let limit = format!("has a border of {x} {y} {z} mm, which leaves no room");
            Error::setting("--blank", &text, limit, "lower the border in its file")
        })
    }

    /// The safe volume less what this beam reaches only through a bevel, a hole or a curved side.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when nothing is left.
    pub fn safe_volume_for(&self, beam: &Beam) -> Result<SafeVolume> {
        let volume = self.safe_volume()?;
        let narrowed = self
            .entry()
            .map(|entry| entry.narrow(volume, beam, self.margin_mm))
            .filter(|volume| {
                volume
                    .inset_mm
                    .grid
                    .values()
                    .iter()
                    .any(|&inset| inset >= 0.0)
            });
        narrowed.ok_or_else(|| {
            let limit = "has no flat face in front through which the beam reaches its inside";
            Error::setting("--blank", &self.name, limit, "turn a flat face to +z")
        })
    }

    /// Whether each point of a cloud is in reach of a beam: whether its whole cone passes the flat
    /// part of the front. In the order of the points.
    #[must_use]
    pub fn reached(&self, beam: &Beam, cloud: &Cloud) -> Vec<bool> {
        let Some(entry) = self.entry() else {
            return vec![false; cloud.len()];
        };
        (0..cloud.len())
            .into_par_iter()
            .map(|index| entry.reaches(beam, cloud.point(index).map(f64::from)))
            .collect()
    }

    fn entry(&self) -> Option<Entry<'_>> {
        match &*self.solid {
            Solid::Prism(prism) => Some(Entry::Face(prism)),
            Solid::Mesh(mesh) => Entry::of_mesh(mesh, self.bevel_mm),
        }
    }

    /// The outline seen from the front, as closed polygons in mm: the outer one first, then holes.
    #[must_use]
    pub fn outline_mm(&self) -> Vec<Vec<[f32; 2]>> {
        self.solid.outline_mm()
    }

    /// The inner edge of the front's bevel, as closed polygons in mm; none without a bevel.
    #[must_use]
    pub fn bevel_outline_mm(&self) -> Vec<Vec<[f32; 2]>> {
        if self.bevel_mm > 0.0 {
            self.solid.outline_at_mm(self.bevel_mm)
        } else {
            Vec::new()
        }
    }

    /// The border of the safe area, as closed polygons in mm.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when there is none.
    pub fn safe_outline_mm(&self) -> Result<Vec<Vec<[f32; 2]>>> {
        Ok(contour::at_level(&self.safe_volume()?.inset_mm, 0.0))
    }

    fn check_margin(&self) -> Result<()> {
        let half_mm = 0.5 * self.size.thickness_mm.get();
        if !self.margin_mm.is_finite() || self.margin_mm < 0.0 {
            return Err(Error::setting(
                "--margin",
                &format!("{} mm", self.margin_mm),
                "is not a distance of 0 mm or more",
                "write it like 2mm",
            ));
        }
        if self.margin_mm >= half_mm {
            return Err(self.margin_too_large(half_mm));
        }
        Ok(())
    }

    fn margin_too_large(&self, largest_mm: f64) -> Error {
        Error::setting(
            "--margin",
            &format!("{} mm", self.margin_mm),
            format!("leaves no room inside {} ({})", self.name, self.size),
            format!("lower it below {largest_mm:.1} mm"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::units::Mm;

    fn settings(name: &str) -> BlankSettings {
        BlankSettings {
            name: name.to_owned(),
            ..BlankSettings::default()
        }
    }

    fn message(settings: &BlankSettings) -> String {
        let refused = Blank::find(settings).and_then(|blank| blank.safe_volume());
        refused.expect_err("should be refused").to_string()
    }

    /// Area in mm2, width and height of the safe area.
    fn safe_area(blank: &Blank) -> (f64, f64, f64) {
        let inset = blank.safe_volume().unwrap().inset_mm;
        let grid = &inset.grid;
        let (mut count, mut columns, mut rows) = (0, Vec::new(), Vec::new());
        for row in 0..grid.height() {
            for column in 0..grid.width() {
                if grid.at(column, row) >= 0.0 {
                    count += 1;
                    columns.push(column);
                    rows.push(row);
                }
            }
        }
        let px = inset.frame.mm_per_px;
        let extent = |values: &[usize]| {
            (values.iter().max().unwrap() - values.iter().min().unwrap() + 1) as f64 * px
        };
        (f64::from(count) * px * px, extent(&columns), extent(&rows))
    }

    #[test]
    fn the_key_chain_has_the_room_that_its_shop_states() {
        let blank = Blank::find(&BlankSettings {
            margin_mm: Mm::new(3.0),
            ..settings("heart-35")
        })
        .unwrap();
        let (area, width, height) = safe_area(&blank);
        assert!((area / 572.0 - 1.0).abs() < 0.03, "{area} mm2");
        assert!((width - 29.0).abs() < 0.3 && (height - 29.0).abs() < 0.3);
        let volume = blank.safe_volume().unwrap();
        assert_eq!(volume.z_min_mm.at_mm(0.0, 0.0), -3.0);
        assert_eq!(volume.z_max_mm.at_mm(9.0, 5.0), 3.0);
    }

    #[test]
    fn every_blank_of_the_table_has_room() {
        for blank in Blank::all() {
            let volume = blank.safe_volume().unwrap();
            assert!(volume.contains(0.0, 0.0, 0.0), "{}", blank.name);
            assert!(
                matches!(volume.z_max_mm, Bound::Constant(_)),
                "{}: the bevel costs room",
                blank.name
            );
            let found = Blank::find(&settings(&blank.name)).unwrap();
            assert_eq!(found.size, blank.size);
        }
    }

    #[test]
    fn patterns_carry_their_size() {
        let clearance =
            |name: &str, point| Blank::find(&settings(name)).unwrap().clearance_mm(point);
        assert_eq!(clearance("block-50x60x80", [20.0, 0.0, 0.0]), 5.0);
        assert_eq!(clearance("block-50x60x80mm", [0.0, 0.0, 38.5]), 1.5);
        assert!((clearance("disc-40x10", [0.0, 17.0, 1.0]) - 3.0).abs() < 0.001);
        let corner = clearance("rect-50x30x8-4", [25.0, 15.0, 0.0]);
        assert!((corner + 4.0 * (2f64.sqrt() - 1.0)).abs() < 0.001);
    }

    #[test]
    fn a_size_scales_the_outline_and_not_the_drill() {
        let find = |size: &str| {
            Blank::find(&BlankSettings {
                size: Some(size.parse().unwrap()),
                ..settings("heart-30")
            })
        };
        let blank = find("60x30x10mm").unwrap();
        assert_eq!(blank.holes[0].diameter_mm, 1.5);
        assert!((blank.holes[0].y_mm - (10.5 - 2.0)).abs() < 1e-9);
        let outline = blank.outline_mm();
        assert_eq!(outline.len(), 2, "heart and hole");
        let widest = outline[0].iter().map(|p| p[0]).fold(0.0, f32::max);
        assert!((widest - 30.0).abs() < 1e-3);
        assert_eq!(
            blank.clearance_mm([blank.holes[0].x_mm, blank.holes[0].y_mm, 0.0]),
            -0.75
        );
        assert!(!blank.bevel_outline_mm().is_empty());
        assert!(
            find("1x1x1")
                .unwrap_err()
                .to_string()
                .starts_with("--size 1 x 1 x 1 mm")
        );
    }

    #[test]
    fn refusals_say_what_to_do() {
        let sized = |text: &str| BlankSettings {
            size: Some(text.parse().unwrap()),
            ..settings("heart-35")
        };
        let margin = |mm: f64| BlankSettings {
            margin_mm: Mm::new(mm),
            ..settings("heart-35")
        };
        for (settings, start, part) in [
            (
                settings("hart-35"),
                "unknown blank `hart-35`",
                "heart-35, heart-80x70x40",
            ),
            (
                settings("block"),
                "unknown blank",
                "block-WxHxD, disc-DxT, rect-WxHxD-R",
            ),
            (settings("block-5x5"), "--blank block-5x5", "block-50x50x80"),
            (
                settings("disc--40x10"),
                "--blank disc--40x10: -40x-40x10 mm",
                "between 1 and 1000 mm",
            ),
            (
                settings("rect-20x20x9-11"),
                "--blank rect",
                "not between 0 and half a side",
            ),
            (
                sized("0x35x12"),
                "--size 0x35x12 mm",
                "between 1 and 1000 mm",
            ),
            (sized("35x-35x12"), "--size 35x-35x12 mm", "between"),
            (sized("35x35x1001"), "--size 35x35x1001 mm", "between"),
            (margin(-1.0), "--margin -1 mm", "0 mm or more"),
            (margin(6.0), "--margin 6 mm", "below 6.0 mm"),
            (margin(1e300), "--margin 1", "leaves no room"),
            (
                BlankSettings {
                    margin_mm: Mm::new(20.0),
                    ..settings("block-30x30x100")
                },
                "--margin 20",
                "below 15.0",
            ),
        ] {
            let text = message(&settings);
            assert!(text.starts_with(start) && text.contains(part), "{text}");
            assert!(!text.contains('\n'));
        }
        let mut blank = Blank::find(&settings("heart-35")).unwrap();
        blank.margin_mm = f64::NAN;
        assert!(
            blank
                .safe_volume()
                .unwrap_err()
                .to_string()
                .starts_with("--margin NaN mm")
        );
    }

    #[test]
    fn the_least_clearance_is_that_of_the_worst_point() {
        for name in ["heart-30", "heart-flat-125x110x47", "disc-40x10"] {
            let blank = Blank::find(&settings(name)).unwrap();
            let sides = [
                blank.size.width_mm,
                blank.size.height_mm,
                blank.size.thickness_mm,
            ];
            let mut cloud = Cloud::default();
            for i in 0..70_000 {
                let axis = |axis: u64| {
                    (random::unit(axis, i) - 0.5) * sides[axis as usize].get() as f32 * 0.6
                };
                cloud.push([axis(0), axis(1), axis(2)]);
            }
            let slow = cloud
                .points()
                .map(|point| blank.clearance_mm(point.map(f64::from)))
                .fold(f64::INFINITY, f64::min);
            assert_eq!(blank.least_clearance_mm(&cloud), Some(slow));
            cloud.push([0.0, f32::NAN, 0.0]);
            assert_eq!(blank.least_clearance_mm(&cloud), Some(f64::NEG_INFINITY));
        }
        let blank = Blank::find(&settings("heart-30")).unwrap();
        assert_eq!(blank.least_clearance_mm(&Cloud::default()), None);
    }
}
