//! Bands: points in horizontal strips, each sorted into cells, for neighbours and rasters.
//!
//! A cell is at least as wide as points can reach. Within a row of cells, sheets lie one after
//! another, so that the neighbours of a point in its own sheet are three short runs of memory.

use std::mem;
use std::ops::Range;

use rayon::prelude::*;

use super::candidates::Dot;
use super::target::Target;
use crate::grid::Grid;

/// Rows of cells in a band.
const BAND_ROWS: usize = 8;

/// Points of a run, where they come in one piece.
const RUN: usize = 1 << 12;

/// Rows of pixels that are counted together.
const STRIP_PX: usize = 32;

/// What can be sorted into bands.
pub(super) trait Placed: Copy + Default + Send + Sync {
    /// x and y in units.
    fn place(&self) -> [i32; 2];
    /// Points of different sheets are no neighbours.
    fn sheet(&self) -> usize;
}

impl Placed for Dot {
    fn place(&self) -> [i32; 2] {
        [self.x, self.y]
    }
    fn sheet(&self) -> usize {
        usize::from(self.layer)
    }
}

/// Points in space, all in one sheet.
impl Placed for [i32; 3] {
    fn place(&self) -> [i32; 2] {
        [self[0], self[1]]
    }
    fn sheet(&self) -> usize {
        0
    }
}

/// The points of one strip, sorted by row of cells, sheet and column.
#[derive(Debug, Default)]
pub(super) struct Band<T> {
    points: Vec<T>,
    /// First point of each cell, and the end.
    starts: Vec<u32>,
}

impl<T> Band<T> {
    pub(super) fn points(&self) -> &[T] {
        &self.points
    }

    /// Points may move by less than a cell before [`Bands::rehome`].
    pub(super) fn points_mut(&mut self) -> &mut [T] {
        &mut self.points
    }
}

/// Where the cells lie.
#[derive(Debug)]
struct Layout {
    cell: i32,
    /// Cells in a unit.
    per_unit: f64,
    /// Lower left corner of the first cell, units.
    origin: [i32; 2],
    columns: usize,
    sheets: usize,
}

impl Layout {
    fn row_of(&self, y: i32) -> usize {
        self.cell_of(y - self.origin[1])
    }

    fn column_of(&self, x: i32) -> usize {
        self.cell_of(x - self.origin[0]).min(self.columns - 1)
    }

    /// A product, since whole numbers divide slowly; what lies on an edge may fall to either side. What
    /// lies before all cells falls to the first, which is empty.
    fn cell_of(&self, along: i32) -> usize {
        // By way of i32, which processors convert to.
        ((f64::from(along) * self.per_unit) as i32).max(0) as usize
    }

