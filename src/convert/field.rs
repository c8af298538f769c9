//! New places for the points that are touched, among those that stay.
//!
//! The cloud is cut into strips of some cells across its longest side. A point goes no farther than
//! a spacing, and is in the way of others within one more, so that strips with another between
//! them do not meet: all the even strips are done at the same time, then all the odd ones, each in
//! the order of its cells. What comes out does not depend on the number of threads.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::reach::Reach;
use super::respace::{Scale, Steps};
use super::rows::{Axes, Cell, Rows, Sorted};

/// Cells on either side that hold the neighbours of every place within reach of a point: one for
/// the way there, one for the spacing around it.
const WIDE: i32 = 2;

/// Cells across a strip. With fewer than three, points of two strips of the same turn could meet:
/// each may go a spacing toward the other, and they must stay one apart.
const STRIP: i32 = 8;

/// What stays, and what is to be placed.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) scale: &'a Scale,
    pub(super) axes: Axes,
    /// Those that stay.
    pub(super) still: Rows,
    /// Those that are to be placed.
    pub(super) touched: Rows,
}

impl<'a> Field<'a> {
    /// `touched` are places in `places`, in rising order; all others stay.
    pub(super) fn new(scale: &'a Scale, places: &[Steps], touched: &[u32]) -> Self {
        let axes = Axes::of(scale, places);
        let mut rest = touched.iter().copied().peekable();
        let still: Vec<u32> = (0..places.len() as u32)
            .filter(|index| rest.next_if_eq(index).is_none())
            .collect();
        let rows = |names: &[u32]| Rows::new(scale, axes, names, |name| places[name as usize]);
        Self {
            scale,
            axes,
            still: rows(&still),
            touched: rows(touched),
        }
    }

    /// A place for each of the touched, by their names; `None` where there is none within reach.
    /// `allowed` tells for a point's old and new place whether it may go there.
    pub(super) fn settled(
        &self,
        reach: &Reach,
        allowed: &(impl Fn(Steps, Steps) -> bool + Sync),
    ) -> HashMap<u32, Option<Steps>> {
        let mut strips: BTreeMap<i32, Placed> = BTreeMap::new();
        let mut settled = HashMap::with_capacity(self.touched.points().len());
        for turn in self.turns() {
            let done: Vec<(i32, Strip)> = turn
                .into_par_iter()
                .map(|points| {
                    let number = strip_of(points[0].cell);
                    let beside = [number - 1, number + 1].map(|beside| strips.get(&beside));
                    let beside: Vec<&Placed> = beside.into_iter().flatten().collect();
                    (number, self.strip(points, &beside, reach, allowed))
                })
                .collect();
            for (number, strip) in done {
                settled.extend(strip.settled);
                strips.insert(number, strip.placed);
            }
        }
        settled
    }

    /// The points of the even strips, then those of the odd ones.
    pub(super) fn turns(&self) -> [Vec<&[Sorted]>; 2] {
        let points = self.touched.points();
        let strips = points.chunk_by(|a, b| strip_of(a.cell) == strip_of(b.cell));
        let (even, odd) = strips.partition(|points| strip_of(points[0].cell) % 2 == 0);
        [even, odd]
    }

    fn strip(
        &self,
        points: &[Sorted],
        beside: &[&Placed],
        reach: &Reach,
        allowed: &impl Fn(Steps, Steps) -> bool,
    ) -> Strip {
        let mut strip = Strip {
            settled: Vec::with_capacity(points.len()),
            placed: Placed::default(),
        };
        let mut scratch = reach.scratch();
        let mut near = Vec::new();
        for point in points {
            near.clear();
            near.extend(self.still.around(point.cell, WIDE).map(|other| other.place));
            for placed in beside.iter().copied().chain([&strip.placed]) {
                placed.gather(point.cell, &mut near);
            }
            let from = point.place;
            let to = reach.free_near(self.scale, from, &near, &mut scratch, |to| {
                allowed(from, to)
            });
            if let Some(to) = to {
                strip.placed.add(self.axes.cell(self.scale, to), to);
            }
            strip.settled.push((point.name, to));
        }
        strip
    }
}

/// What a strip comes to.
struct Strip {
    settled: Vec<(u32, Option<Steps>)>,
    placed: Placed,
}

fn strip_of(cell: Cell) -> i32 {
    cell[0].div_euclid(STRIP)
}

/// Points that found a place: by row of cells, in a row by cell.
#[derive(Debug, Default)]
struct Placed {
    rows: HashMap<[i32; 2], Vec<(i32, Steps)>>,
}

impl Placed {
    fn add(&mut self, [a, b, c]: Cell, place: Steps) {
        let row = self.rows.entry([a, b]).or_default();
        let position = row.partition_point(|(cell, _)| *cell <= c);
        row.insert(position, (c, place));
    }

    /// Appends the points of the cells around.
    fn gather(&self, [a, b, c]: Cell, near: &mut Vec<Steps>) {
        let range = |cell: i32| cell.saturating_sub(WIDE)..=cell.saturating_add(WIDE);
        for row in range(a).flat_map(|a| range(b).map(move |b| [a, b])) {
            let row = self.rows.get(&row).map_or(&[][..], Vec::as_slice);
            let first = row.partition_point(|(cell, _)| *cell < c.saturating_sub(WIDE));
            let within = row[first..]
                .iter()
                .take_while(|(cell, _)| *cell <= c.saturating_add(WIDE));
            near.extend(within.map(|(_, place)| *place));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::respace::tests::{scale_of, scattered};
    use super::*;

    /// The slow twin: the same points in the same order, each tried at every place within reach
    /// against all others.
    fn reference(
        field: &Field<'_>,
        reach: &Reach,
        allowed: &impl Fn(Steps, Steps) -> bool,
    ) -> HashMap<u32, Option<Steps>> {
        let still = field.still.points().iter();
        let mut others: Vec<Steps> = still.map(|point| point.place).collect();
        let turns = field.turns();
        let order = turns.iter().flatten().copied().flatten();
        order
            .map(|point| {
                let from = point.place;
                let to = reach.offsets().find_map(|offset| {
                    let place = [0, 1, 2].map(|axis| from[axis] + offset[axis]);
                    let scale = field.scale;
                    let free = |other: &Steps| scale.distance(place, *other) >= scale.least;
                    (others.iter().all(free) && allowed(from, place)).then_some(place)
                });
                others.extend(to);
                (point.name, to)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn places_are_those_of_the_slow_twin(
            count in 2_u64..400, seed in 0_u64..1000, side_mm in 0.1_f32..3.0,
            flat in 0.05_f32..1.0, decimals in prop::sample::select(vec![2_u32, 3, 4]),
            xy_mm in 0.05_f64..0.25, z_mm in 0.05_f64..0.25, every in 2_u32..5,
        ) {
            let scale = scale_of(decimals, xy_mm, z_mm);
            let cloud = scattered(count, seed, side_mm);
            let places: Vec<Steps> = cloud
                .points()
                .map(|[x, y, z]| scale.to_steps([x, y * flat, z]))
                .collect();
            // Those that stay need not keep the spacing here.
            let touched: Vec<u32> = (0..count as u32).filter(|n| n % every > 0).collect();
            let field = Field::new(&scale, &places, &touched);
            let reach = Reach::new(&scale);
            let allowed = |from: Steps, to: Steps| from == to || (to[0] + to[1]) % 3 != 0;
            let slow = reference(&field, &reach, &allowed);
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let found = pool.install(|| field.settled(&reach, &allowed));
                prop_assert_eq!(&found, &slow);
            }
        }
    }
}
