//! What every report measures on the finished cloud, in points a second: the least distance of
//! two points, the clearance to the blank's surface, the machine's time.
//!
//! `cargo bench --bench measure`; 0.1 and 1 million points, 10 million with
//! `GLYPTIC_BENCH_LARGE=1`.
#![allow(missing_docs, reason = "criterion's macros")]

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glyptic::machine::Machine;
use glyptic::spacing::least_ratio;

fn measure(criterion: &mut Criterion) {
    let machine = Machine::find("green-532").expect("the machine is built in");
    let blank = common::heart();
    let mut group = common::group(criterion, "measure");
    for size in common::sizes() {
        let cloud = common::sheets(size);
        group.throughput(Throughput::Elements(size as u64));
        for pool in common::pools() {
            let id = |name| BenchmarkId::new(format!("{name}/{}", common::threads(&pool)), size);
            group.bench_function(id("least ratio"), |bencher| {
                bencher.iter(|| pool.install(|| least_ratio(black_box(&cloud), 0.08, 0.09)));
            });
            group.bench_function(id("clearance"), |bencher| {
                bencher.iter(|| pool.install(|| blank.least_clearance_mm(black_box(&cloud))));
            });
            group.bench_function(id("estimate"), |bencher| {
                bencher.iter(|| pool.install(|| machine.estimate(black_box(&cloud), 0.09)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
