//! Inputs that the benches make themselves, from fixed seeds, and how all of them measure.
#![allow(dead_code, reason = "each bench uses its own part")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use glyptic::blank::{Blank, Bound, SafeVolume};
use glyptic::grid::{Frame, Grid, Raster};
use glyptic::photo::Photo;
use glyptic::placement::{Placement, place};
use glyptic::settings::{BlankSettings, PlacementSettings};
use glyptic::tone::ToneMap;
use glyptic::{Cloud, random};
use rayon::ThreadPool;

/// Side of a photo of 9 megapixels.
pub(crate) const PHOTO_SIDE_PX: usize = 3000;

/// A group of benches with few samples: a stage takes from milliseconds to seconds.
pub(crate) fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    group
}

/// Numbers of points: 0.1 and 1 million, and 10 million where `GLYPTIC_BENCH_LARGE` is set.
pub(crate) fn sizes() -> Vec<usize> {
    let mut sizes = vec![100_000, 1_000_000];
    if std::env::var_os("GLYPTIC_BENCH_LARGE").is_some() {
        sizes.push(10_000_000);
    }
    sizes
}

/// One thread, and all of them; once where the machine has one.
pub(crate) fn pools() -> Vec<ThreadPool> {
    let all = rayon::current_num_threads();
    let mut counts = vec![1, all];
    counts.dedup();
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    counts
        .into_iter()
        .map(|threads| pool(threads).expect("threads can be started"))
        .collect()
}

/// How a pool is called in the names of benches.
pub(crate) fn threads(pool: &ThreadPool) -> String {
    match pool.current_num_threads() {
        1 => "1 thread".to_owned(),
        count => format!("{count} threads"),
    }
}

/// Eight jittered sheets at 0.08 mm behind one another, on the grid of 0.01 mm.
pub(crate) fn sheets(points: usize) -> Cloud {
    let side = ((points / 8) as f64).sqrt().ceil() as usize;
    let mut cloud = Cloud::default();
    for i in 0..points {
        let (layer, i) = (i / (side * side), i % (side * side));
        let shift = (random::bits(1, layer as u64) % 8) as i32;
        let x = (i % side) as i32 * 8 + shift - 4 * side as i32;
        let y = (i / side) as i32 * 8 + shift - 4 * side as i32;
        let z = layer as i32 * 9 + (x / 40 + y / 60) % 200;
        cloud.push([x, y, z].map(|n| (f64::from(n) / 100.0) as f32));
    }
    cloud
}

/// As many points as [`sheets`] hold in the same room, anywhere.
pub(crate) fn scattered(points: usize) -> Cloud {
    let side_mm = 0.08 * (points as f32 / 8.0).sqrt();
    let mut cloud = Cloud::default();
    for i in 0..points as u64 {
        let at = |axis| random::unit(axis, i) - 0.5;
        cloud.push([side_mm * at(1), side_mm * at(2), 1.4 * at(3)]);
    }
    cloud
}

/// A portrait-like tone at (`u`, `v`), -1 to 1 over the picture: a bright oval before a dark
/// ground, soft waves, and stripes as fine as hair. The mean is about 0.35.
pub(crate) fn tone(u: f32, v: f32) -> f32 {
    let oval = 1.0 / (1.0 + (12.0 * (u * u * 1.6 + v * v - 0.5)).exp());
    let waves = 0.25 * (3.0 * u + 1.0).sin() * (4.0 * v).cos() + 0.1 * (60.0 * u * v).sin();
    (0.1 + 0.65 * oval + waves * (0.3 + 0.7 * oval)).clamp(0.0, 1.0)
}

/// Nearness at (`u`, `v`), 0 to 1: the oval of [`tone`] as a dome before a wall.
pub(crate) fn nearness(u: f32, v: f32) -> f32 {
    let dome = (0.6 - u * u * 1.6 - v * v).max(0.0);
    let step = if dome > 0.0 { 0.25 } else { 0.0 };
    step + 0.6 * dome.sqrt() + 0.05 * (5.0 * u).cos() * (4.0 * v + 0.5).sin() + 0.06
}

/// A square grid of `value(u, v)`, u to the right and v upward, -1 to 1.
pub(crate) fn square(side_px: usize, value: fn(f32, f32) -> f32) -> Grid<f32> {
    let scale = 2.0 / side_px as f32;
    Grid::from_fn(side_px, side_px, |column, row| {
        let (column, row) = (column as f32 + 0.5, row as f32 + 0.5);
        value(column * scale - 1.0, 1.0 - row * scale)
    })
}

/// The light of a photo: [`tone`] with the grain of a sensor.
pub(crate) fn photo(side_px: usize) -> Photo {
    let mut luminance = square(side_px, tone);
    luminance.for_each_row(|row, values| {
        for (column, value) in values.iter_mut().enumerate() {
            let grain = random::unit(7, (row * side_px + column) as u64) - 0.5;
            *value = (*value * *value + 0.03 * grain).clamp(0.0, 1.0);
        }
    });
    Photo {
        luminance,
        alpha: None,
        warnings: Vec::new(),
    }
}

/// The heart that holds a million points of a portrait.
pub(crate) fn heart() -> Blank {
    let settings = BlankSettings {
        name: "heart-80x70x40".to_owned(),
        ..BlankSettings::default()
    };
    Blank::find(&settings).expect("the heart is in the table")
}

/// Where a square photo lies by default.
pub(crate) fn placed(side_px: usize, volume: &SafeVolume) -> Placement {
    place(
        side_px,
        side_px,
        &PlacementSettings::default(),
        volume,
        None,
    )
    .expect("a square photo fits")
}

/// A box of `side_mm` x `side_mm` x 40 mm, all of it safe.
pub(crate) fn cuboid(side_mm: f64) -> SafeVolume {
    let frame = frame(side_mm, 64);
    SafeVolume {
        inset_mm: Raster {
            frame,
            grid: Grid::filled(64, 64, 1.0),
        },
        z_min_mm: Bound::Constant(-20.0),
        z_max_mm: Bound::Constant(20.0),
    }
}

/// A tone map of [`tone`] over `side_mm` x `side_mm`, 0.025 mm a pixel.
pub(crate) fn tone_map(side_mm: f64) -> ToneMap {
    let side_px = (side_mm / 0.025) as usize;
    let full = f32::from(ToneMap::FULL);
    ToneMap {
        frame: frame(side_mm, side_px),
        grid: square(side_px, tone).map(|value| (value * full) as u16),
    }
}

/// A surface of `relief_mm` from front to back over `side_mm` x `side_mm`, slopes below 2.5 but
/// for a jump around the oval.
pub(crate) fn surface(side_mm: f64, relief_mm: f32) -> Raster {
    let side_px = (side_mm / 0.1) as usize;
    Raster {
        frame: frame(side_mm, side_px),
        grid: square(side_px, nearness).map(|value| relief_mm * (value - 0.5)),
    }
}

fn frame(side_mm: f64, side_px: usize) -> Frame {
    Frame {
        x_min_mm: -0.5 * side_mm,
        y_max_mm: 0.5 * side_mm,
        mm_per_px: side_mm / side_px as f64,
    }
}
