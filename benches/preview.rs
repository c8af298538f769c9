//! The preview, in points a second: one thread and all, made-up clouds of a fixed seed.
//!
//! `cargo bench --bench preview`
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::blank::Blank;
use glyptic::settings::BlankSettings;
use glyptic::{Cloud, preview, random};

/// Points in eight layers over a disc of 24 mm, denser to the left.
fn cloud(points: usize) -> Cloud {
    let mut cloud = Cloud::default();
    let mut index = 0;
    while cloud.len() < points {
        let [u, v, w] = [0, 1, 2].map(|axis| random::unit(axis, index));
        let (x, y) = (24.0 * u * u.sqrt() - 12.0, 24.0 * v - 12.0);
        if x.hypot(y) < 12.0 {
            cloud.push([x, y, (w * 8.0).floor() * 0.09 - 0.3]);
        }
        index += 1;
    }
    cloud
}

fn preview(criterion: &mut Criterion) {
    let blank = Blank::find(&BlankSettings::default()).expect("the default blank is in the table");
    let mut group = common::group(criterion, "preview");
    for points in [100_000, 1_000_000, 4_000_000] {
        let cloud = cloud(points);
        group.throughput(Throughput::Elements(points as u64));
        for pool in common::pools() {
            let id = BenchmarkId::new(common::threads(&pool), points);
            group.bench_with_input(id, &cloud, |bencher, cloud| {
                bencher.iter(|| pool.install(|| preview::png(black_box(cloud), &blank, "bench")));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, preview);
criterion_main!(benches);
