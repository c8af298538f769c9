//! The subject on coarse cells, turned as it will stand in the crystal: which of it is its head,
//! and how much of it the safe area holds.
//!
//! The head is what stands above the neck: the narrowest place between a wide part and a wider one
//! below, or the row where shoulders begin; with neither, the upper two fifths. Several people side
//! by side have no such row, and their upper half counts. Faces are not looked for, but where the
//! eyes are known, the head is what shows around them, down to the chin.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::blank::SafeVolume;
use crate::eyes::{CHIN, Eyes, bust};
use crate::grid::Grid;
use crate::placement::Placement;

/// Cells along the photo's longer side: a head of a tenth of the photo has a dozen.
const CELLS: usize = 128;

/// From here on a pixel shows: less is the haze at the border of a soft matte.
const OPAQUE: f32 = 0.5;

/// Share of the subject beyond its quantiles, on each side, that may be crumbs of a matte.
const CRUMBS: f64 = 0.002;

/// A neck has at most this share of the width above it, and shoulders this multiple of the neck's.
const NECK: f64 = 0.85;
const SHOULDERS: f64 = 1.25;

/// Share of the subject's height that is its head, at least and at most: ears and hats have necks
/// too, and so have waists.
const HEAD_LEAST: f64 = 0.08;
const HEAD_MOST: f64 = 0.62;

/// The head where nothing tells it from the body, of one subject and of several side by side.
const HEAD_ALONE: f64 = 0.4;
const HEADS_TOGETHER: f64 = 0.5;

/// How far a head with its hair or hat reaches aside of the eyes and above them, in distances between
/// them.
const ASIDE: f64 = 2.2;
const ABOVE: f64 = 3.2;

/// A square of the photo with some of the subject in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Its centre from the photo's centre, turned; u right, v up, px.
    pub(super) at: [f64; 2],
    /// Sum of the opacities of its pixels.
    pub(super) weight: f64,
    /// Whether a pixel of it shows.
    pub(super) opaque: bool,
    /// Whether it belongs to the head.
    pub(super) head: bool,
    /// Whether it lies at the photo's edge.
    pub(super) at_edge: bool,
    /// Column and row among the cells.
    place: [usize; 2],
}

/// The subject of a photo on cells.
#[derive(Clone, Debug)]
pub(super) struct Silhouette<'a> {
    matte: Cow<'a, Grid<f32>>,
    /// Side of a cell, px.
    pub(super) cell_px: usize,
    /// The cells with some of the subject, row by row.
    pub(super) cells: Vec<Cell>,
}

/// Shares of the subject and of its head that lie outside of the safe area, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    pub(super) subject: f64,
    pub(super) head: f64,
}

impl<'a> Silhouette<'a> {
    /// The silhouette of a photo that will be turned counter-clockwise by an angle of this sine and
    /// cosine; `None` where no pixel shows.
    pub(super) fn of(matte: &'a Grid<f32>, eyes: Option<Eyes>, turn: (f64, f64)) -> Option<Self> {
        let mut silhouette = Self::without_head(Cow::Borrowed(matte), turn);
        let shows = silhouette.cells.iter().any(|cell| cell.opaque);
        shows.then(|| {
            if !eyes.is_some_and(|eyes| silhouette.mark_head_around(eyes)) {
                silhouette.mark_head();
            }
            silhouette
        })
    }

    /// As [`Self::of`], of head and shoulders by the eyes alone, in a photo of `size_px`.
    pub(super) fn by_eyes(eyes: Eyes, size_px: (usize, usize), turn: (f64, f64)) -> Option<Self> {
        let mut silhouette = Self::without_head(Cow::Owned(bust(eyes, size_px)), turn);
        silhouette.mark_head_around(eyes).then_some(silhouette)
    }

