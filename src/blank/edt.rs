//! Distance from each pixel to the nearest marked one, in pixels.
//!
//! # Source
//!
//! Felzenszwalb, Huttenlocher, *Distance transforms of sampled functions*, 2012: the lower envelope
//! of one parabola a pixel, first along columns, then along rows. Exact, linear time.

use crate::grid::Grid;

/// Distance from each pixel's centre to that of the nearest pixel that is `marked`, in pixels;
/// infinite if there is none.
pub(crate) fn distance_px(marked: &Grid<bool>) -> Grid<f32> {
    let (width, height) = (marked.width(), marked.height());
    let start = |column, row| {
        if marked.at(column, row) {
            0.0
        } else {
            f64::INFINITY
        }
    };
    let mut columns = Vec::with_capacity(width * height);
    for column in 0..width {
        let values: Vec<f64> = (0..height).map(|row| start(column, row)).collect();
        columns.extend(squared_along(&values));
    }
    let mut distances = Grid::filled(width, height, 0.0);
    distances.for_each_row(|row, out| {
        let values: Vec<f64> = (0..width)
            .map(|column| columns[column * height + row])
            .collect();
        for (out, squared) in out.iter_mut().zip(squared_along(&values)) {
            *out = squared.sqrt() as f32;
        }
    });
    distances
}

/// For every place the least of `values[i] + (place - i)²`.
fn squared_along(values: &[f64]) -> Vec<f64> {
    // Parabolas of the envelope, and the place from which each is the lowest.
    let mut lowest: Vec<(usize, f64)> = Vec::new();
    for (i, &value) in values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
    {
        let mut from = f64::NEG_INFINITY;
        while let Some(&(j, start)) = lowest.last() {
            let (a, b) = (i as f64, j as f64);
            from = ((value + a * a) - (values[j] + b * b)) / (2.0 * (a - b));
            if from > start {
                break;
            }
            lowest.pop();
            from = f64::NEG_INFINITY;
        }
        lowest.push((i, from));
    }
    if lowest.is_empty() {
        return vec![f64::INFINITY; values.len()];
    }
    let mut current = 0;
    (0..values.len())
        .map(|place| {
            while current + 1 < lowest.len() && lowest[current + 1].1 <= place as f64 {
                current += 1;
            }
            let i = lowest[current].0;
            values[i] + (place as f64 - i as f64).powi(2)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn distances_are_those_to_the_nearest_mark() {
        let marked = Grid::from_fn(31, 17, |x, y| random::unit(5, (x + 31 * y) as u64) < 0.02);
        let found = distance_px(&marked);
        for row in 0..17 {
            for column in 0..31 {
                let nearest = (0..31 * 17)
                    .filter(|&i| marked.values()[i])
                    .map(|i| {
                        let (x, y) = ((i % 31) as f32, (i / 31) as f32);
                        (x - column as f32).hypot(y - row as f32)
                    })
                    .fold(f32::INFINITY, f32::min);
                assert!((found.at(column, row) - nearest).abs() < 1e-5);
            }
        }
        let none = distance_px(&Grid::filled(4, 4, false));
        assert!(none.values().iter().all(|distance| distance.is_infinite()));
    }
}
