//! Checking a cloud: everything that `glyptic check` measures, in points a second, on sound sheets
//! and on points scattered at random, a third of which stand too close.
//!
//! `cargo bench --bench check`; 0.1 and 1 million points, 10 million with `GLYPTIC_BENCH_LARGE=1`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::check::{Limits, check};
use glyptic::machine::Machine;
use glyptic::spacing::neighbours;

fn measure(criterion: &mut Criterion) {
    let machine = Machine::find("green-532").expect("the machine is built in");
    let blank = common::heart();
    let limits = Limits {
        blank: &blank,
        machine: &machine,
        spacing_xy_mm: 0.08,
        spacing_z_mm: 0.09,
        file_bytes: None,
    };
    let mut group = common::group(criterion, "check");
    for size in common::sizes() {
        group.throughput(Throughput::Elements(size as u64));
        for (name, cloud) in [
            ("sheets", common::sheets(size)),
            ("scattered", common::scattered(size)),
        ] {
            for pool in common::pools() {
                let id = |what| {
                    BenchmarkId::new(format!("{what}/{name}/{}", common::threads(&pool)), size)
                };
                group.bench_function(id("all"), |bencher| {
                    bencher.iter(|| pool.install(|| check(black_box(&cloud), &limits)));
                });
                group.bench_function(id("neighbours"), |bencher| {
                    bencher.iter(|| pool.install(|| neighbours(black_box(&cloud), 0.08, 0.09)));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
