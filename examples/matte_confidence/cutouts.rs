//! The cut-outs: rendered busts in many colours, and pictures with an alpha channel.

use std::error::Error;
use std::path::Path;

use glyptic::eyes::Eyes;
use glyptic::grid::Grid;
use image::imageops::FilterType;
use image::{Rgba, RgbaImage};
use rayon::prelude::*;

use crate::bust::{Part, Pose};
use crate::render::{View, eyes_px, march, render};

/// Longer side of a composite, px.
const SIDE_PX: u32 = 576;

/// A subject with its exact matte, in its own frame.
pub(crate) struct Cutout {
    pub(crate) name: String,
    /// Its eyes, where they are known.
    pub(crate) eyes: Option<Eyes>,
    picture: RgbaImage,
}

/// Yaw, pitch, roll; the light; middle of the picture in cm and pixels a centimetre.
type Case = ([f32; 3], [f32; 3], [f32; 3]);

/// Poses and frames of portraits: near and far, in the middle and aside.
const CASES: [Case; 12] = [
    ([0.0, 0.0, 0.0], [0.5, 0.6, 0.6], [0.0, -4.0, 15.0]),
    ([0.32, 0.03, -0.05], [0.72, 0.55, 0.42], [0.4, -4.3, 15.0]),
    ([-0.3, 0.05, 0.08], [0.72, 0.55, 0.42], [4.0, -4.0, 13.0]),
    ([0.5, 0.0, 0.0], [-0.6, 0.4, 0.6], [0.0, -3.0, 15.0]),
    ([0.1, -0.15, 0.0], [0.0, 0.9, 0.4], [0.0, -2.0, 19.0]),
    ([0.0, 0.18, 0.12], [0.0, -0.7, 0.7], [-5.0, -3.0, 11.0]),
    ([-0.15, 0.0, -0.2], [-0.9, 0.2, 0.3], [1.5, -1.0, 20.0]),
    ([0.2, 0.1, 0.0], [0.1, 0.1, 1.0], [-1.0, -6.0, 12.0]),
    ([-0.45, -0.05, 0.05], [0.8, 0.2, 0.5], [0.0, 2.0, 10.0]),
    ([0.05, 0.0, 0.0], [0.95, 0.1, -0.1], [0.0, -0.5, 24.0]),
    ([0.25, -0.1, 0.1], [-0.3, 0.8, 0.4], [6.0, -2.0, 11.0]),
    ([-0.05, 0.05, 0.0], [0.3, 0.5, -0.6], [0.0, -6.0, 11.0]),
];

/// Colours of skin, hair and shirt, as factors on the rendered grey.
const COLORS: [[[f32; 3]; 3]; 6] = [
    [[1.0, 0.80, 0.68], [0.85, 0.62, 0.42], [0.35, 0.48, 0.95]],
    [[0.62, 0.43, 0.32], [0.35, 0.32, 0.32], [1.6, 1.6, 1.55]],
    [[1.0, 0.84, 0.74], [1.7, 1.45, 0.9], [0.95, 0.25, 0.22]],
    [[0.95, 0.74, 0.58], [0.30, 0.26, 0.25], [0.28, 0.28, 0.30]],
    [[0.82, 0.60, 0.46], [0.45, 0.36, 0.32], [0.45, 0.75, 0.40]],
    [[1.0, 0.82, 0.76], [1.3, 1.3, 1.32], [0.9, 0.8, 0.55]],
];

/// The busts; some seconds of one processor each.
pub(crate) fn busts() -> Vec<Cutout> {
    CASES
        .iter()
        .enumerate()
        .map(|(index, case)| {
            let (picture, eyes) = bust(case, &COLORS[index % COLORS.len()]);
            let size = (picture.width() as usize, picture.height() as usize);
            Cutout {
                name: format!("bust {}", index + 1),
                eyes: Eyes::in_photo(eyes, size).ok(),
                picture,
            }
        })
        .collect()
}

