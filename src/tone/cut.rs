//! Whether the subject, as its matte tells, is cut by the safe outline.

use nalgebra::Point2;

use crate::blank::SafeVolume;
use crate::grid::Grid;
use crate::placement::Placement;

/// Share of a subject's area outside of the safe outline from which it counts as cut.
const CUT_SHARE: f64 = 0.03;

/// A matte that leaves out less of the photo than this marks no subject.
const SUBJECT_LEAVES: f64 = 0.02;

/// Says so when a subject hangs over the safe outline.
pub(super) fn cut_warning(
    matte: &Grid<f32>,
    placement: &Placement,
    volume: &SafeVolume,
) -> Option<String> {
    // Some 250 places on each side tell the share within a per cent.
    let step = (matte.width().max(matte.height()) / 250).max(1);
    let [x_min_mm, y_min_mm, x_max_mm, y_max_mm] = raster_bounds(volume);
    let (mut all, mut subject, mut cut) = (0_u32, 0_u32, 0_u32);
    for row in (0..matte.height()).step_by(step) {
        for column in (0..matte.width()).step_by(step) {
            all += 1;
            if matte.at(column, row) < 0.5 {
                continue;
            }
            let (u, v) = (column as f64 + 0.5, row as f64 + 0.5);
            let point = placement.photo_to_blank * Point2::new(u, v);
            let on_raster = (x_min_mm..=x_max_mm).contains(&point.x)
                && (y_min_mm..=y_max_mm).contains(&point.y);
            subject += 1;
            cut += u32::from(!on_raster || volume.inset_mm.at_mm(point.x, point.y) < 0.0);
        }
    }
    let marks_subject = f64::from(subject) < (1.0 - SUBJECT_LEAVES) * f64::from(all);
    let share = f64::from(cut) / f64::from(subject.max(1));
    (marks_subject && share > CUT_SHARE).then(|| {
        format!(
            "{:.0} % of the subject lies outside of the safe outline and is cut; lower --zoom, \
             use --fit contain or move it with --offset",
            100.0 * share
        )
    })
}

/// Where the safe volume's raster lies, as `[x_min, y_min, x_max, y_max]` in mm.
fn raster_bounds(volume: &SafeVolume) -> [f64; 4] {
    let (grid, frame) = (&volume.inset_mm.grid, &volume.inset_mm.frame);
    let (x_max_mm, y_min_mm) = frame.to_mm(grid.width() as f64, grid.height() as f64);
    [frame.x_min_mm, y_min_mm, x_max_mm, frame.y_max_mm]
}
