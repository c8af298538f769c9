//! From a photo of 9 megapixels to the tone map, in pixels of the photo a second, and placement.
//!
//! `cargo bench --bench tone`
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::settings::{ToneMode, ToneSettings};
use glyptic::tone::tone_map;

use common::PHOTO_SIDE_PX;

fn tone(criterion: &mut Criterion) {
    let volume = common::heart().safe_volume().expect("the heart has room");
    let photo = common::photo(PHOTO_SIDE_PX);
    let placement = common::placed(PHOTO_SIDE_PX, &volume);
    let mut group = common::group(criterion, "tone");
    group.throughput(Throughput::Elements((PHOTO_SIDE_PX * PHOTO_SIDE_PX) as u64));
    for (name, mode) in [("auto", ToneMode::Auto), ("linear", ToneMode::Linear)] {
        let settings = ToneSettings {
            mode,
            ..ToneSettings::default()
        };
        for (pixels, pixel_mm) in [("", 0.025), (", own pixels", placement.mm_per_photo_px)] {
            for pool in common::pools() {
                let id = BenchmarkId::new(format!("{name}{pixels}"), common::threads(&pool));
                let tone_map = || {
                    let photo = black_box(&photo);
                    tone_map(photo, None, None, &placement, &volume, pixel_mm, &settings)
                };
                group.bench_function(id, |bencher| bencher.iter(|| pool.install(tone_map)));
            }
        }
    }
    group.finish();
}

fn placement(criterion: &mut Criterion) {
    let blank = common::heart();
    let volume = blank.safe_volume().expect("the heart has room");
    let mut group = common::group(criterion, "placement");
    group.bench_function("place", |bencher| {
        bencher.iter(|| common::placed(black_box(PHOTO_SIDE_PX), &volume));
    });
    group.bench_function("safe volume", |bencher| {
        bencher.iter(|| black_box(&blank).safe_volume());
    });
    group.finish();
}

criterion_group!(benches, tone, placement);
criterion_main!(benches);
