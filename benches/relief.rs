//! From a depth map to the surface, in pixels of the depth map a second; and from a photo without
//! one to an estimate.
//!
//! `cargo bench --bench relief`; a map as small as networks make it, and one of the photo's size.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::Run;
use glyptic::depth::{DepthMap, Scene, depth};
use glyptic::relief::shape;
use glyptic::settings::{DepthSettings, DepthSource};

use common::PHOTO_SIDE_PX;

/// Room for the layers behind the front one, mm: eight at 0.09 mm and their jitter.
const BEHIND_MM: f64 = 0.8;

fn relief(criterion: &mut Criterion) {
    let volume = common::heart().safe_volume().expect("the heart has room");
    let photo = common::photo(PHOTO_SIDE_PX);
    let placement = common::placed(PHOTO_SIDE_PX, &volume);
    let settings = DepthSettings::default();
    let mut group = common::group(criterion, "relief");
    for side_px in [518, PHOTO_SIDE_PX] {
        let map = DepthMap {
            nearness: common::square(side_px, common::nearness),
        };
        group.throughput(Throughput::Elements((side_px * side_px) as u64));
        for pool in common::pools() {
            let id = BenchmarkId::new(common::threads(&pool), side_px);
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    pool.install(|| {
                        let map = black_box(&map);
                        shape(
                            map,
                            &photo,
                            None,
                            &placement,
                            &volume,
                            [0.0, BEHIND_MM],
                            &settings,
                        )
                    })
                });
            });
        }
    }
    group.finish();
}

/// The knobs that cost something, on a map of the photo's size, with all processors.
fn knobs(criterion: &mut Criterion) {
    let volume = common::heart().safe_volume().expect("the heart has room");
    let photo = common::photo(PHOTO_SIDE_PX);
    let placement = common::placed(PHOTO_SIDE_PX, &volume);
    let map = DepthMap {
        nearness: common::square(PHOTO_SIDE_PX, common::nearness),
    };
    let mut group = common::group(criterion, "relief knobs");
    for (name, curve, detail) in [
        ("plain", 0.0, 1.0),
        ("curve", 0.5, 1.0),
        ("detail", 0.0, 2.0),
    ] {
        let settings = DepthSettings {
            relief_curve: Some(curve),
            detail,
            ..DepthSettings::default()
        };
        group.throughput(Throughput::Elements((PHOTO_SIDE_PX * PHOTO_SIDE_PX) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let map = black_box(&map);
                shape(
                    map,
                    &photo,
                    None,
                    &placement,
                    &volume,
                    [0.0, BEHIND_MM],
                    &settings,
                )
            });
        });
    }
    group.finish();
}

/// The estimate without a map: 12 million pixels with a matte, without and with eyes.
fn estimate(criterion: &mut Criterion) {
    let side_px = 3464;
    let photo = common::photo(side_px);
    let matte = common::square(side_px, |u, v| {
        f32::from(u8::from((u - 0.5).hypot(v - 0.6) < 0.35))
    });
    let scene = Scene {
        photo: &photo,
        path: None,
        color: None,
        matte: Some(&matte),
    };
    let mut group = common::group(criterion, "depth estimate");
    for (name, eyes_px) in [
        ("dome", None),
        ("eyes", Some([1500.0, 1700.0, 1960.0, 1700.0])),
    ] {
        let settings = DepthSettings {
            source: DepthSource::Auto,
            eyes_px,
            ..DepthSettings::default()
        };
        group.throughput(Throughput::Elements((side_px * side_px) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| depth(black_box(&scene), &settings, &Run::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, relief, knobs, estimate);
criterion_main!(benches);
