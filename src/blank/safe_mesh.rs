//! The safe volume of a mesh: for each pixel, the first stretch of z from the front that is deeper
//! than the margin.
//!
//! Between pixels the bounds are interpolated. A point between four pixels is the weighted mean of
//! four points, one over each pixel, at the same part of the way between its bounds; the clearance
//! there is at least that of the mean less the weighted mean of squared distances over 2 r, by the
//! argument in safe.rs. So that these distances are small, bounds are not allowed to climb steeper
//! than [`SLOPE`]: where they do, they are taken back. Squares with a pixel that has no safe depth
//! do not count, which loses up to two pixels at the border.

use super::edt;
use super::mesh::Mesh;
use super::volume::{Bound, SafeVolume};
use crate::grid::{Frame, Grid, Raster};

/// Pixels along the longer side. Each costs some ten to thirty distances of a microsecond: 1 to
/// 2 s on one core.
const PX: f64 = 320.0;
/// Steepest climb of a bound. Steeper costs a larger guard everywhere, flatter loses room under
/// domes.
const SLOPE: f64 = 1.5;
/// Shortest step along z, mm, when looking for a bound.
const STEP_MM: f64 = 0.002;

/// What lies deeper than the margin, or the largest margin that leaves something.
pub(super) fn volume(mesh: &Mesh, margin_mm: f64) -> Result<SafeVolume, f64> {
    let frame_size = frame(mesh);
    let (frame, width, height) = frame_size;
    let level_mm = margin_mm + guard_mm(frame.mm_per_px, margin_mm) + STEP_MM;
    let stretches = Grid::from_fn(width, height, |column, row| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        first_stretch(mesh, x, y, level_mm)
    });
    let climb = (SLOPE * frame.mm_per_px) as f32;
    let high = tamed(
        &stretches.map(|s| s.map_or(f32::NAN, |(_, high)| high)),
        climb,
    );
    let low = tamed(
        &stretches.map(|s| s.map_or(f32::NAN, |(low, _)| -low)),
        climb,
    )
    .map(|z| -z);
    let unsafe_px = Grid::from_fn(width, height, |column, row| {
        let room = high.at(column, row) - low.at(column, row);
        room.is_nan() || room < 0.0
    });
    if unsafe_px.values().iter().all(|&px| px) {
        return Err(deepest_mm(mesh));
    }
    let inset = inset_mm(&unsafe_px, frame.mm_per_px);
    // Pixels without a stretch are never interpolated; they only have to be numbers.
    let raster = |grid: &Grid<f32>| {
        let grid = grid.map(|z| if z.is_nan() { 0.0 } else { z });
        Bound::Varying(Raster { frame, grid })
    };
    Ok(SafeVolume {
        inset_mm: Raster { frame, grid: inset },
        z_min_mm: raster(&low),
        z_max_mm: raster(&high),
    })
}

/// A frame with some pixels to spare around the mesh.
pub(super) fn frame(mesh: &Mesh) -> (Frame, usize, usize) {
    let (low, high) = mesh.bounds();
    let sides = [high[0] - low[0], high[1] - low[1]];
    let mm_per_px = sides[0].max(sides[1]) / PX;
    let [width, height] = sides.map(|side| (side / mm_per_px).ceil() as usize + 4);
    let frame = Frame {
        x_min_mm: 0.5 * (low[0] + high[0] - width as f64 * mm_per_px),
        y_max_mm: 0.5 * (low[1] + high[1] + height as f64 * mm_per_px),
        mm_per_px,
    };
    (frame, width, height)
}

/// Distance inside the squares whose four pixels are all good, mm; negative outside.
pub(super) fn inset_mm(bad: &Grid<bool>, mm_per_px: f64) -> Grid<f32> {
    let inside = edt::distance_px(bad);
    let outside = edt::distance_px(&bad.map(|bad| !bad));
    // A pixel beside a bad one, diagonals included, is at most 1.42 pixels away from it.
    let signed = |column, row| match bad.at(column, row) {
        true => -outside.at(column, row) - 0.5,
        false => inside.at(column, row) - 1.5,
    };
    let largest = (bad.width() + bad.height()) as f32;
    Grid::from_fn(bad.width(), bad.height(), |column, row| {
        signed(column, row).clamp(-largest, largest) * mm_per_px as f32
    })
}

fn guard_mm(mm_per_px: f64, margin_mm: f64) -> f64 {
    let spread = mm_per_px * mm_per_px * (1.0 + SLOPE * SLOPE) / 2.0;
    let nearest_mm = margin_mm - mm_per_px * (2.0 + 2.0 * SLOPE * SLOPE).sqrt();
    let rounding = mm_per_px * 2f64.powi(-12) * SLOPE + 5e-5;
    let curved = if nearest_mm > 0.0 {
        (spread / (2.0 * nearest_mm)).min(spread.sqrt())
    } else {
        spread.sqrt()
    };
    curved + rounding
}

