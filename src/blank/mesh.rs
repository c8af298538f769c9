//! Meshes: solids bounded by triangles, and distances to them.
//!
//! A mesh is a solid only if it is closed: every edge belongs to two triangles that run along it
//! in opposite directions. That is checked, and a mesh that is turned inside out as a whole is
//! turned back. Distances, signs (by angle-weighted pseudonormals) and rays are those of parry3d.

use std::collections::HashMap;
use std::sync::OnceLock;

use parry3d_f64::math::Vector;
use parry3d_f64::query::{PointQuery, Ray, RayCast};
use parry3d_f64::shape::{TriMesh, TriMeshFlags};
use rayon::prelude::*;

/// Corners and triangles as a file has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Triangles {
    pub(super) corners: Vec<[f64; 3]>,
    pub(super) triangles: Vec<[u32; 3]>,
}

/// Corners nearer than this part of the mesh's size are one: single precision, as files hold it,
/// has 6e-8, and nothing in a blank is that small.
const MERGED: f64 = 1e-6;
/// Cells along each axis of the table that tells points deep inside from those near the surface.
const CELLS: usize = 40;

/// A closed mesh.
///
/// # Guarantees
///
/// - Every edge belongs to two triangles, running in opposite directions; normals point outward.
pub(super) struct Mesh {
    mesh: TriMesh,
    low: [f64; 3],
    high: [f64; 3],
    floors: OnceLock<Vec<f64>>,
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mesh")
            .field("triangles", &self.mesh.indices().len())
            .finish_non_exhaustive()
    }
}

impl Triangles {
    /// The least and the largest corner of the box around all corners that triangles use.
    pub(super) fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        let used = self.triangles.iter().flatten();
        let mut points = used.map(|&corner| self.corners[corner as usize]);
        let first = points.next()?;
        Some(points.fold((first, first), |(mut low, mut high), point| {
            for axis in 0..3 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
            (low, high)
        }))
    }

    /// Moves every corner.
    pub(super) fn map(&mut self, change: impl Fn([f64; 3]) -> [f64; 3]) {
        for corner in &mut self.corners {
            *corner = change(*corner);
        }
    }

    /// Makes corners at the same place one corner, and drops triangles without an area.
    fn merged(&self) -> Self {
        let (low, high) = self.bounds().unwrap_or_default();
        let size = (0..3).map(|a| high[a] - low[a]).fold(0.0, f64::max);
        let per_mm = 1.0 / (size * MERGED);
        let key = |p: [f64; 3]| [0, 1, 2].map(|axis| ((p[axis] - low[axis]) * per_mm) as i64);
        let mut found: HashMap<[i64; 3], u32> = HashMap::with_capacity(self.corners.len());
        let mut corners: Vec<[f64; 3]> = Vec::new();
        let index: Vec<u32> = self
            .corners
            .iter()
            .map(|&corner| {
                let [x, y, z] = key(corner);
                // A corner near a cell's wall may have its twin in the cell beside it.
                let near = (-1..=1).flat_map(|i| {
                    (-1..=1).flat_map(move |j| (-1..=1).map(move |k| [x + i, y + j, z + k]))
                });
                let twin = near
                    .filter_map(|cell| found.get(&cell).copied())
                    .find(|&twin| {
                        let other = corners[twin as usize];
                        (0..3).all(|axis| (other[axis] - corner[axis]).abs() * per_mm <= 1.0)
                    });
                twin.unwrap_or_else(|| {
                    let new = corners.len() as u32;
                    corners.push(corner);
                    found.insert([x, y, z], new);
                    new
                })
            })
            .collect();
        let triangles = self
            .triangles
            .iter()
            .map(|triangle| triangle.map(|corner| index[corner as usize]))
            .filter(|[a, b, c]| a != b && b != c && c != a)
            .collect();
        Self { corners, triangles }
    }

    /// What keeps the triangles from being a solid: `None` if they are one.
    fn fault(&self) -> Option<String> {
        let mut runs: HashMap<(u32, u32), i32> = HashMap::with_capacity(self.triangles.len() * 3);
        let mut doubled = None;
        for &[a, b, c] in &self.triangles {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                let run = runs.entry((from, to)).or_default();
                *run += 1;
                if *run > 1 && doubled.is_none_or(|edge| (from, to) < edge) {
                    doubled = Some((from, to));
                }
            }
        }
        let place = |corner: u32| {
            let [x, y, z] = self.corners[corner as usize];
            format!("x {x:.2} y {y:.2} z {z:.2}")
        };
        let open = |&(from, to): &(u32, u32)| !runs.contains_key(&(to, from));
        let loose: Vec<_> = runs.keys().copied().filter(open).collect();
        if let Some(edge) = loose.iter().min() {
            let (count, place) = (loose.len(), place(edge.0));
            let edges = if count == 1 {
                "edge belongs"
            } else {
                "edges belong"
            };
            return Some(format!(
                "is not closed: {count} {edges} to one face only, as at {place}"
            ));
        }
        doubled.map(|(from, _)| {
            format!(
                "has faces that are turned or doubled, as at {}",
                place(from)
            )
        })
    }

    /// Six times the volume; negative if the triangles are turned inside out.
    fn volume6(&self) -> f64 {
        let corner = |index: u32| Vector::from(self.corners[index as usize]);
        let volumes = self.triangles.iter();
        volumes
            .map(|&[a, b, c]| corner(a).dot(corner(b).cross(corner(c))))
            .sum()
    }
}

