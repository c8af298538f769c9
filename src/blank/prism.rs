//! Prisms: an outline, a thickness, a bevel around front and back, round holes through.
//!
//! Seen in section, with the distance to the outline as one axis and the depth below the nearer
//! face as the other, a bevelled prism is a quarter plane with its corner cut off. Distances in
//! that section are distances in space: inside, because a way straight to the nearest point of
//! the outline comes closer to it at full rate; outside, except around the corners of a bevelled
//! outline, where the section says less than the true distance and never more, and the sign is
//! right everywhere.

use serde::{Deserialize, Serialize};

use super::outline::{Outline, Point};

/// A round hole from front to back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hole {
    /// Its axis to the right of the blank's centre, mm.
    pub x_mm: f64,
    /// Its axis above the blank's centre, mm.
    pub y_mm: f64,
    /// Its diameter, mm.
    pub diameter_mm: f64,
}

impl Hole {
    /// Distance to the wall in the front plane, mm, positive in the glass.
    pub(super) fn distance_mm(&self, point: Point) -> f64 {
        // Not `hypot`: it guards against numbers far beyond any blank, and every point pays for it.
        let from = [point[0] - self.x_mm, point[1] - self.y_mm];
        (from[0] * from[0] + from[1] * from[1]).sqrt() - 0.5 * self.diameter_mm
    }
}

/// A flat solid with parallel faces, its centre at the origin.
#[derive(Clone, Debug)]
pub(super) struct Prism {
    pub(super) outline: Outline,
    pub(super) half_thickness_mm: f64,
    /// Width and depth of the bevel at 45 degrees around both faces; at most half the thickness.
    pub(super) bevel_mm: f64,
    pub(super) holes: Vec<Hole>,
}

impl Prism {
    /// Signed distance to the surface, mm, positive inside.
    pub(super) fn clearance_mm(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.section_mm([x, y], self.outline.distance_mm([x, y]), z)
    }

    /// A value that the clearance of this point is not below.
    pub(super) fn clearance_floor_mm(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.section_mm([x, y], self.outline.distance_floor_mm([x, y]), z)
    }

    /// Clearance from the distance to the outline; it never falls as that distance grows.
    fn section_mm(&self, point: Point, outline_mm: f64, z: f64) -> f64 {
        let below_face = self.half_thickness_mm - z.abs();
        let holes = self.holes.iter();
        holes.fold(
            corner_mm(outline_mm, below_face, self.bevel_mm),
            |least, hole| least.min(corner_mm(hole.distance_mm(point), below_face, 0.0)),
        )
    }
}

/// Signed distance in the section: `across` from the wall, `below` the face, the corner cut off by
/// `bevel`.
fn corner_mm(across: f64, below: f64, bevel: f64) -> f64 {
    let cut = (across + below - bevel) * std::f64::consts::FRAC_1_SQRT_2;
    let inside = across.min(below);
    if bevel <= 0.0 {
        return if inside >= 0.0 {
            inside
        } else {
            -across.min(0.0).hypot(below.min(0.0))
        };
    }
    if inside.min(cut) >= 0.0 {
        inside.min(cut)
    } else if below >= bevel {
        across
    } else if across >= bevel {
        below
    } else {
        let t = (0.5 * (across - below + bevel) / bevel).clamp(0.0, 1.0);
        -(across - t * bevel).hypot(below - (1.0 - t) * bevel)
    }
}

#[cfg(test)]
mod reference {
    //! The slow twin: a dense sample of the surface of a bevelled prism.
    use super::Prism;

