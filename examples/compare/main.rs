//! Compares samplers on one photo: how well they show its tone, whether they keep the spacing, and
//! how long they take.
//!
//! `cargo run --release --example compare -- PHOTO...` prints the tables of `docs/comparison.md`: all
//! methods on the first photo, and the gain over the staggered grid on each, with fewer layers too, and how much
//! more so many points could gain with no spacing to keep.

mod cells;
mod descent;
mod gaussian;
mod measure;
mod methods;
mod ostromoukhov_table;
mod power;
mod stack;
mod transport;
mod voronoi;

use std::path::PathBuf;
use std::time::Instant;

use glyptic::Cloud;
use glyptic::photo::{self, Photo};
use glyptic::pipeline::{Etched, etch_photo};
use glyptic::run::Run;
use glyptic::sampling::Quality;
use glyptic::settings::{Settings, ToneMode};
use glyptic::spacing::least_ratio;
use glyptic::units::Mm;

use self::measure::{BLURS_MM, Measure};

/// Spacing across and along the beam, and layers: those of the machines that the shops have.
const XY_MM: f64 = 0.08;
const Z_MM: f64 = 0.09;
const LAYERS: u32 = 8;

/// Fewer layers, of which the points can show less.
const FEW_LAYERS: [u32; 3] = [1, 2, 4];

/// Grids of the files, mm: binary PLY, and DXF with two decimals.
const PLY_MM: f64 = 0.001;
const DXF_MM: f64 = 0.01;

const QUALITIES: [Quality; 3] = [Quality::Draft, Quality::Fine, Quality::Best];

/// Largest photo that is decoded, millions of pixels.
const MAX_MEGAPIXELS: f64 = 100.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let first = paths.first().ok_or("give a photo, or several")?;
    methods_on(&photo::decode(first, MAX_MEGAPIXELS)?)?;
    println!();
    println!("Gain over the staggered grid, dB at a blur of {BLURS_MM:?} mm");
    println!("| photo | layers | grid, mm | draft | fine | best |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for path in &paths {
        let photo = photo::decode(path, MAX_MEGAPIXELS)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let few = FEW_LAYERS.map(|layers| (layers, PLY_MM));
        for (layers, precision_mm) in [(LAYERS, PLY_MM), (LAYERS, DXF_MM)].into_iter().chain(few) {
            println!(
                "| {name} | {layers} | {precision_mm} | {} |",
                gains(&photo, layers, precision_mm)?
            );
        }
    }
    println!();
    println!(
        "Gain of best, and of its points gone down the slope of the error at that blur, spacing or not"
    );
    println!("| photo | blur, mm | best | no spacing |");
    println!("| --- | --- | --- | --- |");
    for path in &paths {
        let photo = photo::decode(path, MAX_MEGAPIXELS)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for (blur_mm, [best, descended]) in most_gained(&photo)? {
            println!("| {name} | {blur_mm} | {best:.1} | {descended:.1} |");
        }
    }
    Ok(())
}

/// At both blurs of about what an eye resolves, what best gains over the staggered grid, and what its points gain
/// when that error alone counts.
fn most_gained(photo: &Photo) -> glyptic::Result<[(f64, [f64; 2]); 2]> {
    let (etched, _) = etched(photo, Quality::Best, LAYERS, PLY_MM)?;
    let measure = Measure::new(&etched.tone_map, etched.max_density_per_mm2);
    let grid = methods::staggered(&stack(&etched, LAYERS));
    let gained = |blur_mm: f64| {
        let of_grid = measure.psnr_db(&grid, blur_mm);
        let descended = measure.descended(&etched.cloud, blur_mm);
        [&etched.cloud, &descended].map(|cloud| measure.psnr_db(cloud, blur_mm) - of_grid)
    };
    let [finest, eye, _] = BLURS_MM;
    let (of_finest, of_eye) = rayon::join(|| gained(finest), || gained(eye));
    Ok([(finest, of_finest), (eye, of_eye)])
}

