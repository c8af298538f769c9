//! The sheet of a blank: its outline from the front, a section through its middle, measures, and the
//! area that may hold points.

use tiny_skia::{FillRule, PathBuilder};

use super::body::Body;
use super::camera::Camera;
use super::light::{self, Light, Rgb};
use super::page::draw_caption;
use super::scale_bar::ScaleBar;
use super::text;
use crate::blank::SafeVolume;

/// Width and height of the sheet, px.
const SIZE: [usize; 2] = [1400, 1000];

/// Middle of the front view and of the section, and the room for each (width, height), px.
const FRONT: ([f32; 2], [f32; 2]) = ([500.0, 410.0], [680.0, 640.0]);
const SECTION: ([f32; 2], [f32; 2]) = ([1130.0, 410.0], [380.0, 640.0]);

/// Where captions and scale bar stand.
const FOOT: f32 = 910.0;

const GLASS: Rgb = [0.030, 0.038, 0.050];
const SAFE: Rgb = [0.020, 0.105, 0.125];
const OUTLINE: Rgb = [0.60, 0.66, 0.74];
const INK: Rgb = [0.30, 0.33, 0.38];
const TEXT_PX: f32 = 21.0;

/// Draws the sheet in linear light.
pub(super) fn draw(body: &Body, margin_mm: f64, safe: Option<&SafeVolume>, caption: &str) -> Light {
    let mut sheet = Light::from_fn(SIZE[0], SIZE[1], |_, row| {
        let fall = 1.0 - row as f32 / SIZE[1] as f32;
        [0.85, 0.95, 1.2].map(|tint| tint * (0.004 + 0.007 * fall))
    });
    let [half_width, half_height, half_depth] = body.half_mm;
    let fit =
        |[width, height]: [f32; 2], across: f32| (width / across).min(height / half_height) / 2.0;
    let px_per_mm = fit(FRONT.1, half_width).min(fit(SECTION.1, half_depth));
    let front = Camera::new(0.0, 0.0).placed(px_per_mm, FRONT.0);
    // The section is seen from the crystal's right: its front is to the right.
    let section = Camera::new(90.0, 0.0).placed(px_per_mm, SECTION.0);
    draw_glass(&mut sheet, &outline(body, &front));
    draw_glass(&mut sheet, &section_outline(body, &section));
    if let Some(safe) = safe {
        fill_safe(&mut sheet, &front, FRONT.1, |x, y| {
            inside(safe, [x, y, 0.0], Depth::Any)
        });
        fill_safe(&mut sheet, &section, SECTION.1, |z, y| {
            inside(safe, [0.0, y, z], Depth::Own)
        });
    }
    stroke_rings(&mut sheet, &outline(body, &front));
    stroke_rings(&mut sheet, &section_outline(body, &section));
    draw_measures(&mut sheet, body, px_per_mm);
    draw_notes(&mut sheet, margin_mm, safe.is_some());
    if let Some(bar) = ScaleBar::fitting(px_per_mm, 260.0) {
        bar.draw(&mut sheet, 1340.0, FOOT, TEXT_PX);
    }
    draw_caption(&mut sheet, caption, [60.0, FOOT], 900.0);
    sheet
}

/// The outline from the front: corners in px.
fn outline(body: &Body, camera: &Camera) -> Vec<Vec<[f32; 2]>> {
    let project = |ring: Vec<[f32; 3]>| ring.into_iter().map(|corner| camera.project(corner));
    body.outline()
        .into_iter()
        .map(|ring| project(ring).collect())
        .collect()
}

/// The glass that the plane x = 0 cuts: one rectangle for each piece, corners in px.
fn section_outline(body: &Body, camera: &Camera) -> Vec<Vec<[f32; 2]>> {
    let depth = body.half_mm[2];
    body.spans_at(0.0)
        .into_iter()
        .map(|[low, high]| {
            [[low, -depth], [low, depth], [high, depth], [high, -depth]]
                .map(|[y, z]| camera.project([0.0, y, z]))
                .to_vec()
        })
        .collect()
}

