//! Makes the pictures in `samples/`: `cargo run --release --example make_samples [FOLDER]`.
//!
//! - `bust.png`: a portrait-like bust, 1000 x 1200 pixels, 8-bit grey. A solid of smoothly joined
//!   ellipsoids and rods (`bust.rs`) is lit and drawn by marching rays through its distance field
//!   (`render.rs`).
//! - `bust_depth.png`: its exact depth, 16-bit grey, pixel for pixel: 65535 is nearest, 1 farthest,
//!   0 the empty background.
//! - `ramp.png` and `chart.png`: see `charts.rs`.
//!
//! Nothing is random and nothing is read: the same program writes the same bytes, as far as the
//! machine's sine and exponential agree. It takes about four minutes of one processor's time.

mod bust;
mod charts;
mod render;
mod shape;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageResult};

use bust::Pose;
use render::View;

const VIEW: View = View {
    width: 1000,
    height: 1200,
    px_per_cm: 31.0,
    centre: [0.4, -4.3],
    key: [0.72, 0.55, 0.42],
};

const POSE: Pose = Pose {
    yaw: 0.32,
    pitch: 0.03,
    roll: -0.05,
    body_yaw: -0.12,
    head: [1.0; 3],
};

/// Rays along a side of each pixel.
const RAYS: usize = 3;

fn main() -> ImageResult<()> {
    let folder = std::env::args().nth(1).unwrap_or("samples".to_owned());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;

    let (picture, depth) = render::render(&VIEW, POSE, RAYS);
    let picture: Vec<u8> = picture
        .iter()
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    let size = (VIEW.width as u32, VIEW.height as u32);
    save(
        &folder.join("bust.png"),
        &picture,
        size,
        ExtendedColorType::L8,
    )?;
    let depth: Vec<u8> = depth_values(&depth)
        .into_iter()
        .flat_map(u16::to_ne_bytes)
        .collect();
    save(
        &folder.join("bust_depth.png"),
        &depth,
        size,
        ExtendedColorType::L16,
    )?;

    for (name, chart) in [("ramp.png", charts::ramp()), ("chart.png", charts::chart())] {
        save(
            &folder.join(name),
            &chart,
            chart.dimensions(),
            ExtendedColorType::L8,
        )?;
    }
    Ok(())
}

/// Depths in cm as values from 1 (farthest) to 65535 (nearest); 0 where there is nothing.
fn depth_values(depth_cm: &[Option<f32>]) -> Vec<u16> {
    let seen = || depth_cm.iter().flatten();
    let farthest = seen().copied().fold(f32::INFINITY, f32::min);
    let nearest = seen().copied().fold(f32::NEG_INFINITY, f32::max);
    let value = |z: f32| 1.0 + (z - farthest) / (nearest - farthest) * 65_534.0;
    depth_cm
        .iter()
        .map(|z| z.map_or(0, |z| value(z).round() as u16))
        .collect()
}

fn save(path: &Path, bytes: &[u8], size: (u32, u32), color: ExtendedColorType) -> ImageResult<()> {
    let out = BufWriter::new(File::create(path)?);
    PngEncoder::new_with_quality(out, CompressionType::Best, FilterType::Adaptive)
        .write_image(bytes, size.0, size.1, color)
}
