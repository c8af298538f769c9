//! The crystal's body as flat facets: its outline drawn out to its thickness, edges bevelled.
//!
//! Only for the picture: what may hold points is decided by the blank's clearance, not here.

use rayon::prelude::*;

use crate::blank::Blank;

/// Bevel of the drawn edges as a fraction of the smaller side of the outline, and its limits in mm.
///
/// Assumed, as no shop states it.
const BEVEL_FRACTION: f32 = 0.016;
const BEVEL_MM: (f32, f32) = (0.3, 1.0);

/// A bevel takes at most this part of the thickness, so that a wall stays between the bevels.
const BEVEL_OF_THICKNESS: f32 = 0.2;

/// Holes are deburred, not bevelled like the outline: this part of its bevel.
const HOLE_BEVEL: f32 = 0.4;

/// Corners nearer to one another than this fraction of the outline are merged: a facet of less than
/// two pixels shows nothing and costs as much as a large one.
const SHORTEST_SIDE: f32 = 0.003;

/// A closed polygon with its outward normals.
#[derive(Clone, Debug)]
struct Ring {
    corners: Vec<[f32; 2]>,
    /// Outward normal of the side from each corner to the next.
    normals: Vec<[f32; 2]>,
    /// Outward from each corner, so long that moving along it by 1 moves both sides by 1.
    mitres: Vec<[f32; 2]>,
    /// Width of its bevels, mm.
    bevel_mm: f32,
    /// How far inward each corner can move before it comes nearer to another side, mm.
    reach: Vec<f32>,
}

/// A flat four-sided piece of the surface, mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facet {
    /// Corners in order around the facet.
    pub(super) corners: [[f32; 3]; 4],
    /// Outward normals at these corners, of length 1: across a rounded outline and a polished bevel
    /// they turn, and light runs out softly.
    pub(super) normals: [[f32; 3]; 4],
}

impl Facet {
    /// The mean of the corners.
    pub(super) fn centre(&self) -> [f32; 3] {
        [0, 1, 2].map(|axis| self.corners.iter().map(|corner| corner[axis]).sum::<f32>() / 4.0)
    }

    /// The mean of the normals.
    pub(super) fn normal(&self) -> [f32; 3] {
        [0, 1, 2].map(|axis| self.normals.iter().map(|normal| normal[axis]).sum::<f32>() / 4.0)
    }
}

/// A straight piece of an edge between two bands of facets, mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Both ends.
    pub(super) ends: [[f32; 3]; 2],
    /// The mean of both facets' outward normals, of length 1.
    pub(super) normal: [f32; 3],
}

/// The crystal's surface between its front and its back face.
#[derive(Clone, Debug)]
pub(super) struct Body {
    rings: Vec<Ring>,
    /// Half of width, height and thickness, mm; all at least 1 µm.
    pub(super) half_mm: [f32; 3],
    /// Bevels and walls.
    pub(super) facets: Vec<Facet>,
    /// Edges between them.
    pub(super) edges: Vec<Edge>,
}

impl Body {
    /// The body of a blank; one without an outline has no facets, and still its size.
    pub(super) fn of_blank(blank: &Blank) -> Self {
        let size = [
            blank.size.width_mm,
            blank.size.height_mm,
            blank.size.thickness_mm,
        ];
        let size_mm = size.map(|side| side.get() as f32);
        let smaller = size_mm[0].min(size_mm[1]);
        let bevel_mm = (smaller * BEVEL_FRACTION).clamp(BEVEL_MM.0, BEVEL_MM.1);
        Self::new(&blank.outline_mm(), size_mm, bevel_mm)
    }

