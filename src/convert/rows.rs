//! Points sorted into cells of one spacing, for finding those around a place.

use rayon::prelude::*;

use super::respace::{Scale, Steps};

/// A cell: along the axes in the order of [`Axes`].
pub(super) type Cell = [i32; 3];

/// In which order cells are sorted: the axis with the most cells, that with the fewest, the other
/// one. Rows of cells are long then, and few of them lie in a slice across the first axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axes([usize; 3]);

impl Axes {
    /// The order for these points.
    pub(super) fn of(scale: &Scale, places: &[Steps]) -> Self {
        let most = i32::MIN;
        let none = [(i32::MAX, most); 3];
        let joined = |a: [(i32, i32); 3], b: [(i32, i32); 3]| {
            [0, 1, 2].map(|axis| (a[axis].0.min(b[axis].0), a[axis].1.max(b[axis].1)))
        };
        let ranges = places
            .par_iter()
            .map(|&place| scale.cell(place).map(|cell| (cell, cell)))
            .reduce(|| none, joined);
        let cells = |axis: &usize| i64::from(ranges[*axis].1) - i64::from(ranges[*axis].0);
        let mut axes = [0, 1, 2];
        axes.sort_by_key(|axis| std::cmp::Reverse(cells(axis)));
        Self([axes[0], axes[2], axes[1]])
    }

    /// The cell of a place.
    pub(super) fn cell(self, scale: &Scale, place: Steps) -> Cell {
        let cell = scale.cell(place);
        self.0.map(|axis| cell[axis])
    }
}

/// A point in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sorted {
    pub(super) cell: Cell,
    pub(super) place: Steps,
    /// Whatever the point is known by.
    pub(super) name: u32,
}

/// Points sorted by cell, row by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    points: Vec<Sorted>,
    /// The first two numbers of each row's cells, and where it begins.
    starts: Vec<([i32; 2], usize)>,
}

impl Rows {
    /// The points of these names; `place` tells where they stand.
    pub(super) fn new(
        scale: &Scale,
        axes: Axes,
        names: &[u32],
        place: impl Fn(u32) -> Steps + Sync,
    ) -> Self {
        let mut points: Vec<Sorted> = names
            .par_iter()
            .map(|&name| {
                let place = place(name);
                let cell = axes.cell(scale, place);
                Sorted { cell, place, name }
            })
            .collect();
        points.par_sort_unstable();
        let mut starts: Vec<([i32; 2], usize)> = Vec::new();
        for (start, point) in points.iter().enumerate() {
            let row = [point.cell[0], point.cell[1]];
            if starts.last().is_none_or(|(last, _)| *last != row) {
                starts.push((row, start));
            }
        }
        Self { points, starts }
    }

    /// All points, by cell, then by place.
    pub(super) fn points(&self) -> &[Sorted] {
        &self.points
    }

    /// The points of the cells that are at most `wide` cells away along each axis, by cell. Two
    /// searches a slice, and one in each row.
    pub(super) fn around(&self, [a, b, c]: Cell, wide: i32) -> impl Iterator<Item = &Sorted> {
        // Cells at the ends of the numbers hold what is beyond them; they have no neighbours there.
        let range = move |cell: i32| cell.saturating_sub(wide)..=cell.saturating_add(wide);
        let (low, high) = (b.saturating_sub(wide), b.saturating_add(wide));
        range(a)
            .flat_map(move |a| {
                let first = self.starts.partition_point(|(row, _)| *row < [a, low]);
                let rows = first..self.starts.len();
                rows.take_while(move |&row| self.starts[row].0 <= [a, high])
            })
            .flat_map(move |row| {
                let end = self
                    .starts
                    .get(row + 1)
                    .map_or(self.points.len(), |next| next.1);
                let points = &self.points[self.starts[row].1..end];
                let along = range(c);
                let first = points.partition_point(|point| point.cell[2] < *along.start());
                let within = move |point: &&Sorted| point.cell[2] <= *along.end();
                points[first..].iter().take_while(within)
            })
    }
}
