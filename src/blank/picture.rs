//! A picture of a blank: front and side view, with the part that may hold points.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};
use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::Blank;
use super::volume::SafeVolume;
use crate::error::Result;

/// Longer side of the front view, px.
const VIEW_PX: f32 = 640.0;
/// Room around and between the views, px.
const GAP_PX: f32 = 48.0;

const BACKGROUND: [u8; 4] = [0x12, 0x16, 0x1e, 0xff];
const GLASS: [u8; 4] = [0x2d, 0x3d, 0x58, 0xff];
const BEVEL: [u8; 4] = [0x4a, 0x60, 0x86, 0xff];
const SAFE: [u8; 4] = [0x4f, 0xb3, 0x92, 0xff];
const EDGE: [u8; 4] = [0xd8, 0xe4, 0xf4, 0xff];
const HOLE: [u8; 4] = [0xf0, 0xa0, 0x4c, 0xff];

/// Draws a blank as a PNG file.
pub(super) fn png(blank: &Blank) -> Result<Vec<u8>> {
    let volume = blank.safe_volume()?;
    let (low, high) = blank.solid.bounds();
    let sides = [0, 1, 2].map(|axis| (high[axis] - low[axis]) as f32);
    let px_per_mm = VIEW_PX / sides[0].max(sides[1]);
    let [width, height, depth] = sides.map(|side| side * px_per_mm);
    let bar_height = GAP_PX;
    let mut pixmap = Pixmap::new(
        (width + depth + 3.0 * GAP_PX).ceil() as u32,
        (height + 2.0 * GAP_PX + bar_height).ceil() as u32,
    )
    .expect("a blank has sides of 1 mm to 1 m");
    pixmap.fill(color(BACKGROUND));
    let middle = GAP_PX + 0.5 * height;
    let centre = [0, 1, 2].map(|axis| 0.5 * (low[axis] + high[axis]) as f32);
    let view = |right: f32, across: f32| {
        Transform::from_row(
            px_per_mm,
            0.0,
            0.0,
            -px_per_mm,
            right - across * px_per_mm,
            middle + centre[1] * px_per_mm,
        )
    };
    let front = view(GAP_PX + 0.5 * width, centre[0]);
    draw_front(&mut pixmap, blank, &volume, front, px_per_mm)?;
    // Seen from the right, the front (+z) is on the left.
    let right = 2.0 * GAP_PX + width + 0.5 * depth;
    let side = view(right, -centre[2]).pre_scale(-1.0, 1.0);
    draw_side(&mut pixmap, blank, &volume, side, px_per_mm);
    let block_mm = if sides[0].max(sides[1]) > 60.0 {
        10.0
    } else {
        1.0
    };
    draw_bar(
        &mut pixmap,
        GAP_PX,
        height + 2.0 * GAP_PX,
        block_mm * px_per_mm,
    );
    Ok(encoded(&pixmap))
}

fn draw_front(
    pixmap: &mut Pixmap,
    blank: &Blank,
    volume: &SafeVolume,
    view: Transform,
    px_per_mm: f32,
) -> Result<()> {
    let outline = blank.outline_mm();
    let glass = path(&outline);
    fill(
        pixmap,
        &glass,
        if blank.bevel_mm > 0.0 { BEVEL } else { GLASS },
        view,
    );
    if blank.bevel_mm > 0.0 {
        fill(pixmap, &path(&blank.bevel_outline_mm()), GLASS, view);
    }
    let safe = super::contour::at_level(&volume.inset_mm, 0.0);
    fill(pixmap, &path(&safe), SAFE, view);
    line(pixmap, &glass, EDGE, view, px_per_mm);
    let holes = &outline[outline.len() - blank.holes.len()..];
    fill(pixmap, &path(holes), BACKGROUND, view);
    line(pixmap, &path(holes), HOLE, view, px_per_mm);
    Ok(())
}