    /// A body from its outline (outer polygon first, then holes), its size, and the width of its
    /// bevels, all mm.
    pub(super) fn new(outline_mm: &[Vec<[f32; 2]>], size_mm: [f32; 3], bevel_mm: f32) -> Self {
        let half_mm = size_mm.map(|side| (side / 2.0).clamp(1e-3, 1e4));
        let smaller = half_mm[0].min(half_mm[1]) * 2.0;
        let bevel_mm = bevel_mm.min(half_mm[2] * 2.0 * BEVEL_OF_THICKNESS).max(0.0);
        let mut rings: Vec<Ring> = outline_mm
            .iter()
            .enumerate()
            .filter_map(|(index, polygon)| {
                let bevel_mm = bevel_mm * if index == 0 { 1.0 } else { HOLE_BEVEL };
                Ring::new(polygon, index > 0, smaller * SHORTEST_SIDE)
                    .map(|ring| Ring { bevel_mm, ..ring })
            })
            .collect();
        let reaches: Vec<Vec<f32>> = rings
            .iter()
            .map(|ring| ring.measure_reach(&rings))
            .collect();
        for (ring, reach) in rings.iter_mut().zip(reaches) {
            ring.reach = reach;
        }
        let mut body = Self {
            rings,
            half_mm,
            facets: Vec::new(),
            edges: Vec::new(),
        };
        body.build();
        body
    }

    /// The outlines at the front face (`z_sign` 1) or at the back face (-1), bevels taken off; for
    /// filling with the even-odd rule.
    pub(super) fn face(&self, z_sign: f32) -> Vec<Vec<[f32; 3]>> {
        self.rings
            .iter()
            .map(|ring| self.section(ring, 1.0, z_sign))
            .collect()
    }

    /// The outlines at their largest, halfway between front and back.
    pub(super) fn outline(&self) -> Vec<Vec<[f32; 3]>> {
        let level = |ring: &Ring| ring.corners.iter().map(|&[x, y]| [x, y, 0.0]).collect();
        self.rings.iter().map(level).collect()
    }

    /// The ranges of y in which the plane of this x cuts the glass, from below.
    pub(super) fn spans_at(&self, x_mm: f32) -> Vec<[f32; 2]> {
        let mut cuts: Vec<f32> = Vec::new();
        for ring in &self.rings {
            let ends = ring.corners.iter().cycle().skip(1);
            for (start, end) in ring.corners.iter().zip(ends) {
                // Half open, so that a corner on the plane counts once.
                if (start[0] <= x_mm) != (end[0] <= x_mm) {
                    let part = (x_mm - start[0]) / (end[0] - start[0]);
                    cuts.push(start[1] + part * (end[1] - start[1]));
                }
            }
        }
        cuts.sort_by(f32::total_cmp);
        cuts.chunks_exact(2)
            .map(|pair| [pair[0], pair[1]])
            .collect()
    }

    /// The corners of a ring moved onto the bevel: `part` 0 is its outer edge, 1 its inner one.
    ///
    /// Where the bevels of two sides meet, the corner stays on the ridge between them.
    fn section(&self, ring: &Ring, part: f32, z_sign: f32) -> Vec<[f32; 3]> {
        let wall = self.half_mm[2] - ring.bevel_mm;
        let insets = ring
            .reach
            .iter()
            .map(|reach| reach.min(part * ring.bevel_mm));
        ring.corners
            .iter()
            .zip(&ring.mitres)
            .zip(insets)
            .map(|(([x, y], [mx, my]), inset)| {
                [x - mx * inset, y - my * inset, z_sign * (wall + inset)]
            })
            .collect()
    }

    fn build(&mut self) {
        let mut facets = Vec::new();
        let mut edges = Vec::new();
        for ring in &self.rings {
            let sections = LEVELS.map(|(part, z_sign)| self.section(ring, part, z_sign));
            for index in 0..ring.corners.len() {
                let next = (index + 1) % ring.corners.len();
                let ends = [ring.normal_at(index, index), ring.normal_at(next, index)];
                for (band, leans) in BAND_LEANS.into_iter().enumerate() {
                    let (upper, lower) = (&sections[band], &sections[band + 1]);
                    facets.push(Facet {
                        corners: [upper[index], upper[next], lower[next], lower[index]],
                        normals: [
                            leaning(ends[0], leans[0]),
                            leaning(ends[1], leans[0]),
                            leaning(ends[1], leans[1]),
                            leaning(ends[0], leans[1]),
                        ],
                    });
                }
                for (section, lean) in sections.iter().zip(EDGE_LEANS) {
                    edges.push(Edge {
                        ends: [section[index], section[next]],
                        normal: leaning(ring.normals[index], lean),
                    });
                }
            }
        }
        (self.facets, self.edges) = (facets, edges);
    }
}