/// The cloud of a photo, and the seconds from its light to the measured cloud.
fn etched(
    photo: &Photo,
    quality: Quality,
    layers: u32,
    precision_mm: f64,
) -> glyptic::Result<(Etched, f64)> {
    let mut settings = Settings::default();
    settings.blank.name = "heart-35".to_owned();
    settings.machine.spacing_xy_mm = Mm::new(XY_MM);
    settings.machine.spacing_z_mm = Mm::new(Z_MM);
    settings.machine.layers = Some(layers);
    settings.tone.mode = ToneMode::Linear;
    settings.sampling.quality = quality;
    settings.output.precision_mm = Mm::new(precision_mm);
    let start = Instant::now();
    let etched = etch_photo(photo, &settings, &Run::default())?;
    Ok((etched, start.elapsed().as_secs_f64()))
}

fn stack(etched: &Etched, layers: u32) -> stack::Stack<'_> {
    stack::Stack {
        tone: &etched.tone_map,
        density_per_mm2: etched.max_density_per_mm2,
        layers,
        xy_mm: XY_MM,
        pitch_mm: Z_MM,
    }
}

fn joined(decibels: [f64; 3]) -> String {
    decibels.map(|value| format!("{value:.1}")).join(" / ")
}

/// Gain of draft, fine and best over the staggered grid of the same tone map and density.
fn gains(photo: &Photo, layers: u32, precision_mm: f64) -> glyptic::Result<String> {
    let mut columns = Vec::new();
    for quality in QUALITIES {
        let (etched, _) = etched(photo, quality, layers, precision_mm)?;
        let measure = Measure::new(&etched.tone_map, etched.max_density_per_mm2);
        let grid = methods::staggered(&stack(&etched, layers));
        columns.push(joined(BLURS_MM.map(|blur| {
            measure.psnr_db(&etched.cloud, blur) - measure.psnr_db(&grid, blur)
        })));
    }
    Ok(columns.join(" | "))
}

/// Prints what each method makes of a photo.
fn methods_on(photo: &Photo) -> glyptic::Result<()> {
    let (first, _) = etched(photo, Quality::Draft, LAYERS, PLY_MM)?;
    let measure = Measure::new(&first.tone_map, first.max_density_per_mm2);
    let wanted = measure.wanted();
    println!("{wanted:.0} points wanted; PSNR in dB at a blur of {BLURS_MM:?} mm");
    println!("| method | points | dB | least distance in spacings | seconds |");
    println!("| --- | --- | --- | --- | --- |");
    let line = |name: &str, cloud: &Cloud, seconds: f64| {
        let decibels = joined(BLURS_MM.map(|blur| measure.psnr_db(cloud, blur)));
        let least = least_ratio(cloud, XY_MM, Z_MM).unwrap_or(f64::INFINITY);
        println!(
            "| {name} | {} | {decibels} | {least:.2} | {seconds:.2} |",
            cloud.len()
        );
    };
    let stack = stack(&first, LAYERS);
    let timed = |name: &str, method: &dyn Fn(&stack::Stack<'_>) -> Cloud| {
        let start = Instant::now();
        let cloud = method(&stack);
        line(name, &cloud, start.elapsed().as_secs_f64());
    };
    timed("staggered grid, dots per cell (shops)", &methods::staggered);
    timed("Floyd-Steinberg in each layer", &methods::floyd_steinberg);
    timed("Ostromoukhov in each layer", &methods::ostromoukhov);
    timed("sample elimination, all layers", &methods::eliminated);
    timed(
        "weighted Voronoi stippling, all layers",
        &voronoi::weighted_voronoi,
    );
    timed(
        "optimal transport, all layers",
        &transport::optimal_transport,
    );
    timed(
        "Gaussian blue noise, all layers",
        &gaussian::gaussian_blue_noise,
    );
    for (quality, name) in QUALITIES.into_iter().zip(["draft", "fine", "best"]) {
        let (etched, seconds) = etched(photo, quality, LAYERS, PLY_MM)?;
        line(&format!("glyptic, {name}"), &etched.cloud, seconds);
    }
    Ok(())
}
