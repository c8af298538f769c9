//! What of the photo a relief shows: its raster over the safe area, and the way back to the photo.

use nalgebra::{Affine2, Point2};

use super::window::{scaling, translation};
use crate::blank::SafeVolume;
use crate::grid::{Frame, Grid};
use crate::photo::Photo;
use crate::placement::Placement;

/// Most pixels along the longer side of a relief. Points stand 0.08 mm apart, so a heart 125 mm
/// wide gets about one pixel a point, smaller ones several.
const MOST_PX: f64 = 1200.0;

/// Finest pixel, mm: a quarter of the distance between points.
const FINEST_MM: f64 = 0.02;

/// Coarsest pixel of a small blank, mm, however coarse the photo.
const COARSEST_MM: f64 = 0.1;

/// The raster of a relief, and what lies under it.
pub(super) struct View {
    /// Where the raster lies.
    pub(super) frame: Frame,
    /// Its columns and rows.
    pub(super) raster_px: (usize, usize),
    /// From raster pixels to the photo's 0..1 x 0..1.
    pub(super) to_photo: Affine2<f64>,
}

impl View {
    /// A raster over the bounding box of the safe area, about as fine as the placed photo.
    pub(super) fn new(volume: &SafeVolume, photo: &Photo, placement: &Placement) -> Self {
        let (frame, raster_px) = raster_of(volume, placement);
        let px = frame.mm_per_px;
        let (width, height) = (photo.luminance.width(), photo.luminance.height());
        let to_mm = translation(frame.x_min_mm, frame.y_max_mm) * scaling(px, -px);
        let to_photo = scaling(1.0 / width as f64, 1.0 / height as f64)
            * placement.photo_to_blank.inverse()
            * to_mm;
        Self {
            frame,
            raster_px,
            to_photo,
        }
    }

    /// Which pixels a viewer sees something at: inside the safe area, on the photo, not cut out.
    pub(super) fn seen(&self, volume: &SafeVolume, matte: Option<&Grid<f32>>) -> Grid<bool> {
        let opaque = |matte: &Grid<f32>, at: Point2<f64>| {
            let (width, height) = (matte.width() as f64, matte.height() as f64);
            matte.bilinear((at.x * width) as f32, (at.y * height) as f32) > 0.1
        };
        Grid::from_fn(self.raster_px.0, self.raster_px.1, |column, row| {
            let centre = Point2::new(column as f64 + 0.5, row as f64 + 0.5);
            let (x_mm, y_mm) = self.frame.to_mm(centre.x, centre.y);
            let at = self.to_photo * centre;
            let on_photo = (0.0..=1.0).contains(&at.x) && (0.0..=1.0).contains(&at.y);
            on_photo
                && volume.inset_mm.at_mm(x_mm, y_mm) >= 0.0
                && matte.is_none_or(|matte| opaque(matte, at))
        })
    }
}

/// The raster of a relief: the bounding box of the safe area, about as fine as the placed photo.
fn raster_of(volume: &SafeVolume, placement: &Placement) -> (Frame, (usize, usize)) {
    let inset = &volume.inset_mm;
    let (width, height) = (inset.grid.width(), inset.grid.height());
    let inside_row = |row: &usize| inset.grid.row(*row).iter().any(|&mm| mm >= 0.0);
    let inside_column = |column: &usize| (0..height).any(|row| inset.grid.at(*column, row) >= 0.0);
    let span = |first: Option<usize>, last: Option<usize>, length: usize| {
        // A pixel more on each side: the area's border lies between centres.
        let first = first.unwrap_or(0).saturating_sub(1);
        (first, (last.unwrap_or(length - 1) + 2).min(length))
    };
    let (left, right) = span(
        (0..width).find(inside_column),
        (0..width).rfind(inside_column),
        width,
    );
    let (top, bottom) = span(
        (0..height).find(inside_row),
        (0..height).rfind(inside_row),
        height,
    );
    let scale = inset.frame.mm_per_px;
    let (width_mm, height_mm) = ((right - left) as f64 * scale, (bottom - top) as f64 * scale);
    let (x_min_mm, y_max_mm) = inset.frame.to_mm(left as f64, top as f64);
    let finest = width_mm.max(height_mm) / MOST_PX;
    let mm_per_px = placement
        .mm_per_photo_px
        .clamp(FINEST_MM, COARSEST_MM)
        .max(finest);
    let frame = Frame {
        x_min_mm,
        y_max_mm,
        mm_per_px,
    };
    let pixels = |mm: f64| ((mm / mm_per_px).ceil() as usize).max(1);
    (frame, (pixels(width_mm), pixels(height_mm)))
}