/// Edges around the body from the front face to the back face: part of the bevel's inset, side.
const LEVELS: [(f32, f32); 4] = [(1.0, 1.0), (0.0, 1.0), (0.0, -1.0), (1.0, -1.0)];

/// How far the bands between these edges lean forward at their upper and at their lower edge,
/// degrees. The bevel is flat; the spread around 45 is what polishing leaves.
const BAND_LEANS: [[f32; 2]; 3] = [[58.0, 32.0], [0.0, 0.0], [-32.0, -58.0]];

/// How far the edges themselves lean.
const EDGE_LEANS: [f32; 4] = [68.0, 22.0, -22.0, -68.0];

/// An outward direction turned toward the front.
fn leaning([nx, ny]: [f32; 2], degrees: f32) -> [f32; 3] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [nx * cos, ny * cos, sin]
}

/// Sides that turn by less than this are one rounded side: cosine of 30 degrees.
const ROUNDED: f32 = 0.866;

impl Ring {
    /// A ring of at least three distinct finite corners, turned counter-clockwise (clockwise for a
    /// hole), so that the normals point out of the glass.
    fn new(polygon: &[[f32; 2]], is_hole: bool, shortest_mm: f32) -> Option<Self> {
        let mut corners: Vec<[f32; 2]> = Vec::with_capacity(polygon.len());
        for &corner in polygon {
            let far = |other: &[f32; 2]| {
                (corner[0] - other[0]).hypot(corner[1] - other[1]) >= shortest_mm.max(1e-6)
            };
            let finite = corner.iter().all(|value| value.abs() < 1e4);
            if finite && corners.last().is_none_or(far) && (corners.len() < 2 || far(&corners[0])) {
                corners.push(corner);
            }
        }
        if corners.len() < 3 {
            return None;
        }
        let next = |index: usize| (index + 1) % corners.len();
        let doubled_area: f32 = (0..corners.len())
            .map(|i| corners[i][0] * corners[next(i)][1] - corners[next(i)][0] * corners[i][1])
            .sum();
        if (doubled_area < 0.0) != is_hole {
            corners.reverse();
        }
        let next = |index: usize| (index + 1) % corners.len();
        let normals: Vec<[f32; 2]> = (0..corners.len())
            .map(|i| {
                let (dx, dy) = (
                    corners[next(i)][0] - corners[i][0],
                    corners[next(i)][1] - corners[i][1],
                );
                let length = dx.hypot(dy).max(1e-9);
                [dy / length, -dx / length]
            })
            .collect();
        let mitres = mitres(&normals);
        let reach = vec![f32::MAX; corners.len()];
        Some(Self {
            corners,
            normals,
            mitres,
            bevel_mm: 0.0,
            reach,
        })
    }

    /// The normal of a side at one of its ends: that of the rounded outline, or its own at a corner.
    fn normal_at(&self, corner: usize, side: usize) -> [f32; 2] {
        let before = self.normals[(corner + self.normals.len() - 1) % self.normals.len()];
        let after = self.normals[corner];
        if before[0] * after[0] + before[1] * after[1] < ROUNDED {
            return self.normals[side];
        }
        let (x, y) = (before[0] + after[0], before[1] + after[1]);
        let length = x.hypot(y);
        [x / length, y / length]
    }

