//! Compares samplers on one photo: how well they show its tone, whether they keep the spacing, and
//! how long they take.
//!
//! `cargo run --release --example compare -- PHOTO` prints the table of `docs/comparison.md`.

mod measure;
mod methods;

use std::path::Path;
use std::time::Instant;

use glyptic::pipeline::{Etched, etch_photo};
use glyptic::run::Run;
use glyptic::sampling::Quality;
use glyptic::settings::{Settings, ToneMode};
use glyptic::spacing::least_ratio;
use glyptic::units::Mm;
use glyptic::{Cloud, photo};

use self::measure::{BLURS_MM, Measure};

/// Spacing across and along the beam, and layers: those of the machines that the shops have.
const XY_MM: f64 = 0.08;
const Z_MM: f64 = 0.09;
const LAYERS: u32 = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("give a photo")?;
    let photo = photo::decode(Path::new(&path), 100.0)?;
    let etched = |quality: Quality| -> glyptic::Result<(Etched, f64)> {
        let mut settings = Settings::default();
        settings.blank.name = "heart-35".to_owned();
        settings.machine.spacing_xy_mm = Mm::new(XY_MM);
        settings.machine.spacing_z_mm = Mm::new(Z_MM);
        settings.machine.layers = Some(LAYERS);
        settings.tone.mode = ToneMode::Linear;
        settings.sampling.quality = quality;
        let start = Instant::now();
        let etched = etch_photo(&photo, &settings, &Run::default())?;
        Ok((etched, start.elapsed().as_secs_f64()))
    };
    let (first, _) = etched(Quality::Draft)?;
    let measure = Measure::new(&first.tone_map, first.max_density_per_mm2);
    let wanted = measure.wanted();
    println!("{wanted:.0} points wanted; PSNR in dB at a blur of {BLURS_MM:?} mm");
    println!("| method | points | dB | least distance in spacings | seconds |");
    println!("| --- | --- | --- | --- | --- |");
    let line = |name: &str, cloud: &Cloud, seconds: f64| {
        let decibels = BLURS_MM.map(|blur| format!("{:.1}", measure.psnr_db(cloud, blur)));
        let least = least_ratio(cloud, XY_MM, Z_MM).unwrap_or(f64::INFINITY);
        println!(
            "| {name} | {} | {} | {least:.2} | {seconds:.2} |",
            cloud.len(),
            decibels.join(" / ")
        );
    };
    let stack = methods::Stack {
        tone: &first.tone_map,
        density_per_mm2: first.max_density_per_mm2,
        layers: LAYERS,
        xy_mm: XY_MM,
        pitch_mm: Z_MM,
    };
    let timed = |name: &str, method: &dyn Fn(&methods::Stack<'_>) -> Cloud| {
        let start = Instant::now();
        let cloud = method(&stack);
        line(name, &cloud, start.elapsed().as_secs_f64());
    };
    timed("staggered grid, dots per cell (shops)", &methods::staggered);
    timed("Floyd-Steinberg in each layer", &methods::floyd_steinberg);
    timed("sample elimination, all layers", &methods::eliminated);
    for (name, quality) in [
        ("glyptic, draft", Quality::Draft),
        ("glyptic, fine", Quality::Fine),
        ("glyptic, best", Quality::Best),
    ] {
        let (etched, seconds) = etched(quality)?;
        line(name, &etched.cloud, seconds);
    }
    Ok(())
}
