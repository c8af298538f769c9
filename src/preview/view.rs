//! One view: crystal and points from one camera, as light to be added to the page.

use super::body::Body;
use super::camera::Camera;
use super::crystal;
use super::exposure::expose;
use super::light::{Light, Rgb, blur};
use super::splat::{Footprint, points_per_px};
use crate::cloud::Cloud;
use crate::grid::Grid;

/// Colour of the points: the white of a fracture under a white lamp, a little cool.
const POINT: Rgb = [0.945, 0.97, 1.0];

/// Part of the background that the crystal lets through.
const CLEARNESS: f32 = 0.5;

/// Colour of marked points: amber, bright enough to stand before a white face.
pub(super) const MARK: Rgb = [1.0, 0.26, 0.02];

/// Radius of a mark: one faulty point among a million must be seen.
const MARK_RADIUS_PX: f32 = 3.0;

/// Spread of the glow around marks, which leads the eye to a single one.
const MARK_GLOW_PX: f32 = 7.0;

/// Part of their light that the other points keep beside marks.
const DIMMED: f32 = 0.4;

/// Where a view lies on the page and how it looks at the crystal.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// The camera, its centre in the view's own pixels.
    pub(super) camera: Camera,
    /// Left and top edge on the page, px.
    pub(super) place: [usize; 2],
    /// Width and height, px.
    pub(super) size: [usize; 2],
    /// Part of the pixels with points that may come out white.
    pub(super) burnt_out: f64,
}

impl View {
    /// Draws crystal and points and adds them to the page; the points that are `marked`, if any are
    /// to be, stand out in a warm colour before the others dimmed.
    pub(super) fn draw(
        &self,
        page: &mut Light,
        cloud: &Cloud,
        body: &Body,
        marked: Option<&[u32]>,
    ) {
        let (crystal, (points, marks)) = rayon::join(
            || crystal::draw(body, &self.camera, self.size),
            || {
                (
                    self.points(cloud),
                    marked.map(|marked| self.marks(cloud, marked)),
                )
            },
        );
        let dim = if marked.is_some() { DIMMED } else { 1.0 };
        let [left, top] = self.place;
        let bottom = top + self.size[1];
        page.for_each_row(|row, values| {
            if !(top..bottom).contains(&row) {
                return;
            }
            let row = row - top;
            let pixels = values[left..left + self.size[0]].iter_mut();
            for (column, rgb) in pixels.enumerate() {
                let through = 1.0 - (1.0 - CLEARNESS) * crystal.cover.at(column, row);
                let (glass, point) = (crystal.light.at(column, row), points.at(column, row));
                *rgb = [0, 1, 2].map(|c| rgb[c] * through + glass[c] + dim * point * POINT[c]);
                if let Some(marks) = &marks {
                    let (cover, glow) = (marks.cover.at(column, row), marks.glow.at(column, row));
                    *rgb = [0, 1, 2].map(|c| rgb[c] * (1.0 - cover) + (cover + glow) * MARK[c]);
                }
            }
        });
    }

    /// Light of all points.
    fn points(&self, cloud: &Cloud) -> Grid<f32> {
        let px_per_mm = self.camera.px_per_mm;
        let footprint = Footprint::of_point(px_per_mm);
        let point = |index: usize| cloud.point(index);
        let points = points_per_px(cloud.len(), point, &self.camera, &footprint, self.size);
        expose(&points, px_per_mm, footprint.peak_share(), self.burnt_out)
    }

    /// Discs at the marked points; indices beyond the cloud are left out.
    fn marks(&self, cloud: &Cloud, marked: &[u32]) -> Marks {
        let footprint = Footprint::of_mark(MARK_RADIUS_PX);
        let point = |index: usize| {
            let index = marked[index] as usize;
            if index < cloud.len() {
                cloud.point(index)
            } else {
                [f32::NAN; 3]
            }
        };
        let discs = points_per_px(marked.len(), point, &self.camera, &footprint, self.size);
        let full = footprint.peak_share();
        let cover = discs.map(|part| (part / full).min(1.0));
        let glow = blur(&cover, MARK_GLOW_PX).map(|part| 2.0 * part);
        Marks { cover, glow }
    }
}

/// The marked points of a view.
struct Marks {
    cover: Grid<f32>,
    glow: Grid<f32>,
}
