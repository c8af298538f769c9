//! The part of a photo-sized grid that lies under the relief's raster, at about its resolution.
//!
//! A relief has some million pixels, a photo or a depth map up to a hundred times as many. So each
//! is cut to what the raster sees, and reduced by whole factors, before anything costly is done.

use nalgebra::{Affine2, Matrix3, Point2};

use crate::grid::Grid;

/// Pixels kept around what the raster sees, after reduction: the reach of the filters behind.
const MARGIN_PX: f64 = 12.0;

/// A cut and reduced grid.
pub(super) struct Window {
    pub(super) grid: Grid<f32>,
    /// From raster pixels to pixels of `grid`, both with the first pixel's centre at (0.5, 0.5).
    pub(super) from_raster: Affine2<f64>,
}

impl Window {
    /// Cuts `source`, which lies over the whole photo, to a raster of `raster_px`.
    ///
    /// `to_photo` leads from raster pixels to the photo's 0..1 x 0..1. Reduced pixels are means of
    /// what is known, NaN where nothing is.
    pub(super) fn cut(
        source: &Grid<f32>,
        to_photo: &Affine2<f64>,
        raster_px: (usize, usize),
    ) -> Self {
        let (width, height) = (source.width() as f64, source.height() as f64);
        let to_source = scaling(width, height) * to_photo;
        let (columns, step_x) = extent(&to_source, raster_px, 0, source.width());
        let (rows, step_y) = extent(&to_source, raster_px, 1, source.height());
        let grid = Grid::from_fn(
            columns.len().div_ceil(step_x),
            rows.len().div_ceil(step_y),
            |column, row| {
                let x = columns.start + column * step_x;
                let y = rows.start + row * step_y;
                let x_end = (x + step_x).min(columns.end);
                mean((y..(y + step_y).min(rows.end)).map(|row| &source.row(row)[x..x_end]))
            },
        );
        let offset = translation(-(columns.start as f64), -(rows.start as f64));
        let from_raster = scaling(1.0 / step_x as f64, 1.0 / step_y as f64) * offset * to_source;
        Self { grid, from_raster }
    }

    /// The pixel coordinates of a raster's pixel centre.
    pub(super) fn at_raster_px(&self, column: usize, row: usize) -> (f32, f32) {
        let centre = Point2::new(column as f64 + 0.5, row as f64 + 0.5);
        let point = self.from_raster * centre;
        (point.x as f32, point.y as f32)
    }
}

/// The range of columns (`axis` 0) or rows (1) of the source under the raster, and how many of
/// them make one.
fn extent(
    to_source: &Affine2<f64>,
    raster_px: (usize, usize),
    axis: usize,
    length: usize,
) -> (std::ops::Range<usize>, usize) {
    let (width, height) = (raster_px.0 as f64, raster_px.1 as f64);
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    let at = corners.map(|(x, y)| (to_source * Point2::new(x, y))[axis]);
    let low = at.into_iter().fold(f64::INFINITY, f64::min);
    let high = at.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let matrix = to_source.matrix();
    let px_per_raster_px = matrix[(axis, 0)].hypot(matrix[(axis, 1)]);
    let step = (px_per_raster_px as usize).clamp(1, length);
    let margin = MARGIN_PX * step as f64;
    // Casts saturate; a raster beside the photo sees its nearest edge.
    let start = ((low - margin).floor().max(0.0) as usize).min(length - 1);
    let end = ((high + margin).ceil().max(0.0) as usize).clamp(start + 1, length);
    (start..end, step)
}

fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>) -> f32 {
    let (mut sum, mut count) = (0.0f32, 0.0f32);
    for row in rows {
        for &value in row {
            if !value.is_nan() {
                sum += value;
                count += 1.0;
            }
        }
    }
    sum / count
}

/// Stretches both axes.
pub(super) fn scaling(x: f64, y: f64) -> Affine2<f64> {
    Affine2::from_matrix_unchecked(Matrix3::new(x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0))
}

/// Shifts both axes.
pub(super) fn translation(x: f64, y: f64) -> Affine2<f64> {
    Affine2::from_matrix_unchecked(Matrix3::new(1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_through_cut_and_reduction() {
        // A ramp along x over 1000 px; the raster sees 200..600 of it in 100 px.
        let source = Grid::from_fn(1000, 40, |column, _| column as f32 + 0.5);
        let to_photo =
            scaling(1.0 / 1000.0, 1.0 / 40.0) * translation(200.0, 0.0) * scaling(4.0, 1.0);
        let window = Window::cut(&source, &to_photo, (100, 40));
        assert!(window.grid.width() < 130, "{}", window.grid.width());
        let (u, v) = window.at_raster_px(10, 5);
        assert!((window.grid.bilinear(u, v) - (200.0 + 4.0 * 10.5)).abs() < 1e-3);
    }

    #[test]
    fn what_is_unknown_does_not_spread() {
        let source = Grid::from_fn(8, 8, |column, _| if column == 3 { f32::NAN } else { 2.0 });
        let window = Window::cut(&source, &scaling(0.25, 0.25), (4, 4));
        assert!(window.grid.values().iter().all(|&value| value == 2.0));
    }

    #[test]
    fn a_raster_beside_the_photo_sees_its_edge() {
        let source = Grid::from_fn(8, 8, |column, _| column as f32);
        let window = Window::cut(&source, &translation(50.0, 0.0), (4, 4));
        assert_eq!(window.grid.bilinear(1e9, 0.0), 7.0);
    }
}
