//! The safe volume of a prism: rasters that answer for every point, and err on the safe side.
//!
//! The border of the safe area is drawn by bilinear interpolation between pixels of distance. The
//! distance d to a surface that is at least r away is semiconcave: d - |p|² / 2r is concave along
//! any way inside, since it is the least of many |p - q| - |p|² / 2r, each of them concave where
//! |p - q| >= r. So the weighted mean of the four pixels around p, which is what interpolation
//! gives, exceeds d(p) by at most the weighted mean of |c - p|² / 2r, at most h² / 4r for pixels of
//! side h. At the border r is the margin, less the diagonal of a pixel; taking h² / 4r off makes the
//! answer safe at clefts, holes and everywhere else: 0.8 µm for 0.08 mm pixels and a margin of 2 mm.

use super::outline::Outline;
use super::prism::Prism;
use super::volume::{Bound, SafeVolume};
use crate::grid::{Frame, Grid, Raster};

/// Finest pixel, mm. The guard above is 0.8 µm with it; half of it would take four times the
/// memory and time, and gain half a micrometre.
const FINEST_PX_MM: f64 = 0.08;
/// Most pixels along a side, for blanks beyond 51 mm: a guard of 1.3 µm at 80 mm with its margin of
/// 3 mm, in two thirds of the time that pixels of 0.08 mm take; a raster takes 1.6 MB at most.
const MOST_PX: f64 = 640.0;

/// What lies deeper than the margin, or the largest margin that leaves something.
pub(super) fn volume(prism: &Prism, margin_mm: f64) -> Result<SafeVolume, f64> {
    let (low, high) = prism.outline.bounds();
    let sides = [high[0] - low[0], high[1] - low[1]];
    let mm_per_px = (sides[0].max(sides[1]) / MOST_PX).max(FINEST_PX_MM);
    // Two pixels around everything: outside of the frame holds what its border says, and the
    // border lies outside of the glass.
    let [width, height] = sides.map(|side| (side / mm_per_px).ceil() as usize + 4);
    let frame = Frame {
        x_min_mm: 0.5 * (low[0] + high[0] - width as f64 * mm_per_px),
        y_max_mm: 0.5 * (low[1] + high[1] + height as f64 * mm_per_px),
        mm_per_px,
    };
    let guard_mm = guard_mm(mm_per_px, margin_mm);
    // Points under a bevel are out of reach of a beam that comes straight from the front: it
    // would enter through the slope.
    let wall_mm = margin_mm.max(prism.bevel_mm);
    let place = |column: usize, row: usize| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        [x, y]
    };
    // Farther in, distances count only where a bevel bounds z.
    let counting_mm = match bevel_until_mm(prism, margin_mm) {
        Some(slope_mm) => [wall_mm, slope_mm],
        None => [wall_mm; 2],
    };
    let across = distances(&prism.outline, frame, [width, height], counting_mm);
    let inset = Grid::from_fn(width, height, |column, row| {
        let holes = prism.holes.iter();
        let depth = holes.fold(
            f64::from(across.at(column, row)) - wall_mm,
            |least, hole| least.min(hole.distance_mm(place(column, row)) - margin_mm),
        );
        (depth - guard_mm) as f32
    });
    let room = inset.values().iter().any(|&inset| inset >= 0.0);
    if !room || margin_mm >= prism.half_thickness_mm {
        // For the message, every pixel exactly.
        let all = distances(&prism.outline, frame, [width, height], [f64::MIN, f64::MAX]);
        let deepest = all.values().iter().fold(f32::MIN, |a, &b| a.max(b));
        return Err(f64::from(deepest).min(prism.half_thickness_mm));
    }
    let (z_min_mm, z_max_mm) = z_bounds(prism, margin_mm, guard_mm, &across, frame);
    Ok(SafeVolume {
        inset_mm: Raster { frame, grid: inset },
        z_min_mm,
        z_max_mm,
    })
}

/// Pixels between two nodes of the coarse raster of distances.
const NODE_PX: usize = 8;

