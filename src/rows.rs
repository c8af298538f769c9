//! Rows: points sorted by counting, on all threads.

use rayon::prelude::*;

/// Points that are counted together, about, and again those that are put together.
const CHUNK: usize = 1 << 16;

/// Points by row: of each row, a piece from every chunk of points.
pub(crate) struct Rows<T> {
    /// The points of each chunk by row, and where each row begins in it (and the last ends).
    chunks: Vec<(Vec<T>, Vec<u32>)>,
    count: usize,
}

impl<T: Copy + Default + Send + Sync> Rows<T> {
    /// `point` tells the point of an index below `points`, and its row below `count`.
    pub(crate) fn new(
        points: usize,
        count: usize,
        point: impl Fn(usize) -> (T, usize) + Sync,
    ) -> Self {
        let chunk = |chunk: usize| {
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(points);
            counted(range.map(&point), count)
        };
        let chunks = (0..points.div_ceil(CHUNK)).into_par_iter().map(chunk);
        Self {
            chunks: chunks.collect(),
            count,
        }
    }

    /// The pieces of a row, together its points in the order of their indices.
    pub(crate) fn pieces(&self, row: usize) -> impl Iterator<Item = &[T]> + Clone {
        let chunks = self.chunks.iter();
        chunks.map(move |(points, starts)| &points[starts[row] as usize..starts[row + 1] as usize])
    }

    /// All points, row after row, and where each row begins (and the last ends).
    pub(crate) fn joined(&self) -> (Vec<T>, Vec<usize>) {
        let mut starts = Vec::with_capacity(self.count + 1);
        let mut start = 0;
        for row in 0..self.count {
            starts.push(start);
            start += self.pieces(row).map(<[T]>::len).sum::<usize>();
        }
        starts.push(start);

        let mut points = vec![T::default(); start];
        // Rows that together hold some points, and the place for them.
        let mut parts = Vec::new();
        let (mut rest, mut first) = (&mut points[..], 0);
        for row in 1..=self.count {
            let held = starts[row] - starts[first];
            if held >= CHUNK || row == self.count {
                let (part, behind) = rest.split_at_mut(held);
                parts.push((first..row, part));
                (rest, first) = (behind, row);
            }
        }
        parts.into_par_iter().for_each(|(rows, part)| {
            let mut end = 0;
            for piece in rows.flat_map(|row| self.pieces(row)) {
                part[end..end + piece.len()].copy_from_slice(piece);
                end += piece.len();
            }
        });
        (points, starts)
    }
}

/// Points by row, and where each row begins (and the last ends).
fn counted<T: Copy + Default>(
    points: impl ExactSizeIterator<Item = (T, usize)>,
    rows: usize,
) -> (Vec<T>, Vec<u32>) {
    let mut starts = vec![0u32; rows + 1];
    let mut found = Vec::with_capacity(points.len());
    for (point, row) in points {
        starts[row + 1] += 1;
        found.push((point, row as u32));
    }
    for row in 1..=rows {
        starts[row] += starts[row - 1];
    }
    let mut next = starts.clone();
    let mut sorted = vec![T::default(); found.len()];
    for (point, row) in found {
        let slot = &mut next[row as usize];
        sorted[*slot as usize] = point;
        *slot += 1;
    }
    (sorted, starts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn rows_hold_what_a_sort_puts_there(count in 0usize..200_000, rows in 1usize..400, seed: u64) {
            let row_of = |value: u64| (value % rows as u64) as usize;
            let value = |index: usize| random::bits(seed, index as u64);
            let rows_of = Rows::new(count, rows, |index| (value(index), row_of(value(index))));
            let (found, starts) = rows_of.joined();
            let mut sorted: Vec<u64> = (0..count).map(value).collect();
            sorted.sort_by_key(|&value| row_of(value));
            prop_assert_eq!(found.as_slice(), sorted.as_slice());
            for row in 0..rows {
                let own = &found[starts[row]..starts[row + 1]];
                prop_assert!(own.iter().eq(rows_of.pieces(row).flatten()));
                prop_assert!(own.iter().all(|&value| row_of(value) == row));
            }
        }
    }
}
