//! The entry face: where the beam gets into the glass, and which points it then reaches.
//!
//! A lens of numerical aperture NA sends a cone of light onto a point. Behind a flat face, in glass
//! of index n, its half angle is asin(NA / n), whatever lies above; at a depth d below the face the
//! cone is d * tan(asin(NA / n)) wide there. A point is in reach if that whole disc lies on the
//! flat front face: light that enters through a bevel, the wall of a hole or a curved side is bent
//! elsewhere. Deep points therefore need more room to the rim than shallow ones.

use super::mesh::Mesh;
use super::prism::Prism;
use super::volume::{Bound, SafeVolume};
use super::{edt, safe, safe_mesh};
use crate::grid::{Frame, Grid, Raster};

/// Largest tilt of a face that counts as flat, as its cosine: one degree, which at n = 1.52 turns
/// the beam by a third of a degree, 0.06 mm at 10 mm.
const FLAT_COSINE: f64 = 0.999_847_7;
/// How far a flat part may lie below the foremost one, mm, to belong to the same face.
const SAME_FACE_MM: f64 = 0.05;

/// The cone of light from the lens, in the glass.
///
/// # Guarantees
///
/// - The tangent of its half angle is finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beam {
    tangent: f64,
}

impl Beam {
    /// The cone of a lens of this numerical aperture (0 and more, in air) in glass of this index;
    /// `None` for an index below 1 or an aperture of 1 and more.
    #[must_use]
    pub fn new(numerical_aperture: f64, index: f64) -> Option<Self> {
        let possible =
            (0.0..1.0).contains(&numerical_aperture) && index.is_finite() && index >= 1.0;
        possible.then(|| Self {
            tangent: (numerical_aperture / index).asin().tan(),
        })
    }

    /// Tangent of the cone's half angle in the glass.
    #[must_use]
    pub fn tangent(&self) -> f64 {
        self.tangent
    }

    /// Radius of the cone where it enters, for a point at this depth, mm.
    #[must_use]
    pub fn radius_mm(&self, depth_mm: f64) -> f64 {
        self.tangent * depth_mm
    }
}

/// The flat part of the front.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// The whole face of a prism within its bevel and around its holes.
    Face(&'a Prism),
    /// As found on a mesh: its z, and the distance to its border, less the error of the raster.
    Found { z_mm: f64, inset_mm: Raster },
}