    /// Makes the band of that number from those of the given points that belong to it.
    fn sort<S, T: Placed>(
        &self,
        index: usize,
        sources: &[&[S]],
        point: impl Fn(&S) -> T,
        band: &mut Band<T>,
    ) {
        let first_row = index * BAND_ROWS;
        let home = |point: T| {
            let [x, y] = point.place();
            let row = self
                .row_of(y)
                .checked_sub(first_row)
                .filter(|&row| row < BAND_ROWS)?;
            Some((row * self.sheets + point.sheet()) * self.columns + self.column_of(x))
        };
        let Band { points, starts } = band;
        starts.clear();
        starts.resize(BAND_ROWS * self.sheets * self.columns + 1, 0);
        let mut homes = Vec::with_capacity(sources.iter().map(|source| source.len()).sum());
        for source in sources.iter().copied().flatten() {
            let cell = home(point(source));
            homes.push(cell.map_or(u32::MAX, |cell| cell as u32));
            if let Some(cell) = cell {
                starts[cell + 1] += 1;
            }
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        // Every slot is written below.
        points.resize(starts[starts.len() - 1] as usize, T::default());
        for (source, &cell) in sources.iter().copied().flatten().zip(&homes) {
            if cell != u32::MAX {
                let slot = &mut next[cell as usize];
                points[*slot as usize] = point(source);
                *slot += 1;
            }
        }
    }
}

/// Points in the order of a sampled plate, which rises, in runs.
pub(super) fn runs<T>(parts: &[Vec<T>]) -> Vec<&[T]> {
    parts.iter().flat_map(|part| part.chunks(RUN)).collect()
}

/// The box around two boxes, each by its lower left and its upper right corner.
fn wider([low, high]: [[i32; 2]; 2], [a, b]: [[i32; 2]; 2]) -> [[i32; 2]; 2] {
    let least = [0, 1].map(|axis| low[axis].min(a[axis]));
    [least, [0, 1].map(|axis| high[axis].max(b[axis]))]
}

/// All points, by bands.
#[derive(Debug)]
pub(super) struct Bands<T> {
    layout: Layout,
    bands: Vec<Band<T>>,
}

impl<T: Placed> Bands<T> {
    /// Bands of the points, cells of `cell` units, for so many sheets. The points come in runs, each of
    /// which had better lie at about one height: every band looks through those that reach into it.
    /// `point` tells the point of what is in the runs.
    pub(super) fn new<S: Sync>(
        runs: &[&[S]],
        cell: i32,
        sheets: usize,
        point: impl Fn(&S) -> T + Sync,
    ) -> Self {
        let extremes: Vec<Option<[[i32; 2]; 2]>> = runs
            .par_iter()
            .map(|run| {
                let ends = run.iter().map(|source| [point(source).place(); 2]);
                ends.reduce(wider)
            })
            .collect();
        let all = extremes.iter().copied().flatten().reduce(wider);
        let [low, high] = all.unwrap_or_default();
        // Some empty cells around all: points may wander out of their bounds.
        let origin = low.map(|value| value - 4 * cell);
        let columns = ((high[0] - origin[0]) / cell + 5) as usize;
        let rows = ((high[1] - origin[1]) / cell + 5) as usize;
        let layout = Layout {
            cell,
            per_unit: f64::from(cell).recip(),
            origin,
            columns,
            sheets,
        };
        let bands = (0..rows.div_ceil(BAND_ROWS))
            .into_par_iter()
            .with_max_len(1)
            .map(|index| {
                let band_of = |y: i32| layout.row_of(y) / BAND_ROWS;
                let reaches = |[low, high]: &[[i32; 2]; 2]| {
                    (band_of(low[1])..=band_of(high[1])).contains(&index)
                };
                let own = runs.iter().zip(&extremes);
                let own = own.filter(|(_, ends)| ends.as_ref().is_some_and(reaches));
                let sources: Vec<&[S]> = own.map(|(run, _)| *run).collect();
                let mut band = Band::default();
                layout.sort(index, &sources, &point, &mut band);
                band
            })
            .collect();
        Self { layout, bands }
    }

    /// Lower left corner of all cells, units.
    pub(super) fn origin(&self) -> [i32; 2] {
        self.layout.origin
    }

    /// Side of a cell, units.
    pub(super) fn cell(&self) -> i32 {
        self.layout.cell
    }

    pub(super) fn bands(&self) -> &[Band<T>] {
        &self.bands
    }

    /// Takes a band out, so that its points can be moved while those of others are looked at.
    pub(super) fn take(&mut self, index: usize) -> Band<T> {
        mem::take(&mut self.bands[index])
    }

    /// Puts back what was taken out.
    pub(super) fn put(&mut self, index: usize, band: Band<T>) {
        self.bands[index] = band;
    }

    /// Swaps the points of each band, in its order, for what is in `aside`.
    pub(super) fn swap_points(&mut self, aside: &mut Vec<Vec<T>>) {
        aside.resize_with(self.bands.len(), Vec::new);
        for (band, aside) in self.bands.iter_mut().zip(aside) {
            mem::swap(&mut band.points, aside);
        }
    }

    /// y in the middle of a band, units.
    pub(super) fn middle(&self, index: usize) -> f64 {
        let rows = (index * BAND_ROWS + BAND_ROWS / 2) as f64;
        f64::from(self.layout.origin[1]) + rows * f64::from(self.layout.cell)
    }

    /// The points of each band.
    pub(super) fn into_points(self) -> Vec<Vec<T>> {
        self.bands.into_iter().map(|band| band.points).collect()
    }

