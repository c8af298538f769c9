//! The outlines of hearts: one family of curves, whose members are rows of `blanks.toml`.
//!
//! The right half of a heart in the box from (-1, -1) to (1, 1) is three cubic Béziers: from the
//! cleft up to the top of the lobe, from there to the widest place, and down to the tip. Tangents
//! are horizontal at the top, vertical at the widest place, so the lobe is smooth; only the cleft,
//! and the tip if it is not rounded, are corners. The left half mirrors it. A member is fitted to
//! the part of its box that it fills, and scaled to its size per axis, which keeps that part.

use serde::Deserialize;

use super::outline::{Outline, Point, subdivided};

/// One member of the family; lengths in halves of the bounding box.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heart {
    /// Its name in the table.
    pub(super) name: String,
    /// Width over height as measured; a blank's own size decides, this is for the record.
    pub(super) aspect: f64,
    /// Part of the bounding box that it fills.
    pub(super) fill: f64,
    /// How deep the cleft lies below the top.
    cleft_depth: f64,
    /// Angle of the lobe against the vertical where it leaves the cleft.
    cleft_degrees: f64,
    /// Handle at the cleft.
    cleft_handle: f64,
    /// Where the lobe is highest.
    lobe_x: f64,
    /// Handles of the lobe as a part of its extent; 0.5523 is an ellipse, more is squarer.
    lobe_handle: f64,
    /// Where the heart is widest.
    widest_y: f64,
    /// Handle at the tip.
    tip_handle: f64,
    /// Angle of the tip against the horizontal; 0 is a rounded tip.
    #[serde(default)]
    tip_degrees: f64,
    /// Half the width of the foot of a heart that stands; 0 is a tip.
    #[serde(default)]
    tip_half_width: f64,
    /// Where the numbers come from.
    pub(super) source: String,
}

impl Heart {
    /// The outline, filling a box of `width_mm` x `height_mm` about the origin.
    pub(super) fn outline(&self, width_mm: f64, height_mm: f64, tolerance_mm: f64) -> Outline {
        let (half_width, half_height) = (width_mm / 2.0, height_mm / 2.0);
        let scaled = |[x, y]: Point| [x * half_width, y * half_height];
        let curves = self
            .right_half(self.side_handle())
            .map(|curve| curve.map(scaled));
        Outline::new(vec![closed(&curves, tolerance_mm)])
    }

    /// Height of the cleft above the centre in a box of `height_mm`.
    pub(super) fn cleft_y_mm(&self, height_mm: f64) -> f64 {
        (1.0 - self.cleft_depth) * height_mm / 2.0
    }

    /// The handle below the widest place that makes the heart fill its part of the box: the
    /// filled part grows with it, so halving finds it.
    fn side_handle(&self) -> f64 {
        let (mut low, mut high) = (0.0, 1.0 + self.widest_y);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            // The box is 2 x 2; the axis and a foot add nothing to the integral of x dy.
            let half: f64 = self.right_half(middle).iter().map(swept).sum();
            if 2.0 * half.abs() / 4.0 < self.fill {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    fn right_half(&self, side_handle: f64) -> [[Point; 4]; 3] {
        let (cleft_sin, cleft_cos) = self.cleft_degrees.to_radians().sin_cos();
        let (tip_sin, tip_cos) = self.tip_degrees.to_radians().sin_cos();
        let (cleft_y, top_x, widest_y) = (1.0 - self.cleft_depth, self.lobe_x, self.widest_y);
        let foot_x = self.tip_half_width;
        [
            [
                [0.0, cleft_y],
                [
                    self.cleft_handle * cleft_sin,
                    cleft_y + self.cleft_handle * cleft_cos,
                ],
                [top_x * (1.0 - self.lobe_handle), 1.0],
                [top_x, 1.0],
            ],
            [
                [top_x, 1.0],
                [top_x + self.lobe_handle * (1.0 - top_x), 1.0],
                [1.0, widest_y + self.lobe_handle * (1.0 - widest_y)],
                [1.0, widest_y],
            ],
            [
                [1.0, widest_y],
                [1.0, widest_y - side_handle],
                [
                    foot_x + self.tip_handle * tip_cos,
                    -1.0 + self.tip_handle * tip_sin,
                ],
                [foot_x, -1.0],
            ],
        ]
    }
}

/// The integral of x dy along a cubic Bézier curve: products of Bernstein polynomials, integrated.
fn swept(curve: &[Point; 4]) -> f64 {
    let ([x0, y0], [x1, y1], [x2, y2], [x3, y3]) = (curve[0], curve[1], curve[2], curve[3]);
    let parts = x0 * (-10.0 * y0 + 6.0 * y1 + 3.0 * y2 + y3)
        + x1 * (-6.0 * y0 + 3.0 * y2 + 3.0 * y3)
        + x2 * (-3.0 * y0 - 3.0 * y1 + 6.0 * y3)
        + x3 * (-y0 - 3.0 * y1 - 6.0 * y2 + 10.0 * y3);
    parts / 20.0
}

/// The curves of the right half and their mirror image as one closed polygon, clockwise.
fn closed(right_half: &[[Point; 4]], tolerance_mm: f64) -> Vec<Point> {
    let mut points = vec![right_half[0][0]];
    for curve in right_half {
        subdivided(curve, tolerance_mm, &mut points);
    }
    let left: Vec<Point> = points
        .iter()
        .rev()
        .filter(|point| point[0] > 0.0)
        .map(|&[x, y]| [-x, y])
        .collect();
    points.extend(left);
    points
}

#[cfg(test)]
mod tests {
    use super::super::table;

    #[test]
    fn hearts_fill_what_was_measured() {
        for (name, aspect, fill) in [
            ("necklace", 1.015, 0.71),
            ("key-chain", 0.95, 0.76),
            ("block", 1.143, 0.81),
        ] {
            let heart = table::heart(name).expect(name);
            let outline = heart.outline(40.0 * heart.aspect, 40.0, 0.0002);
            let ([x0, y0], [x1, y1]) = outline.bounds();
            let measured = (x1 - x0) / (y1 - y0);
            assert!(
                (measured - aspect).abs() < 1e-4,
                "{name} is {measured} wide"
            );
            let filled = outline.area() / ((x1 - x0) * (y1 - y0));
            assert!((filled - fill).abs() < 1e-4, "{name} fills {filled}");
        }
    }

    #[test]
    fn a_heart_keeps_its_fill_in_any_box() {
        let heart = table::heart("block").unwrap();
        let outline = heart.outline(20.0, 90.0, 0.0002);
        assert!((outline.area() / 1800.0 - 0.81).abs() < 1e-4);
        let ([x0, y0], [x1, y1]) = outline.bounds();
        for (value, expected) in [(x0, -10.0), (x1, 10.0), (y0, -45.0), (y1, 45.0)] {
            assert!((value - expected).abs() < 1e-3, "{value} for {expected}");
        }
    }
}
