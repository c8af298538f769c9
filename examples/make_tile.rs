//! Makes the candidate tiles that ship with the crate: `src/sampling/tile.bin` and `tile8.bin`.
//!
//! `cargo run --release --example make_tile` writes both again, byte for byte; it takes a minute.

use std::fs;
use std::path::Path;

use glyptic::sampling::packing::{relax, settle};
use glyptic::sampling::tile::{PACKED_DENSITY, PACKED_POINTS};

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sampling");
    let side = (PACKED_POINTS as f64 / PACKED_DENSITY).sqrt();
    let (points, least) = relax(PACKED_POINTS, side, 20_000, 1);
    println!("{PACKED_POINTS} points relaxed to a least distance of {least}");
    let unit: Vec<[f64; 2]> = points.iter().map(|p| p.map(|value| value / side)).collect();
    let bytes = unit
        .iter()
        .flatten()
        .flat_map(|value| ((value * 65536.0) as u16).to_le_bytes());
    fs::write(folder.join("tile.bin"), bytes.collect::<Vec<u8>>())?;

    // The grid of 8 units takes a denser start, spread wider: 0.93 of a square grid's density,
    // against 0.91 from the packing above.
    let dense_side = (PACKED_POINTS as f64 / 1.065).sqrt();
    let (points, least) = relax(PACKED_POINTS, dense_side, 20_000, 1);
    println!("{PACKED_POINTS} points relaxed to a least distance of {least}, denser");
    let unit: Vec<[f64; 2]> = points
        .iter()
        .map(|p| p.map(|value| value / dense_side))
        .collect();
    let best = [0.055, 0.06, 0.065, 0.07, 0.075].map(|spread: f64| {
        let period = (dense_side * 8.0 * (1.0 + spread)).round() as i32;
        let settled = settle(&unit, period, 64, 2000);
        let density = settled.len() as f64 * 64.0 / f64::from(period).powi(2);
        println!(
            "spread {spread}: {} points, {density:.4} of a square grid",
            settled.len()
        );
        (density, period, settled)
    });
    let densest = best.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((_, period, settled)) = densest else {
        return Ok(());
    };
    let numbers = [[period, 0]].into_iter().chain(settled).flatten();
    let bytes = numbers.flat_map(|value| (value as u16).to_le_bytes());
    fs::write(folder.join("tile8.bin"), bytes.collect::<Vec<u8>>())
}