impl<'a> Entry<'a> {
    /// The flat front of a mesh less a bevel around it; `None` if nothing is flat.
    pub(super) fn of_mesh(mesh: &Mesh, bevel_mm: f64) -> Option<Self> {
        let (frame, width, height) = safe_mesh::frame(mesh);
        let fronts = Grid::from_fn(width, height, |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            let (z, cosine) = mesh.front_mm(x, y)?;
            (cosine >= FLAT_COSINE).then_some(z)
        });
        let z_mm = fronts.values().iter().flatten().copied().reduce(f64::max)?;
        let other = fronts.map(|z| !z.is_some_and(|z| z >= z_mm - SAME_FACE_MM));
        // The border is at most a diagonal nearer than the nearest pixel beyond it, and
        // interpolation may say half a diagonal too much.
        let error_px = 1.5 * std::f32::consts::SQRT_2;
        let px = frame.mm_per_px as f32;
        let bevel = bevel_mm as f32;
        let grid = edt::distance_px(&other).map(|distance| (distance - error_px) * px - bevel);
        let inset_mm = Raster { frame, grid };
        Some(Self::Found { z_mm, inset_mm })
    }

    /// z of the face, mm.
    fn z_mm(&self) -> f64 {
        match self {
            Self::Face(prism) => prism.half_thickness_mm,
            Self::Found { z_mm, .. } => *z_mm,
        }
    }

    /// Distance in the front plane to the border of the face, mm, positive on it.
    fn inset_mm(&self, x: f64, y: f64) -> f64 {
        match self {
            Self::Face(prism) => {
                let outer = prism.outline.distance_mm([x, y]) - prism.bevel_mm;
                let holes = prism.holes.iter();
                holes.fold(outer, |least, hole| least.min(hole.distance_mm([x, y])))
            }
            Self::Found { inset_mm, .. } => f64::from(inset_mm.at_mm(x, y)),
        }
    }

    /// [`Entry::inset_mm`] at the pixels of a frame; exact up to where the beam is widest.
    fn insets(&self, frame: Frame, [width, height]: [usize; 2], beam: &Beam) -> Grid<f32> {
        let at = |column: usize, row: usize| frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        let Self::Face(prism) = self else {
            return Grid::from_fn(width, height, |column, row| {
                let (x, y) = at(column, row);
                self.inset_mm(x, y) as f32
            });
        };
        let widest_mm = beam.radius_mm(2.0 * prism.half_thickness_mm);
        let counting_mm = [prism.bevel_mm, prism.bevel_mm + widest_mm];
        let across = safe::distances(&prism.outline, frame, [width, height], counting_mm);
        Grid::from_fn(width, height, |column, row| {
            let (x, y) = at(column, row);
            let outer = across.at(column, row) - prism.bevel_mm as f32;
            let holes = prism.holes.iter();
            holes.fold(outer, |least, hole| {
                least.min(hole.distance_mm([x, y]) as f32)
            })
        })
    }

    /// Whether the whole cone onto a point passes the face.
    pub(super) fn reaches(&self, beam: &Beam, [x, y, z]: [f64; 3]) -> bool {
        self.inset_mm(x, y) >= beam.radius_mm(self.z_mm() - z)
    }

    /// Takes out of a volume what the beam does not reach.
    pub(super) fn narrow(&self, mut volume: SafeVolume, beam: &Beam, margin_mm: f64) -> SafeVolume {
        let frame = volume.inset_mm.frame;
        let (width, height) = (volume.inset_mm.grid.width(), volume.inset_mm.grid.height());
        let guard_mm = match self {
            Self::Face(_) => safe::guard_mm(frame.mm_per_px, margin_mm),
            Self::Found { .. } => 0.0,
        };
        let at = |column: usize, row: usize| frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        let entry = self
            .insets(frame, [width, height], beam)
            .map(|inset| inset - guard_mm as f32);
        let top = |column, row| {
            let (x, y) = at(column, row);
            f64::from(volume.z_max_mm.at_mm(x, y))
        };
        // The area in which at least the foremost points are in reach.
        let inset = Grid::from_fn(width, height, |column, row| {
            let needed_mm = beam.radius_mm(self.z_mm() - top(column, row));
            let reach_mm = entry.at(column, row) - needed_mm as f32;
            volume.inset_mm.grid.at(column, row).min(reach_mm)
        });
        let bottom = Grid::from_fn(width, height, |column, row| {
            let (x, y) = at(column, row);
            let least = f64::from(volume.z_min_mm.at_mm(x, y));
            // A millionth of the size covers rounding to f32.
            let size = self.z_mm().abs() + least.abs();
            let reach = self.z_mm() - f64::from(entry.at(column, row).max(0.0)) / beam.tangent;
            least.max(reach + 1e-6 * size) as f32
        });
        let bound = &volume.z_min_mm;
        let cuts = |(index, &z): (usize, &f32)| {
            let (x, y) = at(index % width, index / width);
            inset.values()[index] >= -2.0 * frame.mm_per_px as f32 && z > bound.at_mm(x, y)
        };
        if beam.tangent > 0.0 && bottom.values().iter().enumerate().any(cuts) {
            volume.z_min_mm = Bound::Varying(Raster {
                frame,
                grid: bottom,
            });
        }
        volume.inset_mm.grid = inset;
        volume
    }
}

#[cfg(test)]
mod tests {
    use super::super::mesh::tests::ball;
    use super::super::outline::Outline;
    use super::super::prism::Hole;
    use super::*;
    use crate::random;

    /// A disc of 40 x 12 mm with a bevel of 1 mm and a hole of 4 mm.
    fn disc() -> Prism {
        Prism {
            outline: Outline::ellipse(40.0, 40.0),
            half_thickness_mm: 6.0,
            bevel_mm: 1.0,
            holes: vec![Hole {
                x_mm: 0.0,
                y_mm: 0.0,
                diameter_mm: 4.0,
            }],
        }
    }