/// Signed distances to the outline at the pixels of a frame, mm: those around the values that
/// count, from the first of `counting_mm` to the second, exact; others interpolated between nodes,
/// which is as good where the picture fades, and a tenth of the work.
pub(super) fn distances(
    outline: &Outline,
    frame: Frame,
    [width, height]: [usize; 2],
    counting_mm: [f64; 2],
) -> Grid<f32> {
    let at = |u: f64, v: f64| {
        let (x, y) = frame.to_mm(u, v);
        outline.distance_mm([x, y]) as f32
    };
    let nodes = Grid::from_fn(
        width.div_ceil(NODE_PX) + 1,
        height.div_ceil(NODE_PX) + 1,
        |column, row| at((column * NODE_PX) as f64, (row * NODE_PX) as f64),
    );
    // A distance changes at most as fast as place, and one of a square's nodes is at most half its diagonal
    // away. What lies less than a pixel's diagonal beyond those that count is exact too: values between
    // pixels are made of it.
    let reach_px = (0.5 * NODE_PX as f64 + 1.0) * std::f64::consts::SQRT_2;
    let reach = (reach_px * frame.mm_per_px) as f32;
    let [low, high] = counting_mm.map(|value| value as f32);
    Grid::from_fn(width, height, |column, row| {
        let (i, j) = (column / NODE_PX, row / NODE_PX);
        let corners = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)];
        let [a, b, c, d] = corners.map(|(i, j)| nodes.at(i, j));
        let (least, most) = (a.min(b).min(c.min(d)), a.max(b).max(c.max(d)));
        let (u, v) = (column as f64 + 0.5, row as f64 + 0.5);
        if least > high + reach || most < low - reach {
            let part = |px: usize| ((px % NODE_PX) as f32 + 0.5) / NODE_PX as f32;
            let (fx, fy) = (part(column), part(row));
            let (top, bottom) = (a + (b - a) * fx, c + (d - c) * fx);
            top + (bottom - top) * fy
        } else {
            at(u, v)
        }
    })
}

/// How much bilinear interpolation can exceed the distance near a border at `margin_mm`.
pub(super) fn guard_mm(mm_per_px: f64, margin_mm: f64) -> f64 {
    let nearest_mm = margin_mm - std::f64::consts::SQRT_2 * mm_per_px;
    // Without a margin nothing is known but that distance changes at most as fast as place.
    let lipschitz = mm_per_px * std::f64::consts::FRAC_1_SQRT_2;
    let curved = if nearest_mm > 0.0 {
        (mm_per_px * mm_per_px / (4.0 * nearest_mm)).min(lipschitz)
    } else {
        lipschitz
    };
    // Rounding: rasters hold f32, and are asked in f32 pixels, of which 2^-13 is half the last
    // digit beyond 1024.
    curved + mm_per_px * 2f64.powi(-12) + 1e-5
}

/// How far from the outline the bevel bounds z: a bevel b cuts into it where the outline is nearer than
/// b + (sqrt 2 - 1) margin; with a margin above 1.71 b, that is nowhere inside the margin.
fn bevel_until_mm(prism: &Prism, margin_mm: f64) -> Option<f64> {
    let slope_mm = std::f64::consts::SQRT_2 * margin_mm + prism.bevel_mm;
    let wall_mm = margin_mm.max(prism.bevel_mm);
    (prism.bevel_mm > 0.0 && slope_mm - wall_mm > margin_mm).then_some(slope_mm)
}

/// Least and largest z.
fn z_bounds(
    prism: &Prism,
    margin_mm: f64,
    guard_mm: f64,
    across: &Grid<f32>,
    frame: Frame,
) -> (Bound, Bound) {
    let flat = rounded_in(prism.half_thickness_mm, margin_mm);
    let Some(slope_mm) = bevel_until_mm(prism, margin_mm) else {
        return (Bound::Constant(-flat), Bound::Constant(flat));
    };
    // Interpolating equal values may exceed them by some last digits.
    let rounding = prism.half_thickness_mm as f32 * 8.0 * f32::EPSILON;
    // Concave in the distance, so that interpolating it errs no more than the distance does.
    let bound = |sign: f32| {
        let grid = across.map(|across| {
            let below = slope_mm - f64::from(across) + guard_mm;
            sign * (flat.min((prism.half_thickness_mm - below) as f32) - rounding)
        });
        Bound::Varying(Raster { frame, grid })
    };
    (bound(-1.0), bound(1.0))
}