/// The side view: the box with its bevels, and the part of each height that may hold points.
fn draw_side(
    pixmap: &mut Pixmap,
    blank: &Blank,
    volume: &SafeVolume,
    view: Transform,
    px_per_mm: f32,
) {
    let (low, high) = blank.solid.bounds();
    let [y0, z0] = [low[1] as f32, low[2] as f32];
    let [y1, z1] = [high[1] as f32, high[2] as f32];
    let b = blank.bevel_mm as f32;
    let corners = vec![
        [z0 + b, y0],
        [z1 - b, y0],
        [z1, y0 + b],
        [z1, y1 - b],
        [z1 - b, y1],
        [z0 + b, y1],
        [z0, y1 - b],
        [z0, y0 + b],
    ];
    let glass = path(&[corners]);
    fill(pixmap, &glass, GLASS, view);
    let grid = &volume.inset_mm.grid;
    let frame = volume.inset_mm.frame;
    // Down along the nearest points, up along the farthest.
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for row in 0..grid.height() {
        let mut range = (f32::INFINITY, f32::NEG_INFINITY);
        let (_, y) = frame.to_mm(0.0, row as f64 + 0.5);
        for column in 0..grid.width() {
            if grid.at(column, row) >= 0.0 {
                let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
                range.0 = range.0.min(volume.z_min_mm.at_mm(x, y));
                range.1 = range.1.max(volume.z_max_mm.at_mm(x, y));
            }
        }
        if range.0 <= range.1 {
            near.push([range.1, y as f32]);
            far.push([range.0, y as f32]);
        }
    }
    near.extend(far.into_iter().rev());
    fill(pixmap, &path(&[near]), SAFE, view);
    line(pixmap, &glass, EDGE, view, px_per_mm);
}

/// Five blocks, light and dark in turn.
fn draw_bar(pixmap: &mut Pixmap, left: f32, top: f32, block: f32) {
    for i in 0..5 {
        let rect = Rect::from_xywh(left + i as f32 * block, top, block, 8.0);
        if let Some(rect) = rect {
            let paint = paint(if i % 2 == 0 { EDGE } else { BEVEL });
            pixmap.fill_rect(rect, &paint, Transform::identity(), None);
        }
    }
}

fn path(polygons: &[Vec<[f32; 2]>]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for polygon in polygons.iter().filter(|polygon| polygon.len() >= 3) {
        for (index, [x, y]) in polygon.iter().enumerate() {
            if index == 0 {
                builder.move_to(*x, *y);
            } else {
                builder.line_to(*x, *y);
            }
        }
        builder.close();
    }
    builder.finish()
}

fn fill(pixmap: &mut Pixmap, path: &Option<Path>, rgba: [u8; 4], view: Transform) {
    if let Some(path) = path {
        pixmap.fill_path(path, &paint(rgba), FillRule::EvenOdd, view, None);
    }
}

fn line(pixmap: &mut Pixmap, path: &Option<Path>, rgba: [u8; 4], view: Transform, px_per_mm: f32) {
    let stroke = Stroke {
        width: 1.5 / px_per_mm,
        ..Stroke::default()
    };
    if let Some(path) = path {
        pixmap.stroke_path(path, &paint(rgba), &stroke, view, None);
    }
}

fn color([r, g, b, a]: [u8; 4]) -> Color {
    Color::from_rgba8(r, g, b, a)
}

fn paint(rgba: [u8; 4]) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(rgba));
    paint
}

fn encoded(pixmap: &Pixmap) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // Everything is opaque, so premultiplied colours are plain ones.
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(
            pixmap.data(),
            pixmap.width(),
            pixmap.height(),
            ExtendedColorType::Rgba8,
        )
        .expect("writing to memory does not fail");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::BlankSettings;

    #[test]
    fn a_picture_shows_glass_safe_area_and_hole() {
        let blank = Blank::find(&BlankSettings::default()).unwrap();
        let bytes = blank.picture().unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().to_rgba8();
        let count = |rgba: [u8; 4]| picture.pixels().filter(|pixel| pixel.0 == rgba).count();
        let px_per_mm2 = (f64::from(VIEW_PX) / 30.0).powi(2);
        let safe_mm2 = count(SAFE) as f64 / px_per_mm2;
        // About 400 mm2 in front, 26 x 6 mm at the side.
        assert!((400.0..640.0).contains(&safe_mm2), "{safe_mm2}");
        assert!(count(HOLE) > 50 && count(BEVEL) > 1000 && count(GLASS) > 5000);
        assert_eq!(picture.get_pixel(2, 2).0, BACKGROUND);
    }
}
