//! Turns stored rows upright, and converts pixels on the way.
//!
//! One of the few places with a parallel loop of its own: groups of upright rows are gathered from
//! the stored ones and converted while they are in the cache, so that a turned photo needs no
//! second copy.

use image::metadata::Orientation;
use rayon::prelude::*;

use crate::grid::Grid;

/// Upright rows that are gathered together. A turned photo is read in strips as wide; 16 pixels
/// fill a cache line or more.
const ROWS: usize = 16;

/// Where the pixels of the upright picture lie among the stored ones: pixel (column, row) is
/// stored as number `first + column * column_step + row * row_step`.
///
/// # Guarantees
///
/// - Every upright pixel has its own number below `width * height`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) width: usize,
    pub(crate) height: usize,
    first: usize,
    column_step: isize,
    row_step: isize,
}

impl Turn {
    /// The turn of stored rows of `width` pixels.
    pub(crate) fn new(orientation: Orientation, width: usize, height: usize) -> Self {
        // Numbers of the corners, and the steps along a stored row and down a stored column.
        let (right, down) = (1, width as isize);
        let (top_left, top_right) = (0, width - 1);
        let (bottom_left, bottom_right) = (width * (height - 1), width * height - 1);
        let (first, column_step, row_step) = match orientation {
            Orientation::NoTransforms => (top_left, right, down),
            Orientation::FlipHorizontal => (top_right, -right, down),
            Orientation::Rotate180 => (bottom_right, -right, -down),
            Orientation::FlipVertical => (bottom_left, right, -down),
            Orientation::Rotate90FlipH => (top_left, down, right),
            Orientation::Rotate90 => (bottom_left, -down, right),
            Orientation::Rotate270FlipH => (bottom_right, -down, -right),
            Orientation::Rotate270 => (top_right, down, -right),
        };
        // Asked by name, not by step: one stored pixel wide, both steps are 1.
        let turned = matches!(
            orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        let (width, height) = if turned {
            (height, width)
        } else {
            (width, height)
        };
        Self {
            width,
            height,
            first,
            column_step,
            row_step,
        }
    }

    /// Number of the stored pixel that is shown at (column, row).
    pub(crate) fn stored(&self, column: usize, row: usize) -> usize {
        let offset = column as isize * self.column_step + row as isize * self.row_step;
        self.first.wrapping_add_signed(offset)
    }

    fn is_identity(&self) -> bool {
        self.column_step == 1 && self.row_step == self.width as isize
    }

    /// The upright picture, each value made from one stored pixel by `convert`, which gets as
    /// many pixels as it has values to fill.
    ///
    /// # Panics
    ///
    /// If `pixels` are not `width * height`.
    pub(crate) fn upright<T, U>(
        &self,
        pixels: &[T],
        convert: impl Fn(&[T], &mut [U]) + Sync,
    ) -> Grid<U>
    where
        T: Copy + Send + Sync,
        U: Copy + Default + Send,
    {
        assert_eq!(pixels.len(), self.width * self.height, "one pixel a value");
        let mut values = vec![U::default(); pixels.len()];
        values
            .par_chunks_mut(self.width * ROWS)
            .enumerate()
            .for_each_init(Vec::new, |gathered, (group, values)| {
                let row = group * ROWS;
                if self.is_identity() {
                    let start = row * self.width;
                    convert(&pixels[start..start + values.len()], values);
                } else {
                    self.gather(pixels, row, values.len() / self.width, gathered);
                    convert(gathered, values);
                }
            });
        Grid::from_values(self.width, self.height, values).expect("sides are those of the photo")
    }

    /// Copies `rows` upright rows from `row` on.
    fn gather<T: Copy>(&self, pixels: &[T], row: usize, rows: usize, gathered: &mut Vec<T>) {
        gathered.clear();
        gathered.resize(rows * self.width, pixels[0]);
        for column in 0..self.width {
            for below in 0..rows {
                gathered[below * self.width + column] = pixels[self.stored(column, row + below)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letter F in all eight EXIF orientations; each must come out as the first.
    const LETTERS: [(u8, &[&str]); 8] = [
        (1, &["###", "#..", "##.", "#..", "#.."]),
        (2, &["###", "..#", ".##", "..#", "..#"]),
        (3, &["..#", "..#", ".##", "..#", "###"]),
        (4, &["#..", "#..", "##.", "#..", "###"]),
        (5, &["#####", "#.#..", "#...."]),
        (6, &["#....", "#.#..", "#####"]),
        (7, &["....#", "..#.#", "#####"]),
        (8, &["#####", "..#.#", "....#"]),
    ];

    fn upright(exif: u8, rows: &[&str]) -> Grid<u8> {
        let orientation = Orientation::from_exif(exif).unwrap();
        let pixels = rows.concat().into_bytes();
        Turn::new(orientation, rows[0].len(), rows.len())
            .upright(&pixels, |from, to| to.copy_from_slice(from))
    }

    #[test]
    fn all_eight_orientations_come_out_upright() {
        let (exif, rows) = LETTERS[0];
        let letter = upright(exif, rows);
        assert_eq!(letter.values(), rows.concat().as_bytes());
        for (exif, rows) in &LETTERS[1..] {
            assert_eq!(upright(*exif, rows), letter, "orientation {exif}");
        }
    }

    #[test]
    fn needles_and_many_rows_turn_too() {
        for exif in 1..=8 {
            assert_eq!(upright(exif, &["a"]).values(), b"a");
            let needle = upright(exif, &["abc"]);
            let turned = exif > 4;
            assert_eq!(
                needle.width(),
                if turned { 1 } else { 3 },
                "orientation {exif}"
            );
            let needle = upright(exif, &["a", "b", "c"]);
            assert_eq!(
                needle.width(),
                if turned { 3 } else { 1 },
                "orientation {exif}"
            );
        }
        let pixels: Vec<u32> = (0..50 * 70).collect();
        let grid = Turn::new(Orientation::Rotate90, 50, 70)
            .upright(&pixels, |from, to: &mut [u32]| to.copy_from_slice(from));
        assert_eq!((grid.width(), grid.height()), (70, 50));
        assert_eq!(grid.at(69, 0), 0);
        assert_eq!(grid.at(0, 49), 50 * 70 - 1);
    }
}