/// The picture, and the middles of the eyes in it, px.
fn bust(
    ([yaw, pitch, roll], key, [x, y, px_per_cm]): &Case,
    colors: &[[f32; 3]; 3],
) -> (RgbaImage, [f64; 4]) {
    let (width, height) = (480, SIDE_PX as usize);
    let pose = Pose {
        yaw: *yaw,
        pitch: *pitch,
        roll: *roll,
        body_yaw: -0.3 * yaw,
        head: [1.0; 3],
    };
    let view = View {
        width,
        height,
        px_per_cm: *px_per_cm,
        centre: [*x, *y],
        key: *key,
    };
    let (light, _) = render(&view, pose, 1);
    let pixels: Vec<Rgba<u8>> = (0..width * height)
        .into_par_iter()
        .map(|index| {
            let right = ((index % width) as f32 + 0.5 - 0.5 * width as f32) / px_per_cm;
            let up = (0.5 * height as f32 - (index / width) as f32 - 0.5) / px_per_cm;
            let Some((_, part)) = march(x + right, y + up, pose) else {
                return Rgba([0; 4]);
            };
            let white = [1.0; 3];
            let tint = match part {
                Part::Skin => &colors[0],
                Part::Hair => &colors[1],
                Part::Shirt => &colors[2],
                Part::Eye => &white,
            };
            let [r, g, b] = tint.map(|tint| (255.0 * light[index] * tint).min(255.0) as u8);
            Rgba([r, g, b, 255])
        })
        .collect();
    let picture = RgbaImage::from_fn(width as u32, height as u32, |column, row| {
        pixels[row as usize * width + column as usize]
    });
    (picture, eyes_px(&view, pose))
}

/// A picture with an alpha channel, as it is and mirrored at two thirds of the size; `eyes` in its
/// pixels.
pub(crate) fn from_file(
    path: &Path,
    eyes: Option<[f64; 4]>,
) -> Result<[Cutout; 2], Box<dyn Error>> {
    let whole = image::open(path)?.into_rgba8();
    let scale = f64::from(SIDE_PX) / f64::from(whole.width().max(whole.height()));
    let resized = |factor: f64| {
        let side = |side: u32| ((f64::from(side) * scale * factor).round() as u32).max(1);
        let (width, height) = (side(whole.width()), side(whole.height()));
        image::imageops::resize(&whole, width, height, FilterType::Triangle)
    };
    let picture = resized(1.0);
    let small = image::imageops::flip_horizontal(&resized(2.0 / 3.0));
    let mut aside = RgbaImage::new(picture.width(), picture.height());
    let left = i64::from(picture.width() - small.width()) / 3;
    let top = i64::from(picture.height() - small.height());
    image::imageops::replace(&mut aside, &small, left, top);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let size = (picture.width() as usize, picture.height() as usize);
    let at = |place: &dyn Fn(f64, f64) -> (f64, f64)| -> Result<_, Box<dyn Error>> {
        let Some([x1, y1, x2, y2]) = eyes else {
            return Ok(None);
        };
        let ((x1, y1), (x2, y2)) = (place(x1 * scale, y1 * scale), place(x2 * scale, y2 * scale));
        Ok(Some(Eyes::in_photo([x1, y1, x2, y2], size)?))
    };
    let (wide, left, top) = (f64::from(small.width()), left as f64, top as f64);
    Ok([
        Cutout {
            name: format!("{name} whole"),
            eyes: at(&|x, y| (x, y))?,
            picture,
        },
        Cutout {
            name: format!("{name} small"),
            eyes: at(&|x, y| (left + wide - x * 2.0 / 3.0, top + y * 2.0 / 3.0))?,
            picture: aside,
        },
    ])
}

impl Cutout {
    /// The composite with a background that is cropped to the cut-out's shape, and the truth.
    /// Before a grey background the subject is grey too.
    pub(crate) fn before(&self, background: &Grid<[u8; 3]>) -> (Grid<[u8; 3]>, Grid<f32>) {
        let (width, height) = (
            self.picture.width() as usize,
            self.picture.height() as usize,
        );
        let fit = (background.width() as f64 / width as f64)
            .min(background.height() as f64 / height as f64);
        let is_grey = |[r, g, b]: &[u8; 3]| r.abs_diff(*g) < 3 && g.abs_diff(*b) < 3;
        let grey = background.values().iter().all(is_grey);
        let pixel = |column: usize, row: usize| self.picture.get_pixel(column as u32, row as u32).0;
        let composite = Grid::from_fn(width, height, |column, row| {
            let [mut r, mut g, mut b, alpha] = pixel(column, row).map(f32::from);
            if grey {
                let light = 0.3 * r + 0.6 * g + 0.1 * b;
                (r, g, b) = (light, light, light);
            }
            let behind = background.at(
                ((column as f64 * fit) as usize).min(background.width() - 1),
                ((row as f64 * fit) as usize).min(background.height() - 1),
            );
            let alpha = alpha / 255.0;
            let over = [r, g, b];
            std::array::from_fn(|i| {
                (alpha * over[i] + (1.0 - alpha) * f32::from(behind[i]) + 0.5) as u8
            })
        });
        let truth = Grid::from_fn(width, height, |column, row| {
            f32::from(pixel(column, row)[3]) / 255.0
        });
        (composite, truth)
    }
}