    fn without_head(matte: Cow<'a, Grid<f32>>, (sin, cos): (f64, f64)) -> Self {
        let (width, height) = (matte.width(), matte.height());
        let cell_px = width.max(height).div_ceil(CELLS);
        let (columns, rows) = (width.div_ceil(cell_px), height.div_ceil(cell_px));
        let sums = Grid::from_fn(columns, rows, |column, row| {
            let (mut sum, mut shows) = (0.0_f64, false);
            for y in row * cell_px..((row + 1) * cell_px).min(height) {
                let from = column * cell_px;
                for &value in &matte.row(y)[from..(from + cell_px).min(width)] {
                    sum += f64::from(value);
                    shows |= value >= OPAQUE;
                }
            }
            (sum, shows)
        });
        let mut cells = Vec::new();
        for row in 0..rows {
            for (column, &(weight, opaque)) in sums.row(row).iter().enumerate() {
                if weight > 0.0 {
                    let right = (column as f64 + 0.5) * cell_px as f64 - 0.5 * width as f64;
                    let down = (row as f64 + 0.5) * cell_px as f64 - 0.5 * height as f64;
                    cells.push(Cell {
                        at: [cos * right + sin * down, sin * right - cos * down],
                        weight,
                        opaque,
                        head: false,
                        at_edge: column == 0
                            || row == 0
                            || column + 1 == columns
                            || row + 1 == rows,
                        place: [column, row],
                    });
                }
            }
        }
        Self {
            matte,
            cell_px,
            cells,
        }
    }

    /// Whether the pixel belongs to the head and shows.
    #[cfg(test)]
    pub(super) fn is_head(&self, column: usize, row: usize) -> bool {
        let place = [column / self.cell_px, row / self.cell_px];
        let cell = self.cells.iter().find(|cell| cell.place == place);
        cell.is_some_and(|cell| cell.head) && self.matte.at(column, row) >= OPAQUE
    }

    /// Marks what shows around the eyes; false where nothing does.
    fn mark_head_around(&mut self, eyes: Eyes) -> bool {
        let side = self.cell_px as f64;
        for cell in &mut self.cells {
            let [column, row] = cell.place.map(|place| (place as f64 + 0.5) * side);
            let [x, y] = eyes.to_face(column, row);
            cell.head = cell.opaque && x.abs() < ASIDE && -ABOVE < y && y < CHIN;
        }
        self.cells.iter().any(|cell| cell.head)
    }

    fn mark_head(&mut self) {
        let opaque = || self.cells.iter().filter(|cell| cell.opaque);
        let [left, right] = quantiles(opaque().map(|cell| (cell.at[0], cell.weight)));
        let [bottom, top] = quantiles(opaque().map(|cell| (cell.at[1], cell.weight)));
        let side = self.cell_px as f64;
        let rows = (((top - bottom) / side).round() as usize) + 1;
        let mut lines: Vec<Vec<f64>> = vec![Vec::new(); rows];
        for cell in opaque().filter(|cell| (left..=right).contains(&cell.at[0])) {
            let row = ((top - cell.at[1]) / side).round();
            if row >= 0.0 && (row as usize) < rows {
                lines[row as usize].push(cell.at[0]);
            }
        }
        let head = head_rows(&lines, side) as f64;
        for cell in &mut self.cells {
            let row = ((top - cell.at[1]) / side).round();
            cell.head =
                cell.opaque && (left..=right).contains(&cell.at[0]) && (0.0..head).contains(&row);
        }
    }

    /// The cells of the head that tell where it ends: those at its border, and every third inside,
    /// since a blank may have a hole.
    pub(super) fn head(&self) -> Vec<&Cell> {
        let of_head = || self.cells.iter().filter(|cell| cell.head);
        let places: HashSet<[usize; 2]> = of_head().map(|cell| cell.place).collect();
        let tells = |cell: &&Cell| {
            let [column, row] = cell.place;
            let around = [
                [column + 1, row],
                [column.wrapping_sub(1), row],
                [column, row + 1],
                [column, row.wrapping_sub(1)],
            ];
            let third = column.is_multiple_of(3) && row.is_multiple_of(3);
            third || around.iter().any(|place| !places.contains(place))
        };
        of_head().filter(tells).collect()
    }

    /// How much of it the safe area does not hold, to the pixel.
    pub(super) fn cut(&self, placement: &Placement, volume: &SafeVolume) -> Cut {
        let reach = self.reach_mm(placement.mm_per_photo_px, volume);
        let map = placement.photo_to_blank;
        let inside = |x: f64, y: f64| {
            let at = map * nalgebra::Point2::new(x, y);
            f64::from(volume.inset_mm.at_mm(at.x, at.y))
        };
        let side = self.cell_px;
        let (mut all, mut out, mut head, mut head_out) = (0.0, 0.0, 0.0, 0.0);
        for cell in &self.cells {
            let [column, row] = cell.place;
            let middle = |place: usize| (place as f64 + 0.5) * side as f64;
            let inset = inside(middle(column), middle(row));
            let outside = if inset >= reach {
                0.0
            } else if inset < -reach {
                cell.weight
            } else {
                let mut outside = 0.0;
                for y in row * side..((row + 1) * side).min(self.matte.height()) {
                    for x in column * side..((column + 1) * side).min(self.matte.width()) {
                        if inside(x as f64 + 0.5, y as f64 + 0.5) < 0.0 {
                            outside += f64::from(self.matte.at(x, y));
                        }
                    }
                }
                outside
            };
            all += cell.weight;
            out += outside;
            if cell.head {
                head += cell.weight;
                head_out += outside;
            }
        }
        Cut {
            subject: out / all,
            head: if head > 0.0 { head_out / head } else { 0.0 },
        }
    }

