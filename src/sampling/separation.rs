//! Separation: the last look at the points of a relief, in space.
//!
//! Sheets keep apart by construction, up to the curvature of the surface between two of its
//! pixels. Whoever is still too close to a point of an earlier place in the list has to go.

use rayon::prelude::*;

use super::bands::{Bands, runs};
use super::spacing::Rule;

/// The points that keep the spacing, in an order of their own; here and there in parts.
///
/// Of two that are too close, the one that comes later by (x, y, z) goes, whether or not the other
/// goes too: that takes a few more than needed, of a handful, and needs no order of work.
pub(super) fn separated(parts: &[Vec<[i32; 3]>], rule: &Rule, cell: i32) -> Vec<Vec<[i32; 3]>> {
    let bands = Bands::new(&runs(parts), cell, 1, |&point| point);
    let free = |point: &&[i32; 3]| {
        let mut free = true;
        bands.for_each_near(point, |other| {
            let [dx, dy, dz] = [0, 1, 2].map(|axis| other[axis] - point[axis]);
            free &= other >= *point || rule.keeps(dx, dy, dz);
        });
        free
    };
    let all = bands.bands().par_iter();
    all.map(|band| band.points().iter().filter(free).copied().collect())
        .collect()
}
