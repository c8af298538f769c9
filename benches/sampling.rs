//! Sampling, in points a second: each quality, flat and on a relief, on one thread and on all.
//!
//! `cargo bench --bench sampling`; 0.1 and 1 million points, and 10 million with
//! `GLYPTIC_BENCH_LARGE=1`, which takes minutes.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::Run;
use glyptic::plate::{Plate, Surface};
use glyptic::sampling::{Quality, Sampling, Spacing, sample};

const LAYERS: u32 = 8;

/// Points per mm2 that eight layers of the picture come to; only sets the side of the picture.
const DENSITY_PER_MM2: f64 = 420.0;

fn sampling(quality: Quality) -> Sampling {
    Sampling {
        spacing: Spacing {
            xy_mm: 0.08,
            z_mm: 0.09,
            precision_mm: 0.01,
            single_precision_to_mm: None,
        },
        quality,
        points: None,
        seed: 1,
        jitter_z_mm: 0.01,
    }
}

fn bench(criterion: &mut Criterion) {
    let run = Run::default();
    for size in common::sizes() {
        let side_mm = (size as f64 / DENSITY_PER_MM2).sqrt();
        let volume = common::cuboid(side_mm);
        for (shape, surface) in [
            ("flat", Surface::Flat(0.4)),
            (
                "relief",
                Surface::Relief(common::surface(side_mm, 0.3 * side_mm as f32)),
            ),
        ] {
            let plates = [Plate {
                tone: common::tone_map(side_mm),
                surface,
                layers: LAYERS,
            }];
            let mut group = common::group(criterion, &format!("sampling/{shape}"));
            for (name, quality) in [
                ("draft", Quality::Draft),
                ("fine", Quality::Fine),
                ("best", Quality::Best),
            ] {
                let settings = sampling(quality);
                let sampled = sample(&plates, &volume, &settings, &run).expect("nothing stops it");
                group.throughput(Throughput::Elements(sampled.cloud.len() as u64));
                for pool in common::pools() {
                    let id = BenchmarkId::new(format!("{name}/{}", common::threads(&pool)), size);
                    group.bench_function(id, |bencher| {
                        bencher.iter(|| {
                            pool.install(|| sample(black_box(&plates), &volume, &settings, &run))
                        });
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