/// Which depths count when asking whether a place is safe.
#[derive(Clone, Copy)]
enum Depth {
    /// Some point before or behind the place may be.
    Any,
    /// The place itself.
    Own,
}

/// Signed distance into the safe volume, mm, for drawing only.
fn inside(safe: &SafeVolume, [x, y, z]: [f32; 3], depth: Depth) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    let inset = safe.inset_mm.at_mm(x, y);
    let (low, high) = (safe.z_min_mm.at_mm(x, y), safe.z_max_mm.at_mm(x, y));
    match depth {
        Depth::Any => inset.min((high - low) / 2.0),
        Depth::Own => inset.min(z - low).min(high - z),
    }
}

/// Tints the pixels whose place (across, up; mm) is safe, softly at the border.
fn fill_safe(
    sheet: &mut Light,
    camera: &Camera,
    room: [f32; 2],
    inset_mm: impl Fn(f32, f32) -> f32 + Sync + Send,
) {
    let [u, v] = camera.centre_px;
    sheet.for_each_row(|row, values| {
        let y = v - (row as f32 + 0.5);
        if y.abs() > room[1] / 2.0 + 4.0 {
            return;
        }
        for (column, rgb) in values.iter_mut().enumerate() {
            let x = column as f32 + 0.5 - u;
            if x.abs() > room[0] / 2.0 + 4.0 {
                continue;
            }
            let inset_px = inset_mm(x / camera.px_per_mm, y / camera.px_per_mm) * camera.px_per_mm;
            let cover = (inset_px + 0.5).clamp(0.0, 1.0);
            let edge = (1.5 - (inset_px - 0.5).abs()).clamp(0.0, 1.0);
            *rgb = [0, 1, 2].map(|c| {
                let filled = rgb[c] + cover * (SAFE[c] - rgb[c]);
                filled + edge * SAFE[c] * 1.6
            });
        }
    });
}

