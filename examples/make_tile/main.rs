//! Makes the candidate tiles that ship with the crate: `src/sampling/tile.bin` and `tile8.bin`.
//!
//! `cargo run --release --example make_tile` writes both again, byte for byte; it takes minutes.

mod rank;
mod union;

use std::fs;
use std::path::Path;

use glyptic::sampling::packing::{relax, settle};
use glyptic::sampling::tile::{self, LAYERS, PACKED_DENSITY, PACKED_POINTS};
use rayon::prelude::*;

/// Rounds of spreading the union; the last hundred take less than a tenth off its unevenness, as is
/// printed.
const ROUNDS: usize = 400;

/// Density of the packing from which the tile of 8 units is made. As it is settled once, with its union
/// spread on the grid itself, it may be denser than [`PACKED_DENSITY`], which has to do for every grid.
const DENSITY_8: f64 = 1.065;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sampling");
    let layers = united(PACKED_DENSITY);
    let points = |layers: &[Vec<[f64; 2]>], scale: f64| {
        let whole = |point: &[f64; 2]| point.map(|value| (value * scale) as u16);
        let layer = |layer: &Vec<[f64; 2]>| layer.iter().map(whole).collect();
        layers.iter().map(layer).collect::<Vec<Vec<[u16; 2]>>>()
    };
    let bytes = stored(&points(&layers, 65536.0), &rank::ranked(&layers, 1.0));
    fs::write(folder.join("tile.bin"), bytes)?;

    let layers = united(DENSITY_8);
    let period = tile::period(64, DENSITY_8);
    let settled: Vec<Vec<[i32; 2]>> = layers
        .par_iter()
        .map(|layer| settle(layer, period, 64))
        .map(|layer| layer.into_iter().map(|(_, point)| point).collect())
        .collect();
    let count: usize = settled.iter().map(Vec::len).sum();
    let density = count as f64 * 8.0 / f64::from(period).powi(2);
    println!("settled on the grid: {count} points, {density:.4} of a square grid");
    let settled = union::unite_on_grid(settled, period, 64, ROUNDS);
    let unit = |layer: &Vec<[i32; 2]>| {
        let place = |point: &[i32; 2]| point.map(|value| f64::from(value) / f64::from(period));
        layer.iter().map(place).collect::<Vec<[f64; 2]>>()
    };
    let units: Vec<Vec<[f64; 2]>> = settled.iter().map(unit).collect();
    let order = rank::ranked(&units, 1.0);
    let whole = |layer: &Vec<[i32; 2]>| layer.iter().map(|p| p.map(|v| v as u16)).collect();
    let settled: Vec<Vec<[u16; 2]>> = settled.iter().map(whole).collect();
    let mut bytes = (period as u16).to_le_bytes().to_vec();
    bytes.extend(stored(&settled, &order));
    fs::write(folder.join("tile8.bin"), bytes)
}

/// The file of a tile: x and y of all points in their order, then the layer of each.
fn stored(layers: &[Vec<[u16; 2]>], order: &[(usize, usize)]) -> Vec<u8> {
    let points = order.iter().map(|&(layer, index)| layers[layer][index]);
    let places = points.flatten().flat_map(u16::to_le_bytes);
    let layers = order.iter().map(|&(layer, _)| layer as u8);
    places.chain(layers).collect()
}

/// Layers of that density, each with a least distance, evenly spread together; on a unit torus.
fn united(density: f64) -> Vec<Vec<[f64; 2]>> {
    let side = (PACKED_POINTS as f64 / density).sqrt();
    let (points, least) = relax(PACKED_POINTS, side, 20_000, 1);
    println!("{PACKED_POINTS} points relaxed to a least distance of {least}");
    let layers = union::unite(union::copies(&points, side, LAYERS), side, ROUNDS);
    let unit = |layer: Vec<[f64; 2]>| layer.iter().map(|p| p.map(|v| v / side)).collect();
    layers.into_iter().map(unit).collect()
}