impl Mesh {
    /// A solid from triangles, or what is wrong with them.
    pub(super) fn new(triangles: &Triangles) -> Result<Self, String> {
        let mut merged = triangles.merged();
        let (low, high) = merged.bounds().ok_or("holds no faces")?;
        if let Some(fault) = merged.fault() {
            return Err(fault);
        }
        let volume6 = merged.volume6();
        if volume6 == 0.0 {
            return Err("encloses no volume".to_owned());
        }
        if volume6 < 0.0 {
            merged.triangles.iter_mut().for_each(|face| face.swap(1, 2));
        }
        let corners = merged.corners.iter().map(|&p| Vector::from(p)).collect();
        let mesh = TriMesh::with_flags(corners, merged.triangles, TriMeshFlags::ORIENTED)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            mesh,
            low,
            high,
            floors: OnceLock::new(),
        })
    }

    /// The least and the largest corner of its box.
    pub(super) fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        (self.low, self.high)
    }

    /// Signed distance to the surface, mm, positive inside; the point is finite.
    pub(super) fn clearance_mm(&self, point: [f64; 3]) -> f64 {
        let point = Vector::from(point);
        let nearest = self.mesh.project_local_point(point, false);
        let distance = (nearest.point - point).length();
        if nearest.is_inside {
            distance
        } else {
            -distance
        }
    }

    /// A value that the clearance of this point is not below.
    pub(super) fn clearance_floor_mm(&self, point: [f64; 3]) -> f64 {
        let floors = self.floors.get_or_init(|| self.floors());
        let mut index = 0;
        for axis in (0..3).rev() {
            let side = self.high[axis] - self.low[axis];
            let cell = (point[axis] - self.low[axis]) / side * CELLS as f64;
            if !(0.0..CELLS as f64).contains(&cell) {
                return f64::NEG_INFINITY;
            }
            index = index * CELLS + cell as usize;
        }
        floors[index]
    }

    /// Clearance of the centre of each cell less half its diagonal.
    fn floors(&self) -> Vec<f64> {
        let cell = [0, 1, 2].map(|axis| (self.high[axis] - self.low[axis]) / CELLS as f64);
        let half_diagonal = 0.5 * cell.iter().map(|side| side * side).sum::<f64>().sqrt();
        (0..CELLS * CELLS * CELLS)
            .into_par_iter()
            .map(|index| {
                let at = [index % CELLS, index / CELLS % CELLS, index / CELLS / CELLS];
                let centre =
                    [0, 1, 2].map(|axis| self.low[axis] + (at[axis] as f64 + 0.5) * cell[axis]);
                self.clearance_mm(centre) - half_diagonal - 1e-9
            })
            .collect()
    }

    /// Where a ray from the front along -z first meets the surface: z in mm and the cosine of the
    /// surface's tilt against the front plane.
    pub(super) fn front_mm(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let start = self.high[2] + 1.0;
        let ray = Ray::new(Vector::new(x, y, start), Vector::new(0.0, 0.0, -1.0));
        let hit = self
            .mesh
            .cast_local_ray_and_get_normal(&ray, f64::MAX, false)?;
        Some((start - hit.time_of_impact, hit.normal.z))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random;

    /// A box about the origin, faces outward.
    pub(in crate::blank) fn cuboid(width: f64, height: f64, thickness: f64) -> Triangles {
        let corners = (0..8)
            .map(|i| {
                let side = |bit: usize, size: f64| {
                    if i >> bit & 1 == 1 {
                        0.5 * size
                    } else {
                        -0.5 * size
                    }
                };
                [side(0, width), side(1, height), side(2, thickness)]
            })
            .collect();
        let quads = [
            [0, 2, 3, 1],
            [4, 5, 7, 6],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 4, 6, 2],
            [1, 3, 7, 5],
        ];
        let triangles = quads
            .iter()
            .flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]])
            .collect();
        Triangles { corners, triangles }
    }

    /// A ball of `rings` x `2 rings` faces, cut off flat above `top`.
    pub(in crate::blank) fn ball(radius: f64, rings: u32, top: f64) -> Triangles {
        let around = 2 * rings;
        let first = (top / radius).min(1.0).acos();
        let mut corners = vec![[0.0, 0.0, top.min(radius)]];
        for ring in 0..rings {
            let part = f64::from(ring) / f64::from(rings);
            let polar = if first > 0.0 {
                first + part * (std::f64::consts::PI - first)
            } else {
                f64::from(ring + 1) / f64::from(rings + 1) * std::f64::consts::PI
            };
            for step in 0..around {
                let (sin, cos) =
                    (std::f64::consts::TAU * f64::from(step) / f64::from(around)).sin_cos();
                let r = radius * polar.sin();
                corners.push([r * cos, r * sin, radius * polar.cos()]);
            }
        }
        corners.push([0.0, 0.0, -radius]);
        let last = corners.len() as u32 - 1;
        let at = |ring: u32, step: u32| 1 + ring * around + step % around;
        let mut triangles = Vec::new();
        for step in 0..around {
            triangles.push([0, at(0, step), at(0, step + 1)]);
            triangles.push([last, at(rings - 1, step + 1), at(rings - 1, step)]);
            for ring in 0..rings - 1 {
                let (a, b) = (at(ring, step), at(ring, step + 1));
                let (c, d) = (at(ring + 1, step), at(ring + 1, step + 1));
                triangles.extend([[a, c, d], [a, d, b]]);
            }
        }
        Triangles { corners, triangles }
    }

    #[test]
    fn a_box_of_triangles_is_the_box() {
        let mesh = Mesh::new(&cuboid(20.0, 10.0, 6.0)).unwrap();
        for i in 0..2000 {
            let p = [0, 1, 2].map(|axis| f64::from(random::unit(axis, i)) * 30.0 - 15.0);
            let apart = [0, 1, 2].map(|axis: usize| p[axis].abs() - [10.0, 5.0, 3.0][axis]);
            let outside = apart.map(|d| d.max(0.0).powi(2)).iter().sum::<f64>().sqrt();
            let inside = -apart.iter().copied().fold(f64::MIN, f64::max);
            let expected = if inside >= 0.0 { inside } else { -outside };
            let found = mesh.clearance_mm(p);
            assert!(
                (found - expected).abs() < 1e-9,
                "{found} for {expected} at {p:?}"
            );
            assert!(mesh.clearance_floor_mm(p) <= found);
        }
    }

    #[test]
    fn a_mesh_turned_inside_out_is_turned_back() {
        let mut triangles = cuboid(2.0, 2.0, 2.0);
        triangles
            .triangles
            .iter_mut()
            .for_each(|face| face.swap(0, 1));
        assert_eq!(Mesh::new(&triangles).unwrap().clearance_mm([0.0; 3]), 1.0);
    }

    #[test]
    fn corners_repeated_by_the_file_are_one() {
        let solid = ball(10.0, 12, 10.0);
        let mut soup = Triangles::default();
        for (index, corner) in solid.triangles.iter().flatten().enumerate() {
            let wobble = 1e-6 * f64::from(random::unit(1, index as u64));
            soup.corners
                .push(solid.corners[*corner as usize].map(|value| value + wobble));
        }
        soup.triangles = (0..soup.corners.len() as u32 / 3)
            .map(|i| [3 * i, 3 * i + 1, 3 * i + 2])
            .collect();
        assert!(Mesh::new(&soup).is_ok());
    }

    #[test]
    fn faults_name_their_place() {
        let message = |triangles: &Triangles| Mesh::new(triangles).unwrap_err();
        let mut open = cuboid(2.0, 2.0, 2.0);
        open.triangles.pop();
        assert!(
            message(&open).contains("3 edges belong to one face only, as at x"),
            "{}",
            message(&open)
        );
        let mut turned = cuboid(2.0, 2.0, 2.0);
        turned.triangles[4].swap(0, 1);
        assert!(message(&turned).contains("face"), "{}", message(&turned));
        assert_eq!(message(&Triangles::default()), "holds no faces");
    }
}
