//! The soft end of the picture, at the safe outline and at the photo's own edges.

use std::ops::Range;

use nalgebra::Point2;

use crate::ease::smoothstep;
use crate::grid::{Frame, Grid, Resampled};
use crate::photo::Photo;
use crate::placement::Placement;
use crate::rounding::nearest_u32;
use crate::settings::{ToneMode, ToneSettings};
use crate::tone::ToneMap;

/// Width of the fade of `auto` where the settings name none.
const AUTO_FADE_MM: f64 = 1.0;

/// Farther outside than this no distance counts, mm.
const OUTSIDE_MM: f32 = -1e-3;

/// The soft end of the picture at the safe outline and at the photo's own edges.
pub(super) struct Fade {
    width_mm: f32,
    /// Map pixels -> mm of distance to the photo's left, right, upper and lower edge: for each
    /// edge a factor for the column, one for the row, and a constant.
    edges: [[f32; 3]; 4],
}

/// The part of a row of the map outside of which nothing is safe.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) row: usize,
    pub(super) columns: Range<usize>,
    /// Distances to the safe outline in those columns, mm, positive inside; as far as they count.
    pub(super) insets_mm: &'a [f32],
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

    /// The distances to the safe outline that count, mm.
    pub(super) fn counting_mm(&self) -> [f32; 2] {
        [OUTSIDE_MM, self.width_mm]
    }

    /// What is left of a density of 1 on a row, where the inset is not negative.
    fn row(&self, part: &Part<'_>) -> Vec<f32> {
        let &Part { row, insets_mm, .. } = part;
        if self.width_mm == 0.0 {
            return vec![1.0; insets_mm.len()];
        }
        let starts = self.edges.map(|[_, down, start]| down * row as f32 + start);
        let edge = |i: usize, u: f32| self.edges[i][0] * u + starts[i];
        let per_mm = 1.0 / self.width_mm;
        let ends = [part.columns.start, part.columns.end].map(|column| column as f32);
        // Distances to edges are straight along a row.
        let far = |i: usize| ends.iter().all(|&u| edge(i, u) >= self.width_mm);
        let mut left: Vec<f32> = insets_mm.iter().map(|inset| inset * per_mm).collect();
        for i in (0..4).filter(|&i| !far(i)) {
            for (left, column) in left.iter_mut().zip(part.columns.clone()) {
                *left = left.min(edge(i, column as f32) * per_mm);
            }
        }
        for left in &mut left {
            *left = smoothstep(*left);
        }
        left
    }

    /// The faded density in 65535ths; `density` tells it for a part of a row, 0 to 1.
    pub(super) fn quantise(
        &self,
        inset_mm: &Resampled<'_>,
        (width, height): (usize, usize),
        density: impl Fn(Part<'_>, &mut [f32]) + Sync + Send,
    ) -> Grid<u16> {
        let mut grid = Grid::filled(width, height, 0);
        grid.for_each_row(|row, values| {
            let insets = inset_mm.row(row);
            // The corners of the map lie outside of a heart.
            let inside = |inset_mm: &f32| *inset_mm >= 0.0;
            let Some(first) = insets.iter().position(inside) else {
                return;
            };
            let end = insets
                .iter()
                .rposition(inside)
                .map_or(first, |last| last + 1);
            let part = Part {
                row,
                columns: first..end,
                insets_mm: &insets[first..end],
            };
            let insets = part.insets_mm;
            let left = self.row(&part);
            let mut densities = vec![0.0; insets.len()];
            density(part, &mut densities);
            let kept = values[first..end].iter_mut().zip(insets).zip(left);
            for (((value, &inset), left), density) in kept.zip(densities) {
                let left = if inset >= 0.0 { left } else { 0.0 };
                let part = density.clamp(0.0, 1.0) * left;
                *value = nearest_u32(part * f32::from(ToneMap::FULL)) as u16;
            }
        });
        grid
    }
}
