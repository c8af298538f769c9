//! Points sorted into the pixels that they stand in, to find those near by.

use std::ops::Range;

/// For each pixel, which points stand in it.
pub(crate) struct Cells {
    width: usize,
    height: usize,
    /// Where a pixel's points start in `order`, row by row; one more at the end.
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl Cells {
    /// The points at (u, v) in pixels of a raster; those beyond its edges count to the outermost pixels.
    pub(crate) fn new(points: &[[f64; 2]], width: usize, height: usize) -> Self {
        let cell =
            |&[u, v]: &[f64; 2]| (v as usize).min(height - 1) * width + (u as usize).min(width - 1);
        let mut starts = vec![0; width * height + 1];
        for point in points {
            starts[cell(point) + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut order = vec![0; points.len()];
        for (index, point) in points.iter().enumerate() {
            let place = &mut next[cell(point)];
            order[*place as usize] = index as u32;
            *place += 1;
        }
        Self {
            width,
            height,
            starts,
            order,
        }
    }

    /// Points in some columns of a row.
    pub(crate) fn in_row(&self, row: usize, columns: Range<usize>) -> &[u32] {
        let at = |column: usize| self.starts[row * self.width + column] as usize;
        &self.order[at(columns.start)..at(columns.end)]
    }

    /// Points in the pixels that are `ring` columns or rows away from those of (u, v), whichever is more.
    pub(crate) fn in_ring(&self, [u, v]: [f64; 2], ring: usize) -> impl Iterator<Item = usize> {
        let (column, row) = (u as usize, v as usize);
        let columns = column.saturating_sub(ring)..(column + ring + 1).min(self.width);
        let rows = row.saturating_sub(ring)..(row + ring + 1).min(self.height);
        rows.flat_map(move |y| {
            let whole = y.abs_diff(row) == ring;
            let left = if whole { columns.clone() } else { 0..0 };
            let sides = [column.checked_sub(ring), Some(column + ring)];
            let single = sides
                .into_iter()
                .flatten()
                .filter(move |&x| !whole && x < self.width)
                .map(|x| x..x + 1);
            std::iter::once(left)
                .chain(single)
                .flat_map(move |columns| self.in_row(y, columns))
        })
        .map(|&index| index as usize)
    }
}