fn draw_glass(sheet: &mut Light, rings: &[Vec<[f32; 2]>]) {
    let mut path = PathBuilder::new();
    for ring in rings {
        for (index, &[x, y]) in ring.iter().enumerate() {
            if index == 0 {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
        path.close();
    }
    if let Some(path) = path.finish() {
        light::cover(&path, FillRule::EvenOdd, SIZE, |column, row, part| {
            let before = sheet.at(column, row);
            sheet.set(column, row, [0, 1, 2].map(|c| before[c] + part * GLASS[c]));
        });
    }
}

fn stroke_rings(sheet: &mut Light, rings: &[Vec<[f32; 2]>]) {
    for ring in rings {
        for (index, &start) in ring.iter().enumerate() {
            let end = ring[(index + 1) % ring.len()];
            draw_line(sheet, start, end, 2.2, OUTLINE);
        }
    }
}

/// Width and height at the front view, thickness at the section.
fn draw_measures(sheet: &mut Light, body: &Body, px_per_mm: f32) {
    let [half_width, half_height, half_depth] = body.half_mm.map(|half| half * px_per_mm);
    let below = FRONT.0[1] + half_height + 44.0;
    for (middle, half, mm) in [
        (FRONT.0[0], half_width, body.half_mm[0] * 2.0),
        (SECTION.0[0], half_depth, body.half_mm[2] * 2.0),
    ] {
        let (left, right) = (middle - half, middle + half);
        draw_line(sheet, [left, below], [right, below], 1.6, INK);
        for x in [left, right] {
            draw_line(sheet, [x, below - 8.0], [x, below + 8.0], 1.6, INK);
        }
        let label = millimetres(f64::from(mm));
        let start = middle - text::width(&label, TEXT_PX) / 2.0;
        draw_text(sheet, &label, [start, below + 30.0]);
    }
    let beside = FRONT.0[0] - half_width - 44.0;
    let (top, bottom) = (FRONT.0[1] - half_height, FRONT.0[1] + half_height);
    draw_line(sheet, [beside, top], [beside, bottom], 1.6, INK);
    for y in [top, bottom] {
        draw_line(sheet, [beside - 8.0, y], [beside + 8.0, y], 1.6, INK);
    }
    let label = millimetres(f64::from(body.half_mm[1]) * 2.0);
    let start = beside - 14.0 - text::width(&label, TEXT_PX);
    draw_text(sheet, &label, [start, FRONT.0[1] + TEXT_PX * 0.36]);
}

/// What the tinted area is.
fn draw_notes(sheet: &mut Light, margin_mm: f64, has_safe_area: bool) {
    let top = FOOT - 62.0;
    let note = if has_safe_area {
        for step in 0..18 {
            let y = top - 16.0 + step as f32;
            draw_line(sheet, [60.0, y], [78.0, y], 1.0, SAFE);
        }
        format!("safe area, margin {}", millimetres(margin_mm))
    } else {
        format!("no room within the margin of {}", millimetres(margin_mm))
    };
    draw_text(sheet, &note, [if has_safe_area { 90.0 } else { 60.0 }, top]);
}

/// A length with at most two decimals.
fn millimetres(mm: f64) -> String {
    format!("{} mm", (mm * 100.0).round() / 100.0)
}

fn draw_text(sheet: &mut Light, label: &str, [x, baseline]: [f32; 2]) {
    if let (Some(path), _) = text::line(label, TEXT_PX, x, baseline) {
        light::paint(sheet, &path, OUTLINE.map(|value| value * 0.8));
    }
}

fn draw_line(sheet: &mut Light, start: [f32; 2], end: [f32; 2], width: f32, rgb: Rgb) {
    // Half the width beyond both ends, so that the pieces of an outline join.
    if let Some(path) = light::stroke(start, end, width, width / 2.0) {
        light::paint(sheet, &path, rgb);
    }
}

#[cfg(test)]
mod tests {
    use super::super::body::tests::square;
    use super::*;
    use crate::blank::Bound;
    use crate::grid::{Frame, Grid, Raster};

    /// Safe: more than 2 mm within the square of 20 mm, its hole left out.
    fn safe_volume() -> SafeVolume {
        let frame = Frame {
            x_min_mm: -10.0,
            y_max_mm: 10.0,
            mm_per_px: 0.1,
        };
        let grid = Grid::from_fn(200, 200, |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            (8.0 - x.abs().max(y.abs())) as f32
        });
        SafeVolume {
            inset_mm: Raster { frame, grid },
            z_min_mm: Bound::Constant(-1.0),
            z_max_mm: Bound::Constant(1.0),
        }
    }

    #[test]
    fn the_safe_area_is_drawn_where_it_is() {
        let sheet = draw(&square(), 2.0, Some(&safe_volume()), "square");
        let px_per_mm = 640.0 / 20.0;
        let at = |centre: [f32; 2], across: f32, up: f32| {
            let column = centre[0] + across * px_per_mm;
            let row = centre[1] - up * px_per_mm;
            sheet.at(column as usize, row as usize)[1]
        };
        let [tinted, glass] = [at(FRONT.0, 6.0, 5.0), at(FRONT.0, 9.0, 5.0)];
        assert!(tinted > 1.5 * glass, "{tinted} {glass}");
        // The section: 6 mm thick, the middle 2 mm of them safe.
        let [tinted, glass] = [at(SECTION.0, 0.5, 5.0), at(SECTION.0, 2.0, 5.0)];
        assert!(tinted > 1.5 * glass, "{tinted} {glass}");
    }

    #[test]
    fn blanks_without_outline_or_room_make_a_sheet() {
        let sheet = draw(&Body::new(&[], [0.0; 3], 3.0), 3.0, None, "");
        assert!(
            sheet
                .values()
                .iter()
                .flatten()
                .all(|value| value.is_finite())
        );
    }
}
