//! The few points of a cloud that decide where it fits: its outline from the front, its front and
//! its back.

/// Cells along the longer side of the front view.
const CELLS: f64 = 48.0;

/// Directions in the front view, in each of which a cell of the outline gives its outermost point: on
/// a disc of 150,000 points they meet the outline within 0.1 % of its width in all others too.
const DIRECTIONS: [[f64; 2]; 8] = [
    [1.0, 0.0],
    [1.0, 1.0],
    [0.0, 1.0],
    [-1.0, 1.0],
    [-1.0, 0.0],
    [-1.0, -1.0],
    [0.0, -1.0],
    [1.0, -1.0],
];

/// Places of the points that decide where a cloud fits: of each cell of the front view the foremost
/// and the hindmost, and of cells with an empty one beside them the outermost. In rising order, some
/// 5,000 for a disc.
pub(super) fn extremes(points: &[[f64; 3]]) -> Vec<u32> {
    let axis = |axis: usize| points.iter().map(move |point| point[axis]);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let ((x0, x1), (y0, y1)) = (range(&mut axis(0)), range(&mut axis(1)));
    let cell_mm = ((x1 - x0).max(y1 - y0) / CELLS).max(f64::MIN_POSITIVE);
    let cells = |low: f64, high: f64| ((high - low) / cell_mm) as usize + 1;
    let (columns, rows) = (cells(x0, x1), cells(y0, y1));
    let cell = |[x, y, _]: [f64; 3]| {
        let (column, row) = ((x - x0) / cell_mm, (y - y0) / cell_mm);
        (row as usize).min(rows - 1) * columns + (column as usize).min(columns - 1)
    };
    // Of each cell: the hindmost and foremost point.
    let mut ends: Vec<Option<[u32; 2]>> = vec![None; columns * rows];
    for (index, &point) in (0_u32..).zip(points) {
        let [back, front] = ends[cell(point)].get_or_insert([index; 2]);
        if point[2] < points[*back as usize][2] {
            *back = index;
        }
        if point[2] > points[*front as usize][2] {
            *front = index;
        }
    }
    let at_rim = |place: usize| {
        let (column, row) = (place % columns, place / columns);
        (-1..=1).any(|down| {
            (-1..=1).any(|across| {
                let beside = column
                    .checked_add_signed(across)
                    .zip(row.checked_add_signed(down))
                    .filter(|(column, row)| *column < columns && *row < rows);
                beside.is_none_or(|(column, row)| ends[row * columns + column].is_none())
            })
        })
    };
    let mut outermost: Vec<Option<[u32; 8]>> = vec![None; columns * rows];
    let rim: Vec<bool> = (0..ends.len())
        .map(|place| ends[place].is_some() && at_rim(place))
        .collect();
    for (index, &point) in (0_u32..).zip(points) {
        let place = cell(point);
        if rim[place] {
            let most = outermost[place].get_or_insert([index; 8]);
            for (most, [u, v]) in most.iter_mut().zip(DIRECTIONS) {
                let along = |[x, y, _]: [f64; 3]| x * u + y * v;
                if along(point) > along(points[*most as usize]) {
                    *most = index;
                }
            }
        }
    }
    let mut chosen: Vec<u32> = ends.into_iter().flatten().flatten().collect();
    chosen.extend(outermost.into_iter().flatten().flatten());
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn disc(count: u64) -> Vec<[f64; 3]> {
        (0..count)
            .map(|i| [1, 2, 3].map(|axis| 2.0 * f64::from(random::unit(axis, i)) - 1.0))
            .filter(|[x, y, _]| x * x + y * y <= 1.0)
            .collect()
    }

    #[test]
    fn outline_front_and_back_are_kept_and_the_rest_is_not() {
        let points = disc(200_000);
        let chosen = extremes(&points);
        assert!((3000..6000).contains(&chosen.len()), "{}", chosen.len());
        assert!(chosen.is_sorted());
        // In every direction, not only in the eight.
        for turn in 0..360 {
            let (v, u) = (f64::from(turn) * 0.0175).sin_cos();
            let along = |&[x, y, _]: &[f64; 3]| x * u + y * v;
            let most = points.iter().map(along).fold(f64::MIN, f64::max);
            let found = chosen.iter().map(|&index| along(&points[index as usize]));
            assert!(most - found.fold(f64::MIN, f64::max) < 0.002);
        }
        for axis in 0..3 {
            let most = points.iter().map(|p| p[axis]).fold(f64::MIN, f64::max);
            assert!(
                chosen
                    .iter()
                    .any(|&index| points[index as usize][axis] == most)
            );
        }
    }

    #[test]
    fn clouds_without_a_width_have_extremes() {
        assert!(extremes(&[]).is_empty());
        assert_eq!(extremes(&[[1.0, 2.0, 3.0]]), [0]);
        let line: Vec<[f64; 3]> = (0..100).map(|i| [5.0, 5.0, f64::from(i)]).collect();
        assert_eq!(extremes(&line), [0, 99]);
        let row: Vec<[f64; 3]> = (0..10_000).map(|i| [f64::from(i), 1.0, 0.0]).collect();
        let chosen = extremes(&row);
        assert!(chosen.contains(&0) && chosen.contains(&9999) && chosen.len() < 200);
    }
}