/// The first stretch of z from the front where the clearance is at least `level_mm`.
fn first_stretch(mesh: &Mesh, x: f64, y: f64, level_mm: f64) -> Option<(f32, f32)> {
    let (low, high) = mesh.bounds();
    let mut z = high[2] - level_mm.min(high[2] - low[2]);
    let room = |z: f64| mesh.clearance_mm([x, y, z]) - level_mm;
    let mut deeper = room(z);
    while deeper < 0.0 {
        // Clearance changes at most as fast as place.
        z -= STEP_MM.max(-deeper);
        if z < low[2] + level_mm {
            return None;
        }
        deeper = room(z);
    }
    let top = z;
    let mut bottom = z;
    while deeper >= 0.0 {
        bottom = z;
        z -= STEP_MM.max(deeper);
        deeper = room(z);
    }
    Some((bottom as f32, top as f32))
}

/// Lowers values until they climb at most `climb` from a pixel to its neighbour, at most 1.42 times
/// that to a diagonal one; NaN stays out of it.
fn tamed(values: &Grid<f32>, climb: f32) -> Grid<f32> {
    let mut out = values.clone();
    let (width, height) = (out.width() as isize, out.height() as isize);
    let across = climb * std::f32::consts::SQRT_2;
    let before = [
        (-1, 0, climb),
        (0, -1, climb),
        (-1, -1, across),
        (1, -1, across),
    ];
    // Forward and backward sweeps until nothing changes; two are enough but around obstacles.
    let mut changed = true;
    while changed {
        changed = false;
        for sign in [1, -1] {
            for index in 0..width * height {
                let index = if sign == 1 {
                    index
                } else {
                    width * height - 1 - index
                };
                let (column, row) = (index % width, index / width);
                let mut value = out.at(column as usize, row as usize);
                for (right, down, step) in before {
                    let (x, y) = (column + sign * right, row + sign * down);
                    if (0..width).contains(&x) && (0..height).contains(&y) {
                        let limit = out.at(x as usize, y as usize) + step;
                        if value > limit {
                            value = limit;
                            changed = true;
                        }
                    }
                }
                out.set(column as usize, row as usize, value);
            }
        }
    }
    out
}

/// The largest clearance on a coarse lattice, mm.
fn deepest_mm(mesh: &Mesh) -> f64 {
    const STEPS: usize = 24;
    let (low, high) = mesh.bounds();
    (0..STEPS * STEPS * STEPS)
        .map(|index| {
            let at = [index % STEPS, index / STEPS % STEPS, index / STEPS / STEPS];
            let part = |axis: usize| (at[axis] as f64 + 0.5) / STEPS as f64;
            let point = [0, 1, 2].map(|axis| low[axis] + part(axis) * (high[axis] - low[axis]));
            mesh.clearance_mm(point)
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::mesh::tests::{ball, cuboid};
    use super::*;
    use crate::random;

    #[test]
    fn what_the_volume_contains_is_deeper_than_the_margin() {
        let dented = {
            let mut dented = ball(15.0, 24, 15.0);
            dented.map(|[x, y, z]| {
                [
                    x,
                    y,
                    z * 0.6 - 0.4 * (x * x + y * y).sqrt() * z.signum().max(0.0),
                ]
            });
            dented
        };
        for (solid, margin) in [
            (ball(15.0, 24, 9.0), 2.0),
            (dented, 1.5),
            (cuboid(30.0, 20.0, 9.0), 0.0),
        ] {
            let mesh = Mesh::new(&solid).unwrap();
            let volume = volume(&mesh, margin).unwrap();
            let mut inside = 0;
            for i in 0..20_000 {
                let random = |axis: u64| f64::from(random::unit(axis, i)) - 0.5;
                let (x, y) = (30.0 * random(0), 30.0 * random(1));
                let (low, high) = (volume.z_min_mm.at_mm(x, y), volume.z_max_mm.at_mm(x, y));
                let z = match i % 3 {
                    0 => low,
                    1 => high,
                    _ => low + (high - low) * (random(2) as f32 + 0.5),
                };
                if volume.contains(x, y, z) {
                    let clearance = mesh.clearance_mm([x, y, f64::from(z)]);
                    assert!(clearance >= margin, "{clearance} < {margin} at {x} {y} {z}");
                    inside += 1;
                }
            }
            assert!(inside > 2000, "only {inside} points inside");
        }
    }

    #[test]
    fn a_box_of_triangles_loses_little() {
        let mesh = Mesh::new(&cuboid(35.0, 30.0, 12.0)).unwrap();
        let volume = volume(&mesh, 2.0).unwrap();
        assert!(volume.contains(15.5 - 0.25, 13.0 - 0.25, 3.98));
        assert!(!volume.contains(15.5, 0.0, 0.0));
        assert!(!volume.contains(0.0, 0.0, 4.0));
    }
}
