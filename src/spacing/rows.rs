//! Rows: points sorted by counting.

use rayon::prelude::*;

/// Points that are counted together, about, and again those that are sorted together.
const CHUNK: usize = 1 << 16;

/// Points by row, in a row as `sort` leaves them, and where each row begins (and the last ends).
///
/// `point` tells the point of an index and its row, below `rows`. The result is the same on any number of
/// threads if `sort` leaves no choice.
pub(super) fn by_row<T: Copy + Default + Send + Sync>(
    count: usize,
    rows: usize,
    point: impl Fn(usize) -> (T, usize) + Sync,
    sort: impl Fn(&mut [T]) + Sync,
) -> (Vec<T>, Vec<usize>) {
    let chunks: Vec<(Vec<T>, Vec<u32>)> = (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(count);
            counted(range.map(&point), rows)
        })
        .collect();
    let mut starts = Vec::with_capacity(rows + 1);
    let mut start = 0;
    for row in 0..rows {
        starts.push(start);
        let of_row = |(_, starts): &(Vec<T>, Vec<u32>)| (starts[row + 1] - starts[row]) as usize;
        start += chunks.iter().map(of_row).sum::<usize>();
    }
    starts.push(start);

    let mut points = vec![T::default(); count];
    // Rows that together hold some points, and the place for them.
    let mut parts = Vec::new();
    let (mut rest, mut first) = (&mut points[..], 0);
    for row in 1..=rows {
        let held = starts[row] - starts[first];
        if held >= CHUNK || row == rows {
            let (part, behind) = rest.split_at_mut(held);
            parts.push((first..row, part));
            (rest, first) = (behind, row);
        }
    }
    parts.into_par_iter().for_each(|(rows, part)| {
        let mut end = 0;
        for row in rows {
            let start = end;
            for (points, starts) in &chunks {
                let own = &points[starts[row] as usize..starts[row + 1] as usize];
                part[end..end + own.len()].copy_from_slice(own);
                end += own.len();
            }
            sort(&mut part[start..end]);
        }
    });
    (points, starts)
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
            let (found, starts) = by_row(
                count,
                rows,
                |index| (value(index), row_of(value(index))),
                <[u64]>::sort_unstable,
            );
            let mut sorted: Vec<u64> = (0..count).map(value).collect();
            sorted.sort_unstable_by_key(|&value| (row_of(value), value));
            prop_assert_eq!(found.as_slice(), sorted.as_slice());
            for row in 0..rows {
                let own = &found[starts[row]..starts[row + 1]];
                prop_assert!(own.iter().all(|&value| row_of(value) == row));
            }
        }
    }
}