    #[test]
    fn a_cone_is_as_wide_as_refraction_makes_it() {
        // sin = 0.3 / 1.5 = 0.2, so tan = 0.2 / sqrt(0.96).
        let beam = Beam::new(0.3, 1.5).unwrap();
        assert!((beam.radius_mm(10.0) - 2.0 / 0.96f64.sqrt()).abs() < 1e-12);
        assert_eq!(Beam::new(0.0, 1.5).unwrap().tangent(), 0.0);
        for (aperture, index) in [(-0.1, 1.5), (1.0, 1.5), (f64::NAN, 1.5), (0.2, 0.9)] {
            assert!(Beam::new(aperture, index).is_none());
        }
    }

    #[test]
    fn in_a_disc_deep_points_keep_farther_from_the_rim() {
        // sin = 0.6, tan = 0.75: at depth 8 (z = -2) the cone is 6 mm wide. The flat face ends at
        // 20 - 1 = 19 mm and begins at 2 mm: in reach from 8 mm to 13 mm.
        let beam = Beam::new(0.9, 1.5).unwrap();
        let prism = disc();
        let entry = Entry::Face(&prism);
        for (r, reached) in [(7.99, false), (8.01, true), (12.99, true), (13.01, false)] {
            assert_eq!(
                entry.reaches(&beam, [0.6 * r, 0.8 * r, -2.0]),
                reached,
                "at {r} mm"
            );
        }
        // Depth 4 (z = 2): 3 mm wide, in reach from 5 mm to 16 mm.
        for (r, reached) in [(4.99, false), (5.01, true), (15.99, true), (16.01, false)] {
            assert_eq!(entry.reaches(&beam, [r, 0.0, 2.0]), reached, "at {r} mm");
        }
    }

    #[test]
    fn in_a_ball_only_what_lies_behind_its_flat_is_in_reach() {
        // Radius 15, cut flat at z = 9: the flat is sqrt(225 - 81) = 12 mm wide. With tan = 0.75 a
        // point at z = 1, 8 mm below, has a cone of 6 mm: in reach up to 6 mm from the axis.
        let beam = Beam::new(0.9, 1.5).unwrap();
        let cut = Mesh::new(&ball(15.0, 60, 9.0)).unwrap();
        let entry = Entry::of_mesh(&cut, 0.0).unwrap();
        // The raster and the facets take 0.3 mm.
        for (r, z, reached) in [
            (5.65, 1.0, true),
            (6.01, 1.0, false),
            (8.6, 5.0, true),
            (9.01, 5.0, false),
            (0.0, -6.5, true),
            (0.0, -7.1, false),
        ] {
            assert_eq!(
                entry.reaches(&beam, [0.0, r, z]),
                reached,
                "at {r} mm, z {z}"
            );
        }
        // A whole ball has nothing flat but a facet at its pole.
        let whole = Mesh::new(&ball(15.0, 60, 15.0)).unwrap();
        let reach = Entry::of_mesh(&whole, 0.0).map(|entry| entry.reaches(&beam, [0.0; 3]));
        assert_ne!(reach, Some(true));
    }

    #[test]
    fn what_the_narrowed_volume_contains_is_in_reach() {
        let prism = disc();
        let cut = Mesh::new(&ball(15.0, 30, 9.0)).unwrap();
        let face = (Entry::Face(&prism), safe::volume(&prism, 2.0).unwrap());
        let found = Entry::of_mesh(&cut, 0.0).unwrap();
        let found = (found, safe_mesh::volume(&cut, 2.0).unwrap());
        for aperture in [0.05, 0.4, 0.9] {
            let beam = Beam::new(aperture, 1.5).unwrap();
            for ((entry, volume), side) in [(&face, 40.0), (&found, 30.0)] {
                let narrowed = entry.narrow(volume.clone(), &beam, 2.0);
                let (mut inside, mut lost) = (0, 0);
                for i in 0..20_000 {
                    let random = |axis: u64| f64::from(random::unit(axis, i)) - 0.5;
                    let (x, y) = (side * random(0), side * random(1));
                    let z = match i % 2 {
                        0 => narrowed.z_min_mm.at_mm(x, y),
                        _ => (random(2) * 20.0) as f32,
                    };
                    let reached = entry.reaches(&beam, [x, y, f64::from(z)]);
                    if narrowed.contains(x, y, z) {
                        assert!(reached, "{x} {y} {z} is out of reach");
                        inside += 1;
                    } else if volume.contains(x, y, z) && reached {
                        lost += 1;
                    }
                }
                assert!(
                    inside > 500 && lost < inside / 20,
                    "{inside} inside, {lost} lost"
                );
            }
        }
    }
}
