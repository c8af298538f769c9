//! Separation: the last look at the points of a relief, in space.
//!
//! Sheets keep apart by construction, up to the curvature of the surface between two of its
//! pixels. Whoever is still too close to a point of an earlier place in the list has to go.

use rayon::prelude::*;

use super::bands::{Bands, runs};
use super::spacing::Rule;

/// The points that keep the spacing, in an order of their own.
///
/// Of two that are too close, the one that comes later by (x, y, z) goes, whether or not the other
/// goes too: that takes a few more than needed, of a handful, and needs no order of work.
pub(super) fn separated(points: &[[i32; 3]], rule: &Rule, cell: i32) -> Vec<[i32; 3]> {
    let bands = Bands::new(&runs(points), cell, 1);
    bands
        .bands()
        .par_iter()
        .flat_map_iter(|band| {
            band.points().iter().filter(|point| {
                let mut free = true;
                bands.for_each_near(point, |other| {
                    let [dx, dy, dz] = [0, 1, 2].map(|axis| other[axis] - point[axis]);
                    free &= other >= *point || rule.keeps(dx, dy, dz);
                });
                free
            })
        })
        .copied()
        .collect()
}
