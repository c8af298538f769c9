//! The solid behind a blank: a prism or a mesh, asked the same questions.

use super::contour;
use super::mesh::Mesh;
use super::outline::Outline;
use super::prism::Prism;
use super::safe_mesh;
use super::volume::SafeVolume;
use super::{edt, safe};
use crate::grid::{Grid, Raster};

/// A closed solid about the origin.
#[derive(Debug)]
pub(super) enum Solid {
    Prism(Prism),
    Mesh(Box<Mesh>),
}

impl Solid {
    /// Signed distance to the surface, mm, positive inside; the point is finite.
    pub(super) fn clearance_mm(&self, point: [f64; 3]) -> f64 {
        match self {
            Self::Prism(prism) => prism.clearance_mm(point),
            Self::Mesh(mesh) => mesh.clearance_mm(point),
        }
    }

    /// A bound that the clearance does not fall below, found in a table; the point is finite.
    pub(super) fn clearance_floor_mm(&self, point: [f64; 3]) -> f64 {
        match self {
            Self::Prism(prism) => prism.clearance_floor_mm(point),
            Self::Mesh(mesh) => mesh.clearance_floor_mm(point),
        }
    }

    /// A bound that the clearance of no point between two corners falls below.
    pub(super) fn box_floor_mm(&self, low: [f64; 3], high: [f64; 3]) -> f64 {
        let centre = [0, 1, 2].map(|axis| 0.5 * (low[axis] + high[axis]));
        let squares = (0..3).map(|axis| (high[axis] - centre[axis]).powi(2));
        // Clearance changes at most as fast as place; a picometre for rounding.
        self.clearance_floor_mm(centre) - squares.sum::<f64>().sqrt() - 1e-9
    }

    /// The least clearance of finite points, mm, or `bound_mm` if none is below.
    ///
    /// Most points are passed over: a table of cells tells a least clearance for each, and so does
    /// the way from the point that was last looked at in full.
    pub(super) fn least_clearance_mm(
        &self,
        points: impl Iterator<Item = [f64; 3]>,
        bound_mm: f64,
    ) -> f64 {
        let mut least = bound_mm;
        let mut last = ([0.0; 3], f64::NEG_INFINITY);
        for point in points {
            if self.clearance_floor_mm(point) >= least {
                continue;
            }
            let way: f64 = (0..3)
                .map(|axis| (point[axis] - last.0[axis]).powi(2))
                .sum();
            // A picometre for rounding.
            if last.1 - way.sqrt() - 1e-9 >= least {
                continue;
            }
            last = (point, self.clearance_mm(point));
            least = least.min(last.1);
        }
        least
    }

    /// The least and the largest corner of its box.
    pub(super) fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        match self {
            Self::Mesh(mesh) => mesh.bounds(),
            Self::Prism(prism) => {
                let ([x0, y0], [x1, y1]) = prism.outline.bounds();
                let z = prism.half_thickness_mm;
                ([x0, y0, -z], [x1, y1, z])
            }
        }
    }

    /// What lies deeper than the margin and not under the bevel, or the largest margin that
    /// leaves something.
    pub(super) fn volume(&self, margin_mm: f64, bevel_mm: f64) -> Result<SafeVolume, f64> {
        match self {
            Self::Prism(prism) => safe::volume(prism, margin_mm),
            Self::Mesh(mesh) => {
                let mut volume = safe_mesh::volume(mesh, margin_mm)?;
                if bevel_mm > 0.0 {
                    // The shadow is known to a pixel, and interpolated.
                    let error_mm = 2.0 * volume.inset_mm.frame.mm_per_px;
                    let shadow = silhouette(mesh).grid.into_values().into_iter();
                    for (inset, shadow) in volume.inset_mm.grid.values_mut().iter_mut().zip(shadow)
                    {
                        *inset = inset.min(shadow - (bevel_mm + error_mm) as f32);
                    }
                }
                Ok(volume)
            }
        }
    }

    /// The outline seen from the front.
    pub(super) fn outline_mm(&self) -> Vec<Vec<[f32; 2]>> {
        match self {
            Self::Mesh(mesh) => contour::at_level(&silhouette(mesh), 0.0),
            Self::Prism(prism) => {
                let narrow = |&[x, y]: &[f64; 2]| [x as f32, y as f32];
                let outer = prism.outline.loops().iter();
                let mut polygons: Vec<Vec<_>> = outer
                    .map(|points| points.iter().map(narrow).collect())
                    .collect();
                polygons.extend(prism.holes.iter().map(|hole| {
                    let around = Outline::ellipse(hole.diameter_mm, hole.diameter_mm);
                    let points = around.loops()[0].iter().rev();
                    points
                        .map(|[x, y]| narrow(&[x + hole.x_mm, y + hole.y_mm]))
                        .collect()
                }));
                polygons
            }
        }
    }

    /// The outline seen from the front, moved inward.
    pub(super) fn outline_at_mm(&self, inset_mm: f64) -> Vec<Vec<[f32; 2]>> {
        match self {
            Self::Prism(prism) => contour::at_distance(&prism.outline, inset_mm),
            Self::Mesh(mesh) => contour::at_level(&silhouette(mesh), inset_mm as f32),
        }
    }
}

/// Signed distance in the front plane to the border of the mesh's shadow, to half a pixel.
fn silhouette(mesh: &Mesh) -> Raster {
    let (frame, width, height) = safe_mesh::frame(mesh);
    let outside = Grid::from_fn(width, height, |column, row| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        mesh.front_mm(x, y).is_none()
    });
    let (inward, outward) = (
        edt::distance_px(&outside),
        edt::distance_px(&outside.map(|outside| !outside)),
    );
    let grid = Grid::from_fn(width, height, |column, row| {
        let signed = match outside.at(column, row) {
            true => 0.5 - outward.at(column, row),
            false => inward.at(column, row) - 0.5,
        };
        signed * frame.mm_per_px as f32
    });
    Raster { frame, grid }
}