    /// A cell whose centre's inset is at least this lies in the safe area with all its pixels. The
    /// inset grows at most as fast as place, between pixels by the root of two faster.
    pub(super) fn reach_mm(&self, mm_per_px: f64, volume: &SafeVolume) -> f64 {
        self.cell_px as f64 * mm_per_px + volume.inset_mm.frame.mm_per_px
    }
}

/// The values below and above which a share of [`CRUMBS`] of the weight lies.
fn quantiles(values: impl Iterator<Item = (f64, f64)>) -> [f64; 2] {
    let mut sorted: Vec<(f64, f64)> = values.collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let crumbs = CRUMBS * sorted.iter().map(|of| of.1).sum::<f64>();
    [
        beyond(crumbs, sorted.iter()),
        beyond(crumbs, sorted.iter().rev()),
    ]
}

/// The first value after more than `crumbs` of weight.
fn beyond<'a>(crumbs: f64, mut values: impl Iterator<Item = &'a (f64, f64)>) -> f64 {
    let mut sum = 0.0;
    let found = values.find(|of| {
        sum += of.1;
        sum > crumbs
    });
    found.map_or(0.0, |of| of.0)
}

/// How many of the rows, from the top, are the head; each holds the places of its cells.
fn head_rows(lines: &[Vec<f64>], side: f64) -> usize {
    let rows = lines.len();
    let widths = smoothed(
        &lines
            .iter()
            .map(|line| line.len() as f64)
            .collect::<Vec<_>>(),
    );
    let share = |part: f64| ((part * rows as f64).round() as usize).clamp(1, rows);
    let (least, most) = (share(HEAD_LEAST), share(HEAD_MOST));
    let (mut widest, mut neck, mut neck_row) = (0.0_f64, f64::INFINITY, 0);
    for (row, &width) in widths.iter().enumerate().take(share(HEAD_MOST + 0.2)) {
        if width > widest && neck > NECK * widest {
            (widest, neck, neck_row) = (width, width, row);
        } else if width <= neck {
            (neck, neck_row) = (width, row);
        }
        if neck <= NECK * widest && width >= SHOULDERS * neck {
            if parts(&lines[row], side) > 1 {
                return share(HEADS_TOGETHER);
            }
            if (least..=most).contains(&neck_row) {
                return neck_row;
            }
            // A hat, an ear: the head comes below.
            (widest, neck) = (width, f64::INFINITY);
        }
    }
    shoulder_row(&widths, share(0.15), most).unwrap_or_else(|| share(HEAD_ALONE))
}

/// The row from `least` to `most` below which the width grows much faster than above it.
fn shoulder_row(widths: &[f64], least: usize, most: usize) -> Option<usize> {
    let step = (widths.len() / 12).max(1);
    let bend = |row: usize| {
        let (above, here, below) = (widths[row - step], widths[row], widths[row + step]);
        ((below - here) - (here - above).max(0.0)) / here.max(1.0)
    };
    let rows = least.max(step)..(most + 1).min(widths.len().saturating_sub(step));
    let (row, bend) = rows
        .map(|row| (row, bend(row)))
        .fold((0, 0.0), |best, of| if of.1 > best.1 { of } else { best });
    (bend >= 0.25).then_some(row)
}

/// Parts of a row apart from one another, those of less than an eighth of it left out.
fn parts(line: &[f64], side: f64) -> usize {
    let mut places = line.to_vec();
    places.sort_by(f64::total_cmp);
    let runs = places.chunk_by(|a, b| b - a < 1.9 * side);
    runs.filter(|run| 8 * run.len() >= line.len()).count()
}

/// Means of three.
fn smoothed(values: &[f64]) -> Vec<f64> {
    let last = values.len() - 1;
    let at = |i: usize| values[i.min(last)];
    (0..=last)
        .map(|i| (at(i.saturating_sub(1)) + at(i) + at(i + 1)) / 3.0)
        .collect()
}
