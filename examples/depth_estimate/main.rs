//! How good the estimate of depth is: `cargo run --release --example depth_estimate [FOLDER]`.
//!
//! Twelve busts are rendered (`set.rs`): turned by up to 29 degrees, nodding, tilted, lit from every
//! side, heads narrower, wider, higher and deeper, near and far, cut by the frame. Their depth is
//! exact. Printed is Spearman's rank correlation of the estimate with it, inside the face and over
//! the whole subject: for brightness taken as height, for the dome alone, and for the dome with
//! a face placed by the eyes. With a folder, photos, depths and estimates are written there.
//!
//! What it does not tell: all heads are of one make, and so smoother and more alike than people.

#[path = "../make_samples/bust.rs"]
mod bust;
#[path = "../make_samples/render.rs"]
mod render;
mod set;
#[path = "../make_samples/shape.rs"]
mod shape;

use std::path::{Path, PathBuf};

use glyptic::Run;
use glyptic::depth::{Scene, depth};
use glyptic::grid::Grid;
use glyptic::photo::Photo;
use glyptic::settings::{DepthSettings, DepthSource};
use image::GrayImage;

use set::Portrait;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder)?;
    }
    println!("rank correlation     in the face            whole subject");
    println!("           brightness  dome  eyes      dome  eyes");
    let mut sums = [0.0; 5];
    let mut count = 0.0;
    for portrait in set::portraits() {
        let (dome, face) = (estimate(&portrait, false)?, estimate(&portrait, true)?);
        let (in_face, all) = (&portrait.face, vec![true; portrait.face.len()]);
        let figures = [
            correlation(&portrait, &portrait.picture, in_face),
            correlation(&portrait, dome.values(), in_face),
            correlation(&portrait, face.values(), in_face),
            correlation(&portrait, dome.values(), &all),
            correlation(&portrait, face.values(), &all),
        ];
        print_row(&portrait.name, figures);
        sums.iter_mut()
            .zip(figures)
            .for_each(|(sum, figure)| *sum += figure);
        count += 1.0;
        if let Some(folder) = &folder {
            save(folder, &portrait, &dome, &face)?;
        }
    }
    print_row("mean", sums.map(|sum| sum / count));
    Ok(())
}

fn print_row(name: &str, [brightness, a, b, c, d]: [f64; 5]) {
    println!("{name:10} {brightness:10.2} {a:5.2} {b:5.2}     {c:5.2} {d:5.2}");
}

/// The estimate at the picture's size.
fn estimate(portrait: &Portrait, with_eyes: bool) -> glyptic::Result<Grid<f32>> {
    let grid = |values: Vec<f32>| {
        Grid::from_values(portrait.width, portrait.height, values).expect("a value a pixel")
    };
    let photo = Photo {
        luminance: grid(portrait.picture.iter().map(|v| v.powf(2.2)).collect()),
        alpha: None,
        warnings: Vec::new(),
    };
    let opacity = |depth: &Option<f32>| f32::from(u8::from(depth.is_some()));
    let matte = grid(portrait.depth_cm.iter().map(opacity).collect());
    let scene = Scene {
        photo: &photo,
        path: None,
        color: None,
        matte: Some(&matte),
    };
    let settings = DepthSettings {
        source: DepthSource::Auto,
        eyes_px: with_eyes.then_some(portrait.eyes),
        ..DepthSettings::default()
    };
    let map = depth(&scene, &settings, &Run::default())?.map;
    Ok(map.expect("an estimate has a map").nearness)
}

/// Spearman's rank correlation with the true depth where `chosen`.
fn correlation(portrait: &Portrait, values: &[f32], chosen: &[bool]) -> f64 {
    let all = values.iter().zip(&portrait.depth_cm).zip(chosen);
    let pairs: Vec<(f32, f32)> = all
        .filter_map(|((&value, depth), &chosen)| depth.filter(|_| chosen).map(|d| (value, d)))
        .collect();
    let (a, b) = (ranks(&pairs, |pair| pair.0), ranks(&pairs, |pair| pair.1));
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

fn ranks(pairs: &[(f32, f32)], pick: fn(&(f32, f32)) -> f32) -> Vec<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|&a, &b| pick(&pairs[a]).total_cmp(&pick(&pairs[b])));
    let mut ranks = vec![0.0; pairs.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank as f64 - 0.5 * (pairs.len() - 1) as f64;
    }
    ranks
}

/// Photo, true depth, dome, and dome with a face, side by side.
fn save(
    folder: &Path,
    portrait: &Portrait,
    dome: &Grid<f32>,
    face: &Grid<f32>,
) -> image::ImageResult<()> {
    let depth: Vec<f32> = portrait
        .depth_cm
        .iter()
        .map(|z| z.unwrap_or(f32::NAN))
        .collect();
    let columns = [&portrait.picture[..], &depth, dome.values(), face.values()].map(stretched);
    let (width, height) = (portrait.width as u32, portrait.height as u32);
    let picture = GrayImage::from_fn(4 * width, height, |x, y| {
        let column = &columns[(x / width) as usize];
        image::Luma([column[(y * width + x % width) as usize]])
    });
    picture.save(folder.join(format!("{}.png", portrait.name.replace(' ', "_"))))
}

/// Values from the least to the largest as 0 to 255.
fn stretched(values: &[f32]) -> Vec<u8> {
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = 255.0 / (largest - least).max(1e-9);
    values
        .iter()
        .map(|value| ((value - least) * scale) as u8)
        .collect()
}
