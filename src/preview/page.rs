//! The page: background, where the three views lie, captions and scale bars.

use tiny_skia::PathBuilder;

use super::body::Body;
use super::camera::Camera;
use super::light::{self, Light, Rgb};
use super::scale_bar::ScaleBar;
use super::text;
use super::view::{MARK, View};
use crate::cloud::Cloud;

/// Width and height of the picture, px.
pub(super) const SIZE: [usize; 2] = [2000, 1300];

/// Boxes of the views: left, top, width, height.
const FRONT: [usize; 4] = [40, 30, 1200, 1090];
const TURNED: [usize; 4] = [1260, 30, 700, 560];
const SIDE: [usize; 4] = [1260, 590, 700, 530];

/// Part of a box that the crystal may fill; the rest is air and glow.
const FILLED: f32 = 0.93;

/// Least distance of the lens from the front face in the front view, in halves of the crystal's
/// larger side and in thicknesses: the back is drawn at most a sixteenth smaller. Nearer shows more of
/// the walls, and lays them over the picture.
const LENS: (f32, f32) = (11.0, 16.0);

/// Part of the points' pixels that may burn out, for each view: in a side view the layers of a flat
/// picture stand behind one another, and its brightest line would leave the rest dark.
const BURNT_OUT: [f64; 3] = [0.01, 0.015, 0.05];

/// Caption lines: size in px and colour of the first, of the others.
const TITLE: (f32, Rgb) = (34.0, [0.72, 0.76, 0.82]);
const LINE: (f32, Rgb) = (23.0, [0.30, 0.33, 0.38]);

/// Draws the whole picture in linear light; with `marked` points, if any are to be.
pub(super) fn draw(cloud: &Cloud, body: &Body, caption: &str, marked: Option<&[u32]>) -> Light {
    let mut page = background();
    let views = views(body);
    for view in &views {
        view.draw(&mut page, cloud, body, marked);
    }
    let base = SIZE[1] as f32 - 92.0;
    let [front_right, small_right] = [FRONT, SIDE].map(|[left, _, width, _]| (left + width) as f32);
    let mut caption_room = SIZE[0] as f32;
    for (view, right, room) in [
        (&views[0], front_right - 20.0, 330.0),
        (&views[1], small_right - 40.0, 240.0),
    ] {
        if let Some(bar) = ScaleBar::fitting(view.camera.px_per_mm, room) {
            bar.draw(&mut page, right, base, 21.0);
            caption_room = caption_room.min(right - bar.px);
        }
    }
    let caption_place = [FRONT[0] as f32 + 24.0, base];
    draw_caption(&mut page, caption, caption_place, caption_room - 160.0);
    if let Some(marked) = marked {
        draw_legend(&mut page, marked.len());
    }
    page
}

/// Front view large; the turned views beside it, both at one scale.
fn views(body: &Body) -> [View; 3] {
    let [half_width, half_height, half_depth] = body.half_mm;
    let lens_mm = (LENS.0 * half_width.max(half_height)).max(LENS.1 * 2.0 * half_depth);
    let cameras = [
        Camera::new(0.0, 0.0).with_lens(half_depth, lens_mm),
        Camera::new(35.0, 9.0),
        Camera::new(84.0, 0.0),
    ];
    let fit = |camera: &Camera, [_, _, width, height]: [usize; 4]| {
        let [half_width, half_height] = camera.half_extent_mm(body.half_mm);
        (width as f32 / half_width).min(height as f32 / half_height) / 2.0 * FILLED
    };
    let small = fit(&cameras[1], TURNED).min(fit(&cameras[2], SIDE));
    let view = |index: usize, frame: [usize; 4], px_per_mm: f32| View {
        camera: cameras[index].placed(px_per_mm, [frame[2] as f32 / 2.0, frame[3] as f32 / 2.0]),
        place: [frame[0], frame[1]],
        size: [frame[2], frame[3]],
        burnt_out: BURNT_OUT[index],
    };
    [
        view(0, FRONT, fit(&cameras[0], FRONT)),
        view(1, TURNED, small),
        view(2, SIDE, small),
    ]
}

/// Nearly black, with a pool of cool light behind the front view.
fn background() -> Light {
    let centre = [
        (FRONT[0] + FRONT[2] / 2) as f32,
        FRONT[1] as f32 + FRONT[3] as f32 * 0.42,
    ];
    Light::from_fn(SIZE[0], SIZE[1], |column, row| {
        let (dx, dy) = (column as f32 - centre[0], row as f32 - centre[1]);
        let pool = (-(dx * dx / 900.0f32.powi(2) + dy * dy / 620.0f32.powi(2))).exp();
        let fall = 1.0 - row as f32 / SIZE[1] as f32;
        [0.78, 0.95, 1.30].map(|tint| tint * (0.0028 + 0.0022 * fall + 0.0215 * pool))
    })
}

/// The caption's first three lines, the first one larger, from the given place downward.
pub(super) fn draw_caption(
    page: &mut Light,
    caption: &str,
    [left, mut baseline]: [f32; 2],
    room_px: f32,
) {
    for (index, line) in caption.lines().take(3).enumerate() {
        let (size_px, colour) = if index == 0 { TITLE } else { LINE };
        let line = text::fitted(line.trim(), size_px, room_px.max(200.0));
        if let (Some(path), _) = text::line(&line, size_px, left, baseline) {
            light::paint(page, &path, colour);
        }
        baseline += LINE.0 * 1.5;
    }
}

/// What the marks mean, in the upper left corner, where hearts and discs leave room.
fn draw_legend(page: &mut Light, marked: usize) {
    let left = FRONT[0] as f32 + 24.0;
    let baseline = FRONT[1] as f32 + 40.0;
    if let Some(disc) = PathBuilder::from_circle(left + 7.0, baseline - LINE.0 * 0.36, 7.0) {
        light::paint(page, &disc, MARK);
    }
    let noun = if marked == 1 { "point" } else { "points" };
    let legend = format!("{marked} {noun} at fault");
    if let (Some(path), _) = text::line(&legend, LINE.0, left + 26.0, baseline) {
        light::paint(page, &path, MARK);
    }
}
