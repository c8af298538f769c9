//! How far the mattes of `--matte auto` are from the truth.
//!
//! `matte_error CUTOUT.png BACKGROUND... [--save FOLDER]` composes a cut-out with an alpha channel
//! over each background, finds the subject of the composite, and prints mean absolute error and
//! intersection over union. `matte_error - PHOTO... [--save FOLDER]` only finds the subjects of
//! photos. With a folder it writes what it found: the picture, and the subject on green.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use glyptic::grid::Grid;
use glyptic::photo;
use glyptic::subject::find;
use image::imageops::FilterType;
use image::{Rgb, RgbImage, RgbaImage};

/// Longest side of a composite, pixels: that of a small photo.
const SIDE_PX: u32 = 900;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut folder = None;
    if let Some(at) = arguments.iter().position(|argument| argument == "--save") {
        arguments.remove(at);
        if at == arguments.len() {
            return Err("--save needs a folder".into());
        }
        folder = Some(arguments.remove(at));
    }
    let [cutout, pictures @ ..] = &arguments[..] else {
        return Err("give a cut-out, or -, and pictures; see the head of this example".into());
    };
    let cutout = match cutout.as_str() {
        "-" => None,
        path => Some(image::open(path)?.into_rgba8()),
    };
    println!("confidence  share  error    iou    ms  picture");
    for picture in pictures {
        let path = Path::new(picture);
        let (_, mut color) = photo::decode_in_color(path, 150.0)?;
        let truth = cutout.as_ref().map(|cutout| {
            let (composite, truth) = composed(cutout, &color);
            color = composite;
            truth
        });
        let start = Instant::now();
        let found = find(&color, None);
        let ms = start.elapsed().as_millis();
        let Some(found) = found else {
            println!(
                "{:>10}  {:>5}  {:>5}  {:>5}  {ms:>4}  {picture}",
                "none", "", "", ""
            );
            continue;
        };
        let values = found.matte.values();
        let share = values.iter().sum::<f32>() / values.len() as f32;
        let errors = truth.map_or_else(
            || format!("{:>5}  {:>5}", "", ""),
            |truth| {
                let (error, overlap) = errors(&found.matte, &truth);
                format!("{error:.3}  {overlap:.3}")
            },
        );
        println!(
            "{:>10.2}  {share:.3}  {errors}  {ms:>4}  {picture}",
            found.confidence
        );
        if let Some(folder) = &folder {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let file = Path::new(folder).join(format!("{name}.png"));
            side_by_side(&color, &found.matte).save(file)?;
        }
    }
    Ok(())
}

/// A cut-out over a background that is cropped to the cut-out's shape, and the truth.
fn composed(cutout: &RgbaImage, background: &Grid<[u8; 3]>) -> (Grid<[u8; 3]>, Grid<f32>) {
    let scale = f64::from(SIDE_PX) / f64::from(cutout.width().max(cutout.height()));
    let side = |length: u32| (f64::from(length) * scale.min(1.0)).round() as u32;
    let (width, height) = (side(cutout.width()).max(1), side(cutout.height()).max(1));
    let cutout = image::imageops::resize(cutout, width, height, FilterType::Triangle);
    let (width, height) = (width as usize, height as usize);
    let fit =
        (background.width() as f64 / width as f64).min(background.height() as f64 / height as f64);
    let pixel = |column: usize, row: usize| cutout.get_pixel(column as u32, row as u32).0;
    let composite = Grid::from_fn(width, height, |column, row| {
        let [r, g, b, alpha] = pixel(column, row);
        let behind = background.at(
            ((column as f64 * fit) as usize).min(background.width() - 1),
            ((row as f64 * fit) as usize).min(background.height() - 1),
        );
        let alpha = f32::from(alpha) / 255.0;
        let mut mixed = [r, g, b];
        for (value, behind) in mixed.iter_mut().zip(behind) {
            let sum = alpha * f32::from(*value) + (1.0 - alpha) * f32::from(behind);
            *value = (sum + 0.5) as u8;
        }
        mixed
    });
    let truth = Grid::from_fn(width, height, |column, row| {
        f32::from(pixel(column, row)[3]) / 255.0
    });
    (composite, truth)
}

/// Mean absolute error, and intersection over union of what is more than half opaque.
fn errors(found: &Grid<f32>, truth: &Grid<f32>) -> (f64, f64) {
    let pairs = found.values().iter().zip(truth.values());
    let (mut off, mut both, mut either) = (0.0, 0_u32, 0_u32);
    for (&found, &truth) in pairs {
        off += f64::from((found - truth).abs());
        both += u32::from(found > 0.5 && truth > 0.5);
        either += u32::from(found > 0.5 || truth > 0.5);
    }
    (
        off / truth.values().len() as f64,
        f64::from(both) / f64::from(either.max(1)),
    )
}

fn side_by_side(color: &Grid<[u8; 3]>, matte: &Grid<f32>) -> RgbImage {
    let width = color.width();
    RgbImage::from_fn(2 * width as u32, color.height() as u32, |column, row| {
        let (column, row) = (column as usize, row as usize);
        if column < width {
            return Rgb(color.at(column, row));
        }
        let (color, matte) = (color.at(column - width, row), matte.at(column - width, row));
        let green = [0.0, 200.0, 80.0];
        Rgb(std::array::from_fn(|i| {
            (f32::from(color[i]) * matte + green[i] * (1.0 - matte)) as u8
        }))
    })
}
