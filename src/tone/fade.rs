//! The soft end of the picture, at the safe outline and at the photo's own edges.

use nalgebra::Point2;

use crate::grid::{Frame, Grid};
use crate::photo::Photo;
use crate::placement::Placement;
use crate::settings::{ToneMode, ToneSettings};
use crate::tone::ToneMap;
use crate::tone::curve::smoothstep;

/// Width of the fade of `auto` where the settings name none.
const AUTO_FADE_MM: f64 = 1.0;

/// The soft end of the picture at the safe outline and at the photo's own edges.
pub(super) struct Fade {
    width_mm: f32,
    /// Map pixels -> mm of distance to the photo's left, right, upper and lower edge: for each
    /// edge a factor for the column, one for the row, and a constant.
    edges: [[f32; 3]; 4],
}

impl Fade {
    pub(super) fn new(
        settings: &ToneSettings,
        photo: &Photo,
        placement: &Placement,
        frame: &Frame,
    ) -> Self {
        let width_mm = match (settings.fade_mm, settings.mode) {
            (Some(fade), _) => fade.get(),
            (None, ToneMode::Auto) => AUTO_FADE_MM,
            (None, ToneMode::Linear) => 0.0,
        };
        let (width_px, height_px) = (photo.luminance.width(), photo.luminance.height());
        let at = |u: f64, v: f64| {
            let (x_mm, y_mm) = frame.to_mm(u, v);
            // A placement's zoom is not 0: the inverse exists.
            let point = placement.photo_to_blank.inverse() * Point2::new(x_mm, y_mm);
            [point.x, point.y].map(|px| px * placement.mm_per_photo_px)
        };
        let (origin, right, down) = (at(0.5, 0.5), at(1.5, 0.5), at(0.5, 1.5));
        let end = [width_px, height_px].map(|px| px as f64 * placement.mm_per_photo_px);
        let mut edges = [[0.0; 3]; 4];
        for axis in 0..2 {
            let (across, along) = (right[axis] - origin[axis], down[axis] - origin[axis]);
            edges[2 * axis] = [across, along, origin[axis]].map(|x| x as f32);
            edges[2 * axis + 1] = [-across, -along, end[axis] - origin[axis]].map(|x| x as f32);
        }
        Self {
            width_mm: width_mm as f32,
            edges,
        }
    }

    /// The share that is left of a density.
    fn at(&self, column: usize, row: usize, inset_mm: f32) -> f32 {
        if inset_mm < 0.0 {
            return 0.0;
        }
        if self.width_mm == 0.0 {
            return 1.0;
        }
        let (u, v) = (column as f32, row as f32);
        let distance_mm = self
            .edges
            .iter()
            .map(|[across, down, start]| across * u + down * v + start)
            .fold(inset_mm, f32::min);
        smoothstep(distance_mm / self.width_mm)
    }

    /// The faded density in 65535ths.
    pub(super) fn quantise(&self, density: &Grid<f32>, inset_mm: &Grid<f32>) -> Grid<u16> {
        let width = density.width();
        let (densities, insets) = (density.values(), inset_mm.values());
        Grid::from_fn(width, density.height(), |column, row| {
            let index = row * width + column;
            let value = densities[index].clamp(0.0, 1.0) * self.at(column, row, insets[index]);
            (value * f32::from(ToneMap::FULL) + 0.5) as u16
        })
    }
}
