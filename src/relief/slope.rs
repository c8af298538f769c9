//! Slopes, limited: jumps of depth become steep ramps instead of cliffs.
//!
//! The surface is put midway between its two envelopes of limited slope, the lowest one above it and
//! the highest one below it. Where it is gentle both touch it and nothing changes; at a jump the
//! near side is lowered and the far side raised, and half the height stays where it was: on the
//! photo's edge.
//!
//! # Guarantees
//!
//! - Neighbouring pixels, diagonal ones included, differ by at most [`MOST`] times their distance.

use crate::grid::Raster;

/// Steepest slope of a relief, mm of depth per mm across.
///
/// Layers stand 0.09 mm apart along z and points 0.08 mm apart across. On a slope s their distance,
/// measured square to the surface, shrinks by sqrt(1 + (0.89 s)^2): to 0.75 at 1, 0.41 at 2.5, 0.27
/// at 4. Points that come too close stay out, and the slope would show as a dark line. A steeper
/// limit keeps jumps crisper, a lower one makes of a jump of 4 mm a ramp wider than a nose: at 2.5
/// it is 1.6 mm wide, mostly behind the nearer thing's outline as seen from the front.
pub(super) const MOST: f32 = 2.5;

/// Limits the slopes of a surface in mm.
pub(super) fn limit(surface: &mut Raster) {
    let step = MOST * surface.frame.mm_per_px as f32;
    let mut above = surface.grid.clone();
    let mut below = surface.grid.map(|z| -z);
    rayon::join(|| envelope(&mut above, step), || envelope(&mut below, step));
    surface.grid.for_each_row(|row, values| {
        for (z, (above, below)) in values
            .iter_mut()
            .zip(above.row(row).iter().zip(below.row(row)))
        {
            *z = 0.5 * (above - below);
        }
    });
}

/// Raises each value to at least its neighbours' less `step` a pixel: a distance transform in two
/// sweeps.
///
/// # Source
///
/// Borgefors, *Distance transformations in digital images*, 1986: the sweeps.
fn envelope(grid: &mut crate::grid::Grid<f32>, step: f32) {
    let (width, height) = (grid.width(), grid.height());
    let diagonal = step * std::f32::consts::SQRT_2;
    let values = grid.values_mut();
    // Downward, then upward over the same rows read backward.
    for backward in [false, true] {
        if backward {
            values.reverse();
        }
        for row in 0..height {
            let (done, rest) = values.split_at_mut(row * width);
            let here = &mut rest[..width];
            if let Some(above) = done.len().checked_sub(width).map(|start| &done[start..]) {
                for column in 0..width {
                    let left = above[column.saturating_sub(1)];
                    let right = above[(column + 1).min(width - 1)];
                    let reach = (above[column] - step).max(left.max(right) - diagonal);
                    here[column] = here[column].max(reach);
                }
            }
            for column in 1..width {
                here[column] = here[column].max(here[column - 1] - step);
            }
            for column in (1..width).rev() {
                here[column - 1] = here[column - 1].max(here[column] - step);
            }
        }
    }
    values.reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Frame, Grid};
    use proptest::prelude::*;

    fn raster(width: usize, height: usize, mm_per_px: f64, values: Vec<f32>) -> Raster {
        Raster {
            frame: Frame {
                x_min_mm: 0.0,
                y_max_mm: 0.0,
                mm_per_px,
            },
            grid: Grid::from_values(width, height, values).unwrap(),
        }
    }

    /// Largest slope over the limit.
    fn excess(raster: &Raster) -> f32 {
        let grid = &raster.grid;
        let mut worst = 0.0f32;
        for row in 0..grid.height() {
            for column in 0..grid.width() {
                for (dx, dy) in [(1, 0), (0, 1), (1, 1), (-1, 1)] {
                    let x = column as i64 + dx;
                    let y = row + dy;
                    if x < 0 || x as usize >= grid.width() || y >= grid.height() {
                        continue;
                    }
                    let run = raster.frame.mm_per_px as f32 * (dx as f32).hypot(dy as f32);
                    let rise = (grid.at(x as usize, y) - grid.at(column, row)).abs();
                    worst = worst.max(rise / run / MOST);
                }
            }
        }
        worst
    }

    proptest! {
        #[test]
        fn no_slope_is_steeper_than_the_limit(
            width in 1usize..24,
            height in 1usize..24,
            values in prop::collection::vec(-9.0f32..9.0, 576),
            mm_per_px in 0.02f64..0.3,
        ) {
            let values = values[..width * height].to_vec();
            let (low, high) = values.iter().fold((9.0f32, -9.0f32), |(l, h), &v| (l.min(v), h.max(v)));
            let mut raster = raster(width, height, mm_per_px, values);
            limit(&mut raster);
            prop_assert!(excess(&raster) <= 1.001);
            prop_assert!(raster.grid.values().iter().all(|&z| z >= low && z <= high));
        }
    }

    #[test]
    fn gentle_surfaces_do_not_change_and_jumps_keep_their_place() {
        let gentle: Vec<f32> = (0..400)
            .map(|i| ((i % 20) as f32 * 0.9).sin() * 0.1)
            .collect();
        let mut gentle_raster = raster(20, 20, 0.1, gentle.clone());
        limit(&mut gentle_raster);
        assert_eq!(gentle_raster.grid.values(), gentle);

        let cliff = (0..400)
            .map(|i| if i % 20 < 10 { 0.0 } else { 2.0 })
            .collect();
        let mut cliff = raster(20, 20, 0.1, cliff);
        assert!(excess(&cliff) > 5.0);
        limit(&mut cliff);
        let row = cliff.grid.row(7);
        assert!((row[9] + row[10] - 2.0).abs() < 1e-5, "{row:?}");
        assert!(row[9] < 1.0 && row[10] > 1.0);
    }
}