    /// Points of the surface about `step` apart.
    pub(super) fn surface(prism: &Prism, step: f64) -> Vec<[f64; 3]> {
        let (low, high) = prism.outline.bounds();
        let half = prism.half_thickness_mm;
        let mut points = Vec::new();
        let mut put = |x: f64, y: f64, z: f64| points.extend([[x, y, z], [x, y, -z]]);
        let mut x = low[0] - step;
        while x < high[0] + step {
            let mut y = low[1] - step;
            while y < high[1] + step {
                let across = prism.outline.distance_mm([x, y]);
                let solid = prism.holes.iter().all(|h| h.distance_mm([x, y]) > 0.0);
                if across >= 0.0 && solid {
                    put(x, y, half - (prism.bevel_mm - across).max(0.0));
                }
                y += step;
            }
            x += step;
        }
        let walls = prism.outline.loops().iter().flat_map(|points| {
            let next = points.iter().cycle().skip(1);
            points.iter().zip(next).flat_map(move |(a, b)| {
                let length = (b[0] - a[0]).hypot(b[1] - a[1]);
                let pieces = (length / step).ceil() as usize;
                (0..pieces).map(move |i| {
                    let t = i as f64 / pieces as f64;
                    [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
                })
            })
        });
        let mut column = |x: f64, y: f64, top: f64| {
            let steps = (top / step).ceil() as usize;
            (0..=steps).for_each(|i| put(x, y, top * i as f64 / steps as f64));
        };
        for [x, y] in walls {
            column(x, y, half - prism.bevel_mm);
        }
        for hole in &prism.holes {
            let r = 0.5 * hole.diameter_mm;
            let pieces = (std::f64::consts::TAU * r / step).ceil() as usize;
            for i in 0..pieces {
                let (sin, cos) = (std::f64::consts::TAU * i as f64 / pieces as f64).sin_cos();
                column(hole.x_mm + r * cos, hole.y_mm + r * sin, half);
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blank::table;
    use crate::random;

    fn pendant(bevel_mm: f64) -> Prism {
        Prism {
            outline: table::heart("necklace").unwrap().outline(8.0, 8.0, 0.0002),
            half_thickness_mm: 1.5,
            bevel_mm,
            holes: vec![Hole {
                x_mm: 0.3,
                y_mm: 1.5,
                diameter_mm: 0.8,
            }],
        }
    }

    #[test]
    fn clearance_is_the_distance_to_the_nearest_point_of_the_surface() {
        let step = 0.05;
        for bevel_mm in [0.0, 0.7] {
            let prism = pendant(bevel_mm);
            let surface = reference::surface(&prism, step);
            for i in 0..400u64 {
                let random = |axis: u64| f64::from(random::unit(7 + axis, i));
                let (x, y) = (10.0 * random(0) - 5.0, 10.0 * random(1) - 5.0);
                let point = [x, y, 4.0 * random(2) - 2.0];
                let nearest = surface
                    .iter()
                    .map(|s| (0..3).map(|a| (s[a] - point[a]).powi(2)).sum::<f64>())
                    .fold(f64::INFINITY, f64::min)
                    .sqrt();
                let clearance = prism.clearance_mm(point);
                // The sample is at most about a step away from any point of the surface.
                let bound = 0.5 * step * step / nearest.max(step) + 0.02;
                if clearance >= 0.0 || bevel_mm == 0.0 {
                    let off = (nearest - clearance.abs()).abs();
                    assert!(off < bound, "{clearance} for {nearest} at {point:?}");
                } else {
                    assert!(-clearance < nearest + bound, "too far out at {point:?}");
                }
            }
        }
    }

    #[test]
    fn a_bevel_takes_the_corner_only() {
        let prism = Prism {
            outline: Outline::rectangle(20.0, 20.0, 0.0),
            half_thickness_mm: 5.0,
            bevel_mm: 2.0,
            holes: vec![],
        };
        assert_eq!(prism.clearance_mm([0.0, 0.0, 0.0]), 5.0);
        assert_eq!(prism.clearance_mm([9.0, 0.0, 0.0]), 1.0);
        // On the cut from (8, 5) to (10, 3), inside of it, and outside at the lost corner.
        assert!(prism.clearance_mm([9.0, 0.0, 4.0]).abs() < 1e-12);
        assert!((prism.clearance_mm([8.0, 0.0, -4.0]) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((prism.clearance_mm([10.0, 0.0, 5.0]) + 2f64.sqrt()).abs() < 1e-12);
        assert_eq!(
            prism.clearance_mm([9.9, 0.0, 0.0]),
            prism.clearance_mm([0.0, -9.9, 1.0])
        );
        assert_eq!(prism.clearance_mm([13.0, 0.0, 2.0]), -3.0);
    }

    #[test]
    fn a_hole_is_part_of_the_surface() {
        let prism = pendant(0.0);
        assert!((prism.clearance_mm([0.3, 1.5, 0.0]) + 0.4).abs() < 1e-12);
        assert!((prism.clearance_mm([0.3, 0.9, 0.0]) - 0.2).abs() < 1e-12);
        // In the hole and above it: the nearest glass is the rim.
        let above = prism.clearance_mm([0.3, 1.5, 1.8]);
        assert!((above + 0.5).abs() < 1e-12, "{above}");
    }
}
