//! Rasters: [`Grid`] is a plain row-major array, [`Frame`] says where a grid lies in the crystal.
//!
//! The only parallel loops over rows stand here; stages pass plain closures.

use rayon::prelude::*;

/// A row-major raster of `width * height` values; row 0 is the top row.
///
/// # Guarantees
///
/// - `values().len() == width() * height()`, and both are at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid<T> {
    width: usize,
    height: usize,
    values: Vec<T>,
}

impl<T> Grid<T> {
    /// A grid from its rows, top row first; `None` if the length does not fit or a side is 0.
    #[must_use]
    pub fn from_values(width: usize, height: usize, values: Vec<T>) -> Option<Self> {
        let fits = width > 0 && height > 0 && width.checked_mul(height) == Some(values.len());
        fits.then_some(Self {
            width,
            height,
            values,
        })
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed in place.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The values themselves.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The values of one row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

impl<T: Copy + Send + Sync> Grid<T> {
    /// A grid of one value everywhere.
    ///
    /// # Panics
    ///
    /// If a side is 0.
    #[must_use]
    pub fn filled(width: usize, height: usize, value: T) -> Self {
        assert!(width > 0 && height > 0, "a grid has at least one value");
        Self {
            width,
            height,
            values: vec![value; width * height],
        }
    }

    /// A grid whose value at (column, row) is `value(column, row)`; rows in parallel.
    ///
    /// # Panics
    ///
    /// If a side is 0.
    #[must_use]
    pub fn from_fn(
        width: usize,
        height: usize,
        value: impl Fn(usize, usize) -> T + Sync + Send,
    ) -> Self {
        // Filled and then overwritten: a division for each value would cost more.
        let mut grid = Self::filled(width, height, value(0, 0));
        grid.for_each_row(|row, values| {
            for (column, place) in values.iter_mut().enumerate() {
                *place = value(column, row);
            }
        });
        grid
    }

    /// The value at (column, row).
    #[must_use]
    pub fn at(&self, column: usize, row: usize) -> T {
        self.values[row * self.width + column]
    }

    /// Sets the value at (column, row).
    pub fn set(&mut self, column: usize, row: usize, value: T) {
        self.values[row * self.width + column] = value;
    }

    /// A grid of the same size with `change` done to each value; rows in parallel.
    #[must_use]
    pub fn map<U: Send>(&self, change: impl Fn(T) -> U + Sync + Send) -> Grid<U> {
        let mut values = Vec::with_capacity(self.values.len());
        self.values
            .par_iter()
            .with_min_len(self.width)
            .map(|&value| change(value))
            .collect_into_vec(&mut values);
        Grid {
            width: self.width,
            height: self.height,
            values,
        }
    }

    /// Calls `change(row, values of the row)` for every row, in parallel.
    pub fn for_each_row(&mut self, change: impl Fn(usize, &mut [T]) + Sync + Send) {
        self.values
            .par_chunks_mut(self.width)
            .enumerate()
            .for_each(|(row, values)| change(row, values));
    }
}

impl Grid<f32> {
    /// Bilinear value at (`u`, `v`) in pixels, pixel centres at whole numbers plus one half;
    /// outside, the value of the nearest border pixel.
    #[must_use]
    pub fn bilinear(&self, u: f32, v: f32) -> f32 {
        let x = (u - 0.5).clamp(0.0, (self.width - 1) as f32);
        let y = (v - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (column, row) = (x as usize, y as usize);
        let (next_column, next_row) = (
            (column + 1).min(self.width - 1),
            (row + 1).min(self.height - 1),
        );
        let (fx, fy) = (x - column as f32, y - row as f32);
        let top = self.at(column, row) * (1.0 - fx) + self.at(next_column, row) * fx;
        let bottom = self.at(column, next_row) * (1.0 - fx) + self.at(next_column, next_row) * fx;
        top * (1.0 - fy) + bottom * fy
    }
}

/// Where a grid lies in the crystal's front plane: square pixels, rows running down (-y).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge of the leftmost pixels, mm.
    pub x_min_mm: f64,
    /// Upper edge of the topmost pixels, mm.
    pub y_max_mm: f64,
    /// Side of a pixel, mm.
    pub mm_per_px: f64,
}

impl Frame {
    /// Pixel coordinates (`u`, `v`) of the point (`x_mm`, `y_mm`); the centre of the first pixel
    /// is (0.5, 0.5).
    #[must_use]
    pub fn to_px(&self, x_mm: f64, y_mm: f64) -> (f64, f64) {
        (
            (x_mm - self.x_min_mm) / self.mm_per_px,
            (self.y_max_mm - y_mm) / self.mm_per_px,
        )
    }

    /// The point in mm at the pixel coordinates (`u`, `v`).
    #[must_use]
    pub fn to_mm(&self, u: f64, v: f64) -> (f64, f64) {
        (
            self.x_min_mm + u * self.mm_per_px,
            self.y_max_mm - v * self.mm_per_px,
        )
    }
}

/// A grid of single-precision values together with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Where the grid lies.
    pub frame: Frame,
    /// The values.
    pub grid: Grid<f32>,
}

impl Raster {
    /// Bilinear value at a point in mm; outside, the value of the nearest border pixel.
    #[must_use]
    pub fn at_mm(&self, x_mm: f64, y_mm: f64) -> f32 {
        let (u, v) = self.frame.to_px(x_mm, y_mm);
        self.grid.bilinear(u as f32, v as f32)
    }

