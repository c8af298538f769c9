//! From a depth map to the surface, in pixels of the depth map a second.
//!
//! `cargo bench --bench relief`; a map as small as networks make it, and one of the photo's size.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::depth::DepthMap;
use glyptic::relief::shape;
use glyptic::settings::DepthSettings;

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
                        shape(map, &photo, None, &placement, &volume, BEHIND_MM, &settings)
                    })
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, relief);
criterion_main!(benches);