/// The largest z whose clearance to the face, computed in double precision, is the margin.
fn rounded_in(half_thickness_mm: f64, margin_mm: f64) -> f32 {
    let z = (half_thickness_mm - margin_mm) as f32;
    if half_thickness_mm - f64::from(z) < margin_mm {
        z.next_down()
    } else {
        z
    }
}

#[cfg(test)]
mod tests {
    use super::super::prism::Hole;
    use super::super::table;
    use super::*;
    use crate::random;
    use proptest::prelude::*;

    #[test]
    fn flat_faces_lose_nothing_to_rounding() {
        assert_eq!(rounded_in(6.0, 2.0), 4.0);
        for i in 0..1000 {
            let margin = f64::from(random::unit(3, i)) * 4.0;
            let z = rounded_in(5.05, margin);
            assert!(5.05 - f64::from(z) >= margin);
            assert!(5.05 - f64::from(z.next_up()) <= margin + 1e-6);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_the_volume_contains_is_deeper_than_the_margin(
            which in 0..5usize,
            (width, height) in (14.0..30.0f64, 14.0..30.0f64),
            margin in prop_oneof![Just(0.0), 0.0..0.2f64, 0.5..3.0f64],
            bevel in prop_oneof![Just(0.0), 0.2..3.0f64],
            diameter in 0.5..3.0f64,
            seed in any::<u64>(),
        ) {
            let prism = Prism {
                outline: table::hearts()[which].outline(width, height, 0.0002),
                half_thickness_mm: 4.0,
                bevel_mm: bevel,
                holes: vec![Hole { x_mm: 1.0, y_mm: 3.0, diameter_mm: diameter }],
            };
            let Ok(volume) = volume(&prism, margin) else { return Ok(()) };
            let border = |x: f64, y: f64| volume.inset_mm.at_mm(x, y).abs() < 0.002;
            let mut tight = 0;
            for i in 0..20_000u64 {
                let random = |axis: u64| f64::from(random::unit(seed.wrapping_add(axis), i)) - 0.5;
                let (mut x, mut y) = (random(0) * width, random(1) * height);
                // Half of the points are pulled to the border of the area, half to that in z.
                if i % 2 == 0 {
                    for _ in 0..4 {
                        let d = |x, y| f64::from(volume.inset_mm.at_mm(x, y));
                        let (e, here) = (0.03, d(x, y));
                        let slope = [(d(x + e, y) - here) / e, (d(x, y + e) - here) / e];
                        x -= 0.9 * here * slope[0];
                        y -= 0.9 * here * slope[1];
                    }
                }
                let (low, high) = (volume.z_min_mm.at_mm(x, y), volume.z_max_mm.at_mm(x, y));
                let z = if i % 3 == 0 { high } else { low + (random(2) as f32 + 0.5) * (high - low) };
                if volume.contains(x, y, z) {
                    let clearance = prism.clearance_mm([x, y, f64::from(z)]);
                    prop_assert!(clearance >= margin, "{clearance} < {margin} at {x} {y} {z}");
                    tight += usize::from(border(x, y));
                }
            }
            prop_assert!(tight > 100, "only {tight} points near the border");
        }
    }

    #[test]
    fn the_border_gives_away_less_than_a_micrometre() {
        let prism = Prism {
            outline: Outline::ellipse(30.0, 30.0),
            half_thickness_mm: 5.0,
            bevel_mm: 0.5,
            holes: vec![],
        };
        let volume = volume(&prism, 2.0).unwrap();
        for i in 0..360 {
            let (sin, cos) = (f64::from(i) * 0.1).sin_cos();
            let r = 15.0 - 2.0 - 0.001 - 0.0003;
            assert!(volume.contains(r * cos, r * sin, 3.0), "at {i}");
        }
        assert!(matches!(volume.z_max_mm, Bound::Constant(3.0)));
    }
}
