//! The points that stay while others look for a place among them.

use std::collections::HashMap;

use rayon::prelude::*;

use super::respace::{Scale, Steps};

/// Cells on either side that hold the neighbours of every place within reach of a point: one for
/// the way there, one for the spacing around it.
const WIDE: i32 = 2;

/// Points in cells of one spacing.
pub(super) struct Field<'a> {
    scale: &'a Scale,
    /// Those that stay, by cell: z, y, x.
    still: Vec<([i32; 3], Steps)>,
    /// Those that found a place.
    placed: HashMap<[i32; 3], Vec<Steps>>,
    /// Scratch: the points near the one that is being placed.
    near: Vec<Steps>,
}

impl<'a> Field<'a> {
    /// All points but the touched ones, which are in rising order.
    pub(super) fn new(scale: &'a Scale, places: &[Steps], touched: &[u32]) -> Self {
        let mut touched = touched.iter().copied().peekable();
        let mut still = Vec::new();
        for (index, &place) in places.iter().enumerate() {
            if touched.next_if_eq(&(index as u32)).is_none() {
                let [x, y, z] = scale.cell(place);
                still.push(([z, y, x], place));
            }
        }
        still.par_sort_unstable();
        Self {
            scale,
            still,
            placed: HashMap::new(),
            near: Vec::new(),
        }
    }

    /// Puts a point there.
    pub(super) fn add(&mut self, place: Steps) {
        let cell = self.scale.cell(place);
        self.placed.entry(cell).or_default().push(place);
    }

    /// The first of the places `from` plus an offset that is free and allowed.
    pub(super) fn free_near(
        &mut self,
        from: Steps,
        offsets: &[Steps],
        allowed: impl Fn(Steps) -> bool,
    ) -> Option<Steps> {
        self.gather(from);
        let (scale, near) = (self.scale, &mut self.near);
        for offset in offsets {
            let place = [0, 1, 2].map(|axis| from[axis] + offset[axis]);
            let taken = near
                .iter()
                .position(|&other| scale.distance(place, other) < scale.least);
            match taken {
                // Who is in the way here is in the way of the next place too, mostly.
                Some(position) => near.swap(0, position),
                None if allowed(place) => return Some(place),
                None => {}
            }
        }
        None
    }

    /// Collects the points around a place.
    fn gather(&mut self, from: Steps) {
        self.near.clear();
        let [x, y, z] = self.scale.cell(from);
        let (first, last) = (x.saturating_sub(WIDE), x.saturating_add(WIDE));
        for dz in -WIDE..=WIDE {
            for dy in -WIDE..=WIDE {
                let (z, y) = (z.saturating_add(dz), y.saturating_add(dy));
                let start = self
                    .still
                    .partition_point(|(cell, _)| *cell < [z, y, first]);
                let row = self.still[start..]
                    .iter()
                    .take_while(|(cell, _)| *cell <= [z, y, last]);
                self.near.extend(row.map(|&(_, place)| place));
                if !self.placed.is_empty() {
                    for x in first..=last {
                        self.near
                            .extend(self.placed.get(&[x, y, z]).into_iter().flatten());
                    }
                }
            }
        }
    }
}