    /// Finds how far inward each corner can move, up to the width of the bevel.
    fn measure_reach(&self, rings: &[Self]) -> Vec<f32> {
        (0..self.corners.len())
            .into_par_iter()
            .with_min_len(32)
            .map(|index| {
                let ([x, y], [mx, my]) = (self.corners[index], self.mitres[index]);
                // Mitres of a rounded corner are a little too long for some sides: hence 0.95.
                let fits = |inset: f32| {
                    let moved = [x - mx * inset, y - my * inset];
                    rings
                        .iter()
                        .all(|ring| ring.is_farther(moved, 0.95 * inset))
                };
                let (mut low, mut high) = (0.0, self.bevel_mm);
                if fits(high) {
                    return high;
                }
                for _ in 0..8 {
                    let middle = (low + high) / 2.0;
                    if fits(middle) {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                low
            })
            .collect()
    }

    /// Whether every side is at least `least` from the point.
    fn is_farther(&self, point: [f32; 2], least: f32) -> bool {
        let ends = self.corners.iter().cycle().skip(1);
        self.corners
            .iter()
            .zip(ends)
            .all(|(&start, &end)| distance(point, start, end) >= least)
    }
}

/// The mitre of each corner; more than twice as long as the inset it is cut: spikes.
fn mitres(normals: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let before =
        (0..normals.len()).map(|index| normals[(index + normals.len() - 1) % normals.len()]);
    normals
        .iter()
        .zip(before)
        .map(|(b, a)| {
            let scale = 1.0 / (1.0 + a[0] * b[0] + a[1] * b[1]).max(0.5);
            [(a[0] + b[0]) * scale, (a[1] + b[1]) * scale]
        })
        .collect()
}

/// Distance from a point to the straight piece from `start` to `end`.
fn distance([x, y]: [f32; 2], start: [f32; 2], end: [f32; 2]) -> f32 {
    let (dx, dy) = (end[0] - start[0], end[1] - start[1]);
    let along = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy).max(1e-12);
    let along = along.clamp(0.0, 1.0);
    (x - start[0] - along * dx).hypot(y - start[1] - along * dy)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The square with a hole of tests: 20 x 20 x 6 mm.
    pub(in crate::preview) fn square() -> Body {
        let side = |half: f32| vec![[-half, -half], [half, -half], [half, half], [-half, half]];
        Body::new(&[side(10.0), side(2.0)], [20.0, 20.0, 6.0], 1.0)
    }

    #[test]
    fn normals_point_out_of_the_glass_whichever_way_the_outline_runs() {
        for reversed in [false, true] {
            let mut outline = vec![[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
            if reversed {
                outline.reverse();
            }
            let outer = Ring::new(&outline, false, 0.0).unwrap();
            let hole = Ring::new(&outline, true, 0.0).unwrap();
            for index in 0..4 {
                let dot = |ring: &Ring| {
                    ring.corners[index][0] * ring.normals[index][0]
                        + ring.corners[index][1] * ring.normals[index][1]
                };
                assert!(dot(&outer) > 0.0 && dot(&hole) < 0.0);
            }
        }
    }

    #[test]
    fn bevels_go_into_the_glass() {
        let body = square();
        let face = body.face(1.0);
        let outer = 9.0;
        let near = |value: f32, wanted: f32| (value.abs() - wanted).abs() < 1e-5;
        assert!(
            face[0]
                .iter()
                .all(|&[x, y, z]| near(x, outer) && near(y, outer) && z == 3.0)
        );
        assert!(face[1].iter().all(|&[x, _, _]| near(x, 2.0 + HOLE_BEVEL)));
    }

    #[test]
    fn where_bevels_meet_they_end_in_a_ridge() {
        // A needle 20 mm long and 0.3 mm wide: bevels of 1 mm do not fit.
        let needle = vec![[-10.0, -0.15], [10.0, -0.15], [10.0, 0.15], [-10.0, 0.15]];
        let wide = vec![[-10.0, -10.0], [10.0, -10.0], [10.0, -9.0], [-10.0, -9.0]];
        let body = Body::new(&[needle, wide], [20.0, 20.0, 6.0], 1.0);
        for [_, y, z] in body.face(1.0).concat().into_iter().take(4) {
            assert!(y.abs() < 0.16 && z < 3.0, "{y} {z}");
        }
    }

    #[test]
    fn a_plane_cuts_the_glass_beside_the_hole() {
        assert_eq!(square().spans_at(0.0), [[-10.0, -2.0], [2.0, 10.0]]);
        assert_eq!(square().spans_at(5.0), [[-10.0, 10.0]]);
        assert!(square().spans_at(11.0).is_empty());
    }

    #[test]
    fn odd_outlines_give_no_facets_and_no_panic() {
        for outline in [
            vec![],
            vec![vec![]],
            vec![vec![[0.0, 0.0]]],
            vec![vec![[0.0, 0.0]; 9]],
            vec![vec![[f32::NAN, 0.0], [1.0, f32::INFINITY], [2.0, 2.0]]],
        ] {
            let body = Body::new(&outline, [10.0, 0.0, f32::NAN], f32::NAN);
            assert!(body.facets.is_empty() && body.edges.is_empty());
        }
    }
}
