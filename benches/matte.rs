//! From a photo of 12 MP without depth and without a cut-out to both: `--matte auto`, and the
//! estimate of `--depth auto` that starts from it, without and with the eyes. In pixels of the photo a second.
//!
//! `cargo bench --bench matte`; networks are left aside. The goal is 1.5 s for both together on two
//! processors.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::Run;
use glyptic::depth::{Scene, depth};
use glyptic::eyes::Eyes;
use glyptic::grid::Grid;
use glyptic::photo::Photo;
use glyptic::placement::{Subject, place};
use glyptic::random;
use glyptic::settings::{
    DepthSettings, DepthSource, MatteSettings, MatteSource, PlacementSettings,
};
use glyptic::subject::{Hints, matte};

const WIDTH_PX: usize = 4000;
const HEIGHT_PX: usize = 3000;

/// Sides of the small copy in colour, as `photo::decode_in_color` makes it of such a photo.
const COLOR_PX: [usize; 2] = [1154, 866];

/// Middles of the eyes of the face in [`portrait`].
const EYES_PX: [f64; 4] = [1800.0, 1200.0, 2200.0, 1200.0];

/// Head and shoulders before leaves; `u` and `v` from 0 to 1.
fn portrait(u: f32, v: f32, index: u64) -> [u8; 3] {
    let grain = 24.0 * (random::unit(1, index) - 0.5);
    let leaves = 30.0 * ((31.0 * u).sin() * (23.0 * v).cos());
    let inside =
        |x: f32, y: f32, across: f32, along: f32| ((u - x) / across).hypot((v - y) / along) < 1.0;
    let color = if inside(0.5, 0.42, 0.11, 0.19) {
        [205.0, 160.0, 135.0]
    } else if inside(0.5, 0.36, 0.14, 0.22) {
        [70.0, 45.0, 30.0]
    } else if inside(0.5, 1.1, 0.33, 0.45) {
        [50.0, 60.0, 120.0]
    } else {
        [70.0 + leaves, 115.0 + leaves, 60.0 + leaves]
    };
    color.map(|value: f32| (value + grain).clamp(0.0, 255.0) as u8)
}

fn picture(width: usize, height: usize) -> Grid<[u8; 3]> {
    Grid::from_fn(width, height, |column, row| {
        let (u, v) = (column as f32 / width as f32, row as f32 / height as f32);
        portrait(u, v, (row * width + column) as u64)
    })
}

fn subject(criterion: &mut Criterion) {
    let color = picture(COLOR_PX[0], COLOR_PX[1]);
    let photo = Photo {
        luminance: picture(WIDTH_PX, HEIGHT_PX).map(|[_, g, _]| (f32::from(g) / 255.0).powi(2)),
        alpha: None,
        warnings: Vec::new(),
    };
    let matting = MatteSettings {
        source: MatteSource::Auto,
        ..MatteSettings::default()
    };
    let estimating = DepthSettings {
        source: DepthSource::Auto,
        ..DepthSettings::default()
    };
    let run = Run::default();
    let eyes = Eyes::in_photo(EYES_PX, (WIDTH_PX, HEIGHT_PX)).expect("they lie in the photo");
    let found = |eyes: Option<Eyes>| {
        let hints = Hints {
            color: Some(&color),
            eyes,
            ..Hints::default()
        };
        matte(&photo, hints, &matting, &run).expect("a photo has a matte")
    };
    let estimated = |matte: Option<&Grid<f32>>| {
        let scene = Scene {
            photo: &photo,
            path: None,
            color: Some(&color),
            matte,
        };
        depth(&scene, &estimating, &run).expect("an estimate needs nothing")
    };
    let cut = found(None);
    assert!(cut.marks_subject(), "the benched work is that of a cut-out");
    let volume = common::heart().safe_volume().expect("the heart has room");
    let mut group = common::group(criterion, "subject");
    group.throughput(Throughput::Elements((WIDTH_PX * HEIGHT_PX) as u64));
    for pool in common::pools() {
        let threads = common::threads(&pool);
        group.bench_function(BenchmarkId::new("matte", &threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(found(None))));
        });
        group.bench_function(BenchmarkId::new("matte by eyes", &threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(found(Some(eyes)))));
        });
        group.bench_function(BenchmarkId::new("depth", &threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(estimated(cut.grid.as_ref()))));
        });
        group.bench_function(BenchmarkId::new("both", &threads), |bencher| {
            bencher.iter(|| pool.install(|| black_box(estimated(found(None).grid.as_ref()))));
        });
        group.bench_function(BenchmarkId::new("crop", &threads), |bencher| {
            let subject = cut.grid.as_ref().map(|matte| Subject {
                matte: Some(matte),
                eyes: None,
                background: false,
            });
            let settings = PlacementSettings::default();
            bencher.iter(|| {
                pool.install(|| {
                    let placed = place(WIDTH_PX, HEIGHT_PX, &settings, &volume, black_box(subject));
                    placed.expect("a photo can be placed")
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, subject);
criterion_main!(benches);