    /// Sorts all points anew after they have moved by less than a cell; `moved` holds those of each
    /// band in its order. What the bands held is overwritten, in the same memory.
    pub(super) fn rehome(&mut self, moved: &[Vec<T>]) {
        let layout = &self.layout;
        self.bands
            .par_iter_mut()
            .with_max_len(1)
            .enumerate()
            .for_each(|(index, band)| {
                let around = index.saturating_sub(1)..(index + 2).min(moved.len());
                let sources: Vec<&[T]> = moved[around].iter().map(Vec::as_slice).collect();
                layout.sort(index, &sources, T::clone, band);
            });
    }

    /// Calls `visit` for all points of the same sheet in the 3 x 3 cells around a point.
    pub(super) fn for_each_near(&self, point: &T, mut visit: impl FnMut(&T)) {
        for (index, range) in self.rows_near(point, |index| self.bands.get(index)) {
            if let Some(band) = self.bands.get(index) {
                band.points[range].iter().for_each(&mut visit);
            }
        }
    }

    /// The 3 x 3 cells around a point, row by row: the number of the band, and which of its points
    /// lie there in the same sheet. `band` tells the band of a number, one that is taken out too.
    pub(super) fn rows_near<'a>(
        &self,
        point: &T,
        band: impl Fn(usize) -> Option<&'a Band<T>>,
    ) -> [(usize, Range<usize>); 3]
    where
        T: 'a,
    {
        let [x, y] = point.place();
        let (row, column) = (self.layout.row_of(y), self.layout.column_of(x));
        let from = column.saturating_sub(1);
        let end = (column + 2).min(self.layout.columns);
        // Empty cells lie around all points: none stands in the first row.
        let above = row.saturating_sub(1);
        [above, above + 1, above + 2].map(|row| {
            let index = row / BAND_ROWS;
            let range = band(index).map_or(0..0, |band| {
                let line =
                    ((row % BAND_ROWS) * self.layout.sheets + point.sheet()) * self.layout.columns;
                band.starts[line + from] as usize..band.starts[line + end] as usize
            });
            (index, range)
        })
    }

    /// Sets a raster of the target's size to the number of points in each pixel, spread bilinearly.
    pub(super) fn splat(&self, target: &Target<'_>, counts: &mut Grid<f32>) {
        let width = counts.width();
        let per_px = target.pixel.recip();
        counts
            .values_mut()
            .par_chunks_mut(width * STRIP_PX)
            .enumerate()
            .for_each(|(strip, values)| {
                values.fill(0.0);
                let first = strip * STRIP_PX;
                let rows = values.len() / width;
                let y_of = |row: f64| (target.y_min + row * target.pixel) as i32;
                let low = self.layout.row_of(y_of(first as f64 - 1.0) - 1);
                let high = self.layout.row_of(y_of((first + rows) as f64 + 1.0) + 1);
                let line = self.layout.sheets * self.layout.columns;
                for row in low..=high {
                    let Some(band) = self.bands.get(row / BAND_ROWS) else {
                        continue;
                    };
                    let begin = band.starts[row % BAND_ROWS * line] as usize;
                    let end = band.starts[(row % BAND_ROWS + 1) * line] as usize;
                    for point in &band.points[begin..end] {
                        let [x, y] = point.place();
                        let u = ((f64::from(x) - target.x_min) * per_px) as f32 - 0.5;
                        let v = ((f64::from(y) - target.y_min) * per_px) as f32 - 0.5;
                        if u < 0.0 || v < 0.0 || u as usize + 1 >= width {
                            continue;
                        }
                        let (i, j) = (u as usize, v as usize);
                        let (fx, fy) = (u - i as f32, v - j as f32);
                        for (j, share) in [(j, 1.0 - fy), (j + 1, fy)] {
                            if j >= first && j < first + rows {
                                let pair = &mut values[(j - first) * width + i..][..2];
                                pair[0] += (1.0 - fx) * share;
                                pair[1] += fx * share;
                            }
                        }
                    }
                }
            });
    }
}