    /// The bilinear values at the pixel centres of another frame, of so many columns, row by row, between
    /// `low` and `high`; as [`Raster::at_mm`] up to rounding. What lies beyond those between two pixels of the raster is
    /// filled in, not worked out.
    #[must_use]
    pub fn resampled(&self, frame: &Frame, width: usize, [low, high]: [f32; 2]) -> Resampled<'_> {
        let place = |column| {
            self.frame
                .to_px(frame.to_mm(column as f64 + 0.5, 0.0).0, 0.0)
                .0
        };
        let taps = (0..width).map(|column| tap(place(column), self.grid.width()));
        let (firsts, across): (Vec<usize>, Vec<f32>) =
            taps.map(|(first, _, across)| (first, across)).unzip();
        Resampled {
            raster: self,
            frame: *frame,
            range: [low, high],
            starts: (0..=self.grid.width())
                .map(|pixel| firsts.partition_point(|&first| first < pixel))
                .collect(),
            across,
        }
    }
}

/// The two pixels about a coordinate on one axis, and how near the second is.
pub(crate) fn tap(at: f64, count: usize) -> (usize, usize, f32) {
    let place = (at - 0.5).clamp(0.0, (count - 1) as f64);
    let first = place as usize;
    let next = (first + 1).min(count - 1);
    (first, next, (place - first as f64) as f32)
}

/// A raster seen at the pixels of another frame.
#[derive(Clone, Debug)]
pub struct Resampled<'a> {
    raster: &'a Raster,
    frame: Frame,
    range: [f32; 2],
    /// For each of the raster's columns the first one of the frame at or behind its centre, and the end.
    starts: Vec<usize>,
    /// How far each of the frame's columns is on the way from there to the next centre.
    across: Vec<f32>,
}

impl Resampled<'_> {
    /// The values of one row.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<f32> {
        let Raster { frame, grid } = self.raster;
        let y_mm = self.frame.to_mm(0.0, row as f64 + 0.5).1;
        let (above, below, down) = tap(frame.to_px(0.0, y_mm).1, grid.height());
        let pairs = grid.row(above).iter().zip(grid.row(below));
        let mixed: Vec<f32> = pairs.map(|(a, b)| a + (b - a) * down).collect();
        let [low, high] = self.range;
        let ends = |pixel: usize| [mixed[pixel], mixed[(pixel + 1).min(mixed.len() - 1)]];
        // Where both ends lie beyond a limit, all between them does.
        let beyond = |pixel: usize| match ends(pixel) {
            [a, b] if a >= high && b >= high => Some(high),
            [a, b] if a <= low && b <= low => Some(low),
            _ => None,
        };
        let mut values = vec![0.0; self.across.len()];
        let mut pixel = 0;
        while pixel < mixed.len() {
            let limit = beyond(pixel);
            let first = pixel;
            pixel += 1;
            while limit.is_some() && pixel < mixed.len() && beyond(pixel) == limit {
                pixel += 1;
            }
            let columns = self.starts[first]..self.starts[pixel];
            match limit {
                Some(limit) => values[columns].fill(limit),
                None => {
                    let [a, b] = ends(first);
                    let across = &self.across[columns.clone()];
                    for (value, across) in values[columns].iter_mut().zip(across) {
                        *value = (a + (b - a) * across).clamp(low, high);
                    }
                }
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_land_in_order() {
        let grid = Grid::from_fn(3, 2, |column, row| (column + 10 * row) as u32);
        assert_eq!(grid.values(), [0, 1, 2, 10, 11, 12]);
        assert_eq!(grid.row(1), [10, 11, 12]);
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        assert!(Grid::from_values(2, 2, vec![0; 3]).is_none());
        assert!(Grid::<u8>::from_values(0, 5, vec![]).is_none());
    }

    #[test]
    fn bilinear_meets_pixel_centres_and_means() {
        let grid = Grid::from_values(2, 2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(grid.bilinear(1.5, 0.5), 1.0);
        assert_eq!(grid.bilinear(1.0, 1.0), 1.5);
        assert_eq!(grid.bilinear(-5.0, 9.0), 2.0);
    }

    #[test]
    fn resampling_agrees_with_single_places() {
        let frame = |mm_per_px: f64| Frame {
            x_min_mm: -1.0,
            y_max_mm: 1.5,
            mm_per_px,
        };
        let raster = Raster {
            frame: frame(0.3),
            grid: Grid::from_fn(7, 9, |column, row| {
                ((3 * column + 5 * row * row) % 11) as f32
            }),
        };
        let fine = frame(0.07);
        for [low, high] in [[-1.0, 20.0], [2.0, 7.5], [4.0, 4.0]] {
            let resampled = raster.resampled(&fine, 35, [low, high]);
            for row in 0..50 {
                for (column, value) in resampled.row(row).into_iter().enumerate() {
                    let (x, y) = fine.to_mm(column as f64 + 0.5, row as f64 + 0.5);
                    let difference = value - raster.at_mm(x, y).clamp(low, high);
                    assert!(difference.abs() < 1e-4, "{difference} at {column} {row}");
                }
            }
        }
    }

    #[test]
    fn frames_turn_y_around() {
        let frame = Frame {
            x_min_mm: -2.0,
            y_max_mm: 3.0,
            mm_per_px: 0.5,
        };
        assert_eq!(frame.to_px(-2.0, 3.0), (0.0, 0.0));
        assert_eq!(frame.to_px(0.0, 2.0), (4.0, 2.0));
        assert_eq!(frame.to_mm(4.0, 2.0), (0.0, 2.0));
    }
}
